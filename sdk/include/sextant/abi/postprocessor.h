/* sextant/abi/postprocessor.h - "sextant.postprocessor/1": a model's reply to the answer in it. */
#ifndef SEXTANT_ABI_POSTPROCESSOR_H
#define SEXTANT_ABI_POSTPROCESSOR_H
#include <sextant/abi/base.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef struct sxt_extract_item {
  uint32_t struct_size;
  uint32_t attempt;            /* which of `attempts` this is */
  sxt_str text;                /* the prediction, or what the post-processor before this one made of it */
  sxt_str record_json;         /* the data set's row, "{}" if there is none */
  const sxt_str *attempts;     /* the same of all attempts of the sample, in order: a vote needs them */
  uint64_t attempt_count;
} sxt_extract_item;

typedef struct sxt_postprocessor_v1 {
  uint32_t struct_size, reserved;
  /* one put per item; no put for an index means the empty text */
  sxt_status (*apply)(sxt_object *, const sxt_extract_item *const *, uint64_t n, sxt_sink ret_text, sxt_error *); /* [owner] */
} sxt_postprocessor_v1;

#ifdef __cplusplus
}
#endif
#endif
