// Which extractors may be tried in another one's place (core/defaults.json).
#pragma once
#include <filesystem>
#include <string>
#include <vector>
#include <sextant/result.hpp>

namespace sextant::config {

/// All of them find the answer of a reply that says it plainly.
struct ExtractorPanel {
  std::vector<std::string> replaces, extractors;
};
Result<std::vector<ExtractorPanel>> read_extractor_panels(const std::filesystem::path& file);

}  // namespace sextant::config
