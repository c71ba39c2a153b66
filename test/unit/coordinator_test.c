/* The coordinator with real threads and a real pool; attempts are acted by a fake runner. Hedge delays are a few
 * milliseconds, every other limit is too long to matter unless a test says otherwise: whatever the machine's pace, a
 * test waits for what happens and never for a time to pass. */
#include "engine/coordinator.h"

#include "base/sync.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ENDPOINTS 3
#define PERMITS   4
#define HEDGE     (3 * PS_MILLISECOND)
#define LONG      (600 * PS_SECOND)
#define EVERY     (POOLSEND_EVENT_START | POOLSEND_EVENT_FINISH | POOLSEND_EVENT_DELIVERED | POOLSEND_EVENT_SETTLED)

/* ---- The runner */

enum manner {
  ANSWERS,
  REFUSES,
  HANGS,          /* until it is cancelled */
  WAITS,          /* until it is released, then answers */
  ACCEPTS,        /* tells of its header, then as WAITS */
  ACTS_BY_MESSAGE /* any of the first three */
};

static struct {
  enum manner manners[ENDPOINTS]; /* immutable while a coordinator runs */
  void (*before_second)(void);    /* likewise */

  pthread_mutex_t mutex; /* guards what follows */
  pthread_cond_t changed;
  bool released[ENDPOINTS];
  bool cancelled[ENDPOINTS][PERMITS];
  bool header_held_back, told_of_header;
  unsigned performed[ENDPOINTS], ended;
} stage;

static int number_of(const char *id)
{
  return (int)strtol(id, NULL, 10);
}

static enum manner manner_by_message(const struct ps_attempt *attempt)
{
  unsigned draw = ((unsigned)number_of(attempt->message->id) * 7 + attempt->endpoint * 5) % 16;
  return draw == 0 ? HANGS : draw < 8 ? REFUSES : ANSWERS;
}

static bool must_wait_locked(enum manner manner, const struct ps_attempt *attempt)
{
  if (manner == ANSWERS || manner == REFUSES || stage.cancelled[attempt->endpoint][attempt->permit])
    return false;
  return manner == HANGS || !stage.released[attempt->endpoint];
}

static void conclude(struct ps_outcome *outcome, enum poolsend_fate fate, enum poolsend_reason reason, int status)
{
  outcome->verdict = (struct ps_verdict){fate, reason};
  outcome->status = status;
}

static void tell_of_header(struct ps_attempt *attempt)
{
  ps_mutex_lock(&stage.mutex);
  while (stage.header_held_back)
    ps_cond_wait(&stage.changed, &stage.mutex, PS_NEVER);
  ps_mutex_unlock(&stage.mutex);

  ps_coordinator_answered(attempt->host, attempt, true, 202);

  ps_mutex_lock(&stage.mutex);
  stage.told_of_header = true;
  ps_cond_broadcast(&stage.changed);
  ps_mutex_unlock(&stage.mutex);
}

static void perform(void *context, struct ps_attempt *attempt)
{
  (void)context;
  enum manner manner = stage.manners[attempt->endpoint];
  if (manner == ACTS_BY_MESSAGE)
    manner = manner_by_message(attempt);
  if (manner == ACCEPTS)
    tell_of_header(attempt);

  ps_mutex_lock(&stage.mutex);
  stage.performed[attempt->endpoint]++;
  while (must_wait_locked(manner, attempt))
    ps_cond_wait(&stage.changed, &stage.mutex, PS_NEVER);
  bool cancelled = stage.cancelled[attempt->endpoint][attempt->permit];
  stage.ended++;
  ps_mutex_unlock(&stage.mutex);

  if (manner == REFUSES)
    conclude(&attempt->outcome, POOLSEND_UNREACHED, POOLSEND_CONNECT, 0);
  else if (cancelled)
    conclude(&attempt->outcome, POOLSEND_UNKNOWN, POOLSEND_CANCELLED, 0);
  else
    conclude(&attempt->outcome, POOLSEND_DELIVERED, POOLSEND_OK, manner == ACCEPTS ? 202 : 200);
}

static void set_cancelled(const struct ps_attempt *attempt, bool cancelled)
{
  ps_mutex_lock(&stage.mutex);
  stage.cancelled[attempt->endpoint][attempt->permit] = cancelled;
  ps_cond_broadcast(&stage.changed);
  ps_mutex_unlock(&stage.mutex);
}

static void prepare(void *context, struct ps_attempt *attempt)
{
  (void)context;
  set_cancelled(attempt, false);
}

static void cancel(void *context, struct ps_attempt *attempt)
{
  (void)context;
  set_cancelled(attempt, true);
}

static void release(unsigned endpoint)
{
  ps_mutex_lock(&stage.mutex);
  stage.released[endpoint] = true;
  ps_cond_broadcast(&stage.changed);
  ps_mutex_unlock(&stage.mutex);
}

/* ---- Set-up */

static struct ps_pool *pool;
static struct ps_coordinator coordinator;
static bool running;
static ps_time hedge_delays[ENDPOINTS];
static const struct ps_engine_endpoint endpoints[ENDPOINTS] = {
    {"one", "http://one/", PERMITS}, {"two", "http://two/", PERMITS}, {"three", "http://three/", PERMITS}};
static struct ps_engine_settings settings;

static int fresh_stage(void **state)
{
  (void)state;
  memset(&stage, 0, sizeof stage);
  ps_mutex_init(&stage.mutex);
  ps_cond_init(&stage.changed);
  for (unsigned i = 0; i < ENDPOINTS; i++)
    hedge_delays[i] = HEDGE;
  settings = (struct ps_engine_settings){
      .rule = {.endpoints = ENDPOINTS,
               .hedge_delay = hedge_delays,
               .settle = LONG,
               .body_wait = LONG,
               .answer_wait = LONG,
               .max_time = PS_NEVER,
               .retry_max_time = PS_NEVER},
      .endpoints = endpoints,
      .events = EVERY,
      .seed = 1,
  };
  return 0;
}

static void start(unsigned threads, enum manner one, enum manner two, enum manner three)
{
  struct ps_runner runner = {.perform = perform, .prepare = prepare, .cancel = cancel};
  stage.manners[0] = one;
  stage.manners[1] = two;
  stage.manners[2] = three;
  pool = ps_pool_new(threads);
  assert_non_null(pool);
  assert_int_equal(ps_coordinator_start(&coordinator, &settings, &runner, pool), 0);
  running = true;
}

static int stop(void **state)
{
  (void)state;
  if (running)
    ps_coordinator_stop(&coordinator);
  running = false;
  ps_pool_free(pool);
  pool = NULL;
  return 0;
}

static int strike_stage(void **state)
{
  stop(state);
  ps_cond_fini(&stage.changed);
  ps_mutex_fini(&stage.mutex);
  return 0;
}

static struct ps_message *new_message(int number)
{
  char id[20];
  snprintf(id, sizeof id, "%d", number);
  return ps_message_new(id, "body", 4, true, ENDPOINTS);
}

static void submit(int number)
{
  struct ps_message *message = new_message(number);
  assert_non_null(message);
  ps_coordinator_submit(&coordinator, message);
}

/* ---- Events */

static struct ps_event *next(void)
{
  struct ps_event *event = ps_coordinator_next(&coordinator, PS_NEVER);
  assert_non_null(event);
  return event;
}

static struct ps_event *expect(enum poolsend_event_kind kind)
{
  struct ps_event *event = next();
  assert_int_equal(event->public.kind, kind);
  return event;
}

static void expect_attempt(enum poolsend_event_kind kind, unsigned number, unsigned endpoint)
{
  struct ps_event *event = expect(kind);
  assert_int_equal(event->public.attempt.number, number);
  assert_int_equal(event->public.attempt.endpoint, endpoint);
  assert_string_equal(event->public.attempt.name, endpoints[endpoint].name);
  ps_message_release(event->message);
}

static void expect_account(const struct poolsend_event *settled, unsigned number, enum poolsend_fate fate,
                           enum poolsend_reason reason)
{
  const struct poolsend_attempt *attempt = settled->attempts[number - 1];
  assert_int_equal(attempt->number, number);
  assert_int_equal(attempt->fate, fate);
  assert_int_equal(attempt->reason, reason);
  assert_true(attempt->finished >= attempt->started);
}

static void expect_nothing_more(void)
{
  assert_null(ps_coordinator_next(&coordinator, 0));
}

/* ---- One message */

static void first_success_wins_and_the_message_settles(void **state)
{
  (void)state;
  hedge_delays[0] = LONG;
  start(3, ANSWERS, HANGS, HANGS);
  submit(1);
  expect_attempt(POOLSEND_EVENT_START, 1, 0);
  expect_attempt(POOLSEND_EVENT_FINISH, 1, 0);
  expect_attempt(POOLSEND_EVENT_DELIVERED, 1, 0);
  struct ps_event *settled = expect(POOLSEND_EVENT_SETTLED);
  assert_string_equal(settled->public.message, "1");
  assert_int_equal(settled->public.winner, 0);
  assert_int_equal(settled->public.attempt_count, 1);
  expect_account(&settled->public, 1, POOLSEND_DELIVERED, POOLSEND_OK);
  ps_message_release(settled->message);
  expect_nothing_more();
  assert_int_equal(ps_coordinator_count(&coordinator).started, 1);
}

static void failure_starts_the_next_without_waiting(void **state)
{
  (void)state;
  for (unsigned i = 0; i < ENDPOINTS; i++)
    hedge_delays[i] = PS_NEVER;
  start(3, REFUSES, REFUSES, ANSWERS);
  submit(1);
  for (unsigned i = 0; i < ENDPOINTS; i++) {
    expect_attempt(POOLSEND_EVENT_START, i + 1, i);
    expect_attempt(POOLSEND_EVENT_FINISH, i + 1, i);
  }
  expect_attempt(POOLSEND_EVENT_DELIVERED, 3, 2);
  struct ps_event *settled = expect(POOLSEND_EVENT_SETTLED);
  assert_int_equal(settled->public.winner, 2);
  expect_account(&settled->public, 1, POOLSEND_UNREACHED, POOLSEND_CONNECT);
  expect_account(&settled->public, 2, POOLSEND_UNREACHED, POOLSEND_CONNECT);
  ps_message_release(settled->message);
}

static void late_attempt_is_pending_at_the_win_and_reported_when_settled(void **state)
{
  (void)state;
  hedge_delays[1] = LONG;
  start(3, WAITS, ANSWERS, HANGS);
  submit(1);
  expect_attempt(POOLSEND_EVENT_START, 1, 0);
  expect_attempt(POOLSEND_EVENT_START, 2, 1);
  expect_attempt(POOLSEND_EVENT_FINISH, 2, 1);
  struct ps_event *delivered = expect(POOLSEND_EVENT_DELIVERED);
  assert_int_equal(delivered->public.attempt.number, 2);
  assert_int_equal(delivered->public.pending_count, 1);
  assert_int_equal(delivered->public.pending[0].number, 1);
  assert_string_equal(delivered->public.pending[0].name, "one");
  ps_message_release(delivered->message);
  expect_nothing_more();
  release(0);
  expect_attempt(POOLSEND_EVENT_FINISH, 1, 0);
  struct ps_event *settled = expect(POOLSEND_EVENT_SETTLED);
  assert_int_equal(settled->public.winner, 1);
  assert_int_equal(settled->public.attempt_count, 2);
  expect_account(&settled->public, 1, POOLSEND_DELIVERED, POOLSEND_OK);
  expect_account(&settled->public, 2, POOLSEND_DELIVERED, POOLSEND_OK);
  ps_message_release(settled->message);
}

static void late_attempt_is_cancelled_at_the_end_of_the_settle_time(void **state)
{
  (void)state;
  settings.rule.settle = HEDGE;
  settings.events = POOLSEND_EVENT_SETTLED;
  hedge_delays[1] = LONG;
  start(3, HANGS, ANSWERS, HANGS);
  submit(1);
  struct ps_event *settled = expect(POOLSEND_EVENT_SETTLED);
  assert_int_equal(settled->public.winner, 1);
  assert_int_equal(settled->public.attempt_count, 2);
  expect_account(&settled->public, 1, POOLSEND_UNKNOWN, POOLSEND_CANCELLED);
  assert_string_equal(settled->public.attempts[0]->error, "cancelled at the end of the settle time");
  ps_message_release(settled->message);
  expect_nothing_more();
}

static void success_header_wins_before_the_body_has_ended(void **state)
{
  (void)state;
  settings.rule.endpoints = 1;
  start(1, ACCEPTS, HANGS, HANGS);
  submit(1);
  expect_attempt(POOLSEND_EVENT_START, 1, 0);
  struct ps_event *delivered = expect(POOLSEND_EVENT_DELIVERED);
  assert_int_equal(delivered->public.attempt.status, 202);
  assert_null(delivered->public.attempt.response);
  ps_message_release(delivered->message);
  expect_nothing_more();
  release(0);
  expect_attempt(POOLSEND_EVENT_FINISH, 1, 0);
  struct ps_event *settled = expect(POOLSEND_EVENT_SETTLED);
  assert_int_equal(settled->public.attempt_count, 1);
  expect_account(&settled->public, 1, POOLSEND_DELIVERED, POOLSEND_OK);
  ps_message_release(settled->message);
}

static void interrupt_cancels_what_hangs(void **state)
{
  (void)state;
  hedge_delays[1] = LONG;
  start(3, HANGS, HANGS, HANGS);
  submit(1);
  expect_attempt(POOLSEND_EVENT_START, 1, 0);
  expect_attempt(POOLSEND_EVENT_START, 2, 1);
  expect_nothing_more();
  ps_coordinator_interrupt(&coordinator);
  for (int i = 0; i < 2; i++)
    ps_message_release(expect(POOLSEND_EVENT_FINISH)->message);
  struct ps_event *settled = expect(POOLSEND_EVENT_SETTLED);
  assert_int_equal(settled->public.winner, -1);
  assert_int_equal(settled->public.attempt_count, 2);
  for (unsigned number = 1; number <= 2; number++) {
    expect_account(&settled->public, number, POOLSEND_UNKNOWN, POOLSEND_CANCELLED);
    assert_string_equal(settled->public.attempts[number - 1]->error, "cancelled by an interrupt");
  }
  ps_message_release(settled->message);
}

static void message_after_an_interrupt_is_sent(void **state)
{
  (void)state;
  settings.events = POOLSEND_EVENT_SETTLED;
  hedge_delays[0] = LONG;
  start(3, WAITS, HANGS, HANGS);
  submit(1);
  ps_coordinator_interrupt(&coordinator);
  struct ps_event *settled = expect(POOLSEND_EVENT_SETTLED);
  assert_int_equal(settled->public.winner, -1);
  ps_message_release(settled->message);
  release(0);
  submit(2);
  settled = expect(POOLSEND_EVENT_SETTLED);
  assert_string_equal(settled->public.message, "2");
  assert_int_equal(settled->public.winner, 0);
  ps_message_release(settled->message);
}

/* ---- The gate: nothing starts after a success was posted, though it was launched
 *
 * The launch of the second attempt is drawn out on the coordinator's thread, which hears of nothing meanwhile: first the
 * success comes, then the attempt is given to the pool and comes to its last check. */

int __real_ps_pool_submit(struct ps_pool *to, struct ps_job *job);
int __wrap_ps_pool_submit(struct ps_pool *to, struct ps_job *job);

static struct ps_job probe;
static bool probe_ran;

static void run_probe(struct ps_job *job)
{
  (void)job;
  ps_mutex_lock(&stage.mutex);
  probe_ran = true;
  ps_cond_broadcast(&stage.changed);
  ps_mutex_unlock(&stage.mutex);
}

/* Wait until the one thread that is not held has run what was queued. */
static void drain(void)
{
  probe_ran = false;
  probe.run = run_probe;
  if (__real_ps_pool_submit(pool, &probe))
    return;
  ps_mutex_lock(&stage.mutex);
  while (!probe_ran)
    ps_cond_wait(&stage.changed, &stage.mutex, PS_NEVER);
  ps_mutex_unlock(&stage.mutex);
}

int __wrap_ps_pool_submit(struct ps_pool *to, struct ps_job *job)
{
  if (!stage.before_second || PS_CONTAINER(job, struct ps_attempt, job)->endpoint != 1)
    return __real_ps_pool_submit(to, job);
  stage.before_second();
  int result = __real_ps_pool_submit(to, job);
  drain();
  release(0);
  return result;
}

static void let_the_first_succeed(void)
{
  release(0);
  drain();
}

static void let_the_first_tell_of_its_header(void)
{
  ps_mutex_lock(&stage.mutex);
  stage.header_held_back = false;
  ps_cond_broadcast(&stage.changed);
  while (!stage.told_of_header)
    ps_cond_wait(&stage.changed, &stage.mutex, PS_NEVER);
  ps_mutex_unlock(&stage.mutex);
}

static void expect_no_trace_of_the_second(void)
{
  expect_attempt(POOLSEND_EVENT_DELIVERED, 1, 0);
  struct ps_event *settled = expect(POOLSEND_EVENT_SETTLED);
  assert_int_equal(settled->public.winner, 0);
  assert_int_equal(settled->public.attempt_count, 1);
  ps_message_release(settled->message);
  expect_nothing_more();
  assert_int_equal(ps_coordinator_count(&coordinator).started, 1);
  assert_int_equal(stage.performed[1], 0);
}

static void attempt_launched_after_a_success_was_posted_leaves_no_trace(void **state)
{
  (void)state;
  stage.before_second = let_the_first_succeed;
  start(1, WAITS, ANSWERS, ANSWERS);
  submit(1);
  expect_attempt(POOLSEND_EVENT_START, 1, 0);
  expect_attempt(POOLSEND_EVENT_FINISH, 1, 0);
  expect_no_trace_of_the_second();
}

static void attempt_launched_after_a_success_header_leaves_no_trace(void **state)
{
  (void)state;
  settings.events = POOLSEND_EVENT_DELIVERED | POOLSEND_EVENT_SETTLED;
  stage.header_held_back = true;
  stage.before_second = let_the_first_tell_of_its_header;
  start(2, ACCEPTS, ANSWERS, ANSWERS);
  submit(1);
  expect_no_trace_of_the_second();
}

/* ---- No thread */

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);

static atomic_bool no_threads;

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
  return atomic_load(&no_threads) ? EAGAIN : __real_pthread_create(thread, attributes, run, argument);
}

static void attempt_for_which_there_is_no_thread_is_accounted_for(void **state)
{
  (void)state;
  settings.events = POOLSEND_EVENT_SETTLED;
  start(3, ANSWERS, ANSWERS, ANSWERS);
  atomic_store(&no_threads, true);
  submit(1);
  struct ps_event *settled = next();
  atomic_store(&no_threads, false);
  assert_int_equal(settled->public.winner, -1);
  assert_int_equal(settled->public.attempt_count, ENDPOINTS);
  for (unsigned number = 1; number <= ENDPOINTS; number++) {
    expect_account(&settled->public, number, POOLSEND_UNREACHED, POOLSEND_LOCAL);
    assert_string_equal(settled->public.attempts[number - 1]->error, strerror(EAGAIN));
  }
  ps_message_release(settled->message);
  submit(2);
  settled = next();
  assert_true(settled->public.winner >= 0);
  ps_message_release(settled->message);
}

static void coordinator_without_a_thread_leaves_nothing_behind(void **state)
{
  (void)state;
  struct ps_runner runner = {.perform = perform, .prepare = prepare, .cancel = cancel};
  pool = ps_pool_new(1);
  atomic_store(&no_threads, true);
  int result = ps_coordinator_start(&coordinator, &settings, &runner, pool);
  atomic_store(&no_threads, false);
  assert_int_equal(result, -EAGAIN);
}

/* ---- Stop */

static void event_is_waited_for_until_its_deadline(void **state)
{
  (void)state;
  start(1, ANSWERS, ANSWERS, ANSWERS);
  ps_time deadline = ps_now() + HEDGE;
  assert_null(ps_coordinator_next(&coordinator, deadline));
  assert_true(ps_now() >= deadline);
}

#define HELD 6

/* More messages than permits: some attempts run, some wait for a permit. */
static void stop_settles_every_message(void **state)
{
  struct ps_message *held[HELD];
  settings.events = POOLSEND_EVENT_START | POOLSEND_EVENT_SETTLED;
  start(ENDPOINTS * PERMITS, HANGS, HANGS, HANGS);
  for (int i = 0; i < HELD; i++) {
    held[i] = new_message(i);
    assert_non_null(held[i]);
    ps_message_hold(held[i]);
    ps_coordinator_submit(&coordinator, held[i]);
  }
  for (int i = 0; i < PERMITS + 1; i++)
    ps_message_release(expect(POOLSEND_EVENT_START)->message);
  stop(state);
  size_t attempts = 0;
  for (int i = 0; i < HELD; i++) {
    assert_true(held[i]->delivery.settled);
    assert_int_equal(held[i]->settled.public.kind, POOLSEND_EVENT_SETTLED);
    attempts += held[i]->settled.public.attempt_count;
    ps_message_release(held[i]);
  }
  assert_true(attempts > PERMITS);
  assert_int_equal(attempts, stage.ended);
}

static void message_submitted_just_before_the_stop_settles_too(void **state)
{
  for (int i = 0; i < 50; i++) {
    struct ps_message *message = new_message(i);
    assert_non_null(message);
    start(2, HANGS, HANGS, HANGS);
    ps_message_hold(message);
    ps_coordinator_submit(&coordinator, message);
    stop(state);
    assert_true(message->delivery.settled);
    ps_message_release(message);
  }
}

/* ---- Many messages */

#define SUBMITTERS 4
#define EACH       250
#define MESSAGES   (SUBMITTERS * EACH)

static void *submit_many(void *argument)
{
  int first = *(int *)argument;
  for (int i = 0; i < EACH; i++) {
    struct ps_message *message = new_message(first + i);
    if (!message)
      return argument;
    ps_coordinator_submit(&coordinator, message);
  }
  return NULL;
}

struct book {
  unsigned delivered[MESSAGES], settled[MESSAGES], all_settled;
  size_t attempts;
};

static void enter(struct book *book, const struct poolsend_event *event)
{
  int number = number_of(event->message);
  assert_in_range(number, 0, MESSAGES - 1);
  assert_int_equal(book->settled[number], 0);
  if (event->kind == POOLSEND_EVENT_DELIVERED) {
    assert_int_equal(book->delivered[number]++, 0);
    return;
  }
  assert_int_equal(book->delivered[number], event->winner >= 0);
  book->settled[number]++;
  book->all_settled++;
  book->attempts += event->attempt_count;
}

static void each_of_many_messages_from_several_threads_settles_once(void **state)
{
  static struct book book;
  pthread_t threads[SUBMITTERS];
  int firsts[SUBMITTERS];
  settings.rule.settle = settings.rule.answer_wait = HEDGE;
  settings.events = POOLSEND_EVENT_DELIVERED | POOLSEND_EVENT_SETTLED;
  start(ENDPOINTS * PERMITS, ACTS_BY_MESSAGE, ACTS_BY_MESSAGE, ACTS_BY_MESSAGE);
  for (int i = 0; i < SUBMITTERS; i++) {
    firsts[i] = i * EACH;
    assert_int_equal(pthread_create(&threads[i], NULL, submit_many, &firsts[i]), 0);
  }
  while (book.all_settled < MESSAGES) {
    struct ps_event *event = next();
    enter(&book, &event->public);
    ps_message_release(event->message);
  }
  for (int i = 0; i < SUBMITTERS; i++) {
    void *failed;
    assert_int_equal(pthread_join(threads[i], &failed), 0);
    assert_null(failed);
  }
  expect_nothing_more();
  assert_int_equal(ps_coordinator_count(&coordinator).started, book.attempts);
  stop(state);
  assert_int_equal(stage.ended, book.attempts);
}

#define SENTENCE(name) cmocka_unit_test_setup_teardown(name, fresh_stage, strike_stage)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(first_success_wins_and_the_message_settles),
      SENTENCE(failure_starts_the_next_without_waiting),
      SENTENCE(late_attempt_is_pending_at_the_win_and_reported_when_settled),
      SENTENCE(late_attempt_is_cancelled_at_the_end_of_the_settle_time),
      SENTENCE(success_header_wins_before_the_body_has_ended),
      SENTENCE(interrupt_cancels_what_hangs),
      SENTENCE(message_after_an_interrupt_is_sent),
      SENTENCE(attempt_launched_after_a_success_was_posted_leaves_no_trace),
      SENTENCE(attempt_launched_after_a_success_header_leaves_no_trace),
      SENTENCE(attempt_for_which_there_is_no_thread_is_accounted_for),
      SENTENCE(coordinator_without_a_thread_leaves_nothing_behind),
      SENTENCE(event_is_waited_for_until_its_deadline),
      SENTENCE(stop_settles_every_message),
      SENTENCE(message_submitted_just_before_the_stop_settles_too),
      SENTENCE(each_of_many_messages_from_several_threads_settles_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
