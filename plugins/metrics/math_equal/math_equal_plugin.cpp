// math_equal: is an answer the same number, formula, set, interval, matrix or word as the reference, however it is written?
#include "equal.hpp"
#include <sextant/sdk.hpp>
#include "../../text/compat.hpp"
#include "../../text/references.hpp"
#include "opencompass.hpp"

namespace {

using namespace sextant;

struct MathEqual : Metric {
  using Metric::Metric;
  double score(const Judged& sample) override {
    if (sample.reference_json == "null") return 0;
    for (const std::string& answer : or_throw(metric::answers_of(sample.reference_json, sample.reference)))
      if (opencompass ? metric::equivalent_opencompass(sample.prediction, answer, second_version)
                      : metric::math::equal(sample.prediction, answer))
        return 1;
    return 0;
  }
  const bool opencompass = text::is_opencompass(context.text("compat"));
  const bool second_version = context.text("version", "v2") == "v2";
};

constexpr const char* schema = R"({"type": "object", "additionalProperties": false, "properties": {
  "version": {"enum": ["v1", "v2"], "default": "v2", "description": "which of OpenCompass' comparisons is meant with --compat opencompass"},)" SXT_COMPAT_SCHEMA
                               "}}";

}  // namespace

SEXTANT_PLUGIN(sextant::component<MathEqual>({.id = "math_equal",
                                              .summary = "1 where the answer is mathematically the reference, or one of them",
                                              .schema = schema,
                                              .facts = R"({"values": [{"name": "math_equal", "range": [0, 1]}]})"}))
