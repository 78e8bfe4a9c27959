// report.html: a page of its own, without a network. What is small lies in it as JSON, samples as compressed blocks that the
// page reads when they are wanted; docs/report.md has the layout. Texts of models and data are only ever data in it: the parts
// that a browser runs are the program's own and are named by their hashes.
#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>
#include "../data/attempt.hpp"

namespace sextant::report {

/// Attempts that a page holds: beyond these a browser gets slow.
inline constexpr uint64_t page_attempts_max = 100000;

/// Attempts as the page gets them: columns for lists, filters and plots, blocks for the texts.
class PageRows {
 public:
  /// The samples of one task, in the order of the file, behind those of the tasks before it. `predictions` may be gone: then
  /// rows, labels' lengths and what was cut are not known. Attempts beyond page_attempts_max are counted and left out.
  Result<void> add(const std::filesystem::path& samples, const std::filesystem::path& predictions);
  /// A task without a samples file.
  Result<void> add_nothing() { return ++tasks_, Result<void>(); }
  uint64_t size() const { return rows_; }
  uint64_t left_out() const { return left_out_; }
  /// Ends the last block. The columns by their names, {"task": [...], ...}, compressed, in base64.
  std::string index();
  /// Of each block, the number of its first attempt.
  const std::vector<uint64_t>& firsts() const { return firsts_; }
  const std::vector<std::string>& blocks() const { return blocks_; }  // base64

 private:
  void add_row(const json::Value& line, std::string_view text, const data::Attempt* attempt);
  void close_block();
  uint64_t rows_ = 0, left_out_ = 0;
  uint32_t tasks_ = 0;
  std::array<std::string, 14> columns_;  // lists without their brackets; page_rows.cpp has their names
  std::string block_;                    // JSON, being filled
  std::vector<uint64_t> firsts_;
  std::vector<std::string> blocks_;
};

/// The whole page. `about`: everything that is shown beside the samples (docs/report.md).
std::string page_html(const std::string& title, const std::string& about_json, PageRows& rows);

/// The page of `sextant view`: a list of runs that it asks for again and again.
std::string view_html(const std::string& folder);

/// report.html of a run's folder.
inline std::filesystem::path page_path(const std::filesystem::path& run_folder) { return run_folder / "report.html"; }

/// "#s/MODEL/DATASET/12/1": the part of the page's address that names a sample; data.js reads it.
std::string page_anchor(std::string_view model, std::string_view dataset, uint64_t row, uint64_t repeat);
/// The sample's whole address, "file:///.../report.html#s/...".
std::string page_address(const std::filesystem::path& page, std::string_view model, std::string_view dataset, uint64_t row,
                         uint64_t repeat);

/// JSON text that may stand inside a <script> element: no '<', '>' or '&' is left in it, and its value is the same.
std::string json_for_html(std::string_view json);

/// How well a text can be compressed, by which Whisper's decoder notices loops: bytes by deflated bytes. Below 64 bytes: 1.
double compression_ratio(std::string_view text);

/// How far the two best labels are apart, by what they are ranked by; of a greedy reply the two best tokens where they are
/// nearest to each other. NaN where neither is known.
double margin_of(const data::Attempt& attempt);

/// What a model was asked, from a line of a samples file: the text, or the turns with their roles in front.
std::string prompt_of(const json::Value& line);
/// The line's first score; nothing where it has none.
std::optional<double> first_score(const json::Value& line);
/// A text as it is, other values as JSON, nothing as "".
std::string text_of(const json::Value* value);

}  // namespace sextant::report
