#include "runner/checkpoint.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "runner/files.hpp"
#include "runner/json_parser.hpp"
#include "runner/sha256.hpp"
#include "runner/shape_of.hpp"

namespace pushforward::runner {

namespace {

constexpr std::string_view magic = "pushforward checkpoint 2\n";
constexpr std::size_t digest_length = 64;
constexpr int exit_checkpoint = 8;

std::string hex(std::uint64_t value) {
  std::string out(16, '0');
  for (std::size_t i = 0; i < 16; ++i) out[15 - i] = "0123456789abcdef"[(value >> (4 * i)) & 15];
  return out;
}

std::uint64_t from_hex(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw std::runtime_error("a number in the header is damaged");
  }
  return value;
}

/// The header holds everything but the entries of the matrices, which follow in `raw`.
Json bundle_json(const Bundle& bundle, std::string& raw) {
  Json json = Json::object();
  Json& arrays = json.set("arrays", Json::object());
  for (const auto& [name, matrix] : bundle.arrays) {
    arrays.set(name, Json(Json::List{Json(matrix.rows()), Json(matrix.cols())}));
    const auto bytes = static_cast<std::size_t>(matrix.size()) * sizeof(double);
    if (bytes > 0) raw.append(reinterpret_cast<const char*>(matrix.data()), bytes);
  }
  Json& numbers = json.set("numbers", Json::object());
  for (const auto& [name, value] : bundle.numbers) {
    numbers.set(name, hex(std::bit_cast<std::uint64_t>(value)));
  }
  Json& counts = json.set("counts", Json::object());
  for (const auto& [name, value] : bundle.counts) {
    counts.set(name, hex(static_cast<std::uint64_t>(value)));
  }
  Json& texts = json.set("texts", Json::object());
  for (const auto& [name, value] : bundle.texts) texts.set(name, value);
  return json;
}

const Json& need(const Json& json, std::string_view key) {
  const Json* value = json.find(key);
  if (value == nullptr) {
    throw std::runtime_error("the header has no " + json_string(key));
  }
  return *value;
}

Bundle bundle_from(const Json& json, std::string_view& raw) {
  Bundle bundle;
  for (const auto& member : need(json, "arrays").members()) {
    const auto rows = static_cast<Index>(member.value.items().at(0).number());
    const auto cols = static_cast<Index>(member.value.items().at(1).number());
    const std::size_t bytes = static_cast<std::size_t>(rows * cols) * sizeof(double);
    if (rows < 0 || cols < 0 || bytes > raw.size()) {
      throw std::runtime_error("an array is cut short");
    }
    Matrix matrix(rows, cols);
    if (bytes > 0) std::memcpy(matrix.data(), raw.data(), bytes);
    raw.remove_prefix(bytes);
    bundle.arrays[member.key] = std::move(matrix);
  }
  for (const auto& member : need(json, "numbers").members()) {
    bundle.numbers[member.key] = std::bit_cast<double>(from_hex(member.value.string()));
  }
  for (const auto& member : need(json, "counts").members()) {
    bundle.counts[member.key] = static_cast<std::int64_t>(from_hex(member.value.string()));
  }
  for (const auto& member : need(json, "texts").members()) {
    bundle.texts[member.key] = member.value.string();
  }
  return bundle;
}

std::vector<std::string> strings_of(const Json& json) {
  return JsonType<std::vector<std::string>>::read(json);
}

Json budget_end_json(const BudgetEnd* end, std::string& raw) {
  if (end == nullptr) return {};
  Json json = Json::object();
  json.set("warnings", JsonType<std::vector<std::string>>::write(end->warnings));
  json.set("metrics_bytes", hex(end->metrics_bytes));
  json.set("state", bundle_json(end->state, raw));
  json.set("work", bundle_json(end->work.bundle(), raw));
  return json;
}

std::shared_ptr<const BudgetEnd> budget_end_from(const Json& json, std::string_view& raw) {
  if (json.is_null()) return nullptr;
  BudgetEnd end{.state = {},
                .warnings = strings_of(need(json, "warnings")),
                .metrics_bytes = from_hex(need(json, "metrics_bytes").string()),
                .work = {}};
  end.state = bundle_from(need(json, "state"), raw);
  end.work = StageWork::from(bundle_from(need(json, "work"), raw));
  return std::make_shared<const BudgetEnd>(std::move(end));
}

std::string file_name(int number) {
  std::string digits = std::to_string(number);
  digits.insert(0, 8 - std::min<std::size_t>(8, digits.size()), '0');
  return digits + ".ckpt";
}

/// Checkpoint numbers in `folder`, the newest first.
std::vector<int> numbers_in(const std::filesystem::path& folder) {
  std::vector<int> numbers;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() != ".ckpt") continue;
    const std::string stem = entry.path().stem().string();
    int number = 0;
    const auto [end, bad] = std::from_chars(stem.data(), stem.data() + stem.size(), number);
    if (bad == std::errc{} && end == stem.data() + stem.size()) numbers.push_back(number);
  }
  std::sort(numbers.rbegin(), numbers.rend());
  return numbers;
}

}  // namespace

std::string checkpoint_bytes(const Checkpoint& checkpoint) {
  std::string raw;
  Json header = Json::object();
  header.set("resume_hash", checkpoint.resume_hash);
  header.set("build_id", checkpoint.build_id);
  header.set("mixed_build", checkpoint.mixed_build);
  header.set("complete", checkpoint.complete);
  header.set("metrics_bytes", hex(checkpoint.metrics_bytes));
  Json& finished = header.set("finished", Json::list());
  for (const FinishedStage& stage : checkpoint.finished) {
    Json json = Json::object();
    json.set("name", stage.name);
    json.set("warnings", JsonType<std::vector<std::string>>::write(stage.warnings));
    json.set("work", bundle_json(stage.work.bundle(), raw));
    json.set("outcome", bundle_json(*stage.outcome, raw));
    json.set("budget_end", budget_end_json(stage.budget_end.get(), raw));
    finished.push(std::move(json));
  }
  header.set("current", checkpoint.current);
  header.set("warnings", JsonType<std::vector<std::string>>::write(checkpoint.warnings));
  header.set("state", checkpoint.state ? bundle_json(*checkpoint.state, raw) : Json());
  header.set("work", bundle_json(checkpoint.work.bundle(), raw));
  const std::string text = header.compact();
  std::string bytes(magic);
  bytes += hex(text.size());
  bytes += text;
  bytes += raw;
  return bytes + sha256(bytes);
}

Checkpoint parse_checkpoint(const std::string& bytes) {
  if (!bytes.starts_with(magic)) throw std::runtime_error("it is no checkpoint of this format");
  if (bytes.size() < magic.size() + 16 + digest_length) {
    throw std::runtime_error("it is cut short");
  }
  const std::string_view body(bytes.data(), bytes.size() - digest_length);
  if (sha256(body) != bytes.substr(body.size())) {
    throw std::runtime_error("its SHA-256 does not match its content");
  }
  const std::size_t length = from_hex(bytes.substr(magic.size(), 16));
  std::string_view raw = body.substr(magic.size() + 16);
  if (length > raw.size()) throw std::runtime_error("its header is cut short");
  Findings findings;
  constexpr std::size_t any = std::numeric_limits<std::size_t>::max();
  const auto header = parse_json(raw.substr(0, length), 0, Comments::refused, findings,
                                 {.bytes = any, .depth = 64, .values = any, .string_bytes = any});
  if (!header) throw std::runtime_error("its header is damaged");
  raw.remove_prefix(length);
  Checkpoint checkpoint;
  checkpoint.resume_hash = need(*header, "resume_hash").string();
  checkpoint.build_id = need(*header, "build_id").string();
  checkpoint.mixed_build = need(*header, "mixed_build").boolean();
  checkpoint.complete = need(*header, "complete").boolean();
  checkpoint.metrics_bytes = from_hex(need(*header, "metrics_bytes").string());
  for (const Json& json : need(*header, "finished").items()) {
    FinishedStage stage{.name = need(json, "name").string(),
                        .warnings = strings_of(need(json, "warnings")),
                        .work = StageWork::from(bundle_from(need(json, "work"), raw))};
    stage.outcome = std::make_shared<Bundle>(bundle_from(need(json, "outcome"), raw));
    stage.budget_end = budget_end_from(need(json, "budget_end"), raw);
    checkpoint.finished.push_back(std::move(stage));
  }
  checkpoint.current = need(*header, "current").string();
  checkpoint.warnings = strings_of(need(*header, "warnings"));
  const Json& state = need(*header, "state");
  if (!state.is_null()) checkpoint.state = bundle_from(state, raw);
  checkpoint.work = StageWork::from(bundle_from(need(*header, "work"), raw));
  return checkpoint;
}

void reopen(Checkpoint& checkpoint) {
  checkpoint.complete = false;
  auto& finished = checkpoint.finished;
  const auto spent = std::find_if(finished.begin(), finished.end(), [](const FinishedStage& stage) {
    return stage.budget_end != nullptr;
  });
  if (spent == finished.end()) return;
  const std::shared_ptr<const BudgetEnd> end = spent->budget_end;
  checkpoint.current = spent->name;
  checkpoint.state = end->state;
  checkpoint.warnings = end->warnings;
  checkpoint.metrics_bytes = end->metrics_bytes;
  checkpoint.work = end->work;
  finished.erase(spent, finished.end());
}

void write_checkpoint(const std::filesystem::path& folder, int number, int keep,
                      const Checkpoint& checkpoint) {
  write_atomically(folder / file_name(number), checkpoint_bytes(checkpoint));
  const auto numbers = numbers_in(folder);
  for (std::size_t i = static_cast<std::size_t>(keep); i < numbers.size(); ++i) {
    std::error_code ignored;
    std::filesystem::remove(folder / file_name(numbers[i]), ignored);
  }
}

FoundCheckpoint newest_checkpoint(const std::filesystem::path& folder) {
  FoundCheckpoint found;
  std::string reasons;
  for (const int number : numbers_in(folder)) {
    const auto path = folder / file_name(number);
    try {
      found.checkpoint = parse_checkpoint(read_file(path));
      found.number = number;
      return found;
    } catch (const std::exception& error) {
      reasons += "\n" + path.filename().string() + ": " + error.what();
      std::error_code ignored;
      std::filesystem::rename(path, path.string() + ".bad", ignored);
      found.damaged.push_back(path.filename().string());
    }
  }
  throw Refused("E801", folder.string(),
                reasons.empty() ? "there is no checkpoint to go on from"
                                : "no checkpoint is whole:" + reasons,
                exit_checkpoint);
}

}  // namespace pushforward::runner
