#include "tokenizer_json.hpp"
#include <cmath>
#include <fmt/format.h>
#include "../words/bpe_model.hpp"
#include "../words/other_models.hpp"
#include "json_model.hpp"
#include "post_processor.hpp"

namespace sextant::engine {
namespace {

Result<std::vector<AddedToken>> read_added_tokens(const json::Value& document, const std::string& origin) {
  std::vector<AddedToken> tokens;
  const json::Value* list = json::find(document, "added_tokens");
  if (!list || list->IsNull()) return tokens;
  const Error wrong{Error::Kind::data,
                    fmt::format("{}: \"added_tokens\" is not a list of objects with \"id\" and \"content\"", origin)};
  if (!list->IsArray()) return wrong;
  for (const auto& item : list->GetArray()) {
    const auto id = json::find_int(item, "id");
    auto content = json::find_string(item, "content");
    if (!id || *id < 0 || *id > INT32_MAX || !content) return wrong;
    AddedToken token;
    token.id = static_cast<int32_t>(*id);
    token.content = *std::move(content);
    token.special = json::find_bool(item, "special").value_or(false);
    token.normalized = json::find_bool(item, "normalized").value_or(!token.special);
    token.lstrip = json::find_bool(item, "lstrip").value_or(false);
    token.rstrip = json::find_bool(item, "rstrip").value_or(false);
    token.single_word = json::find_bool(item, "single_word").value_or(false);
    if (!token.content.empty()) tokens.push_back(std::move(token));
  }
  return tokens;
}

}  // namespace

bool is_tokenizer_json(const json::Value& document) {
  const json::Value* model = json::find(document, "model");
  return model && model->IsObject() && json::find(*model, "vocab");
}

Result<Pipeline> read_tokenizer_json(const json::Value& document, const std::string& origin) {
  if (!is_tokenizer_json(document))
    return Error{Error::Kind::data, fmt::format("{}: no \"model\" with a \"vocab\", so this is not a tokenizer.json", origin)};
  const json::Value null;
  const auto member = [&](const char* key) -> const json::Value& {
    const json::Value* value = json::find(document, key);
    return value ? *value : null;
  };
  Pipeline pipeline;
  pipeline.vocabulary.origin = origin;
  SXT_TRY(pipeline.normalizer, read_normalizer(member("normalizer"), origin));
  SXT_TRY(pipeline.pre_tokenizer, read_pre_tokenizer(member("pre_tokenizer"), origin));
  SXT_TRY(pipeline.decoder, read_decoder(json::find(document, "decoder"), origin));
  SXT_TRY(Surroundings around, read_post_processor(member("post_processor"), origin));
  pipeline.vocabulary.before = std::move(around.before);
  pipeline.vocabulary.after = std::move(around.after);
  SXT_TRY(pipeline.vocabulary.added, read_added_tokens(document, origin));
  SXT_CHECK(read_json_model(member("model"), pipeline));
  return pipeline;
}

}  // namespace sextant::engine
