#include "board.hpp"

namespace sextant::serve {

Result<void> Board::open_task(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return responses_.open_task(name);
}

Result<Board::Found> Board::look(const data::Request& request, const Place& place, const std::string& task) {
  const std::lock_guard lock(mutex_);
  if (const auto it = waiting_.find(request.key); it != waiting_.end()) {
    it->second.push_back(place);
    return Found{std::nullopt, true};
  }
  if (auto response = responses_.find(request.key)) {
    SXT_CHECK(responses_.append(task, *response));  // where only an earlier run has it
    if (!charged_.insert(request.key).second) response->usage.computed_tokens = 0;
    return Found{std::move(response), false};
  }
  waiting_.emplace(request.key, std::vector<Place>{place});
  return Found{};
}

Result<std::vector<Board::Delivery>> Board::settle(const std::string& task, data::Response response) {
  const std::lock_guard lock(mutex_);
  if (!response.error) {
    SXT_CHECK(responses_.append(task, response));
    charged_.insert(response.key);
  }
  auto node = waiting_.extract(response.key);
  std::vector<Delivery> out;
  if (node.empty()) return out;
  for (const Place& place : node.mapped()) {
    out.push_back({place, response});
    response.usage.computed_tokens = 0;
  }
  return out;
}

void Board::drop(std::string_view key) {
  const std::lock_guard lock(mutex_);
  waiting_.erase(std::string(key));
}

}  // namespace sextant::serve
