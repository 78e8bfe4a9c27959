#include "../options/first_option.hpp"
#include "../options/first_label.hpp"
#include <sextant/sdk.hpp>
#include "opencompass.hpp"

namespace {

using namespace sextant;

struct FirstOption : Postprocessor {
  explicit FirstOption(Context c) : Postprocessor(std::move(c)) {
    const std::string options = context.text("options", "ABCD");
    const bool cushion = json::find_bool(context.config(), "cushion").value_or(true);
    const std::string compat = context.text("compat");
    if (postprocess::is_opencompass(compat))
      opencompass = or_throw(postprocess::FirstOptionOpencompass::make(options, cushion));
    else own = or_throw(postprocess::FirstOption::make(options, cushion));
  }
  std::string extract(const Extracted& item) override {
    return or_throw(postprocess::or_unparsed(own ? (*own)(item.text, item.record_json) : (*opencompass)(item.text)));
  }
  std::optional<postprocess::FirstOption> own;
  std::optional<postprocess::FirstOptionOpencompass> opencompass;
};

struct FirstLabel : Postprocessor {
  explicit FirstLabel(Context c) : Postprocessor(std::move(c)) {
    std::vector<std::string> labels;
    if (const json::Value* list = json::find(context.config(), "labels"); list && list->IsArray())
      for (const json::Value& label : list->GetArray()) labels.emplace_back(json::text(label));
    if (const std::string compat = context.text("compat", "none"); compat != "none")
      first = or_throw(Regex::compile(postprocess::pattern_of_labels(labels)));
    else own = or_throw(postprocess::FirstLabel::make(std::move(labels)));
  }
  std::string extract(const Extracted& item) override {
    if (own) return or_throw(postprocess::or_unparsed((*own)(item.text, item.record_json)));
    const auto found = first->search(item.text);
    if (!found && found.error().kind == Error::Kind::data) return {};
    const auto& match = or_throw(found);
    return match ? std::string(match->groups[1]) : std::string();
  }
  std::optional<postprocess::FirstLabel> own;
  std::optional<Regex> first;
};

constexpr const char* label_schema =
    R"({"type": "object", "additionalProperties": false, "required": ["labels"], "properties": {
  "labels": {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}, "description": "the labels that may be the answer, as the data write them"},)" SXT_COMPAT_SCHEMA "}}";

constexpr const char* schema =
    R"({"type": "object", "additionalProperties": false, "properties": {)" SXT_OPTIONS_SCHEMA "," SXT_COMPAT_SCHEMA R"(,
  "cushion": {"type": "boolean", "default": true, "description": "where no answer is stated, take the only letter that is spoken of"}}})";

}  // namespace

SEXTANT_PLUGIN(
    (sextant::component<FirstOption>(
        {.id = "first_option", .summary = "the option letter that a Chinese or English answer decides for", .schema = schema})),
    (sextant::component<FirstLabel>({.id = "first_label",
                                     .summary = "the option's label (1, Yes, entailment) that an answer decides for, by the rules of first_option",
                                     .schema = label_schema})))
