#include "prefix_tree.h"
#include <stdlib.h>
#include <string.h>

static prefix_edge *make_edge(prefix_tree *tree, size_t stored) {
  const size_t bytes = sizeof(prefix_edge) + stored * sizeof(int32_t);
  prefix_edge *edge = malloc(bytes);
  if (!edge) return NULL;
  memset(edge, 0, sizeof *edge);
  edge->made_before = tree->last_made;
  tree->last_made = edge;
  tree->bytes += bytes;
  return edge;
}

static int add_leaf(prefix_tree *tree, prefix_edge **siblings, const int32_t *ids, size_t n) {
  prefix_edge *leaf = make_edge(tree, n);
  if (!leaf) return 0;
  memcpy(leaf->storage, ids, n * sizeof *ids);
  leaf->ids = leaf->storage;
  leaf->size = n;
  leaf->sibling = *siblings;
  *siblings = leaf;
  return 1;
}

/* The edge keeps its first `kept` tokens; the others become its only child. */
static int cut(prefix_tree *tree, prefix_edge *edge, size_t kept) {
  prefix_edge *rest = make_edge(tree, 0);
  if (!rest) return 0;
  rest->ids = edge->ids + kept;
  rest->size = edge->size - kept;
  rest->child = edge->child;
  edge->size = kept;
  edge->child = rest;
  return 1;
}

int prefix_add(prefix_tree *tree, const int32_t *ids, size_t n, size_t *ret_new) {
  prefix_edge **siblings = &tree->first;
  *ret_new = 0;
  for (size_t i = 0; i < n;) {
    prefix_edge *edge = *siblings;
    while (edge && edge->ids[0] != ids[i]) edge = edge->sibling;
    if (!edge) {
      *ret_new = n - i;
      return add_leaf(tree, siblings, ids + i, n - i);
    }
    size_t same = 1;
    while (same < edge->size && i + same < n && edge->ids[same] == ids[i + same]) ++same;
    i += same;
    if (i < n && same < edge->size && !cut(tree, edge, same)) return 0;
    siblings = &edge->child;
  }
  return 1;
}

void prefix_tree_free(prefix_tree *tree) {
  while (tree->last_made) {
    prefix_edge *edge = tree->last_made;
    tree->last_made = edge->made_before;
    free(edge);
  }
  memset(tree, 0, sizeof *tree);
}
