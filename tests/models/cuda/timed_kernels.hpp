// The kernels that time_kernels can time, by name.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <cuda_runtime.h>

namespace sextant::cuda {

/// What a case says of its shape: rows, width, ...
using Keys = std::map<std::string, uint32_t, std::less<>>;
/// Work to launch over and over. make_set allocates one set of arrays and returns what launches once on the stream with them;
/// it throws a PluginError where a kernel or the memory fails.
struct Timed {
  size_t bytes_of_a_set;
  std::function<std::function<void()>(cudaStream_t)> make_set;
};
/// Throws std::out_of_range where a key is missing.
using MakeTimed = Timed (*)(const Keys&);
const std::map<std::string_view, MakeTimed>& timed_kernels();

}  // namespace sextant::cuda
