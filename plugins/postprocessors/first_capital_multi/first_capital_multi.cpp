#include "first_capital_multi.hpp"
#include <sextant/sdk.hpp>

namespace {

using namespace sextant;

struct FirstCapitalMulti : Postprocessor {
  explicit FirstCapitalMulti(Context c) : Postprocessor(std::move(c)) {}
  std::string apply(std::string_view text) override {
    return opencompass ? postprocess::first_run_opencompass(text, options) : postprocess::first_run(text, options);
  }
  const std::string options = context.text("options", "ABCD");
  const bool opencompass = postprocess::is_opencompass(context.text("compat"));
};

constexpr const char* schema =
    R"({"type": "object", "additionalProperties": false, "properties": {)" SXT_OPTIONS_SCHEMA "," SXT_COMPAT_SCHEMA "}}";

}  // namespace

SEXTANT_PLUGIN(sextant::component<FirstCapitalMulti>(
    {.id = "first_capital_multi", .summary = "the first run of option letters (several right answers)", .schema = schema}))
