// Block formats against gguf-py's numbers, bit for bit: tests/golden/dequantize.json, or the file in
// SEXTANT_DEQUANTIZE_GOLDEN (make_dequantize_goldens.py writes any number of blocks).
#include <bit>
#include <cstdlib>
#include <cstring>
#include <catch2/catch.hpp>
#include <checkpoint/dequantize.hpp>
#include <sextant/csv.hpp>
#include <sextant/json.hpp>
#include "../sha256.hpp"

using namespace sextant;
using namespace sextant::engine;

namespace {

std::vector<std::byte> from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::vector<std::byte> bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes.push_back(std::byte(digit(hex[i]) * 16 + digit(hex[i + 1])));
  return bytes;
}

json::Document goldens() {
  const char* other = std::getenv("SEXTANT_DEQUANTIZE_GOLDEN");
  const std::string path = other ? other : SEXTANT_GOLDEN_DIR "/dequantize.json";
  const auto text = csv::read_text(path);
  REQUIRE(text);
  auto parsed = json::parse(*text, path);
  REQUIRE(parsed);
  return *std::move(parsed);
}

}  // namespace

TEST_CASE("blocks of every type give gguf-py's bits", "[engine][dequantize]") {
  size_t types = 0;
  const auto all = goldens();
  for (const auto& golden : all.GetArray()) {
    const std::string name = *json::find_string(golden, "type");
    CAPTURE(name);
    const auto blocks = from_hex(json::text(*json::find(golden, "blocks")));
    for (int t = 0; t <= static_cast<int>(last_tensor_type); ++t) {
      const auto type = static_cast<TensorType>(t);
      const BlockFormat& format = block_format(type);
      if (format.name != name) continue;
      ++types;
      REQUIRE(blocks.size() % format.bytes == 0);
      std::vector<float> out(blocks.size() / format.bytes * format.elements);
      dequantize(type, blocks.data(), out.data(), out.size());
      const auto& first = *json::find(golden, "first");
      for (rapidjson::SizeType i = 0; i < first.Size(); ++i) CHECK(std::bit_cast<uint32_t>(out[i]) == first[i].GetUint());
      CHECK(test::sha256(out.data(), out.size() * sizeof(float)) == *json::find_string(golden, "sha256"));
    }
  }
  CHECK(types == 16);
}

TEST_CASE("halves become floats, special ones included", "[engine][dequantize]") {
  struct { uint16_t half; uint32_t bits; } const cases[] = {
      {0x0000, 0x00000000}, {0x8000, 0x80000000}, {0x3C00, 0x3F800000}, {0xC000, 0xC0000000}, {0x7BFF, 0x477FE000},
      {0x0001, 0x33800000}, {0x03FF, 0x387FC000}, {0x0400, 0x38800000}, {0x7C00, 0x7F800000}, {0xFC00, 0xFF800000},
      {0x7E00, 0x7FC00000},
  };
  for (const auto& c : cases) {
    CAPTURE(c.half);
    CHECK(std::bit_cast<uint32_t>(half_to_float(c.half)) == c.bits);
  }
}
