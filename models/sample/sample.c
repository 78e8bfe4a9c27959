/* A model backend in plain C, to copy: everything that sextant.model/1 asks for, around a toy model (toy.h) that answers at
 * once. Evaluations with it show that the plumbing works; tests use its delay_ms, fail_on, crash_on and hang_on. */
#include "sample.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "toy.h"

sxt_status sample_fail(sxt_error *reterr, sxt_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reterr->message, sizeof reterr->message, format, arguments);
  va_end(arguments);
  reterr->status = status;
  return status;
}

static void put(sxt_sink sink, uint64_t index, const void *data, size_t size) {
  const sxt_str bytes = {data, size};
  sink.put(sink.ctx, index, bytes);
}

static sxt_status info(sxt_object *object, sxt_model_info *ret, sxt_error *reterr) {
  const sample *s = (const sample *)object;
  sxt_model_info all;
  (void)reterr;
  memset(&all, 0, sizeof all);
  all.struct_size = ret->struct_size < sizeof all ? ret->struct_size : sizeof all;
  all.abilities = SXT_MODEL_TOKENIZE | SXT_MODEL_CHAT | SXT_MODEL_MOMENTS | SXT_MODEL_MARGINS | (s->weights ? SXT_MODEL_SCORE | SXT_MODEL_GENERATE : 0);
  all.vocab_size = TOY_VOCABULARY;
  all.context_length = s->context_length;
  /* the "weights" are the hash in toy.c; its four blocks of 16 digits name them */
  for (int block = 0; s->weights && block < 4; ++block)
    snprintf(all.weights_sha256 + 16 * block, 17, "%016llx", (unsigned long long)toy_mix(TOY_START, (uint64_t)block));
  memcpy(ret, &all, all.struct_size);
  return SXT_OK;
}

static sxt_status describe(sxt_object *object, sxt_sink ret_json, sxt_error *reterr) {
  static const char json[] =
      "{\"family\":\"sample\",\"parameters\":0,\"device\":\"cpu\",\"compute\":\"f64\","
      "\"chat_template_sha256\":\"\",\"has_chat_template\":true,"
      "\"chat_template_variables\":[],\"bos\":\"" TOY_BOS_TEXT "\",\"eos\":\"" TOY_EOS_TEXT "\",\"warnings\":[]}";
  (void)object, (void)reterr;
  put(ret_json, 0, json, sizeof json - 1);
  return SXT_OK;
}

static sxt_status tokenize(sxt_object *object, const sxt_str *text, uint64_t n, uint32_t flags, sxt_sink ret_tokens,
                           sxt_error *reterr) {
  (void)object;
  for (uint64_t i = 0; i < n; ++i) {
    toy_tokens tokens;
    if (!toy_tokenize(text[i].data, text[i].size, NULL, 0, (flags & SXT_REQUEST_ADD_SPECIAL) != 0,
                      (flags & SXT_REQUEST_SPLIT_SPECIAL) != 0, &tokens))
      return sample_fail(reterr, SXT_NO_MEMORY, "sample: out of memory");
    put(ret_tokens, i, tokens.ids, tokens.size * sizeof *tokens.ids);
    toy_free(&tokens);
  }
  return SXT_OK;
}

static sxt_status detokenize(sxt_object *object, const sxt_ids *ids, uint64_t n, uint32_t flags, sxt_sink ret_text,
                             sxt_error *reterr) {
  (void)object, (void)flags;
  for (uint64_t i = 0; i < n; ++i) {
    json_buffer text = {NULL, 0, 0, 0};
    for (uint64_t k = 0; k < ids[i].count; ++k) {
      const int32_t id = ids[i].data[k];
      if (id < 0 || id >= TOY_VOCABULARY) {
        buffer_free(&text);
        return sample_fail(reterr, SXT_BAD_DATA, "sample: %d is not a token; there are 0 to %d", id, TOY_VOCABULARY - 1);
      }
      const char byte = (char)id;
      if (id < 256) buffer_append(&text, &byte, 1);
      else buffer_text(&text, id == TOY_BOS ? TOY_BOS_TEXT : TOY_EOS_TEXT);
    }
    const int failed = text.failed;
    if (!failed) put(ret_text, i, text.data, text.size);
    buffer_free(&text);
    if (failed) return sample_fail(reterr, SXT_NO_MEMORY, "sample: out of memory");
  }
  return SXT_OK;
}

/* <|role|>\ncontent\n for each message */
static sxt_status render_chat(sxt_object *object, const sxt_str *conversation, uint64_t n, sxt_sink ret_json,
                              sxt_error *reterr) {
  (void)object;
  for (uint64_t i = 0; i < n; ++i) {
    const json_span root = {conversation[i].data, conversation[i].size}, messages = json_member(root, "messages");
    json_buffer text = {NULL, 0, 0, 0}, json = {NULL, 0, 0, 0};
    int complete = messages.data != NULL;
    json_span message = {NULL, 0};
    while ((message = json_next(messages, message)).data) {
      const json_span role = json_member(message, "role"), content = json_member(message, "content");
      complete &= json_is_string(role) && json_is_string(content);
      buffer_text(&text, "<|");
      json_unescape(role, &text);
      buffer_text(&text, "|>\n");
      json_unescape(content, &text);
      buffer_text(&text, "\n");
    }
    if (json_bool(json_member(root, "add_generation_prompt"), 0)) buffer_text(&text, "<|assistant|>\n");
    if (complete) {
      buffer_text(&json, "{\"text\":");
      buffer_json_string(&json, text.data, text.size);
      buffer_text(&json, "}");
    } else {
      buffer_text(&json, "{\"error\":\"each of \\\"messages\\\" needs a role and a content that are texts\"}");
    }
    const int failed = text.failed || json.failed;
    if (!failed) put(ret_json, i, json.data, json.size);
    buffer_free(&text);
    buffer_free(&json);
    if (failed) return sample_fail(reterr, SXT_NO_MEMORY, "sample: out of memory");
  }
  return SXT_OK;
}

static void destroy(sxt_object *object) {
  sample *s = (sample *)object;
  buffer_free(&s->fail_on);
  buffer_free(&s->crash_on);
  buffer_free(&s->hang_on);
  free(s);
}

static const void *get_interface(sxt_object *object, const char *id) {
  static const sxt_model_v1 model = {sizeof model, 0, info, describe, tokenize, detokenize, render_chat, sample_plan,
                                     sample_run};
  (void)object;
  return strcmp(id, "sextant.model/1") == 0 ? &model : NULL;
}

static void read_text(json_span config, const char *key, json_buffer *ret) {
  json_unescape(json_member(config, key), ret);
  buffer_append(ret, "", 1);
}

static sxt_status create(const sxt_host *host, sxt_str config_json, sxt_object **ret, sxt_error *reterr) {
  const json_span config = {config_json.data, config_json.size};
  sample *s = calloc(1, sizeof *s);
  if (!s) return sample_fail(reterr, SXT_NO_MEMORY, "sample: out of memory");
  s->base.struct_size = sizeof s->base;
  s->base.destroy = destroy;
  s->base.get_interface = get_interface;
  s->host = host;
  s->context_length = (uint32_t)json_number(json_member(config, "context_length"), 4096);
  const uint32_t asked = (uint32_t)json_number(json_member(config, "max_seq_len"), 0);
  if (asked && asked < s->context_length) s->context_length = asked;
  s->delay_ms = (uint32_t)json_number(json_member(config, "delay_ms"), 0);
  s->schedule_seed = (uint64_t)json_number(json_member(config, "schedule_seed"), 0);
  s->prefix_reuse = json_bool(json_member(config, "prefix_reuse"), 1);
  const json_span weights = json_member(config, "weights");
  s->weights = !weights.data || !json_is_null(weights);
  read_text(config, "fail_on", &s->fail_on);
  read_text(config, "crash_on", &s->crash_on);
  read_text(config, "hang_on", &s->hang_on);
  if (s->fail_on.failed || s->crash_on.failed || s->hang_on.failed) {
    destroy(&s->base);
    return sample_fail(reterr, SXT_NO_MEMORY, "sample: out of memory");
  }
  *ret = &s->base;
  return SXT_OK;
}

/* no answer depends on such a key: changing it asks nothing again */
#define NO_EFFECT "\"x-affects-results\":false,"
static const char schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"path\":{" NO_EFFECT "\"type\":\"string\",\"description\":\"where a real model's weights lie; this one needs none\"},"
    "\"weights\":{" NO_EFFECT "\"description\":\"null: only tokenize, detokenize and render_chat are served\"},"
    "\"chat_template\":{\"enum\":[\"auto\",\"none\",\"\",null],\"description\":\"the template is built in\"},"
    "\"threads\":{" NO_EFFECT "\"type\":\"integer\",\"minimum\":0,\"description\":\"not used: one thread\"},"
    "\"batch_size\":{" NO_EFFECT "\"type\":\"integer\",\"minimum\":0,\"description\":\"not used: requests run one by one\"},"
    "\"context_length\":{\"type\":\"integer\",\"minimum\":1,\"default\":4096,\"description\":\"tokens of prompt and reply\"},"
    "\"max_seq_len\":{\"type\":\"integer\",\"minimum\":0,\"default\":0,"
    "\"description\":\"a shorter context; 0: context_length\"},"
    "\"prefix_reuse\":{" NO_EFFECT "\"type\":\"boolean\",\"default\":true,\"description\":\"compute what prompts share only once\"},"
    "\"schedule_seed\":{" NO_EFFECT "\"type\":\"integer\",\"minimum\":0,\"default\":0,"
    "\"description\":\"not 0: requests run in an order drawn with it\"},"
    "\"api_key\":{" NO_EFFECT "\"x-secret\":true,\"type\":\"string\",\"default\":\"\","
    "\"description\":\"not used: where a served model takes its key\"},"
    "\"delay_ms\":{" NO_EFFECT "\"type\":\"integer\",\"minimum\":0,\"default\":0,\"description\":\"wait before each request\"},"
    "\"fail_on\":{" NO_EFFECT "\"type\":\"string\",\"default\":\"\",\"description\":\"a request whose prompt contains this text fails\"},"
    "\"crash_on\":{" NO_EFFECT "\"type\":\"string\",\"default\":\"\",\"description\":\"... crashes the process\"},"
    "\"hang_on\":{" NO_EFFECT "\"type\":\"string\",\"default\":\"\",\"description\":\"... never ends\"}}}";

static const sxt_component component = {
    sizeof component, SXT_MODEL, SXT_CAP_CONCURRENT | SXT_CAP_DETERMINISTIC, 0, "sample", "1", "a toy model in plain C: for tests, and to copy",
    "Apache-2.0", schema, create, NULL};
static const sxt_component *const components[] = {&component};

SXT_EXPORT const sxt_entry sextant_plugin_entry = {
    {'S', 'E', 'X', 'T', 'A', 'N', 'T', 0}, SXT_ABI_MAJOR, SXT_ABI_MINOR, sizeof(sxt_entry), 1, components, NULL, NULL};
