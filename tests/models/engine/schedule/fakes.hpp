// Stand-ins for a tokenizer and a device, so that the schedule is tested without a model.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>
#include <catch2/catch.hpp>
#include <sextant/sdk.hpp>
#include "../../../../models/engine/schedule/scheduler.hpp"

namespace fakes {

using namespace sextant;
using namespace sextant::engine;

/// One token a byte, but "ab" is one: 256. BOS 257, EOS 258 (also what ends a generation).
class Bytes : public Tokenizer {
 public:
  static constexpr int32_t bos_id = 257, eos_id = 258;
  bool has_bos = true, adds_bos = false;

  uint32_t vocab_size() const override { return 259; }
  Encoding encode(std::string_view text, EncodeOptions options) const override {
    Encoding e;
    if (options.add_special && adds_bos) e.ids.push_back(bos_id), e.end.push_back(0);
    for (uint32_t i = 0; i < text.size();) {
      const bool pair = text.substr(i, 2) == "ab";
      e.ids.push_back(pair ? 256 : static_cast<unsigned char>(text[i]));
      e.end.push_back(i += pair ? 2 : 1);
    }
    return e;
  }
  std::string decode(std::span<const int32_t> ids, bool) const override {
    std::string text;
    for (const int32_t id : ids) text += id == 256 ? "ab" : id < 256 ? std::string(1, static_cast<char>(id)) : "";
    return text;
  }
  std::optional<std::string> piece(int32_t id) const override { return decode({&id, 1}, false); }
  std::optional<int32_t> bos() const override { return has_bos ? std::optional(bos_id) : std::nullopt; }
  std::optional<int32_t> eos() const override { return eos_id; }
  const std::vector<int32_t>& end_of_generation() const override { return end_; }
  bool is_special(int32_t id) const override { return id > 256; }

 private:
  std::vector<int32_t> end_{eos_id};
};

/// A "model" whose numbers are a hash of all tokens of a path.
inline uint64_t extend(uint64_t hash, int32_t token) {
  hash = (hash ^ static_cast<uint64_t>(token)) * 0x9e3779b97f4a7c15ull;
  return hash ^ hash >> 29;
}
inline float logit(uint64_t hash, int32_t token) { return static_cast<float>(extend(hash, token) % 1000) / 100; }
inline double log_sum_exp(uint64_t hash) { return 11 + static_cast<double>(hash % 17) / 16; }
inline int32_t best(uint64_t hash, bool forbid_end) {
  if (hash % 23 == 0 && !forbid_end) return Bytes::eos_id;
  return 'c' + static_cast<int32_t>(hash / 23 % 20);
}

inline float margin(uint64_t hash) { return static_cast<float>(hash % 1009) / 100; }
inline float mean(uint64_t hash) { return -static_cast<float>(hash % 31) / 8; }
inline float variance(uint64_t hash) { return static_cast<float>(hash % 7); }

inline float state(uint64_t hash, uint32_t i) {
  return static_cast<float>(extend(hash, -1 - static_cast<int32_t>(i)) % 2001) / 1000 - 1;
}

/// Pages hold token ids and the rope_length of their keys; what a row sees is read back through its page table and must be what
/// the scheduler promised.
class HashDevice : public Device {
 public:
  DeviceLimits given;
  uint64_t rows = 0, batches = 0, moments = 0;
  uint32_t cancel_after = UINT32_MAX;
  /// Every draft that is likely pays.
  explicit HashDevice(DeviceLimits limits) : given(limits), pages_(limits.pages) {
    given.step_rows = 20;
    for (auto& page : pages_) page.fill({-1, 0});
  }

  DeviceLimits limits() const override { return given; }
  bool run(const Batch& b, const std::function<bool()>& cancelled, Outputs& ret) override {
    if (cancelled()) return false;
    if (b.rows() == 0 || b.rows() > given.rows_max || b.positions.size() != b.rows())
      throw std::logic_error("a batch of the wrong size");
    for (const PageCopy& c : b.copies) pages_.at(c.to) = pages_.at(c.from);
    auto extra = b.stores.begin();
    uint32_t next = 0;
    for (const Run& run : b.runs) {
      if (run.first_row != next) throw std::logic_error("runs do not cover the rows in order");
      for (uint32_t r = run.first_row; r < run.first_row + run.rows; ++r) {
        const uint32_t p = run.position + r - run.first_row;
        if (b.positions[r] != p || p >= given.context) throw std::logic_error("a wrong position");
        pages_.at(b.pages.at(run.first_page + p / page_tokens))[p % page_tokens] = {b.tokens[r], run.rope_length};
        for (; extra != b.stores.end() && extra->row == r; ++extra)
          pages_.at(extra->page)[extra->offset] = {b.tokens[r], run.rope_length};
      }
      next += run.rows;
    }
    if (next != b.rows() || extra != b.stores.end()) throw std::logic_error("rows or stores are left over");
    std::vector<uint64_t> hash(b.rows());
    for (const Run& run : b.runs)
      for (uint32_t r = run.first_row; r < run.first_row + run.rows; ++r) {
        uint64_t h = 1 + run.rope_length;
        for (uint32_t p = 0; p <= b.positions[r]; ++p) {
          const Key& key = pages_.at(b.pages.at(run.first_page + p / page_tokens))[p % page_tokens];
          if (key.rope_length != run.rope_length) throw std::logic_error("a key that was rotated for another length");
          h = extend(h, key.token);
        }
        hash[r] = h;
      }
    ret.head.clear();
    ret.target_logits.assign(b.targets.size(), 0);
    for (const HeadRow& row : b.head) {
      const uint64_t h = hash[row.row];
      ret.head.push_back({log_sum_exp(h), best(h, row.forbid_end), NAN, NAN, NAN});
      if (row.margin) ret.head.back().margin = margin(h);
      if (row.moments) ret.head.back().mean = mean(h), ret.head.back().variance = variance(h);
      moments += row.moments;
      for (uint32_t t = row.first_target; t < row.first_target + row.target_count; ++t)
        ret.target_logits[t] = logit(hash[row.row], b.targets[t]);
      if (row.logits)
        for (uint32_t id = 0; id < given.vocab; ++id) row.logits[id] = logit(hash[row.row], static_cast<int32_t>(id));
    }
    ret.states.clear();
    for (const uint32_t row : b.states)
      for (uint32_t i = 0; i < given.hidden; ++i) ret.states.push_back(state(hash[row], i));
    rows += b.rows();
    ++batches;
    return true;
  }

 private:
  struct Key { int32_t token; uint32_t rope_length; };
  std::vector<std::array<Key, page_tokens>> pages_;
};

/// What came back for one request.
struct Got {
  int puts = 0;
  sxt_status status = SXT_OK;
  std::string message, text;
  std::vector<int32_t> ids;
  std::vector<sxt_score> scores;
  std::vector<std::vector<float>> token_logprobs;
  uint32_t prompt_tokens = 0, computed_tokens = 0, truncated_tokens = 0, finish = 0;
  std::vector<std::vector<float>> token_means, token_variances;
  uint32_t margin_count = 0, least_margin_at = 0;
  float least_margin = 0;
};
inline void collect(void* ctx, uint64_t index, const sxt_result* r) {
  Got& got = static_cast<std::vector<Got>*>(ctx)->at(index);
  ++got.puts;
  got.status = r->status;
  got.message = view(r->message);
  got.text = view(r->text);
  got.ids.assign(r->ids, r->ids + r->id_count);
  got.prompt_tokens = r->prompt_tokens, got.computed_tokens = r->computed_tokens;
  got.truncated_tokens = r->truncated_tokens, got.finish = r->finish;
  got.margin_count = r->margin_count, got.least_margin_at = r->least_margin_at, got.least_margin = r->least_margin;
}
inline void collect_scores(void* ctx, uint64_t index, const sxt_result* r, uint64_t continuations) {
  collect(ctx, index, r);
  Got& got = static_cast<std::vector<Got>*>(ctx)->at(index);
  for (uint64_t c = 0; r->score && c < continuations; ++c) {
    got.scores.push_back(*r->score[c]);
    got.scores.back().token_logprob = got.scores.back().token_mean = got.scores.back().token_variance = nullptr;
    const auto take = [&](std::vector<std::vector<float>>& to, const float* p) {
      to.emplace_back(p, p ? p + r->score[c]->token_count : p);
    };
    take(got.token_logprobs, r->score[c]->token_logprob);
    take(got.token_means, r->score[c]->token_mean);
    take(got.token_variances, r->score[c]->token_variance);
  }
}

using RequestList = std::vector<const sxt_request*>;

/// Requests that own what they point to.
class Requests {
 public:
  sxt_request& score(std::string prefix, std::vector<std::string> continuations,
                     uint32_t flags = SXT_REQUEST_TOKEN_LOGPROBS | SXT_REQUEST_TOTAL_LOGPROB) {
    Owned& o = add(std::move(prefix), flags);
    o.texts = std::move(continuations);
    for (const std::string& t : o.texts) o.strings.push_back(borrow(t));
    o.request.continuation = o.strings.data();
    o.request.continuation_count = o.strings.size();
    o.request.ask = SXT_ASK_SCORE;
    return o.request;
  }
  sxt_request& whole(std::string text, uint32_t flags = 0) {
    sxt_request& request = score("", {std::move(text)}, flags);
    request.ask = SXT_ASK_WHOLE;
    return request;
  }
  /// Token ids instead of texts.
  sxt_request& score_ids(std::vector<int32_t> prefix, std::vector<std::vector<int32_t>> continuations) {
    Owned& o = add_ids(std::move(prefix));
    o.lists = std::move(continuations);
    for (const auto& list : o.lists) o.id_lists.push_back({list.data(), list.size()});
    o.request.continuation_ids = o.id_lists.data();
    o.request.continuation_count = o.id_lists.size();
    o.request.ask = SXT_ASK_SCORE;
    o.request.flags = SXT_REQUEST_TOKEN_LOGPROBS | SXT_REQUEST_TOTAL_LOGPROB;
    return o.request;
  }
  sxt_sampling& generate_ids(std::vector<int32_t> prefix, uint32_t max_new_tokens) {
    sxt_sampling& sampling = generate("", max_new_tokens);
    Owned& o = *owned_.back();
    o.ids = std::move(prefix);
    o.request.prefix_ids = {o.ids.data(), o.ids.size()};
    return sampling;
  }
  sxt_sampling& generate(std::string prefix, uint32_t max_new_tokens, std::vector<std::string> stop = {}, uint32_t flags = 0) {
    Owned& o = add(std::move(prefix), flags);
    o.texts = std::move(stop);
    for (const std::string& t : o.texts) o.strings.push_back(borrow(t));
    o.sampling.struct_size = sizeof o.sampling;
    o.sampling.max_new_tokens = max_new_tokens;
    o.sampling.top_p = 1;
    o.sampling.id = owned_.size();
    o.sampling.stop = o.strings.data();
    o.sampling.stop_count = o.strings.size();
    o.request.sampling = &o.sampling;
    o.request.ask = SXT_ASK_GENERATE;
    return o.sampling;
  }
  sxt_request& last() { return owned_.back()->request; }
  /// Valid as long as this object.
  RequestList all() const {
    RequestList out;
    for (const auto& o : owned_) out.push_back(&o->request);
    return out;
  }

 private:
  struct Owned {
    std::string prefix;
    std::vector<std::string> texts;
    std::vector<sxt_str> strings;
    std::vector<int32_t> ids;
    std::vector<std::vector<int32_t>> lists;
    std::vector<sxt_ids> id_lists;
    sxt_sampling sampling{};
    sxt_request request{};
  };
  Owned& add(std::string prefix, uint32_t flags) {
    owned_.push_back(std::make_unique<Owned>());
    Owned& o = *owned_.back();
    o.prefix = std::move(prefix);
    o.request.struct_size = sizeof o.request;
    o.request.prefix = borrow(o.prefix);
    o.request.flags = flags;
    return o;
  }
  Owned& add_ids(std::vector<int32_t> prefix) {
    Owned& o = add("", 0);
    o.ids = std::move(prefix);
    o.request.prefix_ids = {o.ids.data(), o.ids.size()};
    return o;
  }
  std::vector<std::unique_ptr<Owned>> owned_;
};

/// Hands each result to collect_scores, which then knows how many continuations there are.
class Collector {
 public:
  explicit Collector(const RequestList& requests) : requests_(&requests), got_(requests.size()) {}
  sxt_result_sink sink() {
    return {this, [](void* ctx, uint64_t i, const sxt_result* r) {
      auto* self = static_cast<Collector*>(ctx);
      collect_scores(&self->got_, i, r, (*self->requests_)[i]->continuation_count);
    }};
  }
  std::vector<Got>& got() { return got_; }

 private:
  const RequestList* requests_;
  std::vector<Got> got_;
};

/// Architecture's rope_length as a function of an item's tokens.
using RopeLength = std::function<uint32_t(uint32_t tokens)>;
inline uint32_t no_rope_length(uint32_t) { return 0; }

inline Job job_of(const RequestList& requests, const Tokenizer& tokenizer, uint32_t context, bool reuse = true,
                  const RopeLength& rope_length = no_rope_length) {
  return make_job(
      requests, tokenizer, {context}, reuse, rope_length,
      [](uint64_t n, const auto& body) {
        for (uint64_t i = 0; i < n; ++i) body(i);
      },
      [] { return false; });
}

using Retained = std::vector<std::unique_ptr<RetainedPages>>;  // [devices]
inline Retained retained_for(std::span<Device* const> devices) {
  Retained out;
  for (const Device* device : devices) out.push_back(std::make_unique<RetainedPages>(device->limits().pages));
  return out;
}

using Speculations = std::vector<std::unique_ptr<Speculation>>;  // [devices]

/// The devices share the work, each on a thread of its own. `speculation`: nothing: what is new on each device.
inline std::vector<Got> run_all(const RequestList& requests, std::span<Device* const> devices, const Tokenizer& tokenizer,
                                const ScheduleOptions& options, bool reuse = true,
                                const RopeLength& rope_length = no_rope_length, const Retained& retained = {},
                                const Speculations* speculation = nullptr) {
  Speculations fresh;
  for (size_t i = 0; i < devices.size() && !speculation; ++i) fresh.push_back(std::make_unique<Speculation>());
  Job job = job_of(requests, tokenizer, devices.front()->limits().context, reuse, rope_length);
  share_out(job, static_cast<uint32_t>(devices.size()));
  Collector collector(requests);
  if (!run(job, devices, tokenizer, options, {}, collector.sink(), retained, speculation ? *speculation : fresh))
    throw std::runtime_error("cancelled");
  return std::move(collector.got());
}
inline std::vector<Got> run_all(const RequestList& requests, Device& device, const Tokenizer& tokenizer,
                                const ScheduleOptions& options, bool reuse = true,
                                const RopeLength& rope_length = no_rope_length, const Retained& retained = {},
                                const Speculations* speculation = nullptr) {
  return run_all(requests, std::array{&device}, tokenizer, options, reuse, rope_length, retained, speculation);
}

}  // namespace fakes
