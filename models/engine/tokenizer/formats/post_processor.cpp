#include "post_processor.hpp"
#include "../steps/json_step.hpp"

namespace sextant::engine {
namespace {

constexpr unsigned nesting_max = 16;

Result<int32_t> read_id(const JsonStep& step, const json::Value& value) {
  if (value.IsInt() && value.GetInt() >= 0) return value.GetInt();
  return step.error("an id is not a whole number from 0 on");
}

void surround(Surroundings& with, const std::vector<int32_t>& before, const std::vector<int32_t>& after) {
  with.before.insert(with.before.begin(), before.begin(), before.end());
  with.after.insert(with.after.end(), after.begin(), after.end());
}

// [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}, ...], where "special_tokens" has the ids of each name
Result<void> read_template(const JsonStep& step, Surroundings& with) {
  const json::Value* special = json::find(step.value, "special_tokens");
  const json::Value* single = json::find(step.value, "single");
  if (!single || !single->IsArray()) return step.error("\"single\" is missing or no list");
  std::vector<int32_t> before, after;
  unsigned texts = 0;
  for (const auto& piece : single->GetArray()) {
    if (const json::Value* sequence = json::find(piece, "Sequence")) {
      if (json::find_string(*sequence, "id") != "A" || ++texts > 1)
        return step.error("\"single\" must name the sequence A once");
      continue;
    }
    const json::Value* token = json::find(piece, "SpecialToken");
    const auto name = token ? json::find_string(*token, "id") : std::nullopt;
    const json::Value* entry = name && special ? json::find(*special, *name) : nullptr;
    const json::Value* ids = entry ? json::find(*entry, "ids") : nullptr;
    if (!ids || !ids->IsArray()) return step.error("\"single\" names a token that \"special_tokens\" does not have");
    for (const auto& value : ids->GetArray()) {
      SXT_TRY(const int32_t id, read_id(step, value));
      (texts == 0 ? before : after).push_back(id);
    }
  }
  if (texts == 0) return step.error("\"single\" leaves the text out");
  surround(with, before, after);
  return {};
}

Result<int32_t> pair_id(const JsonStep& step, const char* key) {
  const json::Value* pair = json::find(step.value, key);
  if (pair && pair->IsArray() && pair->Size() == 2) return read_id(step, (*pair)[1]);
  return step.error(fmt::format("\"{}\" is not a pair of token and id", key));
}

Result<void> add(const JsonStep& step, Surroundings& with, unsigned depth) {
  if (depth > nesting_max) return step.error("sequences nest too deep");
  const std::string type = step.type();
  if (type == "Sequence") return step.each("processors", [&](const JsonStep& s) { return add(s, with, depth + 1); });
  if (type == "ByteLevel") return {};
  if (type == "TemplateProcessing") return read_template(step, with);
  if (type == "BertProcessing" || type == "RobertaProcessing") {
    SXT_TRY(const int32_t cls, pair_id(step, "cls"));
    SXT_TRY(const int32_t sep, pair_id(step, "sep"));
    surround(with, {cls}, {sep});
    return {};
  }
  return step.unsupported();
}

}  // namespace

Result<Surroundings> read_post_processor(const json::Value& value, const std::string& origin) {
  Surroundings with;
  if (!value.IsNull()) SXT_CHECK(add(JsonStep{value, "post-processor", origin}, with, 0));
  return with;
}

}  // namespace sextant::engine
