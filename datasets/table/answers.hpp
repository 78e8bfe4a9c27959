// What the answers of a multiple-choice file mean: labels, options' texts, or numbers; one meaning for the whole file. Pure.
#pragma once
#include "options.hpp"

namespace sextant::tables {

/// The label of each row's answer. `options`: [rows]; where the file's user says so, `first_index`: what the number of the first
/// option is, and `meant`: "labels" or "texts". An Error names the row whose answer is none, or what the answers may mean where it is more than one thing.
Result<std::vector<std::string>> labels_of_answers(const std::vector<Row>& rows, const std::string& column,
                                                   const OptionSource& source, const std::vector<std::vector<Option>>& options,
                                                   std::optional<int64_t> first_index, const std::string& meant,
                                                   std::string& ret_meaning);

/// "q.csv:3: id 7: ", where the row has an id.
std::string place_of(const Row& row);

}  // namespace sextant::tables
