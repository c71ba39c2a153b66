/* A count, kept right by a handler that fork calls in the child; the handler goes when the library is unloaded. Threads
 * that come first at the same moment may each add it: the count then goes up by more than one, which nobody minds. */
#include "base/fork.h"

#include <pthread.h>
#include <stdatomic.h>

static atomic_uint generation; /* 0: there is no handler yet */

static void advance(void)
{
  atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
}

unsigned ps_fork_generation(void)
{
  unsigned none = 0;
  if (atomic_load(&generation) == 0) {
    if (pthread_atfork(NULL, NULL, advance))
      return 0;
    atomic_compare_exchange_strong(&generation, &none, 1);
  }
  return atomic_load(&generation);
}

bool ps_fork_is_child(unsigned known)
{
  return atomic_load_explicit(&generation, memory_order_relaxed) != known;
}
