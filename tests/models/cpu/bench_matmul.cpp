// Not a test: the products of a small model's prefill on the engine's own kernels and on oneDNN, one after the other in one
// process, so that a slow minute of the machine meets both.
//
//     bench_matmul COMPUTE ROWS THREADS ROUNDS [ISA]       COMPUTE: bf16 or f32; ISA, of ours alone: auto, amx, avx512, avx2,
//     portable
//
// Each gets its weights and rows in the layout that it likes best, made before the clock runs. With one thread the clock is
// that thread's own time, which other processes do not take from; with more it is the wall's.
#include <omp.h>
#include <time.h>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>
#include <dnnl.hpp>
#include "../../../models/cpu/half.hpp"
#include "../../../models/cpu/isa.hpp"
#include "../../../models/cpu/memory.hpp"
#include "../../../models/cpu/thread_pool.hpp"
#include "numbers.hpp"

using namespace sextant::cpu;

namespace {

// Of SmolLM2-135M. The head takes the vocabulary in chunks, each with weights of its own; a layer's matrices are a few in turn.
struct Shape {
  const char* name;
  uint32_t k, n, matrices, per_token;  // per_token: how often a token passes such a matrix; the head is not part of prefill
};
constexpr Shape shapes[] = {{"qkv", 576, 960, 4, 30},      {"output", 576, 576, 4, 30}, {"gate, up", 576, 3072, 4, 30},
                            {"down", 1536, 576, 4, 30}, {"head", 576, 512, 96, 0}};

double seconds(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

class Ours {
 public:
  Ours(const MatMul& matmul, const Shape& s, uint32_t rows, const std::vector<float>& a, const std::vector<float>& w,
       ThreadPool& pool)
      : matmul_(matmul), shape_(s), rows_(rows), pool_(pool), a_(rows * matmul.row_bytes(s.k)), c_(size_t{rows} * s.n) {
    const PanelFormat format = matmul.weights;
    for (uint32_t r = 0; r < rows; ++r)
      matmul.encode(a.data() + size_t{r} * s.k, 0, s.k, s.k, a_.data() + r * matmul.row_bytes(s.k));
    const size_t panel = panel_bytes(format, s.k);
    for (uint32_t m = 0; m < s.matrices; ++m) {
      Bytes& packed = weights_.emplace_back(panel * s.n / panel_columns);
      for (uint32_t p = 0; p < s.n / panel_columns; ++p)
        pack_panel(format, w.data() + size_t{p} * panel_columns * s.k, s.k, packed.data() + p * panel);
    }
    format_ = format;
  }
  void multiply(uint32_t matrix) {
    // as a layer cuts its rows
    const uint32_t threads = pool_.size(), step = matmul_.rows_together,
                   even = (rows_ / (4 * threads) + step - 1) / step * step;
    const uint32_t tile = std::clamp(even, std::min(4 * step, matmul_.tile_rows), matmul_.tile_rows);
    const size_t stride = matmul_.row_bytes(shape_.k);
    pool_.run((rows_ + tile - 1) / tile, [&](uint32_t t, uint32_t) {
      const uint32_t first = t * tile, n = std::min(tile, rows_ - first);
      matmul_.multiply(a_.data() + first * stride, stride, n,
                       {format_, weights_[matrix].data(), shape_.k, shape_.n / panel_columns},
                       c_.data() + size_t{first} * shape_.n, shape_.n, false);
    });
  }
  const float* result() const { return c_.data(); }

 private:
  const MatMul& matmul_;
  const Shape& shape_;
  uint32_t rows_;
  ThreadPool& pool_;
  PanelFormat format_{};
  Bytes a_;
  std::vector<Bytes> weights_;
  Floats c_;
};

class Theirs {
 public:
  Theirs(bool bf16, const Shape& s, uint32_t rows, const std::vector<float>& a, const std::vector<float>& w) {
    using namespace dnnl;
    const auto type = bf16 ? memory::data_type::bf16 : memory::data_type::f32, f32 = memory::data_type::f32;
    const auto any = memory::format_tag::any;
    const memory::dims da{rows, s.k}, dw{s.k, s.n}, dc{rows, s.n};
    const matmul::primitive_desc plan({{da, type, any}, {dw, type, any}, {dc, f32, any}}, engine_);
    product_ = matmul(plan);
    name_ = plan.impl_info_str();
    const auto placed = [&](const memory::dims& dims, const float* numbers, memory::format_tag tag, const memory::desc& as) {
      memory plain({dims, f32, tag}, engine_, const_cast<float*>(numbers)), out(as, engine_);
      reorder(plain, out).execute(stream_, plain, out);
      stream_.wait();
      return out;
    };
    const memory rows_in = placed(da, a.data(), memory::format_tag::ab, plan.src_desc()), out(plan.dst_desc(), engine_);
    for (uint32_t m = 0; m < s.matrices; ++m)
      arguments_.push_back({{DNNL_ARG_SRC, rows_in},
                            {DNNL_ARG_WEIGHTS, placed(dw, w.data(), memory::format_tag::ba, plan.weights_desc())},
                            {DNNL_ARG_DST, out}});
    result_.resize(size_t{rows} * s.n);
    out_ = out;
    plain_ = memory({dc, f32, memory::format_tag::ab}, engine_, result_.data());
  }
  void multiply(uint32_t matrix) {
    product_.execute(stream_, arguments_[matrix]);
    stream_.wait();
  }
  const float* result() {
    dnnl::reorder(out_, plain_).execute(stream_, out_, plain_);
    stream_.wait();
    return result_.data();
  }
  const std::string& name() const { return name_; }

 private:
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  dnnl::matmul product_;
  std::vector<std::unordered_map<int, dnnl::memory>> arguments_;
  dnnl::memory out_, plain_;
  std::vector<float> result_;
  std::string name_;
};

struct Rates {
  std::vector<double> per_round;  // GFLOP/s
  void print(const char* who) {
    std::vector<double> v = per_round;
    std::sort(v.begin(), v.end());
    std::printf("  %s %6.0f %6.0f %6.0f", who, v.front(), v[v.size() / 2], v.back());
  }
};

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "bench_matmul: %s\n", what.c_str());
  std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5 || (std::strcmp(argv[1], "bf16") != 0 && std::strcmp(argv[1], "f32") != 0))
    fail("usage: bench_matmul bf16|f32 ROWS THREADS ROUNDS [ISA]");
  const bool bf16 = std::strcmp(argv[1], "bf16") == 0;
  const int rows_asked = std::atoi(argv[2]), threads = std::atoi(argv[3]), rounds = std::atoi(argv[4]);
  if (rows_asked < 1 || threads < 1 || rounds < 1) fail("ROWS, THREADS and ROUNDS are whole numbers from 1 on");
  const auto rows = static_cast<uint32_t>(rows_asked);
  const auto matmul = choose_matmul(argc > 5 ? argv[5] : "auto", bf16 ? Compute::bf16 : Compute::f32);
  if (!matmul) fail(matmul.error().message);
  omp_set_num_threads(threads);
  ThreadPool pool(static_cast<uint32_t>(threads));
  const clockid_t clock = threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
  std::printf("%s, %u rows, %d threads, GFLOP/s min / median / max of %d rounds; ours: %s\n", argv[1], rows, threads, rounds,
              (*matmul)->name);
  // a token's time over prefill's products, by round
  std::vector<double> our_time(rounds), their_time(rounds);
  double flops = 0;
  for (const Shape& s : shapes) {
    std::vector<float> a = fakes::numbers(size_t{rows} * s.k, 1), w = fakes::numbers(size_t{s.n} * s.k, 2);
    Ours ours(**matmul, s, rows, a, w, pool);
    Theirs theirs(bf16, s, rows, a, w);
    ours.multiply(0);
    theirs.multiply(0);
    const float *mine = ours.result(), *other = theirs.result();
    for (size_t i = 0; i < size_t{rows} * s.n; ++i)
      if (!(std::abs(mine[i] - other[i]) <= 1e-3f * (1 + std::abs(other[i]))))
        fail(std::string(s.name) + ": the products differ");
    const double once = 2.0 * rows * s.k * s.n * s.matrices;
    const int repeats = std::max(1, static_cast<int>(2e10 / once));
    const auto rate = [&](auto& who) {
      const double begin = seconds(clock);
      for (int i = 0; i < repeats; ++i)
        for (uint32_t m = 0; m < s.matrices; ++m) who.multiply(m);
      return once * repeats / (seconds(clock) - begin) * 1e-9;
    };
    Rates our_rate, their_rate;
    const double share = 2.0 * s.k * s.n * s.per_token;
    flops += share;
    for (int i = 0; i < rounds; ++i) {
      for (int turn = 0; turn < 2; ++turn) {
        if ((i + turn) % 2 == 0) our_rate.per_round.push_back(rate(ours));
        else their_rate.per_round.push_back(rate(theirs));
      }
      our_time[i] += share / our_rate.per_round.back();
      their_time[i] += share / their_rate.per_round.back();
    }
    std::printf("%-10s %4u -> %4u", s.name, s.k, s.n);
    our_rate.print("ours");
    their_rate.print("oneDNN");
    std::printf("  (%s)\n", theirs.name().c_str());
  }
  Rates our_rate, their_rate, ratio;
  for (int i = 0; i < rounds; ++i) {
    our_rate.per_round.push_back(flops / our_time[i]);
    their_rate.per_round.push_back(flops / their_time[i]);
    ratio.per_round.push_back(their_time[i] / our_time[i]);
  }
  std::sort(ratio.per_round.begin(), ratio.per_round.end());
  std::printf("prefill               ");
  our_rate.print("ours");
  their_rate.print("oneDNN");
  std::printf("\nshare of oneDNN's rate %.3f %.3f %.3f\n", ratio.per_round.front(), ratio.per_round[ratio.per_round.size() / 2],
              ratio.per_round.back());
  return 0;
}
