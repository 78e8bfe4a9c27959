// What an answer is compared with. Pure; [any] thread.
#pragma once
#include <string>
#include <vector>
#include <sextant/columns.hpp>
#include <sextant/json.hpp>

namespace sextant::metric {

/// The answers of a reference, as a prompt shows the values (True, 0.5): of a list each member's, else `text`, the whole one's.
inline Result<std::vector<std::string>> answers_of(std::string_view reference_json, const std::string& text) {
  if (!reference_json.starts_with('[')) return std::vector{text};
  SXT_TRY(const json::Document reference, json::parse(reference_json, "reference"));
  std::vector<std::string> out;
  for (const auto& answer : reference.GetArray()) out.push_back(columns::as_text(answer));
  return out;
}

}  // namespace sextant::metric
