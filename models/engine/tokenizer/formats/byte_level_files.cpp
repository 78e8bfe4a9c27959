#include "byte_level_files.hpp"
#include <fmt/format.h>
#include "../../checkpoint/text_file.hpp"
#include "../words/bpe_model.hpp"
#include "end_pieces.hpp"
#include "gguf_pre_tokenizers.hpp"
#include "json_model.hpp"

namespace sextant::engine {
namespace {

constexpr size_t file_bytes_max = 256 << 20;

// Lines of two tokens; the first may say "#version: 0.2"
Result<std::vector<std::pair<std::string, std::string>>> read_merges(const std::string& path) {
  SXT_TRY(const std::string text, read_text_file(path, file_bytes_max));
  std::vector<std::pair<std::string, std::string>> merges;
  std::string_view rest = text;
  for (size_t number = 1; !rest.empty(); ++number) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty() || line.substr(0, 9) == "#version:") continue;
    const size_t blank = line.find(' ');
    if (blank == line.npos || line.find(' ', blank + 1) != line.npos)
      return Error{Error::Kind::data,
                   fmt::format("{}:{}: a merge is two tokens with a blank between them; take the file anew", path, number)};
    merges.emplace_back(line.substr(0, blank), line.substr(blank + 1));
  }
  return merges;
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> open_byte_level_files(const std::string& folder, const TokenizerConfig& config,
                                                         std::vector<std::string>& warnings) {
  const std::string path = folder + "/vocab.json";
  SXT_TRY(const json::Document vocab, read_json_file(path, file_bytes_max));
  BpeTables bpe;
  bpe.origin = path;
  SXT_TRY(bpe.tokens, read_json_vocabulary(vocab, path));
  SXT_TRY(bpe.merges, read_merges(folder + "/merges.txt"));
  const bool qwen = config.tokenizer_class.substr(0, 5) == "Qwen2";
  const PreTokenizerRules* rules = find_pre_tokenizer(qwen ? qwen2_rules : gpt2_rules);
  Pipeline pipeline;
  if (rules->nfc) pipeline.normalizer.add(nfc_step());
  SXT_TRY(pipeline.pre_tokenizer, compile_pre_tokenizer(*rules));
  pipeline.decoder.add(decode_byte_alphabet);
  VocabularyTables& tables = pipeline.vocabulary;
  tables.origin = path;
  tables.tokens = bpe.tokens;
  SXT_TRY(pipeline.model, make_bpe_model(std::move(bpe)));
  apply(config, tables, warnings);
  if (tables.bos && config.add_bos.value_or(false)) tables.before = {*tables.bos};
  if (tables.eos && config.add_eos.value_or(false)) tables.after = {*tables.eos};
  if (config.add_prefix_space.value_or(false))
    warnings.push_back(fmt::format("{}: add_prefix_space of tokenizer_config.json is true, which is not followed: texts get no "
                                   "blank in front; a tokenizer.json that says it is followed",
                                   path));
  add_end_pieces(tables);
  return make_pipeline_tokenizer(std::move(pipeline));
}

}  // namespace sextant::engine
