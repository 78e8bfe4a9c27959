#include "weights_hash.hpp"
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <sys/stat.h>
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

// {"<path>": {"size", "mtime_ns", "ctime_ns", "inode", "sampled", "sha256"}}; whatever is wrong with the file, an empty object
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

// What tells that a file is the one whose hash is remembered. Its size and time of change alone do not: both are kept by tools
// that copy or unpack, and are set by anybody. `sampled` is the SHA-256 of a few stretches of what it holds.
struct Identity {
  int64_t size = 0, mtime_ns = 0, ctime_ns = 0, inode = 0;
  std::string sampled;
};

std::string sampled_sha256(std::span<const std::byte> bytes) {
  constexpr size_t stretches = 32, stretch_bytes = 16 << 10;
  if (bytes.size() <= stretches * stretch_bytes) return sha256_hex(bytes);
  std::string text;
  for (size_t i = 0; i < stretches; ++i) {
    const size_t offset =
        i + 1 < stretches ? (bytes.size() - stretch_bytes) / (stretches - 1) * i : bytes.size() - stretch_bytes;
    text.append(reinterpret_cast<const char*>(bytes.data()) + offset, stretch_bytes);
  }
  return sha256_hex(text);
}

Identity identity_of(const MappedFile& file) {
  Identity out;
  out.size = static_cast<int64_t>(file.bytes().size());
  out.mtime_ns = file.mtime_ns();
  struct stat status{};
  if (::stat(file.path().c_str(), &status) == 0) {
    out.ctime_ns = int64_t{status.st_ctim.tv_sec} * 1'000'000'000 + status.st_ctim.tv_nsec;
    out.inode = static_cast<int64_t>(status.st_ino & INT64_MAX);
  }
  out.sampled = sampled_sha256(file.bytes());
  return out;
}

std::optional<std::string> remembered(const json::Document& cache, const MappedFile& file, const Identity& identity) {
  const json::Value* entry = json::find(cache, cache_key(file));
  if (!entry || json::find_int(*entry, "size") != identity.size || json::find_int(*entry, "mtime_ns") != identity.mtime_ns ||
      json::find_int(*entry, "ctime_ns") != identity.ctime_ns || json::find_int(*entry, "inode") != identity.inode ||
      json::find_string(*entry, "sampled") != identity.sampled)
    return std::nullopt;
  auto hash = json::find_string(*entry, "sha256");
  return hash && hash->size() == 64 ? hash : std::nullopt;
}

void remember(json::Document& cache, const MappedFile& file, const Identity& identity, const std::string& hash) {
  auto& allocator = cache.GetAllocator();
  json::Value entry(rapidjson::kObjectType);
  json::set(entry, "size", json::Value(identity.size), allocator);
  json::set(entry, "mtime_ns", json::Value(identity.mtime_ns), allocator);
  json::set(entry, "ctime_ns", json::Value(identity.ctime_ns), allocator);
  json::set(entry, "inode", json::Value(identity.inode), allocator);
  json::set(entry, "sampled", identity.sampled, allocator);
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
    const Identity identity = cached ? identity_of(*file) : Identity();
    std::optional<std::string> hash = cached ? remembered(cache, *file, identity) : std::nullopt;
    if (!hash) {
      hash = sha256_hex(file->bytes());
      if (cached) remember(cache, *file, identity, *hash);
      changed = changed || cached;
    }
    file->let_go();  // the samples alone may have brought in large stretches
    if (files.size() == 1) lines = {*hash};
    else lines.push_back(fmt::format("{}  {}\n", *hash, fs::path(file->path()).filename().string()));
  }
  if (changed) write_cache(path, cache);
  if (lines.size() == 1) return lines.front();
  std::sort(lines.begin(), lines.end(),
            [](auto& a, auto& b) { return std::pair(a.substr(64), a) < std::pair(b.substr(64), b); });
  std::string text;
  for (const std::string& line : lines) text += line;
  return sha256_hex(text);
}

}  // namespace sextant::engine
