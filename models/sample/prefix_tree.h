/* How much of a prompt earlier prompts had: the trie over all requests' tokens, where what does not branch is one edge.
 * [owner] */
#ifndef SAMPLE_PREFIX_TREE_H
#define SAMPLE_PREFIX_TREE_H
#include <stddef.h>
#include <stdint.h>

typedef struct prefix_edge {
  struct prefix_edge *child, *sibling; /* siblings begin with different tokens */
  struct prefix_edge *made_before;     /* all edges of the tree, to be freed */
  const int32_t *ids;
  size_t size;
  int32_t storage[];                   /* the tokens; none where they lie in the edge that this one was cut from */
} prefix_edge;
typedef struct prefix_tree {
  prefix_edge *first, *last_made;
  size_t bytes;
} prefix_tree;

/* Adds a prompt; *ret_new is how many of its tokens end a prefix that was not there before. Returns 0 when memory ran out. */
int prefix_add(prefix_tree *, const int32_t *ids, size_t n, size_t *ret_new);
void prefix_tree_free(prefix_tree *);

#endif
