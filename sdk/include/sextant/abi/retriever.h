/* sextant/abi/retriever.h - "sextant.retriever/1": which rows of the train split are a sample's examples.
 *
 * facts_json of the component: {"wants": ["texts", "embeddings", "scores"]}, each where it is needed: without "texts", `text`
 * is empty; without "embeddings", `embedding` is NULL; with "scores", `choose` is called. */
#ifndef SEXTANT_ABI_RETRIEVER_H
#define SEXTANT_ABI_RETRIEVER_H
#include <sextant/abi/base.h>
#ifdef __cplusplus
extern "C" {
#endif

#define SXT_NO_ROW UINT64_MAX

typedef struct sxt_corpus_row {      /* of the train split */
  uint32_t struct_size, reserved;
  uint64_t row;
  sxt_str record_json, text;         /* text: what rows are compared by, as the card's input columns say */
  const float *embedding; uint64_t embedding_size;
} sxt_corpus_row;

typedef struct sxt_query {           /* a sample that wants examples */
  uint32_t struct_size, reserved;
  uint64_t row;                      /* of the test split */
  uint64_t own_row;                  /* the corpus' row that is this sample itself, which it must not be shown; or SXT_NO_ROW */
  uint64_t seed;                     /* for random choices: the run's seed, the task and the row */
  sxt_str record_json, text;
  const float *embedding; uint64_t embedding_size;
} sxt_query;

typedef struct sxt_retriever_v1 {
  uint32_t struct_size, reserved;
  /* Once, before the first query: everything that examples may be taken from. */
  sxt_status (*prepare)(sxt_object *, const sxt_corpus_row *const *, uint64_t n, sxt_error *);                    /* [owner] */
  /* One put per query: {"rows": [ROW...]}, at most k, in the order in which they are shown; or, to let a model choose,
   * {"candidates": [[ROW...], ...]}. Queries do not depend on each other. */
  sxt_status (*retrieve)(sxt_object *, const sxt_query *const *, uint64_t n, uint64_t k, sxt_sink ret_json,
                         sxt_error *);                                                                      /* [owner] */
  /* May be NULL. score[i]: the model's mean ln p, in nats per token, of the query's text behind candidate i. *ret: the
   * candidate that is taken. */
  sxt_status (*choose)(sxt_object *, const sxt_query *, const double *score, uint64_t n, uint64_t *ret,
                       sxt_error *);                                                                        /* [owner] */
} sxt_retriever_v1;

#ifdef __cplusplus
}
#endif
#endif
