#include "sentencepiece_tokenizer.hpp"
#include <fmt/format.h>
#include <sentencepiece_processor.h>
#include "../vocabulary_base.hpp"

namespace sextant::engine {
namespace {

constexpr std::string_view blank = "\xE2\x96\x81";  // U+2581, how pieces write a blank

class SentencePieceTokenizer : public VocabularyBase {
 public:
  static Result<std::unique_ptr<Tokenizer>> make(const SentencePieceModel& model, VocabularyTables tables) {
    auto made = std::make_unique<SentencePieceTokenizer>();
    const auto status = made->processor_.LoadFromSerializedProto(serialize(model));
    if (!status.ok())
      return Error{Error::Kind::data,
                   fmt::format("{}: libsentencepiece refuses the model: {}", model.origin, status.ToString())};
    made->prefix_once_ = model.prefix_once && model.add_dummy_prefix;
    Decoder decoder;
    if (model.add_dummy_prefix || model.remove_extra_whitespaces) {
      decoder.add([](std::string& token, bool first) {
        if (first && token.starts_with(blank)) token.erase(0, blank.size());
      });
    }
    decoder.first_until_text = model.remove_extra_whitespaces;
    decoder.add(replace_all(std::string(blank), " "));
    decoder.add(decode_byte_token);
    made->added_ = AddedTokenFinder(tables.added);
    SXT_CHECK(made->take(std::move(tables), decoder, false));
    return std::unique_ptr<Tokenizer>(std::move(made));
  }

 private:
  void encode_valid(std::string_view text, EncodeOptions options, Encoding& out) const override {
    added_.scan(
        text, options.split_special,
        [&](size_t begin, size_t end) { encode_part(text.substr(begin, end - begin), begin, out); },
        [&](int32_t id, size_t, size_t end) { add(out, id, end); });
  }

  void encode_part(std::string_view part, size_t begin, Encoding& out) const {
    const bool prefixed = prefix_once_ && begin == 0;
    const size_t prefix = prefixed ? blank.size() : 0;
    const auto pieces = processor_.EncodeAsImmutableProto(prefixed ? std::string(blank).append(part) : std::string(part));
    for (size_t i = 0; i < pieces.pieces_size(); ++i) {
      const auto piece = pieces.pieces(static_cast<int>(i));
      add(out, static_cast<int32_t>(piece.id()), begin + std::max<size_t>(piece.end(), prefix) - prefix);
    }
  }

  sentencepiece::SentencePieceProcessor processor_;
  AddedTokenFinder added_;
  bool prefix_once_ = false;
};

}  // namespace

Result<std::unique_ptr<Tokenizer>> make_sentencepiece_tokenizer(SentencePieceModel model, VocabularyTables tables) {
  SXT_CHECK(check_sentencepiece_model(model));
  try {
    return SentencePieceTokenizer::make(model, std::move(tables));
  } catch (const std::exception& e) {  // the library's trie throws what it cannot build
    return Error{Error::Kind::data, fmt::format("{}: libsentencepiece refuses the model: {}", model.origin, e.what())};
  }
}

}  // namespace sextant::engine
