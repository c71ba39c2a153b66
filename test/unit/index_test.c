/* The index by text, and how many have to be looked at to find one. */
#include "base/index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MANY 20000

struct item {
  struct ps_index_node node;
  char text[64];
};

static struct ps_index ps_index;
static struct item items[MANY];

static int fresh(void **state)
{
  (void)state;
  ps_index_init(&ps_index, 42);
  memset(items, 0, sizeof items);
  return 0;
}

static int clear(void **state)
{
  (void)state;
  ps_index_fini(&ps_index);
  return 0;
}

static struct item *item_of(struct ps_list *link)
{
  return PS_CONTAINER(link, struct item, node.link);
}

static void add(struct item *item, size_t count)
{
  assert_int_equal(ps_index_reserve(&ps_index, count), 0);
  ps_index_add(&ps_index, &item->node, item->text);
}

static size_t longest_chain(void)
{
  size_t longest = 0;
  for (size_t i = 0; i < ps_index.room; i++) {
    size_t length = 0;
    ps_list_each(link, &ps_index.chains[i])
      length++;
    longest = length > longest ? length : longest;
  }
  return longest;
}

/* How many of `text` are in its chain. */
static int found(const char *text)
{
  int count = 0;
  ps_list_each(link, ps_index_chain(&ps_index, text))
    count += strcmp(item_of(link)->text, text) == 0;
  return count;
}

static void what_was_put_in_is_found_until_it_is_taken_out(void **state)
{
  (void)state;
  for (size_t i = 0; i < 1000; i++) {
    snprintf(items[i].text, sizeof items[i].text, "%zu", i);
    add(&items[i], i + 1);
  }
  for (size_t i = 0; i < 1000; i++)
    assert_int_equal(found(items[i].text), 1);
  for (size_t i = 0; i < 1000; i += 2)
    ps_index_remove(&items[i].node);
  for (size_t i = 0; i < 1000; i++)
    assert_int_equal(found(items[i].text), i % 2);
  ps_index_remove(&items[0].node);
  assert_int_equal(found("1000"), 0);
}

static void those_of_one_text_stand_in_the_order_in_which_they_came(void **state)
{
  (void)state;
  struct ps_list *chain;
  size_t next = 0;
  for (size_t i = 0; i < 1000; i++) {
    strcpy(items[i].text, "the same");
    add(&items[i], i + 1);
  }
  chain = ps_index_chain(&ps_index, "the same");
  ps_list_each(link, chain)
    assert_ptr_equal(item_of(link), &items[next++]);
  assert_int_equal(next, 1000);
}

/* How texts differ that somebody numbers, or makes at random. */
static void number(char *text, size_t i)
{
  sprintf(text, "%zu", i);
}

static void number_at_the_end(char *text, size_t i)
{
  sprintf(text, "order-2026-11-28-shop.example:%08zu", i);
}

static void number_at_the_beginning(char *text, size_t i)
{
  sprintf(text, "%08zu-order-2026-11-28-shop.example", i);
}

static void number_in_the_middle(char *text, size_t i)
{
  sprintf(text, "a%zub%zuc%zu", i % 30, i / 30 % 30, i / 900);
}

static void steps_of_a_power_of_two(char *text, size_t i)
{
  sprintf(text, "%016zx", i << 20);
}

static void length_alone(char *text, size_t i)
{
  memset(text, 'a' + (int)(i / 60 % 26), i % 60 + 1);
  text[i % 60 + 1] = '\0';
  sprintf(text + strlen(text) - strlen(text) / 2, "%zu", i / 1560);
}

static void chains_are_short_however_texts_differ(void **state)
{
  void (*const ways[])(char *text, size_t i) = {
      number, number_at_the_end, number_at_the_beginning, number_in_the_middle, steps_of_a_power_of_two, length_alone,
  };
  for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
    fresh(state);
    for (size_t i = 0; i < MANY; i++) {
      ways[way](items[i].text, i);
      add(&items[i], i + 1);
    }
    if (way < 5) /* the last has a few twice */
      assert_in_range(longest_chain(), 1, 12);
    assert_in_range(longest_chain(), 1, 40);
    clear(state);
  }
}

/* Whoever finds texts that fall together under one key finds nothing that does so under the next. */
static void texts_that_fall_together_under_one_key_do_not_under_another(void **state)
{
  (void)state;
  size_t together = 0;
  ps_index_reserve(&ps_index, MANY);
  struct ps_list *chain = ps_index_chain(&ps_index, "0");
  for (size_t i = 0; together < 100 && i < 100 * 100 * MANY; i++) {
    number(items[together].text, i);
    together += ps_index_chain(&ps_index, items[together].text) == chain;
  }
  assert_int_equal(together, 100);
  ps_index.key++;
  for (size_t i = 0; i < together; i++)
    add(&items[i], MANY);
  assert_in_range(longest_chain(), 1, 5);
}

#define SENTENCE(name) cmocka_unit_test_setup_teardown(name, fresh, clear)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(what_was_put_in_is_found_until_it_is_taken_out),
      SENTENCE(those_of_one_text_stand_in_the_order_in_which_they_came),
      SENTENCE(chains_are_short_however_texts_differ),
      SENTENCE(texts_that_fall_together_under_one_key_do_not_under_another),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
