#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/point_io.hpp"

#include "core/src/data_file.hpp"
#include "core/src/npy_header.hpp"

namespace pushforward {
namespace {

constexpr std::size_t chunk_items = 1 << 16;

template <class T>
T load(const char* bytes, bool swap) {
  char raw[sizeof(T)];
  std::memcpy(raw, bytes, sizeof(T));
  if (swap) std::reverse(raw, raw + sizeof(T));
  T value;
  std::memcpy(&value, raw, sizeof(T));
  return value;
}

// Calls use(k, value, exact) for each entry in file order.
template <class T, class Use>
void for_each_entry(detail::DataFile& file, const std::filesystem::path& path, std::int64_t count,
                    bool swap, const Use& use) {
  std::vector<char> buffer(std::min(static_cast<std::size_t>(count), chunk_items) * sizeof(T));
  for (std::int64_t k = 0; k < count;) {
    const auto items = std::min(static_cast<std::size_t>(count - k), chunk_items);
    file.stream.read(buffer.data(), static_cast<std::streamsize>(items * sizeof(T)));
    if (static_cast<std::size_t>(file.stream.gcount()) != items * sizeof(T)) {
      throw DataError(DataFault::wrong_size, path, "the file became shorter while it was read");
    }
    for (std::size_t i = 0; i < items; ++i, ++k) {
      const T entry = load<T>(buffer.data() + i * sizeof(T), swap);
      const auto value = static_cast<double>(entry);
      bool exact = true;
      if constexpr (std::is_integral_v<T> && sizeof(T) == 8) exact = std::abs(value) < 0x1p53;
      use(k, value, exact);
    }
  }
}

template <class Use>
void for_each_entry(detail::DataFile& file, const std::filesystem::path& path,
                    const NpyHeader& header, std::int64_t count, const Use& use) {
  const bool swap = header.big_endian == (std::endian::native == std::endian::little);
  const auto as = [&](auto type) { for_each_entry<decltype(type)>(file, path, count, swap, use); };
  const int bytes = header.item_bytes;
  switch (header.kind) {
    case 'f':
      return bytes == 4 ? as(float{}) : as(double{});
    case 'i':
      return bytes == 1   ? as(std::int8_t{})
             : bytes == 2 ? as(std::int16_t{})
             : bytes == 4 ? as(std::int32_t{})
                          : as(std::int64_t{});
    default:  // 'u', and 'b', whose bytes are 0 and 1
      return bytes == 1   ? as(std::uint8_t{})
             : bytes == 2 ? as(std::uint16_t{})
             : bytes == 4 ? as(std::uint32_t{})
                          : as(std::uint64_t{});
  }
}

std::string place_text(const NpyHeader& header, std::int64_t row, std::int64_t column) {
  return header.shape.size() == 1
             ? "entry " + std::to_string(row)
             : "row " + std::to_string(row) + ", column " + std::to_string(column);
}

void write_npy(const std::filesystem::path& path, const std::string& shape, const double* values,
               std::size_t count) {
  std::string text = "{'descr': '<f8', 'fortran_order': False, 'shape': " + shape + ", }";
  // The format wants the data at a multiple of 64 bytes and a line feed before it.
  constexpr std::size_t prefix = 10;
  text.append((64 - (prefix + text.size() + 1) % 64) % 64, ' ');
  text += '\n';
  std::string start = "\x93NUMPY";
  start += '\x01';
  start += '\0';
  start += static_cast<char>(text.size() % 256);
  start += static_cast<char>(text.size() / 256);
  detail::write_atomically(path, [&](const detail::ByteSink& sink) {
    sink(start + text);
    const auto* bytes = reinterpret_cast<const char*>(values);
    if constexpr (std::endian::native == std::endian::little) {
      sink({bytes, count * sizeof(double)});
    } else {
      std::string chunk;
      for (std::size_t i = 0; i < count; ++i) {
        chunk.assign(bytes + i * sizeof(double), sizeof(double));
        std::reverse(chunk.begin(), chunk.end());
        sink(chunk);
      }
    }
  });
}

}  // namespace

Matrix read_npy_points(const std::filesystem::path& path) {
  detail::DataFile file = detail::open_data_file(path);
  const NpyHeader header = detail::read_npy_header(file, path);
  const std::size_t axes = header.shape.size();
  if (axes != 1 && axes != 2) {
    throw DataError(DataFault::malformed, path,
                    "the array has shape " + header.shape_text() + ", expected (n, d) or (n,)");
  }
  const std::int64_t n = header.shape[0];
  const std::int64_t d = axes == 2 ? header.shape[1] : 1;
  if (d == 0) {
    throw DataError(DataFault::malformed, path,
                    "the array has shape " + header.shape_text() + ": points of no dimension");
  }
  Matrix points(d, n);
  for_each_entry(file, path, header, n * d, [&](std::int64_t k, double value, bool exact) {
    if (!std::isfinite(value) || !exact) {
      const std::int64_t row = header.fortran_order ? k % n : k / d;
      const std::int64_t column = header.fortran_order ? k / n : k % d;
      throw DataError(DataFault::bad_value, path,
                      place_text(header, row, column) + " (counted from 0) is " +
                          (exact ? detail::shown(value) + ", expected a finite number"
                                 : "an integer beyond 2^53, which a double may not hold exactly"));
    }
    points.data()[header.fortran_order ? (k % n) * d + k / n : k] = value;
  });
  return points;
}

NpyPicture read_npy_picture(const std::filesystem::path& path) {
  detail::DataFile file = detail::open_data_file(path);
  const NpyHeader header = detail::read_npy_header(file, path);
  const auto refuse = [&](const std::string& why) {
    throw DataError(DataFault::malformed, path,
                    "the array has shape " + header.shape_text() + " and type " +
                        header.type_name() + ": " + why);
  };
  if (header.shape.size() != 3 || header.shape[2] != 3) {
    refuse("a colour picture has shape (height, width, 3)");
  }
  if (header.kind != 'u' || header.item_bytes != 1) refuse("colours are uint8, from 0 to 255");
  const std::int64_t h = header.shape[0], w = header.shape[1];
  if (h == 0 || w == 0) refuse("a picture without pixels");
  NpyPicture picture{.width = w, .height = h, .colours = Matrix(3, h * w)};
  for_each_entry(file, path, header, 3 * h * w, [&](std::int64_t k, double value, bool) {
    // In Fortran order rows run fastest, then columns, then colours.
    const std::int64_t at = header.fortran_order ? (k % h * w + k / h % w) * 3 + k / (h * w) : k;
    picture.colours.data()[at] = value;
  });
  return picture;
}

Vector read_npy_vector(const std::filesystem::path& path) {
  const Matrix values = read_npy_points(path);
  if (values.rows() > 1 && values.cols() > 1) {
    throw DataError(DataFault::malformed, path,
                    "the array has shape (" + std::to_string(values.cols()) + ", " +
                        std::to_string(values.rows()) + "), expected (n,)");
  }
  return values.reshaped();
}

void write_npy_points(const std::filesystem::path& path, PointsIn points) {
  require(points.rows() >= 1, "write_npy_points", "points.rows()", points.rows(), "at least 1");
  if (points.outerStride() != points.rows() && points.cols() > 1) {  // gaps between columns
    return write_npy_points(path, Matrix(points));
  }
  write_npy(path, "(" + std::to_string(points.cols()) + ", " + std::to_string(points.rows()) + ")",
            points.data(), static_cast<std::size_t>(points.size()));
}

void write_npy_vector(const std::filesystem::path& path, VectorIn values) {
  write_npy(path, "(" + std::to_string(values.size()) + ",)", values.data(),
            static_cast<std::size_t>(values.size()));
}

}  // namespace pushforward
