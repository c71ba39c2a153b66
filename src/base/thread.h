/* Threads that leave signals to the threads of whoever uses the library: a handler runs where its owner expects it, and
 * a call that it would interrupt is interrupted. */
#ifndef PS_BASE_THREAD_H
#define PS_BASE_THREAD_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/* Start a thread with a stack of that size (0: the system's) and every signal blocked but those that a thread raises by
 * a fault of its own: these reach a crash handler. The caller's mask is as before. 0, or a negative errno value and
 * there is no thread. */
int ps_thread_start(pthread_t *thread, size_t stack_size, void *(*run)(void *), void *argument);

/* The thread-local storage of all that is loaded now, which glibc takes out of a thread's stack. */
size_t ps_thread_local_size(void);

/* Wait until the thread has ended. */
void ps_thread_join(pthread_t thread);

/* For code that writes to connections on a thread that is not the library's own. */
struct ps_sigpipe {
  sigset_t mask;
  bool pending;
};

/* No SIGPIPE reaches this thread until ps_sigpipe_release, on the same thread, which forgets those that came meanwhile,
 * but not one that was pending before. Pairs may be nested. */
void ps_sigpipe_hold(struct ps_sigpipe *held);
void ps_sigpipe_release(const struct ps_sigpipe *held);

#endif
