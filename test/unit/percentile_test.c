/* A percentile of the recent past: how many are enough, which are recent, and how near what is found comes. */
#include "core/percentile.h"

#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MS(count) ((ps_time)(count)*PS_MILLISECOND)

static struct ps_percentile recent;

static int fresh_past(void **state)
{
  (void)state;
  memset(&recent, 0, sizeof recent);
  return 0;
}

static void add(int count, ps_time span)
{
  for (int i = 0; i < count; i++)
    ps_percentile_add(&recent, span);
}

/* What is found is not shorter than `span`, and at most 2 % longer. */
static void expect_about(unsigned permille, ps_time span)
{
  ps_time found = ps_percentile_find(&recent, permille);
  assert_true(found >= span);
  assert_true(found <= span + span / 50);
}

static const unsigned every_permille[] = {1, 500, 900, 950, 990, 999, 1000};
#define PERMILLES (sizeof every_permille / sizeof *every_permille)

/* ---- How many */

static void nothing_is_found_before_there_are_a_hundred(void **state)
{
  (void)state;
  for (size_t i = 0; i < PERMILLES; i++)
    assert_int_equal(ps_percentile_find(&recent, every_permille[i]), PS_SECOND);
  add(99, MS(20));
  for (size_t i = 0; i < PERMILLES; i++)
    assert_int_equal(ps_percentile_find(&recent, every_permille[i]), PS_SECOND);
  add(1, MS(20));
  for (size_t i = 0; i < PERMILLES; i++)
    expect_about(every_permille[i], MS(20));
}

static void window_slides_over_the_last_2048(void **state)
{
  (void)state;
  add(2048, MS(500));
  add(1023, MS(50));
  expect_about(500, MS(500));
  add(1, MS(50));
  expect_about(500, MS(50));
  expect_about(501, MS(500));
  add(1023, MS(50));
  expect_about(1000, MS(500));
  add(1, MS(50));
  expect_about(1000, MS(50));
}

static void past_that_was_left_behind_is_forgotten_more_than_once(void **state)
{
  (void)state;
  for (int span = 20; span <= 400; span += 37) {
    add(2048, MS(span));
    expect_about(1, MS(span));
    expect_about(1000, MS(span));
  }
}

/* ---- How near */

static void found_span_is_at_most_two_percent_too_long(void **state)
{
  (void)state;
  for (ps_time span = PS_PERCENTILE_LEAST; span <= PS_PERCENTILE_MOST; span += span / 97) {
    add(2048, span);
    expect_about(500, span);
  }
}

static void found_span_is_within_its_bounds(void **state)
{
  (void)state;
  static const struct {
    ps_time span, found;
  } cases[] = {
      {0, MS(10)},          {1, MS(10)},          {MS(1), MS(10)},          {MS(10), MS(10)},
      {MS(999), MS(1000)},  {MS(1000), MS(1000)}, {MS(1000) + 1, MS(1000)}, {600 * PS_SECOND, MS(1000)},
      {PS_NEVER, MS(1000)},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    add(2048, cases[i].span);
    for (size_t j = 0; j < PERMILLES; j++)
      assert_int_equal(ps_percentile_find(&recent, every_permille[j]), cases[i].found);
  }
}

static void all_equal_spans_are_every_percentile(void **state)
{
  (void)state;
  add(1000, MS(123));
  ps_time found = ps_percentile_find(&recent, 500);
  expect_about(500, MS(123));
  for (size_t i = 0; i < PERMILLES; i++)
    assert_int_equal(ps_percentile_find(&recent, every_permille[i]), found);
}

/* ---- Which */

static void percentile_is_the_span_that_so_many_were_not_longer_than(void **state)
{
  (void)state;
  static const struct {
    unsigned permille;
    int ms;
  } cases[] = {{1, 10},    {10, 10},   {11, 20},   {500, 500}, {501, 510},  {750, 750},
               {900, 900}, {950, 950}, {951, 960}, {990, 990}, {991, 1000}, {999, 1000}};
  for (int i = 100; i > 0; i--)
    add(1, MS(10 * i));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ps_time found = ps_percentile_find(&recent, cases[i].permille);
    assert_true(found >= MS(cases[i].ms));
    assert_true(found <= ps_earlier(MS(cases[i].ms) * 102 / 100, PS_SECOND));
  }
}

static void permille_999_leaves_out_one_of_a_thousand(void **state)
{
  (void)state;
  add(1998, MS(30));
  add(2, MS(900));
  expect_about(999, MS(30));
  add(1, MS(900));
  expect_about(999, MS(900));
  expect_about(998, MS(30));
}

static int compare(const void *left, const void *right)
{
  const ps_time *a = left, *b = right;
  return (*a > *b) - (*a < *b);
}

#define RANDOM_SPANS 7000

/* Against the true percentile of the last 2048, sorted. */
static void percentile_of_random_spans_is_found(void **state)
{
  (void)state;
  static ps_time spans[RANDOM_SPANS], sorted[PS_PERCENTILE_WINDOW];
  uint64_t random = 3;
  for (size_t i = 0; i < RANDOM_SPANS; i++) {
    spans[i] = MS(10) + (ps_time)ps_random_below(&random, MS(i % 1500 < 700 ? 100 : 960));
    ps_percentile_add(&recent, spans[i]);
    if (i % 331 != 330)
      continue;
    size_t size = i + 1 < PS_PERCENTILE_WINDOW ? i + 1 : PS_PERCENTILE_WINDOW;
    memcpy(sorted, &spans[i + 1 - size], size * sizeof *sorted);
    qsort(sorted, size, sizeof *sorted, compare);
    for (size_t j = 0; j < PERMILLES; j++)
      expect_about(every_permille[j], sorted[(size * every_permille[j] + 999) / 1000 - 1]);
  }
}

#define SENTENCE(name) cmocka_unit_test_setup(name, fresh_past)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(nothing_is_found_before_there_are_a_hundred),
      SENTENCE(window_slides_over_the_last_2048),
      SENTENCE(past_that_was_left_behind_is_forgotten_more_than_once),
      SENTENCE(found_span_is_at_most_two_percent_too_long),
      SENTENCE(found_span_is_within_its_bounds),
      SENTENCE(all_equal_spans_are_every_percentile),
      SENTENCE(percentile_is_the_span_that_so_many_were_not_longer_than),
      SENTENCE(permille_999_leaves_out_one_of_a_thousand),
      SENTENCE(percentile_of_random_spans_is_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
