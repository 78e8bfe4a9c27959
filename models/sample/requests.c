/* Planning and running requests: which tokens an item has after truncation, what each request is charged for, and the scores
 * and texts themselves. One pass in the requests' order charges; a second one, in the schedule's order, computes. So counters
 * and results do not depend on the schedule. */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "prefix_map.h"
#include "prefix_tree.h"
#include "sample.h"
#include "toy.h"

/* The tokens of one prompt: prefix + continuation, cut where it is too long. */
typedef struct item {
  toy_tokens all;
  int32_t *ids;          /* all.ids, less what was cut */
  size_t size, truncated;
  size_t continuation;   /* the first token that ends after the prefix's last byte; size for a prompt to be continued */
} item;

typedef struct outcome { sxt_status status; char message[200]; } outcome; /* of one request */

static sxt_status out_of_memory(sxt_error *reterr) { return sample_fail(reterr, SXT_NO_MEMORY, "sample: out of memory"); }

/* `continuation` NULL: a prompt to be continued. Returns 0 when memory ran out; what else is wrong is the request's outcome. */
static int make_item(const sample *s, const sxt_request *r, const sxt_str *continuation, item *ret, outcome *ret_outcome) {
  const sxt_str none = {NULL, 0}, tail = continuation ? *continuation : none;
  /* an empty prefix is scored after the BOS, but for a whole text */
  const int bos = (r->flags & SXT_REQUEST_ADD_SPECIAL) != 0 || (r->prefix.size == 0 && r->ask != SXT_ASK_WHOLE);
  memset(ret, 0, sizeof *ret);
  if (!toy_tokenize(r->prefix.data, r->prefix.size, tail.data, tail.size, bos, (r->flags & SXT_REQUEST_SPLIT_SPECIAL) != 0,
                    &ret->all))
    return 0;
  const uint64_t new_tokens = r->ask == SXT_ASK_GENERATE ? r->sampling->max_new_tokens : 0;
  uint64_t limit = s->context_length > new_tokens ? s->context_length - new_tokens : 0;
  if (r->max_prompt_tokens && r->max_prompt_tokens < limit) limit = r->max_prompt_tokens;
  const size_t n = ret->all.size, drop = n > limit ? n - limit : 0, front = bos ? 1 : 0;
  const uint64_t text = r->prefix.size ? r->prefix.size : tail.size;
  const uint64_t kept_from = r->keep_bytes && r->keep_bytes < text ? text - r->keep_bytes : 0;
  if (drop && (front + drop > n || ret->all.ends[front + drop - 1] > kept_from)) {
    ret_outcome->status = SXT_TOO_LONG;
    snprintf(ret_outcome->message, sizeof ret_outcome->message,
             "the prompt has %zu tokens, %llu fit into the context of %u; raise --max-seq-len or shorten it", n,
             (unsigned long long)limit, s->context_length);
    return 1;
  }
  ret->ids = ret->all.ids + drop;
  if (drop && bos) ret->ids[0] = TOY_BOS; /* it stays in front */
  ret->size = n - drop;
  ret->truncated = drop;
  ret->continuation = ret->size;
  if (continuation)
    while (ret->continuation > front && ret->all.ends[drop + ret->continuation - 1] > r->prefix.size) --ret->continuation;
  return 1;
}

static int contains(sxt_str text, const json_buffer *what) {
  const size_t n = what->size ? what->size - 1 : 0;
  if (n == 0) return 0;
  for (uint64_t i = 0; i + n <= text.size; ++i)
    if (memcmp(text.data + i, what->data, n) == 0) return 1;
  return 0;
}
static int mentions(const sxt_request *r, const json_buffer *what) {
  int found = contains(r->prefix, what);
  for (uint64_t k = 0; k < r->continuation_count; ++k) found |= contains(r->continuation[k], what);
  return found;
}

static int generates(const sxt_request *r) { return r->ask == SXT_ASK_GENERATE; }
static uint64_t item_count(const sxt_request *r) { return generates(r) ? 1 : r->continuation_count ? r->continuation_count : 1; }
static const sxt_str *item_tail(const sxt_request *r, uint64_t k) {
  static const sxt_str empty = {NULL, 0};
  return generates(r) ? NULL : r->continuation_count ? &r->continuation[k] : &empty;
}

/* What the request would cost alone, and what it is charged for: the prefixes that no earlier request has. Returns 0 when
 * memory ran out. */
static int charge(const sample *s, prefix_tree *tree, const sxt_request *r, sxt_result *ret, outcome *ret_outcome) {
  for (uint64_t k = 0; k < item_count(r) && ret_outcome->status == SXT_OK; ++k) {
    item it;
    if (!make_item(s, r, item_tail(r, k), &it, ret_outcome)) return 0;
    size_t computed = it.size;
    if (s->prefix_reuse && !prefix_add(tree, it.ids, it.size, &computed)) { toy_free(&it.all); return 0; }
    ret->computed_tokens += (uint32_t)computed;
    ret->prompt_tokens += (uint32_t)it.size;
    ret->truncated_tokens += (uint32_t)it.truncated;
    toy_free(&it.all);
  }
  return 1;
}

/* ln p of ids[i] after the tokens before it, whose hash is `state`; looked up where another item has asked already. */
static int token_logprob(const sample *s, prefix_map *map, const int32_t *ids, size_t i, uint64_t state, double *ret,
                         int *ret_greedy) {
  int is_new = 0;
  prefix_node *node = prefix_get(map, toy_mix(state, (uint64_t)ids[i]), &is_new);
  if (!node) return 0;
  if (!node->computed || !s->prefix_reuse) {
    double logprob[TOY_VOCABULARY];
    toy_logprobs(ids, i, state, logprob);
    node->computed = node->greedy = 1;
    node->logprob = logprob[ids[i]];
    for (int token = 0; token < TOY_VOCABULARY; ++token)
      if (logprob[token] > node->logprob) node->greedy = 0;
  }
  *ret = node->logprob;
  *ret_greedy = node->greedy;
  return 1;
}

static int score(const sample *s, prefix_map *map, const sxt_request *r, sxt_score *ret_scores, float **ret_logprobs,
                 float **ret_moments, outcome *ret_outcome) {
  for (uint64_t k = 0; k < item_count(r); ++k) {
    item it;
    if (!make_item(s, r, item_tail(r, k), &it, ret_outcome)) return 0;
    sxt_score *out = &ret_scores[k];
    memset(out, 0, sizeof *out);
    out->struct_size = sizeof *out;
    out->total_tokens = (uint32_t)it.size;
    out->flags = 1;
    ret_logprobs[k] = r->flags & SXT_REQUEST_TOKEN_LOGPROBS ? calloc(it.size + 1, sizeof **ret_logprobs) : NULL;
    ret_moments[k] = r->flags & SXT_REQUEST_TOKEN_MOMENTS ? calloc(2 * (it.size + 1), sizeof **ret_moments) : NULL;
    int ok = (ret_logprobs[k] || !(r->flags & SXT_REQUEST_TOKEN_LOGPROBS)) &&
             (ret_moments[k] || !(r->flags & SXT_REQUEST_TOKEN_MOMENTS));
    uint64_t state = it.size ? toy_mix(TOY_START, (uint64_t)it.ids[0]) : TOY_START;
    for (size_t i = 1; ok && i < it.size; ++i) { /* the first token has nothing before it */
      double logprob = 0;
      int greedy = 0;
      ok = token_logprob(s, map, it.ids, i, state, &logprob, &greedy);
      out->total_logprob += logprob;
      if (i >= it.continuation) {
        if (ret_logprobs[k]) ret_logprobs[k][out->token_count] = (float)logprob;
        if (ret_moments[k]) {
          double all[TOY_VOCABULARY], mean, variance;
          toy_logprobs(it.ids, i, state, all);
          toy_moments(all, &mean, &variance);
          ret_moments[k][out->token_count] = (float)mean;
          ret_moments[k][it.size + out->token_count] = (float)variance;
        }
        out->logprob += logprob;
        if (!greedy) out->flags = 0;
        ++out->token_count;
      }
      state = toy_mix(state, (uint64_t)it.ids[i]);
    }
    out->token_logprob = ret_logprobs[k];
    out->token_mean = ret_moments[k];
    out->token_variance = ret_moments[k] ? ret_moments[k] + it.size : NULL;
    toy_free(&it.all);
    if (!ok) return 0;
  }
  return 1;
}

/* Where the first of the stop texts begins, or `size`. */
static uint64_t stop_at(const char *text, uint64_t size, const sxt_sampling *sampling) {
  uint64_t first = size;
  for (uint64_t k = 0; k < sampling->stop_count; ++k) {
    const sxt_str stop = sampling->stop[k];
    for (uint64_t i = 0; stop.size && i + stop.size <= size && i < first; ++i)
      if (memcmp(text + i, stop.data, stop.size) == 0) first = i;
  }
  return first;
}

/* `n`: tokens so far; `said`: those of the reply among them. `ret_margin`: of a greedy one. */
static int32_t next_token(const sxt_sampling *sampling, const int32_t *ids, size_t n, uint64_t state, uint64_t said,
                          double *ret_margin) {
  const int may_end = said >= sampling->min_new_tokens;
  if (!(sampling->temperature > 0)) return toy_greedy(ids, n, state, may_end, ret_margin);
  double logprob[TOY_VOCABULARY];
  const uint64_t key = toy_mix(toy_mix(toy_mix(TOY_START, sampling->seed), sampling->id), said);
  toy_logprobs(ids, n, state, logprob);
  return toy_draw(logprob, may_end, sampling->temperature, sampling->top_k, sampling->top_p,
                  (double)(key >> 11) / 9007199254740992.0);
}

/* The text is at most max_new_tokens bytes: one token, one byte. */
static int generate(const sample *s, const sxt_request *r, char **ret_text, int32_t **ret_ids, sxt_result *ret,
                    outcome *ret_outcome) {
  const sxt_sampling *sampling = r->sampling;
  item it;
  if (!make_item(s, r, NULL, &it, ret_outcome)) return 0;
  const size_t most = sampling->max_new_tokens;
  int32_t *ids = malloc((it.size + most + 1) * sizeof *ids);
  *ret_text = malloc(most + 1);
  *ret_ids = malloc((most + 1) * sizeof **ret_ids);
  if (!ids || !*ret_text || !*ret_ids) {
    free(ids);
    toy_free(&it.all);
    return 0;
  }
  memcpy(ids, it.ids, it.size * sizeof *ids);
  uint64_t state = TOY_START, size = 0;
  for (size_t i = 0; i < it.size; ++i) state = toy_mix(state, (uint64_t)ids[i]);
  ret->finish = SXT_FINISH_LENGTH;
  while (size < most) {
    double margin = 0;
    const int32_t token = next_token(sampling, ids, it.size + size, state, size, &margin);
    if (r->flags & SXT_REQUEST_LEAST_MARGIN && !(sampling->temperature > 0))
      if (ret->margin_count++ == 0 || (float)margin < ret->least_margin) ret->least_margin = (float)margin, ret->least_margin_at = (uint32_t)size;
    if (token == TOY_EOS) { ret->finish = SXT_FINISH_EOS; break; }
    ids[it.size + size] = (*ret_ids)[size] = token;
    (*ret_text)[size++] = (char)token;
    state = toy_mix(state, (uint64_t)token);
    const uint64_t stop = stop_at(*ret_text, size, sampling);
    if (stop < size) { ret->finish = SXT_FINISH_STOP; size = stop; break; }
  }
  ret->text.data = *ret_text;
  ret->text.size = ret->id_count = size;
  ret->generated_tokens = (uint32_t)size;
  ret->ids = *ret_ids;
  free(ids);
  toy_free(&it.all);
  return 1;
}

static int cancelled(const sample *s, uint64_t call) {
  return s->host && s->host->cancelled && s->host->cancelled(s->host->ctx, call);
}
/* Sleeps as configured, a few ms at a time; 0: cancelled meanwhile. */
static int wait_delay(const sample *s, uint64_t call) {
  for (uint32_t left = s->delay_ms; left > 0;) {
    const uint32_t part = left < 5 ? left : 5;
    const struct timespec time = {0, (long)part * 1000000};
    if (cancelled(s, call)) return 0;
    nanosleep(&time, NULL);
    left -= part;
  }
  return !cancelled(s, call);
}

static sxt_status run_one(const sample *s, prefix_map *map, const sxt_request *r, uint64_t index, sxt_result *result,
                          outcome *o, sxt_result_sink sink, sxt_error *reterr) {
  if (mentions(r, &s->crash_on)) raise(SIGSEGV);
  while (mentions(r, &s->hang_on)) { /* deaf to cancelled(), as a plugin that hangs is */
    const struct timespec second = {1, 0};
    nanosleep(&second, NULL);
  }
  if (o->status == SXT_OK && mentions(r, &s->fail_on)) {
    o->status = SXT_BAD_DATA;
    snprintf(o->message, sizeof o->message, "the prompt contains '%.100s', which this model was told to fail on (fail_on)",
             s->fail_on.data);
  }
  const uint64_t items = item_count(r);
  sxt_score *scores = calloc(items, sizeof *scores);
  const sxt_score **pointers = calloc(items, sizeof *pointers);
  float **logprobs = calloc(items, sizeof *logprobs), **moments = calloc(items, sizeof *moments);
  char *text = NULL;
  int32_t *ids = NULL;
  int ok = scores && pointers && logprobs && moments;
  if (ok && o->status == SXT_OK) {
    ok = generates(r) ? generate(s, r, &text, &ids, result, o) : score(s, map, r, scores, logprobs, moments, o);
    for (uint64_t k = 0; k < items && pointers; ++k) pointers[k] = &scores[k];
    if (!generates(r) && r->continuation_count) result->score = pointers;
  }
  if (ok) {
    result->status = o->status;
    result->message.data = o->message;
    result->message.size = strlen(o->message);
    sink.put(sink.ctx, index, result);
  }
  for (uint64_t k = 0; logprobs && k < items; ++k) free(logprobs[k]);
  for (uint64_t k = 0; moments && k < items; ++k) free(moments[k]);
  free(logprobs);
  free(moments);
  free(scores);
  free(pointers);
  free(text);
  free(ids);
  return ok ? SXT_OK : out_of_memory(reterr);
}

/* What this model cannot do for a request. */
static void refuse(const sxt_request *r, outcome *ret) {
  static const char *const kinds[] = {"text", "image", "audio"};
  const char *what = NULL;
  for (uint64_t m = 0; m < r->message_count; ++m)
    for (uint64_t p = 0; p < r->messages[m]->part_count; ++p) {
      const uint32_t kind = r->messages[m]->parts[p]->kind;
      if (kind != SXT_PART_TEXT) what = kind <= SXT_PART_AUDIO ? kinds[kind] : "unknown";
    }
  if (what) {
    snprintf(ret->message, sizeof ret->message, "the request has a part of the kind %s; this model takes text only", what);
  } else if (r->prefix_ids.count || r->continuation_ids) {
    snprintf(ret->message, sizeof ret->message, "the request gives token ids; this model takes text only");
  } else if (r->message_count && !r->prefix.size) {
    snprintf(ret->message, sizeof ret->message, "the request has messages without their text; render them with render_chat first");
  } else if (r->ask < SXT_ASK_GENERATE || r->ask > SXT_ASK_WHOLE || r->top_logprobs) {
    snprintf(ret->message, sizeof ret->message, "this model generates and scores, and does nothing else");
  } else if (generates(r) && !r->sampling) {
    snprintf(ret->message, sizeof ret->message, "the request is to generate, but has no sampling");
  } else {
    return;
  }
  ret->status = SXT_UNSUPPORTED;
}

/* Charges all requests in their order. results[i] and outcomes[i] are request i's; *ret_bytes: what it took to tell. */
static sxt_status charge_all(const sample *s, const sxt_request *const *r, uint64_t n, sxt_result *results, outcome *outcomes,
                             uint64_t *ret_bytes, sxt_error *reterr) {
  prefix_tree tree = {NULL, NULL, 0};
  int enough = 1;
  if (!s->weights)
    return sample_fail(reterr, SXT_UNSUPPORTED,
                       "sample: created without weights (\"weights\": null), so it only tokenizes and renders chats");
  for (uint64_t i = 0; enough && i < n; ++i) {
    results[i].struct_size = sizeof *results;
    refuse(r[i], &outcomes[i]);
    enough = charge(s, &tree, r[i], &results[i], &outcomes[i]);
  }
  *ret_bytes = tree.bytes;
  prefix_tree_free(&tree);
  return enough ? SXT_OK : out_of_memory(reterr);
}

sxt_status sample_plan(sxt_object *object, uint64_t call, const sxt_request *const *r, uint64_t n, sxt_sink ret_json,
                       sxt_error *reterr) {
  const sample *s = (const sample *)object;
  (void)call;
  uint64_t bytes = 0;
  sxt_result *results = calloc(n + 1, sizeof *results);
  outcome *outcomes = calloc(n + 1, sizeof *outcomes);
  sxt_status status = results && outcomes ? charge_all(s, r, n, results, outcomes, &bytes, reterr) : out_of_memory(reterr);
  if (status == SXT_OK) {
    unsigned long long prompt = 0, computed = 0;
    for (uint64_t i = 0; i < n; ++i) prompt += results[i].prompt_tokens, computed += results[i].computed_tokens;
    char json[200];
    const int size =
        snprintf(json, sizeof json, "{\"prompt_tokens\":%llu,\"computed_tokens\":%llu,\"kv_bytes\":0,\"peak_bytes\":%llu}",
                 prompt, computed, (unsigned long long)bytes);
    const sxt_str text = {json, (uint64_t)size};
    ret_json.put(ret_json.ctx, 0, text);
  }
  free(results);
  free(outcomes);
  return status;
}

sxt_status sample_run(sxt_object *object, uint64_t call, const sxt_request *const *r, uint64_t n, sxt_result_sink sink,
                      sxt_error *reterr) {
  const sample *s = (const sample *)object;
  prefix_map map = {NULL, 0, 0};
  sxt_result *results = calloc(n + 1, sizeof *results);
  outcome *outcomes = calloc(n + 1, sizeof *outcomes);
  uint64_t *order = malloc((n + 1) * sizeof *order), total = 0, done = 0, bytes = 0;
  sxt_status status =
      results && outcomes && order ? charge_all(s, r, n, results, outcomes, &bytes, reterr) : out_of_memory(reterr);
  for (uint64_t i = 0; status == SXT_OK && i < n; ++i) {
    /* any order is allowed; a schedule_seed draws one, so that tests can show that nothing depends on it */
    const uint64_t j = s->schedule_seed ? toy_mix(s->schedule_seed, i) % (i + 1) : i;
    order[i] = order[j];
    order[j] = i;
    total += results[i].computed_tokens;
  }
  for (uint64_t i = 0; status == SXT_OK && i < n; ++i) {
    const uint64_t k = order[i];
    if (!wait_delay(s, call)) { status = sample_fail(reterr, SXT_CANCELLED, "cancelled"); break; }
    status = run_one(s, &map, r[k], k, &results[k], &outcomes[k], sink, reterr);
    done += results[k].computed_tokens;
    if (status == SXT_OK && results[k].computed_tokens > 0 && s->host && s->host->progress) 
      s->host->progress(s->host->ctx, call, done, total);
  }
  free(results);
  free(outcomes);
  free(order);
  prefix_free(&map);
  return status;
}
