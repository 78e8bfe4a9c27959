// Functions of the C library that stand here before the library's, so that plugins, and the libraries that they bring, find
// these. Part of the program alone: what links core without it has the library's own.
#include <cerrno>
#include <cstdlib>
#include <dlfcn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "../base/own_process.hpp"
#include "crash.hpp"

#define SXT_INTERPOSED extern "C" __attribute__((visibility("default")))

namespace {

template <class Function> Function next(const char* name) { return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name)); }

}  // namespace

// A run that a plugin ends looks like one that came to its end: "exit(0)" is what a program says that is done.
SXT_INTERPOSED void exit(int status) noexcept {
  sextant::cli::on_exit_by_others(status);
  next<void (*)(int)>("exit")(status);
  sextant::leave_at_once(status);
}
SXT_INTERPOSED void quick_exit(int status) noexcept {
  sextant::cli::on_exit_by_others(status);
  next<void (*)(int)>("quick_exit")(status);
  sextant::leave_at_once(status);
}
SXT_INTERPOSED void _exit(int status) {
  sextant::cli::on_exit_by_others(status);
  sextant::leave_at_once(status);
}
SXT_INTERPOSED void _Exit(int status) noexcept {
  sextant::cli::on_exit_by_others(status);
  sextant::leave_at_once(status);
}

// Paths of a run may be relative to the folder that it was started in, and its files have the modes of its starter's choice.
SXT_INTERPOSED int chdir(const char* path) noexcept {
  return sextant::may_move() ? static_cast<int>(::syscall(SYS_chdir, path)) : -1;
}
SXT_INTERPOSED int fchdir(int fd) noexcept { return sextant::may_move() ? static_cast<int>(::syscall(SYS_fchdir, fd)) : -1; }
SXT_INTERPOSED mode_t umask(mode_t mask) noexcept {
  if (sextant::may_move()) return static_cast<mode_t>(::syscall(SYS_umask, mask));
  return 022;
}
