#include "ifbench.hpp"
#include <stdexcept>
#include <utf8proc.h>

namespace sextant::metric::ifeval {

const Checks& ifbench_checkers() {
  static const Checks table = [] {
    Checks out;
    add_counts(out);
    add_words(out);
    add_formats(out);
    add_tasks(out);
    return out;
  }();
  return table;
}

std::string plain_letters(std::string_view text) {
  std::string out;
  utf8proc_uint8_t* made = nullptr;
  const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                 static_cast<utf8proc_ssize_t>(text.size()), &made,
                                 static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT));
  for (utf8proc_ssize_t i = 0; i < size; ++i)
    if (made[i] < 0x80) out += static_cast<char>(made[i]);
  std::free(made);
  return out;
}

bool found(const char* pattern, std::string_view text, bool at_begin, bool caseless) {
  RegexOptions options{.syntax = RegexOptions::Syntax::python, .caseless = caseless};
  const auto made = Regex::compile(at_begin ? std::string("\\A(?:") + pattern + ")" : std::string(pattern), options);
  if (!made) throw std::logic_error(made.error().message);
  const auto out = made->found_in(text);
  if (!out) throw std::runtime_error("ifeval: " + out.error().message);
  return *out;
}

std::vector<std::string> numbers_in(std::string_view text) {
  std::vector<std::string> out;
  bool inside = false;
  for (size_t i = 0; i < text.size();) {
    const utf8::Character c = utf8::at(text, i);
    const bool digit = c.valid && text::is_digit(c.code);
    if (digit && !inside) out.emplace_back();
    if (digit) out.back().append(text.substr(i, c.size));
    inside = digit;
    i += c.size;
  }
  return out;
}

}  // namespace sextant::metric::ifeval
