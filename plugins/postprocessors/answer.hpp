// A post-processor that is two functions: ours, and OpenCompass' under --compat opencompass.
#pragma once
#include <sextant/sdk.hpp>
#include "letters.hpp"

namespace sextant::postprocess {

using Read = std::string(std::string_view);

template <Read* own, Read* theirs> struct Answer : Postprocessor {
  using Postprocessor::Postprocessor;
  std::string apply(std::string_view text) override { return opencompass ? theirs(text) : own(text); }
  const bool opencompass = is_opencompass(context.text("compat"));
};

inline constexpr const char* compat_schema =
    R"({"type": "object", "additionalProperties": false, "properties": {)" SXT_COMPAT_SCHEMA "}}";

template <Read* own, Read* theirs = own> constexpr sxt_component answer(const char* id, const char* summary) {
  return component<Answer<own, theirs>>({.id = id, .summary = summary, .schema = compat_schema});
}

}  // namespace sextant::postprocess
