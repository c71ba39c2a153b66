/* The heap of deadlines against a naive model: an array of keys, searched from end to end. */
#include "base/heap.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <cmocka.h>

#define NODES ((size_t)50)

static struct ps_heap heap;
static struct ps_heap_node nodes[NODES];
static ps_time model[NODES]; /* PS_NEVER: not in */

static int fresh_heap(void **state)
{
  (void)state;
  ps_heap_init(&heap);
  for (size_t i = 0; i < NODES; i++) {
    nodes[i] = (struct ps_heap_node){0};
    model[i] = PS_NEVER;
  }
  return ps_heap_reserve(&heap, NODES);
}

static int free_heap(void **state)
{
  (void)state;
  ps_heap_fini(&heap);
  return 0;
}

static void set(size_t i, ps_time key)
{
  ps_heap_set(&heap, &nodes[i], key);
  model[i] = key;
}

static void take_out(size_t i)
{
  ps_heap_remove(&heap, &nodes[i]);
  model[i] = PS_NEVER;
}

static size_t model_count(void)
{
  size_t count = 0;
  for (size_t i = 0; i < NODES; i++)
    count += model[i] != PS_NEVER;
  return count;
}

static ps_time model_first(void)
{
  ps_time first = PS_NEVER;
  for (size_t i = 0; i < NODES; i++)
    first = ps_earlier(first, model[i]);
  return first;
}

static void check(void)
{
  struct ps_heap_node *first = ps_heap_first(&heap);
  assert_int_equal(heap.count, model_count());
  assert_int_equal(first ? first->key : PS_NEVER, model_first());
  for (size_t i = 0; i < NODES; i++) {
    assert_int_equal(nodes[i].place != 0, model[i] != PS_NEVER);
    if (nodes[i].place) {
      assert_ptr_equal(heap.nodes[nodes[i].place - 1], &nodes[i]);
      assert_int_equal(nodes[i].key, model[i]);
    }
  }
}

static void drain(void)
{
  for (struct ps_heap_node *first; (first = ps_heap_first(&heap));) {
    take_out((size_t)(first - nodes));
    check();
  }
  assert_int_equal(heap.count, 0);
}

/* Few different keys, so that many are equal. */
static void random_operation(uint64_t *random)
{
  size_t i = ps_random_below(random, NODES);
  switch (ps_random_below(random, 8)) {
  case 0:
    take_out(i);
    break;
  case 1:
    set(i, PS_NEVER);
    break;
  default:
    set(i, (ps_time)ps_random_below(random, 30) - 5);
    break;
  }
}

static void first_is_the_smallest_whatever_was_set_moved_and_taken_out(void **state)
{
  (void)state;
  for (uint64_t seed = 1; seed <= 100; seed++) {
    uint64_t random = seed;
    for (int i = 0; i < 300; i++) {
      random_operation(&random);
      check();
    }
    drain();
  }
}

static void empty_heap_has_no_first(void **state)
{
  (void)state;
  assert_null(ps_heap_first(&heap));
  set(0, 5);
  assert_ptr_equal(ps_heap_first(&heap), &nodes[0]);
  take_out(0);
  assert_null(ps_heap_first(&heap));
}

static void taking_out_a_node_that_is_not_in_does_nothing(void **state)
{
  (void)state;
  take_out(0);
  set(1, PS_NEVER);
  check();
  set(2, 7);
  take_out(0);
  set(1, PS_NEVER);
  check();
}

static void setting_never_takes_a_node_out(void **state)
{
  (void)state;
  set(0, 1);
  set(1, 2);
  set(0, PS_NEVER);
  check();
  assert_ptr_equal(ps_heap_first(&heap), &nodes[1]);
}

static void node_can_be_put_in_again(void **state)
{
  (void)state;
  set(0, 3);
  set(1, 2);
  take_out(0);
  set(0, 1);
  check();
  assert_ptr_equal(ps_heap_first(&heap), &nodes[0]);
}

static void moving_a_key_moves_the_node_both_ways(void **state)
{
  (void)state;
  for (size_t i = 0; i < NODES; i++)
    set(i, (ps_time)i);
  set(NODES - 1, -1);
  assert_ptr_equal(ps_heap_first(&heap), &nodes[NODES - 1]);
  set(NODES - 1, (ps_time)NODES);
  assert_ptr_equal(ps_heap_first(&heap), &nodes[0]);
  check();
  drain();
}

static void reserved_room_is_all_the_memory_that_setting_needs(void **state)
{
  (void)state;
  struct ps_heap_node **room = heap.nodes;
  for (size_t i = 0; i < NODES; i++)
    set(i, (ps_time)(NODES - i));
  assert_ptr_equal(heap.nodes, room);
  assert_int_equal(ps_heap_reserve(&heap, 1), 0);
  assert_ptr_equal(heap.nodes, room);
  assert_int_equal(ps_heap_reserve(&heap, 10 * NODES), 0);
  assert_true(heap.room >= 10 * NODES);
  check();
  drain();
}

#define SENTENCE(name) cmocka_unit_test_setup_teardown(name, fresh_heap, free_heap)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(first_is_the_smallest_whatever_was_set_moved_and_taken_out),
      SENTENCE(empty_heap_has_no_first),
      SENTENCE(taking_out_a_node_that_is_not_in_does_nothing),
      SENTENCE(setting_never_takes_a_node_out),
      SENTENCE(node_can_be_put_in_again),
      SENTENCE(moving_a_key_moves_the_node_both_ways),
      SENTENCE(reserved_room_is_all_the_memory_that_setting_needs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
