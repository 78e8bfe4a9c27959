/* What an older sextant/abi/model.h looked like: every struct ends earlier than today's. Members keep their places; so a plugin
 * built against this must run with today's core, for any number of requests. */
#ifndef SEXTANT_ABI_MODEL_H
#define SEXTANT_ABI_MODEL_H
#include <sextant/abi/base.h>

enum { SXT_MODEL_SCORE = 1u << 0, SXT_MODEL_GENERATE = 1u << 1 };
typedef struct sxt_model_info {
  uint32_t struct_size, abilities;
  uint32_t vocab_size, context_length;
} sxt_model_info;
typedef struct sxt_part sxt_part;
typedef struct sxt_tool_call sxt_tool_call;
typedef struct sxt_message sxt_message;
typedef struct sxt_sampling {
  uint32_t struct_size, max_new_tokens;
} sxt_sampling;
typedef struct sxt_ids { const int32_t *data; uint64_t count; } sxt_ids;
enum { SXT_ASK_GENERATE = 1, SXT_ASK_SCORE };
typedef struct sxt_request {
  uint32_t struct_size, flags;
  uint32_t ask, max_prompt_tokens;
  sxt_str prefix;
  sxt_ids prefix_ids;
  const sxt_message *const *messages; uint64_t message_count;
  const sxt_str *continuation;
  const sxt_ids *continuation_ids;
  uint64_t continuation_count;
  const sxt_sampling *sampling;
} sxt_request;
typedef struct sxt_score {
  uint32_t struct_size, flags;
  double logprob, total_logprob;
  uint32_t token_count, total_tokens;
} sxt_score;
typedef struct sxt_result {
  uint32_t struct_size; sxt_status status;
  sxt_str message;
  const sxt_score *const *score;
  sxt_str text; const int32_t *ids; uint64_t id_count;
} sxt_result;
typedef struct sxt_result_sink { void *ctx; void (*put)(void *ctx, uint64_t index, const sxt_result *); } sxt_result_sink;
typedef struct sxt_model_v1 {
  uint32_t struct_size, reserved;
  sxt_status (*info)(sxt_object *, sxt_model_info *ret, sxt_error *);
  void *describe, *tokenize, *detokenize, *render_chat, *plan;
  sxt_status (*run)(sxt_object *, uint64_t call, const sxt_request *const *, uint64_t n, sxt_result_sink, sxt_error *);
} sxt_model_v1;
#endif
