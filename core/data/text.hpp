// A text that several owners hold once: a prompt is in its attempt, in its request and in the predictions. Immutable; copying
// copies a pointer. Threads: [any].
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

namespace sextant::data {

class Text {
 public:
  Text() = default;
  Text(std::string text) : text_(text.empty() ? nullptr : std::make_shared<const std::string>(std::move(text))) {}
  Text(std::string_view text) : Text(std::string(text)) {}
  Text(const char* text) : Text(std::string(text)) {}
  std::string_view view() const { return text_ ? std::string_view(*text_) : std::string_view(); }
  operator std::string_view() const { return view(); }
  std::string str() const { return std::string(view()); }
  size_t size() const { return view().size(); }
  bool empty() const { return view().empty(); }
  friend bool operator==(const Text& a, const Text& b) { return a.text_ == b.text_ || a.view() == b.view(); }
  template <class T>
    requires std::is_convertible_v<const T&, std::string_view> && (!std::is_same_v<T, Text>)
  friend bool operator==(const Text& a, const T& b) {
    return a.view() == std::string_view(b);
  }

 private:
  std::shared_ptr<const std::string> text_;  // null: the empty text
};

}  // namespace sextant::data
