#include "core/lane.h"

#include <assert.h>

int ps_lane_init(struct ps_lane *lane, unsigned slots, unsigned probes)
{
  ps_list_init(&lane->hedges);
  ps_list_init(&lane->fresh);
  lane->probes = (struct ps_slots){0};
  int error = ps_slots_init(&lane->slots, slots);
  return error || !probes ? error : ps_slots_init(&lane->probes, probes);
}

void ps_lane_fini(struct ps_lane *lane)
{
  ps_slots_fini(&lane->slots);
  ps_slots_fini(&lane->probes);
}

void ps_ticket_init(struct ps_ticket *ticket)
{
  *ticket = (struct ps_ticket){.permit = -1};
  ps_list_init(&ticket->link);
}

/* Whoever lets a probe in has counted: one is free for it, so it stands first and does not wait. */
void ps_lane_enter(struct ps_lane *lane, struct ps_ticket *ticket)
{
  lane->waiting++;
  if (ticket->probe)
    ps_list_prepend(&lane->hedges, &ticket->link);
  else
    ps_list_append(ticket->hedge ? &lane->hedges : &lane->fresh, &ticket->link);
}

static struct ps_ticket *first(const struct ps_lane *lane)
{
  const struct ps_list *queue = ps_list_empty(&lane->hedges) ? &lane->fresh : &lane->hedges;
  return ps_list_empty(queue) ? NULL : PS_CONTAINER(queue->next, struct ps_ticket, link);
}

bool ps_lane_is_ready(const struct ps_lane *lane)
{
  const struct ps_ticket *ticket = first(lane);
  return ticket && (ticket->probe ? &lane->probes : &lane->slots)->free > 0;
}

struct ps_ticket *ps_lane_next(struct ps_lane *lane)
{
  struct ps_ticket *ticket = first(lane);
  if (!ticket)
    return NULL;
  int permit = ps_slots_take(ticket->probe ? &lane->probes : &lane->slots);
  if (permit < 0)
    return NULL;
  ticket->permit = ticket->probe ? permit + (int)lane->slots.total : permit;
  ps_list_remove(&ticket->link);
  lane->waiting--;
  return ticket;
}

void ps_lane_return(struct ps_lane *lane, struct ps_ticket *ticket)
{
  ps_lane_give(lane, ticket);
  lane->waiting++;
  ps_list_prepend(ticket->hedge || ticket->probe ? &lane->hedges : &lane->fresh, &ticket->link);
}

bool ps_lane_leave(struct ps_lane *lane, struct ps_ticket *ticket)
{
  bool queued = !ps_list_empty(&ticket->link);
  lane->waiting -= queued;
  ps_list_remove(&ticket->link);
  return queued;
}

void ps_lane_give(struct ps_lane *lane, struct ps_ticket *ticket)
{
  if (ticket->permit < 0)
    return;
  assert(ticket->probe == (ticket->permit >= (int)lane->slots.total));
  if (ticket->probe)
    ps_slots_give(&lane->probes, ticket->permit - (int)lane->slots.total);
  else
    ps_slots_give(&lane->slots, ticket->permit);
  ticket->permit = -1;
}
