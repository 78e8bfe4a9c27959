/* postprocessor:@NAME@: the last word of a reply. */
#include <sextant/abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sxt_status apply(sxt_object *object, const sxt_extract_item *const *item, uint64_t n, sxt_sink ret_text, sxt_error *reterr) {
  (void)object, (void)reterr;
  for (uint64_t i = 0; i < n; ++i) {
    const char *text = item[i]->text.data; /* as long as its size says; there is no NUL */
    uint64_t end = item[i]->text.size, begin;
    while (end > 0 && (text[end - 1] == ' ' || text[end - 1] == '\n' || text[end - 1] == '.')) --end;
    for (begin = end; begin > 0 && text[begin - 1] != ' ' && text[begin - 1] != '\n';) --begin;
    const sxt_str word = {end ? text + begin : NULL, end - begin};
    ret_text.put(ret_text.ctx, i, word);
  }
  return SXT_OK;
}
static const sxt_postprocessor_v1 table = {sizeof table, 0, apply};
