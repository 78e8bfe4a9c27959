// Reads GGUF's header from memory; every read is checked against what the file holds. Private to gguf.cpp.
// Format: GGUF as the ggml project documents it, versions 2 and 3, little endian: integers as they are, a string is [u64
// size][bytes], an array is [u32 type][u64 count][values].
#pragma once
#include <bit>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <fmt/format.h>
#include "gguf.hpp"
#include "messages.hpp"

namespace sextant::engine::gguf {

static_assert(std::endian::native == std::endian::little, "GGUF files are little endian, and so are the machines that we know");

class Cursor {
 public:
  /// `bytes` may be more than the header; nothing at or beyond `limit` is read.
  Cursor(std::string_view path, std::span<const std::byte> bytes, size_t offset, size_t limit)
      : path_(path), bytes_(bytes), offset_(offset), limit_(std::min(limit, bytes.size())) {}

  std::string_view path() const { return path_; }
  size_t offset() const { return offset_; }
  size_t left() const { return limit_ - offset_; }
  Error error(std::string_view what) const {
    return {Error::Kind::data, fmt::format("{}: {}; fetch the model again, or convert it anew", path_, what)};
  }

  template <class T> Result<T> read(std::string_view what) {
    if (left() < sizeof(T)) return ends_inside(what);
    T value;
    std::memcpy(&value, bytes_.data() + offset_, sizeof value);
    offset_ += sizeof value;
    return value;
  }
  Result<std::string_view> string(std::string_view what) {
    SXT_TRY(const auto size, read<uint64_t>(what));
    if (size > left()) return ends_inside(what);
    const std::string_view text(reinterpret_cast<const char*>(bytes_.data()) + offset_, static_cast<size_t>(size));
    offset_ += text.size();
    return text;
  }
  Result<void> skip(uint64_t count, size_t size_each, std::string_view what) {
    if (count > left() / size_each) return ends_inside(what);
    offset_ += static_cast<size_t>(count) * size_each;
    return {};
  }
  /// Is there room for `count` things of at least `size_least` bytes each? So that no claim of a header sizes an allocation.
  bool has_room(uint64_t count, size_t size_least) const { return count <= left() / size_least; }

  Error ends_inside(std::string_view what) const {
    return error(limit_ < bytes_.size()
                     ? fmt::format("{} goes beyond the first {} MiB, where a header ends at the latest", what, limit_ >> 20)
                     : fmt::format("the file ends inside {}, at byte {} of {}", what, offset_, bytes_.size()));
  }

 private:
  std::string_view path_;
  std::span<const std::byte> bytes_;
  size_t offset_, limit_;
};

/// Bytes of one value of a scalar type; 0 for strings, arrays and types that GGUF does not have.
inline size_t scalar_size(ValueType type) {
  switch (type) {
    case ValueType::uint8: case ValueType::int8: case ValueType::boolean: return 1;
    case ValueType::uint16: case ValueType::int16: return 2;
    case ValueType::uint32: case ValueType::int32: case ValueType::float32: return 4;
    case ValueType::uint64: case ValueType::int64: case ValueType::float64: return 8;
    default: return 0;
  }
}

}  // namespace sextant::engine::gguf
