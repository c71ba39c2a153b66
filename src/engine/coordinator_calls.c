/* What callers do: submit messages as far as there is room, fetch events, drain, interrupt, count. */
#include "engine/coordinator_lock.h"

#include <errno.h>

/* Wait until there is room. 0, -ETIMEDOUT or -ESHUTDOWN. */
static int await_room_locked(struct ps_coordinator *c, ps_time deadline)
{
  while (!c->shared.draining && ps_coordinator_room_locked(c) == 0) {
    if (deadline <= ps_now())
      return -ETIMEDOUT;
    c->shared.submitters++;
    ps_coordinator_wait_locked(c, &c->shared.room, deadline);
    c->shared.submitters--;
  }
  return c->shared.draining ? -ESHUTDOWN : 0;
}

int ps_coordinator_submit(struct ps_coordinator *c, struct ps_message *message, ps_time deadline)
{
  ps_coordinator_enter(c);
  int error = await_room_locked(c, deadline);
  if (!error) {
    c->shared.pending++;
    c->shared.capacity--;
    c->shared.arrived++;
    ps_list_append(&c->shared.inbox, &message->link);
    ps_coordinator_wake_locked(c);
  }
  ps_coordinator_leave(c);
  return error;
}

void ps_coordinator_interrupt(struct ps_coordinator *c)
{
  ps_coordinator_enter(c);
  c->shared.interrupt = true;
  ps_coordinator_wake_locked(c);
  ps_coordinator_leave(c);
}

void ps_coordinator_drain(struct ps_coordinator *c, ps_time limit)
{
  ps_coordinator_enter(c);
  c->shared.draining = true;
  c->shared.limit = ps_earlier(c->shared.limit, limit);
  c->shared.wakes.submitters = c->shared.wakes.fetchers = true;
  ps_coordinator_wake_locked(c);
  ps_coordinator_leave(c);
}

/* A message is pending until its end has been fetched: one who does not fetch holds up new messages, not the memory. */
static void fetch_locked(struct ps_coordinator *c, struct ps_list *events, size_t most)
{
  for (struct ps_list *link; most && (link = ps_list_pop(&c->shared.events)); most--) {
    ps_list_append(events, link);
    c->shared.pending -= PS_CONTAINER(link, struct ps_event, link)->public.kind == POOLSEND_EVENT_SETTLED;
  }
  ps_coordinator_invite_locked(c, c->shared.asleep ? 1 : PS_ROOM_BATCH); /* awake, it does so before it sleeps */
}

int ps_coordinator_next(struct ps_coordinator *c, ps_time deadline, struct ps_list *events, size_t most)
{
  ps_coordinator_enter(c);
  while (ps_list_empty(&c->shared.events) && !(c->shared.draining && !c->shared.pending) && ps_now() < deadline) {
    c->shared.fetchers++;
    ps_coordinator_wait_locked(c, &c->shared.told, deadline);
    c->shared.fetchers--;
  }
  fetch_locked(c, events, most);
  bool over = c->shared.draining && !c->shared.pending;
  ps_coordinator_leave(c);
  return !ps_list_empty(events) ? 0 : over ? -ESHUTDOWN : -ETIMEDOUT;
}

struct poolsend_counts ps_coordinator_count(struct ps_coordinator *c)
{
  ps_coordinator_enter(c);
  struct poolsend_counts counts = {
      .started = c->shared.started, .finished = c->shared.finished, .pending = c->shared.pending};
  ps_coordinator_leave(c);
  return counts;
}
