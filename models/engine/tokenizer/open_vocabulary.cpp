#include "open_vocabulary.hpp"
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <mutex>
#include <sys/stat.h>
#include "../checkpoint/gguf.hpp"
#include "formats/folder.hpp"
#include "formats/gguf_tokenizer.hpp"
#include "formats/vocabulary_file.hpp"

namespace sextant::engine {
namespace {

namespace fs = std::filesystem;

// "tokenizer.chat_template", and those of other names behind it: "tokenizer.chat_template.rag".
ChatTemplateSources templates_of(const GgufFile& file) {
  constexpr std::string_view key = "tokenizer.chat_template";
  ChatTemplateSources found;
  for (const auto& member : file.metadata().GetObject()) {
    const std::string_view name = json::text(member.name);
    if (!member.value.IsString() || !name.starts_with(key) || (name.size() > key.size() && name[key.size()] != '.')) continue;
    found.push_back({std::string(name.size() > key.size() ? name.substr(key.size() + 1) : "default"),
                     std::string(json::text(member.value)), fmt::format("{} of {}", name, file.path())});
  }
  return found;
}

// What add_special does is asked of the tokenizer itself.
Vocabulary finish(Vocabulary vocabulary) {
  const Tokenizer& tokenizer = *vocabulary.tokenizer;
  const std::vector<int32_t> added = tokenizer.encode("", {true, false}).ids;
  vocabulary.add_bos = tokenizer.bos() && !added.empty() && added.front() == *tokenizer.bos();
  vocabulary.add_eos = tokenizer.eos() && added.size() > (vocabulary.add_bos ? 1u : 0u) && added.back() == *tokenizer.eos();
  return vocabulary;
}

Result<Vocabulary> read_vocabulary(const GgufFile& file) {
  Vocabulary vocabulary;
  SXT_TRY(vocabulary.tokenizer, make_tokenizer(file, &vocabulary.warnings));
  vocabulary.chat_templates = templates_of(file);
  return finish(std::move(vocabulary));
}

Result<Vocabulary> read_vocabulary(const std::string& path) {
  std::error_code ignored;
  Vocabulary vocabulary;
  if (fs::is_directory(path, ignored)) {
    SXT_TRY(FolderVocabulary folder, open_folder_vocabulary(path));
    vocabulary.tokenizer = std::move(folder.tokenizer);
    vocabulary.warnings = std::move(folder.warnings);
    SXT_TRY(vocabulary.chat_templates, find_chat_templates(path));
  } else if (GgufFile::is_one(path)) {
    SXT_TRY(const auto file, GgufFile::open(path));
    return read_vocabulary(*file);
  } else {
    SXT_TRY(VocabularyFile file, VocabularyFile::open(path));
    SXT_TRY(vocabulary.tokenizer, std::move(file).make_alone());
  }
  return finish(std::move(vocabulary));
}

// What tells that a file, or one of a folder's, is another than it was; empty where that cannot be told.
std::string identity_of(const std::string& path) {
  std::vector<std::string> lines;
  const auto add = [&](const std::string& file) {
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) return false;
    lines.push_back(fmt::format("{}\n{} {} {} {}.{} {}.{}\n", file, status.st_dev, status.st_ino, status.st_size,
                                status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec));
    return true;
  };
  std::error_code code;
  if (!add(path)) return "";
  if (fs::is_directory(path, code))
    for (fs::directory_iterator it(path, code), end; !code && it != end; it.increment(code))
      if (!add(it->path().string())) return "";
  if (code) return "";
  std::sort(lines.begin(), lines.end());
  return fmt::format("{}", fmt::join(lines, ""));
}

template <class Source> Result<Vocabulary> remembered(const std::string& path, const Source& source) {
  static std::mutex mutex;
  static std::pair<std::string, Vocabulary> last;  // what tells the files, and what is in them
  const std::string identity = identity_of(path);
  {
    const std::lock_guard lock(mutex);
    if (!identity.empty() && identity == last.first) return last.second;
  }
  SXT_TRY(Vocabulary vocabulary, read_vocabulary(source));
  const std::lock_guard lock(mutex);
  last = {identity, vocabulary};
  return vocabulary;
}

}  // namespace

Result<Vocabulary> open_vocabulary(const GgufFile& file) { return remembered(std::string(file.path()), file); }

Result<Vocabulary> open_vocabulary(const std::string& path) { return remembered(path, path); }

Result<ChatTemplateSources> find_chat_templates(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return find_folder_templates(path);
  if (!GgufFile::is_one(path)) return ChatTemplateSources();
  SXT_TRY(const auto file, GgufFile::open(path));
  return templates_of(*file);
}

}  // namespace sextant::engine
