#include "folder.hpp"
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include "../../checkpoint/text_file.hpp"
#include "byte_level_files.hpp"
#include "tokenizer_config.hpp"
#include "vocabulary_file.hpp"
#include "wordpiece_file.hpp"

namespace sextant::engine {
namespace {

namespace fs = std::filesystem;

constexpr size_t config_bytes_max = 64 << 20;

bool has(const std::string& folder, const char* name) {
  std::error_code ignored;
  return fs::exists(fs::path(folder) / name, ignored);
}

// Of several *.tiktoken files the first by name.
std::string find_tiktoken(const std::string& folder) {
  std::string found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().string();
    if (entry.path().extension() == ".tiktoken" && (found.empty() || name < found)) found = name;
  }
  return found;
}

std::string template_named_default(const json::Value& list) {
  for (const auto& item : list.GetArray())
    if (json::find_string(item, "name") == "default") return json::find_string(item, "template").value_or("");
  return list.Size() == 1 ? json::find_string(list[0], "template").value_or("") : "";
}

}  // namespace

Result<FolderVocabulary> open_folder_vocabulary(const std::string& path) {
  FolderVocabulary folder;
  SXT_TRY(const TokenizerConfig config, read_tokenizer_config(path));
  std::string file = has(path, "tokenizer.json")    ? path + "/tokenizer.json"
                     : has(path, "tokenizer.model") ? path + "/tokenizer.model"
                                                    : find_tiktoken(path);
  if (!file.empty()) {
    SXT_TRY(VocabularyFile vocabulary, VocabularyFile::open(file));
    SXT_TRY(folder.tokenizer, std::move(vocabulary).make(config, folder.warnings));
  } else if (has(path, "vocab.json") && has(path, "merges.txt")) {
    SXT_TRY(folder.tokenizer, open_byte_level_files(path, config, folder.warnings));
  } else if (has(path, "vocab.txt")) {
    SXT_TRY(folder.tokenizer, open_wordpiece_file(path, config, folder.warnings));
  } else {
    return Error{
        Error::Kind::data,
        fmt::format("{}: no tokenizer.json, tokenizer.model, *.tiktoken, vocab.json with merges.txt, or vocab.txt in this folder; "
                    "set tokenizer_path to the model's tokenizer",
                    path)};
  }
  return folder;
}

Result<std::optional<ChatTemplateSource>> find_folder_template(const std::string& path) {
  using Found = std::optional<ChatTemplateSource>;
  if (const std::string file = path + "/chat_template.jinja"; has(path, "chat_template.jinja")) {
    SXT_TRY(std::string text, read_text_file(file, template_bytes_max));
    return Found({std::move(text), file});
  }
  for (const char* name : {"tokenizer_config.json", "chat_template.json"}) {
    if (!has(path, name)) continue;
    const std::string file = path + "/" + name;
    SXT_TRY(const json::Document document, read_json_file(file, config_bytes_max));
    const json::Value* value = json::find(document, "chat_template");
    std::string text;
    if (value && value->IsString()) text = json::text(*value);
    else if (value && value->IsArray()) text = template_named_default(*value);
    if (!text.empty()) return Found({std::move(text), "chat_template of " + file});
  }
  return Found();
}

}  // namespace sextant::engine
