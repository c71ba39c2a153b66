/* Mutex and condition variable whose every return is checked: a failure here is a bug in this program (an
 * uninitialised or already destroyed object, a wrong owner), so it ends the process with its words on standard error.
 * Condition variables run on CLOCK_MONOTONIC. */
#ifndef PS_BASE_SYNC_H
#define PS_BASE_SYNC_H

#include "base/clock.h"

#include <pthread.h>

/* End the process, with words on standard error, if a call to `what` that can only fail by a bug gave an error. */
void ps_sync_check(int error, const char *what);

void ps_mutex_init(pthread_mutex_t *mutex);
void ps_mutex_fini(pthread_mutex_t *mutex);
void ps_mutex_lock(pthread_mutex_t *mutex);
void ps_mutex_unlock(pthread_mutex_t *mutex);

void ps_cond_init(pthread_cond_t *cond);
void ps_cond_fini(pthread_cond_t *cond);
void ps_cond_signal(pthread_cond_t *cond);
void ps_cond_broadcast(pthread_cond_t *cond);

/* Wait, holding `mutex`, until signalled or until `deadline` (PS_NEVER: no limit). Wakes for no reason too, as every
 * condition variable does: look at the predicate again. */
void ps_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, ps_time deadline);

#endif
