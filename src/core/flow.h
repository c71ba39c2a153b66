/* How many have started lately: as many may wait to start, so that those who work faster than others supply them are
 * not idle meanwhile, while nobody waits for long. Pure. */
#ifndef PS_CORE_FLOW_H
#define PS_CORE_FLOW_H

#include "base/clock.h"

/* In which a thread that supplies others surely gets its turn, though they are many and the processors few. */
#define PS_FLOW_WINDOW (10 * PS_MILLISECOND)

struct ps_flow {
  ps_time window;         /* when the present one began */
  unsigned count, before; /* in the present window, and in the one before */
};

/* One has started. Times may come a little out of order. */
void ps_flow_note(struct ps_flow *flow, ps_time when);

/* How many have in a window's time, by the fuller one of the last two. */
unsigned ps_flow_lately(const struct ps_flow *flow, ps_time now);

#endif
