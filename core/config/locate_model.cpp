#include "locate_model.hpp"
#include <algorithm>
#include <filesystem>
#include <vector>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sextant/hub_cache.hpp>
#include "../base/files.hpp"
#include "../base/log.hpp"

namespace sextant::config {
namespace fs = std::filesystem;
namespace {

std::vector<std::string> snapshots_of(const fs::path& model) {
  constexpr size_t most = 1'000;
  std::vector<std::string> names;
  std::error_code failed, ignored;
  for (fs::directory_iterator it(model / "snapshots", failed), end; !failed && it != end && names.size() < most;
       it.increment(failed))
    if (it->is_directory(ignored)) names.push_back(it->path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

// The name of a folder in snapshots/ that refs/main holds; empty where there is no such file, or it holds none.
std::string main_revision(const fs::path& model) {
  auto read = read_file(model / "refs" / "main", 200);
  if (!read) return "";
  std::string revision = *std::move(read);
  const auto blank = [](char c) { return c == '\n' || c == '\r' || c == ' ' || c == '\t'; };
  while (!revision.empty() && blank(revision.back())) revision.pop_back();
  while (!revision.empty() && blank(revision.front())) revision.erase(0, 1);
  return is_hub_id(revision) && revision.find('/') == revision.npos ? revision : "";
}

// What lies in models--org--name: refs/main says which snapshot counts; without it (fetched by a commit, or copied) the only
// one does.
Result<std::string> snapshot_in(const std::string& origin, const std::string& named, const fs::path& model) {
  const std::vector<std::string> snapshots = snapshots_of(model);
  const std::string revision = main_revision(model);
  if (std::find(snapshots.begin(), snapshots.end(), revision) != snapshots.end())
    return (model / "snapshots" / revision).string();
  const auto refuse = [&](const std::string& why) -> Error {
    return {Error::Kind::data,
            fmt::format("{}: {} is in the cache of the Hugging Face Hub as {}, and {}", origin, named, model.string(), why)};
  };
  if (snapshots.empty())
    return refuse("it has no snapshot (an interrupted download?); fetch it again, since Sextant fetches nothing");
  const std::string folder = (model / "snapshots").string();
  if (snapshots.size() == 1) {
    if (!revision.empty())  // the file was left behind, or a download never began
      log_warning_once(
          fmt::format("{}: refs/main of {} names the snapshot {}, which is missing; the only one that is there, {}, is taken",
                      origin, model.string(), revision, snapshots.front()));
    return (model / "snapshots" / snapshots.front()).string();
  }
  const std::string choice = fmt::format("give the path of one of them, below {}: {}", folder, fmt::join(snapshots, ", "));
  if (!revision.empty())
    return refuse(fmt::format("its refs/main names the snapshot {}, which is missing; {} others are there instead; {}",
                              revision, snapshots.size(), choice));
  return refuse(fmt::format("it has {} snapshots and no refs/main to say which one counts; {}", snapshots.size(), choice));
}

}  // namespace

Result<std::string> locate_model(const std::string& origin, const std::string& path, ModelFiles expected) {
  std::error_code failed;
  const fs::file_status status = fs::status(path, failed);
  if (expected == ModelFiles::folder && fs::is_regular_file(status))
    return Error{
        Error::Kind::data,
        fmt::format(
            "{}: {} is a file, and a Hugging Face folder is expected; name the folder, or give a GGUF file as --model-path",
            origin, path)};
  if (expected == ModelFiles::file && fs::is_directory(status))
    return Error{
        Error::Kind::data,
        fmt::format(
            "{}: {} is a directory, and a GGUF file is expected; name the file, or give a Hugging Face folder as --hf-path",
            origin, path)};
  if (fs::is_directory(status)) {  // the model's folder in a cache, where one of its snapshots is meant
    const bool of_cache =
        fs::is_directory(fs::path(path) / "snapshots", failed) && !fs::exists(fs::path(path) / "config.json", failed);
    return of_cache ? snapshot_in(origin, path, path) : path;
  }
  const std::string cache = hub_cache_folder();
  if (fs::exists(status) || expected == ModelFiles::file || !is_hub_id(path) || cache.empty()) return path;
  const fs::path model = fs::path(cache) / hub_folder_name(path);
  return fs::is_directory(model, failed) ? snapshot_in(origin, path, model) : path;
}

}  // namespace sextant::config
