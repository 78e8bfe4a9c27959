// What is too much for the memory and is needed once more: texts, one behind the other, in a file without a name, which is gone
// with the process however that ends. What is little never leaves the memory. Threads: [owner].
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <sextant/result.hpp>

namespace sextant {

class Spool {
 public:
  /// `folder`: where the file lies, on the disk that has room for the run.
  explicit Spool(std::filesystem::path folder) : folder_(std::move(folder)) {}
  Spool(Spool&& other) noexcept;
  Spool& operator=(Spool&& other) noexcept;
  ~Spool();

  /// The text's offset.
  Result<uint64_t> append(std::string_view text);
  /// A text that was appended; until the next call.
  Result<std::string_view> read(uint64_t offset, uint64_t size);

 private:
  Result<void> flush();
  std::filesystem::path folder_;
  int fd_ = -1;
  uint64_t written_ = 0;      // bytes in the file
  std::string tail_;          // what is behind them
  std::string window_;        // of the file, as last read
  uint64_t window_at_ = 0;
};

}  // namespace sextant
