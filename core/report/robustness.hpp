// How far scores depend on what should not matter, as a run's variants show it (compare/robustness.hpp). Pure.
#pragma once
#include <string>
#include <sextant/json.hpp>
#include "report.hpp"

namespace sextant::report {

/// What stands under the table of a run with variants, or nothing; the same as a list.
std::string robustness_text(const Table& table);
json::Value robustness_json(const Table& table, json::Document::AllocatorType& allocator);

}  // namespace sextant::report
