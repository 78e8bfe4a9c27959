// What a reply says of each option that it speaks of. Works on canonical text. Threads: [owner].
#pragma once
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>
#include "canonical.hpp"
#include "mentions.hpp"
#include "option_texts.hpp"
#include "phrases.hpp"

namespace sextant::postprocess {

/// What a reply says of one mention of options.
enum class Stance {
  mentions,    // no more than that
  supposes,    // "if the answer is A", "might be A", "A is tempting"
  asks,        // "the answer is A?"
  denies,      // "not A", "A is wrong"
  approves,    // "A is correct": of one option among those discussed
  qualifies,   // "the common answer is A", "the incorrect answer is A": the answer where no other is stated
  answers,     // "the answer is A"
  concludes,   // "so the final answer is A"
};

struct ReadMention : Mention {
  Stance stance = Stance::mentions;
  size_t epoch = 0;   // corrections before it
};

/// The stance of one mention, from the words in a window on either side of it.
class StanceOf {
 public:
  StanceOf(std::string_view reply, const Mention& mention, const ReadMention* previous, const OptionTexts& texts,
           const Phrases& phrases)
      : mention_(mention), previous_(previous), phrases_(phrases) {
    const size_t end = mention.begin > 0 && reply[mention.begin - 1] == '(' ? mention.begin - 1 : mention.begin;
    const size_t from = end > window_bytes ? utf8::boundary(reply, end - window_bytes) : 0;
    left_ = reply.substr(from, end - from);
    boxed_ = left_.ends_with(box);
    bare_ = left_.substr(0, left_.size() - (boxed_ ? 1 : 0));
    // what is supposed of one option says nothing of the next
    const size_t own = previous ? std::clamp(previous->end, from, end) : from;
    own_ = reply.substr(own, from + bare_.size() > own ? from + bare_.size() - own : 0);
    since_previous_ = reply.substr(own, end - own);
    const size_t behind = mention.single() ? texts.end_behind(mention.letters[0], reply, mention.end) : mention.end;
    const std::string_view right = reply.substr(behind);
    right_ = right.substr(0, utf8::boundary(right, window_bytes));
  }

  Result<Stance> operator()() {
    const Stance stance = mention_.lower ? of_lower_case() : of_capital();
    if (failure_) return *failure_;
    return stance;
  }

 private:
  bool says(const Regex& phrase, std::string_view where) {
    const auto found = phrase.found_in(where);
    if (!found && !failure_) failure_ = found.error();
    return found && *found;
  }
  bool before(const Regex& phrase) { return says(phrase, bare_); }
  bool behind(const Regex& phrase) { return says(phrase, right_); }

  /// An answer where it can be nothing else.
  Stance of_lower_case() {
    const bool right = !behind(phrases_.is_wrong) && behind(phrases_.is_right);
    if (mention_.begin == 0 && (right || behind(phrases_.is_answer))) return Stance::answers;
    const bool states = before(phrases_.states) || before(phrases_.corrects);
    const bool meant = states && behind(phrases_.ends) && !before(phrases_.denies) && !behind(phrases_.asks);
    return meant ? Stance::answers : Stance::mentions;
  }

  Stance of_capital() {
    const auto unless_supposed = [&](Stance stance) { return says(phrases_.supposes, own_) ? Stance::supposes : stance; };
    if (previous_ && says(phrases_.likewise, own_)) return previous_->stance;
    const bool wrong = behind(phrases_.is_wrong) || behind(phrases_.is_right_but);
    const bool tempting = behind(phrases_.is_tempting),
               right = !tempting && (behind(phrases_.is_right) || behind(phrases_.is_better));
    if (behind(phrases_.is_chosen) || (!wrong && !tempting && behind(phrases_.is_answer)))
      return unless_supposed(Stance::answers);
    if (before(phrases_.prefers)) return Stance::approves;
    if (before(phrases_.denies)) return Stance::denies;
    if (before(phrases_.singles) && (wrong || behind(phrases_.is_right))) return Stance::answers;
    if (wrong) return Stance::denies;
    if (behind(phrases_.asks)) return Stance::asks;
    if (before(phrases_.corrects)) return Stance::concludes;
    if (before(phrases_.qualifies)) return Stance::qualifies;
    const bool states = before(phrases_.states);
    if (tempting && !boxed_) return Stance::supposes;
    // "Final answer: B. My first guess was A": the conclusion is the first one's
    const bool has_concluded = previous_ && previous_->stance >= Stance::answers;
    if (says(phrases_.concludes, has_concluded ? since_previous_ : left_) && (states || boxed_ || behind(phrases_.ends)))
      return Stance::concludes;
    if (states) return unless_supposed(Stance::answers);
    if (contrasts(right)) return unless_supposed(Stance::answers);
    return unless_supposed(right ? Stance::approves : Stance::mentions);
  }

  /// "A looks right, but B": what stands behind "but" is the answer, where the option before it is not.
  bool contrasts(bool right) {
    if (!previous_ || mention_.begin - previous_->end >= window_bytes || !says(phrases_.contrasts, own_)) return false;
    switch (previous_->stance) {
      case Stance::denies: case Stance::supposes: case Stance::qualifies: return right || behind(phrases_.ends);
      case Stance::mentions: case Stance::approves: return right;
      default: return false;
    }
  }

  const Mention& mention_;
  const ReadMention* previous_;
  const Phrases& phrases_;
  std::string_view left_, bare_, own_, since_previous_,
      right_;  // bare: without the box that opens before the letter; own: bare, since the mention before
  bool boxed_ = false;
  std::optional<Error> failure_;
};

/// Whether the letter stands where one names the options of a list: "B. cork", or a line that begins with it.
inline bool is_enumerated(std::string_view reply, const Mention& mention) {
  if (mention.begin == 0 || reply[mention.begin - 1] == '\n' || reply.substr(0, mention.begin).ends_with("\n- ")) return true;
  const char next = mention.end < reply.size() ? reply[mention.end] : '\0';
  return next == '.' || next == ')' || next == ':' || (next == '\xE3' && reply.substr(mention.end).starts_with("、"));
}

/// Bytes that an option of a list may take.
inline constexpr size_t item_max = 200;

/// Whether this mention is the first line of a list of all options, which may be cut: "A. iron B. cork C. copper D. gold". A
/// list that explains an answer is none.
inline Result<bool> heads_a_list(std::string_view reply, const std::vector<ReadMention>& mentions, size_t first,
                                 std::string_view options, const Phrases& phrases) {
  if (options.size() < 2 || mentions[first].letters != options.substr(0, 1)) return false;
  size_t items = 1, at = first + 1;
  for (; at < mentions.size() && items < options.size(); ++at, ++items) {
    const ReadMention &one = mentions[at], &before = mentions[at - 1];
    const auto style = [&](const Mention& item) { return item.end < reply.size() ? reply[item.end] : '\n'; };
    const bool cut = items > 1 && one.end == reply.size();
    const bool next = (cut || style(one) == style(mentions[first])) && one.letters == options.substr(items, 1) &&
                      one.stance <= Stance::approves && is_enumerated(reply, one);
    if (!next || one.begin - before.end > item_max) return false;
    SXT_TRY(const bool explains, phrases.explains.found_in(reply.substr(before.end, one.begin - before.end)));
    if (explains) return false;
  }
  return items == options.size() || (at == mentions.size() && items > 1);
}

/// "B. No", "Answer: B (false)": whose only options' texts are in the prompt, the letter is named and not denied. Where other
/// options are discussed as well, "A. Wrong" judges.
inline Result<bool> names_an_option(std::string_view reply, const std::vector<ReadMention>& mentions, const Phrases& phrases) {
  if (mentions.empty() || mentions[0].stance != Stance::denies || !mentions[0].single()) return false;
  const ReadMention& first = mentions[0];
  for (const ReadMention& one : mentions)
    if (one.letters != first.letters && (one.stance >= Stance::denies || is_enumerated(reply, one))) return false;
  SXT_TRY(const bool named, phrases.is_named.found_in(reply.substr(first.end, window_bytes)));
  if (!named || first.begin == 0) return named;
  const size_t from = first.begin > window_bytes ? utf8::boundary(reply, first.begin - window_bytes) : 0;
  const std::string_view left = reply.substr(from, first.begin - from);
  SXT_TRY(const bool denied, phrases.denies.found_in(left));
  SXT_TRY(const bool stated, phrases.states.found_in(left));
  return stated && !denied;
}

/// Every mention with its stance, in the order of the text.
inline Result<std::vector<ReadMention>> read_mentions(std::string_view reply, std::string_view options,
                                                      const OptionTexts& texts, const Phrases& phrases) {
  // from the beginning and from the end: a reply that lists the alphabet for ever costs no more
  constexpr size_t first_max = 96, last_max = 160;
  std::vector<Mention> all = Mentions(reply, options).all();
  if (all.size() > first_max + last_max) all.erase(all.begin() + first_max, all.end() - last_max);
  std::vector<size_t> corrections;
  SXT_CHECK(phrases.retracts.for_each(reply, [&](size_t begin, size_t) { corrections.push_back(begin); }));
  std::vector<ReadMention> out;
  for (Mention& mention : all) {
    SXT_TRY(const Stance stance, StanceOf(reply, mention, out.empty() ? nullptr : &out.back(), texts, phrases)());
    if (mention.lower && stance < Stance::answers) continue;
    const auto before = std::upper_bound(corrections.begin(), corrections.end(), mention.begin);
    out.push_back({std::move(mention), stance, static_cast<size_t>(before - corrections.begin())});
  }
  SXT_TRY(const bool named, names_an_option(reply, out, phrases));
  if (named) out[0].stance = Stance::answers;
  for (size_t i = 0; i < out.size(); ++i) {  // "Answer: A. iron B. cork ...": the options, said again
    if (out[i].stance < Stance::qualifies) continue;
    SXT_TRY(const bool list, heads_a_list(reply, out, i, options, phrases));
    const size_t behind = out[i].single() ? texts.end_behind(out[i].letters[0], reply, out[i].end) : out[i].end;
    SXT_TRY(const bool right, phrases.is_right.found_in(reply.substr(behind, window_bytes)));
    if (list) out[i].stance = right ? Stance::approves : Stance::mentions;
  }
  return out;
}

}  // namespace sextant::postprocess
