// A folder of plugins that a test fills and that goes away with it. The plugins are those of tests/bad_plugins, which the
// build names in $SEXTANT_BAD_PLUGINS; $SEXTANT_PROGRAM is the program that probes.
#pragma once
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <unistd.h>
#include "core/base/files.hpp"
#include "core/plugin/components.hpp"
#include "core/plugin/loader.hpp"
#include "core/plugin/manifest.hpp"
#include "core/plugin/probe.hpp"

namespace sextant::plugin::test {
namespace fs = std::filesystem;

/// False, and said so, where the plugins or the program are missing.
inline bool ready() {
  const char *plugins = std::getenv("SEXTANT_BAD_PLUGINS"), *program = std::getenv("SEXTANT_PROGRAM");
  if (!plugins || !program) {
    WARN("SKIP: $SEXTANT_BAD_PLUGINS (the folder of tests/bad_plugins) or $SEXTANT_PROGRAM is not set");
    return false;
  }
  ::setenv("ASAN_OPTIONS", "handle_segv=0", 1);  // a probing program built with a sanitizer shall crash as others do
  probe_settings().program = program;
  probe_settings().limit = std::chrono::milliseconds(5000);
  return true;
}

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "sextant-plugins-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()));
    path_ = fs::canonical(name);
    ::setenv("XDG_CACHE_HOME", (path_ / "cache").c_str(), 1);
  }
  Folder(const Folder&) = delete;
  ~Folder() {
    std::error_code code;
    fs::remove_all(path_, code);
  }
  const fs::path& path() const { return path_; }
  std::string text() const { return path_.string(); }

  /// A copy of one of tests/bad_plugins, by its name without ".so".
  fs::path add(const std::string& name, const std::string& as = "") {
    const fs::path to = path_ / ((as.empty() ? name : as) + ".so");
    fs::copy_file(fs::path(std::getenv("SEXTANT_BAD_PLUGINS")) / (name + ".so"), to, fs::copy_options::overwrite_existing);
    return to;
  }
  /// The same with its manifest beside it, so that nothing is probed.
  fs::path add_with_manifest(const std::string& name, const std::string& as = "") {
    const fs::path library = add(name, as);
    const auto facts = describe_library(library);
    REQUIRE(facts);
    write(fs::path(library).replace_extension(".json").filename().string(), json::write(manifest_json(*facts)));
    return library;
  }
  fs::path write(const std::string& name, std::string_view content) {
    REQUIRE(write_file(path_ / name, content));
    return path_ / name;
  }
  Registry discover() const { return Registry::discover({{path_}}); }

 private:
  fs::path path_;
};

inline std::string sentence_about(const Registry& registry, const fs::path& path) {
  for (const Problem& problem : registry.problems())
    if (problem.path == path) return problem.sentence;
  return "";
}

}  // namespace sextant::plugin::test
