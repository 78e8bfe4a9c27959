// How one place of a format looks: what "%-5.2f" and "{:>5.2f}" have in common.
#pragma once
#include <cstdint>
#include <string>
#include "value.hpp"

namespace sextant::jinja {

struct FormatSpec {
  char align = 0;            // '<', '>', '^', '=' (the padding goes behind the sign); 0: as the type has it
  std::string fill = " ";    // one character
  char sign = 0;             // what positive numbers begin with: '+', ' ', or nothing for '-' and 0, where none is written
  bool alternate = false;    // '#': 0x before hexadecimals, the point in floats also where nothing follows it
  char grouping = 0;         // of digits, by ',' or '_'
  int64_t width = 0, precision = -1;
  char type = 0;             // 0: none is written
};

/// The number that stands at `at`, which moves on; `otherwise` where there is none. Throws Failure for one beyond any use.
int64_t read_number(std::string_view format, size_t& at, int64_t otherwise);
std::string padded(const FormatSpec& spec, const std::string& text, char own_align);
/// The first `precision` characters; all where it is negative.
std::string cut(const std::string& text, int64_t precision);
/// By the types d, x, X, o, b; `digits` or more, a precision of the percent format. Padded.
std::string integer_text(const FormatSpec& spec, int64_t number, int64_t digits = -1);
/// By the types e, E, f, F, g, G, % and none. Padded.
std::string real_number_text(const FormatSpec& spec, double number);

}  // namespace sextant::jinja
