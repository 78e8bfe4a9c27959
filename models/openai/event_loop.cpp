#include "event_loop.hpp"
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace sextant::openai {
namespace {

int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

EventLoop::EventLoop(CURLM* multi) : multi_(multi), epoll_(::epoll_create1(EPOLL_CLOEXEC)), woken_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = woken_;
  if (epoll_ < 0 || woken_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, woken_, &event) != 0)
    throw std::system_error(errno, std::generic_category(), "sockets cannot be waited for; allow more open files (ulimit -n)");
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &EventLoop::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &EventLoop::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

EventLoop::~EventLoop() {
  if (woken_ >= 0) ::close(woken_);
  if (epoll_ >= 0) ::close(epoll_);
}

void EventLoop::wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(woken_, &one, sizeof one);  // a full counter wakes, too
}

int EventLoop::on_socket(CURL*, curl_socket_t socket, int what, void* user, void*) {
  const int epoll = static_cast<EventLoop*>(user)->epoll_;
  epoll_event event{};
  event.data.fd = socket;
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) event.events |= EPOLLIN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) event.events |= EPOLLOUT;
  if (what == CURL_POLL_REMOVE) ::epoll_ctl(epoll, EPOLL_CTL_DEL, socket, &event);
  else if (::epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) != 0) ::epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event);
  return 0;
}

int EventLoop::on_timer(CURLM*, long timeout_ms, void* user) {
  static_cast<EventLoop*>(user)->due_ms_ = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
  return 0;
}

int EventLoop::until_due(int wait_ms) const {
  return due_ms_ < 0 ? wait_ms : static_cast<int>(std::clamp<int64_t>(due_ms_ - now_ms(), 0, wait_ms));
}

void EventLoop::turn(int wait_ms) {
  std::array<epoll_event, 128> events;
  const int n = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), until_due(wait_ms));
  int running = 0;
  for (int i = 0; i < n; ++i) {
    const int fd = events[i].data.fd;
    if (fd == woken_) {
      uint64_t count = 0;
      [[maybe_unused]] const auto read = ::read(woken_, &count, sizeof count);
      continue;
    }
    const int what = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                     (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
    curl_multi_socket_action(multi_, fd, what, &running);
  }
  if (due_ms_ < 0 || now_ms() < due_ms_) return;
  due_ms_ = -1;
  curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
}

}  // namespace sextant::openai
