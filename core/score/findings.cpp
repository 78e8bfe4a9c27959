#include "findings.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <sextant/fold_case.hpp>
#include "../config/card_parts.hpp"
#include "../data/thinking.hpp"
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

// Without case, blanks at the ends and a final dot.
std::string loose(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(" \t\r\n"), text.size()), end = text.find_last_not_of(" \t\r\n.");
  return end == text.npos || end < begin ? std::string() : utf8::fold_case(text.substr(begin, end + 1 - begin));
}

bool is_whole_number(const std::string& text) { return !text.empty() && text.find_first_not_of("0123456789") == text.npos; }
bool is_letter(const std::string& text) { return text.size() == 1 && text[0] >= 'A' && text[0] <= 'Z'; }

std::string example(const std::string& text) { return json::quote(text.size() > 24 ? text.substr(0, utf8::valid_prefix(text.substr(0, 24))) + "..." : text); }

void keep_first(std::optional<std::string>& first, const std::string& text) {
  if (!first || text < *first) first = text;
}
uint64_t hash_of(const std::string& text) { return std::hash<std::string>{}(text); }

}  // namespace

Findings::Findings(const config::DatasetConfig& dataset) : dataset_(dataset), shots_(wanted_shots(dataset)) {}

void Findings::add(const data::Attempt& attempt, const Reading& reading) {
  ++shown_;
  without_shots_ += shots_ > 0 && attempt.dropped_shots >= shots_;

  const std::string reference = text_of(reading.reference_json);
  lists_ += reading.reference_json.starts_with('[');
  numbers_ += is_whole_number(reference);
  letters_ += is_letter(reading.answer);
  loosely_ += !reading.answer.empty() && reading.answer != reference && loose(reading.answer) == loose(reference);
  if (!is_blank(reading.answer)) {
    ++read_;
    answers_.insert(hash_of(reading.answer));
    keep_first(answer_, reading.answer);
  }
  references_.insert(hash_of(reference));
  keep_first(reference_, reference);

  if (!attempt.labels.empty() && reading.reference_json.starts_with('"') &&
      std::none_of(attempt.labels.begin(), attempt.labels.end(), [&](const data::LabelScore& label) { return label.label == reference; }))
    ++no_label_;
  if (!attempt.labels.empty() || config::has_own_numbers(dataset_.inferencer)) return;
  ++replies_;
  cut_ += attempt.finish == "length";
  if (reading.error || !is_blank(reading.answer)) return;
  if (data::thought_of(attempt).closed) ++unparsed_;
  else ++unclosed_;
}

// Where the answers and the references themselves show it.
std::string Findings::cause_of_zero() const {
  if (read_ == 0) return {};
  const bool takes_lists = std::any_of(dataset_.metrics.begin(), dataset_.metrics.end(), [](const auto& metric) { return metric.id == "exact_match"; });
  if (lists_ == shown_ && !takes_lists) return "the references are lists and each is compared as a whole; the metric exact_match takes any member of a list";
  if (2 * loosely_ >= read_) return "answers and references differ in case, blanks or a final dot alone; see the options of exact_match";
  if (numbers_ == shown_ && letters_ == read_) return "the references are numbers and the answers letters; derive a letter with index_to_letter";
  if (shown_ < 4 || std::any_of(answers_.begin(), answers_.end(), [&](uint64_t answer) { return references_.contains(answer); })) return {};
  return fmt::format("no answer is among the references: answers are like {}, references like {}", example(*answer_), example(*reference_));
}

void Findings::count_in(Scored& scored) const {
  scored.replies = replies_;
  scored.unparsed = unparsed_ + unclosed_;
  scored.cut = cut_;
}

std::vector<data::Finding> Findings::all(const Scored& scored) const {
  std::vector<data::Finding> out;
  const auto high = [&](uint64_t count) { return count > 0 && static_cast<double>(count) >= unparsed_share * static_cast<double>(replies_); };
  if (no_label_ > 0) out.push_back({"no_label", no_label_, shown_, ""});
  if (high(unparsed_)) {
    const auto& chain = dataset_.filters.empty() ? std::vector<config::PluginChoice>() : dataset_.filters.front().postprocessors;
    out.push_back({"unparsed", unparsed_, replies_, chain.empty() ? "" : chain.back().id});
  }
  if (high(unclosed_)) out.push_back({"unclosed", unclosed_, replies_, ""});
  if (replies_ > 0 && cut_ == replies_) out.push_back({"cut", cut_, replies_, ""});
  if (shown_ > 0 && without_shots_ == shown_) out.push_back({"no_shots", without_shots_, shown_, std::to_string(shots_)});
  if (!scored.numbers.empty() && scored.numbers.front().higher_is_better && scored.numbers.front().value == 0)
    if (const std::string cause = cause_of_zero(); !cause.empty()) out.push_back({"zero", shown_, shown_, cause});
  return out;
}

}  // namespace sextant::score
