// The wire format of protocol buffers (protobuf.dev, "Encoding"), as far as sentencepiece's files need it. Pure; [any] thread.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sextant::engine::protobuf {

/// Walks over the fields of one message. After next() returned true, `number` and one of `value` and `bytes` are set.
class Reader {
 public:
  explicit Reader(std::string_view message) : rest_(message) {}

  uint32_t number = 0;
  uint64_t value = 0;        // a varint, or the bits of a fixed number
  std::string_view bytes;    // of a string or a message

  bool next() {
    if (rest_.empty() || !sound_) return false;
    uint64_t key = 0, size = 0;
    value = 0;
    bytes = {};
    if (!varint(key) || key >> 3 == 0 || key >> 3 > 0x1FFFFFFF) return sound_ = false;
    number = static_cast<uint32_t>(key >> 3);
    switch (key & 7) {
      case 0: return sound_ = varint(value);
      case 1: return sound_ = fixed(8);
      case 2:
        if (!varint(size) || size > rest_.size()) return sound_ = false;
        bytes = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return true;
      case 5: return sound_ = fixed(4);
      default: return sound_ = false;  // groups, which nobody writes any more
    }
  }
  /// Whether all that was read was well formed.
  bool sound() const { return sound_; }
  float real() const {
    const auto bits = static_cast<uint32_t>(value);
    float number;
    std::memcpy(&number, &bits, sizeof number);
    return number;
  }

 private:
  bool varint(uint64_t& ret_value) {
    ret_value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_[0]);
      rest_.remove_prefix(1);
      ret_value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  bool fixed(size_t size) {
    if (rest_.size() < size) return false;
    std::memcpy(&value, rest_.data(), size);
    rest_.remove_prefix(size);
    return true;
  }
  std::string_view rest_;
  bool sound_ = true;
};

/// Writes a message's fields one after the other.
struct Writer {
  std::string text;
  void varint(uint32_t number, uint64_t value) { put(uint64_t{number} << 3), put(value); }
  void bytes(uint32_t number, std::string_view value) { put(uint64_t{number} << 3 | 2), put(value.size()), text += value; }
  void real(uint32_t number, float value) {
    put(uint64_t{number} << 3 | 5);
    text.append(reinterpret_cast<const char*>(&value), sizeof value);
  }

 private:
  void put(uint64_t value) {
    for (; value >= 0x80; value >>= 7) text += static_cast<char>(value | 0x80);
    text += static_cast<char>(value);
  }
};

}  // namespace sextant::engine::protobuf
