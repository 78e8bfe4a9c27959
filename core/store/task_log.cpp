#include "task_log.hpp"
#include <fmt/format.h>
#include <sextant/printable.hpp>
#include "../base/files.hpp"
#include "../base/local_time.hpp"

namespace sextant::store {

void TaskLog::line(std::string_view text) const {
  auto file = AppendFile::open(path_);
  if (!file) return;
  (void)file->append(fmt::format("{} {}\n", local_time("%Y-%m-%d %H:%M:%S"), printable(text)));
}

std::vector<std::string> TaskLog::tail(const std::filesystem::path& path, size_t count) {
  std::vector<std::string> lines;
  const auto content = read_file(path);
  if (!content) return lines;
  std::string_view rest = *content;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  }
  if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<ptrdiff_t>(count));
  return lines;
}

}  // namespace sextant::store
