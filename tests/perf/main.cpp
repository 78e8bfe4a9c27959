// Runs every path for callgrind, which counts between the marks only (counts.py):
//   valgrind --tool=callgrind --instr-atstart=no perf_paths [PART OF A NAME]
//   perf_paths --toolchain     what the counts depend on besides the sources, as JSON
#include <cstdio>
#include <cstring>
#include <exception>
#include <gnu/libc-version.h>
#include <valgrind/callgrind.h>
#include <sextant/json.hpp>
#include "paths.hpp"

namespace {

// What the compiler says of itself begins with what it is.
#if defined(__clang__)
#define COMPILER __VERSION__
#else
#define COMPILER "GCC " __VERSION__
#endif

void print_toolchain() {
  using sextant::json::quote;
  std::printf("{\"compiler\": %s, \"libc\": %s, \"build\": %s}\n", quote(COMPILER).c_str(),
              quote(std::string("glibc ") + gnu_get_libc_version()).c_str(), quote(BUILD_SETTINGS).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  using namespace sextant::perf;
  const std::string pattern = argc > 1 ? argv[1] : "";
  if (pattern == "--toolchain") return print_toolchain(), 0;
  Paths paths;
  add_kernels(paths);
  add_forward(paths);
  add_schedule(paths);
  add_texts(paths);
  add_samples(paths);
  int failed = 0;
  for (const Path& path : paths) {
    if (path.name.find(pattern) == std::string::npos) continue;
    try {
      const Work work = path.prepare();
      work(0);
      CALLGRIND_START_INSTRUMENTATION;
      work(1);
      CALLGRIND_DUMP_STATS_AT(path.name.c_str());
      CALLGRIND_STOP_INSTRUMENTATION;  // forgets what was not dumped
    } catch (const std::exception& e) {
      std::printf("not counted: %s: %s\n", path.name.c_str(), e.what());
      ++failed;
    }
  }
  return failed ? 1 : 0;
}
