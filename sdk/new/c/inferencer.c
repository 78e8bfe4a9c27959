/* inferencer:@NAME@: asks the prompt once and takes the reply. It copies JSON; a parser of yours can do more. */
#include <sextant/abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The JSON text behind the first "text": of `json`, its quotes included; empty where there is none. */
static sxt_str first_text(sxt_str json) {
  static const char key[] = "\"text\":";
  const sxt_str none = {NULL, 0};
  for (uint64_t at = 0; at + sizeof key - 1 < json.size; ++at) {
    if (memcmp(json.data + at, key, sizeof key - 1)) continue;
    for (at += sizeof key - 1; at < json.size && json.data[at] == ' ';) ++at;
    uint64_t end = at + 1;
    while (end < json.size && json.data[end] != '"') end += json.data[end] == '\\' ? 2 : 1;
    const sxt_str out = {json.data + at, end + 1 - at};
    return end < json.size && json.data[at] == '"' ? out : none;
  }
  return none;
}

static sxt_status step(sxt_object *object, const sxt_question *const *question, uint64_t n, sxt_sink ret_json, sxt_error *reterr) {
  (void)object;
  for (uint64_t i = 0; i < n; ++i) {
    const int asked = question[i]->rounds_json.size > 2; /* [] at first */
    const sxt_str text = first_text(asked ? question[i]->rounds_json : question[i]->prompts_json);
    char *out = text.size ? malloc(text.size + 64) : NULL;
    if (!out) {
      snprintf(reterr->message, sizeof reterr->message, "@NAME@: there is no text in %s", asked ? "the answer" : "the prompt");
      return reterr->status = SXT_BAD_DATA;
    }
    const char *before = asked ? "{\"done\":{\"prediction\":" : "{\"ask\":[{\"ask\":\"generate\",\"text\":", *after = asked ? "}}" : "}]}";
    const size_t head = strlen(before), tail = strlen(after);
    memcpy(out, before, head), memcpy(out + head, text.data, text.size), memcpy(out + head + text.size, after, tail);
    const sxt_str json = {out, head + text.size + tail};
    ret_json.put(ret_json.ctx, i, json);
    free(out);
  }
  return SXT_OK;
}
static const sxt_inferencer_v1 table = {sizeof table, 0, step};
