// What is said when the program crashes, or when something inside it ends it.
#pragma once

namespace sextant::cli {

/// From now on SIGSEGV and its like end the process with one sentence that names the plugin being called and exit code 70 (69 where
/// memory has run out), not with the signal; so does an end that main() does not bring about (a plugin calls exit). For all commands but `plugins probe`
/// and `worker`, whose parents want to see how they end.
void catch_crashes();

/// main() is about to return `code`: what ends the process from now on does not change it.
int leaving(int code);

/// exit() or the like has been called, not by the program itself (cli/interposed.cpp). It does not return where that is
/// watched.
void on_exit_by_others(int status);

}  // namespace sextant::cli
