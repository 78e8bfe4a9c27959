#include "nccl.hpp"
#include <dlfcn.h>
#include <fmt/format.h>
#include <sextant/sdk.hpp>
#include "error.hpp"

namespace sextant::cuda::nccl {
namespace {

constexpr char library_name[] = "libnccl.so.2";

template <class Function> void find(void* library, const char* name, Function*& ret) {
  ret = reinterpret_cast<Function*>(dlsym(library, name));
  if (!ret)
    throw PluginError(SXT_NO_DEVICE,
                      fmt::format("{} has no {}: it is older than NCCL 2.13; install a later one", library_name, name));
}

Functions open() {
  void* const library = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char* const why = dlerror();
    throw PluginError(
        SXT_NO_DEVICE,
        fmt::format("several GPUs hold one model together through NCCL, which cannot be opened ({}); install it (libnccl2, or "
                    "nvidia-nccl-cu13 of pip) and have LD_LIBRARY_PATH name its folder",
                    why ? why : library_name));
  }
  Functions f{};
  find(library, "ncclCommInitAll", f.comm_init_all);
  find(library, "ncclCommDestroy", f.comm_destroy);
  find(library, "ncclCommAbort", f.comm_abort);
  find(library, "ncclCommGetAsyncError", f.comm_get_async_error);
  find(library, "ncclAllGather", f.all_gather);
  find(library, "ncclGroupStart", f.group_start);
  find(library, "ncclGroupEnd", f.group_end);
  find(library, "ncclGetErrorString", f.get_error_string);
  find(library, "ncclGetLastError", f.get_last_error);
  return f;
}

}  // namespace

const Functions& functions() {
  static const Functions all = open();  // where it throws, the next call tries again
  return all;
}

void fail(Result result, const char* call, const char* file, int line) {
  const Functions& f = functions();
  const char* const last = f.get_last_error(nullptr);
  throw PluginError(SXT_NO_DEVICE, failure_sentence(fmt::format("NCCL result {}", static_cast<int>(result)),
                                                    last && *last ? last : f.get_error_string(result), call, file, line));
}

}  // namespace sextant::cuda::nccl
