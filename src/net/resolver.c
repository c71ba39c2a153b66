#include "net/resolver.h"

#include "base/ascii.h"
#include "base/module.h"
#include "base/sync.h"
#include "base/thread.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRESH           (60 * PS_SECOND)
#define FAILED_FIRST    (PS_SECOND / 2)
#define FAILED_DOUBLING 6

struct ps_host {
  struct ps_list link; /* among the resolver's */
  char *name;          /* immutable */

  /* Any thread; they change with the mutex held. */
  atomic_uint serial; /* of the addresses; 0: there are none */
  _Atomic ps_time fresh_until;

  struct { /* any thread, holding mutex */
    pthread_mutex_t mutex;
    struct ps_list waiters; /* looking changed */
    char *addresses;        /* the last that were found */
    int failure;            /* of the last look-up: a code of getaddrinfo, or 0 */
    unsigned failures;      /* one after the other */
    ps_time failed_until;
    bool looking;    /* somebody is at it */
    bool has_thread; /* it is to be joined */
    pthread_t thread;
    bool abandoned; /* whoever looks is to free the host */
  } shared;
};

/* ---- Looking up, on a thread of its own */

static void free_host(struct ps_host *host)
{
  ps_mutex_fini(&host->shared.mutex);
  free(host->shared.addresses);
  free(host->name);
  free(host);
}

/* An address that is good on one link only means nothing without the link's name, which cannot be handed on. */
static int append_address(struct ps_buf *out, const struct sockaddr *address)
{
  char text[INET6_ADDRSTRLEN] = "";
  bool v6 = address->sa_family == AF_INET6;
  const struct in6_addr *six = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
  const struct in_addr *four = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
  if (v6 && IN6_IS_ADDR_LINKLOCAL(six))
    return 0;
  inet_ntop(address->sa_family, v6 ? (const void *)six : (const void *)four, text, sizeof text);
  return ps_buf_printf(out, v6 ? "%s[%s]" : "%s%s", out->size ? "," : "", text);
}

/* NULL: no memory. */
static char *write_addresses(const struct addrinfo *found)
{
  struct ps_buf out = {0};
  int error = ps_buf_puts(&out, "");
  for (; found && !error; found = found->ai_next)
    if (found->ai_family == AF_INET || found->ai_family == AF_INET6)
      error = append_address(&out, found->ai_addr);
  if (error)
    ps_buf_fini(&out);
  return out.data;
}

/* Asking for addresses that this machine has no use for would only take longer. */
static int family(void)
{
  int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return errno == EAFNOSUPPORT ? AF_INET : AF_UNSPEC;
  close(fd);
  return AF_UNSPEC;
}

/* A code of getaddrinfo. */
static int ask(const char *name, char **addresses)
{
  const struct addrinfo hints = {.ai_family = family(), .ai_socktype = SOCK_STREAM};
  struct addrinfo *found = NULL;
  int failure = getaddrinfo(name, NULL, &hints, &found);
  if (failure)
    return failure;
  *addresses = write_addresses(found);
  freeaddrinfo(found);
  return *addresses ? 0 : EAI_MEMORY;
}

static void take_failure_locked(struct ps_host *host)
{
  unsigned doublings = host->shared.failures < FAILED_DOUBLING ? host->shared.failures : FAILED_DOUBLING;
  host->shared.failures++;
  host->shared.failed_until = ps_now() + (FAILED_FIRST << doublings);
}

/* Addresses as before keep their number, so that nobody need take them again. What is to be freed is returned. */
static char *take_addresses_locked(struct ps_host *host, char *addresses)
{
  char *unwanted = addresses;
  host->shared.failures = 0;
  if (!host->shared.addresses || strcmp(host->shared.addresses, addresses) != 0) {
    unwanted = host->shared.addresses;
    host->shared.addresses = addresses;
    unsigned serial = atomic_load(&host->serial) + 1;
    atomic_store(&host->serial, serial ? serial : 1);
  }
  atomic_store(&host->fresh_until, ps_now() + FRESH);
  return unwanted;
}

/* Whether the host has been abandoned meanwhile. */
static bool look_up(struct ps_host *host)
{
  char *addresses = NULL;
  int failure = ask(host->name, &addresses);

  ps_mutex_lock(&host->shared.mutex);
  host->shared.failure = failure;
  if (failure)
    take_failure_locked(host);
  else
    addresses = take_addresses_locked(host, addresses);
  host->shared.looking = false;
  ps_list_each(link, &host->shared.waiters)
    ps_cond_signal(&PS_CONTAINER(link, struct ps_host_waiter, link)->wake);
  bool abandoned = host->shared.abandoned;
  ps_mutex_unlock(&host->shared.mutex);

  free(addresses);
  return abandoned;
}

static void *look_up_alone(void *host)
{
  if (look_up(host))
    free_host(host);
  return NULL;
}

/* The thread before has nothing left to do when the host's mutex is free: it is joined without a wait. */
static void join_locked(struct ps_host *host)
{
  if (host->shared.has_thread)
    ps_thread_join(host->shared.thread);
  host->shared.has_thread = false;
}

static bool start_locked(struct ps_host *host)
{
  join_locked(host);
  bool started = ps_thread_start(&host->shared.thread, 0, look_up_alone, host) == 0;
  host->shared.looking = host->shared.has_thread = started;
  return started;
}

/* Whoever waits for a thread that is not to be had would wait for ever. */
static int look_up_here_locked(struct ps_host *host, ps_time deadline)
{
  if (deadline <= ps_now())
    return PS_HOST_TIMEOUT;
  host->shared.looking = true;
  ps_mutex_unlock(&host->shared.mutex);
  (void)look_up(host); /* nobody abandons a host that somebody asks */
  ps_mutex_lock(&host->shared.mutex);
  return 0;
}

/* ---- Asking */

static int give_locked(const struct ps_host *host, struct ps_host_answer *answer)
{
  answer->serial = atomic_load(&host->serial);
  return ps_buf_puts(&answer->addresses, host->shared.addresses);
}

/* Whether there is something to tell, and what it is. */
static bool is_told_locked(const struct ps_host *host, ps_time now, struct ps_host_answer *answer, int *result)
{
  bool fresh = now < atomic_load(&host->fresh_until);
  bool failed = !fresh && host->shared.failures && now < host->shared.failed_until;
  if (fresh)
    *result = give_locked(host, answer);
  if (failed) {
    *result = host->shared.failure == EAI_MEMORY ? -ENOMEM : PS_HOST_FAILED;
    answer->words = gai_strerror(host->shared.failure);
  }
  return fresh || failed;
}

static int wait_locked(struct ps_host *host, struct ps_host_waiter *waiter, ps_time deadline)
{
  if (atomic_load(waiter->cancelled))
    return PS_HOST_CANCELLED;
  if (deadline <= ps_now())
    return PS_HOST_TIMEOUT;
  ps_list_append(&host->shared.waiters, &waiter->link);
  ps_cond_wait(&waiter->wake, &host->shared.mutex, deadline);
  ps_list_remove(&waiter->link);
  return 0;
}

int ps_host_find(struct ps_host *host, struct ps_host_waiter *waiter, ps_time deadline, struct ps_host_answer *answer)
{
  int result = 0;
  *answer = (struct ps_host_answer){0};
  ps_mutex_lock(&host->shared.mutex);
  while (!result && !is_told_locked(host, ps_now(), answer, &result)) {
    if (host->shared.looking)
      result = wait_locked(host, waiter, deadline);
    else if (!start_locked(host))
      result = look_up_here_locked(host, deadline);
  }
  ps_mutex_unlock(&host->shared.mutex);
  return result;
}

bool ps_host_is_fresh(const struct ps_host *host, unsigned serial, ps_time now)
{
  return atomic_load_explicit(&host->serial, memory_order_relaxed) == serial &&
         now < atomic_load_explicit(&host->fresh_until, memory_order_relaxed);
}

void ps_host_wake(struct ps_host *host, struct ps_host_waiter *waiter)
{
  ps_mutex_lock(&host->shared.mutex);
  ps_cond_signal(&waiter->wake);
  ps_mutex_unlock(&host->shared.mutex);
}

void ps_host_waiter_init(struct ps_host_waiter *waiter, const atomic_int *cancelled)
{
  waiter->cancelled = cancelled;
  ps_list_init(&waiter->link);
  ps_cond_init(&waiter->wake);
}

void ps_host_waiter_fini(struct ps_host_waiter *waiter)
{
  ps_cond_fini(&waiter->wake);
}

/* ---- Life */

static struct ps_host *new_host(const char *name)
{
  struct ps_host *host = calloc(1, sizeof *host);
  if (!host)
    return NULL;
  host->name = strdup(name);
  if (!host->name) {
    free(host);
    return NULL;
  }
  ps_mutex_init(&host->shared.mutex);
  ps_list_init(&host->shared.waiters);
  return host;
}

void ps_resolver_init(struct ps_resolver *resolver)
{
  ps_list_init(&resolver->hosts);
}

struct ps_host *ps_resolver_host(struct ps_resolver *resolver, const char *name)
{
  ps_list_each(link, &resolver->hosts) {
    struct ps_host *host = PS_CONTAINER(link, struct ps_host, link);
    if (ps_ascii_same(host->name, name))
      return host;
  }
  struct ps_host *host = new_host(name);
  if (host)
    ps_list_append(&resolver->hosts, &host->link);
  return host;
}

/* Whether the host is free to go; else its thread frees it, and may have done so. It runs on in this code, which must
 * not be unloaded then. */
static bool retire(struct ps_host *host)
{
  ps_mutex_lock(&host->shared.mutex);
  bool abandoned = host->shared.abandoned = host->shared.looking;
  pthread_t thread = host->shared.thread;
  if (!abandoned)
    join_locked(host);
  ps_mutex_unlock(&host->shared.mutex);
  if (abandoned) {
    pthread_detach(thread);
    ps_module_pin((ps_module_function *)look_up_alone);
  }
  return !abandoned;
}

void ps_resolver_fini(struct ps_resolver *resolver)
{
  for (struct ps_list *link; (link = ps_list_pop(&resolver->hosts));) {
    struct ps_host *host = PS_CONTAINER(link, struct ps_host, link);
    if (retire(host))
      free_host(host);
  }
}
