#include "unpack.hpp"
#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <array>
#include <fmt/format.h>
#include <memory>
#include <sextant/csv.hpp>

namespace sextant::tables {
namespace fs = std::filesystem;
namespace {

constexpr std::array packings = std::to_array<std::string_view>({".gz", ".zst", ".bz2", ".xz", ".zip"});
constexpr std::array endings = std::to_array<std::string_view>({".jsonl", ".json", ".csv", ".tsv", ".txt"});
constexpr size_t files_max = 10'000;

struct Close {
  void operator()(archive* a) const { archive_read_free(a); }
};

Result<std::vector<TextFile>> unpack(const fs::path& file) {
  const std::unique_ptr<archive, Close> reader(archive_read_new());
  const bool zip = file.extension() == ".zip";
  if (zip) {
    archive_read_support_format_zip(reader.get());
  } else {
    archive_read_support_format_raw(reader.get());
    archive_read_support_format_empty(reader.get());
    archive_read_support_filter_gzip(reader.get());
    archive_read_support_filter_zstd(reader.get());
    archive_read_support_filter_bzip2(reader.get());
    archive_read_support_filter_xz(reader.get());
  }
  const auto bad = [&](const std::string& what) {
    return Error{Error::Kind::data, fmt::format("{} cannot be unpacked: {}", file.string(), what)};
  };
  const auto said = [&]() -> std::string {
    const char* why = archive_error_string(reader.get());
    return why ? why : "no reason is given";
  };
  if (archive_read_open_filename(reader.get(), file.c_str(), 1 << 16) != ARCHIVE_OK) return bad(said());
  // what is not packed at all would pass as it is
  if (!zip && archive_filter_count(reader.get()) < 2 && fs::file_size(file) > 0)
    return bad("it is not packed as its name says");
  std::vector<TextFile> out;
  uint64_t bytes = 0;
  std::vector<char> block(1 << 16);
  for (archive_entry* entry = nullptr;;) {
    const int status = archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) break;
    if (status != ARCHIVE_OK) return bad(said());
    const char* path = zip ? archive_entry_pathname_utf8(entry) : nullptr;
    const std::string name = zip ? (path ? path : "") : unpacked_name(file);
    const bool data = !zip || std::any_of(endings.begin(), endings.end(), [&](std::string_view end) { return name.ends_with(end); });
    const std::string last = fs::path(name).filename().string();
    if (!data || last.starts_with('.') || name.starts_with("__MACOSX/")) continue;
    if (out.size() == files_max) return bad(fmt::format("it holds more than {} data files", files_max));
    TextFile one{zip ? file / name : file, last, {}};
    for (;;) {
      const la_ssize_t n = archive_read_data(reader.get(), block.data(), block.size());
      if (n < 0) return bad(said());
      if (n == 0) break;
      if ((bytes += static_cast<uint64_t>(n)) > csv::file_bytes_max)
        return bad(fmt::format("unpacked it has more than the {} bytes that a data file may have", csv::file_bytes_max));
      one.text.append(block.data(), static_cast<size_t>(n));
    }
    out.push_back(std::move(one));
  }
  if (out.empty() && !zip) out.push_back({file, unpacked_name(file), ""});
  if (out.empty()) return bad("it holds no file of JSON, JSON lines, CSV or TSV");
  std::sort(out.begin(), out.end(), [](const TextFile& a, const TextFile& b) { return a.path < b.path; });
  return out;
}

}  // namespace

std::string unpacked_name(const fs::path& file) {
  const bool packed = std::find(packings.begin(), packings.end(), file.extension().string()) != packings.end();
  return packed ? file.stem().string() : std::string();
}

Result<std::vector<TextFile>> read_texts(const fs::path& file) {
  std::error_code code;
  if (!unpacked_name(file).empty() && fs::is_regular_file(file, code)) return unpack(file);
  SXT_TRY(std::string text, csv::read_text(file));
  std::vector<TextFile> out;
  out.push_back({file, file.filename().string(), std::move(text)});
  return out;
}

}  // namespace sextant::tables
