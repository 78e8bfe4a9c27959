#include "select.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>
#include <sextant/list_text.hpp>
#include "../base/text.hpp"

namespace sextant::tasks {
namespace fs = std::filesystem;
namespace {

constexpr size_t groups_max = 20;       // one in another
constexpr size_t members_max = 100000;  // of all groups, counted as often as they are named; lm-eval's largest has some thousands
constexpr const char* own_keys[] = {"group",    "group_alias", "task",    "aggregate_metric_list",
                                    "metadata", "tag",         "include", "task_list"};

Error config_error(std::string what) { return {Error::Kind::config, std::move(what)}; }

bool is_own_key(std::string_view key) {
  return std::any_of(std::begin(own_keys), std::end(own_keys), [&](const char* own) { return key == own; });
}

// The members of `from` that a group hands to its tasks, put into `onto`.
void put_overrides(const json::Value& from, json::Document& onto) {
  for (const auto& member : from.GetObject())
    if (!is_own_key(json::text(member.name)))
      json::set(onto, json::text(member.name), json::Value(member.value, onto.GetAllocator()), onto.GetAllocator());
}

json::Document empty_object() {
  json::Document out;
  out.SetObject();
  return out;
}

class Expander {
 public:
  explicit Expander(TaskFolder& folder) : folder_(folder) {}

  // `by`: what the user wrote, for messages.
  Result<std::vector<std::string>> named(const std::string& name, const json::Value& overrides, const std::string& by) {
    if (const Entry* entry = folder_.find(name)) return entry_of(*entry, overrides, by);
    if (const auto tag = folder_.tags().find(name); tag != folder_.tags().end()) {
      std::vector<std::string> out;
      const std::vector<std::string> members = tag->second;
      for (const std::string& member : members) SXT_CHECK(append(out, named(member, overrides, by)));
      return out;
    }
    return unknown(name, by);
  }
  Result<std::vector<std::string>> file(const fs::path& path, const std::string& by) {
    SXT_TRY(json::Document keys, folder_.read(path));
    const auto kind = kind_of(keys);
    if (!kind || kind->second.empty())
      return config_error(
          fmt::format("{} has neither \"task\" nor \"group\" with a name, so it is not a task file", path.string()));
    return keys_of(kind->second, kind->first, path, std::move(keys), empty_object(), by);
  }
  Selection take() { return std::move(out_); }

 private:
  static Result<void> append(std::vector<std::string>& to, Result<std::vector<std::string>> from) {
    if (!from) return from.error();
    to.insert(to.end(), from->begin(), from->end());
    return {};
  }
  Error unknown(const std::string& name, const std::string& by) const {
    std::vector<std::string> known;
    for (const auto& [other, entry] : folder_.entries()) known.push_back(other);
    for (const auto& [tag, members] : folder_.tags()) known.push_back(tag);
    for (const Problem& problem : folder_.problems())
      if (problem.path.stem() == name)
        return {Error::Kind::usage, fmt::format("there is no task, group or tag '{}': {}", name, problem.what)};
    return {Error::Kind::usage,
            fmt::format("{}there is no task, group or tag '{}'{}; `sextant list tasks DIR` shows what a folder has",
                        by == name ? "" : by + ": ", name, did_you_mean(name, known))};
  }
  Result<std::vector<std::string>> entry_of(const Entry& entry, const json::Value& overrides, const std::string& by) {
    SXT_TRY(json::Document keys, folder_.read(entry.path));
    return keys_of(entry.name, entry.kind, entry.path, std::move(keys), overrides, by);
  }

  Result<std::vector<std::string>> keys_of(const std::string& name, Kind kind, const fs::path& path, json::Document keys,
                                           const json::Value& overrides, const std::string& by) {
    if (kind == Kind::group) return group(name, path, keys, overrides, by);
    put_overrides(overrides, keys);
    json::remove(keys, {"tag", "task_list", "group"});
    if (const auto [place, fresh] = from_.emplace(name, by); !fresh) {
      if (place->second == by) return std::vector<std::string>{name};   // by two ways out of one group
      return Error{Error::Kind::usage,
                   fmt::format("'{}' and '{}' both stand for the task '{}'; name it once", place->second, by, name)};
    }
    out_.tasks.push_back({name, path, std::move(keys)});
    return std::vector<std::string>{name};
  }

  Result<std::vector<std::string>> group(const std::string& name, const fs::path& path, const json::Value& keys,
                                         const json::Value& outer, const std::string& by) {
    if (std::find(open_.begin(), open_.end(), name) != open_.end())
      return config_error(fmt::format("{}: the group '{}' contains itself", path.string(), name));
    if (open_.size() >= groups_max)
      return config_error(fmt::format("{}: groups nest more than {} deep", path.string(), groups_max));
    open_.push_back(name);
    json::Document overrides = empty_object();
    put_overrides(keys, overrides);
    put_overrides(outer, overrides);
    const json::Value* members = json::find(keys, "task");
    if (!members || !members->IsArray() || members->Empty())
      return config_error(fmt::format("{}: the group '{}' has no list \"task\" of its members", path.string(), name));
    std::vector<std::string> tasks;
    for (const auto& member : members->GetArray()) SXT_CHECK(append(tasks, member_of(name, path, member, overrides, by)));
    open_.pop_back();
    add_group(name, keys, tasks);
    return tasks;
  }

  Result<std::vector<std::string>> member_of(const std::string& group_name, const fs::path& path, const json::Value& member,
                                             const json::Document& overrides, const std::string& by) {
    if (++members_ > members_max)
      return config_error(fmt::format("{}: the groups come to more than {} members, each counted as often as it is named",
                                      path.string(), members_max));
    if (member.IsString()) return named(std::string(json::text(member)), overrides, by);
    const auto kind = member.IsObject() ? kind_of(member) : std::nullopt;
    if (!kind || kind->second.empty())
      return config_error(
          fmt::format("{}: a member of the group '{}' must be a name, {{task: NAME, ...}} or {{group: NAME, task: [...]}}",
                      path.string(), group_name));
    json::Document beside = json::copy(overrides);
    put_overrides(member, beside);
    const bool known = folder_.find(kind->second) || folder_.tags().contains(kind->second);
    if (kind->first == Kind::task && known) return named(kind->second, beside, by);
    json::Document keys = json::copy(member);
    const std::string name = group_name + "::" + kind->second;
    if (json::find(keys, "include"))
      return config_error(
          fmt::format("{}: \"include\" in the member '{}' of the group '{}' is not read; give it a file of its own",
                      path.string(), kind->second, group_name));
    return keys_of(name, kind->first, path, std::move(keys),
                   kind->first == Kind::group ? static_cast<const json::Value&>(overrides) : beside, by);
  }

  void add_group(const std::string& name, const json::Value& keys, const std::vector<std::string>& tasks) {
    const json::Value* aggregate = json::find(keys, "aggregate_metric_list");
    if (!aggregate || (!aggregate->IsArray() && !aggregate->IsObject()) || (aggregate->IsArray() && aggregate->Empty())) return;
    if (std::any_of(out_.groups.begin(), out_.groups.end(), [&](const ChosenGroup& other) { return other.name == name; }))
      return;
    std::vector<std::string> leaves;
    for (const std::string& task : tasks)
      if (std::find(leaves.begin(), leaves.end(), task) == leaves.end()) leaves.push_back(task);
    const std::map<std::string, std::vector<std::string>> filters = filters_of(leaves);
    const std::string alias = json::find_string(keys, "group_alias").value_or(name);
    const auto add = [&](const std::string& metric, std::vector<std::string> of, bool by_size) {
      for (ChosenGroup& group : out_.groups)
        if (group.name == name && group.by_size == by_size && group.tasks == of) return group.metrics.push_back(metric);
      out_.groups.push_back({name, alias, std::move(of), by_size, {metric}});
    };
    std::set<std::string> taken;
    const auto add_entry = [&](const json::Value& entry) {
      const auto metric = entry.IsObject() ? json::find_string(entry, "metric") : std::nullopt;
      if (!metric) return;
      const json::Value* weight = json::find(entry, "weight_by_size");
      const bool by_size = !(weight && weight->IsBool() && !weight->GetBool());
      std::vector<std::string> wanted = list_text::one_or_more(json::find(entry, "filter_list"));
      if (wanted.empty())  // every filter under which a task has it
        for (const auto& [filter, of] : filters)
          if (std::any_of(of.begin(), of.end(), [&](const std::string& task) { return may_have(task, *metric); }))
            wanted.push_back(filter);
      if (wanted.empty()) wanted.emplace_back("none");
      for (const std::string& filter : wanted) {
        // a number is named with its filter where tasks have several
        const bool plain = filter == "none" || filters.size() == 1;
        const std::string number = plain ? *metric : fmt::format("{},{}", *metric, filter);
        if (const auto of = filters.find(filter); taken.insert(number).second)
          add(number, of == filters.end() ? leaves : of->second, by_size);
      }
    };
    if (aggregate->IsObject()) add_entry(*aggregate);
    else
      for (const auto& entry : aggregate->GetArray()) add_entry(entry);
  }
  const ChosenTask* task_of(const std::string& name) const {
    const auto task = std::find_if(out_.tasks.begin(), out_.tasks.end(), [&](const ChosenTask& t) { return t.name == name; });
    return task == out_.tasks.end() ? nullptr : &*task;
  }
  // Names of what process_results or a default list gives are known later.
  bool may_have(const std::string& name, const std::string& metric) const {
    const ChosenTask* task = task_of(name);
    const json::Value* list = task ? json::find(task->keys, "metric_list") : nullptr;
    if (!list || !list->IsArray() || json::find(task->keys, "process_results")) return true;
    return std::any_of(list->Begin(), list->End(), [&](const json::Value& entry) {
      return entry.IsObject() && json::find_string(entry, "metric").value_or(metric) == metric;
    });
  }
  // The filters of these tasks, and the tasks that have each.
  std::map<std::string, std::vector<std::string>> filters_of(const std::vector<std::string>& tasks) const {
    std::map<std::string, std::vector<std::string>> out;
    for (const std::string& name : tasks) {
      const ChosenTask* task = task_of(name);
      const json::Value* list = task ? json::find(task->keys, "filter_list") : nullptr;
      std::set<std::string> own;
      if (list && list->IsArray())
        for (const auto& filter : list->GetArray())
          if (filter.IsObject()) own.insert(json::find_string(filter, "name").value_or("none"));
      if (own.empty()) own.insert("none");
      for (const std::string& filter : own) out[filter].push_back(name);
    }
    return out;
  }

  TaskFolder& folder_;
  Selection out_;
  std::map<std::string, std::string> from_;   // the task's name, and what led to it
  std::vector<std::string> open_;             // groups that are being expanded
  size_t members_ = 0;                        // of groups, seen so far
};

}  // namespace

Result<Selection> select(TaskFolder& folder, const std::vector<std::string>& names) {
  Expander expander(folder);
  std::set<std::string> done;
  for (const std::string& name : names) {
    if (!done.insert(name).second) continue;
    std::error_code code;
    const bool known = folder.find(name) || folder.tags().contains(name);
    if (!known && (name.ends_with(".yaml") || name.ends_with(".yml"))) {
      SXT_CHECK(expander.file(name, name));
    } else if (!known && fs::is_directory(name, code)) {
      std::vector<fs::path> files;
      for (fs::directory_iterator it(name, code), end; !code && it != end; it.increment(code))
        if (it->path().extension() == ".yaml") files.push_back(it->path());
      std::sort(files.begin(), files.end());
      if (files.empty()) return Error{Error::Kind::usage, fmt::format("the folder {} has no .yaml files", name)};
      for (const fs::path& file : files)
        if (const auto keys = folder.read(file); !keys || kind_of(*keys)) SXT_CHECK(expander.file(file, name));
    } else if (!known && name.find_first_of("*?") != name.npos) {
      std::vector<std::string> matching;
      for (const auto& [other, entry] : folder.entries())
        if (glob_match(name, other)) matching.push_back(other);
      if (matching.empty()) return Error{Error::Kind::usage, fmt::format("no task and no group matches '{}'", name)};
      const json::Document none = empty_object();
      for (const std::string& other : matching) SXT_CHECK(expander.named(other, none, name));
    } else {
      const json::Document none = empty_object();
      SXT_CHECK(expander.named(name, none, name));
    }
  }
  return expander.take();
}

}  // namespace sextant::tasks
