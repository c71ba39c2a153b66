/* Events that are pulled, one by one, many at a time, or when a descriptor says so; and events that are pushed. */
#include "helpers.h"

#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static void set_up_one(struct setup *setup, const char *path)
{
  set_up(setup, server_url(server, path), NULL);
}

/* ---- Pulling */

/* Its attempt has a fate if it has finished, and else none that could be taken for one. */
static void expect_fate(const struct poolsend_event *event)
{
  bool ended = poolsend_event_kind(event) != POOLSEND_EVENT_START;
  assert_int_equal(poolsend_attempt_finished(poolsend_event_attempt(event)) >= 0, ended);
  assert_int_equal(poolsend_attempt_fate(poolsend_event_attempt(event)),
                   ended ? POOLSEND_FATE_DELIVERED : POOLSEND_FATE_NONE);
  assert_int_equal(poolsend_attempt_reason(poolsend_event_attempt(event)),
                   ended ? POOLSEND_REASON_OK : POOLSEND_REASON_NONE);
}

static void all_kinds_come_in_order_with_what_was_submitted(void **state)
{
  static const enum poolsend_event_kind kinds[] = {POOLSEND_EVENT_START, POOLSEND_EVENT_FINISH,
                                                   POOLSEND_EVENT_DELIVERED, POOLSEND_EVENT_SETTLED};
  (void)state;
  int mine;
  struct setup setup;
  struct poolsend_event *event;
  struct poolsend_message *message AUTOFREE = message_of("m");
  set_up_one(&setup, "/json");
  set(&setup, "events", "start,finish,delivered,settled");
  struct poolsend_sender *sender = sender_of(&setup);
  poolsend_message_tag(message, 7, &mine);
  assert_int_equal(poolsend_submit(sender, message, 0), 0);
  for (int i = 0; i < 4; i++) {
    event = next_event(sender);
    assert_int_equal(poolsend_event_kind(event), kinds[i]);
    assert_string_equal(poolsend_event_id(event), "m");
    assert_int_equal(poolsend_event_line(event), 7);
    assert_ptr_equal(poolsend_event_context(event), &mine);
    if (poolsend_event_attempt(event))
      expect_fate(event);
    poolsend_event_free(event);
  }
  expect_none(sender);
  poolsend_free(sender);
}

static bool has_settled(void *sender)
{
  struct counts counts = counts_of(sender);
  return counts.delivered + counts.undelivered == counts.submitted;
}

static void take_gives_what_is_there_up_to_the_room(void **state)
{
  (void)state;
  struct setup setup;
  struct poolsend_event *events[8];
  size_t count = 99;
  set_up_one(&setup, "/ok");
  set(&setup, "events", "settled");
  set(&setup, "max_pending", "10");
  set(&setup, "workers", "10");
  struct poolsend_sender *sender = sender_of(&setup);
  assert_int_equal(poolsend_take(sender, 0, events, 8, &count), POOLSEND_TIMEOUT);
  assert_int_equal(count, 0);
  for (int i = 0; i < 10; i++)
    submit(sender, NULL);
  await_true(has_settled, sender);
  assert_int_equal(poolsend_take(sender, PATIENCE, events, 8, &count), 0);
  assert_int_equal(count, 8);
  for (size_t i = 0; i < count; i++)
    poolsend_event_free(events[i]);
  assert_int_equal(poolsend_take(sender, PATIENCE, events, 8, &count), 0);
  assert_int_equal(count, 2);
  poolsend_event_free(events[0]);
  poolsend_event_free(events[1]);
  poolsend_close(sender, 0);
  assert_int_equal(poolsend_take(sender, PATIENCE, events, 8, &count), POOLSEND_CLOSED);
  assert_int_equal(count, 0);
  poolsend_free(sender);
}

static void *await_event(void *sender)
{
  struct poolsend_event *event;
  int result = poolsend_next(sender, POOLSEND_NEVER, &event);
  poolsend_event_free(event);
  return (void *)(intptr_t)result;
}

static void those_who_wait_for_an_event_are_told_that_none_will_come(void **state)
{
  (void)state;
  enum { THREADS = 4 };
  pthread_t threads[THREADS];
  void *result;
  int closed = 0;
  struct poolsend_sender *sender = sender_to(server_url(server, "/gate/a"));
  for (int i = 0; i < THREADS; i++)
    assert_true(start_thread(&threads[i], await_event, sender));
  submit(sender, NULL);
  poolsend_close(sender, POOLSEND_NEVER);
  server_open(server, "/gate/a");
  for (int i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_join(threads[i], &result), 0);
    closed += (intptr_t)result == POOLSEND_CLOSED;
  }
  assert_int_equal(closed, THREADS - 2); /* the others have the delivered and the settled event */
  poolsend_free(sender);
}

static void who_does_not_fetch_holds_up_new_messages(void **state)
{
  (void)state;
  struct setup setup;
  struct poolsend_message *message AUTOFREE = message_of(NULL);
  set_up_one(&setup, "/ok");
  set(&setup, "max_pending", "2");
  struct poolsend_sender *sender = sender_of(&setup);
  submit(sender, "m");
  submit(sender, "n");
  await_true(has_settled, sender);
  assert_int_equal(poolsend_submit(sender, message, POOLSEND_MS(20)), POOLSEND_TIMEOUT);
  poolsend_event_free(next_event(sender)); /* m is delivered */
  poolsend_event_free(next_event(sender)); /* and has settled */
  assert_int_equal(poolsend_submit(sender, message, PATIENCE), 0);
  poolsend_free(sender);
}

/* ---- The descriptor */

static bool is_readable(int fd)
{
  struct pollfd look = {.fd = fd, .events = POLLIN};
  return poll(&look, 1, 0) == 1;
}

static bool becomes_readable(int fd)
{
  struct pollfd look = {.fd = fd, .events = POLLIN};
  return poll(&look, 1, PATIENCE_S * 1000) == 1;
}

static void descriptor_is_readable_as_long_as_there_is_an_event(void **state)
{
  (void)state;
  struct poolsend_sender *sender = sender_to(server_url(server, "/gate/a"));
  int fd = poolsend_fd(sender);
  assert_true(fd >= 0);
  assert_int_equal(poolsend_fd(sender), fd);
  submit(sender, "m");
  expect_none(sender); /* which makes it silent */
  assert_false(is_readable(fd));
  server_open(server, "/gate/a");
  assert_true(becomes_readable(fd));
  await_true(has_settled, sender);
  assert_true(is_readable(fd));
  expect_event(sender, POOLSEND_EVENT_DELIVERED, "m");
  assert_true(is_readable(fd));
  expect_event(sender, POOLSEND_EVENT_SETTLED, "m");
  expect_none(sender);
  assert_false(is_readable(fd));
  poolsend_close(sender, POOLSEND_NEVER);
  assert_true(is_readable(fd));
  expect_closed(sender);
  assert_true(is_readable(fd));
  expect_closed(sender);
  assert_true(is_readable(fd));
  poolsend_free(sender);
}

static void descriptor_that_is_made_late_tells_of_what_is_there(void **state)
{
  (void)state;
  struct poolsend_sender *sender = sender_to(server_url(server, "/ok"));
  submit(sender, NULL);
  await_true(has_settled, sender);
  assert_true(is_readable(poolsend_fd(sender)));
  assert_int_equal(drain(sender, POOLSEND_NEVER), 1);
  assert_true(is_readable(poolsend_fd(sender)));
  poolsend_free(sender);
}

static void descriptor_tells_of_the_end_when_the_last_message_has_settled(void **state)
{
  (void)state;
  struct poolsend_sender *sender = sender_to(server_url(server, "/gate/a"));
  struct poolsend_report *report = submit_report(sender, NULL);
  int fd = poolsend_fd(sender);
  expect_none(sender);
  poolsend_close(sender, POOLSEND_NEVER);
  expect_none(sender);
  assert_false(is_readable(fd));
  server_open(server, "/gate/a");
  assert_true(becomes_readable(fd));
  expect_closed(sender);
  poolsend_report_free(report); /* with two events that it has not told */
  assert_true(becomes_readable(fd));
  assert_int_equal(drain(sender, 0), 1);
  poolsend_free(sender);
}

/* ---- Many messages, many threads */

#define MANY 2000

static struct {
  struct poolsend_sender *sender;
  int fd;
  atomic_uint told[MANY + 1][2]; /* of each line: delivered, settled */
} many;

static void record(const struct poolsend_event *event)
{
  must(poolsend_event_line(event) >= 1 && poolsend_event_line(event) <= MANY);
  atomic_fetch_add(&many.told[poolsend_event_line(event)][poolsend_event_kind(event) == POOLSEND_EVENT_SETTLED], 1);
}

static void *fetch_one_by_one(void *unused)
{
  struct poolsend_event *event;
  int result;
  while ((result = poolsend_next(many.sender, PATIENCE, &event)) == 0) {
    record(event);
    poolsend_event_free(event);
  }
  must(result == POOLSEND_CLOSED);
  return unused;
}

static void *fetch_in_batches(void *unused)
{
  struct poolsend_event *events[16];
  size_t count;
  int result;
  while ((result = poolsend_take(many.sender, PATIENCE, events, 16, &count)) == 0)
    for (size_t i = 0; i < count; i++) {
      record(events[i]);
      poolsend_event_free(events[i]);
    }
  must(result == POOLSEND_CLOSED);
  return unused;
}

/* One event for each time that the descriptor was readable: if it forgot any, this would wait for ever. */
static void *fetch_when_readable(void *unused)
{
  struct poolsend_event *event;
  struct epoll_event ready, interest = {.events = EPOLLIN};
  int set = epoll_create1(EPOLL_CLOEXEC), result;
  must(epoll_ctl(set, EPOLL_CTL_ADD, many.fd, &interest) == 0);
  do {
    must(epoll_wait(set, &ready, 1, PATIENCE_S * 1000) == 1);
    result = poolsend_next(many.sender, 0, &event);
    if (result == 0)
      record(event);
    poolsend_event_free(event);
  } while (result != POOLSEND_CLOSED);
  close(set);
  return unused;
}

static void submit_many(void)
{
  struct poolsend_message *message AUTOFREE = message_of(NULL);
  for (unsigned i = 1; i <= MANY; i++) {
    poolsend_message_tag(message, i, NULL);
    must(poolsend_submit(many.sender, message, PATIENCE) == 0);
  }
}

static void fetch_many_with(void *(*const *fetchers)(void *), unsigned count)
{
  pthread_t threads[8];
  struct setup setup;
  set_up_one(&setup, "/ok");
  set(&setup, "workers", "8");
  set(&setup, "max_pending", "200");
  many.sender = sender_of(&setup);
  many.fd = poolsend_fd(many.sender);
  memset(many.told, 0, sizeof many.told);
  for (unsigned i = 0; i < count; i++)
    assert_true(start_thread(&threads[i], fetchers[i], NULL));
  submit_many();
  poolsend_close(many.sender, POOLSEND_NEVER);
  for (unsigned i = 0; i < count; i++)
    assert_int_equal(pthread_join(threads[i], NULL), 0);
  for (unsigned i = 1; i <= MANY; i++) {
    assert_int_equal(atomic_load(&many.told[i][0]), 1);
    assert_int_equal(atomic_load(&many.told[i][1]), 1);
  }
  poolsend_free(many.sender);
}

static void several_threads_that_fetch_get_every_event_once(void **state)
{
  static void *(*const fetchers[])(void *) = {fetch_one_by_one, fetch_in_batches, fetch_one_by_one, fetch_in_batches};
  (void)state;
  fetch_many_with(fetchers, 4);
}

static void several_threads_that_poll_get_every_event_once(void **state)
{
  static void *(*const fetchers[])(void *) = {fetch_when_readable, fetch_when_readable, fetch_when_readable};
  (void)state;
  fetch_many_with(fetchers, 3);
}

static void threads_that_wait_and_threads_that_poll_get_every_event_once(void **state)
{
  static void *(*const fetchers[])(void *) = {fetch_when_readable, fetch_one_by_one, fetch_in_batches,
                                              fetch_when_readable};
  (void)state;
  fetch_many_with(fetchers, 4);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, serve, stop_serving)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(all_kinds_come_in_order_with_what_was_submitted),
      CASE(take_gives_what_is_there_up_to_the_room),
      CASE(those_who_wait_for_an_event_are_told_that_none_will_come),
      CASE(who_does_not_fetch_holds_up_new_messages),
      CASE(descriptor_is_readable_as_long_as_there_is_an_event),
      CASE(descriptor_that_is_made_late_tells_of_what_is_there),
      CASE(descriptor_tells_of_the_end_when_the_last_message_has_settled),
      CASE(several_threads_that_fetch_get_every_event_once),
      CASE(several_threads_that_poll_get_every_event_once),
      CASE(threads_that_wait_and_threads_that_poll_get_every_event_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
