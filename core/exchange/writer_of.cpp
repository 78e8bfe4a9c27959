// Which program wrote what somebody wants to import.
#include <algorithm>
#include <fmt/format.h>
#include "../base/files.hpp"
#include "../base/json_members.hpp"
#include "../base/text.hpp"
#include "imported.hpp"

namespace sextant::exchange {
namespace {

namespace fs = std::filesystem;

Result<std::string> writer_of_file(const fs::path& path) {
  if (path.extension() == ".eval") return std::string("inspect");
  SXT_TRY(const InputFile file, InputFile::open(path));
  bool results = false, versions = false, eval = false, version = false;
  SXT_CHECK(scan_members(file, [&](std::string_view name, uint64_t, uint64_t) {
    results = results || name == "results";
    versions = versions || name == "versions";
    eval = eval || name == "eval";
    version = version || name == "version";
    return !(results && versions) && !(eval && version);
  }));
  if (eval && version) return std::string("inspect");
  if (results && versions) return std::string("lm-eval");
  return Error{Error::Kind::data,
               fmt::format("{} is neither a results file of lm-eval nor an EvalLog of Inspect", path.string())};
}

bool has_run_inside(const fs::path& folder) {
  std::error_code code;
  return fs::is_directory(folder / "predictions", code) || fs::is_directory(folder / "results", code);
}

}  // namespace

Result<std::string> writer_of(const fs::path& path) {
  std::error_code code;
  if (!fs::exists(path, code))
    return Error{Error::Kind::missing,
                 fmt::format("{} does not exist; give a results file, or the folder of a run", path.string())};
  if (!fs::is_directory(path, code)) return writer_of_file(path);
  if (fs::exists(path / "run.json", code))
    return Error{Error::Kind::usage, fmt::format("{} is a run of Sextant already; nothing is to be imported", path.string())};
  if (has_run_inside(path)) return std::string("opencompass");
  std::vector<std::string> runs;
  bool packed = false, json = false;
  for (const auto& entry : fs::directory_iterator(path, code)) {
    if (entry.is_directory(code) && has_run_inside(entry.path())) runs.push_back(entry.path().filename().string());
    packed = packed || entry.path().extension() == ".eval";
    if (json || entry.path().extension() != ".json") continue;
    const auto writer = writer_of_file(entry.path());
    json = writer && *writer == "inspect";
  }
  if (!runs.empty()) {
    std::sort(runs.begin(), runs.end());
    return Error{Error::Kind::usage, fmt::format("{} holds {} runs of OpenCompass; name one: {}", path.string(), runs.size(),
                                                 (path / runs.back()).string())};
  }
  if (json) return std::string("inspect");
  for (auto it = fs::recursive_directory_iterator(path, code); !code && it != fs::recursive_directory_iterator();
       it.increment(code)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with("results_") && name.ends_with(".json")) return std::string("lm-eval");
  }
  if (packed) return std::string("inspect");
  return Error{Error::Kind::data, fmt::format("{} holds nothing that can be imported: neither results_*.json of lm-eval, nor "
                                              "results/ and predictions/ of OpenCompass, "
                                              "nor EvalLogs (*.json) of Inspect",
                                              path.string())};
}

}  // namespace sextant::exchange
