#include "runner/png.hpp"

#include <algorithm>
#include <array>

#include "pushforward/core/errors.hpp"

namespace pushforward::runner {

namespace {

void append_big_endian(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFFu);
}

void append_little_endian(std::string& out, std::uint32_t value) {
  out += static_cast<char>(value & 0xFFu);
  out += static_cast<char>(value >> 8 & 0xFFu);
}

/// The cyclic redundancy check of PNG chunks, polynomial 0xEDB88320 reflected.
std::uint32_t crc32(std::string_view bytes) {
  static constexpr auto table = [] {
    std::array<std::uint32_t, 256> entries{};
    for (std::uint32_t n = 0; n < 256; ++n) {
      std::uint32_t c = n;
      for (int bit = 0; bit < 8; ++bit) c = (c & 1u) != 0 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
      entries[n] = c;
    }
    return entries;
  }();
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const char byte : bytes) {
    crc = table[(crc ^ static_cast<unsigned char>(byte)) & 0xFFu] ^ (crc >> 8);
  }
  return ~crc;
}

/// The checksum at the end of a zlib stream.
std::uint32_t adler32(std::string_view bytes) {
  std::uint32_t a = 1, b = 0;
  for (const char byte : bytes) {
    a = (a + static_cast<unsigned char>(byte)) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

void append_chunk(std::string& out, std::string_view type, std::string_view data) {
  append_big_endian(out, static_cast<std::uint32_t>(data.size()));
  std::string body(type);
  body += data;
  out += body;
  append_big_endian(out, crc32(body));
}

/// A zlib stream of stored blocks, each at most 65535 bytes.
std::string stored_stream(std::string_view bytes) {
  constexpr std::size_t most = 65'535;
  std::string out = "\x78\x01";
  for (std::size_t at = 0; at < bytes.size(); at += most) {
    const std::string_view block = bytes.substr(at, most);
    const auto length = static_cast<std::uint32_t>(block.size());
    out += at + most >= bytes.size() ? '\x01' : '\0';  // whether it is the last one
    append_little_endian(out, length);
    append_little_endian(out, ~length);
    out += block;
  }
  append_big_endian(out, adler32(bytes));
  return out;
}

}  // namespace

std::string png_file(int width, int height, const std::vector<std::uint8_t>& rgb) {
  require(width >= 1 && width <= 4096, "png_file", "width", width, "between 1 and 4096");
  require(height >= 1 && height <= 4096, "png_file", "height", height, "between 1 and 4096");
  const auto row_bytes = static_cast<std::size_t>(3 * width);
  require(rgb.size() == row_bytes * static_cast<std::size_t>(height), "png_file", "rgb.size()",
          rgb.size(), "3 * width * height");
  std::string rows;
  for (std::size_t at = 0; at < rgb.size(); at += row_bytes) {
    rows += '\0';  // no filter
    rows.append(reinterpret_cast<const char*>(rgb.data()) + at, row_bytes);
  }
  std::string header;
  append_big_endian(header, static_cast<std::uint32_t>(width));
  append_big_endian(header, static_cast<std::uint32_t>(height));
  header += {8, 2, 0, 0, 0};  // bits a channel, true colour, and the only methods there are
  std::string out = "\x89PNG\r\n\x1a\n";
  append_chunk(out, "IHDR", header);
  append_chunk(out, "IDAT", stored_stream(rows));
  append_chunk(out, "IEND", {});
  return out;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view group = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0u);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= group.size() ? digits[bits >> (18 - 6 * k) & 63u] : '=';
    }
  }
  return out;
}

}  // namespace pushforward::runner
