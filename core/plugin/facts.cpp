#include "facts.hpp"
#include <algorithm>
#include <fmt/format.h>
#include "manifest.hpp"

namespace sextant::plugin {
namespace {

Error bad(const ComponentInfo& component, std::string_view what) {
  return {Error::Kind::data, fmt::format("the facts of {} {}; see sextant/abi/{}.h",
                                         component_name(component.kind, component.id), what, kind_name(component.kind))};
}

Result<json::Document> parse(const ComponentInfo& component) {
  auto parsed = json::parse(component.facts.empty() ? "{}" : component.facts, component_name(component.kind, component.id));
  if (!parsed || !parsed->IsObject()) return bad(component, "are not a JSON object");
  return parsed;
}

}  // namespace

Result<std::vector<MetricValue>> metric_values(const ComponentInfo& component) {
  SXT_TRY(const json::Document facts, parse(component));
  const json::Value* values = json::find(facts, "values");
  if (!values) return std::vector<MetricValue>{{component.id}};
  if (!values->IsArray() || values->Empty()) return bad(component, "have \"values\" that are not a list, or an empty one");
  std::vector<MetricValue> out;
  for (const auto& item : values->GetArray()) {
    const auto name = json::find_string(item, "name");
    if (!name || name->empty()) return bad(component, "have a value without a \"name\"");
    if (std::any_of(out.begin(), out.end(), [&](const MetricValue& other) { return other.name == *name; }))
      return bad(component, fmt::format("name the value \"{}\" twice", *name));
    MetricValue value{*name};
    if (const json::Value* higher = json::find(item, "higher_is_better")) {
      if (!higher->IsBool()) return bad(component, "have a \"higher_is_better\" that is neither true nor false");
      value.higher_is_better = higher->GetBool();
    }
    if (const json::Value* range = json::find(item, "range")) {
      if (!range->IsArray() || range->Size() != 2 || !(*range)[0].IsNumber() || !(*range)[1].IsNumber() ||
          (*range)[0].GetDouble() > (*range)[1].GetDouble())
        return bad(component, "have a \"range\" that is not [lowest, highest]");
      value.low = (*range)[0].GetDouble(), value.high = (*range)[1].GetDouble();
    }
    out.push_back(std::move(value));
  }
  return out;
}

Result<InferencerFacts> inferencer_facts(const ComponentInfo& component) {
  SXT_TRY(const json::Document facts, parse(component));
  const auto form = data::form_from_name(json::find_string(facts, "form").value_or(""));
  if (!form) return bad(component, "lack the \"form\": open, labels, continuations, cloze or whole");
  const json::Value* rounds = json::find(facts, "rounds");
  const bool one = rounds && rounds->IsInt() && rounds->GetInt() == 1;
  if (!one && !(rounds && rounds->IsString() && json::text(*rounds) == "many"))
    return bad(component, "lack the \"rounds\": 1 or \"many\"");
  return InferencerFacts{*form, one};
}

Result<RetrieverWants> retriever_wants(const ComponentInfo& component) {
  SXT_TRY(const json::Document facts, parse(component));
  RetrieverWants out;
  const json::Value* wants = json::find(facts, "wants");
  if (!wants) return out;
  if (!wants->IsArray()) return bad(component, "have \"wants\" that is not a list");
  for (const auto& item : wants->GetArray()) {
    const std::string_view name = item.IsString() ? json::text(item) : std::string_view();
    if (name == "texts") out.texts = true;
    else if (name == "embeddings") out.embeddings = true;
    else if (name == "scores") out.scores = true;
    else return bad(component, "want something else than \"texts\", \"embeddings\" and \"scores\"");
  }
  return out;
}

Result<void> check_facts(const ComponentInfo& component) {
  const auto drop = [](const auto& result) -> Result<void> {
    if (!result) return result.error();
    return {};
  };
  switch (component.kind) {
    case Kind::metric: return drop(metric_values(component));
    case Kind::inferencer: return drop(inferencer_facts(component));
    case Kind::retriever: return drop(retriever_wants(component));
    default: return drop(parse(component));
  }
}

}  // namespace sextant::plugin
