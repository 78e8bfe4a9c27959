#include "workers.hpp"
#include <algorithm>
#include <exception>
#include <system_error>
#include <thread>
#include <vector>
#include <fmt/format.h>
#include <sextant/sdk.hpp>

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
    } catch (const std::system_error& e) {
      failed = true;  // those that did start are waited for
      throw PluginError(SXT_NO_DEVICE,
                        fmt::format("of {} workers, one a device, only {} get a thread ({}); allow this user more processes "
                                    "(ulimit -u)",
                                    workers, threads.size() + 1, e.code().message()));
    } catch (...) {
      failed = true;
      throw;
    }
    work(0);
  }
  const auto error = std::find_if(errors.begin(), errors.end(), [](const std::exception_ptr& e) { return e != nullptr; });
  if (error != errors.end()) std::rethrow_exception(*error);
}

}  // namespace sextant::engine
