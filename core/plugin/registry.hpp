// Which plugins there are: found by their manifests (x.json next to x.so), without loading one. A .so without a manifest is
// checked statically and probed in a child process; the verdict is cached by path, size and mtime.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/abi.h>
#include <sextant/result.hpp>

namespace sextant::plugin {

enum class Kind : uint32_t {
  dataset = SXT_DATASET,
  template_ = SXT_TEMPLATE,
  model = SXT_MODEL,
  metric = SXT_METRIC,
  postprocessor = SXT_POSTPROCESSOR,
  retriever = SXT_RETRIEVER,
  inferencer = SXT_INFERENCER
};
std::string_view kind_name(Kind kind);                  // "dataset", "template", ...
Result<Kind> kind_from_name(std::string_view name);     // an error suggests the nearest kind

/// What a manifest says of one component.
struct ComponentInfo {
  Kind kind{};
  std::string id, version, summary, license;
  std::string schema;          // JSON Schema text
  uint32_t capabilities = 0;   // SXT_CAP_*
  std::string facts{};         // JSON object's text (facts.hpp reads it), or empty
};
/// One shared object that can be used.
struct PluginFile {
  std::filesystem::path path;
  std::string sha256;          // of the .so, as its manifest says; checked when the plugin is loaded
  uint32_t abi_major = 0, abi_minor = 0;
  std::vector<ComponentInfo> components;
};
struct Problem {               // a file that cannot be used, and why: one sentence that names the path
  std::filesystem::path path;
  std::string sentence;
  std::vector<std::string> ids{};   // what it would have offered ("metric:bleu"), where its manifest says so
};
struct Shadowed {              // a component hidden by one of the same id found earlier
  Kind kind{};
  std::string id;
  std::filesystem::path path, by;
};
struct Found {
  const PluginFile* file = nullptr;
  const ComponentInfo* component = nullptr;
};

struct SearchPath {
  std::vector<std::filesystem::path> folders;   // in the order of precedence
  /// --plugin-path folders, $SEXTANT_PLUGIN_PATH, $XDG_DATA_HOME/sextant/plugins, the folder relative to the program.
  static SearchPath standard(const std::vector<std::string>& plugin_path_flags);
};

class Registry {
 public:
  /// Reads the manifests of all folders. Never fails: what cannot be used is listed in problems(). The same id twice in one
  /// folder is a problem that names both files, and neither is used.
  static Registry discover(const SearchPath& search);
  const std::vector<PluginFile>& files() const { return files_; }
  const std::vector<Problem>& problems() const { return problems_; }
  const std::vector<Shadowed>& shadowed() const { return shadowed_; }
  const SearchPath& search() const { return search_; }
  /// An error suggests the nearest id, and names a file whose problem may be the reason.
  Result<Found> find(Kind kind, std::string_view id) const;

 private:
  std::vector<PluginFile> files_;
  std::vector<Problem> problems_;
  std::vector<Shadowed> shadowed_;
  SearchPath search_;
};

}  // namespace sextant::plugin
