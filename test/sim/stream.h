/* A second virtual world around the engine: a long stream of messages through a few endpoints that fail for a while, or
 * for ever, a reader that submits as long as there is room, and a judge with books of its own, who looks at what only a
 * stream shows: permits, breakers, back-pressure, the hedge budget, percentiles, the rate.
 *
 * One schedule is one world, made from a seed. Where endpoints hang from the beginning for ever it is run once more
 * without them, to see what they cost. */
#ifndef PS_SIM_STREAM_H
#define PS_SIM_STREAM_H

#include <stdint.h>

struct stream_totals {
  uint64_t messages, attempts, probes, hedges, delivered, undelivered, never_tried, unknown, interrupts, drains;
  uint64_t recoveries, comparisons, percentiles, headers, steps;
};

/* Run the schedule of `seed` to its end; what happened is added to `totals`. Ends the process with an explanation,
 * the seed in it, when an invariant does not hold. */
void stream_run(uint64_t seed, struct stream_totals *totals);

#endif
