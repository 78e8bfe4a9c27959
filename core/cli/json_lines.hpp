// JSON lines from stdin or a file, for the commands that read them.
#pragma once
#include <string>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::cli {

struct JsonLine {
  size_t number = 0;      // in the input, from 1; blank lines are counted and passed over
  json::Document object;
};

/// Every line as an object; blank lines are passed over. `input` "" or "-" is stdin. An error names the line.
Result<std::vector<JsonLine>> read_json_lines(const std::string& input);

}  // namespace sextant::cli
