// Stands in for NVIDIA's header of this name: with this folder first on the include path, a .cu file compiles unchanged as
// C++20 and runs on the CPU. See the README beside this folder.
#pragma once
#include "emulation/async_copy.hpp"
#include "emulation/language.hpp"
#include "emulation/runtime.hpp"
#include "emulation/warp.hpp"
