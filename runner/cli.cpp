#include "runner/cli.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>
#include <typeinfo>
#include <unistd.h>

#include "runner/provenance.hpp"

namespace pushforward::runner {

namespace {

constexpr int usage_status = 2;
constexpr int internal_status = 1;

using Handler = int (*)(const Registry&, const Arguments&);

struct Command {
  std::string_view name;
  Handler handler;
  std::size_t least, most;  // positional arguments
  std::string_view usage;
  std::string_view does;
  std::string_view examples;
};

constexpr std::size_t many = 1000;

constexpr Command commands[] = {
    {"run", run_command, 1, 1,
     "run CONFIG [--set PTR=VALUE ...] [--out DIR] [--threads N] [--dry-run] [--replay STAGE:STEP]",
     "check a config, run it, write a run folder",
     "pushforward run ring.json\n"
     "pushforward run ring.json --set /solver/steps=20 --out runs/ring20\n"
     "pushforward run ring.json --dry-run"},
    {"validate", validate_command, 1, many, "validate CONFIG... [--set PTR=VALUE ...]",
     "all checks of a config, no computation, no files",
     "pushforward validate ring.json\n"
     "pushforward validate *.json\n"
     "pushforward validate ring.json --errors=json"},
    {"resume", resume_command, 1, 1, "resume RUN [--set PTR=VALUE] [--allow-build-change]",
     "go on from the newest checkpoint that is whole, or extend a finished run's budget",
     "pushforward resume runs/ring-20260301T101500Z-1c9f03aa\n"
     "pushforward resume RUN --set /runtime/time_limit=1h\n"
     "pushforward resume RUN --set /solver/max_iterations=20000"},
    {"reproduce", reproduce_command, 1, 1, "reproduce RUN",
     "run again from resolved.json and compare every byte of the results",
     "pushforward reproduce runs/ring-20260301T101500Z-1c9f03aa\n"
     "pushforward reproduce RUN --threads 1\n"
     "pushforward reproduce RUN --progress none"},
    {"report", report_command, 1, many, "report RUN... [--out FILE]",
     "rebuild the report of a run from its stored files, or write its page elsewhere",
     "pushforward report runs/ring-20260301T101500Z-1c9f03aa\n"
     "pushforward report runs/*\n"
     "pushforward report RUN --out ring.html"},
    {"check", check_command, 0, many, "check [FILE|FOLDER...] [--out FILE] [--json]",
     "measure claims (default: examples/claims) and say which hold",
     "pushforward check\n"
     "pushforward check examples/claims/ddim_shrinks.json\n"
     "pushforward check examples/claims --out claims.html"},
    {"list", list_command, 0, 1, "list [tasks|targets|solvers|metrics|paths|costs|TASK] [--json]",
     "the tasks, what they take and measure, or the quantities of one task",
     "pushforward list\n"
     "pushforward list targets --json\n"
     "pushforward list ot.semi_discrete"},
    {"describe", describe_command, 1, 2, "describe TASK [PTR]",
     "every key of a task, or one: type, range, default, meaning",
     "pushforward describe ot.semi_discrete\n"
     "pushforward describe ot.semi_discrete /solver/tolerance\n"
     "pushforward describe ot.semi_discrete /runtime"},
    {"init", init_command, 1, 1, "init TASK [--minimal]",
     "a commented config to start from, on standard output",
     "pushforward init ot.semi_discrete > mine.jsonc\n"
     "pushforward init ot.semi_discrete --minimal > mine.json\n"
     "pushforward init ot.semi_discrete | less"},
    {"schema", schema_command, 0, 1, "schema [TASK]", "the JSON Schema (draft 7) of configs",
     "pushforward schema > pushforward.schema.json\n"
     "pushforward schema ot.semi_discrete\n"
     "pushforward schema ot.semi_discrete > task.schema.json"},
    {"doctor", doctor_command, 0, 0, "doctor [--json]",
     "what this build and this machine offer, and whether runs can be written here",
     "pushforward doctor\n"
     "pushforward doctor --json\n"
     "OMP_NUM_THREADS=1 pushforward doctor"},
};

constexpr std::string_view exit_text =
    "Exit status: 0 done, 1 internal error, 2 usage, 3 bad config, 4 bad data, 5 numerical "
    "failure\n"
    "or no convergence, 6 a check failed, 7 memory or disk, 8 checkpoint, 9 folder busy or taken,\n"
    "75 stopped at the time limit, 130 and 143 interrupted with the state saved.\n";

std::string overview() {
  std::string text = "pushforward: optimal transport and sampling from one config file\n\n";
  for (const Command& command : commands) {
    std::string line = "  pushforward " + std::string(command.usage);
    text += line + "\n      " + std::string(command.does) + "\n";
  }
  text +=
      "\nAlso: --help on every command, --version, --json, --errors=json, --allow-outside,\n"
      "--progress auto|bar|plain|json|none\n\n";
  return text + std::string(exit_text);
}

std::string help_for(const Command& command) {
  std::string text = "pushforward " + std::string(command.usage) + "\n  " +
                     std::string(command.does) + "\n\nExamples:\n  ";
  for (const char c : command.examples) text += c == '\n' ? "\n  " : std::string(1, c);
  return text + "\n\n" + std::string(exit_text);
}

Refused wrong_usage(const std::string& text) {
  return Refused("E101", "command line", text + "; see pushforward --help", usage_status);
}

/// Writes what is known about an error that should not have happened.
std::string crash_note(const std::string& what, const std::vector<std::string>& line) {
  std::error_code error;
  const auto folder = std::filesystem::temp_directory_path(error);
  const auto path =
      folder / ("pushforward-crash-" + utc_stamp() + "-" + std::to_string(::getpid()) + ".txt");
  std::string text = what + "\nrevision " + build_info().revision + "\n";
  for (const auto& word : line) text += word + " ";
  try {
    write_atomically(path, text + "\n");
  } catch (const Refused&) {
    return {};
  }
  return path.string();
}

int report(const Findings& findings, int status, bool as_json) {
  const std::string text = as_json ? findings.json_lines() : findings.text();
  std::fputs(text.c_str(), stderr);
  return status;
}

}  // namespace

Arguments parse_arguments(const std::vector<std::string>& line) {
  Arguments arguments;
  arguments.line = line;
  bool only_positional = false;
  for (std::size_t i = 1; i < line.size(); ++i) {
    std::string word = line[i];
    if (only_positional || word.empty() || word[0] != '-' || word == "-") {
      if (arguments.command.empty()) {
        arguments.command = word;
      } else {
        arguments.positional.push_back(word);
      }
      continue;
    }
    if (word == "--") {
      only_positional = true;
      continue;
    }
    std::optional<std::string> attached;
    if (const auto equals = word.find('='); equals != word.npos) {
      attached = word.substr(equals + 1);
      word.resize(equals);
    }
    const auto value = [&]() -> std::string {
      if (attached) return *attached;
      if (i + 1 >= line.size()) throw wrong_usage(word + " needs a value");
      return line[++i];
    };
    const auto no_value = [&] {
      if (attached) throw wrong_usage(word + " takes no value");
      return true;
    };
    if (word == "--set") {
      arguments.overrides.push_back(value());
    } else if (word == "--out") {
      arguments.out = value();
    } else if (word == "--replay") {
      arguments.replay = value();
    } else if (word == "--threads") {
      const std::string text = value();
      int count = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
      if (error != std::errc{} || end != text.data() + text.size() || count < 1 || count > 1024) {
        throw wrong_usage("--threads needs a number between 1 and 1024, found " +
                          json_string(text));
      }
      arguments.threads = count;
    } else if (word == "--progress") {
      const std::string text = value();
      const auto mode = from_name<ProgressMode>(text);
      if (!mode) {
        throw wrong_usage("--progress is auto, bar, plain, json or none, found " +
                          json_string(text));
      }
      arguments.progress = *mode;
    } else if (word == "--errors") {
      const std::string text = value();
      if (text != "json" && text != "text") throw wrong_usage("--errors is text or json");
      arguments.errors_json = text == "json";
    } else if (word == "--dry-run") {
      arguments.dry_run = no_value();
    } else if (word == "--json") {
      arguments.json = no_value();
    } else if (word == "--allow-outside") {
      arguments.allow_outside = no_value();
    } else if (word == "--allow-build-change") {
      arguments.allow_build_change = no_value();
    } else if (word == "--minimal") {
      arguments.minimal = no_value();
    } else if (word == "--help" || word == "-h") {
      arguments.help = no_value();
    } else if (word == "--version") {
      arguments.command = no_value() ? "--version" : "";
    } else {
      const std::vector<std::string> known{
          "--set",     "--out",  "--threads",       "--progress",           "--errors",
          "--dry-run", "--json", "--allow-outside", "--allow-build-change", "--replay",
          "--minimal", "--help", "--version"};
      std::string text = "unknown option " + json_string(word);
      if (const auto guess = nearest(word, known)) text += "; did you mean " + *guess + "?";
      throw wrong_usage(text);
    }
  }
  return arguments;
}

int run_program(const Registry& registry, int argc, char** argv) {
  const std::vector<std::string> line(argv, argv + argc);
  const bool errors_json = std::find(line.begin(), line.end(), "--errors=json") != line.end();
  // A file beyond its size limit is then a failed write, with a message, like a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    const Arguments arguments = parse_arguments(line);
    if (arguments.command == "--version") {
      const BuildInfo build = build_info();
      std::printf("pushforward %s (%s, build %s, %s, OpenMP %s)\n", build.version.c_str(),
                  build.revision.c_str(), build_id().c_str(), build.build_type.c_str(),
                  build.openmp.c_str());
      return 0;
    }
    if (arguments.command.empty() || arguments.command == "help") {
      std::fputs(overview().c_str(),
                 arguments.help || !arguments.command.empty() ? stdout : stderr);
      return arguments.help || !arguments.command.empty() ? 0 : usage_status;
    }
    for (const Command& command : commands) {
      if (command.name != arguments.command) continue;
      if (arguments.help) {
        std::fputs(help_for(command).c_str(), stdout);
        return 0;
      }
      const std::size_t given = arguments.positional.size();
      if (given < command.least || given > command.most) {
        throw wrong_usage("usage: pushforward " + std::string(command.usage));
      }
      return command.handler(registry, arguments);
    }
    std::vector<std::string> names;
    for (const Command& command : commands) names.emplace_back(command.name);
    std::string text = json_string(arguments.command) + " is not a command";
    if (const auto guess = nearest(arguments.command, names))
      text += "; did you mean " + *guess + "?";
    throw wrong_usage(text);
  } catch (const Refused& error) {
    return report(error.findings(), error.exit_status(), errors_json);
  } catch (const std::exception& error) {
    const std::string what = std::string(typeid(error).name()) + ": " + error.what();
    const std::string note = crash_note(what, line);
    Findings findings;
    findings.add({.code = "E900",
                  .pointer = {},
                  .text = "an error that should not happen: " + std::string(error.what()) +
                          "\nplease report it with the note " + note,
                  .place = "pushforward"});
    return report(findings, internal_status, errors_json);
  }
}

}  // namespace pushforward::runner
