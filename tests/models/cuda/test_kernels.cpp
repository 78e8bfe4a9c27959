// Every kernel but attention against the same in double precision, in several orders of threads.
#include "../../../models/engine/schedule/sampler.hpp"
#include "random_blocks.hpp"

using namespace device_test;
using namespace sextant;
using namespace sextant::cuda;

TEMPLATE_TEST_CASE("embedding", "", float, bf16, fp16) {
  constexpr uint32_t vocab = 11, hidden = 150, rows = 5;
  Random random(1);
  const auto table = random.numbers<TestType>(vocab * hidden);
  const std::vector<int32_t> tokens{3, 10, 0, 3, 7};
  DeviceArray<TestType> d_table(table);
  DeviceArray<int32_t> d_tokens(tokens);
  const auto got = in_all_orders([&] {
    DeviceArray<float> x(rows * hidden);
    CUDA_REQUIRE(embed(Embed<TestType>{d_tokens, d_table, x, rows, hidden, 2.5f}, nullptr));
    return x.host();
  });
  for (uint32_t r = 0; r < rows; ++r)
    for (uint32_t i = 0; i < hidden; ++i)
      REQUIRE(got[r * hidden + i] == 2.5f * wide(table[static_cast<uint32_t>(tokens[r]) * hidden + i]));
}

TEMPLATE_TEST_CASE("embedding out of blocks", "", float, bf16, fp16) {
  constexpr uint32_t vocab = 5, hidden = 768, rows = 3;
  const engine::TensorType type = GENERATE(engine::TensorType::q4_1, engine::TensorType::q6_k);
  Random random(12);
  const auto bytes = random_blocks(random, type, vocab, hidden);
  const auto row_bytes = static_cast<uint32_t>(bytes.size() / vocab);
  const std::vector<int32_t> tokens{4, 0, 4};
  DeviceArray<uint8_t> d_bytes(bytes);
  DeviceArray<int32_t> d_tokens(tokens);
  const auto got = in_all_orders([&] {
    DeviceArray<float> x(rows * hidden);
    const BlockRows table{d_bytes, vocab, row_bytes, static_cast<BlockType>(type)};
    CUDA_REQUIRE(embed(Embed<TestType>{d_tokens, nullptr, x, rows, hidden, 2.5f, table}, nullptr));
    return x.host();
  });
  std::vector<float> row(hidden);
  for (uint32_t r = 0; r < rows; ++r) {
    const uint8_t* blocks = bytes.data() + static_cast<uint32_t>(tokens[r]) * row_bytes;
    engine::dequantize(type, reinterpret_cast<const std::byte*>(blocks), row.data(), hidden);
    for (uint32_t i = 0; i < hidden; ++i) REQUIRE(got[r * hidden + i] == 2.5f * wide(narrow<TestType>(row[i])));
  }
}

namespace {

std::vector<double> norm_of(const std::vector<double>& v, const std::vector<float>& weight, double epsilon) {
  double squares = 0;
  for (const double x : v) squares += x * x;
  const double scale = 1 / std::sqrt(squares / static_cast<double>(v.size()) + epsilon);
  std::vector<double> out(v.size());
  for (size_t i = 0; i < v.size(); ++i) out[i] = v[i] * scale * weight[i];
  return out;
}

}  // namespace

TEMPLATE_TEST_CASE("residual and norm", "", float, bf16, fp16) {
  constexpr double epsilon = 1e-5;
  Random random(2);
  struct Case { uint32_t rows, hidden; bool add, bias, post_norm, norm, gather; };
  const Case cases[] = {{3, 576, true, false, false, true, false}, {2, 96, false, false, false, true, false},
                        {2, 300, true, true, true, true, false},   {4, 96, true, true, false, true, true},
                        {3, 64, true, false, true, true, true},    {2, 64, true, false, false, false, false},
                        {1, 1100, true, false, true, true, false}};
  for (const Case& c : cases) {
    CAPTURE(c.rows, c.hidden, c.add, c.bias, c.post_norm, c.norm, c.gather);
    const uint32_t all = c.gather ? 9 : c.rows;
    const auto x = random.numbers<float>(all * c.hidden);
    const auto add = random.numbers<TestType>(all * c.hidden, 2);
    const auto bias = random.numbers<float>(c.hidden), post = random.numbers<float>(c.hidden),
               weight = random.numbers<float>(c.hidden);
    std::vector<uint32_t> rows(c.rows);
    for (uint32_t i = 0; i < c.rows; ++i) rows[i] = c.gather ? 2 * i + 1 : i;
    DeviceArray<TestType> d_add(add);
    DeviceArray<float> d_bias(bias), d_post(post), d_weight(weight);
    DeviceArray<uint32_t> d_rows(rows);
    std::vector<float> x_after, states;
    std::vector<TestType> y_got;
    in_all_orders([&] {
      DeviceArray<float> d_x(x);
      DeviceArray<TestType> y(c.rows * c.hidden);
      DeviceArray<float> kept(c.rows * c.hidden);
      const ResidualNorm<TestType> arguments{d_x,
                                             c.add ? d_add.get() : nullptr,
                                             c.bias ? d_bias.get() : nullptr,
                                             c.post_norm ? d_post.get() : nullptr,
                                             c.norm ? d_weight.get() : nullptr,
                                             y,
                                             c.gather ? d_rows.get() : nullptr,
                                             c.rows,
                                             c.hidden,
                                             0.5f,
                                             static_cast<float>(epsilon)};
      if (c.gather) CUDA_REQUIRE(state_norm(arguments, kept, nullptr));  // leaves x as it is
      if (c.gather) states = kept.host();
      CUDA_REQUIRE(residual_norm(arguments, nullptr));
      x_after = d_x.host();
      y_got = c.norm ? y.host() : std::vector<TestType>{};
      auto both = x_after;
      for (const TestType v : y_got) both.push_back(wide(v));
      return both;
    });
    std::vector<double> x_expected(x.begin(), x.end()), y_expected;
    for (const uint32_t r : rows) {
      std::vector<double> row(x.begin() + r * c.hidden, x.begin() + (r + 1) * c.hidden), joining(c.hidden);
      for (uint32_t i = 0; i < c.hidden; ++i) joining[i] = wide(add[r * c.hidden + i]) + (c.bias ? bias[i] : 0.0);
      if (c.post_norm) joining = norm_of(joining, post, epsilon);
      for (uint32_t i = 0; c.add && i < c.hidden; ++i) row[i] += 0.5 * joining[i];
      if (!c.gather) std::copy(row.begin(), row.end(), x_expected.begin() + r * c.hidden);
      const auto y = norm_of(row, weight, epsilon);
      if (c.norm) y_expected.insert(y_expected.end(), y.begin(), y.end());
    }
    CHECK(difference(x_after, x_expected) < 1e-6);
    if (c.norm) CHECK(difference(y_got, y_expected) < tolerance<TestType>);
    if (c.gather) CHECK(difference(states, y_expected) < 1e-6);
  }
}

TEMPLATE_TEST_CASE("keys are rotated, normalised and placed", "", float, bf16, fp16) {
  struct Case { uint32_t heads, kv_heads, head_dim, rope_dims; bool bias, norm; };
  const Case cases[] = {{9, 3, 64, 64, false, false}, {4, 2, 16, 16, true, false},    {2, 1, 128, 128, true, true},
                        {2, 2, 96, 24, false, true},  {1, 1, 256, 256, false, false}, {2, 1, 32, 0, false, true}};
  constexpr uint32_t rows = 3, pages = 4;
  Random random(3);
  for (const Case& c : cases) {
    CAPTURE(c.heads, c.kv_heads, c.head_dim, c.rope_dims, c.bias, c.norm);
    const uint32_t all_heads = c.heads + 2 * c.kv_heads, half = c.rope_dims / 2, D = c.head_dim;
    const auto qkv = random.numbers<TestType>(rows * all_heads * D);
    const auto bias = random.numbers<float>(all_heads * D), q_norm = random.numbers<float>(D),
               k_norm = random.numbers<float>(D);
    std::vector<float2> turn(std::max<size_t>(1, rows * half));
    for (auto& t : turn) t = {static_cast<float>(random.normal()), static_cast<float>(random.normal())};
    const auto at = [&](uint32_t s, uint32_t kv) {
      return ((size_t{s} / page_tokens * c.kv_heads + kv) * page_tokens + s % page_tokens) * D;
    };
    const std::vector<uint32_t> slot{page_tokens + 1, pages * page_tokens - 1, 5};
    DeviceArray<float> d_bias(bias), d_q(q_norm), d_k(k_norm);
    DeviceArray<float2> d_turn(turn);
    DeviceArray<uint32_t> d_slot(slot);
    std::vector<TestType> q_got, keys_got, values_got;
    in_all_orders([&] {
      DeviceArray<TestType> d_qkv(qkv);
      const std::vector<TestType> empty(size_t{pages} * c.kv_heads * page_tokens * D, narrow<TestType>(0));
      DeviceArray<TestType> keys(empty), values(empty);
      PlaceKeys<TestType> a{d_qkv,
                            c.bias ? d_bias.get() : nullptr,
                            c.norm ? d_q.get() : nullptr,
                            c.norm ? d_k.get() : nullptr,
                            c.rope_dims ? d_turn.get() : nullptr,
                            d_slot,
                            keys,
                            values,
                            rows,
                            c.heads,
                            c.kv_heads,
                            D,
                            c.rope_dims,
                            1e-5f};
      CUDA_REQUIRE(place_keys(a, nullptr));
      q_got = d_qkv.host(), keys_got = keys.host(), values_got = values.host();
      auto both = q_got;
      both.insert(both.end(), keys_got.begin(), keys_got.end());
      both.insert(both.end(), values_got.begin(), values_got.end());
      return both;
    });
    std::vector<double> q_expected, keys_expected(keys_got.size(), 0), values_expected(values_got.size(), 0);
    for (const TestType v : qkv) q_expected.push_back(wide(v));
    for (uint32_t r = 0; r < rows; ++r)
      for (uint32_t h = 0; h < all_heads; ++h) {
        std::vector<double> v(D);
        for (uint32_t i = 0; i < D; ++i) v[i] = wide(qkv[(r * all_heads + h) * D + i]) + (c.bias ? bias[h * D + i] : 0.0);
        const bool value = h >= c.heads + c.kv_heads;
        if (c.norm && !value) v = norm_of(v, h < c.heads ? q_norm : k_norm, 1e-5);
        std::vector<double> turned = v;
        for (uint32_t i = 0; i < half && !value; ++i) {
          const float2 t = turn[r * half + i];
          turned[i] = v[i] * t.x - v[i + half] * t.y;
          turned[i + half] = v[i + half] * t.x + v[i] * t.y;
        }
        for (uint32_t i = 0; i < D; ++i) {
          if (h < c.heads) q_expected[(r * all_heads + h) * D + i] = turned[i];
          else {
            const uint32_t kv = h - c.heads - (value ? c.kv_heads : 0);
            (value ? values_expected : keys_expected)[at(slot[r], kv) + i] = turned[i];
          }
        }
      }
    CHECK(difference(q_got, q_expected) < tolerance<TestType>);
    CHECK(difference(keys_got, keys_expected) < tolerance<TestType>);
    CHECK(difference(values_got, values_expected) < tolerance<TestType>);
  }
}

TEST_CASE("angles are those of doubles, each row's of its own class") {
  constexpr uint32_t rows = 4, half = 40;
  std::vector<double> frequencies(2 * half);
  for (uint32_t i = 0; i < half; ++i)
    frequencies[i] = std::pow(10000.0, -1.0 * i / half), frequencies[half + i] = frequencies[i] / 3;
  const std::vector<uint32_t> row_class{0, 1, 0, 1}, positions{0, 1, 100'003, 77};
  DeviceArray<double> d_frequencies(frequencies);
  DeviceArray<uint32_t> d_class(row_class), d_positions(positions);
  std::vector<float2> got;
  in_all_orders([&] {
    DeviceArray<float2> out(rows * half);
    CUDA_REQUIRE(angles({d_frequencies, d_class, d_positions, out, rows, half, 1.5}, nullptr));
    return got = out.host();
  });
  for (uint32_t r = 0; r < rows; ++r)
    for (uint32_t i = 0; i < half; ++i) {
      const double angle = positions[r] * frequencies[row_class[r] * half + i];
      REQUIRE(got[r * half + i].x == Approx(1.5 * std::cos(angle)).margin(1e-7));
      REQUIRE(got[r * half + i].y == Approx(1.5 * std::sin(angle)).margin(1e-7));
    }
}

TEST_CASE("slots are copied in all layers") {
  constexpr uint32_t layers = 2, pages = 5, kv_heads = 2, D = 16;
  constexpr size_t layer = size_t{pages} * kv_heads * page_tokens * D;
  std::vector<float> keys(layers * layer), values(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) keys[i] = static_cast<float>(i), values[i] = -static_cast<float>(i);
  // a page, and one token
  const std::vector<SlotCopy> copies{{page_tokens, 3 * page_tokens, page_tokens}, {3, 4 * page_tokens + 9, 1}};
  DeviceArray<SlotCopy> d_copies(copies);
  std::vector<float> got_values;
  const auto got = in_all_orders([&] {
    DeviceArray<float> k(keys), v(values);
    CUDA_REQUIRE(copy_slots(CopySlots<float>{k, v, d_copies, 2, layers, kv_heads, D, layer}, nullptr));
    got_values = v.host();
    return k.host();
  });
  for (uint32_t l = 0; l < layers; ++l)
    for (uint32_t slot = 0; slot < pages * page_tokens; ++slot)
      for (uint32_t h = 0; h < kv_heads; ++h)
        for (uint32_t i = 0; i < D; ++i) {
          const auto at = [&](uint32_t s) {
            return l * layer + ((s / page_tokens * kv_heads + h) * page_tokens + s % page_tokens) * D + i;
          };
          const uint32_t from = slot / page_tokens == 3 ? slot - 2 * page_tokens : slot == 4 * page_tokens + 9 ? 3 : slot;
          REQUIRE(got[at(slot)] == keys[at(from)]);
          REQUIRE(got_values[at(slot)] == values[at(from)]);
        }
}

TEMPLATE_TEST_CASE("gated activations", "", float, bf16, fp16) {
  constexpr uint32_t rows = 3, width = 300;
  Random random(4);
  const auto gate_up = random.numbers<TestType>(rows * 2 * width, 2);
  const auto bias = random.numbers<float>(2 * width);
  DeviceArray<TestType> d_gate_up(gate_up);
  DeviceArray<float> d_bias(bias);
  for (const bool biased : {false, true})
    for (const GateFunction f : {GateFunction::silu, GateFunction::gelu_tanh}) {
      const auto got = in_all_orders([&] {
        DeviceArray<TestType> out(rows * width);
        CUDA_REQUIRE(gate(Gate<TestType>{d_gate_up, biased ? d_bias.get() : nullptr, out, rows, width, f}, nullptr));
        return out.host();
      });
      std::vector<double> expected;
      for (uint32_t r = 0; r < rows; ++r)
        for (uint32_t i = 0; i < width; ++i) {
          const double g = wide(gate_up[r * 2 * width + i]) + (biased ? bias[i] : 0.0);
          const double u = wide(gate_up[(r * 2 + 1) * width + i]) + (biased ? bias[width + i] : 0.0);
          const double a = f == GateFunction::silu
                               ? g / (1 + std::exp(-g))
                               : 0.5 * g * (1 + std::tanh(std::sqrt(2 / M_PI) * (g + 0.044715 * g * g * g)));
          expected.push_back(a * u);
        }
      CHECK(difference(got, expected) < tolerance<TestType>);
    }
}

TEST_CASE("the head folds chunks of logits") {
  constexpr uint32_t rows = 4, vocab = 1000, stride = 400;
  const float scale = GENERATE(1.0f, 0.5f), softcap = GENERATE(0.0f, 3.0f);
  CAPTURE(scale, softcap);
  Random random(5);
  auto raw = random.numbers<float>(rows * vocab, 3);
  raw[0 * vocab + 990] = raw[0 * vocab + 410] = 40;  // a tie: the lower id
  raw[1 * vocab + 7] = 50;                           // an end: forbidden in row 1, not in row 2
  raw[2 * vocab + 7] = 50;
  const std::vector<int32_t> end{7, 999}, targets{0, 399, 400, 999, 7, 7};
  const std::vector<HeadTask> tasks{{0, 4, 0, no_index}, {4, 1, 1, 1}, {5, 1, 0, no_index}, {6, 0, 0, 0}};
  const auto value = [&](uint32_t r, uint32_t id) {
    const double v = double{scale} * raw[r * vocab + id];
    return softcap > 0 ? softcap * std::tanh(v / softcap) : v;
  };
  DeviceArray<HeadTask> d_tasks(tasks);
  DeviceArray<int32_t> d_targets(targets), d_end(end);
  std::vector<HeadState> states;
  std::vector<float> kept;
  const auto got = in_all_orders([&] {
    DeviceArray<HeadState> state(rows);
    DeviceArray<float> target_logits(targets.size()), d_kept(2 * vocab);
    for (uint32_t first = 0; first < vocab; first += stride) {
      const uint32_t ids = std::min(stride, vocab - first);
      std::vector<float> chunk(rows * stride, NAN);
      for (uint32_t r = 0; r < rows; ++r) std::copy_n(raw.begin() + r * vocab + first, ids, chunk.begin() + r * stride);
      DeviceArray<float> logits(chunk);
      CUDA_REQUIRE(head_chunk({logits, d_tasks, d_targets, d_end, state, target_logits, d_kept + first, rows, stride, vocab,
                               first, ids, 2, scale, softcap},
                              nullptr));
    }
    kept = d_kept.host();
    states = state.host();
    auto all = target_logits.host();
    for (const HeadState& s : states) {
      all.push_back(static_cast<float>(s.sum)), all.push_back(s.maximum), all.push_back(static_cast<float>(s.best));
    }
    return all;
  });
  size_t target = 0;
  for (uint32_t r = 0; r < rows; ++r) {
    CAPTURE(r);
    double maximum = -INFINITY, sum = 0;
    int32_t best = -1;
    for (uint32_t id = 0; id < vocab; ++id)
      if (!(tasks[r].forbid_end && (id == 7 || id == 999)) && static_cast<float>(value(r, id)) > static_cast<float>(maximum))
        maximum = value(r, id), best = static_cast<int32_t>(id);
    for (uint32_t id = 0; id < vocab; ++id)
      if (!(tasks[r].forbid_end && (id == 7 || id == 999))) sum += std::exp(value(r, id) - maximum);
    CHECK(states[r].maximum + std::log(states[r].sum) == Approx(maximum + std::log(sum)).epsilon(1e-6));
    if (softcap == 0) CHECK(states[r].best == best);  // capped, many are as good as equal
    for (uint32_t t = 0; t < tasks[r].target_count; ++t, ++target)
      CHECK(got[target] == Approx(value(r, static_cast<uint32_t>(targets[target]))).epsilon(1e-5));
  }
  for (uint32_t id = 0; id < vocab; ++id) {
    REQUIRE(kept[vocab + id] == Approx(value(1, id)).epsilon(1e-5));
    REQUIRE(kept[id] == Approx(value(3, id)).epsilon(1e-5));
  }
}

// Five chunks, the last one short: two on the first GPU, three on the second, and one GPU that has all.
TEST_CASE("the head's states of several GPUs join to the bits of one") {
  constexpr uint32_t rows = 3, vocab = 90, chunk = 20, ranks = 2, chunks = 5, chunks_most = 3;
  auto raw = Random(6).numbers<float>(rows * vocab, 5);
  raw[vocab + 30] = NAN;
  std::fill_n(raw.begin() + 2 * vocab, 45, -INFINITY);
  DeviceArray<HeadTask> tasks(std::vector<HeadTask>(rows, {0, 0, 0, no_index}));
  DeviceArray<float> logits(raw);
  DeviceArray<HeadState> alone(rows), gathered(ranks * chunks_most * rows), joined(rows);
  for (uint32_t c = 0; c < chunks; ++c) {
    const uint32_t first = c * chunk, ids = std::min(chunk, vocab - first), place = c < 2 ? c : c - 2 + chunks_most;
    HeadChunk arguments{logits + first, tasks, nullptr, nullptr, alone, nullptr, nullptr, rows,
                        vocab,          vocab, first,   ids,     0,     1,       0};
    CUDA_REQUIRE(head_chunk(arguments, nullptr));
    arguments.state = gathered + place * rows, arguments.alone = true;
    CUDA_REQUIRE(head_chunk(arguments, nullptr));
  }
  CUDA_REQUIRE(join_states({gathered, joined, rows, ranks, chunks, chunks_most}, nullptr));
  const auto expected = alone.host(), got = joined.host();
  for (uint32_t r = 0; r < rows; ++r) {
    CAPTURE(r);
    CHECK(std::memcmp(&got[r].sum, &expected[r].sum, sizeof got[r].sum) == 0);
    CHECK(got[r].maximum == expected[r].maximum);
    CHECK(got[r].best == expected[r].best);
  }
  CHECK(std::isnan(got[1].sum));
}

TEST_CASE("columns of several GPUs come beside each other") {
  constexpr uint32_t rows = 5, width = 27, unit = 4, units = 7, ranks = 3, most = 12;  // units 0-1, 2-3, 4-6
  std::vector<float> gathered(ranks * rows * most, NAN);
  const uint32_t first[] = {0, 8, 16, width};
  for (uint32_t rank = 0; rank < ranks; ++rank)
    for (uint32_t r = 0; r < rows; ++r)
      for (uint32_t c = first[rank]; c < first[rank + 1]; ++c)
        gathered[rank * rows * most + r * (first[rank + 1] - first[rank]) + c - first[rank]] = static_cast<float>(100 * r + c);
  DeviceArray<float> from(gathered), to(rows * width);
  CUDA_REQUIRE(join_columns(JoinColumns<float>{from, to, rows, width, ranks, units, unit}, nullptr));
  const auto got = to.host();
  for (uint32_t r = 0; r < rows; ++r)
    for (uint32_t c = 0; c < width; ++c) REQUIRE(got[r * width + c] == static_cast<float>(100 * r + c));
}

TEST_CASE("a row whose logits are not numbers has no finite sum") {
  constexpr uint32_t vocab = 600, stride = 300;
  struct Case { uint32_t first, count; float what; bool finite; };
  const Case c = GENERATE(Case{0, 0, 0, true}, Case{5, 1, NAN, false}, Case{0, 300, NAN, false}, Case{300, 300, NAN, false},
                          Case{0, 600, NAN, false}, Case{7, 1, INFINITY, false}, Case{400, 1, -INFINITY, true},
                          Case{0, 300, -INFINITY, true}, Case{0, 600, -INFINITY, false});
  CAPTURE(c.first, c.count, c.what);
  std::vector<float> raw = Random(9).numbers<float>(vocab);
  std::fill_n(raw.begin() + c.first, c.count, c.what);
  DeviceArray<HeadTask> task({{0, 0, 0, no_index}});
  DeviceArray<float> logits(raw);
  const auto got = in_all_orders([&] {
    DeviceArray<HeadState> state(1);
    for (uint32_t first = 0; first < vocab; first += stride)
      CUDA_REQUIRE(head_chunk(
          {logits + first, task, nullptr, nullptr, state, nullptr, nullptr, 1, stride, vocab, first, stride, 0, 1, 0},
          nullptr));
    const HeadState s = state.host()[0];
    return std::vector<float>{static_cast<float>(s.maximum + std::log(s.sum))};
  });
  CHECK(std::isfinite(got[0]) == c.finite);
}

TEST_CASE("tokens are drawn as the engine draws them") {
  const uint32_t vocab = GENERATE(131u, 1000u);
  const bool coarse = GENERATE(false, true);  // logits that are often equal
  CAPTURE(vocab, coarse);
  const std::vector<int32_t> end{0, 77};
  Random random(10);
  std::vector<DrawTask> tasks;
  for (const float temperature : {0.1f, 1.0f, 3.0f})
    for (const auto& [top_k, top_p] :
         {std::pair{0u, 1.0f}, {0u, 0.9f}, {0u, 1e-6f}, {1u, 1.0f}, {40u, 1.0f}, {7u, 0.5f}, {5000u, 0.99f}}) {
      const auto i = static_cast<uint32_t>(tasks.size());
      tasks.push_back({{temperature, top_p, top_k, engine::random_bits(3, i, 0)}, 2 * i, i % 2});
    }
  const auto rows = static_cast<uint32_t>(tasks.size());
  auto logits = random.numbers<float>(rows * vocab, 4);
  for (float& l : logits) if (coarse) l = std::round(l);
  for (uint32_t r = 0; r < rows; r += 2) logits[r * vocab] = 30;  // an end, far above all
  std::vector<HeadState> states(2 * rows, {1, 0, -7});
  for (uint32_t r = 0; r < rows; ++r) {
    float& maximum = states[tasks[r].head].maximum = -INFINITY;
    for (uint32_t id = 0; id < vocab; ++id)
      if (!tasks[r].forbid_end || (id != 0 && id != 77)) maximum = std::max(maximum, logits[r * vocab + id]);
  }
  DeviceArray<float> d_logits(logits);
  DeviceArray<DrawTask> d_tasks(tasks);
  DeviceArray<int32_t> d_end(end);
  const auto got = in_all_orders([&] {
    DeviceArray<HeadState> state(states);
    CUDA_REQUIRE(draw_tokens({d_logits, d_tasks, d_end, state, rows, vocab, 2}, nullptr));
    std::vector<int32_t> best;
    for (const HeadState& s : state.host()) best.push_back(s.best);
    return best;
  });
  for (uint32_t r = 0; r < rows; ++r) {
    CAPTURE(r, tasks[r].draw.temperature, tasks[r].draw.top_k, tasks[r].draw.top_p);
    const std::span<const int32_t> forbidden = tasks[r].forbid_end ? std::span<const int32_t>(end) : std::span<const int32_t>();
    CHECK(got[2 * r] == engine::sample(std::span(logits).subspan(r * vocab, vocab), tasks[r].draw, forbidden));
    CHECK(got[2 * r + 1] == -7);
  }
}

TEST_CASE("blocks become the engine's numbers") {
  using engine::TensorType;
  static_assert(static_cast<int>(BlockType::q6_k) == static_cast<int>(TensorType::q6_k));
  constexpr uint32_t stored_rows = 12, rows = 8, columns = 512;
  Random random(6);
  for (int t = 0; t <= static_cast<int>(TensorType::q6_k); ++t) {
    const auto type = static_cast<TensorType>(t);
    const engine::BlockFormat& format = engine::block_format(type);
    CAPTURE(std::string(format.name));
    const size_t row_bytes = columns / format.elements * format.bytes;
    const auto bytes = random_blocks(random, type, stored_rows, columns);
    DeviceArray<uint8_t> d_bytes(bytes);
    struct Case { uint64_t first, run, stride; uint32_t head_dim, paired; };
    for (const Case& c : {Case{2, 8, 8, 0, 0}, Case{1, 2, 3, 0, 0}, Case{0, 8, 8, 4, 4}, Case{0, 8, 8, 8, 4}}) {
      CAPTURE(c.first, c.run, c.stride, c.head_dim, c.paired);
      std::vector<float> expected(rows * columns);
      for (uint32_t i = 0; i < rows; ++i) {
        uint64_t j = i;
        if (c.paired && i % c.head_dim < c.paired)
          j = i / c.head_dim * c.head_dim +
              (i % c.head_dim < c.paired / 2 ? 2 * (i % c.head_dim) : 2 * (i % c.head_dim - c.paired / 2) + 1);
        const uint64_t row = c.first + j / c.run * c.stride + j % c.run;
        engine::dequantize(type, reinterpret_cast<const std::byte*>(bytes.data() + row * row_bytes),
                           expected.data() + i * columns, columns);
      }
      const auto run = [&](auto number, bool normalise) {
        using T = decltype(number);
        return in_all_orders([&] {
          DeviceArray<T> out(rows * columns);
          CUDA_REQUIRE(dequantize(Dequantize<T>{d_bytes, out, c.first, c.run, c.stride, row_bytes, 0, 0, rows, columns,
                                                c.head_dim, c.paired, static_cast<BlockType>(t), normalise},
                                  nullptr));
          return out.host();
        });
      };
      REQUIRE(same_bits(run(0.0f, false), expected));
      const auto rounded = run(bf16{}, false);
      const auto halves = run(fp16{}, false);
      for (size_t i = 0; i < halves.size(); ++i) {
        REQUIRE(wide(rounded[i]) == wide(narrow<bf16>(expected[i])));
        REQUIRE(wide(halves[i]) == wide(narrow<fp16>(expected[i])));
      }
      const auto scaled = run(0.0f, true);
      double squares = 0;
      for (uint32_t i = 0; i < columns; ++i) squares += double{scaled[i]} * scaled[i];
      REQUIRE(squares == Approx(1).epsilon(1e-5));
    }
  }
}

TEST_CASE("a router takes the highest experts, the first of equal ones") {
  struct Case { uint32_t experts, used; bool normalise; };
  constexpr uint32_t rows = 5;
  Random random(7);
  for (const Case& c : {Case{8, 2, true}, Case{60, 4, false}, Case{3, 3, true}, Case{128, 8, true}}) {
    CAPTURE(c.experts, c.used, c.normalise);
    auto logits = random.numbers<float>(rows * c.experts);
    for (uint32_t e = 0; e < c.experts; ++e) logits[e] = 1;  // row 0: all are equal
    DeviceArray<float> d_logits(logits);
    std::vector<uint32_t> chosen;
    const auto weights = in_all_orders([&] {
      DeviceArray<uint32_t> d_chosen(rows * c.used);
      DeviceArray<float> d_weights(rows * c.used);
      CUDA_REQUIRE(route({d_logits, d_chosen, d_weights, rows, c.experts, c.used, c.normalise}, nullptr));
      chosen = d_chosen.host();
      return d_weights.host();
    });
    for (uint32_t r = 0; r < rows; ++r) {
      std::vector<double> p(c.experts);
      double sum = 0, used = 0;
      for (uint32_t e = 0; e < c.experts; ++e) sum += p[e] = std::exp(double{logits[r * c.experts + e]});
      std::vector<double> expected;
      std::vector<bool> taken(c.experts);
      for (uint32_t k = 0; k < c.used; ++k) {
        uint32_t best = c.experts;
        for (uint32_t e = 0; e < c.experts; ++e)
          if (!taken[e] && (best == c.experts || p[e] > p[best])) best = e;
        taken[best] = true;
        used += p[best] / sum;
      }
      uint32_t next = r * c.used;
      for (uint32_t e = 0; e < c.experts; ++e) {
        if (!taken[e]) continue;
        CHECK(chosen[next++] == e);
        expected.push_back(p[e] / sum);
      }
      for (uint32_t k = 0; k < c.used; ++k)
        CHECK(weights[r * c.used + k] == Approx(c.normalise ? expected[k] / used : expected[k]).epsilon(1e-5));
    }
  }
}

TEMPLATE_TEST_CASE("rows go to the experts and come back", "", float, bf16, fp16) {
  constexpr uint32_t rows = 3, used = 2, width = 140;
  Random random(8);
  const auto x = random.numbers<TestType>(rows * width);
  const std::vector<uint32_t> order{4, 1, 0, 5, 3, 2};  // row and place of what each expert row computes
  const auto weights = random.numbers<float>(rows * used);
  std::vector<uint32_t> place(rows * used);
  for (uint32_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  DeviceArray<TestType> d_x(x);
  DeviceArray<uint32_t> d_order(order), d_place(place);
  DeviceArray<float> d_weights(weights);
  const auto got = in_all_orders([&] {
    DeviceArray<TestType> gathered(rows * used * width), out(rows * width);
    CUDA_REQUIRE(gather_rows(GatherRows<TestType>{d_x, d_order, gathered, rows * used, width, used}, nullptr));
    CUDA_REQUIRE(combine_experts(CombineExperts<TestType>{gathered, d_place, d_weights, out, rows, used, width}, nullptr));
    return out.host();
  });
  std::vector<double> expected;
  for (uint32_t r = 0; r < rows; ++r)
    for (uint32_t i = 0; i < width; ++i)
      expected.push_back((double{weights[2 * r]} + weights[2 * r + 1]) * wide(x[r * width + i]));
  CHECK(difference(got, expected) < tolerance<TestType>);
}
