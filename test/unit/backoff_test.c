/* How long a retry waits. */
#include "core/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <cmocka.h>

#define DRAWS 2000

static uint64_t random_state;

static int fresh_seed(void **state)
{
  (void)state;
  random_state = 1;
  return 0;
}

static ps_time backoff(ps_time fixed, unsigned round, ps_time retry_after)
{
  return ps_backoff(fixed, round, retry_after, &random_state);
}

static void exponential_delay_doubles_up_to_ten_minutes(void **state)
{
  (void)state;
  static const struct {
    unsigned round;
    int seconds;
  } rows[] = {
      {0, 1}, {1, 2}, {2, 4}, {3, 8}, {8, 256}, {9, 512}, {10, 600}, {11, 600}, {31, 600}, {64, 600}, {4000000000, 600},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    for (int draw = 0; draw < DRAWS; draw++) {
      ps_time most = rows[i].seconds * PS_SECOND, delay = backoff(0, rows[i].round, 0);
      if (delay > most || delay <= most / 2)
        fail_msg("round %u: %lld ns is not within half of %d s", rows[i].round, (long long)delay, rows[i].seconds);
    }
}

static void jitter_takes_off_anything_up_to_a_half(void **state)
{
  (void)state;
  ps_time least = PS_NEVER, most = 0;
  for (int draw = 0; draw < DRAWS; draw++) {
    ps_time delay = backoff(0, 2, 0);
    least = ps_earlier(least, delay);
    most = delay > most ? delay : most;
  }
  assert_in_range(least, 2 * PS_SECOND, 2 * PS_SECOND + 20 * PS_MILLISECOND);
  assert_in_range(most, 4 * PS_SECOND - 20 * PS_MILLISECOND, 4 * PS_SECOND);
}

static void same_seed_gives_the_same_delays(void **state)
{
  (void)state;
  ps_time first[10];
  for (unsigned i = 0; i < 10; i++)
    first[i] = backoff(0, i, 0);
  random_state = 1;
  for (unsigned i = 0; i < 10; i++)
    assert_int_equal(backoff(0, i, 0), first[i]);
}

static void fixed_delay_has_no_jitter_and_does_not_grow(void **state)
{
  (void)state;
  for (unsigned round = 0; round < 100; round++)
    assert_int_equal(backoff(1500 * PS_MILLISECOND, round, 0), 1500 * PS_MILLISECOND);
  assert_int_equal(backoff(1, 0, 0), 1);
  assert_int_equal(backoff(3600 * PS_SECOND, 0, 0), 3600 * PS_SECOND);
}

static void retry_after_is_a_lower_bound(void **state)
{
  (void)state;
  assert_int_equal(backoff(5 * PS_SECOND, 0, 7 * PS_SECOND), 7 * PS_SECOND);
  assert_int_equal(backoff(5 * PS_SECOND, 0, 3 * PS_SECOND), 5 * PS_SECOND);
  assert_int_equal(backoff(0, 0, 20 * PS_SECOND), 20 * PS_SECOND);
  for (int draw = 0; draw < DRAWS; draw++)
    assert_in_range(backoff(0, 9, 20 * PS_SECOND), 256 * PS_SECOND, 512 * PS_SECOND);
}

static void retry_after_is_obeyed_for_five_minutes_at_most(void **state)
{
  (void)state;
  assert_int_equal(backoff(PS_SECOND, 0, 300 * PS_SECOND), 300 * PS_SECOND);
  assert_int_equal(backoff(PS_SECOND, 0, 301 * PS_SECOND), 300 * PS_SECOND);
  assert_int_equal(backoff(0, 0, PS_NEVER), 300 * PS_SECOND);
  assert_int_equal(backoff(400 * PS_SECOND, 0, 500 * PS_SECOND), 400 * PS_SECOND);
}

#define SENTENCE(name) cmocka_unit_test_setup(name, fresh_seed)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(exponential_delay_doubles_up_to_ten_minutes),
      SENTENCE(jitter_takes_off_anything_up_to_a_half),
      SENTENCE(same_seed_gives_the_same_delays),
      SENTENCE(fixed_delay_has_no_jitter_and_does_not_grow),
      SENTENCE(retry_after_is_a_lower_bound),
      SENTENCE(retry_after_is_obeyed_for_five_minutes_at_most),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
