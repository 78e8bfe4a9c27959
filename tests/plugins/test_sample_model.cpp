// models/sample, linked in: what the ABI promises of a backend, checked from the outside.
#include <atomic>
#include <cmath>
#include <csignal>
#include <cstring>
#include <map>
#include <memory>
#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>
#include <sextant/sdk.hpp>

extern "C" const sxt_entry sextant_plugin_entry;

using namespace sextant;

namespace {

struct Got {
  sxt_status status = SXT_INTERNAL;
  std::string message, text;
  std::vector<int32_t> ids;
  struct One { double logprob, total; uint32_t tokens, total_tokens, greedy; std::vector<float> token_logprobs; };
  std::vector<One> scores;
  uint32_t prompt_tokens = 0, computed_tokens = 0, truncated_tokens = 0, finish = 0;
};

class Backend {
 public:
  explicit Backend(std::string_view config = "{}", const sxt_host* host = nullptr) {
    sxt_error error{};
    REQUIRE(sextant_plugin_entry.components[0]->create(host, borrow(config), &object_, &error) == SXT_OK);
    table_ = static_cast<const sxt_model_v1*>(object_->get_interface(object_, "sextant.model/1"));
    REQUIRE(table_);
  }
  ~Backend() { object_->destroy(object_); }
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  std::vector<Got> run(const std::vector<sxt_request>& requests) {
    std::vector<Got> out(requests.size());
    order.clear();
    std::pair<std::vector<Got>*, std::vector<uint64_t>*> both{&out, &order};
    const sxt_result_sink sink{&both, [](void* ctx, uint64_t index, const sxt_result* r) {
      auto& [results, order_] = *static_cast<std::pair<std::vector<Got>*, std::vector<uint64_t>*>*>(ctx);
      order_->push_back(index);
      Got& g = results->at(index);
      g = {r->status,
           std::string(view(r->message)),
           std::string(view(r->text)),
           {r->ids, r->ids + r->id_count},
           {},
           r->prompt_tokens,
           r->computed_tokens,
           r->truncated_tokens,
           r->finish};
      for (uint64_t k = 0; r->score && k < expected_scores; ++k) {
        const sxt_score& s = *r->score[k];
        g.scores.push_back({s.logprob, s.total_logprob, s.token_count, s.total_tokens, s.flags & 1, {}});
        if (s.token_logprob) g.scores.back().token_logprobs.assign(s.token_logprob, s.token_logprob + s.token_count);
      }
    }};
    expected_scores = requests.empty() ? 0 : requests[0].continuation_count;
    last = table_->run(object_, 7, pointers(requests).data(), requests.size(), sink, &error);
    return out;
  }
  std::string plan(const std::vector<sxt_request>& requests) {
    std::string out;
    const sxt_sink sink{&out, [](void* ctx, uint64_t, sxt_str s) { *static_cast<std::string*>(ctx) = view(s); }};
    last = table_->plan(object_, 7, pointers(requests).data(), requests.size(), sink, &error);
    return out;
  }
  std::string chat(std::string_view conversation) {
    std::string out;
    const sxt_sink sink{&out, [](void* ctx, uint64_t, sxt_str s) { *static_cast<std::string*>(ctx) = view(s); }};
    const sxt_str one = borrow(conversation);
    REQUIRE(table_->render_chat(object_, &one, 1, sink, &error) == SXT_OK);
    return out;
  }
  std::vector<int32_t> tokenize(std::string_view text, uint32_t flags) {
    std::vector<int32_t> out;
    const sxt_sink sink{&out, [](void* ctx, uint64_t, sxt_str s) {
      auto& ids = *static_cast<std::vector<int32_t>*>(ctx);
      ids.resize(s.size / 4);
      std::memcpy(ids.data(), s.data, s.size);
    }};
    const sxt_str one = borrow(text);
    REQUIRE(table_->tokenize(object_, &one, 1, flags, sink, &error) == SXT_OK);
    return out;
  }
  sxt_status last = SXT_OK;
  sxt_error error{};
  std::vector<uint64_t> order;

 private:
  static std::vector<const sxt_request*> pointers(const std::vector<sxt_request>& requests) {
    std::vector<const sxt_request*> out;
    for (const sxt_request& request : requests) out.push_back(&request);
    return out;
  }
  static inline uint64_t expected_scores = 0;
  sxt_object* object_ = nullptr;
  const sxt_model_v1* table_ = nullptr;
};

/// Requests that own what they point to.
struct Requests {
  std::vector<std::unique_ptr<std::vector<sxt_str>>> lists;
  std::vector<std::unique_ptr<sxt_sampling>> samplings;
  std::vector<std::unique_ptr<std::string>> texts;
  std::vector<sxt_request> all;

  sxt_str keep(std::string_view text) {
    texts.push_back(std::make_unique<std::string>(text));
    return borrow(*texts.back());
  }
  sxt_request& add(uint32_t ask, std::string_view prefix) {
    sxt_request& request = all.emplace_back();
    request.struct_size = sizeof request;
    request.ask = ask;
    request.prefix = keep(prefix);
    return request;
  }
  sxt_request& score(std::string_view prefix, std::vector<std::string_view> continuations, uint32_t flags = 0) {
    auto list = std::make_unique<std::vector<sxt_str>>();
    for (auto c : continuations) list->push_back(keep(c));
    sxt_request& request = add(SXT_ASK_SCORE, prefix);
    request.flags = flags;
    request.continuation = list->data();
    request.continuation_count = list->size();
    lists.push_back(std::move(list));
    return all.back();
  }
  sxt_sampling& generate(std::string_view prefix, uint32_t max_new_tokens, std::vector<std::string_view> stop = {}) {
    auto list = std::make_unique<std::vector<sxt_str>>();
    for (auto c : stop) list->push_back(keep(c));
    sxt_sampling sampling{};
    sampling.struct_size = sizeof sampling;
    sampling.max_new_tokens = max_new_tokens;
    sampling.top_p = 1;
    sampling.repetition_penalty = 1;
    sampling.stop = list->data();
    sampling.stop_count = list->size();
    samplings.push_back(std::make_unique<sxt_sampling>(sampling));
    add(SXT_ASK_GENERATE, prefix).sampling = samplings.back().get();
    lists.push_back(std::move(list));
    return *samplings.back();
  }
};

}  // namespace

TEST_CASE("sample: the probabilities of all next bytes sum to one") {
  std::vector<std::string> bytes;
  for (int b = 0; b < 256; ++b) bytes.emplace_back(1, static_cast<char>(b));
  Requests r;
  r.score("Question: 1+1=2?\nAnswer: ", std::vector<std::string_view>(bytes.begin(), bytes.end()));
  Backend m;
  const auto got = m.run(r.all);
  REQUIRE(got[0].status == SXT_OK);
  REQUIRE(got[0].scores.size() == 256);
  double sum = 0;
  for (const auto& s : got[0].scores) sum += std::exp(s.logprob);
  CHECK(sum < 1);           // the two special tokens have the rest
  CHECK(sum > 0.95);
}

TEST_CASE("sample: a score is the sum of its tokens, and the whole is prefix and continuation") {
  Requests r;
  r.score("ab", {"cde"}, SXT_REQUEST_TOKEN_LOGPROBS);
  Backend m;
  const auto got = m.run(r.all);
  REQUIRE(got[0].scores.size() == 1);
  const auto& s = got[0].scores[0];
  CHECK(s.tokens == 3);
  CHECK(s.total_tokens == 5);
  REQUIRE(s.token_logprobs.size() == 3);
  CHECK(s.logprob == Approx(s.token_logprobs[0] + s.token_logprobs[1] + s.token_logprobs[2]));
  Requests prefix;
  prefix.score("", {"ab"}).ask = SXT_ASK_WHOLE;
  const auto whole = m.run(prefix.all);
  CHECK(s.total == Approx(whole[0].scores[0].total + s.logprob));
}

TEST_CASE("sample: an empty prefix is scored after the BOS, a whole text from token 2") {
  Requests r;
  r.score("", {"ab"});
  r.score("", {"ab"}).ask = SXT_ASK_WHOLE;
  Backend m;
  const auto got = m.run(r.all);
  CHECK(got[0].scores[0].tokens == 2);
  CHECK(got[0].scores[0].total_tokens == 3);
  CHECK(got[1].scores[0].total_tokens == 2);
}

TEST_CASE("sample: shared prefixes are charged to the first request that has them") {
  Requests r;
  r.score("abcd", {"X", "Y"});
  r.score("abcd", {"X", "Z"});
  r.score("abef", {"X", "X"});
  Backend m, naive(R"({"prefix_reuse": false})");
  const auto got = m.run(r.all);
  CHECK(got[0].prompt_tokens == 10);
  CHECK(got[0].computed_tokens == 6);
  CHECK(got[1].computed_tokens == 1);
  CHECK(got[2].computed_tokens == 3);
  const auto all = naive.run(r.all);
  for (size_t i = 0; i < 3; ++i) {
    CHECK(all[i].computed_tokens == 10);
    for (size_t k = 0; k < 2; ++k) CHECK(all[i].scores[k].logprob == got[i].scores[k].logprob);
  }
  CHECK(m.plan(r.all).find(R"("prompt_tokens":30,"computed_tokens":10)") != std::string::npos);
}

TEST_CASE("sample: neither scores nor counters depend on the schedule") {
  Requests r;
  for (int i = 0; i < 20; ++i) r.score("question " + std::to_string(i % 7) + ": ", {"A", "B"});
  Backend plain, shuffled(R"({"schedule_seed": 3})");
  const auto a = plain.run(r.all), b = shuffled.run(r.all);
  CHECK(plain.order != shuffled.order);
  for (size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].computed_tokens == b[i].computed_tokens);
    CHECK(a[i].scores[1].logprob == b[i].scores[1].logprob);
  }
}

TEST_CASE("sample: a question is answered with one letter and the end") {
  std::map<std::string, int> seen;
  for (int i = 0; i < 40; ++i) {
    Requests r;
    r.generate("第" + std::to_string(i) + "题\n答案: ", 16);
    Backend m;
    const auto got = m.run(r.all);
    REQUIRE(got[0].status == SXT_OK);
    CHECK(got[0].finish == SXT_FINISH_EOS);
    CHECK(got[0].ids.size() == got[0].text.size());
    CHECK(got[0].text.find_first_not_of("ABCD") == std::string::npos);
    CHECK(got[0].text.size() == 1);
    ++seen[got[0].text];
  }
  CHECK(seen.size() == 4);
}

TEST_CASE("sample: greedy generation follows the scores") {
  Requests r;
  r.generate("Once upon a time", 8);
  Backend m;
  const auto text = m.run(r.all)[0].text;
  REQUIRE(text.size() == 8);
  Requests again;
  again.score("Once upon a time", {text});
  CHECK(m.run(again.all)[0].scores[0].greedy == 1);
}

TEST_CASE("sample: sampling depends on seed and id alone") {
  const auto text = [](uint64_t seed, uint64_t id) {
    Requests r;
    sxt_sampling& s = r.generate("Once upon a time", 24);
    s.temperature = 1;
    s.seed = seed;
    s.id = id;
    Backend m;
    return m.run(r.all)[0].text;
  };
  CHECK(text(1, 1) == text(1, 1));
  CHECK(text(1, 1) != text(2, 1));
  CHECK(text(1, 1) != text(1, 2));
}

TEST_CASE("sample: generation ends before a stop text, and at the length") {
  Requests free_, stopped;
  free_.generate("Once upon a time", 12);
  Backend m;
  const auto whole = m.run(free_.all)[0];
  CHECK(whole.finish == SXT_FINISH_LENGTH);
  stopped.generate("Once upon a time", 12, {whole.text.substr(3, 2)});
  const auto cut = m.run(stopped.all)[0];
  CHECK(cut.finish == SXT_FINISH_STOP);
  CHECK(cut.text == whole.text.substr(0, whole.text.find(whole.text.substr(3, 2))));
}

TEST_CASE("sample: a prompt too long loses its left, but never the bytes to keep") {
  Requests r;
  r.score("0123456789", {"AB"}).keep_bytes = 4;
  r.score("0123456789", {"AB"}).keep_bytes = 9;
  r.score("0123456789", {"AB"});
  Backend m(R"({"context_length": 8})");
  const auto got = m.run(r.all);
  CHECK(got[0].status == SXT_OK);
  CHECK(got[0].truncated_tokens == 4);
  CHECK(got[0].scores[0].total_tokens == 8);
  CHECK(got[1].status == SXT_TOO_LONG);
  CHECK(got[2].status == SXT_TOO_LONG);
  CHECK(got[2].message.find("12 tokens") != std::string::npos);
}

TEST_CASE("sample: a request told to fail fails alone") {
  Requests r;
  r.score("good", {"A"});
  r.score("poison here", {"A"});
  Backend m(R"({"fail_on": "poison"})");
  const auto got = m.run(r.all);
  CHECK(m.last == SXT_OK);
  CHECK(got[0].status == SXT_OK);
  CHECK(got[1].status == SXT_BAD_DATA);
  CHECK(got[1].message.find("poison") != std::string::npos);
}

TEST_CASE("sample: a request told to crash takes the process with it") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);  // Catch's own handler would report it
    Requests r;
    r.score("bomb", {"A"});
    Backend m(R"({"crash_on": "bomb"})");
    m.run(r.all);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
}

TEST_CASE("sample: a cancelled run stops") {
  std::atomic<int> polls = 0;
  sxt_host host{sizeof(sxt_host),
                1,
                0,
                0,
                &polls,
                nullptr,
                [](void* ctx, uint64_t call) -> int32_t { return call != 7 || ++*static_cast<std::atomic<int>*>(ctx) > 3; },
                nullptr,
                nullptr};
  Requests r;
  for (int i = 0; i < 9; ++i) r.score("x", {"A"});
  Backend m("{}", &host);
  m.run(r.all);
  CHECK(m.last == SXT_CANCELLED);
  CHECK(m.order.size() == 3);
}

TEST_CASE("sample: what it cannot do is refused by name, and the others go on") {
  Requests r;
  const sxt_part image{sizeof(sxt_part), SXT_PART_IMAGE, {}, borrow("a.png"), borrow("image/png")};
  const sxt_part* const parts[] = {&image};
  const sxt_message message{sizeof(sxt_message), 0, borrow("user"), parts, 1, nullptr, 0, {}};
  const sxt_message* const messages[] = {&message};
  const int32_t id = 1;
  r.add(SXT_ASK_EMBED, "x");
  r.add(99, "x");
  r.add(SXT_ASK_GENERATE, "x");
  r.score("x", {"A"});
  r.all.back().messages = messages, r.all.back().message_count = 1;
  r.score("x", {"A"});
  r.all.back().prefix_ids = {&id, 1};
  r.score("x", {"A"});
  const char* const says[] = {"does nothing else", "does nothing else", "no sampling", "kind image", "token ids"};
  Backend m;
  const auto got = m.run(r.all);
  REQUIRE(m.last == SXT_OK);
  for (size_t i = 0; i < 5; ++i) {
    INFO(i);
    CHECK(got[i].status == SXT_UNSUPPORTED);
    CHECK(got[i].message.find(says[i]) != std::string::npos);
  }
  CHECK(got[5].status == SXT_OK);
}

TEST_CASE("sample: without weights it only tokenizes and renders") {
  Backend m(R"({"weights": null})");
  Requests r;
  r.score("x", {"A"});
  m.run(r.all);
  CHECK(m.last == SXT_UNSUPPORTED);
  CHECK(m.tokenize("a<|eos|>", SXT_REQUEST_ADD_SPECIAL) == std::vector<int32_t>{256, 'a', 257});
  CHECK(m.tokenize("<|eos|>", SXT_REQUEST_SPLIT_SPECIAL).size() == 7);
  CHECK(m.chat(R"({"messages": [{"role": "user", "content": "1\u00e9\"\n\ud83d\ude00"}], "add_generation_prompt": true})") ==
        R"({"text":"<|user|>\n1é\"\n😀\n<|assistant|>\n"})");
  CHECK(m.chat(R"({"messages": [{"role": "user"}]})").find("error") != std::string::npos);
}
