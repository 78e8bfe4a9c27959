#include "stage.hpp"
#include "fields.hpp"

namespace sextant::data {

std::string to_json(const std::vector<Stage>& graph) {
  json::Document out(rapidjson::kObjectType);
  auto& a = out.GetAllocator();
  json::Value stages(rapidjson::kArrayType);
  for (const Stage& stage : graph) {
    json::Value item(rapidjson::kObjectType);
    json::set(item, "id", stage.id, a);
    json::set(item, "kind", stage.kind, a);
    if (!stage.needs.empty()) json::set(item, "needs", list(stage.needs, a), a);
    if (!stage.model.empty()) json::set(item, "model", stage.model, a);
    if (!stage.task.empty()) json::set(item, "task", stage.task, a);
    if (!stage.judged.empty()) json::set(item, "judged", stage.judged, a);
    if (!stage.against.empty()) json::set(item, "against", stage.against, a);
    stages.PushBack(std::move(item), a);
  }
  json::set(out, "stages", std::move(stages), a);
  return json::write_pretty(out);
}

Result<std::vector<Stage>> graph_from_json(const json::Value& value, std::string_view origin) {
  Fields in(value, origin);
  std::vector<Stage> graph;
  in.require("stages");
  in.each("stages", [&](const json::Value& item, const std::string& where) -> Result<void> {
    Fields fields(item, where);
    Stage stage;
    fields.require("id");
    fields.require("kind");
    fields.read("id", stage.id);
    fields.read("kind", stage.kind);
    fields.read("needs", stage.needs);
    fields.read("model", stage.model);
    fields.read("task", stage.task);
    fields.read("judged", stage.judged);
    fields.read("against", stage.against);
    SXT_CHECK(fields.take());
    graph.push_back(std::move(stage));
    return {};
  });
  SXT_CHECK(in.take());
  return graph;
}

}  // namespace sextant::data
