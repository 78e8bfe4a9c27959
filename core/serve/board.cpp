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
    if (!responses_.take_charge(request.key)) response->usage.computed_tokens = 0;
    return Found{std::move(response), false};
  }
  waiting_.emplace(request.key, std::vector<Place>{place});
  return Found{};
}

Result<std::vector<Board::Delivery>> Board::settle(std::vector<Answer> answers) {
  const std::lock_guard lock(mutex_);
  std::vector<store::Responses::Entry> lines;
  for (const Answer& answer : answers)
    if (!answer.response.error) lines.push_back({answer.task, &answer.response});
  SXT_CHECK(responses_.append(lines));
  std::vector<Delivery> out;
  for (Answer& answer : answers) {
    auto node = waiting_.extract(answer.response.key);
    if (node.empty()) continue;
    for (const Place& place : node.mapped()) {
      out.push_back({place, answer.response});
      answer.response.usage.computed_tokens = 0;
    }
  }
  return out;
}

void Board::drop(std::string_view key) {
  const std::lock_guard lock(mutex_);
  waiting_.erase(std::string(key));
}

}  // namespace sextant::serve
