#include "last_option.hpp"
#include <sextant/sdk.hpp>

namespace {

using namespace sextant;

struct LastOption : Postprocessor {
  explicit LastOption(Context c) : Postprocessor(std::move(c)) {}
  std::string apply(std::string_view text) override {
    return opencompass ? postprocess::last_option_opencompass(text, options) : postprocess::last_option(text, options);
  }
  const std::string options = context.text("options", "ABCD");
  const bool opencompass = postprocess::is_opencompass(context.text("compat"));
};

constexpr const char* schema =
    R"({"type": "object", "additionalProperties": false, "properties": {)" SXT_OPTIONS_SCHEMA "," SXT_COMPAT_SCHEMA "}}";

}  // namespace

SEXTANT_PLUGIN(sextant::component<LastOption>(
    {.id = "last_option", .summary = "the last option letter that stands alone", .schema = schema}))
