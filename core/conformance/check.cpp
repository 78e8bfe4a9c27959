#include "check.hpp"
#include <cstdlib>
#include <fmt/format.h>
#include <sextant/json_schema.hpp>
#include "../base/exit_code.hpp"
#include "../base/files.hpp"
#include "../base/worker_process.hpp"
#include "../plugin/loader.hpp"
#include "../plugin/manifest.hpp"
#include "rules.hpp"

namespace sextant::conformance {
namespace {

namespace fs = std::filesystem;
using plugin::Kind;

// ---- the parent ----------------------------------------------------------------------------------------------------------
std::string to_line(const Trial& trial, size_t first) {
  json::Document out(rapidjson::kObjectType);
  auto& a = out.GetAllocator();
  json::set(out, "file", trial.file.string(), a);
  json::set(out, "kind", plugin::kind_name(trial.kind), a);
  json::set(out, "id", trial.id, a);
  json::set(out, "config", trial.config, a);
  json::set(out, "items", trial.items.string(), a);
  json::set(out, "first", json::Value(static_cast<uint64_t>(first)), a);
  return json::write(out);
}

/// Tries the rules from `first` on until they are done or the child is; the number of the next one.
Result<size_t> try_from(const Trial& trial, size_t first, const std::vector<Rule>& rules, std::vector<Outcome>& ret) {
  SXT_TRY(const auto process, WorkerProcess::start("conformance"));
  if (!process->send(to_line(trial, first))) return Error{Error::Kind::internal, "the child of the conformance kit is gone"};
  for (size_t at = first; at < rules.size(); ++at) {
    Outcome outcome{rules[at].name, rules[at].place, rules[at].what, Outcome::holds, {}};
    std::string line;
    const auto got = process->receive(std::chrono::duration<double>(trial.limit_s), line);
    if (got == WorkerProcess::Got::line) {
      SXT_TRY(const json::Document said, json::parse(line, "the conformance kit"));
      if (const auto error = json::find_string(said, "error")) return Error{Error::Kind::data, *error};
      outcome.state = static_cast<Outcome::State>(json::find_int(said, "state").value_or(0));
      outcome.why = json::find_string(said, "why").value_or("");
      ret.push_back(std::move(outcome));
      continue;
    }
    outcome.state = Outcome::broken;
    if (got == WorkerProcess::Got::late) {
      outcome.why = fmt::format("did not end within {} s", trial.limit_s);
    } else {
      process->wait_for_end();
      outcome.why = "its process " + process->end();
    }
    ret.push_back(std::move(outcome));
    return at + 1;
  }
  return rules.size();
}

// ---- the child -----------------------------------------------------------------------------------------------------------
const sxt_component* find(const sxt_entry& entry, Kind kind, const std::string& id) {
  for (uint32_t i = 0; i < entry.component_count; ++i)
    if (entry.components[i]->kind == static_cast<uint32_t>(kind) && entry.components[i]->id == id) return entry.components[i];
  return nullptr;
}

/// The configuration that objects are made with, or why there is none.
void configure(Subject& subject, const std::string& given, const fs::path& nowhere) {
  const std::string name = plugin::component_name(subject.info.kind, subject.info.id);
  auto config = json::parse(given.empty() ? "{}" : given, "--config", json::Syntax::relaxed);
  if (!config) {
    subject.why_no_config = config.error().message;
    return;
  }
  if (subject.is(Kind::dataset)) {
    subject.own_data = json::find(*config, "path") != nullptr;
    if (!subject.own_data) json::set(*config, "path", nowhere.string(), config->GetAllocator());
  }
  auto checked =
      schema::check_config(name, subject.info.schema, json::write(*config), given.empty() ? "without --config" : "--config");
  if (checked) subject.config = *std::move(checked);
  else subject.why_no_config = checked.error().message + (given.empty() ? "; give a configuration with --config" : "");
}

/// Templates make prompts of some forms: the first one that this one makes.
void choose_form(Subject& subject) {
  if (!subject.is(Kind::template_) || subject.config.empty()) return;
  const auto made = subject.make();
  if (!made) return;
  for (uint32_t form = SXT_FORM_OPEN; form <= SXT_FORM_WHOLE; ++form) {
    subject.form = form;
    if (ask(subject, *made, {subject.items.data(), 1}).status == SXT_OK) return;
  }
  subject.form = SXT_FORM_OPEN;
}

Result<Subject> prepare(const json::Document& spec, const fs::path& nowhere) {
  const fs::path file = json::find_string(spec, "file").value_or("");
  SXT_TRY(const Kind kind, plugin::kind_from_name(json::find_string(spec, "kind").value_or("")));
  SXT_TRY(const sxt_entry* entry, plugin::load_library(file, ""));
  SXT_CHECK(plugin::initialise(file, *entry, TrialHost::the().table));
  SXT_TRY(const plugin::PluginFile facts, plugin::facts_of(*entry, file));
  Subject subject;
  const std::string id = json::find_string(spec, "id").value_or("");
  for (const auto& info : facts.components)
    if (info.kind == kind && info.id == id) subject.info = info;
  subject.component = find(*entry, kind, id);
  if (!subject.component)
    return Error{Error::Kind::data, fmt::format("{} holds no {}", file.string(), plugin::component_name(kind, id))};
  subject.items = own_items(kind);
  if (const std::string items = json::find_string(spec, "items").value_or(""); !items.empty()) {
    SXT_TRY(const std::string text, read_file(items));
    SXT_TRY(subject.items, items_from_lines(kind, text, items));
  }
  configure(subject, json::find_string(spec, "config").value_or(""), nowhere);
  choose_form(subject);
  return subject;
}

}  // namespace

Result<std::vector<Outcome>> try_component(const Trial& trial) {
  const std::vector<Rule> rules = rules_of(trial.kind);
  std::vector<Outcome> out;
  for (size_t next = 0; next < rules.size();) {
    SXT_TRY(next, try_from(trial, next, rules, out));
  }
  return out;
}

int serve_trial(int fd) {
  std::string buffer, line;
  if (!read_line(fd, buffer, line)) return exit_usage;
  const auto say = [&](const char* member, std::string_view text, int state) {
    json::Document out(rapidjson::kObjectType);
    json::set(out, "state", json::Value(state), out.GetAllocator());
    json::set(out, member, text, out.GetAllocator());
    return write_line(fd, json::write(out));
  };
  const auto spec = json::parse(line, "worker conformance");
  if (!spec) return exit_usage;
  std::string nowhere = (fs::temp_directory_path() / "sextant-check-XXXXXX").string();
  if (!::mkdtemp(nowhere.data())) return exit_internal;
  ::rmdir(nowhere.c_str());  // a path that nobody else makes, and where nothing is
  auto subject = prepare(*spec, nowhere);
  if (!subject) {
    (void)say("error", subject.error().message, 0);
    return exit_data;
  }
  const std::vector<Rule> rules = rules_of(subject->info.kind);
  for (size_t at = static_cast<size_t>(json::find_int(*spec, "first").value_or(0)); at < rules.size(); ++at) {
    Verdict verdict;
    try {
      verdict = rules[at].holds(*subject);
    } catch (const std::exception& e) {
      verdict = broken(fmt::format("an exception came out: {}", e.what()));
    }
    if (!say("why", verdict.why, verdict.state)) return exit_internal;
  }
  return exit_ok;
}

}  // namespace sextant::conformance
