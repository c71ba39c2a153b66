/* JSON texts of others: which are valid, what is said of those that are not, and what stands where in them. */
#include "base/jsontext.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
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
  return ps_jsontext_compact(&out, text, size);
}

/* ---- Validity */

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
  assert_int_equal(ps_jsontext_compact(&out, "[ 1 ]", 5), 0);
  assert_string_equal(out.data, "\"response\":[1]");
}

static void escaped_backslash_makes_no_nul_of_what_follows_it(void **state)
{
  (void)state;
  static const char plain[] = "{\"a\\\\u0000\":1}", nul[] = "{\"a\\\\\\u0000\":1}";
  assert_int_equal(compact(plain, strlen(plain)), 0);
  assert_int_equal(compact(nul, strlen(nul)), -EINVAL);
  assert_int_equal(compact("{\"a\":\"\\u0000\",\"b\":1}", 20), 0);
}

/* ---- Faults */

static void fault_is_told_with_its_place(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    size_t offset;
    const char *words;
  } rows[] = {
      {"", 0, "it ends where a value should stand"},
      {"[1,", 3, "it ends where a value should stand"},
      {"{\"a\":", 5, "it ends where a value should stand"},
      {"{\"a\":1", 6, "it ends before the closing }"},
      {"{", 1, "it ends before the closing }"},
      {"[1", 2, "it ends before the closing ]"},
      {"{'a':1}", 1, "a name wants double quotes"},
      {"{\"a\":'b'}", 5, "a string wants double quotes"},
      {"{a:1}", 1, "a name in double quotes should stand here"},
      {"[1,]", 3, "a comma too many"},
      {"[,1]", 1, "a comma too many"},
      {"[1,,2]", 3, "a comma too many"},
      {"{\"a\":1,}", 7, "a comma too many"},
      {"{\"a\":}", 5, "a value is missing"},
      {"[1 2]", 3, "a comma is missing"},
      {"{\"a\":1 \"b\":2}", 7, "a comma is missing"},
      {"{\"a\" 1}", 5, "a colon is missing"},
      {"[1}", 2, "a closing ] should stand here"},
      {"{\"a\":1]", 6, "a closing } should stand here"},
      {"[NaN]", 1, "NaN is not JSON"},
      {"Infinity", 0, "Infinity is not JSON"},
      {"-Infinity", 1, "a number wants a digit here"},
      {"[True]", 1, "small letters"},
      {"None", 0, "write null"},
      {"nul", 0, "a word that is not JSON"},
      {"yes", 0, "texts want double quotes"},
      {"07", 1, "write 7, not 07"},
      {"-00", 2, "write 7, not 07"},
      {"0x10", 1, "hexadecimal"},
      {"+1", 0, "no + before it"},
      {".5", 0, "a digit before its point"},
      {"1.", 2, "a number wants a digit here"},
      {"1e", 2, "a number wants a digit here"},
      {"\"a", 2, "a string is not closed"},
      {"\"a\nb\"", 2, "write \\n"},
      {"\"a\tb\"", 2, "write \\t"},
      {"\"\\x41\"", 2, "after a backslash"},
      {"\"\\u12\"", 5, "four hexadecimal digits"},
      {"// c\n1", 0, "no comments"},
      {"{} x", 3, "something follows after the end"},
      {"\xef\xbb\xbf{}", 0, "a byte order mark"},
      {"[\"a\xff\"]", 3, "not UTF-8"},
      {"{\"a\\u0000\":1}", 1, "a name holds \\u0000"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct ps_jsontext_fault fault = {0};
    if (ps_jsontext_check(rows[i].text, strlen(rows[i].text), false, &fault) != -EINVAL)
      fail_msg("'%s' is taken", rows[i].text);
    if (fault.offset != rows[i].offset || !strstr(fault.words, rows[i].words))
      fail_msg("'%s': '%s' at %zu", rows[i].text, fault.words, fault.offset);
    assert_int_equal(ps_jsontext_check(rows[i].text, strlen(rows[i].text), true, NULL), -EINVAL);
  }
}

static void fault_of_depth_is_where_it_goes_too_deep(void **state)
{
  (void)state;
  struct ps_jsontext_fault fault;
  static char text[100];
  memset(text, '[', sizeof text);
  assert_int_equal(ps_jsontext_check(text, sizeof text, false, &fault), -E2BIG);
  assert_int_equal(fault.offset, PS_JSONTEXT_DEPTH);
  assert_non_null(strstr(fault.words, "too deep"));
}

static void member_that_stands_twice_is_a_fault_where_they_must_be_unique(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    size_t offset; /* of the second; 0: all are unique */
  } rows[] = {
      {"{\"a\":1,\"a\":2}", 7},
      {"{\"a\":1,\"\\u0061\":2}", 7},
      {"{\"\\u0061\":1,\"a\":2}", 12},
      {"{ \"a\" : 1 , \"b\" : [ 1 , { \"a\" : 2 } ] , \"a\" : 3 }", 40},
      {"{\"x\":{\"a\":1,\"a\":2}}", 12},
      {"[0,{\"a\":{},\"b\":\"}\\\"\",\"a\":[]}]", 21},
      {"{\"\":1,\"\":2}", 6},
      {"{\"\xc3\xa9\":1,\"\\u00e9\":2}", 8},
      {"{\"\\u20ac\":1,\"\xe2\x82\xac\":2}", 12},
      {"{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}", 18},
      {"{\"\\uD800\":1,\"\\ud800\":2}", 12},
      {"{\"\\/\":1,\"/\":2}", 8},
      {"{\"a\":1,\"A\":2}", 0},
      {"{\"a\":1,\"ab\":2,\"\":3}", 0},
      {"{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}", 0},
      {"[{\"a\":1},{\"a\":1}]", 0},
      {"{\"a\\\\\":1,\"a\":2,\"a\\\"\":3}", 0},
      {"{\"\\ud800\":1,\"\\ud801\":2}", 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct ps_jsontext_fault fault = {0};
    int result = ps_jsontext_check(rows[i].text, strlen(rows[i].text), true, &fault);
    assert_int_equal(ps_jsontext_check(rows[i].text, strlen(rows[i].text), false, NULL), 0);
    if (result != (rows[i].offset ? -EINVAL : 0) || fault.offset != rows[i].offset)
      fail_msg("'%s': %d at %zu", rows[i].text, result, fault.offset);
    if (result)
      assert_non_null(strstr(fault.words, "stands twice"));
  }
}

static void members_without_end_are_refused_where_they_must_be_unique(void **state)
{
  (void)state;
  ps_buf_puts(&out, "{\"0\":0");
  for (int i = 1; i < PS_JSONTEXT_UNIQUE_MAX; i++)
    ps_buf_printf(&out, ",\"%d\":0", i);
  ps_buf_puts(&out, "}");
  assert_int_equal(ps_jsontext_check(out.data, out.size, true, NULL), 0);
  out.size--;
  ps_buf_puts(&out, ",\"one more\":0}");
  assert_int_equal(ps_jsontext_check(out.data, out.size, true, NULL), -EINVAL);
  assert_int_equal(ps_jsontext_check(out.data, out.size, false, NULL), 0);
}

static void what_ends_or_spoils_a_string_is_found_wherever_it_stands(void **state)
{
  (void)state;
  static const char others[] = "a !#[]\x7f";
  for (size_t at = 0; at < 40; at++) {
    char text[48] = "\"";
    for (size_t i = 0; i < 40; i++)
      text[1 + i] = others[(i + at) % (sizeof others - 1)];
    text[41] = '"';
    struct ps_jsontext_fault fault;
    assert_int_equal(ps_jsontext_check(text, 42, false, NULL), 0);
    for (int c = 0; c < ' '; c++) {
      text[1 + at] = (char)c;
      assert_int_equal(ps_jsontext_check(text, 42, false, &fault), -EINVAL);
      assert_int_equal(fault.offset, 1 + at);
    }
    text[1 + at] = '"';
    assert_int_equal(ps_jsontext_root(text, 42).size, at + 2);
    assert_int_equal(ps_jsontext_check(text, at + 2, false, NULL), 0);
    text[1 + at] = '\\';
    text[2 + at] = '"';
    assert_int_equal(ps_jsontext_check(text, 42, false, NULL), at == 39 ? -EINVAL : 0);
    if (at < 39)
      assert_int_equal(ps_jsontext_root(text, 42).size, 42);
  }
}

/* ---- Walking */

static void expect_text(struct ps_jsontext_value value, const char *text)
{
  if (value.size != strlen(text) || memcmp(value.text, text, value.size) != 0)
    fail_msg("'%.*s' is not '%s'", (int)value.size, value.text, text);
}

static void members_come_one_after_the_other(void **state)
{
  (void)state;
  static const char text[] = " { \"a\" : 1 ,\"b\\\"}\":{ \"x\":[\"]\"] }, \"c\":\"\\\\\" ,\"d\":null} ";
  static const char *const pairs[][2] = {
      {"\"a\"", "1"}, {"\"b\\\"}\"", "{ \"x\":[\"]\"] }"}, {"\"c\"", "\"\\\\\""}, {"\"d\"", "null"}};
  struct ps_jsontext_value name, value;
  const char *at = NULL;
  for (size_t i = 0; i < 4; i++) {
    assert_true(ps_jsontext_member(ps_jsontext_root(text, strlen(text)), &at, &name, &value));
    expect_text(name, pairs[i][0]);
    expect_text(value, pairs[i][1]);
  }
  assert_false(ps_jsontext_member(ps_jsontext_root(text, strlen(text)), &at, &name, &value));
}

static void what_is_no_object_has_no_members(void **state)
{
  (void)state;
  static const char *const texts[] = {"{}", "{ }", "[1]", "[]", "1", "\"{}\"", "null"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    struct ps_jsontext_value name, value;
    const char *at = NULL;
    assert_false(ps_jsontext_member(ps_jsontext_root(texts[i], strlen(texts[i])), &at, &name, &value));
  }
}

static void root_has_no_space_around_it(void **state)
{
  (void)state;
  static const char *const rows[][2] = {{" 1.50 ", "1.50"}, {"\n\"a \" ", "\"a \""}, {" [ 1 ] ", "[ 1 ]"},
                                        {"true", "true"},   {"\t{}\r\n", "{}"},      {"-0", "-0"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    expect_text(ps_jsontext_root(rows[i][0], strlen(rows[i][0])), rows[i][1]);
}

static void pointer_leads_where_rfc_6901_says(void **state)
{
  (void)state;
  /* The example of its section 5, and arrays. */
  static const char text[] = "{\"foo\": [\"bar\", \"baz\"], \"\": 0, \"a/b\": 1, \"c%d\": 2, \"e^f\": 3, \"g|h\": 4,"
                             "\"i\\\\j\": 5, \"k\\\"l\": 6, \" \": 7, \"m~n\": 8, \"gr\\u00fcn\": {\"x\": null},"
                             "\"twice\": 1, \"twice\": {\"y\": [[], [2.50, {\"z\": \"deep\"}]]}}";
  static const struct {
    const char *pointer, *value; /* NULL: nowhere */
  } rows[] = {
      {"/foo", "[\"bar\", \"baz\"]"},
      {"/foo/0", "\"bar\""},
      {"/foo/1", "\"baz\""},
      {"/", "0"},
      {"/a~1b", "1"},
      {"/c%d", "2"},
      {"/e^f", "3"},
      {"/g|h", "4"},
      {"/i\\j", "5"},
      {"/k\"l", "6"},
      {"/ ", "7"},
      {"/m~0n", "8"},
      {"/gr\xc3\xbcn/x", "null"},
      {"/twice/y/1/0", "2.50"},
      {"/twice/y/1/1/z", "\"deep\""},
      {"/twice/y/0", "[]"},
      {"/foo/2", NULL},
      {"/foo/00", NULL},
      {"/foo/01", NULL},
      {"/foo/-", NULL},
      {"/foo/+1", NULL},
      {"/foo/1x", NULL},
      {"/foo/", NULL},
      {"/foo/99999999999999999999", NULL},
      {"/foo/0/0", NULL},
      {"/Foo", NULL},
      {"/fo", NULL},
      {"/fooo", NULL},
      {"//", NULL},
      {"/gr\xc3\xbcn/x/y", NULL},
      {"/twice/y/0/0", NULL},
      {"/a/b", NULL},
  };
  struct ps_jsontext_value root = ps_jsontext_root(text, strlen(text)), found;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (ps_jsontext_find(root, rows[i].pointer, &found) != (rows[i].value != NULL))
      fail_msg("'%s' is judged wrongly", rows[i].pointer);
    if (rows[i].value)
      expect_text(found, rows[i].value);
  }
  assert_true(ps_jsontext_find(root, "", &found));
  assert_ptr_equal(found.text, text);
  assert_int_equal(found.size, strlen(text));
}

static void pointer_is_told_from_other_text(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    bool valid;
  } rows[] = {{"", true},       {"/", true},    {"/a", true},  {"//", true},   {"/~0~1", true},
              {"/a/0/-", true}, {"a", false},   {"/~", false}, {"/~2", false}, {"~0", false},
              {" /", false},    {"/a~", false}, {"#/a", false}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (ps_jsontext_is_pointer(rows[i].text, strlen(rows[i].text)) != rows[i].valid)
      fail_msg("'%s' is judged wrongly", rows[i].text);
  assert_false(ps_jsontext_is_pointer("/~0", 2));
}

/* ---- Strings */

static void string_stands_for_its_characters(void **state)
{
  (void)state;
  static const struct {
    const char *string, *text;
  } rows[] = {
      {"\"\"", ""},
      {"\"plain\"", "plain"},
      {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
      {"\"\\u0041\\u00e9\\u20AC\\uFFFF\"", "A\xc3\xa9\xe2\x82\xac\xef\xbf\xbf"},
      {"\"\\ud83d\\ude00!\"", "\xf0\x9f\x98\x80!"},
      {"\"\\uDBFF\\uDFFF\"", "\xf4\x8f\xbf\xbf"},
      {"\"gr\xc3\xbc\\u00df\"", "gr\xc3\xbc\xc3\x9f"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct ps_jsontext_value string = {rows[i].string, strlen(rows[i].string)};
    ps_buf_clear(&out);
    assert_int_equal(ps_jsontext_unquote(&out, string), 0);
    assert_string_equal(out.data, rows[i].text);
    assert_true(ps_jsontext_is(string, rows[i].text));
    assert_false(ps_jsontext_is(string, "other"));
  }
}

static void nul_in_a_string_is_a_character(void **state)
{
  (void)state;
  struct ps_jsontext_value string = {"\"a\\u0000b\"", 10};
  assert_int_equal(ps_jsontext_unquote(&out, string), 0);
  assert_int_equal(out.size, 3);
  assert_memory_equal(out.data, "a\0b", 3);
  assert_false(ps_jsontext_is(string, "a"));
}

static void lone_surrogate_has_no_characters(void **state)
{
  (void)state;
  static const char *const strings[] = {"\"\\ud800\"",        "\"\\udc00\"",       "\"a\\udbffb\"",
                                        "\"\\ud800\\ud800\"", "\"\\ud800\\n\"",    "\"\\ude00\\ud83d\"",
                                        "\"\\ud800u0041\"",   "\"\\ud83d\\u0041\""};
  for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
    struct ps_jsontext_value string = {strings[i], strlen(strings[i])};
    assert_int_equal(ps_jsontext_unquote(&out, string), -EINVAL);
  }
}

static void quoted_text_stands_for_itself(void **state)
{
  (void)state;
  struct ps_buf back = {0};
  char text[128];
  for (size_t i = 0; i < sizeof text; i++)
    text[i] = (char)i;
  assert_int_equal(ps_jsontext_quote(&out, text, sizeof text, true), 0);
  assert_int_equal(ps_jsontext_check(out.data, out.size, true, NULL), 0);
  assert_int_equal(ps_jsontext_unquote(&back, ps_jsontext_root(out.data, out.size)), 0);
  assert_int_equal(back.size, sizeof text);
  assert_memory_equal(back.data, text, sizeof text);
  ps_buf_fini(&back);
}

static void quotes_are_left_out_where_they_stand_already(void **state)
{
  (void)state;
  assert_int_equal(ps_jsontext_quote(&out, "a\"b\\c\x01\x7f/\xc3\xa9", 10, false), 0);
  assert_string_equal(out.data, "a\\\"b\\\\c\\u0001\x7f/\xc3\xa9");
  ps_buf_clear(&out);
  assert_int_equal(ps_jsontext_quote(&out, "", 0, true), 0);
  assert_string_equal(out.data, "\"\"");
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
      SENTENCE(escaped_backslash_makes_no_nul_of_what_follows_it),
      SENTENCE(fault_is_told_with_its_place),
      SENTENCE(fault_of_depth_is_where_it_goes_too_deep),
      SENTENCE(member_that_stands_twice_is_a_fault_where_they_must_be_unique),
      SENTENCE(members_without_end_are_refused_where_they_must_be_unique),
      SENTENCE(what_ends_or_spoils_a_string_is_found_wherever_it_stands),
      SENTENCE(members_come_one_after_the_other),
      SENTENCE(what_is_no_object_has_no_members),
      SENTENCE(root_has_no_space_around_it),
      SENTENCE(pointer_leads_where_rfc_6901_says),
      SENTENCE(pointer_is_told_from_other_text),
      SENTENCE(string_stands_for_its_characters),
      SENTENCE(nul_in_a_string_is_a_character),
      SENTENCE(lone_surrogate_has_no_characters),
      SENTENCE(quoted_text_stands_for_itself),
      SENTENCE(quotes_are_left_out_where_they_stand_already),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
