#include <filesystem>

#include <doctest/doctest.h>

#include "pushforward/core/point_io.hpp"

using namespace pushforward;

TEST_CASE("photographs: the shipped pictures have the shape, range and sums they claim") {
  const std::filesystem::path folder = PUSHFORWARD_EXAMPLE_DATA;
  // Sums over all pixels of red, green and blue, and the first and the last pixel, as read by the
  // script that made the files.
  const auto check = [&](const char* file, const Vector& sums, const Vector& first,
                         const Vector& last) {
    CAPTURE(file);
    const NpyPicture picture = read_npy_picture(folder / file);
    CHECK(picture.width == 400);
    CHECK(picture.height == 267);
    CHECK(picture.colours.minCoeff() == 0.0);
    CHECK(picture.colours.maxCoeff() == 255.0);
    CHECK(picture.colours.rowwise().sum() == sums);
    CHECK(picture.colours.col(0) == first);
    CHECK(picture.colours.rightCols(1) == last);
  };
  check("photograph_rocket.npy", Vector{{5581861.0, 6546273.0, 8787119.0}},
        Vector{{17.0, 33.0, 58.0}}, Vector{{81.0, 54.0, 27.0}});
  check("photograph_coffee.npy", Vector{{16935080.0, 9162805.0, 5498819.0}},
        Vector{{21.0, 13.0, 8.0}}, Vector{{143.0, 62.0, 29.0}});
}
