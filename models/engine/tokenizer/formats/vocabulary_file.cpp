#include "vocabulary_file.hpp"
#include <filesystem>
#include <fmt/format.h>
#include "../../checkpoint/text_file.hpp"
#include "end_pieces.hpp"
#include "sentencepiece_tokenizer.hpp"
#include "tiktoken.hpp"
#include "tokenizer_json.hpp"

namespace sextant::engine {
namespace {

constexpr size_t file_bytes_max = 512 << 20;  // the largest tokenizer.json seen has 33 MB

// What add_special puts around a text, where the vocabulary's own file does not say it.
void surround(VocabularyTables& tables, bool add_bos, bool add_eos) {
  if (add_bos && tables.bos) tables.before = {*tables.bos};
  if (add_eos && tables.eos) tables.after = {*tables.eos};
}

void finish(VocabularyTables& tables) {
  if (tables.eos) tables.end_of_generation.push_back(*tables.eos);
  add_end_pieces(tables);
}

}  // namespace

Result<VocabularyFile> VocabularyFile::open(const std::string& path) {
  VocabularyFile file;
  file.path_ = path;
  SXT_TRY(file.text_, read_text_file(path, file_bytes_max));
  const size_t first = file.text_.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (first != std::string::npos && file.text_[first] == '{') {
    SXT_TRY(file.document_, json::parse(file.text_, path));
    file.text_.clear();
    if (is_tokenizer_json(file.document_)) return file;
    return Error{Error::Kind::data,
                 fmt::format("{}: this JSON is not a tokenizer.json (it has no \"model\" with a \"vocab\"); name the "
                             "model's folder",
                             path)};
  }
  if (is_tiktoken(file.text_)) file.format_ = Format::tiktoken;
  else if (is_sentencepiece_model(file.text_)) file.format_ = Format::sentencepiece;
  else {
    return Error{Error::Kind::data,
                 fmt::format("{}: this is not a tokenizer that is known; name a model's folder, a .gguf, a tokenizer.json, "
                             "a tokenizer.model or a .tiktoken file",
                             path)};
  }
  return file;
}

Result<std::unique_ptr<Tokenizer>> VocabularyFile::make_alone() && {
  TokenizerConfig nothing;
  std::vector<std::string> warnings;
  return std::move(*this).make(nothing, warnings);
}

Result<std::unique_ptr<Tokenizer>> VocabularyFile::make(const TokenizerConfig& config, std::vector<std::string>& warnings) && {
  switch (format_) {
    case Format::tokenizer_json: return make_json(config, warnings);
    case Format::sentencepiece: return make_sentencepiece(config, warnings);
    case Format::tiktoken: return make_tiktoken(config, warnings);
  }
  return Error{Error::Kind::internal, "a vocabulary file of no format"};
}

namespace {

// Whether a normalizer or pre-tokenizer of a tokenizer.json puts a blank in front of a text; nothing: none of its steps could.
std::optional<bool> puts_blank_in_front(const json::Value* step) {
  if (!step || !step->IsObject()) return std::nullopt;
  for (const char* list : {"normalizers", "pretokenizers"})
    if (const json::Value* steps = json::find(*step, list); steps && steps->IsArray()) {
      std::optional<bool> out;
      for (const auto& inner : steps->GetArray())
        if (const auto one = puts_blank_in_front(&inner)) out = out.value_or(false) || *one;
      return out;
    }
  const std::string type = json::find_string(*step, "type").value_or("");
  if (type == "Prepend") return true;
  if (type == "ByteLevel") return json::find_bool(*step, "add_prefix_space").value_or(true);
  if (type == "Metaspace")
    return json::find_bool(*step, "add_prefix_space").value_or(true) &&
           json::find_string(*step, "prepend_scheme").value_or("always") != "never";
  return std::nullopt;
}

void warn_of_prefix(std::optional<bool> asked, std::optional<bool> done, const std::string& path,
                    std::vector<std::string>& warnings) {
  if (asked && done && *asked != *done)
    warnings.push_back(fmt::format(
        "{}: it puts {} in front of a text, add_prefix_space of tokenizer_config.json is {}; the former counts", path,
        *done ? "a blank" : "no blank", *asked));
}

}  // namespace

// A post-processor counts more than add_bos_token and add_eos_token, as in transformers 5.
Result<std::unique_ptr<Tokenizer>> VocabularyFile::make_json(const TokenizerConfig& config,
                                                             std::vector<std::string>& warnings) {
  SXT_TRY(Pipeline pipeline, read_tokenizer_json(document_, path_));
  VocabularyTables& tables = pipeline.vocabulary;
  apply(config, tables, warnings);
  const json::Value* processor = json::find(document_, "post_processor");
  if (!processor || processor->IsNull()) {
    surround(tables, config.add_bos.value_or(false), config.add_eos.value_or(false));
    for (const auto& [key, added] :
         {std::pair{"add_bos_token", !tables.before.empty()}, std::pair{"add_eos_token", !tables.after.empty()}})
      if (added)
        warnings.push_back(fmt::format("{}: it has no post-processor, and {} of tokenizer_config.json is true, which is followed; "
                                       "transformers 5 passes it over there",
                                       path_, key));
  } else {
    const auto warn = [&](const char* name, const char* key, std::optional<bool> asked, bool done) {
      if (asked && *asked != done)
        warnings.push_back(
            fmt::format("{}: its post-processor {} {}, {} of tokenizer_config.json says otherwise; the former counts", path_,
                        done ? "adds" : "adds no", name, key));
    };
    if (tables.bos)
      warn("BOS", "add_bos_token", config.add_bos, !tables.before.empty() && tables.before.front() == *tables.bos);
    if (tables.eos)
      warn("EOS", "add_eos_token", config.add_eos, !tables.after.empty() && tables.after.back() == *tables.eos);
  }
  const auto normalized = puts_blank_in_front(json::find(document_, "normalizer")),
             cut = puts_blank_in_front(json::find(document_, "pre_tokenizer"));
  warn_of_prefix(config.add_prefix_space, normalized && cut ? *normalized || *cut : normalized ? normalized : cut, path_, warnings);
  finish(tables);
  return make_pipeline_tokenizer(std::move(pipeline));
}

Result<std::unique_ptr<Tokenizer>> VocabularyFile::make_sentencepiece(const TokenizerConfig& config,
                                                                      std::vector<std::string>& warnings) {
  SXT_TRY(SentencePieceModel model, read_sentencepiece_model(text_, path_));
  VocabularyTables tables;
  tables.origin = path_;
  for (size_t i = 0; i < model.pieces.size(); ++i) {
    const SentencePieceModel::Piece& piece = model.pieces[i];
    const auto id = static_cast<int32_t>(i);
    tables.tokens.push_back(piece.text);
    if (piece.kind != PieceKind::unknown && piece.kind != PieceKind::control) continue;
    // added_tokens_decoder is the whole list where there is one
    const bool usual = piece.kind == PieceKind::unknown || piece.text == "<s>" || piece.text == "</s>";
    if (!piece.text.empty() && (usual || config.added.empty())) tables.added.push_back({id, piece.text, true});
    if (piece.text == "<s>") tables.bos = id;
    if (piece.text == "</s>") tables.eos = id;
  }
  apply(config, tables, warnings);
  surround(tables, config.add_bos.value_or(!model.unigram), config.add_eos.value_or(false));
  warn_of_prefix(config.add_prefix_space, model.add_dummy_prefix, path_, warnings);
  finish(tables);
  model.prefix_once = !config.legacy;
  return make_sentencepiece_tokenizer(std::move(model), std::move(tables));
}

Result<std::unique_ptr<Tokenizer>> VocabularyFile::make_tiktoken(const TokenizerConfig& config,
                                                                 std::vector<std::string>& warnings) {
  SXT_TRY(Pipeline pipeline, read_tiktoken(text_, path_));
  VocabularyTables& tables = pipeline.vocabulary;
  apply(config, tables, warnings);
  finish(tables);
  return make_pipeline_tokenizer(std::move(pipeline));
}

}  // namespace sextant::engine
