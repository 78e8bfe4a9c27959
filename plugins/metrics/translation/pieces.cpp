#include "pieces.hpp"
#include <memory>
#include <sentencepiece_processor.h>

namespace sextant::metric {

Result<Pieces> pieces_of_model(const std::string& file) {
  auto model = std::make_shared<sentencepiece::SentencePieceProcessor>();
  if (const auto status = model->Load(file); !status.ok())
    return Error{Error::Kind::config,
                 "bleu: " + file + " is no SentencePiece model that can be read (" + status.ToString() +
                     "); flores200's is flores200_sacrebleu_tokenizer_spm.model, which sacreBLEU keeps in ~/.sacrebleu/models"};
  return Pieces([model](std::string_view text) {
    std::vector<std::string> out;
    model->Encode({text.data(), text.size()}, &out).IgnoreError();
    return out;
  });
}

}  // namespace sextant::metric
