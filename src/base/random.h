/* A small deterministic generator (SplitMix64, Steele, Lea and Flood 2014) for jitter and for simulation. Not for
 * secrets or identifiers. */
#ifndef PS_BASE_RANDOM_H
#define PS_BASE_RANDOM_H

#include <stdint.h>

static inline uint64_t ps_random_next(uint64_t *state)
{
  uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* A number in [0, bound); bound > 0. The bias is below bound / 2^64. */
static inline uint64_t ps_random_below(uint64_t *state, uint64_t bound)
{
  return ps_random_next(state) % bound;
}

#endif
