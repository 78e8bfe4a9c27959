// What belongs to the process as a whole and is kept the program's own: its standard descriptors, signals, current folder, file
// mask and rounding. A plugin runs inside the process and may change all of them ([ADR
// 27](docs/adr/0027-a-plugin-cannot-end-the-run.md)).
#pragma once
#include <csignal>

namespace sextant {

/// To be called first in main(), before a thread or a file:
/// - a standard descriptor that is closed is opened on /dev/null, or the next file to be opened would get what is printed;
/// - a file that grows beyond the limit (SIGXFSZ) and a pipe that nobody reads (SIGPIPE) are errors of write(2), which name the
/// file;
/// - children can be waited for, although the parent ignored SIGCHLD.
void prepare_process();

/// Whether standard output was closed when the program began: what is printed goes nowhere.
bool stdout_was_closed();

/// Whether the parent had SIGPIPE ignored: then a closed pipe is an error, not a quiet end.
bool closed_pipes_are_errors();

/// Installs a handler that stays: reinstate_signals() puts it back where something has replaced it. From one thread only.
void own_signal(int signal, const struct sigaction& action);
void reinstate_signals();

/// Ends the process now, whatever runs in it. Safe in a signal handler.
[[noreturn]] void leave_at_once(int code);

/// Whether this is a child that something forked off the program: it has the program's memory and files, and none of its work.
bool is_forked();

/// Around each call of a plugin, on its thread; they nest. When the outermost is over, the rounding mode, the current folder
/// and the file mask are what they were, and a child that a plugin forked and let go on ends.
void foreign_call_begins();
void foreign_call_is_over();

/// Asked when code that is not the program's wants another current folder or file mask (cli/interposed.cpp): it gets one of its
/// own, this thread's, until the call is over. False, with errno, where it cannot have one.
bool may_move();

}  // namespace sextant
