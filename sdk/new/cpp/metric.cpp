// metric:@NAME@: 1 where the prediction is the reference, blanks and case aside. Say here what a good answer is.
#include <sextant/sdk.hpp>

namespace {

using namespace sextant;

std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != ' ' && c != '\n') out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

struct @TYPE@ : Metric {
  using Metric::Metric;
  double score(const Judged& sample) override { return plain(sample.prediction) == plain(sample.reference) ? 1 : 0; }
};

}  // namespace

SEXTANT_PLUGIN(component<@TYPE@>({.id = "@NAME@",
                                  .summary = "1 where prediction and reference are the same letters",
                                  .facts = R"({"values": [{"name": "@NAME@", "higher_is_better": true, "range": [0, 1]}]})"}))
