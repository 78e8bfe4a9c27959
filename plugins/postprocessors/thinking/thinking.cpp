// thinking: a reply without what the model thought before it answered, for models whose tags nobody knows.
#include <sextant/sdk.hpp>
#include <sextant/thinking.hpp>

namespace {

using namespace sextant;

struct WithoutThinking : Postprocessor {
  explicit WithoutThinking(Context c) : Postprocessor(std::move(c)) {
    const json::Value* list = json::find(context.config(), "tags");
    for (rapidjson::SizeType i = 0; list && i < list->Size(); ++i)
      tags.push_back({std::string(json::text((*list)[i][0])), std::string(json::text((*list)[i][1]))});
  }
  std::string apply(std::string_view text) override {
    if (tags.empty()) return split_thinking(text, opened).answer;
    return split_thinking(text, opened, tags).answer;
  }
  std::vector<ThinkingTags> tags;
  const bool opened = json::find_bool(context.config(), "opened").value_or(false);
};

constexpr const char* schema = R"({
  "type": "object", "additionalProperties": false,
  "properties": {
    "tags": {"type": "array", "items": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "string", "minLength": 1}},
      "description": "pairs of an opening and a closing tag; by default those that are known"},
    "opened": {"type": "boolean", "default": false, "description": "replies begin inside a block, which the prompt opened"}
  }})";

}  // namespace

SEXTANT_PLUGIN(sextant::component<WithoutThinking>(
    {.id = "thinking",
     .summary = "the reply without what the model thought; nothing where it ends in thought",
     .schema = schema}))
