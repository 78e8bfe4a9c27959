#include "component.hpp"
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include "../data/sample.hpp"

namespace sextant::isolate {
namespace {

using plugin::Kind;

std::string texts_json(const std::vector<std::string>& json_texts) {
  std::string out = "[";
  for (const std::string& text : json_texts) out.append(out.size() > 1 ? "," : "").append(text);
  return out + "]";
}
std::string rows_json(const std::vector<uint64_t>& rows) { return fmt::format("[{}]", fmt::join(rows, ",")); }

class ServedMetric : public Served {
 public:
  explicit ServedMetric(plugin::Metric metric) : metric_(std::move(metric)) {}
  std::string about() override { return metric_.aggregates() ? R"(,"aggregate":true)" : ""; }
  Result<std::string> item(std::string_view call, const json::Value& item, const json::Value&) override {
    if (call != "score") return no_such_call(call);
    const Sample sample(item);
    const plugin::Judged judged = sample.lent();
    SXT_TRY(const std::vector<plugin::Scored> scored, metric_.score({&judged, 1}));
    std::string out = R"({"values":{)";
    for (const auto& [name, value] : scored[0].values)
      out.append(out.back() == '{' ? "" : ",").append(json::quote(name)).append(":").append(json::write(json::Value(value)));
    out += "}";
    if (!scored[0].answer.empty()) out += ",\"answer\":" + json::quote(scored[0].answer);
    if (!scored[0].explanation.empty()) out += ",\"explanation\":" + json::quote(scored[0].explanation);
    return out + "}";
  }
  Result<std::string> whole(std::string_view call, const json::Value& message) override {
    if (call != "aggregate") return no_such_call(call);
    std::vector<Sample> samples;
    std::vector<plugin::Judged> judged;
    std::vector<double> scores;
    const json::Value *list = json::find(message, "samples"), *numbers = json::find(message, "scores");
    if (!list || !list->IsArray() || !numbers || !numbers->IsArray() || list->Size() != numbers->Size())
      return Error{Error::Kind::data, "\"samples\" and \"scores\" are wanted, as many of both"};
    for (const auto& one : list->GetArray()) samples.emplace_back(one);
    for (const Sample& sample : samples) judged.push_back(sample.lent());
    for (const auto& one : numbers->GetArray())
      scores.push_back(one.IsNumber() ? one.GetDouble() : std::numeric_limits<double>::quiet_NaN());
    SXT_TRY(const auto own, metric_.aggregate(judged, scores));
    return own ? json::write(*own) : std::string("null");
  }

 private:
  struct Sample {
    explicit Sample(const json::Value& item)
        : prediction(member_text(item, "prediction")),
          reference(member_json(item, "reference", "null")),
          record(member_json(item, "record", "{}")) {}
    plugin::Judged lent() const { return {prediction, reference, record}; }
    std::string prediction, reference, record;
  };
  plugin::Metric metric_;
};

class ServedPostprocessor : public Served {
 public:
  explicit ServedPostprocessor(plugin::Postprocessor made) : postprocessor_(std::move(made)) {}
  Result<std::string> item(std::string_view call, const json::Value& item, const json::Value&) override {
    if (call != "extract") return no_such_call(call);
    const std::string text = member_text(item, "text"), record = member_json(item, "record", "{}");
    std::vector<std::string> attempts;
    if (const json::Value* list = json::find(item, "attempts"); list && list->IsArray())
      for (const auto& one : list->GetArray()) attempts.emplace_back(one.IsString() ? json::text(one) : "");
    const plugin::ExtractItem lent{text, record, attempts, static_cast<uint32_t>(json::find_int(item, "attempt").value_or(0))};
    SXT_TRY(const std::vector<std::string> out, postprocessor_.apply({&lent, 1}));
    return json::quote(out[0]);
  }

 private:
  plugin::Postprocessor postprocessor_;
};

class ServedTemplate : public Served {
 public:
  explicit ServedTemplate(plugin::Template made) : template_(std::move(made)) {}
  Result<std::string> item(std::string_view call, const json::Value& item, const json::Value&) override {
    if (call != "render") return no_such_call(call);
    plugin::RenderItem lent;
    lent.record_json = member_json(item, "record", "{}");
    lent.output_column = member_text(item, "output_column");
    if (const json::Value* shots = json::find(item, "shots"); shots && shots->IsArray())
      for (const auto& shot : shots->GetArray()) lent.shots_json.push_back(json::write(shot));
    const auto form = data::form_from_name(member_text(item, "form"));
    if (!form) return Error{Error::Kind::data, "\"form\" is none of open, labels, continuations, cloze, whole"};
    lent.form = *form;
    SXT_TRY(const json::Document prompt, template_.render(lent));
    return json::write(prompt);
  }

 private:
  plugin::Template template_;
};

class ServedInferencer : public Served {
 public:
  explicit ServedInferencer(plugin::InferencerPlugin made) : inferencer_(std::move(made)) {}
  Result<std::string> item(std::string_view call, const json::Value& item, const json::Value&) override {
    if (call != "step") return no_such_call(call);
    SXT_TRY(const json::Document step,
            inferencer_.step({member_json(item, "sample", "{}"), member_json(item, "prompts", "{}"),
                              member_json(item, "settings", "{}"), member_json(item, "rounds", "[]")}));
    return json::write(step);
  }

 private:
  plugin::InferencerPlugin inferencer_;
};

class ServedRetriever : public Served {
 public:
  explicit ServedRetriever(plugin::Retriever made) : retriever_(std::move(made)) {}
  Result<std::string> whole(std::string_view call, const json::Value& message) override {
    if (call != "prepare") return no_such_call(call);
    const json::Value* corpus = json::find(message, "corpus");
    if (!corpus || !corpus->IsArray()) return Error{Error::Kind::data, "\"prepare\" wants a list \"corpus\""};
    std::vector<std::string> texts, records;
    std::vector<std::vector<float>> embeddings;
    for (const auto& row : corpus->GetArray()) {
      texts.push_back(member_text(row, "text"));
      records.push_back(member_json(row, "record", "{}"));
      embeddings.push_back(numbers(row));
    }
    std::vector<plugin::CorpusRow> lent;
    for (size_t i = 0; i < texts.size(); ++i)
      lent.push_back({static_cast<uint64_t>(json::find_int((*corpus)[static_cast<rapidjson::SizeType>(i)], "row").value_or(0)),
                      records[i], texts[i], embeddings[i]});
    SXT_CHECK(retriever_.prepare(lent));
    return std::string("true");
  }
  Result<std::string> item(std::string_view call, const json::Value& item, const json::Value& message) override {
    if (call != "retrieve" && call != "choose") return no_such_call(call);
    const std::string record = member_json(item, "record", "{}"), text = member_text(item, "text");
    const std::vector<float> embedding = numbers(item);
    plugin::Query query{static_cast<uint64_t>(json::find_int(item, "row").value_or(0)), {}, 0, record, text, embedding};
    if (const json::Value* own = json::find(item, "own_row"); own && own->IsUint64()) query.own_row = own->GetUint64();
    if (const json::Value* seed = json::find(item, "seed"); seed && seed->IsUint64()) query.seed = seed->GetUint64();
    if (call == "choose") {
      std::vector<double> scores;
      if (const json::Value* list = json::find(item, "scores"); list && list->IsArray())
        for (const auto& one : list->GetArray()) scores.push_back(one.IsNumber() ? one.GetDouble() : std::nan(""));
      SXT_TRY(const size_t chosen, retriever_.choose(query, scores));
      return std::to_string(chosen);
    }
    SXT_TRY(const auto found,
            retriever_.retrieve({&query, 1}, static_cast<uint64_t>(json::find_int(message, "k").value_or(1))));
    if (found[0].candidates.empty()) return rows_json(found[0].rows);
    std::vector<std::string> lists;
    for (const auto& rows : found[0].candidates) lists.push_back(rows_json(rows));
    return R"({"candidates":)" + texts_json(lists) + "}";
  }

 private:
  static std::vector<float> numbers(const json::Value& row) {
    std::vector<float> out;
    if (const json::Value* list = json::find(row, "embedding"); list && list->IsArray())
      for (const auto& one : list->GetArray()) out.push_back(one.IsNumber() ? one.GetFloat() : 0);
    return out;
  }
  plugin::Retriever retriever_;
};

class ServedDataset : public Served {
 public:
  explicit ServedDataset(plugin::Dataset made) : dataset_(std::move(made)) {}
  Result<std::string> whole(std::string_view call, const json::Value& message) override {
    const std::string split = member_text(message, "split");
    if (call == "describe") {
      SXT_TRY(const json::Document about, dataset_.describe());
      return json::write(about);
    }
    if (call == "count") {
      SXT_TRY(const uint64_t count, dataset_.count(split));
      return std::to_string(count);
    }
    if (call != "read") return no_such_call(call);
    const auto first = static_cast<uint64_t>(json::find_int(message, "first").value_or(0)),
               n = static_cast<uint64_t>(json::find_int(message, "n").value_or(0));
    SXT_TRY(const std::vector<std::string> rows, dataset_.read(split, first, n));
    for (size_t i = 0; i < rows.size(); ++i)
      if (const auto row = json::parse(rows[i], ""); !row)
        return Error{Error::Kind::data, fmt::format("row {} of '{}' is not JSON: {}", first + i, split, row.error().message)};
    return texts_json(rows);
  }

 private:
  plugin::Dataset dataset_;
};

template <class T> Result<std::unique_ptr<Served>> made(auto component) {
  if (!component) return component.error();
  return std::unique_ptr<Served>(std::make_unique<T>(*std::move(component)));
}

}  // namespace

Error no_such_call(std::string_view call) {
  return {Error::Kind::data, fmt::format("there is no call '{}' of this kind of component", call)};
}
std::string member_text(const json::Value& object, const char* name) { return json::find_string(object, name).value_or(""); }
std::string member_json(const json::Value& object, const char* name, std::string_view otherwise) {
  const json::Value* value = json::find(object, name);
  return value ? json::write(*value) : std::string(otherwise);
}

Result<std::string> Served::item(std::string_view call, const json::Value&, const json::Value&) { return no_such_call(call); }
Result<std::string> Served::whole(std::string_view call, const json::Value&) { return no_such_call(call); }

Result<std::unique_ptr<Served>> serve_component(plugin::Host& host, Kind kind, const std::string& id,
                                                const std::string& config) {
  constexpr const char* origin = "the configuration";
  switch (kind) {
    case Kind::metric: return made<ServedMetric>(host.metric(id, config, origin));
    case Kind::postprocessor: return made<ServedPostprocessor>(host.postprocessor(id, config, origin));
    case Kind::template_: return made<ServedTemplate>(host.template_(id, config, origin));
    case Kind::inferencer: return made<ServedInferencer>(host.inferencer(id, config, origin));
    case Kind::retriever: return made<ServedRetriever>(host.retriever(id, config, origin));
    case Kind::dataset: return made<ServedDataset>(host.dataset(id, config, origin));
    case Kind::model: {
      auto model = host.model(id, config, origin);
      if (!model) return model.error();
      return serve_model(*std::move(model));
    }
  }
  return no_such_call("hello");
}

}  // namespace sextant::isolate
