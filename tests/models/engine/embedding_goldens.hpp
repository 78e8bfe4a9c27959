// tests/golden/embeddings, as the tests of embeddings read them.
#pragma once
#include <cmath>
#include <cstring>
#include <string>
#include <vector>
#include <catch2/catch.hpp>
#include <sextant/csv.hpp>
#include <sextant/sdk.hpp>
#include "../../../models/engine/tokenizer/text/base64.hpp"

namespace sextant::test {

inline std::string embeddings_file(const std::string& name) { return SEXTANT_GOLDEN_DIR "/embeddings/" + name; }

inline json::Document read_embeddings_json(const std::string& name) {
  return or_throw(json::parse(or_throw(csv::read_text(embeddings_file(name))), name));
}

inline std::vector<std::string> embedded_texts() {
  const json::Document texts = read_embeddings_json("texts.json");
  std::vector<std::string> out;
  for (const auto& text : texts.GetArray()) out.emplace_back(json::text(text));
  REQUIRE(out.size() == 200);
  return out;
}

/// Base64 of float32, little endian.
inline std::vector<float> floats_of(const json::Value& text) {
  const auto bytes = engine::decode_base64(json::text(text));
  REQUIRE((bytes && bytes->size() % sizeof(float) == 0));
  std::vector<float> out(bytes->size() / sizeof(float));
  std::memcpy(out.data(), bytes->data(), bytes->size());
  return out;
}

/// How far two sets of vectors are apart: the largest difference of two numbers, and of a cosine from 1.
struct VectorDistance {
  double element = 0, cosine = 0;
  template <class A, class B> void add(const A* a, const B* b, size_t n) {
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < n; ++i) {
      const auto x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
      element = std::max(element, std::abs(x - y));
      if (std::isnan(x)) element = INFINITY;
      ab += x * y, aa += x * x, bb += y * y;
    }
    cosine = std::max(cosine, std::abs(1 - ab / std::sqrt(aa * bb)));
  }
};
inline std::ostream& operator<<(std::ostream& out, const VectorDistance& d) {
  return out << "largest difference of a number " << d.element << ", of a cosine from 1 " << d.cosine;
}

}  // namespace sextant::test
