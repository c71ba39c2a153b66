/* The way to one endpoint: who gets a permit next, and which. */
#include "core/lane.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define SLOTS   3
#define PROBES  2
#define TICKETS 8

static struct ps_lane lane;
static struct ps_ticket tickets[TICKETS];

static int fresh_lane(void **state)
{
  (void)state;
  for (int i = 0; i < TICKETS; i++)
    ps_ticket_init(&tickets[i]);
  return ps_lane_init(&lane, SLOTS, PROBES);
}

static int free_lane(void **state)
{
  (void)state;
  ps_lane_fini(&lane);
  return 0;
}

static void enter(int number)
{
  ps_lane_enter(&lane, &tickets[number]);
}

static void enter_hedge(int number)
{
  tickets[number].hedge = true;
  enter(number);
}

static void enter_probe(int number)
{
  tickets[number].probe = true;
  enter(number);
}

static void give(int number)
{
  ps_lane_give(&lane, &tickets[number]);
  assert_int_equal(tickets[number].permit, -1);
}

static void expect_next(int number, int permit)
{
  struct ps_ticket *next = ps_lane_next(&lane);
  assert_non_null(next);
  assert_int_equal(next - tickets, number);
  assert_int_equal(next->permit, permit);
}

static void expect_nobody(void)
{
  assert_null(ps_lane_next(&lane));
}

/* Tickets 0 to SLOTS-1 have all slots. */
static void lend_all_slots(void)
{
  for (int i = 0; i < SLOTS; i++) {
    enter(i);
    expect_next(i, i);
  }
}

/* ---- Who */

static void nobody_goes_where_nobody_waits(void **state)
{
  (void)state;
  expect_nobody();
  enter(0);
  expect_next(0, 0);
  expect_nobody();
}

static void new_messages_are_served_first_come_first_served(void **state)
{
  (void)state;
  lend_all_slots();
  for (int i = SLOTS; i < 6; i++)
    enter(i);
  for (int i = SLOTS; i < 6; i++) {
    expect_nobody();
    give(i - SLOTS);
    expect_next(i, i - SLOTS);
  }
}

static void hedges_go_before_new_messages_first_come_first_served(void **state)
{
  (void)state;
  lend_all_slots();
  enter(3);
  enter_hedge(4);
  enter(5);
  enter_hedge(6);
  static const int order[] = {4, 6, 3, 5};
  for (int i = 0; i < 4; i++) {
    give(i < SLOTS ? i : order[0]);
    expect_next(order[i], i % SLOTS);
  }
}

static void who_returns_his_permit_is_the_next_again(void **state)
{
  (void)state;
  assert_false(ps_lane_is_ready(&lane));
  enter(0);
  enter(1);
  enter_hedge(2);
  assert_true(ps_lane_is_ready(&lane));
  expect_next(2, 0);
  ps_lane_return(&lane, &tickets[2]);
  assert_int_equal(lane.waiting, 3);
  expect_next(2, 0);
  expect_next(0, 1);
  ps_lane_return(&lane, &tickets[0]);
  expect_next(0, 1);
  expect_next(1, 2);
  enter(3);
  assert_false(ps_lane_is_ready(&lane));
  enter_probe(4);
  assert_true(ps_lane_is_ready(&lane));
  expect_next(4, SLOTS);
  ps_lane_return(&lane, &tickets[4]);
  assert_true(ps_lane_is_ready(&lane));
  expect_next(4, SLOTS);
}

static void nobody_goes_without_a_free_permit_and_keeps_the_place(void **state)
{
  (void)state;
  lend_all_slots();
  enter_hedge(3);
  enter(4);
  expect_nobody();
  expect_nobody();
  assert_int_equal(tickets[3].permit, -1);
  give(1);
  expect_next(3, 1);
  expect_nobody();
}

/* ---- Which permit */

static void permit_given_back_last_is_lent_first(void **state)
{
  (void)state;
  lend_all_slots();
  give(0);
  give(2);
  give(1);
  enter(3);
  enter(4);
  enter(5);
  expect_next(3, 1);
  expect_next(4, 2);
  expect_next(5, 0);
}

static void giving_back_what_was_never_lent_does_nothing(void **state)
{
  (void)state;
  lend_all_slots();
  enter(3);
  give(3);
  give(4);
  expect_nobody();
  give(0);
  give(0);
  expect_next(3, 0);
  enter(4);
  expect_nobody();
}

/* ---- Probes */

static void probe_goes_first_with_a_permit_of_its_own_while_all_slots_are_lent(void **state)
{
  (void)state;
  lend_all_slots();
  enter_hedge(3);
  enter(4);
  enter_probe(5);
  enter_probe(6);
  enter(7);
  assert_int_equal(ps_lane_next(&lane)->permit, SLOTS);
  assert_int_equal(ps_lane_next(&lane)->permit, SLOTS + 1);
  assert_true(tickets[5].permit >= SLOTS && tickets[6].permit >= SLOTS);
  expect_nobody();
}

static void probe_never_takes_a_slots_permit(void **state)
{
  (void)state;
  enter_probe(0);
  expect_next(0, SLOTS);
  for (int i = 1; i <= SLOTS; i++) {
    enter(i);
    expect_next(i, i - 1);
  }
}

static void permit_of_a_probe_serves_probes_alone(void **state)
{
  (void)state;
  lend_all_slots();
  enter_probe(3);
  expect_next(3, SLOTS);
  enter_hedge(4);
  give(3);
  expect_nobody();
  enter_probe(5);
  expect_next(5, SLOTS);
  give(0);
  expect_next(4, 0);
}

static void lane_without_probes_lends_its_slots(void **state)
{
  (void)state;
  struct ps_lane small;
  assert_int_equal(ps_lane_init(&small, 1, 0), 0);
  ps_lane_enter(&small, &tickets[0]);
  ps_lane_enter(&small, &tickets[1]);
  assert_ptr_equal(ps_lane_next(&small), &tickets[0]);
  assert_null(ps_lane_next(&small));
  ps_lane_give(&small, &tickets[0]);
  assert_ptr_equal(ps_lane_next(&small), &tickets[1]);
  ps_lane_fini(&small);
}

/* ---- Leaving */

static void one_who_leaves_is_not_served(void **state)
{
  (void)state;
  lend_all_slots();
  enter(3);
  enter(4);
  enter_hedge(5);
  assert_true(ps_lane_leave(&lane, &tickets[3]));
  assert_true(ps_lane_leave(&lane, &tickets[5]));
  give(0);
  expect_next(4, 0);
  give(1);
  expect_nobody();
}

static void one_who_is_in_no_queue_cannot_leave(void **state)
{
  (void)state;
  assert_false(ps_lane_leave(&lane, &tickets[0]));
  enter(0);
  expect_next(0, 0);
  assert_false(ps_lane_leave(&lane, &tickets[0]));
  assert_int_equal(tickets[0].permit, 0);
  enter(1);
  assert_true(ps_lane_leave(&lane, &tickets[1]));
  assert_false(ps_lane_leave(&lane, &tickets[1]));
}

static void fini_of_a_zeroed_lane_is_fine(void **state)
{
  (void)state;
  struct ps_lane none = {0};
  ps_lane_fini(&none);
  assert_null(none.slots.stack);
}

#define SENTENCE(name) cmocka_unit_test_setup_teardown(name, fresh_lane, free_lane)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(nobody_goes_where_nobody_waits),
      SENTENCE(new_messages_are_served_first_come_first_served),
      SENTENCE(hedges_go_before_new_messages_first_come_first_served),
      SENTENCE(who_returns_his_permit_is_the_next_again),
      SENTENCE(nobody_goes_without_a_free_permit_and_keeps_the_place),
      SENTENCE(permit_given_back_last_is_lent_first),
      SENTENCE(giving_back_what_was_never_lent_does_nothing),
      SENTENCE(probe_goes_first_with_a_permit_of_its_own_while_all_slots_are_lent),
      SENTENCE(probe_never_takes_a_slots_permit),
      SENTENCE(permit_of_a_probe_serves_probes_alone),
      SENTENCE(lane_without_probes_lends_its_slots),
      SENTENCE(one_who_leaves_is_not_served),
      SENTENCE(one_who_is_in_no_queue_cannot_leave),
      SENTENCE(fini_of_a_zeroed_lane_is_fine),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
