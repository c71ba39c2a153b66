/* An indexed binary min-heap of deadlines. Each item embeds a node that knows its place, so that a deadline is moved
 * or withdrawn in O(log n). Room is reserved when an item is admitted; set and remove never need memory.
 * No locking of its own. */
#ifndef PS_BASE_HEAP_H
#define PS_BASE_HEAP_H

#include "base/clock.h"

#include <stddef.h>

struct ps_heap_node {
  ps_time key;
  size_t place; /* 1 + index in the heap; 0: not in it */
};

struct ps_heap {
  struct ps_heap_node **nodes;
  size_t count, room;
};

void ps_heap_init(struct ps_heap *heap);
void ps_heap_fini(struct ps_heap *heap);

/* Make sure that `count` nodes fit. 0, or -ENOMEM (the heap is as it was). */
int ps_heap_reserve(struct ps_heap *heap, size_t count);

/* Put `node` in with `key`, or move it there; PS_NEVER takes it out. Room must have been reserved. */
void ps_heap_set(struct ps_heap *heap, struct ps_heap_node *node, ps_time key);

/* Taking out a node that is not in does nothing. */
void ps_heap_remove(struct ps_heap *heap, struct ps_heap_node *node);

/* The node with the smallest key, left in; NULL if there is none. */
struct ps_heap_node *ps_heap_first(const struct ps_heap *heap);

#endif
