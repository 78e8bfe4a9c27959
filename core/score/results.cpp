// results/<model>/<task>.json.
#include <algorithm>
#include <cmath>
#include <sextant/utf8_text.hpp>
#include "../base/text.hpp"
#include "evaluate.hpp"

namespace sextant::score {
namespace {

json::Value number_or_null(double value) {
  return std::isfinite(value) ? json::Value(value) : json::Value(rapidjson::kNullType);
}

}  // namespace

std::string to_json(const Evaluated& evaluated, bool with_details) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  for (const auto& [name, value] : evaluated.metrics) json::set(out, name, number_or_null(value), a);
  if (with_details) {
    // right or wrong is said where the metric knows nothing between them
    const bool binary = std::all_of(evaluated.details.begin(), evaluated.details.end(), [](const Detail& detail) {
      return std::isnan(detail.score) || detail.score == 0 || detail.score == 1;
    });
    json::Value details(rapidjson::kArrayType);
    for (const Detail& detail : evaluated.details) {
      json::Value item(rapidjson::kObjectType), answer;
      if (const auto parsed = json::parse(detail.answer_json, "")) answer.CopyFrom(*parsed, a);
      json::set(item, "index", json::Value(detail.index), a);
      json::set(item, "pred", utf8::repair(detail.pred), a);
      json::set(item, "answer", std::move(answer), a);
      if (!binary)
        json::set(item, "score", number_or_null(detail.score), a);
      else if (!std::isnan(detail.score))
        json::set(item, "correct", json::Value(detail.score == 1), a);
      details.PushBack(std::move(item), a);
    }
    json::set(out, "details", std::move(details), a);
  }
  return json::write_pretty(out);
}

}  // namespace sextant::score
