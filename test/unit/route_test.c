/* Whose addresses are looked up before a request: the table of all the ways there are. */
#include "net/route.h"

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
  struct poolsend_endpoint settings = {
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

static void name_whose_address_is_given_is_not_looked_up(void **state)
{
  (void)state;
  const struct row rows[] = {
      {"http://a.example/", NULL, .resolve = LIST("a.example:80:127.0.0.1")},
      {"http://a.example/", NULL, .resolve = LIST("+A.example:80:127.0.0.1")},
      {"http://a.example/", NULL, .resolve = LIST("*:80:127.0.0.1")},
      {"http://a.example/", NULL, .resolve = LIST("b:80:1.1.1.1", "a.example:80:127.0.0.1")},
      {"http://a.example/", "a.example:80:", .resolve = LIST("a.example:81:127.0.0.1")},
      {"http://a.example/", "a.example:80:", .resolve = LIST("xa.example:80:127.0.0.1")},
      {"http://a.example/", "a.example:80:", .resolve = LIST("-a.example:80")},
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
      {"http://a.example/", NULL, .connect_to = LIST("::b:81"), .resolve = LIST("b:81:127.0.0.1")},
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
  assert_int_equal(ps_route_init(&first, &(struct poolsend_endpoint){.url = "http://a:1/"}, "http://a:1/", &resolver),
                   0);
  assert_int_equal(ps_route_init(&second, &(struct poolsend_endpoint){.url = "https://A/"}, "https://A/", &resolver),
                   0);
  assert_ptr_equal(first.host, second.host);
  ps_route_fini(&first);
  ps_route_fini(&second);
  ps_resolver_fini(&resolver);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(name_of_the_url_is_looked_up_with_its_port),
      cmocka_unit_test(name_whose_address_is_given_is_not_looked_up),
      cmocka_unit_test(other_host_to_connect_to_is_looked_up_instead),
      cmocka_unit_test(proxy_is_looked_up_in_place_of_the_endpoint),
      cmocka_unit_test(proxy_of_the_environment_counts_where_it_is_asked_for),
      cmocka_unit_test(endpoints_of_one_name_share_its_host),
  };
  return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
