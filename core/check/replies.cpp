#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <set>
#include "checks.hpp"

namespace sextant::check {
namespace {

// How models say an answer. The bare one comes first; the others are what prompts of known benchmarks ask for.
struct Phrase {
  std::string_view before, after;
  std::string of(const std::string& gold) const { return fmt::format("{}{}{}", before, gold, after); }
};
constexpr std::array phrases = {Phrase{"", ""},
                                Phrase{"The answer is ", "."},
                                Phrase{"Answer: ", ""},
                                Phrase{"ANSWER: ", ""},
                                Phrase{"So the answer is (", ")."},
                                Phrase{"#### ", ""},
                                Phrase{"The answer is \\boxed{", "}."},
                                Phrase{"$\\boxed{", "}$"},
                                Phrase{"The final answer is $", "$. I hope it is correct."},
                                Phrase{"\xE7\xAD\x94\xE6\xA1\x88\xE6\x98\xAF", "\xE3\x80\x82"},  // "the answer is" in Chinese
                                Phrase{"\xE7\xAD\x94\xE6\xA1\x88: ", ""},                        // "answer: "
                                Phrase{"<answer>", "</answer>"},
                                Phrase{"[[", "]]"},
                                Phrase{"```python\n", "\n```"}};
// What a prompt says where it wants one of them.
struct Asked {
  std::string_view sign;
  Phrase phrase;
};
constexpr std::array asked_forms = {Asked{"\\boxed", {"The answer is \\boxed{", "}."}}, Asked{"ANSWER: ", {"ANSWER: ", ""}},
                                    Asked{"#### ", {"#### ", ""}}, Asked{"<answer>", {"<answer>", "</answer>"}},
                                    Asked{"\"The answer is ", {"The answer is ", "."}}};
constexpr std::array asks_to_reason = {std::string_view("step by step"), std::string_view("\xE9\x80\x90\xE6\xAD\xA5"),
                                       std::string_view("\xE4\xB8\x80\xE6\xAD\xA5\xE4\xB8\x80\xE6\xAD\xA5")};
constexpr std::string_view reasoning =
    "Let's think step by step. I first look at option B, then at A; there are 3 things to see and 12 more to compare.\n";

constexpr double nearly_all = 0.95;  // a part that a few odd rows may miss
constexpr uint64_t rows_min = 5;     // fewer say nothing of a set
constexpr uint64_t rows_for_balance = 20;
constexpr size_t answers_max = 26;  // as many as options can have letters

// Which text each row's answer is, said in that way.
std::function<std::string(size_t)> said(const Subject& subject, const Phrase& phrase) {
  return [&subject, phrase](size_t row) {
    return subject.golds[row].empty() ? std::string() : phrase.of(subject.golds[row].front());
  };
}

class Replies {
 public:
  Replies(Subject& subject, Found& found) : subject_(subject), found_(found) {}

  void run() {
    if (!oracle()) return;
    if (subject_.rows.size() >= rows_min) {
      wrong_answers();
      constants();
    }
    if (subject_.form != data::Form::open) return;
    empty_reply();
    const std::optional<Phrase> wanted = asked_form();
    reasoned(wanted);
    examples();
  }

 private:
  const std::string& record(size_t row) const { return subject_.rows[row].record_json; }
  std::string gold(size_t row) const { return subject_.golds[row].empty() ? "" : subject_.golds[row].front(); }

  // What the best model could score: for each row any answer of its list, said in any way.
  bool oracle() {
    const size_t rows = subject_.rows.size();
    std::vector<char> reached(rows, 0);
    size_t left = rows;
    const auto take = [&](const Judgement& judged) {
      for (size_t i = 0; i < rows && i < judged.right.size(); ++i)
        if (judged.right[i] && !reached[i]) reached[i] = 1, --left;
    };
    std::optional<Error> failure;
    const auto attempt = [&](const std::function<std::string(size_t)>& reply) -> uint64_t {
      auto judged = subject_.judge(reply);
      if (!judged) {
        if (!failure) failure = judged.error();
        return 0;
      }
      unscored_ = unscored_ || judged->values.empty() ||
                  std::all_of(judged->values.begin(), judged->values.end(), [](double v) { return std::isnan(v); });
      take(*judged);
      return judged->right_count;
    };
    for (const Phrase& phrase : phrases) {
      const uint64_t right = attempt(said(subject_, phrase));
      if (right > best_count_) best_count_ = right, best_ = phrase;
      if (left == 0 || unscored_ || (subject_.form != data::Form::open)) break;
    }
    if (unscored_) return false;                // numbers over the whole set only
    for (size_t k = 1; k < 8 && left > 0; ++k)  // other members of lists, then all of them together
      attempt([&](size_t i) { return subject_.golds[i].size() > k ? subject_.golds[i][k] : gold(i); });
    if (left > 0)
      for (const char* between : {"", ", ", "\n"})
        attempt([&](size_t i) { return best_.of(fmt::format("{}", fmt::join(subject_.golds[i], between))); });
    if (left > 0 && subject_.form == data::Form::open) attempt([&](size_t i) { return subject_.shown_answer(record(i)); });
    if (failure && left == rows) {
      found_.add(Severity::error, "scoring-fails", "the scorer cannot score the right answer: " + failure->message,
                 "correct the post-processors and metrics of the card, or the answers of the data");
      return false;
    }
    oracle_ = static_cast<double>(rows - left) / static_cast<double>(rows);
    if (left == 0) return true;
    const size_t missed = static_cast<size_t>(std::find(reached.begin(), reached.end(), 0) - reached.begin());
    const std::string said_text = best_.of(gold(missed));
    const std::string sample = fmt::format("the answer {}, said as {}, is read as {}", in_quotes(gold(missed)),
                                           in_quotes(said_text), in_quotes(subject_.read_of(record(missed), said_text)));
    if (left == rows)
      found_.add(
          Severity::error, "unreachable-answers",
          fmt::format("no reply that gives the right answer counts as right, so that every model scores 0 ({} rows and {} "
                      "ways to say it)",
                      rows, phrases.size()),
          subject_.form == data::Form::open
              ? "the extractor, the metric and the answers do not go together: look at eval.postprocessors, "
                "eval.metrics and reader.output_column"
              : "the answers must be labels of the template: look at infer.template and reader.output_column",
          subject_.rows[missed].index, sample);
    else
      found_.add(left * 2 > rows ? Severity::error : Severity::warning, "unreachable-answers",
                 fmt::format("{} of {} right answers cannot be given: the best that a model can score is {:.2f} %", left, rows,
                             100 * oracle_),
                 "correct these answers in the data or leave the rows out with --exclude; or let the extractor read them",
                 subject_.rows[missed].index, sample);
    return left < rows;
  }

  // Another row's answer is wrong where it is another answer.
  void wrong_answers() {
    const size_t rows = subject_.rows.size();
    const auto other = [&](size_t i) { return (i + rows / 2) % rows; };
    const auto judged = subject_.judge([&](size_t i) { return best_.of(gold(other(i))); });
    if (!judged) return;
    uint64_t differ = 0, right = 0;
    std::optional<size_t> shown;
    for (size_t i = 0; i < rows; ++i) {
      const std::vector<std::string>& own = subject_.golds[i];
      if (std::find(own.begin(), own.end(), gold(other(i))) != own.end()) continue;
      ++differ;
      if (!judged->right[i]) continue;
      ++right;
      if (!shown) shown = i;
    }
    if (differ < rows_min || right * 2 < differ) return;
    found_.add(Severity::error, "wrong-answers-count",
               fmt::format("replies that give another row's answer count as right in {} of {} rows", right, differ),
               "the metric takes everything for right: look at eval.metrics, eval.reference_postprocessors and what the "
               "extractor leaves of a reply",
               subject_.rows[*shown].index,
               fmt::format("{} counts as right where the answer is {}", in_quotes(best_.of(gold(other(*shown)))),
                           in_quotes(gold(*shown))));
  }

  // The answers of a set of choices, each as the reply to every row.
  void constants() {
    std::map<std::string, uint64_t> counts;
    bool single = true;
    for (size_t i = 0; i < subject_.rows.size(); ++i) {
      single = single && subject_.golds[i].size() == 1;
      ++counts[gold(i)];
      if (counts.size() > answers_max) return;
    }
    const uint64_t rows = subject_.rows.size();
    if (!single || rows < rows_for_balance) return;
    double total = 0, top = 0;
    std::string top_answer;
    std::map<std::string, std::vector<char>> right;  // of each answer: in which rows it counts as right
    for (const auto& [answer, count] : counts) {
      const auto judged = subject_.judge([&](size_t) { return best_.of(answer); });
      if (!judged) return;
      total += judged->share();
      if (judged->share() > top) top = judged->share(), top_answer = answer;
      right.emplace(answer, judged->right);
    }
    // two texts either of which counts where the other is the answer say the same (two ways to work out 18)
    const auto counts_for = [&](const std::string& answer, const std::string& of) {
      for (size_t i = 0; i < rows; ++i)
        if (gold(i) == of && !right.at(answer)[i]) return false;
      return true;
    };
    std::vector<uint64_t> taken(rows, 0);
    for (size_t i = 0; i < rows; ++i)
      for (const auto& [answer, of_row] : right)
        taken[i] += of_row[i] && (answer == gold(i) || !(counts_for(answer, gold(i)) && counts_for(gold(i), answer)));
    const std::string always = fmt::format("always answering {} scores {:.1f} %", in_quotes(top_answer, 40), 100 * top);
    if (counts.size() == 1) {
      if (subject_.form == data::Form::open || subject_.form == data::Form::labels)
        found_.add(Severity::warning, "one-answer",
                   fmt::format("all {} rows have the same answer, {}", rows, in_quotes(top_answer)),
                   "look whether the answer's column is the right one; --limit of a sorted file takes one class alone: "
                   "--limit-mode random");
      return;
    }
    found_.add(Severity::note, "constant-answer",
               fmt::format("{}; evenly spread answers would give {:.1f} %", always, 100.0 / static_cast<double>(counts.size())),
               top * static_cast<double>(counts.size()) > 1.5 ? "compare scores with this one, not with chance" : "");
    const uint64_t twice = static_cast<uint64_t>(std::count_if(taken.begin(), taken.end(), [](uint64_t n) { return n > 1; }));
    if (twice * 20 > rows) {
      const size_t row =
          static_cast<size_t>(std::find_if(taken.begin(), taken.end(), [](uint64_t n) { return n > 1; }) - taken.begin());
      found_.add(Severity::error, "wrong-answers-count",
                 fmt::format("several different answers count as right in {} of {} rows, each of which has one", twice, rows),
                 "the metric is too lax (a part of a text is not the text), or the extractor reads different replies as one "
                 "answer",
                 subject_.rows[row].index,
                 fmt::format("{} answers count as right, the answer is {}", taken[row], in_quotes(gold(row))));
    }
  }

  void empty_reply() {
    const auto judged = subject_.judge([](size_t) { return std::string(); });
    if (!judged || judged->right_count == 0) return;
    const size_t row = static_cast<size_t>(std::find(judged->right.begin(), judged->right.end(), 1) - judged->right.begin());
    found_.add(judged->right_count * 20 > subject_.rows.size() ? Severity::error : Severity::warning, "empty-reply-counts",
               fmt::format("an empty reply counts as right in {} of {} rows", judged->right_count, subject_.rows.size()),
               "look at what the extractor and the metric leave of these answers (punctuation, articles)",
               subject_.rows[row].index, fmt::format("the answer is {}", in_quotes(gold(row))));
  }

  // The form in which the prompt of every row wants its answer.
  std::optional<Phrase> asked_form() {
    std::optional<Phrase> wanted;
    std::vector<std::string> texts;
    for (size_t i = 0; i < std::min<size_t>(subject_.rows.size(), 20); ++i) {
      const auto made = subject_.prompts(record(i));
      if (!made || made->prompts.empty()) return {};
      texts.push_back(made->prompts.front().text.str());
    }
    const auto in_all = [&](std::string_view sign) {
      return std::all_of(texts.begin(), texts.end(), [&](const std::string& text) { return text.find(sign) != text.npos; });
    };
    reasons_ = std::any_of(asks_to_reason.begin(), asks_to_reason.end(), in_all);
    for (const Asked& asked : asked_forms) {
      if (!in_all(asked.sign)) continue;
      const auto judged = subject_.judge(said(subject_, asked.phrase));
      if (!judged) continue;
      wanted = asked.phrase;
      if (judged->share() >= oracle_ * nearly_all) continue;
      const size_t row = static_cast<size_t>(std::find(judged->right.begin(), judged->right.end(), 0) - judged->right.begin());
      const std::string reply = asked.phrase.of(gold(row));
      found_.add(judged->right_count == 0 ? Severity::error : Severity::warning, "asked-form-unread",
                 fmt::format("the prompt asks for {} and the extractor reads {} of {} right answers in that form",
                             in_quotes(std::string(asked.sign)), judged->right_count, subject_.rows.size()),
                 "take the post-processor that belongs to this prompt, or another prompt", subject_.rows[row].index,
                 fmt::format("{} is read as {}, the answer is {}", in_quotes(reply),
                             in_quotes(subject_.read_of(record(row), reply)), in_quotes(gold(row))));
    }
    return wanted;
  }

  // A reply that thinks first, as the prompt wants it to.
  void reasoned(const std::optional<Phrase>& wanted) {
    if (!reasons_) return;
    std::optional<Judgement> best;
    Phrase best_phrase;
    for (const Phrase& phrase : phrases) {
      const auto judged =
          subject_.judge([&](size_t i) { return std::string(reasoning) + (wanted ? *wanted : phrase).of(gold(i)); });
      if (judged && (!best || judged->right_count > best->right_count)) best = *judged, best_phrase = wanted ? *wanted : phrase;
      if (wanted || (best && best->share() >= oracle_ * nearly_all)) break;
    }
    if (!best || best->share() >= oracle_ * nearly_all) return;
    const size_t row = static_cast<size_t>(std::find(best->right.begin(), best->right.end(), 0) - best->right.begin());
    const std::string reply = std::string(reasoning) + best_phrase.of(gold(row));
    found_.add(best->right_count == 0 ? Severity::error : Severity::warning, "reasoning-misread",
               fmt::format("the prompt asks for reasoning, and {} of {} right answers behind some are read", best->right_count,
                           subject_.rows.size()),
               "take a post-processor that looks for the answer at the reply's end (last_option, a regex)",
               subject_.rows[row].index,
               fmt::format("{} is read as {}, the answer is {}", in_quotes(reply),
                           in_quotes(subject_.read_of(record(row), reply)), in_quotes(gold(row))));
  }

  // The answers as the examples show them are what a model imitates.
  void examples() {
    std::vector<std::string> records, replies;
    std::vector<uint64_t> places;
    std::set<std::string> golds;
    for (size_t i = 0; i < subject_.shots.size(); ++i) {
      const auto answers = golds_of(subject_.shots[i], subject_.dataset.output_column);
      std::string shown = subject_.shown_answer(subject_.shots[i]);
      if (answers.empty() || answers.front().empty() || shown.find_first_not_of(" \t\n") == shown.npos) continue;
      golds.insert(answers.front());
      records.push_back(subject_.shots[i]);
      replies.push_back(std::move(shown));
      places.push_back(subject_.shot_rows[i]);
    }
    if (records.empty()) return;
    const auto judged = subject_.judge(records, replies);
    if (!judged || judged->values.empty()) return;
    const uint64_t wrong = records.size() - judged->right_count;
    if (wrong > 0 && static_cast<double>(judged->right_count) < nearly_all * oracle_ * static_cast<double>(records.size())) {
      const size_t i = static_cast<size_t>(std::find(judged->right.begin(), judged->right.end(), 0) - judged->right.begin());
      found_.add(judged->right_count == 0 ? Severity::error : Severity::warning, "example-form-unread",
                 fmt::format("the examples show answers in a form that the extractor does not read: {} of {} are wrong by it",
                             wrong, records.size()),
                 "let the examples show the form that the extractor reads, or take the extractor for this form", {},
                 fmt::format("example {} shows {}, which is read as {}; its answer is {}", places[i], in_quotes(replies[i]),
                             in_quotes(subject_.read_of(records[i], replies[i])),
                             in_quotes(golds_of(records[i], subject_.dataset.output_column).front())));
    }
    std::set<std::string> all;
    for (size_t i = 0; i < subject_.rows.size(); ++i) all.insert(gold(i));
    if (subject_.same_shots && records.size() >= 4 && golds.size() == 1 && all.size() > 1 && all.size() <= answers_max)
      found_.add(Severity::warning, "examples-one-answer",
                 fmt::format("all {} examples have the answer {}, which models then repeat", records.size(),
                             in_quotes(*golds.begin())),
                 "choose other examples (infer.retriever)");
  }

  Subject& subject_;
  Found& found_;
  Phrase best_ = phrases[0];
  uint64_t best_count_ = 0;
  double oracle_ = 0;
  bool unscored_ = false, reasons_ = false;
};

}  // namespace

void check_replies(Subject& subject, Found& found) {
  if (subject.scorable() && !subject.rows.empty()) Replies(subject, found).run();
}

}  // namespace sextant::check
