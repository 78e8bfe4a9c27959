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

}  // namespace

struct Sha256::Context {
  struct Free { void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); } };
  std::unique_ptr<EVP_MD_CTX, Free> digest{EVP_MD_CTX_new()};
};
Sha256::Sha256() : context_(std::make_unique<Context>()) {
  check(context_->digest && EVP_DigestInit_ex(context_->digest.get(), EVP_sha256(), nullptr) == 1);
}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;
void Sha256::add(std::span<const std::byte> bytes) {
  check(EVP_DigestUpdate(context_->digest.get(), bytes.data(), bytes.size()) == 1);
}
std::string Sha256::hex() {
  std::array<unsigned char, 32> bytes{};
  check(EVP_DigestFinal_ex(context_->digest.get(), bytes.data(), nullptr) == 1);
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

std::string sha256_hex(std::span<const std::byte> bytes) {
  Sha256 digest;
  digest.add(bytes);
  return digest.hex();
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
