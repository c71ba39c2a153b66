/* Host names: each is looked up once for everybody who asks, and not again for a minute.
 *
 * Left to itself, libcurl looks a name up for every new connection, and leaves a thread behind for each attempt that
 * was given up meanwhile: a name server that hangs would gather threads without end. Here a name has one look-up at a
 * time, in a thread of its own, which goes on when those who wait have given up, and serves whoever comes later. One
 * that fails serves for half a second, then for twice as long each time, up to half a minute. Where no thread is to be
 * had for it, one of those who ask does it, for as long as it takes. */
#ifndef PS_NET_RESOLVER_H
#define PS_NET_RESOLVER_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/list.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct ps_host;

/* The names of one sender. Its functions are for one thread, while nobody uses a host. */
struct ps_resolver {
  struct ps_list hosts;
};

void ps_resolver_init(struct ps_resolver *resolver);

/* Nobody waits any more. A look-up that hangs goes on alone, and frees what it has. */
void ps_resolver_fini(struct ps_resolver *resolver);

/* The host of this name (compared as names are, RFC 4343), valid until fini. NULL: no memory. */
struct ps_host *ps_resolver_host(struct ps_resolver *resolver, const char *name);

/* One who may wait for a host: any number at a time, each for one host. */
struct ps_host_waiter {
  struct ps_list link;
  pthread_cond_t wake;
  const atomic_int *cancelled; /* not 0 ends the wait, once ps_host_wake has been called after it was set */
};

void ps_host_waiter_init(struct ps_host_waiter *waiter, const atomic_int *cancelled);
void ps_host_waiter_fini(struct ps_host_waiter *waiter);

/* What is no address. */
enum { PS_HOST_FAILED = 1, PS_HOST_TIMEOUT, PS_HOST_CANCELLED };

/* What was found. Addresses are numeric, with commas between, IPv6 in brackets, the best first (RFC 6724); the caller's.
 * There are none where they are such as only the system can use, of one link. */
struct ps_host_answer {
  struct ps_buf addresses;
  unsigned serial;   /* another one for other addresses; never 0 */
  const char *words; /* with PS_HOST_FAILED: why; static */
};

/* The addresses of `host`, fresh or from a look-up that is waited for until `deadline`; one that has passed starts the
 * look-up all the same. 0; PS_HOST_FAILED; PS_HOST_TIMEOUT; PS_HOST_CANCELLED; -ENOMEM. Any thread. */
int ps_host_find(struct ps_host *host, struct ps_host_waiter *waiter, ps_time deadline, struct ps_host_answer *answer);

/* Whether the addresses of that serial are the ones, and fresh. Any thread; takes no lock. */
bool ps_host_is_fresh(const struct ps_host *host, unsigned serial, ps_time now);

/* Have the waiter see that it has been cancelled. Any thread; it need not be waiting. */
void ps_host_wake(struct ps_host *host, struct ps_host_waiter *waiter);

#endif
