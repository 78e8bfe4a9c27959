#include "responses.hpp"
#include <algorithm>
#include <charconv>
#include <fcntl.h>
#include <fmt/format.h>
#include <functional>
#include <system_error>
#include <unistd.h>
#include "../base/io.hpp"
#include "../base/log.hpp"
#include "run_folder.hpp"

namespace sextant::store {
namespace fs = std::filesystem;
namespace {

// far beyond any real journal; a limit keeps a mistaken path from filling the memory
constexpr uint64_t journal_bytes_max = uint64_t{1} << 36;

constexpr size_t open_max = 16;  // sets are answered in their order, and few of them at a time

struct Lines {
  size_t broken = 0, first_broken = 0;  // count, and line number
  size_t whole_bytes = 0;               // up to and including the last LF
};

// Calls `use` with each whole line that can be read, and its offset.
Lines read_lines(std::string_view text, const std::function<void(data::Response, uint64_t offset, uint64_t size)>& use) {
  Lines out;
  for (size_t number = 1; out.whole_bytes < text.size(); ++number) {
    const size_t end = text.find('\n', out.whole_bytes);
    if (end == text.npos) break;  // a killed run's half line
    const std::string_view line = text.substr(out.whole_bytes, end - out.whole_bytes);
    if (auto response = data::response_from_line(line)) use(*std::move(response), out.whole_bytes, line.size());
    else if (out.broken++ == 0) out.first_broken = number;
    out.whole_bytes = end + 1;
  }
  return out;
}

std::vector<fs::path> journals(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code))
    if (entry.path().extension() == ".jsonl" && entry.is_regular_file(code)) out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
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

Result<uint32_t> Responses::read(const fs::path& path, bool own) {
  const uint32_t number = static_cast<uint32_t>(files_.size());
  File& file = files_.emplace_back();
  file.path = path;
  file.own = own;
  std::error_code code;
  if (!fs::exists(path, code)) return number;
  SXT_TRY(const std::string text, read_file(path, journal_bytes_max));
  const Lines lines = read_lines(text, [&](const data::Response& response, uint64_t offset, uint64_t size) {
    if (const auto key = packed(response.key)) places_.try_emplace(*key, Place{number, offset, size});
  });
  if (lines.broken > 0)
    log_warning(fmt::format("{}:{}: broken line{}; what stood there is asked again", path.string(), lines.first_broken,
                            lines.broken == 1 ? "" : fmt::format(" (the first of {})", lines.broken)));
  file.size = lines.whole_bytes;
  if (!own || lines.whole_bytes == text.size()) return number;
  fs::resize_file(path, lines.whole_bytes, code);
  if (code)
    return Error{Error::Kind::io, fmt::format("cannot cut the half line off the end of {}: {}; check its permissions", path.string(), code.message())};
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

Result<void> Responses::open_task(const std::string& task) {
  if (folder_.empty()) return {};
  const std::string name = safe_file_name(task);
  if (!by_task_.contains(name)) {
    SXT_TRY(const uint32_t number, read(folder_ / (name + ".jsonl"), true));
    by_task_.emplace(name, number);
  }
  const File& file = files_[by_task_.at(name)];
  if (file.out) return {};
  const auto writable = AppendFile::open(file.path);
  return writable ? Result<void>() : writable.error();
}

Result<AppendFile*> Responses::opened(uint32_t number) {
  File& file = files_[number];
  if (file.out) return &*file.out;
  if (open_.size() >= open_max) {
    files_[open_.front()].out.reset();
    open_.pop_front();
  }
  SXT_TRY(file.out, AppendFile::open(file.path));
  open_.push_back(number);
  return &*file.out;
}

bool Responses::knows(std::string_view key) const {
  const auto packed_key = packed(key);
  return packed_key && places_.contains(*packed_key);
}

std::optional<data::Response> Responses::find(std::string_view key) const {
  const auto packed_key = packed(key);
  const auto it = packed_key ? places_.find(*packed_key) : places_.end();
  if (it == places_.end()) return std::nullopt;
  const Place& place = it->second;
  const int fd = open_file(files_[place.file].path, O_RDONLY);
  if (fd < 0) return std::nullopt;
  std::string line(place.size, '\0');
  const ssize_t n = ::pread(fd, line.data(), line.size(), static_cast<off_t>(place.offset));
  ::close(fd);
  if (n < 0 || static_cast<size_t>(n) != line.size()) return std::nullopt;
  auto response = data::response_from_line(line);
  if (!response || response->key != key) return std::nullopt;
  return *std::move(response);
}

Result<void> Responses::append(const std::string& task, const data::Response& response) {
  if (folder_.empty()) return {};
  const auto key = packed(response.key);
  if (!key) return Error{Error::Kind::internal, fmt::format("'{}' is no content key", response.key)};
  const auto known = places_.find(*key);
  if (known != places_.end() && files_[known->second.file].own) return {};
  if (!by_task_.contains(safe_file_name(task))) SXT_CHECK(open_task(task));
  const uint32_t number = by_task_.at(safe_file_name(task));
  SXT_TRY(AppendFile * out, opened(number));
  const std::string line = data::to_line(response);
  SXT_CHECK(out->append(line + "\n"));
  File& file = files_[number];
  places_.insert_or_assign(*key, Place{number, file.size, line.size()});
  file.size += line.size() + 1;
  return {};
}

std::vector<data::Response> read_journal(const fs::path& path) {
  std::vector<data::Response> out;
  std::error_code code;
  if (!fs::exists(path, code)) return out;
  if (const auto text = read_file(path, journal_bytes_max))
    read_lines(*text, [&](data::Response response, uint64_t, uint64_t) { out.push_back(std::move(response)); });
  return out;
}

}  // namespace sextant::store
