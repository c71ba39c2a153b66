/* Random schedules of the engine under a virtual clock: of a few messages each, and of a stream of them where the seed
 * is a multiple of EVERY. Arguments: how many, and the first seed; to look at one that failed, give it 1 and the seed
 * that it named. */
#include "stream.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

#define EVERY 50

static void print_worlds(uint64_t count, const struct world_totals *totals)
{
  printf("%llu schedules: %llu messages, %llu attempts (%llu of them with a probe's permit), %llu withdrawn (%llu "
         "passed over), %llu wins, %llu also delivered, %llu unknown, "
         "%llu further rounds, %llu interrupts, %llu stops of the process, %llu answers meanwhile, %llu steps: every "
         "invariant held\n",
         (unsigned long long)count, (unsigned long long)totals->messages, (unsigned long long)totals->attempts,
         (unsigned long long)totals->probes, (unsigned long long)totals->withdrawn, (unsigned long long)totals->passed,
         (unsigned long long)totals->delivered, (unsigned long long)totals->duplicates,
         (unsigned long long)totals->unknown, (unsigned long long)totals->rounds,
         (unsigned long long)totals->interrupts, (unsigned long long)totals->stops, (unsigned long long)totals->unread,
         (unsigned long long)totals->steps);
}

static void print_streams(uint64_t count, const struct stream_totals *totals)
{
  printf(
      "%llu streams: %llu messages, %llu attempts (%llu of them with a probe's permit), %llu hedges, %llu wins, %llu "
      "undelivered (%llu endpoints never tried), %llu unknown, %llu interrupts, %llu drains, %llu recoveries, %llu "
      "compared with the same without what hangs, %llu hedge delays compared with percentiles, %llu headers before the "
      "end, %llu steps: every invariant held\n",
      (unsigned long long)count, (unsigned long long)totals->messages, (unsigned long long)totals->attempts,
      (unsigned long long)totals->probes, (unsigned long long)totals->hedges, (unsigned long long)totals->delivered,
      (unsigned long long)totals->undelivered, (unsigned long long)totals->never_tried,
      (unsigned long long)totals->unknown, (unsigned long long)totals->interrupts, (unsigned long long)totals->drains,
      (unsigned long long)totals->recoveries, (unsigned long long)totals->comparisons,
      (unsigned long long)totals->percentiles, (unsigned long long)totals->headers, (unsigned long long)totals->steps);
}

int main(int argc, char **argv)
{
  uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 250000;
  uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
  struct world_totals worlds = {0};
  struct stream_totals streams = {0};
  uint64_t stream_count = 0;
  for (uint64_t seed = first; seed < first + count; seed++) {
    world_run(seed, &worlds);
    if (seed % EVERY)
      continue;
    stream_run(seed, &streams);
    stream_count++;
  }
  print_worlds(count, &worlds);
  print_streams(stream_count, &streams);
  return 0;
}
