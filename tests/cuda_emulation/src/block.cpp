#include "block.hpp"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include "emulation/runtime.hpp"
#include "failure.hpp"

constinit uint3 threadIdx{}, blockIdx{};
constinit dim3 blockDim{}, gridDim{};

namespace emulation {
namespace {

constexpr size_t stack_bytes = 128 << 10;

std::string spelled(Place p) { return p.file ? std::string(p.file) + ":" + std::to_string(p.line) : "its start"; }
std::string spelled(const Fiber& f) {
  return "thread " + std::to_string(f.index) + " of block (" + std::to_string(f.block.x) + "," + std::to_string(f.block.y) +
         "," + std::to_string(f.block.z) + ") at " + spelled(f.place);
}
bool same(Place a, Place b) { return a.line == b.line && (a.file == b.file || std::strcmp(a.file, b.file) == 0); }

}  // namespace

void fail(const std::string& what) {
  std::fprintf(stderr, "cuda_emulation: %s\n", what.c_str());
  std::fflush(stderr);
  std::_Exit(failure_code);
}
void fail(const std::string& what, Place place) { fail(what + ", at " + spelled(place)); }

Block& the_block() {
  static Block block;
  return block;
}

// ---- the fibers ----

void Block::prepare_stacks(size_t threads) {
#ifdef EMULATION_TSAN
  host_tsan_ = __tsan_get_current_fiber();
  threads = 2 * threads + 33;  // more than a block needs: two blocks' threads seldom share one, and races between blocks show
#endif
  while (stacks_.size() < threads) {
    void* memory = mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) fail("no memory for the threads' stacks");
    stacks_.push_back({static_cast<char*>(memory), nullptr});
  }
}

void Block::enter(context::transfer_t from) {
  Block& block = the_block();
  block.scheduler_ = from.fctx;
  Fiber& self = block.current();
#ifdef EMULATION_ASAN
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
  block.launch_.acquire();
  (*block.body_)();
  if (self.copy_first < self.copy_count) fail("a thread ends before it has waited for its cp.async: " + spelled(self));
  block.done_.release();
  self.state = State::done;
  block.yield(self);
  std::abort();
}

void Block::yield([[maybe_unused]] Fiber& self) {
#ifdef EMULATION_TSAN
  __tsan_switch_to_fiber(host_tsan_, 1);  // 1: the switch itself orders nothing
#endif
#ifdef EMULATION_ASAN
  __sanitizer_start_switch_fiber(self.state == State::done ? nullptr : &self.fake_stack, nullptr, 0);
#endif
  scheduler_ = context::jump_fcontext(scheduler_, nullptr).fctx;
#ifdef EMULATION_ASAN
  __sanitizer_finish_switch_fiber(self.fake_stack, nullptr, nullptr);
#endif
}

void Block::resume(Fiber& f) {
  current_ = f.index;
  threadIdx = f.thread;
  blockIdx = f.block;
  Stack& stack = stacks_[f.stack];
  if (f.state == State::fresh) {
    // stacks are staggered, or those of all threads would compete for the same lines of the cache
    const size_t size = stack_bytes - (f.stack * 320 % 8192 & ~size_t{15});
    f.context = context::make_fcontext(stack.memory + size, size, enter);
  }
  f.state = State::ready;
#ifdef EMULATION_TSAN
  if (!stack.tsan) stack.tsan = __tsan_create_fiber(0);
  __tsan_switch_to_fiber(stack.tsan, 1);
#endif
#ifdef EMULATION_ASAN
  __sanitizer_start_switch_fiber(&host_fake_stack_, stack.memory, stack_bytes);
#endif
  f.context = context::jump_fcontext(f.context, nullptr).fctx;
#ifdef EMULATION_ASAN
  __sanitizer_finish_switch_fiber(host_fake_stack_, nullptr, nullptr);
#endif
  if (f.state != State::done) return;
  --live_;
  warps_[f.warp].live &= ~(1u << f.lane);
  if (live_ > 0 && arrived_ == live_) release_block();
}

// ---- a grid ----

void Block::run_grid(dim3 grid, dim3 block, size_t dynamic_bytes, const std::function<void()>& body) {
  const size_t threads = size_t{block.x} * block.y * block.z;
  prepare_stacks(threads);
  Order order = current_order();
  std::vector<unsigned> blocks;
  order.arrange(size_t{grid.x} * grid.y * grid.z, blocks);
  fibers_.resize(threads);
  warps_.resize((threads + 31) / 32);
  blockDim = block;
  gridDim = grid;
  body_ = &body;
  running_ = true;
  launch_.release();
  for (const unsigned index : blocks) {
    shared_.begin_block(dynamic_bytes);
    launch_.release();
    begin_block(grid, block, index);
    run_block(order);
  }
  running_ = false;
  done_.acquire();
  shared_.end_launch();
}

void Block::begin_block(dim3 grid, dim3 block, unsigned index) {
  for (Warp& w : warps_) w.exists = w.live = w.arrived = w.phase = 0;
  for (unsigned i = 0; i < fibers_.size(); ++i) {
    Fiber& f = fibers_[i];
    f.thread = {i % block.x, i / block.x % block.y, i / (block.x * block.y)};
    f.block = {index % grid.x, index / grid.x % grid.y, index / (grid.x * grid.y)};
    f.index = i;
    f.lane = i % 32;
    f.warp = i / 32;
    f.stack = (i + first_stack_) % static_cast<unsigned>(stacks_.size());
    f.state = State::fresh;
    f.place = {nullptr, 0};
    f.copy_first = f.copy_count = f.group_count = 0;
    warps_[f.warp].exists |= 1u << f.lane;
  }
  for (Warp& w : warps_) w.live = w.exists;
#ifdef EMULATION_TSAN
  first_stack_ += 33;
#endif
  live_ = static_cast<unsigned>(fibers_.size());
  arrived_ = phase_ = 0;
  counts_[0] = counts_[1] = 0;
}

bool Block::run_turn(const std::vector<unsigned>& turn) {
  bool moved = false;
  for (const unsigned i : turn) {
    Fiber& f = fibers_[i];
    if (f.state != State::fresh && f.state != State::ready) continue;
    resume(f);
    moved = true;
  }
  return moved;
}

void Block::run_block(Order& order) {
  std::vector<unsigned> warps, turn;
  if (order.greedy()) order.arrange(warps_.size(), warps);
  else order.arrange(fibers_.size(), turn);
  while (live_ > 0) {
    bool moved = false;
    if (order.greedy()) {
      for (const unsigned w : warps) {
        turn.clear();
        for (unsigned i = w * 32; i < std::min<size_t>(w * 32 + 32, fibers_.size()); ++i) turn.push_back(i);
        while (run_turn(turn)) moved = true;
      }
    } else {
      moved = run_turn(turn);
      if (order.random()) order.arrange(fibers_.size(), turn);
    }
    if (!moved) report_deadlock();
  }
}

void Block::report_deadlock() {
  for (const Fiber& f : fibers_)
    if (f.state == State::at_block || f.state == State::at_warp)
      fail(std::string("deadlock: ") + spelled(f) + " waits at " +
           (f.state == State::at_block ? "__syncthreads" : "a warp's collective") + ", which not all threads reach");
  std::abort();
}

// ---- meeting points ----

void Block::release_block() {
  const Fiber* first = nullptr;
  for (Fiber& f : fibers_) {
    if (f.state != State::at_block) continue;
    if (live_ != fibers_.size()) fail("some threads of the block have returned, and " + spelled(f) + " waits at __syncthreads");
    if (!first) first = &f;
    if (!same(first->place, f.place)) fail("barrier divergence: " + spelled(*first) + ", " + spelled(f));
    f.state = State::ready;
  }
  arrived_ = 0;
  phase_ ^= 1;
}

void Block::sync(Place place) {
  Fiber& self = current();
  const unsigned phase = phase_;
  self.place = place;
  self.state = State::at_block;
  sync_tokens_[phase].release();
  if (++arrived_ == live_) release_block();
  yield(self);
  sync_tokens_[phase].acquire();
}

int Block::sync_count(bool predicate, Place place) {
  const unsigned phase = phase_;
  counts_[phase] += predicate;
  sync(place);
  counts_[phase ^ 1] = 0;  // of the barrier before, which all have left; the next one counts there
  return counts_[phase];
}

// All lanes leave a collective before any can be at the next but one, so two sets of slots are enough. phase names the set of
// the latest finished collective.
void Block::sync_warp(Collective kind, unsigned mask, void (*combine)(unsigned char*), Place place) {
  Fiber& self = current();
  Warp& warp = warps_[self.warp];
  const unsigned next = (warp.phase + 1) & 1;
  self.place = place;
  self.collective = kind;
  self.state = State::at_warp;
  mask &= warp.exists;
  if (mask & ~warp.live) fail("a warp's collective names lanes that have returned: " + spelled(self));
  if (mask != warp.live) fail("a warp's collective leaves out lanes; keep them together: " + spelled(self));
  if (kind == Collective::sync) warp.tokens[next].release();
  warp.arrived |= 1u << self.lane;
  if (warp.arrived == warp.live) {
    for (unsigned i = self.warp * 32; i < std::min<size_t>(self.warp * 32 + 32, fibers_.size()); ++i) {
      Fiber& other = fibers_[i];
      if (other.state != State::at_warp) continue;
      if (other.collective != kind || !same(other.place, place))
        fail("warp divergence: " + spelled(self) + ", " + spelled(other));
      other.state = State::ready;
    }
    if (combine) combine(warp.slots[next][0]);
    warp.arrived = 0;
    ++warp.phase;
  }
  yield(self);
  if (kind == Collective::sync) warp.tokens[next].acquire();
}

// ---- what the headers call ----

void sync_block(Place place) { the_block().sync(place); }
int sync_block_count(bool predicate, Place place) { return the_block().sync_count(predicate, place); }
void sync_warp(unsigned mask, Place place) { the_block().sync_warp(Collective::sync, mask, nullptr, place); }
unsigned lane() { return the_block().current().lane; }
void* dynamic_shared() { return the_block().shared().dynamic(); }
void* static_shared(const char* file, int line, size_t bytes) { return the_block().shared().find_or_make(file, line, bytes); }
void atomic_begin() { the_block().atomics().acquire(); }
void atomic_end() { the_block().atomics().release(); }

unsigned char* exchange(Collective kind, unsigned mask, const void* mine, void (*combine)(unsigned char*), Place place) {
  Block& block = the_block();
  Fiber& self = block.current();
  __builtin_memcpy(block.next_slots() + self.lane * lane_bytes, mine, lane_bytes);
  block.sync_warp(kind, mask, combine, place);
  return block.slots();
}

void run_grid(dim3 grid, dim3 block, size_t dynamic_shared_bytes, const std::function<void()>& body) {
  the_block().run_grid(grid, block, dynamic_shared_bytes, body);
}

}  // namespace emulation

unsigned __ballot_sync(unsigned mask, int predicate, const char* file, int line) {
  uint64_t mine[emulation::lane_bytes / 8] = {predicate != 0};
  const unsigned char* all = emulation::exchange(emulation::Collective::vote, mask, mine, nullptr, {file, line});
  unsigned votes = 0;
  for (unsigned lane = 0; lane < 32; ++lane)
    if (mask >> lane & 1) votes |= unsigned{all[lane * emulation::lane_bytes]} << lane;
  return votes;
}
