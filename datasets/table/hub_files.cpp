#include "hub_files.hpp"
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <optional>
#include <sextant/csv.hpp>
#include <sextant/list_text.hpp>
#include <sextant/message_text.hpp>
#include <sextant/yaml.hpp>
#include "unpack.hpp"

namespace sextant::tables {
namespace fs = std::filesystem;
namespace {

using Splits = std::vector<std::pair<std::string, std::vector<fs::path>>>;

constexpr size_t files_max = 100'000;
constexpr std::array endings =
    std::to_array<std::string_view>({".jsonl", ".json", ".csv", ".tsv", ".parquet", ".arrow", ".txt", ".zip"});

Error missing(const HubSet& set, const std::string& what) {
  const std::string revision = set.revision.empty() || set.revision == "main" ? "" : " --revision " + set.revision;
  return {Error::Kind::missing,
          fmt::format("{}; where there is a network: hf download --repo-type dataset {}{}", what, set.repo, revision)};
}

// Patterns of glob: * and ? within a name, ** over folders. Each pair of places is looked at once, so that no pattern takes
// long.
class Glob {
 public:
  Glob(std::string_view pattern, std::string_view text)
      : pattern_(pattern), text_(text), known_((pattern.size() + 1) * (text.size() + 1), unknown) {}
  bool matches() { return at(0, 0); }

 private:
  static constexpr signed char unknown = -1;
  bool at(size_t p, size_t t) {
    signed char& known = known_[p * (text_.size() + 1) + t];
    if (known == unknown) known = look(p, t);
    return known != 0;
  }
  bool look(size_t p, size_t t) {
    if (p == pattern_.size()) return t == text_.size();
    if (pattern_.substr(p).starts_with("**/")) {
      if (at(p + 3, t)) return true;
      const size_t slash = text_.find('/', t);
      return slash != text_.npos && at(p, slash + 1);
    }
    if (pattern_.substr(p).starts_with("**")) return at(p + 2, t) || (t < text_.size() && at(p, t + 1));
    if (pattern_[p] == '*') return at(p + 1, t) || (t < text_.size() && text_[t] != '/' && at(p, t + 1));
    return t < text_.size() && (pattern_[p] == text_[t] || (pattern_[p] == '?' && text_[t] != '/')) && at(p + 1, t + 1);
  }
  std::string_view pattern_, text_;
  std::vector<signed char> known_;
};
constexpr size_t pattern_bytes_max = 1000;

struct Listed {
  std::string name;   // relative, with /
  fs::path path;
};
std::vector<Listed> files_below(const fs::path& folder) {
  std::vector<Listed> out;
  std::error_code code;
  const auto options = fs::directory_options::skip_permission_denied | fs::directory_options::follow_directory_symlink;
  for (fs::recursive_directory_iterator it(folder, options, code), end; !code && it != end && out.size() < files_max;
       it.increment(code)) {
    const std::string name = it->path().filename().string();
    if (it.depth() > 20) it.disable_recursion_pending();
    if (name.starts_with('.') || name.starts_with("__")) it.disable_recursion_pending();
    else if (!it->is_directory(code)) out.push_back({it->path().lexically_relative(folder).generic_string(), it->path()});
  }
  std::sort(out.begin(), out.end(), [](const Listed& a, const Listed& b) { return a.name < b.name; });
  return out;
}

// The snapshot of the cache that the revision names, or the folder itself.
Result<fs::path> snapshot_of(const HubSet& set) {
  std::error_code code;
  if (!fs::is_directory(set.path, code))
    return missing(set, fmt::format("the data set {} is not in the cache of the Hugging Face hub: there is no {}", set.repo,
                                    set.path.string()));
  if (!fs::is_directory(set.path / "snapshots", code)) return set.path;
  const std::string revision = set.revision.empty() ? "main" : set.revision;
  std::string commit = revision;
  if (std::ifstream ref(set.path / "refs" / revision); ref) {
    commit.assign(std::istreambuf_iterator<char>(ref), {});
    while (!commit.empty() && (commit.back() == '\n' || commit.back() == ' ' || commit.back() == '\r')) commit.pop_back();
  }
  if (commit.empty() || commit.find('/') != commit.npos || commit.front() == '.' ||
      !fs::is_directory(set.path / "snapshots" / commit, code))
    return missing(set, fmt::format("the cache's {} has no snapshot of the revision {}", set.path.string(), revision));
  return set.path / "snapshots" / commit;
}

Result<std::vector<fs::path>> resolved(const HubSet& set, const fs::path& root, const std::vector<std::string>& patterns,
                                       const std::vector<Listed>& listed) {
  std::vector<fs::path> out;
  for (const std::string& pattern : patterns) {
    if (pattern.find("://") != pattern.npos)
      return Error{
          Error::Kind::missing,
          fmt::format(
              "the file {} is to be fetched from the network, which is not done; fetch it, and name the file in data_files",
              pattern)};
    if (set.local) {
      out.push_back(root / pattern);
      continue;
    }
    if (pattern.size() > pattern_bytes_max)
      return Error{Error::Kind::config,
                   fmt::format("a file name of {} has {} bytes, more than a file name can have", set.repo, pattern.size())};
    std::string wanted = pattern;
    while (wanted.starts_with("./")) wanted.erase(0, 2);
    if (!set.data_dir.empty()) wanted = set.data_dir + "/" + wanted;
    const size_t before = out.size();
    for (const Listed& file : listed)
      if (Glob(wanted, file.name).matches()) out.push_back(file.path);
    if (out.size() == before)
      return missing(set,
                     fmt::format("no file in {} matches '{}', which the data set {} names", root.string(), wanted, set.repo));
  }
  return out;
}

// "data_files" of a task or of a README's entry: by split, or one split's, which is called train.
Result<Splits> named_files(const HubSet& set, const fs::path& root, const json::Value& files,
                           const std::vector<Listed>& listed) {
  Splits out;
  const auto add = [&](const std::string& split, const json::Value* patterns) -> Result<void> {
    SXT_TRY(auto paths, resolved(set, root, list_text::one_or_more(patterns), listed));
    if (paths.empty())
      return Error{Error::Kind::config, fmt::format("the data_files of the split '{}' of {} name no file", split, set.repo)};
    out.emplace_back(split, std::move(paths));
    return {};
  };
  if (files.IsObject()) {
    for (const auto& member : files.GetObject()) SXT_CHECK(add(std::string(json::text(member.name)), &member.value));
  } else if (files.IsArray() && !files.Empty() && files[0].IsObject()) {
    for (const auto& item : files.GetArray())
      SXT_CHECK(add(json::find_string(item, "split").value_or("train"), json::find(item, "path")));
  } else {
    SXT_CHECK(add("train", &files));
  }
  return out;
}

// The YAML between the two lines "---" at a README's beginning.
Result<std::optional<json::Document>> front_matter(const fs::path& readme) {
  std::error_code code;
  if (!fs::exists(readme, code)) return std::optional<json::Document>();
  SXT_TRY(const std::string text, csv::read_text(readme));
  const size_t begin = text.starts_with("---\r\n") ? 5 : text.starts_with("---\n") ? 4 : text.npos;
  const size_t end = begin == text.npos ? text.npos : text.find("\n---", begin);
  if (end == text.npos) return std::optional<json::Document>();
  SXT_TRY(json::Document yaml, yaml::parse(std::string_view(text).substr(begin, end + 1 - begin), readme.string()));
  return std::optional<json::Document>(std::move(yaml));
}

Result<std::optional<Splits>> readme_files(const HubSet& set, const fs::path& root, const std::vector<Listed>& listed) {
  SXT_TRY(const auto yaml, front_matter(root / "README.md"));
  const json::Value* configs = yaml ? json::find(*yaml, "configs") : nullptr;
  if (!configs || !configs->IsArray() || configs->Empty()) return std::optional<Splits>();
  const json::Value* chosen = nullptr;
  std::vector<std::string> names;
  for (const auto& config : configs->GetArray()) {
    names.push_back(json::find_string(config, "config_name").value_or("default"));
    const bool is_default = names.back() == "default" || json::find_bool(config, "default").value_or(false);
    if (set.name.empty() ? is_default || configs->Size() == 1 : names.back() == set.name) chosen = &config;
  }
  if (!chosen)
    return Error{Error::Kind::config,
                 fmt::format("the data set {} has no configuration '{}'{}; it has: {}", set.repo,
                             set.name.empty() ? "default" : set.name, did_you_mean(set.name, names), join(names, ", "))};
  HubSet own = set;
  if (const auto folder = json::find_string(*chosen, "data_dir")) own.data_dir = *folder;
  const json::Value* files = json::find(*chosen, "data_files");
  if (!files) return std::optional<Splits>();
  SXT_TRY(Splits splits, named_files(own, root, *files, listed));
  return std::optional<Splits>(std::move(splits));
}

// The split that a file's name or folder says: "data/validation-00000.parquet", "dev.jsonl".
std::optional<std::string> split_of(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 11> words{{{"train", "train"},
                                                                                 {"training", "train"},
                                                                                 {"validation", "validation"},
                                                                                 {"valid", "validation"},
                                                                                 {"dev", "validation"},
                                                                                 {"val", "validation"},
                                                                                 {"test", "test"},
                                                                                 {"testing", "test"},
                                                                                 {"eval", "test"},
                                                                                 {"evaluation", "test"},
                                                                                 {"development", "validation"}}};
  std::string word;
  std::vector<std::string> parts;
  for (const char c : std::string(name) + "/") {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) word += static_cast<char>(c | 0x20);
    else if (!word.empty()) parts.push_back(std::move(word)), word.clear();
  }
  for (const std::string& part : parts)
    for (const auto& [spelled, split] : words)
      if (part == spelled) return std::string(split);
  return std::nullopt;
}

Result<Splits> guessed_files(const HubSet& set, const fs::path& root, const std::vector<Listed>& listed) {
  const std::string prefix = !set.data_dir.empty() ? set.data_dir + "/" : "";
  std::map<std::string, std::vector<fs::path>> by_split;
  std::vector<fs::path> all;
  for (const Listed& file : listed) {
    if (!file.name.starts_with(prefix) ||
        std::none_of(endings.begin(), endings.end(), [&](std::string_view end) {
          const std::string inside = unpacked_name(file.path);
          return file.name.ends_with(end) || std::string_view(inside).ends_with(end);
        }))
      continue;
    if (!set.name.empty() && set.name != "default" && file.name.find(set.name) == file.name.npos)
      continue;  // a folder or a file for each configuration
    all.push_back(file.path);
    if (const auto split = split_of(std::string_view(file.name).substr(prefix.size()))) by_split[*split].push_back(file.path);
  }
  if (all.empty())
    return missing(set, fmt::format("{} holds no data files{}", root.string(),
                                    set.name.empty() ? "" : " of the configuration " + set.name));
  Splits out;
  for (const char* split : {"train", "validation", "test"})
    if (const auto found = by_split.find(split); found != by_split.end()) out.emplace_back(split, found->second);
  if (out.empty()) out.emplace_back("train", std::move(all));
  return out;
}

// A folder of `datasets`' own cache: CONFIGURATION/VERSION/HASH/NAME-SPLIT[-00000-of-00002].arrow. Of several versions the one that
// was made last.
Result<Splits> made_files(const HubSet& set) {
  std::error_code code;
  const auto folders_in = [&](const fs::path& folder) {
    std::vector<fs::path> out;
    for (fs::directory_iterator it(folder, code), end; !code && it != end; it.increment(code))
      if (it->is_directory(code)) out.push_back(it->path());
    std::sort(out.begin(), out.end());
    return out;
  };
  std::vector<std::string> names;
  for (const fs::path& folder : folders_in(set.path)) names.push_back(folder.filename().string());
  std::string config = set.name.empty() ? "default" : set.name;
  if (set.name.empty() && names.size() == 1) config = names.front();
  if (config.find('/') != config.npos || config.starts_with('.'))
    return Error{Error::Kind::config, fmt::format("'{}' is no name of a configuration of {}", config, set.repo)};
  std::optional<fs::path> newest;
  for (const fs::path& version : folders_in(set.path / config))
    for (const fs::path& made : folders_in(version))
      if (fs::exists(made / "dataset_info.json", code) &&
          (!newest || fs::last_write_time(made, code) > fs::last_write_time(*newest, code)))
        newest = made;
  if (!newest)
    return missing(set, fmt::format("the cache of the library datasets, {}, holds no configuration '{}' of {}{}", set.path.string(),
                                    config, set.repo, names.empty() ? "" : ", but " + join(names, ", ")));
  if (set.data_files)
    return missing(set, fmt::format("the task names files of {}, and {} holds the made data set alone", set.repo, newest->string()));
  const std::string folder = set.path.filename().string();
  const std::string prefix = folder.substr(folder.find("___") + 3) + "-";
  std::map<std::string, std::vector<fs::path>> by_split;
  for (const Listed& file : files_below(*newest)) {
    std::string name = file.path.stem().string();
    if (file.path.extension() != ".arrow" || !name.starts_with(prefix)) continue;
    name.erase(0, prefix.size());
    if (const size_t part = name.find("-0"); part != name.npos && name.find("-of-", part) != name.npos) name.resize(part);
    by_split[name].push_back(file.path);
  }
  Splits out(by_split.begin(), by_split.end());
  if (out.empty()) return missing(set, fmt::format("{} holds no .arrow file of {}", newest->string(), set.repo));
  return out;
}

}  // namespace

Result<Splits> hub_files(const HubSet& set) {
  if (set.local) {
    if (!set.data_files)
      return Error{Error::Kind::config,
                   fmt::format("the task names no data_files for the builder {}; add them to its dataset_kwargs", set.repo)};
    return named_files(set, set.path, *set.data_files, {});
  }
  if (set.path.filename().string().find("___") != std::string::npos) return made_files(set);
  SXT_TRY(const fs::path root, snapshot_of(set));
  const std::vector<Listed> listed = files_below(root);
  if (set.data_files) return named_files(set, root, *set.data_files, listed);
  SXT_TRY(auto from_readme, readme_files(set, root, listed));
  if (from_readme) return std::move(*from_readme);
  return guessed_files(set, root, listed);
}

}  // namespace sextant::tables
