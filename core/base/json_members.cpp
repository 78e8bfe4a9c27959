#include "json_members.hpp"
#include <sextant/json.hpp>
#include "files.hpp"

namespace sextant {
namespace {

bool is_white(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

bool MemberScan::feed(std::string_view block) {
  for (size_t i = 0; i < block.size(); ++i, ++at_) {
    if (in_string_ && !escaped_ && state_ == State::in_value) {  // most of a file: on to what may end the string
      const size_t from = i;
      while (i < block.size() && block[i] != '"' && block[i] != '\\') ++i;
      at_ += i - from;
      if (i == block.size()) return true;
    }
    const char c = block[i];
    if (state_ == State::in_value ? !value_char(c) : !outside(c)) return false;
  }
  return true;
}

bool MemberScan::outside(char c) {
  if (state_ == State::in_name) {
    if (c == '"' && !escaped_) state_ = State::colon;
    else name_ += c;
    escaped_ = c == '\\' && !escaped_;
    return true;
  }
  if (is_white(c)) return true;
  switch (state_) {
    case State::before:
      state_ = State::name_or_end;
      return c == '{';
    case State::name_or_end:
    case State::name:
      if (c == '}' && state_ == State::name_or_end) {
        state_ = State::behind;
        return true;
      }
      state_ = State::in_name;
      name_.clear();
      return c == '"';
    case State::colon:
      state_ = State::value;
      return c == ':';
    case State::value:
      state_ = State::in_value;
      begin_ = end_ = at_;
      return value_char(c);
    default: return false;  // something follows the object
  }
}

bool MemberScan::value_char(char c) {
  if (in_string_) {
    if (escaped_) escaped_ = false;
    else if (c == '\\') escaped_ = true;
    else if (c == '"') in_string_ = false;
  } else {
    if (depth_ == 0 && (c == ',' || c == '}')) return end_value(c);
    if (is_white(c)) return true;
    if (c == '"') in_string_ = true;
    else if (c == '{' || c == '[') ++depth_;
    else if ((c == '}' || c == ']') && depth_-- == 0) return false;
  }
  end_ = at_ + 1;
  return true;
}

bool MemberScan::end_value(char c) {
  state_ = c == ',' ? State::name : State::behind;
  return end_ > begin_ && member_(name_, begin_, end_);
}

Result<void> scan_members(const InputFile& file, const std::function<bool(std::string_view, uint64_t, uint64_t)>& member) {
  constexpr uint64_t block_bytes = 1 << 20;
  bool stopped = false;
  MemberScan scan([&](std::string_view name, uint64_t begin, uint64_t end) { return !(stopped = !member(name, begin, end)); });
  for (uint64_t at = 0;;) {
    SXT_TRY(const std::string block, file.read(at, block_bytes));
    if (block.empty() || !scan.feed(block)) break;
    at += block.size();
  }
  if (stopped || scan.whole()) return {};
  SXT_TRY(const std::string text, read_file(file.path()));  // it is not an object, or not whole: the parser says where
  const auto parsed = json::parse(text, file.path().string());
  return parsed ? Error{Error::Kind::data, file.path().string() + ": the file holds no JSON object"} : parsed.error();
}

Result<std::string> member_of(const InputFile& file, std::string_view name) {
  std::string out;
  SXT_CHECK(scan_members(file, [&](std::string_view found, uint64_t begin, uint64_t end) {
    if (found != name) return true;
    if (auto value = file.read(begin, end - begin)) out = *std::move(value);
    return false;
  }));
  return out;
}

}  // namespace sextant
