/* Messages that nobody asked to hear of beyond the win: delivered without a report, or with one that was given up. They
 * hold up nothing, whoever fetches, and what is kept of them is bounded. */
#include "helpers.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define KEPT 8 /* max_pending */

/* ---- How a message may come to be one of these */

static int deliver_without_report(struct poolsend_sender *sender, const char *id)
{
  struct poolsend_message *message AUTOFREE = message_of(id);
  return poolsend_deliver(sender, message, PATIENCE, NULL);
}

static int deliver_and_give_up(struct poolsend_sender *sender, const char *id)
{
  struct poolsend_message *message AUTOFREE = message_of(id);
  struct poolsend_report *report;
  int result = poolsend_deliver(sender, message, PATIENCE, &report);
  poolsend_report_free(report);
  return result;
}

static int submit_and_give_up(struct poolsend_sender *sender, const char *id)
{
  struct poolsend_message *message AUTOFREE = message_of(id);
  struct poolsend_report *report;
  int result = poolsend_submit_report(sender, message, PATIENCE, &report);
  poolsend_report_free(report);
  return result;
}

static int look_and_give_up(struct poolsend_sender *sender, const char *id)
{
  struct poolsend_report *report = submit_report(sender, id);
  int result = poolsend_report_delivered(report, PATIENCE, NULL);
  poolsend_report_free(report);
  return result;
}

typedef int send_fn(struct poolsend_sender *sender, const char *id);

static send_fn *const ways[] = {deliver_without_report, deliver_and_give_up, submit_and_give_up, look_and_give_up};

#define WAYS (sizeof ways / sizeof *ways)

/* ---- Nobody fetches */

static bool all_have_settled(void *sender)
{
  struct counts counts = counts_of(sender);
  return counts.delivered + counts.undelivered == counts.submitted;
}

static uint64_t kept;

/* What a report told that was given up reaches the others soon after. */
static bool no_more_are_kept(void *sender)
{
  return count_of(sender, POOLSEND_COUNT_PENDING) == kept;
}

/* All have settled, nobody asked to hear of any, and nobody has. */
static void expect_kept(struct poolsend_sender *sender, uint64_t submitted, uint64_t most)
{
  kept = most;
  await_true(all_have_settled, sender);
  await_true(no_more_are_kept, sender);
  struct counts counts = counts_of(sender);
  assert_int_equal(counts.submitted, submitted);
  assert_int_equal(counts.unheard, submitted - most);
}

/* A sender to an API that is late and one that has the message after a millisecond. */
static struct poolsend_sender *sender_hedging(const char *path)
{
  struct setup setup;
  set_up(&setup, server_url(server, path), server_url(server, "/ok"), NULL);
  set(&setup, "hedge_delay", "1ms");
  set(&setup, "settle", "5ms");
  set(&setup, "breaker", "false");
  set(&setup, "max_pending", "%u", KEPT);
  return sender_of(&setup);
}

static struct poolsend_sender *sender_keeping(unsigned max_pending)
{
  struct setup setup;
  set_up(&setup, server_url(server, "/ok"), NULL);
  set(&setup, "max_pending", "%u", max_pending);
  return sender_of(&setup);
}

static void messages_that_nobody_asked_to_hear_of_go_on_for_ever(void **state)
{
  (void)state;
  enum { MESSAGES = 1000 };
  for (size_t way = 0; way < WAYS; way++) {
    struct poolsend_sender *sender = sender_keeping(KEPT);
    for (int i = 0; i < MESSAGES; i++)
      assert_int_equal(ways[way](sender, NULL), 0);
    expect_kept(sender, MESSAGES, KEPT);
    poolsend_free(sender);
  }
}

static void so_they_do_by_default(void **state)
{
  (void)state;
  enum { MESSAGES = 3000, DEFAULT = 2 * 64 + 512 };
  struct poolsend_sender *sender = sender_to_path("/ok");
  for (int i = 0; i < MESSAGES; i++)
    assert_int_equal(deliver_without_report(sender, NULL), 0);
  expect_kept(sender, MESSAGES, DEFAULT);
  poolsend_free(sender);
}

/* Some of the attempts left behind deliver too, some are cancelled. */
static void so_they_do_with_late_attempts(void **state)
{
  (void)state;
  enum { MESSAGES = 300 };
  static const char *const paths[] = {"/delay/2", "/delay/20", "/hang"};
  for (size_t path = 0; path < sizeof paths / sizeof *paths; path++)
    for (size_t way = 0; way < WAYS; way++) {
      struct poolsend_sender *sender = sender_hedging(paths[path]);
      for (int i = 0; i < MESSAGES; i++)
        assert_int_equal(ways[way](sender, NULL), 0);
      expect_kept(sender, MESSAGES, KEPT);
      poolsend_free(sender);
    }
}

static void so_they_do_when_nobody_takes_them(void **state)
{
  (void)state;
  enum { MESSAGES = 300 };
  struct setup setup;
  set_up(&setup, server_url(server, "/status/404"), NULL);
  set(&setup, "max_pending", "%u", KEPT);
  struct poolsend_sender *sender = sender_of(&setup);
  for (int i = 0; i < MESSAGES; i++)
    assert_int_equal(deliver_without_report(sender, NULL), POOLSEND_UNDELIVERED);
  expect_kept(sender, MESSAGES, KEPT);
  poolsend_free(sender);
}

static void so_they_do_one_at_a_time(void **state)
{
  (void)state;
  enum { MESSAGES = 100 };
  struct setup setup;
  set_up(&setup, server_url(server, "/ok"), NULL);
  set(&setup, "in_order", "true");
  set(&setup, "max_pending", "%u", KEPT);
  struct poolsend_sender *sender = sender_of(&setup);
  for (int i = 0; i < MESSAGES; i++)
    assert_int_equal(deliver_without_report(sender, NULL), 0);
  expect_kept(sender, MESSAGES, KEPT);
  poolsend_free(sender);
}

enum { THREADS = 6, EACH = 200 };

static void *deliver_many(void *sender)
{
  for (size_t i = 0; i < EACH; i++)
    must(ways[i % WAYS](sender, NULL) == 0);
  return NULL;
}

static void so_they_do_from_several_threads(void **state)
{
  (void)state;
  pthread_t threads[THREADS];
  struct poolsend_sender *sender = sender_keeping(KEPT);
  for (int i = 0; i < THREADS; i++)
    assert_true(start_thread(&threads[i], deliver_many, sender));
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_join(threads[i], NULL), 0);
  expect_kept(sender, THREADS * EACH, KEPT);
  poolsend_free(sender);
}

/* ---- Somebody does */

static void newest_are_kept_whole_and_in_order(void **state)
{
  (void)state;
  enum { MESSAGES = 50 };
  char id[16];
  struct poolsend_sender *sender = sender_keeping(KEPT);
  for (int i = 0; i < MESSAGES; i++) {
    snprintf(id, sizeof id, "m%d", i);
    assert_int_equal(deliver_without_report(sender, id), 0);
  }
  expect_kept(sender, MESSAGES, KEPT);
  poolsend_close(sender, POOLSEND_NEVER);
  for (int i = MESSAGES - KEPT; i < MESSAGES; i++) {
    snprintf(id, sizeof id, "m%d", i);
    expect_event(sender, POOLSEND_EVENT_DELIVERED, id);
    expect_event(sender, POOLSEND_EVENT_SETTLED, id);
  }
  expect_closed(sender);
  assert_int_equal(count_of(sender, POOLSEND_COUNT_PENDING), 0);
  assert_int_equal(count_of(sender, POOLSEND_COUNT_UNHEARD), MESSAGES - KEPT);
  poolsend_free(sender);
}

/* What was fetched of an account may outlive it. */
static void delivered_event_that_was_fetched_is_not_taken_back(void **state)
{
  (void)state;
  enum { MESSAGES = 50 };
  struct poolsend_sender *sender = sender_keeping(KEPT);
  assert_int_equal(deliver_without_report(sender, "first"), 0);
  struct poolsend_event *event = next_event(sender);
  for (int i = 0; i < MESSAGES; i++)
    assert_int_equal(deliver_without_report(sender, NULL), 0);
  expect_kept(sender, MESSAGES + 1, KEPT);
  assert_int_equal(poolsend_event_kind(event), POOLSEND_EVENT_DELIVERED);
  assert_string_equal(poolsend_event_id(event), "first");
  assert_string_equal(poolsend_attempt_name(poolsend_event_attempt(event)), "a");
  poolsend_event_free(event);
  assert_int_equal(drain(sender, POOLSEND_NEVER), KEPT);
  poolsend_free(sender);
}

static void nobody_who_keeps_up_misses_one(void **state)
{
  (void)state;
  enum { MESSAGES = 300 };
  char id[16];
  struct poolsend_sender *sender = sender_keeping(KEPT);
  for (int i = 0; i < MESSAGES; i++) {
    snprintf(id, sizeof id, "m%d", i);
    assert_int_equal(ways[(size_t)i % 3 ? 0 : 2](sender, id), 0);
    expect_event(sender, POOLSEND_EVENT_DELIVERED, id);
    expect_event(sender, POOLSEND_EVENT_SETTLED, id);
  }
  expect_none(sender);
  assert_int_equal(count_of(sender, POOLSEND_COUNT_UNHEARD), 0);
  assert_int_equal(count_of(sender, POOLSEND_COUNT_PENDING), 0);
  poolsend_free(sender);
}

/* Those that somebody asked for hold up the others too, and are never dropped. */
static void messages_that_were_submitted_still_wait_for_those_who_fetch(void **state)
{
  (void)state;
  struct poolsend_message *message AUTOFREE = message_of("late");
  struct poolsend_sender *sender = sender_keeping(2);
  unsigned settled = 0;
  submit(sender, "m");
  for (int i = 0; i < 20; i++)
    assert_int_equal(deliver_without_report(sender, NULL), 0);
  submit(sender, "n");
  kept = 4;
  await_true(all_have_settled, sender);
  await_true(no_more_are_kept, sender);
  assert_int_equal(poolsend_deliver(sender, message, POOLSEND_MS(20), NULL), POOLSEND_TIMEOUT);
  assert_int_equal(poolsend_submit(sender, message, POOLSEND_MS(20)), POOLSEND_TIMEOUT);
  assert_int_equal(count_of(sender, POOLSEND_COUNT_UNHEARD), 18);
  expect_event(sender, POOLSEND_EVENT_DELIVERED, "m");
  expect_event(sender, POOLSEND_EVENT_SETTLED, "m");
  assert_int_equal(poolsend_deliver(sender, message, PATIENCE, NULL), 0);
  kept = 3; /* n, and two of the others */
  await_true(all_have_settled, sender);
  await_true(no_more_are_kept, sender);
  poolsend_close(sender, POOLSEND_NEVER);
  for (struct poolsend_event *event; poolsend_next(sender, PATIENCE, &event) == 0; poolsend_event_free(event))
    settled += poolsend_event_kind(event) == POOLSEND_EVENT_SETTLED;
  assert_int_equal(settled, kept);
  poolsend_free(sender);
}

/* ---- They are pushed */

static atomic_uint settled, delivered;

static void count(void *context, struct poolsend_event *event)
{
  (void)context;
  atomic_fetch_add(poolsend_event_kind(event) == POOLSEND_EVENT_SETTLED ? &settled : &delivered, 1);
  poolsend_event_free(event);
}

static void callback_is_told_of_every_one(void **state)
{
  (void)state;
  enum { MESSAGES = 500 };
  struct setup setup;
  set_up(&setup, server_url(server, "/ok"), NULL);
  set(&setup, "max_pending", "%u", KEPT);
  poolsend_config_on_event(setup.config, count, NULL);
  struct poolsend_sender *sender = sender_of(&setup);
  for (size_t i = 0; i < MESSAGES; i++)
    assert_int_equal(ways[i % 2 ? 0 : 2](sender, NULL), 0);
  poolsend_close(sender, POOLSEND_NEVER);
  expect_closed(sender);
  assert_int_equal(count_of(sender, POOLSEND_COUNT_UNHEARD), 0);
  poolsend_free(sender);
  assert_int_equal(atomic_load(&settled), MESSAGES);
  assert_int_equal(atomic_load(&delivered), MESSAGES);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, serve, stop_serving)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(messages_that_nobody_asked_to_hear_of_go_on_for_ever),
      CASE(so_they_do_by_default),
      CASE(so_they_do_with_late_attempts),
      CASE(so_they_do_when_nobody_takes_them),
      CASE(so_they_do_one_at_a_time),
      CASE(so_they_do_from_several_threads),
      CASE(newest_are_kept_whole_and_in_order),
      CASE(delivered_event_that_was_fetched_is_not_taken_back),
      CASE(nobody_who_keeps_up_misses_one),
      CASE(messages_that_were_submitted_still_wait_for_those_who_fetch),
      CASE(callback_is_told_of_every_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
