/* Request settings: what is taken, and what is refused in which words. */
#include "net/check.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

struct row {
  const char *text, *words; /* part of the refusal; NULL: it is taken */
};

typedef int check_fn(const char *text, struct ps_error *error);

static struct ps_error error;

static void expect_refusal(const char *text, int result, const char *words)
{
  if (result != -EINVAL)
    fail_msg("'%s' is not refused", text);
  if (!strstr(error.text, words))
    fail_msg("'%s' is refused with '%s', which does not say '%s'", text, error.text, words);
}

static void check(check_fn *function, const struct row *row)
{
  error.text[0] = '\0';
  int result = function(row->text, &error);
  if (row->words)
    expect_refusal(row->text, result, row->words);
  else if (result || error.text[0])
    fail_msg("'%s' is refused: %s", row->text, error.text);
}

#define CHECK_ALL(function, rows)                                                                                      \
  for (size_t i = 0; i < sizeof(rows) / sizeof *(rows); i++)                                                           \
  check(function, &(rows)[i])

static void url_with_scheme_and_host_is_taken(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"http://host", NULL},
      {"https://host/", NULL},
      {"HTTP://HOST/Path", NULL},
      {"https://user:pass@host:8443/p?q=1&r#f", NULL},
      {"http://127.0.0.1:80/", NULL},
      {"http://[::1]:8080/x", NULL},
      {"http://host/%20%0d%0a", NULL},
      {"http://host/?a=b'c\"d", NULL},
      {"http://host/gr\xc3\xbc\xc3\x9f", NULL},
  };
  CHECK_ALL(ps_check_url, rows);
}

static void url_that_is_not_http_or_has_no_host_is_refused(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"", "must begin with http:// or https://"},
      {"host", "must begin with http:// or https://"},
      {"host:80/path", "must begin with http:// or https://"},
      {"ftp://host/", "'ftp://host/': it must begin with http:// or https://"},
      {"file:///etc/passwd", "must begin with http:// or https://"},
      {"http:/host", "must begin with http:// or https://"},
      {"httpx://host", "must begin with http:// or https://"},
      {"http://", "cannot be understood as a URL with a host"},
      {"http://:80/", "cannot be understood as a URL with a host"},
      {"http://host:99999/", "cannot be understood as a URL with a host"},
      {"http://host:port/", "cannot be understood as a URL with a host"},
      {"http://[::1/", "cannot be understood as a URL with a host"},
  };
  CHECK_ALL(ps_check_url, rows);
}

static void url_that_would_end_the_request_line_is_refused(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"http://host/a b", "a space or a control character"},      {" http://host/", "a space or a control character"},
      {"http://host/\r\nX: y", "a space or a control character"}, {"http://host/\n", "a space or a control character"},
      {"http://host/\t", "a space or a control character"},       {"http://host/\x01", "percent-encoded (%20)"},
      {"http://host/\x7f", "a space or a control character"},
  };
  CHECK_ALL(ps_check_url, rows);
}

static void refusal_of_a_url_does_not_show_its_secrets(void **state)
{
  (void)state;
  static const char *const urls[] = {"ftp://user:hunter2@host/",     "http://user:hunter2@host:port/",
                                     "ftp://host/?token=hunter2",    "http://u:hunter2@host/ x",
                                     "http://host/?token=a hunter2", "http://user:hunter2%40host/",
                                     "http://user:hunter2",          "http://user:1hunter2/",
                                     "ftp://host/#hunter2",          "user:hunter2%40host"};
  for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
    assert_int_equal(ps_check_url(urls[i], &error), -EINVAL);
    assert_null(strstr(error.text, "hunter2"));
  }
}

static void long_url_is_refused_in_words_that_fit(void **state)
{
  (void)state;
  static char url[20000];
  memset(url, 'x', sizeof url - 1);
  assert_int_equal(ps_check_url(url, &error), -EINVAL);
  assert_non_null(strstr(error.text, "must begin with http:// or https://"));
}

static void method_is_a_token(void **state)
{
  (void)state;
  static const struct row rows[] = {{"POST", NULL},
                                    {"get", NULL},
                                    {"M-SEARCH", NULL},
                                    {"a!#$%&'*+-.^_`|~9Z", NULL},
                                    {"", "method: it must be a word such as POST or PUT"},
                                    {"PO ST", "without spaces or line breaks"},
                                    {"POST\r\n", "method: it must be a word"},
                                    {"POST /x", "method: it must be a word"},
                                    {"P(ST", "method: it must be a word"},
                                    {"GR\xc3\x9c", "method: it must be a word"}};
  CHECK_ALL(ps_check_method, rows);
}

static void header_with_a_name_and_a_value_is_taken(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"Name: value", NULL},
      {"Name:value", NULL},
      {"Name:", NULL},
      {"Name;", NULL},
      {"Name: ", NULL},
      {"X-Number-9: a: b; c", NULL},
      {"Host: other", NULL},
      {"Content-Type: a/b", NULL},
      {"Content-Length2: 1", NULL},
      {"X-Transfer-Encoding: 1", NULL},
      {"N!#$%&'*+.^_`|~: v", NULL},
      {"A: gr\xc3\xbc", NULL},
  };
  CHECK_ALL(ps_check_header, rows);
}

static void header_of_another_shape_is_refused(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"", "write 'Name: value', 'Name:' to remove it, or 'Name;' to send it empty"},
      {"Name", "header 'Name': write 'Name: value'"},
      {"Name value", "header 'Name': write 'Name: value'"},
      {"Name;value", "header 'Name': write 'Name: value'"},
      {":", "a header's name is made of letters"},
      {": value", "a header's name is made of letters"},
      {";", "a header's name is made of letters"},
      {"Na me: value", "header 'Na me': a header's name is made of letters"},
      {"Name : value", "header 'Name ': a header's name is made of letters"},
      {" Name: value", "a header's name is made of letters"},
      {"N(me: value", "a header's name is made of letters"},
      {"Gr\xc3\xbc: value", "a header's name is made of letters"},
  };
  CHECK_ALL(ps_check_header, rows);
}

/* The colon was forgotten, or it is not where it belongs. */
static void refusal_of_a_header_does_not_show_its_value(void **state)
{
  (void)state;
  static const char *const lines[] = {
      "Authorization Bearer hunter2",
      "Authorization Bearer hunter2: x",
      "Authorization Basic hunter2:x",
      "Authorization\thunter2",
      "Authorization Bearer hunter2\r\n",
      "X-Api-Key=hunter2",
      "Cookie=hunter2; a=b",
      "Cookie hunter2;a",
      "hunter2",
      "X-Anything=hunter2",
      "X-Anything=hunter2: x",
      "Authorization: hunter2\x01",
      "Content-Length: hunter2",
      "Authorization;hunter2",
      "Authorization:\thunter2\n",
      "Api Key: hunter2",
  };
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    assert_int_equal(ps_check_header(lines[i], &error), -EINVAL);
    if (strstr(error.text, "hunter2"))
      fail_msg("%s is refused with %s", lines[i], error.text);
  }
}

static void control_characters_are_refused_but_a_tab(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"Name: a\x01", "header 'Name': it holds a control character"},
      {"Name: a\x0b"
       "b",
       "header 'Name': it holds a control character"},
      {"Name: a\x7f", "header 'Name': it holds a control character"},
      {"Name: a\x1b[31m", "header 'Name': it holds a control character"},
      {"Name: a\tb", NULL},
      {"Name: \xff\x80", NULL},
  };
  CHECK_ALL(ps_check_header, rows);
  assert_int_equal(ps_check_text("agent", "a\x1b", &error), -EINVAL);
  assert_int_equal(ps_check_text("agent", "a\tb", &error), 0);
  static const struct row routes[] = {
      {"h:443:evil\r\nX:443", "a space or a control character"},
      {"h:443:evil\nX-One:443", "a space or a control character"},
      {"h:443:evil X:443", "a space or a control character"},
  };
  CHECK_ALL(ps_check_connect_to, routes);
  CHECK_ALL(ps_check_resolve, routes);
}

static void header_that_would_begin_another_is_refused(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"Name: value\r\nEvil: yes", "header 'Name': it holds a line break"},
      {"Name: value\n", "header 'Name': it holds a line break"},
      {"Name: value\r", "header 'Name': it holds a line break"},
      {"Na\nme: value", "header 'Na': it holds a line break"},
      {"Name\n", "header 'Name': it holds a line break"},
  };
  CHECK_ALL(ps_check_header, rows);
}

static void header_that_frames_the_message_is_refused(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"Content-Length: 5", "header 'Content-Length': it is set from the body"},
      {"content-length:5", "cannot be set by hand"},
      {"Content-Length:", "cannot be set by hand"},
      {"Content-Length;", "cannot be set by hand"},
      {"Transfer-Encoding: chunked", "header 'Transfer-Encoding': it is set from the body"},
      {"TRANSFER-ENCODING: identity", "cannot be set by hand"},
  };
  CHECK_ALL(ps_check_header, rows);
}

static void header_of_a_message_has_a_value_if_only_an_empty_one(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"Name: value", NULL},
      {"Name:", NULL},
      {"Name: ", NULL},
      {"Name;", NULL},
      {"Name: a\tb gr\xc3\xbc", NULL},
      {"Idempotency-Key: mine", NULL},
      {"X-Host: h", NULL},
      {"Hostess: h", NULL},
      {"Name", "write 'Name: value'"},
      {"", "write 'Name: value'"},
      {"Na me: x", "a header's name is made of letters"},
      {"Name: a\r\nEvil: b", "it holds a line break"},
      {"Name: a\x01", "header 'Name': it holds a control character"},
      {"Name: a\x7f", "header 'Name': it holds a control character"},
      {"Name: a\x1b[31m", "header 'Name': it holds a control character"},
      {"Host: h", "header 'Host': a message does not choose the host"},
      {"hOST:", "a message does not choose the host"},
      {"Host;", "a message does not choose the host"},
      {"Content-Length: 5", "it is set from the body"},
      {"transfer-encoding: chunked", "it is set from the body"},
      {"Idempotency-Key:", "header 'Idempotency-Key': it is empty"},
      {"idempotency-key: \t ", "header 'idempotency-key': it is empty"},
      {"Idempotency-Key;", "header 'Idempotency-Key': it is empty"},
  };
  CHECK_ALL(ps_check_message_header, rows);
}

static void other_text_holds_no_line_break(void **state)
{
  (void)state;
  assert_int_equal(ps_check_text("user agent", NULL, &error), 0);
  assert_int_equal(ps_check_text("user agent", "", &error), 0);
  assert_int_equal(ps_check_text("user agent", "any thing: else\t\"", &error), 0);
  static const char *const bad[] = {"a\r\nEvil: yes", "a\n", "\r"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    expect_refusal(bad[i], ps_check_text("user agent", bad[i], &error), "user agent: it holds a line break");
}

static void file_that_can_be_read_is_taken(void **state)
{
  (void)state;
  char path[] = "/tmp/check_test.XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  int result = ps_check_file("key", path, &error);
  unlink(path);
  assert_int_equal(result, 0);
  assert_int_equal(ps_check_directory("CA directory", "/", &error), 0);
  assert_int_equal(ps_check_file("key", NULL, &error), 0);
  assert_int_equal(ps_check_file("key", "pkcs11:token=x;object=y", &error), 0);
  expect_refusal("/", ps_check_file("key", "/", &error), ": Is a directory");
  expect_refusal(path, ps_check_directory("CA directory", "/dev/null", &error), ": Not a directory");
  expect_refusal(path, ps_check_file("key", path, &error), ": No such file or directory");
  assert_int_equal(strncmp(error.text, "key '/tmp/check_test.", 21), 0);
}

static void file_that_is_not_there_is_refused_with_the_reason(void **state)
{
  (void)state;
  expect_refusal("", ps_check_file("CA file", "", &error), "CA file '': No such file or directory");
  expect_refusal("/dev/null/x", ps_check_file("CA file", "/dev/null/x", &error),
                 "CA file '/dev/null/x': Not a directory");
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(url_with_scheme_and_host_is_taken),
                                     cmocka_unit_test(url_that_is_not_http_or_has_no_host_is_refused),
                                     cmocka_unit_test(url_that_would_end_the_request_line_is_refused),
                                     cmocka_unit_test(refusal_of_a_url_does_not_show_its_secrets),
                                     cmocka_unit_test(long_url_is_refused_in_words_that_fit),
                                     cmocka_unit_test(method_is_a_token),
                                     cmocka_unit_test(header_with_a_name_and_a_value_is_taken),
                                     cmocka_unit_test(header_of_another_shape_is_refused),
                                     cmocka_unit_test(refusal_of_a_header_does_not_show_its_value),
                                     cmocka_unit_test(control_characters_are_refused_but_a_tab),
                                     cmocka_unit_test(header_that_would_begin_another_is_refused),
                                     cmocka_unit_test(header_that_frames_the_message_is_refused),
                                     cmocka_unit_test(header_of_a_message_has_a_value_if_only_an_empty_one),
                                     cmocka_unit_test(other_text_holds_no_line_break),
                                     cmocka_unit_test(file_that_can_be_read_is_taken),
                                     cmocka_unit_test(file_that_is_not_there_is_refused_with_the_reason)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
