/* What callers do: submit messages as far as there is room, drain, interrupt, cancel, count. */
#include "engine/coordinator_lock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Wait until there is room. 0, POOLSEND_TIMEOUT or POOLSEND_CLOSED. */
static int await_room_locked(struct ps_coordinator *c, ps_time deadline)
{
  while (!c->shared.draining && ps_coordinator_room_locked(c) == 0) {
    if (deadline <= ps_now()) {
      c->shared.turned_away = true;
      return POOLSEND_TIMEOUT;
    }
    if (ps_coordinator_is_self(c))
      return -EDEADLK;
    c->shared.submitters++;
    ps_coordinator_wait_locked(c, &c->shared.room, deadline);
    c->shared.submitters--;
  }
  return c->shared.draining ? POOLSEND_CLOSED : 0;
}

int ps_coordinator_submit(struct ps_coordinator *c, struct ps_message *message, ps_time deadline)
{
  ps_coordinator_enter(c);
  int error = await_room_locked(c, deadline);
  if (!error) {
    message->serial = ++c->shared.counts.submitted;
    c->shared.counts.pending++;
    c->shared.capacity--;
    c->shared.arrived++;
    ps_list_append(&c->shared.inbox, &message->link);
    ps_coordinator_nudge_locked(c);
  }
  ps_coordinator_leave(c);
  return error;
}

void ps_coordinator_interrupt(struct ps_coordinator *c)
{
  ps_coordinator_enter(c);
  if (c->shared.interrupt < c->shared.counts.submitted)
    c->shared.interrupt = c->shared.counts.submitted;
  ps_coordinator_wake_locked(c);
  ps_coordinator_leave(c);
}

void ps_coordinator_drain(struct ps_coordinator *c, ps_time limit)
{
  ps_coordinator_enter(c);
  c->shared.draining = true;
  c->shared.limit = ps_earlier(c->shared.limit, limit);
  c->shared.wakes.submitters = true;
  ps_coordinator_tell_locked(c);
  ps_coordinator_wake_locked(c);
  ps_coordinator_leave(c);
}

int ps_coordinator_cancel(struct ps_coordinator *c, const char *id)
{
  struct ps_cancel *cancel = malloc(sizeof *cancel);
  if (!cancel)
    return -ENOMEM;
  snprintf(cancel->id, sizeof cancel->id, "%s", id);
  ps_coordinator_enter(c);
  cancel->last = c->shared.counts.submitted;
  ps_list_append(&c->shared.cancels, &cancel->link);
  ps_coordinator_wake_locked(c);
  ps_coordinator_leave(c);
  return 0;
}

bool ps_coordinator_is_self(const struct ps_coordinator *c)
{
  return pthread_equal(pthread_self(), c->thread);
}

static void count_endpoint_locked(const struct ps_coordinator *c, unsigned endpoint, struct ps_endpoint_counts *counts)
{
  const struct ps_tally *tally = &c->shared.tallies[endpoint];
  *counts = (struct ps_endpoint_counts){
      .slots = c->shared.lanes[endpoint].slots.total,
      .running = tally->started,
      .waiting = c->shared.lanes[endpoint].waiting,
      .breaker_open = tally->avoided,
      .started = tally->started,
  };
  for (int fate = POOLSEND_FATE_DELIVERED; fate <= POOLSEND_FATE_UNKNOWN; fate++) {
    counts->fates[fate] = tally->fates[fate];
    counts->running -= tally->fates[fate];
  }
}

void ps_coordinator_count(struct ps_coordinator *c, struct ps_counts *counts, struct ps_endpoint_counts *endpoints)
{
  struct ps_pool_counts threads;
  ps_coordinator_enter(c);
  *counts = c->shared.counts;
  for (unsigned i = 0; i < c->endpoints; i++)
    count_endpoint_locked(c, i, &endpoints[i]);
  ps_coordinator_leave(c);
  ps_pool_count(c->pool, &threads);
  counts->threads = threads.threads;
  counts->threads_denied = threads.denied;
}
