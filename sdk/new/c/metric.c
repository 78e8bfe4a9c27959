/* metric:@NAME@: 1 where prediction and reference are equally long. Say here what a good answer is. */
#include <sextant/abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sxt_status score(sxt_object *object, const sxt_judged *const *judged, uint64_t n, sxt_sink ret_json, sxt_error *reterr) {
  static const sxt_str same = {"{\"value\": 1}", 12}, other = {"{\"value\": 0}", 12};
  (void)object, (void)reterr;
  for (uint64_t i = 0; i < n; ++i) {
    const sxt_str reference = judged[i]->reference_json; /* JSON: a text has its quotes around it */
    const int is_text = reference.size >= 2 && reference.data[0] == '"';
    ret_json.put(ret_json.ctx, i, is_text && judged[i]->prediction.size == reference.size - 2 ? same : other);
  }
  return SXT_OK;
}
static const sxt_metric_v1 table = {sizeof table, 0, score, NULL}; /* no aggregate: the core takes the mean */
