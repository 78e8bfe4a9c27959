#include "presence.hpp"
#include <algorithm>
#include "../base/text.hpp"

namespace sextant::load {
namespace fs = std::filesystem;
namespace {

bool is_glob(std::string_view name) { return name.find_first_of("*?") != name.npos; }

void replace_all(std::string& text, std::string_view key, std::string_view by) {
  for (size_t at = text.find(key); at != text.npos; at = text.find(key, at + by.size())) text.replace(at, key.size(), by);
}

// A text, a list of texts, or an object of either by split.
void add_names(const json::Value& value, const std::string& split, std::vector<std::string>& out) {
  if (value.IsString()) out.emplace_back(json::text(value));
  if (value.IsArray())
    for (const auto& item : value.GetArray()) add_names(item, split, out);
  if (value.IsObject())
    if (const json::Value* own = json::find(value, split)) add_names(*own, split, out);
}

bool exists(const fs::path& folder, std::string_view pattern) {
  const size_t slash = pattern.find('/');
  const std::string part(pattern.substr(0, slash));
  const auto rest_exists = [&](const fs::path& child) {
    return slash == pattern.npos || exists(child, pattern.substr(slash + 1));
  };
  std::error_code code;
  if (!is_glob(part)) return fs::exists(folder / part, code) && rest_exists(folder / part);
  for (fs::directory_iterator it(folder, fs::directory_options::skip_permission_denied, code), end; !code && it != end;
       it.increment(code))
    if (glob_match(part, it->path().filename().string()) && rest_exists(it->path())) return true;
  return false;
}

}  // namespace

std::vector<std::string> files_of_set(const config::DatasetConfig& dataset) {
  const auto loader = json::parse(dataset.loader.config, dataset.card_path);
  if (!loader) return {};
  std::vector<std::string> splits = {dataset.test_split}, out;
  if (dataset.retriever.shows_examples()) splits.push_back(dataset.train_split);
  for (const std::string& split : splits) {
    std::vector<std::string> names;
    for (const char* key : {"file", "files"})
      if (const json::Value* value = json::find(*loader, key)) add_names(*value, split, names);
    for (const char* key : {"beside", "texts"})
      if (const json::Value* columns = json::find(*loader, key); columns && columns->IsObject())
        for (const auto& column : columns->GetObject()) add_names(column.value, split, names);
    for (std::string& name : names) {
      replace_all(name, "{split}", split);
      replace_all(name, "{name}", json::find_string(*loader, "name").value_or("{name}"));
      if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(std::move(name));
    }
  }
  return out;
}

fs::path folder_with(const std::vector<fs::path>& folders, const std::vector<std::string>& files, std::string& ret_missing) {
  std::string missing_first;
  bool looked = false;
  for (const fs::path& folder : folders) {
    std::error_code code;
    if (!fs::exists(folder, code)) continue;
    const auto lacking =
        std::find_if(files.begin(), files.end(), [&](const std::string& name) { return !exists(folder, name); });
    if (lacking == files.end()) return folder;
    if (!looked) missing_first = *lacking;
    looked = true;
  }
  ret_missing = missing_first;
  return {};
}

}  // namespace sextant::load
