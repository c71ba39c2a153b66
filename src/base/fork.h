/* Whether something was made before a fork, by the parent: then its threads are not here, and its locks may be held by
 * threads that never release them. Any thread. Not noticed are children that are made without fork handlers, by _Fork
 * or vfork: they may only call exec. */
#ifndef PS_BASE_FORK_H
#define PS_BASE_FORK_H

#include <stdbool.h>

/* What to keep in a handle while it is made; the same in this process from the first call on. 0: no memory. */
unsigned ps_fork_generation(void);

/* Whether this process is a child, or a child's child, of the one that got `generation`. Takes no lock. */
bool ps_fork_is_child(unsigned generation);

/* In between no process is forked off by another thread, once somebody has asked for the generation: for what holds
 * locks that are not ours, which a child would find held for ever. One thread at a time; others, and forks, wait. */
void ps_fork_hold(void);
void ps_fork_release(void);

#endif
