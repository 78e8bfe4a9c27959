// Numbers in replies: where they stand, and what they come to. Linear in the text. Pure; [any] thread.
#pragma once
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/plain_text.hpp>

namespace sextant::text {

inline bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }

/// Where plain blanks separate thousands. Between words "2 100" may be two numbers, so there only groups of zeros count ("10
/// 000"). `never` is for formulas, whose commas separate the items of lists as well: groups are of three, as "1,000" has them.
enum class Blanks { never, before_zeros, always };

/// A number as it stands in a text, and as it is compared: no thousands separators, no plus, no zeros behind the last other
/// decimal. Powers of ten and of small numbers are written out; one that is too large to be stays a power: "1e99", "2^100".
struct NumberAt {
  size_t begin = 0, end = 0;
  std::string value;
};

namespace detail {

// The size of a thousands separator at `at`: a comma, LaTeX's {,} and blanks, an apostrophe, a no-break or thin blank, an
// underscore.
inline size_t separator_size(std::string_view text, size_t at) {
  for (const std::string_view s : {",\\!", "{,}", "\\,", "\\;", "\\:", "\\ ", ",", "'", "’", "\u00A0", "\u202F", "\u2009", "_"})
    if (text.substr(at).starts_with(s)) return s.size();
  return 0;
}

inline size_t digits_end(std::string_view text, size_t at) {
  while (at < text.size() && is_ascii_digit(text[at])) ++at;
  return at;
}

// Whether exactly `count` digits stand at `at`.
inline bool is_group(std::string_view text, size_t at, size_t count) { return digits_end(text, at) == at + count; }

// The end of a number from its first digit, whose thousands are separated; the digits go to `out`. Behind one to three digits
// groups of three ("1,234,567", "1 000"), behind one or two groups of two and at last one of three ("12,34,567", as in India).
inline size_t whole_end(std::string_view text, size_t at, std::string& out, Blanks blanks = Blanks::never) {
  size_t end = digits_end(text, at);
  out.append(text, at, end - at);
  if (end - at > 3) return end;
  constexpr size_t pairs_max = 12;  // "01,01,01, ..." is not looked through from each of its numbers on
  size_t pairs = end;
  while (pairs < end + 3 * pairs_max && blanks != Blanks::never && end - at < 3 && text.substr(pairs).starts_with(',') &&
         is_group(text, pairs + 1, 2))
    pairs += 3;
  if (pairs > end && text.substr(pairs).starts_with(',') && is_group(text, pairs + 1, 3)) {
    for (size_t i = end; i < pairs + 4; ++i)
      if (text[i] != ',') out += text[i];
    return pairs + 4;
  }
  const auto separated = [&] {
    if (const size_t size = separator_size(text, end)) return is_group(text, end + size, 3) ? size : 0;
    const bool blank = blanks != Blanks::never && text[at] != '0' && text.substr(end).starts_with(' ') &&
                       is_group(text, end + 1, 3) && !text.substr(end + 4).starts_with('/');
    return size_t{blank && (blanks == Blanks::always || text.substr(end + 1, 3) == "000") ? 1U : 0U};
  };
  while (end < text.size()) {
    const size_t size = separated();
    if (size == 0) break;
    out.append(text, end + size, 3);
    end += size + 3;
  }
  return end;
}

// Points between thousands, where nothing else can be meant: "1.234.567", and "1.234,56" with a comma for the decimals. The
// end, and the number in `out`; else `at` and nothing.
inline size_t pointed_end(std::string_view text, size_t at, std::string& out) {
  size_t end = digits_end(text, at), groups = 0;
  if (end == at || end - at > 3 || text[at] == '0') return at;
  std::string digits(text.substr(at, end - at));
  for (; text.substr(end).starts_with('.') && is_group(text, end + 1, 3); ++groups, end += 4) digits.append(text, end + 1, 3);
  const auto goes_on = [&](size_t i) { return i + 1 < text.size() && text[i] == '.' && is_ascii_digit(text[i + 1]); };
  if (groups == 0 || goes_on(end)) return at;
  if (const size_t decimals = digits_end(text, end + 1);
      text.substr(end).starts_with(',') && decimals > end + 1 && decimals < end + 4 && !goes_on(decimals)) {
    digits.append(1, '.').append(text, end + 1, decimals - end - 1);
    end = decimals;
  } else if (groups < 2) {
    return at;
  }
  out = std::move(digits);
  return end;
}

/// The exponent at `at`: "3", "-4", "{-4}", and with `raised` "⁻⁴". At most nine digits.
struct ExponentAt {
  size_t end = 0;
  int value = 0;
};
inline std::optional<ExponentAt> exponent_at(std::string_view text, size_t at, bool raised = false) {
  const auto skip = [&](std::string_view what) {
    const bool there = text.substr(at).starts_with(what);
    if (there) at += what.size();
    return there;
  };
  constexpr std::string_view high[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  const bool braces = !raised && skip("{");
  const bool minus = raised ? skip("⁻") : skip("-") || skip("−");
  if (!minus && !raised) skip("+");
  int value = 0;
  size_t digits = 0;
  for (; digits < 10; ++digits) {
    int digit = -1;
    if (!raised && at < text.size() && is_ascii_digit(text[at])) digit = text[at] - '0', ++at;
    for (int d = 0; raised && digit < 0 && d < 10; ++d)
      if (skip(high[d])) digit = d;
    if (digit < 0) break;
    if (digits < 9) value = 10 * value + digit;
  }
  if (digits == 0 || digits == 10 || (braces && !skip("}"))) return std::nullopt;
  return ExponentAt{at, minus ? -value : value};
}

/// A power of ten behind a number: "e3", "E-4", " \\times 10^{-4}", "×10^3", "·10⁵".
inline std::optional<ExponentAt> power_at(std::string_view text, size_t at) {
  const auto skip = [&](std::string_view what) {
    const bool there = text.substr(at).starts_with(what);
    if (there) at += what.size();
    return there;
  };
  const auto letter = [&](size_t i) { return i < text.size() && (text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'z'; };
  bool raised = false;
  if (skip("e") || skip("E")) {
    if (at < text.size() && text[at] == '{') return std::nullopt;
  } else {
    skip(" ");
    if (!(skip("\\times") || skip("\\cdot") || skip("×") || skip("·") || skip("*") || skip("x"))) return std::nullopt;
    skip(" ");
    if (!skip("10")) return std::nullopt;
    raised = !(skip("^") || skip("**"));
  }
  const auto out = exponent_at(text, at, raised);
  return out && !letter(out->end) ? out : std::nullopt;
}

/// "12.5" and 3: "12500".
inline std::string times_power(std::string value, int exponent) {
  const size_t dot = std::min(value.find('.'), value.size());
  if (dot < value.size()) value.erase(dot, 1);
  auto point = static_cast<std::ptrdiff_t>(dot) + exponent;
  if (point < 1) value.insert(0, static_cast<size_t>(1 - point), '0'), point = 1;
  if (static_cast<size_t>(point) >= value.size()) {
    value.append(static_cast<size_t>(point) - value.size(), '0');
    return value;
  }
  value.insert(static_cast<size_t>(point), ".");
  value.resize(value.find_last_not_of('0') + 1);
  if (value.back() == '.') value.pop_back();
  return value;
}

constexpr int written_out_max = 30;  // the largest power of ten whose zeros are written

/// A whole number to a power, as digits; else as it was written.
inline std::string to_power(const std::string& base, int exponent) {
  if (base == "10" && std::abs(exponent) <= written_out_max) return times_power("1", exponent);
  uint64_t value = 1, factor = 0;
  const auto [end, code] = std::from_chars(base.data(), base.data() + base.size(), factor);
  bool fits = code == std::errc() && end == base.data() + base.size() && exponent >= 0 && exponent < 64;
  for (int i = 0; fits && i < exponent; ++i) fits = !__builtin_mul_overflow(value, factor, &value);
  return fits ? std::to_string(value) : base == "10" ? "1e" + std::to_string(exponent) : base + "^" + std::to_string(exponent);
}

}  // namespace detail

/// The number that begins at byte `at` (with its digits, or a point before them), or nothing. Signs are the caller's.
inline std::optional<NumberAt> number_at(std::string_view text, size_t at, Blanks blanks = Blanks::before_zeros) {
  NumberAt out{at, at, {}};
  out.end = detail::pointed_end(text, at, out.value);
  const bool pointed = out.end > at;
  if (!pointed && at < text.size() && is_ascii_digit(text[at])) out.end = detail::whole_end(text, at, out.value, blanks);
  if (!pointed && out.end < text.size() && text[out.end] == '.') {
    const size_t end = detail::digits_end(text, out.end + 1);
    if (end > out.end + 1) {
      if (out.value.empty()) out.value = "0";
      out.value.append(text, out.end, end - out.end);
      out.value.resize(out.value.find_last_not_of('0') + 1);
      if (out.value.back() == '.') out.value.pop_back();
      out.end = end;
    }
  }
  if (out.end == at) return std::nullopt;
  const size_t zeros = std::min(out.value.find_first_not_of('0'), out.value.size() - 1);
  out.value.erase(0, out.value[zeros] == '.' ? zeros - 1 : zeros);
  if (const auto power = detail::power_at(text, out.end)) {
    out.value = out.value == "0" ? out.value
                : std::abs(power->value) > detail::written_out_max ? out.value + "e" + std::to_string(power->value)
                                                                 : detail::times_power(std::move(out.value), power->value);
    out.end = power->end;
  } else {
    const std::string_view rest = text.substr(out.end);
    const size_t sign = rest.starts_with('^') ? 1 : rest.starts_with("**") ? 2 : 0;
    if (const auto exponent = detail::exponent_at(text, out.end + sign, sign == 0);
        exponent && (sign > 0 || out.value == "10")) {  // elsewhere a raised digit may be a footnote's
      out.value = detail::to_power(out.value, exponent->value);
      out.end = exponent->end;
    }
  }
  return out;
}

namespace detail {

/// Whether the digit at `at` stands in an exponent or an index, or right behind a letter: "cm^2", "x_1", "x^{-2}", "A4".
inline bool belongs_to_a_word(std::string_view text, size_t at) {
  const auto letter = [&](size_t i) { return (text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'z'; };
  if (at > 0 && letter(at - 1) && (at < 2 || text[at - 2] != '\\')) return true;  // \frac12 is LaTeX's
  if (at > 1 && text[at - 1] == '-' && (text[at - 2] == '^' || text[at - 2] == '{')) --at;
  if (at > 1 && text[at - 1] == '{') --at;
  if (at == 0) return false;
  if (text[at - 1] == '^') return true;
  return text[at - 1] == '_' && at > 1 && (letter(at - 2) || text[at - 2] == '}');
}

/// The end of what begins with a digit and is no number: "0x1F", "3.5.2"; else `at`.
inline size_t end_of_no_number(std::string_view text, size_t at) {
  const auto hex = [&](size_t i) {
    return i < text.size() && (is_ascii_digit(text[i]) || ((text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'f'));
  };
  if (text.substr(at, 2) == "0x" || text.substr(at, 2) == "0X") {
    size_t end = at + 2;
    while (hex(end)) ++end;
    if (end > at + 2) return end;
  }
  if (std::string digits; pointed_end(text, at, digits) > at) return at;
  size_t end = digits_end(text, at), parts = 1;
  for (; end < text.size() && text[end] == '.'; ++parts) {
    const size_t next = digits_end(text, end + 1);
    if (next == end + 1) break;
    end = next;
  }
  return parts > 2 ? end : at;
}

/// "1 1/2": a whole number of at most three digits and a proper fraction behind it, as one fraction.
inline bool take_fraction(std::string_view text, NumberAt& whole) {
  if (whole.end >= text.size() || text[whole.end] != ' ' || whole.value.size() > 3) return false;
  if (whole.value.find_first_not_of("0123456789") != std::string::npos) return false;
  const size_t above_end = digits_end(text, whole.end + 1), below_end = digits_end(text, above_end + 1);
  const size_t above_size = above_end - whole.end - 1, below_size = below_end - std::min(below_end, above_end + 1);
  if (above_size == 0 || above_size > 4 || below_size == 0 || below_size > 4 || text[above_end] != '/') return false;
  const bool goes_on = below_end + 1 < text.size() && text[below_end] == '.' && is_ascii_digit(text[below_end + 1]);
  if (goes_on || (below_end < text.size() && text[below_end] == '/')) return false;
  const auto number = [&](size_t at, size_t size) { return std::stoi(std::string(text.substr(at, size))); };
  const int above = number(whole.end + 1, above_size), below = number(above_end + 1, below_size);
  if (above >= below) return false;
  whole.value = std::to_string(std::stoi(whole.value) * below + above) + "/" + std::to_string(below);
  whole.end = below_end;
  return true;
}

/// LaTeX's fraction of two whole numbers that begins at `at`: "\\frac{1}{2}", "\\dfrac12", "\\frac{-1}{2}". Nothing where it is
/// none.
inline std::optional<NumberAt> latex_fraction(std::string_view text, size_t at) {
  size_t i = at + 1;
  if (i < text.size() && (text[i] == 'd' || text[i] == 't')) ++i;
  if (text.substr(at, 1) != "\\" || !text.substr(i).starts_with("frac")) return std::nullopt;
  i += 4;
  NumberAt out{at, at, {}};
  bool minus = false;
  for (const char* sign : {"", "/"}) {
    const bool braced = i < text.size() && text[i] == '{', negative = braced && text.substr(i + 1).starts_with('-');
    const size_t begin = braced ? i + 1 + negative : i, end = braced ? digits_end(text, begin) : begin + 1;
    if (end == begin || end > text.size() || !is_ascii_digit(text[begin]) || (braced && text.substr(end, 1) != "}"))
      return std::nullopt;
    minus = minus != negative;
    out.value.append(sign).append(text, begin, end - begin);
    i = braced ? end + 1 : end;
  }
  if (minus) out.value.insert(0, 1, '-');
  out.end = i;
  return out;
}

/// One character that is a fraction: "½".
inline std::optional<NumberAt> written_fraction(std::string_view text, size_t at) {
  constexpr std::pair<std::string_view, std::string_view> all[] = {
      {"½", "1/2"}, {"⅓", "1/3"}, {"⅔", "2/3"}, {"¼", "1/4"}, {"¾", "3/4"}, {"⅕", "1/5"}, {"⅖", "2/5"}, {"⅗", "3/5"},
      {"⅘", "4/5"}, {"⅙", "1/6"}, {"⅚", "5/6"}, {"⅛", "1/8"}, {"⅜", "3/8"}, {"⅝", "5/8"}, {"⅞", "7/8"}};
  if (at >= text.size() || (text[at] != '\xC2' && text[at] != '\xE2')) return std::nullopt;
  for (const auto& [sign, value] : all)
    if (text.substr(at).starts_with(sign)) return NumberAt{at, at + sign.size(), std::string(value)};
  return std::nullopt;
}

/// A fraction that is one sign or LaTeX's.
inline std::optional<NumberAt> fraction_at(std::string_view text, size_t at) {
  return text.substr(at).starts_with('\\') ? latex_fraction(text, at) : written_fraction(text, at);
}

/// "2½", "2\\frac{1}{2}": a whole number and a proper fraction right behind it, as one fraction.
inline bool take_mixed(std::string_view text, NumberAt& whole) {
  if (whole.value.size() > 6 || whole.value.find_first_not_of("0123456789") != std::string::npos) return false;
  const auto fraction = fraction_at(text, whole.end + (text.substr(whole.end).starts_with(' ') ? 1 : 0));
  const size_t slash = fraction ? fraction->value.find('/') : 0;
  if (!fraction || fraction->value.size() > 9 || fraction->value[0] == '-') return false;
  const int above = std::stoi(fraction->value), below = std::stoi(fraction->value.substr(slash + 1));
  if (above >= below) return false;
  whole.value = std::to_string(std::stoll(whole.value) * below + above) + "/" + std::to_string(below);
  whole.end = fraction->end;
  return true;
}

/// Where the minus of the number at `at` begins, or `at`: "-5", "−5", "–5", "-$5", "negative 5", 负5. A sign is no minus where
/// something stands before it that it could take from: "5-3", "(x)-3", "a-3".
inline size_t sign_before(std::string_view text, size_t at) {
  const auto ends = [&](size_t end, std::string_view what) { return text.substr(0, end).ends_with(what); };
  if (ends(at, "负") && !ends(at, "正负")) return at - std::string_view("负").size();
  for (const std::string_view word : {"negative ", "minus "}) {
    if (at < word.size() || lower(text.substr(at - word.size(), word.size())) != word) continue;
    const size_t begin = at - word.size();
    if (begin == 0 || word == "negative ") return begin;
    for (const std::string_view before : {" is ", ": ", "= ", " of ", " to ", " be ", "(", " equals "})
      if (ends(begin, before)) return begin;
  }
  size_t sign = at;
  for (const std::string_view money : {"$", "€", "£", "¥", "￥"})
    if (ends(at, money)) sign = at - money.size();
  if (sign < at && sign > 0 && text[sign - 1] == '\\') --sign;  // \$
  for (const std::string_view minus : {"-", "−", "–", "‑", "‐"}) {
    if (!ends(sign, minus)) continue;
    const size_t begin = sign - minus.size();
    const char before = begin == 0 ? ' ' : text[begin - 1];
    const bool taken_from =
        is_ascii_digit(before) || ((before | 0x20) >= 'a' && (before | 0x20) <= 'z') || before == ')' || before == '}';
    return taken_from ? at : begin;
  }
  return at;
}

}  // namespace detail

/// All numbers of a text, from left to right. A minus belongs to its number unless something stands before it that it could be
/// taken from: "5-3" holds 5 and 3. "1/2" is one number, "1 1/2", 1½ and "1\\frac12" are 3/2, "1/2/2024" are three. Digits
/// inside a word ("A4", "x2"), an exponent or index ("cm^2", "x_1"), a version ("3.5.2") or "0x1F" are none.
inline std::vector<NumberAt> numbers(std::string_view text, Blanks blanks = Blanks::before_zeros) {
  std::vector<NumberAt> out;
  const auto letter_before = [&](size_t at) {
    return at > 0 && ((text[at - 1] | 0x20) >= 'a' && (text[at - 1] | 0x20) <= 'z');
  };
  for (size_t i = 0; i < text.size();) {
    const bool point = text[i] == '.' && i + 1 < text.size() && is_ascii_digit(text[i + 1]) && !letter_before(i);  // Rs.500
    if (auto fraction = detail::fraction_at(text, i)) {
      fraction->begin = detail::sign_before(text, i);
      if (fraction->begin < i && fraction->value[0] == '-') fraction->value.erase(0, 1);
      else if (fraction->begin < i) fraction->value.insert(0, 1, '-');
      i = fraction->end;
      out.push_back(*std::move(fraction));
      continue;
    }
    if (!is_ascii_digit(text[i]) && !point) {
      ++i;
      continue;
    }
    const size_t skipped = point ? i : detail::end_of_no_number(text, i);
    if (skipped > i || (!point && detail::belongs_to_a_word(text, i))) {
      i = std::max(skipped, detail::digits_end(text, i));
      continue;
    }
    auto number = number_at(text, i, blanks);
    if (!number) {
      ++i;
      continue;
    }
    size_t end = number->end;
    const auto below = end + 1 < text.size() && text[end] == '/' ? number_at(text, end + 1, blanks) : std::nullopt;
    if (below && (below->end >= text.size() || text[below->end] != '/') && (i == 0 || text[i - 1] != '/')) {
      number->value += "/" + below->value;
      end = number->end = below->end;
    } else if (detail::take_fraction(text, *number) || detail::take_mixed(text, *number)) {
      end = number->end;
    }
    number->begin = detail::sign_before(text, i);
    if (number->begin < i) number->value.insert(0, 1, '-');
    if (number->value == "-0") number->value = "0";
    out.push_back(*std::move(number));
    i = end;
  }
  return out;
}

/// Python's float(text), as far as texts are numbers; "nan" and "inf" too.
inline std::optional<double> python_float(std::string_view text) {
  std::string plain;
  text = strip(text);
  char last = 0;
  for (size_t i = 0; i < text.size();) {
    const utf8::Character c = utf8::at(text, i);
    char here = c.code < 0x80 ? static_cast<char>(c.code) : 0;
    if (c.code >= 0x80 && is_digit(c.code)) {  // ten in a row, of which the first is zero
      char32_t zero = c.code;
      while (is_digit(zero - 1) && c.code - zero < 9) --zero;
      here = static_cast<char>('0' + (c.code - zero));
    }
    i += c.size;
    if (here == 0) return std::nullopt;
    if (here == '_') {
      if (!is_ascii_digit(last) || i >= text.size() || !is_digit(utf8::at(text, i).code)) return std::nullopt;
    } else {
      plain += here;
    }
    last = here;
  }
  std::string_view rest = plain;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest.empty() || rest.front() == '+' || rest.front() == '-') return std::nullopt;
  std::string word = lower(rest);
  double value = 0;
  if (word == "inf" || word == "infinity") value = HUGE_VAL;
  else if (word == "nan") value = std::nan("");
  else {
    if (!is_ascii_digit(rest.front()) && rest.front() != '.') return std::nullopt;
    if (word.find_first_not_of("0123456789.e+-") != word.npos) return std::nullopt;
    const auto [end, code] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (end != rest.data() + rest.size()) return std::nullopt;
    if (code == std::errc::result_out_of_range) value = std::strtod(plain.c_str() + (rest.data() - plain.data()), nullptr);
    else if (code != std::errc()) return std::nullopt;
  }
  return negative ? -value : value;
}

/// Whether Python's int(text) is a number, and the number as a double.
inline std::optional<double> python_int(std::string_view text) {
  const std::string_view plain = strip(text);
  size_t digits = 0;
  for (size_t i = 0; i < plain.size();) {
    const utf8::Character c = utf8::at(plain, i);
    if (is_digit(c.code)) ++digits;
    else if (c.code != '_' && !((c.code == '-' || c.code == '+') && i == 0)) return std::nullopt;
    i += c.size;
  }
  if (digits == 0 || digits > 4300) return std::nullopt;  // Python's own limit
  return python_float(plain);
}

}  // namespace sextant::text
