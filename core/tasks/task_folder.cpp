#include "task_folder.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <sextant/list_text.hpp>
#include <sextant/yaml.hpp>
#include "../base/files.hpp"

namespace sextant::tasks {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t file_bytes_max = 4u << 20;
constexpr size_t includes_max = 20;   // one in another; lm-eval's own stop at three

Error config_error(std::string what) { return {Error::Kind::config, std::move(what)}; }

// Says of each !function in which folder its module lies: the one of the file that wrote it, not of the file that includes it.
void place_functions(json::Value& value, const std::string& folder, json::Document::AllocatorType& a) {
  if (value.IsArray())
    for (auto& item : value.GetArray()) place_functions(item, folder, a);
  if (!value.IsObject()) return;
  if (value.HasMember("!function") && !value.HasMember("!in")) json::set(value, "!in", folder, a);
  for (auto& member : value.GetObject()) place_functions(member.value, folder, a);
}

// Files of that ending below a folder, in the order of their paths.
std::vector<fs::path> task_files(const fs::path& root, std::vector<Problem>& ret_problems) {
  std::vector<fs::path> out;
  std::error_code code;
  for (fs::recursive_directory_iterator it(root, fs::directory_options::skip_permission_denied, code), end; !code && it != end;
       it.increment(code)) {
    const std::string& path = it->path().native();
    const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
    if (name == "__pycache__" || name == ".ipynb_checkpoints") it.disable_recursion_pending();
    else if (name.size() > 5 && name.ends_with(".yaml") && it->is_regular_file(code)) out.push_back(it->path());
  }
  if (code) ret_problems.push_back({root, "the folder cannot be read: " + code.message()});
  std::sort(out.begin(), out.end(), [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
  return out;
}

}  // namespace

bool is_function(const json::Value& value) { return value.IsObject() && value.HasMember("!function"); }

std::pair<fs::path, std::string> function_place(const json::Value& function) {
  const std::string name = json::find_string(function, "!function").value_or("");
  const size_t dot = name.rfind('.');
  std::string module = name.substr(0, dot);
  std::replace(module.begin(), module.end(), '.', '/');
  const fs::path beside = fs::path(json::find_string(function, "!in").value_or("")), own = beside / (module + ".py");
  const std::string member = dot == name.npos ? std::string() : name.substr(dot + 1);
  for (fs::path folder = beside; !folder.empty(); folder = folder.parent_path()) {
    std::error_code code;
    if (fs::is_regular_file(folder / (module + ".py"), code)) return {folder / (module + ".py"), member};
    if (folder == folder.parent_path()) break;
  }
  return {own, member};
}

std::string function_text(const json::Value& function) {
  const auto [module, member] = function_place(function);
  return fmt::format("{} of {}", json::find_string(function, "!function").value_or(""), module.string());
}

std::optional<std::pair<Kind, std::string>> kind_of(const json::Value& keys) {
  const auto name = [&](const char* key) { return json::find_string(keys, key).value_or(""); };
  if (json::find(keys, "class")) return std::pair{Kind::code, name("task")};
  if (json::find(keys, "group")) return std::pair{Kind::group, name("group")};
  if (json::find(keys, "task")) return std::pair{Kind::task, name("task")};
  return std::nullopt;
}

Result<std::shared_ptr<const json::Document>> TaskFolder::merged(const fs::path& path, std::vector<std::string>& chain,
                                                                 bool keep) {
  const std::string key = path.lexically_normal().string();
  if (const auto found = included_.find(key); found != included_.end()) return found->second;
  if (std::find(chain.begin(), chain.end(), key) != chain.end())
    return config_error(fmt::format("{} includes itself, by way of {}", key, chain.back()));
  if (chain.size() > includes_max) return config_error(fmt::format("{}: includes nest more than {} deep", key, includes_max));
  chain.push_back(key);
  SXT_TRY(const std::string text, read_file(path, file_bytes_max));
  SXT_TRY(json::Document own, yaml::parse(text, path.string()));
  if (!own.IsObject()) return config_error(fmt::format("{} holds no map of keys", path.string()));
  place_functions(own, fs::path(key).parent_path().string(), own.GetAllocator());
  auto out = std::make_shared<json::Document>();
  auto& a = out->GetAllocator();
  if (const json::Value* include = json::find(own, "include"); include && !include->IsNull()) {
    const std::vector<std::string> files = list_text::one_or_more(include);
    if (files.empty() || (include->IsArray() && files.size() != include->Size()))
      return config_error(fmt::format("{}: include must be a file's name, or a list of them", path.string()));
    out->SetObject();
    for (const std::string& file : files) {
      SXT_TRY(const auto other, merged(path.parent_path() / file, chain, true));
      for (const auto& member : other->GetObject())
        if (json::text(member.name) != "task_list") json::set(*out, json::text(member.name), json::Value(member.value, a), a);
    }
    for (const auto& member : own.GetObject())
      if (json::text(member.name) != "include") json::set(*out, json::text(member.name), json::Value(member.value, a), a);
  } else {
    json::remove(own, {"include"});
    *out = std::move(own);
  }
  chain.pop_back();
  if (keep) included_.emplace(key, out);
  return std::shared_ptr<const json::Document>(std::move(out));
}

Result<json::Document> TaskFolder::read(const fs::path& path) {
  std::vector<std::string> chain;
  SXT_TRY(const auto keys, merged(path, chain, false));
  return json::copy(*keys);
}

// With what it includes; nothing where only the YAML can tell.
std::optional<Sketch> TaskFolder::sketched(const fs::path& path, size_t depth) {
  const std::string key = depth > 0 ? path.lexically_normal().string() : std::string();
  if (depth > 0)
    if (const auto found = sketches_.find(key); found != sketches_.end()) return found->second;
  std::optional<Sketch> out;
  const auto text = depth <= includes_max ? read_file(path, file_bytes_max) : Result<std::string>(config_error(""));
  if (auto own = text ? sketch_of(*text) : std::nullopt) {
    out.emplace();
    const auto put = [&](const Sketch& from) {
      out->is_class = out->is_class || from.is_class;
      if (from.task) out->task = from.task;
      if (from.group) out->group = from.group;
      if (from.tags) out->tags = from.tags;
    };
    for (const std::string& file : own->includes) {
      const auto other = sketched(path.parent_path() / file, depth + 1);
      if (!other) {
        out.reset();
        break;
      }
      put(*other);
    }
    if (out) put(*own);
  }
  if (depth > 0) sketches_.emplace(key, out);
  return out;
}

Result<Entry> TaskFolder::entry_of(const fs::path& path) {
  const auto sketch = sketched(path, 0);
  if (sketch && !sketch->is_class && !sketch->group && sketch->task && !sketch->task->empty())
    return Entry{*sketch->task, Kind::task, path, sketch->tags.value_or(std::vector<std::string>())};
  if (sketch && !sketch->is_class && sketch->group && !sketch->group->empty()) return Entry{*sketch->group, Kind::group, path, {}};
  std::vector<std::string> chain;
  SXT_TRY(const auto keys, merged(path, chain, false));
  const auto kind = kind_of(*keys);
  if (!kind) return config_error("it has neither task nor group; it is there to be included");
  if (kind->second.empty()) return config_error("its name is not a text");
  return Entry{kind->second, kind->first, path,
               kind->first == Kind::group ? std::vector<std::string>() : list_text::one_or_more(json::find(*keys, "tag"))};
}

TaskFolder TaskFolder::open(const std::vector<fs::path>& roots) {
  TaskFolder out;
  for (const fs::path& root : roots) {
    std::map<std::string, Entry, std::less<>> own;
    for (const fs::path& path : task_files(root, out.problems_)) {
      auto entry = out.entry_of(path);
      if (!entry) {
        out.problems_.push_back({path, entry.error().message});
        continue;
      }
      if (const auto [it, fresh] = own.try_emplace(entry->name, *entry); !fresh)
        out.problems_.push_back(
            {path, fmt::format("its name {} is that of {}, which stands before it", it->first, it->second.path.string())});
    }
    for (auto& [name, entry] : own) out.entries_.insert_or_assign(name, std::move(entry));
  }
  for (const auto& [name, entry] : out.entries_)
    for (const std::string& tag : entry.tags) out.tags_[tag].push_back(name);
  return out;
}

const Entry* TaskFolder::find(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

}  // namespace sextant::tasks
