#include "locate_model.hpp"
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include "../base/files.hpp"

namespace sextant::config {
namespace fs = std::filesystem;
namespace {

fs::path hub_cache() {
  const auto folder = [](const char* variable) {
    const char* value = std::getenv(variable);
    return fs::path(value ? value : "");
  };
  if (const fs::path hub = folder("HF_HUB_CACHE"); !hub.empty()) return hub;
  if (const fs::path home = folder("HF_HOME"); !home.empty()) return home / "hub";
  return cache_folder().parent_path() / "huggingface" / "hub";
}

// "org/name" or "name": what the Hub calls a model, and nothing that could lead out of the cache.
bool is_hub_id(const std::string& id) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  const size_t slash = id.find('/');
  const std::string organisation = slash == id.npos ? "x" : id.substr(0, slash),
                    name = slash == id.npos ? id : id.substr(slash + 1);
  for (const std::string& part : {organisation, name})
    if (part.empty() || part.front() == '.' || !std::all_of(part.begin(), part.end(), plain)) return false;
  return true;
}

// models--org--name/refs/main holds the name of a folder in models--org--name/snapshots.
std::string snapshot_of(const std::string& id) {
  std::string name = "models--" + id;
  if (const size_t slash = name.find('/'); slash != name.npos) name.replace(slash, 1, "--");
  const fs::path model = hub_cache() / name;
  auto read = read_file(model / "refs" / "main", 200);
  if (!read) return "";
  std::string revision = *std::move(read);
  while (revision.ends_with('\n')) revision.pop_back();
  if (!is_hub_id(revision) || revision.find('/') != revision.npos) return "";
  const fs::path snapshot = model / "snapshots" / revision;
  std::error_code failed;
  return fs::is_directory(snapshot, failed) ? snapshot.string() : "";
}

}  // namespace

Result<std::string> locate_model(const std::string& origin, const std::string& path, ModelFiles expected) {
  std::error_code failed;
  const fs::file_status status = fs::status(path, failed);
  if (expected == ModelFiles::folder && fs::is_regular_file(status))
    return Error{
        Error::Kind::data,
        fmt::format(
            "{}: {} is a file, and a Hugging Face folder is wanted; name the folder, or give a GGUF file as --model-path",
            origin, path)};
  if (expected == ModelFiles::file && fs::is_directory(status))
    return Error{
        Error::Kind::data,
        fmt::format("{}: {} is a directory, and a GGUF file is wanted; name the file, or give a Hugging Face folder as --hf-path",
                    origin, path)};
  if (fs::exists(status) || expected == ModelFiles::file || !is_hub_id(path)) return path;
  const std::string snapshot = snapshot_of(path);
  return snapshot.empty() ? path : snapshot;
}

}  // namespace sextant::config
