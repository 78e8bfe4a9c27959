// From a form and a record to the prompts that are asked for.
#include <cstddef>
#include <sextant/columns.hpp>
#include "choices.hpp"
#include "substitute.hpp"

namespace sextant::templates {
namespace {

Ask ask_of(const sxt_render_item& item) {
  if (item.form > SXT_FORM_WHOLE)
    throw ConfigError("template: the core asks for prompts of a form that this template does not know");
  return static_cast<Ask>(item.form);
}

using Allocator = json::Document::AllocatorType;

json::Document record_of(std::string_view text, const std::string& origin, Allocator& memory) {
  json::Document record(&memory);
  if (json::parse_into<json::strict_flags>(record, text).IsError())
    record = or_throw(json::parse(text, origin));  // says what is wrong
  if (!record.IsObject()) throw DataError(origin + " is not a JSON object; the loader must give one member per column");
  return record;
}

class Filler {
 public:
  Filler(const Form& form, const sxt_render_item& item, Ask ask)
      : form_(form), ask_(ask), output_column_(view(item.output_column)), writer_(buffer_) {
    own_ = record_of(view(item.record_json), "record", memory_);
    if (form.choices) {
      options_ = choices_of(*form.choices, own_, form.compat);
      add_lines(own_, options_);
    }
    hidden_.CopyFrom(own_, memory_);
    // a reply that is still to come must not stand in its prompt: it is generated, or scored as a continuation
    const bool hide = ask == Ask::open || ask == Ask::continuations || ask == Ask::cloze;
    if (hide && !output_column_.empty()) set(hidden_, "");
    for (uint64_t i = 0; i < item.shot_count; ++i) {
      shots_.push_back(record_of(view(item.shot_json[i]), "example " + std::to_string(i + 1), memory_));
      if (form.choices) add_lines(shots_.back(), choices_of(*form.choices, shots_.back(), form.compat));
    }
  }

  std::string run() {
    writer_.StartObject();
    switch (ask_) {
      case Ask::open: form_.has_labels() ? labels() : pieces(form_.rounds.front(), hidden_); break;
      case Ask::labels: form_.has_labels() ? labels() : labels_of_choices(); break;
      case Ask::continuations: continuations(); break;
      case Ask::cloze: cloze(); break;
      case Ask::whole: whole(); break;
    }
    writer_.EndObject();
    return {buffer_.GetString(), buffer_.GetSize()};
  }

 private:
  // ---- records ----
  void set(json::Document& record, std::string_view text) const {
    json::set(record, output_column_, text, record.GetAllocator());
  }
  void add_lines(json::Document& record, const std::vector<Choice>& options) const {
    json::set(record, "choice_lines", lines_of(*form_.choices, options), record.GetAllocator());
  }
  std::string answer_of(const json::Document& record) const {
    const json::Value* answer = json::find(record, output_column_);
    return answer ? columns::as_text(*answer) : std::string();
  }

  // ---- JSON ----
  void key(std::string_view name) { writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size())); }
  void member(std::string_view name, std::string_view text) {
    key(name);
    writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }
  template <class T, class Write> void list(std::string_view name, const std::vector<T>& entries, Write write) {
    key(name);
    writer_.StartArray();
    for (const T& entry : entries) {
      writer_.StartObject();
      write(entry);
      writer_.EndObject();
    }
    writer_.EndArray();
  }
  void piece(std::string_view section, const Turn& turn, std::string_view text, std::optional<size_t> shot = {}) {
    writer_.StartObject();
    member("section", section);
    if (!turn.role.empty()) member("role", turn.role);
    if (!turn.fallback_role.empty()) member("fallback_role", turn.fallback_role);
    if (shot) {
      key("shot");
      writer_.Uint64(*shot);
    }
    member("text", text);
    writer_.EndObject();
  }
  void piece(std::string_view section, const Turn& turn, const json::Value& record, std::optional<size_t> shot = {}) {
    piece(section, turn, filled(turn.text, record, form_.compat), shot);
  }

  // ---- prompts ----
  void pieces(const Round& round, const json::Value& record) {
    key("pieces");
    writer_.StartArray();
    for (size_t i = 0; i <= form_.begin.size(); ++i) {
      if (i == form_.examples_at) examples();
      if (i < form_.begin.size()) piece("begin", form_.begin[i], record);
    }
    for (const Turn& turn : round.turns) piece("round", turn, record);
    for (const Turn& turn : form_.end) piece("end", turn, record);
    writer_.EndArray();
  }
  void examples() {
    if (shots_.empty() && form_.examples_marked && form_.compat) piece("begin", {}, std::string_view());
    for (size_t k = 0; k < shots_.size(); ++k)
      for (const Turn& turn : form_.shot ? *form_.shot : round_of(shots_[k], "example " + std::to_string(k + 1)).turns)
        piece("shot", turn, shots_[k], k);
  }
  // With labels a record with its answer is the round of the label that is the answer.
  const Round& round_of(const json::Document& record, const std::string& which) const {
    if (!form_.has_labels()) return form_.rounds.front();
    const json::Value* answer = json::find(record, output_column_);
    std::string labels;
    for (const Round& round : form_.rounds) {
      if (answer && round.label == columns::as_text(*answer)) return round;
      labels += (labels.empty() ? "" : ", ") + round.label;
    }
    const std::string column(output_column_);
    if (!answer) throw DataError(which + " has no \"" + column + "\", the reader's output_column, to take its label from");
    throw DataError(which + ": its " + column + " \"" + columns::as_text(*answer) + "\" is not a label of the template (" +
                    labels + "); add the label, or \"shot\"");
  }

  void labels() {
    list("labels", form_.rounds, [this](const Round& round) {
      member("label", round.label);
      pieces(round, hidden_);
    });
  }
  void labels_of_choices() {
    json::Document record(&memory_);
    record.CopyFrom(own_, memory_);
    list("labels", options_, [&](const Choice& option) {
      set(record, option.label);
      member("label", option.label);
      pieces(form_.rounds.front(), record);
    });
  }
  void continuations() {
    if (form_.has_labels()) return labels();  // the core takes them apart
    pieces(form_.rounds.front(), hidden_);
    if (form_.continuations.empty()) return chosen([](const Choice& option) -> const std::string& { return option.label; });
    list("continuations", form_.continuations, [this](const Continuation& continuation) {
      member("label", continuation.label);
      member("text", filled(continuation.text, own_, form_.compat));
    });
  }
  template <class Text> void chosen(Text text) {
    list("continuations", options_, [&](const Choice& option) {
      member("label", option.label);
      member("text", text(option));
    });
    member("seam", "blank");
  }
  void cloze() {
    if (!form_.choices) return continuations();  // their texts are the card's own
    static const Source question{"{question}", nullptr};
    const Source& prompt = form_.cloze ? *form_.cloze : question;
    if (!form_.cloze && !json::find(own_, "question"))
      throw ConfigError(
          "template: the card has no \"cloze\" prompt, and its records no column \"question\" to stand in for it; add "
          "\"cloze\"");
    key("pieces");
    writer_.StartArray();
    for (size_t k = 0; k < shots_.size(); ++k) {
      const std::vector<Choice> options = choices_of(*form_.choices, shots_[k], form_.compat);
      const Choice* right = find_choice(options, answer_of(shots_[k]));
      if (!right)
        throw DataError("example " + std::to_string(k + 1) + ": its " + std::string(output_column_) + " \"" +
                        answer_of(shots_[k]) + "\" is not one of its labels");
      std::string text = filled(prompt, shots_[k], form_.compat);
      if (!text.empty() && std::string_view(" \t\r\n").find(text.back()) == std::string_view::npos) text += ' ';
      piece("shot", {}, text + right->text, k);
    }
    piece("round", {}, filled(prompt, hidden_, form_.compat));
    writer_.EndArray();
    chosen([](const Choice& option) -> const std::string& { return option.text; });
  }
  void whole() { pieces(round_of(own_, "the row"), own_); }

  const Form& form_;
  Ask ask_;
  std::string_view output_column_;
  alignas(std::max_align_t) char first_bytes_[16 << 10];  // of the memory of what follows: most rows need no more
  Allocator memory_{first_bytes_, sizeof first_bytes_};
  json::Document own_{&memory_}, hidden_{&memory_};  // the item's record, as it is and without the reply that is still to come
  std::vector<Choice> options_;
  std::vector<json::Document> shots_;
  rapidjson::StringBuffer buffer_;
  json::Writer writer_;
};

}  // namespace

void check_ask(const Form& form, Ask ask) {
  const bool labels = form.has_labels();
  if (ask == Ask::labels && !labels && !form.choices)
    throw ConfigError(
        "template: the card has neither \"labels\" nor \"choices\", and one prompt per label is asked for; add \"choices\"");
  if (ask == Ask::continuations && !labels && !form.choices && form.continuations.empty())
    throw ConfigError(
        "template: the card has no \"choices\", \"continuations\" or \"labels\", and the probability of each label is asked "
        "for; add \"choices\"");
  if (ask == Ask::cloze && !labels && form.continuations.empty() && !(form.choices && form.choices->has_texts()))
    throw ConfigError(
        "template: the card does not say what the options' texts are, which are asked for behind the question; add \"texts\" "
        "to \"choices\"");
}

std::string fill(const Form& form, const sxt_render_item& item) {
  const Ask ask = ask_of(item);
  check_ask(form, ask);
  return Filler(form, item, ask).run();
}

}  // namespace sextant::templates
