// What a template's configuration says: texts with {columns} or in Jinja, and the choices of a multiple-choice question. "text"
// and "dialogue" differ only in how they are read (form.cpp); fill.cpp makes prompts of it. docs/cards.md describes the
// configuration.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>
#include <sextant/jinja.hpp>
#include <sextant/sdk.hpp>

namespace sextant::templates {

/// Which prompts are asked for, in the order of the ABI's SXT_FORM_*.
enum class Ask { open, labels, continuations, cloze, whole };
inline constexpr const char* ask_names[] = {"open", "labels", "continuations", "cloze", "whole"};

/// A text of the card: with {columns}, or a Jinja template.
struct Source {
  std::string text;
  std::shared_ptr<const jinja::Template> program;  // null: {columns}
};

/// One turn, or plain text where `role` is empty.
struct Turn {
  std::string role, fallback_role;
  Source text;
};
/// The item's own part: one without a label, or (ppl) one per label.
struct Round {
  std::string label;
  std::vector<Turn> turns;
};
struct Continuation {
  std::string label;
  Source text;
};

/// Where the labels and texts of the options come from; the same for every row, or a list in each.
struct Choices {
  std::vector<std::string> labels;             // fixed
  std::string labels_column;                   // or a list column's path; neither: the letters from A on
  std::vector<Source> texts;                   // fixed places
  std::string texts_column;                    // or a list column's path
  std::string line = "{label}. {text}";        // one option of {choice_lines}
  bool has_texts() const { return !texts.empty() || !texts_column.empty(); }
};

struct Form {
  std::vector<Turn> begin;                     // once, before the question
  size_t examples_at = 0;                      // the examples stand before begin[examples_at]
  bool examples_marked = false;                // by "</E>" in begin
  std::vector<Round> rounds;
  std::optional<std::vector<Turn>> shot;       // absent: an example is its own round
  std::vector<Turn> end;
  std::vector<Continuation> continuations;     // as the card gives them
  std::optional<Choices> choices;
  std::optional<Source> cloze;                 // the prompt without the options; absent: {question}
  std::optional<Ask> ask;                      // what the core says that it will ask for
  bool compat = false;                         // OpenCompass' substitution, and an empty piece where "</E>" holds no examples

  bool has_labels() const { return !rounds.front().label.empty(); }
};

/// Reads the configuration; throws ConfigError naming the key.
Form read_text_form(const json::Value& config);
Form read_dialogue_form(const json::Value& config);
/// Throws ConfigError where the form cannot give what is asked for, and says what the card lacks.
void check_ask(const Form& form, Ask ask);

/// The JSON of the ABI's sextant.template/1 for one item; throws PluginError.
std::string fill(const Form& form, const sxt_render_item& item);

}  // namespace sextant::templates
