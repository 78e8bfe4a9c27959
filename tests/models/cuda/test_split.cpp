// Which rows of which matrix each GPU holds: together all of them, in order, none twice but what is everywhere.
#include <set>
#include "../../../models/cuda/memory_plan.hpp"
#include "../../../models/cuda/split.hpp"
#include "../engine/families.hpp"

using namespace sextant;
using cuda::Part;
using engine::Rows;

namespace {

std::vector<uint64_t> stored(const Rows& rows) {
  std::vector<uint64_t> all;
  for (uint64_t i = 0; i < rows.count; ++i) all.push_back(rows.stored_row(i));
  return all;
}

}  // namespace

TEST_CASE("shares are even, in order and whole") {
  for (const uint32_t width : {1u, 7u, 40u, 131u, 8192u})
    for (const uint32_t unit : {1u, 8u, 40u})
      for (const uint32_t ranks : {1u, 2u, 3u, 4u, 8u}) {
        CAPTURE(width, unit, ranks);
        const cuda::Shares shares{width, unit, ranks};
        uint32_t next = 0;
        for (uint32_t rank = 0; rank < ranks; ++rank) {
          REQUIRE(shares.first(rank) == next);
          REQUIRE((shares.first(rank) % unit == 0 || shares.count(rank) == 0));
          REQUIRE(shares.count(rank) <= shares.most());
          for (uint32_t i = next; i < next + shares.count(rank); ++i) REQUIRE(shares.owner(i) == rank);
          next += shares.count(rank);
        }
        REQUIRE(next == width);
        REQUIRE(shares.first_unit(ranks) - shares.first_unit(ranks - 1) == shares.units_most());
      }
  CHECK(cuda::columns(40, 3).count(0) == 8);
  CHECK(cuda::columns(40, 3).count(2) == 16);
}

TEST_CASE("rows that lie in groups, or in pairs, are split where heads end") {
  engine::Tensor tensor;
  // 4 query heads of 4 rows, a key and a value head behind each two, as InternLM2 stores them
  const Rows queries{&tensor, 16, 0, 8, 16}, keys{&tensor, 8, 8, 4, 16};
  CHECK(stored(cuda::part_of(queries, 8, 8)) == std::vector<uint64_t>{16, 17, 18, 19, 20, 21, 22, 23});
  CHECK(stored(cuda::part_of(queries, 4, 4)) == std::vector<uint64_t>{4, 5, 6, 7});  // one head of a group
  CHECK(stored(cuda::part_of(keys, 4, 4)) == std::vector<uint64_t>{24, 25, 26, 27});
  const Rows paired{&tensor, 8, 0, 8, 8, 4, 4};
  CHECK(stored(cuda::part_of(paired, 4, 4)) == std::vector<uint64_t>{4, 6, 5, 7});
  CHECK(stored(cuda::part_of(paired, 8, 0)).empty());
  CHECK_THROWS(cuda::part_of(queries, 4, 8));
  CHECK_FALSE(cuda::part_of(Rows{}, 4, 8));
}

TEST_CASE("every family's matrices are whole when its parts are put together") {
  for (const test::FamilyGolden& entry : test::read_family_goldens().entries) {
    const engine::Architecture a = test::must(engine::read_architecture(*entry.checkpoint));
    const engine::ModelTensors whole = test::must(engine::find_tensors(*entry.checkpoint, a));
    for (const uint32_t ranks : {2u, 3u, 4u}) {
      if (!cuda::cannot_split(a, ranks, true).empty()) continue;
      CAPTURE(entry.name, ranks);
      std::vector<engine::ModelTensors> parts;
      for (uint32_t rank = 0; rank < ranks; ++rank) parts.push_back(cuda::part_of(whole, a, {rank, ranks}, 40));
      // once: each row in one part; else kv heads that several share, or what is in all parts
      const auto check = [&](auto&& pick, bool once = true) {
        const Rows& all = pick(whole);
        if (!all) return;
        std::vector<uint64_t> together;
        for (const engine::ModelTensors& part : parts) {
          CHECK(pick(part).tensor == all.tensor);
          const auto rows = stored(pick(part));
          together.insert(together.end(), rows.begin(), rows.end());
        }
        if (once) CHECK(together == stored(all));
        else
          CHECK(std::set(together.begin(), together.end()) == [&] {
            const auto s = stored(all);
            return std::set(s.begin(), s.end());
          }());
      };
      check([](const auto& t) -> const Rows& { return t.embedding; });
      check([](const auto& t) -> const Rows& { return t.head; });
      const bool kv_once = a.kv_heads % ranks == 0;
      for (size_t l = 0; l < whole.layers.size(); ++l) {
        check([l](const auto& t) -> const Rows& { return t.layers[l].q; });
        check([l](const auto& t) -> const Rows& { return t.layers[l].q_bias; });
        check([l](const auto& t) -> const Rows& { return t.layers[l].k; }, kv_once);
        check([l](const auto& t) -> const Rows& { return t.layers[l].v; }, kv_once);
        check([l](const auto& t) -> const Rows& { return t.layers[l].v_bias; }, kv_once);
        check([l](const auto& t) -> const Rows& { return t.layers[l].output; });
        check([l](const auto& t) -> const Rows& { return t.layers[l].output_bias; }, false);
        check([l](const auto& t) -> const Rows& { return t.layers[l].router; }, false);
        const auto check_half = [&](auto&& half) {
          check([&](const auto& t) -> const Rows& { return half(t).gate; });
          check([&](const auto& t) -> const Rows& { return half(t).up; });
          check([&](const auto& t) -> const Rows& { return half(t).down; });
          check([&](const auto& t) -> const Rows& { return half(t).up_bias; });
          check([&](const auto& t) -> const Rows& { return half(t).down_bias; }, false);
        };
        check_half([l](const auto& t) -> const engine::FeedForwardTensors& { return t.layers[l].feed_forward; });
        for (size_t e = 0; e < whole.layers[l].experts.size(); ++e)
          check_half([l, e](const auto& t) -> const engine::FeedForwardTensors& { return t.layers[l].experts[e]; });
      }
      // a query head finds its keys on its own GPU
      for (uint32_t rank = 0; rank < ranks; ++rank) {
        const engine::Architecture part = cuda::part_of(a, Part{rank, ranks});
        for (uint32_t h = 0; h < part.heads; ++h) {
          const uint32_t key_head = (rank * part.heads + h) / (a.heads / a.kv_heads);
          const uint64_t own = h / (part.heads / part.kv_heads) * a.head_dim;
          CHECK(parts[rank].layers[0].k.stored_row(own) == whole.layers[0].k.stored_row(uint64_t{key_head} * a.head_dim));
        }
      }
    }
  }
}

TEST_CASE("what cannot be split is said with the numbers") {
  engine::Architecture a;
  a.heads = 32, a.kv_heads = 8, a.head_dim = 128, a.hidden = 4096, a.feed_forward = 11008, a.layers.resize(1);
  CHECK(cuda::cannot_split(a, 1, true) == "");
  for (const uint32_t ranks : {2u, 4u, 8u, 16u, 32u}) CHECK(cuda::cannot_split(a, ranks, true) == "");
  CHECK(cuda::cannot_split(a, 3, true) == "its 32 heads cannot be shared by 3 GPUs");
  a.heads = 36, a.kv_heads = 4;
  CHECK(cuda::cannot_split(a, 6, true) == "its 4 key-value heads cannot be shared by 6 GPUs");
  a.feed_forward = 16;
  CHECK(cuda::cannot_split(a, 4, true) == "its feed-forward width of 16 cannot be shared by 4 GPUs, in parts of 8");
  a.layers[0].experts = true, a.experts = {8, 2, 8, true};
  CHECK(cuda::cannot_split(a, 2, true) == "its experts' width of 8 cannot be shared by 2 GPUs, in parts of 8");
}

TEST_CASE("what several GPUs take together is a little more than what one takes") {
  for (const test::FamilyGolden& entry : test::read_family_goldens().entries) {
    const engine::Architecture a = test::must(engine::read_architecture(*entry.checkpoint));
    const engine::ModelTensors tensors = test::must(engine::find_tensors(*entry.checkpoint, a));
    const uint32_t ranks = a.heads % 2 ? 3 : 2;
    REQUIRE(cuda::cannot_split(a, ranks, true) == "");
    const auto one = test::must(cuda::plan_memory<cuda::bf16>(a, tensors, 1, 4, 128, 1 << 28, false));
    const auto each = test::must(cuda::plan_memory<cuda::bf16>(a, tensors, ranks, 4, 128, 1 << 28, false));
    CAPTURE(entry.name, one.weights, each.weights);
    CHECK(each.weights < one.weights);
    CHECK(each.weights * ranks >= one.weights);
    CHECK(each.chunk == one.chunk);  // whose sums are the same
    CHECK(each.page * ranks >= one.page);
    CHECK(each.total() <= size_t{1} << 28);
  }
}
