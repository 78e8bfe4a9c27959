#include "data_changed.hpp"
#include <fmt/format.h>
#include <sextant/utf8_text.hpp>
#include "../load/data.hpp"
#include "../store/predictions.hpp"

namespace sextant::cli {
namespace {

// The first member in which they differ, and both values, shortened: "answer was "A" and is "B"".
std::string difference(const json::Document& was, const json::Document& is) {
  const auto shown = [](const json::Value* value) {
    constexpr size_t long_text = 40;
    if (!value) return std::string("missing");
    const std::string text = json::write(*value);
    return text.size() > long_text ? text.substr(0, utf8::boundary(text, long_text)) + "..." : text;
  };
  for (const auto* side : {&was, &is})
    for (const auto& member : side->GetObject()) {
      const std::string name(json::text(member.name));
      const json::Value *before = json::find(was, name), *now = json::find(is, name);
      if (!before || !now || *before != *now) return fmt::format("'{}' was {} and is {}", name, shown(before), shown(now));
    }
  return "they are in another order";
}

}  // namespace

std::optional<std::string> changed_data(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset,
                                        const store::RunFolder& folder, const std::string& model) {
  auto data = load::load_data(host, dataset, run);
  const auto predictions = store::Predictions::open(folder.predictions(model, dataset.task_name));
  if (!data || !predictions) return std::nullopt;  // what is wrong with the predictions, scoring says
  uint64_t changed = 0, asked = 0;
  std::string first;
  constexpr uint64_t together = 256;
  for (uint64_t begin = 0; begin < predictions->size(); begin += together) {
    const auto attempts = predictions->read(begin, std::min(together, predictions->size() - begin));
    if (!attempts) return std::nullopt;
    for (const data::Attempt& attempt : *attempts) {
      if (attempt.id.repeat > 0) continue;
      ++asked;
      const auto position = data->rows.position_of(attempt.id.row);
      const auto row = position ? std::optional(data->rows.at(*position)) : std::nullopt;
      std::string how = "it is missing now";
      if (row && *row) {
        if ((*row)->record_json == attempt.record_json) continue;  // nearly always, and nothing is parsed then
        const auto was = json::parse(attempt.record_json, "record"), is = json::parse((*row)->record_json, "record");
        if (!was || !is || !was->IsObject() || !is->IsObject() || *was == *is) continue;
        how = difference(*was, *is);
      }
      if (changed++ == 0) first = fmt::format("row {}: {}", attempt.id.row, how);
    }
  }
  if (changed == 0) return std::nullopt;
  return fmt::format(
      "{}: {} of {} rows are not what they were when the model was asked (the first is {}); the scores are of the rows as they "
      "were, which the predictions hold. The same command with -m all and -r takes them as they are now, and asks only what "
      "has changed",
      dataset.abbr, changed, asked, first);
}

}  // namespace sextant::cli
