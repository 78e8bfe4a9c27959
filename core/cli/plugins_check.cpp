#include "plugins_check.hpp"
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <sextant/json.hpp>
#include "../base/exit_code.hpp"
#include "../base/files.hpp"
#include "../base/text.hpp"
#include "../conformance/check.hpp"
#include "../plugin/components.hpp"
#include "../plugin/elf_check.hpp"
#include "../plugin/loader.hpp"
#include "../plugin/manifest.hpp"
#include "../plugin/probe.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

using conformance::Outcome;
using plugin::Kind;

Result<void> compare_with_manifest(const plugin::PluginFile& facts) {
  const std::filesystem::path manifest = std::filesystem::path(facts.path).replace_extension(".json");
  std::error_code code;
  if (!std::filesystem::exists(manifest, code)) return {};
  SXT_TRY(const std::string text, read_file(manifest));
  SXT_TRY(const plugin::PluginFile said, plugin::parse_manifest(text, manifest.string(), facts.path));
  if (json::canonical(plugin::manifest_json(said)) == json::canonical(plugin::manifest_json(facts))) return {};
  return Error{Error::Kind::data, fmt::format("{} does not match {}; write it again with 'sextant plugins describe {}'",
                                              manifest.string(), facts.path.string(), facts.path.string())};
}

void print_outcome(const std::string& name, const Outcome& outcome, const CheckOptions& options) {
  constexpr const char* states[] = {"ok", "FAILED", "not tried"};
  if (options.json) {
    json::Document out(rapidjson::kObjectType);
    auto& a = out.GetAllocator();
    json::set(out, "component", name, a);
    json::set(out, "rule", outcome.rule, a);
    json::set(out, "state", std::string_view(outcome.state == Outcome::broken ? "failed" : states[outcome.state]), a);
    json::set(out, "place", outcome.place, a);
    if (!outcome.why.empty()) json::set(out, "why", outcome.why, a);
    (void)print_json(json::write(out) + "\n");
    return;
  }
  if (outcome.state == Outcome::holds && !options.verbose) return;
  print(fmt::format("  {:<9}  {:<13}  {}{}{}\n", states[outcome.state], outcome.rule, outcome.what,
                    outcome.why.empty() ? "" : ": ", outcome.why));
  if (outcome.state == Outcome::broken) print(fmt::format("                            rule: {}\n", outcome.place));
}

/// Tries one component; the number of rules that it breaks, and that were not tried.
struct Count { size_t broken = 0, untried = 0, all = 0; };
Result<void> try_one(const std::string& shown, const conformance::Trial& trial, const CheckOptions& options, Count& ret) {
  const std::string name = plugin::component_name(trial.kind, trial.id);
  SXT_TRY(const std::vector<Outcome> outcomes, conformance::try_component(trial));
  const bool worth_a_line = options.verbose || std::any_of(outcomes.begin(), outcomes.end(),
                                                           [](const Outcome& o) { return o.state != Outcome::holds; });
  if (worth_a_line && !options.json) print(fmt::format("{}: {}\n", shown, name));
  std::map<std::string, std::vector<std::string>> untried;  // by the reason, which is often one for many
  for (const Outcome& outcome : outcomes) {
    ++ret.all;
    ret.broken += outcome.state == Outcome::broken;
    ret.untried += outcome.state == Outcome::untried;
    if (outcome.state == Outcome::untried && !options.json) untried[outcome.why].push_back(outcome.rule);
    else print_outcome(name, outcome, options);
  }
  for (const auto& [why, rules] : untried) print(fmt::format("  not tried  {}: {}\n", join(rules, ", "), why));
  return {};
}

int conclude(const std::string& shown, const std::vector<std::string>& names, const Count& count, const CheckOptions& options) {
  if (options.json) return count.broken ? exit_data : exit_ok;
  if (count.broken) print(fmt::format("{}: breaks {} of {} rules ({})\n", shown, count.broken, count.all, join(names, ", ")));
  else print(fmt::format("{}: ok ({}): {} rules{}\n", shown, join(names, ", "), count.all - count.untried,
                         count.untried ? fmt::format(", {} not tried", count.untried) : ""));
  return count.broken ? exit_data : exit_ok;
}

Result<int> check_file(const std::string& file, const CheckOptions& options) {
  SXT_TRY(const plugin::EntryHead head, plugin::check_elf(file));
  SXT_CHECK(plugin::check_head(head, file));
  std::string init_error;
  SXT_TRY(const plugin::PluginFile facts, plugin::probe_afresh(file, init_error));
  if (!init_error.empty()) return Error{Error::Kind::data, init_error};
  SXT_CHECK(compare_with_manifest(facts));
  std::vector<std::string> names;
  Count count;
  for (const plugin::ComponentInfo& component : facts.components) {
    const std::string name = plugin::component_name(component.kind, component.id);
    if (!options.kind.empty() && !glob_match(options.kind, name) &&
        !glob_match(options.kind, plugin::kind_name(component.kind)))
      continue;
    names.push_back(name);
    SXT_CHECK(try_one(
        file, {std::filesystem::absolute(file), component.kind, component.id, options.config, options.items, options.limit_s},
        options, count));
  }
  if (names.empty())
    return Error{Error::Kind::usage, fmt::format("{} holds nothing that --kind {} matches", file, options.kind)};
  return conclude(file, names, count, options);
}

/// What the component `command` is told: the program, and the configuration that was given.
Result<std::string> config_of_program(const CheckOptions& options) {
  json::Document out(rapidjson::kObjectType);
  auto& a = out.GetAllocator();
  json::Value words(rapidjson::kArrayType);
  for (const std::string& word : options.words) words.PushBack(json::Value(word, a), a);
  json::set(out, "command", std::move(words), a);
  if (!options.config.empty()) {
    SXT_TRY(json::Document config, json::parse(options.config, "--config", json::Syntax::relaxed));
    if (const auto path = json::find_string(config, "path")) {
      json::set(out, "path", *path, a);
      config.RemoveMember("path");
    }
    json::set(out, "config", json::Value(config, a), a);
  }
  return json::write(out);
}

/// A loader is always given a path; without one of the caller's it names nothing.
std::string with_path(const std::string& config) {
  auto out = json::parse(config, "--config");
  if (!out || json::find(*out, "path")) return config;
  json::set(*out, "path", "/nonexistent/sextant-check", out->GetAllocator());
  return json::write(*out);
}

Result<void> can_be(plugin::Host& host, Kind kind, const std::string& config) {
  const auto drop = [](const auto& made) -> Result<void> { return made ? Result<void>() : Result<void>(made.error()); };
  switch (kind) {
    case Kind::dataset: return drop(host.dataset("command", config, "--config"));
    case Kind::template_: return drop(host.template_("command", config, "--config"));
    case Kind::model: return drop(host.model("command", config, "--config"));
    case Kind::metric: return drop(host.metric("command", config, "--config"));
    case Kind::postprocessor: return drop(host.postprocessor("command", config, "--config"));
    case Kind::retriever: return drop(host.retriever("command", config, "--config"));
    case Kind::inferencer: return drop(host.inferencer("command", config, "--config"));
  }
  return {};
}

Result<int> check_program(const CheckOptions& options) {
  plugin::Host host(plugin::Registry::discover(plugin::SearchPath::standard({})), nullptr);
  SXT_TRY(const std::string config, config_of_program(options));
  std::vector<Kind> kinds = {Kind::metric,    Kind::postprocessor, Kind::dataset, Kind::template_,
                             Kind::retriever, Kind::inferencer,    Kind::model};
  if (!options.kind.empty()) {
    SXT_TRY(const Kind kind, plugin::kind_from_name(options.kind));
    kinds = {kind};
  }
  const std::string shown = join(options.words, " ");
  for (const Kind kind : kinds) {
    const auto made = can_be(host, kind, kind == Kind::dataset ? with_path(config) : config);
    // a program that is of another kind says so; one whose data are missing is of this one
    if (!made && made.error().message.find(" is wanted") != std::string::npos && kind != kinds.back()) continue;
    if (!made && made.error().kind != Error::Kind::missing) return made.error();
    SXT_TRY(const plugin::Found found, host.registry().find(kind, "command"));
    Count count;
    SXT_CHECK(try_one(shown, {found.file->path, kind, "command", config, options.items, options.limit_s}, options, count));
    return conclude(shown, {std::string(plugin::kind_name(kind))}, count, options);
  }
  return int{exit_ok};
}

}  // namespace

Result<int> check_plugin(const CheckOptions& options) {
  if (options.words.empty())
    return Error{Error::Kind::usage,
                 "'plugins check' takes a FILE.so, or a program and its arguments; see 'sextant plugins check --help'"};
  const std::string& first = options.words.front();
  std::error_code code;
  // what is named like a file of a plugin, and a file that is not a program, is looked at as one: the reason then names it
  if (options.words.size() == 1 && (first.ends_with(".so") || std::filesystem::exists(first, code))) {
    const bool program = (std::filesystem::status(first, code).permissions() & std::filesystem::perms::owner_exec) !=
                         std::filesystem::perms::none;
    if (first.ends_with(".so") || first.find(".so.") != first.npos || !program) return check_file(first, options);
  }
  return check_program(options);
}

}  // namespace sextant::cli
