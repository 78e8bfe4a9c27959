#include "sentencepiece_model.hpp"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>
#include <fmt/format.h>
#include <sextant/utf8.hpp>
#include "../text/charsmap.hpp"
#include "../words/word_model.hpp"
#include "protobuf.hpp"

namespace sextant::engine {
namespace {

constexpr size_t pieces_max = 1 << 22;

// Field numbers of sentencepiece_model.proto
namespace field {
enum : uint32_t { pieces = 1, trainer_spec = 2, normalizer_spec = 3 };
enum : uint32_t { piece = 1, score = 2, type = 3 };
enum : uint32_t { model_type = 3, treat_whitespace_as_suffix = 24, byte_fallback = 35 };
enum : uint32_t { charsmap = 2, add_dummy_prefix = 3, remove_extra_whitespaces = 4, escape_whitespaces = 5 };
}  // namespace field
enum : uint64_t { unigram = 1, bpe = 2 };  // TrainerSpec.ModelType

bool read_piece(std::string_view bytes, SentencePieceModel::Piece& piece) {
  protobuf::Reader reader(bytes);
  while (reader.next()) {
    if (reader.number == field::piece) piece.text = reader.bytes;
    if (reader.number == field::score) piece.score = reader.real();
    if (reader.number == field::type) {
      if (reader.value < 1 || reader.value > 6) return false;
      piece.kind = static_cast<PieceKind>(reader.value);
    }
  }
  return reader.sound();
}

bool read_trainer(std::string_view bytes, SentencePieceModel& model, uint64_t& type) {
  protobuf::Reader reader(bytes);
  while (reader.next()) {
    if (reader.number == field::model_type) type = reader.value;
    if (reader.number == field::treat_whitespace_as_suffix) model.treat_whitespace_as_suffix = reader.value != 0;
    if (reader.number == field::byte_fallback) model.byte_fallback = reader.value != 0;
  }
  return reader.sound();
}

bool read_normalizer_spec(std::string_view bytes, SentencePieceModel& model) {
  protobuf::Reader reader(bytes);
  while (reader.next()) {
    if (reader.number == field::charsmap) model.charsmap = reader.bytes;
    if (reader.number == field::add_dummy_prefix) model.add_dummy_prefix = reader.value != 0;
    if (reader.number == field::remove_extra_whitespaces) model.remove_extra_whitespaces = reader.value != 0;
    if (reader.number == field::escape_whitespaces) model.escape_whitespaces = reader.value != 0;
  }
  return reader.sound();
}

Error damaged(std::string_view origin, std::string_view what) {
  return {Error::Kind::data, fmt::format("{}: {}; take the model's tokenizer.model anew", origin, what)};
}

}  // namespace

SentencePieceModel::Piece filling(size_t id) { return {fmt::format("[FILLING_{}]", id), 0, PieceKind::unused}; }

bool is_sentencepiece_model(std::string_view bytes) {
  protobuf::Reader reader(bytes.substr(0, std::min<size_t>(bytes.size(), 4096)));
  SentencePieceModel::Piece piece;
  return reader.next() && reader.number == field::pieces && !reader.bytes.empty() && read_piece(reader.bytes, piece) &&
         !piece.text.empty();
}

Result<SentencePieceModel> read_sentencepiece_model(std::string_view bytes, const std::string& origin) {
  SentencePieceModel model;
  model.origin = origin;
  uint64_t type = unigram;
  protobuf::Reader reader(bytes);
  bool sound = true;
  while (sound && reader.next()) {
    if (reader.number == field::pieces)
      sound = read_piece(reader.bytes, model.pieces.emplace_back()) && model.pieces.size() <= pieces_max;
    if (reader.number == field::trainer_spec) sound = read_trainer(reader.bytes, model, type);
    if (reader.number == field::normalizer_spec) sound = read_normalizer_spec(reader.bytes, model);
  }
  if (!sound || !reader.sound()) return damaged(origin, "this is not a sentencepiece model, or a damaged one");
  // sentencepiece 0.2.1 and later leave a NUL that is a piece to the byte tokens (older ones found it)
  for (size_t i = 0; i < model.pieces.size(); ++i)
    if (model.byte_fallback && model.pieces[i].text == std::string_view("\0", 1)) model.pieces[i] = filling(i);
  if (type != unigram && type != bpe) return damaged(origin, "only sentencepiece's unigram and bpe models are supported");
  model.unigram = type == unigram;
  return model;
}

Result<void> check_sentencepiece_model(const SentencePieceModel& model) {
  if (model.pieces.empty() || model.pieces.size() > pieces_max)
    return damaged(model.origin, "the model has no pieces, or too many");
  std::set<std::string_view> seen;
  size_t unknown = 0, bytes = 0;
  for (size_t i = 0; i < model.pieces.size(); ++i) {
    const SentencePieceModel::Piece& piece = model.pieces[i];
    const char* what = piece.text.empty()                                                           ? "is empty"
                       : piece.text.find('\0') != piece.text.npos                                   ? "holds a NUL"
                       : utf8::valid_prefix(piece.text) != piece.text.size()                        ? "is not UTF-8"
                       : !std::isfinite(piece.score)                                                ? "has no finite score"
                       : piece.kind == PieceKind::byte && byte_of_token(piece.text) < 0             ? "is not a byte"
                       : !seen.insert(piece.text).second                                            ? "stands there twice"
                                                                                                    : nullptr;
    if (what) return damaged(model.origin, fmt::format("piece {} {}", i, what));
    unknown += piece.kind == PieceKind::unknown;
    bytes += piece.kind == PieceKind::byte;
  }
  if (unknown != 1) return damaged(model.origin, fmt::format("{} pieces are the unknown one, not 1", unknown));
  if (model.byte_fallback ? bytes != 256 : bytes != 0) return damaged(model.origin, fmt::format("{} pieces are bytes", bytes));
  if (!model.charsmap.empty())
    if (const auto map = Charsmap::read(model.charsmap); !map) return damaged(model.origin, map.error().message);
  return {};
}

std::string serialize(const SentencePieceModel& model) {
  protobuf::Writer out;
  for (const SentencePieceModel::Piece& piece : model.pieces) {
    protobuf::Writer p;
    p.bytes(field::piece, piece.text);
    p.real(field::score, piece.score);
    p.varint(field::type, static_cast<uint64_t>(piece.kind));
    out.bytes(field::pieces, p.text);
  }
  protobuf::Writer trainer, normalizer;
  trainer.varint(field::model_type, model.unigram ? unigram : bpe);
  trainer.varint(field::treat_whitespace_as_suffix, model.treat_whitespace_as_suffix);
  trainer.varint(field::byte_fallback, model.byte_fallback);
  normalizer.bytes(field::charsmap, model.charsmap);
  normalizer.varint(field::add_dummy_prefix, model.add_dummy_prefix && !model.prefix_once);
  normalizer.varint(field::remove_extra_whitespaces, model.remove_extra_whitespaces);
  normalizer.varint(field::escape_whitespaces, model.escape_whitespaces);
  out.bytes(field::trainer_spec, trainer.text);
  out.bytes(field::normalizer_spec, normalizer.text);
  return std::move(out.text);
}

}  // namespace sextant::engine
