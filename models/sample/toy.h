/* The toy language model: bytes as tokens, and a probability for each token after each context that comes from a hash. It has
 * what a real model has (probabilities that sum to 1, an end token, a context) and costs nothing. Pure; [any] thread. */
#ifndef SAMPLE_TOY_H
#define SAMPLE_TOY_H
#include <stddef.h>
#include <stdint.h>

enum { TOY_BOS = 256, TOY_EOS = 257, TOY_VOCABULARY = 258 };
#define TOY_BOS_TEXT "<|bos|>"
#define TOY_EOS_TEXT "<|eos|>"

/* A text's tokens: ids[i] ends at byte ends[i] of the text. */
typedef struct toy_tokens { int32_t *ids; uint64_t *ends; size_t size; } toy_tokens;
/* The tokens of a + b as one text; with `bos` a TOY_BOS (ending at byte 0) in front; the special texts become their tokens
 * unless `split_special`. Returns 0 when memory ran out. Free with toy_free. */
int toy_tokenize(const char *a, size_t a_size, const char *b, size_t b_size, int bos, int split_special, toy_tokens *ret);
void toy_free(toy_tokens *);

/* The hash of a context, token by token. */
#define TOY_START UINT64_C(0x9E3779B97F4A7C15)
uint64_t toy_mix(uint64_t state, uint64_t token);

/* ln p of every token after ids[0..n), whose hash is `state`: TOY_VOCABULARY values. After a text that ends like a question
 * one of A, B, C, D is likely, and after that letter the end. */
void toy_logprobs(const int32_t *ids, size_t n, uint64_t state, double *ret_logprob);

/* The likeliest token after them that toy_draw would give: nearly always without a probability being computed.
 * `ret_margin`: by how much ln p of it is more than that of the second. */
int32_t toy_greedy(const int32_t *ids, size_t n, uint64_t state, int may_end, double *ret_margin);

/* One token drawn from ln p. temperature 0: the likeliest. `random` is in [0, 1). Only printable ASCII, LF and the end are
 * drawn, so that what is generated is text; without `may_end` the end is not. */
int32_t toy_draw(const double *logprob, int may_end, float temperature, uint32_t top_k, float top_p, double random);
/* What ln p is expected to be, and its variance: the sums of p ln p, and of p (ln p - mean)^2. */
void toy_moments(const double *logprob, double *ret_mean, double *ret_variance);

#endif
