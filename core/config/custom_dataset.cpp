// --custom-dataset-path: a csv or jsonl file becomes a data set without a card. A .meta.json beside it (or
// --custom-dataset-meta-path) may name the columns; the flags win over it. docs/custom_datasets.md
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include "../base/files.hpp"
#include "../base/text.hpp"
#include "json_source.hpp"
#include "resolve.hpp"
#include "shapes.hpp"
#include "version.hpp"

namespace sextant::config {
namespace fs = std::filesystem;
namespace {

json::Value turn(const char* role, const std::string& prompt, json::Document::AllocatorType& a) {
  json::Value value(rapidjson::kObjectType);
  json::set(value, "role", role, a);
  json::set(value, "prompt", prompt, a);
  return value;
}

// Option columns: single capital letters from A on, without a gap.
std::vector<std::string> option_columns(const std::vector<std::string>& columns) {
  std::vector<std::string> options;
  for (char letter = 'A'; letter <= 'Z'; ++letter) {
    if (std::find(columns.begin(), columns.end(), std::string(1, letter)) == columns.end()) break;
    options.emplace_back(1, letter);
  }
  return options;
}

}  // namespace

Result<DatasetConfig> custom_dataset(const RunFlags& flags, const std::vector<std::string>& columns, const Defaults::CustomDataset& defaults) {
  const fs::path path = flags.custom_dataset_path;
  fs::path meta_path = flags.custom_dataset_meta_path;
  std::error_code code;
  if (meta_path.empty()) {
    meta_path = path;
    meta_path += ".meta.json";
    if (!fs::exists(meta_path, code)) meta_path.clear();
  }
  json::Document meta;
  meta.SetObject();
  if (!meta_path.empty()) {
    SXT_TRY(meta, load_merged(meta_path, custom_meta_shape()));
  }
  const auto setting = [&](const std::string& flag, const char* key, const std::string& otherwise) {
    return !flag.empty() ? flag : json::find_string(meta, key).value_or(otherwise);
  };
  std::vector<std::string> options = option_columns(columns);
  if (const json::Value* given = json::find(meta, "options")) {
    options.clear();
    for (const auto& item : given->GetArray()) options.emplace_back(json::text(item));
  }
  const std::string type = setting(flags.custom_dataset_data_type, "data_type", options.size() >= 2 ? "mcq" : "qa");
  const std::string method = setting(flags.custom_dataset_infer_method, "infer_method", "gen");
  const std::string output = json::find_string(meta, "output_column").value_or("answer");
  if (type != "mcq" && type != "qa") return Error{Error::Kind::usage, fmt::format("--custom-dataset-data-type is '{}'; it must be 'mcq' or 'qa'", type)};
  if (method != "gen" && method != "ppl") return Error{Error::Kind::usage, fmt::format("--custom-dataset-infer-method is '{}'; it must be 'gen' or 'ppl'", method)};
  if (type == "qa" && method == "ppl")
    return Error{Error::Kind::usage, fmt::format("{}: questions without options cannot be asked by ppl; use gen", path.string())};
  std::vector<std::string> needed = type == "mcq" ? options : std::vector<std::string>{};
  needed.push_back(output);
  if (!json::find(meta, "human_prompt")) needed.emplace_back("question");
  for (const std::string& column : needed)
    if (std::find(columns.begin(), columns.end(), column) == columns.end())
      return Error{Error::Kind::data, fmt::format("{}: there is no column '{}'{}; it has: {}", path.string(), column, did_you_mean(column, columns), join(columns, ", "))};
  if (type == "mcq" && options.size() < 2)
    return Error{Error::Kind::data, fmt::format("{}: a multiple-choice set needs option columns A, B, ...; it has: {}", path.string(), join(columns, ", "))};

  DatasetConfig dataset;
  dataset.abbr = json::find_string(meta, "abbr").value_or(path.stem().string());
  dataset.card = "custom";
  dataset.card_path = path.string();
  dataset.path = fs::absolute(path, code).string();
  dataset.loader = {defaults.loader, "{}"};
  dataset.output_column = output;
  dataset.train_split = dataset.test_split = "test";
  for (const std::string& column : columns)
    if (column != output) dataset.input_columns.push_back(column);
  std::string question = "{question}\n";
  for (const std::string& option : options)
    if (type == "mcq") question += fmt::format("{0}. {{{0}}}\n", option);
  question = json::find_string(meta, "human_prompt").value_or(question + "Answer: ");
  const std::string reply = json::find_string(meta, "bot_prompt").value_or(fmt::format("{{{}}}", output));

  json::Document config;
  config.SetObject();
  auto& a = config.GetAllocator();
  if (method == "gen") {
    json::Value round(rapidjson::kArrayType);
    round.PushBack(turn("HUMAN", question, a), a);
    round.PushBack(turn("BOT", reply, a), a);
    json::set(config, "round", std::move(round), a);
  } else {
    dataset.inferencer.id = "ppl";
    json::Value labels(rapidjson::kArrayType);
    for (const std::string& option : options) {
      json::Value label(rapidjson::kObjectType), round(rapidjson::kArrayType);
      round.PushBack(turn("HUMAN", question, a), a);
      round.PushBack(turn("BOT", option, a), a);
      json::set(label, "label", option, a);
      json::set(label, "round", std::move(round), a);
      labels.PushBack(std::move(label), a);
    }
    json::set(config, "labels", std::move(labels), a);
  }
  dataset.template_ = {defaults.template_, json::write(config)};
  if (type == "mcq" && method == "gen") dataset.filters.front().postprocessors = {{defaults.option_postprocessor, fmt::format("{{\"options\":\"{}\"}}", join(options, ""))}};
  dataset.metrics = {{defaults.metric, "{}"}};
  dataset.version = version_of(dataset);
  return dataset;
}

}  // namespace sextant::config
