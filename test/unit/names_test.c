/* The names of endpoints that were given none. */
#include "net/endpoint.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define MOST 4

struct named {
  const char *url, *given, *name;
};

static struct ps_resolver resolver = {.hosts = {&resolver.hosts, &resolver.hosts}};
static struct ps_endpoint endpoints[MOST];
static unsigned count;
static struct ps_error error;

static int init_transport(void **state)
{
  (void)state;
  return curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK;
}

static int fini_transport(void **state)
{
  (void)state;
  curl_global_cleanup();
  return 0;
}

static int fini_endpoints(void **state)
{
  (void)state;
  while (count > 0)
    ps_endpoint_fini(&endpoints[--count]);
  ps_resolver_fini(&resolver);
  return 0;
}

static int name_all(const struct named *rows)
{
  struct ps_request_settings requests;
  ps_request_settings_init(&requests);
  for (; count < MOST && rows[count].url; count++) {
    struct ps_endpoint_settings settings = {.url = rows[count].url, .name = rows[count].given};
    assert_int_equal(ps_endpoint_init(&endpoints[count], &settings, &requests, 1, &resolver, &error), 0);
  }
  return ps_endpoints_name(endpoints, count, &error);
}

static void expect_names(const struct named *rows)
{
  assert_int_equal(name_all(rows), 0);
  for (unsigned i = 0; i < count; i++)
    assert_string_equal(endpoints[i].name, rows[i].name);
}

static void endpoint_is_named_after_its_host(void **state)
{
  (void)state;
  static const struct named rows[MOST] = {
      {"https://user:pass@api.example:8443/v1?key=1", NULL, "api.example"},
      {"http://127.0.0.1:8080/", NULL, "127.0.0.1"},
      {"http://[::1]/", NULL, "[::1]"},
  };
  expect_names(rows);
}

static void given_name_stays(void **state)
{
  (void)state;
  static const struct named rows[MOST] = {
      {"http://a/", "eu", "eu"},
      {"http://a/", "us", "us"},
      {"http://a/", NULL, "a"},
  };
  expect_names(rows);
}

static void port_tells_equal_hosts_apart(void **state)
{
  (void)state;
  static const struct named rows[MOST] = {
      {"http://a:8001/", NULL, "a:8001"},
      {"http://a:8002/", NULL, "a:8002"},
      {"https://a/", NULL, "a:443"},
      {"http://b/", NULL, "b"},
  };
  expect_names(rows);
}

static void number_tells_equal_hosts_and_ports_apart(void **state)
{
  (void)state;
  static const struct named rows[MOST] = {
      {"http://a/x", NULL, "a:80"},
      {"http://a/y", NULL, "a:80-2"},
      {"http://a:80/z", NULL, "a:80-3"},
      {"http://a:81/", NULL, "a:81"},
  };
  expect_names(rows);
}

static void host_that_was_given_as_a_name_is_not_used_again(void **state)
{
  (void)state;
  static const struct named rows[MOST] = {
      {"http://a/", NULL, "a:80"},
      {"http://b/", "a", "a"},
  };
  expect_names(rows);
}

static void number_that_was_given_as_a_name_is_not_used_again(void **state)
{
  (void)state;
  static const struct named rows[MOST] = {
      {"http://a/", NULL, "a:80"},
      {"http://a/", NULL, "a:80-3"},
      {"http://b/", "a:80-2", "a:80-2"},
  };
  expect_names(rows);
}

static void port_that_an_earlier_endpoint_was_given_as_a_name_is_not_used_again(void **state)
{
  (void)state;
  static const struct named rows[MOST] = {
      {"http://b/", "a:80", "a:80"},
      {"http://a/x", NULL, "a:80-2"},
      {"http://a/y", NULL, "a:80-3"},
  };
  expect_names(rows);
}

static void port_that_a_later_endpoint_was_given_as_a_name_is_not_used_again(void **state)
{
  (void)state;
  static const struct named rows[MOST] = {
      {"http://a/x", NULL, "a:80-2"},
      {"http://a/y", NULL, "a:80-3"},
      {"http://b/", "a:80", "a:80"},
  };
  expect_names(rows);
}

static void name_given_twice_is_refused(void **state)
{
  (void)state;
  static const struct named rows[MOST] = {
      {"http://a/", "one", NULL},
      {"http://b/", NULL, NULL},
      {"http://c/", "one", NULL},
  };
  assert_int_equal(name_all(rows), -EINVAL);
  assert_string_equal(error.text, "endpoint 'one': two endpoints have this name");
}

#define SENTENCE(name) cmocka_unit_test_teardown(name, fini_endpoints)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(endpoint_is_named_after_its_host),
      SENTENCE(given_name_stays),
      SENTENCE(port_tells_equal_hosts_apart),
      SENTENCE(number_tells_equal_hosts_and_ports_apart),
      SENTENCE(host_that_was_given_as_a_name_is_not_used_again),
      SENTENCE(number_that_was_given_as_a_name_is_not_used_again),
      SENTENCE(port_that_an_earlier_endpoint_was_given_as_a_name_is_not_used_again),
      SENTENCE(port_that_a_later_endpoint_was_given_as_a_name_is_not_used_again),
      SENTENCE(name_given_twice_is_refused),
  };
  return cmocka_run_group_tests(tests, init_transport, fini_transport);
}
