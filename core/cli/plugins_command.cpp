#include "plugins_command.hpp"
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <fcntl.h>
#include <fmt/format.h>
#include <set>
#include <unistd.h>
#include <sextant/json_schema.hpp>
#include <sextant/printable.hpp>
#include "../base/exit_code.hpp"
#include "../base/files.hpp"
#include "../base/log.hpp"
#include "../base/text.hpp"
#include "../infer/inferencer.hpp"
#include "../plugin/elf_check.hpp"
#include "../plugin/loader.hpp"
#include "../plugin/manifest.hpp"
#include "../plugin/probe.hpp"
#include "../score/own_metrics.hpp"
#include "../serve/examples.hpp"
#include "plugins_check.hpp"
#include "plugins_new.hpp"
#include "plugins_run.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

using plugin::ComponentInfo;
using plugin::Found;
using plugin::Registry;

constexpr const char* overview = R"(usage: sextant plugins COMMAND ...

  list [PATTERN...]     the plugins that were found, those that others hide, and the files that cannot be used
  info KIND:ID          one plugin's facts and options
  run KIND:ID           try one plugin on JSON lines
  describe FILE.so      print the manifest of a plugin that you built; keep it next to it as FILE.json
  check FILE.so|COMMAND is it sound? tries every rule of the ABI in a child process; says "ok", or what is wrong and where the rule stands
  new KIND NAME         write a folder that builds, passes its own test, and is found: in C++, C or Python
  probe FILE.so         (internal) load it here and print its manifest

A KIND is dataset, template, retriever, inferencer, model, postprocessor or metric. 'sextant plugins COMMAND --help' says more.
Plugins are looked for in --plugin-path DIR (may be repeated), $SEXTANT_PLUGIN_PATH (folders separated by colons),
$XDG_DATA_HOME/sextant/plugins and the folder that Sextant was installed with; of two with one id the first is used.
)";

struct Help {
  std::string_view command, text;
};
constexpr std::array<Help, 7> helps{{
    {"list",
     "usage: sextant plugins list [PATTERN...] [--json] [--plugin-path DIR]...\n\n"
     "PATTERN is matched with an id, a kind or KIND:ID; * and ? are wild. Reads only manifests. --json writes one\n"
     "JSON object a line: plugins with \"kind\", hidden ones with \"shadowed_by\", unusable files with \"problem\".\n"},
    {"info",
     "usage: sextant plugins info KIND:ID [--json] [--plugin-path DIR]...\n\n"
     "Facts of one plugin, and the keys of its configuration with type, default and meaning. KIND: may be left out\n"
     "where only one kind has that id.\n"},
    {"run",
     "usage: sextant plugins run KIND:ID [--config JSON] [--input FILE] [--split NAME] [--plugin-path DIR]...\n\n"
     "Reads JSON lines from stdin (or FILE) and writes one for each:\n"
     "  postprocessor  {\"text\"} -> {\"text\"}\n"
     "  metric         {\"prediction\", \"reference\", \"record\"?} -> {\"score\"}, and at the end {\"aggregate\": {...}}\n"
     "  template       {\"record\", \"shots\"?, \"output_column\"?, \"generate\"?} -> its prompt\n"
     "  dataset        no input: writes the records of --split NAME; --config '{\"path\": \"FOLDER\"}' says where they are\n"},
    {"describe",
     "usage: sextant plugins describe FILE.so\n\nLoads the file and prints its manifest (JSON with the sha256 of the file).\n"},
    {"check",
     "usage: sextant plugins check FILE.so|COMMAND [ARGUMENT...] [--config JSON] [--items FILE] [--kind KIND]\n"
     "                             [--seconds S] [--verbose] [--json]\n\n"
     "Checks the file's form, compares it with the manifest next to it, if there is one, and tries every rule of the ABI\n"
     "on each of its components in a child process: what is borrowed, sizes, threads, errors, cancellation, configurations,\n"
     "0, 1 and 10000 items, odd texts. What is broken is said with the place of its rule; exit status 65.\n"
     "A COMMAND is a program that speaks docs/protocol.md; behind -- its arguments may begin with dashes.\n"
     "  --config JSON   the configuration to try it with (a loader's \"path\", a model's files)\n"
     "  --items FILE    what to ask, JSON lines as for 'plugins run'; without it the kit asks questions of its own\n"
     "  --kind KIND     only components of that kind (KIND:ID: that one); of a program: what it is tried as\n"
     "  --seconds S     how long one rule may take (30)\n"
     "  --verbose       name the rules that hold, too\n"},
    {"new",
     "usage: sextant plugins new KIND NAME [--language cpp|c|python] [--folder DIR]\n\n"
     "Writes the folder NAME (or DIR): a component that works, meson.build and CMakeLists.txt, or a Python file; a README\n"
     "that says how to build, test, install and use it. Nothing that is there is overwritten.\n"},
    {"probe",
     "usage: sextant plugins probe FILE.so\n\nInternal: loads and initialises the file here, prints its manifest or "
     "{\"error\"}.\n"},
}};

struct Arguments {
  std::vector<std::string> positional, plugin_path;
  std::string config = "{}", input, split, kind, seconds, language, folder;
  bool json = false, help = false, verbose = false;
};

Error usage(std::string message) { return {Error::Kind::usage, std::move(message)}; }

Result<Arguments> parse(const std::string& command, const std::vector<std::string>& args) {
  Arguments out;
  std::map<std::string, std::string*> values;
  if (command == "run") values = {{"--config", &out.config}, {"--input", &out.input}, {"--split", &out.split}};
  if (command == "check")
    values = {{"--config", &out.config}, {"--items", &out.input}, {"--kind", &out.kind}, {"--seconds", &out.seconds}};
  if (command == "new") values = {{"--language", &out.language}, {"--folder", &out.folder}};
  constexpr std::string_view of_one_file[] = {"describe", "check", "probe", "new"};
  const bool searches = std::find(std::begin(of_one_file), std::end(of_one_file), command) == std::end(of_one_file);
  std::vector<std::string> known{"--help", "--json", "--plugin-path"};
  for (const auto& [flag, target] : values) known.push_back(flag);
  bool only_positional = false;
  for (size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    if (only_positional || arg.size() < 2 || arg[0] != '-') { out.positional.push_back(arg); continue; }
    if (arg == "--") { only_positional = true; continue; }
    if (arg == "--help" || arg == "-h") { out.help = true; continue; }
    if (arg == "--json") { out.json = true; continue; }  // also where there is no other form
    if (arg == "--verbose" && command == "check") { out.verbose = true; continue; }
    const size_t equals = arg.find('=');
    const std::string flag = arg.substr(0, equals);
    const auto it = values.find(flag);
    if (!(flag == "--plugin-path" && searches) && it == values.end())
      return usage(fmt::format("'plugins {}' has no option {}{}; see 'sextant plugins {} --help'", command, flag,
                               did_you_mean(flag, known), command));
    const bool lost = equals == arg.npos && (i + 1 == args.size() || args[i + 1].starts_with("--"));
    if (lost) return usage(fmt::format("{0} needs a value; write {0}=VALUE where the value begins with dashes", flag));
    std::string value = equals == arg.npos ? args[++i] : arg.substr(equals + 1);
    if (it == values.end()) out.plugin_path.push_back(std::move(value));
    else *it->second = std::move(value);
  }
  return out;
}

Registry discover(const Arguments& arguments) {
  return Registry::discover(plugin::SearchPath::standard(arguments.plugin_path));
}

int printed = exit_ok;  // the first failure, which has been said

void print(std::string_view text) {
  if (printed == exit_ok) printed = cli::print(text);
}
void print_line(const json::Value& value) {
  if (printed == exit_ok) printed = print_json(json::write(value) + "\n");
}

Result<std::string> one_argument(const Arguments& arguments, std::string_view command, std::string_view what) {
  if (arguments.positional.size() == 1) return arguments.positional[0];
  return usage(fmt::format("'plugins {}' takes one {}; see 'sextant plugins {} --help'", command, what, command));
}

bool matches(const std::vector<std::string>& patterns, plugin::Kind kind, std::string_view id) {
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
           return glob_match(pattern, id) || glob_match(pattern, plugin::kind_name(kind)) ||
                  glob_match(pattern, plugin::component_name(kind, id));
         });
}

// ---- list ---------------------------------------------------------------------------------------------------------------
/// Columns a terminal gives the text: one a character, two for the wide ones of East Asia.
size_t columns_of(std::string_view text) {
  size_t columns = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) columns += byte >= 0xE3 ? 2 : 1;
  }
  return columns;
}

void print_table(const std::vector<std::array<std::string, 5>>& rows) {
  std::array<size_t, 5> widths{};
  for (const auto& row : rows)
    for (size_t k = 0; k < row.size(); ++k) widths[k] = std::max(widths[k], columns_of(row[k]));
  for (const auto& row : rows) {
    std::string line;
    for (size_t k = 0; k < row.size(); ++k) {
      line += row[k];
      if (k + 1 < row.size()) line += std::string(widths[k] - columns_of(row[k]) + 2, ' ');
    }
    print(line + "\n");
  }
}

void list_json(const Registry& registry, const std::vector<std::string>& patterns) {
  for (const auto& file : registry.files())
    for (const ComponentInfo& component : file.components) {
      if (!matches(patterns, component.kind, component.id)) continue;
      json::Document out;
      auto& allocator = out.GetAllocator();
      out.CopyFrom(plugin::component_json(component, allocator), allocator);
      out.RemoveMember("schema");
      json::set(out, "path", file.path.string(), allocator);
      json::set(out, "sha256", file.sha256, allocator);
      json::set(out, "abi", fmt::format("{}.{}", file.abi_major, file.abi_minor), allocator);
      print_line(out);
    }
  for (const auto& hidden : registry.shadowed()) {
    if (!matches(patterns, hidden.kind, hidden.id)) continue;
    json::Document out(rapidjson::kObjectType);
    json::set(out, "kind", plugin::kind_name(hidden.kind), out.GetAllocator());
    json::set(out, "id", hidden.id, out.GetAllocator());
    json::set(out, "path", hidden.path.string(), out.GetAllocator());
    json::set(out, "shadowed_by", hidden.by.string(), out.GetAllocator());
    print_line(out);
  }
  for (const auto& problem : registry.problems()) {
    json::Document out(rapidjson::kObjectType);
    json::set(out, "path", problem.path.string(), out.GetAllocator());
    json::set(out, "problem", problem.sentence, out.GetAllocator());
    print_line(out);
  }
}

// Patterns that match nothing, with the nearest id, kind or KIND:ID.
Result<void> check_patterns(const Registry& registry, const std::vector<std::string>& patterns) {
  if (registry.files().empty()) return {};
  std::vector<std::string> names;
  for (const auto& file : registry.files())
    for (const ComponentInfo& component : file.components) names.push_back(component.id);
  for (const auto& file : registry.files())
    for (const ComponentInfo& component : file.components) {
      names.emplace_back(plugin::kind_name(component.kind));
      names.push_back(plugin::component_name(component.kind, component.id));
    }
  for (const std::string& pattern : patterns) {
    const auto hits = [&](plugin::Kind kind, std::string_view id) { return matches({pattern}, kind, id); };
    bool any = std::any_of(registry.shadowed().begin(), registry.shadowed().end(),
                           [&](const auto& hidden) { return hits(hidden.kind, hidden.id); });
    for (const auto& file : registry.files())
      for (const ComponentInfo& component : file.components) any = any || hits(component.kind, component.id);
    if (any) continue;
    const bool wild = pattern.find_first_of("*?") != pattern.npos;
    return usage(fmt::format("no plugin matches '{}'{}; `sextant plugins list` without a pattern lists all", pattern,
                             wild ? "" : did_you_mean(pattern, names)));
  }
  return {};
}

Result<int> list(const Arguments& arguments) {
  const Registry registry = discover(arguments);
  if (arguments.json) {
    list_json(registry, arguments.positional);
    SXT_CHECK(check_patterns(registry, arguments.positional));
    return int{exit_ok};
  }
  std::vector<std::array<std::string, 5>> rows{{"KIND", "ID", "VERSION", "SUMMARY", "PATH"}};
  for (const auto& file : registry.files())
    for (const ComponentInfo& component : file.components)
      if (matches(arguments.positional, component.kind, component.id))
        rows.push_back({std::string(plugin::kind_name(component.kind)), component.id, printable(component.version),
                        shorten(printable(component.summary), 72), printable(file.path.string())});
  std::sort(rows.begin() + 1, rows.end());
  const bool found = rows.size() > 1;
  if (found) print_table(rows);
  for (const auto& hidden : registry.shadowed())
    if (matches(arguments.positional, hidden.kind, hidden.id))
      print(fmt::format("shadowed: {} in {} by {}\n", plugin::component_name(hidden.kind, hidden.id), hidden.path.string(),
                        hidden.by.string()));
  std::fflush(stdout);
  for (const auto& problem : registry.problems()) log_warning(problem.sentence);
  if (registry.files().empty()) log_warning("no plugin was found; name a folder with --plugin-path or $SEXTANT_PLUGIN_PATH");
  SXT_CHECK(check_patterns(registry, arguments.positional));
  return int{exit_ok};
}

// ---- info, run: one plugin by name ----------------------------------------------------------------------------------------
/// "metric:bleu", or "bleu" where only one kind has it.
Result<Found> resolve(const Registry& registry, const std::string& name) {
  if (score::find_own_metric(name.starts_with("metric:") ? name.substr(7) : name))
    return Error{Error::Kind::config,
                 fmt::format("{} is a metric of the program itself and not of a plugin; docs/components.md lists these and says where they "
                             "are described",
                             name)};
  if (const size_t colon = name.find(':'); colon != name.npos) {
    SXT_TRY(const plugin::Kind kind, plugin::kind_from_name(name.substr(0, colon)));
    const std::string id = name.substr(colon + 1);
    const auto types = infer::inferencer_types();
    const bool retriever = kind == plugin::Kind::retriever && serve::is_own_retriever(id);
    if (retriever || (kind == plugin::Kind::inferencer &&
                      std::any_of(types.begin(), types.end(), [&](const auto& type) { return type.id == id; })))
      return Error{Error::Kind::config, fmt::format("{} is part of the program itself and no plugin; docs/{}.md describes it", name,
                                                    retriever ? "retrievers" : "inferencers")};
    return registry.find(kind, name.substr(colon + 1));
  }
  std::vector<Found> found;
  std::vector<std::string> ids, full;
  for (const auto& file : registry.files())
    for (const ComponentInfo& component : file.components) {
      ids.push_back(component.id);
      if (component.id != name) continue;
      found.push_back({&file, &component});
      full.push_back(plugin::component_name(component.kind, component.id));
    }
  if (found.size() == 1) return found[0];
  if (found.empty())
    return Error{Error::Kind::config, fmt::format("there is no plugin '{}'{}; 'sextant plugins list' lists them", name,
                                                  did_you_mean(name, ids))};
  return usage(fmt::format("'{}' may be {}; name it with its kind", name, join(full, " or ")));
}

Result<int> info(const Arguments& arguments) {
  SXT_TRY(const std::string name, one_argument(arguments, "info", "KIND:ID"));
  const Registry registry = discover(arguments);
  SXT_TRY(const Found found, resolve(registry, name));
  const ComponentInfo& component = *found.component;
  if (arguments.json) {
    json::Document out;
    auto& allocator = out.GetAllocator();
    out.CopyFrom(plugin::component_json(component, allocator), allocator);
    json::set(out, "path", found.file->path.string(), allocator);
    json::set(out, "sha256", found.file->sha256, allocator);
    json::set(out, "abi", fmt::format("{}.{}", found.file->abi_major, found.file->abi_minor), allocator);
    print_line(out);
    return int{exit_ok};
  }
  const std::string capabilities = join(plugin::capability_names(component.capabilities), ", ");
  print(
      fmt::format("{}\n  {}\n\n  version       {}\n  license       {}\n  capabilities  {}\n  file          {}\n  sha256        "
                  "{}\n  plugin ABI    {}.{}\n",
                  plugin::component_name(component.kind, component.id), component.summary, component.version, component.license,
                  capabilities.empty() ? "none" : capabilities, found.file->path.string(), found.file->sha256,
                  found.file->abi_major, found.file->abi_minor));
  if (!component.facts.empty()) print(fmt::format("  facts         {}\n", component.facts));
  SXT_TRY(const json::Document parsed, schema::parse(component.schema, name));
  const auto options = schema::options(parsed);
  print(options.empty() ? "\nIt takes no configuration.\n" : "\nconfiguration:\n");
  for (const schema::Option& option : options) {
    std::string line = fmt::format("  {}  {}", option.name, option.type);
    if (option.required) line += ", required";
    if (!option.default_json.empty()) line += ", default " + option.default_json;
    print(line + "\n");
    if (!option.description.empty()) print(fmt::format("      {}\n", option.description));
  }
  return int{exit_ok};
}

Result<int> run(const Arguments& arguments) {
  SXT_TRY(const std::string name, one_argument(arguments, "run", "KIND:ID"));
  Registry registry = discover(arguments);
  SXT_TRY(const Found found, resolve(registry, name));
  const bool rows = found.component->kind == plugin::Kind::dataset;
  if (rows && !arguments.input.empty())
    return usage("--input changes nothing for a data set, which reads its own files; --config '{\"path\": ...}' names them");
  if (!rows && !arguments.split.empty())
    return usage(
        fmt::format("--split changes nothing for a {}; it is for data sets", plugin::kind_name(found.component->kind)));
  const RunOptions options{found.component->kind, found.component->id, arguments.config, arguments.input, arguments.split};
  plugin::Host host(std::move(registry), nullptr);
  SXT_CHECK(run_plugin(host, options));
  return int{exit_ok};
}

// ---- describe, check, probe: one file ---------------------------------------------------------------------------------------
Result<int> describe(const Arguments& arguments) {
  SXT_TRY(const std::string file, one_argument(arguments, "describe", "FILE.so"));
  // what the plugin prints while it is loaded must not stand in the manifest
  std::fflush(stdout);
  const int answer = ::fcntl(1, F_DUPFD_CLOEXEC, 3);
  ::dup2(2, 1);
  const auto facts = plugin::describe_library(file);
  std::fflush(stdout);
  ::dup2(answer, 1);
  ::close(answer);
  if (!facts) return facts.error();
  return print_json(json::write_pretty(plugin::manifest_json(*facts)) + "\n");
}

Result<int> check(const Arguments& arguments) {
  CheckOptions options{arguments.positional, arguments.config == "{}" ? "" : arguments.config, arguments.input, arguments.kind,
                       30, arguments.json, arguments.verbose};
  if (!arguments.seconds.empty()) {
    char* end = nullptr;
    options.limit_s = std::strtod(arguments.seconds.c_str(), &end);
    if (*end || !(options.limit_s > 0)) return usage(fmt::format("--seconds {} is not a number of seconds", arguments.seconds));
  }
  return check_plugin(options);
}

Result<int> make_new(const Arguments& arguments) {
  if (arguments.positional.size() != 2) return usage("'plugins new' takes a KIND and a NAME; see 'sextant plugins new --help'");
  SXT_TRY(const plugin::Kind kind, plugin::kind_from_name(arguments.positional[0]));
  SXT_TRY(const NewPlugin made,
          new_plugin(kind, arguments.positional[1], arguments.language.empty() ? "cpp" : arguments.language, arguments.folder));
  print(made.told);
  return int{exit_ok};
}

Result<int> dispatch(const std::string& command, const Arguments& arguments) {
  if (command == "list") return list(arguments);
  if (command == "info") return info(arguments);
  if (command == "run") return run(arguments);
  if (command == "describe") return describe(arguments);
  if (command == "check") return check(arguments);
  if (command == "new") return make_new(arguments);
  SXT_TRY(const std::string file, one_argument(arguments, "probe", "FILE.so"));
  plugin::probe_here(file);
}

Result<int> execute(const std::vector<std::string>& args) {
  if (args.empty() || args[0] == "--help" || args[0] == "-h" || args[0] == "help") {
    print(overview);
    return int{args.empty() ? exit_usage : exit_ok};
  }
  const auto help = std::find_if(helps.begin(), helps.end(), [&](const Help& h) { return h.command == args[0]; });
  if (help == helps.end()) {
    std::vector<std::string> commands;
    for (const Help& h : helps) commands.emplace_back(h.command);
    return usage(fmt::format("there is no 'sextant plugins {}'{}; the commands are {}", args[0],
                             did_you_mean(args[0], commands), join(commands, ", ")));
  }
  SXT_TRY(const Arguments arguments, parse(args[0], {args.begin() + 1, args.end()}));
  if (arguments.help) {
    print(help->text);
    return int{exit_ok};
  }
  return dispatch(args[0], arguments);
}

}  // namespace

int plugins_command(std::vector<std::string> args) {
  const Result<int> code = execute(args);
  if (!code) return fail(code.error());
  return printed != exit_ok ? printed : *code;
}

}  // namespace sextant::cli
