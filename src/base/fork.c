/* A count, kept right by a handler that fork calls in the child; the handlers go when the library is unloaded. Threads
 * that come first at the same moment may each add them: then the count goes up by more than one, and the lock is asked
 * for by one thread more than once, neither of which matters. */
#include "base/fork.h"

#include "base/sync.h"

#include <stdatomic.h>

static atomic_uint generation; /* 0: there are no handlers yet */

static pthread_mutex_t forking = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local unsigned preparations; /* of the fork that this thread makes */

static void prepare(void)
{
  if (preparations++ == 0)
    ps_mutex_lock(&forking);
}

static void go_on(void)
{
  if (--preparations == 0)
    ps_mutex_unlock(&forking);
}

static void go_on_in_child(void)
{
  atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
  go_on();
}

unsigned ps_fork_generation(void)
{
  unsigned none = 0;
  if (atomic_load(&generation) == 0) {
    if (pthread_atfork(prepare, go_on, go_on_in_child))
      return 0;
    atomic_compare_exchange_strong(&generation, &none, 1);
  }
  return atomic_load(&generation);
}

bool ps_fork_is_child(unsigned known)
{
  return atomic_load_explicit(&generation, memory_order_relaxed) != known;
}

void ps_fork_hold(void)
{
  ps_mutex_lock(&forking);
}

void ps_fork_release(void)
{
  ps_mutex_unlock(&forking);
}
