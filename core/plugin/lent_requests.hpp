// The core's requests as the ABI has them; everything borrows from the core's, which must outlive it. Private to core/plugin.
#pragma once
#include <deque>
#include <span>
#include <vector>
#include <sextant/abi.h>
#include "../data/request.hpp"

namespace sextant::plugin {

class LentRequests {
 public:
  explicit LentRequests(std::span<const data::Request* const> requests);
  LentRequests(const LentRequests&) = delete;
  const sxt_request* const* data() const { return pointers_.data(); }
  uint64_t size() const { return pointers_.size(); }

 private:
  const sxt_message* add(const data::Message& message);
  const sxt_sampling* add(const data::Sampling& sampling);
  void add(const data::Request& request);

  // deques: what is pointed to does not move
  std::deque<std::vector<sxt_str>> texts_;
  std::deque<std::vector<sxt_ids>> ids_;
  std::deque<sxt_part> parts_;
  std::deque<std::vector<const sxt_part*>> part_lists_;
  std::deque<sxt_tool_call> calls_;
  std::deque<std::vector<const sxt_tool_call*>> call_lists_;
  std::deque<sxt_message> messages_;
  std::deque<std::vector<const sxt_message*>> message_lists_;
  std::deque<sxt_sampling> sampling_;
  std::deque<sxt_request> requests_;
  std::vector<const sxt_request*> pointers_;
};

}  // namespace sextant::plugin
