// What the kit asks, and what an answer must look like: the forms that each kind's header describes.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <sextant/utf8_text.hpp>
#include "../base/text.hpp"
#include "../data/request.hpp"
#include "../plugin/facts.hpp"
#include "subject.hpp"

namespace sextant::conformance {
namespace {

using plugin::Kind;

Error broken(std::string why) { return {Error::Kind::internal, std::move(why)}; }
std::string start_of(std::string_view text) { return shorten(text, 80); }

constexpr const char* record =
    R"({"id":"7","question":"Which letter?","A":"one","B":"two","C":"three","D":"four","answer":"A"})";

Result<void> check_metric(const Subject& subject, const json::Document& result) {
  SXT_TRY(const std::vector<plugin::MetricValue> facts, plugin::metric_values(subject.info));
  const auto check = [&](std::string_view name, const json::Value& value, bool named) -> Result<void> {
    if (!value.IsNumber() && !value.IsNull())
      return broken(fmt::format("gave the value '{}' that is not a number or null", name));
    if (value.IsNull()) return {};
    const auto fact = std::find_if(facts.begin(), facts.end(), [&](const auto& one) { return one.name == name || !named; });
    if (fact == facts.end()) return {};
    constexpr double rounding = 1e-9;
    if (value.GetDouble() < fact->low - rounding || value.GetDouble() > fact->high + rounding)
      return broken(fmt::format("gave {} as '{}', outside of the range in its facts", value.GetDouble(), name));
    return {};
  };
  if (const json::Value* value = json::find(result, "value")) return check(subject.info.id, *value, false);
  const json::Value* values = json::find(result, "values");
  if (!values || !values->IsObject() || values->ObjectEmpty()) return broken("gave neither \"value\" nor \"values\"");
  for (const auto& member : values->GetObject()) SXT_CHECK(check(json::text(member.name), member.value, true));
  return {};
}

Result<void> check_pieces(const json::Value& holder) {
  constexpr std::string_view sections[] = {"begin", "shot", "round", "end"};
  const json::Value* pieces = json::find(holder, "pieces");
  if (!pieces || !pieces->IsArray()) return broken("gave no list \"pieces\"");
  for (const auto& piece : pieces->GetArray()) {
    const auto section = json::find_string(piece, "section");
    if (!section || std::find(std::begin(sections), std::end(sections), *section) == std::end(sections))
      return broken("gave a piece whose \"section\" is not begin, shot, round or end");
    if (!json::find_string(piece, "text")) return broken("gave a piece without \"text\"");
  }
  return {};
}

Result<void> check_template(const Subject& subject, const json::Document& result) {
  if (subject.form == SXT_FORM_LABELS) {
    const json::Value* labels = json::find(result, "labels");
    if (!labels || !labels->IsArray() || labels->Empty()) return broken("gave no \"labels\" for SXT_FORM_LABELS");
    for (const auto& label : labels->GetArray()) {
      if (!json::find_string(label, "label")) return broken("gave a label without \"label\"");
      SXT_CHECK(check_pieces(label));
    }
    return {};
  }
  SXT_CHECK(check_pieces(result));
  if (subject.form != SXT_FORM_CONTINUATIONS && subject.form != SXT_FORM_CLOZE) return {};
  const json::Value* list = json::find(result, "continuations");
  if (!list || !list->IsArray() || list->Empty()) return broken("gave no \"continuations\" for a form that needs them");
  for (const auto& one : list->GetArray())
    if (!json::find_string(one, "label") || !json::find_string(one, "text"))
      return broken("gave a continuation without \"label\" or \"text\"");
  return {};
}

Result<void> check_rows(const json::Value& list, uint64_t own_row) {
  if (!list.IsArray()) return broken("gave rows that are not a list");
  std::vector<uint64_t> seen;
  for (const auto& row : list.GetArray()) {
    if (!row.IsUint64() || row.GetUint64() >= corpus_rows)
      return broken(fmt::format("gave {}, which is not a row of the corpus", json::write(row)));
    if (row.GetUint64() == own_row) return broken("gave the sample itself as its example (own_row)");
    if (std::count(seen.begin(), seen.end(), row.GetUint64())) return broken("gave one row twice");
    seen.push_back(row.GetUint64());
  }
  if (seen.size() > 3) return broken(fmt::format("gave {} rows where 3 were wanted (k)", seen.size()));
  return {};
}

Result<void> check_step(const json::Document& step) {
  if (const json::Value* done = json::find(step, "done")) {
    if (!done->IsObject() || !json::find_string(*done, "prediction"))
      return broken("gave \"done\" without the text \"prediction\"");
    return {};
  }
  const json::Value* asks = json::find(step, "ask");
  if (!asks || !asks->IsArray() || asks->Empty()) return broken("gave neither \"ask\", a list of requests, nor \"done\"");
  for (const auto& one : asks->GetArray())
    if (const auto request = data::request_from_json(one, "a request that it asks"); !request)
      return broken(request.error().message);
  return {};
}

}  // namespace

Result<void> check_form(const Subject& subject, const Item& item, const std::string& given) {
  if (subject.is(Kind::model)) return {};  // looked at where it came in
  if (!utf8::is_valid(given)) return broken(fmt::format("gave a text that is not UTF-8: '{}'", start_of(utf8::repair(given))));
  if (subject.is(Kind::postprocessor)) return {};
  const auto parsed = json::parse(given, "a result");
  if (!parsed || !parsed->IsObject())
    return broken(
        fmt::format("gave '{}', which is not a JSON object{}", start_of(given), parsed ? "" : ": " + parsed.error().message));
  switch (subject.info.kind) {
    case Kind::metric: return check_metric(subject, *parsed);
    case Kind::template_: return check_template(subject, *parsed);
    case Kind::inferencer: return check_step(*parsed);
    case Kind::retriever: {
      const uint64_t own = item.row % corpus_rows;
      if (const json::Value* rows = json::find(*parsed, "rows")) return check_rows(*rows, own);
      const json::Value* candidates = json::find(*parsed, "candidates");
      if (!candidates || !candidates->IsArray()) return broken("gave neither \"rows\" nor \"candidates\"");
      for (const auto& list : candidates->GetArray()) SXT_CHECK(check_rows(list, own));
      return {};
    }
    default: return {};
  }
}

Result<void> check_answers(const Subject& subject, std::span<const Item> items, const Answers& answers) {
  if (!answers.complaint.empty()) return broken(answers.complaint);
  if (answers.status != SXT_OK) return check_failure(answers.status, answers.message);
  for (size_t i = 0; i < items.size(); ++i) {
    if (!answers.given[i]) {
      if (subject.is(Kind::postprocessor)) continue;  // the empty text
      return broken(fmt::format("put no result for item {} of {}", i, items.size()));
    }
    if (const auto sound = check_form(subject, items[i], *answers.given[i]); !sound)
      return broken(fmt::format("{} (item {})", sound.error().message, i));
  }
  return {};
}

std::vector<Item> own_items(Kind kind) {
  std::vector<Item> out;
  for (const char* text : {"A", "The answer is B.", "2 + 2 = 4", "Paris is the capital of France. It lies on the Seine."}) {
    Item item;
    item.text = text;
    item.record_json = record;
    out.push_back(item);
    if (kind != Kind::model) continue;
    item.continuations = {" one", " two"};
    out.push_back(item);
  }
  return out;
}

Result<std::vector<Item>> items_from_lines(Kind kind, std::string_view text, std::string_view origin) {
  std::vector<Item> out;
  const auto member = [](const json::Document& line, const char* name, std::string otherwise) {
    const json::Value* value = json::find(line, name);
    return value ? json::write(*value) : std::move(otherwise);
  };
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view one = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(one.size() + 1, text.size()));
    if (one.find_first_not_of(" \t\r") == one.npos) continue;
    SXT_TRY(const json::Document line, json::parse(one, fmt::format("{}:{}", origin, number)));
    const char* name = kind == Kind::metric ? "prediction" : kind == Kind::model ? "prompt" : "text";
    if (!line.IsObject() || (kind != Kind::template_ && !json::find_string(line, name)))
      return Error{Error::Kind::data, fmt::format("{}:{}: an item lacks the text \"{}\"", origin, number, name)};
    Item item;
    item.text = json::find_string(line, name).value_or("");
    item.reference_json = member(line, "reference", "null");
    item.record_json = member(line, "record", record);
    if (const json::Value* list = json::find(line, "continuations"); list && list->IsArray())
      for (const auto& continuation : list->GetArray())
        if (continuation.IsString()) item.continuations.emplace_back(json::text(continuation));
    out.push_back(std::move(item));
  }
  if (out.empty()) return Error{Error::Kind::data, fmt::format("{} holds no item; write one JSON object a line", origin)};
  return out;
}

}  // namespace sextant::conformance
