/* The intrusive list: order, and what may be done to it while it is walked. */
#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#define ITEMS 6

struct item {
  int number;
  struct ps_list link;
};

static struct item items[ITEMS];
static struct ps_list list, other;

static int fresh_lists(void **state)
{
  (void)state;
  ps_list_init(&list);
  ps_list_init(&other);
  for (int i = 0; i < ITEMS; i++) {
    items[i].number = i;
    ps_list_init(&items[i].link);
  }
  return 0;
}

static void append(struct ps_list *to, int first, int last)
{
  for (int i = first; i <= last; i++)
    ps_list_append(to, &items[i].link);
}

/* Takes out everything: `first` to `last`, and nothing more. */
static void expect_pops(struct ps_list *from, int first, int last)
{
  for (int i = first; i <= last; i++) {
    struct ps_list *link = ps_list_pop(from);
    assert_non_null(link);
    assert_int_equal(PS_CONTAINER(link, struct item, link)->number, i);
    assert_true(ps_list_empty(link));
  }
  assert_null(ps_list_pop(from));
  assert_true(ps_list_empty(from));
}

static void items_come_out_in_the_order_they_went_in(void **state)
{
  (void)state;
  assert_null(ps_list_pop(&list));
  append(&list, 0, ITEMS - 1);
  assert_false(ps_list_empty(&list));
  expect_pops(&list, 0, ITEMS - 1);
}

static void item_put_in_front_comes_out_first(void **state)
{
  (void)state;
  ps_list_prepend(&list, &items[2].link);
  append(&list, 3, 4);
  ps_list_prepend(&list, &items[1].link);
  ps_list_prepend(&list, &items[0].link);
  expect_pops(&list, 0, 4);
}

static void item_taken_out_of_the_middle_leaves_the_rest_in_order(void **state)
{
  (void)state;
  append(&list, 0, 1);
  append(&list, 5, 5);
  append(&list, 2, 4);
  ps_list_remove(&items[5].link);
  assert_true(ps_list_empty(&items[5].link));
  expect_pops(&list, 0, 4);
}

static void taking_out_an_item_that_is_in_no_list_does_nothing(void **state)
{
  (void)state;
  append(&list, 0, 1);
  ps_list_remove(&items[3].link);
  ps_list_remove(&items[3].link);
  expect_pops(&list, 0, 1);
}

static void splice_puts_all_of_one_list_behind_another(void **state)
{
  (void)state;
  append(&list, 0, 2);
  append(&other, 3, 5);
  ps_list_splice(&list, &other);
  assert_true(ps_list_empty(&other));
  expect_pops(&list, 0, 5);
}

static void splice_works_with_an_empty_list_on_either_side(void **state)
{
  (void)state;
  append(&other, 0, 3);
  ps_list_splice(&list, &other);
  ps_list_splice(&list, &other);
  assert_true(ps_list_empty(&other));
  expect_pops(&list, 0, 3);
}

static void item_may_be_taken_out_while_the_list_is_walked(void **state)
{
  (void)state;
  append(&list, 0, 5);
  int seen = 0;
  ps_list_each(link, &list) {
    assert_int_equal(PS_CONTAINER(link, struct item, link)->number, seen++);
    ps_list_remove(link);
    ps_list_append(&other, link);
  }
  assert_int_equal(seen, ITEMS);
  assert_true(ps_list_empty(&list));
  expect_pops(&other, 0, 5);
}

#define SENTENCE(name) cmocka_unit_test_setup(name, fresh_lists)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(items_come_out_in_the_order_they_went_in),
      SENTENCE(item_put_in_front_comes_out_first),
      SENTENCE(item_taken_out_of_the_middle_leaves_the_rest_in_order),
      SENTENCE(taking_out_an_item_that_is_in_no_list_does_nothing),
      SENTENCE(splice_puts_all_of_one_list_behind_another),
      SENTENCE(splice_works_with_an_empty_list_on_either_side),
      SENTENCE(item_may_be_taken_out_while_the_list_is_walked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
