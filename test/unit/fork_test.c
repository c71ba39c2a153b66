/* Real children, which tell by their exit status what they saw. */
#include "base/fork.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define CHILD_LIMIT 10 /* seconds */

/* Whether `look` holds in a child. */
static bool holds_in_child(bool (*look)(unsigned generation), unsigned generation)
{
  int status = 0;
  pid_t child = fork();
  if (child == 0) {
    alarm(CHILD_LIMIT);
    _exit(look(generation) ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

static bool own_is_current(unsigned unused)
{
  (void)unused;
  return !ps_fork_is_child(ps_fork_generation()) && ps_fork_generation() == ps_fork_generation();
}

static bool is_child_and_own_is_current(unsigned generation)
{
  return ps_fork_is_child(generation) && own_is_current(0);
}

static bool is_child_and_so_is_its_child(unsigned generation)
{
  unsigned own = ps_fork_generation();
  return ps_fork_is_child(generation) && holds_in_child(ps_fork_is_child, own) && !ps_fork_is_child(own) &&
         holds_in_child(is_child_and_own_is_current, generation);
}

static void generation_is_current_where_it_was_asked_for(void **state)
{
  (void)state;
  assert_int_not_equal(ps_fork_generation(), 0);
  assert_true(own_is_current(0));
}

static void child_knows_what_was_made_by_its_parent(void **state)
{
  (void)state;
  assert_true(holds_in_child(is_child_and_own_is_current, ps_fork_generation()));
}

static void child_of_a_child_knows_what_was_made_by_either(void **state)
{
  (void)state;
  assert_true(holds_in_child(is_child_and_so_is_its_child, ps_fork_generation()));
}

static void parent_is_not_disturbed(void **state)
{
  (void)state;
  unsigned generation = ps_fork_generation();
  assert_true(holds_in_child(own_is_current, 0));
  assert_false(ps_fork_is_child(generation));
  assert_int_equal(ps_fork_generation(), generation);
}

/* First, before anything was asked for. */
static void child_of_a_process_that_made_nothing_has_a_generation_of_its_own(void **state)
{
  (void)state;
  assert_true(holds_in_child(own_is_current, 0));
}

static atomic_bool enough;

static void *hold_nearly_always(void *unused)
{
  while (!atomic_load(&enough)) {
    ps_fork_hold();
    for (int i = 0; i < 10; i++)
      sched_yield();
    ps_fork_release();
  }
  return unused;
}

static bool may_hold(unsigned unused)
{
  (void)unused;
  ps_fork_hold();
  ps_fork_release();
  return true;
}

static void no_child_finds_held_what_another_thread_holds(void **state)
{
  (void)state;
  pthread_t thread;
  assert_true(ps_fork_generation() > 0);
  assert_int_equal(pthread_create(&thread, NULL, hold_nearly_always, NULL), 0);
  bool held = true;
  for (int i = 0; i < 30 && held; i++)
    held = holds_in_child(may_hold, 0);
  atomic_store(&enough, true);
  pthread_join(thread, NULL);
  assert_true(held);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(child_of_a_process_that_made_nothing_has_a_generation_of_its_own),
      cmocka_unit_test(generation_is_current_where_it_was_asked_for),
      cmocka_unit_test(child_knows_what_was_made_by_its_parent),
      cmocka_unit_test(child_of_a_child_knows_what_was_made_by_either),
      cmocka_unit_test(parent_is_not_disturbed),
      cmocka_unit_test(no_child_finds_held_what_another_thread_holds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
