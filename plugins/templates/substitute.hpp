// OpenCompass' way to fill a record's columns into a text. The default way is columns::fill of the SDK. Pure; [any] thread.
#pragma once
#include <string>
#include <string_view>
#include <sextant/json.hpp>

namespace sextant::templates {

/// For each column in the record's order, every {column} is replaced, also those that an earlier column's text brought in.
/// Paths such as {choices[0]}, which OpenCompass does not know, are replaced before, in one pass.
std::string substitute_in_sequence(std::string_view text, const json::Value& record);

}  // namespace sextant::templates
