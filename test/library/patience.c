#include "patience.h"

#include <signal.h>
#include <time.h>

void give_up(const char *file, int line, const char *what)
{
  fprintf(stderr, "%s:%d: %s\n", file, line, what);
  abort();
}

bool start_thread(pthread_t *thread, void *(*run)(void *), void *argument)
{
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = pthread_create(thread, NULL, run, argument) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return started;
}

void await_true(bool (*holds)(void *context), void *context)
{
  const struct timespec nap = {.tv_nsec = 1000000};
  bool held = holds(context);
  for (int i = 0; i < PATIENCE_S * 1000 && !held; i++) {
    nanosleep(&nap, NULL);
    held = holds(context);
  }
  must(held);
}
