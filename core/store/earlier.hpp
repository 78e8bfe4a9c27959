// earlier/<n>/ of a run's folder: results of a run that is taken up again and comes to others, kept next to the new ones, with
// the configs/run.json and run.json that they were made with. Nothing is made as long as nothing is replaced. Threads: [any].
#pragma once
#include <mutex>
#include "run_folder.hpp"

namespace sextant::store {

class Earlier {
 public:
  /// Remembers configs/run.json and run.json as they are now. Borrows the folder.
  explicit Earlier(const RunFolder& folder);

  /// Takes the file out of the way before it is written anew: it is <name>.before until settle(). One that a killed run left so
  /// stays.
  Result<void> hold(const std::filesystem::path& file);
  /// The file has been written, or not. What it held before goes to earlier/<n> where that was something else; true, if so.
  Result<bool> settle(const std::filesystem::path& file);

  /// Puts a task's results and samples aside, and with `predictions` what they were made of, too. A file that does not exist is
  /// left out.
  Result<void> put(std::string_view model, std::string_view task, bool predictions);
  /// The tables.
  Result<void> put_summary();
  /// earlier/<n>; empty as long as nothing has been put there.
  std::filesystem::path place() const;

 private:
  Result<void> open();
  Result<void> move(const std::filesystem::path& from, const std::filesystem::path& as);
  const RunFolder& folder_;
  std::string config_, record_;
  mutable std::mutex mutex_;
  std::filesystem::path place_;
};

}  // namespace sextant::store
