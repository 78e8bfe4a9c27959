// lm_eval: examples as lm-evaluation-harness draws them: one stream of Python's random numbers for a task, which goes from row
// to row, or the first rows. Where the examples' split is the evaluated one ("own_split"), one row more is drawn, those equal
// to the question go, and where duplicates took too many, it draws again without them. Elsewhere a row may be its own example,
// as there.
#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <sextant/python_random.hpp>
#include "config_keys.hpp"
#include "makers.hpp"

namespace sextant::retrieve {
namespace {

class LmEval : public Retriever {
 public:
  LmEval(uint64_t shots, uint64_t seed, bool first_n, bool own_split)
      : Retriever("lm_eval", true), shots_(shots), first_n_(first_n), own_split_(own_split), random_(seed) {}
  Traits traits() const override { return {}; }
  /// Rows are drawn by their number; only those of the own split are compared with the question.
  std::optional<Positions> reads() const override { return own_split_ ? std::nullopt : std::optional<Positions>(Positions()); }

 protected:
  Result<void> index() override {
    const uint64_t wanted = shots_ + (own_split_ && !first_n_ ? 1 : 0);
    if (wanted <= corpus().size()) return {};
    return error(Error::Kind::config,
                 fmt::format("{} examples are wanted, and split '{}' has {} rows{}; ask for fewer", shots_, corpus().split,
                             corpus().size(), wanted > shots_ ? ", one of which may be the question" : ""));
  }

  Result<Choice> find(const Query& query, std::span<const uint64_t>) override {
    Choice choice;
    if (first_n_) {
      for (uint64_t at = 0; at < corpus().size() && choice.positions.size() < shots_; ++at)
        if (!own_split_ || corpus().records[at] != query.record) choice.positions.push_back(at);
      if (choice.positions.size() < shots_) return too_few(shots_, choice.positions.size(), query);
      return choice;
    }
    if (query.position < drawn_.size()) return Choice{drawn_[query.position], {}, false};
    // rows that were left out draw, too; of another split they are taken for none of its rows
    while (drawn_.size() < query.position) {
      const uint64_t row = drawn_.size();
      const bool known = query.split == corpus().split && row < corpus().size();
      if (auto made = draw(known ? std::string_view(corpus().records[row]) : std::string_view(), query); !made)
        return made.error();
      else drawn_.push_back(std::move(*made));
    }
    SXT_TRY(Positions positions, draw(query.record, query));
    drawn_.push_back(positions);
    choice.positions = std::move(positions);
    return choice;
  }

 private:
  Result<Positions> draw(std::string_view record, const Query& query) {
    const uint64_t n = corpus().size();
    if (!own_split_) return random_.sample(n, shots_);
    Positions positions = random_.sample(n, shots_ + 1);
    const auto same = [&](uint64_t at) { return corpus().records[at] == record; };
    std::erase_if(positions, same);
    if (positions.size() >= shots_) {
      positions.resize(shots_);
      return positions;
    }
    Positions others;
    for (uint64_t at = 0; at < n; ++at)
      if (!same(at)) others.push_back(at);
    if (others.size() < shots_) return too_few(shots_, others.size(), query);
    Positions again = random_.sample(others.size(), shots_);
    for (uint64_t& at : again) at = others[at];
    return again;
  }

  uint64_t shots_;
  bool first_n_, own_split_;
  PythonRandom random_;
  std::vector<Positions> drawn_;   // [rows of the evaluated split so far]
};

}  // namespace

Made make_lm_eval(const json::Value& config, const Options&) {
  ConfigKeys keys(config, "lm_eval");
  const uint64_t shots = keys.shots();
  const uint64_t seed = keys.whole({"seed"}, 1234);
  const bool first_n = keys.word("sampler", {"default", "first_n"}) == "first_n";
  const bool own_split = keys.word("own_split", {"no", "yes"}) == "yes";
  SXT_CHECK(keys.finish());
  return std::unique_ptr<Retriever>(std::make_unique<LmEval>(shots, seed, first_n, own_split));
}

}  // namespace sextant::retrieve
