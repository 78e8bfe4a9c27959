// Where the members of a JSON object stand in its text, without looking into them: for files that are too big to be read whole.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include "file_parts.hpp"

namespace sextant {

/// Fed with a text block by block. Brackets and strings are counted; whether a value is JSON its reader sees.
class MemberScan {
 public:
  /// `member` gets each member's name, as it is written between the quotes, and where its value begins and ends. False: stop.
  explicit MemberScan(std::function<bool(std::string_view name, uint64_t begin, uint64_t end)> member)
      : member_(std::move(member)) {}
  /// False: the text is not an object, or the callback stopped.
  bool feed(std::string_view block);
  /// The object has been closed.
  bool whole() const { return state_ == State::behind; }

 private:
  enum class State { before, name_or_end, name, in_name, colon, value, in_value, behind };
  bool outside(char c);
  bool value_char(char c);
  bool end_value(char c);

  std::function<bool(std::string_view, uint64_t, uint64_t)> member_;
  State state_ = State::before;
  std::string name_;
  uint64_t at_ = 0, begin_ = 0, end_ = 0;  // end_: behind the value's last character so far that is not white space
  uint64_t depth_ = 0;                     // brackets that are open within the value
  bool in_string_ = false, escaped_ = false;
};

/// Scans a file. An Error where it holds no object, with the JSON parser's words; where the callback stopped, that is the
/// caller's to say.
Result<void> scan_members(const InputFile& file,
                          const std::function<bool(std::string_view name, uint64_t begin, uint64_t end)>& member);

/// The first such member's value as it is written; empty where there is none, or where it cannot be read.
Result<std::string> member_of(const InputFile& file, std::string_view name);

}  // namespace sextant
