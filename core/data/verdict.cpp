#include "verdict.hpp"
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

namespace sextant::data {
namespace {

struct Spelling {
  std::string_view text;
  double value;
};
constexpr std::array<Spelling, 20> preferences{{{"A>>B", 1},   {"A>B", 1},   {"A=B", 0.5}, {"B=A", 0.5}, {"B>A", 0},
                                                {"B>>A", 0},   {"A<B", 0},   {"A<<B", 0},  {"B<A", 1},   {"B<<A", 1},
                                                {"A", 1},      {"B", 0},     {"C", 0.5},   {"TIE", 0.5}, {"1", 1},
                                                {"2", 0},      {"A++", 1},   {"A+", 1},    {"B+", 0},    {"B++", 0}}};
constexpr double not_attempted = 2;      // among the spellings of "correct": wrong, and no answer was given
constexpr std::array<Spelling, 21> grades{{{"CORRECT", 1},
                                           {"A", 1},
                                           {"RIGHT", 1},
                                           {"YES", 1},
                                           {"TRUE", 1},
                                           {"正确", 1},
                                           {"对", 1},
                                           {"是", 1},
                                           {"INCORRECT", 0},
                                           {"B", 0},
                                           {"WRONG", 0},
                                           {"NO", 0},
                                           {"FALSE", 0},
                                           {"错误", 0},
                                           {"错", 0},
                                           {"否", 0},
                                           {"不正确", 0},
                                           {"C", not_attempted},
                                           {"NOT_ATTEMPTED", not_attempted},
                                           {"NOTATTEMPTED", not_attempted},
                                           {"未尝试", not_attempted}}};

// Without the marks that surround a label: "**A**", "(A)", "【正确】".
std::string plain(std::string_view label) {
  static constexpr std::array<std::string_view, 6> wide{"【", "】", "“", "”", "。", "："};
  std::string out;
  if (std::count(label.begin(), label.end(), '[') != std::count(label.begin(), label.end(), ']')) return out;   // cut off
  for (size_t i = 0; i < label.size();) {
    const auto mark =
        std::find_if(wide.begin(), wide.end(), [&](std::string_view m) { return label.substr(i).starts_with(m); });
    if (mark != wide.end()) {
      i += mark->size();
      continue;
    }
    const char c = label[i++];
    if (std::string_view(" \t\r\n*\"'`()[]{}.:,$").find(c) != std::string_view::npos) continue;
    out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return out;
}

template <size_t N> std::optional<double> spelt(const std::array<Spelling, N>& known, std::string_view label) {
  if (label.size() > 64) return std::nullopt;
  const std::string text = plain(label);
  const auto found = std::find_if(known.begin(), known.end(), [&](const Spelling& one) { return one.text == text; });
  return found == known.end() ? std::nullopt : std::optional(found->value);
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  return begin == text.npos ? std::string_view() : text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

// Whether what stands behind points names another scale: "/100", "** out of 5" where the most points are 10.
bool of_other_scale(std::string_view rest, double high) {
  rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(" \t*]\"")));
  const std::string_view mark = rest.starts_with('/') ? "/" : rest.starts_with("out of ") ? "out of " : "";
  if (mark.empty()) return false;
  rest = trimmed(rest.substr(mark.size()));
  double of = 0;
  return std::from_chars(rest.data(), rest.data() + rest.size(), of, std::chars_format::fixed).ec == std::errc() && of != high;
}

// "7", "7.5", "7/10", "8分"; nothing else may stand there. What a number is out of must be the most points: "4/5" of a scale that
// ends with 10 is not 4.
std::optional<double> number_of(std::string_view text, double high) {
  text = trimmed(text);
  while (!text.empty() && (text.front() == '*' || text.front() == '"')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(value)) return std::nullopt;
  std::string_view rest = trimmed(text.substr(static_cast<size_t>(end - text.data())));
  if (rest.starts_with('/')) {
    double of = 0;
    rest = trimmed(rest.substr(1));
    const auto [stop, bad] = std::from_chars(rest.data(), rest.data() + rest.size(), of, std::chars_format::fixed);
    if (bad != std::errc() || of != high) return std::nullopt;
    rest = trimmed(rest.substr(static_cast<size_t>(stop - rest.data())));
  }
  if (rest.starts_with("分")) rest.remove_prefix(std::string_view("分").size());
  return rest.find_first_not_of(" \t\r\n*\".") == rest.npos ? std::optional(value) : std::nullopt;
}

// Calls `use` with what stands in [[...]], the last one first, until it says that this is it. Linear: a bracket looks back a
// few bytes only.
template <class Use> bool each_bracketed(std::string_view reply, Use use) {
  constexpr size_t reach = 24;
  for (size_t end = reply.rfind("]]"); end != reply.npos && end > 0; end = reply.rfind("]]", end - 1)) {
    const std::string_view before = reply.substr(end - std::min(end, reach), std::min(end, reach));
    const size_t begin = before.rfind("[[");
    if (begin != before.npos && use(before.substr(begin + 2))) return true;
  }
  return false;
}

// The last object of a reply that is JSON, or Python's way to write it with single quotes; a few are tried.
std::optional<json::Document> last_object(std::string_view reply) {
  const size_t end = reply.rfind('}');
  if (end == reply.npos) return std::nullopt;
  size_t begin = end;
  for (int tries = 0; tries < 8 && begin > 0; ++tries) {
    begin = reply.rfind('{', begin - 1);
    if (begin == reply.npos) break;
    const std::string text(reply.substr(begin, end + 1 - begin));
    if (auto parsed = json::parse(text, "a verdict", json::Syntax::relaxed); parsed && parsed->IsObject())
      return *std::move(parsed);
    if (text.find('"') == text.npos) {
      std::string quoted = text;
      std::replace(quoted.begin(), quoted.end(), '\'', '"');
      if (auto parsed = json::parse(quoted, "a verdict", json::Syntax::relaxed); parsed && parsed->IsObject())
        return *std::move(parsed);
    }
  }
  return std::nullopt;
}

std::string text_of(const json::Value& value) { return value.IsString() ? std::string(json::text(value)) : json::write(value); }

std::string_view first_line(std::string_view text) { return trimmed(text.substr(0, text.find('\n'))); }
std::string_view last_line(std::string_view text) {
  const size_t at = text.rfind('\n');
  return trimmed(at == text.npos ? text : text.substr(at + 1));
}

// The word or letter that a line begins with: "A: CORRECT", "INCORRECT, because".
std::string_view first_word(std::string_view line) {
  const size_t begin = line.find_first_not_of(" \t*#\"'`([{");
  if (begin == line.npos) return {};
  line.remove_prefix(begin);
  return line.substr(0, line.find_first_of(" \t,.:;)]}*\"'`\n"));
}

constexpr const char* preference_schema = R"({"type": "object", "additionalProperties": false, "properties": {
  "graded": {"type": "boolean", "default": false, "description": "of labels that were scored: the mean of their values, by their probabilities, instead of the likeliest one's"},
  "labels": {"type": "object", "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
    "description": "further labels, to the letter, each with the share of the answer that is shown first: {\"m\": 1, \"M\": 0}"},
  "keys": {"type": "array", "items": {"type": "string"}, "description": "members of a JSON object that hold the label, before winner, verdict, choice, preference and answer"},
  "pattern": {"type": "string", "description": "a regular expression whose group 1 is the label"},
  "match": {"type": "string", "enum": ["last", "first"], "default": "last", "description": "which match of the pattern counts"}}})";
constexpr const char* rating_schema = R"({"type": "object", "additionalProperties": false, "properties": {
  "graded": {"type": "boolean", "default": false, "description": "of labels that were scored: the mean of their values, by their probabilities, instead of the likeliest one's"},
  "low": {"type": "number", "default": 1, "description": "the fewest points; a number outside is unread"},
  "high": {"type": "number", "default": 10, "description": "the most points"},
  "keys": {"type": "array", "items": {"type": "string"}, "description": "members of a JSON object that hold the points, before rating, score, overall and 综合得分"},
  "dimensions": {"type": "boolean", "default": false, "description": "every other number of the object is a value of its own"},
  "pattern": {"type": "string", "description": "a regular expression whose group 1 is the number"},
  "match": {"type": "string", "enum": ["last", "first"], "default": "last", "description": "which match of the pattern counts"}}})";
constexpr const char* correct_schema = R"({"type": "object", "additionalProperties": false, "properties": {
  "graded": {"type": "boolean", "default": false, "description": "of labels that were scored: the mean of their values, by their probabilities, instead of the likeliest one's"},
  "labels": {"type": "object", "additionalProperties": {"type": "string", "enum": ["right", "wrong", "not_attempted"]},
    "description": "further labels, to the letter: {\"1\": \"right\"}"},
  "keys": {"type": "array", "items": {"type": "string"}, "description": "members of a JSON object that hold the label, before verdict, grade, correct and judgement"},
  "pattern": {"type": "string", "description": "a regular expression whose group 1 is the label"},
  "match": {"type": "string", "enum": ["last", "first"], "default": "last", "description": "which match of the pattern counts"}}})";

}  // namespace

const char* VerdictReader::schema_of(std::string_view metric) {
  return metric == "preference" ? preference_schema
         : metric == "rating"   ? rating_schema
         : metric == "correct"  ? correct_schema
                                : nullptr;
}

Result<VerdictReader> VerdictReader::make(std::string_view metric, const json::Value& config, const std::string& origin) {
  VerdictReader out;
  out.kind_ = metric == "rating" ? Kind::rating : metric == "correct" ? Kind::correct : Kind::preference;
  if (const json::Value* labels = json::find(config, "labels"))
    for (const auto& one : labels->GetObject())
      out.labels_.emplace_back(json::text(one.name), one.value.IsNumber()                       ? one.value.GetDouble()
                                                     : json::text(one.value) == "right"         ? 1
                                                     : json::text(one.value) == "not_attempted" ? not_attempted
                                                                                                : 0);
  if (const json::Value* keys = json::find(config, "keys"))
    for (const auto& key : keys->GetArray()) out.keys_.emplace_back(json::text(key));
  for (const char* key : {"winner", "verdict", "choice", "preference", "answer"})
    if (out.kind_ == Kind::preference) out.keys_.emplace_back(key);
  for (const char* key : {"rating", "score", "overall", "综合得分"})
    if (out.kind_ == Kind::rating) out.keys_.emplace_back(key);
  for (const char* key : {"verdict", "grade", "correct", "judgement"})
    if (out.kind_ == Kind::correct) out.keys_.emplace_back(key);
  if (const auto pattern = json::find_string(config, "pattern")) {
    SXT_TRY(out.pattern_, Regex::compile(*pattern, {}, origin + ": pattern"));
    if (out.pattern_->group_count() < 1)
      return Error{
          Error::Kind::config,
          fmt::format("{}: the pattern of metric:{} has no group; put what holds the verdict in parentheses", origin, metric)};
  }
  out.first_ = json::find_string(config, "match").value_or("last") == "first";
  out.graded_ = json::find_bool(config, "graded").value_or(false);
  out.dimensions_ = json::find_bool(config, "dimensions").value_or(false);
  out.low_ = json::find_number(config, "low").value_or(1);
  out.high_ = json::find_number(config, "high").value_or(10);
  if (out.low_ >= out.high_)
    return Error{Error::Kind::config, fmt::format("{}: metric:rating has \"low\" {} and \"high\" {}; low must be less", origin,
                                                  out.low_, out.high_)};
  return out;
}

std::optional<double> VerdictReader::value_of(std::string_view label) const {
  if (kind_ == Kind::rating) return points_of(label);
  const std::string_view bare = trimmed(label);
  for (const auto& [text, value] : labels_)
    if (text == bare) return value;
  return kind_ == Kind::correct ? spelt(grades, bare) : spelt(preferences, bare);
}

std::optional<double> VerdictReader::points_of(std::string_view text) const {
  const auto number = number_of(text, high_);
  return number && *number >= low_ && *number <= high_ ? number : std::nullopt;
}

bool VerdictReader::take(std::string_view text, ReadVerdict& out) const {
  out.value = value_of(text);
  if (out.value) out.label = trimmed(text);
  return out.value.has_value();
}

// The verdict of an object; of a rating also the dimensions.
void VerdictReader::read_object(const json::Value& object, ReadVerdict& out) const {
  for (const std::string& key : keys_) {
    const json::Value* member = json::find(object, key.c_str());
    if (!member) continue;
    out.label = text_of(*member);
    out.value = value_of(out.label);
    if (out.value) break;
  }
  if (!dimensions_) return;
  for (const auto& member : object.GetObject())
    if (std::find(keys_.begin(), keys_.end(), std::string(json::text(member.name))) == keys_.end())
      if (const auto points = points_of(text_of(member.value))) out.parts.emplace_back(json::text(member.name), *points);
}

std::optional<double> VerdictReader::expected(std::span<const std::pair<std::string, double>> labels) const {
  double sum = 0, known = 0;
  for (const auto& [label, probability] : labels) {
    const auto value = value_of(label);
    if (!value) continue;
    known += probability;
    if (kind_ != Kind::correct || *value != not_attempted) sum += probability * *value;
  }
  return known > 0 ? std::optional(sum / known) : std::nullopt;
}

ReadVerdict VerdictReader::read(std::string_view reply) const {
  ReadVerdict out;
  if (trimmed(reply).empty()) {
    out.why = "the judge wrote nothing";
    return out;
  }
  if (pattern_) {
    const auto match = first_ ? pattern_->search(reply) : pattern_->search_last(reply);
    if (match && *match && (*match)->has(1)) {
      out.label = (*match)->groups[1];
      out.value = value_of(out.label);
    }
  }
  if (!out.value)
    out = kind_ == Kind::rating ? read_rating(reply) : kind_ == Kind::correct ? read_correct(reply) : read_preference(reply);
  if (out.value && kind_ == Kind::correct) {
    out.parts = {{"attempted", *out.value == not_attempted ? 0.0 : 1.0}};
    if (*out.value == not_attempted) out.value = 0;
  }
  if (!out.value) out.label.clear(), out.parts.clear(), out.why = "no verdict can be read";
  return out;
}

// The last verdict in double brackets counts: what stands before may quote the instructions, or one of the answers.
ReadVerdict VerdictReader::read_preference(std::string_view reply) const {
  ReadVerdict out;
  const auto is = [&](std::string_view label) { return take(label, out); };
  if (is(reply) || each_bracketed(reply, is)) return out;
  if (const auto object = last_object(reply)) read_object(*object, out);
  return out;
}

ReadVerdict VerdictReader::read_rating(std::string_view reply) const {
  ReadVerdict out;
  const auto is = [&](std::string_view text) { return take(text, out); };
  if (is(reply)) return out;
  if (dimensions_ || !each_bracketed(reply, is))
    if (const auto object = last_object(reply)) read_object(*object, out);
  if (out.value || each_bracketed(reply, is)) return out;
  // "Rating: 7", "评分：7", the last one
  static constexpr std::array<std::string_view, 8> words{"ating:", "core:",  "ating is", "core is",
                                                         "评分：", "分数：", "得分：",   "评分:"};
  size_t last = 0;
  for (const std::string_view word : words)
    if (const size_t at = reply.rfind(word); at != reply.npos) last = std::max(last, at + word.size());
  if (last > 0) {
    std::string_view rest = first_line(reply.substr(last));
    while (!rest.empty() && std::string_view(" *[\"").find(rest.front()) != std::string_view::npos) rest.remove_prefix(1);
    const size_t end = std::min(rest.find_first_of(" ,;]*\""), rest.size());
    std::string_view behind = rest.substr(end);
    // "1,5" is a decimal, and "5/10 for style, 9/10 for content" says two numbers; "8 / 10" says one
    const bool goes_on = behind.size() > 1 && behind[0] == ',' && behind[1] >= '0' && behind[1] <= '9';
    const bool other_scale = of_other_scale(behind, high_);
    if (const size_t mark = behind.find_first_not_of(" \t*]\""); mark != behind.npos && behind[mark] == '/') behind.remove_prefix(mark + 1);
    if (!goes_on && !other_scale && behind.find('/') == behind.npos) is(rest.substr(0, end));
  }
  return out;
}

ReadVerdict VerdictReader::read_correct(std::string_view reply) const {
  ReadVerdict out;
  const auto is = [&](std::string_view label) { return take(label, out); };
  const std::string_view text = trimmed(reply);
  if (is(text) || each_bracketed(reply, is)) return out;
  if (const auto object = last_object(reply)) read_object(*object, out);
  if (out.value) return out;
  // a line that says it; one that only begins with an article does not ("A good answer would ...")
  // and one that says the contrary of the last line ("A: the answer names ..", then "B") says nothing
  const auto settled = [&] {
    const std::optional<double> last = value_of(last_line(text));
    if (last && last != out.value) out = {};
    return out;
  };
  for (const std::string_view line : {first_line(text), last_line(text)}) {
    if (is(line)) return settled();
    const std::string_view word = first_word(line);
    if (word.empty()) continue;
    const std::string_view after = trimmed(line.substr(static_cast<size_t>(word.data() - line.data()) + word.size()));
    // "INCORRECT because", but "no idea" and "A good one" need a mark behind the word
    const std::string bare = plain(word);
    const bool alone = after.empty() || std::string_view(".:,;)]}*").find(after.front()) != std::string_view::npos;
    if ((alone || bare == "CORRECT" || bare == "INCORRECT" || bare == "NOT_ATTEMPTED") && is(word)) return settled();
  }
  return out;
}

}  // namespace sextant::data
