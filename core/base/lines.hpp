// A file of lines, one at a time, whatever its size.
#pragma once
#include <filesystem>
#include <functional>
#include <string_view>
#include <sextant/result.hpp>

namespace sextant {

/// Gives each line without its LF, and a last one without LF; blank lines are passed over. Ends with the first Error that `use`
/// returns.
Result<void> each_line(const std::filesystem::path& path, const std::function<Result<void>(std::string_view line)>& use);

}  // namespace sextant
