#include "registry.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>
#include "../base/files.hpp"
#include "../base/text.hpp"
#include "manifest.hpp"
#include "probe.hpp"
#include "trust.hpp"

namespace sextant::plugin {
namespace fs = std::filesystem;
namespace {

/// The folder's *.so, sorted by name so that everything that follows has one order on every machine.
Result<std::vector<fs::path>> libraries_in(const fs::path& folder) {
  std::error_code code;
  const fs::file_status status = fs::status(folder, code);
  if (!fs::exists(status))
    return Error{
        Error::Kind::io,
        fmt::format("the plugin folder {} does not exist; check --plugin-path and $SEXTANT_PLUGIN_PATH", folder.string())};
  if (!fs::is_directory(status))
    return Error{Error::Kind::io,
                 fmt::format("{} is not a folder; --plugin-path takes the folder that holds the .so files", folder.string())};
  std::vector<fs::path> out;
  fs::directory_iterator entries(folder, code);
  for (; !code && entries != fs::directory_iterator(); entries.increment(code))
    if (entries->path().extension() == ".so") out.push_back(entries->path());
  if (code)
    return Error{Error::Kind::io,
                 fmt::format("cannot read the plugin folder {}: {}; check its permissions", folder.string(), code.message())};
  std::sort(out.begin(), out.end());
  return out;
}

Result<PluginFile> facts(const fs::path& library) {
  SXT_CHECK(check_file_owner(library));
  const fs::path manifest = fs::path(library).replace_extension(".json");
  std::error_code code;
  if (!fs::exists(manifest, code)) return probe(library);
  SXT_TRY(const std::string text, read_file(manifest, uint64_t{16} << 20));
  return parse_manifest(text, manifest.string(), library);
}

std::vector<std::string> names_of(const PluginFile& file) {
  std::vector<std::string> names;
  for (const ComponentInfo& component : file.components) names.push_back(component_name(component.kind, component.id));
  return names;
}

/// Takes files that offer the same component out of `files`: which of them is meant cannot be known.
std::vector<Problem> take_out_rivals(std::vector<PluginFile>& files) {
  std::vector<Problem> problems;
  std::set<fs::path> out;
  std::map<std::string, const PluginFile*> first;
  for (const PluginFile& file : files)
    for (const std::string& name : names_of(file)) {
      const auto [it, fresh] = first.try_emplace(name, &file);
      if (fresh) continue;
      problems.push_back({file.path,
                          fmt::format("{} and {} both hold {}; neither is used, remove one of them", it->second->path.string(),
                                      file.path.string(), name),
                          {}});
      for (const PluginFile* rival : {it->second, &file}) {
        out.insert(rival->path);
        for (std::string& lost : names_of(*rival)) problems.back().ids.push_back(std::move(lost));
      }
    }
  std::erase_if(files, [&](const PluginFile& file) { return out.count(file.path) > 0; });
  return problems;
}

}  // namespace

Registry Registry::discover(const SearchPath& search) {
  Registry out;
  out.search_ = search;
  std::set<fs::path> seen;
  std::map<std::string, fs::path> owner;
  for (const fs::path& given : search.folders) {
    std::error_code code;
    const fs::path folder = fs::absolute(given, code);
    if (const fs::path real = fs::canonical(folder, code); !code && !seen.insert(real).second) continue;
    if (const auto safe = check_folder_owner(folder); !safe) {
      out.problems_.push_back({folder, safe.error().message, {}});
      continue;
    }
    const auto libraries = libraries_in(folder);
    if (!libraries) {
      out.problems_.push_back({folder, libraries.error().message, {}});
      continue;
    }
    std::vector<PluginFile> files;
    for (const fs::path& library : *libraries) {
      if (auto file = facts(library)) files.push_back(*std::move(file));
      else out.problems_.push_back({library, file.error().message, {}});
    }
    for (Problem& problem : take_out_rivals(files)) out.problems_.push_back(std::move(problem));
    for (PluginFile& file : files) {
      std::erase_if(file.components, [&](const ComponentInfo& component) {
        const auto [it, fresh] = owner.try_emplace(component_name(component.kind, component.id), file.path);
        if (!fresh) out.shadowed_.push_back({component.kind, component.id, file.path, it->second});
        return !fresh;
      });
      if (!file.components.empty()) out.files_.push_back(std::move(file));
    }
  }
  return out;
}

Result<Found> Registry::find(Kind kind, std::string_view id) const {
  std::vector<std::string> ids;
  for (const PluginFile& file : files_)
    for (const ComponentInfo& component : file.components) {
      if (component.kind != kind) continue;
      if (component.id == id) return Found{&file, &component};
      ids.push_back(component.id);
    }
  std::string message = fmt::format("there is no {} '{}'{}", kind_name(kind), id, did_you_mean(id, ids));
  const std::string name = component_name(kind, id);
  for (const Problem& problem : problems_) {
    const std::string stem = problem.path.stem().string();
    const bool holds = std::find(problem.ids.begin(), problem.ids.end(), name) != problem.ids.end();
    if (!holds && !(stem.size() >= 3 && (id.find(stem) != id.npos || (id.size() >= 3 && stem.find(id) != stem.npos)))) continue;
    message += fmt::format("; perhaps because {}", problem.sentence);
    break;
  }
  std::vector<std::string> folders;
  for (const fs::path& folder : search_.folders) folders.push_back(folder.string());
  message += folders.empty() ? "; no plugin folder was found, name one with --plugin-path"
                             : fmt::format("; 'sextant plugins list' shows what is there (looked in {})", join(folders, ", "));
  return Error{Error::Kind::config, std::move(message)};
}

}  // namespace sextant::plugin
