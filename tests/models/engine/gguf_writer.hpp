// Writes small GGUF files for tests, whole ones and wrong ones. A second, simple statement of the format: nothing is shared
// with the reader.
#pragma once
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>
#include <unistd.h>

namespace sextant::test {

template <class T> std::string le(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}
inline std::string gguf_string(std::string_view text) { return le<uint64_t>(text.size()) + std::string(text); }

struct GgufWriter {
  uint32_t version = 3;
  uint64_t alignment = 32;
  std::vector<std::string> pairs;    // bytes of each
  std::vector<std::string> entries;  // bytes of each
  std::string data;

  GgufWriter& pair(std::string_view key, uint32_t type, const std::string& value) {
    pairs.push_back(gguf_string(key) + le(type) + value);
    return *this;
  }
  GgufWriter& text(std::string_view key, std::string_view value) { return pair(key, 8, gguf_string(value)); }
  GgufWriter& u32(std::string_view key, uint32_t value) { return pair(key, 4, le(value)); }
  GgufWriter& f32(std::string_view key, float value) { return pair(key, 6, le(value)); }
  GgufWriter& boolean(std::string_view key, bool value) { return pair(key, 7, le<uint8_t>(value)); }
  GgufWriter& strings(std::string_view key, const std::vector<std::string>& items) {
    std::string bytes = le<uint32_t>(8) + le<uint64_t>(items.size());
    for (const auto& item : items) bytes += gguf_string(item);
    return pair(key, 9, bytes);
  }
  GgufWriter& i32s(std::string_view key, const std::vector<int32_t>& items) {
    std::string bytes = le<uint32_t>(5) + le<uint64_t>(items.size());
    for (const int32_t item : items) bytes += le(item);
    return pair(key, 9, bytes);
  }
  GgufWriter& entry(std::string_view name, const std::vector<uint64_t>& dims_fastest_first, uint32_t type, uint64_t offset) {
    std::string bytes = gguf_string(name) + le(static_cast<uint32_t>(dims_fastest_first.size()));
    for (const uint64_t dim : dims_fastest_first) bytes += le(dim);
    entries.push_back(bytes + le(type) + le(offset));
    return *this;
  }
  /// A tensor of F32 zeros after the ones before it.
  GgufWriter& zeros(std::string_view name, const std::vector<uint64_t>& dims_fastest_first) {
    uint64_t size = 4;
    for (const uint64_t dim : dims_fastest_first) size *= dim;
    data.resize((data.size() + alignment - 1) / alignment * alignment);
    entry(name, dims_fastest_first, 0, data.size());
    data.resize(data.size() + size);
    return *this;
  }
  std::string bytes() const {
    std::string all = "GGUF" + le(version) + le<uint64_t>(entries.size()) + le<uint64_t>(pairs.size());
    for (const auto& pair : pairs) all += pair;
    for (const auto& entry : entries) all += entry;
    if (!data.empty()) all.resize((all.size() + alignment - 1) / alignment * alignment);
    return all + data;
  }
};

/// A file that is gone when the test ends.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view bytes) {
    static int number = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("sextant-test-" + std::to_string(::getpid()) + "-" + std::to_string(number++));
    std::ofstream(path_, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  TemporaryFile(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace sextant::test
