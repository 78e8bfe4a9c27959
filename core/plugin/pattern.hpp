// A regular expression out of a file, matched with bounds on time and memory. PCRE2, because std::regex takes stack for every
// character of the text and knows no bounds.
#pragma once
#include <memory>
#include <optional>
#include <string_view>

namespace sextant::plugin {

class Pattern {
 public:
  /// Nothing where the text is no regular expression.
  static std::optional<Pattern> compile(std::string_view text);

  /// Does it match anywhere in `text` (UTF-8)? Nothing where that takes too long to tell.
  std::optional<bool> found_in(std::string_view text) const;

 private:
  struct Code;
  explicit Pattern(std::shared_ptr<const Code> code) : code_(std::move(code)) {}
  std::shared_ptr<const Code> code_;
};

}  // namespace sextant::plugin
