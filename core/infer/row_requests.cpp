// "row_requests": what is asked stands in the row itself, as a list: replies to texts, ln p of continuations. The prediction is the list of the
// answers, [text, [ln p, greedy], ...], for a metric that knows what was asked. A program that makes rows (docs/protocol.md) decides so.
#include <cmath>
#include <fmt/format.h>
#include <sextant/columns.hpp>
#include "requests.hpp"

namespace sextant::infer {
namespace {

constexpr size_t requests_max = 1000;   // of one row

class RowRequests : public Inferencer {
 public:
  explicit RowRequests(std::string column) : column_(std::move(column)) {}
  data::Form form() const override { return data::Form::open; }

  Result<Step> step(const Question& question, std::span<const Round> so_far) const override {
    return so_far.empty() ? ask_all(question) : outcome(so_far.back());
  }

 private:
  Error bad_row(const std::string& what) const {
    return {Error::Kind::data, fmt::format("the column '{}' of the row {}", column_, what)};
  }

  Result<Step> ask_all(const Question& question) const {
    SXT_TRY(const json::Document record, json::parse(question.sample.record_json, "the record"));
    const json::Value* list = columns::find(record, column_);
    if (!list || !list->IsArray() || list->Empty() || list->Size() > requests_max)
      return bad_row(fmt::format("is no list of 1 to {} requests", requests_max));
    Step step;
    for (const auto& one : list->GetArray()) {
      SXT_TRY(data::Request request, request_of(question, one));
      step.ask.push_back(std::move(request));
    }
    return step;
  }

  Result<data::Request> request_of(const Question& question, const json::Value& one) const {
    const auto text = json::find_string(one, "text"), continuation = json::find_string(one, "continuation");
    if (!text) return bad_row("has a request without \"text\"");
    data::Request request;
    request.text = *text;
    request.keep_bytes = 1;   // what is too long loses its beginning
    if (continuation) {
      if (continuation->empty()) return bad_row("has a request with an empty \"continuation\"");
      request.ask = data::Ask::score;
      request.continuations.emplace_back(*continuation);
      return request;
    }
    request.ask = data::Ask::generate;
    request.sampling = question.settings.sampling;
    data::Sampling& sampling = *request.sampling;
    const json::Value* stop = json::find(one, "stop");
    if (stop && !stop->IsArray()) return bad_row("has a request whose \"stop\" is no list of texts");
    if (stop) sampling.stop.clear();
    for (rapidjson::SizeType i = 0; stop && i < stop->Size(); ++i)
      if ((*stop)[i].IsString()) sampling.stop.emplace_back(json::text((*stop)[i]));
      else return bad_row("has a request whose \"stop\" is no list of texts");
    if (const auto tokens = json::find_int(one, "max_out_len")) {
      if (*tokens < 1 || *tokens > UINT32_MAX) return bad_row("has a request whose \"max_out_len\" is not above 0");
      sampling.max_new_tokens = static_cast<uint32_t>(*tokens);
    }
    if (const auto temperature = json::find_number(one, "temperature")) sampling.temperature = static_cast<float>(*temperature);
    if (const auto top_p = json::find_number(one, "top_p")) sampling.top_p = static_cast<float>(*top_p);
    if (const auto top_k = json::find_int(one, "top_k")) sampling.top_k = static_cast<uint32_t>(*top_k);
    return request;
  }

  static Result<Step> outcome(const Round& round) {
    if (round.answers.size() != round.asked.size())
      return bad_answer(fmt::format("{} requests have {} answers", round.asked.size(), round.answers.size()));
    Outcome out;
    json::Document list(rapidjson::kArrayType);
    auto& a = list.GetAllocator();
    for (size_t i = 0; i < round.asked.size(); ++i) {
      const data::Response& answer = round.answers[i];
      if (round.asked[i].ask == data::Ask::generate) {
        list.PushBack(json::Value(answer.text, a), a);
        out.finish = data::finish_name(answer.finish);
        if (!answer.thinking.empty()) out.thinking += (out.thinking.empty() ? "" : "\n") + answer.thinking;
        continue;
      }
      if (answer.scores.size() != 1) return bad_answer(fmt::format("the backend scored {} of 1 continuations", answer.scores.size()));
      if (!std::isfinite(answer.scores[0].logprob)) return bad_answer("the backend gave no finite log-probability for a continuation");
      json::Value one(rapidjson::kArrayType);
      one.PushBack(answer.scores[0].logprob, a).PushBack(answer.scores[0].greedy, a);
      list.PushBack(std::move(one), a);
    }
    out.prediction = json::write(list);
    return done(std::move(out));
  }

  std::string column_;
};

}  // namespace

extern const InferencerType row_requests_type;
const InferencerType row_requests_type{"row_requests", "the requests that stand in a column of the row", R"({"type": "object", "required": ["column"], "properties": {
  "column": {"type": "string", "description": "a list of {text, stop, max_out_len, temperature, top_p, top_k} (a reply) and {text, continuation} (its ln p); the prediction is the list of the answers, texts and [ln p, greedy], for a metric that reads it"}},
  "additionalProperties": false})",
                                       [](const json::Value& config) -> Result<std::unique_ptr<Inferencer>> {
                                         return std::unique_ptr<Inferencer>(
                                             std::make_unique<RowRequests>(json::find_string(config, "column").value_or("")));
                                       }};

}  // namespace sextant::infer
