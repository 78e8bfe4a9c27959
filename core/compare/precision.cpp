#include "precision.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include "../data/right_label.hpp"
#include "../stats/resample.hpp"
#include "../stats/stream.hpp"

namespace sextant::compare {
namespace {

constexpr uint64_t replicates = 1000;

bool same_input(const data::Attempt& a, const data::Attempt& b) {
  const auto same_message = [](const data::Message& x, const data::Message& y) {
    return x.role == y.role && x.text() == y.text();
  };
  const auto same_prompt = [&](const data::Prompt& x, const data::Prompt& y) {
    return x.text == y.text &&
           std::equal(x.messages.begin(), x.messages.end(), y.messages.begin(), y.messages.end(), same_message);
  };
  const auto same_label = [](const data::LabelScore& x, const data::LabelScore& y) {
    return x.label == y.label && x.input == y.input;
  };
  return std::equal(a.prompts.begin(), a.prompts.end(), b.prompts.begin(), b.prompts.end(), same_prompt) &&
         std::equal(a.labels.begin(), a.labels.end(), b.labels.begin(), b.labels.end(), same_label);
}

std::vector<double> logs_of(const data::Attempt& attempt) {
  std::vector<double> out;
  for (const data::LabelScore& label : attempt.labels) out.push_back(label.logprob);
  return out;
}

// ln p of some tokens on one side.
struct Scored {
  double logprob = 0, tokens = 0;
  std::vector<double> each;  // where they were recorded
};
// Of a text that was scored whole.
std::optional<Scored> whole_of(const data::Attempt& attempt) {
  if (attempt.extra_json.empty()) return std::nullopt;
  const auto extra = json::parse(attempt.extra_json, "extra");
  if (!extra) return std::nullopt;
  const auto logprob = json::find_number(*extra, "logprob"), tokens = json::find_number(*extra, "tokens");
  if (!logprob || !tokens || *tokens < 1) return std::nullopt;
  Scored out{*logprob, *tokens, {}};
  if (const json::Value* list = json::find(*extra, "token_logprobs"); list && list->IsArray())
    for (const auto& value : list->GetArray())
      if (value.IsNumber()) out.each.push_back(value.GetDouble());
  return out;
}

class Measures {
 public:
  void add(const data::Attempt& a, const data::Attempt& b, bool same_answer, bool answers_known) {
    const bool replied = !a.finish.empty();  // a text that is scored whole has neither reply nor answer
    agreement_.push_back(answers_known && (replied || !a.labels.empty()) ? same_answer : stats::not_known);
    replies_.push_back(replied && a.labels.empty() ? a.prediction == b.prediction : stats::not_known);
    divergences_.push_back(a.labels.size() > 1 ? stats::kl_divergence(logs_of(a), logs_of(b)) : stats::not_known);
    rows_.push_back(a.id.row);
    if (a.labels.empty()) {
      add_scored(whole_of(a), whole_of(b), "texts");
      return;
    }
    const size_t right = data::right_label(a);
    if (right == a.labels.size()) {
      add_scored({}, {}, "answers");
      return;
    }
    answers_.push_back(stats::softmax(logs_of(b))[right] - stats::softmax(logs_of(a))[right]);
    const auto scored = [&](const data::LabelScore& label) {
      return label.tokens == 0 ? std::nullopt : std::optional<Scored>({label.logprob, static_cast<double>(label.tokens), {}});
    };
    add_scored(scored(a.labels[right]), scored(b.labels[right]), "answers");
  }

  void finish(const std::vector<uint32_t>& clusters, Precision& out) const {
    constexpr stats::Range from_0{0, std::numeric_limits<double>::infinity()};
    out.divergence = stats::of_mean(divergences_, clusters, from_0);
    out.agreement = stats::of_mean(agreement_, clusters, {0, 1});
    out.same_reply = stats::of_mean(replies_, clusters, {0, 1});
    out.answer = stats::changes_of(answers_);
    out.tokens = stats::changes_of(tokens_);
    add_divergences(out);
    add_perplexities(clusters, out);
  }

 private:
  void add_scored(const std::optional<Scored>& a, const std::optional<Scored>& b, const char* of) {
    const bool both = a && b && std::isfinite(a->logprob) && std::isfinite(b->logprob);
    a_.push_back(both ? *a : Scored{});
    b_.push_back(both ? *b : Scored{});
    if (!both) return;
    of_ = of;
    if (a->each.size() != b->each.size()) return;  // another tokenizer
    for (size_t i = 0; i < a->each.size(); ++i) tokens_.push_back(std::exp(b->each[i]) - std::exp(a->each[i]));
  }

  void add_divergences(Precision& out) const {
    std::vector<double> sorted;
    for (size_t i = 0; i < divergences_.size(); ++i) {
      if (std::isnan(divergences_[i])) continue;
      if (sorted.empty() || divergences_[i] > out.divergence_max) {
        out.divergence_max = divergences_[i];
        out.divergence_max_row = rows_[i];
      }
      sorted.push_back(divergences_[i]);
    }
    if (sorted.empty()) return;
    std::sort(sorted.begin(), sorted.end());
    out.divergence_median = stats::quantile(sorted, 0.5);
  }

  void add_perplexities(const std::vector<uint32_t>& clusters, Precision& out) const {
    struct Unit {
      double a = 0, a_tokens = 0, b = 0, b_tokens = 0;
    };
    std::vector<Unit> units;
    uint64_t n = 0;
    for (size_t i = 0; i < a_.size(); ++i) {
      const size_t place = clusters.empty() ? i : clusters[i];
      if (units.size() <= place) units.resize(place + 1);
      Unit& unit = units[place];
      unit.a += a_[i].logprob, unit.a_tokens += a_[i].tokens;
      unit.b += b_[i].logprob, unit.b_tokens += b_[i].tokens;
      n += a_[i].tokens > 0;
    }
    std::erase_if(units, [](const Unit& unit) { return unit.a_tokens == 0; });
    if (units.empty()) return;
    const auto number = [&](auto&& each_place) {  // ln of A's and of B's perplexity
      Unit all;
      each_place([&](const Unit& unit) {
        all.a += unit.a, all.a_tokens += unit.a_tokens;
        all.b += unit.b, all.b_tokens += unit.b_tokens;
      });
      return std::pair(-all.a / all.a_tokens, -all.b / all.b_tokens);
    };
    const auto [a, b] = number([&](auto add) {
      for (const Unit& unit : units) add(unit);
    });
    out.perplexity_of = of_;
    out.perplexity_a = std::exp(a);
    out.perplexity_b = std::exp(b);
    if (units.size() > 1)
      out.log_ratio = stats::bootstrap(b - a, units.size(), replicates, stats::stream_key("precision\n" + out.dataset),
                                       [&](std::span<const uint32_t> drawn) {
                                         const auto [x, y] = number([&](auto add) {
                                           for (const uint32_t at : drawn) add(units[at]);
                                         });
                                         return y - x;
                                       });
    out.log_ratio.value = b - a;
    out.log_ratio.n = n;
    out.log_ratio.clusters = clusters.empty() ? 0 : units.size();
  }

  std::vector<double> divergences_, agreement_, replies_;  // [question]; NaN: it has none
  std::vector<uint64_t> rows_;                             // [question] of A
  std::vector<Scored> a_, b_;                              // [question]; no tokens: it has none
  std::vector<double> answers_, tokens_;                   // changes of probabilities
  std::string of_;
};

}  // namespace

Result<Precision> precision_of(const Answers& a, const Answers& b, const store::Predictions& of_a,
                               const store::Predictions& of_b) {
  Precision out;
  out.dataset = a.dataset;
  Measures measures;
  Clusters clusters;
  for (const Pair& pair : pair_up(a, b).pairs) {
    const Question &first = a.questions[pair.a], &second = b.questions[pair.b];
    if (first.place >= of_a.size() || second.place >= of_b.size())
      return Error{Error::Kind::data, "the predictions are fewer than the samples; score the run again (-m eval -r)"};
    SXT_TRY(const auto one, of_a.read(first.place, 1));
    SXT_TRY(const auto other, of_b.read(second.place, 1));
    if (!same_input(one[0], other[0])) {
      ++out.left_out;
      continue;
    }
    ++out.questions;
    clusters.add(a, b, pair);
    measures.add(one[0], other[0], first.read == second.read, !first.read.empty() && !second.read.empty());
  }
  if (out.questions == 0)
    return Error{Error::Kind::data,
                 "no question was asked with the same prompt on both sides, so no probabilities can be compared"};
  measures.finish(clusters.take(), out);
  return out;
}

}  // namespace sextant::compare
