#include <sextant/sha256.hpp>
#include <array>
#include <cstdio>
#include <fmt/format.h>
#include <memory>
#include <openssl/evp.h>
#include <stdexcept>

namespace sextant {
namespace {

class Digest {
 public:
  Digest() { check(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1); }
  void add(std::span<const std::byte> bytes) { check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1); }
  std::string hex() {
    std::array<unsigned char, 32> bytes{};
    check(EVP_DigestFinal_ex(context_.get(), bytes.data(), nullptr) == 1);
    return fmt::format("{:02x}", fmt::join(bytes, ""));
  }

 private:
  static void check(bool done) {
    if (!done) throw std::runtime_error("OpenSSL could not compute a SHA-256; check the OpenSSL installation");
  }
  struct Free { void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); } };
  std::unique_ptr<EVP_MD_CTX, Free> context_{EVP_MD_CTX_new()};
};

}  // namespace

std::string sha256_hex(std::span<const std::byte> bytes) {
  Digest digest;
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
  Digest digest;
  std::string block(1 << 20, '\0');
  while (const size_t n = std::fread(block.data(), 1, block.size(), file.get())) digest.add(std::as_bytes(std::span(block.data(), n)));
  if (std::ferror(file.get())) return Error{Error::Kind::io, fmt::format("reading {} failed", path.string())};
  return digest.hex();
}

}  // namespace sextant
