#include "runner/json.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "pushforward/core/errors.hpp"

namespace pushforward::runner {

namespace {

constexpr std::size_t line_width = 96;

enum class Layout { compact, canonical };

void write_flat(const Json& value, Layout layout, std::string& out) {
  const std::string_view comma = layout == Layout::canonical ? "," : ", ";
  const std::string_view colon = layout == Layout::canonical ? ":" : ": ";
  switch (value.kind()) {
    case Json::Kind::null:
      out += "null";
      return;
    case Json::Kind::boolean:
      out += value.boolean() ? "true" : "false";
      return;
    case Json::Kind::number:
      out += json_number(value.number());
      return;
    case Json::Kind::string:
      out += json_string(value.string());
      return;
    case Json::Kind::list: {
      out += '[';
      bool first = true;
      for (const Json& item : value.items()) {
        if (!first) out += comma;
        first = false;
        write_flat(item, layout, out);
      }
      out += ']';
      return;
    }
    case Json::Kind::object: {
      std::vector<const Json::Member*> members;
      for (const auto& member : value.members()) members.push_back(&member);
      if (layout == Layout::canonical) {
        std::sort(members.begin(), members.end(),
                  [](const auto* a, const auto* b) { return a->key < b->key; });
      }
      out += '{';
      bool first = true;
      for (const auto* member : members) {
        if (!first) out += comma;
        first = false;
        out += json_string(member->key);
        out += colon;
        write_flat(member->value, layout, out);
      }
      out += '}';
      return;
    }
  }
}

void write_pretty(const Json& value, std::size_t indent, std::size_t used, std::string& out) {
  std::string flat;
  write_flat(value, Layout::compact, flat);
  const bool empty =
      (value.is_list() && value.items().empty()) || (value.is_object() && value.members().empty());
  const bool container = (value.is_list() || value.is_object()) && !empty;
  const bool top = indent == 0 && value.is_object();
  if (!container || (!top && indent + used + flat.size() < line_width)) {
    out += flat;
    return;
  }
  const std::string margin(indent + 2, ' ');
  bool first = true;
  const auto start = [&] {
    out += first ? "\n" : ",\n";
    first = false;
    out += margin;
  };
  if (value.is_list()) {
    out += '[';
    for (const Json& item : value.items()) {
      start();
      write_pretty(item, indent + 2, 1, out);
    }
  } else {
    out += '{';
    for (const auto& member : value.members()) {
      start();
      const std::string key = json_string(member.key) + ": ";
      out += key;
      write_pretty(member.value, indent + 2, key.size() + 1, out);
    }
  }
  out += '\n';
  out.append(indent, ' ');
  out += value.is_list() ? ']' : '}';
}

}  // namespace

const Json* Json::find(std::string_view key) const {
  if (!is_object()) return nullptr;
  for (const auto& member : members()) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

Json* Json::find(std::string_view key) {
  return const_cast<Json*>(static_cast<const Json*>(this)->find(key));
}

Json& Json::set(std::string_view key, Json value) {
  if (Json* existing = find(key)) return *existing = std::move(value);
  members().push_back({std::string(key), std::move(value), {}});
  return members().back().value;
}

void Json::erase(std::string_view key) {
  std::erase_if(members(), [&](const Member& member) { return member.key == key; });
}

const Json* Json::at(std::string_view pointer) const {
  const Json* value = this;
  for (const std::string& token : pointer_tokens(pointer)) {
    if (value->is_list()) {
      std::size_t index = 0;
      const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
      if (error != std::errc{} || end != token.data() + token.size()) return nullptr;
      if (index >= value->items().size()) return nullptr;
      value = &value->items()[index];
    } else {
      value = value->find(token);
      if (value == nullptr) return nullptr;
    }
  }
  return value;
}

std::string Json::pretty() const {
  std::string out;
  write_pretty(*this, 0, 0, out);
  out += '\n';
  return out;
}

std::string Json::compact() const {
  std::string out;
  write_flat(*this, Layout::compact, out);
  return out;
}

std::string Json::canonical() const {
  std::string out;
  write_flat(*this, Layout::canonical, out);
  return out;
}

std::string json_number(double value) {
  if (!std::isfinite(value)) return json_string(pushforward::detail::shortest(value));
  // Integers as integers: the shortest form of 100000 would be 1e+05.
  if (value == std::floor(value) && std::abs(value) < 1e15 &&
      !(value == 0 && std::signbit(value))) {
    return std::to_string(static_cast<std::int64_t>(value));
  }
  return pushforward::detail::shortest(value);
}

std::string json_string(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        if (byte < 0x20 || byte == 0x7f) {
          out += "\\u00";
          out += hex[byte >> 4];
          out += hex[byte & 15];
        } else {
          out += c;
        }
    }
  }
  return out + '"';
}

std::string pointer_to(std::string_view pointer, std::string_view key) {
  std::string out(pointer);
  out += '/';
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::vector<std::string> pointer_tokens(std::string_view pointer) {
  std::vector<std::string> tokens;
  std::size_t i = 0;
  while (i < pointer.size()) {
    ++i;  // the slash
    std::string token;
    for (; i < pointer.size() && pointer[i] != '/'; ++i) {
      if (pointer[i] == '~' && i + 1 < pointer.size()) {
        token += pointer[++i] == '0' ? '~' : '/';
      } else {
        token += pointer[i];
      }
    }
    tokens.push_back(std::move(token));
  }
  return tokens;
}

}  // namespace pushforward::runner
