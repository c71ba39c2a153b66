/* Callers that were compiled with an older or a newer poolsend.h. Their structs are made by hand, in memory of
 * exactly that size, so that a sanitizer notices a byte too many. */
#include "helpers.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define BEYOND 24 /* bytes that a newer struct has, and this one has not */

/* Memory of which the compiler does not know the size. */
static __attribute__((noinline)) void *room_for(size_t size)
{
  void *room = malloc(size);
  must(room);
  memset(room, 'x', size);
  return room;
}

/* The first bytes of `full`, or all of it and zeros. */
static void *as_of(const void *full, size_t full_size, size_t size)
{
  char *made = calloc(1, size);
  must(made);
  memcpy(made, full, size < full_size ? size : full_size);
  return made;
}

/* The endpoints of `setup`, with so many bytes each. */
static char *endpoints_as_of(const struct setup *setup, size_t size)
{
  size_t count = setup->config.endpoint_count, known = sizeof setup->apis[0] < size ? sizeof setup->apis[0] : size;
  char *made = calloc(count, size);
  must(made);
  for (size_t i = 0; i < count; i++)
    memcpy(made + i * size, &setup->apis[i], known);
  return made;
}

/* poolsend_new, as a caller of these sizes would call it; `beyond` is the last byte of the last endpoint and of the
 * configuration, where they are larger than they are here. */
static int make(struct poolsend_sender **sender, size_t size, size_t endpoint_size, char beyond_config,
                char beyond_endpoint, struct poolsend_error *error)
{
  struct setup setup;
  set_up(&setup, server_url(server, "/status/500"), server_url(server, "/ok"), NULL);
  setup.config.struct_size = size;
  setup.config.endpoint_size = endpoint_size;
  char *endpoints = endpoints_as_of(&setup, endpoint_size);
  setup.config.endpoints = (const void *)endpoints;
  char *config = as_of(&setup.config, sizeof setup.config, size);
  if (beyond_config)
    config[size - 1] = beyond_config;
  if (beyond_endpoint)
    endpoints[2 * endpoint_size - 1] = beyond_endpoint;
  int result = poolsend_new(sender, (const void *)config, error);
  free(config);
  free(endpoints);
  return result;
}

static void sender_of_these_sizes_sends(size_t size, size_t endpoint_size)
{
  struct poolsend_error error;
  struct poolsend_sender *sender;
  struct poolsend_event *event;
  assert_int_equal(make(&sender, size, endpoint_size, 0, 0, &error), 0);
  assert_string_equal(error.text, "");
  submit(sender, "m");
  expect_event(sender, POOLSEND_EVENT_DELIVERED, "m");
  event = next_event(sender);
  assert_int_equal(poolsend_event_attempt_count(event), 2);
  assert_string_equal(poolsend_attempt_name(poolsend_event_attempt_at(event, 1)), "b");
  poolsend_event_free(event);
  poolsend_free(sender);
}

static void configuration_of_an_older_caller_is_taken(void **state)
{
  (void)state;
  sender_of_these_sizes_sends(offsetof(struct ps_sender_settings, on_event), sizeof(struct ps_endpoint_settings));
  sender_of_these_sizes_sends(offsetof(struct ps_sender_settings, trace),
                              offsetof(struct ps_endpoint_settings, success));
  sender_of_these_sizes_sends(sizeof(struct ps_sender_settings), offsetof(struct ps_endpoint_settings, url_template));
}

static void configuration_of_a_newer_caller_is_taken_where_it_asks_for_nothing_new(void **state)
{
  (void)state;
  sender_of_these_sizes_sends(sizeof(struct ps_sender_settings) + BEYOND, sizeof(struct ps_endpoint_settings));
  sender_of_these_sizes_sends(sizeof(struct ps_sender_settings), sizeof(struct ps_endpoint_settings) + BEYOND);
  sender_of_these_sizes_sends(sizeof(struct ps_sender_settings) + BEYOND, sizeof(struct ps_endpoint_settings) + BEYOND);
}

static void refuses_new(size_t size, size_t endpoint_size, char beyond_config, char beyond_endpoint, int endpoint)
{
  struct poolsend_error error = {.text = ""};
  struct poolsend_sender *sender = (void *)&error;
  assert_int_equal(make(&sender, size, endpoint_size, beyond_config, beyond_endpoint, &error), -EINVAL);
  assert_null(sender);
  assert_string_not_equal(error.text, "");
  assert_true(endpoint < 0 ? error.endpoint < 0 : error.endpoint == endpoint);
  assert_int_equal(make(&sender, size, endpoint_size, beyond_config, beyond_endpoint, NULL), -EINVAL);
}

static void what_this_version_does_not_have_is_refused(void **state)
{
  (void)state;
  size_t size = sizeof(struct ps_sender_settings), endpoint_size = sizeof(struct ps_endpoint_settings);
  refuses_new(size + BEYOND, endpoint_size, 1, 0, -1);
  refuses_new(size, endpoint_size + BEYOND, 0, 1, 1);
}

static void configuration_that_nobody_made_ready_is_refused(void **state)
{
  (void)state;
  static const struct ps_sender_settings config;
  struct poolsend_error error = {.text = ""};
  struct poolsend_sender *sender = (void *)&error;
  assert_int_equal(poolsend_new(&sender, &config, &error), -EINVAL);
  assert_null(sender);
  assert_non_null(strstr(error.text, "poolsend_config_init"));
}

/* ---- What the library fills */

static void init_writes_no_more_than_the_caller_has(void **state)
{
  (void)state;
  size_t full = sizeof(struct ps_sender_settings), size = offsetof(struct ps_sender_settings, trace);
  struct ps_sender_settings *config = room_for(size);
  poolsend_config_init_sized(config, size, 64);
  assert_int_equal(config->struct_size, size);
  assert_int_equal(config->endpoint_size, 64);
  assert_int_equal(config->hedge_delay, POOLSEND_S(1));
  free(config);
  char *larger = room_for(full + BEYOND);
  poolsend_config_init_sized((void *)larger, full + BEYOND, 64);
  for (size_t i = full; i < full + BEYOND; i++)
    assert_int_equal(larger[i], 0);
  free(larger);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, serve, stop_serving)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(configuration_of_an_older_caller_is_taken),
      CASE(configuration_of_a_newer_caller_is_taken_where_it_asks_for_nothing_new),
      CASE(what_this_version_does_not_have_is_refused),
      CASE(configuration_that_nobody_made_ready_is_refused),
      CASE(init_writes_no_more_than_the_caller_has),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
