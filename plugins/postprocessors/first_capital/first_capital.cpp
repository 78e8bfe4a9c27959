#include "first_capital.hpp"
#include <sextant/sdk.hpp>

namespace {

using namespace sextant;

struct FirstCapital : Postprocessor {
  explicit FirstCapital(Context c) : Postprocessor(std::move(c)) {}
  std::string apply(std::string_view text) override {
    return opencompass ? or_throw(first_uppercase(text)) : postprocess::first_capital(text, options);
  }
  const std::string options = context.text("options", "ABCD");
  const bool opencompass = postprocess::is_opencompass(context.text("compat"));
  const postprocess::FirstUppercase first_uppercase = or_throw(postprocess::FirstUppercase::make());
};

constexpr const char* schema =
    R"({"type": "object", "additionalProperties": false, "properties": {)" SXT_OPTIONS_SCHEMA "," SXT_COMPAT_SCHEMA "}}";

}  // namespace

SEXTANT_PLUGIN(sextant::component<FirstCapital>(
    {.id = "first_capital", .summary = "the first option letter that stands alone", .schema = schema}))
