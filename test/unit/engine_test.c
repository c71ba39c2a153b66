/* The engine between its facts and its host, under virtual time: what the simulation checks at random, here by name.
 * Times are milliseconds. Nobody tells the engine of starts or of headers, unless it must be told. */
#include "engine/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#define MS(count) ((ps_time)(count)*PS_MILLISECOND)
#define ENDPOINTS 2
#define LAUNCHES  1024
#define SLOTS     4
#define ENOUGH    120 /* answers, for a percentile */

static struct ps_engine_endpoint endpoints[ENDPOINTS];
static struct ps_engine_settings settings;
static struct ps_engine engine;
static struct ps_stock stock;

/* What the engine has asked for and told. */
static struct {
  ps_time delays[ENDPOINTS];
  struct ps_attempt *launched[LAUNCHES];
  unsigned launches;
  struct ps_attempt *cancelled;
  enum ps_ending why;
  const struct ps_attempt *unread;
  ps_time deadline; /* of the step before */
  unsigned delivered, settled;
} host;

static void set_delay(void *context, unsigned endpoint, ps_time delay)
{
  (void)context;
  host.delays[endpoint] = delay;
}

static void launch(void *context, struct ps_attempt *attempt)
{
  (void)context;
  assert_true(host.launches < LAUNCHES);
  host.launched[host.launches++] = attempt;
}

static void recall(void *context, struct ps_attempt *attempt)
{
  (void)context;
  attempt->recalled = true;
}

static bool promote(void *context, struct ps_attempt *attempt)
{
  (void)context;
  (void)attempt;
  return false;
}

static void cancel(void *context, struct ps_attempt *attempt, enum ps_ending why)
{
  (void)context;
  host.cancelled = attempt;
  host.why = why;
}

static bool is_unread(void *context, struct ps_attempt *attempt)
{
  (void)context;
  return attempt == host.unread;
}

static void tell(void *context, struct ps_event *event)
{
  (void)context;
  host.delivered += event->public.kind == POOLSEND_EVENT_DELIVERED;
  host.settled += event->public.kind == POOLSEND_EVENT_SETTLED;
  ps_message_release(event->message);
}

static int fresh(void **state)
{
  (void)state;
  host.launches = host.delivered = host.settled = 0;
  host.cancelled = NULL;
  host.unread = NULL;
  for (unsigned i = 0; i < ENDPOINTS; i++)
    endpoints[i] = (struct ps_engine_endpoint){
        .name = "e", .url = "u", .slots = SLOTS, .hedge_delay = PS_SECOND, .attempt_timeout = PS_NEVER};
  settings = (struct ps_engine_settings){
      .rule = {.endpoints = ENDPOINTS,
               .settle = MS(60000),
               .body_wait = MS(60000),
               .answer_wait = MS(60000),
               .max_time = PS_NEVER,
               .retry_max_time = PS_NEVER},
      .endpoints = endpoints,
      .events = POOLSEND_EVENT_DELIVERED | POOLSEND_EVENT_SETTLED,
      .hedge_budget = -1,
      .run_ahead = 64,
  };
  ps_stock_init(&stock, ENDPOINTS, 1);
  return 0;
}

static void start_engine(void)
{
  struct ps_engine_host functions = {set_delay, launch, recall, promote, cancel, is_unread, tell, NULL};
  assert_int_equal(ps_engine_init(&engine, &settings, &functions), 0);
}

static void step(int ms)
{
  host.deadline = ps_engine_step(&engine, MS(ms));
}

/* The attempt that it is launched with. */
static struct ps_attempt *admit(int ms)
{
  unsigned before = host.launches;
  struct ps_message *message = ps_message_new(&stock, "m");
  assert_non_null(message);
  assert_int_equal(ps_engine_reserve(&engine), 0);
  ps_engine_admit(&engine, message, MS(ms));
  step(ms);
  assert_int_equal(host.launches, before + 1);
  return host.launched[before];
}

static void begin(int ms, struct ps_attempt *attempt)
{
  assert_true(ps_message_start_attempt(attempt, host.delays[attempt->endpoint], MS(ms)));
}

/* Whether the engine must be told. */
static bool accept(int ms, struct ps_attempt *attempt)
{
  atomic_store(&attempt->message->closed, true);
  return ps_message_accept_attempt(attempt, 200, MS(ms));
}

static void finish(int ms, struct ps_attempt *attempt, enum poolsend_fate fate, enum poolsend_reason reason)
{
  attempt->outcome.verdict = (struct ps_verdict){fate, reason};
  attempt->outcome.status = fate == POOLSEND_FATE_DELIVERED ? 200 : 0;
  attempt->ended.when = MS(ms);
  ps_engine_notice(&engine, &attempt->ended);
}

static void succeed(int ms, struct ps_attempt *attempt)
{
  finish(ms, attempt, POOLSEND_FATE_DELIVERED, POOLSEND_REASON_OK);
  step(ms);
}

static void time_out(int ms, struct ps_attempt *attempt)
{
  finish(ms, attempt, POOLSEND_FATE_UNKNOWN, POOLSEND_REASON_TIMEOUT);
  step(ms);
}

/* Every message comes to its end, whatever it has been about. */
static void end(int ms)
{
  ps_engine_interrupt(&engine, UINT64_MAX);
  step(ms);
  for (unsigned i = 0; i < host.launches; i++) {
    struct ps_attempt *attempt = host.launched[i];
    if (attempt && attempt->view.number && attempt->view.finished < 0)
      finish(ms, attempt, POOLSEND_FATE_UNKNOWN, POOLSEND_REASON_CANCELLED);
    else if (attempt && !attempt->view.number) {
      attempt->ended.kind = PS_NOTICE_WITHDRAWN;
      attempt->ended.when = MS(ms);
      ps_engine_notice(&engine, &attempt->ended);
    }
  }
  step(ms);
  assert_int_equal(engine.message_count, 0);
  ps_engine_fini(&engine);
  ps_stock_fini(&stock);
}

/* So many messages are answered at once, so that the percentile is as small as it can be. */
static void answer_many(int ms)
{
  for (unsigned i = 0; i < ENOUGH; i++) {
    struct ps_attempt *attempt = admit(ms);
    begin(ms, attempt);
    host.launched[host.launches - 1] = NULL; /* it is gone when it has ended */
    succeed(ms, attempt);
  }
  step(ms);
  host.delivered = host.settled = 0;
}

/* An attempt that was launched when the hedge delay was a second, and waits while it becomes 10 ms. */
static struct ps_attempt *launch_before_the_delay_shrinks(void)
{
  for (unsigned i = 0; i < ENDPOINTS; i++)
    endpoints[i].hedge_permille = 950;
  start_engine();
  struct ps_attempt *attempt = admit(1000);
  assert_int_equal(host.delays[0], MS(1000));
  answer_many(1000);
  assert_int_equal(host.delays[0], MS(10));
  return attempt;
}

/* ---- A hedge delay that shrinks */

static void silent_attempt_launched_before_is_followed_by_the_next_after_the_shorter_delay(void **state)
{
  (void)state;
  struct ps_attempt *attempt = launch_before_the_delay_shrinks();
  begin(1003, attempt);
  assert_true(host.deadline <= MS(1013));
  unsigned before = host.launches;
  for (int ms = 1010; ms <= 1013; ms++)
    if (host.deadline <= MS(ms)) {
      assert_int_equal(host.launches, before);
      step(ms);
    }
  assert_int_equal(host.launches, before + 1);
  assert_int_equal(host.launched[before]->endpoint, 1);
  end(1013);
}

static void win_of_an_attempt_launched_before_is_told_the_shorter_delay_after_its_header(void **state)
{
  (void)state;
  struct ps_attempt *attempt = launch_before_the_delay_shrinks();
  begin(1003, attempt);
  assert_false(accept(1008, attempt));
  for (int ms = 1010; ms <= 1018; ms++)
    if (host.deadline <= MS(ms)) {
      assert_int_equal(host.delivered, 0);
      step(ms);
    }
  assert_int_equal(host.delivered, 1);
  end(1018);
}

static void header_that_comes_after_the_shorter_delay_must_be_told(void **state)
{
  (void)state;
  struct ps_attempt *attempt = launch_before_the_delay_shrinks();
  begin(1003, attempt);
  assert_true(accept(1013, attempt));
  end(1013);
}

static void delay_of_an_attempt_that_has_started_does_not_shrink(void **state)
{
  (void)state;
  for (unsigned i = 0; i < ENDPOINTS; i++)
    endpoints[i].hedge_permille = 950;
  start_engine();
  struct ps_attempt *attempt = admit(1000);
  begin(1000, attempt);
  answer_many(1000);
  unsigned before = host.launches;
  step(1999);
  assert_int_equal(host.launches, before);
  step(2000);
  assert_int_equal(host.launches, before + 1);
  end(2000);
}

static void hedge_waits_for_a_slot_no_longer_than_the_shorter_delay(void **state)
{
  (void)state;
  for (unsigned i = 0; i < ENDPOINTS; i++)
    endpoints[i].hedge_permille = 950;
  endpoints[0].hedge_permille = 0;
  endpoints[0].hedge_delay = MS(5);
  start_engine();
  struct ps_attempt *first = admit(1000);
  begin(1000, first);
  step(1005);
  struct ps_attempt *hedge = host.launched[1];
  assert_int_equal(hedge->endpoint, 1);
  assert_true(host.deadline > MS(1100));
  for (unsigned i = 0; i < ENOUGH; i++) { /* others go there because the first fails them */
    struct ps_attempt *attempt = admit(1006);
    begin(1006, attempt);
    finish(1006, attempt, POOLSEND_FATE_UNREACHED, POOLSEND_REASON_CONNECT);
    host.launched[host.launches - 1] = NULL;
    step(1006);
    attempt = host.launched[host.launches - 1];
    begin(1006, attempt);
    host.launched[host.launches - 1] = NULL;
    succeed(1006, attempt);
  }
  step(1007);
  assert_int_equal(host.delays[1], MS(10));
  assert_true(host.deadline <= MS(1015));
  step(1015);
  assert_true(hedge->recalled);
  end(1015);
}

/* ---- An attempt's own time */

static void attempt_whose_time_is_up_is_ended_as_timed_out(void **state)
{
  (void)state;
  endpoints[0].attempt_timeout = MS(300);
  start_engine();
  struct ps_attempt *attempt = admit(1000);
  begin(1000, attempt);
  assert_true(host.deadline <= MS(1300));
  step(1300);
  assert_ptr_equal(host.cancelled, attempt);
  assert_int_equal(host.why, PS_END_TIMEOUT);
  time_out(1301, attempt);
  assert_int_equal(host.launches, 2); /* it has failed */
  end(1301);
}

static void attempt_that_times_out_is_a_miss_and_one_that_is_cancelled_is_none(void **state)
{
  (void)state;
  settings.probes = PS_HEALTH_PROBES;
  start_engine();
  struct ps_attempt *attempt = admit(1000);
  begin(1000, attempt);
  finish(1001, attempt, POOLSEND_FATE_UNKNOWN, POOLSEND_REASON_CANCELLED);
  assert_int_equal(engine.lanes[0].health.misses, 0);
  end(1001);
  fresh(NULL);
  settings.probes = PS_HEALTH_PROBES;
  start_engine();
  attempt = admit(1000);
  begin(1000, attempt);
  finish(1001, attempt, POOLSEND_FATE_UNKNOWN, POOLSEND_REASON_TIMEOUT);
  assert_int_equal(engine.lanes[0].health.misses, 1);
  end(1001);
}

/* ---- A process that was stopped */

static void nothing_starts_while_an_answer_lies_unread(void **state)
{
  (void)state;
  start_engine();
  struct ps_attempt *attempt = admit(1000);
  begin(1000, attempt);
  host.unread = attempt;
  step(61000);
  assert_int_equal(host.launches, 1);
  assert_true(host.deadline <= MS(61010));
  host.unread = NULL; /* it is being read */
  step(61010);
  assert_int_equal(host.launches, 1);
  assert_true(accept(61011, attempt));
  ps_engine_notice(&engine, &attempt->accepted);
  succeed(61011, attempt);
  assert_int_equal(host.launches, 1);
  assert_int_equal(host.settled, 1);
  host.launched[0] = NULL;
  end(61011);
}

static void what_was_told_before_the_engine_looked_counts(void **state)
{
  (void)state;
  start_engine();
  struct ps_attempt *attempt = admit(1000);
  begin(1000, attempt);
  accept(61000, attempt);
  step(61000);
  assert_int_equal(host.launches, 1);
  end(61000);
}

static void silence_starts_the_next_when_nothing_lies_unread(void **state)
{
  (void)state;
  start_engine();
  begin(1000, admit(1000));
  step(61000);
  step(61010);
  assert_int_equal(host.launches, 2);
  end(61010);
}

static void attempt_whose_answer_lies_unread_does_not_open_the_breaker(void **state)
{
  (void)state;
  settings.probes = PS_HEALTH_PROBES;
  endpoints[0].slots = 1;
  start_engine();
  struct ps_attempt *attempt = admit(1000);
  begin(1000, attempt);
  host.unread = attempt;
  step(61000);
  assert_false(ps_engine_is_avoided(&engine, 0));
  succeed(61001, attempt);
  assert_false(ps_engine_is_avoided(&engine, 0));
  host.launched[0] = NULL;
  end(61001);
}

#define SENTENCE(name) cmocka_unit_test_setup(name, fresh)

int main(void)
{
  const struct CMUnitTest sentences[] = {
      SENTENCE(silent_attempt_launched_before_is_followed_by_the_next_after_the_shorter_delay),
      SENTENCE(win_of_an_attempt_launched_before_is_told_the_shorter_delay_after_its_header),
      SENTENCE(header_that_comes_after_the_shorter_delay_must_be_told),
      SENTENCE(delay_of_an_attempt_that_has_started_does_not_shrink),
      SENTENCE(hedge_waits_for_a_slot_no_longer_than_the_shorter_delay),
      SENTENCE(attempt_whose_time_is_up_is_ended_as_timed_out),
      SENTENCE(attempt_that_times_out_is_a_miss_and_one_that_is_cancelled_is_none),
      SENTENCE(nothing_starts_while_an_answer_lies_unread),
      SENTENCE(what_was_told_before_the_engine_looked_counts),
      SENTENCE(silence_starts_the_next_when_nothing_lies_unread),
      SENTENCE(attempt_whose_answer_lies_unread_does_not_open_the_breaker),
  };
  return cmocka_run_group_tests(sentences, NULL, NULL);
}
