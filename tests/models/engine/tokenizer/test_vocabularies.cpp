// Small tokenizers of every kind against the reference libraries: tests/golden/tokenizers, made by
// tests/golden/make_tokenizer_json_goldens.py.
#include <filesystem>
#include <sstream>
#include <catch2/catch.hpp>
#include <sextant/csv.hpp>
#include <sextant/json.hpp>
#include <tokenizer/open_vocabulary.hpp>
#include "../sha256.hpp"

using namespace sextant;
using namespace sextant::engine;

namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  const auto text = csv::read_text(path.string());
  REQUIRE(text);
  return *text;
}

std::vector<std::string> texts() {
  const fs::path path = fs::path(SEXTANT_GOLDEN_DIR) / "tokenizers" / "texts.json";
  const auto list = json::parse(read(path), path.string());
  REQUIRE(list);
  std::vector<std::string> out;
  for (const auto& item : list->GetArray()) out.emplace_back(json::text(item));
  return out;
}

std::string digest(const std::vector<int32_t>& ids) { return test::sha256(ids.data(), ids.size() * sizeof(int32_t)).substr(0, 8); }

void check_ends(const Encoding& e, size_t size) {
  REQUIRE(e.ids.size() == e.end.size());
  CHECK(std::is_sorted(e.end.begin(), e.end.end()));
  CHECK((e.end.empty() || e.end.back() <= size));
}

}  // namespace

TEST_CASE("vocabularies of every kind give the reference libraries' ids and texts", "[engine][tokenizer]") {
  const std::vector<std::string> lines = texts();
  size_t vocabularies = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(SEXTANT_GOLDEN_DIR) / "tokenizers")) {
    fs::path path = entry.path();
    if (path.extension() != ".json" && path.extension() != ".model") continue;
    if (path.filename() == "texts.json") continue;
    ++vocabularies;
    const auto vocabulary = open_vocabulary(path.string());
    if (!vocabulary) FAIL(vocabulary.error().message);
    const Tokenizer& tokenizer = *vocabulary->tokenizer;
    const bool sentencepiece = path.extension() == ".model";
    std::istringstream golden(read(path.replace_extension(".golden")));
    for (const std::string& text : lines) {
      std::string plain, as_text, added, decoded;
      REQUIRE(golden >> plain >> as_text >> added >> decoded);
      INFO(path.stem() << ": " << json::quote(text));
      const Encoding e = tokenizer.encode(text, {}), split = tokenizer.encode(text, {false, true});
      check_ends(e, text.size());
      CHECK(digest(e.ids) == plain);
      CHECK(digest(split.ids) == as_text);
      CHECK(digest(tokenizer.encode(text, {true, false}).ids) == added);
      const std::string ours = repair_utf8(tokenizer.decode(sentencepiece ? split.ids : e.ids, false));
      if (decoded != "-") CHECK(test::sha256(ours.data(), ours.size()).substr(0, 8) == decoded);
    }
  }
  CHECK(vocabularies == 16);
}

TEST_CASE("a stream of tokens gives what decoding at once gives", "[engine][tokenizer]") {
  for (const char* name : {"byte_fallback.json", "byte_level.json", "metaspace_first.json", "wordpiece.json", "sp_bpe.model"}) {
    const auto vocabulary = open_vocabulary((fs::path(SEXTANT_GOLDEN_DIR) / "tokenizers" / name).string());
    REQUIRE(vocabulary);
    for (const std::string& text : texts()) {
      const std::vector<int32_t> ids = vocabulary->tokenizer->encode(text, {}).ids;
      for (const bool skip : {false, true}) {
        StreamDecoder stream(*vocabulary->tokenizer, skip);
        std::string all;
        for (const int32_t id : ids) {
          const std::string part = stream.push(id);
          CHECK(utf8::valid_prefix(part) == part.size());
          all += part;
        }
        CHECK(all + stream.finish() == repair_utf8(vocabulary->tokenizer->decode(ids, skip)));
      }
    }
  }
}
