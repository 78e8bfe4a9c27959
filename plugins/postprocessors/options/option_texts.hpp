// An answer that repeats an option's words instead of its letter. Pure; [any] thread.
#pragma once
#include <algorithm>
#include <string>
#include <vector>
#include <sextant/json.hpp>
#include "canonical.hpp"
#include "phrases.hpp"

namespace sextant::postprocess {

/// The options' texts as a reply would repeat them, by letter: columns A, B, ... of the row; the lists that a user's file was
/// understood to have (choice_labels, choice_texts); or "choices", "options" and the like: a list of texts or of objects with a
/// "text", or an object by letters.
class OptionTexts {
 public:
  OptionTexts(std::string_view record_json, std::string_view options) {
    const auto record = json::parse(record_json, "record");
    if (!record || !record->IsObject()) return;
    for (const char letter : options) add(letter, json::find(*record, std::string_view(&letter, 1)));
    const json::Value *labels = json::find(*record, "choice_labels"), *understood = json::find(*record, "choice_texts");
    if (texts_.empty() && labels && understood && labels->IsArray() && understood->IsArray())
      for (rapidjson::SizeType i = 0; i < std::min(labels->Size(), understood->Size()); ++i)
        if ((*labels)[i].IsString() && (*labels)[i].GetStringLength() == 1 &&
            options.find((*labels)[i].GetString()[0]) != options.npos)
          add((*labels)[i].GetString()[0], &(*understood)[i]);
    for (const char* name : {"choices", "options", "endings", "candidates", "alternatives", "answer_choices"}) {
      const json::Value* given = json::find(*record, name);
      if (!texts_.empty() || !given) continue;
      for (const char letter : given->IsObject() ? options : std::string_view())
        add(letter, json::find(*given, std::string_view(&letter, 1)));
      const json::Value* list = given->IsObject() ? json::find(*given, "text") : given;
      if (!texts_.empty() || !list || !list->IsArray()) continue;
      for (rapidjson::SizeType i = 0; i < list->Size() && i < options.size(); ++i)
        add(options[i], (*list)[i].IsObject() ? json::find((*list)[i], "text") : &(*list)[i]);
    }
  }

  /// Where the option's own words end, if they stand behind its letter at `at` ("B. False", "B (wrong)"); else `at`. They judge
  /// nothing, whatever they say.
  size_t end_behind(char letter, std::string_view reply, size_t at) const {
    const std::string_view text = of(letter);
    if (text.empty()) return at;
    size_t i = at;
    const auto is_sign = [&](size_t k) {
      return k < reply.size() && std::string_view(").:,-( \n").find(reply[k]) != std::string_view::npos;
    };
    while (i - at < 4 && (is_sign(i) || reply.substr(i).starts_with("、"))) i += is_sign(i) ? 1 : 3;
    if (i == at) return at;  // "B错误": it is judged
    for (size_t k = 0; k < text.size(); ++i) {
      if (i >= reply.size()) return at;
      const char c = reply[i] >= 'A' && reply[i] <= 'Z' ? static_cast<char>(reply[i] - 'A' + 'a') : reply[i];
      if (c == '(' || c == ')' || c == box) continue;
      if (c != text[k++]) return at;
    }
    if (i < reply.size() && is_ascii_word(reply[i]) && is_ascii_word(text.back())) return at;
    while (i < reply.size() && reply[i] == ')') ++i;
    return i;
  }

  /// An option's text in lower case; "" where the row has none.
  std::string_view of(char letter) const {
    for (const Option& option : texts_)
      if (option.letter == letter) return option.text;
    return {};
  }

  /// The option that the whole reply, its last line, or the words behind "the answer is" repeat; nothing where that is not
  /// exactly one. `reply` is canonical.
  Result<std::string> repeated_in(std::string_view reply, const Phrases& phrases) const {
    if (texts_.empty()) return std::string();
    if (std::string found = equal_to(reply); !found.empty()) return found;
    std::string found;
    bool several = false;
    SXT_CHECK(phrases.states_a_text.for_each(reply, [&](size_t, size_t end) {
      const std::string one = beginning(plain_of(reply.substr(end, utf8::boundary(reply.substr(end), longest_ + sum_max))));
      if (one.empty()) return;
      several = several || one == several_ || (!found.empty() && one != found);
      found = one;
    }));
    if (several) return std::string();
    if (!found.empty()) return found;
    const size_t line = reply.rfind('\n');
    return line == reply.npos ? std::string() : equal_to(reply.substr(line + 1));
  }

 private:
  struct Option {
    char letter;
    std::string text;
  };

  void add(char letter, const json::Value* value) {
    if (!value || value->IsNull() || value->IsArray() || value->IsObject()) return;
    const std::string text = value->IsString() ? std::string(json::text(*value)) : json::write(*value);
    std::string plain = plain_of(canonical(text));
    longest_ = std::max(longest_, plain.size());
    if (!plain.empty()) texts_.push_back({letter, std::move(plain)});
  }
  /// Lower case, without brackets, a blank before a percent sign, and what ends a sentence.
  static std::string plain_of(std::string_view text) {
    std::string out;
    for (const char c : text) {
      if (c == '%' && out.size() > 1 && out.back() == ' ' && is_digit_at(out, out.size() - 2)) out.pop_back();
      if (c == '%' && out.ends_with('\\')) out.pop_back();
      if (c != '(' && c != ')' && c != box) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    for (bool ended = true; ended && !out.empty();) {
      ended = false;
      for (const std::string_view end : {".", "。", "!", " ", "\n", ";", ","})
        if (out.ends_with(end)) out.resize(out.size() - end.size()), ended = true;
    }
    return out;
  }
  std::string equal_to(std::string_view reply) const {
    if (reply.size() > 2 * longest_ + 16) return {};
    const std::string plain = plain_of(reply);
    std::string found;
    for (const Option& option : texts_) {
      if (option.text != plain) continue;
      if (!found.empty()) return {};
      found = option.letter;
    }
    return found;
  }
  /// The longest option that the words begin with, up to the end of a word or number; of a sum ("5 + 7 = 12") what it comes to.
  /// "The answer is the" has taken an article of theirs. `several_`: two options are joined, "Paris or Rome".
  std::string beginning(std::string_view words) const {
    std::string_view rest;
    const Option* best = begun_by(words, rest);
    if (best) return joins_another(*best, rest) ? several_ : std::string(1, best->letter);
    const std::string_view line = words.substr(0, words.find('\n'));
    const size_t equals = line.rfind('=');
    if (equals == line.npos || !is_digit_at(line, 0)) return {};
    std::string_view result = line.substr(equals + 1);
    while (result.starts_with(' ')) result.remove_prefix(1);
    best = begun_by(result, rest);
    return best ? std::string(1, best->letter) : std::string();
  }
  /// Nothing also where two options are alike.
  const Option* begun_by(std::string_view words, std::string_view& ret_rest) const {
    const Option* best = nullptr;
    bool twice = false;
    for (const Option& option : texts_) {
      const std::string_view text =
          words.starts_with(option.text) ? std::string_view(option.text) : without_article(option.text);
      if (text.empty() || !words.starts_with(text) || goes_on(text, words.substr(text.size()))) continue;
      if (best && best->text.size() > option.text.size()) continue;
      twice = best && best->text.size() == option.text.size();
      best = &option;
      ret_rest = words.substr(text.size());
    }
    return twice ? nullptr : best;
  }
  static bool is_digit_at(std::string_view text, size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; }
  /// Whether what was said is longer than an option's text that it begins with: "12.5", "1,200", "5 + 7", "1/2", "no longer".
  static bool goes_on(std::string_view text, std::string_view rest) {
    if (rest.empty()) return false;
    if ((is_ascii_word(rest[0]) && is_ascii_word(text.back())) || rest[0] == '?') return true;
    if (text == "no" && rest[0] == ' ')
      for (const std::string_view word : {"longer", "one", "more", "doubt", "such", "single", "other"})
        if (rest.substr(1).starts_with(word)) return true;
    if (is_longer_word(text, rest)) return true;
    if (!is_digit_at(text, text.size() - 1)) return false;
    if (std::string_view(".,:/-").find(rest[0]) != std::string_view::npos && is_digit_at(rest, 1)) return true;
    for (const std::string_view sign : {"^", "²", "³", "⁴", "⁵", "⁶", "万", "亿", "千", "百"})
      if (rest.starts_with(sign)) return true;
    if (rest.starts_with(' ')) rest.remove_prefix(1);
    for (const std::string_view word : {"million", "billion", "trillion", "thousand", "hundred", "dozen", "万", "亿"})
      if (rest.starts_with(word)) return true;
    for (const std::string_view sign :
         {"+", "-", "*", "/", "×", "·", "÷", "x ", "times ", "plus ", "minus ", "\\times", "\\cdot"}) {
      if (!rest.starts_with(sign)) continue;
      const std::string_view number = rest.substr(sign.size());
      return is_digit_at(number, number.starts_with(' ') ? 1 : 0);
    }
    return false;
  }
  /// 北京大学 is not 北京, where the option is a short word: what goes on behind it is neither a particle nor 市.
  static bool is_longer_word(std::string_view text, std::string_view rest) {
    constexpr size_t short_word = 9;  // bytes: three characters
    const auto ideograph = [](std::string_view of) {
      const char32_t c = utf8::at(of, 0).code;
      return c >= 0x4E00 && c <= 0x9FFF;
    };
    if (text.size() > short_word || text.size() % 3 != 0 || !ideograph(text.substr(text.size() - 3)) || !ideograph(rest)) return false;
    constexpr std::string_view goes_with =
        "的是了吗呢吧啊也都因由所而但这那它他她其在有为以或和与及市省县选项答对正没不并且即如根从我你您们本题该故综";
    for (size_t i = 0; i < goes_with.size(); i += 3)
      if (rest.starts_with(goes_with.substr(i, 3))) return false;
    return true;
  }
  /// "Paris or Rome", where both are options and nothing more is said of the second.
  bool joins_another(const Option& first, std::string_view rest) const {
    for (const std::string_view joint :
         {", or ", ", and ", " or ", " and ", " / ", "/", " & ", "-", "或者", "或", "和", "与", "及", "、"}) {
      if (!rest.starts_with(joint)) continue;
      std::string_view behind, words = rest.substr(joint.size());
      for (const std::string_view article : {"the ", "an ", "a "})
        if (words.starts_with(article)) words.remove_prefix(article.size());
      const Option* second = begun_by(words, behind);
      if (!second || second == &first) return false;
      for (const std::string_view end : {".", ",", ";", "\n", "。", "!", " both", "都"})
        if (behind.starts_with(end)) return true;
      return behind.empty();
    }
    return false;
  }
  static std::string_view without_article(std::string_view text) {
    for (const std::string_view article : {"the ", "an ", "a "})
      if (text.starts_with(article)) return text.substr(article.size());
    return text;
  }

  static constexpr const char* several_ = "?";
  static constexpr size_t sum_max = 64;  // bytes behind an option that say whether it goes on
  std::vector<Option> texts_;
  size_t longest_ = 0;
};

}  // namespace sextant::postprocess
