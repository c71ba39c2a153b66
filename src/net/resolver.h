/* Host names: each is looked up once for everybody who asks, and not again for a minute.
 *
 * Left to itself, libcurl looks a name up for every new connection, and leaves a thread behind for each attempt that
 * was given up meanwhile: a name server that hangs would gather threads without end. Here a name has one look-up at a
 * time, in a thread of its own, which goes on when those who wait have given up, and serves whoever comes later. One
 * that fails serves for half a second, then for twice as long each time, up to half a minute. Where no thread is to be
 * had for it, one of those who ask does it, for as long as it takes.
 *
 * Whoever wants addresses of one family alone has a host of its own, which asks for no others: a name that has none of
 * them fails there, while it may be found elsewhere.
 *
 * An address that no connection could be made to is avoided for a minute: it comes after the others. When all of them
 * are avoided the name is looked up again at once, and if that tells of no other address, then after as long as a look-up
 * that failed would serve. Meanwhile the old ones are still the best there are: they are given out when the new look-up
 * fails or takes longer than two seconds, until they are a minute old. */
#ifndef PS_NET_RESOLVER_H
#define PS_NET_RESOLVER_H

#include "base/list.h"
#include "net/addresses.h"

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

/* The host of this name (compared as names are, RFC 4343), with addresses of this family, valid until fini. NULL: no
 * memory. */
struct ps_host *ps_resolver_host(struct ps_resolver *resolver, const char *name, enum ps_family family);

/* Addresses that the user has given for a name, as ps_addresses_read takes them. */
struct ps_given {
  const char *addresses;
  bool lasting; /* they are never looked up; else they are, a minute after somebody first asked for them */
};

/* The host of this name with those of the given addresses that are of this family. The same host for the same addresses.
 * 0; -EINVAL: they are no addresses; -ENOMEM. */
int ps_resolver_given(struct ps_resolver *resolver, const char *name, enum ps_family family,
                      const struct ps_given *given, struct ps_host **found);

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

/* What was found. */
struct ps_host_answer {
  /* The best first (RFC 6724; or as the user gave them), whether they are avoided or not; the caller's. There are none
   * where they are such as only the system can use, of one link. */
  struct ps_addresses addresses;
  unsigned serial;   /* another one for other addresses, and when others are avoided; never 0 */
  const char *words; /* with PS_HOST_FAILED: why; static */
};

/* The addresses of `host`, fresh or from a look-up that is waited for until `deadline`; one that has passed starts the
 * look-up all the same. 0; PS_HOST_FAILED; PS_HOST_TIMEOUT; PS_HOST_CANCELLED; -ENOMEM. Any thread. */
int ps_host_find(struct ps_host *host, struct ps_host_waiter *waiter, ps_time deadline, struct ps_host_answer *answer);

/* Whether the addresses of that serial are the ones, and fresh. Any thread; takes no lock. */
bool ps_host_is_fresh(const struct ps_host *host, unsigned serial, ps_time now);

/* No connection could be made to this address: it is avoided for a minute. Any thread; does not wait. */
void ps_host_avoid(struct ps_host *host, const char *address);

/* A connection was made to this address: it is not avoided. Any thread; does not wait. */
void ps_host_prefer(struct ps_host *host, const char *address);

/* Whether addresses that are all avoided make the host look for others. Immutable. */
bool ps_host_may_ask(const struct ps_host *host);

/* Have the waiter see that it has been cancelled. Any thread; it need not be waiting. */
void ps_host_wake(struct ps_host *host, struct ps_host_waiter *waiter);

#endif
