/// Colour pictures as PNG files, and bytes as text: how a report carries photographs in itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pushforward::runner {

/// A PNG file of 8-bit red, green and blue, without compression: a picture of a report is small,
/// and the bytes depend on nothing but the pixels.
/// @param rgb  3 * width * height bytes, row by row from the top.
/// @throws std::invalid_argument for sizes that do not match or are not between 1 and 4096.
std::string png_file(int width, int height, const std::vector<std::uint8_t>& rgb);

/// RFC 4648, with padding, in one line.
std::string base64(std::string_view bytes);

}  // namespace pushforward::runner
