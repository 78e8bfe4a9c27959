#include "findings.hpp"
#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <functional>
#include <sextant/composed.hpp>
#include <sextant/fold_case.hpp>
#include <sextant/json_text.hpp>
#include <sextant/plain_text.hpp>
#include "../config/card_parts.hpp"
#include "../data/thinking.hpp"
#include "own_metrics.hpp"
#include "steps.hpp"

namespace sextant::score {
namespace {

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == text.npos; }

// Examples that each prompt was to have: as many as fix_k names, or as another retriever is asked for; 0: not known.
uint64_t wanted_shots(const config::DatasetConfig& dataset) {
  const auto config = json::parse(dataset.retriever.config, "retriever");
  if (!config) return 0;
  const json::Value* ids = json::find(*config, "ids");
  if (ids && ids->IsArray()) return ids->Size();
  const int64_t number = json::find_int(*config, "ice_num").value_or(0);
  return number > 0 ? static_cast<uint64_t>(number) : 0;
}

// "1,234.0" and "1234" as one text; what is no number stays.
std::string plain_number(const std::string& text) {
  constexpr size_t digits_max = 15;   // that a double tells apart
  if (text.empty() || text.size() > 2 * digits_max || text.find_first_not_of("0123456789.,-") != text.npos) return text;
  std::string digits;
  for (const char c : text)
    if (c != ',') digits += c;
  double value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool number = code == std::errc() && end == digits.data() + digits.size() && digits.size() <= digits_max;
  return number ? fmt::format("{}", value) : text;
}

// Composed, without case, blanks at the ends and a final dot; a number in one spelling.
std::string loose(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(" \t\r\n"), text.size()), end = text.find_last_not_of(" \t\r\n.");
  if (end == text.npos || end < begin) return {};
  return plain_number(utf8::fold_case(utf8::composed(text.substr(begin, end + 1 - begin))));
}

bool is_whole_number(const std::string& text) { return !text.empty() && text.find_first_not_of("0123456789") == text.npos; }
bool is_letter(const std::string& text) { return text.size() == 1 && text[0] >= 'A' && text[0] <= 'Z'; }

std::string example(const std::string& text) {
  return json::quote(text.size() > 24 ? text.substr(0, utf8::valid_prefix(text.substr(0, 24))) + "..." : text);
}

void keep_first(std::optional<std::string>& first, const std::string& text) {
  if (!first || text < *first) first = text;
}
uint64_t hash_of(const std::string& text) { return std::hash<std::string>{}(text); }

}  // namespace

// What metrics cut texts into where they are not told otherwise: words of ASCII letters, or what stands between blanks.
struct Findings::Tokens {
  std::string_view metric, option, value;  // of its configuration, and the default
  bool ascii;
  std::string_view instead;
};
const Findings::Tokens* Findings::tokens_of(const config::PluginChoice& metric) {
  static constexpr Tokens all[] = {
      {"rouge", "tokens", "words", true, R"("tokens": "mixed")"},
      {"token_f1", "tokens", "words", false, R"("tokens": "mixed")"},
      {"bleu", "tokenize", "13a", false, R"("tokenize": "zh", or "char")"},
      {"ter", "tokens", "words", false, R"("tokens": "characters")"},
      {"lm_eval_bleu", "", "", false, ""},
      {"lm_eval_ter", "", "", false, ""},
  };
  const auto one = std::find_if(std::begin(all), std::end(all), [&](const Tokens& of) { return of.metric == metric.id; });
  if (one == std::end(all)) return nullptr;
  const auto config = json::parse(metric.config, metric.id);
  const auto given = config ? json::find_string(*config, one->option) : std::nullopt;
  return !given || *given == one->value ? one : nullptr;
}

Findings::Findings(const config::DatasetConfig& dataset) : dataset_(dataset), shots_(wanted_shots(dataset)) {
  for (const config::PluginChoice& metric : dataset.metrics) looks_at_script_ = looks_at_script_ || tokens_of(metric) != nullptr;
}

// Which letters a reference is written in, and whether there are blanks between its words.
void Findings::add_script(std::string_view reference_json) {
  if (!looks_at_script_) return;
  constexpr size_t looked_at = 4096;
  if (std::none_of(reference_json.begin(), reference_json.end(), [](char c) { return (c & 0x80) != 0; })) return;
  uint64_t ascii = 0, others = 0, chinese = 0, words = 0;
  bool inside = false;  // a word that has Chinese characters
  for (size_t i = 0; i < std::min(reference_json.size(), looked_at);) {
    const utf8::Character c = utf8::at(reference_json, i);
    i += c.size;
    const bool letter = c.valid && text::is_word(c.code);
    const bool of_chinese = letter && text::is_chinese(c.code);
    ascii += letter && c.code < 0x80;
    others += letter && c.code >= 0x80;
    chinese += of_chinese;
    words += of_chinese && !inside;
    inside = of_chinese || (inside && letter);
  }
  beyond_ascii_ += others > ascii;
  constexpr uint64_t characters_a_word = 2;  // where words are separated, they have fewer on average
  without_blanks_ += 2 * chinese > ascii + others && chinese > characters_a_word * words;
}

void Findings::add_answer(const Reading& reading, const std::string& reference, Answers& answers) const {
  answers.letters += is_letter(reading.answer);
  const bool loosely = !reading.answer.empty() && reading.answer != reference && loose(reading.answer) == loose(reference);
  answers.loosely += loosely;
  answers.nearly += loosely && !reading.verdicts.empty() && !reading.verdicts.front().values.empty() &&
                    reading.verdicts.front().values.front().second == 0;
  if (is_blank(reading.answer)) return;
  ++answers.read;
  answers.texts.insert(hash_of(reading.answer));
  keep_first(answers.first, reading.answer);
}

void Findings::add(const data::Attempt& attempt, const std::vector<Reading>& readings) {
  const Reading& reading = readings.front();
  answers_.resize(std::max(answers_.size(), readings.size()));
  ++shown_;
  without_shots_ += shots_ > 0 && attempt.dropped_shots >= shots_;

  const std::string reference = text_or_json(reading.reference_json);
  add_script(reading.reference_json);
  lists_ += reading.reference_json.starts_with('[');
  numbers_ += is_whole_number(reference);
  for (size_t filter = 0; filter < readings.size(); ++filter) add_answer(readings[filter], reference, answers_[filter]);
  references_.insert(hash_of(reference));
  keep_first(reference_, reference);

  if (!attempt.labels.empty() && reading.reference_json.starts_with('"') && !reference.empty() &&
      std::none_of(attempt.labels.begin(), attempt.labels.end(),
                   [&](const data::LabelScore& label) { return label.label == reference; }))
    ++no_label_;
  if (!attempt.labels.empty() || config::has_own_numbers(dataset_.inferencer)) return;
  ++replies_;
  cut_ += attempt.finish == "length";
  tokens_ += attempt.usage.generated_tokens;
  const auto unread = [](const Reading& one) { return !one.error && is_blank(one.answer); };
  if (std::none_of(readings.begin(), readings.end(), unread)) return;
  const bool closed = data::thought_of(attempt).closed;
  if (!closed && unread(reading)) ++unclosed_;
  for (size_t filter = 0; closed && filter < readings.size(); ++filter)
    if (unread(readings[filter])) ++answers_[filter].unparsed;
}

// Where the answers and the references themselves show it.
std::string Findings::cause_of_zero(const Answers& answers) const {
  if (answers.read == 0 || dataset_.output_column.empty()) return {};   // no reference: the metric judges by the row
  if (runs_programs(dataset_)) return {};                               // a program is compared with nothing
  const bool takes_lists = std::any_of(dataset_.metrics.begin(), dataset_.metrics.end(), [](const auto& metric) {
    return metric.id == "exact_match" || metric.id == "lm_eval_exact_match";
  });
  if (lists_ == shown_ && !takes_lists)
    return "the references are lists and each is compared as a whole; the metric exact_match takes any member of a list";
  if (2 * answers.loosely >= answers.read)
    return "answers and references differ in case, blanks, a final dot or the way a number is written alone; see the options of exact_match, "
           "and numeric";
  if (numbers_ == shown_ && answers.letters == answers.read)
    return "the references are numbers and the answers letters; derive a letter with index_to_letter";
  if (shown_ < 4 ||
      std::any_of(answers.texts.begin(), answers.texts.end(), [&](uint64_t answer) { return references_.contains(answer); }))
    return {};
  return fmt::format("no answer is among the references: answers are like {}, references like {}", example(*answers.first),
                     example(*reference_));
}

void Findings::count_in(Scored& scored) const {
  scored.replies = replies_;
  scored.unparsed = (answers_.empty() ? 0 : answers_.front().unparsed) + unclosed_;
  scored.cut = cut_;
  scored.reply_tokens = tokens_;
}

std::vector<data::Finding> Findings::all(const Scored& scored) const {
  std::vector<data::Finding> out;
  const auto high = [&](uint64_t count) {
    return count > 0 && static_cast<double>(count) >= unparsed_share * static_cast<double>(replies_);
  };
  if (no_label_ > 0) out.push_back({"no_label", no_label_, shown_});
  for (const config::PluginChoice& metric : dataset_.metrics) {
    const Tokens* tokens = tokens_of(metric);
    const uint64_t count = !tokens ? 0 : tokens->ascii ? beyond_ascii_ : without_blanks_;
    if (count == 0 || static_cast<double>(count) < unparsed_share * static_cast<double>(shown_)) continue;
    out.push_back({tokens->ascii ? "dropped_letters" : "no_blanks", count, shown_,
                   tokens->instead.empty() ? metric.id : fmt::format("{}; {}", metric.id, tokens->instead)});
  }
  const auto name_of = [&](size_t filter) {
    return dataset_.filters.size() > 1 ? dataset_.filters[filter].name : std::string();
  };
  // what a metric says nothing of is left out of its number; where it says nothing of any, its number is over the whole set
  const Column* before = nullptr;
  for (const Column& column : scored.columns) {
    if (column.chosen || (before && before->metric_index == column.metric_index && before->filter_index == column.filter_index))
      continue;
    before = &column;
    const auto silent = static_cast<uint64_t>(
        std::count_if(column.values.begin(), column.values.end(), [](double value) { return std::isnan(value); }));
    if (silent > scored.failed && silent < column.values.size())
      out.push_back({"no_score", silent - scored.failed, scored.attempts, column.metric, name_of(column.filter_index)});
  }
  for (size_t filter = 0; filter < answers_.size(); ++filter) {
    if (!high(answers_[filter].unparsed)) continue;
    const auto& chain =
        filter < dataset_.filters.size() ? dataset_.filters[filter].postprocessors : std::vector<config::PluginChoice>();
    out.push_back({"unparsed", answers_[filter].unparsed, replies_, chain.empty() ? "" : chain.back().id, name_of(filter)});
  }
  if (high(unclosed_)) out.push_back({"unclosed", unclosed_, replies_});
  if (replies_ > 0 && cut_ == replies_) out.push_back({"cut", cut_, replies_});
  if (shown_ > 0 && without_shots_ == shown_) out.push_back({"no_shots", without_shots_, shown_, std::to_string(shots_)});
  for (size_t filter = 0; filter < answers_.size(); ++filter) {
    const auto first = std::find_if(scored.numbers.begin(), scored.numbers.end(), [&](const data::Estimate& number) {
      return filter == 0 || (filter < dataset_.filters.size() && number.filter == dataset_.filters[filter].name);
    });
    if (first == scored.numbers.end() || !first->higher_is_better) continue;
    const uint64_t nearly = answers_[filter].nearly;
    if (replies_ > 0 && first->value != 0 && nearly > 0 && static_cast<double>(nearly) >= nearly_share * static_cast<double>(shown_))
      out.push_back({"nearly", nearly, shown_, dataset_.metrics.empty() ? "" : dataset_.metrics.front().id, name_of(filter)});
    if (first->value != 0) continue;
    if (const std::string cause = cause_of_zero(answers_[filter]); !cause.empty())
      out.push_back({"zero", shown_, shown_, cause, name_of(filter)});
  }
  return out;
}

}  // namespace sextant::score
