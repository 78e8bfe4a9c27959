// A reply as first_option reads it: one spelling of what can be written in many ways. Pure; [any] thread; linear in the text.
#pragma once
#include <array>
#include <string>
#include <string_view>
#include <sextant/utf8_text.hpp>
#include "../letters.hpp"

namespace sextant::postprocess {

/// What stands where a box (\boxed{...}) opens.
inline constexpr char box = '\x01';

namespace canonical_detail {

inline bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

inline bool is_blank(char32_t c) {
  return c <= 0x20 || c == 0x7F || (c >= 0x80 && c <= 0xA0) || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}
inline bool is_line_end(char32_t c) { return (c >= 0x0A && c <= 0x0D) || c == 0x85 || c == 0x2028 || c == 0x2029; }
/// Zero-width characters and directions: nobody sees them.
inline bool is_invisible(char32_t c) {
  return (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x2069) || c == 0xFEFF ||
         c == 0xAD;
}
inline bool is_opening(char32_t c) {
  return c == '(' || c == '[' || c == '{' || c == 0x3010 || c == 0x300C || c == 0x300E || c == 0x300A || c == 0x3008 ||
         c == 0x3014;
}
inline bool is_closing(char32_t c) {
  return c == ')' || c == ']' || c == '}' || c == 0x3011 || c == 0x300D || c == 0x300F || c == 0x300B || c == 0x3009 ||
         c == 0x3015;
}

/// The name of the command behind a backslash: letters only.
inline std::string_view command_at(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && end - at < 16 && is_letter(text[end])) ++end;
  return text.substr(at, end - at);
}
inline bool only_sets_type(std::string_view command) {
  constexpr std::array<std::string_view, 16> commands{"text",   "textbf",       "textit", "textrm", "texttt", "mathrm",
                                                      "mathbf", "mathsf",       "mathit", "mathtt", "bf",     "rm",
                                                      "mbox",   "displaystyle", "quad",   "left"};
  for (const std::string_view one : commands)
    if (command == one) return true;
  return false;
}

/// Full-width letters, digits and signs as ASCII; dashes and arrows as one; else the character itself.
inline char32_t plain(char32_t c) {
  if (c >= 0xFF01 && c <= 0xFF5E) return c - 0xFF01 + '!';
  if (c == 0x2019 || c == 0x2018) return '\'';
  if (c == 0x201C || c == 0x201D || c == 0xAB || c == 0xBB) return '"';
  if ((c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0x2192 || c == 0x21D2) return '-';
  return c;
}

/// Whether an opening bracket holds no more than an option: "(B)", "[ **B** ]", "(选项B)". Looks at a few bytes only.
inline bool holds_a_letter(std::string_view text, size_t at) {
  for (size_t seen = 0; at < text.size() && seen < 8; ++seen) {
    const utf8::Character character = utf8::at(text, at);
    const char32_t c = plain(character.code);
    at += character.size;
    if (c < 0x80 && is_letter(static_cast<char>(c))) return !(at < text.size() && is_ascii_word(text[at]));
    if (c != '*' && c != '"' && c != ' ' && c != '\'' && c != '$' && c != '\\' && !is_opening(c)) return false;
  }
  return false;
}

/// The end of what is struck out at `at` ("~~A~~", "<del>A</del>"), or 0: no answer of anybody. A line at most, and not a long
/// one.
inline size_t struck_out(std::string_view text, size_t at) {
  if (text[at] != '~' && text[at] != '<') return 0;
  struct Tags { std::string_view open, close; };
  for (const auto& [open, close] :
       {Tags{"~~", "~~"}, Tags{"<del>", "</del>"}, Tags{"<s>", "</s>"}, Tags{"<strike>", "</strike>"}}) {
    if (!text.substr(at).starts_with(open)) continue;
    const std::string_view inside = text.substr(at + open.size(), 160);
    const size_t end = inside.find(close);
    if (end != inside.npos && end > 0 && inside.substr(0, end).find('\n') == inside.npos)
      return at + open.size() + end + close.size();
  }
  return 0;
}

}  // namespace canonical_detail

/// Without markdown, quotes and LaTeX's dress; brackets around a letter as ")" behind it, runs of blanks as one blank or line
/// feed, and <answer> as "answer:". The result is valid UTF-8.
inline std::string canonical(std::string_view text) {
  using namespace canonical_detail;
  std::string out;
  out.reserve(text.size());
  char pending = 0;  // a blank or a line feed that is due before the next character
  const auto put = [&](char32_t c) {
    if (pending && !out.empty()) out += pending;
    pending = 0;
    utf8::append(out, c);
  };
  for (size_t i = 0; i < text.size();) {
    const utf8::Character character = utf8::at(text, i);
    const char32_t c = character.valid ? plain(character.code) : U' ';
    const size_t next = i + character.size;
    i = next;
    if (const size_t struck = struck_out(text, i - character.size); struck > 0) {
      i = struck;
      continue;
    }
    if (is_invisible(c) || c == '*' || c == '`' || c == '"' || c == '$') continue;
    if (is_blank(c) || c == '_' || is_line_end(c)) {
      if (is_line_end(c)) pending = '\n';
      else if (!pending) pending = ' ';
    } else if (c == '\'') {
      const bool inside = !out.empty() && !pending && is_letter(out.back()) && next < text.size() && is_letter(text[next]);
      if (inside) put(c);
    } else if (c == '#' || c == '>') {
      if (!out.empty() && pending != '\n') put(c);  // not a heading's, not a quotation's
    } else if (c == '<') {
      if (text.substr(next).starts_with("answer>")) {
        i = next + 7;
        pending = '\n';
        for (const char letter : std::string_view("answer:")) put(static_cast<unsigned char>(letter));
        pending = ' ';
      } else if (text.substr(next).starts_with("/answer>")) {
        i = next + 8;
        pending = '\n';
      } else {
        put(c);
      }
    } else if (c == '\\') {
      const std::string_view command = command_at(text, next);
      if (command == "boxed" || command == "fbox") {
        put(static_cast<unsigned char>(box));
        i = next + command.size();
        if (i < text.size() && text[i] == '{') ++i;
      } else if (only_sets_type(command)) {
        i = next + command.size();
        if (i < text.size() && text[i] == '{') ++i;
      } else if (command.starts_with("n") && (command.size() == 1 || !(command[1] >= 'a' && command[1] <= 'z'))) {
        i = next + 1;  // a line feed that was escaped twice
        pending = '\n';
      } else if (command.empty()) {
        if (next < text.size() && std::string_view("()[],;! {}").find(text[next]) != std::string_view::npos) i = next + 1;
      } else {
        put(c);
      }
    } else if (c == '[' && text.size() > next + 1 && text[next + 1] == ']' &&
               (text[next] == 'x' || text[next] == 'X' || text[next] == ' ')) {
      put(text[next] != ' ' ? U'√' : U'☐');  // a box with a cross in it
      i = next + 2;
    } else if (is_opening(c)) {
      if (!holds_a_letter(text, next)) c == '{' ? void() : put('(');
    } else if (is_closing(c)) {
      pending = 0;
      if (!out.empty() && out.back() != ')') out += ')';
    } else {
      put(c);
    }
  }
  return out;
}

}  // namespace sextant::postprocess
