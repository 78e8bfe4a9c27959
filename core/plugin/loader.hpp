// Maps a plugin into this process (Boost.DLL) and checks its entry before anything of it is called. A library is loaded and
// initialised once per process and never unloaded: its threads, its static objects and the texts that it handed out live on.
#pragma once
#include <filesystem>
#include <string_view>
#include "registry.hpp"

namespace sextant::plugin {

/// The checked entry of the library. `sha256` (of its manifest; empty: not checked) must be that of the file. Static
/// initialisers run here; an exception of theirs is an Error, a crash is not contained. Threads: [any].
Result<const sxt_entry*> load_library(const std::filesystem::path& path, std::string_view sha256);

/// Calls the library's init() with `host` the first time, and gives that call's result every time. `host` must live as long
/// as the process. Threads: [any].
Result<void> initialise(const std::filesystem::path& path, const sxt_entry& entry, const sxt_host& host);

/// A host that only logs, for describing and probing.
const sxt_host& bare_host();

/// What the file says of itself: loads it, without init(); its sha256 is computed.
Result<PluginFile> describe_library(const std::filesystem::path& path);

}  // namespace sextant::plugin
