/* sextant/abi/inferencer.h - "sextant.inferencer/1": which requests an attempt needs, and what comes out of the responses.
 *
 * A pure function of its arguments: no state, no I/O, no clock, no random numbers of its own. A killed run is replayed from the
 * responses in the journal, so that the same question must always give the same step.
 *
 * facts_json of the component: {"form": "open"|"labels"|"continuations"|"cloze"|"whole", "rounds": 1 | "many"}: which
 * prompts the template gives (abi/template.h), and whether what is asked first is all that is ever asked.
 *
 *   sample_json    {"id": {"task", "row", "repeat"}, "record": {...}, "target", "cluster"?, "shots": [row...]}
 *   prompts_json   {"prompts": [{"label"?, "text", "messages"?: [MESSAGE...], "question_bytes"?, "chat"?}...],
 *                   "continuations"?: [{"label", "text"}...]}
 *   settings_json  {"sampling": SAMPLING, "context_length"?, "cut_anywhere"?}
 *   rounds_json    [{"asked": [REQUEST...], "answers": [RESPONSE...]}...]; [] at first
 * ret_json, one put per question:
 *   {"ask": [REQUEST...]}
 *   {"done": {"prediction": "...", "thinking"?, "labels"?: [{"label", "logprob", "tokens", "value"}...],
 *             "turns"?: [{"messages": [MESSAGE...], "reply"}...], "extra"?: {...}, "finish"?}}
 *
 *   REQUEST = {"ask": "generate"|"score"|"whole"|"embed"|"tokenize"|"tool", "text"?, "messages"?: [MESSAGE...], "ids"?: [...],
 *       "continuations"?: [...], "continuation_ids"?: [[ID...]...], "sampling"?: SAMPLING, "keep_bytes"?, "max_prompt_tokens"?,
 *       "add_special"?: false, "token_logprobs"?, "total_logprob"?, "token_moments"?, "keep"?, "tools"?: [...], "tool"?: CALL}
 *   RESPONSE = {"text"?, "thinking"?, "ids"?, "scores"?: [SCORE...], "calls"?: [CALL...], "embedding"?: [...], "finish"?,
 *               "margin"?: {"least", "token"}, "usage": {"prompt_tokens", "computed_tokens", "generated_tokens", "truncated_tokens"}}
 *   SCORE = {"logprob", "total_logprob"?, "tokens", "total_tokens", "greedy"?, "token_logprobs"?, "token_means"?, "token_variances"?}
 *   SAMPLING = {"max_new_tokens", "min_new_tokens"?, "temperature"?, "top_p"?, "top_k"?, "seed"?, "stop"?: ["..."],
 *               "max_thinking_tokens"?, "min_p"?, "repetition_penalty"?, "presence_penalty"?, "frequency_penalty"?,
 *               "no_repeat_ngram_size"?, "suppress_tokens"?: [ids], "begin_suppress_tokens"?: [ids]}
 *   MESSAGE = {"role", "content": "text" | [PART...], "tool_calls"?: [CALL...], "tool_call_id"?}
 *   PART = {"type": "text", "text"} | {"type": "image"|"audio", "uri", "media_type"}
 *   CALL = {"id", "name", "arguments": {...}}
 * Keys, turns and random streams are the core's: a request that is asked need not name them. */
#ifndef SEXTANT_ABI_INFERENCER_H
#define SEXTANT_ABI_INFERENCER_H
#include <sextant/abi/base.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef struct sxt_question {
  uint32_t struct_size, reserved;
  sxt_str sample_json, prompts_json, settings_json, rounds_json;
} sxt_question;

typedef struct sxt_inferencer_v1 {
  uint32_t struct_size, reserved;
  sxt_status (*step)(sxt_object *, const sxt_question *const *, uint64_t n, sxt_sink ret_json, sxt_error *); /* [owner] */
} sxt_inferencer_v1;

#ifdef __cplusplus
}
#endif
#endif
