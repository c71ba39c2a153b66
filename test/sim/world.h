/* A virtual world around the engine: endpoints that answer, fail, hang or linger, a clock that jumps, and a judge who
 * keeps books of its own and compares them with everything that the engine asks for and tells.
 *
 * One schedule is one world, made from a seed: the settings, the endpoints' manners, when messages come, when an
 * interrupt comes, how late the engine is stepped, and when the process is stopped for a while. */
#ifndef PS_SIM_WORLD_H
#define PS_SIM_WORLD_H

#include <stddef.h>
#include <stdint.h>

struct world_totals {
  uint64_t messages, attempts, withdrawn, passed, probes, delivered, duplicates, unknown, interrupts, rounds, steps;
  uint64_t stops, unread; /* of the process; answers that came meanwhile */
};

/* Run the schedule of `seed` to its end; what happened is added to `totals`. Ends the process with an explanation,
 * the seed in it, when an invariant does not hold. */
void world_run(uint64_t seed, struct world_totals *totals);

/* The same with choices from elsewhere: each is made by as many of these bytes as it takes, and when they have come to
 * an end by a generator that always begins alike. For those who look for choices (test/fuzz). */
void world_run_chosen(const uint8_t *choices, size_t size, struct world_totals *totals);

#endif
