// Conversations through the cpu backend: a turn computes its own tokens, and has the results that it has from scratch.
#include <random>
#include "backend.hpp"

using namespace fakes;

namespace {

const std::string tiny = golden_file("tiny_llama.gguf");
constexpr int turns = 8;

std::string question(std::mt19937_64& random) {
  std::string text = "\nand what is ";
  for (auto n = random() % 12; n > 0; --n) text += static_cast<char>('a' + random() % 26);
  return text + "?\n";
}

// Several conversations after one system prompt. What they say next is fixed by their own texts, so that every way of computing
// them takes the same course as long as the replies are the same.
struct Conversations {
  std::mt19937_64 random{4};
  std::vector<std::string> texts;
  explicit Conversations(size_t n) {
    const std::string system = "The following are questions about the capital of the land, and answers to them.\n";
    for (size_t i = 0; i < n; ++i)
      texts.push_back((i % 4 == 3 ? "" : system) + "Question " + std::to_string(i) + question(random));
  }
  Requests turn(bool last) const {
    Requests out;
    for (size_t i = 0; i < texts.size(); ++i) {
      sxt_sampling& s = out.generate(texts[i], 12, {}, last ? 0 : SXT_REQUEST_KEEP);
      if (i % 2) s.temperature = 0.8f, s.seed = 9;
      if (i % 3 == 0) s.min_new_tokens = 12;
    }
    return out;
  }
  void go_on(const std::vector<Got>& got) {
    for (size_t i = 0; i < texts.size(); ++i) texts[i] += got[i].text + question(random);
  }
};

void check_same(const std::vector<Got>& a, const std::vector<Got>& b) {
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    CAPTURE(i);
    REQUIRE(a[i].status == SXT_OK);
    REQUIRE(a[i].ids == b[i].ids);
    REQUIRE(a[i].text == b[i].text);
    REQUIRE(a[i].finish == b[i].finish);
    REQUIRE(a[i].prompt_tokens == b[i].prompt_tokens);
  }
}

// Every turn in a backend that has not seen the turns before.
struct Expected {
  std::vector<std::vector<Got>> turns;
};
Expected from_scratch(const std::string& settings, size_t conversations) {
  Conversations c(conversations);
  Backend backend(tiny, settings + (settings.empty() ? "" : ",") + "\"prefix_reuse\":false");
  Expected out;
  for (int turn = 0; turn < turns; ++turn) {
    out.turns.push_back(backend.run(c.turn(turn + 1 == turns).all()));
    c.go_on(out.turns.back());
  }
  return out;
}

size_t equal_ids(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
  return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

}  // namespace

TEST_CASE("each of eight turns computes its new tokens only, with the results that it has from scratch", "[cpu][turns]") {
  for (const char* compute : {"f32", "bf16", "int8"}) {
    CAPTURE(compute);
    const std::string settings = "\"compute\":" + json::quote(compute);
    const Expected expected = from_scratch(settings, 1);
    Conversations c(1);
    Backend backend(tiny, settings);
    std::vector<int32_t> there;  // the tokens that have keys and values
    for (int turn = 0; turn < turns; ++turn) {
      CAPTURE(turn);
      const Requests requests = c.turn(turn + 1 == turns);
      const std::vector<int32_t> prompt = backend.tokenize(c.texts[0]);
      const auto got = backend.run(requests.all());
      check_same(got, expected.turns[static_cast<size_t>(turn)]);
      REQUIRE(got[0].prompt_tokens == prompt.size());
      REQUIRE(got[0].computed_tokens == prompt.size() - equal_ids(prompt, there));
      if (turn > 0) CHECK(got[0].computed_tokens < prompt.size() / 2);
      there = prompt;
      there.insert(there.end(), got[0].ids.begin(), got[0].ids.end());
      if (got[0].finish != SXT_FINISH_EOS) there.pop_back();
      c.go_on(got);
    }
  }
}

TEST_CASE("conversations beside each other have the results that they have from scratch, whatever the memory and the order",
          "[cpu][turns]") {
  constexpr size_t n = 9;
  uint64_t least = 1 << 20, most = 1 << 28;
  while (most - least > 4096) {
    const uint64_t middle = (least + most) / 2;
    (Backend(tiny, "\"max_seq_len\":600,\"memory\":" + std::to_string(middle)).created() ? most : least) = middle;
  }
  const Expected expected = from_scratch("\"max_seq_len\":600", n);
  uint64_t computed_most = 0, computed_least = 0, prompts = 0;
  for (const bool little : {false, true})
    for (const char* settings :
         {"\"batch_size\":64", "\"batch_size\":3,\"schedule_seed\":7", "\"threads\":1,\"schedule_seed\":8"}) {
      CAPTURE(little, settings);
      Conversations c(n);
      Backend backend(tiny,
                      std::string(settings) + ",\"max_seq_len\":600" + (little ? ",\"memory\":" + std::to_string(most) : ""));
      for (size_t turn = 0; turn < turns; ++turn) {
        CAPTURE(turn);
        const auto got = backend.run(c.turn(turn + 1 == turns).all());
        check_same(got, expected.turns[turn]);
        for (const Got& g : got)
          (little ? computed_least : computed_most) += g.computed_tokens, prompts += little ? 0 : g.prompt_tokens;
        c.go_on(got);
      }
    }
  CHECK(computed_most < prompts / 2);
  CHECK(computed_most < computed_least);
}

TEST_CASE("without prefix_reuse nothing is left from turn to turn, and the plan counts as if nothing were", "[cpu][turns]") {
  Conversations c(1);
  Backend with(tiny), without(tiny, "\"prefix_reuse\":false");
  for (int turn = 0; turn < 2; ++turn) {
    const Requests requests = c.turn(false);
    const auto all = requests.all();
    CHECK(json::find_int(with.plan(all), "computed_tokens") == static_cast<int64_t>(with.tokenize(c.texts[0]).size()));
    const auto got = without.run(all);
    check_same(with.run(all), got);
    CHECK(got[0].computed_tokens == got[0].prompt_tokens);
    c.go_on(got);
  }
}
