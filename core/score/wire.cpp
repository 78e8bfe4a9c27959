#include "wire.hpp"
#include <sextant/utf8_text.hpp>
#include "../base/text.hpp"
#include "../data/fields.hpp"

namespace sextant::score::wire {
namespace {

using Allocator = json::Document::AllocatorType;

json::Document object() {
  json::Document out;
  out.SetObject();
  return out;
}

json::Value to_json(const std::vector<config::PluginChoice>& choices, Allocator& a) {
  json::Value out(rapidjson::kArrayType);
  for (const config::PluginChoice& choice : choices) {
    json::Value one(rapidjson::kObjectType);
    json::set(one, "id", choice.id, a);
    json::set(one, "config", choice.config, a);
    out.PushBack(std::move(one), a);
  }
  return out;
}
void read_choices(data::Fields& fields, const char* name, std::vector<config::PluginChoice>& out) {
  fields.each(name, [&](const json::Value& value, const std::string& origin) -> Result<void> {
    config::PluginChoice choice;
    data::Fields in(value, origin);
    in.read("id", choice.id);
    in.read("config", choice.config);
    out.push_back(std::move(choice));
    return in.take();
  });
}

json::Value to_json(const Error& error, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "kind", json::Value(static_cast<int>(error.kind)), a);
  json::set(out, "message", utf8::repair(error.message), a);
  return out;
}
Error error_of(const json::Value& value) {
  const auto kind = json::find_int(value, "kind").value_or(static_cast<int>(Error::Kind::internal));
  return {static_cast<Error::Kind>(kind), json::find_string(value, "message").value_or("")};
}

json::Value numbers_to_json(const std::vector<std::pair<std::string, double>>& numbers, Allocator& a) {
  json::Value out(rapidjson::kArrayType);  // pairs: a name may come twice, and keeps its place
  for (const auto& [name, value] : numbers) {
    json::Value pair(rapidjson::kArrayType);
    pair.PushBack(json::Value(name.data(), static_cast<rapidjson::SizeType>(name.size()), a), a);
    pair.PushBack(data::number(value), a);
    out.PushBack(std::move(pair), a);
  }
  return out;
}
Result<std::vector<std::pair<std::string, double>>> numbers_of(const json::Value& value) {
  std::vector<std::pair<std::string, double>> out;
  const Error broken{Error::Kind::internal, "the scoring process gave a broken list of numbers"};
  if (!value.IsArray()) return broken;
  for (const auto& pair : value.GetArray()) {
    if (!pair.IsArray() || pair.Size() != 2 || !pair[0].IsString()) return broken;
    // data::number() writes what is not finite as a text
    out.emplace_back(json::text(pair[0]), pair[1].IsNumber() ? pair[1].GetDouble() : std::numeric_limits<double>::quiet_NaN());
  }
  return out;
}

json::Value to_json(const Reading& reading, Allocator& a) {
  json::Value out(rapidjson::kObjectType), verdicts(rapidjson::kArrayType);
  json::set(out, "answer", utf8::repair(reading.answer), a);
  json::set(out, "reference", reading.reference_json, a);
  for (const Verdict& verdict : reading.verdicts) {
    json::Value one(rapidjson::kObjectType);
    json::set(one, "values", numbers_to_json(verdict.values, a), a);
    json::set(one, "answer", utf8::repair(verdict.answer), a);
    json::set(one, "explanation", utf8::repair(verdict.explanation), a);
    verdicts.PushBack(std::move(one), a);
  }
  json::set(out, "verdicts", std::move(verdicts), a);
  if (reading.error) json::set(out, "error", to_json(*reading.error, a), a);
  return out;
}
Result<Reading> reading_of(const json::Value& value, const std::string& origin) {
  Reading reading;
  data::Fields fields(value, origin);
  fields.read("answer", reading.answer);
  fields.read("reference", reading.reference_json);
  fields.each("verdicts", [&](const json::Value& one, const std::string& where) -> Result<void> {
    Verdict verdict;
    data::Fields in(one, where);
    in.read("answer", verdict.answer);
    in.read("explanation", verdict.explanation);
    if (const json::Value* values = in.find("values")) {
      SXT_TRY(verdict.values, numbers_of(*values));
    }
    reading.verdicts.push_back(std::move(verdict));
    return in.take();
  });
  if (const json::Value* error = fields.find("error")) reading.error = error_of(*error);
  SXT_CHECK(fields.take());
  return reading;
}

}  // namespace

std::string to_line(const Setup& setup) {
  json::Document out = object();
  auto& a = out.GetAllocator();
  json::set(out, "folders", data::list(setup.folders, a), a);
  json::set(out, "card", setup.dataset.card_path, a);
  json::set(out, "compat", config::compat_name(setup.compat), a);
  json::Value filters(rapidjson::kArrayType);
  for (const config::Filter& filter : setup.dataset.filters) {
    json::Value one(rapidjson::kObjectType);
    json::set(one, "name", filter.name, a);
    json::set(one, "postprocessors", to_json(filter.postprocessors, a), a);
    filters.PushBack(std::move(one), a);
  }
  json::set(out, "filters", std::move(filters), a);
  json::set(out, "reference", to_json(setup.dataset.reference_postprocessors, a), a);
  json::set(out, "metrics", to_json(setup.dataset.metrics, a), a);
  return json::write(out);
}

Result<Setup> setup_from(const json::Value& value) {
  Setup setup;
  std::string compat = "none";
  data::Fields fields(value, "worker score");
  fields.read("folders", setup.folders);
  fields.read("card", setup.dataset.card_path);
  fields.read("compat", compat);
  setup.dataset.filters.clear();
  fields.each("filters", [&](const json::Value& one, const std::string& origin) -> Result<void> {
    config::Filter filter;
    data::Fields in(one, origin);
    in.read("name", filter.name);
    read_choices(in, "postprocessors", filter.postprocessors);
    setup.dataset.filters.push_back(std::move(filter));
    return in.take();
  });
  read_choices(fields, "reference", setup.dataset.reference_postprocessors);
  read_choices(fields, "metrics", setup.dataset.metrics);
  SXT_CHECK(fields.take());
  SXT_TRY(setup.compat, config::compat_from_name(compat));
  return setup;
}

std::string to_line(const Row& row) {
  json::Document out = object();
  auto& a = out.GetAllocator();
  json::Value attempts(rapidjson::kArrayType);
  for (const data::Attempt* attempt : row) {
    json::Value one(rapidjson::kObjectType);
    json::set(one, "prediction", utf8::repair(attempt->prediction), a);
    json::set(one, "labelled", json::Value(!attempt->labels.empty()), a);
    if (!attempt->extra_json.empty()) json::set(one, "extra", attempt->extra_json, a);
    attempts.PushBack(std::move(one), a);
  }
  json::set(out, "row", std::move(attempts), a);
  json::set(out, "target", row.front()->target_json, a);
  json::set(out, "record", row.front()->record_json, a);
  return json::write(out);
}

Result<std::vector<data::Attempt>> row_from(const json::Value& value) {
  std::vector<data::Attempt> out;
  std::string target, record;
  data::Fields fields(value, "worker score");
  fields.read("target", target);
  fields.read("record", record);
  fields.each("row", [&](const json::Value& one, const std::string& origin) -> Result<void> {
    data::Attempt attempt;
    bool labelled = false;
    data::Fields in(one, origin);
    in.read("prediction", attempt.prediction);
    in.read("labelled", labelled);
    in.read("extra", attempt.extra_json);
    if (labelled) attempt.labels.resize(1);
    attempt.target_json = target;
    attempt.record_json = record;
    attempt.id.repeat = static_cast<uint32_t>(out.size());
    out.push_back(std::move(attempt));
    return in.take();
  });
  SXT_CHECK(fields.take());
  return out;
}

std::string to_line(const RowReading& reading) {
  json::Document out = object();
  auto& a = out.GetAllocator();
  json::Value attempts(rapidjson::kArrayType);
  for (const std::vector<Reading>& attempt : reading) {
    json::Value filters(rapidjson::kArrayType);
    for (const Reading& one : attempt) filters.PushBack(to_json(one, a), a);
    attempts.PushBack(std::move(filters), a);
  }
  json::set(out, "readings", std::move(attempts), a);
  return json::write(out);
}

Result<RowReading> reading_from(const json::Value& value) {
  const json::Value* attempts = json::find(value, "readings");
  const Error broken{Error::Kind::internal, "the scoring process gave no readings"};
  if (!attempts || !attempts->IsArray()) return broken;
  RowReading out;
  for (const auto& filters : attempts->GetArray()) {
    if (!filters.IsArray()) return broken;
    out.emplace_back();
    for (const auto& one : filters.GetArray()) {
      SXT_TRY(Reading reading, reading_of(one, "scoring process"));
      out.back().push_back(std::move(reading));
    }
  }
  return out;
}

std::string to_line(size_t metric, std::span<const Judged> samples, std::span<const double> first) {
  json::Document out = object();
  auto& a = out.GetAllocator();
  json::set(out, "aggregate", json::Value(static_cast<uint64_t>(metric)), a);
  json::Value list(rapidjson::kArrayType);
  for (size_t i = 0; i < samples.size(); ++i) {
    json::Value one(rapidjson::kObjectType);
    json::set(one, "answer", utf8::repair(samples[i].prediction), a);
    json::set(one, "reference", samples[i].reference_json, a);
    json::set(one, "record", samples[i].record_json, a);
    json::set(one, "first", data::number(first[i]), a);
    list.PushBack(std::move(one), a);
  }
  json::set(out, "samples", std::move(list), a);
  return json::write(out);
}

Result<Aggregate> aggregate_from(const json::Value& value) {
  Aggregate out;
  uint64_t metric = 0;
  data::Fields fields(value, "worker score");
  fields.read("aggregate", metric);
  out.metric = metric;
  fields.each("samples", [&](const json::Value& one, const std::string& origin) -> Result<void> {
    std::array<std::string, 3> sample;
    double first = 0;
    data::Fields in(one, origin);
    in.read("answer", sample[0]);
    in.read("reference", sample[1]);
    in.read("record", sample[2]);
    in.read("first", first);
    out.samples.push_back(std::move(sample));
    out.first.push_back(first);
    return in.take();
  });
  SXT_CHECK(fields.take());
  return out;
}

std::string to_line(const std::vector<bool>& aggregates) {
  json::Document out = object();
  auto& a = out.GetAllocator();
  json::Value list(rapidjson::kArrayType);
  for (const bool does : aggregates) list.PushBack(does, a);
  json::set(out, "aggregates", std::move(list), a);
  return json::write(out);
}

Result<std::vector<bool>> aggregates_from(const json::Value& value) {
  std::vector<bool> out;
  data::Fields fields(value, "scoring process");
  fields.each("aggregates", [&](const json::Value& does, const std::string& origin) -> Result<void> {
    if (!does.IsBool()) return Error{Error::Kind::internal, origin + " must be true or false"};
    out.push_back(does.GetBool());
    return {};
  });
  SXT_CHECK(fields.take());
  return out;
}

std::string to_line(const Numbers& numbers) {
  json::Document out = object();
  auto& a = out.GetAllocator();
  json::set(out, "numbers", numbers ? numbers_to_json(*numbers, a) : json::Value(rapidjson::kNullType), a);
  return json::write(out);
}

Result<Numbers> numbers_from(const json::Value& value) {
  const json::Value* numbers = json::find(value, "numbers");
  if (!numbers) return Error{Error::Kind::internal, "the scoring process gave no aggregate"};
  if (numbers->IsNull()) return Numbers();
  SXT_TRY(auto list, numbers_of(*numbers));
  return Numbers(std::move(list));
}

std::string to_line(const Error& error) {
  json::Document out = object();
  json::set(out, "failed", to_json(error, out.GetAllocator()), out.GetAllocator());
  return json::write(out);
}

std::optional<Error> error_from(const json::Value& value) {
  const json::Value* failed = json::find(value, "failed");
  return failed ? std::optional<Error>(error_of(*failed)) : std::nullopt;
}

}  // namespace sextant::score::wire
