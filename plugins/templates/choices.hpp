// The options of one row: their labels and texts. Pure.
#pragma once
#include "form.hpp"

namespace sextant::templates {

struct Choice {
  std::string label, text;
};

/// What a text of the card becomes for a record: one pass over {columns} (or OpenCompass' loop), or Jinja; throws PluginError.
std::string filled(const Source& source, const json::Value& record, bool compat);

/// The options of the record; throws DataError where a list is none, or labels and texts differ in number.
std::vector<Choice> choices_of(const Choices& choices, const json::Value& record, bool compat);
/// One line for each option, as Choices::line says.
std::string lines_of(const Choices& choices, const std::vector<Choice>& options);
/// The option whose label is that text, or null.
const Choice* find_choice(const std::vector<Choice>& options, std::string_view label);

}  // namespace sextant::templates
