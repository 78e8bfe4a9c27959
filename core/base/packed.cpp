#include "packed.hpp"
#include <new>
#include <openssl/evp.h>
#include <zlib.h>

namespace sextant {

std::string deflated(std::string_view bytes) {
  uLongf size = compressBound(bytes.size());
  std::string out(size, '\0');
  const int status = compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
                               bytes.size(), Z_DEFAULT_COMPRESSION);
  if (status != Z_OK) throw std::bad_alloc();  // the room suffices, so that only memory can be short
  out.resize(size);
  return out;
}

std::string base64(std::string_view bytes) {
  constexpr size_t part = size_t{3} << 20;  // EVP_EncodeBlock counts in int; whole groups of three need no padding between
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += part) {
    const std::string_view some = bytes.substr(at, part);
    std::string text((some.size() + 2) / 3 * 4 + 1, '\0');  // it ends what it writes with a zero
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), reinterpret_cast<const unsigned char*>(some.data()),
                    static_cast<int>(some.size()));
    text.pop_back();
    out += text;
  }
  return out;
}

}  // namespace sextant
