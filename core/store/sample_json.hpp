// Sample <-> JSON, complete and lossless: the journal's line. Doubles are written with as many digits as it takes to read the
// same bits back (17 at most). A prediction that is no UTF-8 (a backend's fault) is kept with U+FFFD for what is broken.
#pragma once
#include "sample.hpp"

namespace sextant::store {

std::string to_line(const Sample& sample);                       // without the LF
Result<Sample> sample_from_line(std::string_view line);

/// A JSON text as a value of `allocator`; broken text becomes a JSON string, so that nothing is lost.
json::Value embed(const std::string& json_text, json::Document::AllocatorType& allocator);

}  // namespace sextant::store
