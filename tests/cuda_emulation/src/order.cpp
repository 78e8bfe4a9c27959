#include "order.hpp"
#include <algorithm>
#include <cstdlib>
#include <numeric>
#include "emulation/runtime.hpp"
#include "failure.hpp"

namespace emulation {
namespace {

std::string& chosen() {
  static std::string name = [] {
    const char* from_environment = std::getenv("CUDA_EMULATION_ORDER");
    return std::string(from_environment && *from_environment ? from_environment : "forward");
  }();
  return name;
}

}  // namespace

void set_order(const char* order) { chosen() = order; }
Order current_order() { return Order(chosen()); }

Order::Order(const std::string& name) {
  if (name == "forward") kind_ = Kind::forward;
  else if (name == "reverse") kind_ = Kind::reverse;
  else if (name == "greedy") kind_ = Kind::greedy;
  else if (name == "greedy-reverse") kind_ = Kind::greedy_reverse;
  else if (name.rfind("random:", 0) == 0) {
    kind_ = Kind::random;
    random_.seed(static_cast<uint32_t>(std::strtoul(name.c_str() + 7, nullptr, 10)));
  } else fail("there is no order '" + name + "'; there are forward, reverse, greedy, greedy-reverse and random:SEED");
}

void Order::arrange(size_t count, std::vector<unsigned>& ret) {
  ret.resize(count);
  std::iota(ret.begin(), ret.end(), 0u);
  if (kind_ == Kind::reverse || kind_ == Kind::greedy_reverse) std::reverse(ret.begin(), ret.end());
  if (kind_ == Kind::random) std::shuffle(ret.begin(), ret.end(), random_);
}

}  // namespace emulation
