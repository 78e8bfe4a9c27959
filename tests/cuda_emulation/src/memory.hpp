// What else the emulation knows of memory.
#pragma once
#include <cstddef>

namespace emulation {

int device_of(const void* pointer, size_t bytes);  // of cudaMalloc's memory; -1: it is none
bool is_pinned_memory(const void* pointer, size_t bytes);

}  // namespace emulation
