// A crash costs the process (a plugin's memory is ours), never what was done before it: the journal holds every finished
// sample.
#include "crash.hpp"
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "../base/alternative_stack.hpp"
#include "../base/exit_code.hpp"
#include "../base/own_process.hpp"
#include "../serve/run_tasks.hpp"
#include "../plugin/call.hpp"

namespace sextant::cli {
namespace {

constexpr int crash_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

const char* name_of(int signal) {
  switch (signal) {
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGFPE: return "SIGFPE";
    case SIGILL: return "SIGILL";
    default: return "SIGABRT";
  }
}

std::atomic<bool> exits_watched = false;
std::atomic<int> code_of_main = -1;  // once main() knows it
std::atomic<bool> ending = false;

// Only what signal-safety(7) allows from here on.
void say(const char* text) {
  if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) leave_at_once(exit_internal);
}

// The thread that journals goes on meanwhile, unless it is the one that crashed.
void wait_for_the_journal() {
  constexpr timespec step{0, 5'000'000};
  for (int i = 0; i < 200 && serve::unkept_answers().load() > 0; ++i) ::nanosleep(&step, nullptr);
}

// The address space that the process has, in bytes; 0: not known.
size_t memory_taken() {
  char text[64] = {};
  const int fd = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  const ssize_t n = ::read(fd, text, sizeof text - 1);
  ::close(fd);
  size_t pages = 0;
  for (ssize_t i = 0; i < n && text[i] >= '0' && text[i] <= '9'; ++i) pages = 10 * pages + static_cast<size_t>(text[i] - '0');
  return pages * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

// Libraries that do not look at what malloc returns write to where a null pointer and an offset show; an exception that leaves
// a thread aborts. Both are lack of memory where as much again as a growing buffer may want cannot be had.
bool memory_has_run_out(int signal, const void* address) {
  constexpr uintptr_t null_and_offset = uintptr_t{1} << 40;  // below all that is mapped
  if (signal != SIGABRT && (signal != SIGSEGV || reinterpret_cast<uintptr_t>(address) >= null_and_offset)) return false;
  const size_t taken = memory_taken();
  if (taken == 0) return false;
  void* const as_much = ::mmap(nullptr, taken, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (as_much == MAP_FAILED) return true;
  ::munmap(as_much, taken);
  return false;
}

extern "C" void on_crash(int signal, siginfo_t* about, void*) {
  const bool out_of_memory = memory_has_run_out(signal, about->si_addr);
  wait_for_the_journal();
  say("\nsextant: error: ");
  const char* who = plugin::call_in_progress();
  if (out_of_memory) {
    say(*who ? who : "Sextant");
    say(" ran out of memory; allow the program more (ulimit -v shows what it may have), or give it smaller files and batches. "
        "What a run had finished is kept: -r goes on there\n");
    leave_at_once(exit_unavailable);
  }
  say(*who ? who : "Sextant itself");
  say(" crashed (");
  say(name_of(signal));
  say("); report it to ");
  say(*who ? "the plugin's author" : "Sextant's");
  say(". What a run had finished is kept: -r goes on there\n");
  leave_at_once(exit_internal);
}

// What the C library itself calls exit for (errx), and what found a way past interposed.cpp.
void on_exit_of_process(int status, void*) { on_exit_by_others(status); }

}  // namespace

int leaving(int code) {
  code_of_main = code;
  return code;
}

void on_exit_by_others(int status) {
  if (!exits_watched || is_forked()) return;
  if (const int code = code_of_main; code >= 0) {
    if (code != status) leave_at_once(code);
    return;
  }
  if (ending.exchange(true))
    for (;;) ::pause();  // another thread is about to end the process
  wait_for_the_journal();
  const char* who = plugin::call_in_progress();
  char text[512];
  std::snprintf(text, sizeof text,
                "\nsextant: error: %s ended the program (exit status %d) in the middle of its work; report it to %s. What a "
                "run had finished is "
                "kept: -r goes on there\n",
                *who ? who : "a library", status, *who ? "the plugin's author" : "Sextant's");
  say(text);
  leave_at_once(exit_internal);
}

void catch_crashes() {
  static const AlternativeStack stack;  // one that overflowed is not a place for a handler
  for (const int signal : crash_signals) {
    struct sigaction action{};
    ::sigaction(signal, nullptr, &action);
    if (action.sa_handler != SIG_DFL) continue;  // a sanitizer's, which says more
    action = {};
    action.sa_sigaction = on_crash;
    action.sa_flags = SA_ONSTACK | SA_SIGINFO;
    own_signal(signal, action);
  }
  if (!exits_watched.exchange(true)) (void)::on_exit(on_exit_of_process, nullptr);
}

}  // namespace sextant::cli
