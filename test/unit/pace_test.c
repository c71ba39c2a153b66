/* The pace of new messages: even, with a little slack, and nothing saved up. */
#include "core/pace.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MS(count) ((ps_time)(count)*PS_MILLISECOND)
#define HOUR      (3600 * PS_SECOND)

static struct ps_pace pace;

/* Takes all that may go now, and tells how many that were. */
static unsigned take_all(ps_time now)
{
  unsigned taken = 0;
  for (; ps_pace_room(&pace, now, UINT_MAX) > 0; taken++)
    ps_pace_take(&pace, now);
  return taken;
}

static void rate_of_zero_is_no_limit(void **state)
{
  (void)state;
  ps_pace_init(&pace, 0);
  for (int i = 0; i < 1000; i++) {
    assert_int_equal(ps_pace_room(&pace, 0, 17), 17);
    ps_pace_take(&pace, 0);
  }
  assert_int_equal(ps_pace_next(&pace), PS_NEVER);
  assert_int_equal(ps_pace_room(&pace, 0, 0), 0);
}

static void one_goes_in_each_interval(void **state)
{
  (void)state;
  ps_pace_init(&pace, 10);
  assert_int_equal(take_all(HOUR), 1);
  assert_int_equal(ps_pace_next(&pace), HOUR + MS(95));
  assert_int_equal(take_all(HOUR + MS(95) - 1), 0);
  assert_int_equal(take_all(HOUR + MS(95)), 1);
  assert_int_equal(ps_pace_next(&pace), HOUR + MS(195));
}

/* Whoever asks when it was told to ask finds room, and the pace is even whatever the slack. */
static void rate_holds_in_the_long_run(void **state)
{
  (void)state;
  static const double rates[] = {0.5, 3, 100, 199, 200, 201, 1000, 25000};
  for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
    ps_pace_init(&pace, rates[i]);
    ps_time end = HOUR + 8 * PS_SECOND, now = HOUR;
    unsigned taken = 0;
    for (; now < end; now = ps_pace_next(&pace)) {
      unsigned more = take_all(now);
      assert_true(more > 0);
      taken += more;
    }
    double wanted = 8 * rates[i];
    assert_true((double)taken >= wanted - 1);
    assert_true((double)taken <= wanted + 2 + rates[i] * 0.005);
  }
}

static void those_due_within_the_slack_go_together(void **state)
{
  (void)state;
  static const struct {
    double rate;
    unsigned together;
  } cases[] = {{0.01, 1}, {100, 1}, {199, 1}, {200, 2}, {400, 3}, {1000, 6}, {10000, 51}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ps_pace_init(&pace, cases[i].rate);
    assert_int_equal(ps_pace_room(&pace, HOUR, UINT_MAX), cases[i].together);
    assert_int_equal(take_all(HOUR), cases[i].together);
    assert_int_equal(take_all(HOUR), 0);
  }
}

static void idle_time_saves_nothing_up(void **state)
{
  (void)state;
  ps_pace_init(&pace, 1000);
  for (int i = 1; i < 5; i++)
    assert_int_equal(take_all(i * HOUR), 6);
}

static void lateness_within_the_slack_is_made_up_for(void **state)
{
  (void)state;
  ps_pace_init(&pace, 1000);
  assert_int_equal(take_all(HOUR), 6);
  assert_int_equal(take_all(HOUR + MS(4)), 4);
  assert_int_equal(take_all(HOUR + MS(5)), 1);
}

static void room_is_at_most_what_is_asked_for(void **state)
{
  (void)state;
  ps_pace_init(&pace, 1000);
  assert_int_equal(ps_pace_room(&pace, HOUR, 4), 4);
  assert_int_equal(ps_pace_room(&pace, HOUR, 0), 0);
  assert_int_equal(ps_pace_room(&pace, HOUR, 100), 6);
}

static void very_low_rate_lets_one_go_in_days(void **state)
{
  (void)state;
  ps_pace_init(&pace, 1.0 / 86400);
  assert_int_equal(take_all(HOUR), 1);
  assert_int_equal(ps_pace_next(&pace), 25 * HOUR - PS_PACE_SLACK);
  assert_int_equal(take_all(25 * HOUR - PS_PACE_SLACK - 1), 0);
  assert_int_equal(take_all(25 * HOUR), 1);
}

/* An interval of more than there is time. */
static void lowest_rate_there_is_lets_only_one_go(void **state)
{
  (void)state;
  static const double rates[] = {1e-9, 1e-10, 1e-12, 1e-300};
  for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
    ps_pace_init(&pace, rates[i]);
    assert_int_equal(ps_pace_room(&pace, HOUR, 3), 1);
    ps_pace_take(&pace, HOUR);
    assert_int_equal(ps_pace_room(&pace, 1000 * HOUR, 3), 0);
  }
}

static void very_high_rate_is_a_limit_still(void **state)
{
  (void)state;
  static const double rates[] = {1e9, 1e10, 1e300};
  for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
    ps_pace_init(&pace, rates[i]);
    assert_int_equal(ps_pace_room(&pace, HOUR, UINT_MAX), PS_PACE_SLACK + 1);
    ps_pace_take(&pace, HOUR);
    assert_int_equal(ps_pace_room(&pace, HOUR, UINT_MAX), PS_PACE_SLACK);
    assert_int_equal(ps_pace_room(&pace, HOUR, 64), 64);
    assert_true(ps_pace_next(&pace) <= HOUR);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rate_of_zero_is_no_limit),
      cmocka_unit_test(one_goes_in_each_interval),
      cmocka_unit_test(rate_holds_in_the_long_run),
      cmocka_unit_test(those_due_within_the_slack_go_together),
      cmocka_unit_test(idle_time_saves_nothing_up),
      cmocka_unit_test(lateness_within_the_slack_is_made_up_for),
      cmocka_unit_test(room_is_at_most_what_is_asked_for),
      cmocka_unit_test(very_low_rate_lets_one_go_in_days),
      cmocka_unit_test(lowest_rate_there_is_lets_only_one_go),
      cmocka_unit_test(very_high_rate_is_a_limit_still),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
