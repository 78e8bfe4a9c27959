// A plugin without a manifest is loaded in a child process first (this program as `sextant plugins probe FILE.so`, spawned,
// not forked: a fork after threads or CUDA were started is unsafe), so that one that crashes, exits or never returns costs
// one sentence. What the child found is cached by path, size, mtime and the probing program.
#pragma once
#include <chrono>
#include <filesystem>
#include <string>
#include "registry.hpp"

namespace sextant::plugin {

struct ProbeSettings {
  std::filesystem::path program;            // empty: this program
  std::chrono::milliseconds limit{5000};    // cuBLAS' initialisers take 50-400 ms; ten times that is a hang
};
/// Set it before discovery; not synchronised.
ProbeSettings& probe_settings();

/// The plugin's facts, from the child or the cache; an error is one sentence that names the file. A cache that is damaged or
/// cannot be written is as good as none. Threads: [any].
Result<PluginFile> probe(const std::filesystem::path& library);

/// The same without the cache; `ret_init_error` is what the plugin's init() failed with in the child, if it did.
Result<PluginFile> probe_afresh(const std::filesystem::path& library, std::string& ret_init_error);

/// The child's side: loads and initialises the library here, writes one line to stdout, its manifest or {"error": "..."},
/// and ends the process (so that nothing of the plugin's runs on the way out): 0, or 65 with an error.
[[noreturn]] void probe_here(const std::filesystem::path& library);

}  // namespace sextant::plugin
