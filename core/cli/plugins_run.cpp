#include "plugins_run.hpp"
#include <filesystem>
#include <deque>
#include <fmt/format.h>
#include <fstream>
#include <functional>
#include <iostream>
#include <numeric>
#include <sextant/printable.hpp>
#include "../base/json_line.hpp"
#include "../base/json_number.hpp"
#include "../data/fields.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

using plugin::Host;
constexpr std::string_view config_origin = "--config";

Result<void> write_line(const json::Value& value) {
  return written_to_stdout(printable_json(json::write(value)) + "\n");
}

/// Calls `use` with every line's JSON object and its place ("stdin:3").
Result<void> for_each_line(const std::string& input,
                           const std::function<Result<void>(const json::Document&, const std::string&)>& use) {
  std::ifstream file;
  if (!input.empty()) {
    std::error_code code;
    if (!std::filesystem::is_directory(input, code)) file.open(input);
    if (!file.is_open()) return Error{Error::Kind::io, fmt::format("cannot read {}; check --input", input)};
  }
  std::istream& stream = input.empty() ? std::cin : file;
  std::string line;
  for (size_t number = 1; std::getline(stream, line); ++number) {
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    const std::string place = fmt::format("{}:{}", input.empty() ? "stdin" : input, number);
    SXT_TRY(const json::Document parsed, parse_line(line, place));
    if (!parsed.IsObject()) return Error{Error::Kind::data, fmt::format("{}: a line must be a JSON object", place)};
    SXT_CHECK(use(parsed, place));
  }
  return {};
}

Result<std::string> text_of(const json::Value& line, const char* key, const std::string& place) {
  if (auto text = json::find_string(line, key)) return *std::move(text);
  return Error{Error::Kind::data, fmt::format("{}: the line lacks the text \"{}\"", place, key)};
}

std::string json_of(const json::Value& line, const char* key, const char* otherwise) {
  const json::Value* value = json::find(line, key);
  return value ? json::write(*value) : otherwise;
}

Result<void> run_postprocessor(Host& host, const RunOptions& options, const std::string& config) {
  SXT_TRY(plugin::Postprocessor processor, host.postprocessor(options.id, config, config_origin));
  return for_each_line(options.input, [&](const json::Document& line, const std::string& place) -> Result<void> {
    SXT_TRY(std::string text, text_of(line, "text", place));
    std::vector<std::string> attempts = {text};
    if (const json::Value* list = json::find(line, "attempts")) {
      if (!list->IsArray()) return Error{Error::Kind::data, fmt::format("{}: \"attempts\" must be a list of texts", place)};
      attempts.clear();
      for (const auto& item : list->GetArray()) attempts.emplace_back(item.IsString() ? json::text(item) : "");
    }
    const std::string record = json_of(line, "record", "{}");
    const plugin::ExtractItem item{text, record, attempts, static_cast<uint32_t>(json::find_int(line, "attempt").value_or(0))};
    SXT_TRY(const std::vector<std::string> results, processor.apply({&item, 1}));
    json::Document out(rapidjson::kObjectType);
    json::set(out, "text", results.at(0), out.GetAllocator());
    return write_line(out);
  });
}

Result<void> run_metric(Host& host, const RunOptions& options, const std::string& config) {
  SXT_TRY(plugin::Metric metric, host.metric(options.id, config, config_origin));
  std::deque<std::string> texts;  // which `samples` borrows
  std::vector<plugin::Judged> samples;
  std::vector<double> scores;
  SXT_CHECK(for_each_line(options.input, [&](const json::Document& line, const std::string& place) -> Result<void> {
    SXT_TRY(std::string prediction, text_of(line, "prediction", place));
    if (!json::find(line, "reference"))
      return Error{Error::Kind::data, fmt::format("{}: the line lacks the \"reference\"", place)};
    const auto kept = [&](std::string text) -> std::string_view { return texts.emplace_back(std::move(text)); };
    samples.push_back(
        {kept(std::move(prediction)), kept(json_of(line, "reference", "null")), kept(json_of(line, "record", "{}"))});
    SXT_TRY(const std::vector<plugin::Scored> scored, metric.score(std::span(samples).last(1)));
    const plugin::Scored& one = scored.at(0);
    scores.push_back(one.values.front().second);
    json::Document out(rapidjson::kObjectType);
    auto& a = out.GetAllocator();
    json::set(out, "score", number_or_null(scores.back()), a);
    if (one.values.size() > 1) {
      json::Value values(rapidjson::kObjectType);
      for (const auto& [name, value] : one.values) json::set(values, name, number_or_null(value), a);
      json::set(out, "values", std::move(values), a);
    }
    if (!one.answer.empty()) json::set(out, "answer", one.answer, a);
    if (!one.explanation.empty()) json::set(out, "explanation", one.explanation, a);
    return write_line(out);
  }));
  SXT_TRY(const std::optional<json::Document> own, metric.aggregate(samples, scores));
  json::Document out(rapidjson::kObjectType);
  json::Value aggregate(rapidjson::kObjectType);
  if (own) {
    aggregate.CopyFrom(*own, out.GetAllocator());
  } else {
    const double mean = std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(scores.size());
    json::set(aggregate, options.id, number_or_null(mean * 100), out.GetAllocator());
  }
  json::set(out, "aggregate", std::move(aggregate), out.GetAllocator());
  return write_line(out);
}

Result<void> run_template(Host& host, const RunOptions& options, const std::string& config) {
  SXT_TRY(plugin::Template template_, host.template_(options.id, config, config_origin));
  return for_each_line(options.input, [&](const json::Document& line, const std::string& place) -> Result<void> {
    const json::Value* record = json::find(line, "record");
    if (!record || !record->IsObject())
      return Error{Error::Kind::data, fmt::format("{}: the line lacks the object \"record\"", place)};
    plugin::RenderItem item;
    item.record_json = json::write(*record);
    if (const json::Value* shots = json::find(line, "shots")) {
      if (!shots->IsArray()) return Error{Error::Kind::data, fmt::format("{}: \"shots\" must be a list of records", place)};
      for (const auto& shot : shots->GetArray()) item.shots_json.push_back(json::write(shot));
    }
    item.output_column = json::find_string(line, "output_column").value_or("");
    const std::string form =
        json::find_string(line, "form").value_or(json::find_bool(line, "generate").value_or(false) ? "open" : "labels");
    const auto known = data::form_from_name(form);
    if (!known)
      return Error{Error::Kind::data, fmt::format("{}: \"form\" must be open, labels, continuations, cloze or whole", place)};
    item.form = *known;
    SXT_TRY(const json::Document prompt, template_.render(item));
    return write_line(prompt);
  });
}

Result<void> run_dataset(Host& host, const RunOptions& options, const std::string& config) {
  SXT_TRY(plugin::Dataset dataset, host.dataset(options.id, config, config_origin));
  if (options.split.empty()) {
    SXT_TRY(const json::Document facts, dataset.describe());
    std::vector<std::string> splits;
    if (const json::Value* known = json::find(facts, "splits"); known && known->IsObject())
      for (const auto& member : known->GetObject()) splits.emplace_back(json::text(member.name));
    return Error{Error::Kind::usage,
                 fmt::format("name one of the splits of dataset:{} with --split ({})", options.id, fmt::join(splits, ", "))};
  }
  SXT_TRY(const uint64_t count, dataset.count(options.split));
  constexpr uint64_t block = 1024;  // so that a large set is written as it is read
  for (uint64_t first = 0; first < count; first += block) {
    SXT_TRY(const std::vector<std::string> records, dataset.read(options.split, first, std::min(block, count - first)));
    for (const std::string& record : records) {
      SXT_TRY(const json::Document parsed, json::parse(record, fmt::format("a record of dataset:{}", options.id)));
      SXT_CHECK(write_line(parsed));
    }
  }
  return {};
}

Result<void> run_inferencer(Host& host, const RunOptions& options, const std::string& config) {
  SXT_TRY(plugin::InferencerPlugin inferencer, host.inferencer(options.id, config, config_origin));
  return for_each_line(options.input, [&](const json::Document& line, const std::string&) -> Result<void> {
    SXT_TRY(const json::Document step,
            inferencer.step({json_of(line, "sample", R"({"id":{"task":"","row":0,"repeat":0},"record":{},"target":""})"),
                             json_of(line, "prompts", R"({"prompts":[]})"), json_of(line, "settings", "{}"),
                             json_of(line, "rounds", "[]")}));
    return write_line(step);
  });
}

// The lines are the samples' texts; the corpus is what "corpus" of the first line lists.
Result<void> run_retriever(Host& host, const RunOptions& options, const std::string& config) {
  SXT_TRY(plugin::Retriever retriever, host.retriever(options.id, config, config_origin));
  bool prepared = false;
  uint64_t row = 0;
  return for_each_line(options.input, [&](const json::Document& line, const std::string& place) -> Result<void> {
    if (!prepared) {
      const json::Value* list = json::find(line, "corpus");
      if (!list || !list->IsArray())
        return Error{Error::Kind::data, fmt::format("{}: the first line lacks the list \"corpus\" of texts", place)};
      std::vector<std::string> texts;
      std::vector<plugin::CorpusRow> corpus;
      for (const auto& item : list->GetArray()) texts.emplace_back(item.IsString() ? json::text(item) : "");
      for (size_t i = 0; i < texts.size(); ++i) corpus.push_back({i, "{}", texts[i], {}});
      SXT_CHECK(retriever.prepare(corpus));
      prepared = true;
    }
    SXT_TRY(const std::string text, text_of(line, "text", place));
    const std::string record = json_of(line, "record", "{}");
    const plugin::Query query{row++, {}, 0, record, text, {}};
    SXT_TRY(const auto retrieved,
            retriever.retrieve({&query, 1}, static_cast<uint64_t>(json::find_int(line, "k").value_or(1))));
    json::Document out(rapidjson::kObjectType);
    auto& a = out.GetAllocator();
    if (retrieved[0].candidates.empty()) {
      json::set(out, "rows", data::list(retrieved[0].rows, a), a);
    } else {
      json::Value candidates(rapidjson::kArrayType);
      for (const auto& rows : retrieved[0].candidates) candidates.PushBack(data::list(rows, a), a);
      json::set(out, "candidates", std::move(candidates), a);
    }
    return write_line(out);
  });
}

}  // namespace

Result<void> run_plugin(Host& host, const RunOptions& options) {
  SXT_TRY(const json::Document config, json::parse(options.config, config_origin, json::Syntax::relaxed));
  const std::string strict = json::write(config);
  switch (options.kind) {
    case plugin::Kind::postprocessor: return run_postprocessor(host, options, strict);
    case plugin::Kind::metric: return run_metric(host, options, strict);
    case plugin::Kind::template_: return run_template(host, options, strict);
    case plugin::Kind::dataset: return run_dataset(host, options, strict);
    case plugin::Kind::retriever: return run_retriever(host, options, strict);
    case plugin::Kind::inferencer: return run_inferencer(host, options, strict);
    case plugin::Kind::model: break;
  }
  return Error{Error::Kind::usage,
               "'plugins run' takes no models; try one with 'sextant model generate' or 'sextant model score'"};
}

}  // namespace sextant::cli
