#include "responses.hpp"
#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <functional>
#include <system_error>
#include "../base/log.hpp"
#include "run_folder.hpp"

namespace sextant::store {
namespace fs = std::filesystem;
namespace {

constexpr size_t open_max = 16;      // sets are answered in their order, and few of them at a time
constexpr uint64_t block_bytes = 1 << 20;

// Calls `use` with each whole line of a file, and its offset: nothing is left in memory. The bytes up to and including the last
// LF.
Result<uint64_t> each_line(const InputFile& file, const std::function<void(std::string_view line, uint64_t offset)>& use) {
  std::string rest;                  // of the file from `at` on
  uint64_t at = 0;
  for (size_t looked_at = 0;;) {
    SXT_TRY(const std::string block, file.read(at + rest.size(), std::max<uint64_t>(block_bytes, rest.size())));
    if (block.empty()) return at;    // what is left is a killed run's half line
    rest += block;
    size_t begin = 0;
    for (size_t lf = rest.find('\n', looked_at); lf != rest.npos; lf = rest.find('\n', begin)) {
      use(std::string_view(rest).substr(begin, lf - begin), at + begin);
      begin = lf + 1;
    }
    rest.erase(0, begin);
    at += begin;
    looked_at = rest.size();
  }
}

std::vector<fs::path> journals(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code))
    if (entry.path().extension() == ".jsonl" && entry.is_regular_file(code)) out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

void warn_broken(const std::string& where, uint64_t more = 0) {
  log_warning(fmt::format("{}: broken line{}; what stood there is asked again", where,
                          more > 0 ? fmt::format(" (the first of {})", more + 1) : ""));
}

}  // namespace

std::optional<Responses::Key> Responses::packed(std::string_view hex) {
  Key key{};
  if (hex.size() < 32) return std::nullopt;
  for (size_t i = 0; i < 2; ++i) {
    const char* begin = hex.data() + 16 * i;
    const auto [end, code] = std::from_chars(begin, begin + 16, key[i], 16);
    if (code != std::errc() || end != begin + 16) return std::nullopt;
  }
  return key;
}

// Lines as to_line() writes them begin with the key; only others are parsed to find it.
std::optional<Responses::Key> Responses::key_of_line(std::string_view line) const {
  constexpr std::string_view before_key = "{\"key\":\"";
  constexpr size_t key_digits = 64;
  const size_t key_end = before_key.size() + key_digits;
  if (line.starts_with(before_key) && line.size() > key_end && line[key_end] == '"' && line.back() == '}')
    return packed(line.substr(before_key.size(), key_digits));
  const auto response = data::response_from_line(line);
  return response ? packed(response->key) : std::nullopt;
}

// Of two lines with one key the first counts, if it can be read.
void Responses::remember(const Key& key, const Place& place) {
  const auto [known, fresh] = places_.try_emplace(key, place);
  if (fresh || known->second.file != place.file || read_line(known->second)) return;
  warn_broken(fmt::format("{}: byte {}", files_[place.file].path.string(), uint64_t{known->second.offset}));
  known->second = place;
}

Result<uint32_t> Responses::read(const fs::path& path, bool own) {
  const uint32_t number = static_cast<uint32_t>(files_.size());
  File& entry = files_.emplace_back();
  entry.path = path;
  entry.own = own;
  const auto file = InputFile::open(path);
  if (!file && file.error().kind == Error::Kind::missing) return number;
  if (!file) return file.error();
  uint64_t line_number = 0, broken = 0, first_broken = 0;
  SXT_TRY(const uint64_t whole, each_line(*file, [&](std::string_view line, uint64_t offset) {
    ++line_number;
    Place place;
    place.offset = offset;
    place.size = line.size();
    place.file = number;
    if (const auto key = key_of_line(line)) remember(*key, place);
    else if (broken++ == 0) first_broken = line_number;
  }));
  if (broken > 0) warn_broken(fmt::format("{}:{}", path.string(), first_broken), broken - 1);
  files_[number].size = whole;
  std::error_code code;
  const uint64_t bytes = fs::file_size(path, code);
  if (!own || code || whole == bytes) return number;
  fs::resize_file(path, whole, code);
  if (code)
    return Error{Error::Kind::io, fmt::format("cannot cut the half line off the end of {}: {}; check its permissions",
                                              path.string(), code.message())};
  log_debug(fmt::format("{}: cut off a half line that a killed run left", path.string()));
  return number;
}

Result<Responses> Responses::open(const fs::path& folder, const std::vector<fs::path>& earlier) {
  Responses responses(folder);
  for (const fs::path& path : journals(folder)) {
    SXT_TRY(const uint32_t number, responses.read(path, true));
    responses.by_task_.emplace(path.stem().string(), number);
  }
  for (const fs::path& run : earlier)
    for (const fs::path& path : journals(run)) (void)responses.read(path, false);  // one that cannot be read knows nothing
  return responses;
}

Result<uint32_t> Responses::file_of(const std::string& task) {
  const std::string name = safe_file_name(task);
  const auto known = by_task_.find(name);
  if (known != by_task_.end()) return known->second;
  SXT_TRY(const uint32_t number, read(folder_ / (name + ".jsonl"), true));
  by_task_.emplace(name, number);
  return number;
}

Result<void> Responses::open_task(const std::string& task) {
  if (folder_.empty()) return {};
  SXT_TRY(const uint32_t number, file_of(task));
  const auto writable = opened(number);
  return writable ? Result<void>() : writable.error();
}

Result<AppendFile*> Responses::opened(uint32_t number) {
  File& file = files_[number];
  if (file.out) return &*file.out;
  if (open_.size() >= open_max) {
    files_[open_.front()].out.reset();
    open_.pop_front();
  }
  SXT_TRY(AppendFile out, AppendFile::open(file.path));
  std::error_code code;
  if (fs::file_size(file.path, code) != file.size || code)
    return Error{Error::Kind::io,
                 fmt::format("{} was removed or changed while it was being written; nothing more can be kept there",
                             file.path.string())};
  file.out.emplace(std::move(out));
  open_.push_back(number);
  return &*file.out;
}

bool Responses::knows(std::string_view key) const {
  const auto packed_key = packed(key);
  return packed_key && places_.contains(*packed_key);
}

std::optional<data::Response> Responses::read_line(const Place& place) {
  if (!being_read_ || being_read_->first != place.file) {
    being_read_.reset();
    auto file = InputFile::open(files_[place.file].path);
    if (!file) return std::nullopt;
    being_read_.emplace(place.file, *std::move(file));
  }
  const auto line = being_read_->second.read(place.offset, place.size);
  auto response = line ? data::response_from_line(*line) : Result<data::Response>(Error{});
  return response ? std::optional(*std::move(response)) : std::nullopt;
}

std::optional<data::Response> Responses::find(std::string_view key) {
  const auto packed_key = packed(key);
  const auto it = packed_key ? places_.find(*packed_key) : places_.end();
  if (it == places_.end()) return std::nullopt;
  auto response = read_line(it->second);
  if (response && response->key == key) return response;
  if (!response) {
    warn_broken(fmt::format("{}: byte {}", files_[it->second.file].path.string(), uint64_t{it->second.offset}));
    places_.erase(it);
  }
  return std::nullopt;
}

bool Responses::take_charge(std::string_view key) {
  const auto packed_key = packed(key);
  const auto it = packed_key ? places_.find(*packed_key) : places_.end();
  if (it == places_.end() || it->second.charged) return false;
  it->second.charged = true;
  return true;
}

Result<void> Responses::append(const std::string& task, const data::Response& response) {
  const Entry entry{&task, &response};
  return append(std::span(&entry, 1));
}

Result<void> Responses::append(std::span<const Entry> entries) {
  if (folder_.empty()) return {};
  std::map<uint32_t, std::string> lines;               // by file
  const std::string* task = nullptr;                   // the last entry's, and its file
  uint32_t number = 0;
  std::vector<std::pair<Key, Place>> places;
  for (const Entry& entry : entries) {
    const auto key = packed(entry.response->key);
    if (!key) return Error{Error::Kind::internal, fmt::format("'{}' is not a content key", entry.response->key)};
    const auto known = places_.find(*key);
    if (known != places_.end() && files_[known->second.file].own) continue;
    if (entry.task != task) {
      SXT_TRY(number, file_of(*entry.task));
      task = entry.task;
    }
    std::string& text = lines[number];
    const std::string line = data::to_line(*entry.response);
    Place place;
    place.offset = files_[number].size + text.size();
    place.size = line.size();
    place.file = number;
    place.charged = known == places_.end() || known->second.charged;  // what is computed now has been counted
    places.emplace_back(*key, place);
    text += line;
    text += '\n';
  }
  for (const auto& [number, text] : lines) {
    SXT_TRY(AppendFile * out, opened(number));
    SXT_CHECK(out->append(text));
    files_[number].size += text.size();
  }
  for (const auto& [key, place] : places) places_.insert_or_assign(key, place);
  return {};
}

std::vector<data::Response> read_journal(const fs::path& path) {
  std::vector<data::Response> out;
  if (const auto file = InputFile::open(path))
    (void)each_line(*file, [&](std::string_view line, uint64_t) {
      if (auto response = data::response_from_line(line)) out.push_back(*std::move(response));
    });
  return out;
}

}  // namespace sextant::store
