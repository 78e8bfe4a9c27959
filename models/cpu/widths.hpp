// A model's widths as the kernels take them: rows of buffers in whole panels, heads in whole vectors.
#pragma once
#include "../engine/architecture/architecture.hpp"
#include "kernels.hpp"

namespace sextant::cpu {

inline constexpr uint32_t panels_of(uint32_t columns) { return (columns + panel - 1) / panel; }
inline constexpr uint32_t whole_panels(uint32_t columns) { return panels_of(columns) * panel; }

/// Numbers per row. What is added to fill up is zero wherever it could be read.
struct Widths {
  explicit Widths(const engine::Architecture& a)
      : hidden(whole_panels(a.hidden)),
        head((a.head_dim + 15) / 16 * 16),
        heads(a.heads * head),
        qkv_columns((a.heads + 2 * a.kv_heads) * head),
        qkv(whole_panels(qkv_columns)),
        attention(whole_panels(heads)),
        feed_forward(whole_panels(a.feed_forward)),
        expert(whole_panels(a.experts.feed_forward)),
        router(whole_panels(a.experts.count)) {}

  uint32_t hidden;
  uint32_t head;                  // one head
  uint32_t heads;                 // the query heads: inputs of the output matrix
  uint32_t qkv_columns, qkv;      // query heads, key heads, value heads
  uint32_t attention;
  uint32_t feed_forward, expert;  // of a layer without experts, of one expert
  uint32_t router;
};

}  // namespace sextant::cpu
