// One call of `run`: its requests become token sequences by the engine's rules, scored ones go through the model one after the
// other with what their items share computed once, generations several together. Threads: [owner].
#pragma once
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <span>
#include <vector>
#include <schedule/adjustments.hpp>
#include <schedule/items.hpp>
#include <schedule/sequence.hpp>
#include <sextant/sdk.hpp>
#include "decoder.hpp"

namespace sextant::llamacpp {

/// What a model can hold.
struct Room {
  uint32_t context = 0;    // tokens of one sequence
  uint32_t cells = 0;      // of all sequences together, at least `context`
  uint32_t sequences = 1;  // at once, in addition to the trunk
  bool forks = true;       // a sequence can begin as another does; not with recurrent states
};

/// Sequence 0: the tokens that the next prompts are likely to begin with, from one call to the next.
using Trunk = std::vector<int32_t>;

class Run {
 public:
  Run(Decoder& decoder, Trunk& trunk, const Room& room, const engine::Tokenizer& tokenizer,
      std::span<const sxt_request* const> requests, const sxt_result_sink& sink);
  /// `go_on` is called after each batch with the tokens computed so far and throws where the call is to end.
  void all(const std::function<void(uint64_t computed)>& go_on);

 private:
  struct Learnt {  // of an item that is scored
    std::vector<float> logprob;  // [tokens]
    std::vector<uint8_t> best;   // [tokens]
    std::vector<float> mean, variance;  // [tokens], where they are wanted
  };
  struct Live {  // a generation
    size_t request;
    engine::Sequence sequence;
    std::optional<engine::Adjustments> adjustments;
    int32_t token = 0;      // the last one
    uint32_t position = 0;  // where it stands
    uint32_t id, reserved, prompt, computed;
    bool over = false, broken = false;
  };

  void score(size_t request);
  void score_items(size_t request, std::span<const engine::Item> items, std::span<Learnt> learnt);
  void score_rests(std::span<const engine::Item> items, std::span<Learnt> learnt, uint32_t shared, uint32_t first);
  static void learn(std::span<const engine::Item> items, std::span<Learnt> learnt, uint32_t position,
                    std::span<const float> logits);
  void deliver_scores(size_t request, std::span<const Learnt> learnt);

  void generate();
  bool admit(size_t request, const std::vector<int32_t>* next);
  void replace_trunk(const Live& live, const std::vector<int32_t>& prompt, uint32_t length);
  void pick(Live& live, std::span<const float> logits);
  void deliver(const Live& live);

  void add(int32_t token, uint32_t position, uint32_t sequence, Decoder::Reader reader = nullptr);
  uint32_t trunk_of(std::span<const int32_t> tokens) const;
  void forget_trunk();
  sxt_result result_of(size_t request) const;
  void fail(size_t request, sxt_status status, const std::string& why);
  bool is_generation(size_t request) const { return requests_[request]->ask == SXT_ASK_GENERATE; }
  uint32_t new_tokens(size_t request) const;

  Decoder& decoder_;
  Trunk& trunk_;
  const Room room_;
  const engine::Tokenizer& tokenizer_;
  std::span<const sxt_request* const> requests_;
  sxt_result_sink sink_;
  std::vector<engine::RequestItems> items_;  // [requests]
  std::list<Live> live_;
  std::vector<uint32_t> free_;  // sequences
  uint32_t reserved_ = 0;       // cells of the live generations
  uint32_t added_ = 0;          // tokens that the present request had computed
  std::vector<float> adjusted_;
};

}  // namespace sextant::llamacpp
