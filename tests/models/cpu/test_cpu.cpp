// The backend on a tiny model of random weights: the same bits however the work is cut, honest counters, clear refusals.
#include <cmath>
#include <fstream>
#include <random>
#include <sched.h>
#include "../../../models/cpu/thread_pool.hpp"
#include "../few_threads.hpp"
#include "backend.hpp"

using namespace fakes;

namespace {

const std::string tiny = golden_file("tiny_llama.gguf");

// Words of the kind that benchmarks have, shared at every possible cut.
Requests mixed_requests() {
  std::mt19937_64 random(3);
  Requests out;
  std::string shots = "The following are questions about the capital of the land.\n";
  for (int i = 0; i < 3; ++i)
    shots += "Question: " + std::to_string(random() % 1000) + " and the other one is?\nA. in\nB. on\nAnswer: A\n\n";
  for (int i = 0; i < 12; ++i) {
    const std::string question =
        shots + "Question: " + std::string(1 + random() % 20, static_cast<char>('a' + i)) + "?\nAnswer:";
    if (i % 3 == 0) {
      sxt_sampling& s = out.generate(question, 12, i == 6 ? std::vector<std::string>{"e"} : std::vector<std::string>{});
      s.min_new_tokens = i == 3 ? 12 : 0;
      if (i == 9) s.temperature = 0.9f, s.top_p = 0.95f, s.seed = 5;
      out.last().flags |= SXT_REQUEST_LEAST_MARGIN;
    } else {
      out.score(question, {" A", " B", " C of the others", " D"});
    }
  }
  out.whole(shots, SXT_REQUEST_TOKEN_LOGPROBS | SXT_REQUEST_TOKEN_MOMENTS);
  out.score("", {"the"});
  out.score(std::string(4000, 'x'), {"too long"});
  return out;
}

void check_same(const std::vector<Got>& a, const std::vector<Got>& b) {
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    CAPTURE(i);
    REQUIRE(a[i].puts == 1);
    REQUIRE(b[i].puts == 1);
    REQUIRE(a[i].status == b[i].status);
    REQUIRE(a[i].ids == b[i].ids);
    REQUIRE(a[i].text == b[i].text);
    REQUIRE(a[i].finish == b[i].finish);
    REQUIRE(a[i].prompt_tokens == b[i].prompt_tokens);
    REQUIRE(a[i].least_margin == b[i].least_margin);
    REQUIRE(a[i].token_means == b[i].token_means);
    REQUIRE(a[i].token_variances == b[i].token_variances);
    REQUIRE(a[i].token_logprobs == b[i].token_logprobs);  // floats, compared bit by bit but for -0 and NaN, which do not occur
    REQUIRE(a[i].scores.size() == b[i].scores.size());
    for (size_t c = 0; c < a[i].scores.size(); ++c) {
      REQUIRE(a[i].scores[c].logprob == b[i].scores[c].logprob);
      REQUIRE(a[i].scores[c].total_logprob == b[i].scores[c].total_logprob);
      REQUIRE(a[i].scores[c].flags == b[i].scores[c].flags);
    }
  }
}

}  // namespace

TEST_CASE("results have the same bits for any threads, batch, reuse and order", "[cpu][invariance]") {
  const Requests requests = mixed_requests();
  const auto all = requests.all();
  for (const char* isa : {"portable", "avx2", "avx512"}) {
    const std::string fixed = "\"isa\":\"" + std::string(isa) + "\"";
    Backend reference(tiny, fixed + ",\"threads\":1");
    if (reference.error.status == SXT_NO_DEVICE) {
      WARN("SKIP: " << reference.error.message);
      continue;
    }
    const auto expected = reference.run(all);
    REQUIRE(std::isfinite(expected[1].scores[0].logprob));
    std::mt19937_64 random(17);
    for (int i = 0; i < 12; ++i) {
      const bool reuse = i % 4 != 3;
      const char* batch[] = {"1", "7", "16", "64"};
      const std::string settings = fixed + ",\"threads\":" + std::to_string(1 + i % 2) +
                                   ",\"batch_size\":" + batch[random() % 4] +
                                   ",\"prefix_reuse\":" + (reuse ? "true" : "false") +
                                   ",\"schedule_seed\":" + std::to_string(random() % 3 ? random() % 1000 + 1 : 0);
      CAPTURE(settings);
      const auto got = Backend(tiny, settings).run(all);
      check_same(expected, got);
      for (size_t k = 0; k < all.size(); ++k)
        REQUIRE(got[k].computed_tokens == (reuse ? expected[k].computed_tokens : got[k].prompt_tokens));
    }
  }
}

TEST_CASE("one request alone has the bits that it has among others", "[cpu][invariance]") {
  const Requests requests = mixed_requests();
  const auto all = requests.all();
  Backend backend(tiny);
  const auto together = backend.run(all);
  for (size_t i = 0; i < all.size(); ++i) {
    CAPTURE(i);
    check_same({together[i]}, backend.run({all[i]}));
  }
}

TEST_CASE("a score is the sum of its tokens, and generation continues what scoring finds best", "[cpu]") {
  Backend backend(tiny);
  Requests generate;
  generate.generate("The capital of the", 8).min_new_tokens = 8;
  const Got made = backend.run(generate.all())[0];
  REQUIRE(made.ids.size() == 8);
  CHECK(made.margin_count == 0);
  Requests score;
  score.score("The capital of the", {made.text});
  const Got scored = backend.run(score.all())[0];
  double sum = 0;
  for (const float p : scored.token_logprobs[0]) sum += p;
  CHECK(scored.scores[0].logprob == sum);
  if (scored.scores[0].token_count == 8) CHECK((scored.scores[0].flags & 1) == 1);  // unless its text is tokenised another way
}

TEST_CASE("plan counts what run computes", "[cpu]") {
  const Requests requests = mixed_requests();
  const auto all = requests.all();
  Backend backend(tiny);
  const json::Document plan = backend.plan(all);
  uint64_t prompt = 0, computed = 0;
  for (const Got& g : backend.run(all)) prompt += g.prompt_tokens, computed += g.computed_tokens;
  CHECK(json::find_int(plan, "prompt_tokens") == static_cast<int64_t>(prompt));
  CHECK(json::find_int(plan, "computed_tokens") == static_cast<int64_t>(computed));
  CHECK(*json::find_int(plan, "kv_bytes") > 0);
  CHECK(*json::find_int(plan, "peak_bytes") > *json::find_int(plan, "kv_bytes"));
  CHECK(backend.done == backend.total);
}

TEST_CASE("the least memory gives the same results, less is refused with the numbers", "[cpu]") {
  const Requests requests = mixed_requests();
  const auto all = requests.all();
  const auto expected = Backend(tiny).run(all);
  uint64_t low = 1 << 20, high = 1 << 28;
  while (high - low > 4096) {
    const uint64_t middle = (low + high) / 2;
    (Backend(tiny, "\"memory\":" + std::to_string(middle)).created() ? high : low) = middle;
  }
  check_same(expected, Backend(tiny, "\"memory\":" + std::to_string(high)).run(all));
  const Backend refused(tiny, "\"memory\":" + std::to_string(low));
  CHECK(refused.error.status == SXT_NO_MEMORY);
  CHECK_THAT(std::string(refused.error.message), Catch::Contains("MiB") && Catch::Contains("raise memory"));
}

TEST_CASE("configurations that cannot be honoured are refused in a sentence", "[cpu]") {
  struct Case { const char *path, *settings; sxt_status status; const char* says; };
  for (const Case& c : {Case{"/no/such.gguf", "", SXT_IO, "/no/such.gguf"},
                        {tiny.c_str(), "\"compute\":\"fp16\"", SXT_UNSUPPORTED, "fp16"},
                        {tiny.c_str(), "\"chat_template\":\"/no/such.jinja\"", SXT_IO, "/no/such.jinja"}}) {
    CAPTURE(c.path, c.settings);
    const Backend backend(c.path, c.settings);
    CHECK_FALSE(backend.created());
    CHECK(backend.error.status == c.status);
    CHECK_THAT(std::string(backend.error.message), Catch::Contains(c.says));
  }
}

TEST_CASE("a file that was cut is refused", "[cpu]") {
  std::ifstream in(tiny, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const std::string path = "cut_llama.gguf";
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size() / 2));
  const Backend backend(path);
  CHECK(backend.error.status == SXT_BAD_DATA);
  std::remove(path.c_str());
}

TEST_CASE("without weights only tokens and chat prompts can be asked for", "[cpu]") {
  Backend backend(tiny, "\"weights\":null");
  REQUIRE(backend.created());
  CHECK(backend.tokenize("the") == Backend(tiny).tokenize("the"));
  CHECK(backend.tokenize("<|im_end|>") == std::vector<int32_t>{2});
  CHECK(backend.tokenize("<|im_end|>", SXT_REQUEST_SPLIT_SPECIAL).size() > 1);
  sxt_model_info info{};
  info.struct_size = sizeof info;
  REQUIRE(backend.table().info(backend.object(), &info, &backend.error) == SXT_OK);
  CHECK((info.abilities & SXT_MODEL_SCORE) == 0);
  CHECK(std::string(info.weights_sha256).empty());
  const sxt_request nothing{};
  const sxt_request* const requests[] = {&nothing};
  CHECK(backend.table().run(backend.object(), 7, requests, 1, {}, &backend.error) == SXT_UNSUPPORTED);
}

TEST_CASE("a model says what it is", "[cpu]") {
  Backend backend(tiny, "\"threads\":2,\"max_seq_len\":1000");
  const json::Document about = backend.describe();
  CHECK(json::find_string(about, "family") == "llama");
  CHECK(json::find_string(about, "eos") == "<|im_end|>");
  CHECK(json::find_int(about, "eos_id") == 2);
  CHECK_THAT(*json::find_string(about, "device"), Catch::StartsWith("cpu, ") && Catch::EndsWith(", 2 threads"));
  const json::Value& architecture = *json::find(about, "architecture");
  CHECK(json::find_int(architecture, "layers") == 2);
  CHECK(json::find_int((*json::find(architecture, "ropes"))[0], "layers") == 2);
  REQUIRE(json::find(about, "warnings")->Size() >= 1);  // more tokens than it was trained for
  sxt_model_info info{};
  info.struct_size = sizeof info;
  REQUIRE(backend.table().info(backend.object(), &info, &backend.error) == SXT_OK);
  CHECK(info.context_length == 1000);
  CHECK(std::string(info.weights_sha256).size() == 64);
}

TEST_CASE("a cancelled run gives SXT_CANCELLED", "[cpu]") {
  Backend backend(tiny);
  Requests requests;
  requests.score("the", {" one"});
  const auto all = requests.all();
  backend.cancel = true;
  std::vector<Got> got(1);
  CHECK(backend.table().run(backend.object(), 1, all.data(), 1, {&got, collect}, &backend.error) == SXT_CANCELLED);
  CHECK(got[0].puts == 0);
}

TEST_CASE("an exception in a worker reaches the caller, and the pool goes on", "[cpu][threads]") {
  cpu::ThreadPool pool(3);
  for (int round = 0; round < 20; ++round) {
    CHECK_THROWS_WITH(pool.run(100,
                               [](uint32_t tile, uint32_t) {
                                 if (tile == 57) throw std::runtime_error("tile 57");
                               }),
                      "tile 57");
    std::atomic<uint32_t> sum{0};
    pool.run(100, [&](uint32_t tile, uint32_t) { sum += tile; });
    REQUIRE(sum == 4950);
  }
}

TEST_CASE("a pool whose threads cannot all be started says so; those that were have ended", "[cpu][threads]") {
  {
    const sextant::test::FewThreads limit;
    CHECK_THROWS_WITH(cpu::ThreadPool(16),
                      Catch::Matches("threads: of 16 threads only [2-9] can be started \\(.+\\); give fewer, .*"));
  }
  CHECK(cpu::ThreadPool(16).size() == 16);
}

TEST_CASE("there are as many threads as asked for, else one for each processor that the process may run on", "[cpu][threads]") {
  cpu_set_t all, one;
  REQUIRE(sched_getaffinity(0, sizeof all, &all) == 0);
  CPU_ZERO(&one);
  for (size_t i = 0; CPU_COUNT(&one) == 0; ++i)
    if (CPU_ISSET(i, &all)) CPU_SET(i, &one);
  REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
  for (const auto& [settings, label] :
       {std::pair{"", ", 1 thread;"}, {"\"threads\":0", ", 1 thread;"}, {"\"threads\":3", ", 3 threads;"}}) {
    CAPTURE(settings);
    const Backend backend(tiny, settings);
    CHECK_THAT(backend.logged.empty() ? backend.error.message : backend.logged.back(), Catch::Contains(label));
  }
  REQUIRE(sched_setaffinity(0, sizeof all, &all) == 0);
}
