// Tokens of several sequences on their way through the model: they are collected, computed together, and whoever wanted the
// logits behind one of them is called with the row. Threads: [owner].
#pragma once
#include <functional>
#include <span>
#include <vector>
#include "library.hpp"

namespace sextant::llamacpp {

class Decoder {
 public:
  /// Called between two batches; throws where the call is to end.
  using Between = std::function<void(uint32_t computed)>;
  using Reader = std::function<void(std::span<const float> logits)>;

  explicit Decoder(llama_context& context);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  void between(Between between) { between_ = std::move(between); }
  /// The batch is computed when it is full. `reader`: of the logits behind this token, or null.
  void add(int32_t token, uint32_t position, uint32_t sequence, Reader reader = nullptr);
  /// Computes what was added; readers are called before it returns. Throws PluginError.
  void flush();

  /// Makes `to` begin as `from` does, with its first `tokens` tokens.
  void fork(uint32_t from, uint32_t to, uint32_t tokens);
  /// Forgets what a sequence has from that position on. False: the model cannot, and the whole sequence is forgotten.
  bool cut(uint32_t sequence, uint32_t from);
  void clear();

 private:
  llama_context* context_;
  llama_batch batch_;
  uint32_t capacity_, vocab_;
  std::vector<std::pair<int32_t, Reader>> readers_;  // by row of the batch
  Between between_;
};

}  // namespace sextant::llamacpp
