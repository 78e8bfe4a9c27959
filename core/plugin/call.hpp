// How the core calls into a plugin: a guard around each call, and sinks that check what is pushed into them. Whatever a
// plugin does short of crashing becomes one Error that names the component. Private to core/plugin.
#pragma once
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/abi.h>
#include <sextant/json.hpp>
#include <sextant/result.hpp>

namespace sextant::plugin {

/// Bytes that are not UTF-8 become U+FFFD each.
std::string repair_utf8(std::string_view bytes);
/// A message as it may stand in a line of a log: valid UTF-8, no control characters, at most 508 bytes.
std::string one_line(std::string_view message);
inline sxt_str borrow(std::string_view text) { return {text.data(), text.size()}; }
/// The text, or nothing where the plugin gave a size but no data.
std::optional<std::string_view> view(sxt_str text);

Error::Kind kind_of(sxt_status status);
/// "metric:bleu: <its message>", or that it gave none.
Error status_error(std::string_view who, std::string_view function, sxt_status status, const sxt_error& reason);
Error thrown_error(std::string_view who, std::string_view function, const char* what);
/// An error of kind internal: "<who> <did>", for a plugin that breaks the ABI's rules.
Error misbehaved(std::string_view who, std::string_view did);

/// "model:cpu" while a function of that component runs on this thread; where none does (a plugin's own thread), whichever runs
/// on another one, else "": for the handler of a crash, so it may be read at any time.
const char* call_in_progress();
/// Marks a call of this thread for as long as it lives.
class CallMark {
 public:
  explicit CallMark(std::string_view who);
  ~CallMark();
  CallMark(const CallMark&) = delete;

 private:
  const int outer_;
};

/// Calls `body(&error)`; a status or an exception becomes an Error.
template <class F> Result<void> guarded(std::string_view who, std::string_view function, F&& body) {
  const CallMark mark(who);
  sxt_error reason{};
  sxt_status status = SXT_INTERNAL;
  try {
    status = body(&reason);
  } catch (const std::exception& e) {
    return thrown_error(who, function, e.what());
  } catch (...) {
    return thrown_error(who, function, nullptr);
  }
  if (status != SXT_OK) return status_error(who, function, status, reason);
  return {};
}

/// The function of an interface's table, or an error where an older or broken plugin has not got it.
#define SXT_NEED(table, function, who)                                                                 \
  if (!(table) || !SXT_HAS(table, function))                                                          \
  return Error{Error::Kind::device, std::string(who) + " cannot do '" #function "': its interface lacks that function; " \
                                    "update or rebuild the plugin"}

/// A sink for `count` texts, each to be pushed once. Threads: put may come from any thread.
class Texts {
 public:
  Texts(std::string_view who, std::string_view function, uint64_t count) : who_(who), function_(function), texts_(count) {}
  Texts(const Texts&) = delete;
  sxt_sink sink() { return {this, &Texts::put}; }
  /// The texts in order; one that was never pushed is an error.
  Result<std::vector<std::string>> take();
  /// The same, but what was never pushed is empty.
  Result<std::vector<std::string>> take_or_empty();

 private:
  static void put(void* ctx, uint64_t index, sxt_str bytes);
  std::string who_, function_;
  std::mutex mutex_;
  std::vector<std::optional<std::string>> texts_;
  std::string complaint_;   // the first rule that was broken
};

/// One text pushed once, and that a JSON object.
Result<json::Document> take_object(Texts& texts, std::string_view who, std::string_view function);

}  // namespace sextant::plugin
