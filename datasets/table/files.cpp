#include "files.hpp"
#include <algorithm>
#include "columnar.hpp"
#include "unpack.hpp"

namespace sextant::tables {
namespace fs = std::filesystem;
namespace {

void replace_all(std::string& text, std::string_view key, std::string_view by) {
  for (size_t at = text.find(key); at != text.npos; at = text.find(key, at + by.size())) text.replace(at, key.size(), by);
}

bool is_glob(std::string_view name) { return name.find_first_of("*?") != name.npos; }

// * is any text, ? any one byte. The last * takes more where what stands behind it does not fit.
bool match(std::string_view pattern, std::string_view name) {
  size_t p = 0, n = 0, star = pattern.npos, taken = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != pattern.npos) {
      p = star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

void expand(const fs::path& folder, std::string_view pattern, std::vector<fs::path>& out) {
  const size_t slash = pattern.find('/');
  const std::string part(pattern.substr(0, slash));
  std::vector<fs::path> children;
  std::error_code code;
  if (!is_glob(part)) {
    if (fs::exists(folder / part, code)) children.push_back(folder / part);
  } else {
    for (fs::directory_iterator it(folder, fs::directory_options::skip_permission_denied, code), end; !code && it != end;
         it.increment(code))
      if (match(part, it->path().filename().string())) children.push_back(it->path());
  }
  std::sort(children.begin(), children.end());
  for (const fs::path& child : children) {
    if (slash == pattern.npos) out.push_back(child);
    else expand(child, pattern.substr(slash + 1), out);
  }
}

}  // namespace

Result<std::vector<fs::path>> files_of_split(const fs::path& folder, const json::Value& config, std::string_view split) {
  std::vector<std::string> patterns;
  const json::Value* files = json::find(config, "files");
  if (files) {
    const json::Value* own = json::find(*files, split);
    if (!own) {
      std::string names;
      for (const auto& member : files->GetObject()) names += (names.empty() ? "" : ", ") + std::string(json::text(member.name));
      return Error{Error::Kind::data, "\"files\" has no split '" + std::string(split) + "'; it has: " + names};
    }
    if (own->IsString()) patterns.emplace_back(json::text(*own));
    else
      for (const auto& item : own->GetArray()) patterns.emplace_back(json::text(item));
  } else {
    const std::string file = json::find_string(config, "file").value_or("");
    if (file.empty()) return std::vector<fs::path>{folder};  // the path is the file itself
    patterns.push_back(file);
  }
  std::vector<fs::path> out;
  for (std::string& pattern : patterns) {
    const auto name = json::find_string(config, "name");
    if (!name && pattern.find("{name}") != pattern.npos)
      return Error{
          Error::Kind::config,
          "the file '" + pattern + "' has {name} in it, and the loader no \"name\"; add it, such as \"name\": \"${name}\""};
    replace_all(pattern, "{split}", split);
    if (name) replace_all(pattern, "{name}", *name);
    if (!is_glob(pattern)) {
      out.push_back(folder / pattern);
      continue;
    }
    const size_t before = out.size();
    expand(folder, pattern, out);
    if (out.size() == before)
      return Error{Error::Kind::missing, "no file in " + folder.string() + " matches '" + pattern + "'"};
  }
  return out;
}

Result<Records> read_files(const fs::path& folder, const json::Value& config, std::string_view split, const Reading& reading,
                           Allocator& allocator, std::vector<Row>& ret_rows, std::vector<std::string>& ret_notes) {
  SXT_TRY(const std::vector<fs::path> files, files_of_split(folder, config, split));
  Records out;
  for (const fs::path& file : files) {
    std::error_code code;
    if (is_columnar(file)) {
      SXT_CHECK(read_columnar(file, allocator, ret_rows, ret_notes));
      out.bytes += fs::file_size(file, code);
      continue;
    }
    SXT_TRY(const std::vector<TextFile> texts, read_texts(file));
    for (const TextFile& one : texts) {
      Reading own = reading;
      if (own.format == "auto" && !unpacked_name(file).empty()) own.format = format_named(one.name);
      SXT_CHECK(read_rows(one.path, one.text, own, allocator, ret_rows, ret_notes));
      out.bytes += one.text.size();
    }
  }
  out.file = files.front().string();
  return out;
}

bool is_every_split(const json::Value& config) {
  return !json::find(config, "files") && json::find_string(config, "file").value_or("").find("{split}") == std::string::npos;
}

std::vector<std::string> splits_of(const json::Value& config) {
  if (const json::Value* files = json::find(config, "files")) {
    std::vector<std::string> names;
    for (const auto& member : files->GetObject()) names.emplace_back(json::text(member.name));
    return names;
  }
  if (is_every_split(config)) return {"test", "train"};
  return {"test", "train", "val", "dev", "validation"};
}

}  // namespace sextant::tables
