// "loglikelihood": which continuation of the prompt is the likeliest.
#include "choices.hpp"

namespace sextant::infer {

extern const InferencerType loglikelihood_type;
const InferencerType loglikelihood_type{
    "loglikelihood", "the most likely of several continuations, by sum and per token, byte and character", chooser_schema,
    [](const json::Value& config) { return make_chooser("loglikelihood", data::Form::continuations, config); }};

}  // namespace sextant::infer
