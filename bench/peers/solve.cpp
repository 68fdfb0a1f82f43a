// Solves one problem for bench/peers/run.py: reads it, prints CPU seconds, peak memory and what the
// solver says of itself, and writes the coupling and the potentials for the caller to check.
//
// usage: peers_solve SOLVER FOLDER THREADS
//
// FOLDER holds x.npy and y.npy (n x d and m x d in C order), a.npy and b.npy, or cost.npy (m x n in
// C order, one target after another) instead of the points. Written there: entries.npy (3 x k: row,
// column, mass), f.npy and g.npy.
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>

#include "pushforward/core/point_io.hpp"
#include "pushforward/ot/assignment.hpp"
#include "pushforward/ot/network_simplex.hpp"

using namespace pushforward;

namespace {

struct Answer {
  SolveReport report;
  Matrix entries;  // 3 x k
  Vector f, g;
};

using Solver = std::function<Answer(const std::filesystem::path& folder, int threads, double& cpu)>;

double cpu_seconds() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Of this program alone: what getrusage says includes the process that started it.
long peak_megabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    long kilobytes;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes / 1024;
  }
  return -1;
}

template <class Solve>
auto timed(double& cpu, Solve solve) {
  const double begin = cpu_seconds();
  auto result = solve();
  cpu = cpu_seconds() - begin;
  return result;
}

Answer answer(const ot::NetworkSimplexResult& result) {
  Answer out{.report = result, .f = result.f, .g = result.g};
  const auto& entries = result.coupling.entries();
  out.entries.resize(3, static_cast<Index>(entries.size()));
  for (Index k = 0; k < out.entries.cols(); ++k) {
    const auto& e = entries[static_cast<std::size_t>(k)];
    out.entries.col(k) << static_cast<double>(e.row), static_cast<double>(e.col), e.mass;
  }
  return out;
}

Answer exact(const std::filesystem::path& folder, int threads, double& cpu) {
  const ot::TransportProblem problem{
      {read_npy_points(folder / "x.npy"), read_npy_vector(folder / "a.npy"), Mass::normalise},
      {read_npy_points(folder / "y.npy"), read_npy_vector(folder / "b.npy"), Mass::normalise}};
  return answer(timed(cpu, [&] { return ot::network_simplex(problem, {.threads = threads}); }));
}

Answer exact_dense(const std::filesystem::path& folder, int threads, double& cpu) {
  const Matrix cost = read_npy_points(folder / "cost.npy");
  const Vector a = read_npy_vector(folder / "a.npy");
  const Vector b = read_npy_vector(folder / "b.npy");
  return answer(timed(cpu, [&] { return ot::network_simplex(a, b, cost, {.threads = threads}); }));
}

Answer assignment(const std::filesystem::path& folder, int threads, double& cpu) {
  const Matrix cost = read_npy_points(folder / "cost.npy");
  const ot::AssignmentResult result =
      timed(cpu, [&] { return ot::assignment(cost, {.threads = threads}); });
  Answer out{.report = result, .entries = Matrix(3, cost.rows()), .f = result.f, .g = result.g};
  for (Index i = 0; i < cost.rows(); ++i) {
    out.entries.col(i) << static_cast<double>(i), static_cast<double>(result.target_of[i]),
        1.0 / static_cast<double>(cost.rows());
  }
  return out;
}

// One line a solver; bench/peers/run.py names them.
const std::map<std::string, Solver> solvers{
    {"exact", exact}, {"exact_dense", exact_dense}, {"assignment", assignment}};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 || !solvers.contains(argv[1])) {
    std::fprintf(stderr, "usage: peers_solve SOLVER FOLDER THREADS\nsolvers:");
    for (const auto& [name, solver] : solvers) std::fprintf(stderr, " %s", name.c_str());
    std::fprintf(stderr, "\n");
    return 2;
  }
  const std::filesystem::path folder = argv[2];
  double cpu = 0.0;
  const Answer out = solvers.at(argv[1])(folder, std::stoi(argv[3]), cpu);
  write_npy_points(folder / "entries.npy", out.entries);
  write_npy_vector(folder / "f.npy", out.f);
  write_npy_vector(folder / "g.npy", out.g);
  std::printf("{\"cpu\": %.6f, \"peak_mb\": %ld, \"termination\": \"%s\", \"iterations\": %lld}\n",
              cpu, peak_megabytes(), std::string(name(out.report.termination)).c_str(),
              static_cast<long long>(out.report.iterations));
  return 0;
}
