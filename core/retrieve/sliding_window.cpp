// sliding_window: the k rows before the sample, the last of them nearest to the question (OpenCompass'
// SlidingWindowRetriever). Before the first row come the last ones. OpenCompass counts a sample by its place in the test
// split, whichever split the examples are from.
#include <algorithm>
#include <fmt/format.h>
#include "config_keys.hpp"
#include "makers.hpp"

namespace sextant::retrieve {
namespace {

class SlidingWindow : public Retriever {
 public:
  SlidingWindow(bool compat, uint64_t shots) : Retriever("sliding_window", compat), shots_(shots) {}
  Traits traits() const override { return {}; }

 protected:
  Result<void> index() override {
    rows_ = corpus().rows;
    std::sort(rows_.begin(), rows_.end());
    return {};
  }
  Result<Choice> find(const Query& query, std::span<const uint64_t> own) override {
    return compat() ? as_opencompass(query) : before(query, own);
  }

 private:
  /// The rows before the sample in its own split, or before its number in another one, going round.
  Result<Choice> before(const Query& query, std::span<const uint64_t> own) const {
    const uint64_t n = corpus().size();
    if (shots_ > n - own.size()) return too_few(shots_, n - own.size(), query);
    Choice choice;
    if (shots_ == 0) return choice;
    // a corpus may leave out rows of the split, so where the sample stands is searched
    const auto here = std::lower_bound(rows_.begin(), rows_.end(), query.row);
    uint64_t at = query.split == corpus().split ? static_cast<uint64_t>(here - rows_.begin()) : query.position % n;
    while (choice.positions.size() < shots_) {
      at = (at + n - 1) % n;
      if (!std::binary_search(own.begin(), own.end(), at)) choice.positions.push_back(at);
    }
    std::reverse(choice.positions.begin(), choice.positions.end());
    return choice;
  }

  Result<Choice> as_opencompass(const Query& query) const {
    const int64_t n = static_cast<int64_t>(corpus().size()), place = static_cast<int64_t>(query.position),
                  k = static_cast<int64_t>(shots_);
    Choice choice;
    const int64_t padding = std::max<int64_t>(0, k - place);
    for (int64_t row = n - padding; row < n; ++row) choice.positions.push_back(static_cast<uint64_t>(row < 0 ? row + n : row));
    for (int64_t row = std::max<int64_t>(0, place - k); row < place; ++row)
      choice.positions.push_back(static_cast<uint64_t>(row));
    // Python takes a negative index from the end, and fails beyond either end
    if (padding > 2 * n || (k > 0 && place > n))
      return error(Error::Kind::config,
                   fmt::format("sample {} looks for examples outside of split '{}' with its {} rows; OpenCompass fails "
                               "there too; choose a smaller \"k\" or test_range",
                               query.position, corpus().split, n));
    return choice;
  }

  uint64_t shots_;
  std::vector<uint64_t> rows_;   // the corpus' row numbers, ascending
};

}  // namespace

Made make_sliding_window(const json::Value& config, const Options& options) {
  ConfigKeys keys(config, "sliding_window");
  const uint64_t shots = keys.whole({"k", "ice_num", "shots"}, 1, 0, UINT32_MAX);
  SXT_CHECK(keys.finish());
  return std::unique_ptr<Retriever>(std::make_unique<SlidingWindow>(options.compat, shots));
}

}  // namespace sextant::retrieve
