#include "weights_hash.hpp"
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <unistd.h>
#include <fmt/format.h>
#include <sextant/json.hpp>
#include <sextant/sha256.hpp>

namespace sextant::engine {
namespace {

namespace fs = std::filesystem;

fs::path cache_path() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache) return fs::path(cache) / "sextant" / "weights.json";
  if (const char* home = std::getenv("HOME"); home && *home) return fs::path(home) / ".cache" / "sextant" / "weights.json";
  return {};
}

// {"<path>": {"size", "mtime_ns", "sha256"}}; whatever is wrong with the file, an empty object
json::Document read_cache(const fs::path& path) {
  constexpr std::streamsize max_bytes = 4 << 20;
  json::Document empty(rapidjson::kObjectType);
  std::error_code ignored;
  if (path.empty() || !fs::is_regular_file(path, ignored)) return empty;
  std::string text(static_cast<size_t>(max_bytes), '\0');
  std::ifstream in(path, std::ios::binary);
  in.read(text.data(), max_bytes);
  text.resize(static_cast<size_t>(in.gcount()));
  auto parsed = json::parse(text, path.string());
  return parsed && parsed->IsObject() ? *std::move(parsed) : std::move(empty);
}

void write_cache(const fs::path& path, const json::Value& cache) {
  if (path.empty()) return;
  std::error_code ignored;
  fs::create_directories(path.parent_path(), ignored);
  fs::path draft = path;  // renamed into place: readers never see half of it
  draft += fmt::format(".{}", ::getpid());
  {
    std::ofstream out(draft, std::ios::binary);
    out << json::write_pretty(cache) << '\n';
    if (!out.flush()) {
      out.close();
      fs::remove(draft, ignored);
      return;
    }
  }
  fs::rename(draft, path, ignored);
  if (ignored) fs::remove(draft, ignored);
}

std::string cache_key(const MappedFile& file) {
  std::error_code ignored;
  const fs::path absolute = fs::weakly_canonical(file.path(), ignored);
  return absolute.empty() ? file.path() : absolute.string();
}

std::optional<std::string> remembered(const json::Document& cache, const MappedFile& file) {
  const json::Value* entry = json::find(cache, cache_key(file));
  if (!entry || json::find_int(*entry, "size") != static_cast<int64_t>(file.bytes().size()) ||
      json::find_int(*entry, "mtime_ns") != file.mtime_ns())
    return std::nullopt;
  auto hash = json::find_string(*entry, "sha256");
  return hash && hash->size() == 64 ? hash : std::nullopt;
}

void remember(json::Document& cache, const MappedFile& file, const std::string& hash) {
  auto& allocator = cache.GetAllocator();
  json::Value entry(rapidjson::kObjectType);
  json::set(entry, "size", json::Value(static_cast<int64_t>(file.bytes().size())), allocator);
  json::set(entry, "mtime_ns", json::Value(file.mtime_ns()), allocator);
  json::set(entry, "sha256", hash, allocator);
  json::set(cache, cache_key(file), std::move(entry), allocator);
}

}  // namespace

Result<std::string> weights_sha256(std::vector<const MappedFile*> files) {
  constexpr size_t worth_remembering_bytes = 1 << 20;
  const fs::path path = cache_path();
  json::Document cache = read_cache(path);
  bool changed = false;
  std::vector<std::string> lines;
  for (const MappedFile* file : files) {
    const bool cached = file->bytes().size() >= worth_remembering_bytes;
    std::optional<std::string> hash = cached ? remembered(cache, *file) : std::nullopt;
    if (!hash) {
      hash = sha256_hex(file->bytes());
      file->let_go();
      if (cached) remember(cache, *file, *hash);
      changed = changed || cached;
    }
    if (files.size() == 1) lines = {*hash};
    else lines.push_back(fmt::format("{}  {}\n", *hash, fs::path(file->path()).filename().string()));
  }
  if (changed) write_cache(path, cache);
  if (lines.size() == 1) return lines.front();
  std::sort(lines.begin(), lines.end(), [](auto& a, auto& b) { return std::pair(a.substr(64), a) < std::pair(b.substr(64), b); });
  std::string text;
  for (const std::string& line : lines) text += line;
  return sha256_hex(text);
}

}  // namespace sextant::engine
