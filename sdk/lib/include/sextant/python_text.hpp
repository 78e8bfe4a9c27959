// Values as Python writes them: str() and repr() for the texts that lm-eval makes of everything, and json.dumps for the hashes
// that it makes of rows. Values that jinja's limits refuse (nesting, size) come out as JSON. Pure. Threads: [any].
#pragma once
#include <string>
#include <sextant/json.hpp>

namespace sextant {

/// repr(value) of a float: the fewest digits that read back the same, with an exponent below 1e-4 and from 1e16 on.
std::string python_float(double value);

/// str(value): a text as it is, everything else as repr() has it.
std::string python_str(const json::Value& value);

/// json.dumps(value, indent=2, ensure_ascii=False).
std::string python_dumps(const json::Value& value);

}  // namespace sextant
