#include "circular.hpp"
#include <fmt/format.h>
#include <sextant/json.hpp>
#include <sextant/sdk.hpp>

namespace {

using namespace sextant;

struct Circular : Metric {
  using Metric::Metric;
  static constexpr bool has_aggregate = true;
  double score(const Judged& sample) override { return sample.prediction == sample.reference ? 1 : 0; }
  std::string aggregate(std::span<const Judged> samples, std::span<const double> scores) override {
    std::vector<metric::Turned> answers;
    for (size_t i = 0; i < samples.size(); ++i) {
      const json::Document record = or_throw(json::parse(samples[i].record_json, "record"));
      const json::Value* id = json::find(record, "circular_id");
      const auto pattern = json::find_string(record, "circular_pattern");
      if (!id || !id->IsUint64() || !pattern || pattern->empty())
        throw DataError("circular: a row has no circular_id and circular_pattern; the loader's \"circular\" makes them");
      answers.push_back({id->GetUint64(), *pattern, scores[i] == 1});
    }
    std::string out;
    for (const auto& [name, value] : metric::circular_values(answers))
      out += fmt::format("{}\"{}\": {}", out.empty() ? "" : ", ", name, value);
    return "{" + out + "}";
  }
};

}  // namespace

SEXTANT_PLUGIN(sextant::component<Circular>(
    {.id = "circular",
     .summary = "accuracy over all orders of the options, and the share of questions right in every order",
     .facts = R"({"values": [{"name": "perf_circular", "range": [0, 1]}, {"name": "acc_circular", "range": [0, 1]},
       {"name": "acc_origin", "range": [0, 1]}, {"name": "more_1_circular", "range": [0, 1]}, {"name": "more_2_circular", "range": [0, 1]},
       {"name": "more_3_circular", "range": [0, 1]}, {"name": "perf_all_possible", "range": [0, 1]}, {"name": "acc_all_possible", "range": [0, 1]}]})"}))
