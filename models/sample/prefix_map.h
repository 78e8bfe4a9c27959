/* ln p of the last token of each prefix that was scored, found by the prefix's 64-bit hash. [owner] */
#ifndef SAMPLE_PREFIX_MAP_H
#define SAMPLE_PREFIX_MAP_H
#include <stddef.h>
#include <stdint.h>

typedef struct prefix_node { uint64_t hash; double logprob; uint8_t used, computed, greedy; } prefix_node;
typedef struct prefix_map {
  prefix_node *nodes;
  size_t capacity, size;
} prefix_map; /* open addressing, capacity a power of 2 */

/* The node of that prefix; *ret_new is 1 where it was not there before. NULL: out of memory. Valid until the next call. */
prefix_node *prefix_get(prefix_map *, uint64_t hash, int *ret_new);
void prefix_free(prefix_map *);

#endif
