#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "runner/provenance.hpp"
#include "runner/run_folder.hpp"

namespace pushforward::runner {

namespace {

using Seconds = std::chrono::duration<double>;

constexpr int exit_resources = 7;
constexpr Seconds status_every{5.0};
/// Writing checkpoints may take this share of the time between them.
constexpr double write_share = 0.02;

}  // namespace

AppendFile::AppendFile(const std::filesystem::path& path, std::uint64_t keep_bytes) : path_(path) {
  descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor_ < 0) {
    throw Refused("E703", path.string(), std::string("cannot be opened: ") + std::strerror(errno),
                  exit_resources);
  }
  const off_t length = ::lseek(descriptor_, 0, SEEK_END);
  const auto kept = std::min(keep_bytes, static_cast<std::uint64_t>(std::max<off_t>(0, length)));
  if (::ftruncate(descriptor_, static_cast<off_t>(kept)) != 0) {
    throw Refused("E703", path.string(), std::string("cannot be cut: ") + std::strerror(errno),
                  exit_resources);
  }
}

AppendFile::~AppendFile() { ::close(descriptor_); }

void AppendFile::line(const std::string& text) {
  const std::string line = text + "\n";
  std::size_t done = 0;
  while (done < line.size()) {
    const ssize_t wrote = ::write(descriptor_, line.data() + done, line.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      throw Refused("E703", path_.string(),
                    std::string("cannot be written: ") + std::strerror(errno), exit_resources);
    }
    done += static_cast<std::size_t>(wrote);
  }
}

void AppendFile::settle() {
  if (::fsync(descriptor_) == 0) return;
  throw Refused("E703", path_.string(), std::string("cannot be flushed: ") + std::strerror(errno),
                exit_resources);
}

FolderHost::FolderHost(std::filesystem::path folder, const RunPlan& plan, ProgressView& view,
                       const FoundCheckpoint* resumed)
    : folder_(std::move(folder)),
      plan_(plan),
      view_(view),
      metrics_(folder_ / "metrics.jsonl", resumed ? resumed->checkpoint.metrics_bytes : 0),
      log_(folder_ / "log.jsonl", ~std::uint64_t{0} >> 1),
      number_(resumed ? resumed->number : 0),
      interval_(plan.runtime.checkpoint_every.seconds()) {
  write_status("running");
}

double FolderHost::seconds() const { return Seconds(Clock::now() - start_).count(); }

void FolderHost::stage(std::string_view name, bool restored) {
  stage_ = name;
  view_.stage(name, restored);
  log("info", restored ? "stage taken from the checkpoint" : "stage begins");
}

void FolderHost::progress(const Progress& progress) {
  done_ = progress.done;
  total_ = progress.total;
  view_.update(progress);
  if (signals_.take_status_request()) view_.report_now();
  if (Clock::now() - last_status_ > status_every) write_status("running");
}

Stop FolderHost::stop() {
  const Stop asked = signals_.stop();
  if (asked != Stop::no) return asked;
  const auto limit = plan_.runtime.time_limit.seconds();
  return limit && seconds() >= *limit ? Stop::time_limit : Stop::no;
}

bool FolderHost::checkpoint_due() {
  return signals_.take_checkpoint_request() ||
         Seconds(Clock::now() - last_save_).count() >= interval_;
}

void FolderHost::save(Checkpoint& checkpoint) {
  const auto before = Clock::now();
  checkpoint.build_id = build_id();
  metrics_.settle();
  write_checkpoint(folder_ / "checkpoint", ++number_, plan_.runtime.keep_checkpoints, checkpoint);
  last_save_ = Clock::now();
  view_.saved();
  const double took = Seconds(last_save_ - before).count();
  if (took > write_share * interval_) {
    interval_ = took / write_share;
    log("info", "checkpoints take " + duration_text(took) + "; the next ones come every " +
                    duration_text(interval_));
  }
}

void FolderHost::keep_end() {
  if (!end_) return;
  end_->build_id = build_id();
  write_checkpoint(folder_ / "checkpoint", ++number_, 1, *end_);
}

void FolderHost::warning(const std::string& text) {
  view_.say("warning: " + text);
  log("warning", text);
}

void FolderHost::log(std::string_view level, const std::string& message) {
  Json line = Json::object();
  line.set("time", utc_now());
  line.set("level", level);
  line.set("stage", stage_);
  line.set("message", message);
  log_.line(line.compact());
}

void FolderHost::write_status(std::string_view state) {
  Json status = Json::object();
  status.set("state", state);
  status.set("stage", stage_);
  status.set("done", done_);
  status.set("total", total_);
  status.set("host", host_name());
  status.set("pid", static_cast<std::int64_t>(::getpid()));
  status.set("heartbeat", utc_now());
  write_atomically(folder_ / "status.json", status.compact() + "\n");
  last_status_ = Clock::now();
}

}  // namespace pushforward::runner
