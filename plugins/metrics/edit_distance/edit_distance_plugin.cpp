// edit_distance: how far an answer is from its reference. nearest_candidate: is the candidate that an answer is nearest to the
// right one?
#include "edit_distance.hpp"
#include <limits>
#include <sextant/sdk.hpp>
#include "../../text/references.hpp"
#include <sextant/plain_text.hpp>

namespace {

using namespace sextant;

struct EditDistance : Metric {
  using Metric::Metric;
  Scored judge(const Judged& sample) override {
    const std::u32string given = text::code_points(sample.prediction);
    double best = std::numeric_limits<double>::infinity(), similarity = 0;
    for (const std::string& answer : or_throw(metric::answers_of(sample.reference_json, sample.reference))) {
      const std::u32string wanted = text::code_points(answer);
      const auto distance = static_cast<double>(or_throw(metric::edit_distance(given, wanted)));
      const auto longer = static_cast<double>(std::max(given.size(), wanted.size()));
      best = std::min(best, distance);
      similarity = std::max(similarity, longer == 0 ? 1 : 1 - distance / longer);
    }
    if (std::isinf(best))
      throw DataError("edit_distance: the reference is an empty list; leave the row out or mend its answers");
    return {{{"edit_similarity", similarity}, {"edit_distance", best}}, {}, {}};
  }
  static constexpr bool has_aggregate = true;
  /// The mean of distances is a number of characters, no share.
  std::string aggregate(std::span<const Judged> samples, std::span<const double>) override {
    double similarity = 0, distance = 0;
    for (const Judged& sample : samples) {
      const Scored one = judge(sample);
      similarity += one.values[0].second;
      distance += one.values[1].second;
    }
    const auto n = static_cast<double>(samples.size());
    return R"({"edit_similarity": )" + json::write(json::Value(100 * similarity / n)) + R"(, "edit_distance": )" +
           json::write(json::Value(distance / n)) + "}";
  }
};

/// OpenCompass' EDAccEvaluator: {"candidates": ["...", ["...", "..."]], "label": 0}.
struct NearestCandidate : Metric {
  using Metric::Metric;
  double score(const Judged& sample) override {
    const json::Document reference = or_throw(json::parse(sample.reference_json, "reference"));
    const json::Value* candidates = json::find(reference, "candidates");
    const auto label = json::find_int(reference, "label");
    if (!candidates || !candidates->IsArray() || candidates->Empty() || !label)
      throw DataError(
          "nearest_candidate: a reference must be {\"candidates\": [...], \"label\": NUMBER}, with at least one candidate");
    const std::u32string given = text::code_points(sample.prediction);
    size_t best = std::numeric_limits<size_t>::max();
    int64_t nearest = -1, number = 0;
    for (const auto& candidate : candidates->GetArray()) {
      size_t distance = std::numeric_limits<size_t>::max();
      const auto look = [&](const json::Value& spelling) {
        if (!spelling.IsString()) throw DataError("nearest_candidate: candidates must be texts, or lists of texts");
        distance = std::min(distance, or_throw(metric::edit_distance(given, text::code_points(json::text(spelling)))));
      };
      if (candidate.IsArray()) for (const auto& spelling : candidate.GetArray()) look(spelling);
      else look(candidate);
      if (distance < best) best = distance, nearest = number;
      ++number;
    }
    return nearest == *label ? 1 : 0;
  }
};

}  // namespace

SEXTANT_PLUGIN(
    sextant::component<EditDistance>(
        {.id = "edit_distance",
         .summary = "Levenshtein's distance to the reference, or the nearest, in characters",
         .facts =
             R"({"values": [{"name": "edit_similarity", "range": [0, 1]}, {"name": "edit_distance", "higher_is_better": false, "percent": false}]})"}),
    sextant::component<NearestCandidate>({.id = "nearest_candidate",
                                          .summary = "1 where the answer is nearest to the right one of the candidates",
                                          .facts = R"({"values": [{"name": "nearest_candidate", "range": [0, 1]}]})"}))
