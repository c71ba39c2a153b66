#include "core/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

/* A moment long after the clock's beginning, as real ones are. */
#define START       (1000 * PS_SECOND)
#define AT(windows) (START + (ps_time)((windows)*PS_FLOW_WINDOW))

static struct ps_flow flow;

static void note(unsigned count, ps_time when)
{
  while (count--)
    ps_flow_note(&flow, when);
}

static int fresh(void **state)
{
  (void)state;
  flow = (struct ps_flow){0};
  return 0;
}

static void nothing_has_started_at_first(void **state)
{
  (void)state;
  assert_int_equal(ps_flow_lately(&flow, START), 0);
}

static void starts_of_the_present_window_count(void **state)
{
  (void)state;
  note(3, AT(0));
  assert_int_equal(ps_flow_lately(&flow, AT(0)), 3);
  note(2, AT(0.5));
  assert_int_equal(ps_flow_lately(&flow, AT(0.9)), 5);
}

static void fuller_one_of_two_windows_tells(void **state)
{
  (void)state;
  note(7, AT(0));
  note(1, AT(1));
  assert_int_equal(ps_flow_lately(&flow, AT(1.5)), 7);
  note(8, AT(1.6));
  assert_int_equal(ps_flow_lately(&flow, AT(1.7)), 9);
}

static void what_is_long_past_does_not_count(void **state)
{
  (void)state;
  note(7, AT(0));
  assert_int_equal(ps_flow_lately(&flow, AT(1.5)), 7);
  assert_int_equal(ps_flow_lately(&flow, AT(2)), 0);
  note(1, AT(5));
  assert_int_equal(ps_flow_lately(&flow, AT(5)), 1);
  note(2, AT(6));
  assert_int_equal(ps_flow_lately(&flow, AT(7.5)), 2); /* the window of the one is over two windows old */
}

static void start_told_late_is_counted_where_it_is_told(void **state)
{
  (void)state;
  note(2, AT(1));
  note(3, AT(0.8));
  assert_int_equal(ps_flow_lately(&flow, AT(1)), 5);
}

#define SENTENCE(test) cmocka_unit_test_setup(test, fresh)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(nothing_has_started_at_first),
      SENTENCE(starts_of_the_present_window_count),
      SENTENCE(fuller_one_of_two_windows_tells),
      SENTENCE(what_is_long_past_does_not_count),
      SENTENCE(start_told_late_is_counted_where_it_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
