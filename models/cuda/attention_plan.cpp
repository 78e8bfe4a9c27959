#include "attention_plan.hpp"
#include <algorithm>

namespace sextant::cuda {
namespace {

using engine::Batch;
using engine::Run;

constexpr uint32_t split_pages = split_keys / page_tokens;
constexpr uint32_t tile_keys = 32;  // of the kernels: where a task may begin

// What the rows [first, first + rows) of a run see.
struct Keys {
  uint32_t oldest, end;
};
Keys keys_of(const Run& run, uint32_t first, uint32_t rows, uint32_t window) {
  const uint32_t position = run.position + first;
  return {window > 0 && position >= window ? (position - window + 1) / tile_keys * tile_keys : 0, position + rows};
}

class Planner {
 public:
  Planner(const Batch& batch, const AttentionLimits& limits) : batch_(batch), limits_(limits) {}

  AttentionPlan plan() {
    std::vector<const Run*> few;  // decoding, or the last tokens of a continuation
    uint32_t blocks = 0, few_rows = 0, splits = 0, whole_units = 0;
    for (const Run& run : batch_.runs) {
      const Keys keys = keys_of(run, 0, run.rows, limits_.window);
      blocks += (run.rows + limits_.rows_max - 1) / limits_.rows_max;
      if (run.rows * 4 > limits_.rows_max && run.rows > 1) continue;
      few.push_back(&run);
      few_rows += run.rows;
      splits = std::max(splits, last_split(run) + 1);
      whole_units += (keys.end + split_keys - 1) / split_keys - keys.oldest / split_keys;
    }
    const bool fits = uint64_t{few_rows} * splits <= limits_.partials_max;
    if (splits < 2 || !fits) few.clear();
    if (!few.empty()) {
      sort_by_pages(few);
      const uint32_t shared_units = count_split_tasks(few);
      if (blocks >= limits_.blocks_wanted && shared_units * 4 > whole_units * 3)
        few.clear();  // neither blocks nor sharing to gain
    }
    std::vector<bool> is_split(batch_.runs.size());
    for (const Run* run : few) is_split[static_cast<size_t>(run - batch_.runs.data())] = true;
    if (!few.empty()) split(few);
    for (size_t i = 0; i < batch_.runs.size(); ++i)
      if (!is_split[i]) whole(batch_.runs[i]);
    return std::move(plan_);
  }

 private:
  static uint32_t last_split(const Run& run) { return (run.position + run.rows - 1) / split_keys; }
  const uint32_t* pages(const Run& run) const { return batch_.pages.data() + run.first_page; }
  uint32_t page_count(const Run& run) const { return engine::pages_for(run.position + run.rows); }

  void sort_by_pages(std::vector<const Run*>& runs) const {
    std::sort(runs.begin(), runs.end(), [&](const Run* a, const Run* b) {
      const uint32_t n = std::min(page_count(*a), page_count(*b));
      const auto [x, y] = std::mismatch(pages(*a), pages(*a) + n, pages(*b));
      if (x != pages(*a) + n) return *x < *y;
      return page_count(*a) != page_count(*b) ? page_count(*a) < page_count(*b) : a->first_row < b->first_row;
    });
  }
  // Windows begin at different keys for each row: nothing is shared under them.
  bool share(const Run& a, const Run& b, uint32_t split) const {
    const uint32_t n = (split + 1) * split_pages;
    return limits_.window == 0 && page_count(a) >= n && page_count(b) >= n && std::equal(pages(a), pages(a) + n, pages(b));
  }
  // body(first, last): runs [first, last) of the list that form one group at that split
  template <class Body> void groups_at(const std::vector<const Run*>& runs, uint32_t split, Body&& body) const {
    for (size_t first = 0; first < runs.size();) {
      size_t last = first + 1;
      const bool there =
          last_split(*runs[first]) >= split && keys_of(*runs[first], 0, 1, limits_.window).oldest / split_keys <= split;
      while (there && last < runs.size() && share(*runs[first], *runs[last], split)) ++last;
      if (there) body(first, last);
      first = last;
    }
  }
  uint32_t rows_between(const std::vector<const Run*>& runs, size_t first, size_t last) const {
    uint32_t rows = 0;
    for (size_t i = first; i < last; ++i) rows += runs[i]->rows;
    return rows;
  }
  uint32_t split_count(const std::vector<const Run*>& runs) const {
    uint32_t n = 0;
    for (const Run* run : runs) n = std::max(n, last_split(*run) + 1);
    return n;
  }
  uint32_t count_split_tasks(const std::vector<const Run*>& runs) const {
    uint32_t tasks = 0;
    for (uint32_t s = 0; s < split_count(runs); ++s)
      groups_at(runs, s, [&](size_t first, size_t last) {
        tasks += (rows_between(runs, first, last) + limits_.rows_max - 1) / limits_.rows_max;
      });
    return tasks;
  }

  // Row i of the list leaves split s at s * stride + i.
  void split(const std::vector<const Run*>& runs) {
    std::vector<uint32_t> first_row;  // of each run, in plan_.rows
    for (const Run* run : runs) {
      first_row.push_back(static_cast<uint32_t>(plan_.rows.size()));
      for (uint32_t r = 0; r < run->rows; ++r) plan_.rows.push_back(run->first_row + r);
    }
    const auto stride = static_cast<uint32_t>(plan_.rows.size());
    for (uint32_t s = 0; s < split_count(runs); ++s)
      groups_at(runs, s, [&](size_t first, size_t last) {
        uint32_t end = 0, oldest = UINT32_MAX;
        for (size_t i = first; i < last; ++i) {
          const Keys keys = keys_of(*runs[i], 0, runs[i]->rows, limits_.window);
          end = std::max(end, keys.end);
          oldest = std::min(oldest, keys.oldest);
        }
        const uint32_t rows = rows_between(runs, first, last);
        for (uint32_t r = 0; r < rows; r += limits_.rows_max)
          plan_.tasks.push_back({first_row[first] + r, std::min(limits_.rows_max, rows - r), runs[first]->first_page,
                                 std::max(oldest, s * split_keys), std::min(end, (s + 1) * split_keys),
                                 s * stride + first_row[first] + r});
      });
    for (size_t i = 0; i < runs.size(); ++i) {
      const uint32_t first_split = keys_of(*runs[i], 0, 1, limits_.window).oldest / split_keys;
      for (uint32_t r = 0; r < runs[i]->rows; ++r)
        plan_.merges.push_back({runs[i]->first_row + r, first_split * stride + first_row[i] + r,
                                last_split(*runs[i]) + 1 - first_split, stride});
    }
  }

  void whole(const Run& run) {
    for (uint32_t r = 0; r < run.rows; r += limits_.rows_max) {
      const uint32_t rows = std::min(limits_.rows_max, run.rows - r);
      const Keys keys = keys_of(run, r, rows, limits_.window);
      plan_.tasks.push_back({static_cast<uint32_t>(plan_.rows.size()), rows, run.first_page, keys.oldest, keys.end, no_index});
      for (uint32_t i = 0; i < rows; ++i) plan_.rows.push_back(run.first_row + r + i);
    }
  }

  const Batch& batch_;
  const AttentionLimits& limits_;
  AttentionPlan plan_;
};

}  // namespace

AttentionPlan plan_attention(const Batch& batch, const AttentionLimits& limits) { return Planner(batch, limits).plan(); }

}  // namespace sextant::cuda
