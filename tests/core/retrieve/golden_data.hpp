// What tests/golden/retrievers/make_retriever_goldens.py gave OpenCompass: its texts out of texts.json, and its embeddings
// and losses, which are hashes of row numbers, computed here as they are there.
#pragma once
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include "../../../core/retrieve/record_text.hpp"
#include "../../../core/retrieve/registry.hpp"

namespace retrieve_tests {

using namespace sextant;
using retrieve::Corpus;
using retrieve::Positions;
using retrieve::Query;

inline constexpr size_t width = 16;

inline json::Document golden(const std::string& name) {
  const std::string path = std::string(SEXTANT_GOLDEN_DIR) + "/retrievers/" + name;
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  auto document = json::parse(text, path);
  REQUIRE(document);
  return std::move(*document);
}

/// SplitMix64's output function.
inline uint64_t mixed(uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
  x = (x ^ x >> 27) * 0x94D049BB133111EB;
  return x ^ x >> 31;
}

/// kind 0: 24 random bits an element; 1: whole numbers from -2 to 2. which 0: the corpus; 1: the queries.
inline void append_vector(std::vector<float>& out, uint64_t kind, uint64_t which, uint64_t row) {
  for (size_t i = 0; i < width; ++i) {
    const uint64_t bits = mixed(((kind * 2 + which) * 100'000 + row) * 1000 + i) >> 40;
    out.push_back(kind == 0 ? static_cast<float>(static_cast<double>(bits) / (1 << 23) - 1) : static_cast<float>(bits % 5) - 2);
  }
}

inline double loss(uint64_t query, const Positions& rows, uint64_t label) {
  uint64_t h = mixed(query);
  for (const uint64_t row : rows) h = mixed(h ^ row);
  return static_cast<double>(mixed(h ^ label) >> 44) / (1 << 18);
}
inline std::vector<retrieve::Losses> losses(uint64_t query, const std::vector<Positions>& candidates, uint64_t labels) {
  std::vector<retrieve::Losses> out;
  for (const Positions& rows : candidates)
    for (uint64_t label = out.emplace_back().size(); label < labels; ++label) out.back().push_back(loss(query, rows, label));
  return out;
}

/// Rows of texts.json as a corpus, with everything that any retriever wants.
inline Corpus corpus_of(const json::Value& rows, const std::string& split, uint64_t kind, uint64_t which) {
  const std::string columns[] = {"topic", "question"};
  Corpus corpus;
  corpus.name = "golden";
  corpus.split = split;
  corpus.width = width;
  for (const auto& row : rows.GetArray()) {
    append_vector(corpus.embeddings, kind, which, corpus.size());
    corpus.rows.push_back(corpus.size());
    corpus.records.push_back(json::write(row));
    corpus.texts.push_back(*retrieve::record_text(row, columns));
  }
  return corpus;
}
inline Query query_of(const Corpus& corpus, uint64_t row) {
  return {corpus.split, row, row, corpus.records[row], corpus.texts[row], corpus.embedding(row)};
}

inline Result<std::unique_ptr<retrieve::Retriever>> make(std::string_view id, const std::string& config,
                                                         retrieve::Options options, std::shared_ptr<const Corpus> corpus) {
  SXT_TRY(const json::Document parsed, json::parse(config, "config"));
  SXT_TRY(auto retriever, retrieve::make_retriever(id, parsed, options));
  SXT_CHECK(retriever->prepare(std::move(corpus)));
  return retriever;
}

}  // namespace retrieve_tests
