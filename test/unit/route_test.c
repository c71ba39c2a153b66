/* Whose addresses are looked up before a request: the table of all the ways there are; and which of them a slot is given,
 * one after another. The clock stands until it is put forward. */
#include "net/route.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define LIST(...)                                                                                                      \
  (const char *const[])                                                                                                \
  {                                                                                                                    \
    __VA_ARGS__, NULL                                                                                                  \
  }

struct row {
  const char *url, *target; /* NULL: libcurl finds the way */
  const char *proxy, *noproxy, *unix_socket;
  const char *const *resolve, *const *connect_to;
};

static size_t count(const char *const *list)
{
  size_t found = 0;
  while (list && list[found])
    found++;
  return found;
}

static void expect(const struct row *row, bool environment)
{
  struct ps_resolver resolver;
  struct ps_route route;
  struct ps_endpoint_settings settings = {
      .url = row->url,
      .proxy = row->proxy,
      .noproxy = row->noproxy,
      .unix_socket = row->unix_socket,
      .resolve = row->resolve,
      .resolve_count = count(row->resolve),
      .connect_to = row->connect_to,
      .connect_to_count = count(row->connect_to),
      .environment_proxy = environment,
  };
  ps_resolver_init(&resolver);
  assert_int_equal(ps_route_init(&route, &settings, row->url, &resolver), 0);
  assert_int_equal(route.host != NULL, row->target != NULL);
  if (row->target)
    assert_string_equal(route.target, row->target);
  ps_route_fini(&route);
  ps_resolver_fini(&resolver);
}

#define EXPECT(rows, environment)                                                                                      \
  for (size_t i_ = 0; i_ < sizeof(rows) / sizeof *(rows); i_++)                                                        \
  expect(&(rows)[i_], environment)

static void name_of_the_url_is_looked_up_with_its_port(void **state)
{
  (void)state;
  const struct row rows[] = {
      {"http://a.example/", "a.example:80:"},
      {"https://a.example/x?y", "a.example:443:"},
      {"http://u:p@a.example:8080/", "a.example:8080:"},
      {"http://127.0.0.1/", NULL},
      {"http://127.1:80/", NULL},
      {"http://[::1]:80/", NULL},
      {"http://localhost/", NULL},
      {"http://a.LocalHost/", NULL},
      {"http://notlocalhost/", "notlocalhost:80:"},
      {"http://m\xc3\xbcnchen.example/", NULL},
      {"http://a.example/", NULL, .unix_socket = "/run/socket"},
  };
  EXPECT(rows, false);
}

/* Which addresses are given for a host, or NULL. */
struct given {
  const char *url;
  const char *const *resolve;
  const char *addresses;
  enum ps_family family;
};

static void expect_given(const struct given *row)
{
  struct ps_resolver resolver;
  struct ps_route route;
  struct ps_host *same = NULL;
  struct ps_endpoint_settings settings = {
      .resolve = row->resolve,
      .resolve_count = count(row->resolve),
      .ipv4 = row->family == PS_FAMILY_IPV4,
      .ipv6 = row->family == PS_FAMILY_IPV6,
  };
  ps_resolver_init(&resolver);
  assert_int_equal(ps_route_init(&route, &settings, row->url, &resolver), 0);
  bool adds = row->addresses && *row->addresses == '+';
  if (row->addresses)
    assert_int_equal(
        ps_resolver_given(&resolver, "a", row->family, &(struct ps_given){row->addresses + adds, !adds}, &same), 0);
  else
    same = ps_resolver_host(&resolver, "a", row->family);
  assert_ptr_equal(route.host, same);
  ps_route_fini(&route);
  ps_resolver_fini(&resolver);
}

static void addresses_that_are_given_are_those_that_libcurl_would_take(void **state)
{
  (void)state;
  const struct given rows[] = {
      {"http://a/", LIST("a:80:127.0.0.1"), "127.0.0.1"},
      {"http://a/", LIST("A:80:127.0.0.1,[::1],::2"), "127.0.0.1,[::1],::2"},
      {"http://a/", LIST("+A:80:127.0.0.1"), "+127.0.0.1"},
      {"http://a/", LIST("*:80:127.0.0.1"), "127.0.0.1"},
      {"http://a/", LIST("+*:80:127.0.0.1"), "+127.0.0.1"},
      {"http://a/", LIST("b:80:1.1.1.1", "a:80:127.0.0.1"), "127.0.0.1"},
      {"http://a/", LIST("a:80:127.0.0.1", "a:80:127.0.0.2"), "127.0.0.2"},
      {"http://a/", LIST("a:80:127.0.0.1", "*:80:127.0.0.2"), "127.0.0.1"},
      {"http://a/", LIST("a:80:127.0.0.1", "-a:80"), NULL},
      {"http://a/", LIST("-a:80", "a:80:127.0.0.1"), "127.0.0.1"},
      {"http://a/", LIST("a:80:127.0.0.1", "*:80:127.0.0.2", "-a:80"), "127.0.0.2"},
      {"http://a/", LIST("*:80:127.0.0.2", "-*:80"), NULL},
      {"http://a/", LIST("a:81:127.0.0.1"), NULL},
      {"http://a/", LIST("xa:80:127.0.0.1"), NULL},
      {"http://a/", LIST("-a:80"), NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    expect_given(&rows[i]);
}

static void addresses_that_are_given_do_not_count_without_one_of_the_family(void **state)
{
  (void)state;
  const struct given rows[] = {
      {"http://a/", LIST("a:80:127.0.0.1"), "127.0.0.1", PS_FAMILY_IPV4},
      {"http://a/", LIST("a:80:127.0.0.1"), NULL, PS_FAMILY_IPV6},
      {"http://a/", LIST("a:80:[::1]"), NULL, PS_FAMILY_IPV4},
      {"http://a/", LIST("a:80:[::1]"), "[::1]", PS_FAMILY_IPV6},
      {"http://a/", LIST("a:80:127.0.0.1,::1"), "127.0.0.1,::1", PS_FAMILY_IPV4},
      {"http://a/", LIST("a:80:127.0.0.1,::1"), "127.0.0.1,::1", PS_FAMILY_IPV6},
      {"http://a/", LIST("a:80:127.0.0.1,127.0.0.2"), NULL, PS_FAMILY_IPV6},
      {"http://a/", LIST("+a:80:127.0.0.1"), NULL, PS_FAMILY_IPV6},
      {"http://a/", LIST("+a:80:::1"), "+::1", PS_FAMILY_IPV6},
      {"http://a/", LIST("*:80:127.0.0.1"), NULL, PS_FAMILY_IPV6},
      {"http://a/", LIST("a:80:::1", "a:80:127.0.0.1"), NULL, PS_FAMILY_IPV6},
      {"http://a/", LIST("a:80:127.0.0.1", "*:80:::1"), "::1", PS_FAMILY_IPV6},
      {"http://a/", LIST("a:80:::1", "*:80:::2"), "::1", PS_FAMILY_IPV6},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    expect_given(&rows[i]);
}

static void host_that_has_its_address_by_itself_may_be_given_others(void **state)
{
  (void)state;
  const struct row rows[] = {
      {"http://127.0.0.1/", "127.0.0.1:80:", .resolve = LIST("127.0.0.1:80:127.0.0.2")},
      {"http://localhost/", "localhost:80:", .resolve = LIST("*:80:127.0.0.2")},
      {"http://[::1]/", NULL, .resolve = LIST("*:80:127.0.0.2")}, /* there is no entry of that name */
      {"http://a.example/", NULL, .resolve = LIST("a.example:80:not.an.address")},
  };
  EXPECT(rows, false);
}

static void other_host_to_connect_to_is_looked_up_instead(void **state)
{
  (void)state;
  const struct row rows[] = {
      {"http://a.example/", "b.example:81:", .connect_to = LIST("a.example:80:b.example:81")},
      {"http://a.example/", "b.example:80:", .connect_to = LIST("::b.example:")},
      {"http://a.example/", "a.example:81:",
       .connect_to = LIST("A.example::"
                          ":81")},
      {"http://a.example/", "a.example:80:", .connect_to = LIST("c.example:80:b.example:81")},
      {"http://a.example/", "a.example:80:", .connect_to = LIST("a.example:443:b.example:81")},
      {"http://a.example/", "c.example:80:", .connect_to = LIST("b::b.example:", "::c.example:", "::d.example:")},
      {"http://a.example/", "b.example:80:", .connect_to = LIST("a.example:80::", "::b.example:")},
      {"http://a.example/", NULL, .connect_to = LIST("::[::1]:81")},
      {"http://a.example/", NULL, .connect_to = LIST("::127.0.0.1:81")},
      {"http://a.example/", "b:81:", .connect_to = LIST("::b:81"), .resolve = LIST("b:81:127.0.0.1")},
  };
  EXPECT(rows, false);
}

static void proxy_is_looked_up_in_place_of_the_endpoint(void **state)
{
  (void)state;
  const struct row rows[] = {
      {"http://a.example/", "p.example:3128:", .proxy = "http://u:p@p.example:3128"},
      {"http://a.example/", "p.example:3128:", .proxy = "p.example:3128"},
      {"http://a.example/", "p.example:1080:", .proxy = "http://p.example"},
      {"http://a.example/", "p.example:1080:", .proxy = "socks5h://p.example"},
      {"http://a.example/", "p.example:443:", .proxy = "https://p.example"},
      {"http://a.example/", NULL, .proxy = "127.0.0.1:3128"},
      {"http://a.example/", "a.example:80:", .proxy = ""},
      {"http://a.example/", NULL, .proxy = "p.example:3128", .noproxy = "a.example"},
      {"http://a.example/", "p.example:3128:", .proxy = "p.example:3128", .noproxy = ""},
      {"http://a.example/", "p.example:3128:", .proxy = "p.example:3128", .connect_to = LIST("::b.example:")},
  };
  EXPECT(rows, false);
}

static void set_environment(const char *name, const char *value)
{
  if (value)
    setenv(name, value, 1);
  else
    unsetenv(name);
}

static void proxy_of_the_environment_counts_where_it_is_asked_for(void **state)
{
  (void)state;
  static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                      "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    unsetenv(names[i]);
  static const struct {
    const char *name;
    struct row row;
  } rows[] = {
      {"http_proxy", {"http://a.example/", "p.example:3128:"}},
      {"http_proxy", {"https://a.example/", "a.example:443:"}},
      {"HTTP_PROXY", {"http://a.example/", "a.example:80:"}}, /* a server's, of a request's header "Proxy" */
      {"https_proxy", {"https://a.example/", "p.example:3128:"}},
      {"HTTPS_PROXY", {"https://a.example/", "p.example:3128:"}},
      {"all_proxy", {"http://a.example/", "p.example:3128:"}},
      {"ALL_PROXY", {"https://a.example/", "p.example:3128:"}},
      {"ALL_PROXY", {"https://a.example/", "q.example:1:", .proxy = "q.example:1"}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    set_environment(rows[i].name, "http://p.example:3128");
    expect(&rows[i].row, true);
    set_environment(rows[i].name, NULL);
  }
  static const struct row none[] = {{"http://a.example/", "a.example:80:"}}, left[] = {{"http://a.example/", NULL}};
  set_environment("http_proxy", "http://p.example:3128");
  EXPECT(none, false);
  set_environment("no_proxy", "b.example");
  EXPECT(left, true);
  set_environment("no_proxy", NULL);
  set_environment("http_proxy", "");
  EXPECT(none, true);
  set_environment("http_proxy", "http://:no such thing");
  EXPECT(left, true);
  set_environment("http_proxy", NULL);
}

static void endpoints_of_one_name_share_its_host(void **state)
{
  (void)state;
  struct ps_resolver resolver;
  struct ps_route first, second;
  ps_resolver_init(&resolver);
  assert_int_equal(
      ps_route_init(&first, &(struct ps_endpoint_settings){.url = "http://a:1/"}, "http://a:1/", &resolver), 0);
  assert_int_equal(ps_route_init(&second, &(struct ps_endpoint_settings){.url = "https://A/"}, "https://A/", &resolver),
                   0);
  assert_ptr_equal(first.host, second.host);
  ps_route_fini(&first);
  ps_route_fini(&second);
  ps_resolver_fini(&resolver);
}

static struct ps_host *host_for(struct ps_resolver *resolver, bool ipv4, bool ipv6)
{
  struct ps_route route;
  const struct ps_endpoint_settings settings = {.ipv4 = ipv4, .ipv6 = ipv6};
  assert_int_equal(ps_route_init(&route, &settings, "http://a/", resolver), 0);
  struct ps_host *host = route.host;
  ps_route_fini(&route);
  return host;
}

static void endpoints_of_one_name_that_want_different_families_have_hosts_of_their_own(void **state)
{
  (void)state;
  struct ps_resolver resolver;
  ps_resolver_init(&resolver);
  struct ps_host *any = host_for(&resolver, false, false), *four = host_for(&resolver, true, false),
                 *six = host_for(&resolver, false, true);
  assert_ptr_not_equal(any, four);
  assert_ptr_not_equal(any, six);
  assert_ptr_not_equal(four, six);
  assert_ptr_equal(host_for(&resolver, false, true), six);
  assert_ptr_equal(host_for(&resolver, true, true), any);
  ps_resolver_fini(&resolver);
}

static void localhost_given_an_address_of_the_other_family_is_left_to_libcurl(void **state)
{
  (void)state;
  struct ps_resolver resolver;
  struct ps_route route;
  const struct ps_endpoint_settings settings = {
      .resolve = LIST("localhost:80:127.0.0.1"), .resolve_count = 1, .ipv6 = true};
  ps_resolver_init(&resolver);
  assert_int_equal(ps_route_init(&route, &settings, "http://localhost/", &resolver), 0);
  assert_null(route.host);
  ps_route_fini(&route);
  ps_resolver_fini(&resolver);
}

/* ---- What a slot is given */

static ps_time now;

ps_time __wrap_ps_now(void);
ps_time __real_ps_now(void);

ps_time __wrap_ps_now(void)
{
  return now;
}

/* An endpoint with two slots. */
struct way {
  struct ps_resolver resolver;
  struct ps_route route;
  CURL *model;
  struct ps_slot *slot, *other;
};

static void start_with(struct way *way, const struct ps_endpoint_settings *settings)
{
  now = __real_ps_now();
  ps_resolver_init(&way->resolver);
  assert_int_equal(ps_route_init(&way->route, settings, "http://a/", &way->resolver), 0);
  way->model = curl_easy_init();
  way->slot = ps_slot_new(way->model, NULL, way->route.host);
  way->other = ps_slot_new(way->model, NULL, way->route.host);
  assert_non_null(way->slot);
  assert_non_null(way->other);
}

static void start(struct way *way, const char *const *resolve)
{
  start_with(way, &(struct ps_endpoint_settings){.resolve = resolve, .resolve_count = count(resolve)});
}

static void finish(struct way *way)
{
  ps_slot_free(way->slot);
  ps_slot_free(way->other);
  curl_easy_cleanup(way->model);
  ps_route_fini(&way->route);
  ps_resolver_fini(&way->resolver);
}

/* The entry that counts is the last. */
static void expect_entry(const struct ps_slot *slot, const char *entry)
{
  const struct curl_slist *last = slot->resolve;
  while (last && last->next)
    last = last->next;
  assert_non_null(last);
  assert_string_equal(last->data, entry);
}

static void expect_first(struct way *way, struct ps_slot *slot, const char *entry)
{
  assert_int_equal(ps_route_find(&way->route, slot, now + PS_SECOND), PS_END_COMPLETE);
  expect_entry(slot, entry);
}

/* The try before was silent for two seconds. */
static void expect_next(struct way *way, struct ps_slot *slot, const char *entry)
{
  now += 2 * PS_SECOND;
  assert_true(ps_route_next(&way->route, slot, true, now + 100 * PS_SECOND));
  expect_entry(slot, entry);
}

static void slot_is_given_the_next_address_after_one_that_does_not_connect(void **state)
{
  (void)state;
  struct way way;
  start(&way, LIST("a:80:192.0.2.1,192.0.2.2,192.0.2.3,::1"));
  expect_first(&way, way.slot, "a:80:192.0.2.1,[::1]");
  assert_int_equal(ps_route_limit(&way.route, way.slot, 300 * PS_SECOND), 2 * PS_SECOND);
  expect_next(&way, way.slot, "a:80:192.0.2.2");
  expect_next(&way, way.slot, "a:80:192.0.2.3");
  expect_next(&way, way.slot, "a:80:192.0.2.1,[::1]");
  assert_int_equal(ps_route_limit(&way.route, way.slot, 300 * PS_SECOND), 4 * PS_SECOND);
  finish(&way);
}

static void slot_is_given_addresses_of_the_family_alone(void **state)
{
  (void)state;
  const char *const *resolve = LIST("a:80:192.0.2.1,::1,192.0.2.2,::2");
  struct ps_endpoint_settings settings = {.resolve = resolve, .resolve_count = 1, .ipv6 = true};
  struct way way;
  start_with(&way, &settings);
  expect_first(&way, way.slot, "a:80:[::1]");
  expect_next(&way, way.slot, "a:80:[::2]");
  expect_next(&way, way.slot, "a:80:[::1]");
  finish(&way);
  settings.ipv6 = false;
  settings.ipv4 = true;
  start_with(&way, &settings);
  expect_first(&way, way.slot, "a:80:192.0.2.1");
  expect_next(&way, way.slot, "a:80:192.0.2.2");
  finish(&way);
}

static void entries_of_the_user_stay_with_those_of_each_try(void **state)
{
  (void)state;
  struct way way;
  start(&way, LIST("b:80:192.0.2.9", "a:80:192.0.2.1,192.0.2.2"));
  expect_first(&way, way.slot, "a:80:192.0.2.1");
  assert_string_equal(way.slot->resolve->data, "b:80:192.0.2.9");
  expect_next(&way, way.slot, "a:80:192.0.2.2");
  assert_string_equal(way.slot->resolve->data, "b:80:192.0.2.9");
  finish(&way);
}

static void attempt_after_one_begins_with_the_address_that_worked_and_has_all_the_others(void **state)
{
  (void)state;
  struct way way;
  start(&way, LIST("a:80:192.0.2.1,192.0.2.2,192.0.2.3"));
  expect_first(&way, way.slot, "a:80:192.0.2.1");
  expect_first(&way, way.other, "a:80:192.0.2.1");
  expect_next(&way, way.slot, "a:80:192.0.2.2");
  ps_route_connected(&way.route, way.slot);
  expect_first(&way, way.slot, "a:80:192.0.2.2");
  expect_first(&way, way.other, "a:80:192.0.2.2");
  expect_next(&way, way.other, "a:80:192.0.2.3");
  expect_next(&way, way.other, "a:80:192.0.2.1");
  now += 61 * PS_SECOND;
  expect_first(&way, way.slot, "a:80:192.0.2.1");
  finish(&way);
}

static void address_is_tried_first_again_after_a_minute_by_a_slot_that_nobody_told(void **state)
{
  (void)state;
  struct way way;
  start(&way, LIST("a:80:192.0.2.1,192.0.2.2"));
  expect_first(&way, way.slot, "a:80:192.0.2.1");
  expect_next(&way, way.slot, "a:80:192.0.2.2");
  now += 59 * PS_SECOND;
  expect_first(&way, way.other, "a:80:192.0.2.2");
  now += 2 * PS_SECOND;
  expect_first(&way, way.other, "a:80:192.0.2.1");
  finish(&way);
}

static void address_that_refuses_is_the_last_unless_there_is_another(void **state)
{
  (void)state;
  struct way way;
  start(&way, LIST("a:80:192.0.2.1,192.0.2.2"));
  expect_first(&way, way.slot, "a:80:192.0.2.1");
  assert_true(ps_route_next(&way.route, way.slot, false, PS_NEVER));
  expect_entry(way.slot, "a:80:192.0.2.2");
  assert_int_equal(ps_route_limit(&way.route, way.slot, 300 * PS_SECOND), PS_NEVER);
  assert_false(ps_route_next(&way.route, way.slot, false, PS_NEVER));
  expect_first(&way, way.slot, "a:80:192.0.2.1");
  finish(&way);
}

static void time_that_is_over_ends_the_tries(void **state)
{
  (void)state;
  struct way way;
  start(&way, LIST("a:80:192.0.2.1,192.0.2.2"));
  expect_first(&way, way.slot, "a:80:192.0.2.1");
  now += PS_SECOND;
  assert_false(ps_route_next(&way.route, way.slot, true, now));
  expect_first(&way, way.slot, "a:80:192.0.2.2");
  finish(&way);
}

/* An attempt that is cut short says nothing of an address that it has hardly tried. */
static void address_of_a_cancelled_attempt_is_avoided_if_it_was_silent_for_long_enough(void **state)
{
  (void)state;
  struct way way;
  start(&way, LIST("a:80:192.0.2.1,192.0.2.2"));
  for (int i = 0; i < 2; i++) {
    ps_slot_rearm(way.slot, &way);
    expect_first(&way, way.slot, "a:80:192.0.2.1");
    ps_slot_cancel(way.slot, &way, PS_END_CANCELLED);
    now += i ? 250 * PS_MILLISECOND : 249 * PS_MILLISECOND;
    assert_false(ps_route_next(&way.route, way.slot, false, PS_NEVER));
  }
  expect_first(&way, way.slot, "a:80:192.0.2.2");
  finish(&way);
}

static void want_of_a_socket_is_not_held_against_an_address(void **state)
{
  (void)state;
  struct way way;
  start(&way, LIST("a:80:192.0.2.1,192.0.2.2"));
  expect_first(&way, way.slot, "a:80:192.0.2.1");
  way.slot->open_error = EMFILE;
  assert_false(ps_route_next(&way.route, way.slot, false, PS_NEVER));
  expect_first(&way, way.slot, "a:80:192.0.2.1");
  finish(&way);
}

static void way_without_a_name_has_no_tries(void **state)
{
  (void)state;
  struct way way;
  start(&way, LIST("a:80:not.an.address"));
  assert_int_equal(ps_route_find(&way.route, way.slot, now), PS_END_COMPLETE);
  assert_null(way.slot->resolve);
  assert_int_equal(ps_route_limit(&way.route, way.slot, PS_SECOND), PS_NEVER);
  assert_false(ps_route_next(&way.route, way.slot, false, PS_NEVER));
  ps_route_connected(&way.route, way.slot);
  finish(&way);
}

/* ---- Names that are looked up */

static const char *answer;

int __wrap_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found);
int __real_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found);

int __wrap_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
  struct addrinfo numeric = *hints;
  (void)name, (void)service;
  numeric.ai_flags = AI_NUMERICHOST;
  numeric.ai_family = AF_UNSPEC;
  return !answer ? EAI_NONAME : __real_getaddrinfo(answer, NULL, &numeric, found);
}

static void attempt_goes_on_to_an_address_that_the_name_has_by_then(void **state)
{
  (void)state;
  struct way way;
  start(&way, NULL);
  answer = "192.0.2.1";
  expect_first(&way, way.slot, "a:80:192.0.2.1");
  assert_int_equal(ps_route_limit(&way.route, way.slot, 300 * PS_SECOND), 2 * PS_SECOND);
  answer = "192.0.2.2";
  expect_next(&way, way.slot, "a:80:192.0.2.2");
  now += PS_SECOND;
  answer = "192.0.2.3";
  assert_true(ps_route_next(&way.route, way.slot, false, PS_NEVER));
  expect_entry(way.slot, "a:80:192.0.2.3");
  expect_first(&way, way.other, "a:80:192.0.2.3");
  finish(&way);
}

static void only_address_that_the_name_still_has_is_tried_for_all_the_time_that_is_left(void **state)
{
  (void)state;
  struct way way;
  start(&way, NULL);
  answer = "192.0.2.1";
  expect_first(&way, way.slot, "a:80:192.0.2.1");
  expect_next(&way, way.slot, "a:80:192.0.2.1");
  assert_int_equal(ps_route_limit(&way.route, way.slot, 300 * PS_SECOND), PS_NEVER);
  expect_first(&way, way.other, "a:80:192.0.2.1");
  assert_int_equal(ps_route_limit(&way.route, way.other, 300 * PS_SECOND), PS_NEVER);
  finish(&way);
}

/* libcurl keeps what it was given. */
static void addresses_that_only_the_system_can_use_take_the_place_of_those_before(void **state)
{
  (void)state;
  struct way way;
  start(&way, NULL);
  answer = "192.0.2.1";
  expect_first(&way, way.slot, "a:80:192.0.2.1");
  now += 61 * PS_SECOND;
  answer = "fe80::1";
  expect_first(&way, way.slot, "-a:80");
  finish(&way);
}

static void words_of_a_name_without_an_address_of_the_family_name_the_option(void **state)
{
  (void)state;
  static const struct {
    bool ipv4, ipv6;
    const char *words;
  } rows[] = {
      {false, false, "could not resolve host a: "},
      {true, true, "could not resolve host a: "},
      {true, false, "no IPv4 address, and -4 (ipv4) allows no other: could not resolve host a: "},
      {false, true, "no IPv6 address, and -6 (ipv6) allows no other: could not resolve host a: "},
  };
  answer = NULL;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct way way;
    start_with(&way, &(struct ps_endpoint_settings){.ipv4 = rows[i].ipv4, .ipv6 = rows[i].ipv6});
    assert_int_equal(ps_route_find(&way.route, way.slot, now + PS_SECOND), PS_END_RESOLVE);
    assert_memory_equal(way.slot->words, rows[i].words, strlen(rows[i].words));
    finish(&way);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(name_of_the_url_is_looked_up_with_its_port),
      cmocka_unit_test(addresses_that_are_given_are_those_that_libcurl_would_take),
      cmocka_unit_test(addresses_that_are_given_do_not_count_without_one_of_the_family),
      cmocka_unit_test(host_that_has_its_address_by_itself_may_be_given_others),
      cmocka_unit_test(other_host_to_connect_to_is_looked_up_instead),
      cmocka_unit_test(proxy_is_looked_up_in_place_of_the_endpoint),
      cmocka_unit_test(proxy_of_the_environment_counts_where_it_is_asked_for),
      cmocka_unit_test(endpoints_of_one_name_share_its_host),
      cmocka_unit_test(endpoints_of_one_name_that_want_different_families_have_hosts_of_their_own),
      cmocka_unit_test(localhost_given_an_address_of_the_other_family_is_left_to_libcurl),
      cmocka_unit_test(slot_is_given_the_next_address_after_one_that_does_not_connect),
      cmocka_unit_test(slot_is_given_addresses_of_the_family_alone),
      cmocka_unit_test(entries_of_the_user_stay_with_those_of_each_try),
      cmocka_unit_test(attempt_after_one_begins_with_the_address_that_worked_and_has_all_the_others),
      cmocka_unit_test(address_is_tried_first_again_after_a_minute_by_a_slot_that_nobody_told),
      cmocka_unit_test(address_that_refuses_is_the_last_unless_there_is_another),
      cmocka_unit_test(time_that_is_over_ends_the_tries),
      cmocka_unit_test(address_of_a_cancelled_attempt_is_avoided_if_it_was_silent_for_long_enough),
      cmocka_unit_test(want_of_a_socket_is_not_held_against_an_address),
      cmocka_unit_test(way_without_a_name_has_no_tries),
      cmocka_unit_test(attempt_goes_on_to_an_address_that_the_name_has_by_then),
      cmocka_unit_test(only_address_that_the_name_still_has_is_tried_for_all_the_time_that_is_left),
      cmocka_unit_test(addresses_that_only_the_system_can_use_take_the_place_of_those_before),
      cmocka_unit_test(words_of_a_name_without_an_address_of_the_family_name_the_option),
  };
  return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
