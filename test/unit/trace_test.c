/* The conversation in words: what a line looks like, and that no secret is in it. */
#include "net/trace.h"

#include "net/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct ps_resolver resolver = {.hosts = {&resolver.hosts, &resolver.hosts}};
static struct ps_endpoint endpoint;
static char shown[500];

static void show(void *context, const char *name, const char *line)
{
  (void)context;
  assert_string_equal(name, "a");
  strcat(strcat(shown, line), "\n");
}

static int init(void **state)
{
  (void)state;
  struct ps_request_settings requests;
  struct ps_error error;
  ps_request_settings_init(&requests);
  requests.trace = show;
  return ps_endpoint_init(&endpoint,
                          &(struct ps_endpoint_settings){.url = "http://127.0.0.1/",
                                                         .name = "a",
                                                         .secret_headers = (const char *const[]){"X-Custom", "X-More"},
                                                         .secret_header_count = 2},
                          &requests, 1, &resolver, &error);
}

static int fini(void **state)
{
  (void)state;
  ps_endpoint_fini(&endpoint);
  ps_resolver_fini(&resolver);
  return 0;
}

struct row {
  const char *told, *shown;
};

static void expect(curl_infotype type, const struct row *rows, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    char told[200];
    shown[0] = '\0';
    strcpy(told, rows[i].told);
    assert_int_equal(ps_trace_debug(NULL, type, told, strlen(told), &endpoint), 0);
    assert_string_equal(shown, rows[i].shown);
  }
}

#define EXPECT(type, rows) expect(type, rows, sizeof(rows) / sizeof *(rows))

static void headers_are_shown_line_by_line_without_secrets(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"POST /?token=hunter2&a[b:c]=1 HTTP/1.1\r\nHost: h\r\nAuthorization: hunter2\r\n\r\n",
       "> POST /?token=***&a[b:c]=1 HTTP/1.1\n> Host: h\n> Authorization: ***\n> \n"},
      {"GET /x?token[a:b]=hunter2 HTTP/1.1\r\n", "> GET /x?token[a:b]=*** HTTP/1.1\n"},
      {"X-Custom: hunter2\r\nx-more:hunter2\r\nX-Mor: 1\r\nX-Mores: 2\r\n",
       "> X-Custom: ***\n> x-more: ***\n> X-Mor: 1\n> X-Mores: 2\n"},
  };
  EXPECT(CURLINFO_HEADER_OUT, rows);
  static const struct row answers[] = {{"x-CUSTOM: hunter2\r\n", "< x-CUSTOM: ***\n"}};
  EXPECT(CURLINFO_HEADER_IN, answers);
}

static void headers_of_HTTP2_that_are_told_in_words_are_shown_without_secrets(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"h2h3 [authorization: hunter2]\n", "* h2h3 [authorization: ***\n"},
      {"h2h3 [x-custom: hunter2]\n", "* h2h3 [x-custom: ***\n"},
      {"[HTTP/2] [1] [cookie: hunter2]\n", "* [HTTP/2] [1] [cookie: ***\n"},
      {"[HTTP/2] [1] [:path: /?token=hunter2]\n", "* [HTTP/2] [1] [:path: /?token=***\n"},
      {"h2h3 [accept: [hunter]]\n", "* h2h3 [accept: [hunter]]\n"},
      {"[HTTP/2] [1] OPENED stream for https://u:hunter2@h/\n", "* [HTTP/2] [1] OPENED stream for https://h/\n"},
  };
  EXPECT(CURLINFO_TEXT, rows);
}

static void other_words_are_shown_without_secrets(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"  Trying [::1]:80...\n", "*   Trying [::1]:80...\n"},
      {"Server auth using Basic with user 'hunter2'\n", "* Server auth using Basic\n"},
      {"Issue another request to this URL: 'http://u:hunter2@[::1]/'\n",
       "* Issue another request to this URL: 'http://[::1]/'\n"},
      {"Uses proxy env variable http_proxy == 'http://u:hun\nter2@h'\n", "* Uses proxy env variable http_proxy\n"},
      {"Unsupported proxy syntax in 'u:hun\nter2@[h'\n", "* Unsupported proxy syntax in '***'\n"},
  };
  EXPECT(CURLINFO_TEXT, rows);
}

static void nothing_that_a_terminal_obeys_is_shown(void **state)
{
  (void)state;
  static const struct row rows[] = {{"X-One: \x1b[31m\a\r\n", "< X-One: ?[31m?\n"}};
  EXPECT(CURLINFO_HEADER_IN, rows);
}

static void bodies_are_not_shown(void **state)
{
  (void)state;
  static const struct row rows[] = {{"hunter2\n", ""}};
  EXPECT(CURLINFO_DATA_OUT, rows);
  EXPECT(CURLINFO_DATA_IN, rows);
  EXPECT(CURLINFO_SSL_DATA_OUT, rows);
}

#define SENTENCE(name) cmocka_unit_test_setup_teardown(name, init, fini)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(headers_are_shown_line_by_line_without_secrets),
      SENTENCE(headers_of_HTTP2_that_are_told_in_words_are_shown_without_secrets),
      SENTENCE(other_words_are_shown_without_secrets),
      SENTENCE(nothing_that_a_terminal_obeys_is_shown),
      SENTENCE(bodies_are_not_shown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
