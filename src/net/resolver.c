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
#define AVOIDED         (60 * PS_SECOND)
#define WAIT_FOR_OTHERS (2 * PS_SECOND)
#define FAILED_FIRST    (PS_SECOND / 2)
#define FAILED_DOUBLING 6

struct ps_host {
  struct ps_list link; /* among the resolver's */

  /* Immutable. */
  char *name;
  enum ps_family family; /* of the addresses that are wanted */
  char *given;           /* the user's addresses, as they were written, or NULL */
  bool lasting;          /* these, and no others */

  /* Any thread; they change with the mutex held. */
  atomic_uint serial; /* of the addresses; 0: there are none */
  _Atomic ps_time fresh_until;

  struct { /* any thread, holding mutex */
    pthread_mutex_t mutex;
    struct ps_list waiters;        /* looking changed */
    struct ps_addresses addresses; /* the last that were found */
    bool untouched;                /* given, and nobody has asked for them yet */
    ps_time found, asked;          /* when they were; when the newest look-up began */
    ps_time good_until;            /* there are no better ones, if a look-up does not tell */
    unsigned in_vain;              /* look-ups, one after the other, that told of none but avoided ones */
    int failure;                   /* of the last look-up: a code of getaddrinfo, or 0 */
    unsigned failures;             /* one after the other */
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
  ps_addresses_fini(&host->shared.addresses);
  free(host->given);
  free(host->name);
  free(host);
}

/* An address that is good on one link only means nothing without the link's name, which cannot be handed on. */
static int append_address(struct ps_addresses *addresses, const struct sockaddr *address)
{
  char text[INET6_ADDRSTRLEN] = "";
  bool v6 = address->sa_family == AF_INET6;
  const struct in6_addr *six = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
  const struct in_addr *four = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
  if (v6 && IN6_IS_ADDR_LINKLOCAL(six))
    return 0;
  inet_ntop(address->sa_family, v6 ? (const void *)six : (const void *)four, text, sizeof text);
  return ps_addresses_append(addresses, text);
}

/* 0 or -ENOMEM. */
static int append_addresses(struct ps_addresses *addresses, const struct addrinfo *found)
{
  int error = 0;
  for (; found && !error; found = found->ai_next)
    if (found->ai_family == AF_INET || found->ai_family == AF_INET6)
      error = append_address(addresses, found->ai_addr);
  return error;
}

static bool has_ipv6(void)
{
  int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return errno != EAFNOSUPPORT;
  close(fd);
  return true;
}

/* A code of getaddrinfo. Asking for addresses that this machine has no use for would only take longer. */
static int ask(const char *name, enum ps_family family, struct ps_addresses *addresses)
{
  static const int families[] = {[PS_FAMILY_ANY] = AF_UNSPEC, [PS_FAMILY_IPV4] = AF_INET, [PS_FAMILY_IPV6] = AF_INET6};
  struct addrinfo hints = {.ai_family = families[family], .ai_socktype = SOCK_STREAM}, *found = NULL;
  if (family != PS_FAMILY_IPV4 && !has_ipv6()) {
    if (family == PS_FAMILY_IPV6)
      return EAI_FAMILY;
    hints.ai_family = AF_INET;
  }
  int failure = getaddrinfo(name, NULL, &hints, &found);
  if (failure)
    return failure;
  int error = append_addresses(addresses, found);
  freeaddrinfo(found);
  return error ? EAI_MEMORY : 0;
}

/* How long to believe what is no good, when that is so for the n-th time in a row. */
static ps_time span_of(unsigned n)
{
  return FAILED_FIRST << (n < FAILED_DOUBLING ? n : FAILED_DOUBLING);
}

static void take_failure_locked(struct ps_host *host)
{
  host->shared.failed_until = ps_now() + span_of(host->shared.failures++);
}

static void renew_serial_locked(struct ps_host *host)
{
  unsigned serial = atomic_load(&host->serial) + 1;
  atomic_store(&host->serial, serial ? serial : 1);
}

static void set_fresh_locked(struct ps_host *host, ps_time now)
{
  bool in_vain = ps_addresses_are_avoided(&host->shared.addresses, now);
  host->shared.found = now;
  host->shared.good_until = now + FRESH;
  atomic_store(&host->fresh_until, now + (in_vain ? span_of(host->shared.in_vain) : FRESH));
  host->shared.in_vain = in_vain ? host->shared.in_vain + 1 : 0;
}

/* Addresses as before keep their number, so that nobody need take them again. What is to be freed is left. */
static void take_addresses_locked(struct ps_host *host, struct ps_addresses *addresses)
{
  host->shared.failures = 0;
  if (!atomic_load(&host->serial) || !ps_addresses_are_same(addresses, &host->shared.addresses)) {
    struct ps_addresses before = host->shared.addresses;
    ps_addresses_inherit(addresses, &before);
    host->shared.addresses = *addresses;
    *addresses = before;
    renew_serial_locked(host);
  }
  set_fresh_locked(host, ps_now());
}

/* Whether the host has been abandoned meanwhile. */
static bool look_up(struct ps_host *host)
{
  struct ps_addresses addresses = {0};
  int failure = ask(host->name, host->family, &addresses);

  ps_mutex_lock(&host->shared.mutex);
  host->shared.failure = failure;
  if (failure)
    take_failure_locked(host);
  else
    take_addresses_locked(host, &addresses);
  host->shared.looking = false;
  ps_list_each(link, &host->shared.waiters)
    ps_cond_signal(&PS_CONTAINER(link, struct ps_host_waiter, link)->wake);
  bool abandoned = host->shared.abandoned;
  ps_mutex_unlock(&host->shared.mutex);

  ps_addresses_fini(&addresses);
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
  host->shared.asked = ps_now();
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
  host->shared.asked = ps_now();
  ps_mutex_unlock(&host->shared.mutex);
  (void)look_up(host); /* nobody abandons a host that somebody asks */
  ps_mutex_lock(&host->shared.mutex);
  return 0;
}

/* ---- Asking */

static int give_locked(const struct ps_host *host, struct ps_host_answer *answer)
{
  answer->serial = atomic_load(&host->serial);
  return ps_addresses_copy(&answer->addresses, &host->shared.addresses);
}

/* Until when to wait for better addresses than those there are. */
static ps_time patience_locked(const struct ps_host *host, ps_time now)
{
  return now < host->shared.good_until ? host->shared.asked + WAIT_FOR_OTHERS : PS_NEVER;
}

/* Whether there is something to tell, and what it is. */
static bool is_told_locked(const struct ps_host *host, ps_time now, struct ps_host_answer *answer, int *result)
{
  bool fresh = now < atomic_load(&host->fresh_until);
  bool failed = !fresh && host->shared.failures && now < host->shared.failed_until;
  bool late = !fresh && host->shared.looking && now >= patience_locked(host, now);
  if (fresh || late || (failed && now < host->shared.good_until)) {
    *result = give_locked(host, answer);
  } else if (failed) {
    *result = host->shared.failure == EAI_MEMORY ? -ENOMEM : PS_HOST_FAILED;
    answer->words = gai_strerror(host->shared.failure);
  }
  return fresh || late || failed;
}

static int wait_locked(struct ps_host *host, struct ps_host_waiter *waiter, ps_time deadline)
{
  ps_time now = ps_now();
  if (atomic_load(waiter->cancelled))
    return PS_HOST_CANCELLED;
  if (deadline <= now)
    return PS_HOST_TIMEOUT;
  ps_list_append(&host->shared.waiters, &waiter->link);
  ps_cond_wait(&waiter->wake, &host->shared.mutex, ps_earlier(deadline, patience_locked(host, now)));
  ps_list_remove(&waiter->link);
  return 0;
}

/* The minute of addresses that were given begins when somebody asks for them. */
static void touch_locked(struct ps_host *host)
{
  if (!host->shared.untouched)
    return;
  host->shared.untouched = false;
  set_fresh_locked(host, ps_now());
  if (host->lasting)
    atomic_store(&host->fresh_until, PS_NEVER);
}

int ps_host_find(struct ps_host *host, struct ps_host_waiter *waiter, ps_time deadline, struct ps_host_answer *answer)
{
  int result = 0;
  *answer = (struct ps_host_answer){0};
  ps_mutex_lock(&host->shared.mutex);
  touch_locked(host);
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

/* At once, but not within half a second of the last time. */
static void ask_again_locked(struct ps_host *host)
{
  ps_time soonest = host->shared.found + FAILED_FIRST;
  if (ps_host_may_ask(host) && soonest < atomic_load(&host->fresh_until))
    atomic_store(&host->fresh_until, soonest);
}

/* The addresses may have become others meanwhile. */
void ps_host_avoid(struct ps_host *host, const char *text)
{
  ps_mutex_lock(&host->shared.mutex);
  ps_time now = ps_now();
  struct ps_address *address = ps_addresses_find(&host->shared.addresses, text);
  bool already = !address || ps_address_is_avoided(address, now);
  if (address)
    address->avoided_until = now + AVOIDED;
  if (!already)
    renew_serial_locked(host);
  if (!already && ps_addresses_are_avoided(&host->shared.addresses, now))
    ask_again_locked(host);
  ps_mutex_unlock(&host->shared.mutex);
}

void ps_host_prefer(struct ps_host *host, const char *text)
{
  ps_mutex_lock(&host->shared.mutex);
  struct ps_address *address = ps_addresses_find(&host->shared.addresses, text);
  if (address && ps_address_is_avoided(address, ps_now())) {
    address->avoided_until = 0;
    renew_serial_locked(host);
  }
  ps_mutex_unlock(&host->shared.mutex);
}

bool ps_host_may_ask(const struct ps_host *host)
{
  return !host->lasting;
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

static struct ps_host *new_host(const char *name, enum ps_family family)
{
  struct ps_host *host = calloc(1, sizeof *host);
  if (!host)
    return NULL;
  ps_mutex_init(&host->shared.mutex);
  ps_list_init(&host->shared.waiters);
  host->family = family;
  host->name = strdup(name);
  if (!host->name) {
    free_host(host);
    return NULL;
  }
  return host;
}

void ps_resolver_init(struct ps_resolver *resolver)
{
  ps_list_init(&resolver->hosts);
}

/* `given` is NULL for a host that is looked up. */
static bool has_given(const struct ps_host *host, const struct ps_given *given)
{
  if (!given || !host->given)
    return !given && !host->given;
  return host->lasting == given->lasting && strcmp(host->given, given->addresses) == 0;
}

static struct ps_host *known_host(struct ps_resolver *resolver, const char *name, enum ps_family family,
                                  const struct ps_given *given)
{
  ps_list_each(link, &resolver->hosts) {
    struct ps_host *host = PS_CONTAINER(link, struct ps_host, link);
    if (host->family == family && has_given(host, given) && ps_ascii_same(host->name, name))
      return host;
  }
  return NULL;
}

struct ps_host *ps_resolver_host(struct ps_resolver *resolver, const char *name, enum ps_family family)
{
  struct ps_host *host = known_host(resolver, name, family, NULL);
  if (!host && (host = new_host(name, family)))
    ps_list_append(&resolver->hosts, &host->link);
  return host;
}

/* 0, -EINVAL or -ENOMEM. */
static int set_given(struct ps_host *host, const struct ps_given *given)
{
  host->given = strdup(given->addresses);
  host->lasting = given->lasting;
  host->shared.untouched = true;
  renew_serial_locked(host);
  int error = host->given ? ps_addresses_read(&host->shared.addresses, given->addresses) : -ENOMEM;
  ps_addresses_keep(&host->shared.addresses, host->family);
  return error;
}

int ps_resolver_given(struct ps_resolver *resolver, const char *name, enum ps_family family,
                      const struct ps_given *given, struct ps_host **found)
{
  struct ps_host *host = *found = known_host(resolver, name, family, given);
  if (host)
    return 0;
  host = new_host(name, family);
  int error = host ? set_given(host, given) : -ENOMEM;
  if (error) {
    if (host)
      free_host(host);
    return error;
  }
  ps_list_append(&resolver->hosts, &host->link);
  *found = host;
  return 0;
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
