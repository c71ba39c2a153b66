/* Events that are pushed to a callback: on one thread, in order, each to be freed by whoever has it; and what a
 * callback may call, which is everything, as long as it would not wait. */
#include "helpers.h"

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>

#define MESSAGES 200

/* What the callback of the test does, and what it saw. */
static struct {
  struct poolsend_sender *sender;
  void (*act)(struct poolsend_event *event); /* it has the event */
  pthread_t thread;
  bool called;
  unsigned delivered[MESSAGES + 1], settled[MESSAGES + 1];
  atomic_uint ended;
  sem_t inside, go_on;
} seen;

static void on_event(void *context, struct poolsend_event *event)
{
  must(context == &seen);
  must(!seen.called || pthread_equal(seen.thread, pthread_self()));
  seen.thread = pthread_self();
  seen.called = true;
  bool settled = poolsend_event_kind(event) == POOLSEND_EVENT_SETTLED;
  if (settled && poolsend_event_winner(event))
    must(seen.delivered[poolsend_event_line(event)] == 1);
  (settled ? seen.settled : seen.delivered)[poolsend_event_line(event)]++;
  seen.act(event);
  atomic_fetch_add(&seen.ended, settled);
}

static int begin(void **state)
{
  serve(state);
  memset(&seen, 0, sizeof seen);
  seen.act = poolsend_event_free;
  return sem_init(&seen.inside, 0, 0) | sem_init(&seen.go_on, 0, 0);
}

static void wait_for(sem_t *semaphore)
{
  while (sem_wait(semaphore))
    ;
}

static void start(const char *path, unsigned workers, unsigned max_pending)
{
  struct setup setup;
  set_up(&setup, server_url(server, path), NULL);
  set(&setup, "workers", "%u", workers);
  set(&setup, "max_pending", "%u", max_pending);
  poolsend_config_on_event(setup.config, on_event, &seen);
  seen.sender = sender_of(&setup);
}

static void submit_line(unsigned line)
{
  struct poolsend_message *message AUTOFREE = message_of(NULL);
  poolsend_message_tag(message, line, NULL);
  must(poolsend_submit(seen.sender, message, PATIENCE) == 0);
}

static void finish(void)
{
  poolsend_close(seen.sender, POOLSEND_NEVER);
  expect_closed(seen.sender);
}

static void events_are_pushed_once_on_one_thread_and_in_order(void **state)
{
  (void)state;
  start("/ok", 8, 32);
  for (unsigned i = 1; i <= MESSAGES; i++)
    submit_line(i);
  finish();
  assert_false(pthread_equal(seen.thread, pthread_self()));
  for (unsigned i = 1; i <= MESSAGES; i++)
    assert_int_equal(seen.settled[i], 1);
  assert_int_equal(count_of(seen.sender, POOLSEND_COUNT_PENDING), 0);
  poolsend_free(seen.sender);
}

/* ---- Whose the events are */

static struct poolsend_event *kept[2 * MESSAGES];
static unsigned kept_count;

static void keep(struct poolsend_event *event)
{
  kept[kept_count++] = event;
}

static void *free_kept(void *unused)
{
  while (kept_count)
    poolsend_event_free(kept[--kept_count]);
  return unused;
}

static void events_may_be_freed_later_and_on_another_thread(void **state)
{
  (void)state;
  pthread_t thread;
  seen.act = keep;
  start("/ok", 4, 4); /* those kept do not count as pending */
  for (unsigned i = 1; i <= MESSAGES; i++)
    submit_line(i);
  finish();
  assert_int_equal(kept_count, 2 * MESSAGES);
  assert_int_equal(poolsend_attempt_status(poolsend_event_attempt(kept[0])), 200);
  assert_true(start_thread(&thread, free_kept, NULL));
  pthread_join(thread, NULL);
  poolsend_free(seen.sender);
}

static void hold(struct poolsend_event *event)
{
  poolsend_event_free(event);
  sem_post(&seen.inside);
  wait_for(&seen.go_on);
}

static void *await_closed(void *result)
{
  struct poolsend_event *event;
  atomic_store((atomic_int *)result, poolsend_next(seen.sender, POOLSEND_NEVER, &event));
  must(atomic_load(&seen.ended) == 1);
  return NULL;
}

static void end_is_told_only_after_the_last_callback_has_returned(void **state)
{
  (void)state;
  pthread_t thread;
  atomic_int result = -1;
  struct poolsend_event *event;
  seen.act = hold;
  start("/ok", 1, 1);
  submit_line(1);
  poolsend_close(seen.sender, POOLSEND_NEVER);
  wait_for(&seen.inside); /* delivered */
  sem_post(&seen.go_on);
  wait_for(&seen.inside); /* settled */
  assert_int_equal(poolsend_next(seen.sender, POOLSEND_MS(10), &event), POOLSEND_TIMEOUT);
  assert_true(start_thread(&thread, await_closed, &result));
  assert_int_equal(poolsend_next(seen.sender, 0, &event), POOLSEND_TIMEOUT);
  sem_post(&seen.go_on);
  pthread_join(thread, NULL);
  assert_int_equal(atomic_load(&result), POOLSEND_CLOSED);
  poolsend_free(seen.sender);
}

static void free_waits_for_a_callback_that_runs(void **state)
{
  (void)state;
  start("/hang", 1, 1);
  submit_line(0);
  server_await(server, "/hang", 1);
  poolsend_free(seen.sender); /* the message is cancelled, and the callback called */
  assert_int_equal(seen.settled[0], 1);
}

/* ---- What may be called there */

static void submit_the_next(struct poolsend_event *event)
{
  struct poolsend_message *message AUTOFREE = message_of(NULL);
  poolsend_message_tag(message, poolsend_event_line(event) + 1, NULL);
  if (poolsend_event_kind(event) == POOLSEND_EVENT_DELIVERED && poolsend_event_line(event) < MESSAGES)
    must(poolsend_submit(seen.sender, message, 0) == 0);
  else if (poolsend_event_kind(event) == POOLSEND_EVENT_SETTLED && poolsend_event_line(event) == MESSAGES)
    poolsend_close(seen.sender, POOLSEND_NEVER);
  poolsend_event_free(event);
}

static void callback_may_submit_the_next_and_close_after_the_last(void **state)
{
  (void)state;
  seen.act = submit_the_next;
  start("/ok", 4, 8);
  submit_line(1);
  expect_closed(seen.sender);
  assert_int_equal(count_of(seen.sender, POOLSEND_COUNT_SUBMITTED), MESSAGES);
  assert_int_equal(seen.settled[MESSAGES], 1);
  poolsend_free(seen.sender);
}

static void submit_after_the_end(struct poolsend_event *event)
{
  struct poolsend_message *message AUTOFREE = message_of(NULL);
  poolsend_message_tag(message, poolsend_event_line(event) + 1, NULL);
  if (poolsend_event_kind(event) == POOLSEND_EVENT_SETTLED && poolsend_event_line(event) < 20)
    must(poolsend_submit(seen.sender, message, 0) == 0);
  else if (poolsend_event_kind(event) == POOLSEND_EVENT_SETTLED)
    poolsend_close(seen.sender, POOLSEND_NEVER);
  poolsend_event_free(event);
}

/* A message whose settled event the callback has is not pending any more. */
static void callback_told_of_the_end_of_the_only_message_there_may_be_has_room_for_the_next(void **state)
{
  (void)state;
  seen.act = submit_after_the_end;
  start("/ok", 1, 1);
  submit_line(1);
  expect_closed(seen.sender);
  assert_int_equal(count_of(seen.sender, POOLSEND_COUNT_SUBMITTED), 20);
  poolsend_free(seen.sender);
}

static void cancel_what_is_left(struct poolsend_event *event)
{
  if (poolsend_event_kind(event) == POOLSEND_EVENT_DELIVERED)
    must(poolsend_cancel(seen.sender, poolsend_event_id(event)) == 0);
  else
    must(poolsend_event_winner(event) &&
         poolsend_attempt_reason(poolsend_event_attempt_at(event, 0)) == POOLSEND_REASON_CANCELLED);
  poolsend_event_free(event);
}

static void callback_may_cancel_what_its_message_has_left_behind(void **state)
{
  (void)state;
  struct setup setup;
  set_up(&setup, server_url(server, "/hang"), server_url(server, "/ok"), NULL);
  set(&setup, "hedge_delay", "1ms");
  poolsend_config_on_event(setup.config, on_event, &seen);
  seen.act = cancel_what_is_left;
  seen.sender = sender_of(&setup);
  submit_line(1);
  finish();
  assert_int_equal(seen.settled[1], 1);
  poolsend_free(seen.sender);
}

static struct poolsend_report *other;
static unsigned extra;

static void what_has_no_event_to_wait_for_is_refused(struct poolsend_sender *sender)
{
  struct poolsend_event *event;
  size_t count;
  must(poolsend_next(sender, POOLSEND_S(1), &event) == -EDEADLK && !event);
  must(poolsend_take(sender, POOLSEND_NEVER, &event, 1, &count) == -EDEADLK && count == 0);
  must(poolsend_next(sender, 0, &event) == POOLSEND_TIMEOUT && !event);
  must(poolsend_report_delivered(other, POOLSEND_S(1), NULL) == -EDEADLK);
  must(poolsend_report_settled(other, POOLSEND_NEVER, NULL) == -EDEADLK);
  must(poolsend_report_delivered(other, 0, NULL) == POOLSEND_TIMEOUT);
  must(poolsend_report_settled(other, 0, NULL) == POOLSEND_TIMEOUT);
}

static void what_has_no_room_is_refused(struct poolsend_sender *sender)
{
  struct poolsend_message *message AUTOFREE = message_of("extra");
  struct poolsend_report *report;
  while (poolsend_submit(sender, message, 0) == 0)
    extra++;
  must(poolsend_submit(sender, message, 0) == POOLSEND_TIMEOUT);
  must(poolsend_submit(sender, message, POOLSEND_S(1)) == -EDEADLK);
  must(poolsend_submit_report(sender, message, POOLSEND_NEVER, &report) == -EDEADLK && !report);
  must(poolsend_deliver(sender, message, POOLSEND_S(1), &report) == -EDEADLK && !report);
  must(poolsend_deliver(sender, message, 0, &report) == POOLSEND_TIMEOUT && !report);
}

static void call_everything(struct poolsend_event *event)
{
  bool now = poolsend_event_line(event) == 1;
  poolsend_event_free(event);
  if (!now)
    return;
  what_has_no_event_to_wait_for_is_refused(seen.sender);
  what_has_no_room_is_refused(seen.sender);
  must(count_of(seen.sender, POOLSEND_COUNT_SUBMITTED) == 2 + extra);
  must(count_of_endpoint(seen.sender, 0, POOLSEND_ENDPOINT_STARTED) >= 2);
  must(poolsend_fd(seen.sender) >= 0);
  must(poolsend_cancel(seen.sender, "nobody") == 0);
  poolsend_cancel_all(seen.sender);
  poolsend_close(seen.sender, 0);
  must(poolsend_submit(seen.sender, NULL, 0) == -ENOMEM);
}

static void what_would_wait_in_a_callback_is_refused(void **state)
{
  (void)state;
  struct poolsend_message *message AUTOFREE = message_of("m");
  poolsend_message_tag(message, 1, NULL);
  extra = 0;
  seen.act = call_everything;
  start("/hang", 4, 2);
  other = submit_report(seen.sender, "other");
  assert_int_equal(poolsend_submit(seen.sender, message, PATIENCE), 0);
  server_await(server, "/hang", 2);
  assert_int_equal(poolsend_cancel(seen.sender, "m"), 0);
  expect_closed(seen.sender);
  assert_int_equal(seen.settled[0], extra);
  assert_int_equal(seen.settled[1], 1);
  assert_int_equal(poolsend_report_delivered(other, 0, NULL), POOLSEND_UNDELIVERED);
  poolsend_report_free(other);
  poolsend_free(seen.sender);
}

static void give_other_up(struct poolsend_event *event)
{
  if (other && poolsend_event_line(event) == 1 && poolsend_event_kind(event) == POOLSEND_EVENT_SETTLED)
    poolsend_report_free(other);
  poolsend_event_free(event);
}

static bool has_settled(void *sender)
{
  return count_of(sender, POOLSEND_COUNT_DELIVERED) == 1;
}

static void report_given_up_in_a_callback_leaves_its_events_to_the_callback(void **state)
{
  (void)state;
  struct poolsend_message *message AUTOFREE = message_of("m");
  poolsend_message_tag(message, 2, NULL);
  seen.act = give_other_up;
  start("/ok", 2, 4);
  assert_int_equal(poolsend_submit_report(seen.sender, message, PATIENCE, &other), 0);
  await_true(has_settled, seen.sender);
  submit_line(1);
  finish();
  assert_int_equal(seen.delivered[2], 1);
  assert_int_equal(seen.settled[2], 1);
  poolsend_free(seen.sender);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, stop_serving)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(events_are_pushed_once_on_one_thread_and_in_order),
      CASE(events_may_be_freed_later_and_on_another_thread),
      CASE(end_is_told_only_after_the_last_callback_has_returned),
      CASE(free_waits_for_a_callback_that_runs),
      CASE(callback_may_submit_the_next_and_close_after_the_last),
      CASE(callback_told_of_the_end_of_the_only_message_there_may_be_has_room_for_the_next),
      CASE(callback_may_cancel_what_its_message_has_left_behind),
      CASE(what_would_wait_in_a_callback_is_refused),
      CASE(report_given_up_in_a_callback_leaves_its_events_to_the_callback),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
