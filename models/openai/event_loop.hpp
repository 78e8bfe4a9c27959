// libcurl's sockets and its clock, waited for together. What is done in a turn goes with the sockets on which something has happened,
// not with how many are open: with hundreds of requests in flight curl_multi_perform() asks the kernel about each of them each time.
// Threads: [owner], but for wake().
#pragma once
#include <cstdint>
#include <curl/curl.h>

namespace sextant::openai {

class EventLoop {
 public:
  explicit EventLoop(CURLM* multi);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  /// Ends a wait, or the next one. [any]
  void wake();
  /// Waits at most so long until something happens, and has libcurl do what is due.
  void turn(int wait_ms);

 private:
  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* user, void* of_socket);
  static int on_timer(CURLM* multi, long timeout_ms, void* user);
  int until_due(int wait_ms) const;
  CURLM* const multi_;
  int epoll_ = -1, woken_ = -1;
  int64_t due_ms_ = -1;              // libcurl's next deadline, of the steady clock; -1: none
};

}  // namespace sextant::openai
