#include "columns.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <sextant/columns.hpp>
#include <sextant/jinja.hpp>
#include "../base/text.hpp"

namespace sextant::load {
namespace {

// Fewer rows may agree by chance: so many where all answers are the same, and as many as make agreement less likely than one in
// 2^16 where they differ.
constexpr uint64_t leak_rows_min = 20;
constexpr double leak_bits_min = 16;
constexpr size_t leak_answers_max = 64;  // with more, a column that goes with the answers may as well be a row's number

constexpr std::string_view no_texts[] = {"role",    "fallback_role", "label",  "jinja", "line",
                                         "literal", "type",          "compat", "form"};

// Each once, in the order in which they first come.
void make_unique(std::vector<std::string>& paths) {
  std::unordered_set<std::string> seen;
  std::erase_if(paths, [&](const std::string& path) { return !seen.insert(path).second; });
}

// The names of a record's columns. It may have very many; few are looked through.
class ColumnNames {
 public:
  explicit ColumnNames(const json::Value& record) : record_(record) {
    if (record.IsObject() && record.MemberCount() > few)
      for (const auto& member : record.GetObject()) many_.insert(json::text(member.name));
  }
  bool contains(std::string_view name) const { return many_.empty() ? json::find(record_, name) != nullptr : many_.contains(name); }
  bool has_twice() const {
    if (!record_.IsObject()) return false;
    if (!many_.empty()) return many_.size() != record_.MemberCount();
    for (auto one = record_.MemberBegin(); one != record_.MemberEnd(); ++one)
      for (auto other = record_.MemberBegin(); other != one; ++other)
        if (json::text(one->name) == json::text(other->name)) return true;
    return false;
  }

 private:
  static constexpr rapidjson::SizeType few = 16;
  const json::Value& record_;
  std::unordered_set<std::string_view> many_;
};

// The columns that a Jinja template uses. What it does with them is its own matter, so that none of them must exist.
void add_variables(std::string_view source, Placeholders& out) {
  const auto parsed = jinja::Template::parse(std::string(source), "jinja", jinja::Environment::lm_eval());
  if (!parsed) return;  // the template plugin says what is wrong
  for (const jinja::Variable& variable : parsed->variables()) out.in_item.push_back(variable.name);
}

// A brace and a name, which yet are no placeholder. "{{" is a brace that is meant.
void add_unsound(std::string_view text, std::vector<Placeholders::Unsound>& out) {
  const auto in_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80) != 0;
  };
  constexpr size_t written_max = 60;
  for (size_t open = text.find('{'); open != text.npos; open = text.find('{', open + 1)) {
    if (open > 0 && text[open - 1] == '{') continue;
    const std::string_view rest = text.substr(open);
    const size_t begin = std::min(rest.find_first_not_of(' ', 1), rest.size());
    const auto end = static_cast<size_t>(std::find_if_not(rest.begin() + begin, rest.end(), in_name) - rest.begin());
    if (end == begin) continue;
    const size_t close = rest.substr(0, written_max).find_first_of("}\n");
    const bool closed = close != rest.npos && rest[close] == '}';
    const std::string_view written = rest.substr(0, closed ? close + 1 : end);
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    size_t command = open;
    while (command > 0 && letter(text[command - 1])) --command;
    const bool in_formula = open > 0 && (text[open - 1] == '^' || text[open - 1] == '_' ||
                                         (command < open && command > 0 && text[command - 1] == '\\'));
    if (in_formula || columns::placeholders(written).empty())
      out.push_back({std::string(rest.substr(begin, end - begin)), std::string(written), in_formula});
  }
}

// `columns_only`: a path may go on into the objects of a list, as "{choices.text}" does, so that its column alone can be looked
// for.
void collect(const json::Value& value, bool in_item, bool columns_only, const std::vector<std::string>& literal,
             Placeholders& out) {
  if (value.IsString()) {
    std::vector<Placeholders::Unsound> unsound;
    add_unsound(json::text(value), unsound);
    for (Placeholders::Unsound& one : unsound)
      if (std::find(literal.begin(), literal.end(), one.column) == literal.end()) out.unsound.push_back(std::move(one));
    for (std::string path : columns::placeholders(json::text(value))) {
      if (std::find(literal.begin(), literal.end(), path) != literal.end()) continue;
      if (columns_only) path = columns::column_of(path);
      out.everywhere.push_back(path);
      if (in_item) out.in_item.push_back(path);
    }
  } else if (value.IsArray()) {
    for (const auto& item : value.GetArray()) collect(item, in_item, columns_only, literal, out);
  } else if (value.IsObject()) {
    for (const auto& member : value.GetObject()) {
      const std::string_view key = json::text(member.name);
      if (key == "jinja" && member.value.IsString() && in_item) add_variables(json::text(member.value), out);
      if (std::find(std::begin(no_texts), std::end(no_texts), key) != std::end(no_texts)) continue;
      // options are shown by what the prompt says of them, and a label's own prompt holds every answer in turn
      collect(member.value, in_item && key != "shot" && key != "choices" && key != "continuations",
              columns_only || key == "choices", literal, out);
    }
  }
}

std::vector<std::string> names_of(const json::Value& record) {
  std::vector<std::string> names;
  if (record.IsObject())
    for (const auto& member : record.GetObject()) names.emplace_back(json::text(member.name));
  return names;
}

// A column may be named with a dot, so the whole path counts first.
bool same_column(std::string_view path, std::string_view column) {
  return path == column || columns::column_of(path) == column;
}

}  // namespace

Placeholders placeholders_of(const json::Value& config) {
  std::vector<std::string> literal;
  if (const json::Value* list = json::find(config, "literal"); list && list->IsArray())
    for (const auto& item : list->GetArray())
      if (item.IsString()) literal.emplace_back(json::text(item));
  Placeholders out;
  collect(config, true, false, literal, out);
  make_unique(out.everywhere);
  make_unique(out.in_item);
  return out;
}

Result<void> check_columns(std::span<const std::string> wanted, const json::Value& record, std::string_view name,
                           std::string_view path, std::string_view who) {
  const ColumnNames known(record);
  if (known.has_twice()) {
    std::unordered_set<std::string_view> seen;
    for (const auto& member : record.GetObject())
      if (!seen.insert(json::text(member.name)).second)
        return Error{Error::Kind::data, fmt::format("{}: a record in {} has the member '{}' twice; its loader must give one of them",
                                                    name, path, json::text(member.name))};
  }
  for (const std::string& column : wanted) {
    if (known.contains(column) || columns::find(record, column)) continue;
    const std::vector<std::string> there = names_of(record);
    return Error{Error::Kind::data, fmt::format("{}: the records in {} have no column '{}', which {} names{}; they have: {}",
                                                name, path, column, who, did_you_mean(column, there), join(there, ", "))};
  }
  return {};
}

Result<void> check_placeholders(std::span<const std::string> paths, const json::Value& record, std::string_view name,
                                std::string_view place, std::span<const std::string> made_by_template) {
  const ColumnNames known(record);
  for (const std::string& path : paths) {
    if (known.contains(path) || columns::find(record, path) ||
        std::find(made_by_template.begin(), made_by_template.end(), path) != made_by_template.end())
      continue;
    const std::vector<std::string> there = names_of(record);
    const std::string column(columns::column_of(path));
    const bool known = json::find(record, column);
    return Error{Error::Kind::data,
                 known ? fmt::format("{}: the template's {{{}}} names nothing in {}: its '{}' is {}", name, path, place, column,
                                     shorten(columns::as_text(*json::find(record, column)), 80))
                       : fmt::format("{}: the template's {{{}}} names no column of {}{}; it has: {}. Correct the name, or list "
                                     "it in the template's "
                                     "\"literal\" where braces are meant",
                                     name, path, place, did_you_mean(column, there), join(there, ", "))};
  }
  return {};
}

std::string unsound_finding(std::span<const Placeholders::Unsound> unsound, const json::Value& record, std::string_view name) {
  for (const auto& [column, written, in_formula] : unsound) {
    if (!json::find(record, column)) continue;
    const bool filled = written.ends_with('}') && columns::find(record, std::string_view(written).substr(1, written.size() - 2));
    if (filled && in_formula)
      return fmt::format("{0}: the template has \"{1}\" behind a formula's sign, and it is filled in with the column {2}; rename "
                         "the column where the brace is the formula's",
                         name, written, column);
    if (!filled)
      return fmt::format("{0}: the template has \"{1}\", which is no placeholder, and it is sent as it stands; write {{{2}}} for "
                         "the column {2}, or list {2} in \"literal\" where the brace is meant",
                         name, written, column);
  }
  return "";
}

AnswerLeak::AnswerLeak(const Placeholders& placeholders, std::string output_column) : output_column_(std::move(output_column)) {
  for (const std::string& path : placeholders.in_item)
    if (!same_column(path, output_column_)) suspects_.push_back({path, {}, {}});
}

void AnswerLeak::look_at(const json::Value& record) {
  if (suspects_.empty()) return;
  const json::Value* target = json::find(record, output_column_);
  const std::string answer = target ? columns::as_text(*target) : std::string();
  if (answer.empty()) return suspects_.clear();
  if (answers_.size() <= leak_answers_max) answers_.insert(answer);
  std::erase_if(suspects_, [&](Suspect& suspect) {
    const json::Value* value = columns::find(record, suspect.path);
    if (!value) return true;
    std::string text = columns::as_text(*value);
    suspect.equal = suspect.equal && text == answer;
    suspect.goes_with = suspect.goes_with && answers_.size() <= leak_answers_max &&
                        suspect.answer_of.try_emplace(text, answer).first->second == answer &&
                        suspect.value_of.try_emplace(answer, std::move(text)).first->second == columns::as_text(*value);
    if (!suspect.goes_with) suspect.answer_of.clear(), suspect.value_of.clear();
    return !suspect.equal && !suspect.goes_with;
  });
  ++rows_;
}

std::string AnswerLeak::finding(std::string_view name) const {
  const double bits = static_cast<double>(rows_) * std::log2(static_cast<double>(answers_.size()));
  const bool enough = rows_ >= leak_rows_min || bits >= leak_bits_min;
  for (const Suspect& suspect : suspects_) {
    // one value for each answer: where nearly every row has an answer of its own, that is no wonder
    if (!enough || (!suspect.equal && (answers_.size() < 2 || bits < leak_bits_min || 2 * answers_.size() > rows_))) continue;
    return fmt::format(
        "{}: the prompt shows {{{}}}, which {} the answer '{}' in all {} rows; leave it out of the item's own prompt (\"shot\" "
        "writes examples differently)",
        name, suspect.path, suspect.equal ? "is" : "tells", output_column_, rows_);
  }
  return {};
}

}  // namespace sextant::load
