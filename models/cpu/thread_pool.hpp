// A fixed set of threads that share the tiles of one loop at a time. They spin for a moment between loops, because a token's
// layer is over in microseconds, then sleep. A loop waits for those that have begun a tile, not for one whose core has been taken
// away before: where a machine is busy the others do its part. An exception in a tile ends the loop and is thrown to its caller. Threads: run()
// by one thread at a time, which works along.
#pragma once
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace sextant::cpu {

class ThreadPool {
 public:
  /// Throws PluginError where the system starts no more threads.
  explicit ThreadPool(uint32_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  uint32_t size() const { return static_cast<uint32_t>(workers_.size()) + 1; }

  /// body(tile, thread) for every tile in [0, tiles), each once, in any order; thread is in [0, size()).
  template <class Body> void run(uint32_t tiles, Body&& body) {
    using B = std::remove_reference_t<Body>;
    run_erased(tiles, [](void* b, uint32_t tile, uint32_t thread) { (*static_cast<B*>(b))(tile, thread); }, &body);
  }

 private:
  using Call = void (*)(void* body, uint32_t tile, uint32_t thread);
  void run_erased(uint32_t tiles, Call call, void* body);
  void work(uint32_t thread);
  bool enter();
  void serve(uint32_t thread);
  void end();

  std::vector<std::thread> workers_;
  Call call_ = nullptr;
  void* body_ = nullptr;
  uint32_t tiles_ = 0;
  alignas(64) std::atomic<uint32_t> next_{0};        // tile
  alignas(64) std::atomic<uint32_t> generation_{0};  // of the loop
  static constexpr uint32_t closed = 1u << 31;
  alignas(64) std::atomic<uint32_t> inside_{closed};  // workers in the loop; with `closed` nobody may begin
  std::atomic<bool> stop_{false};
  std::mutex error_mutex_;
  std::exception_ptr error_;
};

}  // namespace sextant::cpu
