/* sextant/abi/dataset.h - "sextant.dataset/1": a loader gives a data set's records.
 *
 * The configuration always carries "path": the folder that holds the set's files (resolved by the core, may be absent from
 * the disk: then describe/count/read give SXT_MISSING and name the file that was looked for). Everything else is the
 * loader's own ("name" for a subject, ...). */
#ifndef SEXTANT_ABI_DATASET_H
#define SEXTANT_ABI_DATASET_H
#include <sextant/abi/base.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef struct sxt_dataset_v1 {
  uint32_t struct_size, reserved;
  /* ret_json, one put: {"splits": {"dev": 5, ...}, "fields": ["question", ...], "files": [{"path", "bytes"}]} */
  sxt_status (*describe)(sxt_object *, sxt_sink ret_json, sxt_error *);              /* [owner] */
  sxt_status (*count)(sxt_object *, sxt_str split, uint64_t *ret, sxt_error *);      /* [owner] */
  /* one put per record: a JSON object whose members stand in the file's column order; texts are JSON strings */
  sxt_status (*read)(sxt_object *, sxt_str split, uint64_t first, uint64_t n, sxt_sink ret_record_json,
                     sxt_error *);                                                   /* [owner] */
} sxt_dataset_v1;

#ifdef __cplusplus
}
#endif
#endif
