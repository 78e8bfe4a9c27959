// A program that answers lines of JSON (docs/protocol.md): started when it is needed, started again when it has died, ended
// when it hangs. Ownership: owns the process and everything it started. Threads: [owner].
#pragma once
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::command {

struct Options {
  std::vector<std::string> command;
  std::string kind, config_json;      // what hello tells it
  int64_t timeout_ms = 0;             // for one line's answer
  std::string title;                  // what messages call it; empty: the last word of the command
  bool isolated = false;              // it is cheap to start anew: after it has died none of its memory is trusted
  std::function<void(std::string_view)> say;  // a line of its standard error
};

/// One item's result as JSON, or why there is none.
using Answer = Result<std::string>;

class Program {
 public:
  explicit Program(Options options) : options_(std::move(options)) {}
  ~Program() { end(); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Starts it, if it does not run, and returns its answer to "hello".
  Result<json::Document> hello();
  /// A call without items: its "result".
  Result<json::Document> ask(std::string_view call, const std::string& members = {});
  /// The same, and said again whenever the program has been started anew.
  Result<void> tell(std::string_view call, std::string members);
  /// A call over items, of which many go into one line. Where the program dies or hangs over several, halves of them are asked
  /// until the items are found that it cannot bear: these have an error, all others their results.
  std::vector<Answer> ask_all(std::string_view call, std::span<const std::string> items, const std::string& members = {});
  const std::string& name() const { return options_.title.empty() ? options_.command.back() : options_.title; }

 private:
  Result<void> start();
  void end();
  Result<json::Document> exchange(std::string_view call, const std::string& members);
  Result<std::string> line(const std::string& request, int64_t timeout_ms);
  Error died(const std::string& what);
  Error said_error(const json::Value& where, const std::string& error) const;
  void read_errors();
  void ask_some(std::string_view call, std::span<const std::string> items, const std::string& members, std::span<Answer> ret);
  void ask_parts(std::string_view call, std::span<const std::string> items, const std::string& members, std::span<Answer> ret,
                 std::initializer_list<size_t> ends);

  const Options options_;
  pid_t pid_ = -1;
  int socket_ = -1, errors_ = -1;
  uint64_t id_ = 0;
  std::string told_, told_members_;  // of tell()
  std::string rest_, last_error_line_, error_rest_;
};

}  // namespace sextant::command
