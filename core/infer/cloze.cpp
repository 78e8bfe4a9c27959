// "cloze": which option's text is the likeliest behind a prompt that does not list the options.
#include "choices.hpp"

namespace sextant::infer {

extern const InferencerType cloze_type;
const InferencerType cloze_type{
    "cloze", "the most likely option text after a prompt without the options", chooser_schema,
    [](const json::Value& config) { return make_chooser("cloze", data::Form::cloze, config); }};

}  // namespace sextant::infer
