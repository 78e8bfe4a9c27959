#include "findings.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <sextant/fold_case.hpp>
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

// Why nothing was right, where the answers and the references themselves show it.
std::string cause_of_zero(const Scored& scored) {
  std::set<std::string> answers, references;
  size_t lists = 0, loosely = 0, numbers = 0, letters = 0, read = 0;
  for (const auto& readings : scored.readings) {
    const Reading& reading = readings.front();
    const std::string reference = text_of(reading.reference_json);
    lists += reading.reference_json.starts_with('[');
    numbers += is_whole_number(reference);
    letters += is_letter(reading.answer);
    loosely += !reading.answer.empty() && reading.answer != reference && loose(reading.answer) == loose(reference);
    read += !is_blank(reading.answer);
    if (!is_blank(reading.answer)) answers.insert(reading.answer);
    references.insert(reference);
  }
  const size_t all = scored.readings.size();
  if (read == 0) return {};
  if (lists == all) return "the references are lists and each is compared as a whole; the metric exact_match takes any member of a list";
  if (2 * loosely >= read) return "answers and references differ in case, blanks or a final dot alone; see the options of exact_match";
  if (numbers == all && letters == read) return "the references are numbers and the answers letters; derive a letter with index_to_letter";
  if (all < 4 || std::any_of(answers.begin(), answers.end(), [&](const std::string& answer) { return references.contains(answer); })) return {};
  return fmt::format("no answer is among the references: answers are like {}, references like {}", example(*answers.begin()), example(*references.begin()));
}

}  // namespace

std::vector<data::Finding> findings_of(const Scored& scored, const config::DatasetConfig& dataset) {
  std::vector<data::Finding> out;
  uint64_t replies = 0, unparsed = 0, unclosed = 0, cut = 0, shown = 0, without_shots = 0;
  const uint64_t shots = wanted_shots(dataset);
  for (size_t i = 0; i < scored.attempts.size(); ++i) {
    const data::Attempt& attempt = scored.attempts[i];
    ++shown;
    without_shots += shots > 0 && attempt.dropped_shots >= shots;
    if (!attempt.labels.empty()) continue;
    const Reading& reading = scored.readings[i].front();
    ++replies;
    cut += attempt.finish == "length";
    if (reading.error || !is_blank(reading.answer)) continue;
    if (data::thought_of(attempt).closed) ++unparsed;
    else ++unclosed;
  }
  const auto high = [&](uint64_t count) { return count > 0 && static_cast<double>(count) >= unparsed_share * static_cast<double>(replies); };
  if (high(unparsed)) {
    const auto& chain = dataset.filters.empty() ? std::vector<config::PluginChoice>() : dataset.filters.front().postprocessors;
    out.push_back({"unparsed", unparsed, replies, chain.empty() ? "" : chain.back().id});
  }
  if (high(unclosed)) out.push_back({"unclosed", unclosed, replies, ""});
  if (replies > 0 && cut == replies) out.push_back({"cut", cut, replies, ""});
  if (shown > 0 && without_shots == shown) out.push_back({"no_shots", without_shots, shown, std::to_string(shots)});
  if (!scored.numbers.empty() && scored.numbers.front().higher_is_better && scored.numbers.front().value == 0)
    if (const std::string cause = cause_of_zero(scored); !cause.empty()) out.push_back({"zero", shown, shown, cause});
  return out;
}

}  // namespace sextant::score
