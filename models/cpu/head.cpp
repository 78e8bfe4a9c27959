// What leaves the last layer: the output head, for rows that are looked at only, with the vocabulary in chunks; and states.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include "../engine/architecture/fixed_math.hpp"
#include "cpu_device.hpp"

namespace sextant::cpu {

using engine::Batch;

namespace {

constexpr float lowest = -1e30f;

// The highest but the best, which it overwrites. n is a multiple of 16.
float second_best(float* logits, uint32_t n, uint32_t best) {
  logits[best] = lowest;
  float most[16];
  std::fill(std::begin(most), std::end(most), lowest);
  for (uint32_t i = 0; i < n; i += 16)
    for (uint32_t j = 0; j < 16; ++j) most[j] = logits[i + j] > most[j] ? logits[i + j] : most[j];
  return *std::max_element(std::begin(most), std::end(most));
}

void moments(const Kernels& kernels, const float* logits, uint32_t ids, float max, ChunkDetail& ret) {
  float p[chunk];
  std::memcpy(p, logits, ids * sizeof(float));
  kernels.softmax(p, nullptr, ids);
  for (uint32_t i = 0; i < ids; ++i) {
    const double x = static_cast<double>(logits[i]) - max, px = p[i] * x;
    ret.mean += px;
    ret.square += px * x;
  }
}

bool wants_detail(const engine::HeadRow& row) { return row.margin || row.moments; }

// Penalties and forbidden ids of a row, as far as they lie in a chunk of the vocabulary.
void adjust(const Batch& batch, const engine::HeadRow& head, uint32_t first_id, uint32_t ids, float* logits) {
  const auto begin = batch.adjustments.begin() + head.first_adjustment, end = begin + head.adjustment_count;
  const auto before = [](const engine::Adjustment& a, uint32_t id) { return static_cast<uint32_t>(a.id) < id; };
  for (auto it = std::lower_bound(begin, end, first_id, before); it != end && static_cast<uint32_t>(it->id) < first_id + ids;
       ++it) {
    float& logit = logits[static_cast<uint32_t>(it->id) - first_id];
    logit = engine::draw::adjusted(logit, *it);
  }
}

}  // namespace

void CpuDevice::look(const Batch& batch, engine::Outputs& ret) {
  const auto rows = static_cast<uint32_t>(batch.head.size()), chunks = chunk_count(architecture_);
  ret.head.resize(rows);
  ret.target_logits.resize(batch.targets.size());
  if (rows == 0) return;
  if (head_rows_.bytes.bytes() < rows * matmul_.row_bytes(architecture_.hidden))
    head_rows_ = Encoded(matmul_, std::max(rows, plan_.rows_max), architecture_.hidden);
  chunks_.resize(size_t{rows} * chunks);
  details_.resize(std::any_of(batch.head.begin(), batch.head.end(), wants_detail) ? chunks_.size() : 0);
  is_number_.resize(rows);
  pool_.run((rows + 15) / 16, [&](uint32_t t, uint32_t thread) {
    float* norm = scratch_[thread].data();
    for (uint32_t r = t * 16; r < std::min(rows, t * 16 + 16); ++r) {
      kernels_.rms_norm(x_.data() + size_t{batch.head[r].row} * width_.hidden, weights_.final_norm.data(), norm,
                        architecture_.hidden, architecture_.norm_epsilon);
      is_number_[r] = std::all_of(norm, norm + architecture_.hidden, [](float v) { return std::isfinite(v); });
      matmul_.encode(norm, 0, head_rows_.k, head_rows_.k, head_rows_.row(r));
    }
  });
  // targets sorted by chunk, and by row within one
  first_want_.assign(chunks + 1, 0);
  for (const int32_t id : batch.targets) ++first_want_[static_cast<uint32_t>(id) / chunk + 1];
  for (uint32_t c = 0; c < chunks; ++c) first_want_[c + 1] += first_want_[c];
  wants_.resize(batch.targets.size());
  std::vector<uint32_t> next(first_want_.begin(), first_want_.end() - 1);
  for (uint32_t r = 0; r < rows; ++r)
    for (uint32_t t = batch.head[r].first_target; t < batch.head[r].first_target + batch.head[r].target_count; ++t)
      wants_[next[static_cast<uint32_t>(batch.targets[t]) / chunk]++] = {t, r};
  pool_.run(chunks, [&](uint32_t c, uint32_t thread) { look_at_chunk(batch, c, thread, ret); });
  const bool exact = is_exact(matmul_.compute);
  const auto exp = exact ? &engine::fixed::exp : +[](double x) { return std::exp(x); };
  const auto ln = exact ? &engine::fixed::ln : +[](double x) { return std::log(x); };
  for (uint32_t r = 0; r < rows; ++r) {  // in the order of the chunks
    const VocabularyChunk* part = chunks_.data() + size_t{r} * chunks;
    uint32_t top = 0;
    for (uint32_t c = 1; c < chunks; ++c)
      if (part[c].max > part[top].max) top = c;
    double sum = 0;
    for (uint32_t c = 0; c < chunks; ++c) sum += part[c].sum * exp(static_cast<double>(part[c].max) - part[top].max);
    if (!is_number_[r]) sum = std::numeric_limits<double>::quiet_NaN();  // a maximum may pass over it
    ret.head[r] = {part[top].max + ln(sum), static_cast<int32_t>(top * chunk + part[top].best)};
    if (!wants_detail(batch.head[r])) continue;
    const ChunkDetail* detail = details_.data() + size_t{r} * chunks;
    float second = detail[top].second;
    double mean = 0, square = 0;  // of logit - highest
    for (uint32_t c = 0; c < chunks; ++c) {
      if (c != top) second = std::max(second, part[c].max);
      const double away = static_cast<double>(part[c].max) - part[top].max, share = part[c].sum * exp(away) / sum;
      mean += share * (detail[c].mean + away);
      square += share * (detail[c].square + away * (2 * detail[c].mean + away));
    }
    ret.head[r].margin = part[top].max - second;
    ret.head[r].mean = static_cast<float>(mean - ln(sum));
    ret.head[r].variance = static_cast<float>(std::max(0.0, square - mean * mean));
  }
}

void CpuDevice::give_states(const Batch& batch, engine::Outputs& ret) {
  const uint32_t rows = static_cast<uint32_t>(batch.states.size()), hidden = architecture_.hidden;
  ret.states.resize(size_t{rows} * hidden);
  pool_.run((rows + 31) / 32, [&](uint32_t t, uint32_t) {
    for (uint32_t r = t * 32; r < std::min(rows, t * 32 + 32); ++r)
      kernels_.rms_norm(x_.data() + size_t{batch.states[r]} * width_.hidden, weights_.final_norm.data(),
                        ret.states.data() + size_t{r} * hidden, hidden, architecture_.norm_epsilon);
  });
}

void CpuDevice::look_at_chunk(const Batch& batch, uint32_t c, uint32_t thread, engine::Outputs& ret) {
  const auto rows = static_cast<uint32_t>(batch.head.size());
  const uint32_t chunks = chunk_count(architecture_), first_id = c * chunk,
                 ids = std::min(chunk, architecture_.vocab - first_id);
  const uint32_t panels = std::min(chunk_panels, weights_.head.panel_count - c * chunk_panels), padded = (ids + 15) / 16 * 16;
  const bool reshaped = architecture_.logit_scale != 1 || architecture_.logit_softcap != 0;
  float* logits = scratch_[thread].data();  // [tile][chunk]
  uint32_t want = first_want_[c];
  for (uint32_t first = 0; first < rows; first += matmul_.tile_rows) {
    const uint32_t last = std::min(rows, first + matmul_.tile_rows);
    matmul_.multiply(head_rows_.row(first), head_rows_.stride, last - first, weights_.head.panels(c * chunk_panels, panels),
                     logits, chunk, false);
    for (uint32_t r = 0; reshaped && r < last - first; ++r)
      kernels_.scale_and_cap(logits + size_t{r} * chunk, padded, architecture_.logit_scale, architecture_.logit_softcap);
    for (; want < first_want_[c + 1] && wants_[want].head < last; ++want)
      ret.target_logits[wants_[want].target] = logits[size_t{wants_[want].head - first} * chunk +
                                                      static_cast<uint32_t>(batch.targets[wants_[want].target]) - first_id];
    for (uint32_t r = first; r < last; ++r) {
      float* row = logits + size_t{r - first} * chunk;
      if (batch.head[r].adjustment_count > 0) adjust(batch, batch.head[r], first_id, ids, row);
      if (batch.head[r].logits) std::memcpy(batch.head[r].logits + first_id, row, ids * sizeof(float));
      if (batch.head[r].forbid_end)
        for (const int32_t id : end_)
          if (static_cast<uint32_t>(id) >= first_id && static_cast<uint32_t>(id) < first_id + ids)
            row[static_cast<uint32_t>(id) - first_id] = lowest;
      std::fill(row + ids, row + padded, lowest);
      const VocabularyChunk& seen = chunks_[size_t{r} * chunks + c] = kernels_.vocabulary(row, padded);
      if (!wants_detail(batch.head[r])) continue;
      ChunkDetail& detail = details_[size_t{r} * chunks + c] = {};
      if (batch.head[r].moments) moments(kernels_, row, ids, seen.max, detail);
      if (batch.head[r].margin) detail.second = second_best(row, padded, seen.best);
    }
  }
}

}  // namespace sextant::cpu
