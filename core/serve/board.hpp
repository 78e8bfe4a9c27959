// What has been asked of a model in this run, and by whom: a request that two attempts share is asked once, and its response
// goes to both. Threads: [any].
#pragma once
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>
#include "../store/responses.hpp"
#include "task.hpp"

namespace sextant::serve {

class Board {
 public:
  explicit Board(store::Responses responses) : responses_(std::move(responses)) {}

  Result<void> open_task(const std::string& name);
  struct Found {
    std::optional<data::Response> response;  // known already
    bool asked = false;                      // on its way: the place waits for it, too
  };
  /// Where neither is there, the caller asks. `task`: who asks, whose journal the response is to stand in.
  Result<Found> look(const data::Request& request, const Place& place, const std::string& task);
  /// Responses of requests that were looked up are there: journalled when this returns, but for those that failed. All places
  /// that wait for them, the one that asked first; the tokens are charged to that one alone. An Error: nothing more can be
  /// kept.
  struct Delivery {
    Place place;
    data::Response response;
  };
  struct Answer {
    const std::string* task = nullptr;   // who asked
    data::Response response;
  };
  Result<std::vector<Delivery>> settle(std::vector<Answer> answers);
  /// A request that was looked up is not asked after all.
  void drop(std::string_view key);

 private:
  std::mutex mutex_;
  store::Responses responses_;
  std::unordered_map<std::string, std::vector<Place>> waiting_;
};

}  // namespace sextant::serve
