#include "llama_tokenizer.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <sextant/sdk.hpp>

namespace sextant::llamacpp {

LlamaTokenizer::LlamaTokenizer(const llama_model& model)
    : vocab_(llama_model_get_vocab(&model)),
      drops_blank_(llama_vocab_type(vocab_) == LLAMA_VOCAB_TYPE_SPM &&
                   metadata(model, "tokenizer.ggml.add_space_prefix") != "false") {
  for (int32_t id = 0; id < llama_vocab_n_tokens(vocab_); ++id)
    if (llama_vocab_is_eog(vocab_, id)) end_.push_back(id);
}

std::string LlamaTokenizer::bytes(int32_t id) const {
  std::string out(32, '\0');
  int32_t size = llama_token_to_piece(vocab_, id, out.data(), static_cast<int32_t>(out.size()), 0, true);
  if (size < 0) {
    out.resize(static_cast<size_t>(-size));
    size = llama_token_to_piece(vocab_, id, out.data(), static_cast<int32_t>(out.size()), 0, true);
  }
  out.resize(static_cast<size_t>(std::max(0, size)));
  return out;
}

// The library says no places. A token's piece is found in the text where the one before ended; a blank that the tokenizer puts
// in front is passed over, and so is what it changed.
engine::Encoding LlamaTokenizer::encode(std::string_view text, engine::EncodeOptions options) const {
  engine::Encoding out;
  out.ids.resize(text.size() + 8);
  const auto encode = [&] {
    return llama_tokenize(vocab_, text.data(), static_cast<int32_t>(text.size()), out.ids.data(),
                          static_cast<int32_t>(out.ids.size()), options.add_special, !options.split_special);
  };
  int32_t count = encode();
  if (count < 0 && count != INT32_MIN) {
    out.ids.resize(static_cast<size_t>(-int64_t{count}));
    count = encode();
  }
  if (count < 0) throw DataError(fmt::format("a text of {} bytes cannot be tokenised by libllama", text.size()));
  out.ids.resize(static_cast<size_t>(count));
  out.end.reserve(out.ids.size());
  size_t at = 0, first = 0;
  if (options.add_special && !out.ids.empty() && llama_vocab_get_add_bos(vocab_) && out.ids[0] == llama_vocab_bos(vocab_)) {
    out.end.push_back(0);
    first = 1;
  }
  constexpr size_t changed_most = 16;  // bytes of the text that no piece has, before the next piece
  for (size_t i = first; i < out.ids.size(); ++i) {
    const std::string whole = bytes(out.ids[i]);
    std::string_view piece = whole;
    if (!text.substr(at).starts_with(piece)) {
      if (piece.starts_with(' ') && text.substr(at).starts_with(piece.substr(1))) piece.remove_prefix(1);
      else if (const size_t found = piece.empty() ? text.npos : text.substr(0, at + changed_most + piece.size()).find(piece, at);
               found != text.npos)
        at = found;
      else
        piece = {};
    }
    at += piece.size();
    out.end.push_back(static_cast<uint32_t>(at));
  }
  // an EOS that was added, and a last token that is not spelt as the text, end where the text does
  if (out.end.size() > first) out.end.back() = static_cast<uint32_t>(text.size());
  return out;
}

std::string LlamaTokenizer::decode(std::span<const int32_t> ids, bool skip_special) const {
  std::string out(ids.size() * 8 + 16, '\0');
  const auto decode = [&] {
    return llama_detokenize(vocab_, ids.data(), static_cast<int32_t>(ids.size()), out.data(), static_cast<int32_t>(out.size()),
                            false, !skip_special);
  };
  int32_t size = decode();
  if (size < 0) {
    out.resize(static_cast<size_t>(-size));
    size = decode();
  }
  out.resize(static_cast<size_t>(std::max(0, size)));
  return out;
}

std::string LlamaTokenizer::decode_next(int32_t id, bool& first) const {
  std::string out = bytes(id);
  if (first && drops_blank_ && out.starts_with(' ')) out.erase(0, 1);
  first = false;
  return out;
}

std::optional<std::string> LlamaTokenizer::piece(int32_t id) const {
  if (id < 0 || id >= llama_vocab_n_tokens(vocab_)) return std::nullopt;
  return bytes(id);
}

}  // namespace sextant::llamacpp
