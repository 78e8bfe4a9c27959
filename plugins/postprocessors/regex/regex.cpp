// regex: what a pattern's group caught.
#include <sextant/regex.hpp>
#include <sextant/sdk.hpp>

namespace {

using namespace sextant;
struct ByRegex : Postprocessor {
  explicit ByRegex(Context c) : Postprocessor(std::move(c)) {
    if (group > pattern.group_count())
      throw ConfigError("regex: 'group' is " + std::to_string(group) + ", but the pattern '" + pattern.pattern() + "' has " +
                        std::to_string(pattern.group_count()) + " groups; 0 is the whole match");
  }
  std::string apply(std::string_view text) override {
    const auto found = last ? pattern.search_last(text) : pattern.search(text);
    if (!found) {
      if (found.error().kind != Error::Kind::data) throw PluginError(found.error());
      if (!std::exchange(said, true))
        context.log(SXT_LOG_WARNING, "regex: " + found.error().message + "; the reply counts as one without an answer");
      return {};
    }
    return *found ? std::string((*found)->groups[group]) : std::string();
  }
  const Regex pattern =
      or_throw(Regex::compile(context.text("pattern"), or_throw(RegexOptions::of_flags(context.text("flags")))));
  const size_t group = static_cast<size_t>(json::find_int(context.config(), "group").value_or(default_group()));
  const bool last = context.text("match") == "last";
  bool said = false;

 private:
  int64_t default_group() const { return pattern.group_count() > 0 ? 1 : 0; }
};

constexpr const char* schema = R"({
  "type": "object", "additionalProperties": false, "required": ["pattern"],
  "properties": {
    "pattern": {"type": "string", "description": "PCRE2, over UTF-8 text with Unicode classes"},
    "group": {"type": "integer", "minimum": 0,
      "description": "the group that is the result, 0: the whole match; by default 1, or 0 where the pattern has no group"},
    "match": {"enum": ["first", "last"], "default": "first", "description": "which of several matches"},
    "flags": {"type": "string", "default": "",
      "description": "i: either case; m: ^ and $ at lines; s: . takes line feeds; x: blanks are ignored"}
  }})";

}  // namespace

SEXTANT_PLUGIN(sextant::component<ByRegex>(
    {.id = "regex", .summary = "a group of a regular expression's first or last match", .schema = schema}))
