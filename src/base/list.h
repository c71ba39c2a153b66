/* An intrusive doubly linked list: the links live in the items, so that putting one in a queue never needs memory.
 * A list head and a link are the same struct; an item that is in no list is linked to itself. No locking of its own. */
#ifndef PS_BASE_LIST_H
#define PS_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct ps_list {
  struct ps_list *prev, *next;
};

#define PS_CONTAINER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#define ps_list_each(link, list)                                                                                       \
  for (struct ps_list *link = (list)->next, *link##_next = link->next; link != (list);                                 \
       link = link##_next, link##_next = link->next)

static inline void ps_list_init(struct ps_list *list)
{
  list->prev = list->next = list;
}

static inline bool ps_list_empty(const struct ps_list *list)
{
  return list->next == list;
}

static inline void ps_list_append(struct ps_list *list, struct ps_list *link)
{
  link->prev = list->prev; /* NOLINT(clang-analyzer-core.uninitialized.Assign): it cannot follow an array of heads */
  link->next = list;
  list->prev->next = link;
  list->prev = link;
}

static inline void ps_list_prepend(struct ps_list *list, struct ps_list *link)
{
  ps_list_append(list->next, link);
}

/* Taking out an item that is in no list does nothing. */
static inline void ps_list_remove(struct ps_list *link)
{
  link->prev->next = link->next;
  link->next->prev = link->prev;
  ps_list_init(link);
}

/* The first link, taken out, or NULL. */
static inline struct ps_list *ps_list_pop(struct ps_list *list)
{
  if (ps_list_empty(list))
    return NULL;
  struct ps_list *first = list->next;
  ps_list_remove(first); /* NOLINT(clang-analyzer-unix.Malloc): it takes what was popped and freed for still linked */
  return first;
}

/* All of `from`, in order, to the end of `to`. */
static inline void ps_list_splice(struct ps_list *to, struct ps_list *from)
{
  if (ps_list_empty(from))
    return;
  from->next->prev = to->prev;
  from->prev->next = to;
  to->prev->next = from->next;
  to->prev = from->prev;
  ps_list_init(from);
}

#endif
