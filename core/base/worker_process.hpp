// A process of this same program that answers lines over a socket: scorers from elsewhere, and what runs programs in sandboxes.
// A worker that hangs or ends costs the request at hand; whoever asks starts another. Threads: [owner].
#pragma once
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <sextant/result.hpp>

namespace sextant {

/// The program that runs as the worker; empty: this one. Tests set it.
std::filesystem::path& worker_program();

class WorkerProcess {
 public:
  /// `sextant worker NAME`, with a socket as its standard input; killed with the object. What it prints goes to standard error.
  static Result<std::unique_ptr<WorkerProcess>> start(std::string_view name);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;

  /// False where it is gone.
  bool send(std::string line);
  enum class Got { line, late, end };
  Got receive(std::chrono::duration<double> limit, std::string& ret_line);
  /// Kills it with what it started, and says how it ended: "was ended by signal 11 (Segmentation fault)".
  std::string end();
  /// It has closed its socket and will be over at once: `end` then says how, instead of that it was killed.
  void wait_for_end() { wait_for_end_ = true; }

 private:
  WorkerProcess() = default;
  pid_t pid_ = -1;
  int fd_ = -1;
  bool wait_for_end_ = false;
  std::string buffer_;
};

/// The worker's end: the next line; false once the socket is closed.
bool read_line(int fd, std::string& buffer, std::string& ret_line);
bool write_line(int fd, std::string line);

}  // namespace sextant
