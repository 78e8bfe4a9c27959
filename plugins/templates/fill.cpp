// From a Form and a row to pieces.
#include "form.hpp"
#include "substitute.hpp"

namespace sextant::templates {
namespace {

class Filler {
 public:
  Filler(const Form& form, const sxt_render_item& item)
      : form_(form), output_column_(view(item.output_column)), writer_(buffer_) {
    own_ = or_throw(row_from_json(view(item.record_json), "record"));
    hidden_ = own_;
    // a reply that is still to come must not stand in its prompt: it is generated, or scored as a continuation
    if ((item.form == SXT_FORM_OPEN || !form.continuations.empty()) && !output_column_.empty()) set_column(hidden_, output_column_, "");
    for (uint64_t i = 0; i < item.shot_count; ++i)
      shots_.push_back(or_throw(row_from_json(view(item.shot_json[i]), "example " + std::to_string(i + 1))));
  }

  std::string run() {
    writer_.StartObject();
    if (form_.has_labels()) {
      list("labels", form_.rounds, [this](const Round& round) {
        member("label", round.label);
        pieces(round);
      });
    } else {
      pieces(form_.rounds.front());
    }
    if (!form_.continuations.empty()) {
      list("continuations", form_.continuations, [this](const Continuation& continuation) {
        member("label", continuation.label);
        member("text", filled(continuation.text, own_));
      });
    }
    writer_.EndObject();
    return {buffer_.GetString(), buffer_.GetSize()};
  }

 private:
  std::string filled(std::string_view text, const Row& row) const {
    return form_.compat ? substitute_in_sequence(text, row) : substitute_once(text, row);
  }
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

  void piece(std::string_view section, const Blank& blank, const Row& row, std::optional<size_t> shot = {}) {
    writer_.StartObject();
    member("section", section);
    if (!blank.role.empty()) member("role", blank.role);
    if (!blank.fallback_role.empty()) member("fallback_role", blank.fallback_role);
    if (shot) {
      key("shot");
      writer_.Uint64(*shot);
    }
    member("text", filled(blank.text, row));
    writer_.EndObject();
  }

  void pieces(const Round& round) {
    key("pieces");
    writer_.StartArray();
    for (size_t i = 0; i <= form_.begin.size(); ++i) {
      if (i == form_.examples_at) examples();
      if (i < form_.begin.size()) piece("begin", form_.begin[i], hidden_);
    }
    for (const Blank& blank : round.turns) piece("round", blank, hidden_);
    for (const Blank& blank : form_.end) piece("end", blank, hidden_);
    writer_.EndArray();
  }
  void examples() {
    if (shots_.empty() && form_.examples_marked && form_.compat) piece("begin", {}, hidden_);
    for (size_t k = 0; k < shots_.size(); ++k)
      for (const Blank& blank : example(k)) piece("shot", blank, shots_[k], k);
  }

  // An example is rendered as `shot` says, else as the item is; with labels, as the label that is its own answer.
  const std::vector<Blank>& example(size_t k) const {
    if (form_.shot) return *form_.shot;
    if (!form_.has_labels()) return form_.rounds.front().turns;
    const std::string* answer = find_column(shots_[k], output_column_);
    std::string labels;
    for (const Round& round : form_.rounds) {
      if (answer && round.label == *answer) return round.turns;
      labels += (labels.empty() ? "" : ", ") + round.label;
    }
    const std::string column(output_column_), which = "example " + std::to_string(k + 1);
    if (!answer) throw DataError(which + " has no \"" + column + "\", the reader's output_column, to take its label from");
    throw DataError(which + ": its " + column + " \"" + *answer + "\" is no label of the template (" + labels +
                    "); add the label, or \"shot\"");
  }

  const Form& form_;
  std::string_view output_column_;
  Row own_, hidden_;  // the item's row, as it is and without the reply that is still to come
  std::vector<Row> shots_;
  rapidjson::StringBuffer buffer_;
  json::Writer writer_;
};

}  // namespace

std::string fill(const Form& form, const sxt_render_item& item) {
  if (item.form == SXT_FORM_OPEN && form.has_labels())
    throw ConfigError("template: labels are for ppl; a reply that is generated needs one prompt (text) or round (dialogue)");
  return Filler(form, item).run();
}

}  // namespace sextant::templates
