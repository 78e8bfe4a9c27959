#include "text_file.hpp"
#include <algorithm>
#include <fmt/format.h>
#include "git_lfs.hpp"
#include "mapped_file.hpp"

namespace sextant::engine {
namespace {

// NaN, Infinity and -Infinity outside of strings become strings: a key that needs a number refuses them by its name, every
// other one has a value that is not a number.
std::string with_quoted_numbers(const std::string& text) {
  constexpr std::string_view words[] = {"NaN", "-Infinity", "Infinity"};
  std::string out;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = std::string_view(text).substr(i);
    const auto* word =
        in_string ? std::end(words)
                  : std::find_if(std::begin(words), std::end(words), [&](std::string_view w) { return rest.starts_with(w); });
    if (word != std::end(words)) {
      out.append("\"").append(*word).append("\"");
      i += word->size() - 1;
      continue;
    }
    if (text[i] == '"') in_string = !in_string;
    out += text[i];
    if (in_string && text[i] == '\\' && i + 1 < text.size()) out += text[++i];
  }
  return out;
}

}  // namespace

Result<std::string> read_text_file(const std::string& path, size_t max_bytes) {
  SXT_TRY(const MappedFile file, MappedFile::open(path));
  SXT_CHECK(refuse_git_lfs_pointer(path, file.bytes()));
  if (file.bytes().size() > max_bytes)
    return Error{Error::Kind::data, fmt::format("{}: has {} bytes, more than the {} of any such file; fetch it again", path,
                                                file.bytes().size(), max_bytes)};
  return std::string(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
}

Result<json::Document> read_json_file(const std::string& path, size_t max_bytes) {
  SXT_TRY(const std::string text, read_text_file(path, max_bytes));
  auto parsed = json::parse(text, path);
  if (!parsed)  // Python's json module writes NaN and Infinity, which no other reader takes
    if (auto again = json::parse(with_quoted_numbers(text), path)) return again;
  if (!parsed) return Error{Error::Kind::data, parsed.error().message + "; fetch the file again"};
  return parsed;
}

}  // namespace sextant::engine
