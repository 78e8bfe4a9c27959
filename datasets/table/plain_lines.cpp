#include "plain_lines.hpp"
#include <algorithm>
#include <fstream>
#include <unordered_set>
#include <sextant/json_text.hpp>
#include "files.hpp"

namespace sextant::tables {
namespace {

namespace fs = std::filesystem;

// All that only says where rows stand; every other key changes them, or checks them.
bool takes_rows_as_they_are(const json::Value& config, const Reading& reading) {
  constexpr std::string_view harmless[] = {"path", "file", "files", "name", "format", "header"};
  return reading.columns.empty() && reading.member.empty() && (reading.format == "auto" || reading.format == "jsonl") &&
         std::all_of(config.MemberBegin(), config.MemberEnd(), [&](const auto& member) {
           return std::find(std::begin(harmless), std::end(harmless), json::text(member.name)) != std::end(harmless);
         });
}

// Nothing: csv::read_text() says why.
std::optional<std::string> text_of(const fs::path& file) {
  std::error_code code;
  if (!fs::is_regular_file(file, code)) return std::nullopt;
  const auto bytes = fs::file_size(file, code);
  std::ifstream in(file, std::ios::binary);
  if (code || bytes > csv::file_bytes_max || !in) return std::nullopt;
  std::string text(bytes, '\0');
  in.read(text.data(), static_cast<std::streamsize>(bytes));
  if (static_cast<uint64_t>(in.gcount()) != bytes) return std::nullopt;
  return text;
}

class Lines {
 public:
  explicit Lines(Records& ret) : ret_(ret) {}
  // False: it is not plain.
  bool add(std::string_view line) {
    if (line.size() > row_bytes_max) return false;
    names_.clear();
    std::string& record = ret_.json.emplace_back();
    if (!append_plain_object(record, line, names_)) return false;
    if (std::equal(names_.begin(), names_.end(), before_.begin(), before_.end())) return true;
    before_.assign(names_.begin(), names_.end());
    return are_sound();
  }

 private:
  bool are_sound() {
    std::unordered_set<std::string_view> here;
    for (const std::string_view name : names_) {
      if (!here.insert(name).second || name.find('\\') != name.npos || csv::column_name(name) != name) return false;
      if (known_.emplace(name).second) ret_.fields.emplace_back(name);
    }
    return true;
  }
  Records& ret_;
  std::vector<std::string_view> names_;
  std::vector<std::string> before_;             // of the row before
  std::unordered_set<std::string> known_;
};

}  // namespace

std::optional<Records> plain_lines(const fs::path& folder, const json::Value& config, std::string_view split, const Reading& reading) {
  if (!takes_rows_as_they_are(config, reading)) return std::nullopt;
  const auto files = files_of_split(folder, config, split);
  if (!files) return std::nullopt;
  Records out;
  Lines lines(out);
  for (const fs::path& file : *files) {
    if (reading.format == "auto" && format_named(file) != "jsonl") return std::nullopt;
    const auto text = text_of(file);
    if (!text) return std::nullopt;
    const size_t before = out.json.size();
    for (std::string_view rest = *text; !rest.empty();) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (line.find_first_not_of(" \t\r") != line.npos && !lines.add(line)) return std::nullopt;
    }
    if (out.json.size() == before) return std::nullopt;
    out.bytes += text->size();
  }
  out.file = files->front().string();
  return out;
}

}  // namespace sextant::tables
