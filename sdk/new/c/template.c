/* template:@NAME@: the record as it is, as one turn of the user's. sextant/abi/template.h has all that a prompt can be. */
#include <sextant/abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sxt_status render(sxt_object *object, const sxt_render_item *const *item, uint64_t n, sxt_sink ret_prompt_json,
                         sxt_error *reterr) {
  static const char before[] = "{\"pieces\":[{\"section\":\"round\",\"role\":\"HUMAN\",\"text\":\"", after[] = "\"}]}";
  (void)object;
  for (uint64_t i = 0; i < n; ++i) {
    if (item[i]->form != SXT_FORM_OPEN) {
      snprintf(reterr->message, sizeof reterr->message, "@NAME@ makes prompts whose reply is generated; use it with the inferencer gen");
      return reterr->status = SXT_UNSUPPORTED;
    }
    const sxt_str record = item[i]->record_json;
    char *out = malloc(sizeof before + 2 * record.size + sizeof after), *at = out;
    if (!out) {
      snprintf(reterr->message, sizeof reterr->message, "@NAME@: out of memory");
      return reterr->status = SXT_NO_MEMORY;
    }
    memcpy(at, before, sizeof before - 1), at += sizeof before - 1;
    for (uint64_t k = 0; k < record.size; ++k) {
      if (record.data[k] == '"' || record.data[k] == '\\') *at++ = '\\';
      *at++ = record.data[k];
    }
    memcpy(at, after, sizeof after - 1), at += sizeof after - 1;
    const sxt_str json = {out, (uint64_t)(at - out)};
    ret_prompt_json.put(ret_prompt_json.ctx, i, json); /* it is copied */
    free(out);
  }
  return SXT_OK;
}
static const sxt_template_v1 table = {sizeof table, 0, render};
