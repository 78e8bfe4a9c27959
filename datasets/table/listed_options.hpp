// Options that stand together: in a list, in an object, in a cell's text, in the question itself. Pure.
#pragma once
#include "options.hpp"

namespace sextant::tables {

/// The options in the column `path`: ["iron", "cork"], [{"label", "text"}], {"text": [..], "label": [..]}, {"A": "iron", "B":
/// "cork"}, or one of these as a cell's text. Those without a label of their own have the letter of their place. Blank ones are
/// left out.
Result<std::vector<Option>> listed_options(const Row& row, const std::string& path);

/// What stands behind the letter that an option's text begins with: "iron" of "A. iron", "(A) iron"; nothing where it is none.
std::optional<std::string_view> behind_letter(std::string_view text, char letter);

/// Whether a column of that name holds options, where it holds a list: "choices", "options" and the like.
bool is_list_name(std::string_view name);

/// The options that a question's own text lists, "... A. iron B. cork": letters from A on, without their texts.
std::vector<Option> options_in(std::string_view question);

}  // namespace sextant::tables
