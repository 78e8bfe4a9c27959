#include "json_model.hpp"
#include <cmath>
#include <limits>
#include <fmt/format.h>
#include "../steps/byte_alphabet.hpp"
#include "../steps/json_step.hpp"
#include "../words/bpe_model.hpp"
#include "../words/other_models.hpp"

namespace sextant::engine {
namespace {

// How many ids a vocabulary may leave out: a wild id must not cost memory.
constexpr size_t gap_max = 65'536;

Result<std::vector<std::string>> read_vocabulary(const JsonStep& step) {
  return read_json_vocabulary(*json::find(step.value, "vocab"), step.origin + ": " + step.name());
}

TokenIds index(const std::vector<std::string>& tokens) {
  TokenIds ids;
  ids.reserve(tokens.size());
  for (size_t i = 0; i < tokens.size(); ++i) if (!tokens[i].empty()) ids.insert_or_assign(tokens[i], static_cast<int32_t>(i));
  return ids;
}

int32_t id_of(const std::vector<std::string>& tokens, const std::string& token) {
  for (size_t i = 0; i < tokens.size(); ++i) if (tokens[i] == token) return static_cast<int32_t>(i);
  return -1;
}

// "unk_token", which must be in the vocabulary where there is one
Result<std::optional<int32_t>> read_unk(const JsonStep& step, const std::vector<std::string>& tokens) {
  const auto name = json::find_string(step.value, "unk_token");
  if (!name) return std::optional<int32_t>();
  const int32_t id = id_of(tokens, *name);
  if (id < 0) return step.error(fmt::format("the unk_token {} is not in the vocabulary", json::quote(name->substr(0, 80))));
  return std::optional(id);
}

// "a b" in files until 0.19, ["a", "b"] since
Result<std::vector<std::pair<std::string, std::string>>> read_merges(const JsonStep& step) {
  std::vector<std::pair<std::string, std::string>> merges;
  const json::Value* list = json::find(step.value, "merges");
  if (!list || !list->IsArray()) return step.error("\"merges\" is missing or no list");
  for (const auto& item : list->GetArray()) {
    if (item.IsArray() && item.Size() == 2 && item[0].IsString() && item[1].IsString()) {
      merges.emplace_back(json::text(item[0]), json::text(item[1]));
      continue;
    }
    const std::string_view text = item.IsString() ? json::text(item) : "";
    const size_t blank = text.find(' ');
    if (blank == text.npos || text.find(' ', blank + 1) != text.npos)
      return step.error(fmt::format("merge {} is not two tokens with a blank between them", merges.size()));
    merges.emplace_back(text.substr(0, blank), text.substr(blank + 1));
  }
  return merges;
}

Result<void> read_bpe(const JsonStep& step, Pipeline& pipeline) {
  if (const auto dropout = json::find_number(step.value, "dropout"); dropout && *dropout != 0)
    return step.error("\"dropout\" makes tokens by chance and is not supported; set it to null");
  BpeTables tables;
  tables.origin = pipeline.vocabulary.origin;
  SXT_TRY(tables.tokens, read_vocabulary(step));
  SXT_TRY(tables.merges, read_merges(step));
  SXT_TRY(tables.unk, read_unk(step, tables.tokens));
  tables.ignore_merges = step.flag("ignore_merges", false);
  tables.byte_fallback = step.flag("byte_fallback", false);
  tables.fuse_unk = step.flag("fuse_unk", false);
  tables.continuing_prefix = json::find_string(step.value, "continuing_subword_prefix").value_or("");
  tables.word_suffix = json::find_string(step.value, "end_of_word_suffix").value_or("");
  pipeline.vocabulary.tokens = tables.tokens;
  tables.bytes = pipeline.pre_tokenizer.bytes_for_the_model && tables.continuing_prefix.empty() && tables.word_suffix.empty();
  if (tables.bytes && (tables.unk || tables.byte_fallback)) {
    // what an unknown byte becomes is a question of its character then
    const TokenIds ids = index(tables.tokens);
    for (unsigned b = 0; b < 256; ++b) tables.bytes = tables.bytes && find_id(ids, spell(static_cast<uint8_t>(b))) >= 0;
  }
  if (tables.byte_fallback) {
    // without all of them the reference falls back for some characters only; no model's file is like that
    const TokenIds ids = index(tables.tokens);
    bool any = false;
    for (unsigned b = 0; b < 256; ++b) any = any || find_id(ids, byte_token(static_cast<uint8_t>(b))) >= 0;
    tables.byte_fallback = any;
  }
  if (pipeline.pre_tokenizer.bytes_for_the_model && !tables.bytes) pipeline.pre_tokenizer.add(byte_alphabet_words_step());
  SXT_TRY(pipeline.model, make_bpe_model(std::move(tables)));
  return {};
}

Result<void> read_unigram(const JsonStep& step, Pipeline& pipeline) {
  const json::Value& vocab = *json::find(step.value, "vocab");
  if (!vocab.IsArray() || vocab.Empty()) return step.error("\"vocab\" is not a list of tokens and scores");
  UnigramTables tables;
  for (const auto& item : vocab.GetArray()) {
    if (!item.IsArray() || item.Size() != 2 || !item[0].IsString() || !item[1].IsNumber())
      return step.error(fmt::format("token {} is not a pair of text and score", tables.tokens.size()));
    tables.tokens.emplace_back(json::text(item[0]));
    tables.scores.push_back(item[1].GetDouble());
  }
  const auto unk = json::find_int(step.value, "unk_id");
  if (!unk || *unk < 0 || static_cast<size_t>(*unk) >= tables.tokens.size())
    return step.error("\"unk_id\" is missing or names no token");
  tables.unk = static_cast<int32_t>(*unk);
  tables.byte_fallback = step.flag("byte_fallback", false);
  pipeline.vocabulary.tokens = tables.tokens;
  pipeline.model = make_unigram_model(std::move(tables));
  return {};
}

Result<void> read_word_model(const JsonStep& step, Pipeline& pipeline) {
  SXT_TRY(pipeline.vocabulary.tokens, read_vocabulary(step));
  SXT_TRY(const auto unk, read_unk(step, pipeline.vocabulary.tokens));
  if (!unk) return step.error("\"unk_token\" is missing");
  TokenIds ids = index(pipeline.vocabulary.tokens);
  if (step.type() == "WordLevel") {
    pipeline.model = make_word_level_model(std::move(ids), *unk);
    return {};
  }
  WordPieceTables tables;
  tables.ids = std::move(ids);
  tables.unk = *unk;
  tables.continuing_prefix = json::find_string(step.value, "continuing_subword_prefix").value_or("##");
  const auto longest = json::find_int(step.value, "max_input_chars_per_word").value_or(100);
  if (longest < 0) return step.error("\"max_input_chars_per_word\" is negative");
  tables.word_characters_max = static_cast<size_t>(longest);
  pipeline.model = make_wordpiece_model(std::move(tables));
  return {};
}

// Files of tokenizers before 0.12 do not say which model it is.
std::string model_type(const json::Value& model) {
  if (auto type = json::find_string(model, "type")) return *std::move(type);
  if (json::find(model, "merges")) return "BPE";
  if (json::find(model, "unk_id")) return "Unigram";
  return json::find(model, "continuing_subword_prefix") ? "WordPiece" : "WordLevel";
}

}  // namespace

Result<std::vector<std::string>> read_json_vocabulary(const json::Value& vocab, const std::string& origin) {
  if (!vocab.IsObject()) return Error{Error::Kind::data, origin + ": the vocabulary is not an object of tokens and ids"};
  std::vector<std::string> tokens;
  const size_t size_max = vocab.MemberCount() + gap_max;
  for (const auto& member : vocab.GetObject()) {
    const bool whole = member.value.IsUint();
    if (!whole || member.value.GetUint() >= size_max) {
      return Error{Error::Kind::data,
                   fmt::format("{}: the token {} has an id {}", origin, json::quote(json::text(member.name).substr(0, 40)),
                               whole ? "far beyond the number of tokens" : "that is not a whole number from 0 on")};
    }
    const size_t id = member.value.GetUint();
    if (id >= tokens.size()) tokens.resize(id + 1);
    tokens[id] = json::text(member.name);
  }
  return tokens;
}

Result<void> read_json_model(const json::Value& model, Pipeline& pipeline) {
  const std::string type = model_type(model);
  const JsonStep step{model, "model", pipeline.vocabulary.origin};
  if (type == "BPE") return read_bpe(step, pipeline);
  if (pipeline.pre_tokenizer.bytes_for_the_model) pipeline.pre_tokenizer.add(byte_alphabet_words_step());
  if (type == "Unigram") return read_unigram(step, pipeline);
  if (type == "WordPiece" || type == "WordLevel") return read_word_model(step, pipeline);
  return step.unsupported();
}

}  // namespace sextant::engine
