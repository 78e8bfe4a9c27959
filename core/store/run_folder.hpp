// A run's folder: <work-dir>/<YYYYmmdd_HHMMSS>/ and the files in it (docs/files.md). Knows paths, the lock and the format of
// run.json; knows nothing of models or metrics.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>
#include "../base/file_name.hpp"
#include "predictions.hpp"

namespace sextant::store {

using sextant::safe_file_name;

class RunFolder {
 public:
  /// Makes <work_dir>/<timestamp> (a taken one gets _2, _3, ...) and locks it.
  static Result<RunFolder> create(const std::filesystem::path& work_dir);
  /// Takes an existing run up again: `timestamp`, or the last one when empty or "latest"; it may lack configs/run.json. A
  /// second process on the same folder is an error that says so and names the first one's process id. Nothing to reuse: Error
  /// of kind missing (the caller warns and creates).
  static Result<RunFolder> reuse(const std::filesystem::path& work_dir, std::string_view timestamp);
  /// An existing folder, to look at and not to write to: without the lock, so that nobody who writes is kept from it.
  static RunFolder look(std::filesystem::path path) { return RunFolder(std::move(path), -1); }
  RunFolder(RunFolder&&) noexcept;
  ~RunFolder();                                     // gives the lock back

  const std::filesystem::path& path() const;
  std::string timestamp() const;                    // the folder's name
  std::filesystem::path config() const;             // configs/run.json
  std::filesystem::path graph() const;              // configs/graph.json
  std::filesystem::path run_json() const;
  std::filesystem::path states() const;             // states.jsonl, while the run is at work
  std::filesystem::path journal(std::string_view model, std::string_view task) const;
  std::filesystem::path infer_log(std::string_view model, std::string_view task) const;
  std::filesystem::path eval_log(std::string_view model, std::string_view task) const;
  std::filesystem::path predictions(std::string_view model, std::string_view task) const;
  std::filesystem::path samples(std::string_view model, std::string_view task) const;    // one line an attempt
  std::filesystem::path results(std::string_view model, std::string_view task) const;
  std::filesystem::path summary(std::string_view extension) const;   // summary/summary_<ts>.<extension>
  std::filesystem::path earlier() const;            // earlier/: what later passes over this run have replaced

 private:
  RunFolder(std::filesystem::path path, int lock_fd);
  std::filesystem::path path_;
  int lock_fd_ = -1;
};

/// A judge's task by whose attempts it judges: "ceval-law@internlm2".
std::string judged_name(std::string_view task, std::string_view model);

/// journal/<model> in any run's folder.
std::filesystem::path journal_folder(const std::filesystem::path& run_folder, std::string_view model);
/// journal/<model>/<task>.jsonl in any run's folder.
std::filesystem::path journal_path(const std::filesystem::path& run_folder, std::string_view model, std::string_view task);

struct TaskRecord {                                  // a line of run.json's "tasks"
  std::string model, dataset, status, error;         // status: complete, missing, failed, incomplete
  std::optional<Error::Kind> error_kind;             // decides the exit code; written as "error_kind"
  uint64_t samples = 0, samples_failed = 0;
  uint64_t prompt_tokens = 0, computed_tokens = 0, generated_tokens = 0;
  uint64_t truncated_prompts = 0, dropped_shots = 0;
  double infer_s = 0, eval_s = 0;
  uint64_t peak_rss_bytes = 0;
  std::string results_sha256;
  uint64_t own_examples = 0;                         // samples that were among their own examples (compat modes)
  std::string stage;                                 // "embed", "rank", "judge"; empty: inference
  std::string infer{};                               // how asking the model ended: a status; empty: of a helper's stage
  uint64_t samples_reused = 0;                       // attempts all of whose answers the journal had
  std::string eval{};  // how scoring ended: complete, failed, incomplete; empty: it was not asked for
};
struct ModelRecord {
  std::string abbr, backend, device, weights_sha256;
  double load_s = 0;
  std::string compute{}, adapter{}, chat_template{}; // adapter: --peft-path; chat_template: auto, none or a file
  std::string spent{};                               // what the backend says that it has cost, a JSON object's text; or empty
  // SHA-256 of what its chat template makes of a fixed conversation, of its tokens of a fixed text, and of how replies are made
  // by default: what no configuration shows
  std::string chat_sha256{}, tokens_sha256{}, sampling_sha256{};
};
struct PluginRecord { std::string id, version, path, sha256; };
struct RunRecord {
  std::string started, finished, status, compute, host;
  std::vector<ModelRecord> models;
  std::vector<PluginRecord> plugins;
  std::vector<TaskRecord> tasks;
  double first_sample_s =
      0;  // from the start of the process until the first sample that it computed was in the journal; 0: none
  std::string stopped_early{};  // of --sequential, where not all questions were asked: a JSON object's text; or empty
};
std::string to_json(const RunRecord& record);
/// One task's members, in one line.
std::string to_line(const TaskRecord& task);
Result<TaskRecord> task_record_from_line(std::string_view line);
Result<RunRecord> run_record_from_json(const json::Value& value, std::string_view origin);

}  // namespace sextant::store
