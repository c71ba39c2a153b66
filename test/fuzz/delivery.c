/* The delivery machine, below the engine that runs it: the judged world of test/sim, whose every choice (settings, what
 * each endpoint does, when things happen and in which order, interrupts, how late the engine is) is one of the input's
 * bytes instead of a generator's. The world keeps books of its own, and ends the process where an invariant does not
 * hold: one winner at most, nothing starts after the win, the newest attempt starts the next once, every attempt has one
 * fate, every message settles once, and so on. */
#include "target.h"

#include "../sim/world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct world_totals totals = {0};
  world_run_chosen(data, size, &totals);
  REQUIRE(totals.messages > 0, "something is sent");
  REQUIRE(totals.delivered <= totals.messages, "a message has one winner at most");
  return 0;
}
