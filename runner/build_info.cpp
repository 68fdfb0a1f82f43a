// What was fixed when the program was built. A file of its own: it is compiled anew at every
// commit.
#include <string>

#include <Eigen/Core>
#include <nlohmann/json.hpp>
#if __has_include(<boost/version.hpp>)
#include <boost/version.hpp>
#endif

#include "pushforward_revision.hpp"
#include "runner/provenance.hpp"

namespace pushforward::runner {

BuildInfo build_info() {
  BuildInfo info;
  info.version = PUSHFORWARD_VERSION;
  info.revision = PUSHFORWARD_REVISION;
  info.build_type = PUSHFORWARD_BUILD_TYPE;
  info.flags = PUSHFORWARD_FLAGS;
  info.compiler = __VERSION__;
  info.eigen = std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) +
               "." + std::to_string(EIGEN_MINOR_VERSION);
  info.json = std::to_string(NLOHMANN_JSON_VERSION_MAJOR) + "." +
              std::to_string(NLOHMANN_JSON_VERSION_MINOR) + "." +
              std::to_string(NLOHMANN_JSON_VERSION_PATCH);
#ifdef BOOST_LIB_VERSION
  info.boost = BOOST_LIB_VERSION;
#endif
#ifdef _OPENMP
  info.openmp = std::to_string(_OPENMP);
#else
  info.openmp = "none";
#endif
  return info;
}

}  // namespace pushforward::runner
