// Tokens to trie, plan and batches: what the scheduler itself does for some thousands of items, on a device that does nothing.
#include <deque>
#include <sextant/sdk.hpp>
#include "../../models/engine/schedule/scheduler.hpp"
#include "paths.hpp"

namespace sextant::perf {
namespace {

using namespace engine;

class Bytes : public Tokenizer {
 public:
  uint32_t vocab_size() const override { return 257; }
  Encoding encode(std::string_view text, EncodeOptions) const override {
    Encoding e;
    for (uint32_t i = 0; i < text.size(); ++i) e.ids.push_back(static_cast<unsigned char>(text[i])), e.end.push_back(i + 1);
    return e;
  }
  std::string decode(std::span<const int32_t> ids, bool) const override { return std::string(ids.begin(), ids.end()); }
  std::optional<std::string> piece(int32_t id) const override { return decode({&id, 1}, false); }
  std::optional<int32_t> bos() const override { return 256; }
  std::optional<int32_t> eos() const override { return 256; }
  const std::vector<int32_t>& end_of_generation() const override { return end_; }
  bool is_special(int32_t id) const override { return id == 256; }

 private:
  std::vector<int32_t> end_{256};
};

class NoDevice : public Device {
 public:
  DeviceLimits limits() const override { return {1024, 4096, 2048, 257}; }
  bool run(const Batch& batch, const std::function<bool()>&, Outputs& ret) override {
    ret.head.assign(batch.head.size(), {1, 'x'});
    ret.target_logits.assign(batch.targets.size(), 0);
    return true;
  }
};

// 500 questions after the same examples: four answers to score each, and 100 of them to continue.
struct Requests {
  std::vector<std::string> prompts;
  std::vector<sxt_str> answers;
  sxt_sampling sampling{};
  std::deque<sxt_request> owned;
  std::vector<const sxt_request*> requests;

  Requests() {
    std::string shots;
    for (int i = 0; i < 5; ++i)
      shots += "Question " + std::to_string(i * 37) + " of the examples?\nA. one\nB. two\nAnswer: A\n\n";
    for (int i = 0; i < 500; ++i)
      prompts.push_back(shots + "Question " + std::to_string(i * 7919 % 10007) + " is asked here?\nAnswer:");
    for (const char* answer : {" A", " B", " C", " D"}) answers.push_back(borrow(answer));
    sampling.struct_size = sizeof sampling;
    sampling.max_new_tokens = 8, sampling.top_p = 1;
    for (size_t i = 0; i < prompts.size(); ++i) {
      sxt_request request{};
      request.struct_size = sizeof request;
      request.prefix = borrow(prompts[i]);
      request.ask = SXT_ASK_SCORE;
      request.continuation = answers.data(), request.continuation_count = answers.size();
      requests.push_back(&owned.emplace_back(request));
      if (i % 5 != 0) continue;
      request.ask = SXT_ASK_GENERATE;
      request.continuation = nullptr, request.continuation_count = 0, request.sampling = &sampling;
      requests.push_back(&owned.emplace_back(request));
    }
  }
};

}  // namespace

void add_schedule(Paths& ret) {
  ret.push_back({"schedule/2100 items", [] {
                   auto requests = std::make_shared<Requests>();
                   return [requests](int) {
                     const Bytes tokenizer;
                     NoDevice device;
                     const auto each = [](uint64_t n, const auto& body) {
                       for (uint64_t i = 0; i < n; ++i) body(i);
                     };
                     const Job job = make_job(
                         requests->requests, tokenizer, {device.limits().context}, true, [](uint32_t) { return 0u; }, each,
                         [] { return false; });
                     plan(job, job.shares[0], device.limits(), {});
                     Device* const devices[] = {&device};
                     run(job, devices, tokenizer, {}, {}, {nullptr, [](void*, uint64_t, const sxt_result*) {}});
                   };
                 }});
}

}  // namespace sextant::perf
