#include "loader.hpp"
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <vector>  // Boost 1.74's headers use it without including it
#include <boost/dll/shared_library.hpp>
#include <fmt/format.h>
#include <sextant/sha256.hpp>
#include "../base/log.hpp"
#include "../base/own_process.hpp"
#include "call.hpp"
#include "elf_check.hpp"
#include "manifest.hpp"

namespace sextant::plugin {
namespace fs = std::filesystem;
namespace {

struct Library {
  boost::dll::shared_library handle;
  Result<const sxt_entry*> entry = nullptr;
  std::optional<Result<void>> initialised;
};
struct Libraries {
  std::mutex mutex;
  std::map<fs::path, Library> by_path;
};
Libraries& libraries() {
  static auto* instance = new Libraries;  // never destroyed: that would unload them
  return *instance;
}

/// Boost wraps dlerror()'s text: "... failed (dlerror system message: <what we want>): Bad file descriptor", where the end
/// is Boost's own error code and misleads.
std::string dlopen_reason(std::string_view what, const fs::path& path) {
  constexpr std::string_view before = "(dlerror system message: ";
  if (const size_t start = what.find(before); start != what.npos) {
    what.remove_prefix(start + before.size());
    const size_t end = what.rfind("): ") != what.npos ? what.rfind("): ") : what.rfind(')');
    what = what.substr(0, end);
  }
  const std::string prefix = path.string() + ": ";
  if (what.starts_with(prefix)) what.remove_prefix(prefix.size());
  return one_line(what);
}

Result<boost::dll::shared_library> map_library(const fs::path& path) {
  namespace mode = boost::dll::load_mode;
  const auto failed = [&](std::string_view why, Error::Kind kind = Error::Kind::data) {
    return Error{kind, fmt::format("{} cannot be loaded: {}", path.string(), why)};
  };
  try {
    const CallMark mark(path.string());  // its initialisers run
    boost::dll::shared_library handle;
    handle.load(path, mode::rtld_now | mode::rtld_local);
    return handle;
  } catch (const boost::dll::fs::system_error& e) {
    const std::string reason = dlopen_reason(e.what(), path);
    // a library that the plugin needs and this machine has not got (a GPU's, say): not the file's fault
    const bool needs_library = reason.find("cannot open shared object file") != reason.npos;
    const bool lacks_memory =
        reason.find("failed to map segment") != reason.npos || reason.find("allocate memory") != reason.npos;
    if (lacks_memory)
      return failed(reason + "; memory has run out: allow the process more (ulimit -v), or free some", Error::Kind::device);
    return failed(reason + (needs_library ? "; install that library" : "; rebuild the plugin against what is installed here"),
                  needs_library ? Error::Kind::device : Error::Kind::data);
  } catch (const std::exception& e) {
    return failed("a static initialiser threw " + one_line(e.what()));
  } catch (...) {
    return failed("a static initialiser threw an exception");
  }
}

/// The entry in memory, checked once more: an initialiser or a relocation might have changed it.
Result<const sxt_entry*> entry_of(const boost::dll::shared_library& handle, const fs::path& path) {
  const sxt_entry* entry = nullptr;
  try {
    entry = &handle.get<const sxt_entry>(SXT_ENTRY_SYMBOL);
  } catch (const std::exception& e) {
    return Error{Error::Kind::data,
                 fmt::format("{} exports no " SXT_ENTRY_SYMBOL ": {}", path.string(), dlopen_reason(e.what(), path))};
  }
  EntryHead head{};
  std::memcpy(&head, entry, sizeof head);
  SXT_CHECK(check_head(head, path));
  return entry;
}

}  // namespace

Result<const sxt_entry*> load_library(const fs::path& path, std::string_view sha256) {
  std::error_code code;
  fs::path key = fs::canonical(path, code);
  if (code) key = path;
  Libraries& all = libraries();
  const std::lock_guard lock(all.mutex);
  if (const auto it = all.by_path.find(key); it != all.by_path.end()) return it->second.entry;

  SXT_TRY(const EntryHead head_in_file, check_elf(path));
  SXT_CHECK(check_head(head_in_file, path));
  if (!sha256.empty()) {
    SXT_TRY(const std::string actual, sha256_file(path));
    if (actual != sha256)
      return Error{Error::Kind::data,
                   fmt::format("{} is not the file that its manifest describes (sha256 {}..., the manifest says {}...); "
                               "write it anew with 'sextant plugins describe {}'",
                               path.string(), actual.substr(0, 12), sha256.substr(0, 12), path.string())};
  }
  auto mapped = map_library(path);
  reinstate_signals();
  SXT_TRY(boost::dll::shared_library handle, std::move(mapped));
  Library& kept = all.by_path[key];  // kept whatever comes: its initialisers have run
  kept.handle = std::move(handle);
  kept.entry = entry_of(kept.handle, path);
  return kept.entry;
}

Result<void> initialise(const fs::path& path, const sxt_entry& entry, const sxt_host& host) {
  if (!SXT_HAS(&entry, init)) return {};
  Libraries& all = libraries();
  const std::lock_guard lock(all.mutex);
  for (auto& [key, library] : all.by_path) {
    if (!library.entry || *library.entry != &entry) continue;
    if (!library.initialised)
      library.initialised = guarded(path.string(), "init", [&](sxt_error* reason) { return entry.init(&host, reason); });
    reinstate_signals();
    return *library.initialised;
  }
  return {};
}

const sxt_host& bare_host() {
  static const sxt_host host{sizeof(sxt_host),
                             SXT_ABI_MAJOR,
                             SXT_ABI_MINOR_NEWEST,
                             0,
                             nullptr,
                             [](void*, int32_t, sxt_str text) { log_info(one_line(view(text).value_or(""))); },
                             [](void*, uint64_t) -> int32_t { return 0; },
                             [](void*, uint64_t, uint64_t, uint64_t) {},
                             [](void*, const char*) -> const void* { return nullptr; }};
  return host;
}

Result<PluginFile> describe_library(const fs::path& path) {
  SXT_TRY(const std::string sha256, sha256_file(path));
  SXT_TRY(const sxt_entry* entry, load_library(path, ""));
  SXT_TRY(PluginFile facts, facts_of(*entry, path));
  facts.sha256 = sha256;
  return facts;
}

}  // namespace sextant::plugin
