#include "base/thread.h"

#include "base/fork.h"
#include "base/sync.h"

#include <errno.h>
#include <link.h>
#include <time.h>

static void set_mask(int how, const sigset_t *signals, sigset_t *before)
{
  ps_sync_check(pthread_sigmask(how, signals, before), "pthread_sigmask");
}

/* Blocked, a fault ends the process without its handler. */
static void all_but_faults(sigset_t *signals)
{
  static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
  sigfillset(signals);
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
    sigdelset(signals, faults[i]);
}

/* A thread begins with the mask of the one that makes it. */
static int create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
  sigset_t blocked, before;
  all_but_faults(&blocked);
  set_mask(SIG_SETMASK, &blocked, &before);
  int error = pthread_create(thread, attributes, run, argument);
  set_mask(SIG_SETMASK, &before, NULL);
  return error;
}

static int add_thread_local(struct dl_phdr_info *info, size_t size, void *sum)
{
  (void)size;
  for (size_t i = 0; i < info->dlpi_phnum; i++)
    if (info->dlpi_phdr[i].p_type == PT_TLS)
      *(size_t *)sum += info->dlpi_phdr[i].p_memsz + info->dlpi_phdr[i].p_align;
  return 0;
}

/* The loader's lock is held meanwhile. */
size_t ps_thread_local_size(void)
{
  size_t sum = 0;
  ps_fork_hold();
  dl_iterate_phdr(add_thread_local, &sum);
  ps_fork_release();
  return sum;
}

int ps_thread_start(pthread_t *thread, size_t stack_size, void *(*run)(void *), void *argument)
{
  pthread_attr_t attributes;
  int error = pthread_attr_init(&attributes);
  if (error)
    return -error;
  if (stack_size)
    error = pthread_attr_setstacksize(&attributes, stack_size);
  if (!error)
    error = create(thread, &attributes, run, argument);
  pthread_attr_destroy(&attributes);
  return -error;
}

void ps_thread_join(pthread_t thread)
{
  ps_sync_check(pthread_join(thread, NULL), "pthread_join");
}

/* ---- SIGPIPE */

static bool is_pending(void)
{
  sigset_t pending;
  return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

static void only_sigpipe(sigset_t *signals)
{
  sigemptyset(signals);
  sigaddset(signals, SIGPIPE);
}

void ps_sigpipe_hold(struct ps_sigpipe *held)
{
  sigset_t signals;
  only_sigpipe(&signals);
  held->pending = is_pending();
  set_mask(SIG_BLOCK, &signals, &held->mask);
}

void ps_sigpipe_release(const struct ps_sigpipe *held)
{
  const struct timespec at_once = {0, 0};
  sigset_t signals;
  only_sigpipe(&signals);
  while (!held->pending && is_pending() && sigtimedwait(&signals, NULL, &at_once) < 0 && errno == EINTR)
    ;
  set_mask(SIG_SETMASK, &held->mask, NULL);
}
