/* The coordinator with real threads, a real pool and real slots; attempts are acted by a fake runner. Hedge delays are
 * a few milliseconds, every other limit is too long to matter unless a test says otherwise: a test waits for what
 * happens and not for a time to pass, and where a thread has to run before one passes it has half a second. */
#include "engine/coordinator.h"

#include "base/sync.h"
#include "base/thread.h"
#include "net/slot.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define ENDPOINTS 3
#define SLOTS     4
#define PROBES    2
#define PERMITS   (SLOTS + PROBES)
#define HEDGE     (3 * PS_MILLISECOND)
#define UNHURRIED (500 * PS_MILLISECOND)
#define LONG      (600 * PS_SECOND)
#define TOO_LONG  (10 * PS_SECOND) /* what takes so long never comes */
#define ALL       UINT_MAX
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
  enum manner manners[ENDPOINTS]; /* immutable while a coordinator runs, like the rest of this band */
  void (*before_second)(void);    /* on the coordinator's thread: before an attempt to the second goes to the pool */
  void (*before_cancel)(struct ps_attempt *); /* likewise: before one is cancelled, */
  void (*after_cancel)(struct ps_attempt *);  /* and after */
  void (*decided)(struct ps_effect);          /* likewise: after each decision */
  struct ps_slot *slots[ENDPOINTS][PERMITS];

  pthread_mutex_t mutex; /* guards what follows */
  pthread_cond_t changed;
  unsigned released[ENDPOINTS]; /* attempts that may end; ALL: any */
  bool header_held_back, told_of_header;
  bool second_held_back;           /* from its start, on its worker */
  bool closes_second, was_closing; /* its message is closed while its start is timed */
  bool late[ENDPOINTS];            /* whether the last there knew that another had won */
  unsigned performed[ENDPOINTS], ended;
} stage;

/* A thread's next look at the clock: the message is closed just then, or it is noted whether it is. */
static _Thread_local struct ps_message *closed_in_passing, *looked_at_in_passing;
static atomic_int was_closed; /* -1: nobody has looked */

ps_time __wrap_ps_now(void);
ps_time __real_ps_now(void);
ps_time __wrap_ps_now(void)
{
  ps_time now = __real_ps_now();
  if (closed_in_passing)
    atomic_store(&closed_in_passing->closed, true);
  if (looked_at_in_passing)
    atomic_store(&was_closed, atomic_load(&looked_at_in_passing->closed));
  closed_in_passing = looked_at_in_passing = NULL;
  return now;
}

static atomic_uint pool_jobs;

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
  if (manner == ANSWERS || manner == REFUSES || ps_slot_is_cancelled(attempt->slot))
    return false;
  return manner == HANGS || !stage.released[attempt->endpoint];
}

/* One that waits for its release uses it up. */
static void await_end_locked(enum manner manner, const struct ps_attempt *attempt)
{
  unsigned *released = &stage.released[attempt->endpoint];
  while (must_wait_locked(manner, attempt))
    ps_cond_wait(&stage.changed, &stage.mutex, PS_NEVER);
  if ((manner == WAITS || manner == ACCEPTS) && *released && *released != ALL)
    --*released;
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

  looked_at_in_passing = attempt->message;
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
  ps_cond_broadcast(&stage.changed);
  await_end_locked(manner, attempt);
  bool cancelled = ps_slot_is_cancelled(attempt->slot);
  stage.late[attempt->endpoint] = ps_coordinator_is_late(attempt);
  stage.ended++;
  ps_mutex_unlock(&stage.mutex);

  if (manner == REFUSES)
    conclude(&attempt->outcome, POOLSEND_FATE_UNREACHED, POOLSEND_REASON_CONNECT, 0);
  else if (cancelled)
    conclude(&attempt->outcome, POOLSEND_FATE_UNKNOWN, POOLSEND_REASON_CANCELLED, 0);
  else
    conclude(&attempt->outcome, POOLSEND_FATE_DELIVERED, POOLSEND_REASON_OK, manner == ACCEPTS ? 202 : 200);
}

static void prepare(void *context, struct ps_attempt *attempt)
{
  (void)context;
  struct ps_slot *slot = stage.slots[attempt->endpoint][attempt->ticket.permit];
  attempt->slot = slot;
  ps_slot_rearm(slot, attempt);
  ps_mutex_lock(&stage.mutex);
  while (attempt->endpoint == 1 && stage.second_held_back)
    ps_cond_wait(&stage.changed, &stage.mutex, PS_NEVER);
  if (attempt->endpoint == 1 && stage.closes_second) {
    closed_in_passing = attempt->message;
    stage.was_closing = true;
    ps_cond_broadcast(&stage.changed);
  }
  ps_mutex_unlock(&stage.mutex);
}

static void cancel(void *context, struct ps_attempt *attempt, enum ps_ending why)
{
  (void)context;
  if (stage.before_cancel)
    stage.before_cancel(attempt);
  ps_slot_cancel(attempt->slot, attempt, why);
  if (stage.after_cancel)
    stage.after_cancel(attempt);
  ps_mutex_lock(&stage.mutex);
  ps_cond_broadcast(&stage.changed);
  ps_mutex_unlock(&stage.mutex);
}

static bool is_unread(void *context, struct ps_attempt *attempt)
{
  (void)context;
  (void)attempt;
  return false;
}

static void release_some(unsigned endpoint, unsigned count)
{
  ps_mutex_lock(&stage.mutex);
  stage.released[endpoint] = count;
  ps_cond_broadcast(&stage.changed);
  ps_mutex_unlock(&stage.mutex);
}

static void release(unsigned endpoint)
{
  release_some(endpoint, ALL);
}

/* Until so many attempts to `endpoint` have started. */
static void await_performance(unsigned endpoint, unsigned count)
{
  ps_mutex_lock(&stage.mutex);
  while (stage.performed[endpoint] < count)
    ps_cond_wait(&stage.changed, &stage.mutex, PS_NEVER);
  ps_mutex_unlock(&stage.mutex);
}

static void let_the_second_start(void)
{
  ps_mutex_lock(&stage.mutex);
  stage.second_held_back = false;
  ps_cond_broadcast(&stage.changed);
  ps_mutex_unlock(&stage.mutex);
}

/* ---- Set-up */

static struct ps_pool *pool;
static struct ps_coordinator coordinator;
static atomic_bool no_threads;

/* One by one. */
static int next_event(struct ps_coordinator *c, ps_time deadline, struct ps_event **event)
{
  struct ps_list events;
  ps_list_init(&events);
  int result = ps_coordinator_next(c, deadline, &events, 1);
  *event = result ? NULL : PS_CONTAINER(events.next, struct ps_event, link);
  return result;
}

static bool running, stocked;
static struct ps_stock stock;
static struct ps_engine_endpoint endpoints[ENDPOINTS];
static struct ps_coordinator_settings settings;

static void make_slots(void)
{
  CURL *model = curl_easy_init();
  assert_non_null(model);
  for (unsigned i = 0; i < ENDPOINTS; i++)
    for (unsigned j = 0; j < PERMITS; j++) {
      stage.slots[i][j] = ps_slot_new(model, NULL, NULL);
      assert_non_null(stage.slots[i][j]);
    }
  curl_easy_cleanup(model);
}

static int fresh_stage(void **state)
{
  (void)state;
  static const char *const names[ENDPOINTS] = {"one", "two", "three"};
  static const char *const urls[ENDPOINTS] = {"http://one/", "http://two/", "http://three/"};
  memset(&stage, 0, sizeof stage);
  ps_mutex_init(&stage.mutex);
  ps_cond_init(&stage.changed);
  make_slots();
  atomic_store(&pool_jobs, 0);
  atomic_store(&no_threads, false);
  for (unsigned i = 0; i < ENDPOINTS; i++)
    endpoints[i] = (struct ps_engine_endpoint){
        .name = names[i], .url = urls[i], .slots = SLOTS, .hedge_delay = HEDGE, .attempt_timeout = PS_NEVER};
  settings = (struct ps_coordinator_settings){
      .engine = {.rule = {.endpoints = ENDPOINTS,
                          .settle = LONG,
                          .body_wait = LONG,
                          .answer_wait = LONG,
                          .max_time = PS_NEVER,
                          .retry_max_time = PS_NEVER},
                 .endpoints = endpoints,
                 .events = EVERY,
                 .seed = 1,
                 .run_ahead = 2,
                 .hedge_budget = -1},
      .max_pending = 100,
  };
  return 0;
}

static void start(unsigned threads, enum manner one, enum manner two, enum manner three)
{
  struct ps_runner runner = {.perform = perform, .prepare = prepare, .cancel = cancel, .is_unread = is_unread};
  stage.manners[0] = one;
  stage.manners[1] = two;
  stage.manners[2] = three;
  if (!stocked)
    ps_stock_init(&stock, settings.engine.rule.endpoints, 3);
  stocked = true;
  pool = ps_pool_new(threads);
  assert_non_null(pool);
  assert_int_equal(ps_coordinator_start(&coordinator, &settings, &runner, pool), 0);
  running = true;
}

static void give_threads_time(void)
{
  for (unsigned i = 0; i < ENDPOINTS; i++)
    endpoints[i].hedge_delay = UNHURRIED;
}

/* One endpoint with one slot, and `run_ahead` messages that may wait for it. */
static void start_narrow(enum manner manner, unsigned run_ahead)
{
  settings.engine.rule.endpoints = 1;
  settings.engine.run_ahead = run_ahead;
  endpoints[0].slots = 1;
  endpoints[0].hedge_delay = LONG;
  start(1, manner, manner, manner);
}

static int stop_coordinator(void **state)
{
  (void)state;
  if (running)
    ps_coordinator_stop(&coordinator);
  ps_pool_free(pool);
  if (running)
    ps_coordinator_fini(&coordinator);
  running = false;
  pool = NULL;
  return 0;
}

static int strike_stage(void **state)
{
  stop_coordinator(state);
  if (stocked)
    ps_stock_fini(&stock);
  stocked = false;
  for (unsigned i = 0; i < ENDPOINTS; i++)
    for (unsigned j = 0; j < PERMITS; j++)
      ps_slot_free(stage.slots[i][j]);
  ps_cond_fini(&stage.changed);
  ps_mutex_fini(&stage.mutex);
  return 0;
}

static struct ps_message *new_message(int number)
{
  char id[20];
  snprintf(id, sizeof id, "%d", number);
  return ps_message_new(&stock, id);
}

/* What became of it; a message that was not taken up is gone. */
static int try_to_submit(int number, ps_time deadline)
{
  struct ps_message *message = new_message(number);
  if (!message)
    return -ENOMEM;
  int result = ps_coordinator_submit(&coordinator, message, deadline);
  if (result)
    ps_message_release(message);
  return result;
}

static void submit(int number)
{
  assert_int_equal(try_to_submit(number, TOO_LONG + ps_now()), 0);
}

static void expect_no_room(void)
{
  assert_int_equal(try_to_submit(99, 0), POOLSEND_TIMEOUT);
}

/* Until the coordinator's shared state is as wanted. */
static void await(bool (*is_so_locked)(unsigned), unsigned wanted)
{
  for (bool so = false; !so; sched_yield()) {
    ps_mutex_lock(&coordinator.shared.mutex);
    so = is_so_locked(wanted);
    ps_mutex_unlock(&coordinator.shared.mutex);
  }
}

static unsigned length(const struct ps_list *list)
{
  unsigned count = 0;
  ps_list_each(link, list)
    count++;
  return count;
}

static bool first_is_waited_for_by(unsigned wanted)
{
  return length(&coordinator.shared.lanes[0].fresh) == wanted;
}

static bool submitters_are(unsigned wanted)
{
  return coordinator.shared.submitters == wanted;
}

static bool fetchers_are(unsigned wanted)
{
  return coordinator.shared.fetchers == wanted;
}

static bool arrived_are(unsigned wanted)
{
  return coordinator.shared.arrived == wanted;
}

static bool second_has_free(unsigned wanted)
{
  return coordinator.shared.lanes[1].slots.free == wanted;
}

static bool events_are(unsigned wanted)
{
  return length(&coordinator.shared.events) == wanted;
}

/* ---- Events */

static struct ps_event *next(void)
{
  struct ps_event *event;
  assert_int_equal(next_event(&coordinator, ps_now() + TOO_LONG, &event), 0);
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
  assert_int_equal(event->public.attempt->number, number);
  assert_int_equal(event->public.attempt->endpoint, endpoint);
  assert_string_equal(event->public.attempt->name, endpoints[endpoint].name);
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
  struct ps_event *event;
  assert_int_equal(next_event(&coordinator, 0, &event), POOLSEND_TIMEOUT);
  assert_null(event);
}

static void expect_the_end(void)
{
  struct ps_event *event;
  assert_int_equal(next_event(&coordinator, PS_NEVER, &event), POOLSEND_CLOSED);
  assert_null(event);
}

/* Its place among the attempts, or -1. */
static int winner_of(const struct ps_event *settled)
{
  return settled->public.winner ? (int)settled->public.winner->number - 1 : -1;
}

static void expect_settled(int number, int winner)
{
  struct ps_event *event = expect(POOLSEND_EVENT_SETTLED);
  assert_int_equal(number_of(event->public.message), number);
  assert_int_equal(winner_of(event), winner);
  ps_message_release(event->message);
}

/* ---- One message */

static struct ps_counts count_all(void)
{
  struct ps_counts counts;
  struct ps_endpoint_counts of_endpoints[ENDPOINTS];
  ps_coordinator_count(&coordinator, &counts, of_endpoints);
  return counts;
}

static void first_success_wins_and_the_message_settles(void **state)
{
  (void)state;
  endpoints[0].hedge_delay = LONG;
  start(3, ANSWERS, HANGS, HANGS);
  submit(1);
  expect_attempt(POOLSEND_EVENT_START, 1, 0);
  expect_attempt(POOLSEND_EVENT_FINISH, 1, 0);
  expect_attempt(POOLSEND_EVENT_DELIVERED, 1, 0);
  struct ps_event *settled = expect(POOLSEND_EVENT_SETTLED);
  assert_string_equal(settled->public.message, "1");
  assert_int_equal(winner_of(settled), 0);
  assert_int_equal(settled->public.attempt_count, 1);
  expect_account(&settled->public, 1, POOLSEND_FATE_DELIVERED, POOLSEND_REASON_OK);
  ps_message_release(settled->message);
  expect_nothing_more();
  assert_int_equal(count_all().started, 1);
}

static void failure_starts_the_next_without_waiting(void **state)
{
  (void)state;
  for (unsigned i = 0; i < ENDPOINTS; i++)
    endpoints[i].hedge_delay = PS_NEVER;
  start(3, REFUSES, REFUSES, ANSWERS);
  submit(1);
  for (unsigned i = 0; i < ENDPOINTS; i++) {
    expect_attempt(POOLSEND_EVENT_START, i + 1, i);
    expect_attempt(POOLSEND_EVENT_FINISH, i + 1, i);
  }
  expect_attempt(POOLSEND_EVENT_DELIVERED, 3, 2);
  struct ps_event *settled = expect(POOLSEND_EVENT_SETTLED);
  assert_int_equal(winner_of(settled), 2);
  expect_account(&settled->public, 1, POOLSEND_FATE_UNREACHED, POOLSEND_REASON_CONNECT);
  expect_account(&settled->public, 2, POOLSEND_FATE_UNREACHED, POOLSEND_REASON_CONNECT);
  ps_message_release(settled->message);
}

static void late_attempt_is_pending_at_the_win_and_reported_when_settled(void **state)
{
  (void)state;
  endpoints[1].hedge_delay = LONG;
  start(3, WAITS, ANSWERS, HANGS);
  submit(1);
  expect_attempt(POOLSEND_EVENT_START, 1, 0);
  expect_attempt(POOLSEND_EVENT_START, 2, 1);
  expect_attempt(POOLSEND_EVENT_FINISH, 2, 1);
  struct ps_event *delivered = expect(POOLSEND_EVENT_DELIVERED);
  assert_int_equal(delivered->public.attempt->number, 2);
  assert_int_equal(delivered->public.pending_count, 1);
  assert_int_equal(delivered->public.pending[0].number, 1);
  assert_string_equal(delivered->public.pending[0].name, "one");
  ps_message_release(delivered->message);
  expect_nothing_more();
  release(0);
  expect_attempt(POOLSEND_EVENT_FINISH, 1, 0);
  struct ps_event *settled = expect(POOLSEND_EVENT_SETTLED);
  assert_int_equal(winner_of(settled), 1);
  assert_int_equal(settled->public.attempt_count, 2);
  expect_account(&settled->public, 1, POOLSEND_FATE_DELIVERED, POOLSEND_REASON_OK);
  expect_account(&settled->public, 2, POOLSEND_FATE_DELIVERED, POOLSEND_REASON_OK);
  ps_message_release(settled->message);
  assert_true(stage.late[0]);
  assert_false(stage.late[1]);
}

static void late_attempt_is_cancelled_at_the_end_of_the_settle_time(void **state)
{
  (void)state;
  settings.engine.rule.settle = HEDGE;
  settings.engine.events = POOLSEND_EVENT_SETTLED;
  endpoints[1].hedge_delay = LONG;
  start(3, HANGS, ANSWERS, HANGS);
  submit(1);
  struct ps_event *settled = expect(POOLSEND_EVENT_SETTLED);
  assert_int_equal(winner_of(settled), 1);
  assert_int_equal(settled->public.attempt_count, 2);
  expect_account(&settled->public, 1, POOLSEND_FATE_UNKNOWN, POOLSEND_REASON_CANCELLED);
  assert_string_equal(settled->public.attempts[0]->error, "cancelled at the end of the settle time");
  ps_message_release(settled->message);
  expect_nothing_more();
}

static void success_header_wins_before_the_body_has_ended(void **state)
{
  (void)state;
  settings.engine.rule.endpoints = 1;
  start(1, ACCEPTS, HANGS, HANGS);
  submit(1);
  expect_attempt(POOLSEND_EVENT_START, 1, 0);
  struct ps_event *delivered = expect(POOLSEND_EVENT_DELIVERED);
  assert_int_equal(delivered->public.attempt->status, 202);
  assert_null(delivered->public.attempt->response);
  ps_message_release(delivered->message);
  expect_nothing_more();
  release(0);
  expect_attempt(POOLSEND_EVENT_FINISH, 1, 0);
  struct ps_event *settled = expect(POOLSEND_EVENT_SETTLED);
  assert_int_equal(settled->public.attempt_count, 1);
  expect_account(&settled->public, 1, POOLSEND_FATE_DELIVERED, POOLSEND_REASON_OK);
  ps_message_release(settled->message);
  assert_false(stage.late[0]);
}

static void interrupt_cancels_what_hangs(void **state)
{
  (void)state;
  endpoints[1].hedge_delay = LONG;
  start(3, HANGS, HANGS, HANGS);
  submit(1);
  expect_attempt(POOLSEND_EVENT_START, 1, 0);
  expect_attempt(POOLSEND_EVENT_START, 2, 1);
  expect_nothing_more();
  ps_coordinator_interrupt(&coordinator);
  for (int i = 0; i < 2; i++)
    ps_message_release(expect(POOLSEND_EVENT_FINISH)->message);
  struct ps_event *settled = expect(POOLSEND_EVENT_SETTLED);
  assert_int_equal(winner_of(settled), -1);
  assert_int_equal(settled->public.attempt_count, 2);
  for (unsigned number = 1; number <= 2; number++) {
    expect_account(&settled->public, number, POOLSEND_FATE_UNKNOWN, POOLSEND_REASON_CANCELLED);
    assert_string_equal(settled->public.attempts[number - 1]->error, "cancelled by an interrupt");
  }
  assert_int_equal(settled->public.not_tried_count, 1);
  assert_string_equal(settled->public.not_tried[0], "three");
  ps_message_release(settled->message);
}

static void message_after_an_interrupt_is_sent(void **state)
{
  (void)state;
  settings.engine.events = POOLSEND_EVENT_SETTLED;
  endpoints[0].hedge_delay = LONG;
  start(3, WAITS, HANGS, HANGS);
  submit(1);
  ps_coordinator_interrupt(&coordinator);
  struct ps_event *settled = expect(POOLSEND_EVENT_SETTLED);
  assert_int_equal(winner_of(settled), -1);
  ps_message_release(settled->message);
  release(0);
  submit(2);
  settled = expect(POOLSEND_EVENT_SETTLED);
  assert_string_equal(settled->public.message, "2");
  assert_int_equal(winner_of(settled), 0);
  ps_message_release(settled->message);
}

/* ---- The gate: nothing starts after a success was posted, though it was launched
 *
 * The launch of the second attempt is drawn out on the coordinator's thread, which hears of nothing meanwhile: first
 * the success comes, then the attempt is given to the pool and comes to its last check. */

int __real_ps_pool_queue(struct ps_pool *to, struct ps_job *job);
int __wrap_ps_pool_queue(struct ps_pool *to, struct ps_job *job);

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
  if (ps_pool_submit(pool, &probe))
    return;
  ps_mutex_lock(&stage.mutex);
  while (!probe_ran)
    ps_cond_wait(&stage.changed, &stage.mutex, PS_NEVER);
  ps_mutex_unlock(&stage.mutex);
}

int __wrap_ps_pool_queue(struct ps_pool *to, struct ps_job *job)
{
  atomic_fetch_add(&pool_jobs, 1);
  if (!stage.before_second || PS_CONTAINER(job, struct ps_attempt, job)->endpoint != 1)
    return __real_ps_pool_queue(to, job);
  stage.before_second();
  int result = __real_ps_pool_queue(to, job);
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
  assert_int_equal(winner_of(settled), 0);
  assert_int_equal(settled->public.attempt_count, 1);
  ps_message_release(settled->message);
  expect_nothing_more();
  assert_int_equal(count_all().started, 1);
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
  settings.engine.events = POOLSEND_EVENT_DELIVERED | POOLSEND_EVENT_SETTLED;
  stage.header_held_back = true;
  stage.before_second = let_the_first_tell_of_its_header;
  start(2, ACCEPTS, ANSWERS, ANSWERS);
  submit(1);
  expect_no_trace_of_the_second();
}

/* ---- What is decided, told to a test */

struct ps_effect __real_ps_delivery_decide(struct ps_delivery *delivery, ps_time now);
struct ps_effect __wrap_ps_delivery_decide(struct ps_delivery *delivery, ps_time now);

struct ps_effect __wrap_ps_delivery_decide(struct ps_delivery *delivery, ps_time now)
{
  struct ps_effect effect = __real_ps_delivery_decide(delivery, now);
  if (stage.decided)
    stage.decided(effect);
  return effect;
}

/* ---- No thread */

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
  return atomic_load(&no_threads) ? EAGAIN : __real_pthread_create(thread, attributes, run, argument);
}

static void attempt_for_which_there_is_no_thread_is_accounted_for(void **state)
{
  (void)state;
  settings.engine.events = POOLSEND_EVENT_SETTLED;
  start(3, ANSWERS, ANSWERS, ANSWERS);
  atomic_store(&no_threads, true);
  submit(1);
  struct ps_event *settled = next();
  atomic_store(&no_threads, false);
  assert_int_equal(winner_of(settled), -1);
  assert_int_equal(settled->public.attempt_count, ENDPOINTS);
  for (unsigned number = 1; number <= ENDPOINTS; number++) {
    expect_account(&settled->public, number, POOLSEND_FATE_UNREACHED, POOLSEND_REASON_LOCAL);
    assert_string_equal(settled->public.attempts[number - 1]->error, strerror(EAGAIN));
  }
  ps_message_release(settled->message);
  submit(2);
  settled = next();
  assert_non_null(settled->public.winner);
  ps_message_release(settled->message);
}

static bool first_is_narrow(unsigned wanted)
{
  return coordinator.shared.tallies[0].narrow == wanted;
}

static void expect_delivered_by(unsigned endpoint)
{
  struct ps_event *event = expect(POOLSEND_EVENT_DELIVERED);
  assert_int_equal(event->public.attempt->endpoint, endpoint);
  ps_message_release(event->message);
}

/* A pool of its own, in which a thread is made for each endpoint, and no more. */
static void start_with_kept_threads_alone(enum manner one, enum manner two, enum manner three)
{
  settings.owns_pool = true;
  settings.engine.probes = 1;
  start(ENDPOINTS * (SLOTS + 1), one, two, three);
  atomic_store(&no_threads, true);
}

static void endpoint_keeps_a_thread_though_others_hang_and_no_more_are_to_be_had(void **state)
{
  (void)state;
  settings.engine.events = POOLSEND_EVENT_DELIVERED;
  start_with_kept_threads_alone(HANGS, HANGS, ANSWERS);
  submit(0);
  submit(1);
  expect_delivered_by(2);
  expect_delivered_by(2);
  atomic_store(&no_threads, false);
  assert_true(count_all().threads_denied > 0);
  assert_int_equal(count_all().threads, ENDPOINTS);
}

static void attempt_that_finds_no_thread_waits_for_one_of_its_endpoint(void **state)
{
  (void)state;
  settings.engine.events = POOLSEND_EVENT_SETTLED;
  settings.engine.rule.endpoints = 1;
  endpoints[0].hedge_delay = LONG;
  start_with_kept_threads_alone(WAITS, WAITS, WAITS);
  submit(0);
  await_performance(0, 1);
  submit(1);
  submit(2);
  await(first_is_narrow, true);
  await(arrived_are, 0);
  release(0);
  for (int i = 0; i < 3; i++)
    expect_settled(i, 0);
  atomic_store(&no_threads, false);
  assert_int_equal(count_all().threads, 1);
}

static void thread_that_was_not_to_be_had_is_asked_for_once_a_second(void **state)
{
  (void)state;
  settings.engine.events = POOLSEND_EVENT_SETTLED;
  settings.engine.rule.endpoints = 1;
  settings.engine.run_ahead = 20;
  endpoints[0].hedge_delay = LONG;
  start_with_kept_threads_alone(WAITS, WAITS, WAITS);
  submit(0);
  await_performance(0, 1);
  ps_time began = ps_now();
  for (int i = 1; i < 20; i++) {
    submit(i);
    await(first_is_narrow, true);
    await(arrived_are, 0);
  }
  uint64_t denied = count_all().threads_denied;
  assert_true(denied >= 1);
  assert_true(denied <= 1 + (uint64_t)((ps_now() - began) / PS_SECOND));
  atomic_store(&no_threads, false);
  release(0);
  for (int i = 0; i < 20; i++)
    expect_settled(i, 0);
}

static void threads_are_asked_for_again_when_there_are_some(void **state)
{
  (void)state;
  settings.engine.events = POOLSEND_EVENT_DELIVERED;
  settings.engine.rule.endpoints = 1;
  endpoints[0].hedge_delay = LONG;
  start_with_kept_threads_alone(WAITS, WAITS, WAITS);
  submit(0);
  await_performance(0, 1);
  submit(1);
  await(first_is_narrow, true);
  atomic_store(&no_threads, false);
  await_performance(0, 2);
  release(0);
  expect_delivered_by(0);
  expect_delivered_by(0);
}

static void coordinator_without_a_thread_leaves_nothing_behind(void **state)
{
  (void)state;
  struct ps_runner runner = {.perform = perform, .prepare = prepare, .cancel = cancel, .is_unread = is_unread};
  pool = ps_pool_new(1);
  atomic_store(&no_threads, true);
  int result = ps_coordinator_start(&coordinator, &settings, &runner, pool);
  atomic_store(&no_threads, false);
  assert_int_equal(result, -EAGAIN);
}

/* The last two are launched in one step: the one slot is given back by each that finds no thread. */
static void hold_until_two_more_arrived(struct ps_effect effect)
{
  (void)effect;
  stage.decided = NULL;
  await(arrived_are, 2);
}

static void slot_of_a_launch_that_failed_goes_to_those_who_wait(void **state)
{
  (void)state;
  settings.engine.events = POOLSEND_EVENT_SETTLED;
  stage.decided = hold_until_two_more_arrived;
  start_narrow(ANSWERS, 2);
  atomic_store(&no_threads, true);
  submit(0);
  await(arrived_are, 0);
  submit(1);
  submit(2);
  for (int i = 0; i < 3; i++) {
    struct ps_event *settled = next();
    assert_int_equal(settled->public.attempt_count, 1);
    expect_account(&settled->public, 1, POOLSEND_FATE_UNREACHED, POOLSEND_REASON_LOCAL);
    ps_message_release(settled->message);
  }
  atomic_store(&no_threads, false);
}

/* ---- Permits go from attempt to attempt */

static void worker_takes_the_next_attempt_of_its_lane_without_the_pool(void **state)
{
  (void)state;
  settings.engine.events = POOLSEND_EVENT_SETTLED;
  start_narrow(WAITS, 4);
  for (int i = 0; i < 5; i++)
    submit(i);
  await(first_is_waited_for_by, 4);
  release(0);
  for (int i = 0; i < 5; i++)
    expect_settled(i, 0);
  assert_int_equal(stage.performed[0], 5);
  assert_int_equal(atomic_load(&pool_jobs), 1);
}

static void message_that_is_withdrawn_in_its_lane_lets_the_next_pass(void **state)
{
  (void)state;
  settings.engine.events = POOLSEND_EVENT_SETTLED;
  settings.engine.rule.max_time = HEDGE; /* ends those that wait */
  start_narrow(HANGS, 4);
  for (int i = 0; i < 3; i++)
    submit(i);
  for (int i = 0; i < 3; i++) {
    struct ps_event *settled = next();
    assert_int_equal(winner_of(settled), -1);
    assert_int_equal(settled->public.attempt_count + settled->public.not_tried_count, 1);
    ps_message_release(settled->message);
  }
  ps_mutex_lock(&coordinator.shared.mutex);
  unsigned left = coordinator.shared.lanes[0].slots.free;
  ps_mutex_unlock(&coordinator.shared.mutex);
  assert_int_equal(left, 1);
}

/* ---- Recall
 *
 * The second endpoint's slot is there, but its worker dawdles before the last check until the hedge delay has
 * passed. */

static void start_just_before_the_recall(struct ps_effect effect)
{
  if (effect.kind != PS_EFFECT_RECALL)
    return;
  stage.decided = NULL;
  let_the_second_start();
  await_performance(1, 1);
}

static void recall_of_an_attempt_that_has_started_unnoticed_tells_of_its_start(void **state)
{
  (void)state;
  settings.engine.events = POOLSEND_EVENT_DELIVERED;
  stage.second_held_back = true;
  stage.decided = start_just_before_the_recall;
  give_threads_time();
  start(3, HANGS, HANGS, ANSWERS);
  submit(1);
  struct ps_event *delivered = expect(POOLSEND_EVENT_DELIVERED);
  assert_int_equal(delivered->public.attempt->number, 3);
  assert_int_equal(delivered->public.attempt->endpoint, 2);
  assert_int_equal(delivered->public.pending_count, 2);
  ps_message_release(delivered->message);
}

static bool was_recalled; /* coordinator thread only */

static void start_just_after_the_recall(struct ps_effect effect)
{
  if (effect.kind == PS_EFFECT_RECALL)
    was_recalled = true;
  else if (was_recalled)
    let_the_second_start();
}

static void recalled_attempt_does_not_start_and_gives_its_slot_back(void **state)
{
  (void)state;
  settings.engine.events = POOLSEND_EVENT_START | POOLSEND_EVENT_DELIVERED;
  stage.second_held_back = true;
  was_recalled = false;
  stage.decided = start_just_after_the_recall;
  give_threads_time();
  start(3, HANGS, ANSWERS, ANSWERS);
  submit(1);
  expect_attempt(POOLSEND_EVENT_START, 1, 0);
  expect_attempt(POOLSEND_EVENT_START, 2, 2);
  expect_attempt(POOLSEND_EVENT_DELIVERED, 2, 2);
  await(second_has_free, SLOTS);
  assert_int_equal(stage.performed[1], 0);
}

/* So a start's time is never later than that of a success which it did not see. */
static void attempt_does_not_start_if_its_message_is_closed_while_its_start_is_timed(void **state)
{
  (void)state;
  settings.engine.events = POOLSEND_EVENT_SETTLED;
  settings.engine.rule.endpoints = 2;
  stage.closes_second = true;
  start(2, WAITS, ANSWERS, ANSWERS);
  submit(1);
  ps_mutex_lock(&stage.mutex);
  while (!stage.was_closing)
    ps_cond_wait(&stage.changed, &stage.mutex, PS_NEVER);
  ps_mutex_unlock(&stage.mutex);
  release(0);
  struct ps_event *settled = expect(POOLSEND_EVENT_SETTLED);
  assert_int_equal(settled->public.attempt_count, 1);
  assert_int_equal(winner_of(settled), 0);
  assert_int_equal(stage.performed[1], 0);
  ps_message_release(settled->message);
}

static void success_is_timed_after_its_message_was_closed(void **state)
{
  (void)state;
  settings.engine.events = POOLSEND_EVENT_SETTLED;
  settings.engine.rule.endpoints = 1;
  endpoints[0].hedge_delay = LONG;
  atomic_store(&was_closed, -1);
  start(1, ACCEPTS, ACCEPTS, ACCEPTS);
  submit(1);
  await_performance(0, 1);
  assert_int_equal(atomic_load(&was_closed), true);
  release(0);
  ps_message_release(expect(POOLSEND_EVENT_SETTLED)->message);
}

static void message_passes_over_an_endpoint_that_has_no_slot(void **state)
{
  (void)state;
  settings.engine.events = POOLSEND_EVENT_DELIVERED;
  endpoints[1].slots = 1;
  give_threads_time();
  start(2 * SLOTS, HANGS, HANGS, ANSWERS);
  submit(1);
  expect_attempt(POOLSEND_EVENT_DELIVERED, 3, 2);
  submit(2);
  expect_attempt(POOLSEND_EVENT_DELIVERED, 2, 2);
  assert_int_equal(stage.performed[1], 1);
}

/* ---- Cancel */

static void slot_is_cancelled_for_its_present_user_alone(void **state)
{
  (void)state;
  static const char former, present;
  struct ps_slot *slot = stage.slots[0][0];
  int ends[2];
  char byte;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  slot->shared.sockets[slot->shared.count++] = (struct ps_slot_socket){.fd = ends[0]};
  ps_slot_rearm(slot, &former);
  ps_slot_rearm(slot, &present);
  ps_slot_cancel(slot, &former, PS_END_CANCELLED);
  assert_false(ps_slot_is_cancelled(slot));
  assert_int_equal(recv(ends[1], &byte, 1, MSG_DONTWAIT), -1);
  ps_slot_cancel(slot, &present, PS_END_CANCELLED);
  assert_true(ps_slot_is_cancelled(slot));
  assert_int_equal(recv(ends[1], &byte, 1, MSG_DONTWAIT), 0);
  ps_slot_rearm(slot, &former);
  assert_false(ps_slot_is_cancelled(slot));
  slot->shared.count = 0;
  close(ends[0]);
  close(ends[1]);
}

static void slot_keeps_the_first_reason_it_was_cancelled_for(void **state)
{
  (void)state;
  static const char user;
  struct ps_slot *slot = stage.slots[0][0];
  ps_slot_rearm(slot, &user);
  assert_int_equal(ps_slot_cancelled(slot), PS_END_COMPLETE);
  ps_slot_cancel(slot, &user, PS_END_TIMEOUT);
  ps_slot_cancel(slot, &user, PS_END_CANCELLED);
  assert_int_equal(ps_slot_cancelled(slot), PS_END_TIMEOUT);
  ps_slot_rearm(slot, &user);
  assert_int_equal(ps_slot_cancelled(slot), PS_END_COMPLETE);
}

static void slot_is_readable_while_bytes_or_an_end_wait_for_its_present_user(void **state)
{
  (void)state;
  static const char former, present;
  struct ps_slot *slot = stage.slots[0][0];
  int ends[2];
  char byte = 'x';
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  ps_slot_rearm(slot, &present);
  assert_false(ps_slot_is_readable(slot, &present));
  slot->shared.sockets[slot->shared.count++] = (struct ps_slot_socket){.fd = ends[0]};
  assert_false(ps_slot_is_readable(slot, &present));
  assert_int_equal(send(ends[1], &byte, 1, 0), 1);
  assert_true(ps_slot_is_readable(slot, &present));
  assert_false(ps_slot_is_readable(slot, &former));
  assert_int_equal(recv(ends[0], &byte, 1, 0), 1);
  assert_false(ps_slot_is_readable(slot, &present));
  close(ends[1]);
  assert_true(ps_slot_is_readable(slot, &present));
  slot->shared.count = 0;
  close(ends[0]);
}

static bool next_was_touched; /* coordinator thread only, until it has ended */

static void let_the_next_take_over(struct ps_attempt *attempt)
{
  (void)attempt;
  stage.before_cancel = NULL;
  release_some(0, 1);
  await_performance(0, 2);
}

static void look_at_the_next(struct ps_attempt *attempt)
{
  stage.after_cancel = NULL;
  next_was_touched = ps_slot_is_cancelled(attempt->slot);
}

static void cancel_of_an_attempt_that_has_just_finished_leaves_the_next_alone(void **state)
{
  (void)state;
  settings.engine.events = POOLSEND_EVENT_SETTLED;
  stage.before_cancel = let_the_next_take_over;
  stage.after_cancel = look_at_the_next;
  next_was_touched = true;
  settings.engine.rule.max_time = 2 * PS_SECOND; /* which ends the first, and the second a while later */
  start_narrow(WAITS, 1);
  submit(1);
  await_performance(0, 1);
  for (ps_time later = ps_now() + PS_SECOND; ps_now() < later;)
    sched_yield();
  submit(2);
  await(first_is_waited_for_by, 1);
  struct ps_event *first = expect(POOLSEND_EVENT_SETTLED);
  assert_int_equal(winner_of(first), 0);
  ps_message_release(first->message);
  struct ps_event *second = expect(POOLSEND_EVENT_SETTLED);
  expect_account(&second->public, 1, POOLSEND_FATE_UNKNOWN, POOLSEND_REASON_CANCELLED);
  ps_message_release(second->message);
  stop_coordinator(state);
  assert_false(next_was_touched);
}

/* ---- Room */

struct submission {
  pthread_t thread;
  ps_time deadline;
  int result;
};

static void *submit_one(void *argument)
{
  struct submission *submission = argument;
  submission->result = try_to_submit(50, submission->deadline);
  return NULL;
}

/* On a thread of its own, which waits for room when this returns. */
static void submit_and_wait(struct submission *submission)
{
  submission->deadline = ps_now() + TOO_LONG;
  assert_int_equal(pthread_create(&submission->thread, NULL, submit_one, submission), 0);
  await(submitters_are, 1);
}

/* It comes because somebody woke the submitter, and not because time was up. */
static int result_of(struct submission *submission)
{
  ps_thread_join(submission->thread);
  assert_true(ps_now() < submission->deadline);
  return submission->result;
}

static void message_is_taken_up_as_far_as_its_first_endpoint_can_take_it_soon(void **state)
{
  (void)state;
  endpoints[0].hedge_delay = LONG;
  start(SLOTS, HANGS, HANGS, HANGS);
  for (int i = 0; i < SLOTS + 2; i++)
    submit(i);
  expect_no_room();
  await(first_is_waited_for_by, 2);
  expect_no_room();
  assert_int_equal(count_all().pending, SLOTS + 2);
}

/* While message 0 is decided on, 1 arrives; 1 is not decided on before the test has looked. */
static void hold_until_the_second_is_released(struct ps_effect effect)
{
  if (effect.kind != PS_EFFECT_START)
    return;
  ps_mutex_lock(&stage.mutex);
  while (!stage.released[1])
    ps_cond_wait(&stage.changed, &stage.mutex, PS_NEVER);
  ps_mutex_unlock(&stage.mutex);
}

static void hold_each_start(struct ps_effect effect)
{
  if (effect.kind != PS_EFFECT_START)
    return;
  stage.decided = hold_until_the_second_is_released;
  await(arrived_are, 1);
}

static void message_that_has_arrived_takes_its_room_though_nobody_has_looked(void **state)
{
  (void)state;
  stage.decided = hold_each_start;
  start_narrow(HANGS, 1);
  submit(0);
  await(arrived_are, 0);
  submit(1);
  await(arrived_are, 0);
  int result = try_to_submit(2, 0);
  release(1);
  assert_int_equal(result, POOLSEND_TIMEOUT);
}

static void submitter_waits_until_its_deadline(void **state)
{
  (void)state;
  start_narrow(HANGS, 0);
  submit(1);
  ps_time deadline = ps_now() + HEDGE;
  assert_int_equal(try_to_submit(2, deadline), POOLSEND_TIMEOUT);
  assert_true(ps_now() >= deadline);
}

static void submitter_is_woken_when_room_comes(void **state)
{
  (void)state;
  struct submission submission;
  settings.engine.events = POOLSEND_EVENT_SETTLED;
  start_narrow(WAITS, 0);
  submit(1);
  submit_and_wait(&submission);
  release_some(0, 1);
  assert_int_equal(result_of(&submission), 0);
  release(0);
  expect_settled(1, 0);
  expect_settled(50, 0);
}

static void settled_event_that_nobody_fetches_holds_up_new_messages(void **state)
{
  (void)state;
  settings.engine.events = POOLSEND_EVENT_SETTLED;
  settings.max_pending = 2;
  start(SLOTS, ANSWERS, ANSWERS, ANSWERS);
  submit(1);
  submit(2);
  await(events_are, 2);
  expect_no_room();
  assert_int_equal(count_all().pending, 2);
  ps_message_release(next()->message);
  submit(3);
  expect_no_room();
}

static void submitter_is_woken_when_the_event_that_held_it_up_is_fetched(void **state)
{
  (void)state;
  struct submission submission;
  settings.engine.events = POOLSEND_EVENT_SETTLED;
  settings.max_pending = 1;
  start(SLOTS, ANSWERS, ANSWERS, ANSWERS);
  submit(1);
  await(events_are, 1);
  submit_and_wait(&submission);
  expect_settled(1, 0);
  assert_int_equal(result_of(&submission), 0);
}

static void in_order_takes_up_one_message_at_a_time(void **state)
{
  (void)state;
  settings.engine.events = POOLSEND_EVENT_SETTLED;
  settings.in_order = true;
  endpoints[0].hedge_delay = LONG;
  start(SLOTS, WAITS, HANGS, HANGS);
  submit(1);
  expect_no_room();
  await_performance(0, 1);
  expect_no_room();
  release(0);
  await(events_are, 1);
  expect_no_room();
  expect_settled(1, 0);
  submit(2);
  expect_settled(2, 0);
}

/* ---- Drain */

static void drained_coordinator_takes_up_nothing_and_tells_the_end(void **state)
{
  (void)state;
  settings.engine.events = POOLSEND_EVENT_SETTLED;
  start_narrow(WAITS, 0);
  submit(1);
  ps_coordinator_drain(&coordinator, PS_NEVER);
  assert_int_equal(try_to_submit(2, PS_NEVER), POOLSEND_CLOSED);
  expect_nothing_more();
  release(0);
  expect_settled(1, 0);
  expect_the_end();
  expect_the_end();
  assert_int_equal(try_to_submit(3, 0), POOLSEND_CLOSED);
}

static void drain_sends_waiting_submitters_away(void **state)
{
  (void)state;
  struct submission submission;
  start_narrow(HANGS, 0);
  submit(1);
  submit_and_wait(&submission);
  ps_coordinator_drain(&coordinator, PS_NEVER);
  assert_int_equal(result_of(&submission), POOLSEND_CLOSED);
}

static void *fetch_one(void *argument)
{
  struct ps_event *event;
  *(int *)argument = next_event(&coordinator, PS_NEVER, &event);
  return NULL;
}

static void drain_sends_waiting_fetchers_away(void **state)
{
  (void)state;
  pthread_t thread;
  int result = 0;
  start_narrow(HANGS, 0);
  assert_int_equal(pthread_create(&thread, NULL, fetch_one, &result), 0);
  await(fetchers_are, 1);
  ps_coordinator_drain(&coordinator, PS_NEVER);
  ps_thread_join(thread);
  assert_int_equal(result, POOLSEND_CLOSED);
}

/* The limit that counts is the earliest that was set. */
static void drain_cancels_what_has_not_settled_at_its_limit(void **state)
{
  static const struct {
    ps_time first, second; /* from now */
  } cases[] = {{0, LONG}, {LONG, 0}, {HEDGE, PS_NEVER}, {PS_NEVER, HEDGE}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    settings.engine.events = POOLSEND_EVENT_SETTLED;
    start_narrow(HANGS, 1);
    submit(1);
    submit(2);
    await(first_is_waited_for_by, 1);
    ps_coordinator_drain(&coordinator, ps_after(ps_now(), cases[i].first));
    ps_coordinator_drain(&coordinator, ps_after(ps_now(), cases[i].second));
    size_t attempts = 0;
    for (int j = 0; j < 2; j++) {
      struct ps_event *settled = expect(POOLSEND_EVENT_SETTLED);
      assert_int_equal(winner_of(settled), -1);
      attempts += settled->public.attempt_count;
      ps_message_release(settled->message);
    }
    assert_int_equal(attempts, stage.ended);
    expect_the_end();
    stop_coordinator(state);
    stage.ended = 0;
  }
}

/* ---- Stop */

static void event_is_waited_for_until_its_deadline(void **state)
{
  (void)state;
  struct ps_event *event;
  start(1, ANSWERS, ANSWERS, ANSWERS);
  ps_time deadline = ps_now() + HEDGE;
  assert_int_equal(next_event(&coordinator, deadline, &event), POOLSEND_TIMEOUT);
  assert_null(event);
  assert_true(ps_now() >= deadline);
}

#define HELD 6

/* More messages than slots: some attempts run, some wait for one. */
static void stop_settles_every_message(void **state)
{
  struct ps_message *held[HELD];
  settings.engine.events = POOLSEND_EVENT_START | POOLSEND_EVENT_SETTLED;
  start(ENDPOINTS * SLOTS, HANGS, HANGS, HANGS);
  for (int i = 0; i < HELD; i++) {
    held[i] = new_message(i);
    assert_non_null(held[i]);
    ps_message_hold(held[i]);
    assert_int_equal(ps_coordinator_submit(&coordinator, held[i], 0), 0);
  }
  for (int i = 0; i < SLOTS + 1; i++)
    ps_message_release(expect(POOLSEND_EVENT_START)->message);
  stop_coordinator(state);
  size_t attempts = 0;
  for (int i = 0; i < HELD; i++) {
    assert_true(held[i]->delivery.settled);
    assert_int_equal(held[i]->settled.public.kind, POOLSEND_EVENT_SETTLED);
    attempts += held[i]->settled.public.attempt_count;
    ps_message_release(held[i]);
  }
  assert_true(attempts > SLOTS);
  assert_int_equal(attempts, stage.ended);
}

static void message_submitted_just_before_the_stop_settles_too(void **state)
{
  for (int i = 0; i < 50; i++) {
    start(2, HANGS, HANGS, HANGS);
    struct ps_message *message = new_message(i);
    assert_non_null(message);
    ps_message_hold(message);
    assert_int_equal(ps_coordinator_submit(&coordinator, message, 0), 0);
    stop_coordinator(state);
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
    if (try_to_submit(first + i, PS_NEVER))
      return argument;
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
  assert_int_equal(book->delivered[number], event->winner != NULL);
  book->settled[number]++;
  book->all_settled++;
  book->attempts += event->attempt_count;
}

static void each_of_many_messages_from_several_threads_settles_once(void **state)
{
  static struct book book;
  settings.engine.probes = PROBES;
  settings.max_pending = 24;
  pthread_t threads[SUBMITTERS];
  int firsts[SUBMITTERS];
  settings.engine.rule.settle = settings.engine.rule.answer_wait = HEDGE;
  settings.engine.events = POOLSEND_EVENT_DELIVERED | POOLSEND_EVENT_SETTLED;
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
  ps_coordinator_drain(&coordinator, PS_NEVER);
  expect_the_end();
  struct ps_counts counts = count_all();
  assert_int_equal(counts.started, book.attempts);
  assert_int_equal(counts.finished, book.attempts);
  assert_int_equal(counts.pending, 0);
  stop_coordinator(state);
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
      SENTENCE(endpoint_keeps_a_thread_though_others_hang_and_no_more_are_to_be_had),
      SENTENCE(attempt_that_finds_no_thread_waits_for_one_of_its_endpoint),
      SENTENCE(thread_that_was_not_to_be_had_is_asked_for_once_a_second),
      SENTENCE(threads_are_asked_for_again_when_there_are_some),
      SENTENCE(coordinator_without_a_thread_leaves_nothing_behind),
      SENTENCE(slot_of_a_launch_that_failed_goes_to_those_who_wait),
      SENTENCE(worker_takes_the_next_attempt_of_its_lane_without_the_pool),
      SENTENCE(message_that_is_withdrawn_in_its_lane_lets_the_next_pass),
      SENTENCE(recall_of_an_attempt_that_has_started_unnoticed_tells_of_its_start),
      SENTENCE(recalled_attempt_does_not_start_and_gives_its_slot_back),
      SENTENCE(attempt_does_not_start_if_its_message_is_closed_while_its_start_is_timed),
      SENTENCE(success_is_timed_after_its_message_was_closed),
      SENTENCE(message_passes_over_an_endpoint_that_has_no_slot),
      SENTENCE(slot_is_cancelled_for_its_present_user_alone),
      SENTENCE(slot_keeps_the_first_reason_it_was_cancelled_for),
      SENTENCE(slot_is_readable_while_bytes_or_an_end_wait_for_its_present_user),
      SENTENCE(cancel_of_an_attempt_that_has_just_finished_leaves_the_next_alone),
      SENTENCE(message_is_taken_up_as_far_as_its_first_endpoint_can_take_it_soon),
      SENTENCE(message_that_has_arrived_takes_its_room_though_nobody_has_looked),
      SENTENCE(submitter_waits_until_its_deadline),
      SENTENCE(submitter_is_woken_when_room_comes),
      SENTENCE(settled_event_that_nobody_fetches_holds_up_new_messages),
      SENTENCE(submitter_is_woken_when_the_event_that_held_it_up_is_fetched),
      SENTENCE(in_order_takes_up_one_message_at_a_time),
      SENTENCE(drained_coordinator_takes_up_nothing_and_tells_the_end),
      SENTENCE(drain_sends_waiting_submitters_away),
      SENTENCE(drain_sends_waiting_fetchers_away),
      SENTENCE(drain_cancels_what_has_not_settled_at_its_limit),
      SENTENCE(event_is_waited_for_until_its_deadline),
      SENTENCE(stop_settles_every_message),
      SENTENCE(message_submitted_just_before_the_stop_settles_too),
      SENTENCE(each_of_many_messages_from_several_threads_settles_once),
  };
  curl_global_init(CURL_GLOBAL_DEFAULT);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  curl_global_cleanup();
  return failed;
}
