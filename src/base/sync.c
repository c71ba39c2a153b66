#include "base/sync.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ps_sync_check(int error, const char *what)
{
  if (error == 0)
    return;
  fprintf(stderr, "poolsend: bug: %s: %s\n", what, strerror(error));
  abort();
}

void ps_mutex_init(pthread_mutex_t *mutex)
{
  ps_sync_check(pthread_mutex_init(mutex, NULL), "pthread_mutex_init");
}

void ps_mutex_fini(pthread_mutex_t *mutex)
{
  ps_sync_check(pthread_mutex_destroy(mutex), "pthread_mutex_destroy");
}

void ps_mutex_lock(pthread_mutex_t *mutex)
{
  ps_sync_check(pthread_mutex_lock(mutex), "pthread_mutex_lock");
}

void ps_mutex_unlock(pthread_mutex_t *mutex)
{
  ps_sync_check(pthread_mutex_unlock(mutex), "pthread_mutex_unlock");
}

void ps_cond_init(pthread_cond_t *cond)
{
  pthread_condattr_t attributes;
  ps_sync_check(pthread_condattr_init(&attributes), "pthread_condattr_init");
  ps_sync_check(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC), "pthread_condattr_setclock");
  ps_sync_check(pthread_cond_init(cond, &attributes), "pthread_cond_init");
  ps_sync_check(pthread_condattr_destroy(&attributes), "pthread_condattr_destroy");
}

void ps_cond_fini(pthread_cond_t *cond)
{
  ps_sync_check(pthread_cond_destroy(cond), "pthread_cond_destroy");
}

void ps_cond_signal(pthread_cond_t *cond)
{
  ps_sync_check(pthread_cond_signal(cond), "pthread_cond_signal");
}

void ps_cond_broadcast(pthread_cond_t *cond)
{
  ps_sync_check(pthread_cond_broadcast(cond), "pthread_cond_broadcast");
}

void ps_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, ps_time deadline)
{
  if (deadline == PS_NEVER) {
    ps_sync_check(pthread_cond_wait(cond, mutex), "pthread_cond_wait");
    return;
  }
  struct timespec until = {.tv_sec = deadline / PS_SECOND, .tv_nsec = deadline % PS_SECOND};
  int error = pthread_cond_timedwait(cond, mutex, &until);
  ps_sync_check(error == ETIMEDOUT ? 0 : error, "pthread_cond_timedwait");
}
