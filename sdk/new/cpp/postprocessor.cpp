// postprocessor:@NAME@: what stands behind a word of the reply, "Answer:" by default.
#include <sextant/sdk.hpp>

namespace {

using namespace sextant;

struct @TYPE@ : Postprocessor {
  using Postprocessor::Postprocessor;
  std::string apply(std::string_view text) override {
    const std::string marker = context.text("marker");
    const size_t at = text.rfind(marker);
    if (at != text.npos) text.remove_prefix(at + marker.size());
    const size_t begin = text.find_first_not_of(" \n");
    return begin == text.npos ? std::string() : std::string(text.substr(begin));
  }
};

constexpr const char* schema = R"({"type": "object", "additionalProperties": false, "properties": {
  "marker": {"type": "string", "default": "Answer:", "description": "the answer stands behind the last of these"}}})";

}  // namespace

SEXTANT_PLUGIN(component<@TYPE@>({.id = "@NAME@", .summary = "what stands behind a marker", .schema = schema}))
