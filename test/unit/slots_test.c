/* The permits of an endpoint: the last used is lent first, and none is lent twice. */
#include "core/slots.h"

#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <cmocka.h>

#define TOTAL 8

static struct ps_slots slots;

static int fresh_slots(void **state)
{
  (void)state;
  return ps_slots_init(&slots, TOTAL);
}

static int free_slots(void **state)
{
  (void)state;
  ps_slots_fini(&slots);
  return 0;
}

static void permits_are_lent_from_zero_upwards(void **state)
{
  (void)state;
  for (int i = 0; i < TOTAL; i++)
    assert_int_equal(ps_slots_take(&slots), i);
}

static void none_is_left_when_all_are_lent(void **state)
{
  (void)state;
  for (int i = 0; i < TOTAL; i++)
    assert_true(ps_slots_take(&slots) >= 0);
  assert_int_equal(slots.free, 0);
  assert_int_equal(ps_slots_take(&slots), -1);
  assert_int_equal(ps_slots_take(&slots), -1);
  ps_slots_give(&slots, 5);
  assert_int_equal(ps_slots_take(&slots), 5);
  assert_int_equal(ps_slots_take(&slots), -1);
}

static void permit_used_last_is_lent_first(void **state)
{
  (void)state;
  for (int i = 0; i < 4; i++)
    ps_slots_take(&slots);
  ps_slots_give(&slots, 0);
  ps_slots_give(&slots, 3);
  ps_slots_give(&slots, 1);
  assert_int_equal(ps_slots_take(&slots), 1);
  assert_int_equal(ps_slots_take(&slots), 3);
  assert_int_equal(ps_slots_take(&slots), 0);
  assert_int_equal(ps_slots_take(&slots), 4);
}

static void one_attempt_after_another_uses_one_permit(void **state)
{
  (void)state;
  for (int i = 0; i < 100; i++) {
    int permit = ps_slots_take(&slots);
    assert_int_equal(permit, 0);
    ps_slots_give(&slots, permit);
  }
  assert_int_equal(slots.free, TOTAL);
}

static void no_permit_is_ever_lent_twice(void **state)
{
  (void)state;
  bool lent[TOTAL] = {false};
  int held[TOTAL];
  unsigned count = 0;
  uint64_t random = 7;
  for (int i = 0; i < 20000; i++) {
    if (ps_random_below(&random, 2)) {
      int permit = ps_slots_take(&slots);
      assert_int_equal(permit < 0, count == TOTAL);
      if (permit < 0)
        continue;
      assert_in_range(permit, 0, TOTAL - 1);
      assert_false(lent[permit]);
      lent[permit] = true;
      held[count++] = permit;
    } else if (count) {
      unsigned which = (unsigned)ps_random_below(&random, count);
      ps_slots_give(&slots, held[which]);
      lent[held[which]] = false;
      held[which] = held[--count];
    }
    assert_int_equal(slots.free + count, TOTAL);
  }
}

static void fini_of_what_was_never_made_is_fine(void **state)
{
  (void)state;
  struct ps_slots none = {0};
  ps_slots_fini(&none);
  assert_int_equal(ps_slots_take(&none), -1);
}

#define SENTENCE(name) cmocka_unit_test_setup_teardown(name, fresh_slots, free_slots)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(permits_are_lent_from_zero_upwards), SENTENCE(none_is_left_when_all_are_lent),
      SENTENCE(permit_used_last_is_lent_first),     SENTENCE(one_attempt_after_another_uses_one_permit),
      SENTENCE(no_permit_is_ever_lent_twice),       SENTENCE(fini_of_what_was_never_made_is_fine),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
