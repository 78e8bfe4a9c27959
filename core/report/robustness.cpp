#include "robustness.hpp"
#include <cmath>
#include <fmt/format.h>
#include "../base/json_number.hpp"
#include "aligned.hpp"

namespace sextant::report {

std::string robustness_text(const Table& table) {
  if (table.robustness.empty()) return "";
  std::vector<std::vector<std::string>> lines{
      {"model", "dataset", "changed", "metric", "as it is", "lowest", "highest", "sd", "variants", "questions", "flip", "p"}};
  std::string notes;
  for (const Robustness& one : table.robustness) {
    const std::string name = fmt::format("{}, {}, {}", one.model, one.dataset, one.kind);
    if (!one.error.empty() || one.variants == 0) {
      notes += fmt::format("{}: nothing can be said: {}\n", name, one.error.empty() ? "no variant has a score" : one.error);
      continue;
    }
    const auto number = [](double value, const char* none = "-") {
      return std::isfinite(value) ? fmt::format("{:.2f}", value) : std::string(none);
    };
    lines.push_back({one.model, one.dataset, one.kind, one.metric, number(one.value), number(one.low), number(one.high),
                     number(one.between), std::to_string(one.variants), std::to_string(one.n),
                     std::to_string(one.changed_scores), std::isfinite(one.p) ? fmt::format("{:.3g}", one.p) : "-"});
    if (one.without_scores > 0) notes += fmt::format("{}: {} more variants have no score\n", name, one.without_scores);
    if (one.changed_prompts < one.n && one.kind != "seeds")
      notes += fmt::format("{}: the prompts of {} of {} questions are the same in all variants\n", name,
                           one.n - one.changed_prompts, one.n);
    if (one.own_order)
      notes += fmt::format(
          "{}: the set's own order is the most probable text in {} of {} questions, of {} orders (p {:.3g}, if the "
          "order of options is random{}): {}\n",
          name, one.own_order->first, one.own_order->n, one.own_order->orders, one.own_order->p,
          one.own_order->left_out > 0
              ? fmt::format("; {} questions whose options have an order of their own are left out", one.own_order->left_out)
              : "",
          one.own_order->p < 0.01 ? "the model may have seen these questions in its training"
                                  : "no sign that the model has seen them");
  }
  std::string out = "\nthe same questions with something changed that should not matter\n";
  if (lines.size() > 1) out += aligned(std::move(lines), 4);
  return out + notes;
}

json::Value robustness_json(const Table& table, json::Document::AllocatorType& a) {
  json::Value out(rapidjson::kArrayType);
  for (const Robustness& one : table.robustness) {
    json::Value item(rapidjson::kObjectType);
    for (const auto& [key, text] :
         {std::pair("model", &one.model), std::pair("dataset", &one.dataset), std::pair("kind", &one.kind),
          std::pair("metric", &one.metric), std::pair("error", &one.error)})
      if (!text->empty()) json::set(item, key, *text, a);
    for (const auto& [key, count] :
         {std::pair("n", one.n), std::pair("variants", one.variants), std::pair("without_scores", one.without_scores),
          std::pair("changed_scores", one.changed_scores), std::pair("changed_prompts", one.changed_prompts)})
      json::set(item, key, json::Value(count), a);
    for (const auto& [key, number] :
         {std::pair("value", one.value), std::pair("low", one.low), std::pair("high", one.high),
          std::pair("between_variants", one.between), std::pair("question_by_variant", one.question_by_variant),
          std::pair("between_questions", one.between_questions), std::pair("p", one.p)})
      json::set(item, key, number_or_null(number), a);
    if (one.own_order) {
      json::Value own(rapidjson::kObjectType);
      for (const auto& [key, count] :
           {std::pair("n", one.own_order->n), std::pair("first", one.own_order->first),
            std::pair("orders", one.own_order->orders), std::pair("left_out", one.own_order->left_out)})
        json::set(own, key, json::Value(count), a);
      json::set(own, "p", number_or_null(one.own_order->p), a);
      json::set(item, "own_order", std::move(own), a);
    }
    out.PushBack(std::move(item), a);
  }
  return out;
}

}  // namespace sextant::report
