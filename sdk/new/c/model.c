/* model:@NAME@: a backend that repeats the prompt's last word. Put your model where `last_word` is. */
#include <sextant/abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const sxt_host *host_of(sxt_object *object);

static sxt_str last_word(sxt_str prompt) {
  sxt_str word = prompt;
  while (word.size && word.data[word.size - 1] == ' ') --word.size;
  for (uint64_t i = word.size; i > 0; --i)
    if (word.data[i - 1] == ' ') {
      word.data += i, word.size -= i;
      break;
    }
  return word;
}
static sxt_status no_tokens(sxt_error *reterr) {
  snprintf(reterr->message, sizeof reterr->message, "@NAME@ has no tokens and no chat template");
  return reterr->status = SXT_UNSUPPORTED;
}
static sxt_status info(sxt_object *object, sxt_model_info *ret, sxt_error *reterr) {
  sxt_model_info all;
  (void)object, (void)reterr;
  memset(&all, 0, sizeof all);
  all.struct_size = ret->struct_size < sizeof all ? ret->struct_size : sizeof all;
  all.abilities = SXT_MODEL_GENERATE;
  all.context_length = 4096;
  memcpy(ret, &all, all.struct_size); /* the caller's struct may be shorter than this header's */
  return SXT_OK;
}
static sxt_status put_json(sxt_sink sink, const char *json) {
  const sxt_str text = {json, strlen(json)};
  sink.put(sink.ctx, 0, text);
  return SXT_OK;
}
static sxt_status describe(sxt_object *object, sxt_sink ret_json, sxt_error *reterr) {
  (void)object, (void)reterr;
  return put_json(ret_json, "{\"family\":\"@NAME@\",\"device\":\"cpu\",\"compute\":\"f64\",\"cannot_score\":\"it only generates\"}");
}
static sxt_status tokenize(sxt_object *o, const sxt_str *t, uint64_t n, uint32_t flags, sxt_sink s, sxt_error *reterr) {
  (void)o, (void)t, (void)n, (void)flags, (void)s;
  return no_tokens(reterr);
}
static sxt_status detokenize(sxt_object *o, const sxt_ids *ids, uint64_t n, uint32_t flags, sxt_sink s, sxt_error *reterr) {
  (void)o, (void)ids, (void)n, (void)flags, (void)s;
  return no_tokens(reterr);
}
static sxt_status render_chat(sxt_object *o, const sxt_str *c, uint64_t n, sxt_sink s, sxt_error *reterr) {
  (void)o, (void)c, (void)n, (void)s;
  return no_tokens(reterr);
}
static sxt_status plan(sxt_object *o, uint64_t call, const sxt_request *const *r, uint64_t n, sxt_sink ret_json, sxt_error *e) {
  (void)o, (void)call, (void)r, (void)n, (void)e;
  return put_json(ret_json, "{\"prompt_tokens\":0,\"computed_tokens\":0,\"kv_bytes\":0,\"peak_bytes\":0}");
}
static sxt_status run(sxt_object *object, uint64_t call, const sxt_request *const *request, uint64_t n, sxt_result_sink sink,
                      sxt_error *reterr) {
  static const sxt_str refusal = {"@NAME@ only generates", sizeof "@NAME@ only generates" - 1};
  const sxt_host *host = host_of(object);
  for (uint64_t i = 0; i < n; ++i) {
    sxt_result result;
    if (host->cancelled(host->ctx, call)) {
      snprintf(reterr->message, sizeof reterr->message, "@NAME@ was interrupted");
      return reterr->status = SXT_CANCELLED;
    }
    memset(&result, 0, sizeof result);
    result.struct_size = sizeof result;
    if (request[i]->ask == SXT_ASK_GENERATE) result.text = last_word(request[i]->prefix);
    else result.status = SXT_UNSUPPORTED, result.message = refusal;
    sink.put(sink.ctx, i, &result); /* one each, in any order; a request that fails fails alone */
  }
  return SXT_OK;
}
static const sxt_model_v1 table = {sizeof table, 0, info, describe, tokenize, detokenize, render_chat, plan, run};
