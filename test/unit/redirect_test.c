/* What a redirect makes of a request (RFC 9110, 15.4), and which origin it stays in (RFC 6454, 4). */
#include "net/redirect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define SAME  PS_REDIRECT_AS_IT_IS
#define GET   PS_REDIRECT_TO_GET
#define LOSES PS_REDIRECT_LOSES

static void post_is_not_sent_on_where_it_would_lose_its_body(void **state)
{
  (void)state;
  static const struct {
    const char *method;
    enum ps_redirect of[5]; /* 301, 302, 303, 307, 308 */
  } rows[] = {
      {"POST", {LOSES, LOSES, GET, SAME, SAME}}, {"PUT", {SAME, SAME, GET, SAME, SAME}},
      {"DELETE", {SAME, SAME, GET, SAME, SAME}}, {"post", {SAME, SAME, GET, SAME, SAME}}, /* methods have a case */
      {"GET", {SAME, SAME, GET, SAME, SAME}},    {"HEAD", {SAME, SAME, SAME, SAME, SAME}},
  };
  static const int statuses[] = {301, 302, 303, 307, 308};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    for (size_t k = 0; k < 5; k++)
      assert_int_equal(ps_redirect_kind(statuses[k], rows[i].method), rows[i].of[k]);
}

static void other_redirects_leave_the_request_as_it_is(void **state)
{
  (void)state;
  static const int statuses[] = {300, 304, 305, 306, 309, 399};
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
    assert_int_equal(ps_redirect_kind(statuses[i], "POST"), SAME);
}

static void only_a_303_says_that_the_api_may_have_acted(void **state)
{
  (void)state;
  assert_true(ps_redirect_acted(303, "POST"));
  assert_true(ps_redirect_acted(303, "DELETE"));
  assert_false(ps_redirect_acted(303, "GET"));
  assert_false(ps_redirect_acted(303, "HEAD"));
  assert_false(ps_redirect_acted(302, "POST"));
  assert_false(ps_redirect_acted(307, "POST"));
}

static void origin_is_scheme_host_and_port(void **state)
{
  (void)state;
  static const struct {
    const char *to;
    bool stays;
  } rows[] = {
      {"http://a.test/", true},
      {"http://a.test:80/x?y#z", true},
      {"HTTP://A.TEST/", true},
      {"http://user:secret@a.test/", true},
      {"https://a.test/", false},
      {"https://a.test:80/", false},
      {"http://a.test:8080/", false},
      {"http://b.test/", false},
      {"http://a.test.evil.test/", false},
      {"http://a.test@evil.test/", false},
      {"", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    assert_int_equal(ps_redirect_stays("http://a.test/from", rows[i].to), rows[i].stays);
}

static void only_http_and_https_are_followed(void **state)
{
  (void)state;
  assert_true(ps_redirect_is_http("http://a/") && ps_redirect_is_http("HTTPS://a/"));
  assert_true(ps_redirect_is_https("https://a/") && !ps_redirect_is_https("http://a/"));
  assert_false(ps_redirect_is_http("ftp://a/") || ps_redirect_is_http("file:///a") ||
               ps_redirect_is_http("httpx://a/"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(post_is_not_sent_on_where_it_would_lose_its_body),
      cmocka_unit_test(other_redirects_leave_the_request_as_it_is),
      cmocka_unit_test(only_a_303_says_that_the_api_may_have_acted),
      cmocka_unit_test(origin_is_scheme_host_and_port),
      cmocka_unit_test(only_http_and_https_are_followed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
