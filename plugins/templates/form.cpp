// From configuration to Form. The JSON Schema has checked types and unknown keys when the core is the caller; what a schema
// says badly (one of two keys, a label given twice) is said here, and so is what another host may not have checked.
#include "form.hpp"

namespace sextant::templates {
namespace {

// OpenCompass' mark for the place of the examples.
constexpr std::string_view examples_mark = "</E>";

std::string required_text(const json::Value& object, std::string_view key, const std::string& path) {
  if (auto text = json::find_string(object, key)) return *std::move(text);
  throw ConfigError("template: " + path + "." + std::string(key) + " must be given as a text");
}

// A text with {columns}, or {"jinja": "..."}.
Source read_source(const json::Value& value, const std::string& path) {
  if (value.IsString()) return {std::string(json::text(value)), nullptr};
  const auto source = json::find_string(value, "jinja");
  if (!source || value.MemberCount() != 1) throw ConfigError("template: " + path + " must be a text, or {\"jinja\": \"...\"}");
  return {"", std::make_shared<const jinja::Template>(
                  or_throw(jinja::Template::parse(*source, "template: " + path, jinja::Environment::lm_eval())))};
}
Source required_source(const json::Value& object, const char* key, const std::string& path) {
  if (const json::Value* value = json::find(object, key)) return read_source(*value, path + "." + key);
  throw ConfigError("template: " + path + "." + key + " must be given as a text");
}

Turn read_turn(const json::Value& value, const std::string& path) {
  Turn turn;
  turn.role = required_text(value, "role", path);
  if (turn.role.empty()) throw ConfigError("template: " + path + ".role is empty; name one, such as HUMAN or BOT");
  turn.fallback_role = json::find_string(value, "fallback_role").value_or("");
  turn.text = required_source(value, "prompt", path);
  return turn;
}

const json::Value& required_list(const json::Value& object, const char* key, const std::string& path) {
  const json::Value* list = json::find(object, key);
  if (!list || !list->IsArray() || list->Empty())
    throw ConfigError("template: " + path + " must be a list with at least one entry");
  return *list;
}

std::vector<Turn> read_turns(const json::Value& object, const std::string& path) {
  std::vector<Turn> turns;
  for (const auto& item : required_list(object, "round", path).GetArray())
    turns.push_back(read_turn(item, path + "[" + std::to_string(turns.size()) + "]"));
  return turns;
}

// `begin` and `end`: a text, or a list of texts and turns.
std::vector<Turn> read_mixed(const json::Value& config, const char* key) {
  std::vector<Turn> out;
  const json::Value* value = json::find(config, key);
  if (!value) return out;
  if (value->IsString() || json::find(*value, "jinja")) return {{"", "", read_source(*value, key)}};
  if (!value->IsArray()) throw ConfigError(std::string("template: ") + key + " must be a text or a list of texts and turns");
  for (const auto& item : value->GetArray()) {
    if (item.IsString() || json::find(item, "jinja"))
      out.push_back({"", "", read_source(item, std::string(key) + "[" + std::to_string(out.size()) + "]")});
    else out.push_back(read_turn(item, std::string(key) + "[" + std::to_string(out.size()) + "]"));
  }
  return out;
}

void read_begin(const json::Value& config, Form& form) {
  form.begin = read_mixed(config, "begin");
  form.examples_at = form.begin.size();
  for (size_t i = 0; i < form.begin.size(); ++i) {
    if (!form.begin[i].role.empty() || form.begin[i].text.program || form.begin[i].text.text != examples_mark) continue;
    form.begin.erase(form.begin.begin() + static_cast<std::ptrdiff_t>(i));
    form.examples_at = i;
    form.examples_marked = true;
    return;
  }
}

void read_continuations(const json::Value& config, Form& form) {
  if (!json::find(config, "continuations")) return;
  for (const auto& item : required_list(config, "continuations", "continuations").GetArray()) {
    const std::string path = "continuations[" + std::to_string(form.continuations.size()) + "]";
    form.continuations.push_back({required_text(item, "label", path), required_source(item, "text", path)});
  }
  if (form.has_labels())
    throw ConfigError("template: labels (for ppl) and continuations (for loglikelihood) exclude each other; remove one");
}

std::string column_path(const json::Value& value, const std::string& key) {
  const std::string_view text = value.IsString() ? json::text(value) : std::string_view();
  if (text.size() < 3 || text.front() != '{' || text.back() != '}')
    throw ConfigError("template: " + key + " must be a list, or one list column in braces, as in \"{choices}\"");
  return std::string(text.substr(1, text.size() - 2));
}

void read_choices(const json::Value& config, Form& form) {
  if (const json::Value* cloze = json::find(config, "cloze")) form.cloze = read_source(*cloze, "cloze");
  const json::Value* given = json::find(config, "choices");
  if (!given) return;
  Choices& choices = form.choices.emplace();
  if (const json::Value* texts = json::find(*given, "texts")) {
    if (!texts->IsArray()) choices.texts_column = column_path(*texts, "choices.texts");
    else
      for (const auto& item : required_list(*given, "texts", "choices.texts").GetArray())
        choices.texts.push_back(read_source(item, "choices.texts[" + std::to_string(choices.texts.size()) + "]"));
  }
  const json::Value* labels = json::find(*given, "labels");
  const bool letters = !labels || (labels->IsString() && json::text(*labels) == "letters");
  if (!letters && !labels->IsArray()) choices.labels_column = column_path(*labels, "choices.labels");
  if (!letters && labels->IsArray())
    for (const auto& item : required_list(*given, "labels", "choices.labels").GetArray()) {
      if (!item.IsString() || item.GetStringLength() == 0)
        throw ConfigError("template: choices.labels must be texts, none of them empty");
      choices.labels.emplace_back(json::text(item));
    }
  if (letters && !choices.has_texts())
    throw ConfigError(
        "template: choices has neither \"texts\" nor a list of \"labels\", so it does not say how many options there are; add "
        "one");
  if (const auto line = json::find_string(*given, "line")) choices.line = *line;
}

void read_ask(const json::Value& config, Form& form) {
  const auto name = json::find_string(config, "form");
  if (!name) return;
  for (size_t i = 0; i < std::size(ask_names); ++i)
    if (*name == ask_names[i]) form.ask = static_cast<Ask>(i);
  if (!form.ask) throw ConfigError("template: form is '" + *name + "'; it must be open, labels, continuations, cloze or whole");
}

// `turns(entry, path)` reads what a round of this component holds, from the configuration itself or from one of its labels.
template <class ReadTurns> Form read_form(const json::Value& config, const char* round_key, ReadTurns turns) {
  Form form;
  const std::string compat = json::find_string(config, "compat").value_or("none");
  form.compat = compat == "opencompass" || compat == "opencompass-0.2.4";
  const bool has_round = json::find(config, round_key), has_labels = json::find(config, "labels");
  if (has_round == has_labels)
    throw ConfigError(std::string("template: give either ") + round_key + " or labels" + (has_round ? ", not both" : ""));
  if (has_round) form.rounds.push_back({"", turns(config, std::string(round_key))});
  if (has_labels) {
    for (const auto& item : required_list(config, "labels", "labels").GetArray()) {
      const std::string path = "labels[" + std::to_string(form.rounds.size()) + "]";
      Round round{required_text(item, "label", path), {}};
      if (round.label.empty()) throw ConfigError("template: " + path + ".label is empty");
      for (const Round& other : form.rounds)
        if (other.label == round.label) throw ConfigError("template: " + path + ".label '" + round.label + "' is given twice");
      round.turns = turns(item, path + "." + round_key);
      form.rounds.push_back(std::move(round));
    }
  }
  read_begin(config, form);
  read_continuations(config, form);
  read_choices(config, form);
  read_ask(config, form);
  return form;
}

}  // namespace

Form read_text_form(const json::Value& config) {
  Form form = read_form(config, "prompt", [](const json::Value& entry, const std::string& path) {
    if (const json::Value* text = json::find(entry, "prompt")) return std::vector<Turn>{{"", "", read_source(*text, path)}};
    throw ConfigError("template: " + path + " must be a text");
  });
  if (const json::Value* shot = json::find(config, "shot")) {
    form.shot = {{"", "", read_source(*shot, "shot")}};
  }
  return form;
}

Form read_dialogue_form(const json::Value& config) {
  Form form = read_form(config, "round", read_turns);
  if (const json::Value* shot = json::find(config, "shot")) form.shot = read_turns(*shot, "shot.round");
  form.end = read_mixed(config, "end");
  return form;
}

}  // namespace sextant::templates
