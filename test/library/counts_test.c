/* What a sender says of itself, while it works and afterwards. */
#include "helpers.h"

#include <errno.h>

static void all_counts_begin_at_zero(void **state)
{
  (void)state;
  static const struct counts fresh = {.threads = 1};         /* for its endpoint */
  static const struct endpoint_counts slots = {.slots = 64}; /* the default */
  struct poolsend_sender *sender = sender_to(server_url(server, "/ok"));
  struct counts counts = counts_of(sender);
  struct endpoint_counts endpoint = endpoint_counts_of(sender, 0);
  assert_memory_equal(&counts, &fresh, sizeof counts);
  assert_memory_equal(&endpoint, &slots, sizeof endpoint);
  poolsend_free(sender);
}

static void what_is_not_there_is_not_counted(void **state)
{
  (void)state;
  struct poolsend_sender *sender = sender_to(server_url(server, "/ok"));
  struct poolsend_counts *counts = poolsend_counts_new(sender);
  for (int count = 0; count <= POOLSEND_ENDPOINT_UNKNOWN + 1; count++) {
    assert_int_equal(poolsend_counts_endpoint(counts, 1, (enum poolsend_endpoint_count)count), 0);
    assert_int_equal(poolsend_counts_endpoint(counts, UINT32_MAX, (enum poolsend_endpoint_count)count), 0);
    assert_int_equal(poolsend_counts_endpoint(NULL, 0, (enum poolsend_endpoint_count)count), 0);
  }
  assert_int_equal(poolsend_counts_endpoint(counts, 0, (enum poolsend_endpoint_count)0), 0);
  assert_int_equal(poolsend_counts_endpoint(counts, 0, (enum poolsend_endpoint_count)1000), 0);
  assert_string_equal(poolsend_counts_name(counts, 0), "a");
  assert_null(poolsend_counts_name(counts, 1));
  assert_null(poolsend_counts_name(counts, UINT32_MAX));
  assert_null(poolsend_counts_name(NULL, 0));
  for (int count = 0; count <= POOLSEND_COUNT_UNHEARD + 1; count++)
    assert_int_equal(poolsend_counts_get(NULL, (enum poolsend_count)count), 0);
  assert_int_equal(poolsend_counts_get(counts, (enum poolsend_count)0), 0);
  assert_int_equal(poolsend_counts_get(counts, (enum poolsend_count)1000), 0);
  assert_null(poolsend_counts_new(NULL));
  poolsend_counts_free(counts);
  poolsend_counts_free(NULL);
  poolsend_free(sender);
}

static void snapshot_does_not_change_and_outlives_its_sender(void **state)
{
  (void)state;
  struct setup setup;
  set_up(&setup, server_url(server, "/ok"), server_url(server, "/ok/b"), NULL);
  struct poolsend_sender *sender = sender_of(&setup);
  struct poolsend_counts *before = poolsend_counts_new(sender);
  submit(sender, "m");
  assert_int_equal(drain(sender, POOLSEND_NEVER), 1);
  struct poolsend_counts *after = poolsend_counts_new(sender);
  poolsend_free(sender);
  assert_int_equal(poolsend_counts_get(before, POOLSEND_COUNT_SUBMITTED), 0);
  assert_int_equal(poolsend_counts_get(after, POOLSEND_COUNT_SUBMITTED), 1);
  assert_int_equal(poolsend_counts_endpoint(before, 0, POOLSEND_ENDPOINT_DELIVERED), 0);
  assert_int_equal(poolsend_counts_endpoint(after, 0, POOLSEND_ENDPOINT_DELIVERED), 1);
  assert_int_equal(poolsend_counts_endpoint(after, 1, POOLSEND_ENDPOINT_DELIVERED), 0);
  assert_string_equal(poolsend_counts_name(after, 0), "a");
  assert_string_equal(poolsend_counts_name(after, 1), "b");
  poolsend_counts_free(before);
  poolsend_counts_free(after);
}

/* Attempts by their fate, to each of the endpoints: refused, hung until the attempt's time is up, and taken. */
static void counts_balance_after_a_mixed_run(void **state)
{
  (void)state;
  enum { MESSAGES = 12 };
  struct setup setup;
  set_up(&setup, server_url(server, "/status/404"), server_url(server, "/slam"), "http://127.0.0.1:1/",
         server_url(server, "/ok"), NULL);
  set(&setup, "hedge_delay", "none");
  set(&setup, "breaker", "false");
  set(&setup, "max_pending", "%u", 2 * MESSAGES);
  struct poolsend_sender *sender = sender_of(&setup);
  for (int i = 0; i < MESSAGES; i++)
    submit(sender, NULL);
  assert_int_equal(drain(sender, POOLSEND_NEVER), MESSAGES);
  struct counts counts = counts_of(sender);
  assert_int_equal(counts.submitted, MESSAGES);
  assert_int_equal(counts.delivered, MESSAGES);
  assert_int_equal(counts.undelivered, 0);
  assert_int_equal(counts.pending, 0);
  assert_int_equal(counts.started, 4 * MESSAGES);
  assert_int_equal(counts.finished, 4 * MESSAGES);
  assert_int_equal(count_of_endpoint(sender, 0, POOLSEND_ENDPOINT_REJECTED), MESSAGES);
  assert_int_equal(count_of_endpoint(sender, 1, POOLSEND_ENDPOINT_UNKNOWN), MESSAGES);
  assert_int_equal(count_of_endpoint(sender, 2, POOLSEND_ENDPOINT_UNREACHED), MESSAGES);
  assert_int_equal(count_of_endpoint(sender, 3, POOLSEND_ENDPOINT_DELIVERED), MESSAGES);
  for (unsigned i = 0; i < 4; i++) {
    struct endpoint_counts endpoint = endpoint_counts_of(sender, i);
    assert_int_equal(endpoint.started, MESSAGES);
    assert_int_equal(endpoint.delivered + endpoint.rejected + endpoint.unreached + endpoint.unknown, MESSAGES);
    assert_int_equal(endpoint.running + endpoint.waiting, 0);
  }
  poolsend_free(sender);
}

static bool two_wait(void *sender)
{
  return count_of_endpoint(sender, 0, POOLSEND_ENDPOINT_WAITING) == 2;
}

static void endpoint_tells_what_runs_and_what_waits_for_a_slot(void **state)
{
  (void)state;
  struct setup setup;
  set_up(&setup, server_url(server, "/gate/a"), NULL);
  set(&setup, "workers", "2");
  set(&setup, "max_pending", "8");
  struct poolsend_sender *sender = sender_of(&setup);
  for (int i = 0; i < 4; i++)
    submit(sender, NULL);
  server_await(server, "/gate/a", 2);
  await_true(two_wait, sender);
  struct endpoint_counts endpoint = endpoint_counts_of(sender, 0);
  assert_int_equal(endpoint.slots, 2);
  assert_int_equal(endpoint.running, 2);
  assert_int_equal(endpoint.started, 2);
  assert_int_equal(count_of(sender, POOLSEND_COUNT_PENDING), 4);
  assert_int_equal(count_of(sender, POOLSEND_COUNT_STARTED), 2);
  assert_int_equal(count_of(sender, POOLSEND_COUNT_FINISHED), 0);
  server_open(server, "/gate/a");
  assert_int_equal(drain(sender, POOLSEND_NEVER), 4);
  endpoint = endpoint_counts_of(sender, 0);
  assert_int_equal(endpoint.running + endpoint.waiting, 0);
  assert_int_equal(endpoint.delivered, 4);
  poolsend_free(sender);
}

static bool breaker_is_open(void *sender)
{
  return count_of_endpoint(sender, 0, POOLSEND_ENDPOINT_BREAKER_OPEN);
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
  assert_false(count_of_endpoint(sender, 1, POOLSEND_ENDPOINT_BREAKER_OPEN));
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
  assert_int_equal(count_of(sender, POOLSEND_COUNT_PENDING), 1);
  expect_event(sender, POOLSEND_EVENT_SETTLED, "m");
  assert_int_equal(count_of(sender, POOLSEND_COUNT_PENDING), 0);
  poolsend_free(sender);
}

static void nothing_may_be_freed(void **state)
{
  (void)state;
  poolsend_event_free(NULL);
  poolsend_report_free(NULL);
  poolsend_preview_free(NULL);
  poolsend_message_free(NULL);
  poolsend_counts_free(NULL);
  poolsend_config_free(NULL);
  poolsend_free(NULL);
  poolsend_job_free(NULL);
  poolsend_pool_free(NULL);
}

static void nothing_is_used_without_harm(void **state)
{
  struct poolsend_event *event = (void *)state;
  struct poolsend_job *job = (void *)state;
  size_t count = 7;
  assert_int_equal(poolsend_next(NULL, POOLSEND_NEVER, &event), -EINVAL);
  assert_null(event);
  assert_int_equal(poolsend_take(NULL, POOLSEND_NEVER, &event, 1, &count), -EINVAL);
  assert_int_equal(count, 0);
  assert_int_equal(poolsend_fd(NULL), -EINVAL);
  assert_int_equal(poolsend_cancel(NULL, "m"), -EINVAL);
  poolsend_cancel_all(NULL);
  poolsend_close(NULL, 0);
  assert_int_equal(poolsend_report_delivered(NULL, POOLSEND_NEVER, NULL), -EINVAL);
  assert_int_equal(poolsend_report_settled(NULL, POOLSEND_NEVER, NULL), -EINVAL);
  assert_null(poolsend_report_id(NULL));
  assert_int_equal(poolsend_pool_submit(NULL, NULL, NULL, POOLSEND_NEVER, &job), -EINVAL);
  assert_null(job);
  assert_int_equal(poolsend_pool_drain(NULL, POOLSEND_NEVER), -EINVAL);
  assert_int_equal(poolsend_job_wait(NULL, POOLSEND_NEVER, NULL), -EINVAL);
  assert_false(poolsend_job_withdraw(NULL));
  for (int figure = 0; figure <= POOLSEND_POOL_DENIED + 1; figure++)
    assert_int_equal(poolsend_pool_count(NULL, (enum poolsend_pool_figure)figure), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, serve, stop_serving)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(all_counts_begin_at_zero),
      CASE(what_is_not_there_is_not_counted),
      CASE(snapshot_does_not_change_and_outlives_its_sender),
      CASE(counts_balance_after_a_mixed_run),
      CASE(endpoint_tells_what_runs_and_what_waits_for_a_slot),
      CASE(breaker_that_opens_is_told),
      CASE(message_is_pending_until_its_settled_event_is_fetched),
      CASE(nothing_may_be_freed),
      CASE(nothing_is_used_without_harm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
