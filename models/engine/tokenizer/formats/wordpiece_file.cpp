#include "wordpiece_file.hpp"
#include <filesystem>
#include <fmt/format.h>
#include <sextant/utf8.hpp>
#include "../../checkpoint/text_file.hpp"
#include "../words/other_models.hpp"
#include "tokenizer_json.hpp"

namespace sextant::engine {
namespace {

constexpr size_t file_bytes_max = 64 << 20;

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
  }
  return lines;
}

// true, false, or null where the file leaves it to others
std::string flag_of(const json::Value& config, const char* key, const char* otherwise) {
  const auto flag = json::find_bool(config, key);
  return flag ? *flag ? "true" : "false" : otherwise;
}

}  // namespace

// The same as the tokenizer.json that BERT's models have since, so it is written as one and read by its reader.
Result<std::unique_ptr<Tokenizer>> open_wordpiece_file(const std::string& folder, const TokenizerConfig& config,
                                                       std::vector<std::string>& warnings) {
  const std::string path = folder + "/vocab.txt", settings = folder + "/tokenizer_config.json";
  SXT_TRY(const std::string text, read_text_file(path, file_bytes_max));
  json::Document own;
  std::error_code ignored;
  if (std::filesystem::exists(settings, ignored)) { SXT_TRY(own, read_json_file(settings, file_bytes_max)); }
  const auto named = [&](const char* key, const char* usual) { return json::find_string(own, key).value_or(usual); };
  const std::string unk = named("unk_token", "[UNK]"), cls = named("cls_token", "[CLS]"), sep = named("sep_token", "[SEP]");
  const std::string specials[] = {named("pad_token", "[PAD]"), unk, cls, sep, named("mask_token", "[MASK]")};
  TokenIds ids;
  std::string vocab, added;
  int32_t next = 0;
  for (std::string& token : lines_of(text)) {
    const int32_t id = next++;
    if (utf8::valid_prefix(token) != token.size())
      return Error{Error::Kind::data, fmt::format("{}:{}: is not UTF-8; fetch the file again", path, next)};
    // a token that stands there twice has the later id, as a dictionary that is filled line by line has it
    ids[token] = id;
  }
  for (const auto& [token, id] : ids) vocab += fmt::format("{}{}:{}", vocab.empty() ? "" : ",", json::quote(token), id);
  for (const std::string& token : specials)
    if (const int32_t id = find_id(ids, token); id >= 0)
      added += fmt::format(R"({}{{"id":{},"content":{},"special":true,"normalized":false}})", added.empty() ? "" : ",", id,
                           json::quote(token));
  for (const std::string& token : {unk, cls, sep})
    if (find_id(ids, token) < 0)
      return Error{
          Error::Kind::data,
          fmt::format("{}: has no token {}; this is not a vocabulary of BERT's kind, or it is cut short: fetch it again", path,
                      json::quote(token))};
  const std::string as_json = fmt::format(
      R"({{"added_tokens":[{}],"normalizer":{{"type":"BertNormalizer","lowercase":{},"strip_accents":{},"handle_chinese_chars":{}}},)"
      R"("pre_tokenizer":{{"type":"BertPreTokenizer"}},"post_processor":{{"type":"BertProcessing","cls":[{},{}],"sep":[{},{}]}},)"
      R"("decoder":{{"type":"WordPiece","prefix":"##","cleanup":true}},"model":{{"type":"WordPiece","unk_token":{},"vocab":{{{}}}}}}})",
      added, flag_of(own, "do_lower_case", "true"), flag_of(own, "strip_accents", "null"),
      flag_of(own, "tokenize_chinese_chars", "true"), json::quote(cls), find_id(ids, cls), json::quote(sep), find_id(ids, sep),
      json::quote(unk), vocab);
  SXT_TRY(const json::Document document, json::parse(as_json, path));
  SXT_TRY(Pipeline pipeline, read_tokenizer_json(document, path));
  apply(config, pipeline.vocabulary, warnings);
  return make_pipeline_tokenizer(std::move(pipeline));
}

}  // namespace sextant::engine
