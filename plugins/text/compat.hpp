// The key "compat", which the run fills in from --compat, for the JSON Schemas of post-processors and metrics.
#pragma once
#include <string_view>

#define SXT_COMPAT_SCHEMA                                                                              \
  R"("compat": {"enum": ["none", "opencompass", "opencompass-0.2.4", "lm-eval"], "default": "none", )" \
  R"("description": "behave as that tool does; the run fills it in from --compat"})"

namespace sextant::text {

inline bool is_opencompass(std::string_view compat) { return compat == "opencompass" || compat == "opencompass-0.2.4"; }

}  // namespace sextant::text
