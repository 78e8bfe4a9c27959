// A node of the run's graph. Plain data; configs/graph.json holds all of them.
#pragma once
#include <string>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::data {

struct Stage {
  std::string id;                   // unique: "infer/<model>/<task>"
  std::string kind;                 // "load", "embed", "rank", "infer", "judge", "score", "summarise"
  std::vector<std::string> needs;   // ids of stages whose results it reads
  std::string model;                // the abbr of the model that it asks; empty: none
  std::string task;                 // the data set's task name; empty: all
  std::string judged = {};          // of a judge: the abbr of the model whose attempts it reads
  std::string against = {};         // of a judge of pairs: the other model's
  bool operator==(const Stage&) const = default;
};

std::string to_json(const std::vector<Stage>& graph);
Result<std::vector<Stage>> graph_from_json(const json::Value& value, std::string_view origin);

}  // namespace sextant::data
