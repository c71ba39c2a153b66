/* The health of an endpoint, rule by rule, under virtual time. Times are milliseconds; the hedge delay is a second. */
#include "core/health.h"

#include "core/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define FATE(name) POOLSEND_FATE_##name
#define WHY(name)  POOLSEND_REASON_##name

#define MS(count) ((ps_time)(count)*PS_MILLISECOND)
#define SLOTS     8
#define PROBES    PS_HEALTH_PROBES
#define MOST      32

static struct ps_health health;
static struct ps_health_attempt attempts[MOST];

static void start_with(unsigned slots, unsigned probes)
{
  ps_health_init(&health, slots, probes, PS_SECOND, 0);
}

static int fresh_health(void **state)
{
  (void)state;
  start_with(SLOTS, PROBES);
  return 0;
}

/* ---- What happens: attempt `who` */

static void enter(int who, int ms)
{
  ps_health_enter(&health, &attempts[who], MS(ms));
}

static void enter_in(int who, int ms, bool probe, bool tests)
{
  enter(who, ms);
  assert_int_equal(attempts[who].probe, probe);
  assert_int_equal(attempts[who].tests, tests);
}

static void enter_probe(int who, int ms)
{
  enter_in(who, ms, true, true);
}

static void leave(int who)
{
  ps_health_leave(&health, &attempts[who]);
}

static void overdue(int who, int ms)
{
  ps_health_overdue(&health, &attempts[who], MS(ms));
}

static void succeed(int who, int started, int ms)
{
  ps_health_accepted(&health, &attempts[who], MS(started), MS(ms - started));
  leave(who);
}

static void end(int who, enum poolsend_fate fate, enum poolsend_reason reason, int status, ps_time retry_after, int ms)
{
  struct ps_verdict verdict = {fate, reason};
  ps_health_failed(&health, &attempts[who], verdict, status, retry_after, MS(ms));
  leave(who);
}

static void refuse(int who, int ms)
{
  end(who, FATE(UNREACHED), WHY(CONNECT), 0, 0, ms);
}

static void answer(int who, int status, ps_time retry_after, int ms)
{
  end(who, FATE(REJECTED), WHY(STATUS), status, retry_after, ms);
}

static void miss_times(int count, int ms)
{
  for (int i = 0; i < count; i++) {
    enter(MOST - 1, ms);
    refuse(MOST - 1, ms);
  }
}

static void open_at(int ms)
{
  miss_times(PS_HEALTH_MISSES, ms);
}

/* ---- Expectations */

static void expect_way(int ms, enum ps_way way)
{
  assert_int_equal(ps_health_way(&health, MS(ms)), way);
}

/* Shut until just before, then it wants a probe. */
static void expect_probe_at(int ms)
{
  expect_way(ms - 1, PS_WAY_SHUT);
  expect_way(ms, PS_WAY_PROBE);
}

static void expect_closed(int ms)
{
  assert_false(health.open);
  expect_way(ms, PS_WAY_FREE);
}

/* ---- Misses */

static void five_misses_in_a_row_open_the_breaker(void **state)
{
  (void)state;
  miss_times(4, 0);
  expect_closed(0);
  miss_times(1, 7);
  expect_way(7, PS_WAY_SHUT);
  expect_probe_at(1007);
}

static void success_within_its_hedge_delay_ends_a_run_of_misses(void **state)
{
  (void)state;
  miss_times(4, 0);
  enter(0, 0);
  succeed(0, 0, 999);
  miss_times(4, 1000);
  expect_closed(1000);
  miss_times(1, 1000);
  expect_way(1000, PS_WAY_SHUT);
}

static void late_success_ends_no_run_of_misses(void **state)
{
  (void)state;
  enter(0, 0);
  overdue(0, 1000);
  miss_times(3, 1100);
  succeed(0, 0, 1200);
  expect_closed(1200);
  miss_times(1, 1300);
  expect_way(1300, PS_WAY_SHUT);
}

static void what_an_end_counts_as(void **state)
{
  (void)state;
  static const struct {
    enum poolsend_fate fate;
    enum poolsend_reason reason;
    int status;
    bool miss;
  } cases[] = {
      {FATE(UNREACHED), WHY(RESOLVE), 0, true},    {FATE(UNREACHED), WHY(CONNECT), 0, true},
      {FATE(UNREACHED), WHY(PROXY), 0, true},      {FATE(UNREACHED), WHY(TLS), 0, true},
      {FATE(UNREACHED), WHY(TIMEOUT), 0, true},    {FATE(UNKNOWN), WHY(TIMEOUT), 0, true},
      {FATE(UNKNOWN), WHY(RESET), 0, true},        {FATE(UNKNOWN), WHY(PROTOCOL), 0, true},
      {FATE(REJECTED), WHY(STATUS), 408, true},    {FATE(REJECTED), WHY(STATUS), 429, true},
      {FATE(REJECTED), WHY(STATUS), 500, true},    {FATE(REJECTED), WHY(STATUS), 501, true},
      {FATE(UNKNOWN), WHY(GATEWAY), 502, true},    {FATE(REJECTED), WHY(STATUS), 503, true},
      {FATE(UNKNOWN), WHY(GATEWAY), 504, true},    {FATE(REJECTED), WHY(STATUS), 599, true},
      {FATE(REJECTED), WHY(STATUS), 400, false},   {FATE(REJECTED), WHY(STATUS), 401, false},
      {FATE(REJECTED), WHY(STATUS), 404, false},   {FATE(REJECTED), WHY(STATUS), 407, false},
      {FATE(REJECTED), WHY(STATUS), 409, false},   {FATE(REJECTED), WHY(STATUS), 428, false},
      {FATE(REJECTED), WHY(STATUS), 430, false},   {FATE(REJECTED), WHY(STATUS), 499, false},
      {FATE(REJECTED), WHY(STATUS), 304, false},   {FATE(REJECTED), WHY(REDIRECT), 302, false},
      {FATE(REJECTED), WHY(JSON), 200, false},     {FATE(UNKNOWN), WHY(CANCELLED), 0, false},
      {FATE(UNREACHED), WHY(CANCELLED), 0, false}, {FATE(UNREACHED), WHY(LOCAL), 0, false},
      {FATE(UNREACHED), WHY(TEMPLATE), 0, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    start_with(SLOTS, PROBES);
    miss_times(4, 0);
    enter(0, 0);
    end(0, cases[i].fate, cases[i].reason, cases[i].status, 0, 0);
    assert_int_equal(ps_health_way(&health, 0), cases[i].miss ? PS_WAY_SHUT : PS_WAY_FREE);
    miss_times(1, 0); /* what is no miss has not ended the run of them */
    expect_way(0, PS_WAY_SHUT);
  }
}

static void attempt_that_is_overdue_and_then_fails_is_one_miss(void **state)
{
  (void)state;
  for (int i = 0; i < 4; i++) {
    enter(i, 0);
    overdue(i, 1000);
    overdue(i, 1001);
  }
  refuse(0, 1100);
  answer(1, 500, 0, 1100);
  answer(2, 429, 0, 1100);
  refuse(3, 1100);
  expect_closed(1100);
  miss_times(1, 1200);
  expect_way(1200, PS_WAY_SHUT);
}

/* ---- Slots that hang */

static void last_slot_that_hangs_opens_the_breaker_at_once(void **state)
{
  (void)state;
  for (unsigned slots = 1; slots <= 4; slots++) {
    start_with(slots, PROBES);
    for (unsigned i = 0; i < slots; i++)
      enter((int)i, 0);
    for (unsigned i = 0; i < slots; i++) {
      expect_closed(1000);
      overdue((int)i, 1000);
    }
    expect_way(1000, PS_WAY_SHUT);
    expect_probe_at(2000);
  }
}

static void slots_that_hang_open_the_breaker_though_others_answered_meanwhile(void **state)
{
  (void)state;
  start_with(3, PROBES);
  enter(0, 0);
  enter(1, 0);
  overdue(0, 1000);
  overdue(1, 1000);
  enter(2, 1000);
  succeed(2, 1000, 1100);
  enter(2, 1200);
  overdue(2, 2200);
  expect_way(2200, PS_WAY_SHUT);
}

static void slots_that_hang_while_the_breaker_is_open_do_not_open_it_anew(void **state)
{
  (void)state;
  start_with(2, PROBES);
  enter(0, 0);
  enter(1, 0);
  open_at(500);
  overdue(0, 1000);
  overdue(1, 1001);
  expect_probe_at(1500);
}

static void slot_that_has_been_given_up_hangs_no_more(void **state)
{
  (void)state;
  start_with(3, PROBES);
  for (int i = 0; i < 3; i++)
    enter(i, 0);
  overdue(0, 1000);
  overdue(1, 1000);
  succeed(0, 0, 1001);
  overdue(2, 1002);
  expect_closed(1002);
  enter(0, 1003);
  overdue(0, 2003);
  expect_way(2003, PS_WAY_SHUT);
}

/* ---- Probes */

static void cooldown_doubles_from_a_second_to_sixty(void **state)
{
  (void)state;
  static const int seconds[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
  int ms = 0;
  open_at(ms);
  for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
    ms += 1000 * seconds[i];
    expect_probe_at(ms);
    enter_probe(0, ms);
    ms += 10;
    refuse(0, ms);
  }
}

static void breaker_that_was_closed_begins_with_a_cooldown_of_a_second_again(void **state)
{
  (void)state;
  open_at(0);
  enter_probe(0, 1000);
  refuse(0, 1000);
  enter_probe(0, 3000);
  succeed(0, 3000, 3010);
  expect_closed(3010);
  miss_times(4, 3020);
  expect_closed(3020);
  miss_times(1, 3020);
  expect_probe_at(4020);
}

static void one_probe_goes_at_a_time(void **state)
{
  (void)state;
  open_at(0);
  enter_probe(0, 1000);
  expect_way(1000, PS_WAY_SHUT);
  expect_way(1999, PS_WAY_SHUT);
  enter_in(1, 1500, false, false);
  refuse(1, 1500);
  expect_way(1999, PS_WAY_SHUT);
  overdue(0, 2000);
  expect_probe_at(4000);
}

static void success_of_a_probe_closes_the_breaker(void **state)
{
  (void)state;
  open_at(0);
  enter_probe(0, 1000);
  succeed(0, 1001, 2000);
  expect_closed(2000);
  enter_in(0, 2000, false, false);
}

static void late_success_of_a_probe_does_not_close_the_breaker(void **state)
{
  (void)state;
  open_at(0);
  enter_probe(0, 1000);
  overdue(0, 2000);
  succeed(0, 1000, 2001);
  expect_way(2001, PS_WAY_SHUT);
  expect_probe_at(4000);
}

static void probe_that_is_overdue_and_then_fails_lengthens_the_cooldown_once(void **state)
{
  (void)state;
  open_at(0);
  enter_probe(0, 1000);
  overdue(0, 2000);
  refuse(0, 2500);
  expect_probe_at(4000);
  enter_probe(0, 4000);
  answer(0, 500, 0, 4001);
  expect_probe_at(8001);
}

static void probe_that_fails_counts_as_a_miss_of_the_breakers_alone(void **state)
{
  (void)state;
  open_at(0);
  enter_probe(0, 1000);
  miss_times(20, 1100);
  expect_way(1999, PS_WAY_SHUT);
  refuse(0, 2000);
  miss_times(20, 2100);
  expect_probe_at(4000);
}

static void probe_that_is_withdrawn_or_tells_nothing_makes_way_for_another(void **state)
{
  (void)state;
  open_at(0);
  enter_probe(0, 1000);
  expect_way(1100, PS_WAY_SHUT);
  leave(0);
  expect_way(1100, PS_WAY_PROBE);
  enter_probe(0, 1100);
  end(0, FATE(UNKNOWN), WHY(CANCELLED), 0, 0, 1200);
  enter_probe(0, 1200);
  answer(0, 404, 0, 1300);
  enter_probe(0, 1300);
  end(0, FATE(UNREACHED), WHY(TEMPLATE), 0, 0, 1400);
  enter_probe(0, 1400);
  refuse(0, 1400);
  expect_probe_at(3400);
}

static void end_of_a_hung_probe_leaves_the_next_one_alone(void **state)
{
  (void)state;
  open_at(0);
  enter_probe(0, 1000);
  overdue(0, 2000);
  enter_probe(1, 4000);
  refuse(0, 4100);
  expect_way(4100, PS_WAY_SHUT);
  succeed(1, 4000, 4200);
  expect_closed(4200);
}

static void end_of_a_probe_of_an_earlier_opening_leaves_the_present_one_alone(void **state)
{
  (void)state;
  open_at(0);
  enter_probe(0, 1000); /* with a hedge delay that is longer than all this takes */
  enter_in(1, 1100, false, false);
  succeed(1, 1100, 1200);
  expect_closed(1200);
  open_at(1300);
  enter_probe(2, 2300);
  answer(0, 404, 0, 2400);
  expect_way(2400, PS_WAY_SHUT);
}

/* ---- Probes' permits */

static void probe_goes_while_hung_attempts_hold_every_slot(void **state)
{
  (void)state;
  start_with(2, PROBES);
  enter_in(0, 0, false, false);
  enter_in(1, 0, false, false);
  overdue(0, 1000);
  overdue(1, 1000);
  expect_probe_at(2000);
  enter_probe(2, 2000);
  succeed(2, 2000, 2010);
  expect_closed(2010);
}

static void hung_probes_are_as_many_as_their_permits(void **state)
{
  (void)state;
  int ms = 1000, cooldown = 1000;
  open_at(0);
  for (int i = 0; i < PROBES; i++) {
    expect_probe_at(ms);
    enter_probe(i, ms);
    overdue(i, ms + 1000);
    cooldown = cooldown < 30000 ? 2 * cooldown : 60000;
    ms += 1000 + cooldown;
  }
  expect_way(ms, PS_WAY_SHUT);
  expect_way(ms + 3600000, PS_WAY_SHUT);
  enter_in(PROBES, ms, false, false);
  leave(3);
  expect_way(ms, PS_WAY_PROBE);
  enter_probe(3, ms);
}

static void attempt_to_an_open_endpoint_has_a_slot_and_is_no_probe(void **state)
{
  (void)state;
  open_at(0);
  enter_in(0, 500, false, false);
  refuse(0, 600);
  expect_probe_at(1000);
}

/* All of both slots hang, and a probe, the first of the tickets 2 and up, has closed the breaker. */
static void close_over_hung_slots(void)
{
  start_with(2, 3);
  for (int i = 0; i < 2; i++)
    enter(i, 0);
  for (int i = 0; i < 2; i++)
    overdue(i, 1000);
  enter_probe(2, 2000);
  succeed(2, 2000, 2010);
}

static void permits_of_probes_serve_while_slots_hang_still_after_closing(void **state)
{
  (void)state;
  close_over_hung_slots();
  for (int i = 2; i < 5; i++) {
    expect_closed(2020);
    enter_in(i, 2020, true, false);
  }
  expect_way(2020, PS_WAY_SHUT);
  enter_in(5, 2020, false, false);
  succeed(3, 2020, 2030);
  expect_closed(2030);
  enter_in(3, 2030, true, false);
}

static void slot_that_comes_free_is_used_again_after_closing(void **state)
{
  (void)state;
  close_over_hung_slots();
  refuse(1, 2020);
  for (int i = 0; i < 5; i++) {
    expect_closed(2020);
    enter_in(5 + i, 2020, false, false);
  }
}

static void attempt_in_a_probes_permit_after_closing_is_judged_like_any_other(void **state)
{
  (void)state;
  close_over_hung_slots();
  enter_in(2, 2020, true, false);
  refuse(2, 2030);
  for (int i = 2; i < 5; i++) {
    enter_in(i, 2100, true, false);
    overdue(i, 3100);
  }
  assert_false(health.open);
  refuse(3, 3200);
  enter_in(3, 3200, true, false);
  refuse(3, 3300);
  expect_way(3300, PS_WAY_SHUT);
  expect_probe_at(4300);
}

static void slots_that_hang_anew_after_closing_open_the_breaker_again(void **state)
{
  (void)state;
  close_over_hung_slots();
  refuse(1, 2020);
  enter_in(3, 2020, false, false);
  overdue(3, 3020);
  assert_true(health.open);
  expect_probe_at(4020);
}

/* ---- Successes that close, or do not */

static void success_of_an_attempt_that_began_before_the_opening_does_not_close(void **state)
{
  (void)state;
  enter(0, 400);
  open_at(500);
  succeed(0, 499, 1399);
  assert_true(health.open);
  enter(0, 400);
  succeed(0, 499, 1600);
  expect_way(1600, PS_WAY_PROBE);
}

static void success_of_an_older_attempt_does_not_close_while_a_probe_is_under_way(void **state)
{
  (void)state;
  enter(0, 400);
  open_at(500);
  enter_probe(1, 1500);
  succeed(0, 499, 1510);
  assert_true(health.open);
  expect_way(1510, PS_WAY_SHUT);
  succeed(1, 1500, 1520);
  expect_closed(1520);
}

static void success_of_one_for_whom_there_was_no_other_closes_after_the_cooldown(void **state)
{
  (void)state;
  open_at(0);
  enter_in(0, 500, false, false);
  enter_in(1, 0, false, false);
  succeed(0, 500, 999);
  expect_way(999, PS_WAY_SHUT);
  succeed(1, 0, 1000); /* begun at the opening: late enough */
  expect_closed(1000);
}

/* ---- Retry-After */

static void server_that_asks_for_time_is_given_it(void **state)
{
  (void)state;
  static const struct {
    int status;
    ps_time retry_after;
    int shut_until; /* 0: not at all */
  } cases[] = {
      {429, PS_SECOND, 1000},
      {429, 30 * PS_SECOND, 30000},
      {503, 30 * PS_SECOND, 30000},
      {503, MS(10), 1000}, /* the cooldown at least */
      {503, PS_RETRY_AFTER_MAX, 300000},
      {503, PS_RETRY_AFTER_MAX + 1, 300000},
      {429, 86400 * PS_SECOND, 300000},
      {429, PS_NEVER, 300000},
      {429, 0, 0},
      {503, 0, 0},
      {500, 30 * PS_SECOND, 0},
      {502, 30 * PS_SECOND, 0},
      {404, 30 * PS_SECOND, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    start_with(SLOTS, PROBES);
    enter(0, 0);
    answer(0, cases[i].status, cases[i].retry_after, 0);
    if (cases[i].shut_until)
      expect_probe_at(cases[i].shut_until);
    else
      expect_closed(0);
  }
}

static void longest_time_asked_for_counts(void **state)
{
  (void)state;
  enter(0, 0);
  enter(1, 0);
  enter(2, 0);
  answer(0, 503, 20 * PS_SECOND, 100);
  answer(1, 503, 30 * PS_SECOND, 200);
  answer(2, 503, 10 * PS_SECOND, 300);
  expect_probe_at(30200);
}

static void time_asked_for_of_a_probe_is_a_cooldown_at_least(void **state)
{
  (void)state;
  open_at(0);
  enter_probe(0, 1000);
  answer(0, 503, PS_SECOND, 1100);
  expect_probe_at(3100);
  enter_probe(0, 3100);
  answer(0, 503, 60 * PS_SECOND, 3200);
  expect_probe_at(63200);
}

static void time_asked_for_outlasts_a_probe_that_fails_meanwhile(void **state)
{
  (void)state;
  open_at(0);
  enter_probe(0, 1000);
  enter_in(1, 1000, false, false);
  answer(1, 503, 60 * PS_SECOND, 1100);
  refuse(0, 1200);
  expect_probe_at(61100);
}

static void success_of_a_probe_closes_though_another_was_asked_for_time_meanwhile(void **state)
{
  (void)state;
  open_at(0);
  enter_probe(0, 1000);
  enter_in(1, 1000, false, false);
  answer(1, 503, 60 * PS_SECOND, 1100);
  succeed(0, 1000, 1200);
  expect_closed(1200);
}

static void overdue_attempt_may_ask_for_time_too(void **state)
{
  (void)state;
  enter(0, 0);
  overdue(0, 1000);
  answer(0, 429, 10 * PS_SECOND, 5000);
  expect_probe_at(15000);
}

static void success_before_the_time_asked_for_has_passed_does_not_close(void **state)
{
  (void)state;
  enter(0, 0);
  answer(0, 429, 10 * PS_SECOND, 0);
  enter_in(0, 5000, false, false);
  succeed(0, 5000, 5100);
  expect_probe_at(10000);
  enter_probe(0, 10000);
  succeed(0, 10000, 10100);
  expect_closed(10100);
}

/* ---- No breaker */

static void endpoint_without_probes_has_no_breaker(void **state)
{
  (void)state;
  start_with(2, 0);
  miss_times(50, 0);
  expect_closed(0);
  enter_in(0, 0, false, false);
  enter_in(1, 0, false, false);
  overdue(0, 1000);
  overdue(1, 1000);
  expect_closed(1000);
  enter_in(2, 1000, false, false);
  answer(2, 503, 60 * PS_SECOND, 1100);
  expect_closed(1100);
}

/* ---- Hedge delay */

static void hedge_delay_is_fixed_where_it_follows_no_percentile(void **state)
{
  (void)state;
  ps_health_init(&health, SLOTS, PROBES, MS(1234), 0);
  for (int i = 0; i < 200; i++) {
    enter(0, 0);
    succeed(0, 0, 20);
  }
  assert_int_equal(ps_health_hedge_delay(&health), MS(1234));
}

static void hedge_delay_follows_the_percentile_of_successes(void **state)
{
  (void)state;
  ps_health_init(&health, SLOTS, PROBES, PS_SECOND, 900);
  for (int i = 0; i < 100; i++) {
    assert_int_equal(ps_health_hedge_delay(&health), PS_SECOND);
    enter(0, 0);
    succeed(0, 0, i < 90 ? 20 : 500);
    enter(0, 0);
    answer(0, 404, 0, 700);
  }
  ps_time delay = ps_health_hedge_delay(&health);
  assert_true(delay >= MS(20) && delay <= MS(20) * 102 / 100);
}

static void late_success_counts_for_the_percentile(void **state)
{
  (void)state;
  ps_health_init(&health, SLOTS, PROBES, PS_SECOND, 500);
  for (int i = 0; i < 100; i++) {
    enter(0, 0);
    overdue(0, 300);
    succeed(0, 0, 400);
  }
  ps_time delay = ps_health_hedge_delay(&health);
  assert_true(delay >= MS(400) && delay <= MS(400) * 102 / 100);
}

#define SENTENCE(name) cmocka_unit_test_setup(name, fresh_health)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(five_misses_in_a_row_open_the_breaker),
      SENTENCE(success_within_its_hedge_delay_ends_a_run_of_misses),
      SENTENCE(late_success_ends_no_run_of_misses),
      SENTENCE(what_an_end_counts_as),
      SENTENCE(attempt_that_is_overdue_and_then_fails_is_one_miss),
      SENTENCE(last_slot_that_hangs_opens_the_breaker_at_once),
      SENTENCE(slots_that_hang_open_the_breaker_though_others_answered_meanwhile),
      SENTENCE(slots_that_hang_while_the_breaker_is_open_do_not_open_it_anew),
      SENTENCE(slot_that_has_been_given_up_hangs_no_more),
      SENTENCE(cooldown_doubles_from_a_second_to_sixty),
      SENTENCE(breaker_that_was_closed_begins_with_a_cooldown_of_a_second_again),
      SENTENCE(one_probe_goes_at_a_time),
      SENTENCE(success_of_a_probe_closes_the_breaker),
      SENTENCE(late_success_of_a_probe_does_not_close_the_breaker),
      SENTENCE(probe_that_is_overdue_and_then_fails_lengthens_the_cooldown_once),
      SENTENCE(probe_that_fails_counts_as_a_miss_of_the_breakers_alone),
      SENTENCE(probe_that_is_withdrawn_or_tells_nothing_makes_way_for_another),
      SENTENCE(end_of_a_hung_probe_leaves_the_next_one_alone),
      SENTENCE(end_of_a_probe_of_an_earlier_opening_leaves_the_present_one_alone),
      SENTENCE(probe_goes_while_hung_attempts_hold_every_slot),
      SENTENCE(hung_probes_are_as_many_as_their_permits),
      SENTENCE(attempt_to_an_open_endpoint_has_a_slot_and_is_no_probe),
      SENTENCE(permits_of_probes_serve_while_slots_hang_still_after_closing),
      SENTENCE(slot_that_comes_free_is_used_again_after_closing),
      SENTENCE(attempt_in_a_probes_permit_after_closing_is_judged_like_any_other),
      SENTENCE(slots_that_hang_anew_after_closing_open_the_breaker_again),
      SENTENCE(success_of_an_attempt_that_began_before_the_opening_does_not_close),
      SENTENCE(success_of_an_older_attempt_does_not_close_while_a_probe_is_under_way),
      SENTENCE(success_of_one_for_whom_there_was_no_other_closes_after_the_cooldown),
      SENTENCE(server_that_asks_for_time_is_given_it),
      SENTENCE(longest_time_asked_for_counts),
      SENTENCE(time_asked_for_of_a_probe_is_a_cooldown_at_least),
      SENTENCE(time_asked_for_outlasts_a_probe_that_fails_meanwhile),
      SENTENCE(success_of_a_probe_closes_though_another_was_asked_for_time_meanwhile),
      SENTENCE(overdue_attempt_may_ask_for_time_too),
      SENTENCE(success_before_the_time_asked_for_has_passed_does_not_close),
      SENTENCE(endpoint_without_probes_has_no_breaker),
      SENTENCE(hedge_delay_is_fixed_where_it_follows_no_percentile),
      SENTENCE(hedge_delay_follows_the_percentile_of_successes),
      SENTENCE(late_success_counts_for_the_percentile),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
