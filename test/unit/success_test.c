/* What counts as accepted: the list, and the JSON tests on a body. */
#include "net/success.h"

#include "base/jsontext.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct ps_success success;
static struct ps_error error;

static int fini_success(void **state)
{
  (void)state;
  ps_success_fini(&success);
  return 0;
}

static void parse(const char *list)
{
  ps_success_fini(&success);
  if (ps_success_init(&success, list, &error))
    fail_msg("'%s' is refused: %s", list, error.text);
}

static void expect_statuses(const char *list, int first, int last)
{
  parse(list);
  for (int status = 100; status <= 599; status++)
    if (ps_status_has(&success.statuses, status) != (status >= first && status <= last))
      fail_msg("'%s': %d is judged wrongly", list ? list : "nothing", status);
}

/* ---- The list */

static void success_is_2xx_where_no_status_is_named(void **state)
{
  (void)state;
  expect_statuses(NULL, 200, 299);
  assert_null(success.tests);
  expect_statuses("/ok=true", 200, 299);
  assert_non_null(success.tests);
}

static void named_statuses_replace_2xx(void **state)
{
  (void)state;
  expect_statuses("409", 409, 409);
  expect_statuses("200-202,203,204-206", 200, 206);
  expect_statuses("/ok=true,202", 202, 202);
  expect_statuses("202,/ok=true", 202, 202);
}

static void test_is_a_pointer_and_a_value_after_the_first_equals_sign(void **state)
{
  (void)state;
  static const struct {
    const char *list, *pointer, *expected;
  } rows[] = {
      {"/a=true", "/a", "true"},   {"/a/b/0=1", "/a/b/0", "1"},
      {"/a=b=c", "/a", "\"b=c\""}, {"/a=\"\"", "/a", "\"\""},
      {"/a=null", "/a", "null"},   {"/a=\"1\"", "/a", "\"1\""},
      {"/=x", "/", "\"x\""},       {"/a b=c d", "/a b", "\"c d\""},
      {"/a=nul", "/a", "\"nul\""}, {"/a=say \"hi\"", "/a", "\"say \\\"hi\\\"\""},
      {"/a={}", "/a", "{}"},       {"/a=-1.5e3", "/a", "-1.5e3"},
      {"/a='b'", "/a", "\"'b'\""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    parse(rows[i].list);
    assert_string_equal(success.tests->pointer, rows[i].pointer);
    assert_string_equal(success.tests->expected, rows[i].expected);
    assert_null(success.tests->next);
  }
}

static void commas_within_a_json_value_do_not_end_it(void **state)
{
  (void)state;
  static const struct {
    const char *list, *expected, *next; /* the tests, the last one first */
  } rows[] = {
      {"/a=\"b,c\"", "\"b,c\"", NULL},
      {"/a=[1,[2,3]]", "[1,[2,3]]", NULL},
      {"/a={\"b\":\"}\",\"c\":[2,3]}", "{\"b\":\"}\",\"c\":[2,3]}", NULL},
      {"/a=\"\\\",b\"", "\"\\\",b\"", NULL},
      {"/z=[1,2],/a=\"b,c\"", "\"b,c\"", "[1,2]"},
      {"/z=\"x\",/a=1", "1", "\"x\""},
      {"/z=[1,/a=2]", "\"2]\"", "\"[1\""},
      {"/z=\"x,/a=y\"z", "\"y\\\"z\"", "\"\\\"x\""},
      {"/z={x,/a={", "\"{\"", "\"{x\""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    parse(rows[i].list);
    assert_string_equal(success.tests->expected, rows[i].expected);
    assert_string_equal(success.tests->pointer, "/a");
    if (rows[i].next)
      assert_string_equal(success.tests->next->expected, rows[i].next);
    else
      assert_null(success.tests->next);
  }
  expect_statuses("/a=[1,2],202", 202, 202);
}

static void bad_list_is_refused_with_what_would_be_right(void **state)
{
  (void)state;
  static const struct {
    const char *list, *words;
  } rows[] = {
      {"", "'' is not a status (100 to 599), a range such as 200-299, or a JSON test such as /accepted=true"},
      {"200,", "'' is not a status"},
      {",200", "'' is not a status"},
      {"200,,201", "'' is not a status"},
      {"2xx", "'2xx' is not a status"},
      {"200, 201", "' 201' is not a status"},
      {"299-200", "'299-200' is not a status"},
      {"600", "'600' is not a status"},
      {"ok=true", "'ok=true' is not a status"},
      {"/ok", "'/ok' wants a value: /ok=true"},
      {"200,/ok", "'/ok' wants a value: /ok=true"},
      {"/ok=true,x", "'x' is not a status"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    ps_success_fini(&success);
    assert_int_equal(ps_success_init(&success, rows[i].list, &error), -EINVAL);
    if (!strstr(error.text, rows[i].words))
      fail_msg("'%s' is refused with '%s', which does not say \"%s\"", rows[i].list, error.text, rows[i].words);
  }
}

static void value_that_is_nested_too_deep_is_refused(void **state)
{
  (void)state;
  char list[700] = "/a=";
  memset(list + 3, '[', PS_JSONTEXT_DEPTH + 1);
  memset(list + 3 + PS_JSONTEXT_DEPTH + 1, ']', PS_JSONTEXT_DEPTH + 1);
  assert_int_equal(ps_success_init(&success, list, &error), -EINVAL);
  assert_string_equal(error.text, "success: the value of '/a': it is nested more than 256 deep");
}

static void value_is_kept_without_white_space(void **state)
{
  (void)state;
  parse("/a={ \"b\" :\n[ 1 , 2 ] }");
  assert_string_equal(success.tests->expected, "{\"b\":[1,2]}");
  parse("/a= true ");
  assert_string_equal(success.tests->expected, "true");
}

/* ---- The tests on a body */

struct row {
  const char *list, *body;
  enum ps_json_test result;
};

static void check(const struct row *row)
{
  char words[200] = "";
  parse(row->list);
  enum ps_json_test result = ps_success_test(&success, row->body, strlen(row->body), words, sizeof words);
  if (result != row->result)
    fail_msg("'%s' on '%s' gives %d instead of %d (%s)", row->list, row->body, (int)result, (int)row->result, words);
  assert_int_equal(words[0] != 0, result != PS_JSON_NONE && result != PS_JSON_PASSED);
}

#define CHECK_ALL(rows)                                                                                                \
  for (size_t i = 0; i < sizeof(rows) / sizeof *(rows); i++)                                                           \
  check(&(rows)[i])

static void without_tests_nothing_is_tested(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {NULL, "", PS_JSON_NONE},
      {"200", "{}", PS_JSON_NONE},
      {"200", "not JSON", PS_JSON_NONE},
  };
  CHECK_ALL(rows);
}

static void pointer_leads_into_objects_and_arrays(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"/ok=true", "{\"ok\":true}", PS_JSON_PASSED},
      {"/ok=true", " \r\n{ \"ok\" : true }\t\n", PS_JSON_PASSED},
      {"/ok=true", "{\"ok\":false}", PS_JSON_FAILED},
      {"/ok=true", "{}", PS_JSON_FAILED},
      {"/ok=true", "{\"OK\":true}", PS_JSON_FAILED},
      {"/a/b/c=1", "{\"a\":{\"b\":{\"c\":1}}}", PS_JSON_PASSED},
      {"/a/b/c=1", "{\"a\":{\"b\":1}}", PS_JSON_FAILED},
      {"/a/1/ok=true", "{\"a\":[{\"ok\":false},{\"ok\":true}]}", PS_JSON_PASSED},
      {"/a/2/ok=true", "{\"a\":[{\"ok\":false},{\"ok\":true}]}", PS_JSON_FAILED},
      {"/a/-/ok=true", "{\"a\":[{\"ok\":true}]}", PS_JSON_FAILED},
      {"/0=x", "[\"x\"]", PS_JSON_PASSED},
      {"/0=x", "{\"0\":\"x\"}", PS_JSON_PASSED},
      {"/=x", "{\"\":\"x\"}", PS_JSON_PASSED},
      {"/a~1b=1", "{\"a/b\":1}", PS_JSON_PASSED},
      {"/a~0b=1", "{\"a~b\":1}", PS_JSON_PASSED},
  };
  CHECK_ALL(rows);
}

static void values_are_compared_as_json_values(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"/a=1", "{\"a\":1}", PS_JSON_PASSED},           {"/a=1", "{\"a\":\"1\"}", PS_JSON_FAILED},
      {"/a=\"1\"", "{\"a\":\"1\"}", PS_JSON_PASSED},   {"/a=\"1\"", "{\"a\":1}", PS_JSON_FAILED},
      {"/a=yes", "{\"a\":\"yes\"}", PS_JSON_PASSED},   {"/a=true", "{\"a\":\"true\"}", PS_JSON_FAILED},
      {"/a=true", "{\"a\":1}", PS_JSON_FAILED},        {"/a=\"\"", "{\"a\":\"\"}", PS_JSON_PASSED},
      {"/a=\"\"", "{\"a\":null}", PS_JSON_FAILED},     {"/a={}", "{\"a\":{}}", PS_JSON_PASSED},
      {"/a={}", "{\"a\":{\"b\":1}}", PS_JSON_FAILED},  {"/a=[]", "{\"a\":[]}", PS_JSON_PASSED},
      {"/a=x/y", "{\"a\":\"x\\/y\"}", PS_JSON_PASSED},
  };
  CHECK_ALL(rows);
}

static void numbers_are_compared_by_value(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"/a=1", "{\"a\":1.0}", PS_JSON_PASSED},  {"/a=1.0", "{\"a\":1}", PS_JSON_PASSED},
      {"/a=10", "{\"a\":1e1}", PS_JSON_PASSED}, {"/a=1.50", "{\"a\":1.5}", PS_JSON_PASSED},
      {"/a=1", "{\"a\":1.5}", PS_JSON_FAILED},  {"/a=-1", "{\"a\":1}", PS_JSON_FAILED},
  };
  CHECK_ALL(rows);
}

static void numbers_within_collections_are_compared_by_value_too(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"/a=[1]", "{\"a\":[1.0]}", PS_JSON_PASSED},
      {"/a=[1]", "{\"a\":[1.5]}", PS_JSON_FAILED},
      {"/a={\"b\":1.0}", "{\"a\":{\"b\":1}}", PS_JSON_PASSED},
      {"/a={\"b\":1.0}", "{\"a\":{\"b\":2}}", PS_JSON_FAILED},
      {"/a={\"b\":1.0}", "{\"a\":{\"c\":1}}", PS_JSON_FAILED},
  };
  CHECK_ALL(rows);
}

/* Ids are 64-bit numbers often enough. */
static void long_integers_are_not_confused(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"/a=9223372036854775807", "{\"a\":9223372036854775807}", PS_JSON_PASSED},
      {"/a=9223372036854775807", "{\"a\":9223372036854775806}", PS_JSON_FAILED},
      {"/a=18446744073709551615", "{\"a\":18446744073709551614}", PS_JSON_FAILED},
      {"/a=-9223372036854775808", "{\"a\":-9223372036854775807}", PS_JSON_FAILED},
  };
  CHECK_ALL(rows);
}

static void integers_beyond_64_bits_are_not_confused(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"/a=18446744073709551616", "{\"a\":18446744073709551617}", PS_JSON_FAILED},
      {"/a=18446744073709551615", "{\"a\":18446744073709551616}", PS_JSON_FAILED},
      {"/a=18446744073709551615", "{\"a\":18446744073709551615}", PS_JSON_PASSED},
      {"/a=18446744073709551616", "{\"a\":18446744073709551616}", PS_JSON_PASSED},
  };
  CHECK_ALL(rows);
}

static void null_is_a_value_and_missing_is_not(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"/error=null", "{\"error\":null}", PS_JSON_PASSED},
      {"/error=null", "{\"error\":\"x\"}", PS_JSON_FAILED},
      {"/error=null", "{}", PS_JSON_FAILED},
      {"/ok=true", "{\"ok\":null}", PS_JSON_FAILED},
  };
  CHECK_ALL(rows);
}

static void null_in_an_array_is_a_value_too(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"/a/0=null", "{\"a\":[null]}", PS_JSON_PASSED},
      {"/a/1=null", "{\"a\":[null]}", PS_JSON_FAILED},
  };
  CHECK_ALL(rows);
}

static void every_test_must_hold(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"/a=1,/b=2", "{\"a\":1,\"b\":2}", PS_JSON_PASSED},
      {"/a=1,/b=2", "{\"a\":1,\"b\":3}", PS_JSON_FAILED},
      {"/a=1,/b=2", "{\"a\":0,\"b\":2}", PS_JSON_FAILED},
      {"/a=1,202,/b=2", "{\"a\":1}", PS_JSON_FAILED},
  };
  CHECK_ALL(rows);
}

static void body_that_is_not_json_cannot_be_read(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"/ok=true", "", PS_JSON_UNREADABLE},
      {"/ok=true", " ", PS_JSON_UNREADABLE},
      {"/ok=true", "<html>", PS_JSON_UNREADABLE},
      {"/ok=true", "{\"ok\":true", PS_JSON_UNREADABLE},
      {"/ok=true", "{\"ok\":true,}", PS_JSON_UNREADABLE},
      {"/ok=true", "{\"ok\":true}}", PS_JSON_UNREADABLE},
      {"/ok=true", "{\"ok\":true} x", PS_JSON_UNREADABLE},
      {"/ok=true", "{\"ok\":true}{\"ok\":true}", PS_JSON_UNREADABLE},
      {"/ok=true", "{\"ok\":True}", PS_JSON_UNREADABLE},
      {"/ok=true", "{ok:true}", PS_JSON_UNREADABLE},
      {"/ok=true", "// yes\n{\"ok\":true}", PS_JSON_UNREADABLE},
      {"/ok=true", "{\"ok\":true,\"x\":\"\xff\"}", PS_JSON_UNREADABLE},
  };
  CHECK_ALL(rows);
}

static void body_that_only_looks_like_json_cannot_be_read(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"/ok=true", "{'ok':true}", PS_JSON_UNREADABLE},
      {"/ok=true", "{\"ok\\u0000x\":true}", PS_JSON_UNREADABLE},
      {"/ok=true", "{\"ok\":true,\"x\":NaN}", PS_JSON_UNREADABLE},
      {"/ok=true", "{\"ok\":true,\"x\":\"a\nb\"}", PS_JSON_UNREADABLE},
  };
  CHECK_ALL(rows);
}

static void nul_within_the_body_is_not_its_end(void **state)
{
  (void)state;
  static const char body[] = "{\"ok\":true}\0{";
  char words[100] = "";
  parse("/ok=true");
  assert_int_equal(ps_success_test(&success, body, sizeof body - 1, words, sizeof words), PS_JSON_UNREADABLE);
  assert_string_equal(words, "the answer is not JSON");
}

static void scalar_as_the_whole_body_has_no_members(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"/ok=true", "true", PS_JSON_FAILED},   {"/ok=true", "1", PS_JSON_FAILED}, {"/ok=true", "null", PS_JSON_FAILED},
      {"/ok=true", "\"ok\"", PS_JSON_FAILED}, {"/0=1", "1", PS_JSON_FAILED},
  };
  CHECK_ALL(rows);
}

static void check_nesting(int depth, enum ps_json_test result)
{
  struct ps_buf body = {0};
  ps_buf_puts(&body, "{\"ok\":true,\"x\":");
  for (int i = 0; i < depth; i++)
    ps_buf_puts(&body, "[");
  ps_buf_puts(&body, "1");
  for (int i = 0; i < depth; i++)
    ps_buf_puts(&body, "]");
  ps_buf_puts(&body, "}");
  check(&(struct row){"/ok=true", body.data, result});
  ps_buf_fini(&body);
}

static void body_nested_too_deep_is_neither_passed_nor_failed(void **state)
{
  (void)state;
  check_nesting(40, PS_JSON_PASSED);
  check_nesting(PS_JSONTEXT_DEPTH - 1, PS_JSON_PASSED);
  check_nesting(PS_JSONTEXT_DEPTH, PS_JSON_UNREADABLE);
  check_nesting(100000, PS_JSON_UNREADABLE);
}

static void byte_order_mark_before_the_body_is_skipped(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"/ok=true", "\xef\xbb\xbf{\"ok\":true}", PS_JSON_PASSED},
      {"/ok=true", "\xef\xbb\xbf \n{\"ok\":true}", PS_JSON_PASSED},
      {"/ok=true", "\xef\xbb\xbf{\"ok\":false}", PS_JSON_FAILED},
      {"/ok=true", "\xef\xbb\xbf", PS_JSON_UNREADABLE},
      {"/ok=true", "\xef\xbb{\"ok\":true}", PS_JSON_UNREADABLE},
      {"/ok=true", "\xef\xbb\xbf\xef\xbb\xbf{\"ok\":true}", PS_JSON_UNREADABLE},
      {"/ok=true", " \xef\xbb\xbf{\"ok\":true}", PS_JSON_UNREADABLE},
  };
  CHECK_ALL(rows);
}

static void body_without_a_byte_is_not_json(void **state)
{
  (void)state;
  char words[100];
  parse("/ok=true");
  assert_int_equal(ps_success_test(&success, NULL, 0, words, sizeof words), PS_JSON_UNREADABLE);
  assert_string_equal(words, "the answer is not JSON");
}

/* Answers are tested on workers, which have small stacks. */
static void *test_deepest(void *result)
{
  struct ps_buf body = {0};
  char words[100] = "";
  ps_buf_puts(&body, "{\"x\":");
  for (int i = 1; i < PS_JSONTEXT_DEPTH; i++)
    ps_buf_puts(&body, "[");
  for (int i = 1; i < PS_JSONTEXT_DEPTH; i++)
    ps_buf_puts(&body, "]");
  ps_buf_puts(&body, "}");
  *(enum ps_json_test *)result = ps_success_test(&success, body.data, body.size, words, sizeof words);
  ps_buf_fini(&body);
  return NULL;
}

static void deepest_values_are_compared_on_the_smallest_stack(void **state)
{
  (void)state;
  enum ps_json_test result = PS_JSON_NONE;
  struct ps_buf list = {0};
  pthread_attr_t attributes;
  pthread_t thread;
  ps_buf_puts(&list, "/x=");
  for (int i = 1; i < PS_JSONTEXT_DEPTH; i++)
    ps_buf_puts(&list, "[");
  for (int i = 1; i < PS_JSONTEXT_DEPTH; i++)
    ps_buf_puts(&list, "]");
  parse(list.data);
  ps_buf_fini(&list);
  assert_int_equal(pthread_attr_init(&attributes), 0);
  assert_int_equal(pthread_attr_setstacksize(&attributes, (size_t)64 * 1024), 0);
  assert_int_equal(pthread_create(&thread, &attributes, test_deepest, &result), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_int_equal(pthread_attr_destroy(&attributes), 0);
  assert_int_equal(result, PS_JSON_PASSED);
}

static void failure_is_put_into_words(void **state)
{
  (void)state;
  static const struct {
    const char *body, *words;
  } rows[] = {
      {"{}", "the answer has no /ok"},
      {"{\"ok\":false}", "/ok in the answer is not true"},
      {"true", "the answer has no /ok"},
      {"no", "the answer is not JSON"},
      {"", "the answer is not JSON"},
      {"{\"ok\":tru}", "the answer is not JSON"},
      {"{\"\\u0000\":1}", "the JSON test cannot be made: a name holds \\u0000"},
  };
  parse("/ok=true");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char words[100];
    ps_success_test(&success, rows[i].body, strlen(rows[i].body), words, sizeof words);
    assert_string_equal(words, rows[i].words);
  }
}

static void depth_is_put_into_words(void **state)
{
  (void)state;
  static char body[300];
  char words[100];
  memset(body, '[', sizeof body);
  parse("/ok=true");
  ps_success_test(&success, body, sizeof body, words, sizeof words);
  assert_string_equal(words, "the answer is nested more than 256 deep");
}

/* The pointer and the value are our user's, and the words go where events go. */
static void words_are_one_clean_line_whatever_is_tested(void **state)
{
  (void)state;
  char words[100];
  parse("/a\n\x1b[31m=true,/b=x\x7f\xff");
  ps_success_test(&success, "{\"b\":1}", 7, words, sizeof words);
  assert_string_equal(words, "/b in the answer is not \"x??\"");
  ps_success_test(&success, "{\"b\":\"x\"}", 9, words, 12);
  assert_string_equal(words, "/b in the a");
  parse("/a\n\x1b[31m=true");
  ps_success_test(&success, "{}", 2, words, sizeof words);
  assert_string_equal(words, "the answer has no /a??[31m");
}

static void null_as_the_whole_body_is_json(void **state)
{
  (void)state;
  char words[100];
  parse("/ok=true");
  ps_success_test(&success, "null", 4, words, sizeof words);
  assert_string_equal(words, "the answer has no /ok");
}

#define SENTENCE(name) cmocka_unit_test_teardown(name, fini_success)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(success_is_2xx_where_no_status_is_named),
      SENTENCE(named_statuses_replace_2xx),
      SENTENCE(test_is_a_pointer_and_a_value_after_the_first_equals_sign),
      SENTENCE(commas_within_a_json_value_do_not_end_it),
      SENTENCE(bad_list_is_refused_with_what_would_be_right),
      SENTENCE(value_that_is_nested_too_deep_is_refused),
      SENTENCE(value_is_kept_without_white_space),
      SENTENCE(without_tests_nothing_is_tested),
      SENTENCE(pointer_leads_into_objects_and_arrays),
      SENTENCE(values_are_compared_as_json_values),
      SENTENCE(numbers_are_compared_by_value),
      SENTENCE(numbers_within_collections_are_compared_by_value_too),
      SENTENCE(long_integers_are_not_confused),
      SENTENCE(integers_beyond_64_bits_are_not_confused),
      SENTENCE(null_is_a_value_and_missing_is_not),
      SENTENCE(null_in_an_array_is_a_value_too),
      SENTENCE(every_test_must_hold),
      SENTENCE(body_that_is_not_json_cannot_be_read),
      SENTENCE(body_that_only_looks_like_json_cannot_be_read),
      SENTENCE(nul_within_the_body_is_not_its_end),
      SENTENCE(scalar_as_the_whole_body_has_no_members),
      SENTENCE(body_nested_too_deep_is_neither_passed_nor_failed),
      SENTENCE(byte_order_mark_before_the_body_is_skipped),
      SENTENCE(body_without_a_byte_is_not_json),
      SENTENCE(deepest_values_are_compared_on_the_smallest_stack),
      SENTENCE(failure_is_put_into_words),
      SENTENCE(depth_is_put_into_words),
      SENTENCE(words_are_one_clean_line_whatever_is_tested),
      SENTENCE(null_as_the_whole_body_is_json),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
