// The emulation against what CUDA's manuals say: fragments, shuffles, rounding, streams, graphs, cuBLASLt.
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>
#include <catch2/catch.hpp>
#include "cublasLt.h"
#include "cuda_bf16.h"
#include "cuda_fp16.h"
#include "cuda_runtime.h"
#include "dlfcn.h"
#include "nccl.h"

namespace {

template <class T>
struct DeviceArray {
  T* data = nullptr;
  size_t size;
  explicit DeviceArray(size_t n) : size(n) { REQUIRE(cudaMalloc(&data, n * sizeof(T)) == cudaSuccess); }
  explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) {
    REQUIRE(cudaMemcpy(data, values.data(), size * sizeof(T), cudaMemcpyHostToDevice) == cudaSuccess);
  }
  ~DeviceArray() { cudaFree(data); }
  DeviceArray(const DeviceArray&) = delete;
  std::vector<T> host() const {
    std::vector<T> out(size);
    REQUIRE(cudaMemcpy(out.data(), data, size * sizeof(T), cudaMemcpyDeviceToHost) == cudaSuccess);
    return out;
  }
};

template <class... P, class... A>
cudaError_t launch(void (*kernel)(P...), unsigned blocks, unsigned threads, size_t shared, cudaStream_t stream,
                   A... arguments) {
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(blocks);
  config.blockDim = dim3(threads);
  config.dynamicSmemBytes = shared;
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, arguments...);
}

void add_one(float* p) { p[threadIdx.x] += 1; }

// c [16][8] = a [16][16] * b [16][8], fragments loaded by ldmatrix: b by its transposing form.
void multiply(float* c, const __nv_bfloat16* a, const __nv_bfloat16* b) {
  SHARED_ARRAY(__nv_bfloat16, sa, 16 * 16);
  SHARED_ARRAY(__nv_bfloat16, sb, 32 * 8);
  for (unsigned i = threadIdx.x; i < 256; i += 32) sa[i] = a[i], sb[i] = b[i % 128];
  __syncwarp();
  const unsigned lane = threadIdx.x;
  unsigned fa[4], fb[4];
  emulation::load_matrices(fa, sa + (lane % 16) * 16 + lane / 16 * 8, false, {__FILE__, __LINE__});
  emulation::load_matrices(fb, sb + lane * 8, true, {__FILE__, __LINE__});
  float d[4] = {};
  emulation::mma_16x8x16(d, fa, fb, false, {__FILE__, __LINE__});
  const unsigned g = lane / 4, t = lane % 4 * 2;
  c[g * 8 + t] = d[0], c[g * 8 + t + 1] = d[1], c[(g + 8) * 8 + t] = d[2], c[(g + 8) * 8 + t + 1] = d[3];
}

void collectives(int* out) {
  const int lane = static_cast<int>(threadIdx.x);
  out[lane] = __shfl_sync(~0u, lane, 5);
  out[32 + lane] = __shfl_xor_sync(~0u, lane, 3);
  out[64 + lane] = __shfl_down_sync(~0u, lane, 4);
  out[96 + lane] = __shfl_up_sync(~0u, lane, 4);
  out[128 + lane] = __shfl_sync(~0u, lane, 1, 8);
  out[160 + lane] = static_cast<int>(__ballot_sync(~0u, lane % 3 == 0));
  out[192 + lane] = __syncthreads_count(lane < 10);
}

}  // namespace

TEST_CASE("mma and ldmatrix follow the PTX manual's fragments") {
  std::vector<__nv_bfloat16> a(256), b(128);
  for (size_t i = 0; i < a.size(); ++i) a[i] = __float2bfloat16(static_cast<float>(i % 13) - 6);
  for (size_t i = 0; i < b.size(); ++i) b[i] = __float2bfloat16(static_cast<float>(i % 7) - 3);
  DeviceArray<__nv_bfloat16> da(a), db(b);
  DeviceArray<float> dc(128);
  REQUIRE(launch(multiply, 1, 32, 0, nullptr, dc.data, static_cast<const __nv_bfloat16*>(da.data),
                 static_cast<const __nv_bfloat16*>(db.data)) == cudaSuccess);
  const auto c = dc.host();
  for (size_t m = 0; m < 16; ++m)
    for (size_t n = 0; n < 8; ++n) {
      float sum = 0;
      for (size_t k = 0; k < 16; ++k) sum += __bfloat162float(a[m * 16 + k]) * __bfloat162float(b[k * 8 + n]);
      CHECK(c[m * 8 + n] == sum);
    }
}

TEST_CASE("shuffles, votes and counts") {
  DeviceArray<int> out(224);
  REQUIRE(launch(collectives, 1, 32, 0, nullptr, out.data) == cudaSuccess);
  const auto v = out.host();
  for (int lane = 0; lane < 32; ++lane) {
    const auto at = [&](int row) { return v[static_cast<size_t>(32 * row + lane)]; };
    CHECK(at(0) == 5);
    CHECK(at(1) == (lane ^ 3));
    CHECK(at(2) == (lane < 28 ? lane + 4 : lane));
    CHECK(at(3) == (lane >= 4 ? lane - 4 : lane));
    CHECK(at(4) == lane / 8 * 8 + 1);
    CHECK(static_cast<unsigned>(at(5)) == 0x49249249u);
    CHECK(at(6) == 10);
  }
}

TEST_CASE("16-bit floats round to the nearest even") {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const __half h{static_cast<uint16_t>(bits)};
    const float f = __half2float(h);
    if (std::isnan(f)) CHECK(std::isnan(__half2float(__float2half_rn(f))));
    else if (__float2half_rn(f).bits != bits) FAIL("half " << bits);
  }
  CHECK(__float2half_rn(1.0f + 0x1p-11f).bits == 0x3c00);               // a tie, to even
  CHECK(__float2half_rn(1.0f + 3 * 0x1p-11f).bits == 0x3c02);
  CHECK(__float2half_rn(65519.0f).bits == 0x7bff);
  CHECK(__float2half_rn(65520.0f).bits == 0x7c00);
  CHECK(__float2half_rn(0x1p-25f).bits == 0);
  CHECK(__float2half_rn(0x1.8p-25f).bits == 1);
  CHECK(__float2bfloat16_rn(1.0f + 0x1p-8f).bits == 0x3f80);            // a tie, to even
  CHECK(__float2bfloat16_rn(1.0f + 3 * 0x1p-8f).bits == 0x3f82);
}

TEST_CASE("a stream works when something waits for it, a graph as often as it is launched") {
  DeviceArray<float> x(std::vector<float>{1});
  cudaStream_t stream, other;
  cudaEvent_t event;
  REQUIRE(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
  REQUIRE(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking) == cudaSuccess);
  REQUIRE(cudaEventCreateWithFlags(&event, cudaEventDisableTiming) == cudaSuccess);
  REQUIRE(launch(add_one, 1, 1, 0, stream, x.data) == cudaSuccess);
  REQUIRE(cudaEventRecord(event, stream) == cudaSuccess);
  REQUIRE(launch(add_one, 1, 1, 0, stream, x.data) == cudaSuccess);
  CHECK(*x.data == 1);
  CHECK(cudaEventQuery(event) == cudaErrorNotReady);
  SECTION("another stream waits for an event") {
    REQUIRE(cudaStreamWaitEvent(other, event) == cudaSuccess);
    REQUIRE(cudaStreamSynchronize(other) == cudaSuccess);
    CHECK(*x.data == 2);
    CHECK(cudaEventQuery(event) == cudaSuccess);
  }
  SECTION("captured work runs with the graph only") {
    REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
    cudaGraph_t graph;
    cudaGraphExec_t executable;
    REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
    REQUIRE(launch(add_one, 1, 1, 0, stream, x.data) == cudaSuccess);
    REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
    REQUIRE(cudaGraphInstantiate(&executable, graph) == cudaSuccess);
    REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
    CHECK(*x.data == 3);
    for (int i = 0; i < 3; ++i) REQUIRE(cudaGraphLaunch(executable, stream) == cudaSuccess);
    REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
    CHECK(*x.data == 6);
    cudaGraphExecDestroy(executable);
    cudaGraphDestroy(graph);
  }
  SECTION("waiting breaks a capture") {
    cudaGraph_t graph;
    REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
    CHECK(cudaStreamSynchronize(stream) == cudaErrorStreamCaptureUnsupported);
    CHECK(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated);
    CHECK(cudaGetLastError() == cudaErrorStreamCaptureInvalidated);
  }
  cudaEventDestroy(event);
  cudaStreamDestroy(other);
  cudaStreamDestroy(stream);
}

TEST_CASE("the time between two events is that of the work between them") {
  cudaStream_t stream;
  cudaEvent_t begin, end, untimed;
  float milliseconds = -1;
  REQUIRE(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
  REQUIRE(cudaEventCreateWithFlags(&begin, cudaEventDefault) == cudaSuccess);
  REQUIRE(cudaEventCreateWithFlags(&end, cudaEventDefault) == cudaSuccess);
  REQUIRE(cudaEventCreateWithFlags(&untimed, cudaEventDisableTiming) == cudaSuccess);
  CHECK(cudaEventElapsedTime(&milliseconds, begin, end) == cudaErrorInvalidResourceHandle);  // not recorded
  REQUIRE(cudaEventRecord(begin, stream) == cudaSuccess);
  REQUIRE(emulation::enqueue(stream, [] { std::this_thread::sleep_for(std::chrono::milliseconds(20)); }) == cudaSuccess);
  REQUIRE(cudaEventRecord(end, stream) == cudaSuccess);
  REQUIRE(cudaEventRecord(untimed, stream) == cudaSuccess);
  CHECK(cudaEventElapsedTime(&milliseconds, begin, end) == cudaErrorNotReady);
  REQUIRE(cudaEventSynchronize(untimed) == cudaSuccess);
  CHECK(cudaEventElapsedTime(&milliseconds, begin, end) == cudaSuccess);
  CHECK(milliseconds >= 20);
  CHECK(cudaEventElapsedTime(&milliseconds, begin, untimed) == cudaErrorInvalidResourceHandle);
  for (const cudaEvent_t e : {begin, end, untimed}) CHECK(cudaEventDestroy(e) == cudaSuccess);
  CHECK(cudaStreamDestroy(stream) == cudaSuccess);
  cudaGetLastError();
}

TEST_CASE("calls are refused as the device refuses them") {
  DeviceArray<float> x(4);
  float host[4] = {};
  CHECK(cudaMemcpy(host, x.data, 16, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(x.data, host, 20, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(launch(add_one, 1, 1025, 0, nullptr, x.data) == cudaErrorInvalidConfiguration);
  CHECK(launch(add_one, 0, 1, 0, nullptr, x.data) == cudaErrorInvalidConfiguration);
  CHECK(launch(add_one, 1, 1, 49153, nullptr, x.data) == cudaErrorInvalidValue);
  CHECK(cudaFuncSetAttribute(add_one, cudaFuncAttributeMaxDynamicSharedMemorySize, 228 << 10) == cudaErrorInvalidValue);
  CHECK(cudaFuncSetAttribute(add_one, cudaFuncAttributeMaxDynamicSharedMemorySize, 64 << 10) == cudaSuccess);
  CHECK(launch(add_one, 1, 1, 49153, nullptr, x.data) == cudaSuccess);
  emulation::set_memory(1 << 20);
  void* p = nullptr;
  CHECK(cudaMalloc(&p, 2 << 20) == cudaErrorMemoryAllocation);
  emulation::set_memory(1ull << 30);
}

namespace {

// Two devices for as long as this lives.
struct TwoDevices {
  TwoDevices() { emulation::set_devices(2); }
  ~TwoDevices() { emulation::set_devices(1); }
};

}  // namespace

TEST_CASE("memory, streams, events and graphs belong to a device") {
  const TwoDevices two;
  int count = 0;
  REQUIRE(cudaGetDeviceCount(&count) == cudaSuccess);
  CHECK(count == 2);
  CHECK(cudaSetDevice(2) == cudaErrorInvalidDevice);
  size_t free = 0, total = 0, before = 0;
  REQUIRE(cudaMemGetInfo(&before, &total) == cudaSuccess);
  REQUIRE(cudaSetDevice(1) == cudaSuccess);
  DeviceArray<float> x(std::vector<float>{1, 2});
  REQUIRE(cudaMemGetInfo(&free, &total) == cudaSuccess);
  CHECK(free == before - 8);
  cudaStream_t stream;
  cudaEvent_t event;
  cudaGraph_t graph;
  cudaGraphExec_t executable;
  REQUIRE(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
  REQUIRE(cudaEventCreateWithFlags(&event, cudaEventDisableTiming) == cudaSuccess);
  REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
  REQUIRE(launch(add_one, 1, 2, 0, stream, x.data) == cudaSuccess);
  REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
  REQUIRE(cudaGraphInstantiate(&executable, graph) == cudaSuccess);

  REQUIRE(cudaSetDevice(0) == cudaSuccess);
  REQUIRE(cudaMemGetInfo(&free, &total) == cudaSuccess);
  CHECK(free == before);
  CHECK(launch(add_one, 1, 2, 0, stream, x.data) == cudaErrorInvalidResourceHandle);
  CHECK(cudaEventRecord(event) == cudaErrorInvalidResourceHandle);
  CHECK(cudaGraphLaunch(executable, nullptr) == cudaErrorInvalidResourceHandle);
  CHECK(cudaEventRecord(event, stream) == cudaSuccess);  // these may be asked for from anywhere
  CHECK(cudaGraphLaunch(executable, stream) == cudaSuccess);
  CHECK(cudaStreamSynchronize(stream) == cudaSuccess);

  REQUIRE(cudaSetDevice(1) == cudaSuccess);
  CHECK(x.host() == std::vector<float>{2, 3});
  CHECK(cudaGetLastError() == cudaErrorInvalidResourceHandle);
  cudaGraphExecDestroy(executable);
  cudaGraphDestroy(graph);
  cudaEventDestroy(event);
  cudaStreamDestroy(stream);
}

TEST_CASE("each thread chooses its own device, and several work at once") {
  const TwoDevices two;
  const auto work = [](int device, std::vector<float>& out) {
    if (cudaSetDevice(device) != cudaSuccess) return;
    float *x = nullptr, host[32];
    std::fill(host, host + 32, static_cast<float>(10 * device));
    cudaStream_t stream;
    cudaMalloc(&x, sizeof host);
    cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
    cudaMemcpyAsync(x, host, sizeof host, cudaMemcpyHostToDevice, stream);
    for (int i = 0; i < 100; ++i) launch(add_one, 1, 32, 0, stream, x);
    cudaMemcpyAsync(host, x, sizeof host, cudaMemcpyDeviceToHost, stream);
    if (cudaStreamSynchronize(stream) == cudaSuccess) out.assign(host, host + 32);
    cudaStreamDestroy(stream);
    cudaFree(x);
  };
  std::vector<float> first, second;
  std::thread other(work, 1, std::ref(second));
  work(0, first);
  other.join();
  CHECK(first == std::vector<float>(32, 100));
  CHECK(second == std::vector<float>(32, 110));
}

TEST_CASE("CUDA_VISIBLE_DEVICES leaves out devices") {
  const TwoDevices two;
  const auto seen = [](const char* list) {
    setenv("CUDA_VISIBLE_DEVICES", list, 1);
    int count = -1;
    const cudaError_t error = cudaGetDeviceCount(&count);
    unsetenv("CUDA_VISIBLE_DEVICES");
    return std::pair(error, count);
  };
  CHECK(seen("1") == std::pair(cudaSuccess, 1));
  CHECK(seen("1,0") == std::pair(cudaSuccess, 2));
  CHECK(seen("0,5,1") == std::pair(cudaSuccess, 1));  // what follows a wrong one does not count
  CHECK(seen("") == std::pair(cudaErrorNoDevice, 0));
  CHECK(seen("-1") == std::pair(cudaErrorNoDevice, 0));
  (void)cudaGetLastError();
}

namespace {

struct Product {  // d [n][m] = b [n][k] * a [m][k]^T, row by row
  cublasLtHandle_t handle;
  cublasLtMatmulDesc_t description;
  cublasLtMatrixLayout_t a, b, d;
  Product(cudaDataType type, uint64_t m, uint64_t n, uint64_t k, int64_t leading_a) {
    const cublasOperation_t transposed = CUBLAS_OP_T;
    REQUIRE(cublasLtCreate(&handle) == CUBLAS_STATUS_SUCCESS);
    REQUIRE(cublasLtMatmulDescCreate(&description, CUBLAS_COMPUTE_32F, CUDA_R_32F) == CUBLAS_STATUS_SUCCESS);
    REQUIRE(cublasLtMatmulDescSetAttribute(description, CUBLASLT_MATMUL_DESC_TRANSA, &transposed, sizeof transposed) ==
            CUBLAS_STATUS_SUCCESS);
    REQUIRE(cublasLtMatrixLayoutCreate(&a, type, k, m, leading_a) == CUBLAS_STATUS_SUCCESS);
    REQUIRE(cublasLtMatrixLayoutCreate(&b, type, k, n, static_cast<int64_t>(k)) == CUBLAS_STATUS_SUCCESS);
    REQUIRE(cublasLtMatrixLayoutCreate(&d, CUDA_R_32F, m, n, static_cast<int64_t>(m)) == CUBLAS_STATUS_SUCCESS);
  }
  ~Product() {
    for (const auto layout : {a, b, d}) cublasLtMatrixLayoutDestroy(layout);
    cublasLtMatmulDescDestroy(description);
    cublasLtDestroy(handle);
  }
  cublasStatus_t run(const void* pa, const void* pb, float* pd, uint64_t split) {
    const float one = 1, zero = 0;
    const cublasLtMatmulAlgo_t algorithm{{21, split, 0}};
    return cublasLtMatmul(handle, description, &one, pa, a, pb, b, &zero, pd, d, pd, d, &algorithm, nullptr, 0, nullptr);
  }
};

}  // namespace

TEST_CASE("a product of cuBLASLt is that of doubles, and a row's bits do not depend on the others") {
  constexpr size_t m = 40, n = 37, k = 64;
  std::vector<float> a(m * k), b(n * k);
  for (size_t i = 0; i < a.size(); ++i) a[i] = std::sin(static_cast<float>(i));
  for (size_t i = 0; i < b.size(); ++i) b[i] = std::cos(static_cast<float>(3 * i));
  DeviceArray<float> da(a), db(b), d(n * m), one(m);
  REQUIRE(Product(CUDA_R_32F, m, n, k, k).run(da.data, db.data, d.data, 1) == CUBLAS_STATUS_SUCCESS);
  const auto all = d.host();
  double worst = 0;
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j < m; ++j) {
      double sum = 0;
      for (size_t p = 0; p < k; ++p) sum += double{a[j * k + p]} * b[i * k + p];
      worst = std::max(worst, std::abs(sum - all[i * m + j]));
    }
  CHECK(worst < 1e-5);
  for (size_t i = 0; i < n; ++i) {
    REQUIRE(Product(CUDA_R_32F, m, 1, k, k).run(da.data, db.data + i * k, one.data, 1) == CUBLAS_STATUS_SUCCESS);
    CHECK(std::memcmp(one.data, all.data() + i * m, m * sizeof(float)) == 0);
  }
}

TEST_CASE("cuBLASLt refuses what the real one refuses") {
  DeviceArray<float> a(64 * 64), b(64 * 64), d(64 * 64);
  CHECK(Product(CUDA_R_32F, 40, 8, 64, 63).run(a.data, b.data, d.data, 1) == CUBLAS_STATUS_INVALID_VALUE);   // lda < k
  CHECK(Product(CUDA_R_32F, 40, 8, 64, 64).run(a.data + 1, b.data, d.data, 1) == CUBLAS_STATUS_NOT_SUPPORTED);  // misaligned
  CHECK(Product(CUDA_R_32F, 65, 64, 64, 64).run(a.data, b.data, d.data, 1) == CUBLAS_STATUS_INVALID_VALUE);  // past the end
  CHECK(Product(CUDA_R_16BF, 8, 8, 12, 12).run(a.data, b.data, d.data, 1) ==
        CUBLAS_STATUS_NOT_SUPPORTED);  // stride of 24 bytes
}

TEST_CASE("devices gather what each has, in the order of their streams") {
  const TwoDevices two;
  const int devices[] = {1, 0};  // the ranks' order is the caller's
  ncclComm_t communicators[2];
  REQUIRE(ncclCommInitAll(communicators, 2, devices) == ncclSuccess);
  float *data[2], *host[2];
  cudaStream_t streams[2];
  for (const int rank : {0, 1}) {
    REQUIRE(cudaSetDevice(devices[rank]) == cudaSuccess);
    REQUIRE(cudaMalloc(&data[rank], 16) == cudaSuccess);
    REQUIRE(cudaHostAlloc(&host[rank], 16, cudaHostAllocDefault) == cudaSuccess);
    REQUIRE(cudaStreamCreateWithFlags(&streams[rank], cudaStreamNonBlocking) == cudaSuccess);
    const float own[] = {static_cast<float>(rank), 5};
    REQUIRE(cudaMemcpyAsync(data[rank] + 2 * rank, own, 8, cudaMemcpyHostToDevice, streams[rank]) == cudaSuccess);
  }
  emulation::set_nccl("");
  const auto gather = [&](int rank, size_t count = 2) {  // in place
    return ncclAllGather(data[rank] + 2 * rank, data[rank], count, ncclFloat32, communicators[rank], streams[rank]);
  };
  REQUIRE(ncclGroupStart() == ncclSuccess);
  REQUIRE(gather(1) == ncclSuccess);
  REQUIRE(gather(0) == ncclSuccess);
  REQUIRE(ncclGroupEnd() == ncclSuccess);
  CHECK(emulation::nccl_traffic().gathers == 1);
  CHECK(emulation::nccl_traffic().bytes == 16);
  for (const int rank : {0, 1}) {
    REQUIRE(cudaMemcpyAsync(host[rank], data[rank], 16, cudaMemcpyDeviceToHost, streams[rank]) == cudaSuccess);
    CHECK(std::isnan(host[rank][0]));  // nobody has waited
  }
  for (const int rank : {0, 1}) {
    REQUIRE(cudaStreamSynchronize(streams[rank]) == cudaSuccess);
    CHECK(std::vector<float>(host[rank], host[rank] + 4) == std::vector<float>{0, 5, 1, 5});
  }
  CHECK(gather(0, 3) == ncclInvalidArgument);  // more than there is
  CHECK(ncclAllGather(data[0] + 1, data[0], 2, ncclFloat32, communicators[0], streams[0]) == ncclInvalidArgument);
  CHECK(ncclAllGather(data[1], data[1], 2, ncclFloat32, communicators[0], streams[0]) ==
        ncclInvalidArgument);  // another's memory
  CHECK(ncclAllGather(data[0], data[0], 2, ncclFloat32, communicators[0], streams[1]) == ncclInvalidUsage);
  CHECK(ncclAllGather(data[0], data[0], 2, ncclFloat32, nullptr, streams[0]) == ncclInvalidArgument);
  CHECK(ncclGroupEnd() == ncclInvalidUsage);
  const int twice[] = {1, 1}, beyond[] = {0, 2};
  ncclComm_t none[2];
  CHECK(ncclCommInitAll(none, 2, twice) == ncclInvalidUsage);
  CHECK(ncclCommInitAll(none, 2, beyond) == ncclUnhandledCudaError);
  CHECK(dlopen("libnccl.so.2", 0) != nullptr);
  emulation::set_nccl("absent");
  CHECK(dlopen("libnccl.so.2", 0) == nullptr);
  CHECK(std::strstr(dlerror(), "libnccl.so.2") != nullptr);
  emulation::set_nccl("");
  for (const int rank : {0, 1}) {
    CHECK(ncclCommDestroy(communicators[rank]) == ncclSuccess);
    cudaStreamDestroy(streams[rank]);
    cudaFree(data[rank]);
    cudaFreeHost(host[rank]);
  }
  cudaSetDevice(0);
}
