#include "workers.hpp"
#include <algorithm>
#include <exception>
#include <thread>
#include <vector>

namespace sextant::engine {

void on_workers(uint32_t workers, std::atomic<bool>& failed, const std::function<void(uint32_t worker)>& body) {
  std::vector<std::exception_ptr> errors(workers);
  const auto work = [&](uint32_t worker) {
    try {
      body(worker);
    } catch (...) {
      errors[worker] = std::current_exception();
      failed = true;
    }
  };
  {
    std::vector<std::jthread> threads;
    try {
      for (uint32_t worker = 1; worker < workers; ++worker) threads.emplace_back(work, worker);
    } catch (...) {  // no thread to be had
      failed = true;
      throw;
    }
    work(0);
  }
  const auto error = std::find_if(errors.begin(), errors.end(), [](const std::exception_ptr& e) { return e != nullptr; });
  if (error != errors.end()) std::rethrow_exception(*error);
}

}  // namespace sextant::engine
