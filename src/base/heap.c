#include "base/heap.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

void ps_heap_init(struct ps_heap *heap)
{
  *heap = (struct ps_heap){0};
}

void ps_heap_fini(struct ps_heap *heap)
{
  free(heap->nodes);
  ps_heap_init(heap);
}

int ps_heap_reserve(struct ps_heap *heap, size_t count)
{
  if (count <= heap->room)
    return 0;
  size_t room = heap->room ? heap->room : 16;
  while (room < count)
    room *= 2;
  struct ps_heap_node **nodes = realloc(heap->nodes, room * sizeof *nodes);
  if (!nodes)
    return -ENOMEM;
  heap->nodes = nodes;
  heap->room = room;
  return 0;
}

static void put(struct ps_heap *heap, size_t index, struct ps_heap_node *node)
{
  heap->nodes[index] = node;
  node->place = index + 1;
}

static void sift_up(struct ps_heap *heap, size_t index)
{
  struct ps_heap_node *node = heap->nodes[index];
  while (index > 0) {
    size_t parent = (index - 1) / 2;
    if (heap->nodes[parent]->key <= node->key)
      break;
    put(heap, index, heap->nodes[parent]);
    index = parent;
  }
  put(heap, index, node);
}

static void sift_down(struct ps_heap *heap, size_t index)
{
  struct ps_heap_node *node = heap->nodes[index];
  for (;;) {
    size_t child = 2 * index + 1;
    if (child >= heap->count)
      break;
    if (child + 1 < heap->count && heap->nodes[child + 1]->key < heap->nodes[child]->key)
      child++;
    if (node->key <= heap->nodes[child]->key)
      break;
    put(heap, index, heap->nodes[child]);
    index = child;
  }
  put(heap, index, node);
}

void ps_heap_set(struct ps_heap *heap, struct ps_heap_node *node, ps_time key)
{
  if (key == PS_NEVER) {
    ps_heap_remove(heap, node);
    return;
  }
  node->key = key;
  if (!node->place) {
    assert(heap->count < heap->room);
    put(heap, heap->count++, node);
  }
  sift_up(heap, node->place - 1);
  sift_down(heap, node->place - 1);
}

void ps_heap_remove(struct ps_heap *heap, struct ps_heap_node *node)
{
  if (!node->place)
    return;
  size_t index = node->place - 1;
  node->place = 0;
  struct ps_heap_node *last = heap->nodes[--heap->count];
  if (last == node)
    return;
  put(heap, index, last);
  sift_up(heap, index);
  sift_down(heap, last->place - 1);
}

struct ps_heap_node *ps_heap_first(const struct ps_heap *heap)
{
  return heap->count ? heap->nodes[0] : NULL;
}
