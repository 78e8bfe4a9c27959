#include "text_file.hpp"
#include <fmt/format.h>
#include "git_lfs.hpp"
#include "mapped_file.hpp"

namespace sextant::engine {

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
  auto parsed = json::parse(text, path, json::Syntax::python);
  if (!parsed) return Error{Error::Kind::data, parsed.error().message + "; fetch the file again"};
  return parsed;
}

}  // namespace sextant::engine
