// lm_eval_filter: a filter pipeline of lm-evaluation-harness. It works on the replies of all repeats of a row, as there; what
// is left of this attempt's is its answer, or the one reply that take_first and majority_vote leave.
#include <algorithm>
#include <functional>
#include <map>
#include <sextant/jinja.hpp>
#include <sextant/regex.hpp>
#include <sextant/sdk.hpp>

namespace {

using namespace sextant;
using Replies = std::vector<std::string>;

Regex compiled(std::string_view pattern, const char* what) {
  RegexOptions options;
  options.syntax = RegexOptions::Syntax::python;
  return or_throw(Regex::compile(pattern, options, what));
}

/// A method of Python's str by its name: the templates' own implementation.
class Method {
 public:
  explicit Method(const char* call)
      : program_(
            or_throw(jinja::Template::parse("{{ text." + std::string(call) + "() }}", call, jinja::Environment::lm_eval()))) {}
  std::string of(std::string_view text) const {
    const json::Value value(rapidjson::StringRef(text.data(), text.size()));
    return or_throw(program_.render({{"text", &value}}));
  }

 private:
  jinja::Template program_;
};
const Method& strip() {
  static const Method method("strip");
  return method;
}
const Method& lower() {
  static const Method method("lower");
  return method;
}
const Method& upper() {
  static const Method method("upper");
  return method;
}

// One of the matches as Python's findall gives them, its first group that is not empty; nothing where there is no match, or no
// such group.
std::optional<std::string> selected(const Regex& pattern, std::string_view text, int64_t select) {
  const auto matches = or_throw(pattern.find_all(text));
  if (matches.empty()) return std::nullopt;
  const int64_t n = static_cast<int64_t>(matches.size()), at = select < 0 ? select + n : select;
  if (at < 0 || at >= n)
    throw DataError("lm_eval_filter: group_select is " + std::to_string(select) + ", and the pattern matches " +
                    std::to_string(n) + " times; lm-eval stops here");
  const RegexMatch& match = matches[static_cast<size_t>(at)];
  if (pattern.group_count() == 0) return strip().of(match.groups[0]);
  if (pattern.group_count() == 1) return strip().of(match.has(1) ? match.groups[1] : std::string_view());
  for (size_t group = 1; group < match.groups.size(); ++group)
    if (!match.groups[group].empty()) return strip().of(match.groups[group]);
  return std::nullopt;
}

struct Step {
  virtual ~Step() = default;
  virtual void apply(Replies& replies, const json::Value& record) const = 0;
};
using MadeStep = std::unique_ptr<Step>;

struct Each : Step {
  virtual std::string of(const std::string& reply, const json::Value& record) const = 0;
  void apply(Replies& replies, const json::Value& record) const override {
    for (std::string& reply : replies) reply = of(reply, record);
  }
};

struct TakeFirst : Step {
  void apply(Replies& replies, const json::Value&) const override { replies.resize(1); }
};
struct TakeFirstK : Step {
  explicit TakeFirstK(const json::Value& step) : k(json::find_int(step, "k").value_or(0)) {
    if (k < 1) throw ConfigError("lm_eval_filter: take_first_k needs \"k\", a number above 0");
  }
  void apply(Replies& replies, const json::Value&) const override {
    if (static_cast<int64_t>(replies.size()) < k)
      throw DataError("lm_eval_filter: take_first_k wants " + std::to_string(k) + " replies to a question, and there are " +
                      std::to_string(replies.size()));
    replies.resize(static_cast<size_t>(k));
  }
  int64_t k;
};
struct MajorityVote : Step {
  void apply(Replies& replies, const json::Value&) const override {
    std::map<std::string, size_t> votes;
    size_t most = 0;
    for (const std::string& reply : replies) most = std::max(most, ++votes[reply]);
    const auto first =
        std::find_if(replies.begin(), replies.end(), [&](const std::string& reply) { return votes[reply] == most; });
    replies = {*first};
  }
};
struct ByMethod : Each {
  explicit ByMethod(const Method& m) : method(m) {}
  std::string of(const std::string& reply, const json::Value&) const override { return method.of(reply); }
  const Method& method;
};
struct Map : Each {
  explicit Map(const json::Value& step) {
    if (const json::Value* given = json::find(step, "mapping_dict"); given && given->IsObject())
      for (const auto& member : given->GetObject()) values[std::string(json::text(member.name))] = printed(member.value);
    const json::Value* given = json::find(step, "default_value");
    otherwise = given ? printed(*given) : "None";
  }
  static std::string printed(const json::Value& value) {
    return or_throw(
        or_throw(jinja::Template::parse("{{ value }}", "value", jinja::Environment::lm_eval())).render({{"value", &value}}));
  }
  std::string of(const std::string& reply, const json::Value&) const override {
    const auto found = values.find(reply);
    return found == values.end() ? otherwise : found->second;
  }
  std::map<std::string, std::string> values;
  std::string otherwise;
};
struct ByRegex : Each {
  explicit ByRegex(const json::Value& step)
      : pattern(compiled(json::find_string(step, "regex_pattern").value_or("#### (\\-?[0-9\\.\\,]+)"), "regex_pattern")),
        select(json::find_int(step, "group_select").value_or(0)),
        fallback(json::find_string(step, "fallback").value_or("[invalid]")) {}
  std::string of(const std::string& reply, const json::Value&) const override {
    const auto matches = or_throw(pattern.find_all(reply));
    if (matches.empty()) return fallback;
    const auto found = selected(pattern, reply, select);
    return found ? *found : strip().of(fallback);
  }
  Regex pattern;
  int64_t select;
  std::string fallback;
};

// The option that a reply names: by the pattern, by its text, or as a letter behind a colon.
struct MultiChoiceRegex : ByRegex {
  explicit MultiChoiceRegex(const json::Value& step)
      : ByRegex(step), ignore_case(flag(step, "ignore_case")), ignore_punctuation(flag(step, "ignore_punctuation")) {
    if (const json::Value* list = json::find(step, "regexes_to_ignore"); list && list->IsArray())
      for (const auto& each : list->GetArray())
        if (each.IsString()) removed.push_back(compiled(json::text(each), "regexes_to_ignore"));
  }
  static bool flag(const json::Value& step, const char* name) { return json::find_bool(step, name).value_or(false); }
  std::string normal(std::string text) const {
    static const Regex signs = or_throw(Regex::compile("\\p{P}", {}, "punctuation"));
    for (const Regex& each : removed) text = or_throw(each.replace(text, ""));
    if (ignore_case) text = lower().of(text);
    if (ignore_punctuation) text = or_throw(signs.replace(text, ""));
    return text;
  }
  std::string of(const std::string& reply, const json::Value& record) const override {
    const json::Value* choices = json::find(record, "choices");
    if (!choices || !choices->IsArray())
      throw DataError("lm_eval_filter: multi_choice_regex needs a list column \"choices\", which the row does not have");
    std::vector<std::pair<std::string, std::string>> texts;   // an option's, and its letter
    std::string letters;
    for (rapidjson::SizeType i = 0; i < choices->Size(); ++i) {
      const std::string letter(1, static_cast<char>('A' + i));
      letters += (i ? "|" : "") + letter;
      if ((*choices)[i].IsString()) texts.emplace_back(normal(strip().of(json::text((*choices)[i]))), letter);
    }
    if (auto found = selected(pattern, reply, select); found && !found->empty()) return *found;
    std::vector<std::pair<std::string, std::string>> longest = texts;
    std::stable_sort(longest.begin(), longest.end(),
                     [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
    std::string alternation;
    for (const auto& [text, letter] : longest) alternation += (alternation.empty() ? "" : "|") + regex_escape(text);
    if (!alternation.empty())
      if (const auto found = selected(compiled(alternation, "the options"), normal(reply), select); found && !found->empty()) {
        for (auto it = texts.rbegin(); it != texts.rend(); ++it)   // of two equal ones the later letter counts
          if (it->first == *found) return "(" + it->second + ")";
        return *found;  // the option had white space at an end once its signs were gone: lm-eval finds no letter then
      }
    if (const auto found = selected(compiled(":[\\s]*(" + letters + ")", "the letters"), reply, select);
        found && !found->empty())
      return "(" + *found + ")";
    return fallback;
  }
  bool ignore_case, ignore_punctuation;
  std::vector<Regex> removed;
};

// Named entities: "PERSON: Ann $$ location: Paris" becomes "per: ann $ loc: paris".
struct FormatSpan : Each {
  FormatSpan() {
    constexpr std::pair<const char*, const char*> words[] = {
        {"person", "PER"}, {"location", "LOC"}, {"organization", "ORG"}, {"counties", "LOC"}, {"places", "LOC"},
        {"people", "PER"}, {"persons", "PER"},  {"company", "ORG"},      {"country", "LOC"},  {"continent", "LOC"},
        {"time", "DATE"},  {"date", "DATE"},    {"per", "PER"},          {"loc", "LOC"},      {"org", "ORG"}};
    for (const auto& [word, label] : words)
      labels.emplace_back(compiled("\\b" + std::string(word) + "\\s*:", "a label"), std::string(label) + ":");
  }
  std::string of(const std::string& reply, const json::Value&) const override {
    std::string text = lower().of(reply);
    for (const auto& [pattern, label] : labels) text = or_throw(pattern.replace(text, label));
    for (size_t at = text.find("$$"); at != text.npos; at = text.find("$$", at + 1)) text.erase(at, 1);
    while (!text.empty() && text.back() == '$') text.pop_back();
    std::replace(text.begin(), text.end(), '\n', '$');
    text = strip().of(text);
    std::string out;
    for (const RegexMatch& match : or_throw(spans.find_all(text))) {
      const std::string label = lower().of(match.groups[1]);
      const std::string_view values = match.groups[2];
      for (size_t begin = 0; begin <= values.size();) {
        const size_t end = std::min(values.find(',', begin), values.size());
        const std::string value = strip().of(values.substr(begin, end - begin));
        if (value != "none") out += (out.empty() ? "" : " $ ") + label + ": " + value;
        begin = end + 1;
      }
    }
    return out;
  }
  std::vector<std::pair<Regex, std::string>> labels;
  Regex spans = compiled("\\b(PER|LOC|ORG|DATE):\\s*([^$]+)", "a span");
};

// Pairs ('word', 'POS'): the second of each, as Python prints a list.
struct RegexPos : Each {
  std::string of(const std::string& reply, const json::Value&) const override {
    std::string out;
    for (const RegexMatch& match : or_throw(pairs.find_all(reply)))
      out += (out.empty() ? "'" : ", '") + std::string(match.groups[2]) + "'";
    return out.empty() ? "['invalid']" : "[" + out + "]";
  }
  Regex pairs = compiled(R"(\('([^']*)', '([^']*)'\))", "regex_pos");
};

MadeStep made(const json::Value& step) {
  const std::string name = json::find_string(step, "function").value_or("");
  if (name == "take_first") return std::make_unique<TakeFirst>();
  if (name == "take_first_k") return std::make_unique<TakeFirstK>(step);
  if (name == "majority_vote") return std::make_unique<MajorityVote>();
  if (name == "remove_whitespace") return std::make_unique<ByMethod>(strip());
  if (name == "lowercase") return std::make_unique<ByMethod>(lower());
  if (name == "uppercase") return std::make_unique<ByMethod>(upper());
  if (name == "map") return std::make_unique<Map>(step);
  if (name == "regex") return std::make_unique<ByRegex>(step);
  if (name == "multi_choice_regex") return std::make_unique<MultiChoiceRegex>(step);
  if (name == "format_span") return std::make_unique<FormatSpan>();
  if (name == "regex_pos") return std::make_unique<RegexPos>();
  throw ConfigError("lm_eval_filter: there is no function '" + name + "'");
}

struct LmEvalFilter : Postprocessor {
  explicit LmEvalFilter(Context c) : Postprocessor(std::move(c)) {
    for (const auto& step : json::find(context.config(), "steps")->GetArray()) steps.push_back(made(step));
  }
  std::string extract(const Extracted& item) override {
    const json::Document record = or_throw(json::parse(item.record_json, "the row"));
    Replies replies;
    for (const sxt_str& attempt : item.attempts) replies.emplace_back(view(attempt));
    if (replies.empty()) replies.emplace_back(item.text);
    for (const MadeStep& step : steps) step->apply(replies, record);
    return replies.size() > item.attempt ? replies[item.attempt] : replies.front();
  }
  std::vector<MadeStep> steps;
};

constexpr const char* schema = R"({
  "type": "object", "additionalProperties": false, "required": ["steps"],
  "properties": {"steps": {"type": "array", "description": "as in a task's filter_list: {\"function\": \"regex\", \"regex_pattern\": ...}, ...", 
    "items": {"type": "object", "required": ["function"], "properties": {
      "function": {"enum": ["take_first", "take_first_k", "majority_vote", "remove_whitespace", "lowercase", "uppercase", "map", "regex", "multi_choice_regex", "format_span", "regex_pos"]}}}}}})";

}  // namespace

SEXTANT_PLUGIN(sextant::component<LmEvalFilter>(
    {.id = "lm_eval_filter", .summary = "a filter pipeline of lm-evaluation-harness' task files", .schema = schema}))
