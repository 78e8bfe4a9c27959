/* sextant/abi/metric.h - "sextant.metric/1": how good a prediction is.
 *
 * facts_json of the component: {"values": [{"name": "f1", "higher_is_better": true, "range": [0, 1]}, ...]}: what it gives,
 * in the order of importance. Without it: one value that is called as the component, higher is better, no range known. */
#ifndef SEXTANT_ABI_METRIC_H
#define SEXTANT_ABI_METRIC_H
#include <sextant/abi/base.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef struct sxt_judged {
  uint32_t struct_size, reserved;
  sxt_str prediction, reference_json, record_json; /* record_json: "{}" if there is none */
} sxt_judged;

typedef struct sxt_metric_v1 {
  uint32_t struct_size, reserved;
  /* One put per sample: {"values": {"f1": 0.5, ...}, "answer"?: "...", "explanation"?: "..."}; or {"value": 0.5, ...} for
   * one value that is called as the component. null: there is none for this sample. "answer": what was judged, where it is
   * not the whole prediction. */
  sxt_status (*score)(sxt_object *, const sxt_judged *const *, uint64_t n, sxt_sink ret_json, sxt_error *); /* [owner] */
  /* NULL: the core takes each value's mean x 100. Else {"f1": ..., ...} over all samples (corpus BLEU, ...). score[i]: the
   * first value of sample i, NaN where it has none. */
  sxt_status (*aggregate)(sxt_object *, const sxt_judged *const *, const double *score, uint64_t n, sxt_sink ret_json,
                          sxt_error *);                                                                     /* [owner] */
} sxt_metric_v1;

#ifdef __cplusplus
}
#endif
#endif
