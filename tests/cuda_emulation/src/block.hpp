// One block at a time: its threads are fibers of one operating-system thread that switch only where they wait for each other.
#pragma once
#include <array>
#include <functional>
#include <vector>
#include <boost/context/detail/fcontext.hpp>
#include "emulation/async_copy.hpp"
#include "order.hpp"
#include "sanitizers.hpp"
#include "shared_memory.hpp"

namespace emulation {

namespace context = boost::context::detail;

enum class State : uint8_t { fresh, ready, at_block, at_warp, done };

struct Fiber {
  uint3 thread, block;
  unsigned index, lane, warp, stack;
  State state;
  Collective collective;
  Place place;
  context::fcontext_t context;
  [[maybe_unused]] void* fake_stack;  // AddressSanitizer's
  // cp.async: copies in the order of asking; group_ends: how many there were at each commit
  std::array<AsyncCopy, 96> copies;
  std::array<unsigned, 32> group_ends;
  unsigned copy_first, copy_count, group_count;
};

struct Warp {
  unsigned exists, live, arrived;  // masks of lanes
  unsigned phase;
  alignas(64) unsigned char slots[2][32][lane_bytes];
  Token tokens[2];
};

// A fiber's stack, and the race check's idea of the fiber that runs on it.
struct Stack {
  char* memory = nullptr;
  void* tsan = nullptr;
};

class Block {
 public:
  void run_grid(dim3 grid, dim3 block, size_t dynamic_bytes, const std::function<void()>& body);

  // what the running thread asks for
  Fiber& current() { return fibers_[current_]; }
  bool running() const { return running_; }
  void sync(Place place);
  int sync_count(bool predicate, Place place);
  void sync_warp(Collective kind, unsigned mask, void (*combine)(unsigned char*), Place place);
  unsigned char* slots() { return warp().slots[warp().phase & 1][0]; }             // of the collective just left
  unsigned char* next_slots() { return warp().slots[(warp().phase + 1) & 1][0]; }  // of the next
  SharedMemory& shared() { return shared_; }
  Token& atomics() { return atomics_; }

 private:
  Warp& warp() { return warps_[current().warp]; }
  void prepare_stacks(size_t threads);
  void begin_block(dim3 grid, dim3 block, unsigned index);
  void run_block(Order& order);
  bool run_turn(const std::vector<unsigned>& turn);
  void resume(Fiber& fiber);
  void yield(Fiber& fiber);
  void release_block();
  [[noreturn]] void report_deadlock();
  static void enter(context::transfer_t from);

  std::vector<Fiber> fibers_;
  std::vector<Warp> warps_;
  std::vector<Stack> stacks_;
  SharedMemory shared_;
  const std::function<void()>* body_ = nullptr;
  context::fcontext_t scheduler_{};
  unsigned current_ = 0, live_ = 0, arrived_ = 0, phase_ = 0, first_stack_ = 0;
  int counts_[2] = {0, 0};
  bool running_ = false;
  Token sync_tokens_[2], launch_, done_, atomics_;
  [[maybe_unused]] void *host_tsan_ = nullptr, *host_fake_stack_ = nullptr;
};

Block& the_block();

}  // namespace emulation
