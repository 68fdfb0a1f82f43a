#include "core/src/csv_records.hpp"

#include <array>

namespace pushforward::detail {
namespace {

// A column costs some hundred bytes of bookkeeping for one byte of file.
constexpr std::size_t column_limit = 100'000;

bool starts_line_end(std::string_view text, std::size_t at) {
  // The CR of a CRLF is not counted: its LF is.
  return text[at] == '\n' || (text[at] == '\r' && (at + 1 == text.size() || text[at + 1] != '\n'));
}

}  // namespace

void CsvRecords::fail(DataFault fault, std::size_t offset, const std::string& message) const {
  std::int64_t line = 1;
  std::int64_t column = 1;
  for (std::size_t i = 0; i < offset; ++i) {
    if (starts_line_end(text_, i)) {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(text_[i]) & 0xC0) != 0x80) {
      ++column;  // bytes 10xxxxxx continue a UTF-8 character
    }
  }
  throw DataError(fault, path_, message, line, column);
}

void CsvRecords::skip_line_end() {
  if (at_ < text_.size() && text_[at_] == '\r') ++at_;
  if (at_ < text_.size() && text_[at_] == '\n') ++at_;
}

void CsvRecords::read_quoted(CsvField& field) {
  ++at_;
  for (;;) {
    const std::size_t quote = text_.find('"', at_);
    if (quote == std::string_view::npos) {
      fail(DataFault::malformed, field.begin, "the quote that opens here is not closed");
    }
    field.text += text_.substr(at_, quote - at_);
    at_ = quote + 1;
    if (at_ == text_.size() || text_[at_] != '"') break;
    field.text += '"';
    ++at_;
  }
  if (!at_line_end() && text_[at_] != delimiter_) {
    fail(DataFault::malformed, at_, "text follows a closing quote");
  }
}

void CsvRecords::read_field(CsvField& field) {
  field.begin = at_;
  field.text.clear();
  if (at_ < text_.size() && text_[at_] == '"') return read_quoted(field);
  while (!at_line_end() && text_[at_] != delimiter_) {
    if (text_[at_] == '"') {
      fail(DataFault::malformed, at_, "a quote inside a field that does not start with one");
    }
    ++at_;
  }
  field.text = text_.substr(field.begin, at_ - field.begin);
}

bool CsvRecords::next(CsvRecord& record) {
  for (; at_ < text_.size() && at_line_end(); ++row_) skip_line_end();
  if (at_ == text_.size()) return false;
  record.row = ++row_;
  std::size_t count = 0;
  for (;;) {
    if (count == column_limit) {
      fail(DataFault::malformed, at_, "more than " + std::to_string(column_limit) + " columns");
    }
    if (count == record.fields.size()) record.fields.emplace_back();
    read_field(record.fields[count++]);
    if (at_line_end()) break;
    ++at_;  // the delimiter
  }
  skip_line_end();
  record.fields.resize(count);
  return true;
}

char detected_delimiter(std::string_view text) {
  constexpr std::string_view candidates = ",;\t";
  std::array<std::size_t, candidates.size()> counts{};
  bool quoted = false;
  bool has_text = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == '\n' || c == '\r')) {
      if (has_text) break;
      continue;
    }
    has_text = true;
    const std::size_t at = candidates.find(c);
    if (!quoted && at != std::string_view::npos) ++counts[at];
  }
  std::size_t best = 0;
  for (std::size_t i = 1; i < counts.size(); ++i) {
    if (counts[i] > counts[best]) best = i;
  }
  return candidates[best];
}

}  // namespace pushforward::detail
