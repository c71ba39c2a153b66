/* Previews: the request that a message would be, or why there is none. */
#include "poolsend.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct poolsend_config *config;
static struct poolsend_endpoint *endpoints[2];
static struct poolsend_message *message;
static struct poolsend_sender *sender;
static struct poolsend_preview *preview;

static int fresh(void **state)
{
  (void)state;
  config = poolsend_config_new();
  endpoints[0] = poolsend_config_add(config, "http://127.0.0.1:1/a");
  endpoints[1] = poolsend_config_add(config, "http://127.0.0.1:1/b");
  poolsend_endpoint_set(endpoints[0], "name", "a");
  poolsend_endpoint_set(endpoints[1], "name", "b");
  message = poolsend_message_new(NULL, 0);
  return poolsend_message_set(message, "id", "me");
}

static void look_away(void)
{
  poolsend_preview_free(preview);
  poolsend_free(sender);
  preview = NULL;
  sender = NULL;
}

static int fini(void **state)
{
  (void)state;
  look_away();
  poolsend_message_free(message);
  poolsend_config_free(config);
  return 0;
}

static void bring(const char *body)
{
  assert_int_equal(poolsend_message_body(message, body, POOLSEND_TEXT), 0);
}

static void set(unsigned endpoint, const char *name, const char *value)
{
  poolsend_endpoint_set(endpoints[endpoint], name, value);
}

static void look(unsigned endpoint)
{
  look_away();
  sender = poolsend_open(config);
  if (!sender)
    fail_msg("%s", poolsend_config_error(config));
  assert_int_equal(poolsend_preview_new(sender, endpoint, message, &preview), 0);
}

static bool shows(const char *line)
{
  for (size_t i = 0; i < poolsend_preview_header_count(preview); i++)
    if (strcmp(poolsend_preview_header(preview, i), line) == 0)
      return true;
  return false;
}

static void expect_body(const char *body)
{
  size_t size;
  const char *shown = poolsend_preview_body(preview, &size);
  assert_non_null(shown);
  assert_int_equal(size, strlen(body));
  assert_memory_equal(shown, body, size);
}

static void request_of_a_plain_message_is_shown(void **state)
{
  (void)state;
  set(0, "form", "true");
  set(0, "user", "u:hunter2");
  bring("x=1");
  look(0);
  assert_string_equal(poolsend_preview_name(preview), "a");
  assert_string_equal(poolsend_preview_url(preview), "http://127.0.0.1:1/a");
  assert_string_equal(poolsend_preview_method(preview), "POST");
  assert_true(shows("Idempotency-Key: me"));
  assert_true(shows("Content-Type: application/x-www-form-urlencoded"));
  assert_true(shows("Authorization: ***"));
  assert_true(shows("User-Agent: poolsend/" POOLSEND_VERSION));
  assert_int_equal(poolsend_preview_header_count(preview), 4);
  expect_body("x=1");
}

static void headers_and_type_of_the_message_are_shown(void **state)
{
  (void)state;
  set(0, "form", "true");
  set(0, "user", "u:hunter2");
  bring("{}");
  assert_int_equal(poolsend_message_set(message, "json", "true"), 0);
  assert_int_equal(poolsend_message_header(message, "X-One: 1"), 0);
  assert_int_equal(poolsend_message_header(message, "Authorization: hunter2"), 0);
  look(0);
  assert_true(shows("Content-Type: application/json"));
  assert_true(shows("X-One: 1"));
  assert_true(shows("Authorization: ***"));
  assert_int_equal(poolsend_preview_header_count(preview), 5);
}

static void templates_are_shown_filled_and_without_secrets(void **state)
{
  (void)state;
  set(1, "url", "http://u:hunter2@127.0.0.1:1/{{/id}}?token={{/secret}}");
  set(1, "headers", "{\"X-Id\": \"{{/id}}\", \"X-Token\": \"{{/secret}}\"}");
  set(1, "body", "[\"{{/id}}\"]");
  bring("{\"id\":7.0,\"secret\":\"hunter2\"}");
  look(1);
  assert_string_equal(poolsend_preview_url(preview), "http://127.0.0.1:1/7.0?token=***");
  assert_true(shows("X-Id: 7.0"));
  assert_true(shows("X-Token: ***"));
  assert_true(shows("Content-Type: application/json"));
  expect_body("[7.0]");
}

static void header_that_is_said_to_be_secret_is_hidden(void **state)
{
  (void)state;
  set(0, "headers", "X-Custom: hunter2");
  set(0, "headers", "X-Customs: 1");
  set(0, "secret_headers", "x-custom");
  look(0);
  assert_true(shows("X-Custom: ***"));
  assert_true(shows("X-Customs: 1"));
  assert_int_equal(poolsend_message_header(message, "X-CUSTOM: hunter2"), 0);
  look(0);
  assert_true(shows("X-CUSTOM: ***"));
}

static void message_that_the_templates_cannot_use_is_told(void **state)
{
  (void)state;
  set(1, "url", "http://127.0.0.1:1/{{/id}}?token=hunter2");
  bring("{}");
  look(1);
  assert_string_equal(poolsend_preview_url(preview), "http://127.0.0.1:1/{{/id}}?token=***");
  assert_int_equal(poolsend_preview_header_count(preview), 1);
  assert_string_equal(poolsend_preview_header(preview, 0), "(nothing would be sent: the message has no /id)");
  size_t size = 7;
  assert_null(poolsend_preview_body(preview, &size));
  assert_int_equal(size, 0);
}

static void body_for_one_endpoint_is_shown_there_alone(void **state)
{
  (void)state;
  bring("general");
  assert_int_equal(poolsend_message_part(message, "b", "[1]", 3, true), 0);
  look(1);
  expect_body("[1]");
  assert_true(shows("Content-Type: application/json"));
  look(0);
  expect_body("general");
  assert_false(shows("Content-Type: application/json"));
}

static void endpoint_without_a_body_is_shown_a_GET(void **state)
{
  (void)state;
  assert_int_equal(poolsend_message_part(message, "b", "", 0, false), 0);
  look(0);
  assert_string_equal(poolsend_preview_method(preview), "GET");
  assert_null(poolsend_preview_body(preview, NULL));
  look(1);
  assert_string_equal(poolsend_preview_method(preview), "POST");
  expect_body("");
}

static void nothing_is_shown_of_no_preview(void **state)
{
  (void)state;
  size_t size = 7;
  assert_null(poolsend_preview_name(NULL));
  assert_null(poolsend_preview_url(NULL));
  assert_null(poolsend_preview_method(NULL));
  assert_true(poolsend_preview_hedge_delay(NULL) < 0);
  assert_int_equal(poolsend_preview_header_count(NULL), 0);
  assert_null(poolsend_preview_header(NULL, 0));
  assert_null(poolsend_preview_body(NULL, &size));
  assert_int_equal(size, 0);
  assert_null(poolsend_preview_body(NULL, NULL));
  assert_null(poolsend_preview_json(NULL));
  poolsend_preview_free(NULL);
}

static void header_that_is_not_there_is_none(void **state)
{
  (void)state;
  look(0);
  assert_non_null(poolsend_preview_header(preview, poolsend_preview_header_count(preview) - 1));
  assert_null(poolsend_preview_header(preview, poolsend_preview_header_count(preview)));
  assert_null(poolsend_preview_header(preview, SIZE_MAX));
  assert_int_equal(poolsend_preview_hedge_delay(preview), POOLSEND_S(1));
}

static void preview_needs_no_message_once_it_is_made(void **state)
{
  (void)state;
  bring("x=1");
  look(0);
  bring("y=22");
  poolsend_message_clear(message);
  expect_body("x=1");
}

#define SENTENCE(name) cmocka_unit_test_setup_teardown(name, fresh, fini)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(request_of_a_plain_message_is_shown),
      SENTENCE(headers_and_type_of_the_message_are_shown),
      SENTENCE(templates_are_shown_filled_and_without_secrets),
      SENTENCE(header_that_is_said_to_be_secret_is_hidden),
      SENTENCE(message_that_the_templates_cannot_use_is_told),
      SENTENCE(body_for_one_endpoint_is_shown_there_alone),
      SENTENCE(endpoint_without_a_body_is_shown_a_GET),
      SENTENCE(nothing_is_shown_of_no_preview),
      SENTENCE(header_that_is_not_there_is_none),
      SENTENCE(preview_needs_no_message_once_it_is_made),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
