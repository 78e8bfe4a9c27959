// Turns of conversations on devices that only hash.
#pragma once
#include <random>
#include "fakes.hpp"

namespace fakes {

inline constexpr uint32_t context = 320;
// Devices whose pages outlive the calls.
struct Engine {
  std::vector<std::unique_ptr<HashDevice>> owned;
  std::vector<Device*> devices;
  Retained retained;
  const Bytes tokenizer;
  explicit Engine(uint32_t pages, size_t n = 1) {
    for (size_t i = 0; i < n; ++i)
      devices.push_back(owned.emplace_back(std::make_unique<HashDevice>(DeviceLimits{64, pages, context, 259})).get());
    retained = retained_for(devices);
  }
  std::vector<Got> run(const Requests& requests, const ScheduleOptions& options = {16, 0},
                       const RopeLength& rope_length = no_rope_length) {
    return run_all(requests.all(), devices, tokenizer, options, true, rope_length, retained);
  }
  Got run(const std::string& prompt, uint32_t new_tokens, uint32_t flags) {
    Requests requests;
    requests.generate(prompt, new_tokens, {}, flags);
    return run(requests)[0];
  }
};

inline std::vector<Got> from_scratch(const Requests& requests, const RopeLength& rope_length = no_rope_length) {
  HashDevice device({64, 4000, context, 259});
  return run_all(requests.all(), device, Bytes(), {16, 0}, true, rope_length);
}

inline void check_same(const std::vector<Got>& a, const std::vector<Got>& b) {
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    CAPTURE(i);
    REQUIRE(a[i].puts == 1);
    REQUIRE(a[i].status == b[i].status);
    REQUIRE(a[i].text == b[i].text);
    REQUIRE(a[i].ids == b[i].ids);
    REQUIRE(a[i].finish == b[i].finish);
    REQUIRE(a[i].prompt_tokens == b[i].prompt_tokens);
    REQUIRE(a[i].token_logprobs == b[i].token_logprobs);
  }
}

// How many tokens of its prompt and its reply have keys and values once a generation is over.
inline uint32_t written(const Got& got) {
  return got.prompt_tokens + static_cast<uint32_t>(got.ids.size()) - (got.finish != SXT_FINISH_EOS);
}

// What a user says: letters that make one token each.
inline std::string words(std::mt19937_64& random, size_t most) {
  std::string text;
  for (auto n = 1 + random() % most; n > 0; --n) text += static_cast<char>('c' + random() % 3);
  return text;
}

// One text that grows by a reply and a question in each turn, and starts anew where the context is full.
struct Conversation {
  std::string text;
  void go_on(const Got& got, const std::string& question) { text += got.text + question; }
};

}  // namespace fakes
