#include "runner/config_file.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <unordered_map>

#include "runner/data_entry.hpp"
#include "runner/json_parser.hpp"

namespace pushforward::runner {

namespace {

constexpr std::size_t deepest_chain = 8;

/// The values of a file are found relative to the main config, so a data file named by a config
/// that is extended from another folder keeps its meaning.
void rebase_data_paths(Json& config, const std::filesystem::path& from) {
  if (from.empty()) return;
  const auto rebase = [&](Json* file) {
    if (file == nullptr || !file->is_string()) return;
    const std::filesystem::path path = file->string();
    if (path.is_relative()) {
      const Position where = file->where;
      *file = Json((from / path).lexically_normal().generic_string());
      file->where = where;
    }
  };
  Json* data = config.find("data");
  if (data == nullptr || !data->is_object()) return;
  for (auto& member : data->members()) {
    rebase(member.value.find("file"));
    if (Json* weights = member.value.find("weights")) rebase(weights->find("file"));
  }
}

}  // namespace

std::string read_config_text(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) {
    throw Refused("E205", file.string(), "is a folder, not a config file", 3);
  }
  std::ifstream in(file, std::ios::binary);
  if (!in) throw Refused("E205", file.string(), "cannot be opened; is the path right?", 3);
  // One byte more than allowed is enough to know that a file is too large, even an endless one.
  const JsonLimits limits;
  std::string text(limits.bytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > limits.bytes) {
    throw Refused("E202", file.string(), "has more than the 16 MiB that a config may have", 3);
  }
  return text;
}

void merge(Json& base, const Json& over) {
  if (!base.is_object() || !over.is_object()) {
    base = over;
    return;
  }
  std::unordered_map<std::string_view, std::size_t> index;
  const std::size_t size = base.members().size();
  base.members().reserve(size + over.members().size());  // keeps the keys in place for the index
  for (std::size_t i = 0; i < size; ++i) index.emplace(base.members()[i].key, i);
  bool deletes = false;
  for (const auto& member : over.members()) {
    const auto it = index.find(member.key);
    deletes = deletes || member.value.is_null();
    if (it == index.end()) {
      base.members().push_back(member);
    } else if (member.value.is_object()) {
      merge(base.members()[it->second].value, member.value);
    } else {
      base.members()[it->second].value = member.value;
    }
  }
  base.where = over.where;
  if (deletes) {
    std::erase_if(base.members(), [](const Json::Member& m) { return m.value.is_null(); });
  }
}

Json ConfigReader::read(const std::string& text, const std::filesystem::path& name,
                        const std::filesystem::path& folder) {
  const int source = static_cast<int>(findings_.sources.size());
  findings_.sources.push_back(name.string());
  const auto comments = name.extension() == ".jsonc" ? Comments::allowed : Comments::refused;
  std::optional<Json> value = parse_json(text, source, comments, findings_);
  if (!value) return Json::object();
  if (!value->is_object()) {
    findings_.add({.code = "E303",
                   .pointer = "",
                   .text = "a config is an object in braces, found " + shown_value(*value),
                   .where = value->where});
    return Json::object();
  }
  const Json* extends = value->find("extends");
  if (extends == nullptr) return *std::move(value);
  chain_.push_back(std::filesystem::weakly_canonical(name));
  Json merged = Json::object();
  if (extends->is_string()) {
    add_base(*extends, folder, merged);
  } else if (extends->is_list()) {
    for (const Json& entry : extends->items()) add_base(entry, folder, merged);
  }
  chain_.pop_back();
  merge(merged, *value);
  return merged;
}

void ConfigReader::add_base(const Json& entry, const std::filesystem::path& folder, Json& merged) {
  const auto refuse = [&](std::string text) {
    findings_.add(
        {.code = "E205", .pointer = "/extends", .text = std::move(text), .where = entry.where});
  };
  if (!entry.is_string()) return refuse("expected a path, found " + shown_value(entry));
  std::filesystem::path file;
  try {
    file = resolve_path(entry.string(), folder, allow_outside_);
  } catch (const std::invalid_argument& error) {
    return refuse(error.what());
  }
  const std::filesystem::path unique = std::filesystem::weakly_canonical(file);
  if (std::find(chain_.begin(), chain_.end(), unique) != chain_.end()) {
    std::string text = "the configs extend each other in a circle:";
    for (const auto& link : chain_) text += " " + link.filename().string() + " ->";
    return refuse(text + " " + unique.filename().string());
  }
  if (chain_.size() >= deepest_chain) {
    return refuse("configs extend each other more than 8 deep");
  }
  std::string text;
  try {
    text = read_config_text(file);
  } catch (const Refused& error) {
    return refuse(json_string(entry.string()) + " " + error.findings().sorted().front().text);
  }
  Json base = read(text, file, file.parent_path());
  rebase_data_paths(base, file.parent_path().lexically_relative(folder));
  base.erase("extends");
  merge(merged, base);
}

void ConfigReader::set(Json& config, const std::string& text) {
  const auto usage = [&](const std::string& what) {
    return Refused("E101", "--set " + text,
                   what + "; write --set /solver/epsilon=0.01 or --set solver.epsilon=0.01", 2);
  };
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) throw usage("has no POINTER=VALUE form");
  std::string pointer = text.substr(0, equals);
  if (pointer.front() != '/') {
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    pointer.insert(pointer.begin(), '/');
  }
  Findings ignored;
  const std::string raw = text.substr(equals + 1);
  const int source = static_cast<int>(findings_.sources.size());
  findings_.sources.push_back("--set " + text);
  Json value = parse_json(raw, source, Comments::refused, ignored).value_or(Json(raw));
  value.where = {.source = source, .line = 1, .column = static_cast<int>(equals) + 2};

  Json* at = &config;
  const auto tokens = pointer_tokens(pointer);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (at->is_string()) {  // the short form of a union
      Json object = Json::object();
      object.where = at->where;
      object.set("type", std::move(*at));
      *at = std::move(object);
    }
    const bool last = i + 1 == tokens.size();
    if (at->is_list()) {
      const Json* item = static_cast<const Json*>(at)->at("/" + tokens[i]);
      if (item == nullptr) throw usage("names no element of the list");
      at = const_cast<Json*>(item);
    } else if (at->is_object()) {
      Json* next = at->find(tokens[i]);
      if (next == nullptr || next->is_null()) {
        next = &at->set(tokens[i], last ? Json() : Json::object());
        // An unknown key has to be shown where it was written.
        at->members().back().where = value.where;
        next->where = value.where;
      }
      at = next;
    } else {
      throw usage("goes through a value that holds no others");
    }
  }
  *at = std::move(value);
}

}  // namespace pushforward::runner
