#include "run.hpp"
#include <algorithm>
#include <cmath>
#include <limits>
#include <fmt/format.h>

namespace sextant::llamacpp {
namespace {

uint32_t common(std::span<const int32_t> a, std::span<const int32_t> b) {
  return static_cast<uint32_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}
uint32_t size_of(const engine::Item& item) { return static_cast<uint32_t>(item.tokens.size()); }
// The last token is predicted and never computed.
uint32_t computed_of(const engine::Item& item) { return item.tokens.empty() ? 0 : size_of(item) - 1; }

const char* not_finite = "the model's probabilities are not finite; its file is damaged, or this build of libllama is";

}  // namespace

Run::Run(Decoder& decoder, Trunk& trunk, const Room& room, const engine::Tokenizer& tokenizer,
         std::span<const sxt_request* const> requests, const sxt_result_sink& sink)
    : decoder_(decoder), trunk_(trunk), room_(room), tokenizer_(tokenizer), requests_(requests), sink_(sink) {
  for (uint32_t id = room_.sequences; id > 0; --id) free_.push_back(id);
}

void Run::all(const std::function<void(uint64_t computed)>& go_on) {
  uint64_t computed = 0;
  decoder_.between([&](uint32_t tokens) { go_on(computed += tokens); });
  try {
    for (size_t i = 0; i < requests_.size(); ++i) {
      items_.push_back(engine::make_items(*requests_[i], i, tokenizer_, {room_.context, tokenizer_.vocab_size()}));
      if (i % 64 == 0) go_on(computed);
    }
    for (size_t i = 0; i < requests_.size(); ++i)
      if (items_[i].status != SXT_OK) fail(i, items_[i].status, items_[i].message);
      else if (!is_generation(i)) score(i);
    generate();
  } catch (...) {  // what sequences hold is not known any more
    decoder_.clear();
    trunk_.clear();
    decoder_.between(nullptr);
    throw;
  }
  decoder_.between(nullptr);
}

void Run::add(int32_t token, uint32_t position, uint32_t sequence, Decoder::Reader reader) {
  ++added_;
  decoder_.add(token, position, sequence, std::move(reader));
}

uint32_t Run::trunk_of(std::span<const int32_t> tokens) const { return room_.forks ? common(trunk_, tokens) : 0; }

void Run::forget_trunk() {
  decoder_.cut(0, 0);
  trunk_.clear();
}

sxt_result Run::result_of(size_t request) const {
  sxt_result result{};
  result.struct_size = sizeof result;
  for (const engine::Item& item : items_[request].items) {
    result.prompt_tokens += size_of(item);
    result.truncated_tokens += item.truncated;
  }
  return result;
}

void Run::fail(size_t request, sxt_status status, const std::string& why) {
  sxt_result result = result_of(request);
  result.status = status;
  result.message = borrow(why);
  sink_.put(sink_.ctx, request, &result);
}

// ---- scores ---------------------------------------------------------------------------------------------------------------

void Run::score(size_t request) {
  const std::vector<engine::Item>& items = items_[request].items;
  std::vector<Learnt> learnt(items.size());
  const bool moments = engine::wants_moments(*requests_[request]);
  for (size_t k = 0; k < items.size(); ++k) {
    learnt[k].logprob.resize(size_of(items[k]));
    learnt[k].best.resize(size_of(items[k]));
    learnt[k].mean.resize(moments ? size_of(items[k]) : 0);
    learnt[k].variance.resize(moments ? size_of(items[k]) : 0);
  }
  added_ = 0;
  if (room_.forks) {
    if (!items.empty()) score_items(request, items, learnt);
  } else {
    for (size_t k = 0; k < items.size(); ++k)
      score_items(request, std::span(items).subspan(k, 1), std::span(learnt).subspan(k, 1));
  }
  deliver_scores(request, learnt);
}

void Run::score_items(size_t request, std::span<const engine::Item> items, std::span<Learnt> learnt) {
  const bool total = engine::wants_total(*requests_[request]);
  uint32_t shared = UINT32_MAX, first = UINT32_MAX;  // first: the place of the first token whose logits are wanted
  for (const engine::Item& item : items) {
    shared = std::min({shared, computed_of(item), std::max(1u, common(item.tokens, items.front().tokens))});
    first = std::min(first, total ? 0 : std::max(1u, item.start) - 1);
  }
  const std::span<const int32_t> path(items.front().tokens.data(), shared);
  uint32_t known = std::min(trunk_of(path), first);
  if (!decoder_.cut(0, known)) known = 0;
  for (uint32_t p = known; p < shared; ++p)
    add(path[p], p, 0, p < first ? Decoder::Reader() : [=](std::span<const float> logits) { learn(items, learnt, p, logits); });
  decoder_.flush();
  trunk_.assign(path.begin(), path.end());
  score_rests(items, learnt, shared, first);
  if (!room_.forks) forget_trunk();
}

// What the items have behind the trunk, as many of them together as there is room for.
void Run::score_rests(std::span<const engine::Item> items, std::span<Learnt> learnt, uint32_t shared, uint32_t first) {
  std::vector<uint32_t> used;
  uint32_t cells = shared;
  const auto finish = [&] {
    decoder_.flush();
    for (const uint32_t id : used) decoder_.cut(id, 0);
    used.clear();
    cells = shared;
  };
  for (size_t k = 0; k < items.size(); ++k) {
    const uint32_t end = computed_of(items[k]);
    if (end <= shared) continue;
    if (used.size() == room_.sequences || cells + end - shared > room_.cells) finish();
    const auto id = static_cast<uint32_t>(used.size()) + 1;
    used.push_back(id);
    cells += end - shared;
    decoder_.fork(0, id, shared);
    for (uint32_t p = shared; p < end; ++p)
      add(items[k].tokens[p], p, id, p < first ? Decoder::Reader() : [=](std::span<const float> logits) {
        learn(items.subspan(k, 1), learnt.subspan(k, 1), p, logits);
      });
  }
  finish();
}

void Run::learn(std::span<const engine::Item> items, std::span<Learnt> learnt, uint32_t position, std::span<const float> logits) {
  const float* best = std::max_element(logits.data(), logits.data() + logits.size());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit - *best));
  const double log_sum_exp = static_cast<double>(*best) + std::log(sum);
  double mean = 0, square = 0;  // of logit - best
  if (!learnt.front().mean.empty())
    for (const float logit : logits) {
      const double x = static_cast<double>(logit) - static_cast<double>(*best), px = std::exp(x) / sum * x;
      mean += px;
      square += px * x;
    }
  for (size_t k = 0; k < items.size(); ++k) {
    if (position + 1 >= size_of(items[k])) continue;
    const auto target = static_cast<size_t>(items[k].tokens[position + 1]);
    learnt[k].logprob[position + 1] = static_cast<float>(logits[target] - log_sum_exp);
    learnt[k].best[position + 1] = logits.data() + target == best;
    if (learnt[k].mean.empty()) continue;
    learnt[k].mean[position + 1] = static_cast<float>(mean - std::log(sum));
    learnt[k].variance[position + 1] = static_cast<float>(std::max(0.0, square - mean * mean));
  }
}

void Run::deliver_scores(size_t request, std::span<const Learnt> learnt) {
  const std::vector<engine::Item>& items = items_[request].items;
  const bool total = engine::wants_total(*requests_[request]);
  std::vector<sxt_score> scores(items.size());
  std::vector<const sxt_score*> pointers;
  for (size_t k = 0; k < items.size(); ++k) {
    sxt_score& score = scores[k];
    score.struct_size = sizeof score;
    score.flags = 1;
    score.total_tokens = size_of(items[k]);
    if (!total) score.total_logprob = std::numeric_limits<double>::quiet_NaN();
    for (uint32_t i = 1; i < size_of(items[k]); ++i) {
      if (total) score.total_logprob += static_cast<double>(learnt[k].logprob[i]);
      if (i < items[k].start) continue;
      score.logprob += static_cast<double>(learnt[k].logprob[i]);
      ++score.token_count;
      if (!learnt[k].best[i]) score.flags = 0;
    }
    if (score.token_count > 0 && requests_[request]->flags & SXT_REQUEST_TOKEN_LOGPROBS)
      score.token_logprob = learnt[k].logprob.data() + std::max(1u, items[k].start);
    if (score.token_count > 0 && !learnt[k].mean.empty()) {
      score.token_mean = learnt[k].mean.data() + std::max(1u, items[k].start);
      score.token_variance = learnt[k].variance.data() + std::max(1u, items[k].start);
    }
    if (!std::isfinite(total ? score.total_logprob : score.logprob)) return fail(request, SXT_BAD_DATA, not_finite);
    pointers.push_back(&score);
  }
  sxt_result result = result_of(request);
  result.score = pointers.data();
  result.computed_tokens = added_;
  sink_.put(sink_.ctx, request, &result);
}

// ---- generations ----------------------------------------------------------------------------------------------------------

uint32_t Run::new_tokens(size_t request) const {
  const uint32_t prompt = size_of(items_[request].items.front());
  return std::min(requests_[request]->sampling->max_new_tokens, room_.context - std::min(room_.context, prompt));
}

void Run::generate() {
  std::vector<size_t> queue;
  for (size_t i = requests_.size(); i > 0; --i)
    if (is_generation(i - 1) && items_[i - 1].status == SXT_OK) queue.push_back(i - 1);
  while (!queue.empty() || !live_.empty()) {
    while (!queue.empty()) {
      const std::vector<int32_t>* next = queue.size() > 1 ? &items_[queue[queue.size() - 2]].items.front().tokens : nullptr;
      if (!admit(queue.back(), next)) break;
      queue.pop_back();
    }
    decoder_.flush();  // prompts give their first token
    for (Live& live : live_)
      if (!live.over) {
        ++live.computed;
        add(live.token, live.position, live.id, [this, &live](std::span<const float> logits) { pick(live, logits); });
      }
    decoder_.flush();
    for (auto it = live_.begin(); it != live_.end();) {
      if (!it->over) {
        ++it;
        continue;
      }
      deliver(*it);
      decoder_.cut(it->id, 0);
      free_.push_back(it->id);
      reserved_ -= it->reserved;
      it = live_.erase(it);
    }
  }
}

// False: there is no room yet.
bool Run::admit(size_t request, const std::vector<int32_t>* next) {
  const std::vector<int32_t>& prompt = items_[request].items.front().tokens;
  const uint32_t size = size_of(items_[request].items.front()), room = new_tokens(request);
  if (room == 0) {
    sxt_result result = result_of(request);
    result.finish = SXT_FINISH_LENGTH;
    sink_.put(sink_.ctx, request, &result);
    return true;
  }
  const uint32_t reserved = size + room;
  if (free_.empty()) return false;
  if (reserved_ + trunk_.size() + reserved > room_.cells) {
    if (!live_.empty()) return false;
    forget_trunk();
  }
  const sxt_sampling& sampling = *requests_[request]->sampling;
  Live& live = live_.emplace_back(Live{.request = request,
                                       .sequence = engine::Sequence(sampling, tokenizer_, room),
                                       .adjustments = {},
                                       .id = free_.back(),
                                       .reserved = reserved,
                                       .prompt = size,
                                       .computed = 0});
  free_.pop_back();
  reserved_ += reserved;
  if (engine::Adjustments::wanted(sampling)) live.adjustments.emplace(sampling, prompt, tokenizer_.vocab_size());
  const uint32_t known = std::min(trunk_of(prompt), size - 1);
  decoder_.fork(0, live.id, known);
  for (uint32_t p = known; p < size; ++p)
    add(prompt[p], p, live.id, p + 1 < size ? Decoder::Reader() : [this, &live](std::span<const float> logits) { pick(live, logits); });
  live.computed = size - known;
  live.position = size - 1;
  if (next && room_.forks) replace_trunk(live, prompt, std::min(common(prompt, *next), size - 1));
  return true;
}

// Where the next prompt begins as this one does, for longer than as the trunk does.
void Run::replace_trunk(const Live& live, const std::vector<int32_t>& prompt, uint32_t length) {
  constexpr uint32_t worth = 16;  // tokens; below it a batch of its own costs more
  if (length < common(trunk_, prompt) + worth || reserved_ + length > room_.cells) return;
  decoder_.flush();
  decoder_.cut(0, 0);
  decoder_.fork(live.id, 0, length);
  trunk_.assign(prompt.begin(), prompt.begin() + length);
}

void Run::pick(Live& live, std::span<const float> logits) {
  const sxt_sampling& sampling = live.sequence.sampling();
  if (std::any_of(logits.begin(), logits.end(), [](float logit) { return std::isnan(logit); })) {
    live.over = live.broken = true;
    return;
  }
  const auto& end = tokenizer_.end_of_generation();
  if (live.adjustments || live.sequence.forbids_end()) {
    adjusted_.assign(logits.begin(), logits.end());
    if (live.adjustments) {
      std::vector<engine::Adjustment> list;
      live.adjustments->append_to(list);
      for (const auto& a : list) adjusted_[static_cast<size_t>(a.id)] = engine::draw::adjusted(adjusted_[static_cast<size_t>(a.id)], a);
    }
    if (live.sequence.forbids_end())
      for (const int32_t id : end) adjusted_[static_cast<size_t>(id)] = engine::draw::never;
    logits = adjusted_;
  }
  const auto best = static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  live.token = engine::next_token(sampling, best, logits, end, live.sequence.ids().size());
  ++live.position;
  std::optional<float> margin;
  if (engine::wants_margin(*requests_[live.request])) {
    float second = engine::draw::never;
    for (size_t id = 0; id < logits.size(); ++id)
      if (id != static_cast<size_t>(best)) second = std::max(second, logits[id]);
    margin = logits[static_cast<size_t>(best)] - second;
  }
  live.over = live.sequence.accept(live.token, margin);
  if (live.adjustments && !live.over) live.adjustments->add(live.token);
}

void Run::deliver(const Live& live) {
  if (live.broken) return fail(live.request, SXT_BAD_DATA, not_finite);
  sxt_result result = result_of(live.request);
  result.text = borrow(live.sequence.text());
  result.ids = live.sequence.ids().data();
  result.id_count = live.sequence.ids().size();
  result.generated_tokens = static_cast<uint32_t>(live.sequence.ids().size());
  result.finish = live.sequence.finish();
  result.computed_tokens = live.computed;
  live.sequence.margins().write(result);
  sink_.put(sink_.ctx, live.request, &result);
}

}  // namespace sextant::llamacpp
