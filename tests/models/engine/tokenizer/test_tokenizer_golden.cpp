// SmolLM2's tokenizer out of its GGUF file against Hugging Face tokenizers: tests/golden/tokenizer_smollm2.json. Needs
// SEXTANT_TEST_MODEL (the GGUF file), and SEXTANT_TEST_DATA for the rows of real data.
#include <cstdlib>
#include <map>
#include <catch2/catch.hpp>
#include <checkpoint/gguf.hpp>
#include <sextant/csv.hpp>
#include <tokenizer/formats/gguf_tokenizer.hpp>
#include "../sha256.hpp"

using namespace sextant;
using namespace sextant::engine;

namespace {

std::shared_ptr<const Tokenizer> model_tokenizer() {
  const char* model = std::getenv("SEXTANT_TEST_MODEL");
  if (!model || !*model) {
    WARN("SKIP: SEXTANT_TEST_MODEL is not set, so the real tokenizer is not at hand");
    return nullptr;
  }
  const auto file = GgufFile::open(model);
  if (!file) FAIL(file.error().message);
  auto tokenizer = make_tokenizer(**file);
  if (!tokenizer) FAIL(tokenizer.error().message);
  return *std::move(tokenizer);
}

json::Document golden() {
  const std::string path = SEXTANT_GOLDEN_DIR "/tokenizer_smollm2.json";
  const auto text = csv::read_text(path);
  REQUIRE(text);
  auto parsed = json::parse(*text, path);
  REQUIRE(parsed);
  return *std::move(parsed);
}

std::string digest(const Encoding& e) { return test::sha256(e.ids.data(), e.ids.size() * sizeof(int32_t)).substr(0, 16); }

// every token's piece is the bytes between the end before it and its own; a dropped control character makes that untrue
bool ends_fit(const Tokenizer& tokenizer, std::string_view text, const Encoding& e) {
  for (size_t i = 0, start = 0; i < e.ids.size(); start = e.end[i++]) {
    if (text.substr(start, e.end[i] - start) != tokenizer.piece(e.ids[i])) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("made texts give Hugging Face's ids, special tokens parsed and split", "[engine][tokenizer][model]") {
  const auto tokenizer = model_tokenizer();
  if (!tokenizer) return;
  const auto goldens = golden();
  for (const auto& row : json::find(goldens, "texts")->GetArray()) {
    const std::string_view text = json::text(row[0]);
    INFO(json::write(row[0]));
    const Encoding e = tokenizer->encode(text, {});
    CHECK(digest(e) == json::text(row[1]));
    CHECK(digest(tokenizer->encode(text, {false, true})) == json::text(row[2]));
    if (text.find('\4') == text.npos) {  // SmolLM2 has no token for U+0004
      CHECK(tokenizer->decode(e.ids, false) == text);
      CHECK(ends_fit(*tokenizer, text, e));
    }
  }
}

TEST_CASE("rows of real data give Hugging Face's ids", "[engine][tokenizer][model]") {
  const char* data = std::getenv("SEXTANT_TEST_DATA");
  if (!data || !*data) {
    WARN("SKIP: SEXTANT_TEST_DATA is not set, so the real data are not at hand");
    return;
  }
  const auto tokenizer = model_tokenizer();
  if (!tokenizer) return;
  std::map<std::string, std::vector<std::string>, std::less<>> lines;
  const auto goldens = golden();
  for (const auto& row : json::find(goldens, "rows")->GetArray()) {
    const std::string file(json::text(row[0]));
    auto [it, first] = lines.try_emplace(file);
    if (first) {
      std::ifstream in(std::filesystem::path(data) / file, std::ios::binary);
      for (std::string line; std::getline(in, line);) it->second.push_back(line);
    }
    INFO(file << " line " << row[1].GetUint());
    REQUIRE(row[1].GetUint() < it->second.size());
    const std::string& text = it->second[row[1].GetUint()];
    const Encoding e = tokenizer->encode(text, {});
    CHECK(e.ids.size() == row[2].GetUint());
    CHECK(digest(e) == json::text(row[3]));
    CHECK(ends_fit(*tokenizer, text, e));
  }
}
