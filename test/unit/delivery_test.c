/* The delivery rule, point by point, under virtual time. Times are milliseconds. */
#include "core/delivery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MS(count) ((ps_time)(count)*PS_MILLISECOND)
#define MOST      4

static ps_time second_each[MOST] = {PS_SECOND, PS_SECOND, PS_SECOND, PS_SECOND};
static ps_time none_each[MOST] = {PS_NEVER, PS_NEVER, PS_NEVER, PS_NEVER};

static ps_time changing[MOST], timeouts[MOST];
static enum ps_way ways[MOST];
static struct ps_budget budget;

static struct ps_delivery_rule rule;
static bool keyed;
static struct ps_delivery delivery;
static struct ps_track tracks[MOST];

static int fresh_rule(void **state)
{
  (void)state;
  keyed = true;
  for (int i = 0; i < MOST; i++) {
    changing[i] = PS_SECOND;
    timeouts[i] = PS_NEVER;
    ways[i] = PS_WAY_FREE;
  }
  rule = (struct ps_delivery_rule){
      .endpoints = 3,
      .hedge_delay = second_each,
      .ways = ways,
      .settle = MS(60000),
      .body_wait = MS(60000),
      .answer_wait = MS(60000),
      .max_time = PS_NEVER,
      .retry_max_time = PS_NEVER,
  };
  return 0;
}

static void take_up(void)
{
  ps_delivery_init(&delivery, &rule, tracks, keyed, 1, 0);
}

/* ---- Expectations: the next effect at a time */

static void expect(int ms, enum ps_effect_kind kind, unsigned endpoint)
{
  struct ps_effect effect = ps_delivery_decide(&delivery, MS(ms));
  assert_int_equal(effect.kind, kind);
  assert_int_equal(effect.endpoint, endpoint);
}

static void expect_wait_until(int ms, ps_time until)
{
  struct ps_effect effect = ps_delivery_decide(&delivery, MS(ms));
  assert_int_equal(effect.kind, PS_EFFECT_WAIT);
  assert_int_equal(effect.until, until);
}

static void expect_wait(int ms)
{
  assert_int_equal(ps_delivery_decide(&delivery, MS(ms)).kind, PS_EFFECT_WAIT);
}

/* With the hedge delay that the endpoint has then. */
static void begin(int ms, unsigned endpoint)
{
  ps_delivery_started(&delivery, endpoint, rule.hedge_delay[endpoint], MS(ms));
}

static void expect_start(int ms, unsigned endpoint)
{
  expect(ms, PS_EFFECT_START, endpoint);
  begin(ms, endpoint);
}

/* Asked for, and no word of a start. */
static void expect_asked(int ms, unsigned endpoint)
{
  expect(ms, PS_EFFECT_START, endpoint);
}

static void expect_recall(int ms, unsigned endpoint)
{
  expect(ms, PS_EFFECT_RECALL, endpoint);
  ps_delivery_withdrawn(&delivery, endpoint, MS(ms));
}

static void expect_win(int ms, unsigned endpoint)
{
  expect(ms, PS_EFFECT_DELIVERED, endpoint);
  expect(ms, PS_EFFECT_CLOSE, 0);
}

static void expect_settled(int ms, int winner)
{
  expect(ms, PS_EFFECT_SETTLED, 0);
  assert_int_equal(delivery.winner, winner);
}

/* ---- Facts */

static void succeed(int ms, unsigned endpoint)
{
  ps_delivery_finished(&delivery, endpoint, POOLSEND_FATE_DELIVERED, false, false, 0, MS(ms));
}

static void reject(int ms, unsigned endpoint)
{
  ps_delivery_finished(&delivery, endpoint, POOLSEND_FATE_REJECTED, false, false, 0, MS(ms));
}

static void refuse(int ms, unsigned endpoint)
{
  ps_delivery_finished(&delivery, endpoint, POOLSEND_FATE_UNREACHED, true, false, 0, MS(ms));
}

static void lose(int ms, unsigned endpoint)
{
  ps_delivery_finished(&delivery, endpoint, POOLSEND_FATE_UNKNOWN, true, false, 0, MS(ms));
}

static void answer_fatally(int ms, unsigned endpoint)
{
  ps_delivery_finished(&delivery, endpoint, POOLSEND_FATE_REJECTED, false, true, 0, MS(ms));
}

/* It is looked what lies unread: an answer of the attempt to `endpoint`, or nothing (-1). */
static void look(int ms, int endpoint)
{
  ps_delivery_look(&delivery, MS(ms));
  if (endpoint >= 0)
    ps_delivery_unread(&delivery, (unsigned)endpoint);
}

/* ---- 1 and 2: what starts, and when */

static void first_attempt_starts_at_once(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_wait_until(0, MS(1000));
}

static void newest_attempt_starts_the_next_when_its_hedge_delay_passes(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_wait(999);
  expect_start(1000, 1);
  expect_wait_until(1000, MS(2000));
  expect_start(2000, 2);
}

static void newest_attempt_failing_starts_the_next_at_once(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  refuse(3, 0);
  expect_start(3, 1);
  reject(7, 1);
  expect_start(7, 2);
}

static void header_of_a_rejection_starts_the_next_at_once(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  ps_delivery_refused(&delivery, 0, false, MS(10));
  expect_start(10, 1);
  reject(500, 0);
  expect_wait_until(500, MS(1010));
}

static void body_of_a_rejection_is_waited_for_a_second(void **state)
{
  (void)state;
  rule.endpoints = 1;
  take_up();
  expect_start(0, 0);
  ps_delivery_refused(&delivery, 0, false, MS(10));
  expect_wait_until(10, MS(1010));
  expect(1010, PS_EFFECT_CANCEL, 0);
  assert_int_equal(tracks[0].why, PS_CANCEL_BODY);
  reject(1011, 0);
  expect_settled(1011, -1);
}

static void header_of_a_fatal_status_starts_nothing_more(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  ps_delivery_refused(&delivery, 0, true, MS(10));
  expect(10, PS_EFFECT_CLOSE, 0);
  expect_wait_until(10, MS(1010));
}

static void older_attempt_failing_starts_nothing(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  refuse(1200, 0);
  expect_wait_until(1200, MS(2000));
}

static void attempt_that_timed_out_and_then_fails_starts_one_successor(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  refuse(1001, 0);
  refuse(1002, 1);
  expect_start(1002, 2);
  expect_wait(1002);
}

static void hedge_delay_none_leaves_plain_failover(void **state)
{
  (void)state;
  rule.hedge_delay = none_each;
  take_up();
  expect_start(0, 0);
  expect_wait_until(50000, PS_NEVER);
  lose(50000, 0);
  expect_start(50000, 1);
}

/* ---- 3: nothing is cancelled for another's sake */

static void start_of_the_next_cancels_nothing(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  expect_start(2000, 2);
  expect_wait_until(3000, MS(63000));
  for (int i = 0; i < 3; i++)
    assert_false(tracks[i].cancelled);
}

/* ---- 4: the first success wins */

static void first_success_wins_whichever_attempt_it_comes_from(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  succeed(1500, 0);
  expect_win(1500, 0);
  expect_wait(1500);
  lose(1600, 1);
  expect_settled(1600, 0);
}

static void success_after_the_end_of_the_list_still_wins(void **state)
{
  (void)state;
  rule.endpoints = 2;
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  refuse(1001, 1);
  expect_wait(1001);
  succeed(50000, 0);
  expect_win(50000, 0);
  expect_settled(50000, 0);
}

static void win_is_told_before_anything_else_is_done(void **state)
{
  (void)state;
  rule.settle = 0;
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  succeed(1500, 1);
  expect(1500, PS_EFFECT_DELIVERED, 1);
  expect(1500, PS_EFFECT_CLOSE, 0);
  expect(1500, PS_EFFECT_CANCEL, 0);
}

static void nothing_starts_after_the_win(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  succeed(1500, 0);
  refuse(1501, 1);
  expect_win(3000, 0);
  expect_settled(3000, 0);
}

static void queued_attempt_is_withdrawn_at_the_win_without_a_trace(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect(1000, PS_EFFECT_START, 1);
  succeed(1001, 0);
  expect_win(1001, 0);
  expect_wait_until(1001, PS_NEVER);
  ps_delivery_withdrawn(&delivery, 1, MS(1002));
  assert_int_equal(tracks[1].phase, PS_PHASE_WITHDRAWN);
  expect_settled(1002, 0);
}

static void attempt_launched_just_before_the_win_runs_on(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect(1000, PS_EFFECT_START, 1);
  succeed(1001, 0);
  expect_win(1001, 0);
  begin(1000, 1);
  expect_wait_until(1001, MS(61001));
}

/* ---- 5: two successes at once */

static void successes_at_the_same_instant_make_one_winner(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  succeed(1500, 1);
  succeed(1500, 0);
  expect_win(1500, 1);
  expect_settled(1500, 1);
}

static void complete_answer_beats_a_cancel(void **state)
{
  (void)state;
  rule.endpoints = 1;
  take_up();
  expect_start(0, 0);
  expect_wait(1000);
  expect(61000, PS_EFFECT_CANCEL, 0);
  succeed(61000, 0);
  expect_win(61000, 0);
  expect_settled(61000, 0);
}

/* ---- 6: no verdict while something runs */

static void failure_is_no_verdict_while_another_attempt_runs(void **state)
{
  (void)state;
  rule.endpoints = 2;
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  reject(1100, 1);
  expect_wait_until(1100, MS(61100));
  refuse(1200, 0);
  expect_settled(1200, -1);
}

/* ---- 7: settle time and answer wait */

static void late_attempts_are_cancelled_when_the_settle_time_ends(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  succeed(1500, 0);
  expect_win(1500, 0);
  expect_wait_until(61499, MS(61500));
  expect(61500, PS_EFFECT_CANCEL, 1);
  expect_wait_until(61500, PS_NEVER);
  lose(61501, 1);
  expect_settled(61501, 0);
}

static void answer_wait_begins_when_the_last_hedge_delay_passes(void **state)
{
  (void)state;
  rule.endpoints = 2;
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  expect_wait_until(1000, MS(2000));
  expect_wait_until(2000, MS(62000));
  expect_wait(61999);
  expect(62000, PS_EFFECT_CANCEL, 0);
  expect(62000, PS_EFFECT_CANCEL, 1);
  lose(62000, 0);
  lose(62001, 1);
  expect(62001, PS_EFFECT_SETTLED, 0);
}

static void answer_wait_begins_when_the_last_attempt_fails(void **state)
{
  (void)state;
  rule.endpoints = 2;
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  reject(1010, 1);
  expect_wait_until(1010, MS(61010));
}

/* ---- 8: the hedge clock */

static void hedge_clock_starts_with_the_request_and_not_while_it_queues(void **state)
{
  (void)state;
  take_up();
  expect(0, PS_EFFECT_START, 0);
  expect_wait_until(5000, MS(6000)); /* nobody tells of a start: it is looked for */
  begin(5000, 0);
  expect_wait_until(5000, MS(6000));
  expect_start(6000, 1);
}

static void success_header_stops_the_hedge_clock(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  ps_delivery_accepted(&delivery, 0, MS(900));
  expect(900, PS_EFFECT_CLOSE, 0);
  expect_wait_until(1500, MS(1900));
  succeed(1600, 0);
  expect(1600, PS_EFFECT_DELIVERED, 0);
  expect_settled(1600, 0);
}

static void success_header_of_an_older_attempt_holds_the_next_start(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  ps_delivery_accepted(&delivery, 0, MS(1900));
  expect(2000, PS_EFFECT_CLOSE, 0);
  expect_wait_until(2000, MS(2900));
}

static void win_is_declared_one_hedge_delay_after_the_header_when_the_body_lingers(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  ps_delivery_accepted(&delivery, 0, MS(100));
  expect(100, PS_EFFECT_CLOSE, 0);
  expect(1100, PS_EFFECT_DELIVERED, 0);
  expect_wait_until(1100, MS(61100));
  expect(61100, PS_EFFECT_CANCEL, 0);
  succeed(61100, 0);
  expect_settled(61100, 0);
}

static void lingering_body_holds_the_win_for_a_second_at_most_under_plain_failover(void **state)
{
  (void)state;
  rule.hedge_delay = none_each;
  take_up();
  expect_start(0, 0);
  ps_delivery_accepted(&delivery, 0, MS(100));
  expect(100, PS_EFFECT_CLOSE, 0);
  expect(1100, PS_EFFECT_DELIVERED, 0);
}

/* The time of a decision is taken before the last facts are: the header may have come in between. */
static void win_is_no_earlier_than_its_header(void **state)
{
  (void)state;
  timeouts[0] = MS(1000);
  rule.attempt_timeout = timeouts;
  take_up();
  expect_start(0, 0);
  ps_delivery_accepted(&delivery, 0, MS(1003));
  expect(1001, PS_EFFECT_DELIVERED, 0);
  assert_int_equal(delivery.won, MS(1003));
}

static void body_of_the_winner_has_a_wait_of_its_own(void **state)
{
  (void)state;
  rule.settle = 0;
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  ps_delivery_accepted(&delivery, 1, MS(1100));
  expect(1100, PS_EFFECT_CLOSE, 0);
  expect(2100, PS_EFFECT_DELIVERED, 1);
  expect(2100, PS_EFFECT_CANCEL, 0);
  expect_wait_until(2100, MS(62100));
  expect(62100, PS_EFFECT_CANCEL, 1);
}

static void complete_answer_wins_over_an_earlier_header(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  ps_delivery_accepted(&delivery, 0, MS(1100));
  expect(1100, PS_EFFECT_CLOSE, 0);
  succeed(1200, 1);
  expect(1200, PS_EFFECT_DELIVERED, 1);
}

/* ---- 9: max-time */

static void max_time_cancels_what_runs_and_leaves_the_message_undelivered(void **state)
{
  (void)state;
  rule.max_time = MS(2500);
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  expect_start(2000, 2);
  expect_wait_until(2000, MS(2500));
  expect(2500, PS_EFFECT_CLOSE, 0);
  for (unsigned i = 0; i < 3; i++)
    expect(2500, PS_EFFECT_CANCEL, i);
  for (unsigned i = 0; i < 3; i++)
    lose(2501, i);
  expect_settled(2501, -1);
}

static void max_time_never_touches_late_attempts_after_a_win(void **state)
{
  (void)state;
  rule.max_time = MS(2500);
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  succeed(1200, 1);
  expect_win(1200, 1);
  expect_wait_until(2500, MS(61200));
}

static void max_time_starts_nothing_that_it_would_cancel_at_once(void **state)
{
  (void)state;
  rule.max_time = MS(2000);
  rule.endpoints = 2;
  take_up();
  expect_start(0, 0);
  refuse(2000, 0);
  expect(2000, PS_EFFECT_CLOSE, 0);
  expect_settled(2000, -1);
}

static void settings_that_never_reach_the_last_endpoint_are_hopeless(void **state)
{
  (void)state;
  rule.max_time = MS(2000);
  assert_true(ps_delivery_rule_is_hopeless(&rule));
  rule.max_time = MS(2001);
  assert_false(ps_delivery_rule_is_hopeless(&rule));
  rule.max_time = MS(500);
  rule.endpoints = 1;
  assert_false(ps_delivery_rule_is_hopeless(&rule));
  rule.endpoints = 3;
  rule.hedge_delay = none_each;
  assert_false(ps_delivery_rule_is_hopeless(&rule));
}

/* ---- 10: retry */

static void retry_goes_in_order_to_those_that_failed_transiently(void **state)
{
  (void)state;
  rule.retries = 1;
  rule.retry_delay = MS(5000);
  take_up();
  expect_start(0, 0);
  refuse(1, 0);
  expect_start(1, 1);
  reject(2, 1);
  expect_start(2, 2);
  lose(3, 2);
  expect_wait_until(3, MS(5003));
  expect_start(5003, 0);
  refuse(5004, 0);
  expect_start(5004, 2);
  refuse(5005, 2);
  expect_settled(5005, -1);
}

static void round_ends_only_when_every_attempt_has_its_fate(void **state)
{
  (void)state;
  rule.retries = 1;
  rule.retry_delay = MS(100);
  rule.endpoints = 2;
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  refuse(1001, 1);
  expect_wait_until(1001, MS(61001));
  refuse(9000, 0);
  expect_wait_until(9000, MS(9100));
  expect_start(9100, 0);
}

static void unknown_fate_without_a_key_forbids_a_further_round(void **state)
{
  (void)state;
  rule.retries = 3;
  keyed = false;
  rule.endpoints = 1;
  take_up();
  expect_start(0, 0);
  lose(10, 0);
  expect_settled(10, -1);
}

static void unreached_fate_without_a_key_allows_a_further_round(void **state)
{
  (void)state;
  rule.retries = 1;
  rule.retry_delay = MS(100);
  keyed = false;
  rule.endpoints = 1;
  take_up();
  expect_start(0, 0);
  refuse(10, 0);
  expect_start(110, 0);
}

static void retry_after_is_obeyed(void **state)
{
  (void)state;
  rule.retries = 1;
  rule.retry_delay = MS(100);
  rule.endpoints = 1;
  take_up();
  expect_start(0, 0);
  ps_delivery_finished(&delivery, 0, POOLSEND_FATE_REJECTED, true, false, 7 * PS_SECOND, MS(10));
  expect_wait_until(10, MS(7010));
}

static void retry_that_would_pass_retry_max_time_or_max_time_is_not_waited_for(void **state)
{
  (void)state;
  rule.retries = 1;
  rule.retry_delay = MS(5000);
  rule.endpoints = 1;
  rule.retry_max_time = MS(5000);
  take_up();
  expect_start(0, 0);
  refuse(10, 0);
  expect_settled(10, -1);

  rule.retry_max_time = PS_NEVER;
  rule.max_time = MS(5000);
  take_up();
  expect_start(0, 0);
  refuse(10, 0);
  expect_settled(10, -1);
}

static void win_in_a_later_round_is_a_win(void **state)
{
  (void)state;
  rule.retries = 2;
  rule.retry_delay = MS(100);
  rule.endpoints = 1;
  take_up();
  expect_start(0, 0);
  refuse(0, 0);
  expect_start(100, 0);
  succeed(150, 0);
  expect_win(150, 0);
  expect_settled(150, 0);
}

/* ---- 11: fatal statuses */

static void fatal_status_starts_nothing_more_and_forbids_a_retry(void **state)
{
  (void)state;
  rule.retries = 5;
  take_up();
  expect_start(0, 0);
  answer_fatally(10, 0);
  expect(10, PS_EFFECT_CLOSE, 0);
  expect_settled(10, -1);
}

static void fatal_status_waits_for_what_runs_and_a_success_still_wins(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  answer_fatally(1100, 1);
  expect(1100, PS_EFFECT_CLOSE, 0);
  expect_wait_until(1100, MS(61100));
  succeed(30000, 0);
  expect(30000, PS_EFFECT_DELIVERED, 0);
  expect_settled(30000, 0);
}

static void fatal_status_from_an_older_attempt_counts_too(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  answer_fatally(1100, 0);
  expect(2000, PS_EFFECT_CLOSE, 0);
  expect_wait_until(2000, MS(61100));
}

/* ---- 12: the key matters to the rule in point 10 only; 13: interrupts */

static void interrupt_starts_nothing_more_and_cancels_what_runs(void **state)
{
  (void)state;
  rule.retries = 5;
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  ps_delivery_interrupt(&delivery);
  expect(1200, PS_EFFECT_CLOSE, 0);
  expect(1200, PS_EFFECT_CANCEL, 0);
  expect(1200, PS_EFFECT_CANCEL, 1);
  lose(1201, 0);
  lose(1201, 1);
  expect_settled(1201, -1);
}

static void interrupt_after_a_win_cuts_the_settle_time_short(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  succeed(1100, 1);
  expect_win(1100, 1);
  ps_delivery_interrupt(&delivery);
  expect(1200, PS_EFFECT_CANCEL, 0);
  lose(1200, 0);
  expect_settled(1200, 1);
}

static void interrupt_during_a_backoff_settles_at_once(void **state)
{
  (void)state;
  rule.retries = 1;
  rule.endpoints = 1;
  take_up();
  expect_start(0, 0);
  refuse(1, 0);
  expect_wait(1);
  ps_delivery_interrupt(&delivery);
  expect(2, PS_EFFECT_CLOSE, 0);
  expect_settled(2, -1);
}

static void success_header_before_an_interrupt_is_a_win(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  ps_delivery_accepted(&delivery, 0, MS(100));
  ps_delivery_interrupt(&delivery);
  expect_win(110, 0);
  expect(110, PS_EFFECT_CANCEL, 0);
}

/* ---- The hedge delay may change */

static void hedge_delay_of_an_attempt_is_that_of_its_start(void **state)
{
  (void)state;
  rule.hedge_delay = changing;
  take_up();
  expect_asked(0, 0);
  changing[0] = MS(300);
  begin(100, 0);
  changing[0] = MS(20);
  expect_wait_until(399, MS(400));
  expect_start(400, 1);
}

static void wait_for_the_end_of_the_list_is_that_of_its_start(void **state)
{
  (void)state;
  rule.hedge_delay = changing;
  rule.endpoints = 1;
  take_up();
  expect_start(0, 0);
  changing[0] = MS(20);
  expect_wait_until(999, MS(1000));
  expect_wait_until(1000, MS(61000));
}

static void lingering_body_is_waited_for_the_hedge_delay_of_its_start(void **state)
{
  (void)state;
  rule.hedge_delay = changing;
  take_up();
  expect_start(0, 0);
  changing[0] = MS(20);
  ps_delivery_accepted(&delivery, 0, MS(100));
  expect(100, PS_EFFECT_CLOSE, 0);
  expect_wait_until(1099, MS(1100));
  expect(1100, PS_EFFECT_DELIVERED, 0);
}

/* ---- An attempt's own time */

static void attempt_is_ended_when_its_own_time_is_up(void **state)
{
  (void)state;
  rule.attempt_timeout = timeouts;
  timeouts[0] = MS(1500);
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  expect_wait_until(1000, MS(1500));
  expect(1500, PS_EFFECT_CANCEL, 0);
  assert_int_equal(tracks[0].why, PS_CANCEL_ATTEMPT_TIMEOUT);
  expect_wait_until(1500, MS(2000));
}

static void own_time_includes_the_body_of_a_success(void **state)
{
  (void)state;
  rule.attempt_timeout = timeouts;
  timeouts[0] = MS(1500);
  take_up();
  expect_start(0, 0);
  ps_delivery_accepted(&delivery, 0, MS(900));
  expect(900, PS_EFFECT_CLOSE, 0);
  expect_wait_until(900, MS(1500));
  expect(1500, PS_EFFECT_DELIVERED, 0);
  expect(1500, PS_EFFECT_CANCEL, 0);
  assert_int_equal(tracks[0].why, PS_CANCEL_ATTEMPT_TIMEOUT);
}

static void own_time_includes_the_body_of_a_winner(void **state)
{
  (void)state;
  rule.attempt_timeout = timeouts;
  timeouts[0] = MS(1500);
  take_up();
  expect_start(0, 0);
  ps_delivery_accepted(&delivery, 0, MS(10));
  expect(10, PS_EFFECT_CLOSE, 0);
  expect(1010, PS_EFFECT_DELIVERED, 0);
  expect_wait_until(1010, MS(1500));
  expect(1500, PS_EFFECT_CANCEL, 0);
  assert_int_equal(tracks[0].why, PS_CANCEL_ATTEMPT_TIMEOUT);
}

static void own_time_includes_the_body_of_a_rejection(void **state)
{
  (void)state;
  rule.endpoints = 1;
  rule.attempt_timeout = timeouts;
  timeouts[0] = MS(800);
  take_up();
  expect_start(0, 0);
  ps_delivery_refused(&delivery, 0, false, MS(10));
  expect_wait_until(10, MS(800));
  expect(800, PS_EFFECT_CANCEL, 0);
  assert_int_equal(tracks[0].why, PS_CANCEL_ATTEMPT_TIMEOUT);
}

static void own_time_runs_on_after_another_has_won(void **state)
{
  (void)state;
  rule.attempt_timeout = timeouts;
  timeouts[0] = MS(1500);
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  succeed(1100, 1);
  expect_win(1100, 1);
  expect_wait_until(1100, MS(1500));
  expect(1500, PS_EFFECT_CANCEL, 0);
  assert_int_equal(tracks[0].why, PS_CANCEL_ATTEMPT_TIMEOUT);
}

static void limit_that_came_first_is_named(void **state)
{
  (void)state;
  rule.attempt_timeout = timeouts;
  timeouts[0] = MS(1500);
  rule.max_time = MS(1400);
  take_up();
  expect_start(0, 0);
  expect_asked(1000, 1);
  ps_delivery_withdrawn(&delivery, 1, MS(1000));
  expect_asked(1000, 2);
  ps_delivery_withdrawn(&delivery, 2, MS(1000));
  expect(1600, PS_EFFECT_CLOSE, 0);
  expect(1600, PS_EFFECT_CANCEL, 0);
  assert_int_equal(tracks[0].why, PS_CANCEL_MAX_TIME);
}

static void attempt_whose_start_nobody_tells_of_is_looked_at_before_its_own_time_can_be_up(void **state)
{
  (void)state;
  rule.attempt_timeout = timeouts;
  rule.hedge_delay = none_each;
  timeouts[0] = MS(700);
  take_up();
  expect_asked(0, 0);
  expect_wait_until(0, MS(700));
  expect_wait_until(700, MS(1400));
}

/* ---- 14: a deadline that is found long past */

static void deadline_handled_in_time_is_not_put_off(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  look(1100, 0);
  expect_start(1100, 1);
}

static void silence_found_long_past_starts_nothing_while_an_answer_lies_unread(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  look(1101, 0);
  expect_wait_until(1101, MS(1111));
  look(1111, 0);
  expect_wait_until(1111, MS(1121));
  succeed(1115, 0);
  expect_win(1115, 0);
}

static void answer_of_an_older_attempt_counts_as_well(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  look(5000, 0);
  expect_wait_until(5000, MS(5010));
  look(5010, -1); /* it has been read, and not been told yet */
  expect_wait_until(5010, MS(5020));
  reject(5012, 0);
  expect_start(5012, 2);
}

static void what_is_long_past_is_put_off_for_250_ms_at_most(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  for (int ms = 5000; ms < 5250; ms += 10) {
    look(ms, 0);
    expect_wait_until(ms, MS(ms + 10));
  }
  look(5250, 0);
  expect_start(5250, 1);
}

static void what_is_long_past_is_looked_at_twice_though_nothing_lies_unread(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  look(5000, -1);
  expect_wait_until(5000, MS(5010));
  look(5010, -1);
  expect_start(5010, 1);
}

static void second_stop_does_not_use_up_what_the_first_one_left(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  look(5000, 0);
  expect_wait_until(5000, MS(5010));
  look(9000, 0);
  expect_wait_until(9000, MS(9010));
  succeed(9005, 0);
  expect_win(9005, 0);
}

static void thread_that_is_always_late_acts_in_the_end(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  int looks = 0;
  for (int ms = 5000;; ms += 1000, looks++) {
    look(ms, 0);
    if (ps_delivery_decide(&delivery, MS(ms)).kind == PS_EFFECT_START)
      break;
    assert_true(looks < 25);
  }
  assert_int_equal(looks, 25);
}

static void later_deadline_has_a_grace_of_its_own(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  for (int ms = 5000; ms < 5250; ms += 10) {
    look(ms, 0);
    expect_wait(ms);
  }
  look(5250, 0);
  expect_start(5250, 1);
  expect_wait_until(5250, MS(6250));
  look(9000, 0);
  expect_wait_until(9000, MS(9010));
}

static void what_was_seen_before_an_earlier_deadline_does_not_count(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  for (int ms = 5000; ms < 5250; ms += 10) {
    look(ms, 0);
    expect_wait(ms);
  }
  look(5250, 0);
  expect_start(5250, 1);
  expect_wait(5250);
  look(9000, -1);
  expect_wait_until(9000, MS(9010));
  look(9010, -1);
  expect_start(9010, 2);
}

static void failure_of_the_newest_does_not_prove_that_the_others_are_silent(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  refuse(5000, 1);
  look(5000, 0);
  expect_wait_until(5000, MS(5010));
  succeed(5003, 0);
  expect_win(5003, 0);
}

static void every_limit_that_is_long_past_is_put_off(void **state)
{
  (void)state;
  enum ps_cancel_why why[] = {PS_CANCEL_SETTLE, PS_CANCEL_ANSWER_WAIT, PS_CANCEL_MAX_TIME, PS_CANCEL_ATTEMPT_TIMEOUT,
                              PS_CANCEL_BODY};
  for (size_t i = 0; i < sizeof why / sizeof *why; i++) {
    fresh_rule(NULL);
    rule.endpoints = 2;
    rule.settle = why[i] == PS_CANCEL_SETTLE ? MS(3000) : MS(60000);
    rule.answer_wait = why[i] == PS_CANCEL_ANSWER_WAIT ? MS(3000) : MS(60000);
    rule.max_time = why[i] == PS_CANCEL_MAX_TIME ? MS(3000) : PS_NEVER;
    rule.attempt_timeout = timeouts;
    timeouts[0] = why[i] == PS_CANCEL_ATTEMPT_TIMEOUT ? MS(3000) : PS_NEVER;
    take_up();
    expect_start(0, 0);
    expect_start(1000, 1);
    if (why[i] == PS_CANCEL_SETTLE) {
      succeed(1100, 1);
      expect_win(1100, 1);
    } else {
      refuse(1100, 1);
    }
    if (why[i] == PS_CANCEL_BODY)
      ps_delivery_refused(&delivery, 0, false, MS(1100));
    expect_wait(1100);
    look(700000, 0);
    if (why[i] == PS_CANCEL_MAX_TIME)
      expect(700000, PS_EFFECT_CLOSE, 0);
    expect_wait_until(700000, MS(700010));
    for (int ms = 700010; ms < 700250; ms += 10) {
      look(ms, 0);
      expect_wait(ms);
    }
    look(700250, 0);
    expect(700250, PS_EFFECT_CANCEL, 0);
    assert_int_equal(tracks[0].why, why[i]);
  }
}

static void limit_of_one_does_not_wait_for_that_of_another_which_is_long_past(void **state)
{
  (void)state;
  rule.attempt_timeout = timeouts;
  rule.endpoints = 2;
  timeouts[0] = MS(4950);
  timeouts[1] = MS(2000);
  take_up();
  expect_start(0, 0);
  expect_start(1000, 1);
  expect_wait_until(1000, MS(2000));
  look(5000, 1);
  expect(5000, PS_EFFECT_CANCEL, 0);
  expect_wait_until(5000, MS(5010));
}

static void win_whose_body_lingers_is_put_off_while_the_body_lies_unread(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  ps_delivery_accepted(&delivery, 0, MS(10));
  expect(10, PS_EFFECT_CLOSE, 0);
  look(5000, 0);
  expect_wait_until(5000, MS(5010));
  succeed(5002, 0);
  expect(5002, PS_EFFECT_DELIVERED, 0);
  expect_settled(5002, 0);
}

static void nobody_is_passed_over_while_an_answer_lies_unread(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_asked(1000, 1);
  look(5000, 0);
  expect_wait_until(5000, MS(5010));
  succeed(5002, 0);
  expect_win(5002, 0);
}

static void one_whose_breaker_has_opened_is_passed_over_at_once(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_asked(1000, 1);
  ways[1] = PS_WAY_SHUT;
  look(5000, 0);
  expect(5000, PS_EFFECT_RECALL, 1);
}

static void interrupt_is_not_put_off(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  look(5000, 0);
  expect_wait(5000);
  ps_delivery_interrupt(&delivery);
  look(5001, 0);
  expect(5001, PS_EFFECT_CLOSE, 0);
  expect(5001, PS_EFFECT_CANCEL, 0);
}

static void answer_of_a_cancelled_attempt_is_not_waited_for(void **state)
{
  (void)state;
  rule.attempt_timeout = timeouts;
  timeouts[0] = MS(500);
  take_up();
  expect_start(0, 0);
  expect(500, PS_EFFECT_CANCEL, 0);
  look(5000, 0);
  expect_start(5000, 1);
}

/* ---- Waiting for a slot */

static void slot_of_a_later_endpoint_is_waited_for_one_hedge_delay(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_asked(1000, 1);
  expect_wait_until(1000, MS(2000));
  expect_wait_until(1999, MS(2000));
  expect(2000, PS_EFFECT_RECALL, 1);
  expect_wait(2000);
  ps_delivery_withdrawn(&delivery, 1, MS(2001));
  expect_start(2001, 2);
}

static void attempt_that_has_a_slot_in_time_is_not_passed_over(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_asked(1000, 1);
  begin(1999, 1);
  expect_wait_until(2000, MS(2999));
  expect_start(2999, 2);
}

static void recalled_attempt_that_has_started_after_all_runs_on(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_asked(1000, 1);
  expect(2000, PS_EFFECT_RECALL, 1);
  begin(1999, 1);
  expect_wait_until(2001, MS(2999));
  expect_start(2999, 2);
  succeed(3100, 1);
  expect_win(3100, 1);
}

static void slot_of_the_first_endpoint_is_waited_for_without_end(void **state)
{
  (void)state;
  take_up();
  expect_asked(0, 0);
  expect_wait_until(500000, MS(501000));
  expect_wait_until(900000, MS(901000));
  begin(900000, 0);
  expect_start(901000, 1);
}

static void only_the_very_first_is_waited_for_without_end(void **state)
{
  (void)state;
  rule.retries = 1;
  rule.retry_delay = MS(100);
  take_up();
  expect_start(0, 0);
  for (unsigned i = 1; i < 3; i++) {
    refuse(0, i - 1);
    expect_start(0, i);
  }
  refuse(0, 2);
  expect_wait_until(0, MS(100));
  expect_asked(100, 0);
  expect_wait_until(1099, MS(1100));
  expect_recall(1100, 0);
  expect_start(1100, 1);
}

static void older_attempt_failing_does_not_hurry_one_that_waits(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_asked(1000, 1);
  refuse(1100, 0);
  expect_wait_until(1100, MS(2000));
}

static void waiting_attempt_is_recalled_no_more_once_all_is_closed(void **state)
{
  (void)state;
  rule.max_time = MS(2000);
  rule.endpoints = 2;
  take_up();
  expect_start(0, 0);
  expect_asked(1000, 1);
  expect(2000, PS_EFFECT_CLOSE, 0);
  expect(2000, PS_EFFECT_CANCEL, 0);
  expect_wait_until(2000, PS_NEVER);
  ps_delivery_withdrawn(&delivery, 1, MS(2000));
  lose(2001, 0);
  expect_settled(2001, -1);
}

/* ---- Passed over, and asked for again */

/* The first of `count` endpoints runs since 0 and is silent; all others were passed over, the last at `count`
 * seconds. */
static void pass_over_all_but_the_first(unsigned count)
{
  rule.endpoints = count;
  take_up();
  expect_start(0, 0);
  for (unsigned i = 1; i < count; i++) {
    expect_asked((int)i * 1000, i);
    expect_recall((int)i * 1000 + 1000, i);
  }
}

static void those_passed_over_are_asked_for_again_all_at_once_when_nobody_is_left(void **state)
{
  (void)state;
  pass_over_all_but_the_first(4);
  for (unsigned i = 1; i < 4; i++) {
    expect_asked(4000, i);
    assert_int_equal(tracks[i].after, 1);
  }
  expect_wait_until(4000, MS(5000));
  expect_wait_until(30000, MS(31000));
}

static void nobody_is_asked_for_again_before_the_others_were(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  expect_asked(1000, 1);
  expect_recall(2000, 1);
  expect_start(2000, 2);
  expect_wait_until(2000, MS(3000));
  expect_asked(3000, 1);
}

static void first_of_those_asked_for_again_that_starts_makes_the_others_be_recalled(void **state)
{
  (void)state;
  pass_over_all_but_the_first(4);
  for (unsigned i = 1; i < 4; i++)
    expect_asked(4000, i);
  begin(4500, 2);
  expect_recall(4500, 1);
  expect_recall(4500, 3);
  expect_wait_until(4500, MS(5500));
}

static void others_are_asked_for_again_after_the_hedge_delay_or_failure_of_the_one_that_started(void **state)
{
  (void)state;
  pass_over_all_but_the_first(4);
  for (unsigned i = 1; i < 4; i++)
    expect_asked(4000, i);
  begin(4500, 2);
  expect_recall(4500, 1);
  expect_recall(4500, 3);
  expect_asked(5500, 1);
  expect_asked(5500, 3);
  assert_int_equal(tracks[1].after, 2);
  begin(5600, 3);
  expect_recall(5600, 1);
  refuse(5700, 3);
  expect_asked(5700, 1);
  begin(5700, 1);
  refuse(5800, 1);
  refuse(5800, 2);
  refuse(5800, 0);
  expect_settled(5800, -1);
}

static void older_failure_asks_nobody_again(void **state)
{
  (void)state;
  pass_over_all_but_the_first(3);
  expect_asked(3000, 1);
  expect_asked(3000, 2);
  begin(3000, 1);
  expect_recall(3000, 2);
  refuse(3100, 0);
  expect_wait_until(3100, MS(4000));
}

static void those_passed_over_are_waited_for_within_the_answer_wait_only(void **state)
{
  (void)state;
  pass_over_all_but_the_first(3);
  expect_asked(3000, 1);
  expect_asked(3000, 2);
  expect_wait_until(62500, MS(63000));
  expect_recall(63000, 1); /* before the cancel: what that frees is not for them */
  expect_recall(63000, 2);
  expect(63000, PS_EFFECT_CANCEL, 0);
  expect_wait(63000);
  lose(63001, 0);
  expect_settled(63001, -1);
}

static void message_that_only_ever_waited_settles_at_the_end_of_the_answer_wait(void **state)
{
  (void)state;
  rule.endpoints = 2;
  take_up();
  expect_asked(0, 0);
  expect_wait(999);
  ways[0] = PS_WAY_SHUT;
  expect_recall(1000, 0);
  expect_asked(1000, 1);
  expect_recall(2000, 1);
  expect_asked(2000, 0);
  expect_asked(2000, 1);
  expect_recall(62000, 0);
  expect_recall(62000, 1);
  expect_settled(62000, -1);
  assert_int_equal(delivery.starts, 0);
}

static void all_passed_over_are_asked_for_again_in_whatever_order_they_were_tried(void **state)
{
  (void)state;
  ways[0] = PS_WAY_SHUT;
  take_up();
  expect_start(0, 1);
  expect_asked(1000, 2);
  expect_recall(2000, 2);
  expect_asked(2000, 0);
  expect_recall(3000, 0);
  expect_asked(3000, 0);
  expect_asked(3000, 2);
  expect_wait(3000);
}

static void failure_of_all_others_asks_for_those_passed_over_at_once(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  refuse(100, 0);
  expect_asked(100, 1);
  expect_recall(1100, 1);
  expect_start(1100, 2);
  reject(1200, 2);
  expect_asked(1200, 1);
  expect_wait_until(1200, MS(2200));
  begin(40000, 1);
  succeed(40100, 1);
  expect_win(40100, 1);
  expect_settled(40100, 1);
}

static void retry_goes_to_those_passed_over_too(void **state)
{
  (void)state;
  rule.retries = 1;
  rule.retry_delay = MS(5000);
  rule.answer_wait = MS(2000);
  take_up();
  expect_start(0, 0);
  reject(10, 0);
  expect_start(10, 1);
  refuse(20, 1);
  expect_asked(20, 2);
  expect_recall(1020, 2);
  expect_asked(1020, 2);
  expect_recall(3020, 2);
  expect_wait_until(3020, MS(8020));
  expect_start(8020, 1);
  refuse(8030, 1);
  expect_start(8030, 2);
  refuse(8040, 2);
  expect_settled(8040, -1);
}

/* ---- Breakers */

/* F: free, P: to be probed, S: shut. */
static enum ps_way way_of(char letter)
{
  return letter == 'F' ? PS_WAY_FREE : letter == 'P' ? PS_WAY_PROBE : PS_WAY_SHUT;
}

static void order_of_the_first_starts_follows_the_breakers(void **state)
{
  (void)state;
  static const struct {
    const char *ways, *order;
    char probe; /* '-': none */
  } cases[] = {
      {"FFFF", "0123", '-'}, {"SFFF", "1230", '-'}, {"FSFS", "0213", '-'}, {"SSSF", "3012", '-'},
      {"SSSS", "0123", '-'}, {"PFFF", "0123", '0'}, {"FPFF", "0123", '1'}, {"PPFF", "0231", '0'},
      {"SPPF", "1302", '1'}, {"PPPP", "0123", '0'}, {"SSPS", "2013", '2'},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    rule.endpoints = 4;
    for (int j = 0; j < 4; j++)
      ways[j] = way_of(cases[i].ways[j]);
    take_up();
    for (int j = 0; j < 4; j++) {
      char endpoint = cases[i].order[j];
      expect_start(1000 * j, (unsigned)(endpoint - '0'));
      assert_int_equal(tracks[endpoint - '0'].probe, endpoint == cases[i].probe);
    }
    expect_wait(4000);
  }
}

static void endpoint_with_an_open_breaker_is_tried_at_once_when_all_others_failed(void **state)
{
  (void)state;
  ways[0] = PS_WAY_SHUT;
  take_up();
  expect_start(0, 1);
  refuse(10, 1);
  expect_start(10, 2);
  refuse(20, 2);
  expect_start(20, 0);
  succeed(30, 0);
  expect_win(30, 0);
}

static void breaker_that_opens_later_counts_for_those_not_yet_asked(void **state)
{
  (void)state;
  take_up();
  expect_start(0, 0);
  ways[1] = PS_WAY_SHUT;
  expect_start(1000, 2);
  expect_start(2000, 1);
}

static void message_that_waits_for_an_endpoint_whose_breaker_opens_goes_elsewhere_at_once(void **state)
{
  (void)state;
  take_up();
  expect_asked(0, 0);
  expect_wait(4000);
  ways[0] = PS_WAY_SHUT;
  expect_recall(4001, 0);
  expect_asked(4001, 1);
  ways[1] = PS_WAY_SHUT;
  expect_recall(4100, 1);
  expect_start(4100, 2);
}

static void message_stays_where_it_waits_if_there_is_no_free_way(void **state)
{
  (void)state;
  static const enum ps_way others[] = {PS_WAY_SHUT, PS_WAY_PROBE};
  for (int i = 0; i < 2; i++) {
    fresh_rule(state);
    take_up();
    expect_asked(0, 0);
    ways[0] = PS_WAY_SHUT;
    ways[1] = ways[2] = others[i];
    expect_wait_until(4000, MS(5000));
    ways[2] = PS_WAY_FREE;
    expect_recall(4001, 0);
  }
}

static void message_that_has_tried_all_others_stays_at_an_open_breaker(void **state)
{
  (void)state;
  rule.endpoints = 2;
  ways[0] = PS_WAY_SHUT;
  take_up();
  expect_start(0, 1);
  refuse(1, 1);
  expect_asked(1, 0);
  expect_wait_until(1, MS(1001));
  expect_recall(1001, 0);
  expect_asked(1001, 0);
  expect_wait_until(1001, MS(2001));
}

static void probe_is_not_passed_over(void **state)
{
  (void)state;
  ways[1] = PS_WAY_PROBE;
  take_up();
  expect_start(0, 0);
  expect_asked(1000, 1);
  ways[1] = PS_WAY_SHUT; /* for others: it is being probed */
  expect_wait(2000);
  expect_wait(20000);
}

static void message_probes_once_in_all_rounds(void **state)
{
  (void)state;
  rule.retries = 1;
  rule.retry_delay = MS(100);
  rule.endpoints = 2;
  ways[0] = PS_WAY_PROBE;
  take_up();
  expect_start(0, 0);
  assert_true(tracks[0].probe);
  refuse(0, 0);
  expect_start(0, 1);
  refuse(0, 1);
  expect_start(100, 1);
  refuse(100, 1);
  expect_start(100, 0);
  assert_false(tracks[0].probe);
}

static void one_that_was_passed_over_is_no_probe(void **state)
{
  (void)state;
  pass_over_all_but_the_first(2);
  ways[1] = PS_WAY_PROBE;
  expect_asked(2000, 1);
  assert_false(tracks[1].probe);
  assert_false(delivery.probed);
}

/* ---- The hedge budget */

/* A budget whose share is zero, and `hedges` in it. */
static void allow(int hedges)
{
  ps_budget_init(&budget, 1);
  while (ps_budget_allows(&budget))
    ps_budget_spend(&budget);
  for (int i = 0; i < hedges; i++)
    ps_budget_earn(&budget);
  rule.budget = &budget;
}

static void expect_left(int hedges)
{
  assert_int_equal(budget.purse, hedges * 1000000);
}

static void hedge_within_the_budget_goes_and_is_paid(void **state)
{
  (void)state;
  allow(2);
  take_up();
  expect_start(0, 0);
  expect_left(2);
  expect_start(1000, 1);
  expect_left(1);
  expect_start(2000, 2);
  expect_left(0);
}

static void hedge_beyond_the_budget_goes_after_ten_hedge_delays_on_credit(void **state)
{
  (void)state;
  allow(0);
  take_up();
  expect_start(0, 0);
  expect_wait_until(999, MS(1000));
  expect_wait_until(1000, MS(10000));
  assert_true(delivery.held);
  expect_wait_until(9999, MS(10000));
  expect_start(10000, 1);
  assert_false(delivery.held);
  expect_left(-1);
  expect_wait_until(11000, MS(20000));
  expect_start(20000, 2);
  expect_left(-2);
}

static void held_hedge_goes_when_it_is_released(void **state)
{
  (void)state;
  allow(0);
  take_up();
  expect_start(0, 0);
  expect_wait(1000);
  ps_budget_earn(&budget);
  expect_wait(3999);
  ps_delivery_release(&delivery, MS(4000));
  expect_start(4000, 1);
  assert_false(delivery.held);
  expect_left(0);
}

static void release_of_what_is_not_held_starts_nothing(void **state)
{
  (void)state;
  allow(1);
  take_up();
  expect_start(0, 0);
  ps_delivery_release(&delivery, MS(500));
  expect_wait_until(500, MS(1000));
  expect_start(1000, 1);
}

static void released_hedge_that_finds_the_budget_spent_is_held_again(void **state)
{
  (void)state;
  allow(0);
  take_up();
  expect_start(0, 0);
  expect_wait(1000);
  ps_delivery_release(&delivery, MS(4000));
  expect_wait_until(4000, MS(10000));
  assert_true(delivery.held);
  expect_left(0);
  expect_start(10000, 1);
}

static void hedge_released_at_the_end_of_its_hold_goes_though_the_budget_is_spent(void **state)
{
  (void)state;
  allow(0);
  take_up();
  expect_start(0, 0);
  expect_wait(1000);
  ps_delivery_release(&delivery, MS(10000));
  expect_start(10000, 1);
  expect_left(-1);
}

static void failure_starts_the_next_at_once_whatever_the_budget(void **state)
{
  (void)state;
  allow(0);
  take_up();
  expect_start(0, 0);
  refuse(10, 0);
  expect_start(10, 1);
  expect_wait_until(1010, MS(10010));
  assert_true(delivery.held);
  ps_delivery_refused(&delivery, 1, false, MS(3000));
  expect_start(3000, 2);
  assert_false(delivery.held);
  expect_left(0);
}

static void win_ends_the_hold(void **state)
{
  (void)state;
  allow(0);
  take_up();
  expect_start(0, 0);
  expect_wait(1000);
  ps_delivery_accepted(&delivery, 0, MS(1500));
  expect(1500, PS_EFFECT_CLOSE, 0);
  assert_false(delivery.held);
  expect_wait_until(1500, MS(2500));
}

static void hold_ends_with_its_round(void **state)
{
  (void)state;
  allow(0);
  rule.retries = 1;
  rule.retry_delay = MS(5000);
  rule.answer_wait = MS(2000);
  take_up();
  expect_start(0, 0);
  refuse(100, 0);
  expect_asked(100, 1);
  expect_recall(1100, 1);
  expect_start(1100, 2);
  expect_wait(2100);
  assert_true(delivery.held);
  expect(4100, PS_EFFECT_CANCEL, 2);
  refuse(4100, 2);
  expect_wait(4100);
  assert_false(delivery.held);
  ps_delivery_release(&delivery, MS(5000));
  expect_wait(5000);
}

static void nothing_is_held_where_nobody_is_left(void **state)
{
  (void)state;
  allow(0);
  rule.endpoints = 1;
  take_up();
  expect_start(0, 0);
  expect_wait_until(1000, MS(61000));
  assert_false(delivery.held);
}

static void hedge_is_paid_once_though_those_it_asks_for_are_passed_over(void **state)
{
  (void)state;
  allow(2);
  pass_over_all_but_the_first(4);
  expect_left(1);
  for (unsigned i = 1; i < 4; i++)
    expect_asked(4000, i);
  expect_left(1);
}

static void hedge_that_asks_for_several_is_paid_once(void **state)
{
  (void)state;
  allow(2);
  pass_over_all_but_the_first(4);
  for (unsigned i = 1; i < 4; i++)
    expect_asked(4000, i);
  begin(4000, 1);
  expect_recall(4000, 2);
  expect_recall(4000, 3);
  expect_asked(5000, 2);
  expect_left(0);
  expect_asked(5000, 3);
  expect_left(0);
  expect_wait(5000);
  assert_false(delivery.held);
}

static void first_attempt_and_retries_cost_no_hedge(void **state)
{
  (void)state;
  allow(1);
  rule.retries = 1;
  rule.retry_delay = MS(100);
  rule.endpoints = 1;
  take_up();
  expect_start(0, 0);
  refuse(2000, 0);
  expect_start(2100, 0);
  expect_left(1);
}

#define SENTENCE(name) cmocka_unit_test_setup(name, fresh_rule)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(first_attempt_starts_at_once),
      SENTENCE(newest_attempt_starts_the_next_when_its_hedge_delay_passes),
      SENTENCE(newest_attempt_failing_starts_the_next_at_once),
      SENTENCE(header_of_a_rejection_starts_the_next_at_once),
      SENTENCE(body_of_a_rejection_is_waited_for_a_second),
      SENTENCE(header_of_a_fatal_status_starts_nothing_more),
      SENTENCE(older_attempt_failing_starts_nothing),
      SENTENCE(attempt_that_timed_out_and_then_fails_starts_one_successor),
      SENTENCE(hedge_delay_none_leaves_plain_failover),
      SENTENCE(start_of_the_next_cancels_nothing),
      SENTENCE(first_success_wins_whichever_attempt_it_comes_from),
      SENTENCE(success_after_the_end_of_the_list_still_wins),
      SENTENCE(win_is_told_before_anything_else_is_done),
      SENTENCE(nothing_starts_after_the_win),
      SENTENCE(queued_attempt_is_withdrawn_at_the_win_without_a_trace),
      SENTENCE(attempt_launched_just_before_the_win_runs_on),
      SENTENCE(successes_at_the_same_instant_make_one_winner),
      SENTENCE(complete_answer_beats_a_cancel),
      SENTENCE(failure_is_no_verdict_while_another_attempt_runs),
      SENTENCE(late_attempts_are_cancelled_when_the_settle_time_ends),
      SENTENCE(answer_wait_begins_when_the_last_hedge_delay_passes),
      SENTENCE(answer_wait_begins_when_the_last_attempt_fails),
      SENTENCE(hedge_clock_starts_with_the_request_and_not_while_it_queues),
      SENTENCE(success_header_stops_the_hedge_clock),
      SENTENCE(success_header_of_an_older_attempt_holds_the_next_start),
      SENTENCE(win_is_declared_one_hedge_delay_after_the_header_when_the_body_lingers),
      SENTENCE(lingering_body_holds_the_win_for_a_second_at_most_under_plain_failover),
      SENTENCE(win_is_no_earlier_than_its_header),
      SENTENCE(body_of_the_winner_has_a_wait_of_its_own),
      SENTENCE(complete_answer_wins_over_an_earlier_header),
      SENTENCE(max_time_cancels_what_runs_and_leaves_the_message_undelivered),
      SENTENCE(max_time_never_touches_late_attempts_after_a_win),
      SENTENCE(max_time_starts_nothing_that_it_would_cancel_at_once),
      SENTENCE(settings_that_never_reach_the_last_endpoint_are_hopeless),
      SENTENCE(retry_goes_in_order_to_those_that_failed_transiently),
      SENTENCE(round_ends_only_when_every_attempt_has_its_fate),
      SENTENCE(unknown_fate_without_a_key_forbids_a_further_round),
      SENTENCE(unreached_fate_without_a_key_allows_a_further_round),
      SENTENCE(retry_after_is_obeyed),
      SENTENCE(retry_that_would_pass_retry_max_time_or_max_time_is_not_waited_for),
      SENTENCE(win_in_a_later_round_is_a_win),
      SENTENCE(fatal_status_starts_nothing_more_and_forbids_a_retry),
      SENTENCE(fatal_status_waits_for_what_runs_and_a_success_still_wins),
      SENTENCE(fatal_status_from_an_older_attempt_counts_too),
      SENTENCE(interrupt_starts_nothing_more_and_cancels_what_runs),
      SENTENCE(interrupt_after_a_win_cuts_the_settle_time_short),
      SENTENCE(interrupt_during_a_backoff_settles_at_once),
      SENTENCE(success_header_before_an_interrupt_is_a_win),
      SENTENCE(hedge_delay_of_an_attempt_is_that_of_its_start),
      SENTENCE(wait_for_the_end_of_the_list_is_that_of_its_start),
      SENTENCE(lingering_body_is_waited_for_the_hedge_delay_of_its_start),
      SENTENCE(attempt_is_ended_when_its_own_time_is_up),
      SENTENCE(own_time_includes_the_body_of_a_success),
      SENTENCE(own_time_includes_the_body_of_a_winner),
      SENTENCE(own_time_includes_the_body_of_a_rejection),
      SENTENCE(own_time_runs_on_after_another_has_won),
      SENTENCE(limit_that_came_first_is_named),
      SENTENCE(attempt_whose_start_nobody_tells_of_is_looked_at_before_its_own_time_can_be_up),
      SENTENCE(deadline_handled_in_time_is_not_put_off),
      SENTENCE(silence_found_long_past_starts_nothing_while_an_answer_lies_unread),
      SENTENCE(answer_of_an_older_attempt_counts_as_well),
      SENTENCE(what_is_long_past_is_put_off_for_250_ms_at_most),
      SENTENCE(what_is_long_past_is_looked_at_twice_though_nothing_lies_unread),
      SENTENCE(second_stop_does_not_use_up_what_the_first_one_left),
      SENTENCE(thread_that_is_always_late_acts_in_the_end),
      SENTENCE(later_deadline_has_a_grace_of_its_own),
      SENTENCE(what_was_seen_before_an_earlier_deadline_does_not_count),
      SENTENCE(failure_of_the_newest_does_not_prove_that_the_others_are_silent),
      SENTENCE(every_limit_that_is_long_past_is_put_off),
      SENTENCE(limit_of_one_does_not_wait_for_that_of_another_which_is_long_past),
      SENTENCE(win_whose_body_lingers_is_put_off_while_the_body_lies_unread),
      SENTENCE(nobody_is_passed_over_while_an_answer_lies_unread),
      SENTENCE(one_whose_breaker_has_opened_is_passed_over_at_once),
      SENTENCE(interrupt_is_not_put_off),
      SENTENCE(answer_of_a_cancelled_attempt_is_not_waited_for),
      SENTENCE(slot_of_a_later_endpoint_is_waited_for_one_hedge_delay),
      SENTENCE(attempt_that_has_a_slot_in_time_is_not_passed_over),
      SENTENCE(recalled_attempt_that_has_started_after_all_runs_on),
      SENTENCE(slot_of_the_first_endpoint_is_waited_for_without_end),
      SENTENCE(only_the_very_first_is_waited_for_without_end),
      SENTENCE(older_attempt_failing_does_not_hurry_one_that_waits),
      SENTENCE(waiting_attempt_is_recalled_no_more_once_all_is_closed),
      SENTENCE(those_passed_over_are_asked_for_again_all_at_once_when_nobody_is_left),
      SENTENCE(nobody_is_asked_for_again_before_the_others_were),
      SENTENCE(first_of_those_asked_for_again_that_starts_makes_the_others_be_recalled),
      SENTENCE(others_are_asked_for_again_after_the_hedge_delay_or_failure_of_the_one_that_started),
      SENTENCE(older_failure_asks_nobody_again),
      SENTENCE(those_passed_over_are_waited_for_within_the_answer_wait_only),
      SENTENCE(message_that_only_ever_waited_settles_at_the_end_of_the_answer_wait),
      SENTENCE(all_passed_over_are_asked_for_again_in_whatever_order_they_were_tried),
      SENTENCE(failure_of_all_others_asks_for_those_passed_over_at_once),
      SENTENCE(retry_goes_to_those_passed_over_too),
      SENTENCE(order_of_the_first_starts_follows_the_breakers),
      SENTENCE(endpoint_with_an_open_breaker_is_tried_at_once_when_all_others_failed),
      SENTENCE(breaker_that_opens_later_counts_for_those_not_yet_asked),
      SENTENCE(message_that_waits_for_an_endpoint_whose_breaker_opens_goes_elsewhere_at_once),
      SENTENCE(message_stays_where_it_waits_if_there_is_no_free_way),
      SENTENCE(message_that_has_tried_all_others_stays_at_an_open_breaker),
      SENTENCE(probe_is_not_passed_over),
      SENTENCE(message_probes_once_in_all_rounds),
      SENTENCE(one_that_was_passed_over_is_no_probe),
      SENTENCE(hedge_within_the_budget_goes_and_is_paid),
      SENTENCE(hedge_beyond_the_budget_goes_after_ten_hedge_delays_on_credit),
      SENTENCE(held_hedge_goes_when_it_is_released),
      SENTENCE(release_of_what_is_not_held_starts_nothing),
      SENTENCE(released_hedge_that_finds_the_budget_spent_is_held_again),
      SENTENCE(hedge_released_at_the_end_of_its_hold_goes_though_the_budget_is_spent),
      SENTENCE(failure_starts_the_next_at_once_whatever_the_budget),
      SENTENCE(win_ends_the_hold),
      SENTENCE(hold_ends_with_its_round),
      SENTENCE(nothing_is_held_where_nobody_is_left),
      SENTENCE(hedge_is_paid_once_though_those_it_asks_for_are_passed_over),
      SENTENCE(hedge_that_asks_for_several_is_paid_once),
      SENTENCE(first_attempt_and_retries_cost_no_hedge),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
