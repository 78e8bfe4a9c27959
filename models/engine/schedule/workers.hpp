// Threads for work that is done once on each of several devices.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>

namespace sextant::engine {

/// Calls body(worker) for each worker in [0, workers), each on a thread of its own; the calling thread is worker 0. When one
/// throws, `failed` is set, so that the others can stop; after all have ended, the exception of the lowest-numbered one that
/// threw is thrown here. PluginError where the system starts no thread; `failed` is set then, too.
void on_workers(uint32_t workers, std::atomic<bool>& failed, const std::function<void(uint32_t worker)>& body);

}  // namespace sextant::engine
