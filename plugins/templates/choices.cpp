#include "choices.hpp"
#include <sextant/columns.hpp>
#include "substitute.hpp"

namespace sextant::templates {
namespace {

// Null, or nothing but blanks: a cell that was left empty is not an option.
bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == text.npos; }
std::string option_text(const json::Value& value) { return value.IsNull() ? std::string() : columns::as_text(value); }

// "{E}" alone, whose column is null, is empty; within a longer text null is what Python prints.
std::string filled_option(const Source& source, const json::Value& record, bool compat) {
  if (!source.program && source.text.size() > 2 && source.text.front() == '{' && source.text.back() == '}')
    if (const json::Value* value = columns::find(record, std::string_view(source.text).substr(1, source.text.size() - 2));
        value && value->IsNull())
      return {};
  return filled(source, record, compat);
}

// The texts of a list column. "choices.text" of a list of objects is the member of each.
std::vector<std::string> list_column(const json::Value& record, const std::string& path, const char* key) {
  const auto texts = [](const json::Value& list) {
    std::vector<std::string> out;
    for (const auto& item : list.GetArray()) out.push_back(option_text(item));
    return out;
  };
  if (const json::Value* value = columns::find(record, path)) {
    if (value->IsArray()) return texts(*value);
    throw DataError(std::string("template: choices.") + key + " names the column '" + path + "', which holds no list");
  }
  const size_t dot = path.rfind('.');
  const json::Value* items = dot == path.npos ? nullptr : columns::find(record, std::string_view(path).substr(0, dot));
  std::vector<std::string> out;
  if (items && items->IsArray())
    for (const auto& item : items->GetArray())
      if (const json::Value* member = json::find(item, std::string_view(path).substr(dot + 1)))
        out.push_back(option_text(*member));
  if (items && items->IsArray() && out.size() == items->Size()) return out;
  throw DataError(std::string("template: choices.") + key + " names '" + path + "', which this record does not have");
}

}  // namespace

std::string filled(const Source& source, const json::Value& record, bool compat) {
  if (source.program) return or_throw(source.program->render(record));
  return compat ? substitute_in_sequence(source.text, record) : columns::fill(source.text, record);
}

std::vector<Choice> choices_of(const Choices& choices, const json::Value& record, bool compat) {
  std::vector<std::string> texts, labels = choices.labels;
  if (!choices.texts_column.empty()) texts = list_column(record, choices.texts_column, "texts");
  for (const Source& text : choices.texts) texts.push_back(filled_option(text, record, compat));
  if (!choices.labels_column.empty()) labels = list_column(record, choices.labels_column, "labels");
  if (labels.empty()) {
    if (texts.size() > 26)
      throw DataError("template: this record has " + std::to_string(texts.size()) +
                      " options, more than there are letters; give choices.labels");
    for (size_t i = 0; i < texts.size(); ++i) labels.emplace_back(1, static_cast<char>('A' + i));
  } else if (choices.has_texts() && !choices.labels.empty() && texts.size() < labels.size()) {
    labels.resize(texts.size());  // fixed labels, fewer options in this row
  }
  if (labels.empty())
    throw DataError("template: this record has no options to choose from; correct choices.texts, or leave the row out");
  if (choices.has_texts() && texts.size() != labels.size())
    throw DataError("template: this record has " + std::to_string(texts.size()) + " options and " +
                    std::to_string(labels.size()) + " labels");
  std::vector<Choice> out;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (choices.has_texts() && is_blank(texts[i])) continue;  // its letter goes with it
    if (find_choice(out, labels[i])) throw DataError("template: two options of this record have the label '" + labels[i] + "'");
    out.push_back({std::move(labels[i]), i < texts.size() ? std::move(texts[i]) : std::string()});
  }
  if (out.empty())
    throw DataError("template: all options of this record are empty; correct choices.texts, or leave the row out");
  return out;
}

std::string lines_of(const Choices& choices, const std::vector<Choice>& options) {
  std::string out;
  for (const Choice& option : options) {
    json::Document values(rapidjson::kObjectType);
    json::set(values, "label", option.label, values.GetAllocator());
    json::set(values, "text", option.text, values.GetAllocator());
    out += (out.empty() ? "" : "\n") + columns::fill(choices.line, values);
  }
  return out;
}

const Choice* find_choice(const std::vector<Choice>& options, std::string_view label) {
  for (const Choice& option : options)
    if (option.label == label) return &option;
  return nullptr;
}

}  // namespace sextant::templates
