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

/* The library's looks at names, and its walks over members, come here (see meson.build). More than are allowed end a
 * test at once, which else might take hours to fail. */
static size_t looks, looks_allowed = SIZE_MAX;

static void look(void)
{
  if (looks++ == looks_allowed)
    fail_msg("%zu looks at names were not enough", looks_allowed);
}

static void allow_looks(size_t most)
{
  looks = 0;
  looks_allowed = most;
}

int __real_ps_jsontext_order(struct ps_jsontext_value a, struct ps_jsontext_value b);
bool __real_ps_jsontext_same(struct ps_jsontext_value a, struct ps_jsontext_value b);
bool __real_ps_jsontext_member(struct ps_jsontext_value object, const char **at, struct ps_jsontext_value *name,
                               struct ps_jsontext_value *value);
int __wrap_ps_jsontext_order(struct ps_jsontext_value a, struct ps_jsontext_value b);
bool __wrap_ps_jsontext_same(struct ps_jsontext_value a, struct ps_jsontext_value b);
bool __wrap_ps_jsontext_member(struct ps_jsontext_value object, const char **at, struct ps_jsontext_value *name,
                               struct ps_jsontext_value *value);

int __wrap_ps_jsontext_order(struct ps_jsontext_value a, struct ps_jsontext_value b)
{
  look();
  return __real_ps_jsontext_order(a, b);
}

bool __wrap_ps_jsontext_same(struct ps_jsontext_value a, struct ps_jsontext_value b)
{
  look();
  return __real_ps_jsontext_same(a, b);
}

bool __wrap_ps_jsontext_member(struct ps_jsontext_value object, const char **at, struct ps_jsontext_value *name,
                               struct ps_jsontext_value *value)
{
  look();
  return __real_ps_jsontext_member(object, at, name, value);
}

static int free_out(void **state)
{
  (void)state;
  allow_looks(SIZE_MAX);
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
      "{}{}", "null,",
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

static void nesting_is_taken_to_256_levels(void **state)
{
  (void)state;
  expect_depth(33, "[", "]", 0);
  expect_depth(256, "[", "]", 0);
  expect_depth(257, "[", "]", -E2BIG);
  expect_depth(256, "{\"a\":", "}", 0);
  expect_depth(257, "{\"a\":", "}", -E2BIG);
  expect_depth(128, "[{\"a\":", "}]", 0);
  expect_depth(129, "[{\"a\":", "}]", -E2BIG);
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
  assert_int_equal(compact(nul, strlen(nul)), -ENOTSUP);
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
  static char text[300];
  memset(text, '[', sizeof text);
  assert_int_equal(ps_jsontext_check(text, sizeof text, false, &fault), -E2BIG);
  assert_int_equal(fault.offset, PS_JSONTEXT_DEPTH);
  assert_string_equal(fault.words, "it is nested more than 256 deep");
}

/* What is JSON and is not taken is not told to be none. */
static void only_what_is_not_json_is_blamed_for_it(void **state)
{
  (void)state;
  struct ps_jsontext_fault fault;
  assert_int_equal(ps_jsontext_check("{\"a\\u0000\":1}", 13, false, &fault), -ENOTSUP);
  assert_int_equal(fault.offset, 1);
  assert_string_equal(fault.words, "a name holds \\u0000");
  assert_string_equal(ps_jsontext_blame(-ENOTSUP), "");
  assert_string_equal(ps_jsontext_blame(-E2BIG), "");
  assert_string_equal(ps_jsontext_blame(-EINVAL), "it is not JSON: ");
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
      {"{\"a\":1,\"b\":{\"c\":1,\"c\":2},\"b\":3,\"a\":4}", 18},
      {"{\"a\":1,\"a\":{\"c\":1,\"c\":2}}", 7},
      {"{\"a\":1,\"b\":2,\"a\":3,\"a\":4,\"b\":5}", 13},
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
    if (result != (rows[i].offset ? -ENOTSUP : 0) || fault.offset != rows[i].offset)
      fail_msg("'%s': %d at %zu", rows[i].text, result, fault.offset);
    if (result)
      assert_non_null(strstr(fault.words, "stands twice"));
  }
}

static void what_is_not_json_is_told_before_a_name_that_stands_twice(void **state)
{
  (void)state;
  struct ps_jsontext_fault fault;
  assert_int_equal(ps_jsontext_check("{\"a\":1,\"a\":2,}", 14, true, &fault), -EINVAL);
  assert_int_equal(fault.offset, 13);
}

/* Objects in objects, each of `members` besides the one that holds the next. */
static void put_levels(unsigned levels, unsigned members)
{
  ps_buf_clear(&out);
  for (unsigned level = 0; level < levels; level++) {
    ps_buf_puts(&out, "{");
    for (unsigned i = 0; i < members; i++)
      ps_buf_printf(&out, "\"%u\":0,", i * 2654435761U); /* in no order */
    ps_buf_puts(&out, "\"\":");
  }
  ps_buf_puts(&out, "1");
  for (unsigned level = 0; level < levels; level++)
    ps_buf_puts(&out, "}");
}

/* A name is compared with as many as sorting takes, however many members its object has, and however deep. */
static void names_of_a_hostile_text_are_looked_at_a_few_times_each(void **state)
{
  (void)state;
  static const struct {
    unsigned levels, members, looks; /* for each member, at most: the binary logarithm and two */
  } shapes[] = {{1, 100000, 19}, {8, 10000, 16}, {PS_JSONTEXT_DEPTH, 300, 11}, {1, 100, 9}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    put_levels(shapes[i].levels, shapes[i].members);
    size_t members = (size_t)shapes[i].levels * (shapes[i].members + 1);
    allow_looks(members * shapes[i].looks);
    assert_int_equal(ps_jsontext_check(out.data, out.size, true, NULL), 0);
    assert_true(looks >= members - shapes[i].levels);
    allow_looks(0);
    assert_int_equal(ps_jsontext_check(out.data, out.size, false, NULL), 0);
  }
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

static void items_come_one_after_the_other(void **state)
{
  (void)state;
  static const char text[] = " [1, [2,3] ,\"]\",{\"a\":[4]},null ] ";
  static const char *const items[] = {"1", "[2,3]", "\"]\"", "{\"a\":[4]}", "null"};
  struct ps_jsontext_value root = ps_jsontext_root(text, strlen(text)), value;
  const char *at = NULL;
  for (size_t i = 0; i < 5; i++) {
    assert_true(ps_jsontext_element(root, &at, &value));
    expect_text(value, items[i]);
  }
  assert_false(ps_jsontext_element(root, &at, &value));
  at = NULL;
  assert_false(ps_jsontext_element(ps_jsontext_root("{\"a\":1}", 7), &at, &value));
}

static void value_at_the_beginning_is_told_from_what_follows(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    size_t size;
  } rows[] = {{"[1,2],202", 5}, {"\"a,b\",c", 5}, {"{\"a\":[1]}x", 9}, {"12,3", 2}, {"\"a", 0},
              {"[1,2", 0},      {"", 0},          {" 1", 0},           {"x", 0},    {"[1}", 0},
              {"\"\xff\"", 0},  {"1\xff", 1}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (ps_jsontext_begin(rows[i].text, strlen(rows[i].text)) != rows[i].size)
      fail_msg("'%s' is measured wrongly", rows[i].text);
}

static void byte_order_mark_is_told_from_other_bytes(void **state)
{
  (void)state;
  assert_int_equal(ps_jsontext_mark_size("\xef\xbb\xbf{}", 5), 3);
  assert_int_equal(ps_jsontext_mark_size("\xef\xbb\xbf", 3), 3);
  assert_int_equal(ps_jsontext_mark_size("\xef\xbb\xbf", 2), 0);
  assert_int_equal(ps_jsontext_mark_size("\xef\xbb\xbe{}", 5), 0);
  assert_int_equal(ps_jsontext_mark_size("{}", 2), 0);
}

/* ---- Equality */

struct pair {
  const char *wanted, *found;
  bool equal;
};

static bool equal(const char *wanted, const char *found)
{
  bool result;
  assert_int_equal(ps_jsontext_check(wanted, strlen(wanted), false, NULL), 0);
  assert_int_equal(ps_jsontext_check(found, strlen(found), false, NULL), 0);
  assert_int_equal(
      ps_jsontext_equal(ps_jsontext_root(wanted, strlen(wanted)), ps_jsontext_root(found, strlen(found)), &result), 0);
  return result;
}

/* Either way round. */
static void compare_all(const struct pair *pairs, size_t count)
{
  for (size_t i = 0; i < count; i++)
    if (equal(pairs[i].wanted, pairs[i].found) != pairs[i].equal ||
        equal(pairs[i].found, pairs[i].wanted) != pairs[i].equal || !equal(pairs[i].found, pairs[i].found))
      fail_msg("'%s' and '%s' are judged wrongly", pairs[i].wanted, pairs[i].found);
}

#define COMPARE_ALL(pairs) compare_all(pairs, sizeof(pairs) / sizeof *(pairs))

static void values_are_equal_to_none_of_another_kind(void **state)
{
  (void)state;
  static const char *const values[] = {"null", "true", "false", "0",    "1",        "\"\"",      "\"1\"",
                                       "[]",   "[1]",  "{}",    "[{}]", "\"null\"", "{\"a\":1}", "[null]"};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++)
    for (size_t k = 0; k < sizeof values / sizeof *values; k++)
      assert_int_equal(equal(values[i], values[k]), i == k);
}

static void strings_are_equal_by_the_characters_they_stand_for(void **state)
{
  (void)state;
  static const struct pair pairs[] = {
      {"\"a/b\"", "\"a\\/b\"", true},
      {"\"\\u00e9\"", "\"\xc3\xa9\"", true},
      {"\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"", true},
      {"\"a\\u0000b\"", "\"a\"", false},
      {"\"\\ud800\"", "\"\\uD800\"", true},
      {"\"\\ud800\"", "\"\\ufffd\"", false},
      {"\"a\"", "\"A\"", false},
      {"\"a\"", "\"ab\"", false},
  };
  COMPARE_ALL(pairs);
}

static void numbers_are_equal_by_value(void **state)
{
  (void)state;
  static const struct pair pairs[] = {
      {"1", "1.0", true},
      {"10", "1e1", true},
      {"0", "-0", true},
      {"0", "0e999", true},
      {"0", "0.000", true},
      {"1.50", "1.5", true},
      {"100", "1E+2", true},
      {"0.001", "1e-3", true},
      {"120", "0.12e3", true},
      {"-1", "1", false},
      {"1", "10", false},
      {"1", "1.5", false},
      {"0.1", "0.01", false},
      {"101", "11", false},
      {"0", "1e-400", false},
      /* as one that calculates in doubles may print it */
      {"0.1", "0.10000000000000001", true},
      {"0.3", "0.30000000000000004", false},
      {"1", "1.00000000000000000000001", true},
      {"1e23", "9.999999999999999e22", true},
      {"1e23", "9.99999999999999e22", false},
      {"9007199254740992.5", "9007199254740992.25", true},
      {"9007199254740993", "9007199254740992.5", false},
      {"9007199254740993", "9007199254740993.0", true},
  };
  COMPARE_ALL(pairs);
}

static void numbers_that_no_double_can_hold_are_not_confused(void **state)
{
  (void)state;
  static const struct pair pairs[] = {
      {"9223372036854775807", "9223372036854775806", false},
      {"18446744073709551615", "18446744073709551615", true},
      {"18446744073709551615", "18446744073709551616", false},
      {"18446744073709551616", "18446744073709551617", false},
      {"-18446744073709551616", "18446744073709551616", false},
      {"100000000000000000000", "1e20", true},
      {"1e400", "1e500", false},
      {"1e400", "10e399", true},
      {"1e-400", "1e-500", false},
      {"1e99999999999999999999", "1e99999999999999999998", false},
      {"1e99999999999999999999", "1e99999999999999999999", true},
      {"1e-99999999999999999999", "0", false},
      {"1e1000000000000000", "1e10000000000000000", false},
      {"0e99999999999999999999", "0", true},
  };
  COMPARE_ALL(pairs);
}

/* More digits than decide about a double, those that follow included: half of the last place of 1, and a little more. */
static void digits_far_behind_the_point_count_as_far_as_a_double_does(void **state)
{
  (void)state;
  ps_buf_puts(&out, "1.00000000000000011102230246251565404236316680908203125");
  assert_true(equal("1.0", out.data));
  for (int i = 0; i < 2000; i++)
    ps_buf_puts(&out, "0");
  assert_true(equal("1.0", out.data));
  ps_buf_puts(&out, "1");
  assert_false(equal("1.0", out.data));
  assert_true(equal("1.0000000000000002", out.data));
}

/* Of all that a number is made of only the point is one that a locale writes otherwise, and a host program may have set
 * any: strtod is never shown one. */
static bool shown_a_point;
static unsigned numbers_read;

double __real_strtod(const char *text, char **end);
double __wrap_strtod(const char *text, char **end);

double __wrap_strtod(const char *text, char **end)
{
  numbers_read++;
  shown_a_point |= text[strspn(text, "-0123456789e")] != '\0';
  return __real_strtod(text, end);
}

static void locale_has_no_say_in_numbers(void **state)
{
  (void)state;
  numbers_read = 0;
  assert_true(equal("0.1", "0.10000000000000001"));
  assert_true(equal("-1.5E+10", "-15000000000.000000001"));
  assert_int_equal(numbers_read, 4);
  assert_false(shown_a_point);
}

static void arrays_are_equal_in_order(void **state)
{
  (void)state;
  static const struct pair pairs[] = {
      {"[1, 2]", "[1.0,2]", true},       {"[1,2]", "[2,1]", false},       {"[1]", "[1,1]", false},
      {"[[1],[2]]", "[[1],[2]]", true},  {"[[1],[2]]", "[[1,2]]", false}, {"[[1],[2]]", "[[1],[3]]", false},
      {"[[[]],[]]", "[[],[[]]]", false}, {"[]", "[null]", false},
  };
  COMPARE_ALL(pairs);
}

static void objects_are_equal_in_any_order_by_the_last_of_each_name(void **state)
{
  (void)state;
  static const struct pair pairs[] = {
      {"{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true},
      {"{\"a\":1}", "{\"\\u0061\":1}", true},
      {"{\"a\":1}", "{\"a\":2,\"a\":1}", true},
      {"{\"a\":1}", "{\"a\":1,\"a\":2}", false},
      {"{\"a\":1,\"b\":1}", "{\"a\":1,\"a\":1}", false},
      {"{\"a\":1}", "{\"a\":1,\"b\":1}", false},
      {"{\"a\":1}", "{\"b\":1}", false},
      {"{\"a\":null}", "{}", false},
      {"{\"a\":{\"b\":[1,{\"c\":2,\"d\":3}]}}", "{\"a\":{\"b\":[1,{\"d\":3,\"c\":2.0}]}}", true},
      {"{\"a\":{\"b\":[1,{\"c\":2,\"d\":3}]}}", "{\"a\":{\"b\":[1,{\"d\":3,\"c\":3}]}}", false},
      {"{\"a\":{\"x\":1}}", "{\"a\":{\"y\":1},\"a\":{\"x\":1}}", true},
      {"{\"\":0,\"a\":1,\"ab\":2,\"b\":3}", "{\"ab\":2,\"b\":3,\"\":0,\"a\":1}", true},
  };
  COMPARE_ALL(pairs);
}

static void deepest_values_are_compared(void **state)
{
  (void)state;
  struct ps_buf other = {0};
  put_levels(PS_JSONTEXT_DEPTH, 3);
  assert_int_equal(ps_buf_append(&other, out.data, out.size), 0);
  assert_true(equal(out.data, other.data));
  other.data[other.size - PS_JSONTEXT_DEPTH - 1] = '2';
  assert_false(equal(out.data, other.data));
  ps_buf_fini(&other);
}

/* Members without end, all of which are wanted: each is looked for among those, not all of those for each. */
static void hostile_value_is_compared_in_linear_time(void **state)
{
  (void)state;
  struct ps_buf wanted = {0};
  bool same;
  ps_buf_puts(&wanted, "{\"0\":0");
  for (unsigned i = 1; i < 1000; i++)
    ps_buf_printf(&wanted, ",\"%u\":0", i);
  ps_buf_puts(&wanted, "}");
  ps_buf_puts(&out, "{\"0\":0");
  for (unsigned i = 1; i < 100000; i++)
    ps_buf_printf(&out, ",\"%u\":0", i % 1000);
  ps_buf_puts(&out, "}");
  allow_looks(100000 * 12);
  assert_int_equal(
      ps_jsontext_equal(ps_jsontext_root(wanted.data, wanted.size), ps_jsontext_root(out.data, out.size), &same), 0);
  assert_true(same);
  assert_true(looks >= 100000);
  ps_buf_fini(&wanted);
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
      SENTENCE(nesting_is_taken_to_256_levels),
      SENTENCE(many_collections_side_by_side_are_not_deep),
      SENTENCE(compact_text_is_appended),
      SENTENCE(escaped_backslash_makes_no_nul_of_what_follows_it),
      SENTENCE(fault_is_told_with_its_place),
      SENTENCE(fault_of_depth_is_where_it_goes_too_deep),
      SENTENCE(only_what_is_not_json_is_blamed_for_it),
      SENTENCE(member_that_stands_twice_is_a_fault_where_they_must_be_unique),
      SENTENCE(what_is_not_json_is_told_before_a_name_that_stands_twice),
      SENTENCE(names_of_a_hostile_text_are_looked_at_a_few_times_each),
      SENTENCE(what_ends_or_spoils_a_string_is_found_wherever_it_stands),
      SENTENCE(members_come_one_after_the_other),
      SENTENCE(what_is_no_object_has_no_members),
      SENTENCE(root_has_no_space_around_it),
      SENTENCE(pointer_leads_where_rfc_6901_says),
      SENTENCE(pointer_is_told_from_other_text),
      SENTENCE(items_come_one_after_the_other),
      SENTENCE(value_at_the_beginning_is_told_from_what_follows),
      SENTENCE(byte_order_mark_is_told_from_other_bytes),
      SENTENCE(values_are_equal_to_none_of_another_kind),
      SENTENCE(strings_are_equal_by_the_characters_they_stand_for),
      SENTENCE(numbers_are_equal_by_value),
      SENTENCE(numbers_that_no_double_can_hold_are_not_confused),
      SENTENCE(digits_far_behind_the_point_count_as_far_as_a_double_does),
      SENTENCE(locale_has_no_say_in_numbers),
      SENTENCE(arrays_are_equal_in_order),
      SENTENCE(objects_are_equal_in_any_order_by_the_last_of_each_name),
      SENTENCE(deepest_values_are_compared),
      SENTENCE(hostile_value_is_compared_in_linear_time),
      SENTENCE(string_stands_for_its_characters),
      SENTENCE(nul_in_a_string_is_a_character),
      SENTENCE(lone_surrogate_has_no_characters),
      SENTENCE(quoted_text_stands_for_itself),
      SENTENCE(quotes_are_left_out_where_they_stand_already),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
