#include "visitor.hpp"
#include <algorithm>

namespace sextant::engine {
namespace {

// A beginning that so many requests of a call share is kept for later calls: examples and instructions, not a question whose
// options are asked one by one.
constexpr uint32_t beginning_requests = 8;

}  // namespace

Visitor::Visitor(const Job& job, const Share& share, PagePool& pool, RetainedPages* retained, uint64_t seed)
    : job_(job), share_(share), pool_(pool), retained_(retained), shuffle_(seed != 0), random_(seed) {
  push(0);
  stack_.back().retained = retained_ && retained_->count() > 0;
}

bool Visitor::generates(uint32_t node) const {
  for (uint32_t item = job_.trie.nodes()[node].first_end; item != TokenTrie::none; item = job_.trie.next_end(item))
    if (share_.items[item] && job_.generates(item)) return true;
  return false;
}

// An option of several is a part of its request.
uint32_t Visitor::requests_ending(uint32_t node) const {
  uint32_t n = 0;
  for (uint32_t item = job_.trie.nodes()[node].first_end; item != TokenTrie::none; item = job_.trie.next_end(item))
    n += share_.items[item] && job_.items[item].part == 0;
  return n;
}

// The probability of the node's k-th token.
bool Visitor::wanted(uint32_t node, uint32_t k) const {
  return job_.trie.nodes()[node].position + k >= share_.scored_from[node];
}

bool Visitor::wants_moments(uint32_t node, uint32_t k) const {
  return !share_.moments_from.empty() && job_.trie.nodes()[node].position + k >= share_.moments_from[node];
}

// How many of the frame's first rows need no logits: none wants to know the token behind them. What is wanted behind the last
// row is wanted by an item that passes this node.
uint32_t Visitor::rows_without_logits(const Frame& frame) const {
  const uint32_t position = job_.trie.nodes()[frame.node].position;
  const uint32_t from = std::max(share_.scored_from[frame.node], position + 1) - position - 1;
  return std::min(frame.rows - !frame.generating.empty(), from);
}

bool Visitor::has_children(uint32_t node) const {
  const auto& nodes = job_.trie.nodes();
  for (uint32_t child = nodes[node].first_child; child != TokenTrie::none; child = nodes[child].next)
    if (share_.nodes[child]) return true;
  return false;
}

// The state of a token that nothing follows is never looked at.
uint32_t Visitor::rows_of(uint32_t node) const {
  const auto& n = job_.trie.nodes()[node];
  return n.length - (n.length > 0 && !has_children(node) && !generates(node));
}

void Visitor::push(uint32_t node) {
  Frame frame;
  frame.node = node;
  frame.rows = rows_of(node);
  frame.requests = requests_ending(node);
  const auto& nodes = job_.trie.nodes();
  for (uint32_t child = nodes[node].first_child; child != TokenTrie::none; child = nodes[child].next)
    if (share_.nodes[child]) frame.children.push_back(child);
  for (uint32_t item = nodes[node].first_end; item != TokenTrie::none; item = job_.trie.next_end(item))
    if (share_.items[item] && job_.generates(item)) frame.generating.push_back(item);
  if (shuffle_) {
    std::shuffle(frame.children.begin(), frame.children.end(), random_);
    std::shuffle(frame.generating.begin(), frame.generating.end(), random_);
  }
  stack_.push_back(std::move(frame));
}

void Visitor::pop() {
  Frame& frame = stack_.back();
  if (stack_.size() > 1) {
    stack_[stack_.size() - 2].requests += frame.requests;
    const auto& node = job_.trie.nodes()[frame.node];
    if (retained_ && frame.requests >= beginning_requests && node.position + node.length >= page_tokens)
      retained_->keep_beginning(node.rope_length, job_.trie.path(frame.node), frame.pages);
  }
  in_flight_.insert(in_flight_.end(), frame.pages.begin(), frame.pages.end());
  stack_.pop_back();
}

// Gives the top frame the path's pages. A page that the path fills only in part is written on by one path at a time: by this
// one, if nobody but its ancestors holds the page, else a copy is made. Tokens of the page that this very batch computes are
// not there yet when it is copied: they are stored twice.
bool Visitor::enter(Batch& batch) {
  Frame& frame = stack_.back();
  if (stack_.size() < 2) return true;
  const auto& parent = stack_[stack_.size() - 2].pages;
  const uint32_t position = job_.trie.nodes()[frame.node].position, index = position / page_tokens;
  if (position % page_tokens != 0) {
    const uint32_t page = parent[index];
    uint32_t ancestors = 0;
    for (size_t i = 0; i + 1 < stack_.size(); ++i)
      ancestors += stack_[i].pages.size() > index && stack_[i].pages[index] == page;
    if (pool_.holders(page) != ancestors) {
      uint32_t copy;
      if (!pool_.take(copy)) return false;
      batch.copies.push_back({page, copy});
      for (size_t i = 0; i + 1 < stack_.size(); ++i) {
        const Frame& f = stack_[i];
        if (f.batch != batch_) continue;
        const uint32_t end = job_.trie.nodes()[f.node].position + f.placed;
        for (uint32_t p = std::max(f.batch_position, index * page_tokens); p < std::min(end, position); ++p)
          batch.stores.push_back({f.batch_row + p - f.batch_position, copy, p % page_tokens});
      }
      frame.pages.assign(parent.begin(), parent.begin() + index);
      for (const uint32_t p : frame.pages) pool_.hold(p);
      frame.pages.push_back(copy);
      return true;
    }
  }
  frame.pages = parent;
  for (const uint32_t p : frame.pages) pool_.hold(p);
  return true;
}

// Takes the first tokens of the top frame's node from what is retained, where nothing has been placed yet. Rows whose logits
// are needed are computed. Of a page that is
// left in its middle a copy is written on; where no page is left for it, only whole pages are taken.
void Visitor::reuse(Batch& batch, Filled& ret) {
  if (stack_.size() < 2 || !stack_[stack_.size() - 2].retained) return;
  Frame& frame = stack_.back();
  const auto& node = job_.trie.nodes()[frame.node];
  const uint32_t end = node.position + node.length;
  const std::vector<int32_t> path = job_.trie.path(frame.node);
  const RetainedPages::Match match = retained_->find(node.rope_length, path);
  frame.retained = match.tokens == end;
  uint32_t taken = std::min(match.tokens, node.position + rows_without_logits(frame));
  if (taken <= node.position) return;
  const uint32_t of_turns = retained_->of_turns(node.rope_length, path, match, taken);  // before pages are taken, and others evicted
  retained_->use(match, taken);
  const bool goes_on = taken < node.position + frame.rows;
  const auto& parent = stack_[stack_.size() - 2].pages;
  const uint32_t first = node.position / page_tokens;
  frame.pages.assign(parent.begin(), parent.begin() + first);
  frame.pages.insert(frame.pages.end(), match.pages.begin() + first, match.pages.begin() + pages_for(taken));
  for (const uint32_t page : frame.pages) pool_.hold(page);
  if (goes_on && taken % page_tokens != 0) {
    const uint32_t page = frame.pages.back();
    in_flight_.push_back(page);
    frame.pages.pop_back();
    if (uint32_t copy; pool_.take(copy)) {
      batch.copies.push_back({page, copy});
      frame.pages.push_back(copy);
    } else {
      taken -= taken % page_tokens;
    }
  }
  if (taken <= node.position) {
    in_flight_.insert(in_flight_.end(), frame.pages.begin(), frame.pages.end());
    frame.pages.clear();
    return;
  }
  frame.placed = taken - node.position;
  retained_->count(frame.placed);
  ret.reused.push_back({frame.node, frame.placed, std::max(node.position, std::min(of_turns, taken)) - node.position});
}

// Puts as many of the top frame's rows into the batch as fit; returns how many.
uint32_t Visitor::place(Batch& batch, uint32_t rows_max) {
  Frame& frame = stack_.back();
  if (batch.rows() >= rows_max) return 0;
  if (frame.placed == 0 && !enter(batch)) return 0;
  const auto& node = job_.trie.nodes()[frame.node];
  const uint32_t position = node.position + frame.placed;
  uint32_t rows = std::min(frame.rows - frame.placed, rows_max - batch.rows());
  while (frame.pages.size() < pages_for(position + rows)) {
    uint32_t page;
    if (!pool_.take(page)) break;
    frame.pages.push_back(page);
  }
  rows = std::min<uint32_t>(rows, static_cast<uint32_t>(frame.pages.size()) * page_tokens - position);
  if (rows == 0) {
    if (frame.placed == 0) {  // not begun after all: enter() comes again
      in_flight_.insert(in_flight_.end(), frame.pages.begin(), frame.pages.end());
      frame.pages.clear();
    }
    return 0;
  }
  batch.runs.push_back({batch.rows(), rows, position, static_cast<uint32_t>(batch.pages.size()), node.rope_length});
  batch.pages.insert(batch.pages.end(), frame.pages.begin(), frame.pages.end());
  frame.batch = batch_;
  frame.batch_row = batch.rows();
  frame.batch_position = position;
  for (uint32_t i = 0; i < rows; ++i) {
    batch.tokens.push_back(job_.trie.tokens()[node.first_token + frame.placed + i]);
    batch.positions.push_back(position + i);
  }
  frame.placed += rows;
  return rows;
}

// Asks for what follows the k-th token of the frame's node, which is in `row`.
void Visitor::look(Batch& batch, const Frame& frame, uint32_t row, uint32_t k,
                   const std::function<float*(uint32_t)>& logits_row, Filled& ret) {
  const auto& nodes = job_.trie.nodes();
  const auto& node = nodes[frame.node];
  const auto first = static_cast<uint32_t>(batch.targets.size());
  const auto want = [&](uint32_t token) {
    batch.targets.push_back(job_.trie.tokens()[token]);
    ret.target_tokens.push_back(token);
  };
  bool moments = false;
  const auto look_for = [&](uint32_t child, uint32_t token) {
    if (!wanted(child, token)) return;
    want(nodes[child].first_token + token);
    moments = moments || wants_moments(child, token);
  };
  const bool last = k + 1 == node.length;
  if (!last) look_for(frame.node, k + 1);
  if (last)
    for (uint32_t child = node.first_child; child != TokenTrie::none; child = nodes[child].next) look_for(child, 0);
  const auto count = static_cast<uint32_t>(batch.targets.size()) - first;
  if (count) {
    batch.head.push_back({row, first, count, false, nullptr});
    batch.head.back().moments = moments;
  }
  if (!last) return;
  for (const uint32_t item : frame.generating) {
    ret.picks.push_back({static_cast<uint32_t>(batch.head.size()), item, frame.node});
    const sxt_request& request = *job_.requests[job_.items[item].request];
    batch.head.push_back({row, first + count, 0, request.sampling->min_new_tokens > 0, logits_row(item)});
    batch.head.back().margin = wants_margin(request);
  }
}

bool Visitor::start(Frame& frame, uint32_t item, Filled& ret) {
  const JobItem& i = job_.items[item];
  const uint32_t rows = i.new_tokens - 1;  // the state of the last token is not needed
  const uint32_t pages = rows ? pages_for(i.tokens + rows) - i.tokens / page_tokens : 0;
  if (!pool_.reserve(pages)) return false;
  for (const uint32_t p : frame.pages) pool_.hold(p);
  ret.started.push_back({item, frame.node, frame.pages, pages});
  return true;
}

void Visitor::fill(Batch& batch, uint32_t rows_max, uint32_t sequences, const std::function<float*(uint32_t item)>& logits_row,
                   Filled& ret) {
  while (!stack_.empty()) {
    Frame& frame = stack_.back();
    if (frame.placed < frame.rows) {
      if (frame.placed == 0 && retained_ && batch.rows() < rows_max) reuse(batch, ret);
      const uint32_t before = frame.placed, row = batch.rows(), rows = before < frame.rows ? place(batch, rows_max) : 0;
      if (rows == 0 && before < frame.rows) break;
      for (uint32_t i = 0; i < rows; ++i) look(batch, frame, row + i, before + i, logits_row, ret);
      if (frame.placed == frame.rows) ret.nodes.push_back(frame.node);
    } else if (frame.next_generating < frame.generating.size()) {
      if (sequences == 0 || !start(frame, frame.generating[frame.next_generating], ret)) break;
      ++frame.next_generating;
      --sequences;
    } else if (frame.next_child < frame.children.size()) {
      const uint32_t child = frame.children[frame.next_child++];
      if (rows_of(child) > 0) push(child);
      else frame.requests += requests_ending(child), ret.nodes.push_back(child);
    } else {
      if (frame.rows == 0) ret.nodes.push_back(frame.node);  // the root
      pop();
    }
  }
  std::stable_sort(batch.stores.begin(), batch.stores.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
}

void Visitor::batch_done() {
  for (const uint32_t page : in_flight_) pool_.release(page);
  in_flight_.clear();
  ++batch_;
}

void Visitor::compact() {
  if (stack_.empty()) return;
  // a frame that has not been entered holds nothing
  const auto deepest = std::find_if(stack_.rbegin(), stack_.rend(), [](const Frame& f) { return !f.pages.empty(); });
  if (deepest == stack_.rend()) return;
  const std::vector<uint32_t> path = deepest->pages;
  for (Frame& frame : stack_)
    for (size_t i = 0; i < frame.pages.size(); ++i) {
      if (frame.pages[i] == path[i]) continue;
      pool_.hold(path[i]);
      pool_.release(frame.pages[i]);
      frame.pages[i] = path[i];
    }
}

}  // namespace sextant::engine
