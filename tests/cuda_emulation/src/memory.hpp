// What else the emulation knows of memory.
#pragma once
#include <cstddef>

namespace emulation {

bool is_pinned_memory(const void* pointer, size_t bytes);

}  // namespace emulation
