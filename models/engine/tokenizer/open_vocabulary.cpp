#include "open_vocabulary.hpp"
#include <filesystem>
#include <fmt/format.h>
#include "../checkpoint/gguf.hpp"
#include "formats/folder.hpp"
#include "formats/gguf_tokenizer.hpp"
#include "formats/vocabulary_file.hpp"

namespace sextant::engine {
namespace {

namespace fs = std::filesystem;

std::optional<ChatTemplateSource> template_of(const GgufFile& file) {
  auto text = file.text("tokenizer.chat_template");
  if (!text) return std::nullopt;
  return ChatTemplateSource{*std::move(text), "tokenizer.chat_template of " + std::string(file.path())};
}

// What add_special does is asked of the tokenizer itself.
Vocabulary finish(Vocabulary vocabulary) {
  const Tokenizer& tokenizer = *vocabulary.tokenizer;
  const std::vector<int32_t> added = tokenizer.encode("", {true, false}).ids;
  vocabulary.add_bos = tokenizer.bos() && !added.empty() && added.front() == *tokenizer.bos();
  vocabulary.add_eos = tokenizer.eos() && added.size() > (vocabulary.add_bos ? 1u : 0u) && added.back() == *tokenizer.eos();
  return vocabulary;
}

}  // namespace

Result<Vocabulary> open_vocabulary(const GgufFile& file) {
  Vocabulary vocabulary;
  SXT_TRY(vocabulary.tokenizer, make_tokenizer(file));
  vocabulary.chat_template = template_of(file);
  return finish(std::move(vocabulary));
}

Result<Vocabulary> open_vocabulary(const std::string& path) {
  std::error_code ignored;
  Vocabulary vocabulary;
  if (fs::is_directory(path, ignored)) {
    SXT_TRY(FolderVocabulary folder, open_folder_vocabulary(path));
    vocabulary.tokenizer = std::move(folder.tokenizer);
    vocabulary.warnings = std::move(folder.warnings);
    SXT_TRY(vocabulary.chat_template, find_chat_template(path));
  } else if (GgufFile::is_one(path)) {
    SXT_TRY(const auto file, GgufFile::open(path));
    return open_vocabulary(*file);
  } else {
    SXT_TRY(VocabularyFile file, VocabularyFile::open(path));
    SXT_TRY(vocabulary.tokenizer, std::move(file).make_alone());
  }
  return finish(std::move(vocabulary));
}

Result<std::optional<ChatTemplateSource>> find_chat_template(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return find_folder_template(path);
  if (!GgufFile::is_one(path)) return std::optional<ChatTemplateSource>();
  SXT_TRY(const auto file, GgufFile::open(path));
  return template_of(*file);
}

}  // namespace sextant::engine
