/// The header of a .npy file, from a file already open.
#pragma once

#include "pushforward/core/point_io.hpp"

#include "core/src/data_file.hpp"

namespace pushforward::detail {

/// Leaves the stream at the first entry. The header's promise has been held against the length of
/// the file: what it says may be allocated.
NpyHeader read_npy_header(DataFile& file, const std::filesystem::path& path);

}  // namespace pushforward::detail
