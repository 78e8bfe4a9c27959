// Answers of a few words, and the small rules that OpenCompass has for single data sets. Linear in the text. Pure; [any]
// thread.
#pragma once
#include <set>
#include "../../text/boxed.hpp"
#include "../../text/general.hpp"
#include "../../text/replies.hpp"

namespace sextant::postprocess {

/// What "the answer is" states last, else the first line that is not empty; without dress and a final dot. "" of an empty
/// reply.
inline std::string short_answer(std::string_view reply) {
  const std::string answer = split_thinking(reply).answer;
  std::string_view plain = text::strip(text::before_next_question(answer));
  if (const auto box = text::last_boxed(plain)) return std::string(text::undressed(*box));
  if (const auto stated = text::last_statement(plain); stated && !text::strip(plain.substr(stated->end)).empty())
    plain = plain.substr(stated->end);
  return std::string(text::undressed(text::first_line(plain)));
}

inline std::string first_line(std::string_view reply) {
  const std::string answer = split_thinking(reply).answer;
  return std::string(text::strip(text::first_line(answer)));
}
inline std::string first_line_opencompass(std::string_view reply) { return std::string(text::strip(text::first_line(reply))); }
inline std::string flores_opencompass(std::string_view reply) { return std::string(text::first_line(reply)); }

/// LongBench's few-shot sets: the first line behind empty ones, with its blanks.
inline std::string line_opencompass(std::string_view reply) {
  reply.remove_prefix(std::min(reply.find_first_not_of('\n'), reply.size()));
  return std::string(text::before(reply, "\n"));
}

inline std::string triviaqa_opencompass(std::string_view reply) {
  const std::string line = text::lower(text::first_line(reply));
  std::string_view answer = line;
  for (const std::string_view mark : {"answer is", "a:", "answer:"}) answer = text::behind_last(answer, mark);
  return text::general_opencompass(text::strip(answer));
}
inline std::string nq_opencompass(std::string_view reply) {
  const std::string line = text::lower(text::first_line(reply));
  return text::general_opencompass(text::behind_last(line, "answer is"));
}

inline std::string record_opencompass(std::string_view reply) {
  return std::string(text::strip(text::replaced(text::first_line(reply), "Answer: ", "")));
}
inline std::string cmrc_opencompass(std::string_view reply) {
  const auto parts = text::split(reply, "答案是");
  return std::string(parts[parts.size() > 1 ? 1 : 0]);
}
inline std::string lcsts_opencompass(std::string_view reply) {
  // OpenCompass drops one Russian word, too, which a model of theirs wrote
  std::string line(text::strip(text::replaced(text::first_line(reply), "своей", "")));
  for (const std::string_view bullet : {"1. ", "- "})
    if (line.starts_with(bullet)) line = text::replaced(line, bullet, "");
  return std::string(text::strip(line, "“，。！”"));
}
inline std::string lcsts(std::string_view reply) {
  std::string line = first_line(reply);
  for (const std::string_view bullet : {"1. ", "- "})
    if (line.starts_with(bullet)) line.erase(0, bullet.size());
  return std::string(text::strip(text::strip(line, "“”\"，。！")));
}

inline std::string theoremqa_opencompass(std::string_view reply) {
  reply = text::strip(reply);
  for (size_t at = reply.find("answer is "); at != reply.npos; at = reply.find("answer is ", at + 1)) {
    const std::string_view rest = reply.substr(at + 10);
    if (rest.empty() || text::is_blank(utf8::at(rest, 0).code)) continue;
    return std::string(text::strip(text::words(rest).front(), ".,?!\"';:"));
  }
  return std::string(reply);
}

/// yes or no behind the last "answer is" of the first paragraph: OpenCompass takes either inside words, too ("know" gives no).
inline std::string strategyqa_opencompass(std::string_view reply) {
  const std::string answer = text::lower(text::behind_last(text::before(reply, "\n\n"), "answer is "));
  const size_t yes = answer.find("yes"), no = answer.find("no");
  return yes == no ? "" : yes < no ? "yes" : "no";
}
inline std::string strategyqa(std::string_view reply) {
  const std::string answer = split_thinking(reply).answer;
  std::string_view plain = text::before_next_question(answer);
  if (const auto stated = text::last_statement(plain)) plain = plain.substr(stated->end);
  std::string word;
  bool denied = false;  // "not true", "isn't true"
  for (const char c : text::lower(plain) + " ") {
    if (c >= 'a' && c <= 'z') {
      word += c;
      continue;
    }
    if (word == "yes" && denied) return "no";
    if (word == "yes" || (word == "true" && !denied) || (word == "false" && denied)) return "yes";
    if (word == "no" || word == "false" || word == "true") return "no";
    if (!word.empty()) denied = word == "not" || word == "t";
    word.clear();
  }
  return {};
}
inline std::string strategyqa_reference(std::string_view target) { return target == "True" || target == "true" ? "yes" : "no"; }

/// The capitals of a text, each once and in order.
inline std::string capitals_opencompass(std::string_view reply) {
  std::set<char32_t> found;
  for (const char32_t c : text::code_points(reply))
    if (text::is_upper(c)) found.insert(c);
  return text::to_utf8(std::u32string(found.begin(), found.end()));
}
inline std::string last_capital_opencompass(std::string_view reply) {
  std::string out;
  for (const char32_t c : text::code_points(reply))
    if (text::is_upper(c)) out = text::to_utf8(std::u32string_view(&c, 1));
  return out;
}

/// The content of the last <tag>...</tag> that a scan from the left finds; tags in any case of ASCII letters.
inline std::optional<std::string> in_tag(std::string_view reply, std::string_view tag) {
  const auto lowered = [](std::string text) {
    for (char& c : text)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
  };
  const std::string open = lowered("<" + std::string(tag) + ">"), close = lowered("</" + std::string(tag) + ">"),
                    lower = lowered(std::string(reply));
  std::optional<std::string> out;
  for (size_t from = 0;;) {
    const size_t begin = lower.find(open, from), end = begin == lower.npos ? begin : lower.find(close, begin + open.size());
    if (end == lower.npos) return out;
    out = std::string(text::strip(reply.substr(begin + open.size(), end - begin - open.size())));
    from = end + close.size();
  }
}

}  // namespace sextant::postprocess
