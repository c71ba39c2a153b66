/* Time as this program counts it: monotonic nanoseconds in a signed 64-bit integer, PS_NEVER for "no deadline".
 * Only threads at the edge (coordinator, workers, command line) read the clock; core and engine are given `now`. */
#ifndef PS_BASE_CLOCK_H
#define PS_BASE_CLOCK_H

#include <stdint.h>

typedef int64_t ps_time;

#define PS_NEVER       INT64_MAX
#define PS_MICROSECOND INT64_C(1000)
#define PS_MILLISECOND INT64_C(1000000)
#define PS_SECOND      INT64_C(1000000000)

/* The monotonic clock, now. Any thread. */
ps_time ps_now(void);

/* `when + span`, where either may be PS_NEVER, and a sum past the end of time is PS_NEVER too. */
static inline ps_time ps_after(ps_time when, ps_time span)
{
  ps_time sum;
  if (when == PS_NEVER || span == PS_NEVER || __builtin_add_overflow(when, span, &sum))
    return PS_NEVER;
  return sum;
}

/* A span as a timeout that counts whole milliseconds and takes 0 for none: at least 1. */
static inline long ps_timeout_ms(ps_time span)
{
  return span < PS_MILLISECOND ? 1 : (long)(span / PS_MILLISECOND);
}

/* The end of a `timeout` that begins now: 0 and less is none, and over already. */
static inline ps_time ps_deadline(ps_time timeout)
{
  return timeout > 0 ? ps_after(ps_now(), timeout) : 0;
}

static inline ps_time ps_earlier(ps_time a, ps_time b)
{
  return a < b ? a : b;
}

#endif
