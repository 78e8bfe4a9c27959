// How the emulation ends a program whose kernels are wrong: one sentence on stderr, exit code 86. A kernel cannot be unwound.
#pragma once
#include <string>
#include "emulation/warp.hpp"

namespace emulation {

inline constexpr int failure_code = 86;
[[noreturn]] void fail(const std::string& what);
[[noreturn]] void fail(const std::string& what, Place place);

}  // namespace emulation
