#include "prefix_map.h"
#include <stdlib.h>
#include <string.h>

static prefix_node *slot(const prefix_map *map, uint64_t hash) {
  size_t i = (size_t)hash & (map->capacity - 1);
  while (map->nodes[i].used && map->nodes[i].hash != hash) i = (i + 1) & (map->capacity - 1);
  return &map->nodes[i];
}

static int grow(prefix_map *map) {
  prefix_map bigger = {NULL, map->capacity ? map->capacity * 2 : 1024, map->size};
  bigger.nodes = calloc(bigger.capacity, sizeof *bigger.nodes);
  if (!bigger.nodes) return 0;
  for (size_t i = 0; i < map->capacity; ++i)
    if (map->nodes[i].used) *slot(&bigger, map->nodes[i].hash) = map->nodes[i];
  free(map->nodes);
  *map = bigger;
  return 1;
}

prefix_node *prefix_get(prefix_map *map, uint64_t hash, int *ret_new) {
  if (map->size * 2 >= map->capacity && !grow(map)) return NULL;
  prefix_node *node = slot(map, hash);
  *ret_new = !node->used;
  if (!node->used) {
    node->used = 1;
    node->hash = hash;
    ++map->size;
  }
  return node;
}

void prefix_free(prefix_map *map) {
  free(map->nodes);
  memset(map, 0, sizeof *map);
}
