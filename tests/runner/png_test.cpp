#include "runner/png.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/core/types.hpp"

#include "runner/figure.hpp"
#include "runner/figure_json.hpp"
#include "runner/svg.hpp"

using namespace pushforward;
using namespace pushforward::runner;

namespace {

std::uint32_t big_endian(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t k = 0; k < 4; ++k) {
    value = value << 8 | static_cast<unsigned char>(bytes.at(at + k));
  }
  return value;
}

/// The content of the chunk that begins at `at`, which moves behind it.
std::string chunk(const std::string& file, std::size_t& at, const std::string& type) {
  const std::size_t length = big_endian(file, at);
  CHECK(file.substr(at + 4, 4) == type);
  const std::string data = file.substr(at + 8, length);
  at += 12 + length;
  return data;
}

template <class Call>
std::string message(const Call& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("base64: the examples of RFC 4648") {
  const std::string text = "foobar";
  const std::vector<std::string> expected{"",         "Zg==",     "Zm8=",    "Zm9v",
                                          "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
  for (std::size_t n = 0; n <= text.size(); ++n) {
    CHECK(base64(text.substr(0, n)) == expected[n]);
  }
  CHECK(base64("\xff\xfe") == "//4=");
}

TEST_CASE("png: chunks hold size, rows and checksums, also when rows fill several blocks") {
  const int width = 200, height = 150;  // 90 150 bytes with the rows' filters: two stored blocks
  std::vector<std::uint8_t> rgb;
  for (int k = 0; k < 3 * width * height; ++k) rgb.push_back(static_cast<std::uint8_t>(k % 251));
  const std::string file = png_file(width, height, rgb);
  CHECK(file.substr(0, 8) == "\x89PNG\r\n\x1a\n");
  std::size_t at = 8;
  const std::string header = chunk(file, at, "IHDR");
  CHECK(big_endian(header, 0) == 200);
  CHECK(big_endian(header, 4) == 150);
  const std::string stream = chunk(file, at, "IDAT");
  const std::size_t end = at;
  CHECK(chunk(file, at, "IEND").empty());
  CHECK(at == file.size());
  CHECK(big_endian(file, end + 8) == 0xAE426082u);  // as in every PNG file
  CHECK((static_cast<unsigned char>(stream[0]) * 256 + static_cast<unsigned char>(stream[1])) %
            31 ==
        0);  // a zlib header
  std::string rows;
  std::size_t block = 2;
  for (bool last = false; !last;) {
    last = stream.at(block) == 1;
    const auto length =
        static_cast<std::size_t>(static_cast<unsigned char>(stream.at(block + 1)) +
                                 256 * static_cast<unsigned char>(stream.at(block + 2)));
    rows += stream.substr(block + 5, length);
    block += 5 + length;
  }
  CHECK(block + 4 == stream.size());
  REQUIRE(rows.size() == static_cast<std::size_t>(height * (3 * width + 1)));
  std::vector<std::uint8_t> back;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    if (k % static_cast<std::size_t>(3 * width + 1) == 0) {
      CHECK(rows[k] == '\0');
    } else {
      back.push_back(static_cast<std::uint8_t>(rows[k]));
    }
  }
  CHECK(back == rgb);
}

TEST_CASE("png: sizes that do not match are refused") {
  CHECK(message([] { png_file(0, 1, {}); }) == "png_file: width is 0, expected between 1 and 4096");
  CHECK(message([] { png_file(1, 5000, {}); }) ==
        "png_file: height is 5000, expected between 1 and 4096");
  CHECK(message([] {
          png_file(1, 1, {1, 2});
        }) == "png_file: rgb.size() is 2, expected 3 * width * height");
}

TEST_CASE("picture_panel: averages what is too wide, cuts to the range, and survives storing") {
  Matrix colours = Matrix::Constant(3, 8, 40.0);  // 4 x 2 pixels
  colours.leftCols(2).setConstant(300.0);         // half of the left block: (300 + 40) / 2
  const PicturePanel panel = picture_panel("p", colours, 4, 2);
  CHECK(panel.width == 2);
  CHECK(panel.height == 1);
  CHECK(panel.png == base64(png_file(2, 1, {170, 170, 170, 40, 40, 40})));
  CHECK(picture_panel("p", Matrix::Constant(3, 1, 300.0), 1).png ==
        base64(png_file(1, 1, {255, 255, 255})));
  Figure figure{.id = "p", .title = "p", .panels = {panel}};
  CHECK(figure_from_json(to_json(figure)) == figure);
  CHECK(svg_file(figure).find("data:image/png;base64," + panel.png) != std::string::npos);

  CHECK(message([&] { picture_panel("p", Matrix::Zero(2, 8), 4); }) ==
        "picture_panel: colours.rows() is 2, expected 3");
  CHECK(message([&] { picture_panel("p", colours, 3); }) ==
        "picture_panel: width is 3, expected a divisor of the number of pixels, 8");
  CHECK(message([&] { picture_panel("p", colours, 4, 0); }) ==
        "picture_panel: most is 0, expected at least 1");
}

TEST_CASE("picture: what is no base64 of a PNG file never enters a page") {
  Figure figure{.id = "p", .title = "p"};
  figure.panels = {PicturePanel{.width = 1, .height = 1, .png = "iVBORw0KGgo\"/><script>"}};
  CHECK(message([&] { figure.validate(); }).find("a PNG file in base64") != std::string::npos);
  figure.panels = {PicturePanel{.width = 1, .height = 1, .png = "R0lGODlh"}};
  CHECK(message([&] { figure.validate(); }).find("a PNG file in base64") != std::string::npos);
  figure.panels = {PicturePanel{.width = 0, .height = 1, .png = "iVBORw0KGgo"}};
  CHECK(message([&] { figure.validate(); }).find("width is 0") != std::string::npos);
  figure.panels = {PicturePanel{.width = 1, .height = 0, .png = "iVBORw0KGgo"}};
  CHECK(message([&] { figure.validate(); }).find("height is 0") != std::string::npos);
}
