#include "retrieval_tasks.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include "dataset_feed.hpp"

namespace sextant::serve {
namespace {

// The rows of the train split, then those of the test split, as texts.
struct Embedded {
  load::TaskData data;
  std::vector<std::string> corpus;
};
class EmbedFeed : public Feed {
 public:
  EmbedFeed(plugin::Host& host, const config::DatasetConfig& dataset, const config::RunConfig& run,
            std::shared_ptr<Embedded> rows, Retrieved& ret)
      : host_(host), dataset_(dataset), run_(run), rows_(std::move(rows)), ret_(ret) {}
  Result<void> open() override {
    SXT_TRY(rows_->data, load::load_data(host_, dataset_, run_));
    SXT_TRY(rows_->corpus, rows_->data.corpus->all());
    ret_ = {};
    return {};
  }
  std::optional<Item> next() override {
    const std::vector<std::string>& corpus = rows_->corpus;
    if (next_ >= corpus.size() + rows_->data.rows.size()) return std::nullopt;
    const uint64_t number = next_++;
    const auto row = number < corpus.size() ? load::Row{number, corpus[number]} : rows_->data.rows.at(number - corpus.size());
    if (!row) return Item{number, row.error()};
    auto text = retrieval_text(dataset_, row->record_json);
    if (!text) return Item{number, text.error()};
    Prepared prepared;
    prepared.sample.id = {dataset_.task_name, number, 0};
    prepared.prompts.prompts.emplace_back().text = data::Text(*std::move(text));
    return Item{number, std::move(prepared)};
  }

 private:
  plugin::Host& host_;
  const config::DatasetConfig& dataset_;
  const config::RunConfig& run_;
  const std::shared_ptr<Embedded> rows_;
  Retrieved& ret_;
  size_t next_ = 0;
};

class EmbedSink : public AttemptSink {
 public:
  EmbedSink(std::shared_ptr<const Embedded> rows, Retrieved& ret) : rows_(std::move(rows)), ret_(ret) {}
  Result<void> add(uint64_t, data::Attempt attempt) override {
    const std::vector<float>& vector = attempt.embedding;
    const uint64_t corpus = rows_->corpus.size();
    if (ret_.width == 0) {
      ret_.width = vector.size();
      ret_.corpus.resize(corpus * ret_.width);
    }
    if (vector.empty() || vector.size() != ret_.width)
      return Error{Error::Kind::internal,
                   fmt::format("the embeddings differ in size: {} and {} numbers", vector.size(), ret_.width)};
    if (attempt.id.row < corpus)
      std::copy(vector.begin(), vector.end(), ret_.corpus.begin() + static_cast<std::ptrdiff_t>(attempt.id.row * ret_.width));
    else ret_.samples[rows_->data.rows.index(attempt.id.row - corpus)] = vector;
    return {};
  }

 private:
  const std::shared_ptr<const Embedded> rows_;
  Retrieved& ret_;
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
  RankFeed(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset, const config::RunConfig& run,
           const Retrieved& retrieved)
      : host_(host), session_(session), dataset_(dataset), run_(run), retrieved_(retrieved) {}
  Result<void> open() override {
    SXT_TRY(data_, load::load_data(host_, dataset_, run_));
    SXT_TRY(examples_, Examples::open(host_, dataset_, data_, run_, &retrieved_));
    SXT_TRY(renderer_, Renderer::make(host_, session_, renderer_options(dataset_, run_, data::Form::labels, 0)));
    return {};
  }
  std::optional<Item> next() override {
    if (next_ >= data_.rows.size()) return std::nullopt;
    const uint64_t position = next_++;
    const auto row = data_.rows.at(position);
    return Item{data_.rows.index(position), row ? prepare(*row, position) : row.error()};
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
      if (!std::isfinite(loss))
        return Error{Error::Kind::internal, "the model gave no finite log-probability for a candidate list"};
      outcome.labels.push_back({question.prompts.prompts[i].label, {}, score.logprob, score.tokens, loss});
    }
    return step;
  }
};

class RankSink : public AttemptSink {
 public:
  explicit RankSink(Retrieved& ret) : ret_(ret) {}
  Result<void> add(uint64_t, data::Attempt attempt) override {
    std::vector<retrieve::Losses>& losses = ret_.losses[attempt.id.row];
    for (const data::LabelScore& label : attempt.labels) {
      const size_t candidate = std::stoul(label.label);
      if (losses.size() <= candidate) losses.resize(candidate + 1);
      losses[candidate].push_back(label.value);
    }
    return {};
  }

 private:
  Retrieved& ret_;
};

}  // namespace

Result<TaskSpec> embed_task(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset,
                            const config::RunConfig& run, Retrieved& ret) {
  TaskSpec spec;
  spec.name = dataset.task_name;
  spec.model = session.config().abbr;
  const auto rows = std::make_shared<Embedded>();
  spec.feed = std::make_unique<EmbedFeed>(host, dataset, run, rows, ret);
  spec.sink = std::make_unique<EmbedSink>(rows, ret);
  spec.inferencer = std::make_unique<Embed>();
  return spec;
}

Result<TaskSpec> rank_task(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset,
                           const config::RunConfig& run, Retrieved& ret) {
  TaskSpec spec;
  spec.name = dataset.task_name;
  spec.model = session.config().abbr;
  spec.feed = std::make_unique<RankFeed>(host, session, dataset, run, ret);
  spec.inferencer = std::make_unique<Rank>();
  spec.settings = settings_of(dataset.inferencer, session, run);
  spec.sink = std::make_unique<RankSink>(ret);
  return spec;
}

}  // namespace sextant::serve
