/* A snapshot of how a sender fares: one block of memory, with the names behind the numbers. */
#include "base/fork.h"
#include "engine/sender.h"

#include <stdlib.h>
#include <string.h>

struct poolsend_counts {
  struct ps_counts all;
  const char *names; /* [endpoint_count], each ended by NUL */
  unsigned endpoint_count;
  struct ps_endpoint_counts endpoints[];
};

static size_t names_size(const struct poolsend_sender *sender)
{
  size_t size = 0;
  for (unsigned i = 0; i < sender->rule.endpoints; i++)
    size += strlen(sender->shown[i].name) + 1;
  return size;
}

struct poolsend_counts *poolsend_counts_new(struct poolsend_sender *sender)
{
  if (!sender || ps_fork_is_child(sender->coordinator.generation))
    return NULL;
  unsigned count = sender->rule.endpoints;
  struct poolsend_counts *counts = malloc(sizeof *counts + count * sizeof *counts->endpoints + names_size(sender));
  if (!counts)
    return NULL;
  char *name = (char *)&counts->endpoints[count];
  counts->names = name;
  counts->endpoint_count = count;
  for (unsigned i = 0; i < count; i++)
    name = stpcpy(name, sender->shown[i].name) + 1;
  ps_coordinator_count(&sender->coordinator, &counts->all, counts->endpoints);
  return counts;
}

void poolsend_counts_free(struct poolsend_counts *counts)
{
  free(counts);
}

uint64_t poolsend_counts_get(const struct poolsend_counts *counts, enum poolsend_count count)
{
  if (!counts)
    return 0;
  switch (count) {
  case POOLSEND_COUNT_SUBMITTED:
    return counts->all.submitted;
  case POOLSEND_COUNT_DELIVERED:
    return counts->all.delivered;
  case POOLSEND_COUNT_UNDELIVERED:
    return counts->all.undelivered;
  case POOLSEND_COUNT_PENDING:
    return counts->all.pending;
  case POOLSEND_COUNT_STARTED:
    return counts->all.started;
  case POOLSEND_COUNT_FINISHED:
    return counts->all.finished;
  case POOLSEND_COUNT_THREADS:
    return counts->all.threads;
  case POOLSEND_COUNT_THREADS_DENIED:
    return counts->all.threads_denied;
  case POOLSEND_COUNT_UNHEARD:
    return counts->all.unheard;
  }
  return 0;
}

uint64_t poolsend_counts_endpoint(const struct poolsend_counts *counts, unsigned endpoint,
                                  enum poolsend_endpoint_count count)
{
  if (!counts || endpoint >= counts->endpoint_count)
    return 0;
  const struct ps_endpoint_counts *of = &counts->endpoints[endpoint];
  switch (count) {
  case POOLSEND_ENDPOINT_SLOTS:
    return of->slots;
  case POOLSEND_ENDPOINT_RUNNING:
    return of->running;
  case POOLSEND_ENDPOINT_WAITING:
    return of->waiting;
  case POOLSEND_ENDPOINT_BREAKER_OPEN:
    return of->breaker_open;
  case POOLSEND_ENDPOINT_STARTED:
    return of->started;
  case POOLSEND_ENDPOINT_DELIVERED:
    return of->fates[POOLSEND_FATE_DELIVERED];
  case POOLSEND_ENDPOINT_REJECTED:
    return of->fates[POOLSEND_FATE_REJECTED];
  case POOLSEND_ENDPOINT_UNREACHED:
    return of->fates[POOLSEND_FATE_UNREACHED];
  case POOLSEND_ENDPOINT_UNKNOWN:
    return of->fates[POOLSEND_FATE_UNKNOWN];
  }
  return 0;
}

const char *poolsend_counts_name(const struct poolsend_counts *counts, unsigned endpoint)
{
  if (!counts || endpoint >= counts->endpoint_count)
    return NULL;
  const char *name = counts->names;
  while (endpoint--)
    name += strlen(name) + 1;
  return name;
}
