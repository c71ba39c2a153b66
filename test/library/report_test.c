/* Reports: the account of one message, for whoever submitted it, and what becomes of it when nobody wants it any
 * more.
 *
 * Where an attempt is to be late, it goes to a gate of the server's, and the hedge that wins follows after a
 * millisecond. */
#include "helpers.h"

#include <errno.h>
#include <string.h>

static struct poolsend_report *deliver(struct poolsend_sender *sender, const char *id)
{
  struct poolsend_message *message AUTOFREE = message_of(id);
  struct poolsend_report *report;
  must(poolsend_deliver(sender, message, PATIENCE, &report) == 0);
  return report;
}

/* ---- Delivering */

static void deliver_returns_at_the_win_and_the_late_ones_are_told_later(void **state)
{
  (void)state;
  const struct poolsend_event *event = NULL;
  struct poolsend_sender *sender = sender_with_late();
  struct poolsend_report *report = deliver(sender, "m");
  assert_int_equal(poolsend_report_settled(report, 0, &event), POOLSEND_TIMEOUT);
  assert_null(event);
  assert_int_equal(poolsend_report_delivered(report, 0, &event), 0);
  assert_string_equal(poolsend_attempt_name(poolsend_event_attempt(event)), "b");
  assert_int_equal(poolsend_event_pending_count(event), 1);
  assert_string_equal(poolsend_event_pending_name(event, 0), "a");
  server_open(server, "/gate/a");
  assert_int_equal(poolsend_report_settled(report, PATIENCE, &event), 0);
  assert_int_equal(poolsend_event_attempt_count(event), 2);
  assert_ptr_equal(poolsend_event_winner(event), poolsend_event_attempt_at(event, 1));
  assert_int_equal(poolsend_attempt_fate(poolsend_event_attempt_at(event, 0)), POOLSEND_FATE_DELIVERED);
  assert_int_equal(poolsend_attempt_fate(poolsend_event_attempt_at(event, 1)), POOLSEND_FATE_DELIVERED);
  assert_int_equal(poolsend_event_fate_count(event, POOLSEND_FATE_DELIVERED), 2);
  assert_int_equal(poolsend_event_fate_count(event, POOLSEND_FATE_UNKNOWN), 0);
  poolsend_report_free(report);
  poolsend_free(sender);
}

static void deliver_that_times_out_does_not_cancel_the_message(void **state)
{
  (void)state;
  const struct poolsend_event *event;
  struct poolsend_report *report;
  struct poolsend_message *message AUTOFREE = message_of("m");
  struct poolsend_sender *sender = sender_to_path("/gate/a");
  assert_int_equal(poolsend_deliver(sender, message, POOLSEND_MS(20), &report), POOLSEND_PENDING);
  assert_non_null(report);
  server_await(server, "/gate/a", 1);
  server_open(server, "/gate/a");
  assert_int_equal(poolsend_report_delivered(report, PATIENCE, &event), 0);
  assert_int_equal(poolsend_attempt_status(poolsend_event_attempt(event)), 200);
  expect_response(poolsend_event_attempt(event), "thanks", false);
  assert_int_equal(server_count(server, "/gate/a"), 1);
  poolsend_report_free(report);
  poolsend_free(sender);
}

static void deliver_without_time_only_takes_the_message_up(void **state)
{
  (void)state;
  struct poolsend_report *report;
  struct poolsend_message *message AUTOFREE = message_of("m");
  struct poolsend_sender *sender = sender_to_path("/gate/a");
  assert_int_equal(poolsend_deliver(sender, message, 0, &report), POOLSEND_PENDING);
  assert_int_equal(poolsend_report_delivered(report, 0, NULL), POOLSEND_TIMEOUT);
  assert_int_equal(poolsend_report_settled(report, -1, NULL), POOLSEND_TIMEOUT);
  assert_int_equal(poolsend_report_delivered(report, POOLSEND_MS(5), NULL), POOLSEND_TIMEOUT);
  server_open(server, "/gate/a");
  assert_int_equal(poolsend_report_settled(report, PATIENCE, NULL), 0);
  assert_int_equal(poolsend_report_delivered(report, 0, NULL), 0);
  assert_int_equal(poolsend_report_settled(report, 0, NULL), 0);
  poolsend_report_free(report);
  poolsend_free(sender);
}

static void message_that_nobody_takes_is_told_as_undelivered(void **state)
{
  (void)state;
  const struct poolsend_event *event = NULL;
  struct poolsend_report *report;
  struct poolsend_message *message AUTOFREE = message_of("m");
  struct poolsend_sender *sender = sender_to_path("/status/500");
  assert_int_equal(poolsend_deliver(sender, message, PATIENCE, &report), POOLSEND_UNDELIVERED);
  assert_int_equal(poolsend_report_delivered(report, PATIENCE, &event), POOLSEND_UNDELIVERED);
  assert_null(event);
  assert_int_equal(poolsend_report_settled(report, 0, &event), 0);
  assert_null(poolsend_event_winner(event));
  assert_int_equal(poolsend_attempt_status(poolsend_event_attempt_at(event, 0)), 500);
  assert_string_equal(poolsend_report_id(report), "m");
  poolsend_report_free(report);
  assert_int_equal(poolsend_deliver(sender, message, PATIENCE, NULL), POOLSEND_UNDELIVERED);
  expect_event(sender, POOLSEND_EVENT_SETTLED, "m");
  poolsend_free(sender);
}

static void message_that_is_not_taken_up_has_no_report(void **state)
{
  (void)state;
  struct poolsend_report *report = (void *)state, *held;
  struct poolsend_message *message AUTOFREE = message_of("not an id");
  static const char large[101];
  struct setup setup;
  set_up(&setup, server_url(server, "/gate/a"), NULL);
  set(&setup, "max_pending", "1");
  set(&setup, "max_body", "100");
  struct poolsend_sender *sender = sender_of(&setup);
  assert_int_equal(poolsend_deliver(sender, message, 0, &report), -EINVAL);
  assert_null(report);
  assert_non_null(strstr(poolsend_message_error(message), "not an id"));
  poolsend_message_clear(message);
  assert_int_equal(poolsend_message_body(message, large, sizeof large), 0);
  report = (void *)state;
  assert_int_equal(poolsend_submit_report(sender, message, 0, &report), -EMSGSIZE);
  assert_null(report);
  assert_int_equal(poolsend_message_body(message, "small", POOLSEND_TEXT), 0);
  held = submit_report(sender, "held");
  assert_int_equal(poolsend_deliver(sender, message, POOLSEND_MS(5), &report), POOLSEND_TIMEOUT);
  assert_null(report);
  poolsend_close(sender, POOLSEND_NEVER);
  assert_int_equal(poolsend_deliver(sender, message, PATIENCE, &report), POOLSEND_CLOSED);
  assert_null(report);
  assert_int_equal(count_of(sender, POOLSEND_COUNT_SUBMITTED), 1);
  poolsend_report_free(held);
  poolsend_free(sender);
}

/* ---- Where events go */

static struct poolsend_sender *sender_with_late_that_tells_all(void)
{
  struct setup setup;
  set_up_late(&setup);
  set(&setup, "events", "start,finish,delivered,settled");
  return sender_of(&setup);
}

static void report_keeps_its_events_to_itself(void **state)
{
  (void)state;
  struct poolsend_sender *sender = sender_with_late_that_tells_all();
  struct poolsend_report *report = deliver(sender, "m");
  expect_none(sender);
  server_open(server, "/gate/a");
  assert_int_equal(poolsend_report_settled(report, PATIENCE, NULL), 0);
  expect_none(sender);
  poolsend_report_free(report);
  poolsend_close(sender, POOLSEND_NEVER);
  expect_closed(sender);
  poolsend_free(sender);
}

static void message_with_a_report_never_has_other_events_than_the_last_two(void **state)
{
  (void)state;
  struct poolsend_sender *sender = sender_with_late_that_tells_all();
  poolsend_report_free(deliver(sender, "m"));
  expect_none(sender);
  server_open(server, "/gate/a");
  expect_event(sender, POOLSEND_EVENT_SETTLED, "m");
  expect_none(sender);
  poolsend_free(sender);
}

static void deliver_without_a_report_tells_the_events_among_the_senders(void **state)
{
  (void)state;
  struct poolsend_message *message AUTOFREE = message_of("m");
  struct poolsend_sender *sender = sender_with_late();
  assert_int_equal(poolsend_deliver(sender, message, PATIENCE, NULL), 0);
  expect_event(sender, POOLSEND_EVENT_DELIVERED, "m");
  expect_none(sender);
  server_open(server, "/gate/a");
  expect_event(sender, POOLSEND_EVENT_SETTLED, "m");
  expect_none(sender);
  poolsend_free(sender);
}

static void report_has_the_delivered_event_even_where_the_sender_tells_of_ends_only(void **state)
{
  (void)state;
  const struct poolsend_event *event = NULL;
  struct setup setup;
  set_up_late(&setup);
  set(&setup, "events", "settled");
  struct poolsend_sender *sender = sender_of(&setup);
  struct poolsend_report *report = deliver(sender, "m");
  assert_int_equal(poolsend_report_delivered(report, 0, &event), 0);
  assert_int_equal(poolsend_event_kind(event), POOLSEND_EVENT_DELIVERED);
  poolsend_report_free(submit_report(sender, "n")); /* given up before it is delivered */
  server_await(server, "/ok", 2);
  server_open(server, "/gate/a");
  expect_event(sender, POOLSEND_EVENT_SETTLED, "n");
  expect_none(sender);
  poolsend_report_free(report);
  poolsend_free(sender);
}

/* ---- Several at once */

static void *await_settled(void *report)
{
  const struct poolsend_event *event;
  must(poolsend_report_settled(report, PATIENCE, &event) == 0);
  return (void *)(uintptr_t)poolsend_event_attempt_count(event);
}

static void *await_delivered(void *report)
{
  const struct poolsend_event *event;
  must(poolsend_report_delivered(report, PATIENCE, &event) == 0);
  return (void *)(uintptr_t)poolsend_attempt_number(poolsend_event_attempt(event));
}

static void several_threads_may_await_one_report(void **state)
{
  (void)state;
  enum { THREADS = 6 };
  pthread_t threads[THREADS];
  void *seen;
  struct poolsend_sender *sender = sender_to_path("/gate/a");
  struct poolsend_report *report = submit_report(sender, NULL);
  for (int i = 0; i < THREADS; i++)
    assert_true(start_thread(&threads[i], i % 2 ? await_settled : await_delivered, report));
  server_await(server, "/gate/a", 1);
  server_open(server, "/gate/a");
  for (int i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_join(threads[i], &seen), 0);
    assert_int_equal((uintptr_t)seen, 1);
  }
  poolsend_report_free(report);
  poolsend_free(sender);
}

static bool nothing_is_pending(void *sender)
{
  return count_of(sender, POOLSEND_COUNT_PENDING) == 0;
}

static void message_with_a_report_is_pending_until_it_has_settled(void **state)
{
  (void)state;
  struct setup setup;
  set_up(&setup, server_url(server, "/gate/a"), NULL);
  set(&setup, "max_pending", "1");
  struct poolsend_sender *sender = sender_of(&setup);
  struct poolsend_message *message AUTOFREE = message_of("n");
  struct poolsend_report *report = submit_report(sender, "m"), *second;
  assert_int_equal(poolsend_submit_report(sender, message, 0, &second), POOLSEND_TIMEOUT);
  assert_int_equal(count_of(sender, POOLSEND_COUNT_PENDING), 1);
  server_open(server, "/gate/a");
  await_true(nothing_is_pending, sender);
  assert_int_equal(poolsend_submit_report(sender, message, PATIENCE, &second), 0);
  assert_int_equal(poolsend_report_settled(second, PATIENCE, NULL), 0);
  poolsend_report_free(report); /* its settled event waits to be fetched now */
  assert_int_equal(count_of(sender, POOLSEND_COUNT_PENDING), 1);
  expect_event(sender, POOLSEND_EVENT_DELIVERED, "m");
  expect_event(sender, POOLSEND_EVENT_SETTLED, "m");
  assert_int_equal(count_of(sender, POOLSEND_COUNT_PENDING), 0);
  poolsend_report_free(second);
  poolsend_free(sender);
}

static void reports_of_a_closed_sender_settle_by_the_limit(void **state)
{
  (void)state;
  const struct poolsend_event *event;
  struct poolsend_sender *sender = sender_to_path("/hang");
  struct poolsend_report *report = submit_report(sender, "m");
  server_await(server, "/hang", 1);
  poolsend_close(sender, 0);
  assert_int_equal(poolsend_report_settled(report, PATIENCE, &event), 0);
  assert_int_equal(poolsend_attempt_reason(poolsend_event_attempt_at(event, 0)), POOLSEND_REASON_CANCELLED);
  expect_closed(sender);
  poolsend_report_free(report);
  poolsend_free(sender);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, serve, stop_serving)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(deliver_returns_at_the_win_and_the_late_ones_are_told_later),
      CASE(deliver_that_times_out_does_not_cancel_the_message),
      CASE(deliver_without_time_only_takes_the_message_up),
      CASE(message_that_nobody_takes_is_told_as_undelivered),
      CASE(message_that_is_not_taken_up_has_no_report),
      CASE(report_keeps_its_events_to_itself),
      CASE(message_with_a_report_never_has_other_events_than_the_last_two),
      CASE(deliver_without_a_report_tells_the_events_among_the_senders),
      CASE(report_has_the_delivered_event_even_where_the_sender_tells_of_ends_only),
      CASE(several_threads_may_await_one_report),
      CASE(message_with_a_report_is_pending_until_it_has_settled),
      CASE(reports_of_a_closed_sender_settle_by_the_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
