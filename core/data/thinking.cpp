#include "thinking.hpp"
#include <sextant/json.hpp>

namespace sextant::data {
namespace {

constexpr const char* opened = "thinking_opened";

}  // namespace

void note_opened_thinking(Attempt& attempt) {
  if (!attempt.labels.empty() || attempt.prompts.empty() || !opens_thinking(attempt.prompts.front().text)) return;
  json::Document extra;
  if (auto parsed = json::parse(attempt.extra_json, "extra"); parsed && parsed->IsObject()) extra = *std::move(parsed);
  else extra.SetObject();
  json::set(extra, opened, json::Value(true), extra.GetAllocator());
  attempt.extra_json = json::write(extra);
}

Thought thought_of(const Attempt& attempt) {
  if (!attempt.labels.empty()) return {{}, attempt.prediction, false, true};
  const auto extra = attempt.extra_json.empty() ? Result<json::Document>(Error{}) : json::parse(attempt.extra_json, "extra");
  return split_thinking(attempt.prediction, extra && json::find_bool(*extra, opened).value_or(false));
}

}  // namespace sextant::data
