/* The ends of messages and of senders: closing, cancelling, freeing, while others submit. Every message that was
 * taken up settles exactly once, whatever happens. */
#include "helpers.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

static struct poolsend_sender *sender_with_workers(const char *path, unsigned workers)
{
  struct setup setup;
  set_up(&setup, server_url(server, path), NULL);
  set(&setup, "workers", "%u", workers);
  return sender_of(&setup);
}

/* The settled event of the next message that has one. */
static struct poolsend_event *next_settled(struct poolsend_sender *sender)
{
  for (;;) {
    struct poolsend_event *event = next_event(sender);
    if (poolsend_event_kind(event) == POOLSEND_EVENT_SETTLED)
      return event;
    poolsend_event_free(event);
  }
}

static void is_cancelled(const struct poolsend_event *event, const char *words)
{
  assert_null(poolsend_event_winner(event));
  assert_int_equal(poolsend_event_attempt_count(event), 1);
  assert_int_equal(poolsend_attempt_reason(poolsend_event_attempt_at(event, 0)), POOLSEND_REASON_CANCELLED);
  assert_int_equal(poolsend_attempt_fate(poolsend_event_attempt_at(event, 0)), POOLSEND_FATE_UNKNOWN);
  assert_string_equal(poolsend_attempt_error(poolsend_event_attempt_at(event, 0)), words);
}

static double seconds_now(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- Closing */

static void closed_without_a_limit_all_settle_by_the_rules(void **state)
{
  (void)state;
  struct poolsend_message *message AUTOFREE = message_of(NULL);
  struct poolsend_sender *sender = sender_with_workers("/gate/a", 2);
  for (int i = 0; i < 4; i++) /* two of them wait for a slot */
    submit(sender, NULL);
  server_await(server, "/gate/a", 2);
  poolsend_close(sender, POOLSEND_NEVER);
  assert_int_equal(poolsend_submit(sender, message, PATIENCE), POOLSEND_CLOSED);
  expect_none(sender);
  server_open(server, "/gate/a");
  assert_int_equal(drain(sender, POOLSEND_NEVER), 4);
  assert_int_equal(count_of(sender, POOLSEND_COUNT_DELIVERED), 4);
  assert_int_equal(server_count(server, "/gate/a"), 4);
  expect_closed(sender);
  poolsend_free(sender);
}

static void closed_with_no_time_left_all_are_cancelled(void **state)
{
  (void)state;
  struct poolsend_sender *sender = sender_with_workers("/hang", 1);
  submit(sender, "m");
  server_await(server, "/hang", 1);
  submit(sender, "n");
  poolsend_close(sender, 0);
  struct poolsend_event *event = next_settled(sender);
  bool waited = poolsend_event_attempt_count(event) == 0; /* n, that waited for a slot */
  assert_string_equal(poolsend_event_id(event), waited ? "n" : "m");
  poolsend_event_free(event);
  event = next_settled(sender);
  assert_string_equal(poolsend_event_id(event), waited ? "m" : "n");
  poolsend_event_free(event);
  expect_closed(sender);
  assert_int_equal(server_count(server, "/hang"), 1);
  poolsend_free(sender);
}

static void closed_with_a_limit_it_cancels_what_is_left_at_its_end(void **state)
{
  (void)state;
  struct poolsend_sender *sender = sender_with_workers("/hang", 1);
  submit(sender, "m");
  server_await(server, "/hang", 1);
  double start = seconds_now();
  poolsend_close(sender, POOLSEND_MS(50));
  expect_none(sender);
  struct poolsend_event *event = next_settled(sender);
  assert_true(seconds_now() - start >= 0.05);
  is_cancelled(event, "cancelled by an interrupt");
  poolsend_event_free(event);
  expect_closed(sender);
  poolsend_free(sender);
}

static void second_close_can_only_bring_the_limit_closer(void **state)
{
  (void)state;
  struct poolsend_sender *sender = sender_with_workers("/hang", 1);
  submit(sender, "m");
  server_await(server, "/hang", 1);
  poolsend_close(sender, POOLSEND_NEVER);
  poolsend_close(sender, POOLSEND_S(1000));
  poolsend_close(sender, POOLSEND_MS(30));
  poolsend_close(sender, POOLSEND_S(1000));
  poolsend_close(sender, POOLSEND_NEVER);
  struct poolsend_event *event = next_settled(sender);
  is_cancelled(event, "cancelled by an interrupt");
  poolsend_event_free(event);
  poolsend_close(sender, -1);
  expect_closed(sender);
  poolsend_free(sender);
}

static void *submit_one(void *sender)
{
  struct poolsend_message *message AUTOFREE = message_of(NULL);
  return (void *)(intptr_t)poolsend_submit(sender, message, POOLSEND_NEVER);
}

static void those_who_wait_for_room_are_told_that_it_is_closed(void **state)
{
  (void)state;
  enum { THREADS = 4 };
  pthread_t threads[THREADS];
  void *result;
  struct setup setup;
  set_up(&setup, server_url(server, "/hang"), NULL);
  set(&setup, "max_pending", "1");
  struct poolsend_sender *sender = sender_of(&setup);
  submit(sender, "m");
  for (int i = 0; i < THREADS; i++)
    assert_true(start_thread(&threads[i], submit_one, sender));
  server_await(server, "/hang", 1);
  poolsend_close(sender, POOLSEND_NEVER);
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], &result);
    assert_int_equal((intptr_t)result, POOLSEND_CLOSED);
  }
  poolsend_free(sender);
}

/* ---- Closing while others submit */

static struct {
  struct poolsend_sender *sender;
  atomic_uint taken, refused, settled;
} busy;

static void *submit_until_closed(void *unused)
{
  struct poolsend_message *message AUTOFREE = message_of(NULL);
  int result;
  while ((result = poolsend_submit(busy.sender, message, PATIENCE)) == 0)
    atomic_fetch_add(&busy.taken, 1);
  must(result == POOLSEND_CLOSED);
  atomic_fetch_add(&busy.refused, 1);
  return unused;
}

static void *fetch_until_closed(void *unused)
{
  struct poolsend_event *event;
  int result;
  while ((result = poolsend_next(busy.sender, PATIENCE, &event)) == 0) {
    if (poolsend_event_kind(event) == POOLSEND_EVENT_SETTLED)
      atomic_fetch_add(&busy.settled, 1);
    poolsend_event_free(event);
  }
  must(result == POOLSEND_CLOSED);
  return unused;
}

static void close_while_busy(poolsend_time limit)
{
  enum { SUBMITTERS = 8, FETCHERS = 2 };
  pthread_t threads[SUBMITTERS + FETCHERS];
  atomic_store(&busy.taken, 0);
  atomic_store(&busy.settled, 0);
  atomic_store(&busy.refused, 0);
  unsigned before = server_count(server, "/ok");
  busy.sender = sender_with_workers("/ok", 8);
  for (int i = 0; i < SUBMITTERS + FETCHERS; i++)
    assert_true(start_thread(&threads[i], i < SUBMITTERS ? submit_until_closed : fetch_until_closed, NULL));
  server_await(server, "/ok", before + 100);
  poolsend_close(busy.sender, limit);
  for (int i = 0; i < SUBMITTERS + FETCHERS; i++)
    pthread_join(threads[i], NULL);
  struct counts counts = counts_of(busy.sender);
  assert_int_equal(atomic_load(&busy.refused), SUBMITTERS);
  assert_int_equal(counts.submitted, atomic_load(&busy.taken));
  assert_int_equal(counts.delivered + counts.undelivered, atomic_load(&busy.taken));
  assert_int_equal(atomic_load(&busy.settled), atomic_load(&busy.taken));
  assert_int_equal(counts.pending, 0);
  assert_int_equal(counts.started, counts.finished);
  poolsend_free(busy.sender);
}

static void closed_while_others_submit_what_was_taken_up_settles_once(void **state)
{
  (void)state;
  for (int i = 0; i < 4; i++)
    close_while_busy(i % 2 ? 0 : POOLSEND_NEVER);
}

/* ---- Freeing */

static void free_cancels_what_runs_and_drops_what_was_not_fetched(void **state)
{
  (void)state;
  struct poolsend_sender *sender = sender_with_workers("/hang", 2);
  double start = seconds_now();
  for (int i = 0; i < 4; i++)
    submit(sender, NULL);
  server_await(server, "/hang", 2);
  poolsend_free(sender);
  assert_true(seconds_now() - start < PATIENCE_S);
  sender = sender_with_workers("/ok", 4);
  for (int i = 0; i < 4; i++)
    submit(sender, NULL);
  server_await(server, "/ok", 4);
  poolsend_free(sender);
  poolsend_free(sender_with_workers("/ok", 4)); /* without a message */
}

/* ---- Cancelling */

static void one_message_is_cancelled_and_others_are_not(void **state)
{
  (void)state;
  struct poolsend_sender *sender = sender_with_workers("/gate/a", 4);
  submit(sender, "m");
  submit(sender, "n");
  submit(sender, "m"); /* two of that id */
  server_await(server, "/gate/a", 3);
  assert_int_equal(poolsend_cancel(sender, "m"), 0);
  for (int i = 0; i < 2; i++) {
    struct poolsend_event *event = next_settled(sender);
    assert_string_equal(poolsend_event_id(event), "m");
    is_cancelled(event, "cancelled on request");
    poolsend_event_free(event);
  }
  expect_none(sender);
  server_open(server, "/gate/a");
  expect_event(sender, POOLSEND_EVENT_DELIVERED, "n");
  expect_event(sender, POOLSEND_EVENT_SETTLED, "n");
  expect_none(sender);
  poolsend_free(sender);
}

static void cancel_of_what_is_not_there_does_nothing(void **state)
{
  (void)state;
  char longest[257];
  memset(longest, 'x', 256);
  longest[256] = '\0';
  struct poolsend_sender *sender = sender_with_workers("/gate/a", 1);
  submit(sender, "m");
  assert_int_equal(poolsend_cancel(sender, "n"), 0);
  assert_int_equal(poolsend_cancel(sender, longest + 1), 0);
  assert_int_equal(poolsend_cancel(sender, longest), -EINVAL);
  assert_int_equal(poolsend_cancel(sender, ""), -EINVAL);
  assert_int_equal(poolsend_cancel(sender, "m n"), -EINVAL);
  server_open(server, "/gate/a");
  expect_event(sender, POOLSEND_EVENT_DELIVERED, "m");
  expect_event(sender, POOLSEND_EVENT_SETTLED, "m");
  assert_int_equal(poolsend_cancel(sender, "m"), 0);
  expect_none(sender);
  poolsend_free(sender);
}

static void cancel_after_the_win_ends_the_late_ones_only(void **state)
{
  (void)state;
  struct setup setup;
  set_up(&setup, server_url(server, "/hang"), server_url(server, "/ok"), NULL);
  set(&setup, "hedge_delay", "1ms");
  struct poolsend_sender *sender = sender_of(&setup);
  submit(sender, "m");
  expect_event(sender, POOLSEND_EVENT_DELIVERED, "m");
  assert_int_equal(poolsend_cancel(sender, "m"), 0);
  struct poolsend_event *event = next_settled(sender);
  assert_ptr_equal(poolsend_event_winner(event), poolsend_event_attempt_at(event, 1));
  assert_int_equal(poolsend_event_attempt_count(event), 2);
  assert_int_equal(poolsend_attempt_reason(poolsend_event_attempt_at(event, 0)), POOLSEND_REASON_CANCELLED);
  assert_string_equal(poolsend_attempt_error(poolsend_event_attempt_at(event, 0)), "cancelled on request");
  assert_int_equal(poolsend_event_fate_count(event, POOLSEND_FATE_DELIVERED), 1);
  assert_int_equal(poolsend_event_fate_count(event, POOLSEND_FATE_UNKNOWN), 1);
  poolsend_event_free(event);
  assert_int_equal(count_of(sender, POOLSEND_COUNT_DELIVERED), 1);
  poolsend_free(sender);
}

static void message_that_waits_for_a_slot_is_cancelled_without_an_attempt(void **state)
{
  (void)state;
  struct poolsend_sender *sender = sender_with_workers("/hang", 1);
  submit(sender, "m");
  server_await(server, "/hang", 1);
  submit(sender, "n");
  assert_int_equal(poolsend_cancel(sender, "n"), 0);
  struct poolsend_event *event = next_settled(sender);
  assert_string_equal(poolsend_event_id(event), "n");
  assert_int_equal(poolsend_event_attempt_count(event), 0);
  assert_int_equal(poolsend_event_not_tried_count(event), 1);
  assert_string_equal(poolsend_event_not_tried(event, 0), "a");
  poolsend_event_free(event);
  poolsend_free(sender);
}

/* What was submitted after a call to cancel is not meant by it, however soon it came. */
static void messages_submitted_after_a_cancel_are_not_cancelled(void **state)
{
  (void)state;
  struct poolsend_sender *sender = sender_with_workers("/ok", 2);
  for (int i = 0; i < 100; i++) {
    if (i % 2)
      poolsend_cancel_all(sender);
    else
      assert_int_equal(poolsend_cancel(sender, "m"), 0);
    submit(sender, "m");
    expect_event(sender, POOLSEND_EVENT_DELIVERED, "m");
    expect_event(sender, POOLSEND_EVENT_SETTLED, "m");
  }
  poolsend_free(sender);
}

static void all_are_cancelled_and_more_may_be_submitted(void **state)
{
  (void)state;
  struct setup setup;
  set_up(&setup, server_url(server, "/gate/a"), NULL);
  set(&setup, "workers", "2");
  set(&setup, "max_pending", "16");
  struct poolsend_sender *sender = sender_of(&setup);
  for (int i = 0; i < 4; i++)
    submit(sender, NULL);
  server_await(server, "/gate/a", 2);
  poolsend_cancel_all(sender);
  for (int i = 0; i < 4; i++) {
    struct poolsend_event *event = next_settled(sender);
    assert_null(poolsend_event_winner(event));
    poolsend_event_free(event);
  }
  assert_int_equal(count_of(sender, POOLSEND_COUNT_UNDELIVERED), 4);
  submit(sender, "m");
  server_open(server, "/gate/a");
  expect_event(sender, POOLSEND_EVENT_DELIVERED, "m");
  expect_event(sender, POOLSEND_EVENT_SETTLED, "m");
  assert_int_equal(drain(sender, 0), 0);
  poolsend_free(sender);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, serve, stop_serving)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(closed_without_a_limit_all_settle_by_the_rules),
      CASE(closed_with_no_time_left_all_are_cancelled),
      CASE(closed_with_a_limit_it_cancels_what_is_left_at_its_end),
      CASE(second_close_can_only_bring_the_limit_closer),
      CASE(those_who_wait_for_room_are_told_that_it_is_closed),
      CASE(closed_while_others_submit_what_was_taken_up_settles_once),
      CASE(free_cancels_what_runs_and_drops_what_was_not_fetched),
      CASE(one_message_is_cancelled_and_others_are_not),
      CASE(cancel_of_what_is_not_there_does_nothing),
      CASE(cancel_after_the_win_ends_the_late_ones_only),
      CASE(message_that_waits_for_a_slot_is_cancelled_without_an_attempt),
      CASE(messages_submitted_after_a_cancel_are_not_cancelled),
      CASE(all_are_cancelled_and_more_may_be_submitted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
