#include "isolation.hpp"
#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <mutex>
#include <set>
#include <sextant/json.hpp>
#include <unistd.h>
#include "../base/log.hpp"
#include "../base/text.hpp"
#include "manifest.hpp"
#include "python_folders.hpp"

namespace sextant::plugin {
namespace {

namespace fs = std::filesystem;
constexpr const char* variable = "SEXTANT_ISOLATE";
constexpr uint64_t confined_program_bytes = uint64_t{64} << 30;   // of address space, which is not memory in use

bool lies_in(const fs::path& file, const fs::path& folder) {
  std::error_code code;
  const fs::path real = fs::weakly_canonical(file, code), in = fs::weakly_canonical(folder, code);
  const fs::path relative = real.lexically_relative(in);
  return !relative.empty() && *relative.begin() != "..";
}

Result<double> number_of(const std::string& word, std::string_view text) {
  char* end = nullptr;
  const std::string copy(text);
  const double value = std::strtod(copy.c_str(), &end);
  if (copy.empty() || *end || !(value > 0))
    return Error{Error::Kind::usage, fmt::format("--isolate {}: a number of seconds above 0 is wanted", word)};
  return value;
}

Isolation& current() {
  static Isolation* isolation = [] {
    auto* out = new Isolation;
    const char* text = std::getenv(variable);
    std::vector<std::string> words;
    for (std::string_view rest = text ? text : ""; !rest.empty();) {
      const std::string_view word = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(word.size() + 1, rest.size()));
      if (!word.empty()) words.emplace_back(word);
    }
    if (auto parsed = parse_isolation(words)) *out = *std::move(parsed);
    else log_warning(fmt::format("${}: {}", variable, parsed.error().message));
    return out;
  }();
  return *isolation;
}

fs::path real_path(const fs::path& path) {
  std::error_code code;
  const fs::path real = fs::weakly_canonical(path, code);
  return code ? path : real;
}

/// Every text of the configuration that names something on the disk.
void add_paths(const json::Value& value, std::vector<std::string>& to) {
  if (value.IsString()) {
    std::error_code code;
    const std::string text(json::text(value));
    if (text.empty() || text.size() > 4096 || text.find('\0') != text.npos || !fs::exists(text, code)) return;
    const std::string path = fs::absolute(text, code).string();
    if (path != "/") to.push_back(path);
  } else if (value.IsArray()) {
    for (const auto& item : value.GetArray()) add_paths(item, to);
  } else if (value.IsObject()) {
    for (const auto& member : value.GetObject()) add_paths(member.value, to);
  }
}

/// What a process needs to live, and nobody's secrets are in.
std::vector<std::string> always_readable() {
  std::vector<std::string> out = {"/usr",
                                  "/lib",
                                  "/lib64",
                                  "/bin",
                                  "/opt",
                                  "/etc/ld.so.cache",
                                  "/etc/ld.so.preload",
                                  "/etc/localtime",
                                  "/etc/ssl",
                                  "/etc/nsswitch.conf",
                                  "/etc/passwd",
                                  "/etc/resolv.conf",
                                  "/etc/hosts",
                                  "/etc/python3",
                                  "/dev/urandom",
                                  "/dev/zero",
                                  "/proc/self",
                                  "/proc/cpuinfo",
                                  "/proc/meminfo",
                                  "/sys/devices/system/cpu"};
  std::error_code code;
  const fs::path program = fs::read_symlink("/proc/self/exe", code);
  if (!code) out.push_back(program.parent_path().parent_path().string() + "/share/sextant"), out.push_back(program.string());
  return out;
}

/// An installed folder that is empty, in whose place a program is given one in memory.
std::string scratch_folder() {
  std::error_code code;
  const fs::path program = fs::read_symlink("/proc/self/exe", code);
  const fs::path folder = program.parent_path().parent_path() / "share" / "sextant" / "scratch";
  return !code && fs::is_directory(folder, code) ? folder.string() : std::string();
}

/// The folders of a program, its interpreter and its packages. A home folder or / is not opened for a file that lies in it.
void add_program(const std::vector<std::string>& command, std::vector<std::string>& to) {
  std::error_code code;
  const char* home = std::getenv("HOME");
  for (const std::string& word : command) {
    if (!fs::is_regular_file(word, code)) continue;
    const fs::path file = fs::absolute(word, code).lexically_normal(), folder = file.parent_path();
    to.push_back(file.string());
    if (folder != "/" && !(home && folder == fs::path(home).lexically_normal())) to.push_back(folder.string());
  }
  const auto each = [&](const char* name, auto&& use) {
    const char* text = std::getenv(name);
    for (std::string_view rest = text ? text : ""; !rest.empty();) {
      const std::string_view one = rest.substr(0, rest.find(':'));
      rest.remove_prefix(std::min(one.size() + 1, rest.size()));
      if (!one.empty()) use(fs::path(one));
    }
  };
  // PREFIX of PREFIX/bin/python3, also of what a link leads to: an environment and its interpreter
  const auto add_prefix = [&](const fs::path& program) {
    for (const fs::path& file : {fs::absolute(program, code), real_path(program)}) {
      to.push_back(file.string());
      if (file.parent_path().filename() != "bin") continue;
      const fs::path prefix = file.parent_path().parent_path();
      to.push_back(prefix.string());
      for (std::string& folder : folders_of_packages(prefix)) to.push_back(std::move(folder));
    }
  };
  each("PYTHONPATH", [&](const fs::path& folder) { to.push_back(fs::absolute(folder, code).string()); });
  if (command.empty()) return;
  if (command.front().find('/') != std::string::npos) return add_prefix(command.front());
  each("PATH", [&](const fs::path& folder) {
    if (fs::exists(folder / command.front(), code)) add_prefix(folder / command.front());
  });
}

struct Permissions {
  bool network = false;
  std::vector<std::string> read;
};
Permissions permissions_of(const ComponentInfo& component) {
  Permissions out;
  const auto facts = json::parse(component.facts.empty() ? "{}" : component.facts, "facts");
  const json::Value* asked = facts ? json::find(*facts, "permissions") : nullptr;
  if (!asked) return out;
  out.network = json::find_bool(*asked, "network").value_or(false);
  if (const json::Value* read = json::find(*asked, "read"); read && read->IsArray())
    for (const auto& path : read->GetArray())
      if (path.IsString()) out.read.emplace_back(json::text(path));
  return out;
}

void say_once(const std::string& name, const IsolatedSpec& spec, const std::vector<std::string>& named) {
  static std::mutex mutex;
  static std::set<std::string> said;
  const std::lock_guard lock(mutex);
  if (!said.insert(name).second) return;
  log_info(fmt::format("{} is isolated: {}, reads {}, writes nothing, {}{} s a sample", name,
                       spec.network ? "network" : "no network", named.empty() ? "no files of yours" : join(named, ", "),
                       spec.memory_bytes ? fmt::format("{} MiB, ", spec.memory_bytes >> 20) : "", spec.deadline_s));
}

}  // namespace

namespace {

bool isolated_already = false;

bool is_marked(const fs::path& folder) {
  std::error_code code;
  return fs::exists(folder / "isolate", code);
}

}  // namespace

void within_isolation() {
  ::unsetenv(variable);
  isolated_already = true;
}

bool Isolation::applies(const Found& found) const {
  if (isolated_already) return false;
  if (is_marked(found.file->path.parent_path())) return true;
  const std::string_view kind = kind_name(found.component->kind);
  const std::string name = component_name(found.component->kind, found.component->id);
  return std::any_of(what.begin(), what.end(), [&](const std::string& word) {
    if (word.find('/') != word.npos) return lies_in(found.file->path, word);
    return word == "all" || word == kind || glob_match(word, name);
  });
}

bool asks_to_be_confined(const Found& found, const std::string& config) {
  if (found.component->id != "command") return false;
  const auto given = json::parse(config, "configuration");
  return given && json::find_bool(*given, "confined").value_or(false);
}

Result<Isolation> parse_isolation(const std::vector<std::string>& words) {
  Isolation out;
  bool limited = false;
  for (const std::string& word : words) {
    if (word.starts_with("deadline=")) {
      SXT_TRY(out.deadline_s, number_of(word, std::string_view(word).substr(9)));
      limited = out.deadline_given = true;
    } else if (word.starts_with("memory=")) {
      const auto bytes = parse_size(std::string_view(word).substr(7));
      if (!bytes || *bytes < (uint64_t{64} << 20))
        return Error{Error::Kind::usage, fmt::format("--isolate {}: a size of 64M or more is wanted", word)};
      out.memory_bytes = *bytes;
      limited = true;
    } else {
      const std::string kind = word.substr(0, word.find(':'));
      if (word.find('/') == word.npos && word != "all" && kind.find_first_of("*?") == kind.npos)
        if (const auto known = kind_from_name(kind); !known)
          return Error{Error::Kind::usage, fmt::format("--isolate {}: {}", word, known.error().message)};
      std::error_code code;
      if (word.find('/') != word.npos && !fs::is_directory(word, code))
        return Error{Error::Kind::usage, fmt::format("--isolate {}: there is no such folder of plugins", word)};
      // it is read again by processes that may stand elsewhere
      out.what.push_back(word.find('/') != word.npos ? fs::absolute(word, code).string() : word);
    }
    if (word.find(',') != word.npos)
      return Error{Error::Kind::usage, fmt::format("--isolate {}: a word cannot hold a comma", word)};
  }
  if (out.what.empty() && limited) out.what = {"all"};
  return out;
}

const Isolation& isolation() { return current(); }

Result<void> set_isolation(const std::vector<std::string>& words) {
  SXT_TRY(Isolation parsed, parse_isolation(words));
  if (parsed.what.empty()) parsed.what = {"all"};
  std::vector<std::string> kept = parsed.what;
  for (const std::string& word : words)
    if (word.find('=') != word.npos && word.find('/') == word.npos) kept.push_back(word);
  ::setenv(variable, join(kept, ",").c_str(), 1);
  current() = std::move(parsed);
  return {};
}

std::string to_json(const IsolatedSpec& spec) {
  json::Document out(rapidjson::kObjectType);
  auto& a = out.GetAllocator();
  const auto list = [&](const std::vector<std::string>& texts) {
    json::Value values(rapidjson::kArrayType);
    for (const std::string& text : texts) values.PushBack(json::Value(text, a), a);
    return values;
  };
  json::set(out, "file", spec.file, a);
  json::set(out, "kind", spec.kind, a);
  json::set(out, "id", spec.id, a);
  json::set(out, "command", list(spec.command), a);
  json::set(out, "readable", list(spec.readable), a);
  json::set(out, "scratch", spec.scratch, a);
  json::set(out, "network", json::Value(spec.network), a);
  json::set(out, "memory_bytes", json::Value(spec.memory_bytes), a);
  json::set(out, "deadline_s", json::Value(spec.deadline_s), a);
  return json::write(out);
}

Result<IsolatedSpec> isolated_spec_from(std::string_view json_text) {
  SXT_TRY(const json::Document in, json::parse(json_text, "worker isolated"));
  IsolatedSpec out;
  const auto list = [&](const char* name) {
    std::vector<std::string> texts;
    if (const json::Value* values = json::find(in, name); values && values->IsArray())
      for (const auto& value : values->GetArray())
        if (value.IsString()) texts.emplace_back(json::text(value));
    return texts;
  };
  out.file = json::find_string(in, "file").value_or("");
  out.kind = json::find_string(in, "kind").value_or("");
  out.id = json::find_string(in, "id").value_or("");
  out.command = list("command");
  out.readable = list("readable");
  out.scratch = json::find_string(in, "scratch").value_or("");
  out.network = json::find_bool(in, "network").value_or(false);
  out.memory_bytes = static_cast<uint64_t>(json::find_int(in, "memory_bytes").value_or(0));
  out.deadline_s = json::find_number(in, "deadline_s").value_or(30);
  return out;
}

Result<std::string> isolated_config(const Found& found, const std::string& config) {
  const ComponentInfo& component = *found.component;
  const Isolation& how = isolation();
  SXT_TRY(json::Document given, json::parse(config, "configuration"));
  IsolatedSpec spec{found.file->path.string(),
                    std::string(kind_name(component.kind)),
                    component.id,
                    {},
                    {},
                    {},
                    false,
                    component.kind == Kind::model ? 0 : how.memory_bytes,
                    component.kind == Kind::model && !how.deadline_given ? isolated_model_s : how.deadline_s};
  Permissions permissions = permissions_of(component);
  spec.network = permissions.network;
  std::vector<std::string> named = permissions.read;
  const bool program = component.id == "command";
  if (program)
    if (const json::Value* words = json::find(given, "command"); words && words->IsArray())
      for (const auto& word : words->GetArray()) spec.command.emplace_back(word.IsString() ? json::text(word) : "");
  if (program) given.RemoveMember("command");
  // not what a plugin should need, but what libraries of an interpreter set aside
  if (program && !how.applies(found)) spec.memory_bytes = confined_program_bytes;
  add_paths(given, named);
  std::sort(named.begin(), named.end());
  named.erase(std::unique(named.begin(), named.end()), named.end());
  spec.readable = always_readable();
  if (program) add_program(spec.command, spec.readable), spec.scratch = scratch_folder();
  else spec.readable.push_back(real_path(found.file->path).parent_path().string());
  spec.readable.push_back(found.file->path.parent_path().string());
  spec.readable.insert(spec.readable.end(), named.begin(), named.end());
  std::string title = component_name(component.kind, component.id);
  if (program && !spec.command.empty()) title += " " + spec.command.back();
  say_once(title, spec, named);

  json::Document out(rapidjson::kObjectType);
  auto& a = out.GetAllocator();
  json::Value command(rapidjson::kArrayType), isolated(rapidjson::kObjectType);
  for (const std::string& word : {std::string("/proc/self/exe"), std::string("worker"), std::string("isolated"), to_json(spec)})
    command.PushBack(json::Value(word, a), a);
  if (program) {
    for (const auto& member : given.GetObject())
      json::set(out, json::text(member.name), json::Value(member.value, a), a);
  } else {
    if (component.kind == Kind::metric) json::set(out, "name", component.id, a);
    json::set(out, "config", json::Value(given, a), a);
    // a sample's deadline is kept by the other process, which says what it has done; this one is for a process that says
    // nothing
    json::set(out, "timeout_s",
              json::Value(std::max(spec.deadline_s, component.kind == Kind::model ? isolated_model_s : isolated_start_s) + 5),
              a);
  }
  if (program && how.deadline_given) json::set(out, "timeout_s", json::Value(how.deadline_s), a);
  json::set(isolated, "title", title, a);
  json::set(out, "isolated", std::move(isolated), a);
  json::set(out, "command", std::move(command), a);
  return json::write(out);
}

}  // namespace sextant::plugin
