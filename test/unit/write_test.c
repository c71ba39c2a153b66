/* The writer of JSON: what servers chose, whatever it is, is one value of the line and spoils nothing beside it. */
#include "json/write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void open_object(struct ps_json *json)
{
  ps_json_open(json, NULL, '{');
  ps_json_true(json, "before");
}

/* Between its neighbours. */
static void expect(struct ps_json *json, const char *members)
{
  ps_json_null(json, "after");
  ps_json_close(json, '}');
  char *line = ps_json_take(json);
  assert_non_null(line);
  static const char before[] = "{\"before\":true,", after[] = ",\"after\":null}";
  assert_int_equal(strlen(line), sizeof before - 1 + strlen(members) + sizeof after - 1);
  assert_memory_equal(line, before, sizeof before - 1);
  assert_memory_equal(line + sizeof before - 1, members, strlen(members));
  assert_string_equal(line + sizeof before - 1 + strlen(members), after);
  free(line);
}

static void bytes_are_json_or_text_or_base64(void **state)
{
  (void)state;
  static const struct {
    const char *bytes;
    size_t size;
    bool as_json;
    const char *members;
  } rows[] = {
      {"{\"a\": [1, 2.50]}", 16, true, "\"r\":{\"a\":[1,2.50]}"},
      {"{\"a\": [1, 2.50]}", 16, false, "\"r\":\"{\\\"a\\\": [1, 2.50]}\""},
      {"{\"a\": [1, 2.50}", 15, true, "\"r\":\"{\\\"a\\\": [1, 2.50}\""},
      {"\xef\xbb\xbf{\"a\": 1}", 11, true, "\"r\":{\"a\":1}"},
      {"\xef\xbb\xbf{\"a\": 1}", 11, false, "\"r\":\"\xef\xbb\xbf{\\\"a\\\": 1}\""},
      {"\xef\xbb\xbf\xef\xbb\xbf{}", 8, true, "\"r\":\"\xef\xbb\xbf\xef\xbb\xbf{}\""},
      {"\xef\xbb\xbfhello", 8, true, "\"r\":\"\xef\xbb\xbfhello\""},
      {"\xef\xbb\xbf", 3, true, "\"r\":\"\xef\xbb\xbf\""},
      {"", 0, true, "\"r\":\"\""},
      {"a\0b\n", 4, true, "\"r\":\"a\\u0000b\\n\""},
      {"\xc3\xbc", 2, true, "\"r\":\"\xc3\xbc\""},
      {"\xff", 1, true, "\"r\":\"/w==\",\"r_encoding\":\"base64\""},
      {"\xc3", 1, true, "\"r\":\"ww==\",\"r_encoding\":\"base64\""},
      {"a\xff\0b", 4, false, "\"r\":\"Yf8AYg==\",\"r_encoding\":\"base64\""},
      {"{\"a\":\"\xff\"}", 9, true, "\"r\":\"eyJhIjoi/yJ9\",\"r_encoding\":\"base64\""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct ps_json json = {0};
    open_object(&json);
    ps_json_bytes(&json, "r", rows[i].bytes, rows[i].size, rows[i].as_json);
    expect(&json, rows[i].members);
  }
}

static void words_that_are_not_utf8_keep_what_can_be_read(void **state)
{
  (void)state;
  struct ps_json json = {0};
  open_object(&json);
  ps_json_text(&json, "error", "got \xff\xfe\", and more");
  expect(&json, "\"error\":\"got ??\\\", and more\"");
  open_object(&json);
  ps_json_text(&json, "error", NULL);
  expect(&json, "\"error\":null");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bytes_are_json_or_text_or_base64),
      cmocka_unit_test(words_that_are_not_utf8_keep_what_can_be_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
