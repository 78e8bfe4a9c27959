#include "decoder.hpp"
#include <utility>
#include <fmt/format.h>
#include <sextant/sdk.hpp>

namespace sextant::llamacpp {

Decoder::Decoder(llama_context& context)
    : context_(&context),
      batch_(llama_batch_init(static_cast<int32_t>(llama_n_batch(&context)), 0, 1)),
      capacity_(llama_n_batch(&context)),
      vocab_(static_cast<uint32_t>(llama_vocab_n_tokens(llama_model_get_vocab(llama_get_model(&context))))) {}
Decoder::~Decoder() { llama_batch_free(batch_); }

void Decoder::add(int32_t token, uint32_t position, uint32_t sequence, Reader reader) {
  const int32_t row = batch_.n_tokens++;
  batch_.token[row] = token;
  batch_.pos[row] = static_cast<llama_pos>(position);
  batch_.n_seq_id[row] = 1;
  batch_.seq_id[row][0] = static_cast<llama_seq_id>(sequence);
  batch_.logits[row] = reader != nullptr;
  if (reader) readers_.emplace_back(row, std::move(reader));
  if (static_cast<uint32_t>(batch_.n_tokens) == capacity_) flush();
}

void Decoder::flush() {
  if (batch_.n_tokens == 0) return;
  const auto tokens = static_cast<uint32_t>(std::exchange(batch_.n_tokens, 0));
  const auto readers = std::exchange(readers_, {});
  llama_batch batch = batch_;
  batch.n_tokens = static_cast<int32_t>(tokens);
  const int32_t status = llama_decode(context_, batch);
  if (status == 1) throw PluginError(SXT_NO_MEMORY, "the KV cache is full; give a greater kv_tokens or a smaller batch_size");
  if (status != 0)
    throw PluginError(SXT_INTERNAL, fmt::format("libllama failed at a batch of {} tokens (llama_decode: {}): {}", tokens, status,
                                                last_complaint()));
  for (const auto& [row, reader] : readers) {
    const float* logits = llama_get_logits_ith(context_, row);
    if (!logits) throw PluginError(SXT_INTERNAL, "libllama gave no logits for a token whose logits were asked for");
    reader({logits, vocab_});
  }
  if (between_) between_(tokens);
}

void Decoder::fork(uint32_t from, uint32_t to, uint32_t tokens) {
  const llama_memory_t memory = llama_get_memory(context_);
  llama_memory_seq_rm(memory, static_cast<llama_seq_id>(to), -1, -1);
  if (tokens > 0)
    llama_memory_seq_cp(memory, static_cast<llama_seq_id>(from), static_cast<llama_seq_id>(to), 0,
                        static_cast<llama_pos>(tokens));
}

bool Decoder::cut(uint32_t sequence, uint32_t from) {
  const llama_memory_t memory = llama_get_memory(context_);
  const auto id = static_cast<llama_seq_id>(sequence);
  if (llama_memory_seq_rm(memory, id, static_cast<llama_pos>(from), -1)) return true;
  llama_memory_seq_rm(memory, id, -1, -1);
  return from == 0;
}

void Decoder::clear() {
  batch_.n_tokens = 0;
  readers_.clear();
  llama_memory_clear(llama_get_memory(context_), false);
}

}  // namespace sextant::llamacpp
