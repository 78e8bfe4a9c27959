/* A model built against shorter structs (older_model.h): it repeats its prompts, and gives each continuation its length as ln p. */
#include "older_model.h"
#include <string.h>

static sxt_status info(sxt_object *object, sxt_model_info *ret, sxt_error *reterr) {
  (void)object, (void)reterr;
  if (ret->struct_size < sizeof *ret) return SXT_INTERNAL;
  ret->struct_size = sizeof *ret;
  ret->abilities = SXT_MODEL_SCORE | SXT_MODEL_GENERATE;
  ret->context_length = 77;
  return SXT_OK;
}

static sxt_status run(sxt_object *object, uint64_t call, const sxt_request *const *request, uint64_t n, sxt_result_sink sink,
                      sxt_error *reterr) {
  (void)object, (void)call, (void)reterr;
  for (uint64_t i = 0; i < n; ++i) {
    const sxt_request *r = request[i];
    sxt_result result;
    sxt_score scores[4];
    const sxt_score *pointers[4];
    memset(&result, 0, sizeof result);
    memset(scores, 0, sizeof scores);
    result.struct_size = sizeof result;
    for (uint64_t k = 0; k < r->continuation_count && k < 4; ++k) {
      scores[k].struct_size = sizeof scores[k];
      scores[k].logprob = -(double)r->continuation[k].size;
      scores[k].total_tokens = (uint32_t)(i + 1);
      pointers[k] = &scores[k];
    }
    if (r->ask == SXT_ASK_SCORE) result.score = pointers;
    else result.text = r->prefix;
    sink.put(sink.ctx, i, &result);
  }
  return SXT_OK;
}

static const void *get_interface(sxt_object *object, const char *id) {
  static const sxt_model_v1 model = {sizeof model, 0, info, NULL, NULL, NULL, NULL, NULL, run};
  (void)object;
  return strcmp(id, "sextant.model/1") == 0 ? &model : NULL;
}
static void destroy(sxt_object *object) { (void)object; }

static sxt_status create(const sxt_host *host, sxt_str config_json, sxt_object **ret, sxt_error *reterr) {
  static sxt_object object = {sizeof object, 0, destroy, get_interface};
  (void)host, (void)config_json, (void)reterr;
  *ret = &object;
  return SXT_OK;
}

/* a component that ends before facts_json */
typedef struct older_component {
  uint32_t struct_size, kind, capabilities, reserved;
  const char *id, *version, *summary, *license, *config_schema;
  sxt_status (*create)(const sxt_host *, sxt_str, sxt_object **, sxt_error *);
  const char *rubbish; /* lies behind its end */
} older_component;
static const older_component component = {offsetof(older_component, rubbish), SXT_MODEL, 0, 0, "older", "1", "repeats its prompts", "Apache-2.0",
                                          "{\"type\": \"object\", \"additionalProperties\": false}", create, (const char *)1};
static const sxt_component *const components[] = {(const sxt_component *)&component};
SXT_EXPORT const sxt_entry sextant_plugin_entry = {
    {'S', 'E', 'X', 'T', 'A', 'N', 'T', 0}, SXT_ABI_MAJOR, SXT_ABI_MINOR, sizeof(sxt_entry), 1, components, NULL, NULL};
