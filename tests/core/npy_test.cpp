#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "pushforward/core/point_io.hpp"

#include "tests/support/scratch.hpp"

using namespace pushforward;
using testing::Scratch;

namespace {

std::string npy(const std::string& dictionary, const std::string& data, int version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(version);
  bytes += '\0';
  const std::size_t width = version == 1 ? 2 : 4;
  for (std::size_t i = 0; i < width; ++i) {
    bytes += static_cast<char>(dictionary.size() >> (8 * i) & 0xFF);
  }
  return bytes + dictionary + data;
}

std::string dictionary(const std::string& type, const std::string& shape,
                       const std::string& fortran = "False") {
  return "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
}

// The bytes of a value, little- or big-endian, by arithmetic on its bit pattern.
template <class T>
std::string packed(T value, bool big = false) {
  std::uint64_t bits = 0;
  if constexpr (sizeof(T) == 4 && std::is_floating_point_v<T>) {
    std::uint32_t half;
    std::memcpy(&half, &value, 4);
    bits = half;
  } else if constexpr (std::is_floating_point_v<T>) {
    std::memcpy(&bits, &value, 8);
  } else {
    bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
  }
  std::string bytes;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    bytes += static_cast<char>(bits >> (8 * (big ? sizeof(T) - 1 - i : i)) & 0xFF);
  }
  return bytes;
}

std::string refusal(const std::filesystem::path& path) {
  try {
    (void)read_npy_points(path);
  } catch (const DataError& error) {
    CHECK(error.path() == path);
    CHECK(error.line() == 0);
    CHECK(std::string(error.what()) == path.string() + ": " + error.message());
    return error.message();
  }
  return "accepted";
}

template <class T>
void check_type(const std::string& type) {
  const Scratch scratch;
  const std::string native = sizeof(T) == 1 ? "|" : "<";
  for (const bool big : {false, true}) {
    std::string data;
    for (int k = 0; k < 6; ++k) data += packed(static_cast<T>(k), big);
    const std::string code = (big ? ">" : native) + type;
    Matrix expected(3, 2);
    expected << 0, 3, 1, 4, 2, 5;
    CHECK(read_npy_points(scratch.file("c.npy", npy(dictionary(code, "(2, 3)"), data))) ==
          expected);
    expected << 0, 1, 2, 3, 4, 5;
    CHECK(read_npy_points(scratch.file("f.npy", npy(dictionary(code, "(2, 3)", "True"), data))) ==
          expected);
  }
}

}  // namespace

TEST_CASE("npy: every number type is read in both byte orders and both layouts") {
  check_type<double>("f8");
  check_type<float>("f4");
  check_type<std::int64_t>("i8");
  check_type<std::int32_t>("i4");
  check_type<std::int16_t>("i2");
  check_type<std::int8_t>("i1");
  check_type<std::uint64_t>("u8");
  check_type<std::uint32_t>("u4");
  check_type<std::uint16_t>("u2");
  check_type<std::uint8_t>("u1");
  const Scratch scratch;
  Vector flags(3);
  flags << 1, 0, 1;
  const auto path = scratch.file("b.npy", npy(dictionary("|b1", "(3,)"), std::string("\1\0\1", 3)));
  CHECK(read_npy_vector(path) == flags);
  CHECK(read_npy_header(path).type_name() == "bool");
}

TEST_CASE("npy: signs, fractions and extremes survive") {
  const Scratch scratch;
  const std::string floats = packed(-1.5f) + packed(0x1.fffffep127f);
  const Matrix x = read_npy_points(scratch.file("f.npy", npy(dictionary("<f4", "(2,)"), floats)));
  CHECK(x(0, 0) == -1.5);
  CHECK(x(0, 1) == 0x1.fffffep127);
  const std::string longs = packed(std::int64_t{-9007199254740991});
  CHECK(read_npy_points(scratch.file("i.npy", npy(dictionary("<i8", "(1,)"), longs)))(0, 0) ==
        -9007199254740991.0);
}

TEST_CASE("npy: formats 1, 2 and 3 are read, and keys come in any order") {
  const Scratch scratch;
  const std::string data = packed(2.5);
  for (int version : {1, 2, 3}) {
    const auto path = scratch.file("v.npy", npy(dictionary("<f8", "(1,)"), data, version));
    CHECK(read_npy_points(path)(0, 0) == 2.5);
  }
  const std::string shuffled = "{\"shape\":(1,1L) ,\n'fortran_order':False,\"descr\":'<f8'}   \n";
  CHECK(read_npy_points(scratch.file("s.npy", npy(shuffled, data)))(0, 0) == 2.5);
}

TEST_CASE("npy: what is written reads back bit for bit, and other readers' layout is kept") {
  const Scratch scratch;
  Matrix x(3, 2);
  x << 0.1, -0.0, 1e-310, 1e308, -7, 3;
  const auto path = scratch.folder() / "x.npy";
  write_npy_points(path, x);
  const Matrix back = read_npy_points(path);
  CHECK(std::memcmp(back.data(), x.data(), 6 * sizeof(double)) == 0);
  const NpyHeader header = read_npy_header(path);
  CHECK(header.shape_text() == "(2, 3)");
  CHECK(header.type_name() == "float64");
  CHECK(header.data_offset % 64 == 0);
  CHECK_FALSE(header.fortran_order);
  CHECK(testing::bytes_of(path).substr(10, 56) ==
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)");

  write_npy_points(path, x.topRows(2));  // a view with gaps, over an existing file
  CHECK(read_npy_points(path) == x.topRows(2));
  write_npy_vector(path, x.col(1));
  CHECK(read_npy_vector(path) == x.col(1));
  CHECK(read_npy_header(path).shape_text() == "(3,)");
  write_npy_points(path, Matrix(4, 0));
  CHECK(read_npy_points(path).rows() == 4);
  CHECK(read_npy_points(path).cols() == 0);
}

TEST_CASE("npy: a file cut at any byte, or with one byte more, is refused") {
  const Scratch scratch;
  std::string data;
  for (int k = 0; k < 6; ++k) data += packed(1.0 + k);
  for (int version : {1, 2}) {
    const std::string whole = npy(dictionary("<f8", "(2, 3)"), data, version);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      INFO("length " << length);
      CHECK_THROWS_AS(read_npy_points(scratch.file("cut.npy", whole.substr(0, length))), DataError);
    }
    CHECK_NOTHROW(read_npy_points(scratch.file("whole.npy", whole)));
    CHECK_THROWS_AS(read_npy_points(scratch.file("long.npy", whole + '\0')), DataError);
  }
}

TEST_CASE("npy: a file with any byte of its header changed is read or refused, never worse") {
  const Scratch scratch;
  std::string data;
  for (int k = 0; k < 6; ++k) data += packed(1.0 + k);
  const std::string whole = npy(dictionary("<f8", "(2, 3)"), data);
  int accepted = 0;
  for (std::size_t at = 0; at < whole.size() - data.size(); ++at) {
    for (const char byte : {'\0', '\xFF', '9', '(', '\'', '-', ' '}) {
      std::string changed = whole;
      changed[at] = byte;
      try {
        const Matrix x = read_npy_points(scratch.file("changed.npy", changed));
        CHECK(x.size() == 6);
        ++accepted;
      } catch (const DataError&) {
      }
    }
  }
  CHECK(accepted > 0);  // a blank for a blank
}

TEST_CASE("npy: a wrong length is reported with both byte counts") {
  const Scratch scratch;
  const std::string header = npy(dictionary("<f8", "(50000, 3)"), "");
  CHECK(refusal(scratch.file("x.npy", header + std::string(1199992, '\0'))) ==
        "header says shape (50000, 3) of float64, that is 1200000 bytes; the file has 1199992: it "
        "is cut short or damaged");
  CHECK(refusal(scratch.file("x.npy", npy(dictionary("<i4", "(1,)"), "12345678"))) ==
        "header says shape (1,) of int32, that is 4 bytes; the file has 8: it is too long or "
        "damaged");
}

TEST_CASE("npy: hostile headers are refused with a reason before anything is allocated") {
  const Scratch scratch;
  const auto with = [&](const std::string& text) {
    return refusal(scratch.file("h.npy", npy(text, "")));
  };
  const auto contains = [](const std::string& text, const std::string& part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };
  contains(with(dictionary("<f8", "(4611686018427387904, 4)")), "more than any file can hold");
  contains(with(dictionary("<f8", "(2305843009213693952,)")), "more than any file can hold");
  contains(with(dictionary("<f8", "(1000000000000, 8)")), "cut short");
  contains(with(dictionary("<f8", "(99999999999999999999,)")), "an entry beyond 2^63");
  contains(with(dictionary("<f8", "(-1, 3)")), "the shape has a negative entry");
  contains(with(dictionary("<f8", "(0, 0)")), "points of no dimension");
  contains(with(dictionary("<f8", "()")), "header says shape ()");
  contains(with(dictionary("<f8", "(0, 2, 2)")), "shape (0, 2, 2), expected (n, d) or (n,)");
  contains(with(dictionary("<f8", "(1 2)")), "expected ')' at \"2), }\"");
  contains(with(dictionary("<f8", "(1, , 2)")), "expected a whole number in the shape");
  contains(with(dictionary("<f8", "(1.5,)")), "expected ')' at \".5,), }\"");
  std::string many = "(";
  for (int i = 0; i < 33; ++i) many += "1,";
  contains(with(dictionary("<f8", many + ")")), "more than 32 entries");
  contains(with(dictionary("|O", "(1,)")), "an object array is refused");
  contains(with(dictionary("<f2", "(1,)")), "entries of type \"<f2\" are not read");
  contains(with(dictionary("<c16", "(1,)")), "entries of type \"<c16\" are not read");
  contains(with(dictionary("f8", "(1,)")), "entries of type \"f8\" are not read");
  contains(with(dictionary("", "(1,)")), "entries of type \"\" are not read");
  contains(with("{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': (1,)}"),
           "a structured array is refused");
  contains(with("{'descr': '<f8', 'fortran_order': 0, 'shape': (1,)}"), "expected True or False");
  contains(with("{'descr': '<f8', 'shape': (1,)}"), "\"fortran_order\" is missing");
  contains(with("{'fortran_order': False, 'shape': (1,)}"), "\"descr\" is missing");
  contains(with("{'descr': '<f8', 'fortran_order': False}"), "\"shape\" is missing");
  contains(with("{'descr': '<f8', 'descr': '<f8'}"), "unknown or given twice");
  contains(with("{'evil': 1}"), "the key \"evil\" is unknown");
  contains(with("{'descr': '<f8"), "a string is not closed");
  contains(with(dictionary("<f8", "(0, 1)") + "import os"), "text follows the closing brace");
  contains(with(std::string(60000, '(')), "expected '{'");
  contains(with("{'shape': " + std::string(60000, '(')), "expected a whole number");
  contains(with(std::string(2000, '\xFF')), "expected '{' at \"????");
  contains(with(""), "expected '{' at \"\"");
}

TEST_CASE("npy: what is not an npy file of a known format is refused") {
  const Scratch scratch;
  CHECK(refusal(scratch.file("e.npy", "")) == "the file is empty");
  CHECK(refusal(scratch.file("t.npy", "x,y\n1,2\n")) ==
        "not an npy file: it does not start with \\x93NUMPY");
  std::string bytes = npy(dictionary("<f8", "(0,)"), "");
  bytes[6] = 4;
  CHECK(refusal(scratch.file("v.npy", bytes)) ==
        "npy format 4.0 is not known; 1.0, 2.0 and 3.0 are");
  bytes = std::string("\x93NUMPY\x02\0\xFF\xFF\xFF\xFF", 12);
  CHECK(refusal(scratch.file("l.npy", bytes)) ==
        "the npy header claims 4294967295 bytes, above the limit of 65536");
  CHECK(refusal(scratch.folder() / "none.npy") == "no such file");
  CHECK(refusal(scratch.folder()) == "is a directory, expected a file");
  CHECK(refusal("/dev/zero") == "is not a regular file");
}

TEST_CASE("npy: an entry that is not finite, or not exact as a double, is named") {
  const Scratch scratch;
  std::string data;
  for (int k = 0; k < 12; ++k) data += packed(k == 7 ? std::nan("") : 1.0 * k);
  CHECK(refusal(scratch.file("c.npy", npy(dictionary("<f8", "(4, 3)"), data))) ==
        "row 2, column 1 (counted from 0) is nan, expected a finite number");
  CHECK(refusal(scratch.file("f.npy", npy(dictionary("<f8", "(4, 3)", "True"), data))) ==
        "row 3, column 1 (counted from 0) is nan, expected a finite number");
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(refusal(scratch.file("v.npy", npy(dictionary("<f8", "(1,)"), packed(-inf)))) ==
        "entry 0 (counted from 0) is -inf, expected a finite number");
  CHECK(refusal(scratch.file(
            "i.npy", npy(dictionary("<i8", "(1,)"), packed(std::int64_t{9007199254740993})))) ==
        "entry 0 (counted from 0) is an integer beyond 2^53, which a double may not hold exactly");
}

TEST_CASE("npy: a vector has one axis of more than one entry") {
  const Scratch scratch;
  const std::string data = packed(1.0) + packed(2.0) + packed(3.0) + packed(4.0);
  CHECK(read_npy_vector(scratch.file("v.npy", npy(dictionary("<f8", "(4, 1)"), data)))[3] == 4.0);
  CHECK(read_npy_vector(scratch.file("v.npy", npy(dictionary("<f8", "(1, 4)"), data)))[3] == 4.0);
  CHECK_THROWS_WITH_AS(
      read_npy_vector(scratch.file("m.npy", npy(dictionary("<f8", "(2, 2)"), data))),
      doctest::Contains("the array has shape (2, 2), expected (n,)"), DataError);
}

TEST_CASE("npy: a write that fails leaves the old file and nothing beside it") {
  const Scratch scratch;
  const auto target = scratch.folder() / "missing" / "x.npy";
  CHECK_THROWS_WITH_AS(write_npy_vector(target, Vector::Ones(3)),
                       doctest::Contains("cannot be written: No such file or directory"),
                       DataError);
  // A folder in the way: the temporary file is complete, but the rename is refused.
  std::filesystem::create_directories(scratch.folder() / "taken.npy" / "inside");
  CHECK_THROWS_AS(write_npy_vector(scratch.folder() / "taken.npy", Vector::Ones(3)), DataError);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(scratch.folder())) {
    files += entry.path().filename() == "taken.npy" ? 0 : 1;
  }
  CHECK(files == 0);
  CHECK_THROWS_WITH_AS(write_npy_points(target, Matrix(0, 3)),
                       "write_npy_points: points.rows() is 0, expected at least 1",
                       std::invalid_argument);
}

TEST_CASE("npy: a picture is read pixel by pixel, row by row, in both orders") {
  const Scratch scratch;
  const std::string c = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};  // 1 row of 2 pixels, twice
  const auto picture =
      read_npy_picture(scratch.file("c.npy", npy(dictionary("|u1", "(2, 2, 3)"), c)));
  CHECK(picture.width == 2);
  CHECK(picture.height == 2);
  CHECK(picture.colours == Matrix(Vector::LinSpaced(12, 1.0, 12.0).reshaped(3, 4)));
  const std::string f = {1, 7, 4, 10, 2, 8, 5, 11, 3, 9, 6, 12};
  CHECK(read_npy_picture(scratch.file("f.npy", npy(dictionary("|u1", "(2, 2, 3)", "True"), f)))
            .colours == picture.colours);
  CHECK(read_npy_picture(scratch.file("w.npy", npy(dictionary("|u1", "(1, 1, 3)"), "\xff\xfe\x80")))
            .colours == Matrix(Eigen::Vector3d(255.0, 254.0, 128.0)));
}

TEST_CASE("npy: what is no colour picture is refused by shape and type") {
  const Scratch scratch;
  const auto refused = [&](const std::string& type, const std::string& shape, std::size_t bytes) {
    try {
      (void)read_npy_picture(
          scratch.file("p.npy", npy(dictionary(type, shape), std::string(bytes, '\0'))));
    } catch (const DataError& error) {
      return error.message();
    }
    return std::string();
  };
  CHECK(refused("|u1", "(2, 2, 4)", 16) ==
        "the array has shape (2, 2, 4) and type uint8: a colour picture has shape (height, width, "
        "3)");
  CHECK(refused("|u1", "(4, 3)", 12) ==
        "the array has shape (4, 3) and type uint8: a colour picture has shape (height, width, 3)");
  CHECK(refused("<f4", "(1, 2, 3)", 24) ==
        "the array has shape (1, 2, 3) and type float32: colours are uint8, from 0 to 255");
  CHECK(refused("|u1", "(0, 2, 3)", 0) ==
        "the array has shape (0, 2, 3) and type uint8: a picture without pixels");
}
