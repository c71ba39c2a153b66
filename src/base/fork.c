/* A count, kept right by a handler that fork calls in the child; the handlers go when the library is unloaded. */
#include "base/fork.h"

#include "base/sync.h"

#include <stdatomic.h>

static atomic_uint generation; /* 0: there are no handlers */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static pthread_mutex_t forking = PTHREAD_MUTEX_INITIALIZER;

static void prepare(void)
{
  ps_mutex_lock(&forking);
}

static void go_on_in_parent(void)
{
  ps_mutex_unlock(&forking);
}

static void go_on_in_child(void)
{
  atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
  ps_mutex_unlock(&forking);
}

static void add_handlers(void)
{
  if (pthread_atfork(prepare, go_on_in_parent, go_on_in_child) == 0)
    atomic_store(&generation, 1);
}

unsigned ps_fork_generation(void)
{
  unsigned known = atomic_load(&generation);
  if (known)
    return known;
  pthread_once(&once, add_handlers);
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
