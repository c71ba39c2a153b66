#include "base/clock.h"

#include <time.h>

ps_time ps_now(void)
{
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (ps_time)ts.tv_sec * PS_SECOND + ts.tv_nsec;
}
