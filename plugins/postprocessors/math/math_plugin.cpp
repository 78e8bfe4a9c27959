// math_postprocess, math_postprocess_v2, boxed: OpenCompass' names, so that its configurations read alike.
#include "math.hpp"
#include "../answer.hpp"

using namespace sextant;

namespace {

std::string boxed_or_nothing(std::string_view text) { return text::boxed_opencompass(text).value_or(""); }

}  // namespace

SEXTANT_PLUGIN(
    (postprocess::answer<postprocess::math_answer, postprocess::math_opencompass>("math_postprocess",
                                                                                  "the final answer of a mathematical reply")),
    (postprocess::answer<postprocess::math_answer, postprocess::math_v2_opencompass>(
        "math_postprocess_v2", "the final answer of a mathematical reply; another one with --compat opencompass alone")),
    (postprocess::answer<postprocess::boxed, boxed_or_nothing>("boxed", "what stands in the last \\boxed{}")))
