// Files of cells: which separator they have, whether they have a header, and their rows. Pure.
#pragma once
#include "rows.hpp"

namespace sextant::tables {

/// Appends the rows of a CSV text. `expected`: the separator where the text does not say otherwise: by a first line "sep=;", as
/// spreadsheets write it, or by a header that has another one and not this one.
Result<void> add_delimited(std::string_view text, const std::string& origin, char expected, const Reading& reading,
                           Allocator& a, std::vector<Row>& ret_rows, std::vector<std::string>& ret_notes);

/// The columns of a multiple-choice table without a header, or nothing where it has one: question, A, B, ..., answer, with a
/// row number in front of them or not. Such a table is known by its last cells, the first row's too, which are all letters of
/// options.
std::vector<std::string> columns_without_header(const std::vector<csv::Row>& rows);

}  // namespace sextant::tables
