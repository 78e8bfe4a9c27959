// exact_match as lm-evaluation-harness computes it: patterns are removed from both texts, then case, ASCII punctuation and
// digits, as far as asked for; then they are the same string or not. Blanks count. Of several references any is right.
#include <sextant/jinja.hpp>
#include <sextant/regex.hpp>
#include <sextant/sdk.hpp>

namespace {

using namespace sextant;

constexpr std::string_view punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

struct LmEvalExactMatch : Metric {
  explicit LmEvalExactMatch(Context c) : Metric(std::move(c)) {
    const json::Value& config = context.config();
    if (const json::Value* list = json::find(config, "regexes_to_ignore"))
      for (const auto& pattern : list->GetArray()) {
        RegexOptions options;
        options.syntax = RegexOptions::Syntax::python;
        removed.push_back(or_throw(Regex::compile(json::text(pattern), options, "regexes_to_ignore")));
      }
  }
  Scored judge(const Judged& sample) override { return {{{"exact_match", match(sample)}}, {}, {}}; }

 private:
  double match(const Judged& sample) const {
    const std::string prediction = normal(std::string(sample.prediction));
    const json::Document reference = or_throw(json::parse(sample.reference_json, "the reference"));
    const auto equals = [&](const json::Value& one) {
      return one.IsString() && without_zeros(normal(std::string(json::text(one)))) == without_zeros(prediction);
    };
    if (!reference.IsArray()) return equals(reference) ? 1 : 0;
    for (const auto& one : reference.GetArray())
      if (equals(one)) return 1;
    return 0;
  }

  // numpy's texts end before their last zero bytes
  static std::string without_zeros(std::string text) {
    while (!text.empty() && text.back() == '\0') text.pop_back();
    return text;
  }
  std::string normal(std::string text) const {
    for (const Regex& pattern : removed) text = or_throw(pattern.replace(text, ""));
    if (ignore_case) text = or_throw(lower.render({{"text", &as_json(text)}}));
    if (ignore_punctuation) std::erase_if(text, [](char c) { return punctuation.find(c) != punctuation.npos; });
    if (ignore_numbers) std::erase_if(text, [](char c) { return c >= '0' && c <= '9'; });
    return text;
  }
  const json::Value& as_json(const std::string& text) const {
    value.SetString(rapidjson::StringRef(text.data(), static_cast<rapidjson::SizeType>(text.size())));
    return value;
  }
  bool flag(const char* name) const { return json::find_bool(context.config(), name).value_or(false); }

  const bool ignore_case = flag("ignore_case"), ignore_punctuation = flag("ignore_punctuation"),
             ignore_numbers = flag("ignore_numbers");
  const jinja::Template lower = or_throw(jinja::Template::parse("{{ text.lower() }}", "lower", jinja::Environment::lm_eval()));
  std::vector<Regex> removed;
  mutable json::Value value;
};

constexpr const char* schema = R"({
  "type": "object", "additionalProperties": false,
  "properties": {
    "regexes_to_ignore": {"type": "array", "items": {"type": "string"}, "description": "patterns of Python's re that are removed from both texts first"},
    "ignore_case": {"type": "boolean", "default": false, "description": "then both become lower case"},
    "ignore_punctuation": {"type": "boolean", "default": false, "description": "then ASCII punctuation goes"},
    "ignore_numbers": {"type": "boolean", "default": false, "description": "then the digits 0 to 9 go"}
  }})";

}  // namespace

SEXTANT_PLUGIN(sextant::component<LmEvalExactMatch>(
    {.id = "lm_eval_exact_match",
     .summary = "1 where the answer is the reference, or one of them, as lm-eval compares them",
     .schema = schema,
     .facts = R"({"values": [{"name": "exact_match", "higher_is_better": true, "range": [0, 1]}]})"}))
