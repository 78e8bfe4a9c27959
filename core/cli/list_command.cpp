// `sextant list`: what there is, read from cards and manifests alone; no plugin is loaded.
#include <algorithm>
#include <fmt/format.h>
#include <sextant/printable.hpp>
#include "../base/exit_code.hpp"
#include "../base/log.hpp"
#include "../base/text.hpp"
#include "commands.hpp"
#include "options.hpp"
#include "task_cards.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

struct Item {
  std::string name, summary, path;
};

bool matches(const std::string& name, const std::vector<std::string>& patterns) {
  if (patterns.empty()) return true;
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    const bool wild = pattern.find_first_of("*?") != pattern.npos;
    return glob_match(wild ? pattern : "*" + pattern + "*", name);
  });
}

std::vector<Item> cards_of(const Workspace& workspace, config::CardKind kind, const std::vector<std::string>& patterns) {
  std::vector<Item> items;
  for (const config::CardEntry& entry : workspace.cards().entries())
    if (entry.kind == kind && matches(entry.name, patterns)) items.push_back({entry.name, entry.summary, entry.path.string()});
  return items;
}

std::string table(const char* title, std::vector<Item> items, bool as_json) {
  std::string out;
  if (as_json) {
    for (const Item& item : items)
      out += fmt::format("{{\"kind\":\"{}\",\"name\":{},\"summary\":{},\"path\":{}}}\n", title, json::quote(item.name), json::quote(item.summary), json::quote(item.path));
    return out;
  }
  for (Item& item : items) item = {printable(item.name), printable(item.summary), printable(item.path)};
  size_t name_width = std::string_view(title).size(), summary_width = 7;
  for (const Item& item : items) {
    name_width = std::max(name_width, item.name.size());
    summary_width = std::max(summary_width, item.summary.size());
  }
  const auto row = [&](const std::string& name, const std::string& summary, const std::string& path) {
    out += fmt::format("{:<{}}  {:<{}}  {}\n", name, name_width, summary, summary_width, path);
  };
  row(title, "summary", "file");
  row(std::string(name_width, '-'), std::string(summary_width, '-'), "----");
  for (const Item& item : items) row(item.name, item.summary, item.path);
  return out;
}

}  // namespace

int list_command(const std::vector<std::string>& args) {
  po::options_description options("Options");
  options.add_options()("what", po::value<std::vector<std::string>>()->default_value({}, ""), "")("config-dir", po::value<std::string>()->default_value(""), "")(
      "plugin-path", po::value<std::vector<std::string>>()->composing()->default_value({}, ""), "")("json", po::bool_switch(), "")("help,h", po::bool_switch(), "");
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
  const Workspace workspace((*values)["config-dir"].as<std::string>(), plugin_path);
  workspace.warn_about_problems();
  std::string out;
  size_t found = 0;
  const auto add = [&](config::CardKind card_kind, const char* title) {
    const std::vector<Item> items = cards_of(workspace, card_kind, words);
    found += items.size();
    if (!out.empty() && !as_json) out += '\n';
    out += table(title, items, as_json);
  };
  if (kind.empty() || kind == "models") add(config::CardKind::model, "model");
  if (kind.empty() || kind == "datasets") add(config::CardKind::dataset, "dataset");
  if (kind == "summarizers") add(config::CardKind::summarizer, "summarizer");
  if (const int printed = as_json ? print_json(out) : print(out); printed != exit_ok) return printed;
  if (found == 0 && !words.empty()) {
    std::vector<std::string> names = kind.empty() ? kinds : std::vector<std::string>();
    for (const config::CardEntry& entry : workspace.cards().entries()) names.push_back(entry.name);
    return fail({Error::Kind::usage, fmt::format("nothing is called {}{}", join(words, " or "), did_you_mean(words.front(), names))});
  }
  return exit_ok;
}

}  // namespace sextant::cli
