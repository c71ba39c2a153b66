/* Random schedules of the engine under a virtual clock. Arguments: how many, and the first seed; to look at one that
 * failed, give it 1 and the seed that it named. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
  uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 250000;
  uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
  struct world_totals totals = {0};
  for (uint64_t i = 0; i < count; i++)
    world_run(first + i, &totals);
  printf("%llu schedules: %llu messages, %llu attempts (%llu withdrawn), %llu wins, %llu also delivered, %llu unknown, "
         "%llu further rounds, %llu interrupts, %llu steps: every invariant held\n",
         (unsigned long long)count, (unsigned long long)totals.messages, (unsigned long long)totals.attempts,
         (unsigned long long)totals.withdrawn, (unsigned long long)totals.delivered,
         (unsigned long long)totals.duplicates, (unsigned long long)totals.unknown, (unsigned long long)totals.rounds,
         (unsigned long long)totals.interrupts, (unsigned long long)totals.steps);
  return 0;
}
