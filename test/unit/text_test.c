/* Texts of others: what is JSON, what is UTF-8, and base64. */
#include "base/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct ps_buf out;

static int free_out(void **state)
{
  (void)state;
  ps_buf_fini(&out);
  return 0;
}

static int compact(const char *text, size_t size)
{
  ps_buf_clear(&out);
  return ps_text_compact_json(&out, text, size);
}

/* ---- JSON */

static void valid_text_is_kept_byte_for_byte(void **state)
{
  (void)state;
  /* clang-format off */
  static const char *const texts[] = {
      "null", "true", "false", "0", "-0", "1", "-1", "10", "1.0", "0.5", "-0.0", "1e1", "1E1", "1e+1", "1e-1", "0e0",
      "1.25e-300", "123456789012345678901234567890", "0.1000000000000000000001", "1e999", "\"\"", "\"a\"", "\"'\"",
      "\"\\\"\"", "\"\\\\\"", "\"\\/\\b\\f\\n\\r\\t\"", "\"\\u0000\"", "\"\\uD83D\\uDE00\"", "\"\\ud800\"",
      "\"\\uabCD\"", "\"\x7f\"", "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\"", "\"// \\\\\"", "[]", "{}",
      "[[]]", "[{}]", "[1,2]", "[null]", "{\"a\":1}", "{\"\":0}", "{\"a\":1,\"a\":2}", "{\"a\":{\"b\":[]}}",
      "[\"a b\",\" \"]",
  };
  /* clang-format on */
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (compact(texts[i], strlen(texts[i])))
      fail_msg("'%s' is refused", texts[i]);
    assert_string_equal(out.data, texts[i]);
  }
}

static void white_space_goes_from_between_tokens_only(void **state)
{
  (void)state;
  static const struct {
    const char *text, *compact;
  } rows[] = {
      {" 1", "1"},
      {"1 ", "1"},
      {"\t\r\n true \n", "true"},
      {" [ ] ", "[]"},
      {" { } ", "{}"},
      {"[ 1 , 2 ]", "[1,2]"},
      {"{ \"a b\" : \" c \" , \"d\" : [ 1 , { } ] }", "{\"a b\":\" c \",\"d\":[1,{}]}"},
      {"{\n  \"a\": 1.0,\r\n\t\"b\": null\n}\n", "{\"a\":1.0,\"b\":null}"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(compact(rows[i].text, strlen(rows[i].text)), 0);
    assert_string_equal(out.data, rows[i].compact);
  }
}

static void what_is_not_json_is_refused(void **state)
{
  (void)state;
  /* clang-format off */
  static const char *const texts[] = {
      "", " ", "\n", "nul", "nulll", "True", "TRUE", "NaN", "nan", "Infinity", "-Infinity", "undefined", "x", "00",
      "01", "-01", "-", "+1", ".5", "1.", "1.e1", "-.5", "1e", "1e+", "1e1.5", "0x10", "1_000", "1 2", "--1", "\"",
      "\"a", "\"\\\"", "\"\\", "\"\\x41\"", "\"\\u12\"", "\"\\u123g\"", "\"\\u\"", "\"\\'\"", "\"\\U0041\"", "'a'",
      "{'a':1}", "{a:1}", "\"a\nb\"", "\"a\tb\"", "\"\x01\"", "\"\x1f\"", "\"a\" \"b\"", "[", "]", "[1", "[1,", "[1,]",
      "[,1]", "[,]", "[1 2]", "[1}", "[]]", "[1,,2]", "[1;2]", "[/**/]", "{", "}", "{\"a\"", "{\"a\":", "{\"a\":1",
      "{\"a\":1,", "{\"a\":1,}", "{,}", "{\"a\"}", "{\"a\":}", "{1:2}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{\"a\"::1}",
      "{\"a\":1]", "{null:1}", "// c\n1", "1 // c", "/* c */1", "\xef\xbb\xbf{}", "1\f", "\v1", "\xc2\xa0[]", "{}x",
      "{}{}", "null,", "{\"a\\u0000b\":1}",
  };
  /* clang-format on */
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (compact(texts[i], strlen(texts[i])) != -EINVAL)
      fail_msg("'%s' is taken", texts[i]);
}

static void json_that_is_not_utf8_is_refused(void **state)
{
  (void)state;
  static const char *const texts[] = {
      "\"\xff\"", "\"\xc3\"",        "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"",
      "\"\x80\"", "{\"\xe2\x82\":1}"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    assert_int_equal(compact(texts[i], strlen(texts[i])), -EINVAL);
}

static void nul_is_a_byte_like_any_other(void **state)
{
  (void)state;
  assert_int_equal(compact("1\0", 2), -EINVAL);
  assert_int_equal(compact("\0"
                           "1",
                           2),
                   -EINVAL);
  assert_int_equal(compact("\"a\0b\"", 5), -EINVAL);
  assert_int_equal(compact("\"\\\0\"", 4), -EINVAL);
  assert_int_equal(compact("\"\\u\0\0\0\0\"", 8), -EINVAL);
  assert_int_equal(compact("[\0]", 3), -EINVAL);
}

static void only_as_much_as_is_said_is_read(void **state)
{
  (void)state;
  static const char text[] = "[1,2]";
  for (size_t size = 0; size < sizeof text - 1; size++)
    assert_int_equal(compact(text, size), -EINVAL);
  assert_int_equal(compact("123", 2), 0);
  assert_string_equal(out.data, "12");
  assert_int_equal(compact("\"\\u0041\"", 6), -EINVAL);
}

static void expect_depth(int depth, const char *open, const char *close, int result)
{
  struct ps_buf text = {0};
  for (int i = 0; i < depth; i++)
    ps_buf_puts(&text, open);
  ps_buf_puts(&text, "1");
  for (int i = 0; i < depth; i++)
    ps_buf_puts(&text, close);
  assert_int_equal(compact(text.data, text.size), result);
  ps_buf_fini(&text);
}

static void nesting_is_taken_to_32_levels(void **state)
{
  (void)state;
  expect_depth(32, "[", "]", 0);
  expect_depth(33, "[", "]", -E2BIG);
  expect_depth(32, "{\"a\":", "}", 0);
  expect_depth(33, "{\"a\":", "}", -E2BIG);
  expect_depth(16, "[{\"a\":", "}]", 0);
  expect_depth(17, "[{\"a\":", "}]", -E2BIG);
  expect_depth(1000000, "[", "]", -E2BIG);
}

static void many_collections_side_by_side_are_not_deep(void **state)
{
  (void)state;
  struct ps_buf text = {0};
  ps_buf_puts(&text, "[0");
  for (int i = 0; i < 100; i++)
    ps_buf_puts(&text, ",[],{},[{}]");
  ps_buf_puts(&text, "]");
  assert_int_equal(compact(text.data, text.size), 0);
  assert_string_equal(out.data, text.data);
  ps_buf_fini(&text);
}

static void compact_text_is_appended(void **state)
{
  (void)state;
  assert_int_equal(ps_buf_puts(&out, "\"response\":"), 0);
  assert_int_equal(ps_text_compact_json(&out, "[ 1 ]", 5), 0);
  assert_string_equal(out.data, "\"response\":[1]");
}

/* ---- UTF-8 */

static void utf8_is_told_from_other_bytes(void **state)
{
  (void)state;
  /* clang-format off */
  static const struct {
    const char *text;
    bool valid;
  } rows[] = {
      {"", true}, {"plain", true}, {"\x7f", true}, {"\xc2\x80", true}, {"\xdf\xbf", true}, {"\xe0\xa0\x80", true},
      {"\xed\x9f\xbf", true}, {"\xee\x80\x80", true}, {"\xef\xbf\xbf", true}, {"\xf0\x90\x80\x80", true},
      {"\xf4\x8f\xbf\xbf", true}, {"a\xc3\xa9z", true}, {"\x80", false}, {"\xbf", false}, {"\xc0\x80", false},
      {"\xc1\xbf", false}, {"\xc2", false}, {"\xc2z", false}, {"\xc2\xc2", false}, {"\xe0\x9f\xbf", false},
      {"\xe2\x82", false}, {"\xe2\x82z", false}, {"\xed\xa0\x80", false}, {"\xed\xbf\xbf", false},
      {"\xf0\x8f\xbf\xbf", false}, {"\xf0\x9f\x98", false}, {"\xf0\x9f\x98z", false}, {"\xf4\x90\x80\x80", false},
      {"\xf5\x80\x80\x80", false}, {"\xfe", false}, {"\xff", false}, {"a\xffz", false},
  };
  /* clang-format on */
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (ps_text_is_utf8(rows[i].text, strlen(rows[i].text)) != rows[i].valid)
      fail_msg("row %zu is judged wrongly", i);
  assert_true(ps_text_is_utf8("a\0b", 3));
}

static void cut_through_a_character_is_moved_before_it(void **state)
{
  (void)state;
  static const char text[] = "a\xc3\xa9"
                             "b\xe2\x82\xac"
                             "c\xf0\x9f\x98\x80"
                             "d";
  static const size_t whole[] = {0, 1, 1, 3, 4, 4, 4, 7, 8, 8, 8, 8, 12, 13};
  for (size_t size = 0; size < sizeof text; size++) {
    assert_int_equal(ps_text_whole_utf8(text, size), whole[size]);
    assert_true(ps_text_is_utf8(text, whole[size]));
  }
}

/* ---- Base64 */

static void base64_is_that_of_rfc_4648(void **state)
{
  (void)state;
  static const struct {
    const char *text, *base64;
  } vectors[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {"\xff\xff\xfe", "///+"},
      {"\xfb\xef\xbe", "++++"},
  };
  for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
    ps_buf_clear(&out);
    assert_int_equal(ps_buf_append(&out, "", 0), 0);
    assert_int_equal(ps_text_base64(&out, vectors[i].text, strlen(vectors[i].text)), 0);
    assert_string_equal(out.data, vectors[i].base64);
  }
  ps_buf_clear(&out);
  assert_int_equal(ps_text_base64(&out, "\0\0", 2), 0);
  assert_string_equal(out.data, "AAA=");
}

#define SENTENCE(name) cmocka_unit_test_teardown(name, free_out)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(valid_text_is_kept_byte_for_byte),
      SENTENCE(white_space_goes_from_between_tokens_only),
      SENTENCE(what_is_not_json_is_refused),
      SENTENCE(json_that_is_not_utf8_is_refused),
      SENTENCE(nul_is_a_byte_like_any_other),
      SENTENCE(only_as_much_as_is_said_is_read),
      SENTENCE(nesting_is_taken_to_32_levels),
      SENTENCE(many_collections_side_by_side_are_not_deep),
      SENTENCE(compact_text_is_appended),
      SENTENCE(utf8_is_told_from_other_bytes),
      SENTENCE(cut_through_a_character_is_moved_before_it),
      SENTENCE(base64_is_that_of_rfc_4648),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
