// What a variant of a data set changes in its rows: texts, or the order of the options. Examples stay as they are (data.cpp).
#include "perturb.hpp"
#include <algorithm>
#include <fmt/format.h>
#include "../stats/stream.hpp"
#include "text_changes.hpp"

namespace sextant::load {
namespace {

// An option's text, or a list of such texts.
bool are_options(const json::Value& answer, const json::Value& options) {
  const auto is_option = [&](const json::Value& text) {
    return std::any_of(options.Begin(), options.End(), [&](const auto& one) { return one == text; });
  };
  return answer.IsArray() ? !answer.Empty() && std::all_of(answer.Begin(), answer.End(), is_option) : is_option(answer);
}

bool has_text(const json::Value& value) { return value.IsString() && value.GetStringLength() > 0; }

// The options of a record that has them; of columns those up to the first empty one.
Result<json::Value> options_of(const json::Value& record, const std::vector<std::string>& names,
                               json::Document::AllocatorType& a) {
  json::Value out(rapidjson::kArrayType);
  for (const std::string& name : names) {
    const json::Value* column = json::find(record, name);
    if (names.size() == 1 && column && !column->IsArray())
      return Error{Error::Kind::data,
                   fmt::format("the options cannot be put into another order: '{}' is not a list", names.front())};
    if (names.size() == 1 && column) return json::Value(*column, a);
    if (!column || column->IsNull() || (column->IsString() && !has_text(*column))) break;
    out.PushBack(json::Value(*column, a), a);
  }
  return out;
}

// The bytes of an option's text that are its own letter: "(B)", "B. "; 0: none.
size_t letter_bytes(const json::Value& option, size_t place) {
  if (!option.IsString()) return 0;
  const std::string_view text = json::text(option);
  const size_t at = !text.empty() && text[0] == '(';
  if (text.size() <= at || text[at] != static_cast<char>('A' + place)) return 0;
  for (const std::string_view mark : {")", ".", ":", "、", "．", "：", "）"})
    if (text.substr(at + 1).starts_with(mark)) return at + 1 + mark.size();
  return 0;
}

// Options change places; letters that all of them begin with stay.
json::Value turned_options(const json::Value& options, const std::string& order, json::Document::AllocatorType& a) {
  bool lettered = !options.Empty();
  for (rapidjson::SizeType k = 0; k < options.Size(); ++k) lettered = lettered && letter_bytes(options[k], k) > 0;
  json::Value out(options, a);
  for (rapidjson::SizeType k = 0; k < order.size(); ++k) {
    const auto from = static_cast<rapidjson::SizeType>(order[k] - 'A');
    if (!lettered) {
      out[k] = json::Value(options[from], a);
      continue;
    }
    const std::string own(json::text(options[k])), other(json::text(options[from]));
    out[k] = json::Value(own.substr(0, letter_bytes(options[k], k)) + other.substr(letter_bytes(options[from], from)), a);
  }
  return out;
}

// Rows with fewer options than others keep the order of those that they have.
std::string order_of(std::string order, size_t options) {
  std::erase_if(order, [&](char letter) { return static_cast<size_t>(letter - 'A') >= options; });
  return order;
}

}  // namespace

// The option that stands k-th is the one that stood at order[k].
Result<void> Perturb::turn(json::Value& record, json::Document::AllocatorType& a) const {
  SXT_TRY(const json::Value options, options_of(record, how_.options, a));
  const std::string order = order_of(how_.order, options.Size());
  json::Value turned = turned_options(options, order, a);
  if (how_.options.size() == 1) json::set(record, how_.options.front(), std::move(turned), a);
  else
    for (rapidjson::SizeType k = 0; k < turned.Size(); ++k) json::set(record, how_.options[k], json::Value(turned[k], a), a);
  return {};
}

// The right option by its letter, its number from 0, or its text, which stays as it is.
Result<json::Value> Perturb::answer_of(const json::Value& read, const json::Value& plain,
                                       json::Document::AllocatorType& a) const {
  const json::Value& of_options = json::find(read, how_.options.front()) ? read : plain;
  for (const auto& [record, column] : {std::pair(&plain, how_.answer), std::pair(&of_options, how_.options.front())})
    if (!json::find(*record, column))
      return Error{Error::Kind::data,
                   fmt::format("the options cannot be put into another order: there is no column '{}'", column)};
  SXT_TRY(const json::Value options, options_of(of_options, how_.options, a));
  const std::string order = order_of(how_.order, options.Size());
  const json::Value& answer = *json::find(plain, how_.answer);
  const std::string letter = answer.IsString() ? std::string(json::text(answer)) : "";
  const bool by_letter = letter.size() == 1 && letter[0] >= 'A' && letter[0] < static_cast<char>('A' + options.Size());
  if (by_letter || (answer.IsUint() && answer.GetUint() < options.Size())) {
    const char own = by_letter ? letter[0] : static_cast<char>('A' + answer.GetUint());
    const size_t at = order.find(own);
    if (at == order.npos) return json::Value(answer, a);  // of a long list the end stays where it is
    return by_letter ? json::Value(std::string(1, static_cast<char>('A' + at)), a) : json::Value(static_cast<unsigned>(at));
  }
  if (are_options(answer, options)) return json::Value(answer, a);
  return Error{
      Error::Kind::data,
      fmt::format(
          "the options cannot be put into another order: the answer {} in '{}' is neither the letter, the number nor the "
          "text of one of the {} options; leave option_order out of --perturb",
          json::write(answer), how_.answer, options.Size())};
}

void Perturb::change_text(json::Value& record, const std::string& column, json::Document::AllocatorType& a) const {
  const json::Value* value = json::find(record, column);
  if (!value || !value->IsString()) return;
  const std::string text(json::text(*value));
  const uint64_t key = stats::stream_key(fmt::format("{}\n{}\n{}\n{}", how_.kind, how_.number, column, text));
  std::string changed = text;
  if (how_.kind == "typos") changed = with_typos(text, key);
  if (how_.kind == "case") changed = with_case(text, how_.number);
  if (how_.kind == "full_width") changed = in_full_width(text);
  if (how_.kind == "homophones") changed = with_homophones(text, key);
  json::set(record, column, changed, a);
}

Result<void> Perturb::before_derived(json::Value& record, json::Document::AllocatorType& a) const {
  for (const std::string& column : how_.columns) change_text(record, column, a);
  if (!how_.options.empty() && json::find(record, how_.options.front())) SXT_CHECK(turn(record, a));
  return {};
}

Result<void> Perturb::after_derived(json::Value& record, const json::Value& read, const json::Value& plain,
                                    json::Document::AllocatorType& a) const {
  for (const std::string& column : how_.columns)
    if (!json::find(read, column)) change_text(record, column, a);
  if (how_.options.empty()) return {};
  if (!json::find(read, how_.options.front()) && json::find(record, how_.options.front())) SXT_CHECK(turn(record, a));
  SXT_TRY(json::Value answer, answer_of(read, plain, a));
  json::set(record, how_.answer, std::move(answer), a);
  return {};
}

}  // namespace sextant::load
