#include "answers.hpp"
#include <algorithm>
#include <charconv>
#include <cmath>
#include <sextant/columns.hpp>

namespace sextant::tables {
namespace {

// The option's place in the row's list, by each meaning that the answer may have.
struct Meanings {
  std::optional<size_t> label, text, from_zero, from_one;
  bool empty = false;
};
constexpr std::optional<size_t> Meanings::*all_meanings[] = {&Meanings::label, &Meanings::text, &Meanings::from_zero,
                                                             &Meanings::from_one};
constexpr std::string_view meaning_names[] = {"labels", "options' texts", "numbers from 0 on", "numbers from 1 on"};

// "(B)", "b.", "Option B" as B.
std::string bare(std::string_view answer) {
  std::string text = trimmed(answer);
  for (const std::string_view word : {"option ", "option_", "choice ", "选项"})
    if (lower_case(text).starts_with(word)) text = trimmed(std::string_view(text).substr(word.size()));
  std::string_view inside = text;
  while (!inside.empty() && std::string_view("([{\"'").find(inside.front()) != inside.npos) inside.remove_prefix(1);
  while (!inside.empty() && std::string_view(")]}.:,;\"'").find(inside.back()) != inside.npos) inside.remove_suffix(1);
  return trimmed(inside);
}

std::optional<size_t> by_label(const std::string& answer, const OptionSource& source, const std::vector<Option>& options) {
  const auto where = [&](auto&& same) -> std::optional<size_t> {
    std::optional<size_t> out;
    for (size_t i = 0; i < options.size(); ++i) {
      if (!same(options[i])) continue;
      if (out) return std::nullopt;
      out = i;
    }
    return out;
  };
  if (const auto i = where([&](const Option& o) { return o.label == answer; })) return i;
  const std::string text = bare(answer);
  if (const auto i = where([&](const Option& o) { return o.label == text; })) return i;
  const std::string small = lower_case(text), whole = trimmed(answer);
  if (const auto i = where([&](const Option& o) { return !small.empty() && lower_case(o.label) == small; })) return i;
  if (source.kind == OptionSource::Kind::columns) {
    const std::string name = lower_case(whole);
    if (const auto i = where([&](const Option& o) { return lower_case(source.columns[o.position]) == name; })) return i;
  }
  return where([&](const Option& o) {  // "B. cork"
    if (o.text.empty() || !whole.starts_with(o.label) || whole.size() <= o.label.size()) return false;
    const std::string rest = std::string_view(" .:,)、").find(whole[o.label.size()]) != std::string_view::npos
                                 ? trimmed(std::string_view(whole).substr(o.label.size() + 1))
                                 : "";
    return !rest.empty() && rest == trimmed(o.text);
  });
}

std::optional<size_t> by_text(const std::string& answer, bool is_bool, const std::vector<Option>& options) {
  std::optional<size_t> out;
  const std::string wanted = is_bool ? lower_case(trimmed(answer)) : trimmed(answer);
  for (size_t i = 0; i < options.size(); ++i) {
    const std::string text = is_bool ? lower_case(trimmed(options[i].text)) : trimmed(options[i].text);
    if (text.empty() || text != wanted) continue;
    if (out) return std::nullopt;  // two options are alike
    out = i;
  }
  return out;
}

// 2, "2", and 2.0, which pandas makes of a column of whole numbers with a gap.
std::optional<int64_t> whole_number(const json::Value& value) {
  if (value.IsInt64()) return value.GetInt64();
  if (value.IsDouble())
    return value.GetDouble() == std::floor(value.GetDouble()) && std::fabs(value.GetDouble()) < 1000
               ? std::optional(static_cast<int64_t>(value.GetDouble()))
               : std::nullopt;
  if (!value.IsString()) return std::nullopt;
  std::string text = trimmed(json::text(value));
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  return code == std::errc() && end == text.data() + text.size() && !text.empty() ? std::optional(number) : std::nullopt;
}

std::optional<size_t> at_position(std::optional<int64_t> number, int64_t first, const std::vector<Option>& options) {
  if (!number) return std::nullopt;
  for (size_t i = 0; i < options.size(); ++i)
    if (static_cast<int64_t>(options[i].position) == *number - first) return i;
  return std::nullopt;
}

// "AC", "A, C", "A;C": letters of several options.
std::string several(const std::string& answer, const std::vector<Option>& options) {
  std::vector<std::string> found;
  for (const char c : trimmed(answer)) {
    if (std::string_view(" ,;/|&+").find(c) != std::string_view::npos) continue;
    if (std::none_of(options.begin(), options.end(), [&](const Option& o) { return o.label == std::string(1, c); })) return {};
    found.emplace_back(1, c);
  }
  return found.size() > 1 ? csv::detail::listed(found) : std::string();
}

std::string no_option(const Row& row, const json::Value* value, const std::string& column, const OptionSource& source,
                      const std::vector<Option>& options, const Meanings& meanings) {
  if (is_blank(value))
    return place_of(row) + "it has no answer in '" + column + "', and other rows do; write it, or leave the row out";
  const std::string answer = columns::as_text(*value);
  std::vector<std::string> labels;
  for (const Option& option : options) labels.push_back(option.label);
  std::string out = place_of(row) + "the answer '" + answer + "' is not one of the options " + csv::detail::listed(labels);
  if (const std::string letters = several(answer, options); !letters.empty())
    return place_of(row) + "the answer '" + answer + "' names several options (" + letters +
           "), and one is asked for; leave the row out, or write a card, whose post-processor "
           "first_capital_multi and whose answers are letters in a row: AC";
  std::vector<std::string> alike;
  for (const Option& option : options)
    if (!trimmed(option.text).empty() && trimmed(option.text) == trimmed(answer)) alike.push_back(option.label);
  if (alike.size() > 1)
    return place_of(row) + "the answer '" + answer + "' is the text of several options (" + csv::detail::listed(alike) +
           "); write the letter of the one that is meant";
  const auto of_other_case = std::find_if(options.begin(), options.end(), [&](const Option& option) {
    return option.text != answer && lower_case(trimmed(option.text)) == lower_case(trimmed(answer));
  });
  if (!meanings.text && of_other_case != options.end())
    out += "; it differs from the text of option " + of_other_case->label + ", '" + of_other_case->text +
           "', in case alone: write it alike";
  if (meanings.text)
    out += "; it is the text of option " + options[*meanings.text].label + ": write that letter, or the text in every row";
  if (source.kind == OptionSource::Kind::columns)
    for (size_t i = 0; i < source.labels.size(); ++i)
      if (source.labels[i] == bare(answer) && std::find(labels.begin(), labels.end(), source.labels[i]) == labels.end())
        out += "; the row's own '" + source.columns[i] + "' is empty";
  return out;
}

}  // namespace

std::string place_of(const Row& row) {
  const json::Value* id = json::find(row.record, "id");
  return row.place + (is_blank(id) ? "" : "id " + columns::as_text(*id) + ": ");
}

Result<std::vector<std::string>> labels_of_answers(const std::vector<Row>& rows, const std::string& column,
                                                   const OptionSource& source, const std::vector<std::vector<Option>>& options,
                                                   std::optional<int64_t> first_index, const std::string& meant,
                                                   std::string& ret_meaning) {
  std::vector<Meanings> meanings(rows.size());
  size_t counts[std::size(all_meanings)] = {};
  for (size_t r = 0; r < rows.size(); ++r) {
    const json::Value* value = columns::find(rows[r].record, column);
    if (value && value->IsArray() && value->Size() == 1) value = &(*value)[0];
    if (is_blank(value)) continue;
    if (value->IsArray())
      return data_error(place_of(rows[r]) + "'" + column + "' is a list of " + std::to_string(value->Size()) +
                        " answers, and one is asked for; leave the row out, or write a card, whose "
                        "post-processor is first_capital_multi and whose answers are letters in a row: AC");
    if (value->IsObject())
      return data_error(place_of(rows[r]) + "'" + column +
                        "' is an object; an answer is a label, an option's text or a number");
    const std::string answer = columns::as_text(*value);
    meanings[r].label = by_label(answer, source, options[r]);
    meanings[r].text = by_text(answer, value->IsBool(), options[r]);
    const auto number = whole_number(*value);
    meanings[r].from_zero = at_position(number, 0, options[r]);
    meanings[r].from_one = at_position(number, 1, options[r]);
    for (size_t m = 0; m < std::size(all_meanings); ++m) counts[m] += (meanings[r].*all_meanings[m]).has_value();
  }
  size_t chosen = 0;
  if (meant == "labels" || meant == "texts") {
    chosen = meant == "labels" ? 0 : 1;
  } else if (first_index) {
    chosen = *first_index == 0 ? 2 : 3;
  } else if (counts[0] < rows.size() || counts[1] == rows.size()) {
    std::vector<size_t> whole;  // letters may be the labels, or texts of the options (blood groups, names of variables)
    for (size_t m = 0; m < std::size(all_meanings); ++m)
      if (counts[m] == rows.size() && (m < 2 || counts[0] < rows.size())) whole.push_back(m);
    for (size_t k = 1; k < whole.size(); ++k) {
      const auto differ = std::find_if(meanings.begin(), meanings.end(), [&](const Meanings& m) {
        return m.*all_meanings[whole[0]] != m.*all_meanings[whole[k]];
      });
      if (differ != meanings.end())
        return data_error(rows[static_cast<size_t>(differ - meanings.begin())].place + "the answers in '" + column +
                          "' may be " + std::string(meaning_names[whole[0]]) + " or " + std::string(meaning_names[whole[k]]) +
                          (whole[0] == 0 ? "; say \"answers\": \"labels\" or \"texts\" in the file's .meta.json"
                                         : "; write the letters of the options, or say \"first_index\": 0 or 1, or "
                                           "\"answers\": \"texts\", in the file's .meta.json"));
    }
    chosen = whole.empty() ? static_cast<size_t>(std::max_element(std::begin(counts), std::end(counts)) - std::begin(counts))
                           : whole.front();
  }
  ret_meaning = meaning_names[chosen];
  std::vector<std::string> out;
  for (size_t r = 0; r < rows.size(); ++r) {
    const auto option = meanings[r].*all_meanings[chosen];
    if (!option) {
      const json::Value* value = columns::find(rows[r].record, column);
      std::string what = no_option(rows[r], value, column, source, options[r], meanings[r]);
      if (first_index && meanings[r].label)
        return data_error(place_of(rows[r]) +
                          "the answer is an option's label, and \"first_index\" says that answers are numbers; leave it out");
      if (chosen > 0 && !is_blank(value)) what += " (in other rows the answers are " + ret_meaning + ")";
      return data_error(std::move(what));
    }
    out.push_back(options[r][*option].label);
  }
  return out;
}

}  // namespace sextant::tables
