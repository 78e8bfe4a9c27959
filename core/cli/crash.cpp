// A crash costs the process (a plugin's memory is ours), never what was done before it: the journal holds every finished sample.
#include "crash.hpp"
#include <csignal>
#include <ctime>
#include <cstring>
#include <unistd.h>
#include "../base/alternative_stack.hpp"
#include "../base/exit_code.hpp"
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

// Only what signal-safety(7) allows from here on.
void say(const char* text) {
  if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) ::_exit(exit_internal);
}

// The thread that journals goes on meanwhile, unless it is the one that crashed.
void wait_for_the_journal() {
  constexpr timespec step{0, 5'000'000};
  for (int i = 0; i < 200 && serve::unkept_answers().load() > 0; ++i) ::nanosleep(&step, nullptr);
}

extern "C" void on_crash(int signal) {
  wait_for_the_journal();
  say("\nsextant: error: ");
  const char* who = plugin::call_in_progress();
  say(*who ? who : "Sextant itself");
  say(" crashed (");
  say(name_of(signal));
  say("); report it to ");
  say(*who ? "the plugin's author" : "Sextant's");
  say(". What a run had finished is kept: -r goes on there\n");
  ::_exit(exit_internal);
}

}  // namespace

void catch_crashes() {
  static const AlternativeStack stack;  // one that overflowed is no place for a handler
  for (const int signal : crash_signals) {
    struct sigaction action{};
    ::sigaction(signal, nullptr, &action);
    if (action.sa_handler != SIG_DFL) continue;  // a sanitizer's, which says more
    action = {};
    action.sa_handler = on_crash;
    action.sa_flags = SA_ONSTACK;
    ::sigaction(signal, &action, nullptr);
  }
}

}  // namespace sextant::cli
