/* Templates: what is taken for one, what they become, and what a hostile value cannot do to them. */
#include "net/template.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct ps_template template;
static struct ps_buf out;
static struct ps_error error;
static char words[256];

static int fini(void **state)
{
  (void)state;
  ps_template_fini(&template);
  ps_buf_fini(&out);
  return 0;
}

static void make(enum ps_template_kind kind, const char *text)
{
  ps_template_fini(&template);
  if (ps_template_init(&template, kind, text, &error))
    fail_msg("'%s' is refused: %s", text, error.text);
}

static int render(const char *message)
{
  assert_int_equal(ps_jsontext_check(message, strlen(message), false, NULL), 0);
  ps_buf_clear(&out);
  words[0] = '\0';
  return ps_template_render(&template, ps_jsontext_root(message, strlen(message)), &out, words, sizeof words);
}

static void expect(enum ps_template_kind kind, const char *text, const char *message, const char *rendered)
{
  make(kind, text);
  if (render(message))
    fail_msg("'%s' from '%s': %s", text, message, words);
  if (strcmp(out.data, rendered) != 0)
    fail_msg("'%s' from '%s' is '%s' rather than '%s'", text, message, out.data, rendered);
}

static void expect_unusable(enum ps_template_kind kind, const char *text, const char *message, const char *why)
{
  make(kind, text);
  if (render(message) != -EINVAL)
    fail_msg("'%s' is made from '%s': '%s'", text, message, out.data);
  if (!strstr(words, why))
    fail_msg("'%s' from '%s': '%s' does not say '%s'", text, message, words, why);
}

static void expect_refusal(enum ps_template_kind kind, const char *text, const char *why)
{
  ps_template_fini(&template);
  if (ps_template_init(&template, kind, text, &error) != -EINVAL)
    fail_msg("'%s' is taken", text);
  if (!strstr(error.text, why))
    fail_msg("'%s' is refused with '%s', which does not say '%s'", text, error.text, why);
}

/* ---- Bodies */

static const char order[] = "{\"id\": 12345678901234567890.10, \"text\": \"a \\\"b\\\" \\u00e9\\n\", \"ok\": true,"
                            "\"none\": null, \"list\": [1, \"x\"], \"to\": {\"name\": \"B\\\\\", \"e\": \"\"},"
                            "\"a/b\": 1, \"m~n\": 2, \"\": 3, \"q\\\"q\": 4}";

static void string_that_is_a_placeholder_becomes_the_value_itself(void **state)
{
  (void)state;
  static const char *const rows[][2] = {
      {"\"{{/id}}\"", "12345678901234567890.10"},
      {"\"{{/text}}\"", "\"a \\\"b\\\" \\u00e9\\n\""},
      {"\"{{/ok}}\"", "true"},
      {"\"{{/none}}\"", "null"},
      {"\"{{/list}}\"", "[1, \"x\"]"},
      {"\"{{/to}}\"", "{\"name\": \"B\\\\\", \"e\": \"\"}"},
      {"\"{{/list/1}}\"", "\"x\""},
      {"\"{{/a~1b}}\"", "1"},
      {"\"{{/m~0n}}\"", "2"},
      {"\"{{/}}\"", "3"},
      {"\"{{/q\\\"q}}\"", "4"},
      {"{\"x\": \"{{/id}}\", \"y\": [ \"{{/ok}}\" , \"{{/none}}\"]}",
       "{\"x\": 12345678901234567890.10, \"y\": [ true , null]}"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    expect(PS_TEMPLATE_BODY, rows[i][0], order, rows[i][1]);
}

static void empty_pointer_is_the_whole_message(void **state)
{
  (void)state;
  expect(PS_TEMPLATE_BODY, "{\"data\":\"{{}}\"}", " [1, 2] ", "{\"data\":[1, 2]}");
  expect(PS_TEMPLATE_BODY, "{\"data\":\"<{{}}>\"}", "{\"a\": [1, \"x\"]}",
         "{\"data\":\"<{\\\"a\\\":[1,\\\"x\\\"]}>\"}");
  expect(PS_TEMPLATE_BODY, "\"{{}}\"", "\"s\"", "\"s\"");
}

static void value_inside_of_a_string_is_escaped_for_it(void **state)
{
  (void)state;
  static const char *const rows[][2] = {
      {"\"<{{/id}}>\"", "\"<12345678901234567890.10>\""},
      {"\"{{/text}}!\"", "\"a \\\"b\\\" \\u00e9\\n!\""},
      {"\" {{/ok}}\"", "\" true\""},
      {"\"{{/ok}}{{/none}}\"", "\"truenull\""},
      {"\"{{/list}} {{/to}}\"", "\"[1,\\\"x\\\"] {\\\"name\\\":\\\"B\\\\\\\\\\\",\\\"e\\\":\\\"\\\"}\""},
      {"\"{{/to/e}}{{/to/name}}\"", "\"B\\\\\""},
      {"\"\\\"{{/ok}}\\\\\"", "\"\\\"true\\\\\""},
      {"[\"{{/ok}}\",\"a{{/ok}}b{{/ok}}c\",\"{{/ok}}\"]", "[true,\"atruebtruec\",true]"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    expect(PS_TEMPLATE_BODY, rows[i][0], order, rows[i][1]);
}

static void body_stays_valid_whatever_the_value(void **state)
{
  (void)state;
  static const char *const values[] = {
      "\"\\\",\\\"admin\\\":true,\\\"\"",
      "\"\\\\\"",
      "\"\\u0022\"",
      "\"\\u005c\"",
      "\"\\ud800\"",
      "\"\\u0000\\u001f\"",
      "\"{{/v}}\"",
      "\"}}\"",
      "\"\\r\\nHost: x\"",
      "\"\x7f\xc3\xa9\"",
      "-0.0e-0",
      "1e999",
      "[[\"\\\"\"]]",
      "{}",
      "[]",
      "{\"\\\"\":\"\\\\\"}",
      "null",
      "false",
      "\"\"",
  };
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    struct ps_buf message = {0};
    struct ps_jsontext_value found;
    ps_buf_printf(&message, "{\"v\":%s}", values[i]);
    make(PS_TEMPLATE_BODY, "{\"a\":\"{{/v}}\",\"b\":\"x{{/v}}y{{/v}}\",\"c\":\"{{}}\",\"d\":\" {{}}\",\"last\":1}");
    assert_int_equal(render(message.data), 0);
    if (ps_jsontext_check(out.data, out.size, true, NULL))
      fail_msg("'%s' breaks it: '%s'", values[i], out.data);
    struct ps_jsontext_value root = ps_jsontext_root(out.data, out.size);
    assert_true(ps_jsontext_find(root, "/last", &found));
    assert_false(ps_jsontext_find(root, "/admin", &found));
    assert_true(ps_jsontext_find(root, "/a", &found));
    assert_int_equal(found.size, strlen(values[i]));
    assert_memory_equal(found.text, values[i], found.size);
    ps_buf_fini(&message);
  }
}

static void value_is_not_looked_through_for_placeholders(void **state)
{
  (void)state;
  expect(PS_TEMPLATE_BODY, "\"{{/a}} {{/b}}\"", "{\"a\":\"{{/b}}\",\"b\":\"{{\"}", "\"{{/b}} {{\"");
}

static void body_without_placeholders_stands_as_it_is(void **state)
{
  (void)state;
  static const char text[] = " { \"a\" : [ 1.0 , \"} } { /x\" , \"\\u007b{/a}}\" ] } ";
  expect(PS_TEMPLATE_BODY, text, "null", text);
  assert_false(ps_template_asks(&template));
  make(PS_TEMPLATE_BODY, "\"{{/a}}\"");
  assert_true(ps_template_asks(&template));
}

static void what_a_message_lacks_makes_it_unusable(void **state)
{
  (void)state;
  static const char *const rows[][2] = {{"\"{{/phone}}\"", "the message has no /phone"},
                                        {"\"{{/list/2}}\"", "the message has no /list/2"},
                                        {"\"{{/id/x}}\"", "the message has no /id/x"},
                                        {"\"a{{/to/Name}}\"", "the message has no /to/Name"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    expect_unusable(PS_TEMPLATE_BODY, rows[i][0], order, rows[i][1]);
}

static void body_that_is_no_template_is_refused(void **state)
{
  (void)state;
  static const char *const rows[][2] = {
      {"", "not JSON"},
      {"{{/a}}", "not JSON: a name in double quotes should stand here (at byte 2)"},
      {"{\"a\":'{{/a}}'}", "a string wants double quotes"},
      {"{\"{{/a}}\":1}", "cannot stand in a member's name"},
      {"{\"a {{/a}}\" : 1}", "cannot stand in a member's name"},
      {"\"{{/a\"", "not closed"},
      {"\"{{/a}\"", "not closed"},
      {"[\"{{/a\",\"}}\"]", "not closed"},
      {"\"{{/a}} {{\"", "not closed"},
      {"\"{{a}}\"", "{{a}} is no JSON pointer, which begins with /: write {{/a}}"},
      {"\"{{ name }}\"", "write {{/name}}"},
      {"\"{{ /name }}\"", "write {{/name}}"},
      {"\"{{.name}}\"", "write {{/name}}"},
      {"\"{{$.name}}\"", "write {{/name}}"},
      {"\"{{{/a}}}\"", "write {{/a}}"},
      {"\"{{#/a}}\"", "write {{/a}}"},
      {"\"{{ }}\"", "is no JSON pointer"},
      {"\"{{/~}}\"", "~ is written ~0"},
      {"\"{{/a~2}}\"", "{{/a~2}}: in a JSON pointer, ~ is written ~0"},
      {"\"{{/\\ud800}}\"", "half a surrogate pair"},
      {"\"{{/\\u0000}}\"", "\\u0000"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    expect_refusal(PS_TEMPLATE_BODY, rows[i][0], rows[i][1]);
}

/* ---- Headers */

static void header_takes_scalars(void **state)
{
  (void)state;
  static const char *const rows[][2] = {
      {"X-Id: {{/id}}", "X-Id: 12345678901234567890.10"},
      {"X-Ok: {{/ok}}", "X-Ok: true"},
      {"X-Two: {{/list/1}}-{{/list/0}}!", "X-Two: x-1!"},
      {"X-Name: {{/to/name}}", "X-Name: B\\"},
      {"X-Empty: {{/to/e}}", "X-Empty: "},
      {"X-Quote:{{/q\"q}}", "X-Quote:4"},
      {"X-Brace: a}}b", "X-Brace: a}}b"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    expect(PS_TEMPLATE_HEADER, rows[i][0], order, rows[i][1]);
  expect(PS_TEMPLATE_HEADER, "X: {{/v}}", "{\"v\":\" gr\\u00fcn\xc3\x9f \"}", "X:  gr\xc3\xbcn\xc3\x9f ");
}

static void value_that_cannot_stand_in_a_header_is_unusable(void **state)
{
  (void)state;
  static const char *const rows[][2] = {
      {"\"secret\\r\\nHost: x\"", "/v in the message holds a line break or another control character"},
      {"\"secret\\n\"", "control character"},
      {"\"\\rsecret\"", "control character"},
      {"\"secret\\u0000\"", "control character"},
      {"\"secret\\t\"", "control character"},
      {"\"secret\\u001f\"", "control character"},
      {"\"secret\\u007f\"", "control character"},
      {"\"secret\x7f\"", "control character"},
      {"\"secret\\ud800\"", "half a surrogate pair"},
      {"null", "/v in the message is null"},
      {"[\"secret\"]", "/v in the message is an array"},
      {"{\"secret\":1}", "/v in the message is an object"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct ps_buf message = {0};
    ps_buf_printf(&message, "{\"v\":%s}", rows[i][0]);
    expect_unusable(PS_TEMPLATE_HEADER, "X: a{{/v}}", message.data, rows[i][1]);
    assert_null(strstr(words, "secret"));
    ps_buf_fini(&message);
  }
  expect_unusable(PS_TEMPLATE_HEADER, "X: {{/w}}", "{}", "the message has no /w");
}

static void header_that_is_no_template_is_refused(void **state)
{
  (void)state;
  static const char *const rows[][2] = {
      {"{{/a}}: v", "only after 'Name:'"},     {"X-{{/a}}: v", "only after 'Name:'"},
      {"{{/a:b}}: v", "only after 'Name:'"},   {"X {{/a}}", "only after 'Name:'"},
      {"X: {{}}", "can only stand in a body"}, {"X: {{/a", "not closed"},
      {"X: {{ a }}", "write {{/a}}"},          {"X: {{/~}}", "~ is written ~0"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    expect_refusal(PS_TEMPLATE_HEADER, rows[i][0], rows[i][1]);
}

/* ---- URLs */

static void value_is_one_segment_or_one_parameter_whatever_it_holds(void **state)
{
  (void)state;
  static const char *const rows[][2] = {
      {"\"plain-._~09AZaz\"", "plain-._~09AZaz"},
      {"\"../../admin\"", "..%2F..%2Fadmin"},
      {"\"a/b\"", "a%2Fb"},
      {"\"\\/\"", "%2F"},
      {"\"a?b=c#d\"", "a%3Fb%3Dc%23d"},
      {"\"a&b;c+d e\"", "a%26b%3Bc%2Bd%20e"},
      {"\"\\r\\nHost: x\"", "%0D%0AHost%3A%20x"},
      {"\"%2e%2e\"", "%252e%252e"},
      {"\"a\\u0000b\"", "a%00b"},
      {"\"...\"", "..."},
      {"\"@evil.example:80\"", "%40evil.example%3A80"},
      {"\"\\\\\"", "%5C"},
      {"\"gr\\u00fc\xc3\x9f\"", "gr%C3%BC%C3%9F"},
      {"\"\\ud83d\\ude00\"", "%F0%9F%98%80"},
      {"\"{{/v}}\"", "%7B%7B%2Fv%7D%7D"},
      {"-1.5e+3", "-1.5e%2B3"},
      {"12345678901234567890", "12345678901234567890"},
      {"false", "false"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct ps_buf message = {0}, url = {0};
    ps_buf_printf(&message, "{\"v\":%s}", rows[i][0]);
    ps_buf_printf(&url, "http://h/a/%s/b?q=%s", rows[i][1], rows[i][1]);
    expect(PS_TEMPLATE_URL, "http://h/a/{{/v}}/b?q={{/v}}", message.data, url.data);
    ps_buf_fini(&message);
    ps_buf_fini(&url);
  }
}

static void value_that_would_change_the_path_is_unusable(void **state)
{
  (void)state;
  static const struct {
    const char *url, *message, *why;
  } rows[] = {
      {"http://h/{{/v}}", "{\"v\":\"\"}", "/v in the message is empty"},
      {"http://h/a{{/v}}b", "{\"v\":\"\"}", "/v in the message is empty"},
      {"http://h/{{/v}}", "{\"v\":\".\"}", "/v in the message makes '.' or '..'"},
      {"http://h/{{/v}}", "{\"v\":\"..\"}", "makes '.' or '..'"},
      {"http://h/a/{{/v}}/b", "{\"v\":\"..\"}", "makes '.' or '..'"},
      {"http://h/a/{{/v}}?q={{/v}}", "{\"v\":\"..\"}", "makes '.' or '..'"},
      {"http://h/a/{{/v}}?q", "{\"v\":\".\"}", "makes '.' or '..'"},
      {"http://h/a/{{/v}}#f", "{\"v\":\".\"}", "makes '.' or '..'"},
      {"http://h/.{{/v}}/b", "{\"v\":\".\"}", "makes '.' or '..'"},
      {"http://h/{{/v}}./b", "{\"v\":\".\"}", "makes '.' or '..'"},
      {"http://h/{{/v}}.", "{\"v\":\".\"}", "makes '.' or '..'"},
      {"http://h/%2e{{/v}}/b", "{\"v\":\".\"}", "makes '.' or '..'"},
      {"http://h/{{/v}}%2E", "{\"v\":\".\"}", "makes '.' or '..'"},
      {"http://h/{{/w}}{{/v}}/b", "{\"v\":\".\",\"w\":\".\"}", "/v in the message makes '.' or '..'"},
      {"http://h/{{/w}}/{{/v}}", "{\"v\":\"..\",\"w\":\"a\"}", "/v in the message makes '.' or '..'"},
      {"http://h/{{/v}}/{{/w}}", "{\"v\":\"..\",\"w\":\"a\"}", "/v in the message makes '.' or '..'"},
      {"http://h/{{/v}}", "{\"v\":null}", "is null"},
      {"http://h/?{{/v}}", "{\"v\":{}}", "is an object"},
      {"http://h/?{{/v}}", "{\"v\":[]}", "is an array"},
      {"http://h/?{{/v}}", "{\"v\":\"\\udc00\"}", "half a surrogate pair"},
      {"http://h/?{{/v}}", "{}", "the message has no /v"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    expect_unusable(PS_TEMPLATE_URL, rows[i].url, rows[i].message, rows[i].why);
}

static void dots_beside_other_characters_are_a_name(void **state)
{
  (void)state;
  static const struct {
    const char *url, *value, *rendered;
  } rows[] = {
      {"http://h/a{{/v}}", "..", "http://h/a.."},       {"http://h/{{/v}}b/", "..", "http://h/..b/"},
      {"http://h/{{/v}}{{/v}}", "..", "http://h/...."}, {"http://h/?{{/v}}", "..", "http://h/?.."},
      {"http://h/?a={{/v}}&b", "", "http://h/?a=&b"},   {"http://h?/{{/v}}", ".", "http://h?/."},
      {"http://h/../{{/v}}/.", "x", "http://h/../x/."},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct ps_buf message = {0};
    ps_buf_printf(&message, "{\"v\":\"%s\"}", rows[i].value);
    expect(PS_TEMPLATE_URL, rows[i].url, message.data, rows[i].rendered);
    ps_buf_fini(&message);
  }
}

static void pointer_in_a_url_may_hold_what_a_url_may_not(void **state)
{
  (void)state;
  expect(PS_TEMPLATE_URL, "http://h/{{/a?b#c d}}/x?{{/a~1b/0}}", "{\"a?b#c d\":1,\"a/b\":[2]}", "http://h/1/x?2");
}

static void url_that_is_no_template_is_refused(void **state)
{
  (void)state;
  static const char *const rows[][2] = {
      {"{{/a}}://h/", "only in the path and the query"},
      {"http://{{/a}}/", "only in the path and the query"},
      {"http://{{/a}}", "only in the path and the query"},
      {"http://h{{/a}}", "only in the path and the query"},
      {"http://h:{{/a}}/", "only in the path and the query"},
      {"http://{{/a}}@h/", "only in the path and the query"},
      {"http://h/{{/b}}#{{/a}}", "after #"},
      {"http://h#{{/a}}", "after #"},
      {"http://h/?q#?{{/a}}", "after #"},
      {"http://h/{{}}", "can only stand in a body"},
      {"http://h/{{/a", "not closed"},
      {"http://h/{{a}}", "write {{/a}}"},
      {"http://h/{{/~a}}", "~ is written ~0"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    expect_refusal(PS_TEMPLATE_URL, rows[i][0], rows[i][1]);
}

static void sketch_has_x_for_each_value(void **state)
{
  (void)state;
  make(PS_TEMPLATE_URL, "http://h/{{/a b}}/c?{{/d}}{{/e}}");
  assert_int_equal(ps_template_sketch(&template, &out), 0);
  assert_string_equal(out.data, "http://h/x/c?xx");
}

static void long_pointer_is_told_in_words_that_fit(void **state)
{
  (void)state;
  static char text[2000] = "X: {{/";
  memset(text + 6, 'a', sizeof text - 9);
  memcpy(text + sizeof text - 3, "}}", 3);
  make(PS_TEMPLATE_HEADER, text);
  assert_int_equal(render("{}"), -EINVAL);
  assert_non_null(strstr(words, "the message has no /aaa"));
}

#define SENTENCE(name) cmocka_unit_test_teardown(name, fini)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(string_that_is_a_placeholder_becomes_the_value_itself),
      SENTENCE(empty_pointer_is_the_whole_message),
      SENTENCE(value_inside_of_a_string_is_escaped_for_it),
      SENTENCE(body_stays_valid_whatever_the_value),
      SENTENCE(value_is_not_looked_through_for_placeholders),
      SENTENCE(body_without_placeholders_stands_as_it_is),
      SENTENCE(what_a_message_lacks_makes_it_unusable),
      SENTENCE(body_that_is_no_template_is_refused),
      SENTENCE(header_takes_scalars),
      SENTENCE(value_that_cannot_stand_in_a_header_is_unusable),
      SENTENCE(header_that_is_no_template_is_refused),
      SENTENCE(value_is_one_segment_or_one_parameter_whatever_it_holds),
      SENTENCE(value_that_would_change_the_path_is_unusable),
      SENTENCE(dots_beside_other_characters_are_a_name),
      SENTENCE(pointer_in_a_url_may_hold_what_a_url_may_not),
      SENTENCE(url_that_is_no_template_is_refused),
      SENTENCE(sketch_has_x_for_each_value),
      SENTENCE(long_pointer_is_told_in_words_that_fit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
