// Safetensors files: what a whole one gives, and what each wrong one is refused for.
#include <chrono>
#include <limits>
#include <catch2/catch.hpp>
#include <checkpoint/dequantize.hpp>
#include <checkpoint/safetensors.hpp>
#include "../safetensors_writer.hpp"

using namespace sextant;
using namespace sextant::engine;
using namespace sextant::test;
using Catch::Matchers::Contains;

namespace {

std::string refusal_of(std::string_view bytes) {
  const TemporaryFile holder(bytes);
  const auto file = SafetensorsFile::open(holder.path());
  return file ? "it was accepted" : file.error().message;
}

// One tensor "t": its entry's members, and the bytes behind the header.
std::string one(std::string_view entry, size_t data = 0) {
  return safetensors("{\"t\":{" + std::string(entry) + "}}", std::string(data, '\0'));
}

}  // namespace

TEST_CASE("a whole safetensors file gives its tensors, wherever their bytes begin", "[engine][safetensors]") {
  const size_t padding = GENERATE(0u, 1u, 2u, 3u, 7u);  // moves the data off every alignment
  SafetensorsWriter writer;
  writer.f32("a", "[2,3]", {1, 2, 3, 4, 5, 6.5f})
      .tensor("half", "F16", "[1]", std::string("\x00\x3c", 2))
      .tensor("none", "F32", "[0,4]", "");
  writer.tensor("brain", "BF16", "[1,2]", std::string("\x80\x3f\x00\xc0", 4)).f32("scalar", "[]", {0.25f});
  const TemporaryFile holder(safetensors(writer.header + "}" + std::string(padding, ' '), writer.data));
  auto opened = SafetensorsFile::open(holder.path());
  if (!opened) FAIL(opened.error().message);
  const SafetensorsFile file = *std::move(opened);
  REQUIRE(file.tensors().size() == 5);
  struct { const char* name; TensorType type; std::vector<uint64_t> shape; std::vector<float> numbers;
  } const expected[] = {
      {"a", TensorType::f32, {2, 3}, {1, 2, 3, 4, 5, 6.5f}},
      {"half", TensorType::f16, {1}, {1}},
      {"none", TensorType::f32, {0, 4}, {}},
      {"brain", TensorType::bf16, {1, 2}, {1, -2}},
      {"scalar", TensorType::f32, {}, {0.25f}},
  };
  for (size_t i = 0; i < std::size(expected); ++i) {
    const Tensor& tensor = file.tensors()[i];
    INFO(expected[i].name);
    CHECK(tensor.name == expected[i].name);
    CHECK(tensor.type == expected[i].type);
    CHECK(tensor.shape == expected[i].shape);
    std::vector<float> numbers(tensor.bytes.size() / block_format(tensor.type).bytes);
    dequantize(tensor.type, tensor.bytes.data(), numbers.data(), numbers.size());
    CHECK(numbers == expected[i].numbers);
  }
}

TEST_CASE("a wrong safetensors file is refused with its reason", "[engine][safetensors]") {
  const std::string pair = R"("dtype":"F32","shape":[1],"data_offsets":)";
  const auto two = [&](const char* first, const char* second, size_t data) {
    return safetensors("{\"a\":{" + pair + first + "},\"b\":{" + pair + second + "}}", std::string(data, '\0'));
  };
  const std::string max = std::to_string(std::numeric_limits<uint64_t>::max());
  struct { const char* name; std::string bytes, reason;
  } const cases[] = {
      {"an empty file", "", "the file is empty"},
      {"seven bytes", "1234567", "too short"},
      {"a Git LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "git lfs pull"},
      {"a pickle", std::string("PK\3\4\0\0\x08\x08", 8) + std::string(64, '\0'), "is not a safetensors file"},
      {"a header beyond the limit", le<uint64_t>(100'000'001) + "{}", "none has more than"},
      {"an absurd header", le<uint64_t>(UINT64_MAX) + "{}", "none has more than"},
      {"a header beyond the end", le<uint64_t>(3) + "{}", "the header has 3 bytes, and only 2"},
      {"no header", le<uint64_t>(0), "not a JSON object"},
      {"a list", safetensors("[]"), "not a JSON object"},
      {"blanks before it", safetensors(" {}"), "not a JSON object"},
      {"broken JSON", safetensors("{\"a\":}"), "the header is not JSON"},
      {"something behind it", safetensors("{}x"), "the header is not JSON"},
      {"a NUL behind it", safetensors(std::string("{}\0x", 4)), "not a JSON object"},
      {"nested without end", safetensors("{\"a\":" + std::string(100'000, '[')), "the header is not JSON"},
      {"broken UTF-8", safetensors("{\"\xFF\":1}"), "the header is not JSON"},
      {"a number as an entry", safetensors("{\"t\":1}"), "\"t\" lacks"},
      {"no type", one(R"("shape":[],"data_offsets":[0,4])", 4), "\"t\" lacks"},
      {"no shape", one(R"("dtype":"F32","data_offsets":[0,4])", 4), "\"t\" lacks"},
      {"no offsets", one(R"("dtype":"F32","shape":[1])", 4), "\"t\" lacks"},
      {"three offsets", one(pair + "[0,4,4]", 4), "\"t\" lacks"},
      {"integers", one(R"("dtype":"I32","shape":[1],"data_offsets":[0,4])", 4), "tensor \"t\" has type \"I32\""},
      {"eight bits", one(R"("dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1])", 1), "tensor \"t\" has type \"F8_E4M3\""},
      {"an unknown type", one(R"("dtype":"X","shape":[1],"data_offsets":[0,4])", 4), "tensor \"t\" has type \"X\""},
      {"a negative extent", one(R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])", 4), "not a list of whole numbers"},
      {"half an extent", one(R"("dtype":"F32","shape":[1.5],"data_offsets":[0,4])", 4), "not a list of whole numbers"},
      {"extents that overflow", one(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0])"), "absurdly large"},
      {"an overflow behind a zero", one(R"("dtype":"F32","shape":[0,)" + max + "," + max + R"(],"data_offsets":[0,4])", 4),
       "has 4 bytes"},
      {"nine dimensions", one(R"("dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4])", 4), "has 9 dimensions"},
      {"offsets the wrong way round", one(pair + "[4,0]", 4), "lies at [4,0]"},
      {"an end beyond the file", one(pair + "[0,4]", 3), "(cut short?)"},
      {"offsets that overflow", one(pair + "[" + max + "," + max + "]", 4), "(cut short?)"},
      {"negative offsets", one(pair + "[-4,0]", 4), "lies at [-4,0]"},
      {"too few bytes", one(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])", 4),
       "has 4 bytes, and its type and shape ask for 8"},
      {"too many bytes", one(R"("dtype":"F16","shape":[1],"data_offsets":[0,4])", 4),
       "has 4 bytes, and its type and shape ask for 2"},
      {"the same bytes twice", two("[0,4]", "[0,4]", 4), "tensors \"a\" and \"b\" overlap"},
      {"overlapping tensors", two("[0,4]", "[2,6]", 6), "tensors \"a\" and \"b\" overlap"},
      {"a hole", two("[0,4]", "[8,12]", 12), "4 bytes before tensor \"b\" belong to no tensor"},
      {"a hole at the start", one(pair + "[4,8]", 8), "4 bytes before tensor \"t\""},
      {"bytes behind the last", one(pair + "[0,4]", 5), "1 bytes behind the last tensor"},
      {"a tensor twice", safetensors("{\"a\":{" + pair + "[0,4]},\"a\":{" + pair + "[4,8]}}", "12345678"),
       "\"a\" occurs twice"},
      {"a nameless tensor", safetensors("{\"\":{" + pair + "[0,4]}}", "1234"), "a name that is empty"},
  };
  for (const auto& c : cases) {
    INFO(c.name);
    CHECK_THAT(refusal_of(c.bytes), Contains(c.reason));
  }
}

TEST_CASE("every prefix of a safetensors file is refused", "[engine][safetensors]") {
  const std::string whole = SafetensorsWriter().f32("a", "[2]", {1, 2}).bytes();
  CHECK(refusal_of(whole) == "it was accepted");
  for (size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(refusal_of(whole.substr(0, size)) != "it was accepted");
  }
}

TEST_CASE("a huge sparse file of no tensors is refused soon", "[engine][safetensors]") {
  const TemporaryFile holder(safetensors("{}"));
  std::filesystem::resize_file(holder.path(), 1ull << 40);
  const auto start = std::chrono::steady_clock::now();
  const auto file = SafetensorsFile::open(holder.path());
  REQUIRE_FALSE(file);
  CHECK_THAT(file.error().message, Contains("belong to no tensor"));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
}
