#include "each.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>
#include <sextant/csv.hpp>
#include <sextant/utf8_text.hpp>
#include "../base/files.hpp"
#include "../base/json_line.hpp"
#include "../base/text.hpp"
#include "card_parts.hpp"

namespace sextant::config {
namespace fs = std::filesystem;
namespace {

using Names = std::map<std::string, std::string>;   // ${name} -> what it stands for
constexpr uint64_t file_bytes_max = 16u << 20;      // a list of subjects
constexpr size_t entries_max = 100'000;

json::Value entry_of_name(std::string_view name, Allocator& a) {
  json::Value entry(rapidjson::kObjectType);
  json::set(entry, "name", name, a);
  return entry;
}

Result<void> add_entry(json::Document& out, const json::Value& item, const std::string& origin) {
  auto& a = out.GetAllocator();
  if (item.IsString()) out.PushBack(entry_of_name(json::text(item), a), a);
  else if (item.IsObject()) out.PushBack(json::Value(item, a), a);
  else return card_error(origin, "\"each\" holds an entry that is neither an object nor a name");
  return {};
}

// Does `name` match a part of a pattern? * and ? are wild; ${x} stands for one character or more and is noted.
bool match(std::string_view pattern, std::string_view name, Names& names) {
  if (pattern.empty()) return name.empty();
  if (pattern.starts_with("${")) {
    const size_t close = pattern.find('}');
    if (close == pattern.npos) return false;
    const std::string key(pattern.substr(2, close - 2));
    const auto known = names.find(key);
    if (known != names.end())
      return name.starts_with(known->second) && match(pattern.substr(close + 1), name.substr(known->second.size()), names);
    for (size_t size = name.size(); size >= 1; --size) {
      Names tried = names;
      tried[key] = name.substr(0, size);
      if (!match(pattern.substr(close + 1), name.substr(size), tried)) continue;
      names = std::move(tried);
      return true;
    }
    return false;
  }
  if (pattern.front() == '*') {
    for (size_t size = 0; size <= name.size(); ++size) {
      Names tried = names;
      if (!match(pattern.substr(1), name.substr(size), tried)) continue;
      names = std::move(tried);
      return true;
    }
    return false;
  }
  return !name.empty() && (pattern.front() == '?' || pattern.front() == name.front()) &&
         match(pattern.substr(1), name.substr(1), names);
}

void walk(const fs::path& folder, std::string_view pattern, const Names& names, std::set<Names>& seen,
          std::vector<Names>& ret_found) {
  const size_t slash = pattern.find('/');
  std::vector<fs::path> children;
  std::error_code code;
  for (fs::directory_iterator it(folder, fs::directory_options::skip_permission_denied, code), end; !code && it != end;
       it.increment(code))
    children.push_back(it->path());
  std::sort(children.begin(), children.end());
  for (const fs::path& child : children) {
    Names here = names;
    if (ret_found.size() >= entries_max || !utf8::is_valid(child.filename().string()) ||
        !match(pattern.substr(0, slash), child.filename().string(), here))
      continue;
    if (slash != pattern.npos) walk(child, pattern.substr(slash + 1), here, seen, ret_found);
    else if (seen.insert(here).second) ret_found.push_back(std::move(here));
  }
}

Result<fs::path> folder_of(const json::Value& card, const std::string& origin, const DataFolder& data_folder) {
  if (!data_folder) return card_error(origin, "\"each\" looks into the data folder, which is not known here; list the entries");
  const json::Value* loader = json::find(card, "loader");
  auto folder = data_folder(json::find_string(card, "folder").value_or(""),
                            loader ? json::find_string(*loader, "type").value_or("") : "");
  if (!folder) return Error{folder.error().kind, fmt::format("{}: \"each\": {}", origin, folder.error().message)};
  return folder;
}

Result<void> add_from_glob(json::Document& out, const std::string& pattern, const json::Value& card, const std::string& origin,
                           const DataFolder& data_folder) {
  if (pattern.find("${") == pattern.npos)
    return card_error(origin,
                      fmt::format("each.glob '{}' has no placeholder; put ${{name}} where the entry's name belongs", pattern));
  SXT_TRY(const fs::path folder, folder_of(card, origin, data_folder));
  std::set<Names> seen;
  std::vector<Names> found;
  walk(folder, pattern, {}, seen, found);
  if (found.empty())
    return Error{Error::Kind::missing,
                 fmt::format("{}: each.glob: no file in {} matches '{}'; give --data-dir, or correct the pattern", origin,
                             folder.string(), pattern)};
  auto& a = out.GetAllocator();
  for (const Names& names : found) {
    json::Value entry(rapidjson::kObjectType);
    for (const auto& [name, text] : names) json::set(entry, name, text, a);
    out.PushBack(std::move(entry), a);
  }
  return {};
}

Result<void> add_from_file(json::Document& out, const std::string& name, const json::Value& card, const std::string& origin,
                           const DataFolder& data_folder) {
  fs::path file = fs::path(origin).parent_path() / name;
  std::error_code code;
  if (!fs::exists(file, code)) {
    SXT_TRY(const fs::path folder, folder_of(card, origin, data_folder));
    if (!fs::exists(folder / name, code))
      return card_error(origin, fmt::format("each.file: {} is neither in the card's folder nor in {}", name, folder.string()));
    file = folder / name;
  }
  SXT_TRY(const std::string text, read_file(file, file_bytes_max));
  const std::string extension = file.extension().string();
  auto& a = out.GetAllocator();
  if (extension == ".json") {
    SXT_TRY(const json::Document list, json::parse(text, file.string(), json::Syntax::relaxed));
    if (!list.IsArray()) return card_error(file.string(), "the file must hold a list of entries");
    for (const auto& item : list.GetArray()) SXT_CHECK(add_entry(out, item, file.string()));
  } else if (extension == ".csv" || extension == ".tsv") {
    SXT_TRY(const csv::Table table, csv::parse(text, file.string(), extension == ".tsv" ? '\t' : ','));
    for (const csv::Row& row : table.rows) {
      json::Value entry(rapidjson::kObjectType);
      for (size_t i = 0; i < table.header.size(); ++i) json::set(entry, table.header[i], row.cells[i], a);
      out.PushBack(std::move(entry), a);
    }
  } else {
    std::string_view rest = text;
    for (size_t line = 1; !rest.empty(); ++line) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      std::string_view one = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      while (!one.empty() && (one.back() == '\r' || one.back() == ' ')) one.remove_suffix(1);
      if (one.empty()) continue;
      const std::string place = fmt::format("{}:{}", file.string(), line);
      if (extension != ".jsonl") {
        if (!utf8::is_valid(one)) return card_error(place, "the line is not UTF-8 text");
        out.PushBack(entry_of_name(one, a), a);
        continue;
      }
      SXT_TRY(const json::Document item, parse_line(one, place));
      SXT_CHECK(add_entry(out, item, place));
    }
  }
  return {};
}

}  // namespace

Result<json::Document> entries_of_each(const json::Value& card, const std::string& origin, const DataFolder& data_folder) {
  json::Document out;
  out.SetArray();
  const json::Value& each = card["each"];
  const auto file = json::find_string(each, "file"), glob = json::find_string(each, "glob");
  if (each.IsArray()) {
    for (const auto& item : each.GetArray()) SXT_CHECK(add_entry(out, item, origin));
  } else if (each.IsObject() && each.MemberCount() == 1 && (file || glob)) {
    SXT_CHECK(file ? add_from_file(out, *file, card, origin, data_folder)
                   : add_from_glob(out, *glob, card, origin, data_folder));
  } else {
    return card_error(origin,
                      "\"each\" must be a list of entries or names, {\"file\": \"...\"} or {\"glob\": \".../${name}...\"}");
  }
  if (out.Empty()) return card_error(origin, "\"each\" is empty; list at least one entry or leave it out");
  if (out.Size() > entries_max)
    return card_error(origin, fmt::format("\"each\" has {} entries, more than {}", out.Size(), entries_max));
  return out;
}

Result<void> fill_names(json::Value& value, const json::Value& entry, const std::string& origin,
                        json::Document::AllocatorType& allocator) {
  if (value.IsObject()) {
    for (auto& member : value.GetObject()) SXT_CHECK(fill_names(member.value, entry, origin, allocator));
  } else if (value.IsArray()) {
    for (auto& item : value.GetArray()) SXT_CHECK(fill_names(item, entry, origin, allocator));
  } else if (value.IsString()) {
    const std::string_view text = json::text(value);
    if (text.find("${") == text.npos) return {};
    std::string out;
    for (size_t i = 0; i < text.size();) {
      const size_t open = text.find("${", i);
      if (open == text.npos) { out += text.substr(i); break; }
      const size_t close = text.find('}', open);
      if (close == text.npos) return card_error(origin, fmt::format("'{}' has a ${{ without its }}", shorten(text, 60)));
      out += text.substr(i, open - i);
      const std::string name(text.substr(open + 2, close - open - 2));
      const auto filled = json::find_string(entry, name);
      if (!filled)
        return card_error(origin, fmt::format("${{{}}} is used, but an entry of \"each\" has no text of that name", name));
      out += *filled;
      i = close + 1;
    }
    value.SetString(out.data(), static_cast<rapidjson::SizeType>(out.size()), allocator);
  }
  return {};
}

}  // namespace sextant::config
