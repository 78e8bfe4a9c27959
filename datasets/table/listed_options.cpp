#include "listed_options.hpp"
#include <algorithm>
#include <span>
#include <sextant/columns.hpp>
#include <sextant/list_text.hpp>

namespace sextant::tables {
namespace {

constexpr std::string_view label_names[] = {"label", "key", "letter", "id", "option"};
constexpr std::string_view text_names[] = {"text", "content", "value", "answer", "choice"};

// what stands between an option's letter and its text
constexpr std::string_view option_marks[] = {")", ".", ":", "、", "．", "：", "）"};

// A cell may hold a list as text: JSON, or as Python prints it; `ret_owner` then keeps it. Null where the row has none.
Result<const json::Value*> list_value(const Row& row, const std::string& path, json::Document& ret_owner) {
  const json::Value* value = columns::find(row.record, path);
  if (!value || !value->IsString() || is_blank(value)) return value;
  if (!list_text::read(json::text(*value), ret_owner))
    return data_error(
        row.place + "'" + path +
        "' is a text and no list; write a JSON list, [\"...\", \"...\"], or one column for each option: A, B, ...");
  return static_cast<const json::Value*>(&ret_owner);
}

const json::Value* one_of(const json::Value& object, std::span<const std::string_view> names) {
  for (const std::string_view name : names)
    if (const json::Value* value = json::find(object, name)) return value;
  return nullptr;
}

Result<Option> item_option(const json::Value& item, size_t position, const Row& row, const std::string& path) {
  const std::string where = row.place + "'" + path + "', item " + std::to_string(position);
  Option option{"", "", position};
  if (!item.IsObject()) {
    if (item.IsArray()) return data_error(where + ", is a list; an option is a text, or {\"label\": ..., \"text\": ...}");
    if (!is_blank(&item)) option.text = columns::as_text(item);
    return option;
  }
  const json::Value *label = one_of(item, label_names), *text = one_of(item, text_names);
  if (text == label) label = nullptr;
  for (const auto& member : item.GetObject())
    if (member.value.IsBool())
      return data_error(where + ": the member '" + std::string(json::text(member.name)) +
                        "' seems to say which option is right; write the label of the right one in a column 'answer'");
  if (!text || text->IsObject() || text->IsArray())
    return data_error(where + ": an option is a text, or {\"label\": ..., \"text\": ...}");
  if (label && !is_blank(label)) option.label = trimmed(columns::as_text(*label));
  if (!is_blank(text)) option.text = columns::as_text(*text);
  return option;
}

// "A. iron", "(B) cork": where every option begins with its own letter, the letter is its label and no part of it.
void take_written_letters(std::vector<Option>& options) {
  std::vector<std::string> texts;
  for (const Option& option : options) {
    if (!option.label.empty()) return;
    const auto text = behind_letter(option.text, letter_of(option.position));
    if (!text) return;
    texts.emplace_back(*text);
  }
  for (size_t i = 0; i < options.size(); ++i) options[i].text = texts[i];
}

Result<std::vector<Option>> options_of_value(const json::Value& value, const Row& row, const std::string& path) {
  std::vector<Option> out;
  const json::Value *texts = json::find(value, "text"), *labels = json::find(value, "label");
  if (value.IsArray()) {
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
      SXT_TRY(Option option, item_option(value[i], i, row, path));
      out.push_back(std::move(option));
    }
  } else if (texts && labels && texts->IsArray() && labels->IsArray()) {  // as the hub stores a list of {text, label}
    if (texts->Size() != labels->Size())
      return data_error(row.place + "'" + path + "' has " + std::to_string(texts->Size()) + " texts and " +
                        std::to_string(labels->Size()) + " labels");
    for (rapidjson::SizeType i = 0; i < texts->Size(); ++i) {
      SXT_TRY(Option option, item_option((*texts)[i], i, row, path));
      option.label = trimmed(columns::as_text((*labels)[i]));
      out.push_back(std::move(option));
    }
  } else if (value.IsObject()) {  // {"A": "iron", "B": "cork"}
    size_t position = 0;
    for (const auto& member : value.GetObject()) {
      if (member.value.IsObject() || member.value.IsArray())
        return data_error(row.place + "'" + path + "." + std::string(json::text(member.name)) +
                          "' is not text; write {\"A\": \"...\", \"B\": \"...\"}");
      out.push_back(
          {trimmed(json::text(member.name)), is_blank(&member.value) ? "" : columns::as_text(member.value), position++});
    }
  } else {
    return data_error(row.place + "'" + path + "' is not a list; write the options as a list");
  }
  std::erase_if(out, [](const Option& option) { return option.text.empty(); });
  take_written_letters(out);
  for (Option& option : out) {
    if (!option.label.empty()) continue;
    if (option.position > 25)
      return data_error(row.place + "'" + path +
                        "' has more options than there are letters; give each a label: {\"label\": ..., \"text\": ...}");
    option.label = std::string(1, letter_of(option.position));
  }
  return out;
}

// ---- options inside the question's text ----

// Where a letter stands as an option's: behind a blank or a bracket, and before a mark.
size_t find_written(std::string_view text, char letter, size_t from) {
  for (size_t at = text.find(letter, from); at != text.npos; at = text.find(letter, at + 1)) {
    const bool free = at == 0 || std::string_view(" \t\r\n([").find(text[at - 1]) != std::string_view::npos ||
                      static_cast<unsigned char>(text[at - 1]) >= 0x80;
    for (const std::string_view mark : option_marks)
      if (free && text.substr(at + 1).starts_with(mark)) return at;
  }
  return text.npos;
}

}  // namespace

std::optional<std::string_view> behind_letter(std::string_view text, char letter) {
  if (!text.empty() && text.front() == '(') text.remove_prefix(1);
  if (text.size() < 2 || text.front() != letter) return std::nullopt;
  text.remove_prefix(1);
  size_t mark = 0;
  for (const std::string_view known : option_marks)
    if (text.starts_with(known)) mark = std::max(mark, known.size());
  if (mark == 0) return std::nullopt;
  text.remove_prefix(mark);
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text;
}

Result<std::vector<Option>> listed_options(const Row& row, const std::string& path) {
  json::Document owner;
  SXT_TRY(const json::Value* value, list_value(row, path, owner));
  if (is_blank(value)) return data_error(row.place + "it has no '" + path + "', where the options stand");
  return options_of_value(*value, row, path);
}

std::vector<Option> options_in(std::string_view text) {
  std::vector<Option> out;
  size_t at = 0;
  for (size_t position = 0; position < 26; ++position) {
    at = find_written(text, letter_of(position), at);
    if (at == text.npos) break;
    out.push_back({std::string(1, letter_of(position)), "", position});
  }
  return out;
}

}  // namespace sextant::tables
