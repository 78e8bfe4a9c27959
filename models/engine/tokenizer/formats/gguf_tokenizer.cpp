#include "gguf_tokenizer.hpp"
#include <algorithm>
#include <set>
#include <fmt/format.h>
#include "../../checkpoint/known_keys.hpp"
#include "../pipeline_tokenizer.hpp"
#include "../words/bpe_model.hpp"
#include "end_pieces.hpp"
#include "gguf_pre_tokenizers.hpp"
#include "sentencepiece_tokenizer.hpp"

namespace sextant::engine {
namespace {

// tokenizer.ggml.token_type (enum llama_token_type), [vocab]; all normal where the file does not say
Result<std::vector<PieceKind>> token_kinds(const GgufFile& file, size_t vocab) {
  std::vector<PieceKind> kinds(vocab, PieceKind::normal);
  if (!file.has_array("tokenizer.ggml.token_type")) return kinds;
  SXT_TRY(const auto types, file.int_array("tokenizer.ggml.token_type"));
  if (types.size() != vocab) {
    return Error{Error::Kind::data,
                 fmt::format("{}: {} tokens have {} kinds in tokenizer.ggml.token_type; convert the model anew", file.path(),
                             vocab, types.size())};
  }
  for (size_t i = 0; i < vocab; ++i) {
    if (types[i] < 1 || types[i] > 6) {
      return Error{Error::Kind::data,
                   fmt::format("{}: token {} has type {} in tokenizer.ggml.token_type, which GGUF does not know; "
                               "convert the model anew",
                               file.path(), i, types[i])};
    }
    kinds[i] = static_cast<PieceKind>(types[i]);
  }
  return kinds;
}

Result<std::optional<int32_t>> token_id(const GgufFile& file, std::string_view key, size_t vocab) {
  const json::Value* value = json::find(file.metadata(), key);
  if (!value) return std::optional<int32_t>{};
  if (value->IsUint64() && value->GetUint64() < vocab) return std::optional(static_cast<int32_t>(value->GetUint64()));
  // converters write -1 or 2^32 - 1 where a model has no such token
  if ((value->IsInt64() && value->GetInt64() == -1) || (value->IsUint() && value->GetUint() == UINT32_MAX))
    return std::optional<int32_t>{};
  return Error{Error::Kind::data,
               fmt::format("{}: metadata key \"{}\" names no token of the vocabulary of {}; convert the model anew",
                           file.path(), key, vocab)};
}

// The parts of a vocabulary that every kind of tokenizer has.
struct Common {
  VocabularyTables tables;
  std::vector<PieceKind> kinds;
};

Result<Common> read_common(const GgufFile& file, bool add_bos, bool add_eos) {
  Common common;
  VocabularyTables& tables = common.tables;
  tables.origin = file.path();
  SXT_TRY(const auto tokens, file.string_array("tokenizer.ggml.tokens"));
  tables.tokens.assign(tokens.begin(), tokens.end());
  SXT_TRY(common.kinds, token_kinds(file, tokens.size()));
  for (size_t i = 0; i < tokens.size(); ++i) {
    const PieceKind kind = common.kinds[i];
    const bool special = kind == PieceKind::unknown || kind == PieceKind::control;
    if (!tokens[i].empty() && (special || kind == PieceKind::user_defined))
      tables.added.push_back({static_cast<int32_t>(i), std::string(tokens[i]), special});
  }
  SXT_TRY(tables.bos, token_id(file, "tokenizer.ggml.bos_token_id", tokens.size()));
  SXT_TRY(tables.eos, token_id(file, "tokenizer.ggml.eos_token_id", tokens.size()));
  if (tables.bos && file.boolean("tokenizer.ggml.add_bos_token").value_or(add_bos)) tables.before = {*tables.bos};
  if (tables.eos && file.boolean("tokenizer.ggml.add_eos_token").value_or(add_eos)) tables.after = {*tables.eos};
  for (const std::string_view name : {"eos", "eot", "eom"}) {
    SXT_TRY(const auto id, token_id(file, fmt::format("tokenizer.ggml.{}_token_id", name), tokens.size()));
    if (id) tables.end_of_generation.push_back(*id);
  }
  add_end_pieces(tables);
  return common;
}

Result<std::vector<std::pair<std::string, std::string>>> read_merges(const GgufFile& file) {
  SXT_TRY(const auto merges, file.string_array("tokenizer.ggml.merges"));
  std::vector<std::pair<std::string, std::string>> pairs;
  pairs.reserve(merges.size());
  for (size_t i = 0; i < merges.size(); ++i) {
    const size_t blank = merges[i].find(' ', 1);
    if (blank == std::string_view::npos || blank + 1 == merges[i].size()) {
      return Error{Error::Kind::data,
                   fmt::format("{}: merge {} of tokenizer.ggml.merges is not two tokens with a blank between them; "
                               "convert the model anew",
                               file.path(), i)};
    }
    pairs.emplace_back(merges[i].substr(0, blank), merges[i].substr(blank + 1));
  }
  return pairs;
}

// "gpt2": byte-level BPE, cut as "tokenizer.ggml.pre" says
Result<std::unique_ptr<Tokenizer>> make_byte_level(const GgufFile& file, std::vector<std::string>& warnings) {
  // before the key existed, the converter knew GPT-2's rules only
  const std::string pre = file.text("tokenizer.ggml.pre").value_or("gpt-2");
  if (!file.text("tokenizer.ggml.pre"))
    warnings.push_back(
        fmt::format("{}: the metadata key \"tokenizer.ggml.pre\" is missing: texts are cut into words as GPT-2 does, which is "
                    "wrong for most newer models; convert the model anew",
                    file.path()));
  const PreTokenizerRules* rules = find_pre_tokenizer(pre);
  if (!rules) {
    return Error{Error::Kind::data, fmt::format("{}: the pre-tokenizer {} is not supported; supported: {}", file.path(),
                                                json::quote(pre.substr(0, 80)), known_pre_tokenizers())};
  }
  Pipeline pipeline;
  SXT_TRY(Common common, read_common(file, rules->add_bos, false));
  if (rules->nfc) pipeline.normalizer.add(nfc_step());
  SXT_TRY(pipeline.pre_tokenizer, compile_pre_tokenizer(*rules));
  BpeTables bpe;
  bpe.origin = file.path();
  bpe.tokens = common.tables.tokens;
  SXT_TRY(bpe.merges, read_merges(file));
  bpe.bytes = pipeline.pre_tokenizer.bytes_for_the_model;
  bpe.ignore_merges = rules->ignore_merges;
  SXT_TRY(pipeline.model, make_bpe_model(std::move(bpe)));
  pipeline.decoder.add(decode_byte_alphabet);
  pipeline.added_tokens_are_decoded = false;
  pipeline.vocabulary = std::move(common.tables);
  return make_pipeline_tokenizer(std::move(pipeline));
}

// "gemma4": BPE over characters with U+2581 for blanks; a run of line ends is a word, and the token of that name if there is
// one
Result<std::unique_ptr<Tokenizer>> make_gemma4(const GgufFile& file) {
  Pipeline pipeline;
  SXT_TRY(Common common, read_common(file, true, false));
  pipeline.normalizer.add(replace_step(" ", "\xE2\x96\x81"));
  BpeTables bpe;
  bpe.origin = file.path();
  bpe.tokens = common.tables.tokens;
  SXT_TRY(bpe.merges, read_merges(file));
  bpe.bytes = false;
  bpe.byte_fallback = true;
  bpe.fuse_unk = true;
  SXT_TRY(pipeline.model, make_bpe_model(std::move(bpe)));
  pipeline.decoder.add(replace_all("\xE2\x96\x81", " "));
  pipeline.decoder.add(decode_byte_token);
  pipeline.added_tokens_are_decoded = false;
  pipeline.vocabulary = std::move(common.tables);
  return make_pipeline_tokenizer(std::move(pipeline));
}

// "llama": sentencepiece's BPE by scores; "t5": its Unigram
Result<std::unique_ptr<Tokenizer>> make_sentencepiece(const GgufFile& file, bool unigram) {
  SXT_TRY(Common common, read_common(file, !unigram, unigram));
  SentencePieceModel model;
  model.origin = file.path();
  model.unigram = unigram;
  SXT_TRY(const auto scores, file.float_array("tokenizer.ggml.scores"));
  if (scores.size() != common.kinds.size()) {
    return Error{Error::Kind::data, fmt::format("{}: {} tokens have {} scores; convert the model anew", file.path(),
                                                common.kinds.size(), scores.size())};
  }
  const auto unk = file.integer("tokenizer.ggml.unknown_token_id").value_or(0);
  std::set<std::string_view> seen;
  for (size_t i = 0; i < scores.size(); ++i) {
    // some converters call every token unknown that a template uses; one is
    PieceKind kind = common.kinds[i];
    if (kind == PieceKind::unknown || static_cast<int64_t>(i) == unk)
      kind = static_cast<int64_t>(i) == unk ? PieceKind::unknown : PieceKind::control;
    model.byte_fallback = model.byte_fallback || kind == PieceKind::byte;
    // libsentencepiece takes neither empty pieces nor a spelling twice
    const std::string& text = common.tables.tokens[i];
    const bool usable = !text.empty() && seen.insert(text).second;
    model.pieces.push_back(usable ? SentencePieceModel::Piece{text, scores[i], kind} : filling(i));
  }
  model.add_dummy_prefix = file.boolean("tokenizer.ggml.add_space_prefix").value_or(true);
  model.remove_extra_whitespaces = file.boolean("tokenizer.ggml.remove_extra_whitespaces").value_or(false);
  if (file.has_array("tokenizer.ggml.precompiled_charsmap")) {
    SXT_TRY(const auto bytes, file.int_array("tokenizer.ggml.precompiled_charsmap"));
    for (const int64_t byte : bytes) model.charsmap += static_cast<char>(byte);
  }
  return make_sentencepiece_tokenizer(std::move(model), std::move(common.tables));
}

// Keys of the vocabulary that are read here or elsewhere, or that change nothing: tokens of tasks that are not done.
void warn_of_ignored_keys(const GgufFile& file, std::vector<std::string>& warnings) {
  constexpr std::string_view prefix = "tokenizer.ggml.";
  constexpr std::string_view known[] = {"add_bos_token",
                                        "add_eos_token",
                                        "add_sep_token",
                                        "add_space_prefix",
                                        "added_tokens",
                                        "bos_token_id",
                                        "cls_token_id",
                                        "eom_token_id",
                                        "eos_token_id",
                                        "eot_token_id",
                                        "fim_mid_token_id",
                                        "fim_pad_token_id",
                                        "fim_pre_token_id",
                                        "fim_rep_token_id",
                                        "fim_sep_token_id",
                                        "fim_suf_token_id",
                                        "mask_token_id",
                                        "merges",
                                        "middle_token_id",
                                        "model",
                                        "padding_token_id",
                                        "pre",
                                        "precompiled_charsmap",
                                        "prefix_token_id",
                                        "remove_extra_whitespaces",
                                        "scores",
                                        "seperator_token_id",
                                        "separator_token_id",
                                        "suffix_token_id",
                                        "token_type",
                                        "token_type_count",
                                        "tokens",
                                        "unknown_token_id"};
  std::string ignored;
  for (const auto& member : file.metadata().GetObject()) {
    const std::string_view name = json::text(member.name);
    if (!name.starts_with(prefix) || is_one_of(known, name.substr(prefix.size()))) continue;
    ignored += (ignored.empty() ? "" : ", ") + json::quote(name.substr(0, 80));
  }
  if (!ignored.empty())
    warnings.push_back(
        fmt::format("metadata: nothing is known of {}, and nothing is done with it; texts may become other tokens", ignored));
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> make_tokenizer(const GgufFile& file, std::vector<std::string>* ret_warnings) {
  std::vector<std::string> unwanted;
  std::vector<std::string>& warnings = ret_warnings ? *ret_warnings : unwanted;
  warn_of_ignored_keys(file, warnings);
  const auto model = file.text("tokenizer.ggml.model");
  if (model == "gpt2") return make_byte_level(file, warnings);
  if (model == "gemma4") return make_gemma4(file);
  if (model == "llama" || model == "t5") return make_sentencepiece(file, model == "t5");
  return Error{Error::Kind::data,
               fmt::format("{}: the tokenizer {} is not supported; supported: \"gpt2\", \"llama\", \"t5\", \"gemma4\"",
                           file.path(), model ? json::quote(model->substr(0, 80)) : "(none)")};
}

}  // namespace sextant::engine
