// Filling a row's columns into a text: "{question}" becomes the row's question. Pure; [any] thread.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::templates {

/// A row as text, in the file's column order.
using Row = std::vector<std::pair<std::string, std::string>>;

/// A JSON value as it stands in a prompt: a string's text; numbers, booleans and null as Python's str() prints them (the
/// convention of the data sets' own prompts); lists and objects as compact JSON.
std::string as_text(const json::Value& value);

/// The row of a JSON object; anything else is an error that names `origin` ("example 2").
Result<Row> row_from_json(std::string_view text, std::string_view origin);

/// The column's text, or null.
const std::string* find_column(const Row& row, std::string_view column);
/// Sets the column's text; a column that the row lacks is added at its end.
void set_column(Row& row, std::string_view column, std::string_view text);

/// One pass from left to right: {column} becomes its text, which is not looked at again; any other brace stays.
std::string substitute_once(std::string_view text, const Row& row);

/// OpenCompass' loop: for each column in row order, every {column} is replaced, also those that an earlier column's text
/// brought in.
std::string substitute_in_sequence(std::string_view text, const Row& row);

}  // namespace sextant::templates
