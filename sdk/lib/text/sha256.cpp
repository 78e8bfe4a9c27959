#include <sextant/sha256.hpp>
#include <array>
#include <cstdio>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <stdexcept>

namespace sextant {
namespace {

void check(bool done) {
  if (!done) throw std::runtime_error("OpenSSL could not compute a SHA-256; check the OpenSSL installation");
}

// Looked up once: that costs more than hashing a prompt.
const EVP_MD* algorithm() {
  static const EVP_MD* const found = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return found;
}

struct FreeContext { void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); } };
using Digest = std::unique_ptr<EVP_MD_CTX, FreeContext>;

bool begin(const Digest& digest) { return digest && algorithm() && EVP_DigestInit_ex(digest.get(), algorithm(), nullptr) == 1; }

std::string hex_of(EVP_MD_CTX* digest) {
  std::array<unsigned char, 32> bytes{};
  check(EVP_DigestFinal_ex(digest, bytes.data(), nullptr) == 1);
  constexpr char digits[] = "0123456789abcdef";
  std::string out(2 * bytes.size(), '\0');
  for (size_t i = 0; i < bytes.size(); ++i) {
    out[2 * i] = digits[bytes[i] >> 4];
    out[2 * i + 1] = digits[bytes[i] & 15];
  }
  return out;
}

}  // namespace

struct Sha256::Context {
  Digest digest{EVP_MD_CTX_new()};
};
Sha256::Sha256() : context_(std::make_unique<Context>()) { check(begin(context_->digest)); }
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;
void Sha256::add(std::span<const std::byte> bytes) {
  check(EVP_DigestUpdate(context_->digest.get(), bytes.data(), bytes.size()) == 1);
}
std::string Sha256::hex() { return hex_of(context_->digest.get()); }

std::string sha256_hex(std::span<const std::byte> bytes) {
  thread_local const Digest digest(EVP_MD_CTX_new());
  check(begin(digest) && EVP_DigestUpdate(digest.get(), bytes.data(), bytes.size()) == 1);
  return hex_of(digest.get());
}

Result<std::string> sha256_file(const std::filesystem::path& path) {
  std::error_code code;
  if (!std::filesystem::is_regular_file(path, code))
    return Error{Error::Kind::io, fmt::format("{} is not a regular file; check the path", path.string())};
  struct Close { void operator()(std::FILE* file) const { std::fclose(file); } };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (!file) return Error{Error::Kind::io, fmt::format("cannot read {}; check its permissions", path.string())};
  Sha256 digest;
  std::string block(1 << 20, '\0');
  while (const size_t n = std::fread(block.data(), 1, block.size(), file.get()))
    digest.add(std::as_bytes(std::span(block.data(), n)));
  if (std::ferror(file.get())) return Error{Error::Kind::io, fmt::format("reading {} failed", path.string())};
  return digest.hex();
}

}  // namespace sextant
