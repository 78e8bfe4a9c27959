#include "probe.hpp"
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <csignal>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>  // Boost 1.74's headers use it without including it
#include <boost/dll/runtime_symbol_info.hpp>
#include <sextant/sha256.hpp>
#include "../base/exit_code.hpp"
#include "../base/files.hpp"
#include "../base/text.hpp"
#include "call.hpp"
#include "child.hpp"
#include "elf_check.hpp"
#include "loader.hpp"
#include "manifest.hpp"

namespace sextant::plugin {
namespace fs = std::filesystem;
namespace {

fs::path program() {
  if (!probe_settings().program.empty()) return probe_settings().program;
  boost::dll::fs::error_code code;
  return boost::dll::program_location(code);
}

std::string stamp(const fs::path& path) {
  struct stat s{};
  if (::stat(path.c_str(), &s) != 0) return "gone";
  return fmt::format("{}:{}.{:09}", s.st_size, s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
}

/// Everything that a verdict depends on: the file, and the program (rebuilt or updated, it may judge otherwise).
std::string cache_key(const fs::path& library) {
  return fmt::format("{} {} abi {}.{} {}", library.string(), stamp(library), SXT_ABI_MAJOR, SXT_ABI_MINOR_NEWEST,
                     stamp(program()));
}

// one small file per plugin, so that processes that probe at the same time do not undo each other's work
fs::path cache_file(const fs::path& library) {
  return cache_folder() / "probes" / (sha256_hex(library.string()).substr(0, 32) + ".json");
}

/// {"key", "manifest": {...}} or {"key", "error": "..."}
std::optional<Result<PluginFile>> read_cache(const fs::path& library) {
  const auto text = read_file(cache_file(library), uint64_t{16} << 20);
  if (!text) return std::nullopt;
  const auto entry = json::parse(*text, "probe cache");
  if (!entry || json::find_string(*entry, "key") != cache_key(library)) return std::nullopt;
  if (auto error = json::find_string(*entry, "error")) return Error{Error::Kind::data, *error};
  const json::Value* manifest = json::find(*entry, "manifest");
  if (!manifest) return std::nullopt;
  auto file = parse_manifest(json::write(*manifest), "probe cache", library);
  return file ? std::optional<Result<PluginFile>>(std::move(file)) : std::nullopt;
}

void write_cache(const fs::path& library, const Result<PluginFile>& verdict) {
  json::Document entry(rapidjson::kObjectType);
  auto& allocator = entry.GetAllocator();
  json::set(entry, "key", cache_key(library), allocator);
  if (verdict) json::set(entry, "manifest", json::Value(manifest_json(*verdict), allocator), allocator);
  else json::set(entry, "error", verdict.error().message, allocator);
  const auto written = write_file(cache_file(library), json::write(entry) + "\n");
  (void)written;  // without a cache the file is probed again: slower, not wrong
}

std::string printed_text(std::string_view err) {
  const std::string text = one_line(err);
  return text.empty() ? "" : fmt::format(" (it printed: {})", shorten(text, 200));
}

struct Verdict {
  Result<PluginFile> file;
  std::string init_error;
  // Only what the file itself decides is for the cache: a library that is missing today may be installed tomorrow, and what was
  // too slow, or had no memory, on a busy machine is not so on an idle one.
  bool lasting = true;
};

Verdict ask_child(const fs::path& library) {
  const auto bad = [&](std::string_view why) { return Error{Error::Kind::data, fmt::format("{} {}", library.string(), why)}; };
  const auto outcome = run_child(program(), {"plugins", "probe", library.string()}, probe_settings().limit);
  if (!outcome) return {bad(fmt::format("has no manifest and cannot be probed: {}", outcome.error().message)), {}, false};
  const std::string printed = printed_text(outcome->err);
  if (outcome->timed_out) {
    const double limit_s = static_cast<double>(probe_settings().limit.count()) / 1000;
    return {bad(fmt::format("did not finish loading within {} s and was stopped{}", limit_s, printed)), {}, false};
  }
  if (outcome->signal)
    return {bad(fmt::format("crashed while it was loaded: {}{}", ::strsignal(outcome->signal), printed)),
            {},
            outcome->signal != SIGKILL};
  const auto answer = json::parse(outcome->out, "probe");
  if (answer && outcome->exit_status == exit_data)
    if (const auto error = json::find_string(*answer, "error")) return {Error{Error::Kind::data, *error}, {}, false};
  if (!answer || outcome->exit_status != exit_ok)
    return {bad(fmt::format("ended the program while it was loaded (exit status {}){}", outcome->exit_status, printed)), {},
            outcome->exit_status != exit_internal};
  return {parse_manifest(outcome->out, fmt::format("the probe of {}", library.string()), library),
          json::find_string(*answer, "init_error").value_or("")};
}

}  // namespace

ProbeSettings& probe_settings() {
  static ProbeSettings settings;
  return settings;
}

Result<PluginFile> probe(const fs::path& library) {
  SXT_TRY(const EntryHead head, check_elf(library));
  SXT_CHECK(check_head(head, library));
  if (auto cached = read_cache(library)) return *std::move(cached);
  const Verdict verdict = ask_child(library);
  if (verdict.lasting) write_cache(library, verdict.file);
  return verdict.file;
}

Result<PluginFile> probe_afresh(const fs::path& library, std::string& ret_init_error) {
  const Verdict verdict = ask_child(library);
  ret_init_error = verdict.init_error;
  return verdict.file;
}

void probe_here(const fs::path& library) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // an interrupted parent leaves no hanging probe behind
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  // what the plugin prints while it is loaded must not stand in the answer
  const int answer = ::fcntl(1, F_DUPFD_CLOEXEC, 3);
  ::dup2(2, 1);
  const Result<PluginFile> facts = describe_library(library);
  json::Document out(rapidjson::kObjectType);
  auto& allocator = out.GetAllocator();
  if (facts) {
    out = manifest_json(*facts);
    // one that cannot be initialised here (no GPU, say) is still listed; its use gives the reason
    if (const auto entry = load_library(library, ""))
      if (const auto ready = initialise(library, **entry, bare_host()); !ready)
        json::set(out, "init_error", ready.error().message, out.GetAllocator());
  } else {
    json::set(out, "error", facts.error().message, allocator);
  }
  std::string line = json::write(out) + "\n";
  for (std::string_view rest = line; !rest.empty();) {
    const ssize_t n = ::write(answer, rest.data(), rest.size());
    if (n <= 0) ::_exit(exit_internal);
    rest.remove_prefix(static_cast<size_t>(n));
  }
  ::_exit(facts ? exit_ok : exit_data);
}

}  // namespace sextant::plugin
