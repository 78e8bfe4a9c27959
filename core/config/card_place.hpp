// Where a member of a card stands, for messages about what is found wrong after the card was read.
#pragma once
#include <string>

namespace sextant::config {

/// "cards/x.json:12" for the member at a JSON pointer ("/infer/inferencer/tols"), in the card itself or in a file that it
/// extends. Where it stands in none (a flag set it, the card lies elsewhere now): `card_path` as it is.
std::string place_in_card(const std::string& card_path, const std::string& pointer);

}  // namespace sextant::config
