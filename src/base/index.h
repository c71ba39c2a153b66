/* An index of items by a text, which several may have: a hash table of chains. Each item embeds a node, so that putting
 * one in or taking it out never needs memory; room is reserved when an item is admitted. The texts may be chosen by
 * somebody who wishes us ill: where they fall depends on a key that he does not know.
 * No locking of its own. */
#ifndef PS_BASE_INDEX_H
#define PS_BASE_INDEX_H

#include "base/list.h"

#include <stdint.h>

struct ps_index_node {
  struct ps_list link; /* in a chain, or in none */
  uint64_t hash;
};

struct ps_index {
  struct ps_list *chains;
  size_t room; /* of chains, and of items: a power of two, or 0 */
  uint64_t key;
};

void ps_index_init(struct ps_index *index, uint64_t key);
/* Every node must have been taken out. */
void ps_index_fini(struct ps_index *index);

/* Make sure that there is room for `count` items. 0, or -ENOMEM (the index is as it was). */
int ps_index_reserve(struct ps_index *index, size_t count);

/* Put `node` in, under `text`. Room must have been reserved. */
void ps_index_add(struct ps_index *index, struct ps_index_node *node, const char *text);

/* Taking out a node that is not in does nothing, if its link has been made ready. */
void ps_index_remove(struct ps_index_node *node);

/* The chain where nodes under `text` are, in the order in which they were put in, and by chance a few others. There must
 * be room for one item. */
struct ps_list *ps_index_chain(const struct ps_index *index, const char *text);

#endif
