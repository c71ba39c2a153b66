/* What an endpoint decides of a request: its method, its Idempotency-Key, and whether it may be made again. */
#include "net/endpoint.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct ps_request_settings requests;
static struct ps_endpoint_settings settings;
static struct ps_error error;
static struct ps_resolver resolver = {.hosts = {&resolver.hosts, &resolver.hosts}};
static struct ps_endpoint endpoint;

static int fresh(void **state)
{
  (void)state;
  ps_request_settings_init(&requests);
  ps_endpoint_settings_init(&settings);
  settings.url = "http://127.0.0.1/";
  return 0;
}

static int fini(void **state)
{
  (void)state;
  ps_endpoint_fini(&endpoint);
  ps_resolver_fini(&resolver);
  return 0;
}

static void make(void)
{
  assert_int_equal(ps_endpoint_init(&endpoint, &settings, &requests, 1, &resolver, &error), 0);
}

static void make_with_header(const char *line)
{
  settings.headers = &line;
  settings.header_count = 1;
  make();
}

static void method_is_POST_with_a_body_and_GET_without(void **state)
{
  (void)state;
  make();
  assert_string_equal(ps_endpoint_method(&endpoint, true), "POST");
  assert_string_equal(ps_endpoint_method(&endpoint, false), "GET");
}

static void key_is_added_unless_the_method_is_idempotent(void **state)
{
  (void)state;
  static const struct {
    const char *method;
    bool added;
  } rows[] = {{NULL, true},   {"POST", true},    {"PATCH", true},    {"put", true},   {"LOCK", true},
              {"PUT", false}, {"DELETE", false}, {"OPTIONS", false}, {"HEAD", false}, {"GET", false}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    settings.method = rows[i].method;
    make();
    assert_int_equal(ps_endpoint_adds_key(&endpoint, true), rows[i].added);
    assert_true(ps_endpoint_may_repeat(&endpoint, true));
    ps_endpoint_fini(&endpoint);
  }
}

static void key_of_the_users_own_wins(void **state)
{
  (void)state;
  make_with_header("idempotency-key: mine");
  assert_false(ps_endpoint_adds_key(&endpoint, true));
  assert_true(ps_endpoint_may_repeat(&endpoint, true));
}

static void key_that_is_removed_or_empty_allows_no_repeat(void **state)
{
  (void)state;
  static const char *const lines[] = {"Idempotency-Key:", "Idempotency-Key: ", "Idempotency-Key;"};
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    make_with_header(lines[i]);
    assert_false(ps_endpoint_adds_key(&endpoint, true));
    assert_false(ps_endpoint_may_repeat(&endpoint, true));
    ps_endpoint_fini(&endpoint);
  }
}

static void key_that_is_turned_off_allows_a_repeat_of_idempotent_methods_only(void **state)
{
  (void)state;
  requests.idempotency_key = false;
  make();
  assert_false(ps_endpoint_adds_key(&endpoint, true));
  assert_false(ps_endpoint_may_repeat(&endpoint, true));
  assert_true(ps_endpoint_may_repeat(&endpoint, false));
}

static void times_are_as_the_settings_have_them(void **state)
{
  (void)state;
  make();
  assert_int_equal(endpoint.hedge_delay, PS_SECOND);
  assert_int_equal(endpoint.attempt_timeout, PS_NEVER);
  ps_endpoint_fini(&endpoint);
  settings.hedge_delay = 0;
  settings.attempt_timeout = 2 * PS_SECOND;
  make();
  assert_int_equal(endpoint.hedge_delay, 0);
  assert_int_equal(endpoint.attempt_timeout, 2 * PS_SECOND);
}

static void expect_refusal(const char *why)
{
  assert_int_equal(ps_endpoint_init(&endpoint, &settings, &requests, 1, &resolver, &error), -EINVAL);
  if (!strstr(error.text, why))
    fail_msg("'%s' does not say '%s'", error.text, why);
  ps_endpoint_fini(&endpoint);
}

static void template_that_cannot_be_is_refused_when_the_endpoint_is_made(void **state)
{
  (void)state;
  static const struct {
    const char *url, *header, *body, *why;
  } rows[] = {
      {"http://{{/h}}/", "X: 1", "1", "only in the path and the query"},
      {"ftp://h/{{/a}}", "X: 1", "1", "must begin with http:// or https://"},
      {"http://h/ {{/a}}", "X: 1", "1", "percent-encoded"},
      {"http://h/", "{{/a}}: 1", "1", "only after 'Name:'"},
      {"http://h/", "X: a\r\nY: {{/a}}", "1", "line break"},
      {"http://h/", "X: a\r\nY: b", "1", "line break"},
      {"http://h/", "Content-Length: {{/a}}", "1", "set from the body"},
      {"http://h/", "Content-Length: 1", "1", "set from the body"},
      {"http://h/", "X Y: {{/a}}", "1", "a header's name is made of letters"},
      {"http://h/", "X: 1", "{\"{{/a}}\":1}", "member's name"},
      {"http://h/", "X: 1", "{{/a}}", "not JSON"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    settings.url = rows[i].url;
    settings.url_template = true;
    settings.header_templates = &rows[i].header;
    settings.header_template_count = 1;
    settings.body_template = rows[i].body;
    expect_refusal(rows[i].why);
  }
}

static void braces_in_a_URL_are_a_template_only_where_it_is_said(void **state)
{
  (void)state;
  settings.url = "http://h/{{/a}}";
  make();
  assert_string_equal(endpoint.url, "http://h/{{/a}}");
  assert_false(ps_template_asks(&endpoint.url_template));
}

static void header_from_a_template_settles_what_a_header_settles(void **state)
{
  (void)state;
  settings.bearer = "b";
  settings.header_templates =
      (const char *const[]){"Content-Type: {{/a}}", "Authorization: {{/b}}", "Expect: {{/c}}", "idempotency-key: k"};
  settings.header_template_count = 4;
  make();
  assert_true(endpoint.own_type && endpoint.own_expect && endpoint.own_key && endpoint.key_sent);
  assert_false(endpoint.authenticates);
  assert_int_equal(endpoint.header_template_count, 3);
}

static void body_template_makes_it_a_POST(void **state)
{
  (void)state;
  settings.body_template = "{}";
  make();
  assert_string_equal(ps_endpoint_method(&endpoint, false), "POST");
  assert_true(ps_endpoint_adds_key(&endpoint, false));
}

#define SENTENCE(name) cmocka_unit_test_setup_teardown(name, fresh, fini)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(method_is_POST_with_a_body_and_GET_without),
      SENTENCE(key_is_added_unless_the_method_is_idempotent),
      SENTENCE(key_of_the_users_own_wins),
      SENTENCE(key_that_is_removed_or_empty_allows_no_repeat),
      SENTENCE(key_that_is_turned_off_allows_a_repeat_of_idempotent_methods_only),
      SENTENCE(times_are_as_the_settings_have_them),
      SENTENCE(template_that_cannot_be_is_refused_when_the_endpoint_is_made),
      SENTENCE(braces_in_a_URL_are_a_template_only_where_it_is_said),
      SENTENCE(header_from_a_template_settles_what_a_header_settles),
      SENTENCE(body_template_makes_it_a_POST),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
