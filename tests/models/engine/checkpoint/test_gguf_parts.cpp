// GGUF models in several files.
#include <catch2/catch.hpp>
#include <checkpoint/gguf.hpp>
#include "../../../core/temporary_folder.hpp"
#include "../gguf_writer.hpp"
#include "../sha256.hpp"

using namespace sextant;
using namespace sextant::engine;
using namespace sextant::test;
using Catch::Matchers::Contains;

namespace {

constexpr const char* names[] = {"m-00001-of-00003.gguf", "m-00002-of-00003.gguf", "m-00003-of-00003.gguf"};

GgufWriter part(uint16_t number, uint16_t count, int32_t tensors = 2) {
  GgufWriter writer;
  writer.pair("split.no", 2, le(number)).pair("split.count", 2, le(count)).pair("split.tensors.count", 5, le(tensors));
  return writer;
}
// The first part has the metadata and, as gguf-split --no-tensor-first-split makes it, no tensor.
void fill(const TemporaryFolder& folder) {
  spit(folder / names[0], part(0, 3).text("general.name", "m").bytes());
  spit(folder / names[1], part(1, 3).zeros("a", {4}).bytes());
  GgufWriter last = part(2, 3).zeros("b", {2});
  last.data[0] = 5;
  spit(folder / names[2], last.bytes());
}
std::string refusal(const std::filesystem::path& path) {
  const auto opened = GgufFile::open(path.string());
  return opened ? "it was accepted" : opened.error().message;
}

}  // namespace

TEST_CASE("a model in parts is opened whole, whichever part is named", "[engine][gguf]") {
  const TemporaryFolder folder;
  fill(folder);
  const auto opened = GgufFile::open((folder / names[GENERATE(0, 1, 2)]).string());
  if (!opened) FAIL(opened.error().message);
  const GgufFile& model = **opened;
  CHECK(model.path() == (folder / names[0]).string());
  CHECK(model.text("general.name") == "m");
  REQUIRE(model.tensors().size() == 2);
  REQUIRE(model.find("a"));
  REQUIRE(model.find("b"));
  CHECK(model.find("b")->bytes[0] == std::byte{5});
  std::string lines;
  for (const char* name : names) {
    const std::string bytes = slurp(folder / name);
    lines += sha256(bytes.data(), bytes.size()) + "  " + name + "\n";
  }
  CHECK(*model.sha256() == sha256(lines.data(), lines.size()));
}

TEST_CASE("parts that do not belong together are refused", "[engine][gguf]") {
  const TemporaryFolder folder;
  fill(folder);
  SECTION("one is missing") {
    std::filesystem::remove(folder / names[1]);
    CHECK_THAT(refusal(folder / names[0]), Contains("m-00002-of-00003.gguf: this part of the model is missing"));
  }
  SECTION("the first is missing") {
    std::filesystem::remove(folder / names[0]);
    CHECK_THAT(refusal(folder / names[2]), Contains("m-00001-of-00003.gguf: this part of the model is missing"));
  }
  SECTION("one was renamed") {
    std::filesystem::rename(folder / names[0], folder / "renamed.gguf");
    CHECK_THAT(refusal(folder / "renamed.gguf"),
               Contains("renamed.gguf: is part 1 of 3, and its name does not end in -00001-of-00003.gguf"));
  }
  SECTION("two were exchanged") {
    std::filesystem::copy_file(folder / names[2], folder / names[1], std::filesystem::copy_options::overwrite_existing);
    CHECK_THAT(refusal(folder / names[0]), Contains("m-00002-of-00003.gguf: does not say that it is part 2 of 3"));
  }
  SECTION("one holds a tensor of another") {
    spit(folder / names[1], part(1, 3).zeros("b", {4}).bytes());
    CHECK_THAT(refusal(folder / names[0]), Contains("tensor \"b\" is in two of its parts"));
  }
  SECTION("the count is wrong") {
    spit(folder / names[0], part(0, 3, 9).bytes());
    CHECK_THAT(refusal(folder / names[0]), Contains("hold 2 tensors, and it claims 9"));
  }
  SECTION("a number beyond the count") {
    spit(folder / names[0], part(7, 3).bytes());
    CHECK_THAT(refusal(folder / names[0]), Contains("claims to be part 7 of 3"));
  }
  SECTION("no number") {
    spit(folder / names[0], GgufWriter().pair("split.count", 2, le<uint16_t>(3)).bytes());
    CHECK_THAT(refusal(folder / names[0]), Contains("claims to be part -1 of 3"));
  }
}

TEST_CASE("one part of one is a whole model under any name", "[engine][gguf]") {
  const TemporaryFolder folder;
  spit(folder / "x.gguf", part(0, 1, 1).zeros("a", {4}).bytes());
  CHECK(refusal(folder / "x.gguf") == "it was accepted");
}
