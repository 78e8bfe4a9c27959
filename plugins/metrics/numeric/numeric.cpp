#include "numeric.hpp"
#include <sextant/sdk.hpp>
#include "../../text/compat.hpp"
#include "../../text/references.hpp"

namespace {

using namespace sextant;

struct Numeric : Metric {
  using Metric::Metric;
  double score(const Judged& sample) override {
    for (const std::string& answer : or_throw(metric::answers_of(sample.reference_json, sample.reference)))
      if (opencompass ? metric::same_number_opencompass(sample.prediction, answer)
                      : metric::same_number(sample.prediction, answer, tolerance))
        return 1;
    return 0;
  }
  const bool opencompass = text::is_opencompass(context.text("compat"));
  const metric::Tolerance tolerance{json::find_number(context.config(), "absolute").value_or(1e-6),
                                    json::find_number(context.config(), "relative").value_or(0),
                                    json::find_number(context.config(), "absolute").value_or(1e-6) != 1e-6};
};

constexpr const char* schema = R"({"type": "object", "additionalProperties": false, "properties": {
  "absolute": {"type": "number", "minimum": 0, "default": 1e-6, "description": "how far from the reference a number may be; 1e-6 is at most a thousandth of the larger number"},
  "relative": {"type": "number", "minimum": 0, "default": 0, "description": "the same as a share of the reference; the larger of the two counts"},)" SXT_COMPAT_SCHEMA
                               "}}";

}  // namespace

SEXTANT_PLUGIN(sextant::component<Numeric>({.id = "numeric",
                                            .summary = "1 where the answer is the reference's number, or one of them",
                                            .schema = schema,
                                            .facts = R"({"values": [{"name": "numeric", "range": [0, 1]}]})"}))
