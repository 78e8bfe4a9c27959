#include "../options/first_option.hpp"
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

constexpr const char* schema =
    R"({"type": "object", "additionalProperties": false, "properties": {)" SXT_OPTIONS_SCHEMA "," SXT_COMPAT_SCHEMA R"(,
  "cushion": {"type": "boolean", "default": true, "description": "where no answer is stated, take the only letter that is spoken of"}}})";

}  // namespace

SEXTANT_PLUGIN(sextant::component<FirstOption>(
    {.id = "first_option", .summary = "the option letter that a Chinese or English answer decides for", .schema = schema}))
