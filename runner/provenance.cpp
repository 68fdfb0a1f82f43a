#include "runner/provenance.hpp"

#include <array>
#include <cfenv>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <string_view>
#include <sys/utsname.h>
#include <thread>
#include <unistd.h>

#include "pushforward/core/isa.hpp"

#include "runner/sha256.hpp"

extern char** environ;

namespace pushforward::runner {

namespace {

std::string formatted_time(const char* format) {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 32> buffer;
  const std::size_t size = std::strftime(buffer.data(), buffer.size(), format, &utc);
  return {buffer.data(), size};
}

Json relevant_environment() {
  Json json = Json::object();
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    for (const std::string_view prefix : {"OMP_", "EIGEN_", "PUSHFORWARD_", "GOMP_"}) {
      if (text.starts_with(prefix) && equals != text.npos) {
        json.set(text.substr(0, equals), text.substr(equals + 1));
      }
    }
  }
  return json;
}

}  // namespace

const std::string& build_id() {
  static const std::string id = sha256_of_file("/proc/self/exe").substr(0, 16);
  return id;
}

std::string utc_now() { return formatted_time("%Y-%m-%dT%H:%M:%SZ"); }
std::string utc_stamp() { return formatted_time("%Y%m%dT%H%M%SZ"); }

std::string host_name() {
  utsname names{};
  ::uname(&names);
  return names.nodename;
}

std::string float_environment() {
  const int rounding = std::fegetround();
  std::string text =
      rounding == FE_TONEAREST ? "to nearest" : "rounding mode " + std::to_string(rounding);
  volatile double tiny = std::numeric_limits<double>::min();
  volatile double half = tiny / 2;
  return text + (half != 0.0 ? ", denormals kept" : ", denormals flushed");
}

Json provenance(const RunPlan& plan, const std::vector<std::string>& command_line) {
  const BuildInfo build = build_info();
  utsname names{};
  ::uname(&names);
  Json json = Json::object();
  json.set("program", "pushforward " + build.version);
  json.set("revision", build.revision);
  json.set("build_id", build_id());
  json.set("build_type", build.build_type);
  json.set("compiler", build.compiler);
  json.set("flags", build.flags);
  json.set("eigen", build.eigen);
  json.set("boost", build.boost);
  json.set("nlohmann_json", build.json);
  json.set("openmp", build.openmp);
  json.set("mpi", "none");
  json.set("instruction_set", name(active_isa()));
  json.set("float_environment", float_environment());
  json.set("threads", JsonType<Threads>::write(plan.runtime.threads));
  json.set("cores", std::thread::hardware_concurrency());
  json.set("host", names.nodename);
  json.set("kernel", std::string(names.sysname) + " " + names.release + " " + names.machine);
  json.set("command_line", JsonType<std::vector<std::string>>::write(command_line));
  json.set("config_folder", std::filesystem::absolute(plan.folder.empty() ? "." : plan.folder)
                                .lexically_normal()
                                .string());
  json.set("config_hash", plan.config_hash());
  json.set("inputs_hash", plan.inputs_hash());
  Json& files = json.set("data_files", Json::list());
  for (const DataFile& file : plan.files) {
    Json entry = Json::object();
    entry.set("entry", file.entry);
    entry.set("path", file.path.string());
    entry.set("bytes", file.bytes);
    entry.set("sha256", file.sha256);
    files.push(std::move(entry));
  }
  json.set("environment", relevant_environment());
  json.set("comments", plan.comments);
  json.set("started", utc_now());
  return json;
}

}  // namespace pushforward::runner
