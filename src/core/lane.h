/* The way to one endpoint: its permits, and the queue of those who wait for one. Pure.
 *
 * Permits are numbers: 0 to slots-1 for anybody, slots to slots+probes-1 for probes alone, which never wait. Hedges go
 * before new messages, each first come first served; the permit given back last is lent first, because its connection
 * is the likeliest to be warm. */
#ifndef PS_CORE_LANE_H
#define PS_CORE_LANE_H

#include "base/list.h"
#include "core/slots.h"

struct ps_lane {
  struct ps_slots slots, probes;
  struct ps_list hedges, fresh;
  unsigned waiting; /* in both */
};

/* One who wants a permit. */
struct ps_ticket {
  struct ps_list link; /* in a queue of the lane, or in none */
  int permit;          /* or -1 */
  bool hedge, probe;
};

/* 0 or -ENOMEM. A zeroed lane may be given to fini. */
int ps_lane_init(struct ps_lane *lane, unsigned slots, unsigned probes);
void ps_lane_fini(struct ps_lane *lane);

void ps_ticket_init(struct ps_ticket *ticket);

/* Queue for a permit. */
void ps_lane_enter(struct ps_lane *lane, struct ps_ticket *ticket);

/* The next who may go, with the permit that it has from now on; NULL: nobody waits, or nothing is free. A probe goes
 * first, having a permit of its own. */
struct ps_ticket *ps_lane_next(struct ps_lane *lane);

/* Whether ps_lane_next would give somebody a permit. */
bool ps_lane_is_ready(const struct ps_lane *lane);

/* Leave the queue. False: the ticket is in none. */
bool ps_lane_leave(struct ps_lane *lane, struct ps_ticket *ticket);

/* Give the permit back, and stand first again: it cannot be used now. */
void ps_lane_return(struct ps_lane *lane, struct ps_ticket *ticket);

/* Give the permit back, if there is one. */
void ps_lane_give(struct ps_lane *lane, struct ps_ticket *ticket);

#endif
