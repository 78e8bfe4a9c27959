/* The object behind the "sample" backend: its configuration, and the two halves of sextant.model/1 that live in files of their
 * own. Once created, an object is only read, so that its calls may overlap (SXT_CAP_CONCURRENT). */
#ifndef SAMPLE_H
#define SAMPLE_H
#include <sextant/abi.h>
#include "json.h"

typedef struct sample {
  sxt_object base; /* first: a pointer to this is the object */
  const sxt_host *host;
  uint32_t context_length, delay_ms;
  uint64_t schedule_seed;
  int weights, prefix_reuse;
  json_buffer fail_on, crash_on, hang_on; /* NUL-terminated; empty: never */
} sample;

/* Fills *reterr from a printf format (cut to its size) and returns the status. */
sxt_status sample_fail(sxt_error *reterr, sxt_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* requests.c */
sxt_status sample_plan(sxt_object *, uint64_t call, const sxt_request *const *, uint64_t n, sxt_sink ret_json, sxt_error *);
sxt_status sample_run(sxt_object *, uint64_t call, const sxt_request *const *, uint64_t n, sxt_result_sink, sxt_error *);

#endif
