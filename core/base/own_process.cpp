#include "own_process.hpp"
#include <atomic>
#include <cerrno>
#include <cfenv>
#include <fcntl.h>
#include <map>
#include <pthread.h>
#include <sched.h>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef __SSE2__
#include <xmmintrin.h>
#endif
#include "exit_code.hpp"

namespace sextant {
namespace {

struct Home {
  std::string folder;  // the current one; empty: it has no name any more
  mode_t mask = 022;
};
Home& home() {
  static auto* instance = new Home;  // never destroyed: plugins' threads may outlive main()
  return *instance;
}

std::map<int, struct sigaction>& own_signals() {
  static auto* instance = new std::map<int, struct sigaction>;
  return *instance;
}

bool pipe_errors = false;
bool no_stdout = false;
std::atomic<bool> forked = false;

constinit thread_local unsigned calls = 0;    // of plugins, on this thread
constinit thread_local unsigned rounding_before = 0;
constinit thread_local bool apart = false;    // this thread has a folder and a mask of its own
constinit thread_local bool moved = false;    // and perhaps other ones than the program's

// Rounding, traps and the treatment of denormal numbers, without the flags of what has happened.
unsigned rounding() {
#ifdef __SSE2__
  return _mm_getcsr() & ~0x3Fu;
#else
  return static_cast<unsigned>(std::fegetround());
#endif
}
void set_rounding(unsigned mode) {
  std::fesetenv(FE_DFL_ENV);
#ifdef __SSE2__
  _mm_setcsr(mode);
#else
  std::fesetround(static_cast<int>(mode));
#endif
}

// The system calls themselves: the functions of these names ask may_move().
void go_home() {
  if (!home().folder.empty()) (void)::syscall(SYS_chdir, home().folder.c_str());
  (void)::syscall(SYS_umask, home().mask);
  moved = false;
}

struct sigaction action_of(void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  return action;
}

}  // namespace

void prepare_process() {
  no_stdout = ::fcntl(1, F_GETFD) < 0 && errno == EBADF;
  for (int fd = 0; fd <= 2; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) (void)!::open("/dev/null", O_RDWR);  // the lowest that is free: this one
  struct sigaction inherited{};
  ::sigaction(SIGPIPE, nullptr, &inherited);
  pipe_errors = inherited.sa_handler == SIG_IGN;
  own_signal(SIGPIPE, action_of(SIG_IGN));
  own_signal(SIGXFSZ, action_of(SIG_IGN));
  own_signal(SIGCHLD, action_of(SIG_DFL));
  char folder[4096];
  if (::getcwd(folder, sizeof folder)) home().folder = folder;
  home().mask = static_cast<mode_t>(::syscall(SYS_umask, 0));
  (void)::syscall(SYS_umask, home().mask);
  ::pthread_atfork(nullptr, nullptr, [] { forked = true; });
}

bool stdout_was_closed() { return no_stdout; }
bool closed_pipes_are_errors() { return pipe_errors; }

void own_signal(int signal, const struct sigaction& action) {
  own_signals()[signal] = action;
  ::sigaction(signal, &action, nullptr);
}

void reinstate_signals() {
  for (const auto& [signal, action] : own_signals()) {
    struct sigaction now{};
    if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler != action.sa_handler) ::sigaction(signal, &action, nullptr);
  }
}

void leave_at_once(int code) {
  for (;;) (void)::syscall(SYS_exit_group, code);
}

bool is_forked() { return forked; }

void foreign_call_begins() {
  if (calls++ == 0) rounding_before = rounding();
}
void foreign_call_is_over() {
  if (forked) leave_at_once(exit_internal);
  if (--calls > 0) return;
  if (rounding() != rounding_before) set_rounding(rounding_before);
  if (moved) go_home();
}

bool may_move() {
  if (!apart) apart = ::unshare(CLONE_FS) == 0;
  if (apart || calls > 0) return moved = true;
  errno = EPERM;  // a thread of a plugin's own that would take the whole process along
  return false;
}

}  // namespace sextant
