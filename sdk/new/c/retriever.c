/* retriever:@NAME@: the first rows of the train split, the sample itself left out. */
#include <sextant/abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t **rows_of(sxt_object *object); /* the rows, their number first */

static sxt_status prepare(sxt_object *object, const sxt_corpus_row *const *row, uint64_t n, sxt_error *reterr) {
  uint64_t *rows = malloc((n + 1) * sizeof *rows);
  if (!rows) {
    snprintf(reterr->message, sizeof reterr->message, "@NAME@: out of memory");
    return reterr->status = SXT_NO_MEMORY;
  }
  rows[0] = n;
  for (uint64_t i = 0; i < n; ++i) rows[i + 1] = row[i]->row; /* what is borrowed is gone after the call: keep copies */
  free(*rows_of(object));
  *rows_of(object) = rows;
  return SXT_OK;
}
static sxt_status retrieve(sxt_object *object, const sxt_query *const *query, uint64_t n, uint64_t k, sxt_sink ret_json,
                           sxt_error *reterr) {
  const uint64_t *rows = *rows_of(object), count = rows ? rows[0] : 0;
  for (uint64_t i = 0; i < n; ++i) {
    char *json = malloc(32 + 21 * (k < count ? k : count));
    if (!json) {
      snprintf(reterr->message, sizeof reterr->message, "@NAME@: out of memory");
      return reterr->status = SXT_NO_MEMORY;
    }
    int size = sprintf(json, "{\"rows\": [");
    uint64_t taken = 0;
    for (uint64_t r = 1; r <= count && taken < k; ++r)
      if (rows[r] != query[i]->own_row) size += sprintf(json + size, "%s%llu", taken++ ? "," : "", (unsigned long long)rows[r]);
    size += sprintf(json + size, "]}");
    const sxt_str text = {json, (uint64_t)size};
    ret_json.put(ret_json.ctx, i, text);
    free(json);
  }
  return SXT_OK;
}
static const sxt_retriever_v1 table = {sizeof table, 0, prepare, retrieve, NULL};
