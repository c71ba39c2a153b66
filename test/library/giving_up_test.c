/* Reports that are given up: what they have not told by then comes among the sender's events, each once, in order.
 *
 * Where an attempt is to be late, it goes to a gate of the server's, and the hedge that wins follows after a
 * millisecond. */
#include "helpers.h"

#include <string.h>
#include <unistd.h>

static void report_given_up_before_the_win_leaves_both_events_to_the_sender(void **state)
{
  (void)state;
  struct poolsend_sender *sender = sender_to_path("/gate/a");
  struct poolsend_report *report = submit_report(sender, "m");
  server_await(server, "/gate/a", 1);
  poolsend_report_free(report);
  expect_none(sender);
  server_open(server, "/gate/a");
  expect_event(sender, POOLSEND_EVENT_DELIVERED, "m");
  expect_event(sender, POOLSEND_EVENT_SETTLED, "m");
  expect_none(sender);
  poolsend_free(sender);
}

static bool second_has_answered(void *sender)
{
  return count_of_endpoint(sender, 1, POOLSEND_ENDPOINT_DELIVERED) == 1;
}

static bool has_settled(void *sender)
{
  return count_of(sender, POOLSEND_COUNT_DELIVERED) == 1;
}

/* What the report has told when it is given up; and what then comes among the sender's events, when. */
struct giving_up {
  bool at_the_end;                   /* after the message has settled, or between the win and that */
  bool asks_delivered, asks_settled; /* of the report */
  bool looks;                        /* it wants the events, too */
  bool delivered, settled;           /* they come */
};

static void give_up_one(const struct giving_up *given)
{
  const struct poolsend_event *event = NULL, **out = given->looks ? &event : NULL;
  struct poolsend_sender *sender = sender_with_late();
  struct poolsend_report *report = submit_report(sender, "m");
  await_true(second_has_answered, sender);
  if (given->asks_delivered)
    assert_int_equal(poolsend_report_delivered(report, PATIENCE, out), 0);
  if (given->at_the_end) {
    server_open(server, "/gate/a");
    await_true(has_settled, sender);
  }
  if (given->asks_settled)
    assert_int_equal(poolsend_report_settled(report, 0, out), given->at_the_end ? 0 : POOLSEND_TIMEOUT);
  poolsend_report_free(report);
  if (given->delivered)
    expect_event(sender, POOLSEND_EVENT_DELIVERED, "m");
  server_open(server, "/gate/a");
  if (given->settled)
    expect_event(sender, POOLSEND_EVENT_SETTLED, "m");
  poolsend_close(sender, POOLSEND_NEVER);
  expect_closed(sender);
  assert_int_equal(count_of(sender, POOLSEND_COUNT_PENDING), 0);
  poolsend_free(sender);
}

static void report_given_up_leaves_the_events_that_it_has_not_told(void **state)
{
  static const struct giving_up table[] = {
      {.delivered = true, .settled = true},
      {.asks_delivered = true, .settled = true},
      {.asks_delivered = true, .looks = true, .settled = true},
      {.asks_settled = true, .looks = true, .delivered = true, .settled = true},
      {.at_the_end = true, .delivered = true, .settled = true},
      {.at_the_end = true, .asks_delivered = true, .settled = true},
      {.at_the_end = true, .asks_settled = true},
      {.at_the_end = true, .asks_settled = true, .looks = true},
      {.at_the_end = true, .asks_delivered = true, .asks_settled = true, .looks = true},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    give_up_one(&table[i]);
    stop_serving(state);
    serve(state);
  }
}

static bool has_ended(void *sender)
{
  return count_of(sender, POOLSEND_COUNT_UNDELIVERED) == 1;
}

static void undelivered_message_whose_report_is_given_up_is_told_to_the_sender(void **state)
{
  (void)state;
  struct poolsend_sender *sender = sender_to_path("/status/404");
  struct poolsend_report *report = submit_report(sender, "m");
  await_true(has_ended, sender);
  expect_none(sender);
  poolsend_report_free(report);
  expect_event(sender, POOLSEND_EVENT_SETTLED, "m");
  report = submit_report(sender, "n");
  assert_int_equal(poolsend_report_delivered(report, PATIENCE, NULL), POOLSEND_UNDELIVERED);
  poolsend_report_free(report); /* that has told of the end */
  poolsend_close(sender, POOLSEND_NEVER);
  expect_closed(sender);
  poolsend_free(sender);
}

/* The report is given up about when the attempt left behind ends. */
static void report_given_up_while_its_message_settles_loses_nothing_and_keeps_the_order(void **state)
{
  (void)state;
  enum { ROUNDS = 150 };
  struct setup setup;
  set_up(&setup, server_url(server, "/delay/2"), server_url(server, "/ok"), NULL);
  set(&setup, "hedge_delay", "1ms");
  set(&setup, "breaker", "false");
  set(&setup, "max_pending", "8");
  struct poolsend_sender *sender = sender_of(&setup);
  for (int i = 0; i < ROUNDS; i++) {
    char id[16];
    snprintf(id, sizeof id, "m%d", i);
    struct poolsend_report *report = submit_report(sender, id);
    usleep(1500 + (useconds_t)i % 50 * 20);
    poolsend_report_free(report);
    expect_event(sender, POOLSEND_EVENT_DELIVERED, id);
    expect_event(sender, POOLSEND_EVENT_SETTLED, id);
    expect_none(sender);
  }
  assert_int_equal(drain(sender, POOLSEND_NEVER), 0);
  poolsend_free(sender);
}

/* Reports that are held when the sender has nothing more to tell still have theirs. */
static void report_held_beyond_the_end_leaves_its_events_to_the_sender(void **state)
{
  (void)state;
  struct poolsend_sender *sender = sender_to_path("/ok");
  struct poolsend_report *report = submit_report(sender, "m");
  poolsend_close(sender, POOLSEND_NEVER);
  expect_closed(sender);
  poolsend_report_free(report);
  expect_event(sender, POOLSEND_EVENT_DELIVERED, "m");
  expect_event(sender, POOLSEND_EVENT_SETTLED, "m");
  expect_closed(sender);
  poolsend_free(sender);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, serve, stop_serving)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(report_given_up_before_the_win_leaves_both_events_to_the_sender),
      CASE(report_given_up_leaves_the_events_that_it_has_not_told),
      CASE(undelivered_message_whose_report_is_given_up_is_told_to_the_sender),
      CASE(report_given_up_while_its_message_settles_loses_nothing_and_keeps_the_order),
      CASE(report_held_beyond_the_end_leaves_its_events_to_the_sender),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
