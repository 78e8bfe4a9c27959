// Stands in for the system's header of this name: the library that a backend of several GPUs opens is the emulation's own, or
// not there.
#pragma once
#pragma GCC system_header  // #include_next is not a standard C++
#include_next <dlfcn.h>

namespace emulation {

/// libnccl.so.2: nccl.h's functions, unless set_nccl or the environment's CUDA_EMULATION_NCCL says "absent". Others: the
/// system's.
void* open_library(const char* name, int mode);
void* find_function(void* library, const char* name);
char* library_error();

}  // namespace emulation

#define dlopen ::emulation::open_library
#define dlsym ::emulation::find_function
#define dlerror ::emulation::library_error
