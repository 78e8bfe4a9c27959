#include "toy.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

uint64_t toy_mix(uint64_t state, uint64_t token) { /* the finisher of splitmix64 */
  uint64_t x = state ^ (token + 1) * UINT64_C(0xBF58476D1CE4E5B9);
  x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
  return x ^ x >> 31;
}

/* The size of the special text that begins here, and its token; 0: none. */
static size_t special_at(const char *text, size_t left, int32_t *ret_id) {
  const size_t n = sizeof TOY_BOS_TEXT - 1;
  if (left < n) return 0;
  if (memcmp(text, TOY_BOS_TEXT, n) == 0) *ret_id = TOY_BOS;
  else if (memcmp(text, TOY_EOS_TEXT, n) == 0) *ret_id = TOY_EOS;
  else return 0;
  return n;
}

int toy_tokenize(const char *a, size_t a_size, const char *b, size_t b_size, int bos, int split_special, toy_tokens *ret) {
  const size_t size = a_size + b_size;
  char *text = malloc(size + 1);
  ret->ids = malloc((size + 1) * sizeof *ret->ids);
  ret->ends = malloc((size + 1) * sizeof *ret->ends);
  ret->size = 0;
  if (!text || !ret->ids || !ret->ends) {
    free(text);
    toy_free(ret);
    return 0;
  }
  if (a_size) memcpy(text, a, a_size);
  if (b_size) memcpy(text + a_size, b, b_size);
  if (bos) { ret->ids[0] = TOY_BOS; ret->ends[0] = 0; ret->size = 1; }
  for (size_t i = 0; i < size;) {
    int32_t id = (unsigned char)text[i];
    const size_t n = split_special || id != '<' ? 0 : special_at(text + i, size - i, &id);
    i += n ? n : 1;
    ret->ids[ret->size] = id;
    ret->ends[ret->size++] = i;
  }
  free(text);
  return 1;
}
void toy_free(toy_tokens *t) {
  free(t->ids);
  free(t->ends);
  memset(t, 0, sizeof *t);
}

/* Does the text end, blanks apart, with : or ? (also full-width), or with a role's "|>"? */
static int asks(const int32_t *ids, size_t n) {
  while (n > 0 && (ids[n - 1] == ' ' || ids[n - 1] == '\n')) --n;
  if (n >= 1 && (ids[n - 1] == ':' || ids[n - 1] == '?')) return 1;
  if (n >= 2 && ids[n - 2] == '|' && ids[n - 1] == '>') return 1;
  return n >= 3 && ids[n - 3] == 0xEF && ids[n - 2] == 0xBC && (ids[n - 1] == 0x9A || ids[n - 1] == 0x9F);
}

/* What each token's log-probability is, but for the one number that all have in common. Returns the greatest. */
static double toy_logits(const int32_t *ids, size_t n, uint64_t state, double *ret_logit) {
  const int letter_next = asks(ids, n);
  const int end_next = n > 0 && ids[n - 1] >= 'A' && ids[n - 1] <= 'D' && asks(ids, n - 1);
  double most = 0;
  for (int token = 0; token < TOY_VOCABULARY; ++token) {
    double logit = 4.0 * (double)(toy_mix(state, (uint64_t)token + 1000) >> 11) / 9007199254740992.0; /* 2^53: in [0, 4) */
    if (token >= 0x20 && token < 0x7F) logit += 5; /* text is likelier than other bytes */
    if (letter_next && token >= 'A' && token <= 'D') logit += 10;
    if (end_next && token == TOY_EOS) logit += 20;
    ret_logit[token] = logit;
    if (logit > most) most = logit;
  }
  return most;
}

void toy_logprobs(const int32_t *ids, size_t n, uint64_t state, double *ret_logprob) {
  const double most = toy_logits(ids, n, state, ret_logprob);
  double sum = 0;
  for (int token = 0; token < TOY_VOCABULARY; ++token) sum += exp(ret_logprob[token] - most);
  const double normaliser = most + log(sum);
  for (int token = 0; token < TOY_VOCABULARY; ++token) ret_logprob[token] -= normaliser;
}

typedef struct candidate { double weight; int32_t token; } candidate;
static int heavier_first(const void *a, const void *b) {
  const candidate *x = a, *y = b;
  if (x->weight != y->weight) return x->weight > y->weight ? -1 : 1;
  return x->token < y->token ? -1 : 1;
}

static int can_be_drawn(int32_t token, int may_end) {
  return (token >= 0x20 && token < 0x7F) || token == '\n' || (token == TOY_EOS && may_end);
}

int32_t toy_greedy(const int32_t *ids, size_t n, uint64_t state, int may_end, double *ret_margin) {
  double logit[TOY_VOCABULARY], second = -INFINITY;
  int32_t best = -1;
  toy_logits(ids, n, state, logit);
  for (int32_t token = 0; token < TOY_VOCABULARY; ++token) {
    if (!can_be_drawn(token, may_end)) continue;
    if (best < 0 || logit[token] > logit[best]) {
      if (best >= 0) second = logit[best];
      best = token;
    } else if (logit[token] > second) {
      second = logit[token];
    }
  }
  *ret_margin = logit[best] - second;
  if (*ret_margin > 1e-9) return best;
  toy_logprobs(ids, n, state, logit); /* as likely but for rounding: probabilities decide */
  return toy_draw(logit, may_end, 0, 0, 1, 0);
}

void toy_moments(const double *logprob, double *ret_mean, double *ret_variance) {
  double mean = 0, variance = 0;
  for (int token = 0; token < TOY_VOCABULARY; ++token) mean += exp(logprob[token]) * logprob[token];
  for (int token = 0; token < TOY_VOCABULARY; ++token)
    variance += exp(logprob[token]) * (logprob[token] - mean) * (logprob[token] - mean);
  *ret_mean = mean;
  *ret_variance = variance;
}

int32_t toy_draw(const double *logprob, int may_end, float temperature, uint32_t top_k, float top_p, double random) {
  candidate all[TOY_VOCABULARY];
  size_t n = 0;
  for (int32_t token = 0; token < TOY_VOCABULARY; ++token) {
    if (!can_be_drawn(token, may_end)) continue;
    all[n].weight = exp(logprob[token] / (temperature > 0 ? temperature : 1));
    all[n++].token = token;
  }
  if (!(temperature > 0)) { /* the heaviest needs no sorting */
    for (size_t i = 1; i < n; ++i)
      if (heavier_first(&all[i], &all[0]) < 0) all[0] = all[i];
    return all[0].token;
  }
  qsort(all, n, sizeof *all, heavier_first);
  if (top_k > 0 && top_k < n) n = top_k;
  double sum = 0, kept = 0;
  for (size_t i = 0; i < n; ++i) sum += all[i].weight;
  size_t count = 0;
  do kept += all[count++].weight; while (count < n && kept < top_p * sum);
  double left = random * kept;
  for (size_t i = 0; i + 1 < count; ++i)
    if ((left -= all[i].weight) < 0) return all[i].token;
  return all[count - 1].token;
}
