// GAOKAO-Bench's points: letters read from a reply that gives them between 【答案】 and <eoa>, compared slot by slot with the
// reference's. Pure; [any] thread.
#pragma once
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/utf8.hpp>
#include "../../postprocessors/letters.hpp"

namespace sextant::metric {

enum class Questions { single_choice, multi_choice, multi_question_choice, five_out_of_seven };

namespace gaokao_detail {

constexpr std::string_view mark = "【答案】";

inline std::string kept(std::string_view text, std::string_view letters) {
  std::string out;
  for (const char c : text)
    if (letters.find(c) != letters.npos) out += c;
  return out;
}

/// What stands behind each 【答案】, up to <eoa>, the next mark or the end.
inline std::vector<std::string_view> marked(std::string_view text) {
  std::vector<std::string_view> out;
  for (size_t at = text.find(mark); at != text.npos;) {
    const size_t begin = at + mark.size();
    at = text.find(mark, begin);
    const std::string_view part = text.substr(begin, at == text.npos ? text.npos : at - begin);
    out.push_back(part.substr(0, part.find("<eoa>")));
  }
  return out;
}

/// The letters of `options` that stand alone or side by side, not inside of words; articles are none.
inline std::string letters_in(std::string_view text, std::string_view options) {
  std::string out;
  for (size_t i = text.find_first_of(options); i != text.npos;) {
    const size_t end = std::min(text.find_first_not_of(options, i), text.size());
    if (postprocess::stands_alone(text, i, end) && !(end == i + 1 && postprocess::is_word_of_one_letter(text, i)))
      out += text.substr(i, end - i);
    i = text.find_first_of(options, end);
  }
  return out;
}

inline std::string sorted_once(std::string_view letters, std::string_view options) {
  std::string out;
  for (const char option : options)
    if (letters.find(option) != letters.npos) out += option;
  return out;
}

inline std::vector<std::string> one_each(std::string_view letters, size_t count) {
  std::vector<std::string> out;
  for (const char c : letters.substr(0, count)) out.emplace_back(1, c);
  return out;
}

}  // namespace gaokao_detail

/// The letters of each slot as a reader takes them: of the marks if there are as many as slots, else of the last mark, else of
/// the whole reply.
inline std::vector<std::string> gaokao_letters(std::string_view given, Questions questions, size_t slots) {
  using namespace gaokao_detail;
  const std::string plain = utf8::half_width(given);
  const std::string_view options = questions == Questions::five_out_of_seven || questions == Questions::multi_question_choice
                                       ? "ABCDEFG"
                                       : "ABCD";
  const auto parts = marked(plain);
  if (questions == Questions::multi_choice) {
    const std::string letters = letters_in(parts.empty() ? std::string_view(plain) : parts.back(), options);
    return letters.empty() ? std::vector<std::string>() : std::vector{sorted_once(letters, options)};
  }
  if (parts.size() == slots && slots > 0) {
    std::vector<std::string> out;
    for (const std::string_view part : parts) out.push_back(letters_in(part, options).substr(0, 1));
    if (slots > 1 || !out.front().empty()) return out;
  }
  const std::string letters = letters_in(parts.empty() ? std::string_view(plain) : parts.back(), options);
  if (questions == Questions::single_choice && !letters.empty())
    return {std::string(1, parts.empty() ? letters.back() : letters.front())};
  return one_each(letters, slots);
}

/// As OpenCompass' GaokaoBenchEvaluator reads them. Its white space is Python's; what Chinese text has of it is here.
inline std::vector<std::string> gaokao_letters_opencompass(std::string_view text, Questions questions, size_t slots) {
  using namespace gaokao_detail;
  if (questions == Questions::single_choice) {
    const std::string letters = kept(text, "ABCD");
    return letters.empty() ? std::vector<std::string>() : std::vector{std::string(1, letters.back())};
  }
  if (questions == Questions::five_out_of_seven) return one_each(kept(text, "ABCDEFG"), 5);
  const auto is_blank = [](char32_t c) { return (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x3000; };
  if (questions == Questions::multi_question_choice) {
    std::vector<std::string> out;
    for (size_t at = text.find(mark); at != text.npos; at = text.find(mark, at + mark.size())) {
      size_t i = at + mark.size();
      const auto skip = [&](auto holds) {
        for (utf8::Character c = utf8::at(text, i); c.size > 0 && holds(c.code); c = utf8::at(text, i)) i += c.size;
      };
      skip(is_blank);
      skip([](char32_t c) { return c == U':' || c == U'：'; });
      skip(is_blank);
      if (i < text.size() && text[i] >= 'A' && text[i] <= 'Z') out.emplace_back(1, text[i]);
    }
    return out.size() == slots ? out : one_each(kept(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), slots);
  }
  std::string content;
  std::vector<size_t> starts;
  for (size_t i = 0; i < text.size();) {
    const utf8::Character c = utf8::at(text, i);
    if (!is_blank(c.code)) {
      starts.push_back(content.size());
      content += text.substr(i, c.size);
    }
    i += c.size;
  }
  const size_t at = content.find(mark);
  const size_t begin = at != content.npos && at > 0 ? at : starts.size() > 10 ? starts[starts.size() - 10] : 0;
  const std::string letters = kept(std::string_view(content).substr(begin), "ABCD");
  return letters.empty() ? std::vector<std::string>() : std::vector{letters};
}

struct Points {
  double got = 0, all = 0;
};

/// One point a slot; of several right letters two, and one for some of them with no wrong one.
inline Points gaokao_points(std::vector<std::string> letters, const std::vector<std::string>& reference, Questions questions) {
  const double whole = questions == Questions::multi_choice ? 2 : 1;
  if (letters.size() != reference.size()) letters.assign(reference.size(), "Z");
  Points points;
  for (size_t i = 0; i < reference.size(); ++i) {
    points.all += whole;
    if (letters[i] == reference[i]) points.got += whole;
    else if (questions == Questions::multi_choice && letters[i].find_first_not_of(reference[i]) == std::string::npos) points.got += 1;
  }
  return points;
}

}  // namespace sextant::metric
