/* Several senders at a time, on one pool or each on its own. With too few threads attempts wait, but nobody starves:
 * whoever ends one steps back behind those who wait for a thread. */
#include "helpers.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct poolsend_pool *new_pool(unsigned threads)
{
  struct poolsend_pool *pool;
  must(poolsend_pool_new(&pool, threads, 1000) == 0);
  return pool;
}

static struct poolsend_sender *sender_on(struct poolsend_pool *pool, const char *path, unsigned workers)
{
  struct setup setup;
  set_up(&setup, server_url(server, path), NULL);
  set(&setup, "workers", "%u", workers);
  poolsend_config_pool(setup.config, pool);
  set(&setup, "events", "settled");
  return sender_of(&setup);
}

/* A thread that sends so many messages, and fetches as many events. */
struct stream {
  pthread_t thread;
  struct poolsend_sender *sender;
  unsigned messages, won;
  atomic_bool stop, over;
};

static void fetch_one(struct stream *stream)
{
  struct poolsend_event *event = next_event(stream->sender);
  must(poolsend_event_kind(event) == POOLSEND_EVENT_SETTLED);
  stream->won += poolsend_event_winner(event) != NULL;
  poolsend_event_free(event);
}

static void *run_stream(void *argument)
{
  struct stream *stream = argument;
  struct poolsend_message *message AUTOFREE = message_of(NULL);
  unsigned submitted = 0, fetched = 0;
  while (fetched < stream->messages && !atomic_load(&stream->stop)) {
    while (submitted < stream->messages && poolsend_submit(stream->sender, message, 0) == 0)
      submitted++;
    fetch_one(stream);
    fetched++;
  }
  atomic_store(&stream->over, true);
  return NULL;
}

static void start_stream(struct stream *stream, struct poolsend_sender *sender, unsigned messages)
{
  stream->sender = sender;
  stream->messages = messages;
  stream->won = 0;
  atomic_init(&stream->stop, false);
  atomic_init(&stream->over, false);
  must(start_thread(&stream->thread, run_stream, stream));
}

static void share(unsigned threads, unsigned senders, unsigned workers, unsigned messages)
{
  struct stream streams[32];
  struct poolsend_pool *pool = threads ? new_pool(threads) : NULL;
  for (unsigned i = 0; i < senders; i++)
    start_stream(&streams[i], sender_on(pool, "/ok", workers), messages);
  for (unsigned i = 0; i < senders; i++) {
    pthread_join(streams[i].thread, NULL);
    assert_int_equal(streams[i].won, messages);
    assert_int_equal(drain(streams[i].sender, POOLSEND_NEVER), 0);
    poolsend_free(streams[i].sender);
  }
  if (pool) {
    assert_int_equal(poolsend_pool_count(pool, POOLSEND_POOL_RUNNING), 0);
    assert_int_equal(poolsend_pool_count(pool, POOLSEND_POOL_WAITING), 0);
    assert_true(poolsend_pool_count(pool, POOLSEND_POOL_THREADS) <= threads);
  }
  poolsend_pool_free(pool);
}

static void senders_share_a_pool_with_a_thread_for_each_worker(void **state)
{
  (void)state;
  share(12, 3, 4, 150);
}

static void senders_share_a_pool_with_fewer_threads_than_workers(void **state)
{
  (void)state;
  share(2, 4, 8, 100);
  share(1, 3, 4, 60);
}

static void many_senders_work_at_once(void **state)
{
  (void)state;
  share(4, 32, 2, 10);
  share(0, 32, 2, 10); /* each with a pool of its own */
}

/* One that streams with more workers than there are threads, and one that sends a message at a time. */
static void sender_with_little_to_send_is_not_starved_by_one_with_much(void **state)
{
  (void)state;
  struct stream much;
  struct poolsend_pool *pool = new_pool(4);
  struct poolsend_sender *little = sender_on(pool, "/ok/little", 1);
  start_stream(&much, sender_on(pool, "/ok/much", 8), 100000);
  server_await(server, "/ok/much", 50);
  for (int i = 0; i < 50; i++) {
    submit(little, "m");
    expect_event(little, POOLSEND_EVENT_SETTLED, "m");
  }
  assert_false(atomic_load(&much.over));
  atomic_store(&much.stop, true);
  pthread_join(much.thread, NULL);
  poolsend_free(much.sender);
  poolsend_free(little);
  poolsend_pool_free(pool);
}

/* ---- All threads held by another's attempts */

static struct poolsend_sender *hold_all_threads(struct poolsend_pool *pool, unsigned threads, const char *path)
{
  struct poolsend_sender *holder = sender_on(pool, path, threads);
  for (unsigned i = 0; i < threads; i++)
    submit(holder, NULL);
  server_await(server, path, threads);
  assert_int_equal(poolsend_pool_count(pool, POOLSEND_POOL_RUNNING), threads);
  return holder;
}

static bool attempt_waits_for_a_thread(void *pool)
{
  return poolsend_pool_count(pool, POOLSEND_POOL_WAITING) == 1;
}

static void attempt_without_a_thread_waits_and_runs_when_there_is_one(void **state)
{
  (void)state;
  struct poolsend_pool *pool = new_pool(2);
  struct poolsend_sender *holder = hold_all_threads(pool, 2, "/gate/a"), *waiter = sender_on(pool, "/ok", 1);
  submit(waiter, "m");
  await_true(attempt_waits_for_a_thread, pool);
  expect_none(waiter);
  assert_int_equal(count_of(waiter, POOLSEND_COUNT_STARTED), 0);
  assert_int_equal(count_of_endpoint(waiter, 0, POOLSEND_ENDPOINT_RUNNING), 0);
  server_open(server, "/gate/a");
  expect_event(waiter, POOLSEND_EVENT_SETTLED, "m");
  assert_int_equal(drain(holder, POOLSEND_NEVER), 2);
  poolsend_free(holder);
  poolsend_free(waiter);
  poolsend_pool_free(pool);
}

static void message_that_waits_for_a_thread_can_be_cancelled(void **state)
{
  (void)state;
  struct poolsend_pool *pool = new_pool(2);
  struct poolsend_sender *holder = hold_all_threads(pool, 2, "/hang"), *waiter = sender_on(pool, "/ok", 1);
  for (int i = 0; i < 3; i++) {
    submit(waiter, "m");
    await_true(attempt_waits_for_a_thread, pool);
    assert_int_equal(poolsend_cancel(waiter, "m"), 0);
    struct poolsend_event *event = next_event(waiter);
    assert_int_equal(poolsend_event_attempt_count(event), 0);
    poolsend_event_free(event);
    assert_int_equal(poolsend_pool_count(pool, POOLSEND_POOL_WAITING), 0);
  }
  assert_int_equal(server_count(server, "/ok"), 0);
  poolsend_free(holder);
  submit(waiter, "m"); /* it has lost neither its permit nor its thread */
  expect_event(waiter, POOLSEND_EVENT_SETTLED, "m");
  assert_int_equal(server_count(server, "/ok"), 1);
  poolsend_free(waiter);
  poolsend_pool_free(pool);
}

static void sender_whose_attempts_wait_for_a_thread_can_be_freed(void **state)
{
  (void)state;
  struct poolsend_pool *pool = new_pool(2);
  struct poolsend_sender *holder = hold_all_threads(pool, 2, "/hang"), *waiter = sender_on(pool, "/ok", 4);
  for (int i = 0; i < 6; i++)
    submit(waiter, NULL);
  poolsend_free(waiter); /* some of them may not even have come to the pool */
  waiter = sender_on(pool, "/ok", 1);
  submit(waiter, "m");
  await_true(attempt_waits_for_a_thread, pool);
  poolsend_free(waiter);
  assert_int_equal(poolsend_pool_count(pool, POOLSEND_POOL_WAITING), 0);
  assert_int_equal(poolsend_pool_count(pool, POOLSEND_POOL_RUNNING), 2);
  assert_int_equal(server_count(server, "/ok"), 0);
  poolsend_free(holder);
  poolsend_pool_free(pool);
}

static void *free_it(void *sender)
{
  poolsend_free(sender);
  return NULL;
}

/* In each round the only thread goes to an attempt that does not end before the other sender has been freed. */
static void free_while_stepping_back(struct poolsend_pool *pool, unsigned round)
{
  char path[32];
  pthread_t freer;
  struct timespec limit;
  snprintf(path, sizeof path, "/gate/%u", round);
  struct poolsend_message *message AUTOFREE = message_of(NULL);
  struct poolsend_sender *holder = sender_on(pool, path, 1), *busy = sender_on(pool, "/ok", 2);
  while (poolsend_submit(busy, message, 0) == 0)
    ;
  usleep(200 + round % 100 * 10);
  submit(holder, NULL);
  while (poolsend_submit(busy, message, 0) == 0)
    ;
  usleep(round % 50 * 8);
  assert_true(start_thread(&freer, free_it, busy));
  clock_gettime(CLOCK_REALTIME, &limit);
  limit.tv_sec += PATIENCE_S;
  must(pthread_timedjoin_np(freer, NULL, &limit) == 0);
  server_open(server, path);
  poolsend_free(holder);
}

static void sender_is_freed_at_once_while_its_attempts_step_back(void **state)
{
  (void)state;
  struct poolsend_pool *pool = new_pool(1);
  for (unsigned round = 0; round < 250; round++)
    free_while_stepping_back(pool, round);
  poolsend_pool_free(pool);
}

/* A hedge goes to an endpoint that has a slot, but no thread: it is not told as an attempt. */
static void message_that_is_won_while_its_hedge_waits_for_a_thread_settles(void **state)
{
  (void)state;
  struct setup setup;
  struct poolsend_pool *pool = new_pool(1);
  set_up(&setup, server_url(server, "/gate/a"), server_url(server, "/ok"), NULL);
  set(&setup, "hedge_delay", "1ms");
  poolsend_config_pool(setup.config, pool);
  struct poolsend_sender *sender = sender_of(&setup);
  submit(sender, "m");
  await_true(attempt_waits_for_a_thread, pool);
  server_open(server, "/gate/a");
  expect_event(sender, POOLSEND_EVENT_DELIVERED, "m");
  struct poolsend_event *event = next_event(sender);
  assert_int_equal(poolsend_event_attempt_count(event), 1);
  assert_string_equal(poolsend_attempt_name(poolsend_event_winner(event)), "a");
  poolsend_event_free(event);
  assert_int_equal(server_count(server, "/ok"), 0);
  poolsend_free(sender);
  poolsend_pool_free(pool);
}

/* Its only thread is held by an attempt that never answers. */
static void message_whose_hedge_never_gets_a_thread_settles_by_the_answer_wait(void **state)
{
  (void)state;
  struct setup setup;
  struct poolsend_pool *pool = new_pool(1);
  set_up(&setup, server_url(server, "/hang"), server_url(server, "/ok"), NULL);
  set(&setup, "hedge_delay", "5ms");
  set(&setup, "answer_wait", "50ms");
  set(&setup, "events", "settled");
  poolsend_config_pool(setup.config, pool);
  struct poolsend_sender *sender = sender_of(&setup);
  submit(sender, "m");
  struct poolsend_event *event = next_event(sender);
  assert_int_equal(poolsend_attempt_reason(poolsend_event_attempt_at(event, 0)), POOLSEND_REASON_CANCELLED);
  assert_int_equal(poolsend_event_attempt_count(event) + poolsend_event_not_tried_count(event), 2);
  poolsend_event_free(event);
  assert_int_equal(poolsend_pool_count(pool, POOLSEND_POOL_WAITING), 0);
  poolsend_free(sender);
  poolsend_pool_free(pool);
}

/* ---- Others who come and go */

static void senders_are_made_and_freed_while_another_works(void **state)
{
  (void)state;
  struct stream steady;
  struct poolsend_pool *pool = new_pool(3);
  start_stream(&steady, sender_on(pool, "/ok", 3), 100000);
  for (int i = 0; i < 30; i++) {
    struct poolsend_sender *brief = sender_on(pool, i % 3 ? "/ok" : "/hang", 2);
    for (int j = 0; j < i % 4; j++)
      submit(brief, NULL);
    poolsend_free(brief);
  }
  assert_false(atomic_load(&steady.over));
  atomic_store(&steady.stop, true);
  pthread_join(steady.thread, NULL);
  poolsend_free(steady.sender);
  poolsend_pool_free(pool);
}

static void *count_up(void *number)
{
  atomic_fetch_add((atomic_uint *)number, 1);
  return number;
}

static void jobs_and_attempts_share_a_pool(void **state)
{
  (void)state;
  atomic_uint number = 0;
  struct stream stream;
  struct poolsend_pool *pool = new_pool(2);
  start_stream(&stream, sender_on(pool, "/ok", 4), 200);
  for (int i = 0; i < 200; i++)
    assert_int_equal(poolsend_pool_submit(pool, count_up, &number, PATIENCE, NULL), 0);
  pthread_join(stream.thread, NULL);
  assert_int_equal(stream.won, 200);
  poolsend_free(stream.sender);
  assert_int_equal(poolsend_pool_drain(pool, PATIENCE), 0);
  assert_int_equal(atomic_load(&number), 200);
  assert_int_equal(poolsend_pool_count(pool, POOLSEND_POOL_SUBMITTED), 200);
  poolsend_pool_free(pool);
}

/* ---- One sender, several threads */

static void *deliver_some(void *sender)
{
  struct poolsend_message *message AUTOFREE = message_of(NULL);
  for (int i = 0; i < 25; i++) {
    const struct poolsend_event *event;
    struct poolsend_report *report;
    must(poolsend_deliver(sender, message, PATIENCE, &report) == 0);
    must(poolsend_report_settled(report, PATIENCE, &event) == 0 &&
         poolsend_event_winner(event) == poolsend_event_attempt_at(event, 0));
    poolsend_report_free(report);
  }
  return NULL;
}

static void several_threads_deliver_by_several_senders(void **state)
{
  (void)state;
  enum { SENDERS = 3, EACH = 4 };
  pthread_t threads[SENDERS * EACH];
  struct poolsend_sender *senders[SENDERS];
  struct poolsend_pool *pool = new_pool(4);
  for (int i = 0; i < SENDERS; i++)
    senders[i] = sender_on(pool, "/ok", 4);
  for (int i = 0; i < SENDERS * EACH; i++)
    assert_true(start_thread(&threads[i], deliver_some, senders[i % SENDERS]));
  for (int i = 0; i < SENDERS * EACH; i++)
    pthread_join(threads[i], NULL);
  for (int i = 0; i < SENDERS; i++) {
    assert_int_equal(count_of(senders[i], POOLSEND_COUNT_DELIVERED), 25 * EACH);
    poolsend_close(senders[i], POOLSEND_NEVER);
    expect_closed(senders[i]);
    poolsend_free(senders[i]);
  }
  assert_int_equal(server_count(server, "/ok"), 25 * EACH * SENDERS);
  poolsend_pool_free(pool);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, serve, stop_serving)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(senders_share_a_pool_with_a_thread_for_each_worker),
      CASE(senders_share_a_pool_with_fewer_threads_than_workers),
      CASE(many_senders_work_at_once),
      CASE(sender_with_little_to_send_is_not_starved_by_one_with_much),
      CASE(attempt_without_a_thread_waits_and_runs_when_there_is_one),
      CASE(message_that_waits_for_a_thread_can_be_cancelled),
      CASE(sender_whose_attempts_wait_for_a_thread_can_be_freed),
      CASE(sender_is_freed_at_once_while_its_attempts_step_back),
      CASE(message_that_is_won_while_its_hedge_waits_for_a_thread_settles),
      CASE(message_whose_hedge_never_gets_a_thread_settles_by_the_answer_wait),
      CASE(senders_are_made_and_freed_while_another_works),
      CASE(jobs_and_attempts_share_a_pool),
      CASE(several_threads_deliver_by_several_senders),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
