// What has been asked of a model in this run, and by whom: a request that two attempts share is asked once, and its response goes to
// both. Threads: [any].
#pragma once
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
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
  /// The response of a request that was looked up is there: journalled when this returns, unless it failed. All places that wait for it,
  /// the one that asked first; the tokens are charged to that one alone. An Error: nothing more can be kept.
  struct Delivery {
    Place place;
    data::Response response;
  };
  Result<std::vector<Delivery>> settle(const std::string& task, data::Response response);
  /// A request that was looked up is not asked after all.
  void drop(std::string_view key);

 private:
  std::mutex mutex_;
  store::Responses responses_;
  std::unordered_map<std::string, std::vector<Place>> waiting_;
  std::unordered_set<std::string> charged_;  // keys of responses from the journal whose tokens have been counted
};

}  // namespace sextant::serve
