/* sextant/abi/model.h - "sextant.model/1": a backend answers requests. */
#ifndef SEXTANT_ABI_MODEL_H
#define SEXTANT_ABI_MODEL_H
#include <sextant/abi/base.h>
#ifdef __cplusplus
extern "C" {
#endif

enum {
  SXT_MODEL_SCORE = 1u << 0, SXT_MODEL_GENERATE = 1u << 1, SXT_MODEL_TOKENIZE = 1u << 2,
  SXT_MODEL_CHAT = 1u << 3,     /* it has a chat template: render_chat works */
  SXT_MODEL_EMBED = 1u << 4,
  SXT_MODEL_MESSAGES = 1u << 5, /* it takes messages as they are, and renders them itself (a served model) */
  SXT_MODEL_ADJUSTS = 1u << 6,  /* it follows sxt_sampling from min_p on; without it those members are never set */
  /* since 1.1; without one its flag of a request is never set */
  SXT_MODEL_MOMENTS = 1u << 7,  /* it follows SXT_REQUEST_TOKEN_MOMENTS */
  SXT_MODEL_MARGINS = 1u << 8   /* it follows SXT_REQUEST_LEAST_MARGIN */
};
typedef struct sxt_model_info {
  uint32_t struct_size, abilities;         /* the caller sets struct_size; abilities: SXT_MODEL_* */
  uint32_t vocab_size, context_length;     /* tokens; context_length is what this object can serve */
  uint32_t requests_in_flight;             /* 0: any number in one call; else how many it likes at once */
  uint32_t embedding_size;                 /* numbers of an embedding; 0: it gives none */
  char weights_sha256[65], reserved[7];    /* hex, part of the core's cache key; empty without weights */
} sxt_model_info;

/* ---- messages ------------------------------------------------------------------------------------------------------------ */
enum { SXT_PART_TEXT, SXT_PART_IMAGE, SXT_PART_AUDIO };
typedef struct sxt_part {
  uint32_t struct_size, kind;              /* SXT_PART_*; one that a backend cannot take: SXT_UNSUPPORTED, naming the kind */
  sxt_str text;                            /* of a text */
  sxt_str uri, media_type;                 /* of the others: a path or URL, "image/png" */
} sxt_part;
typedef struct sxt_tool_call {
  uint32_t struct_size, reserved;
  sxt_str id, name, arguments_json;
} sxt_tool_call;
typedef struct sxt_message {
  uint32_t struct_size, reserved;
  sxt_str role;                            /* "system", "user", "assistant", "tool" */
  const sxt_part *const *parts; uint64_t part_count;
  const sxt_tool_call *const *tool_calls; uint64_t tool_call_count; /* of an assistant's turn */
  sxt_str tool_call_id;                    /* of a tool's turn: which call it answers */
} sxt_message;

/* ---- requests ------------------------------------------------------------------------------------------------------------ */
typedef struct sxt_ids { const int32_t *data; uint64_t count; } sxt_ids; /* token ids */

typedef struct sxt_sampling {
  uint32_t struct_size, max_new_tokens;
  float temperature, top_p; uint32_t top_k;   /* temperature 0: greedy, the rest ignored; top_p 1 and top_k 0: off */
  uint32_t min_new_tokens;                    /* no end of text before this many */
  uint64_t seed;                              /* random numbers are keyed by (seed, id, position) */
  uint64_t id;                                /* the request's random stream: stable over order, batch and resume */
  const sxt_str *stop; uint64_t stop_count;   /* generation ends before the first of these */
  uint32_t max_thinking_tokens, reserved;     /* of a reasoning model, before the reply; 0: no limit of its own */
  /* What changes logits before a token is picked, drawn or not (min_p: drawn only); 0 and empty: off.
   * A token that the prompt or the reply so far holds: l becomes l / repetition_penalty where it is not negative, else
   * l * repetition_penalty. One that the reply so far holds: presence_penalty is subtracted, and frequency_penalty for each
   * time that it is there. */
  float min_p;                                /* no token less likely than this part of the likeliest one */
  float repetition_penalty, presence_penalty, frequency_penalty;
  uint32_t no_repeat_ngram_size, reserved2;   /* no sequence of so many tokens twice, prompt included */
  sxt_ids suppress_tokens;                    /* never picked, */
  sxt_ids begin_suppress_tokens;              /* and not as the first token */
} sxt_sampling;

enum {
  SXT_ASK_GENERATE = 1, /* continue the prefix; sampling is set */
  SXT_ASK_SCORE,        /* ln p of each continuation after the prefix */
  SXT_ASK_WHOLE,        /* ln p of each continuation as a text of its own: total_logprob and total_tokens; nothing is put
                           before the empty prefix */
  SXT_ASK_EMBED         /* a vector for the prefix */
};
enum {
  SXT_REQUEST_TOKEN_LOGPROBS = 1u << 0, /* fill sxt_score.token_logprob, sxt_result.id_logprob */
  SXT_REQUEST_ADD_SPECIAL = 1u << 1,    /* add BOS/EOS to the item as the tokenizer's own files say */
  SXT_REQUEST_TOTAL_LOGPROB = 1u << 2,  /* SXT_ASK_SCORE: fill sxt_score.total_logprob, too, which costs the logits of every
                                           token of  the prompt; SXT_ASK_WHOLE always does */
  SXT_REQUEST_SPLIT_SPECIAL = 1u << 3,  /* special tokens inside the text are plain text */
  SXT_REQUEST_KEEP = 1u << 4,           /* a next turn follows that begins with this prompt and its reply: keep the KV cache
                                           while memory allows */
  /* since 1.1 */
  SXT_REQUEST_TOKEN_MOMENTS = 1u << 5,  /* SXT_ASK_SCORE and _WHOLE: fill sxt_score.token_mean and token_variance */
  SXT_REQUEST_LEAST_MARGIN = 1u << 6    /* SXT_ASK_GENERATE at temperature 0: fill sxt_result.least_margin; else ignored */
};
/* A prompt is a text (prefix), token ids (prefix_ids, instead of it), or messages. A request with messages and an empty
 * prefix is for models with SXT_MODEL_MESSAGES; for the others the core renders the messages and gives both. Continuations
 * are texts, or ids where the prompt is ids; an item of ids is taken as it is, whatever the flags say.
 * Length: a prompt of more than max_prompt_tokens (0: what the context allows, less max_new_tokens) loses tokens from its
 * left, counted in truncated_tokens, as long as its last keep_bytes of text stay whole; else the request fails with
 * SXT_TOO_LONG. keep_bytes 0 keeps everything: nothing is ever cut. A prompt of ids is never cut. */
typedef struct sxt_request {
  uint32_t struct_size, flags;             /* SXT_REQUEST_* */
  uint32_t ask, max_prompt_tokens;         /* SXT_ASK_* */
  sxt_str prefix;                          /* text; tokenised whole with each continuation (see the boundary rule) */
  sxt_ids prefix_ids;
  const sxt_message *const *messages; uint64_t message_count;
  const sxt_str *continuation;             /* continuation_count texts, or NULL */
  const sxt_ids *continuation_ids;         /* continuation_count lists, or NULL */
  uint64_t continuation_count;
  const sxt_sampling *sampling;            /* of SXT_ASK_GENERATE, else NULL */
  uint64_t keep_bytes;
  sxt_str tools_json;                      /* a JSON array of tools that the model may call, or empty */
  uint32_t top_logprobs, reserved;         /* the likeliest tokens that are wanted at each place, with their ln p */
} sxt_request;

/* ---- results ------------------------------------------------------------------------------------------------------------- */
/* Boundary rule: an item is prefix + continuation, tokenised whole; its continuation starts at the first token that ends
 * after the prefix's last byte. ln p in nats. An empty prefix is scored after BOS, else EOS, else from token 2. */
typedef struct sxt_score {
  uint32_t struct_size, flags;             /* flags bit 0: every token of the continuation was the argmax */
  double logprob, total_logprob;           /* the continuation's tokens; the item's tokens 2..N, NaN where it was not wanted */
  uint32_t token_count, total_tokens;      /* of the continuation; N of the item */
  const float *token_logprob;              /* token_count values, borrowed for the call; NULL if not wanted */
  /* since 1.1: what ln p of the next token is expected to be where a token of the continuation stands, and its variance: the
   * sums over the vocabulary of p ln p, and of p (ln p - mean)^2. token_count values each; NULL if not wanted */
  const float *token_mean, *token_variance;
} sxt_score;
typedef struct sxt_token_logprob { int32_t id; float logprob; } sxt_token_logprob;
enum { SXT_FINISH_EOS, SXT_FINISH_STOP, SXT_FINISH_LENGTH, SXT_FINISH_TOOL_CALLS };
typedef struct sxt_result {
  uint32_t struct_size; sxt_status status; /* this request's own: one that fails does not fail the others */
  sxt_str message;                         /* of a failure */
  const sxt_score *const *score;           /* continuation_count entries, or NULL */
  sxt_str text; const int32_t *ids; uint64_t id_count; /* what was generated; ids without the end token, NULL: not known */
  uint32_t prompt_tokens;                  /* all items' tokens, as if nothing were shared */
  uint32_t computed_tokens;                /* tokens whose state or probability was computed for this request; one that several
                                              requests share is charged to the lowest-numbered one that uses it */
  uint32_t truncated_tokens, finish;       /* cut from the left; SXT_FINISH_* */
  uint32_t generated_tokens, reserved;     /* thinking included; 0: id_count */
  const float *embedding; uint64_t embedding_size;
  const sxt_tool_call *const *tool_calls; uint64_t tool_call_count;
  sxt_str thinking;                        /* what a reasoning model wrote before its reply */
  sxt_str prompt_as_sent;                  /* where the backend made the prompt's text itself */
  const float *id_logprob;                 /* id_count values, or NULL */
  const sxt_token_logprob *top;            /* id_count times request.top_logprobs, likeliest first, or NULL */
  /* since 1.1: the least of the margins ln p(chosen token) - ln p(second best) over the tokens that were chosen for being the
   * likeliest, the end token among them, in nats and as they were chosen from (penalties and forbidden ids done);
   * least_margin_at: how many tokens had been said before it, the first such place; margin_count: over how many tokens.
   * 0: not wanted, or nothing was chosen */
  float least_margin;
  uint32_t least_margin_at, margin_count, reserved2;
} sxt_result;
/* Called once for each request, as soon as it is done, in any order; calls never overlap; all is borrowed. [any] */
typedef struct sxt_result_sink { void *ctx; void (*put)(void *ctx, uint64_t index, const sxt_result *); } sxt_result_sink;

typedef struct sxt_model_v1 {
  uint32_t struct_size, reserved;
  sxt_status (*info)(sxt_object *, sxt_model_info *ret, sxt_error *);                /* [owner] */
  /* ret_json, one put: what `sextant model info` prints: {"family", "parameters", "device", "compute", "chat_template_sha256",
   * "has_chat_template", "bos", "eos", "warnings": [..], ...}; a backend adds what it knows */
  sxt_status (*describe)(sxt_object *, sxt_sink ret_json, sxt_error *);              /* [owner] */
  /* ret_tokens: one put() per text, bytes are int32_t ids in host order. flags: SXT_REQUEST_ADD_SPECIAL, _SPLIT_SPECIAL.
   * With "weights": null in the configuration only info, describe and these three work. */
  sxt_status (*tokenize)(sxt_object *, const sxt_str *text, uint64_t n, uint32_t flags, sxt_sink ret_tokens,
                         sxt_error *);                                               /* [owner] */
  sxt_status (*detokenize)(sxt_object *, const sxt_ids *ids, uint64_t n, uint32_t flags, sxt_sink ret_text,
                           sxt_error *);                                             /* [owner] */
  /* one JSON object per conversation: {"messages": [{"role", "content"}...], "add_generation_prompt", "tools"?, "kwargs"?,
   * "bos_token"?, "eos_token"?, "now"?}; ret_prompt: one put per conversation, {"text"} or {"error"} */
  sxt_status (*render_chat)(sxt_object *, const sxt_str *conversation_json, uint64_t n, sxt_sink ret_prompt_json,
                            sxt_error *);                                            /* [owner] */
  /* `call`: the number to name in the host's cancelled() and progress().
   * ret_json, one put: {"prompt_tokens", "computed_tokens", "kv_bytes", "peak_bytes", "resident_bytes"?, "devices"?,
   * "seconds"?}. Computes nothing. */
  sxt_status (*plan)(sxt_object *, uint64_t call, const sxt_request *const *, uint64_t n, sxt_sink ret_json,
                     sxt_error *);                                                   /* [owner] */
  sxt_status (*run)(sxt_object *, uint64_t call, const sxt_request *const *, uint64_t n, sxt_result_sink,
                    sxt_error *);                                                    /* [owner] */
} sxt_model_v1;

#ifdef __cplusplus
}
#endif
#endif
