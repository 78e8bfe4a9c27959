#include "options.hpp"
#include <algorithm>
#include <map>
#include <set>
#include <sextant/columns.hpp>
#include <sextant/list_text.hpp>
#include <sextant/message_text.hpp>
#include "listed_options.hpp"

namespace sextant::tables {
namespace {

// Columns that hold all options of a row.
constexpr std::string_view list_names[] = {"choices",      "options",        "endings", "candidates",
                                           "alternatives", "answer_choices", "选项"};
// "option_a", "choice1", "opA": what stands in front of the letter or number
constexpr std::string_view prefixes[] = {"option", "choice", "answer", "ending", "opt", "op", "sol", "选项"};

// ---- columns A, B, ... ----

// "A" -> ("upper", 0); "option_b" -> ("option:letter", 1); "choice1" -> ("choice:digit", 1)
std::optional<std::pair<std::string, size_t>> family_of(std::string_view name) {
  const auto letter = [](std::string_view s, char first) -> std::optional<size_t> {
    if (s.size() != 1 || s[0] < first || s[0] >= first + 26) return std::nullopt;
    return static_cast<size_t>(s[0] - first);
  };
  const auto number = [](std::string_view s) -> std::optional<size_t> {
    if (s.empty() || s.size() > 2 || s.find_first_not_of("0123456789") != s.npos) return std::nullopt;
    return static_cast<size_t>(std::stoul(std::string(s)));
  };
  std::string_view bare = name;  // "A." and "(A)" are A
  while (!bare.empty() && (bare.front() == '(' || bare.front() == '[')) bare.remove_prefix(1);
  while (!bare.empty() && std::string_view(").:]").find(bare.back()) != bare.npos) bare.remove_suffix(1);
  if (const auto i = letter(bare, 'A')) return std::pair(std::string("upper"), *i);
  if (const auto i = letter(bare, 'a')) return std::pair(std::string("lower"), *i);
  if (const auto i = number(bare)) return std::pair(std::string("number"), *i);
  const std::string small = lower_case(name);
  for (const std::string_view prefix : prefixes) {
    if (!small.starts_with(prefix)) continue;
    std::string_view rest = std::string_view(small).substr(prefix.size());
    while (!rest.empty() && std::string_view(" _-").find(rest.front()) != rest.npos) rest.remove_prefix(1);
    if (const auto i = letter(rest, 'a')) return std::pair(std::string(prefix) + ":letter", *i);
    if (const auto i = number(rest)) return std::pair(std::string(prefix) + ":number", *i);
  }
  return std::nullopt;
}

using Family = std::map<size_t, std::string>;  // place -> column

// 0, 1, 2, ... or 1, 2, 3, ... without a gap, at least two.
bool is_whole(const std::string& name, const Family& family) {
  const size_t first = family.begin()->first;
  const bool counts_from_one = name.ends_with("number") && first == 1;
  return family.size() >= 2 && (first == 0 || counts_from_one) && family.rbegin()->first == first + family.size() - 1;
}

std::string listed(const Family& family) {
  std::vector<std::string> names;
  for (const auto& [place, column] : family) names.push_back(column);
  return csv::detail::listed(names);
}

// What the first row that has it at all has there; every row is read in the end.
bool is_list_like(const std::vector<Row>& rows, const std::string& path) {
  const auto first =
      std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return !is_blank(columns::find(row.record, path)); });
  if (first == rows.end()) return false;
  const json::Value* value = columns::find(first->record, path);
  if (value->IsArray() || value->IsObject()) return true;
  json::Document ignored;
  return value->IsString() && list_text::read(json::text(*value), ignored);
}

}  // namespace

Columns::Columns(const std::vector<Row>& all_rows) : rows(all_rows.size()) {
  for (const Row& row : all_rows)
    for (const auto& member : row.record.GetObject()) {
      const auto [it, fresh] = place.try_emplace(std::string(json::text(member.name)), all.size());
      if (fresh) all.push_back({it->first, 0, 0});
      ++all[it->second].rows;
      all[it->second].filled += !is_blank(&member.value);
    }
}

const Columns::Column* Columns::find(const std::string& name) const {
  const auto it = place.find(name);
  return it == place.end() ? nullptr : &all[it->second];
}

std::vector<std::string> Columns::names() const {
  std::vector<std::string> out;
  for (const Column& column : all) out.push_back(column.name);
  return out;
}

std::vector<std::string> Columns::named(std::string_view name) const {
  if (find(std::string(name))) return {std::string(name)};
  std::vector<std::string> out;
  for (const Column& column : all)
    if (lower_case(column.name) == lower_case(name)) out.push_back(column.name);
  return out;
}

bool is_list_name(std::string_view name) {
  const std::string small = lower_case(name);
  return std::find(std::begin(list_names), std::end(list_names), small) != std::end(list_names);
}

bool is_blank(const json::Value* value) {
  if (!value || value->IsNull()) return true;
  return value->IsString() && csv::is_blank(json::text(*value));
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string trimmed(std::string_view text) { return csv::column_name(utf8::half_width(text)); }

Result<OptionSource> find_options(const Columns& columns, const std::vector<Row>& rows, const json::Value* wanted,
                                  const std::string& question, const std::string& origin) {
  OptionSource out;
  if (wanted && wanted->IsString()) return OptionSource{OptionSource::Kind::list, {}, {}, std::string(json::text(*wanted))};
  if (wanted) {
    out.kind = OptionSource::Kind::columns;
    for (const auto& item : wanted->GetArray()) {
      const std::string name(json::text(item));
      if (!columns.find(name))
        return data_error(origin + ": there is no column '" + name + "', which \"options\" names" +
                          did_you_mean(name, columns.names()) + "; it has: " + csv::detail::listed(columns.names()));
      out.columns.push_back(name);
    }
    out.labels = out.columns;
    return out;
  }
  std::vector<OptionSource> found;
  std::map<std::string, Family> families;
  for (const Columns::Column& column : columns.all)
    if (const auto family = family_of(column.name)) families[family->first].try_emplace(family->second, column.name);
  const auto first_letter = families.find("upper");
  if (first_letter != families.end() && first_letter->second.begin()->first == 0 && !is_whole("upper", first_letter->second))
    return data_error(
        origin + " has the option columns " + listed(first_letter->second) +
        (first_letter->second.size() < 2 ? ", and there are at least two of a question" : ", with a gap between them") +
        "; name those that are meant with \"options\" in its .meta.json, or say that it is not a multiple-choice set: "
        "--custom-dataset-data-type qa");
  for (const auto& [name, family] : families) {
    if (!is_whole(name, family)) continue;
    OptionSource source{OptionSource::Kind::columns, {}, {}, {}};
    for (const auto& [place, column] : family) {
      source.columns.push_back(column);
      source.labels.push_back(name == "number" ? column : std::string(1, letter_of(place - family.begin()->first)));
    }
    found.push_back(std::move(source));
  }
  for (const std::string_view name : list_names)
    for (const std::string& column : columns.named(name))
      if (is_list_like(rows, column)) found.push_back({OptionSource::Kind::list, {}, {}, column});
  const size_t dot = question.rfind('.');  // {"question": {"stem": ..., "choices": [...]}}
  if (dot != question.npos)
    for (const std::string_view name : list_names)
      if (const std::string path = question.substr(0, dot + 1) + std::string(name); is_list_like(rows, path))
        found.push_back({OptionSource::Kind::list, {}, {}, path});
  if (found.size() > 1) {
    const auto shown = [](const OptionSource& source) {
      return source.kind == OptionSource::Kind::list ? source.path : csv::detail::listed(source.columns);
    };
    return data_error(origin + ": its options may be " + shown(found[0]) + ", or " + shown(found[1]) +
                      "; say which with \"options\" in its .meta.json: a list of columns, or one list column's name");
  }
  return found.empty() ? out : found.front();
}

Result<std::vector<Option>> options_of(const OptionSource& source, const Row& row) {
  std::vector<Option> out;
  if (source.kind == OptionSource::Kind::columns) {
    for (size_t i = 0; i < source.columns.size(); ++i) {
      const json::Value* value = json::find(row.record, source.columns[i]);
      if (is_blank(value)) continue;
      if (value->IsArray() || value->IsObject())
        return data_error(row.place + "the option '" + source.columns[i] + "' is not text");
      out.push_back({source.labels[i], columns::as_text(*value), i});
    }
  } else if (source.kind == OptionSource::Kind::list) {
    SXT_TRY(out, listed_options(row, source.path));
  } else if (source.kind == OptionSource::Kind::in_question) {
    if (const json::Value* question = columns::find(row.record, source.path)) out = options_in(columns::as_text(*question));
  }
  if (out.size() < 2)
    return data_error(row.place + "it has " + (out.empty() ? "no option" : "one option, '" + out.front().label + "'") +
                      "; a question needs two: fill them in, or leave the row out");
  std::set<std::string_view> labels;
  for (const Option& option : out) {
    if (!labels.insert(option.label).second) return data_error(row.place + "two options have the label '" + option.label + "'");
  }
  return out;
}

}  // namespace sextant::tables
