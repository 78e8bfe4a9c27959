#include "weights_hash.hpp"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <unistd.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sextant/json.hpp>

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
    if (!out.flush()) { out.close(); fs::remove(draft, ignored); return; }
  }
  fs::rename(draft, path, ignored);
  if (ignored) fs::remove(draft, ignored);
}

Result<std::string> compute(const MappedFile& file) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), file.bytes().data(), file.bytes().size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), digest, &size) != 1) {
    return Error{Error::Kind::internal,
                 fmt::format("{}: OpenSSL could not compute its sha256; check the OpenSSL installation", file.path())};
  }
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

}  // namespace

Result<std::string> weights_sha256(const MappedFile& file) {
  std::error_code ignored;
  const fs::path absolute = fs::weakly_canonical(file.path(), ignored);
  const std::string key = absolute.empty() ? file.path() : absolute.string();
  const auto size = static_cast<int64_t>(file.bytes().size());
  const fs::path path = cache_path();
  json::Document cache = read_cache(path);
  if (const json::Value* entry = json::find(cache, key)) {
    const auto hash = json::find_string(*entry, "sha256");
    if (json::find_int(*entry, "size") == size && json::find_int(*entry, "mtime_ns") == file.mtime_ns() && hash &&
        hash->size() == 64) {
      return *hash;
    }
  }
  SXT_TRY(std::string hash, compute(file));
  auto& allocator = cache.GetAllocator();
  json::Value entry(rapidjson::kObjectType);
  json::set(entry, "size", json::Value(size), allocator);
  json::set(entry, "mtime_ns", json::Value(file.mtime_ns()), allocator);
  json::set(entry, "sha256", hash, allocator);
  json::set(cache, key, std::move(entry), allocator);
  write_cache(path, cache);
  return hash;
}

}  // namespace sextant::engine
