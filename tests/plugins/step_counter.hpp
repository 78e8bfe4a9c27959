// Steps of readers that are not patterns: the program is compiled with -fsanitize-coverage=trace-pc, so that each branch counts as
// one, and what the C library looks through or copies counts by its length. Unlike time they are the same on every machine.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

namespace sextant::test {

/// Of the whole process, from its start on.
extern uint64_t steps;

inline std::function<uint64_t(const std::string&)> steps_of(std::function<void(const std::string&)> read) {
  return [read = std::move(read)](const std::string& text) {
    const uint64_t before = steps;
    read(text);
    return steps - before;
  };
}

}  // namespace sextant::test
