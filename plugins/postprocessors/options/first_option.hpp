// first_option: the letter that an answer in words decides for. docs/extraction.md says in which order. Threads: [owner].
#pragma once
#include <algorithm>
#include <map>
#include <string>
#include <vector>
#include <sextant/regex.hpp>
#include <sextant/thinking.hpp>
#include "canonical.hpp"
#include "judged_lines.hpp"
#include "option_texts.hpp"
#include "phrases.hpp"
#include "stances.hpp"

namespace sextant::postprocess {

/// "cushion" also allows the last resort, a letter anywhere.
class FirstOption {
 public:
  /// `steps`: as of Phrases::make.
  static Result<FirstOption> make(const std::string& options, bool cushion, uint64_t* steps = nullptr) {
    SXT_TRY(Phrases phrases, Phrases::make(steps));
    return FirstOption(options, cushion, std::move(phrases));
  }

  /// The option letter, or "": no answer, several, or none that can be told.
  Result<std::string> operator()(std::string_view text, std::string_view record_json = "{}") const {
    const Thought thought = split_thinking(text);
    if (!thought.closed) return std::string();
    const std::string reply = canonical(thought.answer);
    const OptionTexts texts(record_json, options_);
    // a model that is not tuned goes on with the next question, and answers that
    SXT_TRY(const auto next, phrases_.next_question.search(reply));
    if (next) {
      SXT_TRY(const std::string first, answer_of(std::string_view(reply).substr(0, next->begin), texts));
      if (!first.empty()) return first;
    }
    return answer_of(reply, texts);
  }

 private:
  FirstOption(std::string options, bool cushion, Phrases phrases)
      : options_(std::move(options)), cushion_(cushion), phrases_(std::move(phrases)) {}

  Result<std::string> answer_of(std::string_view reply, const OptionTexts& texts) const {
    SXT_TRY(const std::vector<ReadMention> mentions, read_mentions(reply, options_, texts, phrases_));
    if (const auto stated = stated_in(mentions)) return *stated;
    if (std::string right = right_line(reply, options_, texts); !right.empty()) return right;
    const auto qualified = qualified_in(mentions);
    SXT_TRY(const std::string leading, leading_in(reply, mentions));
    if (!leading.empty()) return leading;
    if (qualified) {
      if (mentions.front().begin == 0 && mentions.front().single() && mentions.front().stance == Stance::mentions)
        return mentions.front().letters;  // "**B** The wrong answer is A"
      const std::string last = last_in(reply, mentions);
      return last.empty() ? *qualified : last;
    }
    if (std::string judged = judged_in(mentions); !judged.empty()) return judged;
    SXT_TRY(const std::string repeated, texts.repeated_in(reply, phrases_));
    if (!repeated.empty()) return repeated;
    if (std::string last = last_in(reply, mentions); !last.empty()) return last;
    return cushion_ ? only_one_in(mentions) : std::string();
  }

  /// What is said to be the answer: behind the last correction the last conclusion, else the first statement. "": several at
  /// once.
  static std::optional<std::string> stated_in(const std::vector<ReadMention>& mentions) {
    const ReadMention* best = nullptr;
    bool several = false;
    for (const ReadMention& one : mentions) {
      if (one.stance < Stance::answers) continue;
      if (!one.single() && !is_same(one.letters)) {
        several = true;
        continue;
      }
      if (is_denied_later(mentions, one)) continue;
      if (!best || one.epoch > best->epoch || one.stance == Stance::concludes) best = &one;
    }
    if (best) return approved_later(mentions, *best).value_or(best->letters.substr(0, 1));
    return several ? std::optional<std::string>("") : std::nullopt;
  }
  /// Spoken of as somebody else's answer, or as none.
  static bool is_doubted(const ReadMention& one) {
    return one.stance == Stance::denies || one.stance == Stance::asks || one.stance == Stance::supposes ||
           one.stance == Stance::qualifies;
  }
  static bool is_same(const std::string& letters) { return letters.find_first_not_of(letters[0]) == letters.npos; }
  static bool is_denied_later(const std::vector<ReadMention>& mentions, const ReadMention& statement) {
    return std::any_of(mentions.begin(), mentions.end(), [&](const ReadMention& one) {
      return one.stance == Stance::denies && one.begin > statement.begin && one.epoch > statement.epoch &&
             one.letters.find(statement.letters[0]) != std::string::npos;
    });
  }

  /// "The answer is A. Upon closer inspection, B is right."
  static std::optional<std::string> approved_later(const std::vector<ReadMention>& mentions, const ReadMention& statement) {
    std::string later;
    for (const ReadMention& one : mentions)
      if (one.stance == Stance::approves && one.epoch > statement.epoch) later += one.letters;
    if (later.empty() || !is_same(later)) return std::nullopt;
    return later.substr(0, 1);
  }

  /// "The wrong answer is A", where that is all that is said; else the only option that is said to be right.
  static std::optional<std::string> qualified_in(const std::vector<ReadMention>& mentions) {
    std::string qualified, approved;
    for (const ReadMention& one : mentions) {
      if (one.stance == Stance::qualifies) qualified += one.letters;
      if (one.stance == Stance::approves) approved += one.letters;
    }
    if (qualified.empty()) return std::nullopt;
    if (!is_same(qualified)) return std::string();
    return (!approved.empty() && is_same(approved) ? approved : qualified).substr(0, 1);
  }

  /// The letter that the reply begins with: "B.", "C, because ...", "(D) lead"; not the first line of a list of options.
  Result<std::string> leading_in(std::string_view reply, const std::vector<ReadMention>& mentions) const {
    size_t at = 0;
    for (const std::string_view name : {"option ", "choice ", "Option ", "Choice ", "选项 ", "选项", ":", " "})
      if (reply.substr(at).starts_with(name)) at += name.size();
    if (at >= reply.size()) return std::string();
    char letter = reply[at];
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    const bool lower = letter != reply[at];
    if (options_.find(letter) == options_.npos || (at + 1 < reply.size() && is_ascii_word(reply[at + 1]))) return std::string();
    std::string_view rest = reply.substr(at + 1);
    if (rest.starts_with(')')) rest.remove_prefix(1);
    else if (lower && !ends_a_lower_letter(rest)) return std::string();
    if (lower && at + 1 < reply.size()) {  // "a) no\nb) yes": a list
      const char second[] = {'\n', static_cast<char>(reply[at] + 1), reply[at + 1]};
      if (reply.find(std::string_view(second, sizeof second)) != reply.npos) return std::string();
    }
    if (!lower) {
      const auto first =
          std::find_if(mentions.begin(), mentions.end(), [&](const ReadMention& one) { return one.begin == at; });
      if (first == mentions.end() || !first->single() || first->stance == Stance::approves || is_doubted(*first))
        return std::string();
    }
    // "A. iron B. cork": the options, said again
    if (letter == options_[0] && !rest.empty()) {
      const auto second = std::find_if(mentions.begin(), mentions.end(), [&](const ReadMention& one) {
        return one.begin > at && one.letters != std::string(1, letter);
      });
      if (second != mentions.end() && options_.size() > 1 && second->letters[0] == options_[1] &&
          is_enumerated(reply, *second)) {
        SXT_TRY(const bool explained,
                phrases_.explains.found_in(reply.substr(at + 1, std::min(second->begin - at - 1, item_max))));
        if (!explained) return std::string();
      }
    }
    if (rest.empty()) return std::string(1, letter);
    for (const std::string_view next : {".",        ",",      ":",    ";",     "\n",   "!",    "。", "、", "-",  " -",
                                        " because", " since", " as ", " 因为", "因为", "选项", "项", "是", " (", "("})
      if (rest.starts_with(next)) return std::string(1, letter);
    return reply[at + 1] == ')' ? std::string(1, letter) : std::string();
  }
  static bool ends_a_lower_letter(std::string_view rest) {
    if (rest.empty() || rest[0] == '\n' || rest.starts_with("选项") || rest.starts_with("项")) return true;
    return rest[0] == '.' && (rest.size() == 1 || !is_ascii_word(rest[1]));
  }
  /// Where options were discussed one by one: the only right one; the only wrong one, where several are right; or what is left.
  std::string judged_in(const std::vector<ReadMention>& mentions) const {
    std::map<char, Stance> last;
    for (const ReadMention& one : mentions)
      if (one.stance == Stance::approves || one.stance == Stance::denies)
        for (const char letter : one.letters) last[letter] = one.stance;
    std::string right, wrong;
    for (const auto& [letter, stance] : last) (stance == Stance::approves ? right : wrong) += letter;
    if (right.size() == 1) return right;
    if (right.size() > 1) return wrong.size() == 1 ? wrong : std::string();
    if (wrong.size() + 1 != options_.size() || wrong.size() < 2) return {};
    for (const char letter : options_)
      if (wrong.find(letter) == wrong.npos) return std::string(1, letter);
    return {};
  }

  /// The letter that ends the reply and is a line or sentence of its own.
  static std::string last_in(std::string_view reply, const std::vector<ReadMention>& mentions) {
    if (mentions.empty()) return {};
    const ReadMention& last = mentions.back();
    if (!last.single() || is_doubted(last)) return {};
    size_t end = last.end;
    for (const std::string_view sign : {")", ".", "。", "!", "'"})
      if (reply.substr(end).starts_with(sign)) end += sign.size();
    if (end < reply.size()) return {};
    // the last line of a list of options, which may have been cut there
    if (mentions.size() > 1) {
      const ReadMention& before = mentions[mentions.size() - 2];
      if (before.single() && !is_doubted(before) && before.letters[0] + 1 == last.letters[0] && is_enumerated(reply, before))
        return {};
    }
    const std::string_view left = reply.substr(0, last.begin);
    for (const std::string_view before : {"\n", ". ", ".", "。", "! ", "? ", "; ", ", ", ",", ": ", ":", ") ", "、"})
      if (left.ends_with(before)) return last.letters;
    return left.empty() ? last.letters : std::string();
  }

  /// The only letter that is spoken of and not denied; of several the only one that is nobody else's.
  static std::string only_one_in(const std::vector<ReadMention>& mentions) {
    std::string own, left, denied;
    for (const ReadMention& one : mentions) {
      (one.stance == Stance::denies ? denied : left) += one.letters;
      if (!is_doubted(one)) own += one.letters;
    }
    if (own.find_first_not_of(denied) != std::string::npos) left = own;
    std::string found;
    for (const char letter : left)
      if (denied.find(letter) == denied.npos && found.find(letter) == found.npos) found += letter;
    return found.size() == 1 ? found : std::string();
  }

  std::string options_;
  bool cushion_;
  Phrases phrases_;
};

}  // namespace sextant::postprocess
