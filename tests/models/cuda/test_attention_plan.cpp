// How attention is cut: every row must see every key that it may, once.
#include <map>
#include <set>
#include <catch2/catch.hpp>
#include "../../../models/cuda/attention_plan.hpp"

using namespace sextant;
using namespace sextant::cuda;

namespace {

// `own`: pages that a run does not share; the pages before them are 1000, 1001, ..
void add_run(engine::Batch& batch, uint32_t position, uint32_t rows, uint32_t own) {
  engine::Run run{};
  run.first_row = batch.rows(), run.rows = rows, run.position = position;
  run.first_page = static_cast<uint32_t>(batch.pages.size());
  const uint32_t pages = engine::pages_for(position + rows);
  for (uint32_t p = 0; p < pages; ++p) batch.pages.push_back(p + own < pages ? 1000 + p : run.first_page + p);
  for (uint32_t r = 0; r < rows; ++r) {
    batch.tokens.push_back(0);
    batch.positions.push_back(position + r);
  }
  batch.runs.push_back(run);
}

// Which keys, by page and offset, each row sees through the plan, after the mask of the kernel.
void check(const engine::Batch& batch, const AttentionLimits& limits, const AttentionPlan& plan) {
  std::map<uint32_t, std::multiset<uint32_t>> seen;
  std::map<uint32_t, std::vector<uint32_t>> parts;
  for (const AttentionTask& t : plan.tasks) {
    REQUIRE(t.rows <= limits.rows_max);
    REQUIRE(t.key_first % 32 == 0);
    REQUIRE(t.key_first < t.key_end);
    if (t.partial != no_index) REQUIRE(t.key_first / split_keys == (t.key_end - 1) / split_keys);
    for (uint32_t i = 0; i < t.rows; ++i) {
      const uint32_t row = plan.rows.at(t.first + i), position = batch.positions[row];
      if (t.partial != no_index) parts[row].push_back(t.partial + i);
      for (uint32_t key = t.key_first; key < t.key_end; ++key) {
        if (key > position || (limits.window && key + limits.window <= position)) continue;
        seen[row].insert(batch.pages.at(t.first_page + key / page_tokens) * page_tokens + key % page_tokens);
      }
    }
  }
  for (const engine::Run& run : batch.runs)
    for (uint32_t r = run.first_row; r < run.first_row + run.rows; ++r) {
      std::multiset<uint32_t> expected;
      const uint32_t position = batch.positions[r];
      for (uint32_t key = limits.window && position >= limits.window ? position - limits.window + 1 : 0; key <= position; ++key)
        expected.insert(batch.pages[run.first_page + key / page_tokens] * page_tokens + key % page_tokens);
      REQUIRE(seen[r] == expected);
    }
  std::set<uint32_t> merged;
  for (const AttentionMerge& m : plan.merges) {
    REQUIRE(merged.insert(m.row).second);
    std::vector<uint32_t> wanted;
    for (uint32_t i = 0; i < m.count; ++i) wanted.push_back(m.first_partial + i * m.stride);
    for (const uint32_t p : wanted) REQUIRE(std::count(parts[m.row].begin(), parts[m.row].end(), p) == 1);
    // parts that are not merged hold nothing that the row sees; they stand before those that are
    for (const uint32_t p : parts[m.row]) REQUIRE((p < m.first_partial || std::count(wanted.begin(), wanted.end(), p) == 1));
    for (const uint32_t p : wanted) REQUIRE(p < limits.partials_max);
  }
  for (const auto& [row, p] : parts) REQUIRE(merged.count(row));
}

}  // namespace

TEST_CASE("every row sees its keys once, however attention is cut") {
  for (const uint32_t window : {0u, 24u, 300u})
    for (const uint32_t blocks : {1u, 1000u})
      for (const uint32_t partials : {0u, 500u}) {
        CAPTURE(window, blocks, partials);
        const AttentionLimits limits{21, window, blocks, partials};
        engine::Batch batch;
        add_run(batch, 0, 100, 100);   // a prompt
        add_run(batch, 700, 1, 2);     // decoding on a shared prefix
        add_run(batch, 600, 50, 100);  // a long continuation
        add_run(batch, 710, 1, 3);
        add_run(batch, 5, 1, 1);
        add_run(batch, 520, 3, 100);   // few rows, nothing shared
        add_run(batch, 511, 1, 0);
        add_run(batch, 255, 2, 1);
        for (uint32_t i = 0; i < 30; ++i) add_run(batch, 800 + i, 1, 50 - 3 * i % 30);
        check(batch, limits, plan_attention(batch, limits));
      }
}

TEST_CASE("sequences share the keys of a common prefix") {
  engine::Batch batch;
  for (uint32_t i = 0; i < 40; ++i) add_run(batch, 600 + i, 1, 3);  // 16 and more shared pages: two splits
  const AttentionLimits limits{20, 0, 1, 4096};
  const AttentionPlan plan = plan_attention(batch, limits);
  check(batch, limits, plan);
  CHECK(plan.tasks.size() == 2 * 2 + 40);  // two tasks of 20 rows for each shared split, and each run's own third
  CHECK(plan.merges.size() == 40);
}

TEST_CASE("rows that fill the GPU and share nothing are not cut") {
  engine::Batch batch;
  for (uint32_t i = 0; i < 40; ++i) add_run(batch, 600, 1, 100);
  CHECK(plan_attention(batch, {20, 0, 10, 4096}).merges.empty());
  CHECK(plan_attention(batch, {20, 0, 100, 4096}).merges.size() == 40);
}
