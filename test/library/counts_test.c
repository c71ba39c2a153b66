/* What a sender says of itself, while it works and afterwards. */
#include "helpers.h"

#include <string.h>

static void all_counts_begin_at_zero(void **state)
{
  (void)state;
  static const struct poolsend_counts fresh = {.threads = 1}; /* for its endpoint */
  struct poolsend_sender *sender = sender_to(server_url(server, "/ok"));
  struct poolsend_counts counts = poolsend_count(sender);
  struct poolsend_endpoint_counts endpoint = poolsend_count_endpoint(sender, 0);
  assert_memory_equal(&counts, &fresh, sizeof counts);
  assert_string_equal(endpoint.name, "a");
  assert_int_equal(endpoint.slots, 64); /* the default */
  assert_int_equal(endpoint.running + endpoint.waiting + endpoint.started, 0);
  assert_false(endpoint.breaker_open);
  poolsend_free(sender);
}

static void endpoint_that_is_not_there_has_no_counts(void **state)
{
  (void)state;
  struct poolsend_endpoint_counts endpoint;
  struct poolsend_sender *sender = sender_to(server_url(server, "/ok"));
  memset(&endpoint, 'x', sizeof endpoint);
  poolsend_count_endpoint_sized(sender, 1, &endpoint, sizeof endpoint);
  assert_null(endpoint.name);
  assert_int_equal(endpoint.slots, 0);
  assert_null(poolsend_count_endpoint(sender, UINT32_MAX).name);
  poolsend_free(sender);
}

/* Attempts by their fate, to each of the endpoints: refused, hung until the attempt's time is up, and taken. */
static void counts_balance_after_a_mixed_run(void **state)
{
  (void)state;
  enum { MESSAGES = 12 };
  struct setup setup;
  set_up(&setup, server_url(server, "/status/404"), server_url(server, "/slam"), "http://127.0.0.1:1/",
         server_url(server, "/ok"), NULL);
  setup.config.hedge_delay = POOLSEND_NEVER;
  setup.config.breaker = false;
  setup.config.max_pending = 2 * MESSAGES;
  struct poolsend_sender *sender = sender_of(&setup);
  for (int i = 0; i < MESSAGES; i++)
    submit(sender, NULL);
  assert_int_equal(drain(sender, POOLSEND_NEVER), MESSAGES);
  struct poolsend_counts counts = poolsend_count(sender);
  assert_int_equal(counts.submitted, MESSAGES);
  assert_int_equal(counts.delivered, MESSAGES);
  assert_int_equal(counts.undelivered, 0);
  assert_int_equal(counts.pending, 0);
  assert_int_equal(counts.started, 4 * MESSAGES);
  assert_int_equal(counts.finished, 4 * MESSAGES);
  assert_int_equal(poolsend_count_endpoint(sender, 0).rejected, MESSAGES);
  assert_int_equal(poolsend_count_endpoint(sender, 1).unknown, MESSAGES);
  assert_int_equal(poolsend_count_endpoint(sender, 2).unreached, MESSAGES);
  assert_int_equal(poolsend_count_endpoint(sender, 3).delivered, MESSAGES);
  for (unsigned i = 0; i < 4; i++) {
    struct poolsend_endpoint_counts endpoint = poolsend_count_endpoint(sender, i);
    assert_int_equal(endpoint.started, MESSAGES);
    assert_int_equal(endpoint.delivered + endpoint.rejected + endpoint.unreached + endpoint.unknown, MESSAGES);
    assert_int_equal(endpoint.running + endpoint.waiting, 0);
  }
  poolsend_free(sender);
}

static bool two_wait(void *sender)
{
  return poolsend_count_endpoint(sender, 0).waiting == 2;
}

static void endpoint_tells_what_runs_and_what_waits_for_a_slot(void **state)
{
  (void)state;
  struct setup setup;
  set_up(&setup, server_url(server, "/gate/a"), NULL);
  setup.config.workers = 2;
  setup.config.max_pending = 8;
  struct poolsend_sender *sender = sender_of(&setup);
  for (int i = 0; i < 4; i++)
    submit(sender, NULL);
  server_await(server, "/gate/a", 2);
  await_true(two_wait, sender);
  struct poolsend_endpoint_counts endpoint = poolsend_count_endpoint(sender, 0);
  assert_int_equal(endpoint.slots, 2);
  assert_int_equal(endpoint.running, 2);
  assert_int_equal(endpoint.started, 2);
  assert_int_equal(poolsend_count(sender).pending, 4);
  assert_int_equal(poolsend_count(sender).started, 2);
  assert_int_equal(poolsend_count(sender).finished, 0);
  server_open(server, "/gate/a");
  assert_int_equal(drain(sender, POOLSEND_NEVER), 4);
  endpoint = poolsend_count_endpoint(sender, 0);
  assert_int_equal(endpoint.running + endpoint.waiting, 0);
  assert_int_equal(endpoint.delivered, 4);
  poolsend_free(sender);
}

static bool breaker_is_open(void *sender)
{
  return poolsend_count_endpoint(sender, 0).breaker_open;
}

static void breaker_that_opens_is_told(void **state)
{
  (void)state;
  struct setup setup;
  set_up(&setup, server_url(server, "/status/500"), server_url(server, "/ok"), NULL);
  struct poolsend_sender *sender = sender_of(&setup);
  for (int i = 0; i < 5; i++) {
    submit(sender, "m");
    expect_event(sender, POOLSEND_EVENT_DELIVERED, "m");
    expect_event(sender, POOLSEND_EVENT_SETTLED, "m");
  }
  await_true(breaker_is_open, sender);
  assert_false(poolsend_count_endpoint(sender, 1).breaker_open);
  submit(sender, "m");
  expect_event(sender, POOLSEND_EVENT_DELIVERED, "m");
  struct poolsend_event *event = next_event(sender);
  assert_string_equal(poolsend_attempt_name(poolsend_event_winner(event)), "b");
  poolsend_event_free(event);
  poolsend_free(sender);
}

static void message_is_pending_until_its_settled_event_is_fetched(void **state)
{
  (void)state;
  struct poolsend_sender *sender = sender_to(server_url(server, "/ok"));
  submit(sender, "m");
  expect_event(sender, POOLSEND_EVENT_DELIVERED, "m");
  assert_int_equal(poolsend_count(sender).pending, 1);
  expect_event(sender, POOLSEND_EVENT_SETTLED, "m");
  assert_int_equal(poolsend_count(sender).pending, 0);
  poolsend_free(sender);
}

static void nothing_may_be_freed(void **state)
{
  (void)state;
  poolsend_event_free(NULL);
  poolsend_report_free(NULL);
  poolsend_preview_free(NULL);
  poolsend_message_free(NULL);
  poolsend_file_free(NULL);
  poolsend_free(NULL);
  poolsend_job_free(NULL);
  poolsend_pool_free(NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, serve, stop_serving)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(all_counts_begin_at_zero),
      CASE(endpoint_that_is_not_there_has_no_counts),
      CASE(counts_balance_after_a_mixed_run),
      CASE(endpoint_tells_what_runs_and_what_waits_for_a_slot),
      CASE(breaker_that_opens_is_told),
      CASE(message_is_pending_until_its_settled_event_is_fetched),
      CASE(nothing_may_be_freed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
