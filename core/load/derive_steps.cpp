#include "derive_steps.hpp"
#include <charconv>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <sextant/columns.hpp>
#include <sextant/jinja.hpp>
#include <sextant/list_text.hpp>
#include <sextant/regex.hpp>
#include "../base/text.hpp"
#include "doc_step.hpp"

namespace sextant::load {
namespace {

using Allocator = json::Document::AllocatorType;
using Made = Result<std::shared_ptr<const DeriveStep>>;

Error config_error(const std::string& where, const std::string& what) { return {Error::Kind::config, where + ": " + what}; }
Error data_error(const std::string& what) { return {Error::Kind::data, what}; }
std::string in_quotes(std::string_view text) { return "'" + shorten(text, 60) + "'"; }

json::Value text_value(std::string_view text, Allocator& a) {
  return json::Value(text.data(), static_cast<rapidjson::SizeType>(text.size()), a);
}

Result<const json::Value*> column_value(const json::Value& record, const std::string& path) {
  if (const json::Value* value = columns::find(record, path)) return value;
  std::vector<std::string> names;
  for (const auto& member : record.GetObject()) names.emplace_back(json::text(member.name));
  return data_error(
      fmt::format("there is no column '{}'{}; the record has: {}", path, did_you_mean(path, names), join(names, ", ")));
}

/// A step that works on one value: of "column", or of the step before it.
struct OnValue : DeriveStep {
  std::optional<std::string> column;
  Result<json::Value> make(const json::Value& record, const json::Value* before, Allocator& a) const override {
    if (!column && before) return of(*before, a);
    if (!column) return data_error("the first step needs \"column\"; name the column that it works on");
    SXT_TRY(const json::Value* value, column_value(record, *column));
    return of(*value, a);
  }
  virtual Result<json::Value> of(const json::Value& value, Allocator& a) const = 0;
};

template <class T> Result<std::string> required(const json::Value& step, const char* key, const std::string& where, T advice) {
  if (auto text = json::find_string(step, key)) return *std::move(text);
  return config_error(where, fmt::format("\"{}\" must be a text: {}", key, advice));
}
// The step's own value is its column, or true: the value of the step before.
Result<std::optional<std::string>> own_column(const json::Value& step, const char* key, const std::string& where) {
  const json::Value& value = *json::find(step, key);
  if (value.IsTrue()) return std::optional<std::string>();
  if (value.IsString()) return std::optional<std::string>(json::text(value));
  return config_error(where, fmt::format("\"{}\" must be a column's name, or true for the value of the step before", key));
}

// ---- texts ----

struct Text : DeriveStep {
  std::string text;
  static Made read(const json::Value& step, const std::string& where) {
    auto out = std::make_shared<Text>();
    SXT_TRY(out->text, required(step, "text", where, "with {columns}"));
    return Made(std::move(out));
  }
  Result<json::Value> make(const json::Value& record, const json::Value*, Allocator& a) const override {
    for (const std::string& path : columns::placeholders(text))
      if (const auto there = column_value(record, path); !there) return there.error();
    return text_value(columns::fill(text, record), a);
  }
};

struct List : DeriveStep {
  std::vector<Text> items;
  static Made read(const json::Value& step, const std::string& where) {
    auto out = std::make_shared<List>();
    const json::Value& list = step["list"];
    if (!list.IsArray()) return config_error(where, "\"list\" must be a list of texts with {columns}");
    for (const auto& item : list.GetArray()) {
      if (!item.IsString()) return config_error(where, "\"list\" must be a list of texts with {columns}");
      out->items.emplace_back().text = json::text(item);
    }
    return Made(std::move(out));
  }
  Result<json::Value> make(const json::Value& record, const json::Value* before, Allocator& a) const override {
    json::Value out(rapidjson::kArrayType);
    for (const Text& item : items) {
      SXT_TRY(json::Value text, item.make(record, before, a));
      out.PushBack(std::move(text), a);
    }
    return Result<json::Value>(std::move(out));
  }
};

struct Jinja : DeriveStep {
  std::optional<jinja::Template> program;
  static Made read(const json::Value& step, const std::string& where) {
    auto out = std::make_shared<Jinja>();
    SXT_TRY(std::string source, required(step, "jinja", where, "a template"));
    auto parsed = jinja::Template::parse(std::move(source), where, jinja::Environment::lm_eval());
    if (!parsed) return parsed.error();
    out->program = *std::move(parsed);
    return Made(std::move(out));
  }
  Result<json::Value> make(const json::Value& record, const json::Value*, Allocator& a) const override {
    SXT_TRY(const std::string text, program->render(record));
    return text_value(text, a);
  }
};

// ---- places in lists ----

// A whole number, its digits as a text, or a letter: A is 0.
std::optional<int64_t> as_index(const json::Value& value) {
  if (value.IsInt64()) return value.GetInt64();
  if (value.IsDouble() && value.GetDouble() == static_cast<double>(static_cast<int64_t>(value.GetDouble())))
    return static_cast<int64_t>(value.GetDouble());
  if (!value.IsString()) return std::nullopt;
  const std::string_view text = json::text(value);
  if (text.size() == 1 && text[0] >= 'A' && text[0] <= 'Z') return text[0] - 'A';
  int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  return code == std::errc() && end == text.data() + text.size() && !text.empty() ? std::optional(number) : std::nullopt;
}

struct IndexToLetter : OnValue {
  int64_t first = 0;
  static Made read(const json::Value& step, const std::string& where) {
    auto out = std::make_shared<IndexToLetter>();
    SXT_TRY(out->column, own_column(step, "index_to_letter", where));
    if (const json::Value* given = json::find(step, "first")) {
      if (!given->IsInt64()) return config_error(where, "\"first\" must be the number that means A, such as 0 or 1");
      out->first = given->GetInt64();
    }
    return Made(std::move(out));
  }
  Result<json::Value> of(const json::Value& value, Allocator& a) const override {
    const auto index = as_index(value);
    if (!index || *index < first || *index - first > 25)
      return data_error(fmt::format("{} is not a number from {} to {}, so it means no letter",
                                    in_quotes(columns::as_text(value)), first, first + 25));
    const char letter = static_cast<char>('A' + (*index - first));
    return text_value({&letter, 1}, a);
  }
};

struct Pick : DeriveStep {
  std::string list, at;
  static Made read(const json::Value& step, const std::string& where) {
    auto out = std::make_shared<Pick>();
    SXT_TRY(out->list, required(step, "pick", where, "the column that holds the list"));
    SXT_TRY(out->at, required(step, "at", where, "the column that holds the place: a number from 0 on, or a letter"));
    return Made(std::move(out));
  }
  Result<json::Value> make(const json::Value& record, const json::Value*, Allocator& a) const override {
    SXT_TRY(const json::Value* items, column_value(record, list));
    SXT_TRY(const json::Value* place, column_value(record, at));
    if (!items->IsArray()) return data_error(fmt::format("the column '{}' holds no list", list));
    const auto index = as_index(*place);
    if (!index || *index < 0 || *index >= static_cast<int64_t>(items->Size()))
      return data_error(fmt::format("{} is not an index into '{}', which has {} items", in_quotes(columns::as_text(*place)),
                                    list, items->Size()));
    return json::Value((*items)[static_cast<rapidjson::SizeType>(*index)], a);
  }
};

struct IndexOf : DeriveStep {
  std::string item, list;
  static Made read(const json::Value& step, const std::string& where) {
    auto out = std::make_shared<IndexOf>();
    SXT_TRY(out->item, required(step, "index_of", where, "the column whose value is looked for"));
    SXT_TRY(out->list, required(step, "in", where, "the column that holds the list"));
    return Made(std::move(out));
  }
  Result<json::Value> make(const json::Value& record, const json::Value*, Allocator&) const override {
    SXT_TRY(const json::Value* wanted, column_value(record, item));
    SXT_TRY(const json::Value* items, column_value(record, list));
    if (!items->IsArray()) return data_error(fmt::format("the column '{}' holds no list", list));
    for (rapidjson::SizeType i = 0; i < items->Size(); ++i)
      if (columns::as_text((*items)[i]) == columns::as_text(*wanted)) return json::Value(i);
    return data_error(fmt::format("{} is not in '{}'", in_quotes(columns::as_text(*wanted)), list));
  }
};

struct Map : OnValue {
  json::Document values;                     // text -> value
  std::optional<json::Document> otherwise;
  static Made read(const json::Value& step, const std::string& where) {
    auto out = std::make_shared<Map>();
    out->column = json::find_string(step, "column");
    const json::Value& given = step["map"];
    if (!given.IsObject() || given.ObjectEmpty())
      return config_error(where, "\"map\" must be an object: {\"value\": what it becomes}");
    out->values = json::copy(given);
    if (const json::Value* other = json::find(step, "otherwise")) out->otherwise = json::copy(*other);
    return Made(std::move(out));
  }
  Result<json::Value> of(const json::Value& value, Allocator& a) const override {
    const std::string text = columns::as_text(value);
    const json::Value* found = json::find(values, text);
    if (!found && value.IsBool()) found = json::find(values, value.GetBool() ? "true" : "false");
    if (!found && otherwise) found = &*otherwise;
    if (found) return json::Value(*found, a);
    return data_error(fmt::format("\"map\" has no entry for {}; add it, or \"otherwise\"", in_quotes(text)));
  }
};

// ---- texts taken apart ----

struct RegexStep : OnValue {
  std::optional<Regex> pattern;
  uint32_t group = 0;
  bool last = false;
  std::optional<std::string> otherwise;
  static Made read(const json::Value& step, const std::string& where) {
    auto out = std::make_shared<RegexStep>();
    out->column = json::find_string(step, "column");
    SXT_TRY(const std::string source, required(step, "regex", where, "a pattern"));
    auto compiled = Regex::compile(source, {}, where);
    if (!compiled) return compiled.error();
    const json::Value* given = json::find(step, "group");
    if (given && !given->IsInt()) return config_error(where, "group must be a whole number: 1 is the first group");
    const int64_t group = given ? given->GetInt() : compiled->group_count() > 0 ? 1 : 0;
    if (group < 0 || group > compiled->group_count())
      return config_error(where, fmt::format("the pattern has no group {}; it has {}", group, compiled->group_count()));
    out->group = static_cast<uint32_t>(group);
    const json::Value* which = json::find(step, "match");
    if (which && (!which->IsString() || (json::text(*which) != "first" && json::text(*which) != "last")))
      return config_error(where, fmt::format("match is {}; it must be \"first\" or \"last\"", json::write(*which)));
    out->last = which && json::text(*which) == "last";
    if (const json::Value* other = json::find(step, "otherwise")) {
      if (!other->IsString()) return config_error(where, "otherwise must be a text");
      out->otherwise = json::text(*other);
    }
    out->pattern = *std::move(compiled);
    return Made(std::move(out));
  }
  Result<json::Value> of(const json::Value& value, Allocator& a) const override {
    const std::string text = columns::as_text(value);
    SXT_TRY(const auto match, last ? pattern->search_last(text) : pattern->search(text));
    if (match && match->has(group)) return text_value(match->groups[group], a);
    if (otherwise) return text_value(*otherwise, a);
    return data_error(fmt::format("the pattern '{}' does not match in {}; change it, or add \"otherwise\"", pattern->pattern(),
                                  in_quotes(text)));
  }
};

struct Replace : OnValue {
  std::optional<Regex> pattern;
  std::string with;
  static Made read(const json::Value& step, const std::string& where) {
    auto out = std::make_shared<Replace>();
    out->column = json::find_string(step, "column");
    SXT_TRY(const std::string source, required(step, "replace", where, "a pattern"));
    SXT_TRY(out->with, required(step, "with", where, "the replacement; \\1 is a group"));
    auto compiled = Regex::compile(source, {}, where);
    if (!compiled) return compiled.error();
    out->pattern = *std::move(compiled);
    return Made(std::move(out));
  }
  Result<json::Value> of(const json::Value& value, Allocator& a) const override {
    SXT_TRY(const std::string text, pattern->replace(columns::as_text(value), with));
    return text_value(text, a);
  }
};

struct Split : OnValue {
  std::string separator;
  static Made read(const json::Value& step, const std::string& where) {
    auto out = std::make_shared<Split>();
    out->column = json::find_string(step, "column");
    SXT_TRY(out->separator, required(step, "split", where, "what stands between the items"));
    if (out->separator.empty()) return config_error(where, "\"split\" is empty; give the separator");
    return Made(std::move(out));
  }
  Result<json::Value> of(const json::Value& value, Allocator& a) const override {
    if (value.IsArray() || value.IsObject())
      return data_error(fmt::format("\"split\" takes a text apart, and this is {}", value.IsArray() ? "a list" : "an object"));
    json::Value out(rapidjson::kArrayType);
    const std::string text = columns::as_text(value);
    for (size_t begin = 0;;) {
      const size_t end = text.find(separator, begin);
      out.PushBack(text_value(std::string_view(text).substr(begin, end - begin), a), a);
      if (end == text.npos) return Result<json::Value>(std::move(out));
      begin = end + separator.size();
    }
  }
};

struct Json : OnValue {
  static Made read(const json::Value& step, const std::string& where) {
    auto out = std::make_shared<Json>();
    SXT_TRY(out->column, own_column(step, "json", where));
    return Made(std::move(out));
  }
  Result<json::Value> of(const json::Value& value, Allocator& a) const override {
    const std::string text = columns::as_text(value);
    const auto parsed = json::parse(text, "the text");
    if (json::Document list; !parsed && list_text::read(text, list)) return json::Value(list, a);
    if (!parsed)
      return data_error(
          fmt::format("{} is neither JSON nor a list as Python prints it ({})", in_quotes(text), parsed.error().message));
    return json::Value(*parsed, a);
  }
};

}  // namespace

std::span<const DeriveStepType> derive_step_types() {
  static const std::vector<DeriveStepType> types = {
      {"text", {}, &Text::read},
      {"jinja", {}, &Jinja::read},
      {"list", {}, &List::read},
      {"pick", {"at"}, &Pick::read},
      {"index_of", {"in"}, &IndexOf::read},
      {"index_to_letter", {"first"}, &IndexToLetter::read},
      {"map", {"column", "otherwise"}, &Map::read},
      {"regex", {"column", "group", "match", "otherwise"}, &RegexStep::read},
      {"replace", {"with", "column"}, &Replace::read},
      {"split", {"column"}, &Split::read},
      {"json", {}, &Json::read},
      {"member", {}, &read_member_step},
      {"lm_eval", {}, &read_doc_step},
  };
  return types;
}

}  // namespace sextant::load
