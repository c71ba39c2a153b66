/* The hedge budget: a share of recent messages, with bursts and credit that have an end. */
#include "core/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct ps_budget budget;

static void earn(int messages)
{
  for (int i = 0; i < messages; i++)
    ps_budget_earn(&budget);
}

/* How many hedges may go now, one after another, up to 1000. */
static int spend_all(void)
{
  int hedges = 0;
  for (; hedges < 1000 && ps_budget_allows(&budget); hedges++)
    ps_budget_spend(&budget);
  return hedges;
}

static void spend(int hedges)
{
  for (int i = 0; i < hedges; i++)
    ps_budget_spend(&budget);
}

/* How many messages have to come before a hedge may go, up to 5000. */
static int messages_until_allowed(void)
{
  int messages = 0;
  for (; messages < 5000 && !ps_budget_allows(&budget); messages++)
    ps_budget_earn(&budget);
  return messages;
}

static void burst_is_what_a_hundred_messages_earn_and_one_hedge_at_least(void **state)
{
  (void)state;
  static const struct {
    double share;
    int burst;
  } cases[] = {{0, 0}, {0.001, 1}, {0.01, 1}, {0.015, 1}, {0.02, 2}, {0.1, 10}, {0.25, 25}, {1, 100}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ps_budget_init(&budget, cases[i].share);
    assert_int_equal(spend_all(), cases[i].burst);
    earn(100000);
    assert_int_equal(spend_all(), cases[i].burst);
  }
}

static void each_hedge_costs_what_its_share_of_messages_earns(void **state)
{
  (void)state;
  static const struct {
    double share;
    int messages;
  } cases[] = {{0.001, 1000}, {0.01, 100}, {0.1, 10}, {0.3, 4}, {0.5, 2}, {1, 1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ps_budget_init(&budget, cases[i].share);
    spend_all();
    int left = (int)budget.purse;
    assert_in_range(left, 0, 999999);
    budget.purse = 0;
    assert_int_equal(messages_until_allowed(), cases[i].messages);
  }
}

static void share_of_zero_allows_no_hedge_and_gives_no_credit(void **state)
{
  (void)state;
  ps_budget_init(&budget, 0);
  earn(10000);
  assert_false(ps_budget_allows(&budget));
  spend(5);
  assert_int_equal(messages_until_allowed(), 5000);
}

static void share_of_one_allows_a_hedge_for_each_message(void **state)
{
  (void)state;
  ps_budget_init(&budget, 1);
  spend_all();
  for (int i = 0; i < 1000; i++) {
    earn(1);
    assert_int_equal(spend_all(), 1);
  }
}

static void share_of_a_tenth_allows_a_tenth_in_the_long_run(void **state)
{
  (void)state;
  int hedges = 0;
  ps_budget_init(&budget, 0.1);
  for (int i = 0; i < 10000; i++) {
    earn(1);
    hedges += spend_all();
  }
  assert_int_equal(hedges, 10 + 10000 / 10 - 1); /* the first message finds the purse full */
}

static void negative_share_is_no_limit(void **state)
{
  (void)state;
  static const double shares[] = {-1, -0.001};
  for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
    ps_budget_init(&budget, shares[i]);
    assert_int_equal(spend_all(), 1000);
    earn(1000);
    assert_int_equal(spend_all(), 1000);
  }
}

static void hedge_on_credit_is_paid_back_by_later_messages(void **state)
{
  (void)state;
  ps_budget_init(&budget, 0.1);
  assert_int_equal(spend_all(), 10);
  spend(3);
  assert_int_equal(messages_until_allowed(), 40);
  assert_int_equal(spend_all(), 1);
}

static void credit_has_an_end(void **state)
{
  (void)state;
  ps_budget_init(&budget, 0.1);
  spend(1000);
  assert_int_equal(messages_until_allowed(), 110);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(burst_is_what_a_hundred_messages_earn_and_one_hedge_at_least),
      cmocka_unit_test(each_hedge_costs_what_its_share_of_messages_earns),
      cmocka_unit_test(share_of_zero_allows_no_hedge_and_gives_no_credit),
      cmocka_unit_test(share_of_one_allows_a_hedge_for_each_message),
      cmocka_unit_test(share_of_a_tenth_allows_a_tenth_in_the_long_run),
      cmocka_unit_test(negative_share_is_no_limit),
      cmocka_unit_test(hedge_on_credit_is_paid_back_by_later_messages),
      cmocka_unit_test(credit_has_an_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
