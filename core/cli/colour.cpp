#include "colour.hpp"
#include <cstdlib>
#include <fmt/format.h>
#include <string_view>
#include <unistd.h>

namespace sextant::cli {

Result<bool> wants_colour(const std::string& flag) {
  if (flag == "always" || flag == "never") return flag == "always";
  if (!flag.empty() && flag != "auto")
    return Error{Error::Kind::usage, fmt::format("--color is '{}'; it must be auto, always or never", flag)};
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string_view(value ? value : "");
  };
  return ::isatty(STDOUT_FILENO) == 1 && variable("NO_COLOR").empty() && variable("TERM") != "dumb";
}

}  // namespace sextant::cli
