// template:@NAME@: the examples and the question as "Q: ... A: ..." (sextant/abi/template.h has all that a prompt can be).
#include <sextant/sdk.hpp>

namespace {

using namespace sextant;

struct @TYPE@ : Template {
  using Template::Template;
  std::string render(const sxt_render_item& item) override {
    if (item.form != SXT_FORM_OPEN)
      throw PluginError(SXT_UNSUPPORTED, "@NAME@ makes prompts whose reply is generated; use it with the inferencer gen");
    std::string pieces;
    for (uint64_t i = 0; i < item.shot_count; ++i) {
      const json::Document shot = or_throw(json::parse(view(item.shot_json[i]), "an example"));
      pieces += piece("shot", question(shot) + answer(shot, view(item.output_column)) + "\n\n") + ",";
    }
    const json::Document record = or_throw(json::parse(view(item.record_json), "the record"));
    return "{\"pieces\":[" + pieces + piece("round", question(record)) + "]}";
  }

 private:
  static std::string piece(const char* section, const std::string& text) {
    return std::string("{\"section\":\"") + section + "\",\"text\":" + json::quote(text) + "}";
  }
  std::string question(const json::Value& record) const {
    return "Q: " + json::find_string(record, context.text("column")).value_or("") + "\nA:";
  }
  static std::string answer(const json::Value& record, std::string_view column) {
    const json::Value* value = json::find(record, column);
    return value ? " " + columns::as_text(*value) : "";
  }
};

constexpr const char* schema = R"({"type": "object", "additionalProperties": false, "properties": {
  "column": {"type": "string", "default": "question", "description": "the column that holds the question"}}})";

}  // namespace

SEXTANT_PLUGIN(component<@TYPE@>({.id = "@NAME@", .summary = "Q: and A: lines", .schema = schema}))
