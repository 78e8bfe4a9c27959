#include "pipeline_tokenizer.hpp"
#include "vocabulary_base.hpp"

namespace sextant::engine {
namespace {

class PipelineTokenizer : public VocabularyBase {
 public:
  static Result<std::unique_ptr<Tokenizer>> make(Pipeline pipeline) {
    auto made = std::make_unique<PipelineTokenizer>();
    std::vector<AddedToken> raw, normalized;
    for (AddedToken& token : pipeline.vocabulary.added) {
      if (token.normalized) {  // from here on the normalised form is what it looks like, also to the decoder
        AlignedText content{std::move(token.content), 0, {}};
        pipeline.normalizer.apply(content);
        token.content = std::move(content.bytes);
      }
      (token.normalized ? normalized : raw).push_back(token);
    }
    made->raw_ = AddedTokenFinder(std::move(raw));
    made->normalized_ = AddedTokenFinder(std::move(normalized));
    SXT_CHECK(made->take(std::move(pipeline.vocabulary), pipeline.decoder, pipeline.added_tokens_are_decoded));
    made->normalizer_ = std::move(pipeline.normalizer);
    made->pre_tokenizer_ = std::move(pipeline.pre_tokenizer);
    made->model_ = std::move(pipeline.model);
    return std::unique_ptr<Tokenizer>(std::move(made));
  }

 private:
  void encode_valid(std::string_view text, EncodeOptions options, Encoding& out) const override {
    raw_.scan(
        text, options.split_special,
        [&](size_t begin, size_t end) { encode_section(text.substr(begin, end - begin), begin, options, out); },
        [&](int32_t id, size_t, size_t end) { add(out, id, end); });
  }

  void encode_section(std::string_view section, size_t base, EncodeOptions options, Encoding& out) const {
    AlignedText text{std::string(section), static_cast<uint32_t>(base), {}};
    normalizer_.apply(text);
    if (normalized_.empty()) return encode_plain(std::move(text), out);
    normalized_.scan(
        text.bytes, options.split_special,
        [&](size_t begin, size_t end) {
          Rewriter part(text);
          part.keep(begin, end);
          encode_plain(part.finish_at(end), out);
        },
        [&](int32_t id, size_t, size_t end) { add(out, id, text.origin_of(end)); });
  }

  void encode_plain(AlignedText text, Encoding& out) const {
    if (text.bytes.empty()) return;
    Words words{std::move(text), {}};
    words.spans.push_back({0, words.text.bytes.size()});
    pre_tokenizer_.apply(words);
    std::vector<WordToken> tokens;
    const std::string_view bytes = words.text.bytes;
    for (const Span span : words.spans) {
      tokens.clear();
      model_->encode(bytes.substr(span.begin, span.end - span.begin), tokens);
      for (const WordToken& token : tokens) add(out, token.id, words.text.origin_of(span.begin + token.end));
    }
  }

  AddedTokenFinder raw_, normalized_;
  Normalizer normalizer_;
  PreTokenizer pre_tokenizer_;
  std::unique_ptr<WordModel> model_;
};

}  // namespace

Result<std::unique_ptr<Tokenizer>> make_pipeline_tokenizer(Pipeline pipeline) {
  return PipelineTokenizer::make(std::move(pipeline));
}

}  // namespace sextant::engine
