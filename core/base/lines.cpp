#include "lines.hpp"
#include "file_parts.hpp"

namespace sextant {

Result<void> each_line(const std::filesystem::path& path, const std::function<Result<void>(std::string_view line)>& use) {
  constexpr uint64_t block = uint64_t{1} << 20;
  SXT_TRY(const InputFile file, InputFile::open(path));
  std::string rest;
  const auto take = [&](std::string_view line) -> Result<void> {
    if (line.find_first_not_of(" \t\r") == line.npos) return {};
    return use(line);
  };
  for (uint64_t offset = 0; offset < file.size();) {
    SXT_TRY(const std::string part, file.read(offset, block));
    if (part.empty()) break;
    offset += part.size();
    rest += part;
    size_t begin = 0;
    for (size_t end; (end = rest.find('\n', begin)) != rest.npos; begin = end + 1)
      SXT_CHECK(take(std::string_view(rest).substr(begin, end - begin)));
    rest.erase(0, begin);
  }
  return take(rest);
}

}  // namespace sextant
