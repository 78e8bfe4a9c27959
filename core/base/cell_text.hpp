// Texts from outside as a cell of a CSV file or as XML may hold them. Pure; [any] thread.
#pragma once
#include <string>
#include <string_view>

namespace sextant {

/// A cell that no spreadsheet computes: a text that one would take for a formula gets a ' in front. A number stays one, a lone
/// dash stands for "none"; where a list's separator is another, a cell in quotes is one cell all the same.
std::string csv_cell(std::string_view text, bool number);

/// For an attribute or an element. What XML 1.0 cannot hold is shown as printable() does.
std::string xml_text(std::string_view text);

}  // namespace sextant
