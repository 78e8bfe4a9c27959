// Kernels with one planted fault each, and one without beside some: planted.py says which build must catch what. Run with a
// name.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include "cuda_bf16.h"
#include "cuda_runtime.h"
#include "nccl.h"

namespace {

constexpr int threads = 64;

// ---- barriers ----
void barrier_in_branch(float* out) {
  if (threadIdx.x < 40) __syncthreads();
  out[threadIdx.x] = 1;
}
void two_barriers(float* out) {
  if (threadIdx.x < 40) {
    __syncthreads();
    out[threadIdx.x] = 1;
  } else {
    __syncthreads();
    out[threadIdx.x] = 2;
  }
}
void early_return(float* out) {
  if (threadIdx.x == 7) return;
  __syncthreads();
  out[threadIdx.x] = 1;
}
void half_a_warp_shuffles(float* out) {
  float v = 1;
  if (threadIdx.x % 32 < 16) v = __shfl_xor_sync(~0u, v, 1);
  out[threadIdx.x] = v;
}
void two_shuffles(float* out) {
  float v = 1;
  if (threadIdx.x % 32 < 16) v = __shfl_xor_sync(~0u, v, 1);
  else
    v = __shfl_xor_sync(~0u, v, 2);
  out[threadIdx.x] = v;
}

// ---- memory ----
void past_dynamic_shared(float* out) {
  DYNAMIC_SHARED(float, s);
  s[threadIdx.x] = 1;
  __syncthreads();
  out[threadIdx.x] = s[threadIdx.x + 1];
}
void past_static_shared(float* out) {
  SHARED_ARRAY(float, s, threads);
  s[threadIdx.x + 1] = 1;
  __syncthreads();
  out[threadIdx.x] = s[threadIdx.x];
}
void past_global(float* out) { out[blockIdx.x * blockDim.x + threadIdx.x + 3 * threads] = 1; }
void misaligned(float* out) { *reinterpret_cast<float4*>(out + 1) = make_float4(1, 1, 1, 1); }
void unset_shared(float* out) {
  SHARED_ARRAY(float, s, threads);
  if (threadIdx.x < threads - 1) s[threadIdx.x] = 1;
  __syncthreads();
  out[threadIdx.x] = s[threadIdx.x];
}

// ---- races ----
void no_barrier(float* out) {
  SHARED_ARRAY(float, s, threads);
  s[threadIdx.x] = 1;
  out[threadIdx.x] = s[threads - 1 - threadIdx.x];
}
void no_second_barrier(float* out) {  // the next round's writes meet this round's reads
  SHARED_ARRAY(float, s, threads);
  float sum = 0;
  for (int round = 0; round < 2; ++round) {
    s[threadIdx.x] = static_cast<float>(round);
    __syncthreads();
    sum += s[threads - 1 - threadIdx.x];
  }
  out[threadIdx.x] = sum;
}
void shuffle_for_a_barrier(float* out) {  // a shuffle orders no memory
  SHARED_ARRAY(float, s, threads);
  s[threadIdx.x] = 1;
  const float v = __shfl_xor_sync(~0u, 0.0f, 1);
  out[threadIdx.x] = s[threadIdx.x ^ 1] + v;
}
void warp_barrier_for_a_block(float* out) {
  SHARED_ARRAY(float, s, threads);
  s[threadIdx.x] = 1;
  __syncwarp();
  out[threadIdx.x] = s[threadIdx.x ^ 32];
}
void blocks_race(float* out) {
  if (threadIdx.x == 0) out[0] += 1;
}
void blocks_take_turns(float* out) {
  if (threadIdx.x == 0) atomicAdd(out, 1.0f);
}

// ---- cp.async ----
void copy_not_waited_for(float* out) {
  DYNAMIC_SHARED(float, s);
  emulation::copy_async_16(s + 4 * threadIdx.x, out + 4 * (threadIdx.x % 16));
  emulation::async_commit();
  out[threadIdx.x] = s[4 * threadIdx.x];
  emulation::copy_async_wait(0);
}
void copy_of_another_not_waited_for(float* out) {  // each waits for its own, but not for the others
  DYNAMIC_SHARED(float, s);
  emulation::copy_async_16(s + 4 * threadIdx.x, out + 4 * (threadIdx.x % 16));
  emulation::async_commit();
  emulation::copy_async_wait(0);
  out[threads + threadIdx.x] = s[4 * (threadIdx.x ^ 1)];
}
void copy_into_what_is_read(float* out) {
  DYNAMIC_SHARED(float, s);
  for (int i = 0; i < 4; ++i) s[4 * threadIdx.x + i] = 1;
  __syncthreads();
  const float v = s[4 * (threadIdx.x ^ 32)];
  emulation::copy_async_16(s + 4 * threadIdx.x, out + 4 * (threadIdx.x % 16));
  emulation::async_commit();
  emulation::copy_async_wait(0);
  __syncthreads();
  out[threads + threadIdx.x] = v;
}
void copy_never_waited_for(float* out) {
  DYNAMIC_SHARED(float, s);
  emulation::copy_async_16(s + 4 * threadIdx.x, out + 4 * (threadIdx.x % 16));
  emulation::async_commit();
}
void copy_misaligned(float* out) {
  DYNAMIC_SHARED(float, s);
  emulation::copy_async_16(s + 4 * threadIdx.x, out + 1);
  emulation::copy_async_wait(0);
}

struct Case {
  const char* name;
  void (*kernel)(float*);
  unsigned blocks = 1;
  size_t shared = 0;
};
constexpr Case cases[] = {
    {"barrier_in_branch", barrier_in_branch},
    {"two_barriers", two_barriers},
    {"early_return", early_return},
    {"half_a_warp_shuffles", half_a_warp_shuffles},
    {"two_shuffles", two_shuffles},
    {"past_dynamic_shared", past_dynamic_shared, 1, threads * 4},
    {"past_static_shared", past_static_shared},
    {"past_global", past_global, 2},
    {"misaligned", misaligned},
    {"unset_shared", unset_shared},
    {"no_barrier", no_barrier},
    {"no_second_barrier", no_second_barrier},
    {"shuffle_for_a_barrier", shuffle_for_a_barrier},
    {"warp_barrier_for_a_block", warp_barrier_for_a_block},
    {"blocks_race", blocks_race, 4},
    {"blocks_take_turns", blocks_take_turns, 4},
    {"copy_not_waited_for", copy_not_waited_for, 1, threads * 16},
    {"copy_of_another_not_waited_for", copy_of_another_not_waited_for, 1, threads * 16},
    {"copy_into_what_is_read", copy_into_what_is_read, 1, threads * 16},
    {"copy_never_waited_for", copy_never_waited_for, 1, threads * 16},
    {"copy_misaligned", copy_misaligned, 1, threads * 16},
};

// Two devices gather what each has: "well", "before_the_work" of one of them is asked for in the gather's stream,
// "without_the_other".
int gather(const char* how) {
  emulation::set_devices(2);
  const int devices[] = {0, 1};
  ncclComm_t communicators[2];
  float *send[2], *receive[2], values[4];
  cudaStream_t streams[2], beside[2];
  if (ncclCommInitAll(communicators, 2, devices) != ncclSuccess) return 64;
  const float one[] = {1, 1};
  for (int d = 0; d < 2; ++d) {
    if (cudaSetDevice(d) || cudaMalloc(&send[d], 8) || cudaMalloc(&receive[d], 16)) return 64;
    for (cudaStream_t* stream : {&streams[d], &beside[d]})
      if (cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking)) return 64;
    const bool late = d == 1 && !std::strcmp(how, "before_the_work");
    if (cudaMemcpyAsync(send[d], one, 8, cudaMemcpyHostToDevice, late ? beside[d] : streams[d])) return 64;
  }
  (void)ncclGroupStart();
  for (int d = 0; d < (std::strcmp(how, "without_the_other") ? 2 : 1); ++d)
    if (ncclAllGather(send[d], receive[d], 2, ncclFloat32, communicators[d], streams[d]) != ncclSuccess) return 64;
  if (ncclGroupEnd() != ncclSuccess) return 64;
  for (int d = 0; d < 2; ++d) {
    if (cudaSetDevice(d) || cudaMemcpyAsync(values, receive[d], 16, cudaMemcpyDeviceToHost, streams[d])) return 64;
    if (cudaStreamSynchronize(streams[d])) return 64;
    for (const float v : values)
      if (v != v) return 3;
  }
  return 0;
}

}  // namespace

// Exits 3 where a result is NaN.
int main(int, char** arguments) {
  const char* name = arguments[1];
  float* out = nullptr;
  constexpr size_t count = 4 * threads;
  if (!name || cudaMalloc(&out, count * sizeof(float)) != cudaSuccess) return 64;
  float values[count];
  std::fill(values, values + count, 1.0f);
  if (!std::strcmp(name, "host_reads_too_early")) {  // nobody waits for the stream
    float* pinned = nullptr;
    cudaStream_t stream;
    if (cudaHostAlloc(&pinned, 16, cudaHostAllocDefault) || cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking))
      return 64;
    if (cudaMemcpy(out, values, sizeof values, cudaMemcpyHostToDevice)) return 64;
    if (cudaMemcpyAsync(pinned, out, 16, cudaMemcpyDeviceToHost, stream)) return 64;
    return pinned[0] != pinned[0] ? 3 : 0;
  }
  if (!std::strcmp(name, "kernel_on_another_device") || !std::strcmp(name, "copy_on_another_device")) {
    emulation::set_devices(2);
    cudaStream_t stream;
    if (cudaMalloc(&out, sizeof values) || cudaSetDevice(1) || cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking))
      return 64;
    cudaLaunchConfig_t config{};
    config.gridDim = dim3(1);
    config.blockDim = dim3(threads);
    config.stream = stream;
    if (name[0] == 'c') (void)cudaMemcpyAsync(out, values, sizeof values, cudaMemcpyHostToDevice, stream);
    else (void)cudaLaunchKernelEx(&config, no_barrier, out);
    (void)cudaStreamSynchronize(stream);
    return 0;
  }
  if (!std::strncmp(name, "gather_", 7)) return gather(name + 7);
  for (const Case& c : cases) {
    if (std::strcmp(name, c.name)) continue;
    if (cudaMemcpy(out, values, sizeof values, cudaMemcpyHostToDevice)) return 64;
    cudaLaunchConfig_t config{};
    config.gridDim = dim3(c.blocks);
    config.blockDim = dim3(threads);
    config.dynamicSmemBytes = c.shared;
    if (cudaLaunchKernelEx(&config, c.kernel, out) || cudaMemcpy(values, out, sizeof values, cudaMemcpyDeviceToHost)) return 65;
    for (const float v : values)
      if (v != v) return 3;
    return 0;
  }
  std::fprintf(stderr, "there is no case %s\n", name);
  return 64;
}

