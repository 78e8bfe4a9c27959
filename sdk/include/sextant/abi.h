/* sextant/abi.h - the plugin ABI, complete. Plain C99.
 *
 * A plugin is a shared object that exports one const data symbol, sextant_plugin_entry. The core checks its frozen head
 * before it runs any code of the plugin, then creates components by id and asks each object for an interface by id
 * ("sextant.metric/1").
 *
 * Memory    Nobody frees the other side's memory. Inputs are borrowed for the call. Fixed-size results go into
 *           arrays that the caller owns; results of unknown size are pushed into an sxt_sink, which copies.
 * Errors    0 or an sxt_status; on failure *reterr is filled (one sentence that names the file, key or id and says what
 *           to do), and the ret_ arguments are untouched. reterr and the ret_ arguments are never NULL.
 *           C++ exceptions must not leave a plugin (the C++ SDK sees to it).
 * Threads   [any]   may be called from any thread, also concurrently.
 *           [owner] one call at a time per object, unless the component has SXT_CAP_CONCURRENT: the core then tokenizes, renders chats
 *                   and calls run for the requests that come next while a model is in run; a busy device's call waits for its turn.
 * Growth    Structs only grow at the end, and say their size; an interface that must change otherwise
 *           gets a new id ("sextant.model/2") beside the old one. SXT_HAS() asks whether a member is there.
 */
#ifndef SEXTANT_ABI_H
#define SEXTANT_ABI_H
#include <stddef.h>
#include <stdint.h>

#define SXT_ABI_MAJOR 1u
/* The newest minor that this header describes. A plugin asks for more than 1.0 explicitly, by defining SXT_ABI_MINOR before
 * it includes this file; so what is built by default stays loadable by older cores. */
#define SXT_ABI_MINOR_NEWEST 0u
#ifndef SXT_ABI_MINOR
#define SXT_ABI_MINOR 0u
#endif
#define SXT_ENTRY_SYMBOL "sextant_plugin_entry"
#define SXT_HAS(p, member) ((p)->struct_size >= offsetof(__typeof__(*(p)), member) + sizeof(p)->member && (p)->member)
#if defined(__GNUC__)
#define SXT_EXPORT __attribute__((visibility("default")))
#else
#define SXT_EXPORT
#endif
#ifdef __cplusplus
extern "C" {
#endif

typedef struct sxt_str { const char *data; uint64_t size; } sxt_str; /* UTF-8, no NUL promised; data may be NULL if size is 0 */
typedef int32_t sxt_status;
enum {
  SXT_OK,
  SXT_BAD_CONFIG,  /* a key or value of the configuration */
  SXT_BAD_DATA,    /* what a file or request holds */
  SXT_IO,          /* reading or writing failed */
  SXT_NO_MEMORY,
  SXT_NO_DEVICE,   /* the device, driver or a needed library is not there */
  SXT_CANCELLED,
  SXT_UNSUPPORTED, /* this component cannot do it */
  SXT_TOO_LONG,    /* a request does not fit the context */
  SXT_INTERNAL,    /* a bug, or anything else */
  SXT_MISSING      /* the data set's files are not there (the core reports the task as missing, not as failed) */
};
typedef struct sxt_error { sxt_status status; char message[508]; } sxt_error; /* message: NUL-terminated UTF-8 */

/* Variable-size results. put() copies; calls for one sink never overlap; index is the request's index. [any] */
typedef struct sxt_sink { void *ctx; void (*put)(void *ctx, uint64_t index, sxt_str bytes); } sxt_sink;

/* ---- what the core offers ------------------------------------------------------------------------------------------- */
enum { SXT_LOG_DEBUG, SXT_LOG_INFO, SXT_LOG_WARNING, SXT_LOG_ERROR };
typedef struct sxt_host {
  uint32_t struct_size, abi_major, abi_minor, reserved;
  void *ctx;
  void (*log)(void *ctx, int32_t level, sxt_str text);                               /* [any] */
  int32_t (*cancelled)(void *ctx); /* non-zero: stop, return SXT_CANCELLED; poll it every few ms  [any] */
  void (*progress)(void *ctx, uint64_t done, uint64_t total); /* tokens of the running call  [any] */
  const void *(*get_extension)(void *ctx, const char *id); /* NULL: this core has not got it  [any] */
} sxt_host;

/* ---- what a plugin offers --------------------------------------------------------------------------------------------- */
enum {
  SXT_DATASET = 1, SXT_TEMPLATE, SXT_MODEL, SXT_METRIC, SXT_POSTPROCESSOR,
  SXT_RETRIEVER, SXT_REPORTER, SXT_RUNNER /* reserved: built in until a third party needs them */
};
enum { SXT_CAP_CONCURRENT = 1u << 0, SXT_CAP_DETERMINISTIC = 1u << 1, SXT_CAP_NEEDS_GPU = 1u << 2 };

typedef struct sxt_object { /* first member of every instance */
  uint32_t struct_size, reserved;
  void (*destroy)(struct sxt_object *);                                              /* [owner] */
  const void *(*get_interface)(struct sxt_object *, const char *id);                 /* [any] */
} sxt_object;

typedef struct sxt_component { /* static: readable without create() */
  uint32_t struct_size, kind, capabilities, reserved;
  const char *id;                /* "exact_match": [a-z0-9_]+, unique per kind */
  const char *version, *summary, *license;
  const char *config_schema;     /* JSON Schema draft 4; the core validates, and fills in top-level "default"s, before create() */
  sxt_status (*create)(const sxt_host *, sxt_str config_json, sxt_object **ret, sxt_error *reterr); /* [any] */
} sxt_component;

typedef struct sxt_entry {       /* exported as DATA, so that it is checked before any call */
  char magic[8];                 /* "SEXTANT" and a NUL; the first 24 bytes never change */
  uint32_t abi_major, abi_minor; /* abi_minor: the least core that this plugin can live with */
  uint32_t struct_size, component_count;
  const sxt_component *const *components;
  sxt_status (*init)(const sxt_host *, sxt_error *reterr); /* may be NULL; once, before create() */
  void (*deinit)(void);          /* may be NULL; libraries are never dlclose()d */
} sxt_entry;

/* ---- "sextant.dataset/1" ------------------------------------------------------------------------------------------------
 * The configuration always carries "path": the folder that holds the set's files (resolved by the core, may be absent from
 * the disk: then describe/count/read give SXT_MISSING and name the file that was looked for). Everything else is the
 * loader's own ("name" for a subject, ...). */
typedef struct sxt_dataset_v1 {
  uint32_t struct_size, reserved;
  /* ret_json, one put: {"splits": {"dev": 5, ...}, "fields": ["question", ...], "files": [{"path", "bytes"}]} */
  sxt_status (*describe)(sxt_object *, sxt_sink ret_json, sxt_error *);              /* [owner] */
  sxt_status (*count)(sxt_object *, sxt_str split, uint64_t *ret, sxt_error *);      /* [owner] */
  /* one put per record: a JSON object whose members stand in the file's column order; texts are JSON strings */
  sxt_status (*read)(sxt_object *, sxt_str split, uint64_t first, uint64_t n, sxt_sink ret_record_json, sxt_error *); /* [owner] */
} sxt_dataset_v1;

/* ---- "sextant.template/1": records and shots in, one prompt each out ------------------------------------------------------
 * ret_prompt_json, one put per item, in any order:
 *   {"pieces": [PIECE...]}                                              gen
 *   {"labels": [{"label": "A", "pieces": [PIECE...]}, ...]}              ppl
 *   {"pieces": [PIECE...], "continuations": [{"label": "A", "text": " Paris"}, ...]}   loglikelihood
 * PIECE = {"section": "begin"|"shot"|"round"|"end", "role": "HUMAN"|"BOT"|"SYSTEM"|..., "fallback_role"?, "shot"?: k, "text"}
 * A piece without "role" is plain text. How pieces become one text or a list of chat turns is the core's business; a
 * template only fills records in. */
typedef struct sxt_render_item {
  sxt_str record_json;
  const sxt_str *shot_json; uint64_t shot_count;
  sxt_str output_column;     /* the column that holds the answer: empty text in the item's own record when generating */
  uint32_t generate, reserved; /* non-zero: the reply is to be generated; zero: it is to be scored */
} sxt_render_item;
typedef struct sxt_template_v1 {
  uint32_t struct_size, reserved;
  sxt_status (*render)(sxt_object *, const sxt_render_item *, uint64_t n, sxt_sink ret_prompt_json, sxt_error *); /* [owner] */
} sxt_template_v1;

/* ---- "sextant.model/1" --------------------------------------------------------------------------------------------------- */
enum { SXT_MODEL_SCORE = 1u << 0, SXT_MODEL_GENERATE = 1u << 1, SXT_MODEL_TOKENIZE = 1u << 2, SXT_MODEL_CHAT = 1u << 3 };
typedef struct sxt_model_info {
  uint32_t struct_size, abilities;         /* the caller sets struct_size; abilities: SXT_MODEL_* */
  uint32_t vocab_size, context_length;     /* tokens; context_length is what this object can serve */
  uint32_t reserved[2];
  char weights_sha256[65], reserved2[7];   /* hex, part of the core's cache key; empty without weights */
} sxt_model_info;

typedef struct sxt_sampling {
  uint32_t struct_size, max_new_tokens;
  float temperature, top_p; uint32_t top_k;   /* temperature 0: greedy, the rest ignored; top_p 1 and top_k 0: off */
  uint32_t min_new_tokens;                    /* no end of text before this many */
  uint64_t seed;                              /* random numbers are keyed by (seed, request id, position) */
  uint64_t id;                                /* the request id for that key: stable over order, batch and resume */
  const sxt_str *stop; uint64_t stop_count;   /* generation ends before the first of these */
} sxt_sampling;

enum {
  SXT_REQUEST_TOKEN_LOGPROBS = 1u << 0, /* fill sxt_score.token_logprob */
  SXT_REQUEST_ADD_SPECIAL = 1u << 1,    /* add BOS/EOS to the item as the tokenizer's own files say */
  SXT_REQUEST_WHOLE = 1u << 2,          /* only total_logprob and total_tokens matter; nothing is put before an empty prefix */
  SXT_REQUEST_SPLIT_SPECIAL = 1u << 3,  /* special tokens inside the text are plain text */
  SXT_REQUEST_KEEP = 1u << 4            /* the next turn will follow: keep its KV cache while memory allows */
};
/* A request scores (sampling NULL: each continuation after the prefix) or generates (sampling set: continues the prefix).
 * Length: a prompt of more than max_prompt_tokens (0: what the context allows, less max_new_tokens) loses tokens from its
 * left, counted in truncated_tokens, as long as its last keep_bytes of text stay whole; else the request fails with
 * SXT_TOO_LONG. keep_bytes 0 keeps everything: nothing is ever cut. */
typedef struct sxt_request {
  uint32_t struct_size, flags;             /* SXT_REQUEST_* */
  sxt_str prefix;                          /* text; tokenised whole with each continuation (see the boundary rule) */
  const sxt_str *continuation; uint64_t continuation_count;
  const sxt_sampling *sampling;
  uint64_t keep_bytes;
  uint32_t max_prompt_tokens, reserved;
} sxt_request;

/* Boundary rule: an item is prefix + continuation, tokenised whole; its continuation starts at the first token that ends
 * after the prefix's last byte. ln p in nats. An empty prefix is scored after BOS, else EOS, else from token 2. */
typedef struct sxt_score {
  double logprob, total_logprob;           /* the continuation's tokens; the item's tokens 2..N */
  uint32_t token_count, total_tokens;      /* of the continuation; N of the item */
  uint32_t flags, reserved;                /* flags bit 0: every token of the continuation was the argmax */
  const float *token_logprob;              /* token_count values, borrowed for the call; NULL if not wanted */
} sxt_score;
enum { SXT_FINISH_EOS, SXT_FINISH_STOP, SXT_FINISH_LENGTH };
typedef struct sxt_result {
  uint32_t struct_size; sxt_status status; /* this request's own: one that fails does not fail the others */
  sxt_str message;                         /* of a failure */
  const sxt_score *score;                  /* continuation_count entries, or NULL */
  sxt_str text; const int32_t *ids; uint64_t id_count; /* what was generated; ids without the end token */
  uint32_t prompt_tokens;                  /* all items' tokens, as if nothing were shared */
  uint32_t computed_tokens;                /* tokens whose state or probability was computed for this request; one that several
                                              requests share is charged to the lowest-numbered one that uses it */
  uint32_t truncated_tokens, finish;       /* cut from the left; SXT_FINISH_* */
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
  sxt_status (*tokenize)(sxt_object *, const sxt_str *text, uint64_t n, uint32_t flags, sxt_sink ret_tokens, sxt_error *); /* [owner] */
  sxt_status (*detokenize)(sxt_object *, const sxt_str *ids, uint64_t n, uint32_t flags, sxt_sink ret_text, sxt_error *);  /* [owner] */
  /* one JSON object per conversation: {"messages": [{"role", "content"}...], "add_generation_prompt", "tools"?, "kwargs"?,
   * "bos_token"?, "eos_token"?, "now"?}; ret_prompt: one put per conversation, {"text"} or {"error"} */
  sxt_status (*render_chat)(sxt_object *, const sxt_str *conversation_json, uint64_t n, sxt_sink ret_prompt_json, sxt_error *); /* [owner] */
  /* ret_json, one put: {"prompt_tokens", "computed_tokens", "kv_bytes", "peak_bytes", "resident_bytes"?, "devices"?, "seconds"?}. Computes
   * nothing. */
  sxt_status (*plan)(sxt_object *, const sxt_request *, uint64_t n, sxt_sink ret_json, sxt_error *);                       /* [owner] */
  sxt_status (*run)(sxt_object *, const sxt_request *, uint64_t n, sxt_result_sink, sxt_error *);                          /* [owner] */
} sxt_model_v1;

/* ---- "sextant.postprocessor/1" and "sextant.metric/1" --------------------------------------------------------------------- */
typedef struct sxt_postprocessor_v1 {
  uint32_t struct_size, reserved;
  /* one put per text; no put for an index means the empty text */
  sxt_status (*apply)(sxt_object *, const sxt_str *text, uint64_t n, sxt_sink ret_text, sxt_error *);  /* [owner] */
} sxt_postprocessor_v1;
typedef struct sxt_judged { sxt_str prediction, reference_json, record_json; } sxt_judged; /* record_json: "{}" if there is none */
typedef struct sxt_metric_v1 {
  uint32_t struct_size, reserved;
  /* ret_score[i]: this sample's score; NaN where the metric has none for single samples */
  sxt_status (*score)(sxt_object *, const sxt_judged *, uint64_t n, double *ret_score, sxt_error *);    /* [owner] */
  /* NULL: the core takes {"<id>": mean x 100}. Else {"f1": ..., ...} over all samples (corpus BLEU, pass@k, ...) */
  sxt_status (*aggregate)(sxt_object *, const sxt_judged *, const double *score, uint64_t n, sxt_sink ret_json, sxt_error *); /* [owner] */
} sxt_metric_v1;

#ifdef __cplusplus
}
#endif
#endif
