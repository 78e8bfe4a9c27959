// Every flag of the layer description on tiny models of random weights: the numbers are those of the reference in double, and
// the same bits however the work is cut.
#include <map>
#include "../../../models/cpu/cpu_device.hpp"
#include "../../../models/cpu/isa.hpp"
#include "../engine/schedule/fakes.hpp"
#include "../statm.hpp"
#include "reference.hpp"
#include "tiny_model.hpp"

using namespace fakes;

namespace {

constexpr uint32_t context = 320;

Architecture plain() {
  Architecture a;
  a.family = "tiny";
  a.hidden = 48, a.heads = 4, a.kv_heads = 2, a.head_dim = 16, a.feed_forward = 72, a.vocab = 259, a.context = context;
  a.layers.resize(2);
  Rope rope;
  rope.dims = 16;
  a.ropes.push_back(rope);
  a.attention_scale = 0.25f;
  return a;
}
void add_experts(Architecture& a, bool normalise) {
  a.experts.count = 6, a.experts.used = 2, a.experts.feed_forward = 40, a.experts.normalise = normalise;
  a.layers[1].experts = true;
}
void add_gemma(Architecture& a) {  // all that Gemma 2 and 3 have
  a.activation = Activation::gelu_tanh;
  a.norm_offset = 1, a.norm_epsilon = 1e-6f;
  a.post_norms = a.qk_norm = a.tied_embeddings = true;
  a.embedding_scale = 6.9282f, a.attention_softcap = 5, a.logit_softcap = 3;
  a.layers[0].window = 70;
  a.ropes.push_back(a.ropes[0]);
  a.ropes[1].theta = 1e6;
  a.layers[1].rope = 1;
}

struct Variant {
  const char* name;
  void (*change)(Architecture&);
};
const Variant variants[] = {
    {"plain", [](Architecture&) {}},
    {"tied", [](Architecture& a) { a.tied_embeddings = true; }},
    {"window 7", [](Architecture& a) { a.layers[0].window = 7; }},
    {"windows of one block and a bit", [](Architecture& a) { a.layers[0].window = 64, a.layers[1].window = 65; }},
    {"window of one token", [](Architecture& a) { a.layers[1].window = 1; }},
    {"soft caps", [](Architecture& a) { a.attention_softcap = 0.7f, a.logit_softcap = 2; }},
    {"biases", [](Architecture& a) { a.qkv_bias = a.output_bias = a.feed_forward_bias = true; }},
    {"query and key norms", [](Architecture& a) { a.qk_norm = true; }},
    {"post norms", [](Architecture& a) { a.post_norms = true, a.output_bias = true; }},
    {"norm offset", [](Architecture& a) { a.norm_offset = 1; }},
    {"scales",
     [](Architecture& a) { a.embedding_scale = 12, a.residual_scale = 0.3f, a.logit_scale = 0.5f, a.attention_scale = 0.1f; }},
    {"gelu", [](Architecture& a) { a.activation = Activation::gelu_tanh; }},
    {"no positions", [](Architecture& a) { a.layers[1].rope = -1; }},
    {"no positions at all", [](Architecture& a) { a.layers[0].rope = a.layers[1].rope = -1, a.ropes.clear(); }},
    {"partial rotation, two ropes",
     [](Architecture& a) {
       a.ropes.push_back(a.ropes[0]);
       a.ropes[0].dims = 6, a.ropes[0].magnitude = 1.2, a.ropes[1].theta = 500, a.layers[1].rope = 1;
     }},
    {"dynamic NTK", [](Architecture& a) {
       a.ropes[0].scaling = Rope::Scaling::dynamic_ntk, a.ropes[0].factor = 4, a.ropes[0].original_context = 100;
     }},
    {"LongRoPE", [](Architecture& a) {
       Rope& rope = a.ropes[0];
       rope.scaling = Rope::Scaling::longrope, rope.factor = 2, rope.original_context = 146;
       rope.divisors.assign(8, 1.5), rope.long_divisors.assign(8, 3);
     }},
    {"heads of 20", [](Architecture& a) { a.head_dim = 20, a.ropes[0].dims = 20, a.qk_norm = a.qkv_bias = true; }},
    {"heads of 80", [](Architecture& a) { a.head_dim = 80, a.ropes[0].dims = 80; }},
    {"one key head for 50", [](Architecture& a) { a.heads = 50, a.kv_heads = 1, a.head_dim = 4, a.ropes[0].dims = 4; }},
    {"normalised head", [](Architecture& a) { a.head_normalised = true; }},
    {"experts", [](Architecture& a) { add_experts(a, true); }},
    {"experts, weights as they are",
     [](Architecture& a) {
       add_experts(a, false);
       a.layers[0].experts = a.post_norms = true, a.residual_scale = 0.5f;
     }},
    {"gemma", add_gemma},
    {"everything",
     [](Architecture& a) {
       add_gemma(a);
       add_experts(a, true);
       a.head_dim = 20, a.ropes[0].dims = 10, a.ropes[1].dims = 20;
       a.qkv_bias = a.output_bias = a.feed_forward_bias = true;
       a.residual_scale = 0.4f, a.logit_scale = 0.7f;
     }},
};

// A model, and a device that runs it.
struct Runner {
  cpu::ThreadPool pool;
  cpu::CpuDevice device;
  const Architecture& architecture;
  Runner(const TinyModel& model, const cpu::Numerics& numerics, uint32_t threads, uint32_t batch_size = 64)
      : pool(threads),
        device(model.tensors, model.architecture,
               or_throw(cpu::plan_memory(model.tensors, model.architecture, numerics, threads, batch_size, context,
                                         size_t{1} << 30)),
               numerics, pool, {Bytes::eos_id}),
        architecture(model.architecture) {}
  std::vector<Got> run(const RequestList& requests, const ScheduleOptions& options = {}, bool reuse = true) {
    return run_all(requests, device, Bytes(), options, reuse, [&](uint32_t n) { return rope_length(architecture, n); });
  }
};

std::unique_ptr<TinyModel> model_of(const Variant& variant) {
  Architecture a = plain();
  variant.change(a);
  auto model = std::make_unique<TinyModel>(a);
  for (const LayerTensors& layer : model->tensors.layers)  // a tie in every row: the lower one is taken
    if (layer.router) TinyModel::copy_row(layer.router, 1, 4);
  return model;
}

std::string words(uint64_t seed, size_t length) {
  std::mt19937_64 random(seed);
  std::string text;
  while (text.size() < length) text += static_cast<char>('a' + random() % 20);
  return text;
}

// Every instruction set of this processor, in one number format.
std::vector<cpu::Numerics> tables(cpu::Compute compute) {
  std::vector<cpu::Numerics> out;
  for (const std::string_view isa : {"portable", "avx2", "avx512", "amx"}) {
    if (isa == "amx" && compute == cpu::Compute::f32) continue;  // it is avx512 there
    const auto kernels = cpu::choose_kernels(isa, compute);
    if (!kernels) WARN("SKIP: " << kernels.error().message);
    else
      out.push_back({**kernels, *or_throw(cpu::choose_matmul(isa, compute)), *or_throw(cpu::choose_attention(isa, compute))});
  }
  return out;
}

constexpr cpu::Compute computes[] = {cpu::Compute::f32, cpu::Compute::bf16, cpu::Compute::int8, cpu::Compute::exact};

std::vector<double> logprobs_of(reference::Model& model, const std::vector<int32_t>& ids) {
  std::vector<double> out;
  for (size_t i = 0; i + 1 < ids.size(); ++i) out.push_back(model.next(ids[i])[static_cast<size_t>(ids[i + 1])]);
  return out;
}

// Half of the numbers are no further apart than this: one router that chooses another expert does not count.
template <class A, class B> double median_distance(const A& a, const B& b) {
  std::vector<double> distances;
  for (size_t i = 0; i < a.size(); ++i) distances.push_back(std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  const auto middle = distances.begin() + static_cast<ptrdiff_t>(distances.size() / 2);
  std::nth_element(distances.begin(), middle, distances.end());
  return *middle;
}
template <class A, class B> double worst_distance(const A& a, const B& b) {
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return worst;
}

}  // namespace

// bf16 and int8 are compared with a reference that rounds at the same places. Where a sum in float32 and one in double lie on
// two sides of a rounding's border, that rounding differs, and all that follows a little; so the limit is a part of what the
// rounding costs in all, which the two references tell. Whoever rounds elsewhere is about 1.4 times that cost away.
TEST_CASE("every flag computes what the reference does", "[cpu][layers]") {
  constexpr double tolerance = 4e-5, part_of_cost = 0.8, slices = 2e-3;  // seen: 1.9e-5, 0.61 and 0.0008
  double worst = 0, worst_part = 0, worst_slices = 0;
  for (const Variant& variant : variants) {
    const auto model = model_of(variant);
    // long enough to leave every window by more than a block, and to fill a batch that is cut by rows
    const std::string text = words(5, 230);
    Requests requests;
    requests.whole(text, SXT_REQUEST_TOKEN_LOGPROBS);
    const auto ids = Bytes().encode(text, {}).ids;
    const uint32_t length = rope_length(model->architecture, static_cast<uint32_t>(ids.size()));
    std::vector<double> exact;
    for (const cpu::Compute compute : computes) {
      reference::Model reference(model->tensors, model->architecture, length, compute);
      const auto expected = logprobs_of(reference, ids);
      if (compute == cpu::Compute::f32) exact = expected;
      const double cost = median_distance(expected, exact);
      for (const cpu::Numerics& numerics : tables(compute)) {
        CAPTURE(variant.name, int(compute), numerics.matmul.name, cost);
        const auto got = Runner(*model, numerics, 1).run(requests.all())[0].token_logprobs[0];
        REQUIRE(got.size() == expected.size());
        if (compute == cpu::Compute::exact) {  // the reference does not round there
          CHECK(median_distance(got, expected) < slices);
          worst_slices = std::max(worst_slices, median_distance(got, expected));
        } else if (compute == cpu::Compute::f32) {
          CHECK(worst_distance(got, expected) < tolerance);
          worst = std::max(worst, worst_distance(got, expected));
        } else {
          CHECK(median_distance(got, expected) < part_of_cost * cost);
          worst_part = std::max(worst_part, median_distance(got, expected) / cost);
        }
      }
    }
  }
  WARN(std::size(variants) << " variants, the worst log-probability differs by " << worst
                           << " in f32, the medians of bf16 and int8 by " << worst_part << " of what the rounding costs, of "
                           << "exact by " << worst_slices);
}

// Against the logits of the same rows: over three chunks of the vocabulary, the last one not full.
TEST_CASE("margins and moments are those of a row's logits", "[cpu][layers]") {
  Architecture a = plain();
  a.vocab = 1500, a.logit_scale = 4;  // peaks, as models have them
  const TinyModel model(a);
  constexpr uint32_t rows = 20;
  for (const cpu::Compute compute : computes)
    for (const cpu::Numerics& numerics : tables(compute)) {
      CAPTURE(int(compute), numerics.matmul.name);
      Runner runner(model, numerics, 2);
      std::vector<std::vector<float>> logits(rows, std::vector<float>(a.vocab));
      Batch batch;
      batch.runs.push_back({0, rows, 0, 0, 0});
      batch.pages.push_back(0);
      batch.adjustments = {{3, 0, 0}, {700, 1.5f, 0.25f}, {1400, 0, 0}};
      for (uint32_t r = 0; r < rows; ++r) {
        batch.tokens.push_back(static_cast<int32_t>(r * 70 % a.vocab));
        batch.positions.push_back(r);
        batch.head.push_back({r, 0, 0, false, logits[r].data()});
        batch.head.back().margin = r % 3 != 1;
        batch.head.back().moments = r % 3 != 2;
        if (r % 2) batch.head.back().adjustment_count = 3;
      }
      Outputs outputs;
      REQUIRE(runner.device.run(batch, [] { return false; }, outputs));
      for (uint32_t r = 0; r < rows; ++r) {
        CAPTURE(r);
        std::vector<double> sorted(logits[r].begin(), logits[r].end());
        std::sort(sorted.begin(), sorted.end(), std::greater<>());
        double sum = 0, mean = 0, variance = 0;
        for (const double x : sorted) sum += std::exp(x - sorted[0]);
        const auto lnp = [&](double x) { return x - sorted[0] - std::log(sum); };
        for (const double x : sorted) mean += std::exp(lnp(x)) * std::max(lnp(x), -1e3);
        for (const double x : sorted) variance += std::exp(lnp(x)) * std::pow(std::max(lnp(x), -1e3) - mean, 2);
        const HeadResult& got = outputs.head[r];
        if (batch.head[r].margin) CHECK(got.margin == static_cast<float>(sorted[0] - sorted[1]));
        if (!batch.head[r].moments) continue;
        CHECK(got.mean == Approx(mean).epsilon(2e-6).margin(1e-6));
        CHECK(got.variance == Approx(variance).epsilon(2e-5).margin(1e-6));
      }
    }
}

TEST_CASE("what a generation goes on with is the likeliest, or as good as that", "[cpu][layers]") {
  for (const Variant& variant : variants) {
    const auto model = model_of(variant);
    Requests requests;
    requests.generate(words(5, 90), 12).min_new_tokens = 12;
    const auto prompt = Bytes().encode(words(5, 90), {}).ids;
    for (const cpu::Numerics& numerics : tables(cpu::Compute::f32)) {
      CAPTURE(variant.name, numerics.matmul.name);
      const auto got = Runner(*model, numerics, 1).run(requests.all())[0].ids;
      reference::Model next(model->tensors, model->architecture,
                            rope_length(model->architecture, static_cast<uint32_t>(prompt.size())));
      reference::Numbers p;
      for (const int32_t id : prompt) p = next.next(id);
      REQUIRE(got.size() == 12);
      double behind = 0;
      for (const int32_t id : got) {
        p[Bytes::eos_id] = -1e9;
        behind = std::max(behind, *std::max_element(p.begin(), p.end()) - p[static_cast<size_t>(id)]);
        p = next.next(id);
      }
      CHECK(behind < 1e-4);
    }
  }
}

TEST_CASE("every flag gives the same bits for any threads, batch, reuse and order; int8 and exact on every instruction set",
          "[cpu][layers][invariance][exact]") {
  Requests requests;
  const std::string shots = words(8, 140);
  for (int i = 0; i < 14; ++i) {
    const std::string prefix = shots.substr(0, 140 - static_cast<size_t>(i % 3) * 37) + words(static_cast<uint64_t>(i), 9);
    if (i % 4 == 0) requests.generate(prefix, 9);
    else requests.score(prefix, {"A", "Bcd", words(3, 20 + static_cast<size_t>(i))});
  }
  const auto all = requests.all();
  const auto check_same = [](const std::vector<Got>& got, const std::vector<Got>& expected) {
    for (size_t i = 0; i < expected.size(); ++i) {
      CAPTURE(i);
      REQUIRE(got[i].ids == expected[i].ids);
      REQUIRE(got[i].token_logprobs == expected[i].token_logprobs);
      for (size_t c = 0; c < got[i].scores.size(); ++c)
        REQUIRE(got[i].scores[c].total_logprob == expected[i].scores[c].total_logprob);
    }
  };
  std::map<std::pair<cpu::Compute, const Variant*>, std::vector<Got>> of_other_sets;
  for (const cpu::Compute compute : computes)
    for (const cpu::Numerics& numerics : tables(compute))
      for (const Variant& variant : variants) {
        CAPTURE(variant.name, int(compute), numerics.matmul.name);
        const auto model = model_of(variant);
        const auto expected = Runner(*model, numerics, 1).run(all);
        if (cpu::is_exact(compute)) {  // whatever the instruction set is
          auto& first = of_other_sets[{compute, &variant}];
          if (first.empty()) first = expected;
          check_same(first, expected);
        }
        struct {
          uint32_t threads, batch_size;
          uint64_t seed;
          bool reuse;
        } const ways[] = {{2, 64, 0, true}, {1, 1, 3, true}, {2, 7, 4, false}};
        for (size_t w = 0; w < std::size(ways); ++w) {
          const auto& way = ways[w];
          if (compute != cpu::Compute::f32 && w != static_cast<size_t>(&variant - variants) % std::size(ways)) continue;
          CAPTURE(way.threads, way.batch_size, way.seed, way.reuse);
          const auto got =
              Runner(*model, numerics, way.threads, way.batch_size).run(all, {way.batch_size, way.seed}, way.reuse);
          check_same(got, expected);
        }
      }
}

// Computes tokens first .. last - 1 of each path, which has pages of its own. ret_logits: those of the first path's last rows,
// as many as there is room for.
void step(Device& device, const std::vector<std::vector<int32_t>>& paths, uint32_t first, uint32_t last,
          std::vector<std::vector<float>>& ret_logits) {
  Batch batch;
  for (uint32_t p = 0; p < paths.size(); ++p) {
    batch.runs.push_back({batch.rows(), last - first, first, static_cast<uint32_t>(batch.pages.size()), 0});
    for (uint32_t i = first; i < last; ++i) batch.tokens.push_back(paths[p][i]), batch.positions.push_back(i);
    for (uint32_t page = 0; page < pages_for(last); ++page) batch.pages.push_back(p * pages_for(context) + page);
  }
  for (uint32_t i = 0; i < ret_logits.size(); ++i)
    batch.head.push_back({last - first - static_cast<uint32_t>(ret_logits.size()) + i, 0, 0, false, ret_logits[i].data()});
  Outputs outputs;
  REQUIRE(device.run(batch, [] { return false; }, outputs));
}

// What a turn of a conversation finds in the KV cache was decoded; without it the same tokens are part of a prompt.
TEST_CASE("a token that was decoded has the bits that it has as a part of a prompt", "[cpu][layers][invariance]") {
  constexpr uint32_t end = 90, decoded_from = 56, looked_at = 6;
  std::vector<std::vector<int32_t>> paths;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    paths.push_back(Bytes().encode(words(seed, 2 * end), {}).ids);
    paths.back().resize(end);
  }
  for (const cpu::Compute compute : computes)
    for (const cpu::Numerics& numerics : tables(compute))
      for (const Variant& variant : variants) {
        CAPTURE(variant.name, int(compute), numerics.matmul.name);
        const auto model = model_of(variant);
        std::vector<std::vector<float>> prompt(looked_at, std::vector<float>(259)), turn = prompt, none;
        {
          Runner runner(*model, numerics, 1);
          step(runner.device, {paths[0]}, 0, end, prompt);
        }
        Runner runner(*model, numerics, 2);
        step(runner.device, paths, 0, decoded_from, none);
        for (uint32_t i = decoded_from; i < end - looked_at; ++i) step(runner.device, paths, i, i + 1, none);
        step(runner.device, {paths[0]}, end - looked_at, end, turn);
        REQUIRE(turn == prompt);
      }
}

TEST_CASE("the bytes of weights are known before they are loaded", "[cpu][layers]") {
  for (const Variant& variant : variants) {
    CAPTURE(variant.name);
    const auto model = model_of(variant);
    cpu::ThreadPool pool(1);
    for (const cpu::Compute compute : computes) {
      CAPTURE(int(compute));
      const cpu::PanelFormat wanted = (*cpu::choose_matmul("auto", compute))->weights;
      const cpu::Weights weights = cpu::load_weights(model->tensors, model->architecture, wanted, pool);
      size_t bytes = weights.final_norm.bytes() + weights.head.bytes(), matrices = weights.head.bytes();
      const auto add = [&](const cpu::FeedForwardWeights& f) {
        matrices += f.gate_up.bytes() + f.down.bytes();
        bytes += f.gate_up.bytes() + f.down.bytes() + f.gate_bias.bytes() + f.up_bias.bytes() + f.down_bias.bytes();
      };
      for (const cpu::LayerWeights& l : weights.layers) {
        for (const cpu::Floats* f : {&l.attention_norm, &l.feed_forward_norm, &l.post_attention_norm, &l.post_feed_forward_norm,
                                     &l.q_norm, &l.k_norm, &l.qkv_bias, &l.output_bias})
          bytes += f->bytes();
        for (const cpu::Matrix* m : {&l.qkv, &l.output, &l.router}) bytes += m->bytes(), matrices += m->bytes();
        add(l.feed_forward);
        for (const auto& expert : l.experts) add(expert);
      }
      CHECK(cpu::weights_bytes(model->tensors, model->architecture, wanted) == bytes);
      CHECK(weights.matrices.bytes() == matrices);
    }
  }
}

TEST_CASE("a device takes no more memory than its plan says, though only some of its pages are used", "[cpu][layers]") {
  Architecture a = plain();
  a.layers.resize(40);
  const TinyModel model(a);
  const cpu::Numerics numerics = tables(cpu::Compute::f32).front();
  const size_t before = sextant::test::memory_of_process().resident;
  Runner runner(model, numerics, 2);
  Requests requests;
  size_t pages = 0;
  for (uint64_t i = 0; i < 8; ++i) {
    requests.score(words(i, 300), {"x"});
    pages += pages_for(303);
  }
  for (const Got& got : runner.run(requests.all())) REQUIRE(got.status == SXT_OK);
  const cpu::DevicePlan plan = or_throw(cpu::plan_memory(model.tensors, a, numerics, 2, 64, context, size_t{1} << 30));
  const size_t planned = plan.weights + plan.buffers + pages * plan.page,
               taken = sextant::test::memory_of_process().resident - before;
  CAPTURE(planned, taken, plan.weights, plan.buffers, plan.page);
  CHECK(plan.pages > 4 * pages);
  CHECK(taken < planned + (size_t{8} << 20));  // the rest of a huge page or two, and what runs the requests
}
