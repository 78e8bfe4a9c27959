#include "fingerprint.hpp"
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <vector>
#include <sextant/sha256.hpp>
#include "file_parts.hpp"
#include "files.hpp"

namespace sextant {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t whole_bytes_max = 64u << 20;  // larger than any tokenizer; a quarter of a second
constexpr uint64_t stretches = 64, stretch_bytes = 64u << 10;
constexpr std::array<std::string_view, 8> model_files = {".json", ".jinja",       ".model", ".tiktoken",
                                                         ".txt",  ".safetensors", ".bin",   ".gguf"};

std::string sampled(const fs::path& path, uint64_t size) {
  const auto file = InputFile::open(path);
  if (!file) return {};
  std::string text = fmt::format("{}\n", size);
  for (uint64_t i = 0; i < stretches; ++i) {
    const uint64_t offset =
        (size - stretch_bytes) / (stretches - 1) * i;  // the first begins the file, the last all but ends it
    const auto stretch = file->read(i + 1 < stretches ? offset : size - stretch_bytes, stretch_bytes);
    if (stretch) text += *stretch;
  }
  return sha256_hex(text);
}

std::string of_file(const fs::path& path) {
  std::error_code code;
  const uint64_t size = fs::file_size(path, code);
  if (code) return {};
  if (size > whole_bytes_max) return sampled(path, size);
  const auto text = read_file(path);
  return text ? sha256_hex(*text) : std::string();
}

bool is_part(const fs::path& folder) {
  const std::string name = folder.filename().string();
  return name == "additional_chat_templates" ||
         (name.size() > 2 && name[0] >= '0' && name[0] <= '9' && name.find('_') != name.npos && name[1] == '_');
}

void add_folder(const fs::path& folder, const std::string& below, bool parts, std::vector<std::string>& lines) {
  std::error_code code;
  for (fs::directory_iterator it(folder, code), end; !code && it != end; it.increment(code)) {
    const fs::path& path = it->path();
    const std::string name = path.filename().string();
    if (name.starts_with(".")) continue;
    std::error_code failed;
    if (fs::is_directory(path, failed)) {
      if (parts && is_part(path)) add_folder(path, below + name + "/", false, lines);
    } else if (std::find(model_files.begin(), model_files.end(), path.extension().string()) != model_files.end()) {
      lines.push_back(fmt::format("{}  {}{}\n", of_file(path), below, name));
    }
  }
}

}  // namespace

std::string fingerprint(const fs::path& path) {
  std::error_code code;
  if (fs::is_regular_file(path, code)) return of_file(path);
  if (!fs::is_directory(path, code)) return {};
  std::vector<std::string> lines;
  add_folder(path, "", true, lines);
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line;
  return sha256_hex(text);
}

}  // namespace sextant
