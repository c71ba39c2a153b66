#include "core/backoff.h"

#include "base/random.h"

#define LONGEST (600 * PS_SECOND)

static ps_time exponential(unsigned round, uint64_t *random)
{
  ps_time delay = round < 10 ? PS_SECOND << round : LONGEST;
  if (delay > LONGEST)
    delay = LONGEST;
  return delay - (ps_time)ps_random_below(random, (uint64_t)delay / 2);
}

ps_time ps_backoff(ps_time fixed, unsigned round, ps_time retry_after, uint64_t *random)
{
  ps_time delay = fixed ? fixed : exponential(round, random);
  ps_time asked = ps_earlier(retry_after, PS_RETRY_AFTER_MAX);
  return asked > delay ? asked : delay;
}
