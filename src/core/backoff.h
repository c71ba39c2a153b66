/* How long to wait before the next round of a retry: curl's --retry, --retry-delay. Pure. */
#ifndef PS_CORE_BACKOFF_H
#define PS_CORE_BACKOFF_H

#include "base/clock.h"

/* What a server may ask for with Retry-After (RFC 9110, 10.2.3) is obeyed up to this. */
#define PS_RETRY_AFTER_MAX (300 * PS_SECOND)

/* `fixed`: the delay asked for, or 0 for 1 s doubling with each round up to 10 min, of which a random part up to a
 * half is taken off, so that senders that failed together do not come back together. `round`: of the one that
 * failed, from 0. `retry_after`: the longest that a server asked for, 0 if none did; it is a lower bound. `random`
 * is stepped. */
ps_time ps_backoff(ps_time fixed, unsigned round, ps_time retry_after, uint64_t *random);

#endif
