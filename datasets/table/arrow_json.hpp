// A row of an Arrow batch as JSON, with the values that Python's `datasets` gives: dates and times as Python prints them, numbers
// as they are, lists and structs as lists and objects. Reads the C data interface; knows nothing of Arrow's library.
#pragma once
#include <string>
#include <vector>
#include <sextant/json.hpp>
#include "../arrow/arrow_stream.h"

namespace sextant::tables {

/// Whether values of that type have a JSON form that a prompt can show; pictures and other bytes have none.
bool is_readable(const ArrowSchema& type);
/// Row `row` of a batch whose columns are the children of `type`, as an object. The batch was validated.
void write_row(const ArrowSchema& type, const ArrowArray& batch, int64_t row, json::Writer& writer);

}  // namespace sextant::tables
