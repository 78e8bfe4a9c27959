#include <algorithm>
#include <fmt/format.h>
#include <sextant/regex.hpp>
#include "../serve/dataset_feed.hpp"
#include "../serve/dataset_task.hpp"
#include "checks.hpp"

namespace sextant::check {
namespace {

constexpr size_t prompts_max = 400;  // rows whose prompts are made as this model is sent them
constexpr size_t seams_max = 40;     // rows whose tokens are looked at
constexpr double part_said = 0.02;   // of prompts that lose something, from which on it is a warning

// Names of models that were trained to follow instructions say so.
bool sounds_instructed(const std::string& abbr) {
  std::string name = "-";
  for (const char c : abbr) name += c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  name += '-';
  for (const char* word : {"-instruct", "-chat", "-it-", "-it.", "-sft-", "-dpo-", "-rlhf"})
    if (name.find(word) != name.npos) return true;
  return false;
}

std::string without_white_space(const std::string& text) {
  std::string out;
  for (const char c : text)
    if (static_cast<unsigned char>(c) > ' ') out += c;
  return out;
}

// What the tokenizer's files put in front of a text; nothing where they put nothing there.
std::optional<int32_t> beginning(serve::ModelSession& session) {
  const auto with = session.tokenize("a", true), without = session.tokenize("a", false);
  if (!with || !without || with->size() <= without->size() || without->empty()) return {};
  return with->front() == without->front() ? std::nullopt : std::optional(with->front());
}

// The tokens up to the end of a prompt stay what they are when something follows.
bool is_prefix(const std::vector<int32_t>& part, const std::vector<int32_t>& whole) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

class Sent {
 public:
  Sent(Subject& subject, serve::ModelSession& session, Found& found) : subject_(subject), session_(session), found_(found) {
    retrieved_.planned = true;
  }

  void run() {
    const size_t rows = subject_.rows.size(), count = std::min(rows, prompts_max);
    serve::DatasetFeed feed(subject_.host, session_, subject_.dataset, subject_.run, subject_.form, &retrieved_);
    if (!feed.open(subject_.data)) return;  // preflight says why
    for (size_t i = 0; i < count; ++i) {
      const size_t row = i * rows / count;
      auto item = feed.only(subject_.rows[row].index);
      if (!item || !item->prepared || item->prepared->prompts.prompts.empty()) continue;
      const serve::Prepared& prepared = *item->prepared;
      ++seen_;
      dropped_ += prepared.dropped_shots > 0;
      if (prepared.dropped_shots > most_dropped_) most_dropped_ = prepared.dropped_shots, dropped_row_ = row;
      look_at_length(prepared.prompts, row);
      if (i == 0) look_at_first(prepared.prompts, row);
      if (i < seams_max) look_at_seams(prepared.prompts, row);
    }
    if (seen_ == 0) return;
    say_cut();
    say_seams();
    look_at_replies();
  }

 private:
  const std::string& record(size_t row) const { return subject_.rows[row].record_json; }

  void look_at_length(const data::Prompts& prompts, size_t row) {
    const uint32_t context = session_.context_length();
    if (context == 0) return;
    const data::Prompt& prompt = prompts.prompts.front();
    const uint32_t reply =
        subject_.form == data::Form::open ? serve::max_out_len(subject_.dataset.inferencer, session_.config()) : 0;
    const uint32_t room = context - std::min(context, reply);
    if (prompt.text.size() <= room) return;
    const auto counts = session_.count_tokens({prompt.text.str()}, prompt.chat);
    if (!counts || counts->front() <= room) return;
    ++cut_;
    if (counts->front() > longest_) longest_ = counts->front(), cut_row_ = row, room_ = room;
  }

  void say_cut() {
    const auto severity = [&](uint64_t n) {
      return static_cast<double>(n) > part_said * static_cast<double>(seen_) ? Severity::warning : Severity::note;
    };
    if (dropped_ > 0)
      found_.add(severity(dropped_), "dropped-examples",
                 fmt::format("{} of {} prompts are longer than the context and lose examples (up to {})", dropped_, seen_,
                             most_dropped_),
                 "give a greater --max-seq-len, a smaller --max-out-len or fewer --shots, so that all rows have as many",
                 subject_.rows[dropped_row_].index);
    if (cut_ > 0)
      found_.add(
          severity(cut_), "cut-prompts",
          fmt::format("{} of {} prompts do not fit and are cut from the left, or fail (the longest has {} tokens, there is "
                      "room for {})",
                      cut_, seen_, longest_, room_),
          "give a greater --max-seq-len or a smaller --max-out-len, or leave these rows out with --exclude",
          subject_.rows[cut_row_].index);
  }

  void look_at_first(const data::Prompts& prompts, size_t row) {
    const data::Prompt& prompt = prompts.prompts.front();
    const std::string text = prompt.text.str();
    if (text.empty()) return;  // a served model renders it itself
    const auto first = beginning(session_);
    const auto tokens = session_.tokenize(text, !prompt.chat);
    if (!tokens || tokens->empty()) return;
    if (first && tokens->size() > 1 && (*tokens)[0] == *first && (*tokens)[1] == *first)
      found_.add(Severity::error, "double-bos",
                 fmt::format("prompts begin with the token {} twice: the text has it, and the tokenizer adds it", *first),
                 "take it out of the template or of the system prompt", subject_.rows[row].index, in_quotes(text, 60));
    if (first && tokens->front() != *first)
      found_.add(
          Severity::warning, "missing-bos",
          fmt::format("prompts do not begin with the token {}, which the tokenizer's files put in front of every text", *first),
          "the chat template lacks it ({{ bos_token }}): give the model's own with --chat-template FILE",
          subject_.rows[row].index, in_quotes(text, 60));
    if (prompt.chat) look_at_chat(prompt, text, row);
  }

  void look_at_chat(const data::Prompt& prompt, const std::string& text, size_t row) {
    const std::string squeezed = without_white_space(text);
    for (const data::Message& message : prompt.messages) {
      const std::string content = without_white_space(message.text());
      if (content.empty() || squeezed.find(content) != squeezed.npos) continue;
      found_.add(Severity::error, "message-lost",
                 fmt::format("the chat template leaves out what the role '{}' says", message.role),
                 message.role == "system"
                     ? "this template knows no system prompt: put it into the question, or take another --chat-template"
                     : "take the model's own template with --chat-template FILE",
                 subject_.rows[row].index, in_quotes(message.text(), 80));
      break;
    }
    // <|im_start|> and its like must be tokens of the vocabulary
    const auto marks = Regex::compile("<\\|[A-Za-z0-9_]{2,40}\\|>|<(?:start|end)_of_turn>", {}, "marks");
    const auto matches = marks ? marks->find_all(text) : Result<std::vector<RegexMatch>>(std::vector<RegexMatch>{});
    if (!matches) return;
    for (const RegexMatch& match : *matches) {
      const std::string mark = text.substr(match.begin, match.end - match.begin);
      const auto tokens = session_.tokenize(mark, false);
      if (tokens && tokens->size() > 1) {
        found_.add(Severity::error, "unknown-marks",
                   fmt::format("{} of the chat template is not a token of the vocabulary: it becomes {} pieces of text",
                               in_quotes(mark), tokens->size()),
                   "this template belongs to another model: --chat-template FILE, or none", subject_.rows[row].index,
                   in_quotes(text, 80));
        return;
      }
    }
  }

  // A blank at the end of a prompt that belongs to the first word behind it.
  void look_at_seams(const data::Prompts& prompts, size_t row) {
    const data::Prompt& prompt = prompts.prompts.front();
    const std::string text = prompt.text.str();
    const bool blank = text.ends_with(' ') || text.ends_with('\t');
    // a continuation that is scored is tokenised together with its prompt, and takes such a token with it
    if (subject_.form != data::Form::open || prompt.chat || text.empty() || subject_.golds[row].empty()) return;
    const std::string next = blank ? subject_.golds[row].front() : "";
    ++seams_;
    if (next.empty()) return;
    const auto alone = session_.tokenize(text, !prompt.chat), whole = session_.tokenize(text + next, !prompt.chat);
    if (!alone || !whole || is_prefix(*alone, *whole)) return;
    ++split_;
    if (split_ == 1)
      split_row_ = row,
      split_text_ = fmt::format("{} before {}", in_quotes(text.substr(text.size() - std::min<size_t>(text.size(), 16))),
                                in_quotes(next, 30));
  }

  void say_seams() {
    if (split_ * 2 <= seams_ || split_ == 0) return;
    found_.add(Severity::warning, "split-token",
               fmt::format("a token reaches over the end of the prompt in {} of {} rows: the model is shown an end that it has "
                           "hardly ever seen before such an answer",
                           split_, seams_),
               "take the blank from the end of the prompt (and put it in front of the answers, where they are scored)",
               subject_.rows[split_row_].index, split_text_);
  }

  // Stop words, and how long answers and examples are.
  void look_at_replies() {
    if (subject_.form != data::Form::open) return;
    std::vector<std::string> stops = session_.config().stop_words;
    stops.insert(stops.end(), subject_.dataset.inferencer.stop.begin(), subject_.dataset.inferencer.stop.end());
    std::vector<std::string> shown;
    for (const std::string& shot : subject_.shots)
      if (std::string answer = subject_.shown_answer(shot); !answer.empty()) shown.push_back(std::move(answer));
    for (const std::string& stop : stops) {
      uint64_t golds = 0;
      std::optional<size_t> first;
      for (size_t i = 0; i < subject_.golds.size(); ++i) {
        // any of a list is enough
        const auto& texts = subject_.golds[i];
        const bool all = !texts.empty() &&
                         std::all_of(texts.begin(), texts.end(), [&](const std::string& text) { return cuts(stop, text); });
        golds += all;
        if (all && !first) first = i;
      }
      const auto examples =
          std::count_if(shown.begin(), shown.end(), [&](const std::string& text) { return cuts(stop, text); });
      if (golds == 0 && examples == 0) continue;
      const bool by_golds = golds > 0;
      const bool many = by_golds ? golds * 20 > subject_.golds.size() : examples * 2 > static_cast<int64_t>(shown.size());
      found_.add(
          many ? Severity::error : Severity::warning, "stop-in-answer",
          by_golds ? fmt::format("the stop word {} stands in {} of {} right answers, which end there", in_quotes(stop), golds,
                                 subject_.golds.size())
                   : fmt::format("the stop word {} stands in {} of {} answers of the examples: a reply like these ends there",
                                 in_quotes(stop), examples, shown.size()),
          "choose another stop word (infer.inferencer.stop, --stop-words)",
          first ? std::optional(subject_.rows[*first].index) : std::nullopt,
          first ? in_quotes(subject_.golds[*first].front())
                : in_quotes(*std::find_if(shown.begin(), shown.end(), [&](const auto& text) { return cuts(stop, text); })));
    }
    const uint32_t most = serve::max_out_len(subject_.dataset.inferencer, session_.config());
    std::erase_if(shown, [&](const std::string& text) { return text.size() <= most; });
    const auto counts =
        shown.empty() ? Result<std::vector<uint32_t>>(std::vector<uint32_t>{}) : session_.count_tokens(shown, true);
    if (!counts || counts->empty()) return;
    const auto longest = std::max_element(counts->begin(), counts->end());
    if (*longest > most)
      found_.add(Severity::warning, "reply-too-short",
                 fmt::format("examples show answers of up to {} tokens, and a reply has at most {}", *longest, most),
                 "raise --max-out-len (or the card's max_out_len)", {},
                 in_quotes(shown[static_cast<size_t>(longest - counts->begin())], 80));
  }

  // Not at its very beginning, where generation could not begin, nor in white space at the end.
  static bool cuts(const std::string& stop, const std::string& text) {
    const size_t begin = text.find_first_not_of(" \t\r\n"), end = text.find_last_not_of(" \t\r\n");
    if (begin == text.npos || stop.empty()) return false;
    const size_t at = text.find(stop, begin);
    return at != text.npos && at <= end;
  }

  Subject& subject_;
  serve::ModelSession& session_;
  Found& found_;
  serve::Retrieved retrieved_;
  uint64_t seen_ = 0, dropped_ = 0, cut_ = 0, seams_ = 0, split_ = 0;
  uint32_t most_dropped_ = 0, longest_ = 0, room_ = 0;
  size_t dropped_row_ = 0, cut_row_ = 0, split_row_ = 0;
  std::string split_text_;
};

}  // namespace

void check_model(Subject& subject, serve::ModelSession& session, Found& found) {
  for (const std::string& warning : session.warnings())
    found.add(Severity::warning, "model-files", warning, "say with a flag what is meant, or correct the model's files");
  const config::ModelConfig& model = session.config();
  if (subject.form != data::Form::open || model.chat == config::Chat::none) return;
  const bool instructed = sounds_instructed(model.abbr);
  if (instructed && !session.has_chat_template() && model.meta_template.empty())
    found.add(Severity::warning, "no-chat-template",
              "its name says that it follows instructions, and it has no chat template: questions are sent as plain text",
              "give its template with --chat-template FILE.jinja, or --chat-template none if plain text is meant");
  if (instructed && session.has_chat_template() && model.base)
    found.add(Severity::warning, "chat-template-unused",
              "its name says that it follows instructions, and its chat template is not used (--hf-type base)",
              "leave --hf-type base out");
}

void check_sent(Subject& subject, serve::ModelSession& session, Found& found) {
  if (!subject.rows.empty()) Sent(subject, session, found).run();
  const bool samples = session.sampling().temperature > 0;
  if (subject.dataset.repeats > 1 && !samples && subject.form == data::Form::open)
    found.add(Severity::warning, "equal-repeats",
              fmt::format("each of {} attempts gives the same reply, since nothing is sampled", subject.dataset.repeats),
              "give --generation-kwargs do_sample=true temperature=..., or --repeat 1");
}

}  // namespace sextant::check
