#include "card_store.hpp"
#include <algorithm>
#include <cctype>
#include <array>
#include <boost/dll/runtime_symbol_info.hpp>
#include <fmt/format.h>
#include <unordered_map>
#include <unordered_set>
#include "../base/files.hpp"
#include "../base/text.hpp"
#include "json_source.hpp"

namespace sextant::config {
namespace fs = std::filesystem;
namespace {

constexpr std::array<std::string_view, 3> kind_names = {"dataset", "model", "summarizer"};  // in CardKind's order
constexpr size_t extends_depth_max = 32;
constexpr int folder_depth_max = 2;  // cards/, cards/datasets/x.json, cards/datasets/set/x.json

std::vector<fs::path> json_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code code;
  fs::recursive_directory_iterator it(folder, fs::directory_options::skip_permission_denied, code), end;
  for (; !code && it != end; it.increment(code)) {
    if (it.depth() >= folder_depth_max) it.disable_recursion_pending();
    if (it->path().extension() == ".json" && it->is_regular_file(code)) files.push_back(it->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

struct Candidate {
  fs::path path;
  std::string kind, summary;            // "": the file does not say
  std::vector<std::string> parents;     // what it extends
};

// A file that does not say what it is, is what it extends: a file in the same folder, or a card by its name. Each round decides
// one level more.
void inherit_kinds(std::vector<Candidate>& candidates) {
  std::unordered_map<std::string, size_t> by_path, by_name;
  for (size_t i = 0; i < candidates.size(); ++i) {
    by_path.emplace(candidates[i].path.lexically_normal().string(), i);
    by_name.emplace(candidates[i].path.stem().string(), i);
  }
  const auto parent_of = [&](const Candidate& child, const std::string& parent) -> const Candidate* {
    if (const auto it = by_path.find((child.path.parent_path() / parent).lexically_normal().string()); it != by_path.end())
      return &candidates[it->second];
    const fs::path name(parent);
    const auto it = by_name.find(name.extension() == ".json" ? name.stem().string() : parent);
    return it == by_name.end() ? nullptr : &candidates[it->second];
  };
  bool any = true;
  for (size_t round = 0; any && round < extends_depth_max; ++round) {
    any = false;
    for (Candidate& child : candidates) {
      if (!child.kind.empty()) continue;
      for (const std::string& name : child.parents) {
        const Candidate* parent = parent_of(child, name);
        if (!parent || parent == &child || parent->kind.empty()) continue;
        any = true;
        child.kind = parent->kind;
        if (child.summary.empty()) child.summary = parent->summary;
      }
    }
  }
}

}  // namespace

CardStore CardStore::open(const std::vector<fs::path>& folders) {
  CardStore store;
  std::vector<Candidate> candidates;
  for (const fs::path& folder : folders) {
    for (const fs::path& path : json_files(folder)) {
      const auto text = read_file(path, 16u << 20);
      if (!text) { store.problems_.push_back(text.error().message); continue; }
      const auto document = json::parse(*text, path.string(), json::Syntax::relaxed);
      if (!document) { store.problems_.push_back(document.error().message); continue; }
      candidates.push_back(
          {path, json::find_string(*document, "card").value_or(""), json::find_string(*document, "summary").value_or(""), {}});
      const json::Value* extends = json::find(*document, "extends");
      if (extends && extends->IsString()) candidates.back().parents.emplace_back(json::text(*extends));
      if (extends && extends->IsArray())
        for (const auto& parent : extends->GetArray())
          if (parent.IsString()) candidates.back().parents.emplace_back(json::text(parent));
    }
  }
  inherit_kinds(candidates);
  std::array<std::unordered_set<std::string>, kind_names.size()> taken;
  for (Candidate& candidate : candidates) {
    if (candidate.kind.empty()) continue;
    const auto known = std::find(kind_names.begin(), kind_names.end(), candidate.kind);
    if (known == kind_names.end()) {
      store.problems_.push_back(fmt::format("{}: \"card\" is '{}'; it must be 'dataset', 'model' or 'summarizer'",
                                            candidate.path.string(), candidate.kind));
      continue;
    }
    const auto kind = static_cast<size_t>(known - kind_names.begin());
    CardEntry entry{static_cast<CardKind>(kind), candidate.path.stem().string(), candidate.path, std::move(candidate.summary)};
    (taken[kind].insert(entry.name).second ? store.entries_ : store.shadowed_).push_back(std::move(entry));
  }
  std::sort(store.entries_.begin(), store.entries_.end(),
            [](const CardEntry& a, const CardEntry& b) { return a.name < b.name; });
  return store;
}

// OpenCompass' file of a model and our card of it differ in "hf_" and in what separates words: hf_internlm2_chat_1_8b.
static std::string folded_model_name(std::string_view name) {
  std::string out;
  if (name.starts_with("hf_")) name.remove_prefix(3);
  for (const char c : name)
    if (std::isalnum(static_cast<unsigned char>(c))) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

Result<const CardEntry*> CardStore::find(CardKind kind, std::string_view name) const {
  std::vector<std::string> names;
  for (const CardEntry& entry : entries_) {
    if (entry.kind != kind) continue;
    if (entry.name == name) return &entry;
    names.push_back(entry.name);
  }
  if (kind == CardKind::model) {
    const CardEntry* same = nullptr;
    size_t found = 0;
    for (const CardEntry& entry : entries_)
      if (entry.kind == kind && folded_model_name(entry.name) == folded_model_name(name)) same = &entry, ++found;
    if (found == 1) return same;
  }
  const char* what = kind == CardKind::dataset ? "data set" : kind == CardKind::model ? "model" : "summarizer";
  for (const std::string& problem : problems_)  // a broken card is the likelier reason than a typo
    if (problem.find("/" + std::string(name) + ".json") != problem.npos) return Error{Error::Kind::config, problem};
  std::error_code code;
  const bool is_path = kind == CardKind::model && fs::exists(name, code);
  return Error{Error::Kind::config,
               fmt::format("there is no {} called '{}'{}; `sextant list {}s` shows what there is{}", what, name,
                           did_you_mean(name, names), kind_names[static_cast<size_t>(kind)],
                           is_path ? fmt::format(", and what lies here is named with its path, ./{}", name) : "")};
}

CardFinder finder_of(const CardStore* store, CardKind kind) {
  if (!store) return {};
  return [store, kind](std::string_view name, const std::vector<std::string>& chain) -> const CardEntry* {
    for (const auto* list : {&store->entries(), &store->shadowed()})
      for (const CardEntry& entry : *list) {
        std::error_code code;
        if (entry.kind != kind || entry.name != name) continue;
        if (std::find(chain.begin(), chain.end(), fs::weakly_canonical(entry.path, code).string()) == chain.end())
          return &entry;
      }
    return nullptr;
  };
}

std::vector<fs::path> card_folders(const std::string& config_dir, std::span<const fs::path> plugin_folders) {
  std::vector<fs::path> folders;
  if (!config_dir.empty()) folders.emplace_back(config_dir);
  for (const fs::path& folder : plugin_folders) folders.push_back(folder / "cards");
  folders.push_back(share_folder() / "cards");
  return folders;
}

fs::path share_folder() {
  std::error_code code;
  const fs::path program(boost::dll::program_location().string());
  return fs::weakly_canonical(program.parent_path() / ".." / "share" / "sextant", code);
}

}  // namespace sextant::config
