// What a card may do with rows before their columns are named: columns that stand in files of their own, one row for each item
// of a list inside it or for each order of its options, and rows that are left out. docs/cards.md lists the keys.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>
#include "rows.hpp"

namespace sextant::tables {

/// "beside": each line of a split's further file is a column of the row at its place. Exactly one line for each row.
Result<void> add_columns_beside(const std::filesystem::path& folder, const json::Value& config, std::string_view split,
                                Allocator& allocator, std::vector<Row>& rows);

/// "texts": columns that hold a whole file's text, the same in every row: a task's own instructions.
Result<void> add_texts(const std::filesystem::path& folder, const json::Value& config, std::string_view split,
                       Allocator& allocator, std::vector<Row>& rows);

/// "unfold": for each path in its turn, a row becomes one for each item of the list there. The members of an item that is an
/// object become the row's; another item stands under the path's last name. The list itself goes.
/// `context`: the row also gets "place", the item's number from 1, and "before", the items before it.
Result<void> unfold(const std::vector<std::string>& paths, bool context, Allocator& allocator, std::vector<Row>& rows);

/// "where": rows for which the Jinja expression does not hold are left out.
Result<void> keep_where(const std::string& expression, std::vector<Row>& rows);

/// "number": a column with each row's place among those that are left, from 0 on.
Result<void> number_rows(const std::string& column, Allocator& allocator, std::vector<Row>& rows);

/// "circular": a row becomes one for each order of its options, so that a model must find the answer wherever it stands. Adds
/// circular_id (the row's place) and circular_pattern ("BCDA": which option stands at each letter).
Result<void> turn_options(const json::Value& config, Allocator& allocator, std::vector<Row>& rows);

/// The lines of a text, without their ends; what stands behind the last line feed is a line only if it is not empty.
std::vector<std::string_view> lines_of(std::string_view text);

}  // namespace sextant::tables
