#include <array>
#include <filesystem>

#include <doctest/doctest.h>

#include "pushforward/core/point_io.hpp"

using namespace pushforward;

TEST_CASE("digits: the shipped images and labels have the shape, range and counts they claim") {
  const std::filesystem::path folder = PUSHFORWARD_EXAMPLE_DATA;
  CHECK(read_npy_header(folder / "digits_images.npy").shape_text() == "(1797, 64)");
  CHECK(read_npy_header(folder / "digits_images.npy").type_name() == "uint8");
  const Matrix images = read_npy_points(folder / "digits_images.npy");
  const Vector labels = read_npy_vector(folder / "digits_labels.npy");
  REQUIRE(images.rows() == 64);
  REQUIRE(images.cols() == 1797);
  REQUIRE(labels.size() == 1797);
  CHECK(images.minCoeff() == 0.0);
  CHECK(images.maxCoeff() == 16.0);
  CHECK(images.sum() == 561718.0);
  CHECK(images(2, 0) == 5.0);  // the top row of the first image, a zero, is 0 0 5 13 9 1 0 0
  CHECK(images(3, 0) == 13.0);

  // Counts as the data set's documentation lists them for the test set.
  constexpr std::array<Index, 10> counts{178, 182, 177, 183, 181, 182, 181, 179, 174, 180};
  for (int digit = 0; digit < 10; ++digit) {
    CHECK((labels.array() == digit).count() == counts[static_cast<std::size_t>(digit)]);
  }
}

TEST_CASE("photographer: the shipped photograph has the shape, range and sum it claims") {
  const std::filesystem::path file =
      std::filesystem::path(PUSHFORWARD_EXAMPLE_DATA) / "photographer.npy";
  CHECK(read_npy_header(file).shape_text() == "(256, 256)");
  CHECK(read_npy_header(file).type_name() == "uint8");
  const Matrix greys = read_npy_points(file);
  CHECK(greys.minCoeff() == 2.0);
  CHECK(greys.maxCoeff() == 255.0);
  CHECK(greys.sum() == 8466205.0);
  CHECK(greys(0, 0) == 200.0);  // the sky
}
