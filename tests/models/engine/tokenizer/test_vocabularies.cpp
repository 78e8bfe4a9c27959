// Small tokenizers of every kind against the reference libraries: tests/golden/tokenizers, made by
// tests/golden/make_tokenizer_json_goldens.py.
#include <filesystem>
#include <random>
#include <sstream>
#include <catch2/catch.hpp>
#include <sextant/csv.hpp>
#include <sextant/json.hpp>
#include <sextant/utf8_text.hpp>
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

std::string digest(const std::vector<int32_t>& ids) {
  return test::sha256(ids.data(), ids.size() * sizeof(int32_t)).substr(0, 8);
}

void check_ends(const Encoding& e, size_t size) {
  REQUIRE(e.ids.size() == e.end.size());
  CHECK(std::is_sorted(e.end.begin(), e.end.end()));
  CHECK((e.end.empty() || e.end.back() <= size));
}

std::vector<fs::path> vocabulary_files() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(fs::path(SEXTANT_GOLDEN_DIR) / "tokenizers")) {
    const fs::path extension = entry.path().extension();
    if ((extension == ".json" || extension == ".model") && entry.path().filename() != "texts.json")
      paths.push_back(entry.path());
  }
  CHECK(paths.size() == 16);
  return paths;
}

// Pushes the ids one by one: every part is whole characters, and all of them what decoding at once gives.
void check_stream(const Tokenizer& tokenizer, const std::vector<int32_t>& ids, bool skip_special) {
  StreamDecoder stream(tokenizer, skip_special);
  std::string all;
  bool whole = true;
  for (const int32_t id : ids) {
    const std::string part = stream.push(id);
    whole = whole && utf8::valid_prefix(part) == part.size();
    all += part;
  }
  CHECK(whole);
  CHECK(all + stream.finish() == utf8::repair(tokenizer.decode(ids, skip_special)));
}

}  // namespace

TEST_CASE("vocabularies of every kind give the reference libraries' ids and texts", "[engine][tokenizer]") {
  const std::vector<std::string> lines = texts();
  for (fs::path path : vocabulary_files()) {
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
      const std::string ours = utf8::repair(tokenizer.decode(sentencepiece ? split.ids : e.ids, false));
      CHECK(test::sha256(ours.data(), ours.size()).substr(0, 8) == decoded);
    }
  }
}

TEST_CASE("a stream of tokens never has half a character, and gives what decoding at once gives", "[engine][tokenizer]") {
  const std::vector<std::string> lines = texts();
  std::mt19937 random(11);
  for (const fs::path& path : vocabulary_files()) {
    if (path.stem() == "word_suffix") continue;  // BPEDecoder takes a blank from the end, which a stream has written by then
    INFO(path.stem());
    const auto vocabulary = open_vocabulary(path.string());
    REQUIRE(vocabulary);
    const Tokenizer& tokenizer = *vocabulary->tokenizer;
    std::vector<std::vector<int32_t>> sequences;
    for (const std::string& text : lines) sequences.push_back(tokenizer.encode(text, {}).ids);
    for (int round = 0; round < 50; ++round) {  // ids as a model makes them, which break characters
      std::vector<int32_t> ids(30);
      for (int32_t& id : ids) id = static_cast<int32_t>(random() % tokenizer.vocab_size());
      sequences.push_back(std::move(ids));
    }
    for (const auto& ids : sequences)
      for (const bool skip_special : {false, true}) check_stream(tokenizer, ids, skip_special);
  }
}
