// "self_consistency": several sampled replies to one prompt; the answer that most of them give wins (Wang et al. 2022). The
// caller gives each request of an attempt a random stream of its own, so that the paths differ.
#include <algorithm>
#include <fmt/format.h>
#include "requests.hpp"
#include "vote.hpp"

namespace sextant::infer {
namespace {

class SelfConsistency : public Inferencer {
 public:
  SelfConsistency(size_t paths, std::optional<float> temperature, AnswerRule rule)
      : paths_(paths), temperature_(temperature), rule_(std::move(rule)) {}
  data::Form form() const override { return data::Form::open; }

  Result<Step> step(const Question& question, std::span<const Round> so_far) const override {
    if (so_far.empty()) {
      SXT_TRY(data::Request request, generate_request(question));
      if (temperature_) request.sampling->temperature = *temperature_;
      if (request.sampling->temperature <= 0 && paths_ > 1)
        return bad_config("self_consistency",
                          fmt::format("samples {} paths, but the temperature is 0, with which all are the same; give it "
                                      "a \"temperature\"",
                                      paths_));
      return Step{std::vector(paths_, request), std::nullopt};
    }
    const std::vector<data::Response>& paths = so_far.front().answers;
    if (paths.size() != paths_) return bad_answer(fmt::format("{} requests have {} answers", paths_, paths.size()));
    return done(outcome(paths));
  }

 private:
  Outcome outcome(const std::vector<data::Response>& paths) const {
    std::vector<std::string> answers;
    for (const data::Response& path : paths) answers.push_back(rule_.answer(path.text));
    const std::vector<Votes> votes = count_votes(answers);
    const Votes* most = nullptr;
    for (const Votes& each : votes)
      if (!each.answer.empty() && (!most || each.count > most->count)) most = &each;
    // no path has an answer: the first one is as good as any
    const data::Response& winner = paths[most ? most->first : 0];

    json::Document extra(rapidjson::kObjectType);
    auto& a = extra.GetAllocator();
    json::Value texts(rapidjson::kArrayType), counts(rapidjson::kObjectType);
    for (const data::Response& path : paths) texts.PushBack(json::Value(path.text, a), a);
    for (const Votes& each : votes) json::set(counts, each.answer, json::Value(static_cast<uint64_t>(each.count)), a);
    json::set(extra, "answer", most ? most->answer : std::string(), a);
    json::set(extra, "paths", std::move(texts), a);
    json::set(extra, "votes", std::move(counts), a);

    Outcome out;
    out.prediction = winner.text;
    out.thinking = winner.thinking;
    out.finish = data::finish_name(winner.finish);
    for (const data::Response& path : paths) out.turns.push_back({{}, path.text});
    out.extra_json = json::write(extra);
    return out;
  }

  size_t paths_;
  std::optional<float> temperature_;
  AnswerRule rule_;
};

Result<std::unique_ptr<Inferencer>> make(const json::Value& config) {
  std::optional<float> temperature;
  if (const auto given = json::find_number(config, "temperature")) temperature = static_cast<float>(*given);
  SXT_TRY(AnswerRule rule, AnswerRule::make(json::find_string(config, "answer").value_or("last_number")));
  return std::unique_ptr<Inferencer>(std::make_unique<SelfConsistency>(
      static_cast<size_t>(json::find_int(config, "n").value_or(5)), temperature, std::move(rule)));
}

}  // namespace

extern const InferencerType self_consistency_type;
const InferencerType self_consistency_type{
    "self_consistency", "the most frequent answer of several sampled replies", R"({"type": "object", "properties": {
  "n": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 5, "description": "replies that are sampled"},
  "temperature": {"type": "number", "minimum": 0, "description": "the sampling temperature; absent: the model's"},
  "answer": {"type": "string", "minLength": 1, "default": "last_number",
    "description": "how a reply's vote is read: last_number, last_line, or a regular expression, whose last match counts"}},
  "additionalProperties": false})",
    make};

}  // namespace sextant::infer
