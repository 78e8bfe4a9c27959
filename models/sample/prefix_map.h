/* What is known of each prefix (a node of the trie over all requests' tokens), found by the prefix's 64-bit hash: which request
 * pays for its last token, and ln p of that token once it has been computed. [owner] */
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
