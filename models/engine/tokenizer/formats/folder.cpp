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

// A "chat_template": a text; [{"name", "template"}...]; {"name": "text"...}. Anything else is a default with a problem.
ChatTemplateSources templates_in(const json::Value& value, const std::string& origin) {
  ChatTemplateSources found;
  const auto add = [&](const std::string& name, const std::string& text) {
    const bool known = std::any_of(found.begin(), found.end(), [&](const ChatTemplateSource& one) { return one.name == name; });
    if (!text.empty() && !known) found.push_back({name, text, origin, {}});
  };
  if (value.IsString()) add("default", std::string(json::text(value)));
  if (value.IsArray())
    for (const auto& item : value.GetArray())
      add(json::find_string(item, "name").value_or(""), json::find_string(item, "template").value_or(""));
  const bool meant = !value.IsNull() && !(value.IsString() && value.GetStringLength() == 0) &&
                     !((value.IsArray() && value.Empty()) || (value.IsObject() && value.ObjectEmpty()));
  if (value.IsObject())
    for (const auto& member : value.GetObject())
      if (member.value.IsString()) add(std::string(json::text(member.name)), std::string(json::text(member.value)));
  if (found.empty() && meant)
    found.push_back({"default", "", origin,
                     fmt::format("{} is neither a text nor a list of {{\"name\", \"template\"}}: {}", origin,
                                 json::write(value).substr(0, 60))});
  return found;
}

// Names of the *.jinja files in a folder, sorted.
std::vector<std::string> jinja_files(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed))
    if (it->path().extension() == ".jinja") names.push_back(it->path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Result<FolderVocabulary> open_folder_vocabulary(const std::string& path) {
  FolderVocabulary folder;
  SXT_TRY(const TokenizerConfig config, read_tokenizer_config(path));
  folder.warnings = config.warnings;
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
        fmt::format(
            "{}: no tokenizer.json, tokenizer.model, *.tiktoken, vocab.json with merges.txt, or vocab.txt in this folder; "
            "set tokenizer_path to the model's tokenizer",
            path)};
  }
  return folder;
}

Result<ChatTemplateSources> find_folder_templates(const std::string& path) {
  ChatTemplateSources found;
  const auto add = [&](std::string name, const std::string& file) -> Result<void> {
    SXT_TRY(std::string text, read_text_file(file, template_bytes_max));
    found.push_back({std::move(name), std::move(text), file, {}});
    return {};
  };
  if (has(path, "chat_template.jinja")) SXT_CHECK(add("default", path + "/chat_template.jinja"));
  const std::string more = path + "/additional_chat_templates";
  for (const std::string& name : jinja_files(more)) SXT_CHECK(add(fs::path(name).stem().string(), more + "/" + name));
  if (!found.empty()) return found;
  for (const char* name : {"tokenizer_config.json", "chat_template.json"}) {
    if (!has(path, name)) continue;
    const std::string file = path + "/" + name;
    SXT_TRY(const json::Document document, read_json_file(file, config_bytes_max));
    const json::Value* value = json::find(document, "chat_template");
    if (value) found = templates_in(*value, "chat_template of " + file);
    if (!found.empty()) return found;
  }
  return found;
}

}  // namespace sextant::engine
