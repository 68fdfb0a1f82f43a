/// A small scanner of XML and of HTML written as XML: enough to say whether a document is well
/// formed and what text it holds. Knows elements, attributes in double quotes, character
/// references, and nothing else: what it does not know it refuses.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pushforward::runner::testing {

struct Markup {
  std::string problem;                ///< Empty if well formed.
  std::vector<std::string> elements;  ///< Names in order of opening.
  std::string text;                   ///< All character data, references resolved.
};

inline Markup scan(std::string_view document, bool html = false) {
  Markup out;
  std::vector<std::string> open;
  const auto fail = [&](std::size_t at, const std::string& what) {
    if (out.problem.empty()) {
      out.problem = what + " at \"" + std::string(document.substr(at, 40)) + '"';
    }
  };
  const auto resolve = [&](std::string_view text, std::size_t at) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '&') {
        plain += text[i];
        continue;
      }
      const auto end = text.find(';', i);
      const auto name = text.substr(i, end == text.npos ? 1 : end - i + 1);
      if (name == "&amp;")
        plain += '&';
      else if (name == "&lt;")
        plain += '<';
      else if (name == "&gt;")
        plain += '>';
      else if (name == "&quot;")
        plain += '"';
      else if (name == "&#39;")
        plain += '\'';
      else
        return fail(at + i, "unknown reference"), plain;
      i = end;
    }
    return plain;
  };
  const std::vector<std::string_view> empty_elements = {"meta", "br", "link", "hr"};
  std::size_t i = 0;
  if (html && document.starts_with("<!doctype html>")) i = 15;
  while (i < document.size() && out.problem.empty()) {
    if (document[i] != '<') {
      const auto end = std::min(document.find('<', i), document.size());
      const auto raw = document.substr(i, end - i);
      const bool is_style = !open.empty() && open.back() == "style";
      if (!is_style && raw.find('>') != raw.npos) fail(i, "bare >");
      if (!is_style) out.text += resolve(raw, i);
      if (open.empty() && raw.find_first_not_of(" \n") != raw.npos)
        fail(i, "text outside the root");
      i = end;
      continue;
    }
    const auto end = document.find('>', i);
    if (end == document.npos) {
      fail(i, "unclosed tag");
      break;
    }
    std::string_view tag = document.substr(i + 1, end - i - 1);
    if (tag.starts_with('/')) {
      if (open.empty() || open.back() != tag.substr(1))
        fail(i, "closes what is not open");
      else
        open.pop_back();
      i = end + 1;
      continue;
    }
    const bool closed = tag.ends_with('/');
    if (closed) tag.remove_suffix(1);
    const auto name_end = std::min(tag.find_first_of(" \n"), tag.size());
    const std::string name(tag.substr(0, name_end));
    if (name.empty() ||
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyzPABCD0123456789") != name.npos) {
      fail(i, "not an element");
    }
    std::vector<std::string_view> seen;
    for (std::size_t k = name_end; k < tag.size() && out.problem.empty();) {
      k = tag.find_first_not_of(" \n", k);
      if (k == tag.npos) break;
      const auto quote = tag.find("=\"", k);
      if (quote == tag.npos) {
        const auto word = tag.substr(k, tag.find_first_of(" \n", k) - k);
        if (!html || word != "open") fail(i, "attribute without a value");
        k += word.size();
        continue;
      }
      const auto close = tag.find('"', quote + 2);
      if (close == tag.npos) {
        fail(i, "unclosed attribute");
        break;
      }
      const auto key = tag.substr(k, quote - k);
      for (const auto other : seen) {
        if (other == key) fail(i, "attribute given twice");
      }
      seen.push_back(key);
      if (key.find_first_of(" <>'&") != key.npos) fail(i, "bad attribute name");
      resolve(tag.substr(quote + 2, close - quote - 2), i);
      k = close + 1;
    }
    out.elements.push_back(name);
    bool is_empty = closed;
    for (const auto other : empty_elements) is_empty |= html && name == other;
    if (!is_empty) open.push_back(name);
    i = end + 1;
  }
  if (out.problem.empty() && !open.empty()) out.problem = "not closed: " + open.back();
  return out;
}

}  // namespace pushforward::runner::testing
