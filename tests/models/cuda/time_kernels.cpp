// Times single kernels of the CUDA backend and prints a line of JSON for each case, for tools/gpu-bench.py to set beside
// torch's:
//   time_kernels [--milliseconds N] [--cold BYTES] CASE...      CASE: prefill,tokens=512,heads=16,kv_heads=8,head_dim=128
// A round is one graph of launches that takes about N milliseconds (default 20). Launches go round over several sets of arrays,
// of BYTES together (default 256 MiB), so that what one has read does not stand in the cache for the next. On the emulation the
// times mean nothing, the launches are the same.
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>
#include <fmt/format.h>
#include "../../../models/cuda/memory.hpp"
#include "sextant/sdk.hpp"
#include "timed_kernels.hpp"

using namespace sextant;
using namespace sextant::cuda;

namespace {

class Clock {
 public:
  Clock() {
    for (cudaEvent_t* e : {&begin_, &end_}) CUDA_CHECK(cudaEventCreateWithFlags(e, cudaEventDefault));
  }
  ~Clock() {
    for (const cudaEvent_t e : {begin_, end_}) (void)cudaEventDestroy(e);
  }
  Clock(const Clock&) = delete;
  template <class Work> double seconds(cudaStream_t stream, Work&& work) {
    float milliseconds = 0;
    CUDA_CHECK(cudaEventRecord(begin_, stream));
    work();
    CUDA_CHECK(cudaEventRecord(end_, stream));
    CUDA_CHECK(cudaEventSynchronize(end_));
    CUDA_CHECK(cudaEventElapsedTime(&milliseconds, begin_, end_));
    return milliseconds / 1e3;
  }

 private:
  cudaEvent_t begin_ = nullptr, end_ = nullptr;
};

/// The mean time of a launch, in each of five rounds.
std::vector<double> measure(const Timed& timed, double wanted_seconds, size_t cold_bytes) {
  constexpr size_t sets_most = 32, launches_most = 4096;
  const Stream stream;
  Clock clock;
  std::vector<std::function<void()>> sets;
  const size_t wanted = std::min(sets_most, cold_bytes / timed.bytes_of_a_set + 1);
  for (size_t i = 0; i < wanted; ++i) sets.push_back(timed.make_set(stream));
  const auto all = [&] { for (const auto& launch : sets) launch(); };
  all();  // loads modules
  stream.wait();
  const double once = clock.seconds(stream, all) / static_cast<double>(sets.size());
  const size_t repeats =
      static_cast<size_t>(std::min(wanted_seconds / std::max(once, 1e-7), double{launches_most})) / sets.size() + 1;
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t steps = nullptr;
  CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  for (size_t i = 0; i < repeats; ++i) all();
  CUDA_CHECK(cudaStreamEndCapture(stream, &graph));
  CUDA_CHECK(cudaGraphInstantiate(&steps, graph, 0));
  std::vector<double> rounds;
  for (int round = 0; round < 6; ++round) {
    const double seconds = clock.seconds(stream, [&] { CUDA_CHECK(cudaGraphLaunch(steps, stream)); });
    if (round) rounds.push_back(seconds / static_cast<double>(repeats * sets.size()));  // the first one warms up
  }
  CUDA_CHECK(cudaGraphExecDestroy(steps));
  CUDA_CHECK(cudaGraphDestroy(graph));
  return rounds;
}

uint64_t number_of(std::string_view text, std::string_view what) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw PluginError(SXT_BAD_CONFIG, fmt::format("{} is not a number: '{}'", what, text));
  return value;
}

Timed parse(std::string_view text) {
  const size_t name_end = std::min(text.find(','), text.size());
  const auto found = timed_kernels().find(text.substr(0, name_end));
  if (found == timed_kernels().end()) throw PluginError(SXT_BAD_CONFIG, "there is no such kernel");
  Keys keys{{"shared", 0}, {"rows_max", 0}};
  for (size_t first = name_end; first < text.size();) {
    const size_t end = std::min(text.find(',', first + 1), text.size()), equals = text.find('=', first);
    if (equals >= end) throw PluginError(SXT_BAD_CONFIG, "a part is not a key=value");
    keys[std::string(text.substr(first + 1, equals - first - 1))] =
        static_cast<uint32_t>(number_of(text.substr(equals + 1, end - equals - 1), text.substr(first + 1, equals - first - 1)));
    first = end;
  }
  try {
    return found->second(keys);
  } catch (const std::out_of_range&) {
    throw PluginError(SXT_BAD_CONFIG, "a key is missing");
  }
}

}  // namespace

int main(int count, char** arguments) try {
  double seconds = 0.02;
  size_t cold = 256u << 20;
  int first = 1;
  for (; first + 1 < count && std::string_view(arguments[first]).substr(0, 2) == "--"; first += 2) {
    const std::string_view name = arguments[first];
    const uint64_t value = number_of(arguments[first + 1], name);
    if (name == "--milliseconds") seconds = static_cast<double>(value) / 1e3;
    else if (name == "--cold") cold = value;
    else throw PluginError(SXT_BAD_CONFIG, fmt::format("there is no option {}", name));
  }
  int status = 0;
  for (int i = first; i < count; ++i) {
    try {
      const std::vector<double> rounds = measure(parse(arguments[i]), seconds, cold);
      fmt::print("{{\"case\":\"{}\",\"seconds\":[{:.6g}]}}\n", arguments[i], fmt::join(rounds, ","));
    } catch (const std::exception& error) {  // one kernel that fails must not hide the others' times
      fmt::print(stderr, "{}: {}\n", arguments[i], error.what());
      status = 1;
    }
    std::fflush(stdout);
  }
  return status;
} catch (const std::exception& error) {
  fmt::print(stderr, "error: {}\n", error.what());
  return 1;
}
