#include "base/index.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_LEAST 16

void ps_index_init(struct ps_index *index, uint64_t key)
{
  *index = (struct ps_index){.key = key};
}

void ps_index_fini(struct ps_index *index)
{
  free(index->chains);
  *index = (struct ps_index){0};
}

/* The multiplication moves what differs up, the shift moves it down again. */
static uint64_t stir(uint64_t hash)
{
  hash *= UINT64_C(0xbf58476d1ce4e5b9);
  hash ^= hash >> 29;
  hash *= UINT64_C(0x94d049bb133111eb);
  return hash ^ hash >> 32;
}

/* Eight bytes at a time: most texts are identifiers of 36. The key goes in before each, so that texts that fall together
 * under one key do not under another. */
static uint64_t hash_of(const char *text, uint64_t key)
{
  size_t size = strlen(text);
  uint64_t hash = stir(key ^ size);
  for (uint64_t word = 0; size; word = 0) {
    size_t step = size < sizeof word ? size : sizeof word;
    memcpy(&word, text, step);
    hash = stir((hash + key) ^ word);
    text += step;
    size -= step;
  }
  return hash;
}

static struct ps_list *chain_of(const struct ps_index *index, uint64_t hash)
{
  return &index->chains[hash & (index->room - 1)];
}

int ps_index_reserve(struct ps_index *index, size_t count)
{
  if (count <= index->room)
    return 0;
  struct ps_index larger = {.room = index->room ? index->room : ROOM_LEAST, .key = index->key};
  while (larger.room < count)
    larger.room *= 2;
  larger.chains = malloc(larger.room * sizeof *larger.chains);
  if (!larger.chains)
    return -ENOMEM;
  for (size_t i = 0; i < larger.room; i++)
    ps_list_init(&larger.chains[i]);
  for (size_t i = 0; i < index->room; i++) /* in order: what shares a chain in the larger one did so here */
    for (struct ps_list *link; (link = ps_list_pop(&index->chains[i]));)
      ps_list_append(chain_of(&larger, PS_CONTAINER(link, struct ps_index_node, link)->hash), link);
  free(index->chains);
  *index = larger;
  return 0;
}

void ps_index_add(struct ps_index *index, struct ps_index_node *node, const char *text)
{
  assert(index->room);
  node->hash = hash_of(text, index->key);
  ps_list_append(chain_of(index, node->hash), &node->link);
}

void ps_index_remove(struct ps_index_node *node)
{
  ps_list_remove(&node->link);
}

struct ps_list *ps_index_chain(const struct ps_index *index, const char *text)
{
  return chain_of(index, hash_of(text, index->key));
}
