/* What is hidden, and what is not. */
#include "net/redact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

struct row {
  const char *text, *shown; /* NULL: as it is */
};

typedef int redact_fn(struct ps_buf *out, const char *text, size_t size);

static struct ps_buf out;

static int free_out(void **state)
{
  (void)state;
  ps_buf_fini(&out);
  return 0;
}

static void check(redact_fn *redact, const struct row *row)
{
  const char *expected = row->shown ? row->shown : row->text;
  ps_buf_clear(&out);
  assert_int_equal(ps_buf_puts(&out, "> "), 0);
  assert_int_equal(redact(&out, row->text, strlen(row->text)), 0);
  if (strcmp(out.data + 2, expected) != 0)
    fail_msg("'%s' is shown as '%s' instead of '%s'", row->text, out.data + 2, expected);
  assert_memory_equal(out.data, "> ", 2);
}

#define CHECK_ALL(redact, rows)                                                                                        \
  for (size_t i = 0; i < sizeof(rows) / sizeof *(rows); i++)                                                           \
  check(redact, &(rows)[i])

static void user_information_of_a_url_is_left_out(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"https://user:pass@host/path", "https://host/path"},
      {"http://user@host", "http://host"},
      {"http://:pass@host:81/", "http://host:81/"},
      {"http://@host/", "http://host/"},
      {"http://u:p@ss@host/", "http://host/"},
      {"http://u:p@[::1]:8080/x", "http://[::1]:8080/x"},
      {"http://u:p@host?x=1", "http://host?x=1"},
      {"http://u:p%40q@host#f", "http://host#f"},
      {"HTTPS://U:P@HOST/", "HTTPS://HOST/"},
      {"socks5h://u:p@proxy:1080", "socks5h://proxy:1080"},
  };
  CHECK_ALL(ps_redact_append, rows);
}

/* RFC 3986, 3.2.1 allows an apostrophe in user information, 3.4 in a query. */
static void quotes_within_a_secret_do_not_end_it(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"http://u:it's@host/", "http://host/"},
      {"http://u:say\"hi\"@host/", "http://host/"},
      {"http://h/?token=it's", "http://h/?token=***"},
      {"http://h/?token=a\"b&x=1", "http://h/?token=***&x=1"},
  };
  CHECK_ALL(ps_redact_append, rows);
}

static void at_sign_elsewhere_is_no_user_information(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"http://host/@me", NULL},
      {"http://host/a@b/c", NULL},
      {"http://host?mail=a@b", NULL},
      {"http://host#a@b", NULL},
      {"mail a@b now", NULL},
      {"http://host/x://u:p@y/", "http://host/x://y/"},
      {"http://host is not a@b", NULL},
      {"://", NULL},
      {"a://", NULL},
  };
  CHECK_ALL(ps_redact_append, rows);
}

static void value_of_a_secret_parameter_is_hidden(void **state)
{
  (void)state;
  static const char *const names[] = {"token",
                                      "TOKEN",
                                      "access_token",
                                      "refresh-token",
                                      "key",
                                      "api_key",
                                      "apikey",
                                      "apiKey",
                                      "X-Api-Key",
                                      "sig",
                                      "signature",
                                      "X-Amz-Signature",
                                      "secret",
                                      "client_secret",
                                      "password",
                                      "passwd",
                                      "pwd",
                                      "X-Amz-Credential",
                                      "auth",
                                      "auth_token",
                                      "authorization",
                                      "X-Amz-Security-Token",
                                      "X-Goog-Signature",
                                      "subscription-key",
                                      "passcode",
                                      "bearer",
                                      "hmac",
                                      "client_assertion",
                                      "pin-value",
                                      "key2",
                                      "key[]",
                                      "key[0]",
                                      "api[key]",
                                      "api.key.value",
                                      "user[password]",
                                      "%74oken",
                                      "t%6Fken",
                                      "a;token"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char text[200], shown[200];
    snprintf(text, sizeof text, "http://h/p?a=1&%s=hu:nt/er?2&b=2", names[i]);
    snprintf(shown, sizeof shown, "http://h/p?a=1&%s=***&b=2", names[i]);
    check(ps_redact_append, &(struct row){text, shown});
    snprintf(text, sizeof text, "http://h/p?%s=hunter2#part", names[i]);
    snprintf(shown, sizeof shown, "http://h/p?%s=***#part", names[i]);
    check(ps_redact_append, &(struct row){text, shown});
  }
}

static void name_that_only_resembles_a_secret_is_none(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"http://h/?keyboard=us", NULL},         {"http://h/?monkeys=3", NULL}, {"http://h/?pinned=1", NULL},
      {"http://h/?pass_through=1", NULL},      {"http://h/?a[b]=1", NULL},    {"http://h/?2=1", NULL},
      {"a/b; charset=utf-8;boundary=x", NULL}, {"http://h/?q=1%26b=2", NULL},
  };
  CHECK_ALL(ps_redact_append, rows);
}

/* ";" is an older "&", and begins the parameters of a path (RFC 3986, 3.3). */
static void parameter_behind_a_semicolon_is_one(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"http://h/?a=1;token=hunter2", "http://h/?a=1;token=***"},
      {"http://h/p;key=hunter2/q?a=1", "http://h/p;key=***"},
      {"pkcs11:object=a;pin-value=hunter2", "pkcs11:object=a;pin-value=***"},
  };
  CHECK_ALL(ps_redact_append, rows);
}

static void parameter_of_a_url_in_another_one_is_hidden(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"http://h/?next=%2Fa%3Ftoken%3Dhunter2&b=1", "http://h/?next=%2Fa%3Ftoken%3D***&b=1"},
      {"http://h/?next=%2fa%3fx%3d1%26sig%3dhunter2", "http://h/?next=%2fa%3fx%3d1%26sig%3d***"},
      {"http://h/?token%3Dhunter2", "http://h/?token%3D***"},
      {"http://h/?a%3Dtoken=hunter2&b=1", "http://h/?a%3Dtoken=***&b=1"},
      {"http://h/?a%3D1%26token=hunter2", "http://h/?a%3D1%26token=***"},
      {"http://h/?a%3D1%26b%3D2&c=d", NULL},
      {"http://h/?next=%2Fa%3Fx%3D1", NULL},
      {"http://h/?a%", NULL},
      {"http://h/?a%3", NULL},
  };
  CHECK_ALL(ps_redact_append, rows);
}

/* As libcurl quotes what the environment names. */
static void proxy_that_cannot_be_read_is_hidden(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"Unsupported proxy syntax in 'user:hunter2@[bad'", "Unsupported proxy syntax in '***'"},
      {"Unsupported proxy syntax in 'u:hunt'er2@[bad': why", "Unsupported proxy syntax in '***': why"},
      {"Unsupported proxy syntax in 'user:hunter2", "Unsupported proxy syntax in '***"},
      {"Unsupported proxy scheme for 'ftp://u:hunter2@h'", "Unsupported proxy scheme for 'ftp://h'"},
  };
  CHECK_ALL(ps_redact_append, rows);
}

static void edges_of_a_query_are_kept(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"", NULL},
      {"?", NULL},
      {"&", NULL},
      {"http://h/?", NULL},
      {"http://h/?&", NULL},
      {"http://h/?a&&b", NULL},
      {"http://h/?=x", NULL},
      {"http://h/?token", NULL},
      {"http://h/?token=", "http://h/?token=***"},
      {"http://h/?token=&x=1", "http://h/?token=***&x=1"},
      {"http://h/?a=1&&token=2&&b=3", "http://h/?a=1&&token=***&&b=3"},
      {"http://h/?token=a=b==", "http://h/?token=***"},
      {"http://h/?token=1&token=2", "http://h/?token=***&token=***"},
      {"http://h/?x=token&y=key", NULL},
      {"http://h/token=1/key=2", NULL},
      {"http://h/?a?token=1", "http://h/?a?token=***"},
  };
  CHECK_ALL(ps_redact_append, rows);
}

static void every_url_of_a_line_is_redacted(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"from http://a:b@h1/?key=1 to https://c:d@h2/?sig=2 done",
       "from http://h1/?key=*** to https://h2/?sig=*** done"},
      {"http://h/?next=http://a:b@i/?token=1", "http://h/?next=http://i/?token=***"},
      {"request to this URL: 'http://a:b@h/x'", "request to this URL: 'http://h/x'"},
      {"http://a:b@h1\thttp://c:d@h2", "http://h1\thttp://h2"},
      {"http://h/?next=http://i&key=a@b/c&d=e", "http://h/?next=http://&d=e"},
      {"http://h/?next=http://i&@b/key=a/c&d=e", "http://h/?next=http://&d=e"},
      {"http://h/?next=http://a:b&c@i/", "http://h/?next=http://i/"},
  };
  CHECK_ALL(ps_redact_append, rows);
}

static void request_line_keeps_its_shape(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"POST /send?api_key=hunter2 HTTP/1.1", "POST /send?api_key=*** HTTP/1.1"},
      {"POST /send?api_key=hunter2&to=me HTTP/1.1", "POST /send?api_key=***&to=me HTTP/1.1"},
      {"GET http://u:p@h/ HTTP/1.1", "GET http://h/ HTTP/1.1"},
      {"GET / HTTP/1.1", NULL},
  };
  CHECK_ALL(ps_redact_append, rows);
  CHECK_ALL(ps_redact_append_header, rows);
}

/* A header's name ends at the first colon, but not every line with a colon is a header. */
static void line_that_is_no_header_is_not_taken_for_one(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"POST /send?token=123456:hunter2 HTTP/1.1", "POST /send?token=*** HTTP/1.1"},
      {"POST /auth/send?at=10:30 HTTP/1.1", NULL},
  };
  CHECK_ALL(ps_redact_append_header, rows);
}

static void text_without_secrets_is_unchanged(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"https://api.example/v1/send?to=%2B49&lang=de#top", NULL},
      {"* Connected to localhost (127.0.0.1) port 80 (#0)", NULL},
      {"a & b ? c = d", NULL},
      {"http://h/?token =1", NULL},
      {"gr\xc3\xbc\xc3\x9f dich", NULL},
  };
  CHECK_ALL(ps_redact_append, rows);
}

static void value_of_a_secret_header_is_hidden(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"Authorization: Bearer abc", "Authorization: ***"},
      {"authorization:abc", "authorization: ***"},
      {"Proxy-Authorization: Basic dTpw", "Proxy-Authorization: ***"},
      {"Cookie: a=b", "Cookie: ***"},
      {"Set-Cookie: a=b; Path=/", "Set-Cookie: ***"},
      {"X-Api-Key: abc", "X-Api-Key: ***"},
      {"X-Auth-Token: abc", "X-Auth-Token: ***"},
      {"X-Hub-Signature: sha1=abc", "X-Hub-Signature: ***"},
  };
  CHECK_ALL(ps_redact_append_header, rows);
}

static void other_headers_are_shown_without_what_is_secret_in_them(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"Idempotency-Key: 123-abc", NULL},
      {"idempotency-key: 123", NULL},
      {"Content-Type: application/json", NULL},
      {"Host: example:8080", NULL},
      {"", NULL},
      {"HTTP/1.1 200 OK", NULL},
      {"Location: http://u:p@h/?token=1&x=2", "Location: http://h/?token=***&x=2"},
  };
  CHECK_ALL(ps_redact_append_header, rows);
}

static void only_as_much_as_is_said_is_read(void **state)
{
  (void)state;
  static const char text[] = "http://h/?token=12345&rest";
  assert_int_equal(ps_redact_append(&out, text, strlen("http://h/?token=12")), 0);
  assert_string_equal(out.data, "http://h/?token=***");
  ps_buf_clear(&out);
  assert_int_equal(ps_redact_append(&out, text, strlen("http:/")), 0);
  assert_string_equal(out.data, "http:/");
  ps_buf_clear(&out);
  assert_int_equal(ps_redact_append_header(&out, "Cookie: a\r\nHost: b", strlen("Cookie: a")), 0);
  assert_string_equal(out.data, "Cookie: ***");
}

static void redacted_url_is_a_copy(void **state)
{
  (void)state;
  char *shown = ps_redact_url("https://u:p@h/?key=1&a=b");
  assert_string_equal(shown, "https://h/?key=***&a=b");
  free(shown);
  shown = ps_redact_url("");
  assert_string_equal(shown, "");
  free(shown);
}

static void words_are_one_line_that_no_terminal_obeys(void **state)
{
  (void)state;
  char *shown = ps_redact_url("in 'http://h\nX: y\x1b[31m\x7f'");
  assert_string_equal(shown, "in 'http://h?X: y?[31m?'");
  free(shown);
}

/* As long as the longest line of a header that libcurl takes. */
static void long_line_is_looked_through_once(void **state)
{
  (void)state;
  static const char *const again_and_again[] = {"?",   ";",     "%3f",  "%26",    "?a%3d",  ";a",
                                                "://", "://u@", "?://", "&key[]", "?://x;@"};
  for (size_t i = 0; i < sizeof again_and_again / sizeof *again_and_again; i++) {
    struct ps_buf line = {0};
    while (line.size < 100 * 1024)
      assert_int_equal(ps_buf_puts(&line, again_and_again[i]), 0);
    assert_int_equal(ps_buf_puts(&line, "="), 0);
    clock_t begin = clock();
    assert_int_equal(ps_redact_append(&out, line.data, line.size), 0);
    /* A hundredth of it is enough; to look again at what was looked at takes minutes. */
    if (clock() - begin > 5 * CLOCKS_PER_SEC)
      fail_msg("100 KiB of '%s' take %.1f s", again_and_again[i], (double)(clock() - begin) / CLOCKS_PER_SEC);
    ps_buf_fini(&line);
    ps_buf_clear(&out);
  }
}

#define SENTENCE(name) cmocka_unit_test_teardown(name, free_out)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(user_information_of_a_url_is_left_out),
      SENTENCE(quotes_within_a_secret_do_not_end_it),
      SENTENCE(at_sign_elsewhere_is_no_user_information),
      SENTENCE(value_of_a_secret_parameter_is_hidden),
      SENTENCE(name_that_only_resembles_a_secret_is_none),
      SENTENCE(parameter_behind_a_semicolon_is_one),
      SENTENCE(parameter_of_a_url_in_another_one_is_hidden),
      SENTENCE(proxy_that_cannot_be_read_is_hidden),
      SENTENCE(edges_of_a_query_are_kept),
      SENTENCE(every_url_of_a_line_is_redacted),
      SENTENCE(request_line_keeps_its_shape),
      SENTENCE(line_that_is_no_header_is_not_taken_for_one),
      SENTENCE(text_without_secrets_is_unchanged),
      SENTENCE(value_of_a_secret_header_is_hidden),
      SENTENCE(other_headers_are_shown_without_what_is_secret_in_them),
      SENTENCE(only_as_much_as_is_said_is_read),
      SENTENCE(long_line_is_looked_through_once),
      SENTENCE(redacted_url_is_a_copy),
      SENTENCE(words_are_one_line_that_no_terminal_obeys),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
