// A text as the pieces of a SentencePiece model: sacreBLEU's tokenizer flores200 is that of one file, which the user names.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/result.hpp>

namespace sextant::metric {

using Pieces = std::function<std::vector<std::string>(std::string_view text)>;
Result<Pieces> pieces_of_model(const std::string& file);

}  // namespace sextant::metric
