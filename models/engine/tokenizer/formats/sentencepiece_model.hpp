// A sentencepiece model as data: what a tokenizer.model (protocol buffers, sentencepiece_model.proto) or a GGUF says. Reading
// checks everything that libsentencepiece would take on trust. Pure; [any] thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/result.hpp>

namespace sextant::engine {

/// ModelProto.SentencePiece.Type; GGUF's token types have the same numbers.
enum class PieceKind : uint8_t { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

struct SentencePieceModel {
  struct Piece {
    std::string text;
    float score = 0;
    PieceKind kind = PieceKind::normal;
  };
  std::string origin;         // names the file in errors
  std::vector<Piece> pieces;
  bool unigram = true;        // or BPE
  bool byte_fallback = false, treat_whitespace_as_suffix = false;
  bool add_dummy_prefix = true, remove_extra_whitespaces = true, escape_whitespaces = true;
  bool prefix_once = false;   // the dummy prefix stands before the whole text only, not after every added token
  std::string charsmap;       // precompiled rules; empty: none
};

/// Stands for a piece that libsentencepiece would not take, and that is never to be found in a text.
SentencePieceModel::Piece filling(size_t id);

/// Whether the bytes begin like a tokenizer.model: a piece in field 1.
bool is_sentencepiece_model(std::string_view bytes);
Result<SentencePieceModel> read_sentencepiece_model(std::string_view bytes, const std::string& origin);

/// What libsentencepiece would answer by ending the process, or by reading outside of its memory, is an error here.
Result<void> check_sentencepiece_model(const SentencePieceModel& model);
/// The model as a ModelProto.
std::string serialize(const SentencePieceModel& model);

}  // namespace sextant::engine
