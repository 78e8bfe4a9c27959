#include "retrieval_tasks.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include "dataset_feed.hpp"

namespace sextant::serve {
namespace {

// The rows of the train split, then those of the test split, as texts.
class EmbedFeed : public Feed {
 public:
  EmbedFeed(plugin::Host& host, const config::DatasetConfig& dataset, const config::RunConfig& run, Retrieved& ret)
      : host_(host), dataset_(dataset), run_(run), ret_(ret) {}
  Result<void> open() override {
    SXT_TRY(data_, load::load_data(host_, dataset_, run_));
    SXT_TRY(corpus_, data_.corpus->all());
    ret_ = {};
    return {};
  }
  std::optional<Item> next() override {
    if (next_ >= corpus_.size() + data_.rows.size()) return std::nullopt;
    const uint64_t number = next_++;
    const std::string& record = number < corpus_.size() ? corpus_[number] : data_.rows[number - corpus_.size()].record_json;
    auto text = retrieval_text(dataset_, record);
    if (!text) return Item{number, text.error()};
    Prepared prepared;
    prepared.sample.id = {dataset_.task_name, number, 0};
    prepared.prompts.prompts.emplace_back().text = data::Text(*std::move(text));
    return Item{number, std::move(prepared)};
  }
  Result<void> keep(const std::vector<data::Attempt>& attempts) {
    for (const data::Attempt& attempt : attempts) {
      const std::vector<float>& vector = attempt.embedding;
      if (ret_.width == 0) ret_.width = vector.size();
      if (vector.empty() || vector.size() != ret_.width)
        return Error{Error::Kind::internal, fmt::format("an embedding of {} numbers stands beside one of {}", vector.size(), ret_.width)};
      if (attempt.id.row < corpus_.size()) ret_.corpus.insert(ret_.corpus.end(), vector.begin(), vector.end());
      else ret_.samples[data_.rows[attempt.id.row - corpus_.size()].index] = vector;
    }
    return {};
  }

 private:
  plugin::Host& host_;
  const config::DatasetConfig& dataset_;
  const config::RunConfig& run_;
  Retrieved& ret_;
  load::TaskData data_;
  std::vector<std::string> corpus_;
  size_t next_ = 0;
};

class Embed : public infer::Inferencer {
 public:
  data::Form form() const override { return data::Form::whole; }
  Result<infer::Step> step(const infer::Question& question, std::span<const infer::Round> so_far) const override {
    infer::Step step;
    if (so_far.empty()) {
      data::Request& request = step.ask.emplace_back();
      request.ask = data::Ask::embed;
      request.text = question.prompts.prompts.front().text;
      request.keep_bytes = 1;  // a text that is too long is cut
      return step;
    }
    step.done.emplace().embedding = so_far.front().answers.front().embedding;
    return step;
  }
};

// Every candidate list of a sample, rendered in front of its question with each label: one prompt each, candidate by candidate.
class RankFeed : public Feed {
 public:
  RankFeed(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset, const config::RunConfig& run, const Retrieved& retrieved)
      : host_(host), session_(session), dataset_(dataset), run_(run), retrieved_(retrieved) {}
  Result<void> open() override {
    SXT_TRY(data_, load::load_data(host_, dataset_, run_));
    SXT_TRY(examples_, Examples::open(host_, dataset_, data_, run_, &retrieved_));
    SXT_TRY(renderer_, Renderer::make(host_, session_, renderer_options(dataset_, run_, data::Form::labels, 0)));
    return {};
  }
  std::optional<Item> next() override {
    if (next_ >= data_.rows.size()) return std::nullopt;
    const load::Row& row = data_.rows[next_];
    return Item{row.index, prepare(row, next_++)};
  }

 private:
  Result<Prepared> prepare(const load::Row& row, uint64_t position) {
    SXT_TRY(const Chosen chosen, examples_->choose(row, dataset_.test_range.empty() ? row.index : position, true));
    Prepared out;
    out.sample.id = {dataset_.task_name, row.index, 0};
    for (size_t i = 0; i < chosen.candidates.size(); ++i) {
      SXT_TRY(Prepared candidate, renderer_->prepare(out.sample.id, row.record_json, chosen.candidates[i]));
      for (data::Prompt& prompt : candidate.prompts.prompts) {
        prompt.label = std::to_string(i);
        out.prompts.prompts.push_back(std::move(prompt));
      }
    }
    return out;
  }
  plugin::Host& host_;
  ModelSession& session_;
  const config::DatasetConfig& dataset_;
  const config::RunConfig& run_;
  const Retrieved& retrieved_;
  load::TaskData data_;
  std::optional<Examples> examples_;
  std::optional<Renderer> renderer_;
  size_t next_ = 0;
};

// The mean of -ln p over the tokens behind the examples, per prompt.
class Rank : public infer::Inferencer {
 public:
  data::Form form() const override { return data::Form::labels; }
  Result<infer::Step> step(const infer::Question& question, std::span<const infer::Round> so_far) const override {
    infer::Step step;
    if (so_far.empty()) {
      for (const data::Prompt& prompt : question.prompts.prompts) {
        const std::string_view text = prompt.text;
        const size_t examples = text.size() - std::min(text.size(), prompt.question_bytes);
        data::Request& request = step.ask.emplace_back();
        request.ask = data::Ask::score;
        request.text = data::Text(text.substr(0, examples));
        request.continuations = {data::Text(text.substr(examples))};
        request.add_special = !prompt.chat;
      }
      return step;
    }
    infer::Outcome& outcome = step.done.emplace();
    for (size_t i = 0; i < so_far.front().answers.size(); ++i) {
      const data::ContinuationScore& score = so_far.front().answers[i].scores.at(0);
      const double loss = -score.logprob / std::max(1u, score.tokens);
      if (!std::isfinite(loss)) return Error{Error::Kind::internal, "the model gave no finite log-probability for a candidate list"};
      outcome.labels.push_back({question.prompts.prompts[i].label, {}, score.logprob, score.tokens, loss});
    }
    return step;
  }
};

}  // namespace

Result<TaskSpec> embed_task(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset, const config::RunConfig& run, Retrieved& ret) {
  TaskSpec spec;
  spec.name = dataset.task_name;
  spec.model = session.config().abbr;
  auto feed = std::make_unique<EmbedFeed>(host, dataset, run, ret);
  spec.keep = [feed = feed.get()](const std::vector<data::Attempt>& attempts) { return feed->keep(attempts); };
  spec.feed = std::move(feed);
  spec.inferencer = std::make_unique<Embed>();
  return spec;
}

Result<TaskSpec> rank_task(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset, const config::RunConfig& run, Retrieved& ret) {
  TaskSpec spec;
  spec.name = dataset.task_name;
  spec.model = session.config().abbr;
  spec.feed = std::make_unique<RankFeed>(host, session, dataset, run, ret);
  spec.inferencer = std::make_unique<Rank>();
  spec.settings = settings_of(dataset.inferencer, session, run);
  spec.keep = [&ret](const std::vector<data::Attempt>& attempts) -> Result<void> {
    for (const data::Attempt& attempt : attempts) {
      std::vector<retrieve::Losses>& losses = ret.losses[attempt.id.row];
      for (const data::LabelScore& label : attempt.labels) {
        const size_t candidate = std::stoul(label.label);
        if (losses.size() <= candidate) losses.resize(candidate + 1);
        losses[candidate].push_back(label.value);
      }
    }
    return {};
  };
  return spec;
}

}  // namespace sextant::serve
