#include "tiktoken.hpp"
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fmt/format.h>
#include "../text/base64.hpp"
#include "../words/bpe_model.hpp"
#include "gguf_pre_tokenizers.hpp"

namespace sextant::engine {
namespace {

constexpr size_t llama3_tokens = 128'000;

struct Special {
  int32_t offset;  // from the number of ranks
  std::string content;
};

struct KnownEncoding {
  std::string_view rules;
  std::vector<Special> special;
  std::optional<int32_t> bos, eos;  // offsets
  bool add_bos;
};

KnownEncoding qwen() {
  KnownEncoding encoding{qwen2_rules, {{0, "<|endoftext|>"}, {1, "<|im_start|>"}, {2, "<|im_end|>"}}, {}, 0, false};
  for (int i = 0; i < 205; ++i) encoding.special.push_back({3 + i, fmt::format("<|extra_{}|>", i)});
  return encoding;
}

KnownEncoding llama3() {
  KnownEncoding encoding{llama3_rules, {}, 0, 1, true};
  const char* const first[] = {"<|begin_of_text|>",
                               "<|end_of_text|>",
                               "<|reserved_special_token_0|>",
                               "<|reserved_special_token_1|>",
                               "<|finetune_right_pad_id|>",
                               "<|reserved_special_token_2|>",
                               "<|start_header_id|>",
                               "<|end_header_id|>",
                               "<|eom_id|>",
                               "<|eot_id|>",
                               "<|python_tag|>"};
  int32_t offset = 0;
  for (const char* content : first) encoding.special.push_back({offset++, content});
  for (int i = 3; offset < 256; ++i) encoding.special.push_back({offset++, fmt::format("<|reserved_special_token_{}|>", i)});
  return encoding;
}

KnownEncoding cl100k() {
  // rank 100,256 is left out
  return {cl100k_rules,
          {{1, "<|endoftext|>"}, {2, "<|fim_prefix|>"}, {3, "<|fim_middle|>"}, {4, "<|fim_suffix|>"}, {20, "<|endofprompt|>"}},
          {},
          1,
          false};
}

KnownEncoding o200k() {
  // ranks end at 199,997
  return {o200k_rules, {{1, "<|endoftext|>"}, {20, "<|endofprompt|>"}}, {}, 1, false};
}

KnownEncoding encoding_of(const std::string& path, size_t tokens) {
  std::string name = std::filesystem::path(path).filename().string();
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto says = [&](std::string_view word) { return name.find(word) != name.npos; };
  const bool own_suffix = name.size() > 9 && name.substr(name.size() - 9) == ".tiktoken";
  if (says("llama3") || says("llama-3") || (!own_suffix && tokens == llama3_tokens)) return llama3();
  if (says("cl100k")) return cl100k();
  if (says("o200k")) return o200k();
  return qwen();
}

bool read_line(std::string_view line, std::string& token, size_t& rank) {
  const size_t blank = line.find(' ');
  if (blank == line.npos || blank == 0) return false;
  const auto bytes = decode_base64(line.substr(0, blank));
  const std::string_view digits = line.substr(blank + 1);
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), rank);
  if (!bytes || bytes->empty() || failed != std::errc() || end != digits.data() + digits.size()) return false;
  token = *bytes;
  return true;
}

std::string_view next_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

}  // namespace

bool is_tiktoken(std::string_view text) {
  std::string token;
  size_t rank = 0;
  return read_line(next_line(text), token, rank);
}

Result<Pipeline> read_tiktoken(std::string_view text, const std::string& path) {
  std::vector<std::string> tokens;
  const size_t lines = static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = next_line(text);
    if (line.empty()) continue;
    std::string token;
    size_t rank = 0;
    if (!read_line(line, token, rank) || rank > 2 * lines + 1024) {
      return Error{Error::Kind::data,
                   fmt::format("{}:{}: no token in base64 with its rank after a blank; take the file anew", path, number)};
    }
    if (rank >= tokens.size()) tokens.resize(rank + 1);
    tokens[rank] = std::move(token);
  }
  const KnownEncoding encoding = encoding_of(path, tokens.size());
  const PreTokenizerRules* rules = find_pre_tokenizer(encoding.rules);
  Pipeline pipeline;
  SXT_TRY(pipeline.pre_tokenizer, compile_pre_tokenizer(*rules));
  if (encoding.rules == qwen2_rules) pipeline.normalizer.add(nfc_step());
  pipeline.model = make_ranked_bpe_model(tokens);
  pipeline.added_tokens_are_decoded = false;
  VocabularyTables& tables = pipeline.vocabulary;
  tables.origin = path;
  const auto base = static_cast<int32_t>(tokens.size());
  for (const Special& special : encoding.special) tables.added.push_back({base + special.offset, special.content, true});
  tables.tokens = std::move(tokens);
  if (encoding.bos) tables.bos = base + *encoding.bos;
  if (encoding.eos) tables.eos = base + *encoding.eos;
  if (encoding.add_bos) tables.before = {*tables.bos};
  return pipeline;
}

}  // namespace sextant::engine
