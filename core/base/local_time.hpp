// The wall clock as text, for names, logs and dates in prompts. [any] thread.
#pragma once
#include <ctime>
#include <string>

namespace sextant {

/// Now, local, in strftime's `format` (63 bytes at most).
inline std::string local_time(const char* format) {
  char text[64];
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  return {text, std::strftime(text, sizeof text, format, &local)};
}

}  // namespace sextant
