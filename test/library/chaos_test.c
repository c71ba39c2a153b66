/* Several threads do whatever a program may do with one sender, in an order that nobody has thought of. At the end
 * every message that was taken up has been accounted for exactly once: by its report, or among the events. */
#include "helpers.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define MESSAGES 1200
#define ACTORS   4
#define FETCHERS 2

static struct {
  struct poolsend_sender *sender;
  atomic_uint next;                                                              /* message */
  atomic_uint taken[MESSAGES + 1];                                               /* 1: it was */
  atomic_uint delivered[MESSAGES + 1], settled[MESSAGES + 1], won[MESSAGES + 1]; /* as told */
  atomic_uint taken_up;
} chaos;

static void tell_delivered(uint64_t line)
{
  must(line >= 1 && line <= MESSAGES);
  must(atomic_load(&chaos.settled[line]) == 0);
  atomic_fetch_add(&chaos.delivered[line], 1);
}

static void tell_settled(const struct poolsend_event *event)
{
  must(poolsend_event_kind(event) == POOLSEND_EVENT_SETTLED && poolsend_event_line(event) >= 1 &&
       poolsend_event_line(event) <= MESSAGES);
  atomic_store(&chaos.won[poolsend_event_line(event)], poolsend_event_winner(event) != NULL);
  atomic_fetch_add(&chaos.settled[poolsend_event_line(event)], 1);
}

/* ---- What a thread does with a message */

/* `told`: what the report has told already, as of poolsend_deliver. */
static void read_report(struct poolsend_report *report, uint64_t line, unsigned choice, int told)
{
  const struct poolsend_event *event;
  poolsend_time limit = POOLSEND_MS(choice % 4);
  if (told != 0 && choice & 16)
    told = poolsend_report_delivered(report, limit, NULL);
  bool settled = (told == POOLSEND_UNDELIVERED || choice & 32) && poolsend_report_settled(report, limit, &event) == 0;
  must(settled || told != POOLSEND_UNDELIVERED);
  if (told == 0 || (settled && poolsend_event_winner(event)))
    tell_delivered(line);
  if (settled)
    tell_settled(event);
  poolsend_report_free(report);
}

static int deliver_one(struct poolsend_message *message, unsigned line, unsigned choice)
{
  struct poolsend_report *report = NULL;
  int result = poolsend_deliver(chaos.sender, message, POOLSEND_MS(choice % 4), choice & 64 ? &report : NULL);
  if (report)
    read_report(report, line, choice, result);
  return result == POOLSEND_PENDING || result == POOLSEND_UNDELIVERED ? 0 : result;
}

static int report_one(struct poolsend_message *message, unsigned line, unsigned choice)
{
  struct poolsend_report *report;
  int result = poolsend_submit_report(chaos.sender, message, POOLSEND_MS(choice % 4), &report);
  if (result == 0)
    read_report(report, line, choice, POOLSEND_PENDING);
  return result;
}

/* 0: it was taken up; else POOLSEND_TIMEOUT. */
static int send_one(struct poolsend_message *message, unsigned line, unsigned choice)
{
  if (choice % 3 == 0)
    return deliver_one(message, line, choice >> 2);
  if (choice % 3 == 1)
    return report_one(message, line, choice >> 2);
  return poolsend_submit(chaos.sender, message, POOLSEND_MS(choice % 4));
}

/* What is counted of the endpoints and of all fits together at every moment, since it is of one. */
static void look(void)
{
  struct poolsend_counts *counts = poolsend_counts_new(chaos.sender);
  uint64_t started = 0, running = 0, fates = 0, finished = poolsend_counts_get(counts, POOLSEND_COUNT_FINISHED);
  unsigned endpoint = 0;
  for (; poolsend_counts_name(counts, endpoint); endpoint++) {
    started += poolsend_counts_endpoint(counts, endpoint, POOLSEND_ENDPOINT_STARTED);
    running += poolsend_counts_endpoint(counts, endpoint, POOLSEND_ENDPOINT_RUNNING);
    for (int fate = POOLSEND_ENDPOINT_DELIVERED; fate <= POOLSEND_ENDPOINT_UNKNOWN; fate++)
      fates += poolsend_counts_endpoint(counts, endpoint, (enum poolsend_endpoint_count)fate);
  }
  must(endpoint > 1 && started == poolsend_counts_get(counts, POOLSEND_COUNT_STARTED));
  must(fates == finished && running == started - finished);
  must(poolsend_counts_get(counts, POOLSEND_COUNT_DELIVERED) +
           poolsend_counts_get(counts, POOLSEND_COUNT_UNDELIVERED) <=
       poolsend_counts_get(counts, POOLSEND_COUNT_SUBMITTED));
  poolsend_counts_free(counts);
}

static void disturb(unsigned choice)
{
  char id[16];
  snprintf(id, sizeof id, "m%u", atomic_load(&chaos.next) - choice % 4);
  if (choice % 8 == 0)
    poolsend_cancel(chaos.sender, id);
  else if (choice % 61 == 0)
    poolsend_cancel_all(chaos.sender);
  look();
}

static void *act(void *seed)
{
  unsigned state = (unsigned)(uintptr_t)seed, line;
  while ((line = atomic_fetch_add(&chaos.next, 1) + 1) <= MESSAGES) {
    char id[16];
    snprintf(id, sizeof id, "m%u", line);
    struct poolsend_message *message AUTOFREE = message_of(id);
    poolsend_message_tag(message, line, NULL);
    unsigned choice = (unsigned)rand_r(&state);
    int result = send_one(message, line, choice);
    must(result == 0 || result == POOLSEND_TIMEOUT);
    atomic_store(&chaos.taken[line], result == 0);
    atomic_fetch_add(&chaos.taken_up, result == 0);
    disturb((unsigned)rand_r(&state));
  }
  return NULL;
}

static void *fetch(void *unused)
{
  struct poolsend_event *events[4];
  size_t count;
  int result;
  while ((result = poolsend_take(chaos.sender, PATIENCE, events, 4, &count)) == 0)
    for (size_t i = 0; i < count; i++) {
      if (poolsend_event_kind(events[i]) == POOLSEND_EVENT_DELIVERED)
        atomic_fetch_add(&chaos.delivered[poolsend_event_line(events[i])], 1);
      else
        tell_settled(events[i]);
      poolsend_event_free(events[i]);
    }
  must(result == POOLSEND_CLOSED);
  return unused;
}

/* ---- The account */

static void is_accounted_for(unsigned line)
{
  assert_int_equal(atomic_load(&chaos.settled[line]), atomic_load(&chaos.taken[line]));
  assert_int_equal(atomic_load(&chaos.delivered[line]), atomic_load(&chaos.won[line]));
}

static void let_them_act(struct setup *setup)
{
  pthread_t actors[ACTORS], fetchers[FETCHERS];
  memset(&chaos, 0, sizeof chaos);
  set(setup, "hedge_delay", "2ms");
  set(setup, "answer_wait", "20ms");
  set(setup, "settle", "20ms");
  chaos.sender = sender_of(setup);
  for (uintptr_t i = 0; i < FETCHERS; i++)
    assert_true(start_thread(&fetchers[i], fetch, NULL));
  for (uintptr_t i = 0; i < ACTORS; i++)
    assert_true(start_thread(&actors[i], act, (void *)(i + 1)));
  for (int i = 0; i < ACTORS; i++)
    pthread_join(actors[i], NULL);
  poolsend_close(chaos.sender, POOLSEND_NEVER);
  for (int i = 0; i < FETCHERS; i++)
    pthread_join(fetchers[i], NULL);
  for (unsigned line = 1; line <= MESSAGES; line++)
    is_accounted_for(line);
  struct counts counts = counts_of(chaos.sender);
  assert_int_equal(counts.submitted, atomic_load(&chaos.taken_up));
  assert_int_equal(counts.delivered + counts.undelivered, counts.submitted);
  assert_int_equal(counts.started, counts.finished);
  assert_int_equal(counts.pending, 0);
  poolsend_free(chaos.sender);
}

static void every_message_is_accounted_for_once(void **state)
{
  (void)state;
  struct setup setup;
  set_up(&setup, server_url(server, "/delay/1"), server_url(server, "/status/500"), server_url(server, "/ok"), NULL);
  set(&setup, "workers", "12");
  let_them_act(&setup);
}

static void every_message_is_accounted_for_once_with_too_few_threads(void **state)
{
  (void)state;
  struct setup setup;
  struct poolsend_pool *pool;
  assert_int_equal(poolsend_pool_new(&pool, 2, 0), 0);
  set_up(&setup, server_url(server, "/delay/1"), server_url(server, "/slam"), server_url(server, "/ok"), NULL);
  set(&setup, "workers", "12");
  poolsend_config_pool(setup.config, pool);
  set(&setup, "retry", "1");
  set(&setup, "retry_delay", "1ms");
  let_them_act(&setup);
  poolsend_pool_free(pool);
}

static void every_message_is_accounted_for_once_one_at_a_time(void **state)
{
  (void)state;
  struct setup setup;
  set_up(&setup, server_url(server, "/ok"), server_url(server, "/ok/2"), NULL);
  set(&setup, "in_order", "true");
  let_them_act(&setup);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, serve, stop_serving)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(every_message_is_accounted_for_once),
      CASE(every_message_is_accounted_for_once_with_too_few_threads),
      CASE(every_message_is_accounted_for_once_one_at_a_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
