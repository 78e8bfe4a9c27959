#include "gaokao.hpp"
#include <fmt/format.h>
#include <sextant/sdk.hpp>
#include "../../text/references.hpp"

namespace {

using namespace sextant;

struct Gaokao : Metric {
  using Metric::Metric;
  static constexpr bool has_aggregate = true;
  double score(const Judged& sample) override {
    const metric::Points points = points_of(sample);
    return points.all == 0 ? 0 : points.got / points.all;
  }
  std::string aggregate(std::span<const Judged> samples, std::span<const double>) override {
    metric::Points sum;
    for (const Judged& sample : samples) {
      const metric::Points one = points_of(sample);
      sum.got += one.got;
      sum.all += one.all;
    }
    return fmt::format(R"({{"gaokao": {}}})", sum.all == 0 ? 0 : 100 * sum.got / sum.all);
  }

 private:
  metric::Points points_of(const Judged& sample) const {
    const std::vector<std::string> reference = or_throw(metric::answers_of(sample.reference_json, sample.reference));
    const auto read = opencompass ? metric::gaokao_letters_opencompass : metric::gaokao_letters;
    return metric::gaokao_points(read(sample.prediction, questions, reference.size()), reference, questions);
  }
  static metric::Questions kind_of(const std::string& name) {
    if (name == "multi_choice") return metric::Questions::multi_choice;
    if (name == "multi_question_choice") return metric::Questions::multi_question_choice;
    if (name == "five_out_of_seven") return metric::Questions::five_out_of_seven;
    return metric::Questions::single_choice;
  }
  const metric::Questions questions = kind_of(context.text("questions"));
  const bool opencompass = text::is_opencompass(context.text("compat"));
};

constexpr const char* schema = R"({"type": "object", "additionalProperties": false, "properties": {
  "questions": {"enum": ["single_choice", "multi_choice", "multi_question_choice", "five_out_of_seven"], "default": "single_choice",
    "description": "one letter; several letters (half the points for some of them); a letter for each of several questions; five blanks"},)" SXT_COMPAT_SCHEMA
                               "}}";

}  // namespace

SEXTANT_PLUGIN(sextant::component<Gaokao>({.id = "gaokao",
                                           .summary = "GAOKAO-Bench: the share of a paper's points, letters behind 【答案】",
                                           .schema = schema,
                                           .facts = R"({"values": [{"name": "gaokao", "range": [0, 1]}]})"}))
