// In which order blocks and the threads of a block get their turn. Results must not depend on it.
#pragma once
#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace emulation {

class Order {
 public:
  /// forward, reverse, greedy, greedy-reverse or random:SEED; anything else fails.
  explicit Order(const std::string& name);

  /// greedy: one warp runs as far as it gets before the next one moves, so that warps drift apart.
  bool greedy() const { return kind_ == Kind::greedy || kind_ == Kind::greedy_reverse; }
  bool random() const { return kind_ == Kind::random; }
  /// 0 .. count - 1 in the order of the turn; drawn anew at each call where it is random.
  void arrange(size_t count, std::vector<unsigned>& ret);

 private:
  enum class Kind { forward, reverse, greedy, greedy_reverse, random };
  Kind kind_;
  std::mt19937 random_;
};

/// What set_order or the environment asks for.
Order current_order();

}  // namespace emulation
