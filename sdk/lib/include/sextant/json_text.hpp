// JSON text that is written as it comes, without a tree of values: what a run writes of every sample. The bytes are those of
// json::write() and json::write_pretty(). Threads: [owner].
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>
#include <sextant/json.hpp>

namespace sextant {

class JsonText {
 public:
  enum class Layout { compact, pretty };
  /// `depth`: of pretty text, how deep the value stands that is written here: its own lines are indented so much more.
  explicit JsonText(Layout layout, unsigned depth = 0) : layout_(layout), outer_(depth) { out_.reserve(first_bytes); }

  void begin_object() { begin('{'); }
  void end_object() { end('}'); }
  void begin_array() { begin('['); }
  void end_array() { end(']'); }
  void key(std::string_view name);
  /// What is not UTF-8 in it becomes U+FFFD.
  void text(std::string_view bytes);
  void number(uint64_t value);
  void number(uint32_t value) { number(uint64_t{value}); }
  void integer(int64_t value);
  /// Not finite: null.
  void number(double value);
  void boolean(bool value) { word(value ? "true" : "false"); }
  void null() { word("null"); }
  void value(const json::Value& value);
  /// Compact, the members of every object in the order of their names.
  void canonical(const json::Value& value) { word(json::canonical(value)); }
  /// JSON text as a value; what is none becomes a text. Mostly it is passed on without being parsed.
  void embed(std::string_view json_text);
  template <class T> void member(std::string_view name, const T& value) {
    key(name);
    if constexpr (std::is_arithmetic_v<T>) number(value);
    else text(value);
  }

  /// What has been written since the last clear(). Pieces may be taken away while objects are open.
  std::string_view str() const { return out_; }
  void clear() { out_.clear(); }
  std::string take() { return std::exchange(out_, {}); }

 private:
  void begin(char bracket);
  void end(char bracket);
  void place();                      // what stands between the value before and the next one
  void word(std::string_view word);
  void line(size_t depth);
  const Layout layout_;
  const unsigned outer_;
  std::string out_;
  // of each open bracket, the innermost last: something stands in it. What nests deeper than 64 comes as a value.
  uint64_t filled_ = 0;
  unsigned open_ = 0;
  bool after_key_ = false;
  static constexpr size_t first_bytes = 512;
};

/// As json::quote(), but for what is not UTF-8.
void append_quoted(std::string& out, std::string_view bytes);

/// JSON text as json::write() would write it, without parsing it, where that can be seen to be so: texts, numbers, true, false,
/// null, lists and objects in whatever layout. False: it takes the parser, and `out` is as it was.
bool append_plain(std::string& out, std::string_view json_text);
/// The same of an object, and the names of its members, as they stand in the text.
bool append_plain_object(std::string& out, std::string_view json_text, std::vector<std::string_view>& ret_names);

/// The first member of that name of an object, as json::write() would write it; likewise.
enum class Member { found, absent, unknown };
Member find_plain_member(std::string_view object, std::string_view name, std::string& ret_json);

/// "A" of "\"A\"", the JSON text of anything else.
std::string text_or_json(std::string_view json_text);

}  // namespace sextant
