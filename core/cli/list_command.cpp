// `sextant list`: what there is, read from cards and manifests alone; no plugin is loaded.
#include <algorithm>
#include <fmt/format.h>
#include <sextant/printable.hpp>
#include "../base/exit_code.hpp"
#include "../base/log.hpp"
#include "../base/text.hpp"
#include "commands.hpp"
#include "list_datasets.hpp"
#include "options.hpp"
#include "task_cards.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

struct Item {
  std::string name, summary, path;
  std::optional<DatasetData> data = {};   // of data sets
};

bool matches(const std::string& name, const std::vector<std::string>& patterns) {
  if (patterns.empty()) return true;
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    const bool wild = pattern.find_first_of("*?") != pattern.npos;
    return glob_match(wild ? pattern : "*" + pattern + "*", name);
  });
}

std::vector<Item> cards_of(Workspace& workspace, config::CardKind kind, const std::vector<std::string>& patterns,
                           const std::string& data_dir) {
  std::vector<Item> items;
  for (const config::CardEntry& entry : workspace.cards().entries()) {
    if (entry.kind != kind || !matches(entry.name, patterns)) continue;
    items.push_back({entry.name, entry.summary, entry.path.string()});
    if (kind == config::CardKind::dataset) items.back().data = data_of(workspace, entry, data_dir);
  }
  return items;
}

std::string_view kind_name(config::CardKind kind) {
  return kind == config::CardKind::dataset ? "dataset" : kind == config::CardKind::model ? "model" : "summarizer";
}

std::string json_lines_of(const char* title, const std::vector<Item>& items) {
  std::string out;
  for (const Item& item : items) {
    out += fmt::format("{{\"kind\":\"{}\",\"name\":{},\"summary\":{},\"path\":{}", title, json::quote(item.name),
                       json::quote(item.summary), json::quote(item.path));
    if (item.data)
      out += fmt::format(",\"data\":{},\"folder\":{}", json::quote(item.data->state), json::quote(item.data->where));
    out += "}\n";
  }
  return out;
}

// Of data that are missing the place that was looked at first is named.
std::string table(const char* title, const std::vector<Item>& items, bool with_data) {
  std::vector<std::vector<std::string>> rows = {{title, "summary", "file"}};
  if (with_data) rows.front() = {title, "data", "summary", "file"};
  for (const Item& item : items) {
    rows.push_back({printable(item.name)});
    if (with_data)
      rows.back().push_back(
          !item.data ? "" : printable(item.data->state == "missing" ? "missing: " + item.data->where : item.data->state));
    rows.back().insert(rows.back().end(), {printable(item.summary), printable(item.path)});
  }
  std::vector<size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::vector<std::string> rule;
  for (size_t i = 0; i + 1 < widths.size(); ++i) rule.emplace_back(widths[i], '-');
  rule.emplace_back("----");
  rows.insert(rows.begin() + 1, std::move(rule));
  std::string out;
  for (const auto& row : rows) {
    for (size_t i = 0; i + 1 < row.size(); ++i) out += fmt::format("{:<{}}  ", row[i], widths[i]);
    out += row.back() + "\n";
  }
  return out;
}

}  // namespace

int list_command(const std::vector<std::string>& args) {
  po::options_description options("Options");
  options.add_options()("what", po::value<std::vector<std::string>>()->default_value({}, ""), "")(
      "config-dir", po::value<std::string>()->default_value(""), "")(
      "plugin-path", po::value<std::vector<std::string>>()->composing()->default_value({}, ""), "")(
      "json", po::bool_switch(), "")("data-dir", po::value<std::string>()->default_value(""), "")(
      "long", po::bool_switch(), "")("help,h", po::bool_switch(), "");
  const auto values = parse_options(args, options, "what", -1);
  if (!values) return fail(values.error());
  if ((*values)["help"].as<bool>()) return print(help_text("list"));
  std::vector<std::string> words = (*values)["what"].as<std::vector<std::string>>();
  const bool as_json = (*values)["json"].as<bool>();
  const std::vector<std::string> plugin_path = (*values)["plugin-path"].as<std::vector<std::string>>();

  const std::vector<std::string> kinds = {"datasets", "models", "plugins", "summarizers", "tasks"};
  std::string kind;
  if (!words.empty() && std::find(kinds.begin(), kinds.end(), words.front()) != kinds.end()) {
    kind = words.front();
    words.erase(words.begin());
  }
  if (kind == "plugins") {
    std::vector<std::string> forwarded = {"list"};
    forwarded.insert(forwarded.end(), words.begin(), words.end());
    for (const std::string& folder : plugin_path) forwarded.insert(forwarded.end(), {"--plugin-path", folder});
    if (as_json) forwarded.emplace_back("--json");
    return plugins_command(forwarded);
  }
  if (const auto folder = check_config_dir((*values)["config-dir"].as<std::string>()); !folder) return fail(folder.error());
  if (kind == "tasks") return list_tasks(words, as_json, plugin::Registry::discover(plugin::SearchPath::standard(plugin_path)));
  Workspace workspace((*values)["config-dir"].as<std::string>(), plugin_path);
  workspace.warn_about_problems();
  const std::string data_dir = (*values)["data-dir"].as<std::string>();
  std::string out;
  size_t found = 0;
  if ((*values)["long"].as<bool>()) {
    if (kind != "datasets" || as_json)
      return fail({Error::Kind::usage, "--long is for data sets, as text: sextant list datasets NAME --long"});
    for (const config::CardEntry& entry : workspace.cards().entries()) {
      if (entry.kind != config::CardKind::dataset || !matches(entry.name, words)) continue;
      const auto about = about_dataset(workspace, entry, data_dir);
      if (!about) return fail(about.error());
      out += (found++ > 0 ? "\n" : "") + *about;
    }
  }
  const bool as_table = !(*values)["long"].as<bool>();
  const auto add = [&](config::CardKind card_kind, const char* title) {
    if (!as_table) return;
    const std::vector<Item> items = cards_of(workspace, card_kind, words, data_dir);
    found += items.size();
    if (!out.empty() && !as_json) out += '\n';
    out += as_json ? json_lines_of(title, items) : table(title, items, card_kind == config::CardKind::dataset);
  };
  if (kind.empty() || kind == "models") add(config::CardKind::model, "model");
  if (kind.empty() || kind == "datasets") add(config::CardKind::dataset, "dataset");
  if (kind == "summarizers") add(config::CardKind::summarizer, "summarizer");
  if (const int printed = as_json ? print_json(out) : print(out); printed != exit_ok) return printed;
  if (found == 0 && !words.empty()) {
    std::vector<std::string> names = kind.empty() ? kinds : std::vector<std::string>();
    for (const config::CardEntry& entry : workspace.cards().entries()) names.push_back(entry.name);
    return fail(
        {Error::Kind::usage, fmt::format("nothing is called {}{}", join(words, " or "), did_you_mean(words.front(), names))});
  }
  // one that finds nothing beside others that do is easily missed
  for (const std::string& word : words) {
    std::vector<std::string> names;
    bool any = false;
    for (const config::CardEntry& entry : workspace.cards().entries()) {
      if (kind.empty() ? entry.kind == config::CardKind::summarizer : kind.substr(0, kind.size() - 1) != kind_name(entry.kind)) continue;
      any = any || matches(entry.name, {word});
      names.push_back(entry.name);
    }
    if (!any) log_warning(fmt::format("'{}' finds nothing{}", word, did_you_mean(word, names)));
  }
  return exit_ok;
}

}  // namespace sextant::cli
