/* Names are looked up by a function of the test's own, which answers as the test says and when it says so; the clock
 * can be put forward. */
#include "net/resolver.h"

#include "base/sync.h"
#include "base/thread.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* ---- The name server */

static struct {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  const char *answer; /* numeric hosts with spaces between, or NULL: the name does not exist */
  bool hangs;
  unsigned asked, answered;
  int family; /* that the last look-up was for */
} server;

static atomic_bool heeds_family;

int __wrap_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found);
int __real_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found);

/* Unless a test is about families this machine need not have both. */
static bool is_wanted(const char *host, int family)
{
  return !atomic_load(&heeds_family) || family == AF_UNSPEC || (strchr(host, ':') != NULL) == (family == AF_INET6);
}

/* The list is freed one by one, wherever its members come from. */
static int find_numeric(const char *hosts, struct addrinfo hints, struct addrinfo **found)
{
  char copy[256] = "", *rest = NULL;
  int failure = EAI_NONAME, family = hints.ai_family;
  strncat(copy, hosts, sizeof copy - 1);
  hints.ai_family = AF_UNSPEC;
  hints.ai_flags = AI_NUMERICHOST;
  for (char *each = strtok_r(copy, " ", &rest); each; each = strtok_r(NULL, " ", &rest)) {
    if (!is_wanted(each, family))
      continue;
    failure = __real_getaddrinfo(each, NULL, &hints, found);
    assert_int_equal(failure, 0);
    found = &(*found)->ai_next;
  }
  return failure;
}

int __wrap_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
  (void)name, (void)service;
  ps_mutex_lock(&server.mutex);
  server.asked++;
  server.family = hints->ai_family;
  ps_cond_broadcast(&server.changed);
  while (server.hangs)
    ps_cond_wait(&server.changed, &server.mutex, PS_NEVER);
  const char *answer = server.answer;
  server.answered++;
  ps_cond_broadcast(&server.changed);
  ps_mutex_unlock(&server.mutex);
  return answer ? find_numeric(answer, *hints, found) : EAI_NONAME;
}

static void set_server(const char *answer, bool hangs)
{
  ps_mutex_lock(&server.mutex);
  server.answer = answer;
  server.hangs = hangs;
  ps_cond_broadcast(&server.changed);
  ps_mutex_unlock(&server.mutex);
}

static unsigned asked(void)
{
  ps_mutex_lock(&server.mutex);
  unsigned count = server.asked;
  ps_mutex_unlock(&server.mutex);
  return count;
}

static void await_asked(unsigned count)
{
  ps_mutex_lock(&server.mutex);
  while (server.asked < count)
    ps_cond_wait(&server.changed, &server.mutex, PS_NEVER);
  ps_mutex_unlock(&server.mutex);
}

static void await_answered(unsigned count)
{
  ps_mutex_lock(&server.mutex);
  while (server.answered < count)
    ps_cond_wait(&server.changed, &server.mutex, PS_NEVER);
  ps_mutex_unlock(&server.mutex);
}

/* ---- Threads and IPv6 that cannot be had, and time that passes */

static atomic_bool no_threads;

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
  return atomic_load(&no_threads) ? EAGAIN : __real_pthread_create(thread, attributes, run, argument);
}

static atomic_bool no_ipv6;

int __wrap_socket(int family, int type, int protocol);
int __real_socket(int family, int type, int protocol);

int __wrap_socket(int family, int type, int protocol)
{
  if (family != AF_INET6)
    return __real_socket(family, type, protocol);
  errno = EAFNOSUPPORT;
  return atomic_load(&no_ipv6) ? -1 : __real_socket(AF_INET, type, 0);
}

static _Atomic ps_time passed, stopped; /* stopped: the clock stands there, but for what is put forward */

ps_time __wrap_ps_now(void);
ps_time __real_ps_now(void);

ps_time __wrap_ps_now(void)
{
  ps_time at = atomic_load(&stopped);
  return (at ? at : __real_ps_now()) + atomic_load(&passed);
}

/* ---- The test's own */

#define PATIENCE (60 * PS_SECOND)

static struct ps_resolver resolver;
static struct ps_host *host;
static struct ps_host_waiter waiter;
static atomic_int cancelled;
static struct ps_host_answer answer;

static int fresh(void **state)
{
  (void)state;
  set_server("192.0.2.1", false);
  server.asked = server.answered = 0;
  atomic_store(&passed, 0);
  atomic_store(&stopped, 0);
  atomic_store(&cancelled, false);
  atomic_store(&no_threads, false);
  atomic_store(&no_ipv6, false);
  atomic_store(&heeds_family, false);
  ps_host_waiter_init(&waiter, &cancelled);
  ps_resolver_init(&resolver);
  host = ps_resolver_host(&resolver, "a.example", PS_FAMILY_ANY);
  return host ? 0 : -1;
}

/* No deadline passes while something is waited for. */
static int fresh_with_a_clock_that_stands(void **state)
{
  int result = fresh(state);
  atomic_store(&stopped, __real_ps_now());
  return result;
}

static int fini(void **state)
{
  (void)state;
  set_server(NULL, false);
  await_answered(asked()); /* not by the next test's account */
  ps_resolver_fini(&resolver);
  ps_host_waiter_fini(&waiter);
  ps_addresses_fini(&answer.addresses);
  return 0;
}

static int find(ps_time patience)
{
  ps_addresses_fini(&answer.addresses);
  return ps_host_find(host, &waiter, patience ? ps_now() + patience : 0, &answer);
}

/* Those that are avoided stand in parentheses. */
static void expect_found(const char *addresses)
{
  char found[512] = "";
  assert_int_equal(find(PATIENCE), 0);
  for (size_t i = 0; i < answer.addresses.count; i++) {
    const struct ps_address *each = &answer.addresses.list[i];
    size_t size = strlen(found);
    snprintf(found + size, sizeof found - size, ps_address_is_avoided(each, ps_now()) ? "%s(%s)" : "%s%s", i ? " " : "",
             each->text);
  }
  assert_string_equal(found, addresses);
}

static void name_is_looked_up_once_for_a_minute(void **state)
{
  (void)state;
  for (int i = 0; i < 100; i++)
    expect_found("192.0.2.1");
  atomic_store(&passed, 59 * PS_SECOND);
  expect_found("192.0.2.1");
  assert_int_equal(asked(), 1);
  atomic_store(&passed, 61 * PS_SECOND);
  expect_found("192.0.2.1");
  assert_int_equal(asked(), 2);
}

static void host_is_the_same_for_a_name_in_other_letters(void **state)
{
  (void)state;
  assert_ptr_equal(ps_resolver_host(&resolver, "A.Example", PS_FAMILY_ANY), host);
  assert_ptr_not_equal(ps_resolver_host(&resolver, "b.example", PS_FAMILY_ANY), host);
}

static void addresses_have_a_number_that_changes_when_they_do(void **state)
{
  (void)state;
  assert_false(ps_host_is_fresh(host, 0, ps_now()));
  expect_found("192.0.2.1");
  unsigned serial = answer.serial;
  assert_true(ps_host_is_fresh(host, serial, ps_now()));
  atomic_store(&passed, 61 * PS_SECOND);
  assert_false(ps_host_is_fresh(host, serial, ps_now()));
  expect_found("192.0.2.1");
  assert_int_equal(answer.serial, serial);
  assert_true(ps_host_is_fresh(host, serial, ps_now()));

  atomic_store(&passed, 122 * PS_SECOND);
  set_server("192.0.2.2", false);
  expect_found("192.0.2.2");
  assert_int_not_equal(answer.serial, serial);
  assert_false(ps_host_is_fresh(host, serial, ps_now()));
  assert_int_equal(asked(), 3);
}

static void addresses_are_found_in_the_order_of_the_system_and_each_once(void **state)
{
  (void)state;
  set_server("2001:db8::1 192.0.2.2 fe80::1 192.0.2.1 192.0.2.2", false);
  expect_found("2001:db8::1 192.0.2.2 192.0.2.1");
}

static void address_of_one_link_is_left_to_the_system(void **state)
{
  (void)state;
  set_server("fe80::1", false);
  expect_found("");
  assert_int_not_equal(answer.serial, 0);
}

static void look_up_that_fails_serves_for_a_while_and_then_for_longer(void **state)
{
  (void)state;
  static const ps_time spans[] = {PS_SECOND / 2, PS_SECOND,      2 * PS_SECOND,  4 * PS_SECOND,
                                  8 * PS_SECOND, 16 * PS_SECOND, 32 * PS_SECOND, 32 * PS_SECOND};
  set_server(NULL, false);
  for (unsigned i = 0; i < sizeof spans / sizeof *spans; i++) {
    assert_int_equal(find(PATIENCE), PS_HOST_FAILED);
    assert_string_equal(answer.words, gai_strerror(EAI_NONAME));
    atomic_fetch_add(&passed, spans[i] / 2);
    assert_int_equal(find(PATIENCE), PS_HOST_FAILED);
    assert_int_equal(asked(), i + 1);
    atomic_fetch_add(&passed, spans[i] / 2 + PS_MILLISECOND);
  }
  set_server("192.0.2.1", false);
  expect_found("192.0.2.1");
  atomic_fetch_add(&passed, 61 * PS_SECOND);
  set_server(NULL, false);
  assert_int_equal(find(PATIENCE), PS_HOST_FAILED);
  atomic_fetch_add(&passed, spans[0] + PS_MILLISECOND);
  set_server("192.0.2.1", false);
  expect_found("192.0.2.1");
}

static void wait_ends_at_its_deadline_and_the_look_up_goes_on(void **state)
{
  (void)state;
  set_server("192.0.2.1", true);
  assert_int_equal(find(20 * PS_MILLISECOND), PS_HOST_TIMEOUT);
  assert_int_equal(find(20 * PS_MILLISECOND), PS_HOST_TIMEOUT);
  await_asked(1);
  set_server("192.0.2.1", false);
  expect_found("192.0.2.1");
  assert_int_equal(asked(), 1);
}

static void deadline_that_has_passed_starts_a_look_up_all_the_same(void **state)
{
  (void)state;
  int result = find(0);
  assert_true(result == PS_HOST_TIMEOUT || result == 0);
  await_answered(1);
  expect_found("192.0.2.1");
  assert_int_equal(asked(), 1);
}

static void *find_alone(void *result)
{
  struct ps_host_waiter own;
  struct ps_host_answer found;
  static atomic_int never;
  ps_host_waiter_init(&own, &never);
  *(int *)result = ps_host_find(host, &own, ps_now() + PATIENCE, &found);
  ps_addresses_fini(&found.addresses);
  ps_host_waiter_fini(&own);
  return NULL;
}

static void those_who_wait_share_one_look_up(void **state)
{
  (void)state;
  pthread_t threads[20];
  int results[20];
  set_server("192.0.2.1", true);
  for (int i = 0; i < 20; i++)
    assert_int_equal(ps_thread_start(&threads[i], 0, find_alone, &results[i]), 0);
  await_asked(1);
  set_server("192.0.2.1", false);
  for (int i = 0; i < 20; i++)
    ps_thread_join(threads[i]);
  for (int i = 0; i < 20; i++)
    assert_int_equal(results[i], 0);
  assert_int_equal(asked(), 1);
}

static void *cancel_when_asked(void *argument)
{
  await_asked(1);
  atomic_store(&cancelled, true);
  ps_host_wake(host, &waiter);
  return argument;
}

static void wait_ends_when_it_is_cancelled(void **state)
{
  (void)state;
  pthread_t thread;
  set_server("192.0.2.1", true);
  assert_int_equal(ps_thread_start(&thread, 0, cancel_when_asked, NULL), 0);
  assert_int_equal(ps_host_find(host, &waiter, PS_NEVER, &answer), PS_HOST_CANCELLED);
  ps_thread_join(thread);
}

static void look_up_that_hangs_at_the_end_is_left_behind(void **state)
{
  (void)state;
  set_server("192.0.2.1", true);
  assert_int_equal(find(PS_MILLISECOND), PS_HOST_TIMEOUT);
  await_asked(1);
  ps_resolver_fini(&resolver);
  assert_int_equal(server.answered, 0);
  set_server("192.0.2.1", false);
  await_answered(1);
}

static void name_is_looked_up_without_a_thread_where_there_is_none(void **state)
{
  (void)state;
  atomic_store(&no_threads, true);
  expect_found("192.0.2.1");
  atomic_store(&passed, 61 * PS_SECOND);
  atomic_store(&no_threads, false);
  expect_found("192.0.2.1");
  assert_int_equal(asked(), 2);
}

/* ---- One family alone */

static void want(enum ps_family family)
{
  host = ps_resolver_host(&resolver, "a.example", family);
  assert_non_null(host);
  atomic_store(&heeds_family, true);
}

static void name_is_asked_for_addresses_of_the_family_that_is_wanted(void **state)
{
  (void)state;
  set_server("2001:db8::1 192.0.2.1 2001:db8::2", false);
  expect_found("2001:db8::1 192.0.2.1 2001:db8::2");
  assert_int_equal(server.family, AF_UNSPEC);
  want(PS_FAMILY_IPV4);
  expect_found("192.0.2.1");
  assert_int_equal(server.family, AF_INET);
  want(PS_FAMILY_IPV6);
  expect_found("2001:db8::1 2001:db8::2");
  assert_int_equal(server.family, AF_INET6);
  assert_int_equal(asked(), 3);
}

static void name_is_asked_for_ipv4_alone_where_there_is_no_ipv6(void **state)
{
  (void)state;
  atomic_store(&no_ipv6, true);
  expect_found("192.0.2.1");
  assert_int_equal(server.family, AF_INET);
  want(PS_FAMILY_IPV4);
  expect_found("192.0.2.1");
  assert_int_equal(asked(), 2);
}

static void ipv6_is_not_asked_for_where_there_is_none(void **state)
{
  (void)state;
  atomic_store(&no_ipv6, true);
  want(PS_FAMILY_IPV6);
  assert_int_equal(find(PATIENCE), PS_HOST_FAILED);
  assert_string_equal(answer.words, gai_strerror(EAI_FAMILY));
  assert_int_equal(asked(), 0);
}

static void families_of_a_name_have_hosts_of_their_own_that_fail_and_are_avoided_apart(void **state)
{
  (void)state;
  struct ps_host *any = host;
  want(PS_FAMILY_IPV6);
  assert_ptr_not_equal(host, any);
  assert_ptr_equal(ps_resolver_host(&resolver, "A.EXAMPLE", PS_FAMILY_IPV6), host);
  assert_int_equal(find(PATIENCE), PS_HOST_FAILED);
  want(PS_FAMILY_IPV4);
  expect_found("192.0.2.1");
  ps_host_avoid(host, "192.0.2.1");
  expect_found("(192.0.2.1)");
  host = any;
  expect_found("192.0.2.1");
}

/* ---- Addresses that do not connect */

static void address_that_did_not_connect_is_avoided_for_a_minute(void **state)
{
  (void)state;
  set_server("192.0.2.1 192.0.2.2", false);
  expect_found("192.0.2.1 192.0.2.2");
  unsigned serial = answer.serial;
  atomic_store(&passed, 30 * PS_SECOND);
  ps_host_avoid(host, "192.0.2.1");
  assert_false(ps_host_is_fresh(host, serial, ps_now()));
  expect_found("(192.0.2.1) 192.0.2.2");
  assert_int_not_equal(answer.serial, serial);
  assert_int_equal(asked(), 1);

  atomic_store(&passed, 61 * PS_SECOND);
  expect_found("(192.0.2.1) 192.0.2.2");
  assert_int_equal(asked(), 2);
  atomic_store(&passed, 91 * PS_SECOND);
  expect_found("192.0.2.1 192.0.2.2");
}

static void address_avoided_once_more_is_avoided_for_another_minute_under_the_same_number(void **state)
{
  (void)state;
  set_server("192.0.2.1 192.0.2.2", false);
  expect_found("192.0.2.1 192.0.2.2");
  ps_host_avoid(host, "192.0.2.1");
  expect_found("(192.0.2.1) 192.0.2.2");
  unsigned serial = answer.serial;
  atomic_store(&passed, 50 * PS_SECOND);
  ps_host_avoid(host, "192.0.2.1");
  assert_true(ps_host_is_fresh(host, serial, ps_now()));
  atomic_store(&passed, 100 * PS_SECOND);
  expect_found("(192.0.2.1) 192.0.2.2");
  atomic_store(&passed, 111 * PS_SECOND);
  expect_found("192.0.2.1 192.0.2.2");
}

static void address_that_connects_is_avoided_no_longer(void **state)
{
  (void)state;
  set_server("192.0.2.1 192.0.2.2", false);
  expect_found("192.0.2.1 192.0.2.2");
  ps_host_avoid(host, "192.0.2.1");
  expect_found("(192.0.2.1) 192.0.2.2");
  unsigned serial = answer.serial;
  ps_host_prefer(host, "192.0.2.2");
  assert_true(ps_host_is_fresh(host, serial, ps_now()));
  ps_host_prefer(host, "192.0.2.1");
  assert_false(ps_host_is_fresh(host, serial, ps_now()));
  expect_found("192.0.2.1 192.0.2.2");
}

static void address_that_the_name_has_no_more_is_not_remembered(void **state)
{
  (void)state;
  expect_found("192.0.2.1");
  ps_host_avoid(host, "192.0.2.9");
  ps_host_prefer(host, "192.0.2.9");
  expect_found("192.0.2.1");
  assert_int_equal(asked(), 1);
}

static void what_is_avoided_stays_so_when_the_name_is_found_with_other_addresses(void **state)
{
  (void)state;
  set_server("192.0.2.1 192.0.2.2", false);
  expect_found("192.0.2.1 192.0.2.2");
  atomic_store(&passed, 30 * PS_SECOND);
  ps_host_avoid(host, "192.0.2.2");
  atomic_store(&passed, 61 * PS_SECOND);
  set_server("192.0.2.3 192.0.2.2", false);
  expect_found("192.0.2.3 (192.0.2.2)");
}

static void name_is_looked_up_again_at_once_when_none_of_its_addresses_connects(void **state)
{
  (void)state;
  set_server("192.0.2.1 192.0.2.2", false);
  expect_found("192.0.2.1 192.0.2.2");
  atomic_store(&passed, 5 * PS_SECOND);
  set_server("192.0.2.3", false);
  ps_host_avoid(host, "192.0.2.2");
  expect_found("192.0.2.1 (192.0.2.2)");
  assert_int_equal(asked(), 1);
  ps_host_avoid(host, "192.0.2.1");
  expect_found("192.0.2.3");
  assert_int_equal(asked(), 2);
  atomic_store(&passed, 64 * PS_SECOND);
  expect_found("192.0.2.3");
  assert_int_equal(asked(), 2);
}

static void name_that_was_looked_up_just_now_is_not_looked_up_again(void **state)
{
  (void)state;
  expect_found("192.0.2.1");
  ps_host_avoid(host, "192.0.2.1");
  expect_found("(192.0.2.1)");
  assert_int_equal(asked(), 1);
  atomic_store(&passed, PS_SECOND / 2);
  expect_found("(192.0.2.1)");
  assert_int_equal(asked(), 2);
}

static void name_whose_addresses_stay_dead_is_looked_up_ever_more_seldom(void **state)
{
  (void)state;
  static const ps_time spans[] = {PS_SECOND / 2, PS_SECOND,      2 * PS_SECOND,  4 * PS_SECOND,
                                  8 * PS_SECOND, 16 * PS_SECOND, 32 * PS_SECOND, 32 * PS_SECOND};
  expect_found("192.0.2.1");
  atomic_store(&passed, PS_SECOND);
  ps_host_avoid(host, "192.0.2.1");
  expect_found("(192.0.2.1)");
  for (unsigned i = 0; i < sizeof spans / sizeof *spans; i++) {
    atomic_fetch_add(&passed, spans[i] / 2);
    ps_host_avoid(host, "192.0.2.1");
    expect_found("(192.0.2.1)");
    assert_int_equal(asked(), i + 2);
    atomic_fetch_add(&passed, spans[i] / 2 + PS_MILLISECOND);
    expect_found("(192.0.2.1)");
    assert_int_equal(asked(), i + 3);
  }
  ps_host_prefer(host, "192.0.2.1");
  atomic_fetch_add(&passed, 33 * PS_SECOND);
  expect_found("192.0.2.1");
  ps_host_avoid(host, "192.0.2.1");
  atomic_fetch_add(&passed, PS_SECOND / 2);
  unsigned before = asked();
  expect_found("(192.0.2.1)");
  assert_int_equal(asked(), before + 1);
}

static void old_addresses_serve_while_better_ones_cannot_be_looked_up(void **state)
{
  (void)state;
  expect_found("192.0.2.1");
  atomic_store(&passed, PS_SECOND);
  ps_host_avoid(host, "192.0.2.1");
  set_server(NULL, false);
  expect_found("(192.0.2.1)");
  assert_int_equal(asked(), 2);
  atomic_store(&passed, 61 * PS_SECOND);
  assert_int_equal(find(PATIENCE), PS_HOST_FAILED);
}

static void old_addresses_serve_after_two_seconds_of_a_look_up_for_better_ones(void **state)
{
  (void)state;
  expect_found("192.0.2.1");
  atomic_store(&passed, PS_SECOND);
  ps_host_avoid(host, "192.0.2.1");
  set_server("192.0.2.1", true);
  assert_int_equal(find(0), PS_HOST_TIMEOUT);
  await_asked(2);
  atomic_store(&passed, 4 * PS_SECOND);
  expect_found("(192.0.2.1)");
  assert_int_equal(server.answered, 1);
  set_server("192.0.2.3", false);
  await_answered(2);
}

/* ---- Addresses that are given */

static struct ps_host *given_of(enum ps_family family, const char *addresses, bool lasting)
{
  const struct ps_given given = {addresses, lasting};
  struct ps_host *found = NULL;
  assert_int_equal(ps_resolver_given(&resolver, "a.example", family, &given, &found), 0);
  return found;
}

static struct ps_host *given(const char *addresses, bool lasting)
{
  return given_of(PS_FAMILY_ANY, addresses, lasting);
}

static void addresses_that_are_given_are_not_looked_up(void **state)
{
  (void)state;
  host = given("192.0.2.2,[2001:DB8:0::1],2001:db8::2", true);
  expect_found("192.0.2.2 2001:db8::1 2001:db8::2");
  ps_host_avoid(host, "192.0.2.2");
  ps_host_avoid(host, "2001:db8::1");
  ps_host_avoid(host, "2001:db8::2");
  expect_found("(192.0.2.2) (2001:db8::1) (2001:db8::2)");
  atomic_store(&passed, 1000 * PS_SECOND);
  expect_found("192.0.2.2 2001:db8::1 2001:db8::2");
  assert_true(ps_host_is_fresh(host, answer.serial, ps_now()));
  assert_int_equal(asked(), 0);
}

static void addresses_that_do_not_last_are_looked_up_a_minute_after_they_were_first_asked_for(void **state)
{
  (void)state;
  host = given("192.0.2.2", false);
  atomic_store(&passed, 100 * PS_SECOND);
  expect_found("192.0.2.2");
  atomic_store(&passed, 159 * PS_SECOND);
  expect_found("192.0.2.2");
  assert_int_equal(asked(), 0);
  atomic_store(&passed, 161 * PS_SECOND);
  expect_found("192.0.2.1");
  assert_int_equal(asked(), 1);
}

static void host_whose_addresses_are_given_is_the_same_for_the_same_ones(void **state)
{
  (void)state;
  struct ps_host *first = given("192.0.2.2", true);
  assert_ptr_equal(given("192.0.2.2", true), first);
  assert_ptr_not_equal(given("192.0.2.3", true), first);
  assert_ptr_not_equal(given("192.0.2.2", false), first);
  assert_ptr_not_equal(host, first);
  assert_ptr_equal(ps_resolver_host(&resolver, "a.example", PS_FAMILY_ANY), host);
}

static void addresses_that_are_given_are_taken_as_far_as_they_are_of_the_family(void **state)
{
  (void)state;
  static const char both[] = "192.0.2.2,[2001:db8::1],192.0.2.3,2001:db8::2";
  struct ps_host *any = given(both, true), *four = host = given_of(PS_FAMILY_IPV4, both, true);
  expect_found("192.0.2.2 192.0.2.3");
  host = given_of(PS_FAMILY_IPV6, both, true);
  expect_found("2001:db8::1 2001:db8::2");
  assert_ptr_not_equal(host, four);
  assert_ptr_equal(given_of(PS_FAMILY_IPV4, both, true), four);
  host = any;
  expect_found("192.0.2.2 2001:db8::1 192.0.2.3 2001:db8::2");
  assert_int_equal(asked(), 0);
}

static void name_whose_given_addresses_do_not_last_is_asked_for_the_same_family_then(void **state)
{
  (void)state;
  host = given_of(PS_FAMILY_IPV6, "192.0.2.2,2001:db8::1", false);
  expect_found("2001:db8::1");
  atomic_store(&passed, 61 * PS_SECOND);
  set_server("192.0.2.1 2001:db8::2", false);
  atomic_store(&heeds_family, true);
  expect_found("2001:db8::2");
}

static void what_is_no_address_is_refused(void **state)
{
  (void)state;
  static const char *const texts[] = {"",          "a.example",  "192.0.2",         "192.0.2.1,",
                                      "[::1",      "[192.0.2.1", "192.0.2.1,,::1",  "192.0.2.1 ",
                                      "fe80::1%1", "[]",         "::1::1,192.0.2.1"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    const struct ps_given none = {texts[i], true};
    struct ps_host *found = host;
    assert_int_equal(ps_resolver_given(&resolver, "a.example", PS_FAMILY_ANY, &none, &found), -EINVAL);
    assert_null(found);
  }
}

int main(void)
{
#define TEST(name)  cmocka_unit_test_setup_teardown(name, fresh, fini)
#define STILL(name) cmocka_unit_test_setup_teardown(name, fresh_with_a_clock_that_stands, fini)
  const struct CMUnitTest tests[] = {
      STILL(name_is_looked_up_once_for_a_minute),
      TEST(host_is_the_same_for_a_name_in_other_letters),
      STILL(addresses_have_a_number_that_changes_when_they_do),
      TEST(addresses_are_found_in_the_order_of_the_system_and_each_once),
      TEST(address_of_one_link_is_left_to_the_system),
      STILL(look_up_that_fails_serves_for_a_while_and_then_for_longer),
      TEST(wait_ends_at_its_deadline_and_the_look_up_goes_on),
      TEST(deadline_that_has_passed_starts_a_look_up_all_the_same),
      TEST(those_who_wait_share_one_look_up),
      TEST(wait_ends_when_it_is_cancelled),
      TEST(look_up_that_hangs_at_the_end_is_left_behind),
      TEST(name_is_looked_up_without_a_thread_where_there_is_none),
      TEST(name_is_asked_for_addresses_of_the_family_that_is_wanted),
      TEST(name_is_asked_for_ipv4_alone_where_there_is_no_ipv6),
      TEST(ipv6_is_not_asked_for_where_there_is_none),
      STILL(families_of_a_name_have_hosts_of_their_own_that_fail_and_are_avoided_apart),
      STILL(address_that_did_not_connect_is_avoided_for_a_minute),
      STILL(address_avoided_once_more_is_avoided_for_another_minute_under_the_same_number),
      STILL(address_that_connects_is_avoided_no_longer),
      STILL(address_that_the_name_has_no_more_is_not_remembered),
      STILL(what_is_avoided_stays_so_when_the_name_is_found_with_other_addresses),
      STILL(name_is_looked_up_again_at_once_when_none_of_its_addresses_connects),
      STILL(name_that_was_looked_up_just_now_is_not_looked_up_again),
      STILL(name_whose_addresses_stay_dead_is_looked_up_ever_more_seldom),
      STILL(old_addresses_serve_while_better_ones_cannot_be_looked_up),
      STILL(old_addresses_serve_after_two_seconds_of_a_look_up_for_better_ones),
      STILL(addresses_that_are_given_are_not_looked_up),
      STILL(addresses_that_do_not_last_are_looked_up_a_minute_after_they_were_first_asked_for),
      STILL(host_whose_addresses_are_given_is_the_same_for_the_same_ones),
      STILL(addresses_that_are_given_are_taken_as_far_as_they_are_of_the_family),
      STILL(name_whose_given_addresses_do_not_last_is_asked_for_the_same_family_then),
      STILL(what_is_no_address_is_refused),
  };
  ps_mutex_init(&server.mutex); /* once: a look-up that was left behind may hold it still */
  ps_cond_init(&server.changed);
  return cmocka_run_group_tests_name("resolver", tests, NULL, NULL);
}
