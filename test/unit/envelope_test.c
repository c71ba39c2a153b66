/* Envelopes: which message a line is, and what is said of a line that is none. */
#include "engine/draft.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct poolsend_message *message; /* of every line of a test: what was there before makes no difference */

static int make_message(void **state)
{
  (void)state;
  message = poolsend_message_new("old", POOLSEND_TEXT);
  return message ? 0 : -1;
}

static int free_message(void **state)
{
  (void)state;
  poolsend_message_free(message);
  message = NULL;
  return 0;
}

/* From a copy without a NUL, freed before anyone looks. */
static int parse_bytes(const char *text, size_t size)
{
  char *copy = malloc(size ? size : 1);
  assert_non_null(copy);
  memcpy(copy, text, size);
  int result = poolsend_message_load(message, copy, size);
  free(copy);
  return result;
}

static void parse(const char *text)
{
  if (parse_bytes(text, strlen(text)))
    fail_msg("'%s' is refused: %s", text, poolsend_message_error(message));
}

static void expect_body(const void *body, size_t size, const char *wanted, size_t wanted_size)
{
  if (!body || size != wanted_size || memcmp(body, wanted, size) != 0)
    fail_msg("the body is '%.*s' rather than '%s'", (int)size, body ? (const char *)body : "", wanted);
}

static void expect_message(const char *wanted, size_t size)
{
  assert_true(message->has_body);
  expect_body(message->body.data, message->body.size, wanted, size);
}

static void expect_headers(const char *const *lines, size_t count)
{
  const char *line = NULL;
  assert_int_equal(message->header_count, count);
  for (size_t i = 0; i < count; i++) {
    line = ps_draft_next_header(message, line);
    assert_string_equal(line, lines[i]);
  }
  assert_null(ps_draft_next_header(message, line));
}

static void body_that_is_a_string_is_sent_as_it_stands(void **state)
{
  (void)state;
  static const char *const rows[][2] = {
      {"{\"body\":\"hello\"}", "hello"},
      {"{\"body\":\"\"}", ""},
      {"{\"body\":\"{\\\"a\\\": 1}\"}", "{\"a\": 1}"},
      {" { \"body\" : \"a\\u00e9\\n\\ud83d\\ude00\" } ", "a\xc3\xa9\n\xf0\x9f\x98\x80"},
      {"{\"\\u0062ody\":\"x\"}", "x"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    parse(rows[i][0]);
    expect_message(rows[i][1], strlen(rows[i][1]));
    assert_false(message->json);
    assert_null(poolsend_message_id(message));
    assert_int_equal(message->header_count + message->part_count + message->line, 0);
  }
}

static void nul_in_a_body_is_a_character(void **state)
{
  (void)state;
  parse("{\"body\":\"a\\u0000b\"}");
  expect_message("a\0b", 3);
}

static void body_of_another_type_is_sent_as_JSON(void **state)
{
  (void)state;
  static const char *const rows[][2] = {
      {"{\"body\": { \"a\" : 1.50, \"a\": [ ] } }", "{\"a\":1.50,\"a\":[]}"},
      {"{\"body\":[1, 2]}", "[1,2]"},
      {"{\"body\":12345678901234567890.10}", "12345678901234567890.10"},
      {"{\"body\":true}", "true"},
      {"{\"body\":null}", "null"},
      {"{\"body\":1}", "1"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    parse(rows[i][0]);
    expect_message(rows[i][1], strlen(rows[i][1]));
    assert_true(message->json);
  }
}

static void body_in_base64_is_decoded(void **state)
{
  (void)state;
  parse("{\"body_base64\":\"AP8Kgw==\"}");
  expect_message("\0\xff\n\x83", 4);
  assert_false(message->json);
  parse("{\"body_base64\":\"\"}");
  expect_message("", 0);
  parse("{\"body_base64\":\"\\/\\u002f\\/+\"}");
  expect_message("\xff\xff\xfe", 3);
}

static void id_is_taken(void **state)
{
  (void)state;
  parse("{\"id\":\"order-7:a.b_C\",\"body\":1}");
  assert_string_equal(poolsend_message_id(message), "order-7:a.b_C");
}

static void bodies_are_for_endpoints_by_name(void **state)
{
  (void)state;
  parse("{\"bodies\":{\"eu\":\"text\\u0000\",\"\\u0075s\":{\"a\": 1},\"\":null,\"e\":\"\"},\"body\":\"rest\"}");
  assert_int_equal(message->part_count, 4);
  static const struct {
    const char *endpoint, *body;
    size_t size;
    bool json;
  } wanted[] = {{"eu", "text\0", 5, false}, {"us", "{\"a\":1}", 7, true}, {"", "null", 4, true}, {"e", "", 0, false}};
  for (size_t i = 0; i < 4; i++) {
    const struct ps_draft_part *part = &message->parts[i];
    assert_string_equal(part->endpoint, wanted[i].endpoint);
    expect_body(part->body.data, part->body.size, wanted[i].body, wanted[i].size);
    assert_int_equal(part->json, wanted[i].json);
  }
  expect_message("rest", 4);
}

static void bodies_alone_are_enough(void **state)
{
  (void)state;
  parse("{\"bodies\":{\"eu\":1}}");
  assert_false(message->has_body);
  assert_int_equal(message->part_count, 1);
}

static void headers_become_lines(void **state)
{
  (void)state;
  parse("{\"headers\":{\"X-One\":\"1\",\"content-type\":\"text/plain; a=\\\"b\\\"\",\"X-Empty\":\"\",\"X\":\"\\t"
        "gr\\u00fc\"},\"body\":1}");
  static const char *const lines[] = {"X-One: 1", "content-type: text/plain; a=\"b\"", "X-Empty: ", "X: \tgr\xc3\xbc"};
  expect_headers(lines, 4);
  parse("{\"headers\":{},\"bodies\":{},\"body\":1}");
  expect_headers(NULL, 0);
}

static void line_that_is_no_envelope_is_refused_with_the_reason(void **state)
{
  (void)state;
  static const char *const rows[][2] = {
      {"", "it is not JSON: it ends where a value should stand (at byte 1)"},
      {"hello", "it is not JSON"},
      {"{\"body\":1", "it is not JSON: it ends before the closing } (at byte 10)"},
      {"{\"body\":NaN}", "NaN is not JSON (at byte 9)"},
      {"{\"body\":\"\xff\"}", "not UTF-8 (at byte 10)"},
      {"{\"body\":1}{\"body\":2}", "something follows after the end (at byte 11)"},
      {"[]", "an envelope is a JSON object"},
      {"\"body\"", "an envelope is a JSON object"},
      {"null", "an envelope is a JSON object"},
      {"{}", "an envelope wants body, body_base64 or bodies"},
      {"{\"id\":\"a\"}", "an envelope wants body"},
      {"{\"bodies\":{}}", "an envelope wants body"},
      {"{\"body\":1,\"body\":2}", "'body' is there twice"},
      {"{\"body\":1,\"bo\\u0064y\":2}", "'body' is there twice"},
      {"{\"id\":\"a\",\"body\":1,\"id\":\"a\"}", "'id' is there twice"},
      {"{\"body\":1,\"body_base64\":\"\"}", "give one of them, not both"},
      {"{\"bdoy\":1}", "'bdoy' is not a key of an envelope; did you mean 'body'?"},
      {"{\"Body\":1}", "did you mean 'body'?"},
      {"{\"header\":{},\"body\":1}", "did you mean 'headers'?"},
      {"{\"body64\":\"\"}", "did you mean 'body'?"},
      {"{\"payload\":1}", "'payload' is not a key of an envelope, which has id, body or body_base64"},
      {"{\"\":1}", "'' is not a key of an envelope"},
      {"{\"a\\nb\":1}", "'a\\nb' is not a key"},
      {"{\"id\":7,\"body\":1}", "id: it must be a string"},
      {"{\"id\":null,\"body\":1}", "id: it must be a string"},
      {"{\"id\":\"\",\"body\":1}", "id: it must be 1 to 255 of the characters"},
      {"{\"id\":\"a b\",\"body\":1}", "id: it must be 1 to 255 of the characters"},
      {"{\"id\":\"a\\u0000\",\"body\":1}", "id: it holds \\u0000"},
      {"{\"id\":\"\\ud800\",\"body\":1}", "id: it holds half a surrogate pair"},
      {"{\"body\":\"\\ud800\"}", "body: it holds half a surrogate pair"},
      {"{\"bodies\":{\"a\":\"\\udc00\"}}", "bodies: a body: it holds half a surrogate pair"},
      {"{\"body_base64\":1}", "body_base64: it must be a string"},
      {"{\"body_base64\":\"Zg\"}", "body_base64: it must be base64 with its padding"},
      {"{\"body_base64\":\"Zg==\\n\"}", "body_base64: it must be base64 with its padding"},
      {"{\"body_base64\":\"Zm9v Zg==\"}", "body_base64: it must be base64"},
      {"{\"body_base64\":\"Zm9\\u0000\"}", "body_base64: it must be base64"},
      {"{\"body_base64\":\"Zm9\\ud800\"}", "body_base64: it must be base64"},
      {"{\"bodies\":[1]}", "bodies: it must be an object"},
      {"{\"bodies\":{\"a\":1,\"\\u0061\":2}}", "bodies: 'a' is there twice"},
      {"{\"bodies\":{\"a\\u0000\":1}}", "a name holds \\u0000"},
      {"{\"headers\":[],\"body\":1}", "headers: it must be an object"},
      {"{\"headers\":{\"X\":1},\"body\":1}", "headers: each must be a name and a string"},
      {"{\"headers\":{\"X\":null},\"body\":1}", "headers: each must be a name and a string"},
      {"{\"headers\":{\"X\":\"a\",\"x\":\"b\"},\"body\":1}", "header 'x': it is there twice"},
      {"{\"headers\":{\"X\":\"a\\r\\nEvil: yes\"},\"body\":1}", "header 'X': it holds a line break"},
      {"{\"headers\":{\"X\\r\\nEvil\":\"a\"},\"body\":1}", "it holds a line break"},
      {"{\"headers\":{\"X\":\"a\\u0000b\"},\"body\":1}", "headers: a value holds \\u0000"},
      {"{\"headers\":{\"X\\u0000\":\"b\"},\"body\":1}", "a name holds \\u0000"},
      {"{\"headers\":{\"X\":\"a\\u007f\"},\"body\":1}", "header 'X': it holds a control character"},
      {"{\"headers\":{\"X\":\"\\udfff\"},\"body\":1}", "half a surrogate pair"},
      {"{\"headers\":{\"X: y\":\"a\"},\"body\":1}", "a header's name is made of letters"},
      {"{\"headers\":{\"X;\":\"\"},\"body\":1}", "a header's name is made of letters"},
      {"{\"headers\":{\":\":\"\"},\"body\":1}", "a header's name is made of letters"},
      {"{\"headers\":{\"\":\"a\"},\"body\":1}", "a header's name is made of letters"},
      {"{\"headers\":{\"X Y\":\"a\"},\"body\":1}", "a header's name is made of letters"},
      {"{\"headers\":{\"Host\":\"evil\"},\"body\":1}", "header 'Host'"},
      {"{\"headers\":{\"content-length\":\"9\"},\"body\":1}", "it is set from the body"},
      {"{\"headers\":{\"Transfer-Encoding\":\"chunked\"},\"body\":1}", "it is set from the body"},
      {"{\"headers\":{\"Idempotency-Key\":\"\"},\"body\":1}", "header 'Idempotency-Key': it is empty"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (parse_bytes(rows[i][0], strlen(rows[i][0])) != -EINVAL)
      fail_msg("'%s' is taken", rows[i][0]);
    if (!strstr(poolsend_message_error(message), rows[i][1]))
      fail_msg("'%s' is refused with '%s', which does not say '%s'", rows[i][0], poolsend_message_error(message),
               rows[i][1]);
  }
}

static void line_that_is_cut_anywhere_is_refused(void **state)
{
  (void)state;
  static const char text[] =
      "{\"id\":\"a\",\"body\":{\"b\":[1,\"\\u00e9\"]},\"headers\":{\"X\":\"y\"},\"bodies\":{\"e\":2}}";
  assert_int_equal(parse_bytes(text, strlen(text)), 0);
  for (size_t size = 0; size < strlen(text); size++)
    assert_int_equal(parse_bytes(text, size), -EINVAL);
}

static void refusal_does_not_show_values(void **state)
{
  (void)state;
  static const char *const texts[] = {"{\"body\":\"hunter2\",\"x\":1}",
                                      "{\"id\":\"hunter2 \",\"body\":1}",
                                      "{\"headers\":{\"Authorization\":\"hunter2\\n\"},\"body\":1}",
                                      "{\"body_base64\":\"hunter2\"}",
                                      "{\"headers\":{\"Authorization: Bearer\":\"hunter2\"},\"body\":1}",
                                      "{\"headers\":{\"Authorization Bearer hunter2\":\"\"},\"body\":1}",
                                      "{\"headers\":{\"Cookie=hunter2; a\":\"\"},\"body\":1}",
                                      "{\"Authorization: hunter2\":1,\"body\":1}",
                                      "{\"headers\":{\"a\":\"hunter2\\u0000\"},\"body\":1}"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    assert_int_equal(parse_bytes(texts[i], strlen(texts[i])), -EINVAL);
    assert_null(strstr(poolsend_message_error(message), "hunter2"));
  }
}

static void long_key_is_refused_in_words_that_fit(void **state)
{
  (void)state;
  struct ps_buf text = {0};
  ps_buf_puts(&text, "{\"");
  for (int i = 0; i < 1000; i++)
    ps_buf_puts(&text, "\xe2\x82\xac");
  ps_buf_puts(&text, "\":1}");
  assert_int_equal(parse_bytes(text.data, text.size), -EINVAL);
  assert_non_null(strstr(poolsend_message_error(message), "\xe2\x82\xac' is not a key of an envelope"));
  ps_buf_fini(&text);
}

static int parse_many(const char *key, int count)
{
  struct ps_buf text = {0};
  ps_buf_printf(&text, "{\"body\":1,\"%s\":{\"n0\":\"\"", key);
  for (int i = 1; i < count; i++)
    ps_buf_printf(&text, ",\"n%d\":\"\"", i);
  ps_buf_puts(&text, "}}");
  int result = parse_bytes(text.data, text.size);
  ps_buf_fini(&text);
  return result;
}

static void headers_and_bodies_without_end_are_refused(void **state)
{
  (void)state;
  static const char *const keys[] = {"headers", "bodies"};
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(parse_many(keys[i], 256), 0);
    assert_int_equal(message->header_count + message->part_count, 256);
    assert_int_equal(parse_many(keys[i], 257), -EINVAL);
    assert_non_null(strstr(poolsend_message_error(message), "more than 256"));
    assert_int_equal(parse_many(keys[i], 100000), -EINVAL);
  }
}

static void large_body_is_taken_whole(void **state)
{
  (void)state;
  struct ps_buf text = {0};
  ps_buf_puts(&text, "{\"body\":\"");
  for (int i = 0; i < 100000; i++)
    ps_buf_puts(&text, "0123456789\\n");
  ps_buf_puts(&text, "\"}");
  assert_int_equal(parse_bytes(text.data, text.size), 0);
  assert_int_equal(message->body.size, 1100000);
  ps_buf_fini(&text);
}

static void id_of_an_envelope_that_is_refused_can_be_read(void **state)
{
  (void)state;
  static const char *const rows[][2] = {
      {"{\"id\":\"m\",\"body\":1,\"x\":2}", "m"},
      {"{\"body\":1,\"body\":2,\"id\":\"\\u006d\"}", "m"},
      {"{\"id\":\"m\"}", "m"},
      {"{\"id\":\"l\",\"id\":\"m\",\"body\":1}", "m"},
      {"{\"id\":\"a b\",\"body\":1}", NULL},
      {"{\"id\":7,\"body\":1}", NULL},
      {"{\"id\":\"m\\u0000\",\"body\":1}", NULL},
      {"{\"id\":\"m\",\"body\":1", NULL},
      {"[\"id\",\"m\"]", NULL},
      {"", NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    parse("{\"id\":\"before\",\"body\":1}");
    assert_int_equal(parse_bytes(rows[i][0], strlen(rows[i][0])), -EINVAL);
    if (rows[i][1])
      assert_string_equal(poolsend_message_id(message), rows[i][1]);
    else
      assert_null(poolsend_message_id(message));
  }
}

static void envelope_replaces_all_but_the_tag(void **state)
{
  (void)state;
  int mine;
  poolsend_message_tag(message, 7, &mine);
  assert_int_equal(poolsend_message_header(message, "X-Old: 1"), 0);
  assert_int_equal(poolsend_message_part(message, "old", "x", 1, false), 0);
  assert_int_equal(poolsend_message_set(message, "json", "yes"), -EINVAL);
  parse("{\"body\":\"new\"}");
  expect_message("new", 3);
  expect_headers(NULL, 0);
  assert_int_equal(message->part_count, 0);
  assert_string_equal(poolsend_message_error(message), "");
  assert_int_equal(message->line, 7);
  assert_ptr_equal(message->context, &mine);
}

static void envelope_as_a_text_ends_at_its_nul(void **state)
{
  (void)state;
  assert_int_equal(poolsend_message_load(message, "{\"body\":\"new\"}", POOLSEND_TEXT), 0);
  expect_message("new", 3);
  assert_int_equal(poolsend_message_load(message, NULL, 0), -EINVAL);
  assert_string_not_equal(poolsend_message_error(message), "");
}

#define SENTENCE(name) cmocka_unit_test_setup_teardown(name, make_message, free_message)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(body_that_is_a_string_is_sent_as_it_stands),
      SENTENCE(nul_in_a_body_is_a_character),
      SENTENCE(body_of_another_type_is_sent_as_JSON),
      SENTENCE(body_in_base64_is_decoded),
      SENTENCE(id_is_taken),
      SENTENCE(bodies_are_for_endpoints_by_name),
      SENTENCE(bodies_alone_are_enough),
      SENTENCE(headers_become_lines),
      SENTENCE(line_that_is_no_envelope_is_refused_with_the_reason),
      SENTENCE(line_that_is_cut_anywhere_is_refused),
      SENTENCE(refusal_does_not_show_values),
      SENTENCE(long_key_is_refused_in_words_that_fit),
      SENTENCE(headers_and_bodies_without_end_are_refused),
      SENTENCE(large_body_is_taken_whole),
      SENTENCE(id_of_an_envelope_that_is_refused_can_be_read),
      SENTENCE(envelope_replaces_all_but_the_tag),
      SENTENCE(envelope_as_a_text_ends_at_its_nul),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
