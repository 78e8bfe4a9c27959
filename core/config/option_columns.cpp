#include "option_columns.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <sextant/json.hpp>

namespace sextant::config {
namespace {

// "{A}" names a column; anything else does not.
std::string column_in(const json::Value& text) {
  const std::string whole = text.IsString() ? std::string(json::text(text)) : "";
  return whole.size() > 2 && whole.front() == '{' && whole.back() == '}' && whole.find('{', 1) == whole.npos
             ? whole.substr(1, whole.size() - 2)
             : "";
}

}  // namespace

std::vector<std::string> option_columns(const DatasetConfig& set) {
  std::vector<std::string> out;
  const auto config = json::parse(set.template_.config, set.card_path);
  const json::Value* choices = config ? json::find(*config, "choices") : nullptr;
  if (const json::Value* texts = choices ? json::find(*choices, "texts") : nullptr) {
    if (texts->IsString()) out = {column_in(*texts)};
    else if (texts->IsArray())
      for (const auto& one : texts->GetArray()) out.push_back(column_in(one));
    const bool columns = std::none_of(out.begin(), out.end(), [](const auto& name) { return name.empty(); });
    return columns ? out : std::vector<std::string>();
  }
  const auto has = [&](const std::string& name) {
    return std::find(set.input_columns.begin(), set.input_columns.end(), name) != set.input_columns.end();
  };
  for (const std::string& first : set.input_columns) {
    if (first.back() != 'A') continue;
    const std::string stem = first.substr(0, first.size() - 1);
    for (char letter = 'A'; letter <= 'Z' && has(stem + letter); ++letter) out.push_back(stem + letter);
    if (out.size() > 1) return out;
    out.clear();
  }
  for (const char* list : {"choices", "options"})
    if (has(list)) return {list};
  const auto shown = [&](char letter) { return set.template_.config.find(fmt::format("{{{}}}", letter)) != std::string::npos; };
  for (char letter = 'A'; letter <= 'Z' && shown(letter); ++letter) out.emplace_back(1, letter);
  return out.size() > 1 ? out : std::vector<std::string>();
}

}  // namespace sextant::config
