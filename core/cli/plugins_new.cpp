#include "plugins_new.hpp"
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <utility>
#include <vector>
#include "../base/files.hpp"
#include "../base/text.hpp"
#include "../config/card_store.hpp"
#include "../plugin/manifest.hpp"
#include "version.hpp"

namespace sextant::cli {
namespace {

namespace fs = std::filesystem;
using plugin::Kind;
using Words = std::vector<std::pair<std::string, std::string>>;

std::string filled(std::string text, const Words& words) {
  for (const auto& [name, value] : words) {
    const std::string mark = "@" + name + "@";
    for (size_t at = 0; (at = text.find(mark, at)) != text.npos; at += value.size()) text.replace(at, mark.size(), value);
  }
  return text;
}

/// "word_count" -> "WordCount"
std::string type_name(const std::string& name) {
  std::string out;
  bool upper = true;
  for (const char c : name) {
    if (c == '_') upper = true;
    else out += std::exchange(upper, false) && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  }
  return out.empty() || (out[0] >= '0' && out[0] <= '9') ? "The" + out : out;
}

/// How a configuration or card names it: a few lines for the README.
std::string use_of(Kind kind, const std::string& name, bool python) {
  const std::string component =
      python ? fmt::format(R"({{"command": ["python3", "{}.py"]}})", name) : fmt::format(R"({{"type": "{}"}})", name);
  switch (kind) {
    case Kind::metric: return fmt::format("In a card or configuration:\n\n    \"eval\": {{\"metrics\": [{}]}}", component);
    case Kind::postprocessor:
      return fmt::format("In a card or configuration:\n\n    \"eval\": {{\"postprocessors\": [{}]}}", component);
    case Kind::dataset:
      return fmt::format("In a card or configuration:\n\n    \"loader\": {}, \"path\": \"FOLDER\"", component);
    case Kind::template_: return fmt::format("In a card or configuration:\n\n    \"infer\": {{\"template\": {}}}", component);
    case Kind::retriever:
      return fmt::format("In a card or configuration:\n\n    \"infer\": {{\"retriever\": {}, \"ice_num\": 3}}", component);
    case Kind::inferencer:
      return fmt::format("In a card or configuration:\n\n    \"infer\": {{\"inferencer\": {}}}", component);
    case Kind::model: break;
  }
  return python ? fmt::format(
                      "As a model, in a configuration:\n\n    \"models\": [{{\"abbr\": \"{0}\", \"backend\": \"command\", "
                      "\"config\": "
                      "{{\"command\": [\"python3\", \"{0}.py\"]}}}}]",
                      name)
                : fmt::format("As a model:\n\n    sextant run --backend {} --datasets demo_gen", name);
}

struct Made {
  fs::path file;
  std::string text;
};

Result<std::string> installed(const fs::path& file) {
  auto text = read_file(config::share_folder() / "new" / file);
  if (!text) return Error{Error::Kind::io, text.error().message + "; it is installed with the program: reinstall that"};
  return text;
}

Result<std::vector<Made>> files_of(Kind kind, const std::string& name, const std::string& language) {
  const std::string kind_text(plugin::kind_name(kind));
  std::string upper = kind_text;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) { return static_cast<char>(c - 32); });
  const fs::path prefix = config::share_folder().parent_path().parent_path();
  const bool python = language == "python", c = language == "c";
  const std::string suffix = python ? "py" : language;
  const std::string access =
      kind == Kind::dataset ? "static const char *path_of(sxt_object *object) { return ((instance *)object)->path; }\n"
      : kind == Kind::retriever
          ? "static uint64_t **rows_of(sxt_object *object) { return (uint64_t **)&((instance *)object)->own; }\n"
      : kind == Kind::model ? "static const sxt_host *host_of(sxt_object *object) { return ((instance *)object)->host; }\n"
                            : "";
  const std::string facts = kind == Kind::inferencer  ? R"("{\"form\": \"open\", \"rounds\": \"many\"}")"
                            : kind == Kind::retriever ? R"("{\"wants\": [\"texts\"]}")"
                                                      : "NULL";
  const Words words = {{"USE", use_of(kind, name, python)},
                       {"ACCESS", access},
                       {"FACTS", facts},
                       {"PROPERTIES", kind == Kind::dataset ? R"(\"path\": {\"type\": \"string\"})" : ""},
                       {"NAME", name},
                       {"TYPE", type_name(name)},
                       {"KIND", kind_text},
                       {"KIND_UPPER", upper},
                       {"SUFFIX", suffix},
                       {"PREFIX", prefix.string()},
                       {"LIBDIR", libdir},
                       {"MESON_LANGUAGE", c ? "c" : "cpp"},
                       {"MESON_STANDARD", c ? "c_std=gnu11" : "cpp_std=c++20"},
                       // C needs the headers alone, and not what the C++ classes use
                       {"MESON_DEPENDENCY", c ? "sdk.partial_dependency(compile_args: true, includes: true)" : "sdk"},
                       {"CMAKE_LANGUAGE", c ? "C" : "CXX"},
                       {"CMAKE_STANDARD", c ? "c_std_11" : "cxx_std_20"}};
  std::vector<Made> out;
  const auto add = [&](const std::string& from, const std::string& to) -> Result<void> {
    SXT_TRY(const std::string text, installed(from));
    out.push_back({to, filled(text, words)});
    return {};
  };
  SXT_CHECK(add(fmt::format("{}/{}.{}", language, kind_text, suffix), fmt::format("{}.{}", name, suffix)));
  if (c) {
    SXT_TRY(const std::string entry, installed("c/entry.c"));
    out.back().text += filled(entry, words);
  }
  SXT_CHECK(add(python ? "README.python.md" : "README.md", "README.md"));
  if (python) return out;
  for (const char* file : {"meson.build", "meson_options.txt", "CMakeLists.txt"}) SXT_CHECK(add(file, file));
  return out;
}

}  // namespace

Result<NewPlugin> new_plugin(Kind kind, const std::string& name, const std::string& language, const std::string& folder) {
  if (!plugin::is_component_id(name) || (name[0] >= '0' && name[0] <= '9') || name.size() > 60)
    return Error{Error::Kind::usage, fmt::format("'{}' cannot be the name of a component; write a-z, 0-9 and _, a letter first",
                                                 shorten(name, 60))};
  const std::vector<std::string> languages = {"cpp", "c", "python"};
  if (std::find(languages.begin(), languages.end(), language) == languages.end())
    return Error{Error::Kind::usage, fmt::format("--language {}{}; the languages are {}", language,
                                                 did_you_mean(language, languages), join(languages, ", "))};
  const fs::path to = folder.empty() ? fs::path(name) : fs::path(folder);
  SXT_TRY(const std::vector<Made> files, files_of(kind, name, language));
  std::error_code code;
  for (const Made& file : files)
    if (fs::exists(to / file.file, code))
      return Error{Error::Kind::usage,
                   fmt::format("{} is there already; name another folder with --folder", (to / file.file).string())};
  NewPlugin out;
  for (const Made& file : files) {
    SXT_CHECK(write_file(to / file.file, file.text));
    out.told += fmt::format("{}\n", (to / file.file).string());
  }
  const std::string in = language == "python" ? fmt::format("sextant plugins check python3 {}.py", name)
                                              : "meson setup build && meson test -C build";
  out.told += fmt::format("next: cd {} && {}  (README.md has the rest)\n", to.string(), in);
  return out;
}

}  // namespace sextant::cli
