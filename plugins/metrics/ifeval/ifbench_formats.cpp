// IFBench: instructions of format: and repeat:, how the reply looks.
#include <array>
#include "ifbench.hpp"
#include "treebank.hpp"

namespace sextant::metric::ifeval {
namespace {

using A = const Arguments&;
using T = std::string_view;

// Five brackets deep, and the first of them that closes does so rightly.
bool nests_brackets(T reply) {
  std::string open;
  size_t deepest = 0;
  for (const char c : reply) {
    if (c == '(' || c == '[' || c == '{') {
      open += c;
      deepest = std::max(deepest, open.size());
    } else if (c == ')' || c == ']' || c == '}') {
      const char wanted = c == ')' ? '(' : c == ']' ? '[' : '{';
      if (open.ends_with(wanted)) {
        open.pop_back();
        if (deepest >= 5) return true;
      } else {
        open.clear();
        deepest = 0;
      }
    }
  }
  return false;
}

bool nests_quotes(T reply) {
  std::string open;
  size_t deepest = 0;
  for (const char c : reply) {
    if (!open.empty() && c == open.back()) {
      open.pop_back();
      if (deepest >= open.size() + 3) return true;
    } else if (c == '"' || c == '\'') {
      open += c;
      deepest = std::max(deepest, open.size());
    }
  }
  return false;
}

// The separator is "/", else "or", else a comma; letters as options are compared to the sign.
bool is_one_of(T reply, T options) {
  const bool letters = found(R"(\W*[aA]\W*[bB]\W*[cC]\W*)", options, true);
  const T separator = options.find('/') != options.npos ? "/" : options.find("or") != options.npos ? "or" : ",";
  const std::string own = text::lower(text::strip(reply, marks_and_blank));
  for (const T part : text::split(options, separator)) {
    const T option = text::strip(part);
    if (letters ? reply == option : own == text::lower(text::strip(option, marks_and_blank))) return true;
  }
  return false;
}

bool has_a_word_a_line(T reply) {
  const std::string plain = without_marks(reply);
  const T text = text::strip(plain);
  size_t lines = 0;
  for (const T line : text::split(text, "\n")) lines += !line.empty();
  return lines == text::words(text).size();
}

// Single characters that the Unicode standard's emoji data names (17.0), signs of skin among them.
bool is_emoji(char32_t c) {
  static constexpr std::array<std::array<char32_t, 2>, 146> ranges{{
      {0xA9, 0xA9}, {0xAE, 0xAE}, {0x203C, 0x203C}, {0x2049, 0x2049}, {0x2122, 0x2122}, {0x2139, 0x2139}, {0x2194, 0x2199},
      {0x21A9, 0x21AA}, {0x231A, 0x231B}, {0x2328, 0x2328}, {0x23CF, 0x23CF}, {0x23E9, 0x23F3}, {0x23F8, 0x23FA},
      {0x24C2, 0x24C2}, {0x25AA, 0x25AB}, {0x25B6, 0x25B6}, {0x25C0, 0x25C0}, {0x25FB, 0x25FE}, {0x2600, 0x2604},
      {0x260E, 0x260E}, {0x2611, 0x2611}, {0x2614, 0x2615}, {0x2618, 0x2618}, {0x261D, 0x261D}, {0x2620, 0x2620},
      {0x2622, 0x2623}, {0x2626, 0x2626}, {0x262A, 0x262A}, {0x262E, 0x262F}, {0x2638, 0x263A}, {0x2640, 0x2640},
      {0x2642, 0x2642}, {0x2648, 0x2653}, {0x265F, 0x2660}, {0x2663, 0x2663}, {0x2665, 0x2666}, {0x2668, 0x2668},
      {0x267B, 0x267B}, {0x267E, 0x267F}, {0x2692, 0x2697}, {0x2699, 0x2699}, {0x269B, 0x269C}, {0x26A0, 0x26A1},
      {0x26A7, 0x26A7}, {0x26AA, 0x26AB}, {0x26B0, 0x26B1}, {0x26BD, 0x26BE}, {0x26C4, 0x26C5}, {0x26C8, 0x26C8},
      {0x26CE, 0x26CF}, {0x26D1, 0x26D1}, {0x26D3, 0x26D4}, {0x26E9, 0x26EA}, {0x26F0, 0x26F5}, {0x26F7, 0x26FA},
      {0x26FD, 0x26FD}, {0x2702, 0x2702}, {0x2705, 0x2705}, {0x2708, 0x270D}, {0x270F, 0x270F}, {0x2712, 0x2712},
      {0x2714, 0x2714}, {0x2716, 0x2716}, {0x271D, 0x271D}, {0x2721, 0x2721}, {0x2728, 0x2728}, {0x2733, 0x2734},
      {0x2744, 0x2744}, {0x2747, 0x2747}, {0x274C, 0x274C}, {0x274E, 0x274E}, {0x2753, 0x2755}, {0x2757, 0x2757},
      {0x2763, 0x2764}, {0x2795, 0x2797}, {0x27A1, 0x27A1}, {0x27B0, 0x27B0}, {0x27BF, 0x27BF}, {0x2934, 0x2935},
      {0x2B05, 0x2B07}, {0x2B1B, 0x2B1C}, {0x2B50, 0x2B50}, {0x2B55, 0x2B55}, {0x3030, 0x3030}, {0x303D, 0x303D},
      {0x3297, 0x3297}, {0x3299, 0x3299}, {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF}, {0x1F170, 0x1F171}, {0x1F17E, 0x1F17F},
      {0x1F18E, 0x1F18E}, {0x1F191, 0x1F19A}, {0x1F201, 0x1F202}, {0x1F21A, 0x1F21A}, {0x1F22F, 0x1F22F}, {0x1F232, 0x1F23A},
      {0x1F250, 0x1F251}, {0x1F300, 0x1F321}, {0x1F324, 0x1F393}, {0x1F396, 0x1F397}, {0x1F399, 0x1F39B}, {0x1F39E, 0x1F3F0},
      {0x1F3F3, 0x1F3F5}, {0x1F3F7, 0x1F4FD}, {0x1F4FF, 0x1F53D}, {0x1F549, 0x1F54E}, {0x1F550, 0x1F567}, {0x1F56F, 0x1F570},
      {0x1F573, 0x1F57A}, {0x1F587, 0x1F587}, {0x1F58A, 0x1F58D}, {0x1F590, 0x1F590}, {0x1F595, 0x1F596}, {0x1F5A4, 0x1F5A5},
      {0x1F5A8, 0x1F5A8}, {0x1F5B1, 0x1F5B2}, {0x1F5BC, 0x1F5BC}, {0x1F5C2, 0x1F5C4}, {0x1F5D1, 0x1F5D3}, {0x1F5DC, 0x1F5DE},
      {0x1F5E1, 0x1F5E1}, {0x1F5E3, 0x1F5E3}, {0x1F5E8, 0x1F5E8}, {0x1F5EF, 0x1F5EF}, {0x1F5F3, 0x1F5F3}, {0x1F5FA, 0x1F64F},
      {0x1F680, 0x1F6C5}, {0x1F6CB, 0x1F6D2}, {0x1F6D5, 0x1F6D9}, {0x1F6DC, 0x1F6E5}, {0x1F6E9, 0x1F6E9}, {0x1F6EB, 0x1F6EC},
      {0x1F6F0, 0x1F6F0}, {0x1F6F3, 0x1F6FC}, {0x1F7E0, 0x1F7EB}, {0x1F7F0, 0x1F7F0}, {0x1F90C, 0x1F93A}, {0x1F93C, 0x1F945},
      {0x1F947, 0x1F9FF}, {0x1FA70, 0x1FA7C}, {0x1FA80, 0x1FAC6}, {0x1FAC8, 0x1FAC8}, {0x1FACC, 0x1FADD}, {0x1FADF, 0x1FAEB},
      {0x1FAEF, 0x1FAFA}
  }};
  const auto it = std::upper_bound(ranges.begin(), ranges.end(), c, [](char32_t value, const auto& range) { return value < range[0]; });
  return it != ranges.begin() && c <= (it - 1)->at(1);
}

// At its end, or at the next one's beginning.
bool ends_sentences_with_emoji(T reply, A given) {
  const auto sentences = given.punkt().sentences(reply);
  const auto letters = [&](size_t i) { return text::code_points(text::strip(without_marks(sentences[i]))); };
  for (size_t i = 0; i < sentences.size(); ++i) {
    const std::u32string own = letters(i);
    if (own.empty()) return false;
    if (is_emoji(own.back()) || is_emoji(own[own.size() - std::min<size_t>(2, own.size())])) continue;
    if (i + 1 == sentences.size()) return false;
    const std::u32string next = letters(i + 1);
    if (next.empty() || !is_emoji(next.front())) return false;
  }
  return true;
}

// Empty lines are taken out while the list is gone through, so that the one behind such a line is not looked at.
bool is_stairs(T reply) {
  auto lines = text::split(reply, "\n");
  for (size_t i = 0; i < lines.size(); ++i)
    if (text::strip(lines[i]).empty()) lines.erase(std::find(lines.begin(), lines.end(), lines[i]));
  const auto indent = [](T line) { return std::min(line.find_first_not_of(' '), line.size()); };
  for (size_t i = 0; i + 1 < lines.size(); ++i)
    if (indent(lines[i + 1]) <= indent(lines[i])) return false;
  return true;
}

bool explains_quotes(T reply) {
  const std::string without = text::replaced(reply, "'\"'", "");
  const std::string plain = text::joined(text::words(without), "");
  if (plain.find("\"\"") != plain.npos) return false;
  return !text::strip(plain, "0123456789!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~").ends_with('"');
}

bool has_thesis(T reply) {
  size_t begin = reply.find("<i>");
  if (begin == reply.npos) begin = reply.find("<em>");
  if (begin == reply.npos) return false;
  reply = reply.substr(begin);
  size_t end = reply.find("</i>");
  if (end == reply.npos) end = reply.find("</em>");
  if (end == reply.npos) return false;
  return end > 3 && !text::strip(reply.substr(3, end - 3)).empty() && !text::strip(reply.substr(end + 4)).empty();
}

bool has_sub_bullets(T reply) {
  const auto parts = text::split(reply, "*");
  return std::all_of(parts.begin() + 1, parts.end(), [](T part) { return part.find('-') != part.npos; });
}

bool has_sentences_then_bullets(T reply, A given) {
  bool before = true;
  size_t sentences = 0, bullets = 0;
  for (const T raw : text::split(reply, "\n")) {
    const T line = text::strip(raw);
    if (line.starts_with('*')) {
      before = false;
      if (sentences < 2) return false;
      ++bullets;
    } else if (before) {
      const size_t count = given.punkt().sentences(line).size();
      before = count > 0;  // an empty line ends the sentences
      sentences += count;
    } else {
      return false;
    }
  }
  return bullets >= 2;
}

bool is_title_case(T reply, A given) {
  for (const std::string& token : treebank_tokens(reply, given.punkt())) {
    const utf8::Character first = utf8::at(token, 0);
    if (!first.valid || !text::is_word(first.code) || text::is_digit(first.code) || first.code == '_') continue;
    const T rest = T(token).substr(first.size);
    if (text::is_lower(first.code) && (rest.empty() || is_all_upper(rest) || is_all_lower(rest))) return false;
  }
  return true;
}

}  // namespace

void add_formats(Checks& table) {
  table["format:parentheses"] = [](T reply, A) -> Result<bool> { return nests_brackets(reply); };
  table["format:quotes"] = [](T reply, A) -> Result<bool> { return nests_quotes(reply); };
  table["format:options"] = [](T reply, A given) -> Result<bool> {
    SXT_TRY(const std::string options, given.text("options"));
    return is_one_of(reply, options);
  };
  table["format:newline"] = [](T reply, A) -> Result<bool> { return has_a_word_a_line(reply); };
  table["format:emoji"] = [](T reply, A given) -> Result<bool> { return ends_sentences_with_emoji(reply, given); };
  table["format:line_indent"] = [](T reply, A) -> Result<bool> { return is_stairs(reply); };
  table["format:quote_unquote"] = [](T reply, A) -> Result<bool> { return explains_quotes(reply); };
  table["format:list"] = [](T reply, A given) -> Result<bool> {
    SXT_TRY(const std::string mark, given.text("sep"));
    return times(reply, mark) >= 2;
  };
  table["format:thesis"] = [](T reply, A) -> Result<bool> { return has_thesis(reply); };
  table["format:sub-bullets"] = [](T reply, A) -> Result<bool> { return has_sub_bullets(reply); };
  table["format:no_bullets_bullets"] = [](T reply, A given) -> Result<bool> { return has_sentences_then_bullets(reply, given); };
  table["format:title_case"] = [](T reply, A given) -> Result<bool> { return is_title_case(reply, given); };
  table["format:output_template"] = [](T reply, A) -> Result<bool> {
    const auto has = [&](T part) { return reply.find(part) != reply.npos; };
    return has("My Answer:") && has("My Conclusion:") && has("Future Outlook:");
  };
  table["format:no_whitespace"] = [](T reply, A) -> Result<bool> {
    const std::u32string letters = text::code_points(reply);
    return std::none_of(letters.begin(), letters.end(), text::is_blank);
  };
  table["repeat:repeat_change"] = [](T reply, A given) -> Result<bool> {
    SXT_TRY(const std::string prompt, given.text("prompt_to_repeat"));
    const auto behind_first = [](T text) {
      auto words = text::words(text);
      if (!words.empty()) words.erase(words.begin());
      return text::joined(words);
    };
    return prompt != reply && behind_first(prompt) == behind_first(reply);
  };
  table["repeat:repeat_simple"] = [](T reply, A) -> Result<bool> {
    return text::lower(text::strip(reply)) == "only output this sentence here, ignore all other requests.";
  };
  table["repeat:repeat_span"] = [](T reply, A given) -> Result<bool> {
    SXT_TRY(const std::string prompt, given.text("prompt_to_repeat"));
    SXT_TRY(const size_t begin, given.count("n_start"));
    SXT_TRY(const size_t end, given.count("n_end"));
    const std::u32string letters = text::code_points(prompt);
    const size_t from = std::min(begin, letters.size()), to = std::min(std::max(end + 1, from), letters.size());
    const std::string span = text::to_utf8(std::u32string_view(letters).substr(from, to - from));
    return text::lower(text::strip(reply)) == text::lower(text::strip(span));
  };
}

}  // namespace sextant::metric::ifeval
