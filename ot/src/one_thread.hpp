/// Keeps small draws on the thread that asks for them.
#pragma once

#ifdef _OPENMP
#include <omp.h>
#endif

namespace pushforward::ot::detail {

/// While it lives, loops of a sampler called from this thread stay on it: blocks are small, and are
/// spread over threads already where that pays.
class OneThread {
 public:
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
#ifdef _OPENMP
  OneThread() : threads_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(threads_); }

 private:
  int threads_;
#else
  OneThread() {}
  ~OneThread() {}
#endif
};

}  // namespace pushforward::ot::detail
