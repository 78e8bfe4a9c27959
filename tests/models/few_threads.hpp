// While it lives a few threads can be started and no more: their stacks are large, the address space has room for three.
#pragma once
#include <pthread.h>
#include <sys/resource.h>
#include "statm.hpp"

namespace sextant::test {

class FewThreads {
 public:
  FewThreads() {
    constexpr size_t stack = size_t{256} << 20;
    pthread_getattr_default_np(&attributes_);
    pthread_attr_t large;
    pthread_getattr_default_np(&large);
    pthread_attr_setstacksize(&large, stack);
    pthread_setattr_default_np(&large);
    pthread_attr_destroy(&large);
    getrlimit(RLIMIT_AS, &limit_);
    rlimit less = limit_;
    less.rlim_cur = memory_of_process().mapped + 4 * stack;
    setrlimit(RLIMIT_AS, &less);
  }
  ~FewThreads() {
    setrlimit(RLIMIT_AS, &limit_);
    pthread_setattr_default_np(&attributes_);
    pthread_attr_destroy(&attributes_);
  }
  FewThreads(const FewThreads&) = delete;
  FewThreads& operator=(const FewThreads&) = delete;

 private:
  pthread_attr_t attributes_{};
  rlimit limit_{};
};

}  // namespace sextant::test
