// A row's text for retrieval: its input columns as Python's str() writes them, joined by one blank, as OpenCompass'
// DatasetReader does. Pure; [any].
#pragma once
#include <span>
#include <string>
#include <sextant/json.hpp>

namespace sextant::retrieve {

/// An error names the column that the record does not have.
Result<std::string> record_text(const json::Value& record, std::span<const std::string> input_columns);

}  // namespace sextant::retrieve
