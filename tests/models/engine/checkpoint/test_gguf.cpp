// GGUF files: what a whole one gives, and what each wrong one is refused for.
#include <chrono>
#include <cstdlib>
#include <catch2/catch.hpp>
#include <checkpoint/gguf.hpp>
#include <sys/stat.h>
#include "../../../core/temporary_folder.hpp"
#include "../gguf_writer.hpp"
#include "../sha256.hpp"

using namespace sextant;
using namespace sextant::engine;
using namespace sextant::test;
using Catch::Matchers::Contains;

namespace {

std::string refusal(const std::string& path) {
  const auto file = GgufFile::open(path);
  return file ? "it was accepted" : file.error().message;
}
std::string refusal_of(std::string_view bytes) { return refusal(TemporaryFile(bytes).path()); }

}  // namespace

TEST_CASE("a whole GGUF file gives its metadata and tensors", "[engine][gguf]") {
  GgufWriter writer;
  writer.version = GENERATE(2u, 3u);
  writer.text("general.name", "caf\xC3\xA9 \xFF").u32("a.u32", 4'000'000'000u).f32("a.f32", 0.5f).boolean("a.bool", true);
  writer.pair("a.u8", 0, le<uint8_t>(255)).pair("a.i8", 1, le<int8_t>(-1)).pair("a.u16", 2, le<uint16_t>(65'535));
  writer.pair("a.i16", 3, le<int16_t>(-2)).pair("a.i32", 5, le<int32_t>(-3)).pair("a.u64", 10, le<uint64_t>(1));
  writer.pair("a.i64", 11, le<int64_t>(-4)).pair("a.f64", 12, le<double>(0.25));
  writer.strings("a.strings", {"x", ""}).i32s("a.ints", {1, -1});
  writer.pair("a.floats", 9, le<uint32_t>(6) + le<uint64_t>(1) + le(1.5f));
  writer.pair("a.nested", 9, le<uint32_t>(9) + le<uint64_t>(1) + le<uint32_t>(0) + le<uint64_t>(2) + "ab");
  writer.zeros("first", {2, 3}).zeros("second", {5});
  writer.data[0] = 7;
  const TemporaryFile holder(writer.bytes());
  const auto opened = GgufFile::open(holder.path());
  if (!opened) FAIL(opened.error().message);
  const GgufFile& file = **opened;
  CHECK(json::write(file.metadata()) ==
        "{\"general.name\":\"caf\xC3\xA9 \xEF\xBF\xBD\","
        "\"a.u32\":4000000000,\"a.f32\":0.5,\"a.bool\":true,\"a.u8\":255,\"a.i8\":-1,"
        "\"a.u16\":65535,\"a.i16\":-2,\"a.i32\":-3,\"a.u64\":1,\"a.i64\":-4,\"a.f64\":0.25,\"a.strings\":[\"x\",\"\"],"
        "\"a.ints\":[1,-1],\"a.floats\":[1.5]}");
  CHECK(*file.string_array("a.strings") == std::vector<std::string_view>{"x", ""});
  CHECK(*file.int_array("a.ints") == std::vector<int64_t>{1, -1});
  CHECK(*file.float_array("a.floats") == std::vector<float>{1.5f});
  CHECK_FALSE(file.int_array("a.strings"));
  CHECK_FALSE(file.string_array("a.ints"));
  CHECK_FALSE(file.string_array("absent"));
  REQUIRE(file.tensors().size() == 2);
  const Tensor* first = file.find("first");
  REQUIRE(first);
  CHECK(first->shape == std::vector<uint64_t>{3, 2});
  CHECK(first->bytes.size() == 24);
  CHECK(first->bytes[0] == std::byte{7});
  CHECK(file.find("second")->bytes.size() == 20);
  CHECK(file.find("third") == nullptr);
}

TEST_CASE("a vocabulary of more than 1,000 items stays out of the metadata object", "[engine][gguf]") {
  const TemporaryFile holder(GgufWriter().strings("long", std::vector<std::string>(1'001, "t")).bytes());
  const auto file = GgufFile::open(holder.path());
  REQUIRE(file);
  CHECK(json::find((*file)->metadata(), "long") == nullptr);
  CHECK((*file)->string_array("long")->size() == 1'001);
}

TEST_CASE("a wrong GGUF file is refused with its reason", "[engine][gguf]") {
  const auto entry = [](std::vector<uint64_t> dims, uint32_t type, uint64_t offset, size_t data = 64) {
    GgufWriter writer;
    writer.entry("t", dims, type, offset);
    writer.data.resize(data);
    return writer.bytes();
  };
  const auto pair = [](uint32_t type, const std::string& value) { return GgufWriter().pair("k", type, value).bytes(); };
  const std::string huge = le<uint64_t>(UINT64_MAX);
  struct { const char* name; std::string bytes, reason; } const cases[] = {
      {"an empty file", "", "the file is empty"},
      {"another format", "PK\3\4 and so on", "is not a GGUF file"},
      {"only the magic", "GGUF", "the file ends inside the version"},
      {"version 1", "GGUF" + le<uint32_t>(1), "is GGUF version 1"},
      {"big endian", "GGUF" + le<uint32_t>(3u << 24), "big-endian"},
      {"absurd number of keys", "GGUF" + le<uint32_t>(3) + le<uint64_t>(0) + huge, "metadata keys, more than fit"},
      {"absurd number of tensors", "GGUF" + le<uint32_t>(3) + huge + le<uint64_t>(0), "tensors, more than fit"},
      {"string beyond the end", pair(8, huge), "the file ends inside metadata key \"k\""},
      {"array beyond the end", pair(9, le<uint32_t>(4) + huge), "the file ends inside metadata key \"k\""},
      {"array of strings beyond the end", pair(9, le<uint32_t>(8) + huge), "the file ends inside metadata key \"k\""},
      {"unknown value type", pair(13, "x"), "value type 13"},
      {"unknown item type", pair(9, le<uint32_t>(99) + le<uint64_t>(1)), "items of type 99"},
      {"arrays nested without end", [&] {
         std::string nested;
         for (int i = 0; i < 100'000; ++i) nested += le<uint32_t>(9) + le<uint64_t>(1);
         return pair(9, nested);
       }(), "nests arrays more than"},
      {"a third truth value", pair(7, "\2"), "which must be 0 or 1"},
      {"a key twice", GgufWriter().u32("k", 1).u32("k", 1).bytes(), "metadata key \"k\" occurs twice"},
      {"a nameless key", GgufWriter().u32("", 1).bytes(), "metadata key 0 has a name that is empty"},
      {"a key that is not UTF-8", GgufWriter().u32("\xFF", 1).bytes(), "not UTF-8"},
      {"no dimensions", entry({}, 0, 0), "tensor \"t\" has 0 dimensions"},
      {"five dimensions", entry({1, 1, 1, 1, 1}, 0, 0), "tensor \"t\" has 5 dimensions"},
      {"an extent of zero", entry({4, 0}, 0, 0), "an extent of 0 in dimension 1"},
      {"extents that overflow", entry({1ull << 40, 1ull << 40}, 0, 0), "zero or absurd"},
      {"a type we cannot read", entry({256}, 16, 0), "tensor \"t\" has type IQ2_XXS"},
      {"a type nobody knows", entry({256}, 1'000, 0), "tensor \"t\" has type number 1000"},
      {"half a block", entry({48}, 2, 0), "tensor \"t\" has rows of 48 numbers"},
      {"a misaligned tensor", entry({4}, 0, 4), "not a multiple of the alignment"},
      {"data cut short", entry({17}, 0, 0), "cut short?"},
      {"an offset beyond the end", entry({1}, 0, 1ull << 63), "cut short?"},
      {"a tensor twice", GgufWriter().zeros("t", {4}).zeros("t", {4}).bytes(), "tensor \"t\" occurs twice"},
      {"an alignment that is not a power of two", GgufWriter().u32("general.alignment", 24).bytes(), "general.alignment"},
      {"an alignment of zero", GgufWriter().u32("general.alignment", 0).bytes(), "general.alignment"},
  };
  for (const auto& c : cases) {
    INFO(c.name);
    CHECK_THAT(refusal_of(c.bytes), Contains(c.reason));
  }
}

TEST_CASE("overlapping tensors are refused", "[engine][gguf]") {
  GgufWriter writer;
  writer.entry("a", {16}, 0, 0).entry("b", {16}, 0, 32);
  writer.data.resize(128);
  CHECK_THAT(refusal_of(writer.bytes()), Contains("tensors \"a\" and \"b\" overlap"));
}

TEST_CASE("general.alignment moves the data", "[engine][gguf]") {
  GgufWriter writer;
  writer.alignment = 256;
  writer.u32("general.alignment", 256).zeros("a", {1}).zeros("b", {1});
  writer.data[256] = 9;
  const TemporaryFile holder(writer.bytes());
  const auto file = GgufFile::open(holder.path());
  REQUIRE(file);
  CHECK((*file)->find("b")->bytes[0] == std::byte{9});
}

TEST_CASE("every prefix of a file is refused, never read beyond", "[engine][gguf]") {
  const std::string whole = GgufWriter().text("k", "v").strings("s", {"a", "b"}).u32("n", 1).zeros("t", {4, 4}).bytes();
  CHECK(refusal_of(whole) == "it was accepted");
  for (size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(refusal_of(whole.substr(0, size)) != "it was accepted");
  }
}

TEST_CASE("what is not a regular file is refused at once", "[engine][gguf]") {
  CHECK_THAT(refusal("/"), Contains("is a directory"));
  CHECK_THAT(refusal("/dev/zero"), Contains("is not a regular file"));
  CHECK_THAT(refusal("/nonexistent/x.gguf"), Contains("cannot be opened"));
  const TemporaryFile pipe("");
  std::filesystem::remove(pipe.path());
  REQUIRE(::mkfifo(pipe.path().c_str(), 0600) == 0);
  CHECK_THAT(refusal(pipe.path()), Contains("is not a regular file"));
}

TEST_CASE("a huge sparse file that claims much is refused soon", "[engine][gguf]") {
  const auto claim = [](const std::string& array) {
    return "GGUF" + le<uint32_t>(3) + le<uint64_t>(0) + le<uint64_t>(1) + gguf_string("k") + le<uint32_t>(9) + array;
  };
  const TemporaryFile holder(claim(le<uint32_t>(8) + le<uint64_t>(1ull << 33)));
  std::filesystem::resize_file(holder.path(), 1ull << 40);
  const auto start = std::chrono::steady_clock::now();
  CHECK_THAT(refusal(holder.path()), Contains("beyond the first 256 MiB"));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
}

TEST_CASE("sha256 is that of the bytes, with a good, a broken and no cache", "[engine][gguf]") {
  const std::vector<uint64_t> large = {1 << 18};  // 1 MiB: smaller files are not worth remembering
  const std::string bytes = GgufWriter().u32("k", 1).zeros("t", large).bytes();
  const TemporaryFile holder(bytes), cache("");
  std::filesystem::remove(cache.path());
  std::filesystem::create_directories(cache.path());
  ::setenv("XDG_CACHE_HOME", cache.path().c_str(), 1);
  const auto hash = [&] { return *(*GgufFile::open(holder.path()))->sha256(); };
  const std::string truth = sha256(bytes.data(), bytes.size());
  const std::filesystem::path memory = std::filesystem::path(cache.path()) / "sextant" / "weights.json";
  CHECK(hash() == truth);
  CHECK(std::filesystem::exists(memory));
  CHECK(hash() == truth);
  {  // what is remembered is used: a false memory is believed
    std::string text = slurp(memory);
    text.replace(text.find(truth), 64, std::string(64, 'f'));
    std::ofstream(memory) << text;
    CHECK(hash() == std::string(64, 'f'));
  }
  for (const char* broken : {"", "{", "[]", "{\"x\": 1}"}) {
    std::ofstream(memory) << broken;
    CHECK(hash() == truth);
  }
  const std::string longer = GgufWriter().u32("k", 1).u32("l", 2).zeros("t", large).bytes();  // another file of the same name
  std::ofstream(holder.path(), std::ios::binary) << longer;
  CHECK(hash() == sha256(longer.data(), longer.size()));
  // other weights in place, of the same size and with the time of change set back
  const auto time = std::filesystem::last_write_time(holder.path());
  std::string edited = longer;
  edited[edited.size() / 2] ^= 1;
  std::ofstream(holder.path(), std::ios::binary) << edited;
  std::filesystem::last_write_time(holder.path(), time);
  CHECK(hash() == sha256(edited.data(), edited.size()));
  std::ofstream(holder.path(), std::ios::binary) << longer;
  ::setenv("XDG_CACHE_HOME", "/proc/nowhere", 1);
  CHECK(hash() == sha256(longer.data(), longer.size()));
  ::unsetenv("XDG_CACHE_HOME");
}
