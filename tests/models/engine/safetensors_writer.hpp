// Writes small safetensors files for tests, whole ones and wrong ones. A second, simple statement of the format: nothing is
// shared with the reader.
#pragma once
#include <string>
#include <string_view>
#include <vector>
#include "gguf_writer.hpp"

namespace sextant::test {

/// A file of this header, as it stands, and these data.
inline std::string safetensors(std::string_view header, std::string_view data = "") {
  return le<uint64_t>(header.size()) + std::string(header) + std::string(data);
}

struct SafetensorsWriter {
  std::string header = R"({"__metadata__":{"format":"pt"})", data;

  SafetensorsWriter& tensor(std::string_view name, std::string_view dtype, std::string_view shape, std::string_view bytes) {
    header += ",\"" + std::string(name) + "\":{\"dtype\":\"" + std::string(dtype) + "\",\"shape\":" + std::string(shape) +
              ",\"data_offsets\":[" + std::to_string(data.size()) + "," + std::to_string(data.size() + bytes.size()) + "]}";
    data += bytes;
    return *this;
  }
  SafetensorsWriter& f32(std::string_view name, std::string_view shape, const std::vector<float>& numbers) {
    std::string bytes;
    for (const float number : numbers) bytes += le(number);
    return tensor(name, "F32", shape, bytes);
  }
  std::string bytes() const { return safetensors(header + "}", data); }
};

}  // namespace sextant::test
