/* Previews: the request that a message would be, or why there is none. */
#include "poolsend.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct ps_endpoint_settings endpoints[2];
static struct poolsend_message message;
static struct poolsend_sender *sender;
static struct poolsend_preview *preview;

static int fresh(void **state)
{
  (void)state;
  endpoints[0] = (struct ps_endpoint_settings){.url = "http://127.0.0.1:1/a", .name = "a"};
  endpoints[1] = (struct ps_endpoint_settings){.url = "http://127.0.0.1:1/b", .name = "b"};
  poolsend_message_init(&message);
  message.id = "me";
  return 0;
}

static int fini(void **state)
{
  (void)state;
  poolsend_preview_free(preview);
  poolsend_free(sender);
  preview = NULL;
  sender = NULL;
  return 0;
}

static void bring(const char *body)
{
  message.body = body;
  message.size = strlen(body);
}

static void look(unsigned endpoint)
{
  struct ps_sender_settings config;
  struct poolsend_error error;
  fini(NULL);
  poolsend_config_init(&config);
  config.endpoints = endpoints;
  config.endpoint_count = 2;
  if (poolsend_new(&sender, &config, &error))
    fail_msg("%s", error.text);
  assert_int_equal(poolsend_preview_new(sender, endpoint, &message, &preview, &error), 0);
}

static bool shows(const char *line)
{
  for (size_t i = 0; i < preview->header_count; i++)
    if (strcmp(preview->headers[i], line) == 0)
      return true;
  return false;
}

static void expect_body(const char *body)
{
  assert_int_equal(preview->size, strlen(body));
  assert_memory_equal(preview->body, body, preview->size);
}

static void request_of_a_plain_message_is_shown(void **state)
{
  (void)state;
  endpoints[0].form_type = true;
  endpoints[0].userpwd = "u:hunter2";
  bring("x=1");
  look(0);
  assert_string_equal(preview->name, "a");
  assert_string_equal(preview->url, "http://127.0.0.1:1/a");
  assert_string_equal(preview->method, "POST");
  assert_true(shows("Idempotency-Key: me"));
  assert_true(shows("Content-Type: application/x-www-form-urlencoded"));
  assert_true(shows("Authorization: ***"));
  assert_true(shows("User-Agent: poolsend/" POOLSEND_VERSION));
  assert_int_equal(preview->header_count, 4);
  expect_body("x=1");
}

static void headers_and_type_of_the_message_are_shown(void **state)
{
  (void)state;
  endpoints[0].form_type = true;
  endpoints[0].userpwd = "u:hunter2";
  bring("{}");
  message.json = true;
  message.headers = (const char *const[]){"X-One: 1", "Authorization: hunter2"};
  message.header_count = 2;
  look(0);
  assert_true(shows("Content-Type: application/json"));
  assert_true(shows("X-One: 1"));
  assert_true(shows("Authorization: ***"));
  assert_int_equal(preview->header_count, 5);
}

static void templates_are_shown_filled_and_without_secrets(void **state)
{
  (void)state;
  endpoints[1].url = "http://u:hunter2@127.0.0.1:1/{{/id}}?token={{/secret}}";
  endpoints[1].url_template = true;
  endpoints[1].header_templates = (const char *const[]){"X-Id: {{/id}}", "X-Token: {{/secret}}"};
  endpoints[1].header_template_count = 2;
  endpoints[1].body_template = "[\"{{/id}}\"]";
  bring("{\"id\":7.0,\"secret\":\"hunter2\"}");
  look(1);
  assert_string_equal(preview->url, "http://127.0.0.1:1/7.0?token=***");
  assert_true(shows("X-Id: 7.0"));
  assert_true(shows("X-Token: ***"));
  assert_true(shows("Content-Type: application/json"));
  expect_body("[7.0]");
}

static void header_that_is_said_to_be_secret_is_hidden(void **state)
{
  (void)state;
  endpoints[0].headers = (const char *const[]){"X-Custom: hunter2", "X-Customs: 1"};
  endpoints[0].header_count = 2;
  endpoints[0].secret_headers = (const char *const[]){"x-custom"};
  endpoints[0].secret_header_count = 1;
  look(0);
  assert_true(shows("X-Custom: ***"));
  assert_true(shows("X-Customs: 1"));
  message.headers = (const char *const[]){"X-CUSTOM: hunter2"};
  message.header_count = 1;
  look(0);
  assert_true(shows("X-CUSTOM: ***"));
}

static void message_that_the_templates_cannot_use_is_told(void **state)
{
  (void)state;
  endpoints[1].url = "http://127.0.0.1:1/{{/id}}?token=hunter2";
  endpoints[1].url_template = true;
  bring("{}");
  look(1);
  assert_string_equal(preview->url, "http://127.0.0.1:1/{{/id}}?token=***");
  assert_int_equal(preview->header_count, 1);
  assert_string_equal(preview->headers[0], "(nothing would be sent: the message has no /id)");
  assert_null(preview->body);
  assert_int_equal(preview->size, 0);
}

static void body_for_one_endpoint_is_shown_there_alone(void **state)
{
  (void)state;
  static const struct poolsend_part part = {.endpoint = "b", .body = "[1]", .size = 3, .json = true};
  bring("general");
  message.parts = &part;
  message.part_count = 1;
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
  static const struct poolsend_part part = {.endpoint = "b", .body = "", .size = 0};
  message.parts = &part;
  message.part_count = 1;
  look(0);
  assert_string_equal(preview->method, "GET");
  assert_null(preview->body);
  look(1);
  assert_string_equal(preview->method, "POST");
  expect_body("");
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
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
