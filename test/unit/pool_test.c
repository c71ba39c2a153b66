/* The pool with real threads. The calls that start a thread, that put one to sleep and that wait for its end are
 * wrapped: a test sees when a worker has become idle or is waited for, and can have no thread made. */
#include "base/pool.h"
#include "base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static struct ps_pool *pool;

/* ---- The wrapped calls */

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __real_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
void __real_ps_thread_join(pthread_t thread);
void __wrap_ps_thread_join(pthread_t thread);

static struct {
  atomic_uint created;
  void (*instead)(void);    /* if set, no thread is made and this is called */
  sem_t idle;               /* posted by each thread that goes to sleep, under the pool's mutex */
  sem_t joins;              /* posted before a thread is waited for */
  atomic_size_t stack_size; /* of the thread that was made last */
} calls;

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
  if (calls.instead) {
    calls.instead();
    return EAGAIN;
  }
  size_t stack_size = 0;
  pthread_attr_getstacksize(attributes, &stack_size);
  atomic_store(&calls.stack_size, stack_size);
  atomic_fetch_add(&calls.created, 1);
  return __real_pthread_create(thread, attributes, run, argument);
}

int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
  sem_post(&calls.idle);
  return __real_pthread_cond_wait(cond, mutex);
}

void __wrap_ps_thread_join(pthread_t thread)
{
  sem_post(&calls.joins);
  __real_ps_thread_join(thread);
}

/* ---- Jobs */

struct task {
  struct ps_job job;
  int number;
};

static struct {
  atomic_int running, most, ran;
  int order[100];     /* of one worker */
  sem_t began, go_on; /* of held jobs */
} seen;

static int fresh(void **state)
{
  (void)state;
  atomic_store(&calls.created, 0);
  calls.instead = NULL;
  atomic_store(&seen.running, 0);
  atomic_store(&seen.most, 0);
  atomic_store(&seen.ran, 0);
  return sem_init(&calls.idle, 0, 0) | sem_init(&calls.joins, 0, 0) | sem_init(&seen.began, 0, 0) |
         sem_init(&seen.go_on, 0, 0);
}

static int free_pool(void **state)
{
  (void)state;
  ps_pool_free(pool);
  pool = NULL;
  return 0;
}

static void wait_for(sem_t *semaphore)
{
  while (sem_wait(semaphore))
    ;
}

static void count(struct ps_job *job)
{
  (void)job;
  atomic_fetch_add(&seen.ran, 1);
}

static void note_order(struct ps_job *job)
{
  seen.order[atomic_fetch_add(&seen.ran, 1)] = PS_CONTAINER(job, struct task, job)->number;
}

static void free_itself(struct ps_job *job)
{
  free(PS_CONTAINER(job, struct task, job));
  atomic_fetch_add(&seen.ran, 1);
}

static void note_most(int running)
{
  int most = atomic_load(&seen.most);
  while (running > most && !atomic_compare_exchange_weak(&seen.most, &most, running))
    ;
}

/* Runs until it is told to go on. */
static void hold(struct ps_job *job)
{
  (void)job;
  note_most(atomic_fetch_add(&seen.running, 1) + 1);
  sem_post(&seen.began);
  wait_for(&seen.go_on);
  atomic_fetch_sub(&seen.running, 1);
  atomic_fetch_add(&seen.ran, 1);
}

static void submit(struct task *tasks, int count_of_tasks, void (*run)(struct ps_job *job))
{
  for (int i = 0; i < count_of_tasks; i++) {
    tasks[i] = (struct task){.job.run = run, .number = i};
    assert_int_equal(ps_pool_submit(pool, &tasks[i].job), 0);
  }
}

static void let_go(int held)
{
  for (int i = 0; i < held; i++)
    sem_post(&seen.go_on);
}

static void do_nothing(void)
{
}

/* ---- The tests */

static void pool_without_a_job_starts_no_thread(void **state)
{
  (void)state;
  pool = ps_pool_new(8);
  assert_int_equal(atomic_load(&calls.created), 0);
}

static void every_job_runs_before_free_returns(void **state)
{
  (void)state;
  struct task tasks[500];
  pool = ps_pool_new(3);
  submit(tasks, 500, count);
  free_pool(state);
  assert_int_equal(atomic_load(&seen.ran), 500);
}

static void free_waits_for_what_runs_and_runs_what_is_queued(void **state)
{
  (void)state;
  struct task held[2], queued[20];
  pool = ps_pool_new(2);
  submit(held, 2, hold);
  submit(queued, 20, count);
  wait_for(&seen.began);
  wait_for(&seen.began);
  assert_int_equal(atomic_load(&seen.ran), 0);
  let_go(2);
  free_pool(state);
  assert_int_equal(atomic_load(&seen.ran), 22);
}

static void free_of_no_pool_is_fine(void **state)
{
  (void)state;
  ps_pool_free(NULL);
}

static void as_many_jobs_run_at_once_as_there_may_be_threads_and_no_more(void **state)
{
  (void)state;
  struct task tasks[60];
  pool = ps_pool_new(4);
  submit(tasks, 60, hold);
  for (int i = 0; i < 4; i++)
    wait_for(&seen.began);
  assert_int_equal(atomic_load(&seen.running), 4);
  let_go(60);
  free_pool(state);
  assert_int_equal(atomic_load(&seen.ran), 60);
  assert_int_equal(atomic_load(&seen.most), 4);
  assert_int_equal(atomic_load(&calls.created), 4);
}

static void one_thread_takes_the_jobs_in_the_order_they_came(void **state)
{
  (void)state;
  struct task first, tasks[100];
  pool = ps_pool_new(1);
  submit(&first, 1, hold);
  submit(tasks, 99, note_order);
  let_go(1);
  free_pool(state);
  assert_int_equal(atomic_load(&seen.ran), 100);
  for (int i = 0; i < 99; i++)
    assert_int_equal(seen.order[i + 1], i);
}

static void job_may_free_itself(void **state)
{
  (void)state;
  pool = ps_pool_new(2);
  for (int i = 0; i < 100; i++) {
    struct task *task = calloc(1, sizeof *task);
    assert_non_null(task);
    task->job.run = free_itself;
    assert_int_equal(ps_pool_submit(pool, &task->job), 0);
  }
  free_pool(state);
  assert_int_equal(atomic_load(&seen.ran), 100);
}

static void idle_thread_is_used_before_another_is_started(void **state)
{
  (void)state;
  struct task task;
  pool = ps_pool_new(8);
  for (int i = 0; i < 50; i++) {
    submit(&task, 1, count);
    do
      wait_for(&calls.idle);
    while (atomic_load(&seen.ran) <= i);
    assert_int_equal(atomic_load(&calls.created), 1);
  }
}

static void thread_is_started_for_each_job_that_finds_none_idle(void **state)
{
  (void)state;
  struct task tasks[8];
  pool = ps_pool_new(8);
  for (unsigned i = 0; i < 8; i++) {
    submit(&tasks[i], 1, hold);
    wait_for(&seen.began);
    assert_int_equal(atomic_load(&calls.created), i + 1);
  }
  let_go(8);
}

/* Two jobs in a row, while one thread sleeps: it can take but one of them. */
static void idle_thread_that_has_been_woken_is_not_counted_on_twice(void **state)
{
  (void)state;
  struct task first, held[2];
  pool = ps_pool_new(2);
  submit(&first, 1, count);
  do
    wait_for(&calls.idle);
  while (!atomic_load(&seen.ran));
  submit(held, 2, hold);
  wait_for(&seen.began);
  wait_for(&seen.began);
  assert_int_equal(atomic_load(&calls.created), 2);
  let_go(2);
}

#define SUBMITTERS 4
#define EACH       300

static void *submit_many(void *argument)
{
  struct task *tasks = argument;
  for (int i = 0; i < EACH; i++) {
    tasks[i].job.run = count;
    if (ps_pool_submit(pool, &tasks[i].job))
      return argument;
  }
  return NULL;
}

static void several_threads_may_submit(void **state)
{
  (void)state;
  static struct task tasks[SUBMITTERS][EACH];
  pthread_t threads[SUBMITTERS];
  pool = ps_pool_new(3);
  for (int i = 0; i < SUBMITTERS; i++)
    assert_int_equal(__real_pthread_create(&threads[i], NULL, submit_many, tasks[i]), 0);
  for (int i = 0; i < SUBMITTERS; i++) {
    void *failed;
    assert_int_equal(pthread_join(threads[i], &failed), 0);
    assert_null(failed);
  }
  free_pool(state);
  assert_int_equal(atomic_load(&seen.ran), SUBMITTERS * EACH);
  assert_in_range(atomic_load(&calls.created), 1, 3);
}

static void submit_another(struct ps_job *job)
{
  struct task *task = PS_CONTAINER(job, struct task, job);
  task[1].job.run = count;
  if (ps_pool_submit(pool, &task[1].job) == 0)
    atomic_fetch_add(&seen.ran, 1);
  sem_post(&seen.began);
}

static void job_may_submit_another(void **state)
{
  (void)state;
  struct task tasks[2];
  pool = ps_pool_new(1);
  submit(tasks, 1, submit_another);
  wait_for(&seen.began);
  free_pool(state);
  assert_int_equal(atomic_load(&seen.ran), 2);
}

static int (*submit_meanwhile)(struct ps_pool *pool, struct ps_job *job);

/* Once ps_pool_free waits for the thread that runs this. */
static void submit_when_the_pool_is_being_freed(struct ps_job *job)
{
  struct task *task = PS_CONTAINER(job, struct task, job);
  wait_for(&calls.joins);
  task[1].job.run = count;
  if (submit_meanwhile(pool, &task[1].job) == 0)
    atomic_fetch_add(&seen.ran, 1);
}

static void job_may_submit_another_while_the_pool_is_being_freed(void **state)
{
  int (*const ways[])(struct ps_pool * pool, struct ps_job * job) = {ps_pool_submit, ps_pool_queue};
  for (unsigned way = 0; way < 2; way++)
    for (unsigned threads = 1; threads <= 2; threads++) {
      struct task tasks[2];
      fresh(state);
      submit_meanwhile = ways[way];
      pool = ps_pool_new(threads);
      submit(tasks, 1, submit_when_the_pool_is_being_freed);
      free_pool(state);
      assert_int_equal(atomic_load(&seen.ran), 2);
      assert_int_equal(atomic_load(&calls.created), threads);
    }
}

static void take_threads_away(struct ps_job *job)
{
  calls.instead = do_nothing;
  submit_when_the_pool_is_being_freed(job);
}

static void job_that_may_wait_waits_though_the_pool_is_being_freed(void **state)
{
  struct task tasks[2];
  submit_meanwhile = ps_pool_queue;
  pool = ps_pool_new(2);
  submit(tasks, 1, take_threads_away);
  free_pool(state);
  assert_int_equal(atomic_load(&seen.ran), 2);
}

/* ---- Stacks */

/* Frames of an instrumented program are several times as large. Which it is, the build says here, and the compiler
 * there. */
static void small_stacks_are_not_for_what_a_sanitizer_has_instrumented(void **state)
{
  struct task task;
  pthread_attr_t usual;
  size_t size;
  assert_int_equal(pthread_attr_init(&usual), 0);
  assert_int_equal(pthread_attr_getstacksize(&usual, &size), 0);
  pthread_attr_destroy(&usual);
  pool = ps_pool_new(1);
  submit(&task, 1, count);
  free_pool(state);
  if (SANITIZED)
    assert_true(atomic_load(&calls.stack_size) >= size);
  else
    assert_in_range(atomic_load(&calls.stack_size), 128 << 10, size - 1);
}

static void stack_is_as_large_as_was_asked_for(void **state)
{
  struct task task;
  pool = ps_pool_new_with_stacks(1, 1 << 20);
  submit(&task, 1, count);
  free_pool(state);
  assert_true(atomic_load(&calls.stack_size) >= 1 << 20);
}

/* ---- Jobs taken back */

static void queued_job_that_is_withdrawn_never_runs(void **state)
{
  (void)state;
  struct task held, tasks[3];
  pool = ps_pool_new(1);
  submit(&held, 1, hold);
  submit(tasks, 3, note_order);
  wait_for(&seen.began);
  assert_true(ps_pool_withdraw(pool, &tasks[1].job));
  assert_false(ps_pool_withdraw(pool, &tasks[1].job));
  let_go(1);
  free_pool(state);
  assert_int_equal(atomic_load(&seen.ran), 3);
  assert_int_equal(seen.order[1], 0);
  assert_int_equal(seen.order[2], 2);
}

static void job_that_was_withdrawn_may_be_submitted_again(void **state)
{
  (void)state;
  struct task held, task;
  pool = ps_pool_new(1);
  submit(&held, 1, hold);
  submit(&task, 1, count);
  wait_for(&seen.began);
  assert_true(ps_pool_withdraw(pool, &task.job));
  submit(&task, 1, count);
  let_go(1);
  free_pool(state);
  assert_int_equal(atomic_load(&seen.ran), 2);
}

static void job_that_a_thread_has_or_had_is_not_withdrawn(void **state)
{
  (void)state;
  struct task task;
  pool = ps_pool_new(1);
  submit(&task, 1, hold);
  wait_for(&seen.began);
  assert_false(ps_pool_withdraw(pool, &task.job));
  let_go(1);
  do
    wait_for(&calls.idle);
  while (!atomic_load(&seen.ran));
  assert_false(ps_pool_withdraw(pool, &task.job));
}

static void job_given_to_a_thread_that_still_sleeps_is_not_withdrawn(void **state)
{
  (void)state;
  struct task task;
  pool = ps_pool_new(1);
  submit(&task, 1, count);
  do
    wait_for(&calls.idle);
  while (!atomic_load(&seen.ran));
  submit(&task, 1, hold);
  assert_false(ps_pool_withdraw(pool, &task.job));
  let_go(1);
  free_pool(state);
  assert_int_equal(atomic_load(&seen.ran), 2);
}

/* ---- What can be seen of it */

static void pool_is_wanted_while_jobs_queue_for_want_of_a_thread(void **state)
{
  (void)state;
  struct task held[2], queued[2];
  pool = ps_pool_new(2);
  submit(held, 2, hold);
  wait_for(&seen.began);
  wait_for(&seen.began);
  assert_false(ps_pool_is_wanted(pool));
  submit(queued, 2, count);
  assert_true(ps_pool_is_wanted(pool));
  assert_true(ps_pool_withdraw(pool, &queued[0].job));
  assert_true(ps_pool_is_wanted(pool));
  assert_true(ps_pool_withdraw(pool, &queued[1].job));
  assert_false(ps_pool_is_wanted(pool));
  let_go(2);
}

static void count_is(unsigned threads, unsigned running, size_t waiting)
{
  struct ps_pool_counts counts;
  ps_pool_count(pool, &counts);
  assert_int_equal(counts.limit, 2);
  assert_int_equal(counts.threads, threads);
  assert_int_equal(counts.running, running);
  assert_int_equal(counts.waiting, waiting);
}

static void counts_tell_of_threads_and_of_jobs(void **state)
{
  (void)state;
  struct task held[5];
  pool = ps_pool_new(2);
  count_is(0, 0, 0);
  submit(&held[0], 1, hold);
  wait_for(&seen.began);
  count_is(1, 1, 0);
  submit(&held[1], 4, hold);
  wait_for(&seen.began);
  count_is(2, 2, 3);
  assert_true(ps_pool_withdraw(pool, &held[4].job));
  count_is(2, 2, 2);
  let_go(4);
  wait_for(&calls.idle);
  wait_for(&calls.idle);
  count_is(2, 0, 0);
}

static void job_given_to_a_thread_that_still_sleeps_counts_as_running(void **state)
{
  (void)state;
  struct task task;
  pool = ps_pool_new(2);
  submit(&task, 1, count);
  do
    wait_for(&calls.idle);
  while (!atomic_load(&seen.ran));
  count_is(1, 0, 0);
  submit(&task, 1, hold);
  count_is(1, 1, 0);
  let_go(1);
  free_pool(state);
}

/* ---- When no thread can be made */

static void job_is_given_back_when_there_is_no_thread_for_it(void **state)
{
  (void)state;
  struct task task = {.job.run = count};
  pool = ps_pool_new(2);
  calls.instead = do_nothing;
  assert_int_equal(ps_pool_submit(pool, &task.job), -EAGAIN);
  calls.instead = NULL;
  assert_int_equal(ps_pool_submit(pool, &task.job), 0);
  free_pool(state);
  assert_int_equal(atomic_load(&seen.ran), 1);
}

static void job_that_would_wait_for_those_of_others_is_given_back_when_no_thread_can_be_made(void **state)
{
  (void)state;
  struct task held, task = {.job.run = count};
  pool = ps_pool_new(2);
  submit(&held, 1, hold);
  calls.instead = do_nothing;
  assert_int_equal(ps_pool_submit(pool, &task.job), -EAGAIN);
  calls.instead = NULL;
  let_go(1);
  free_pool(state);
  assert_int_equal(atomic_load(&seen.ran), 1);
}

static struct {
  struct task task;
  pthread_t thread;
  int result;
} other;

static void *submit_other(void *unused)
{
  (void)unused;
  other.result = ps_pool_submit(pool, &other.task.job);
  return NULL;
}

/* Another caller comes while the only thread is being made; it is made to fail once that caller sleeps. */
static void have_another_submit(void)
{
  calls.instead = do_nothing;
  other.task.job.run = count;
  __real_pthread_create(&other.thread, NULL, submit_other, NULL);
  wait_for(&calls.idle);
}

static void caller_who_counted_on_a_thread_that_could_not_be_made_is_told(void **state)
{
  (void)state;
  struct task task = {.job.run = count};
  pool = ps_pool_new(1);
  calls.instead = have_another_submit;
  assert_int_equal(ps_pool_submit(pool, &task.job), -EAGAIN);
  pthread_join(other.thread, NULL);
  assert_int_equal(other.result, -EAGAIN);
  free_pool(state);
  assert_int_equal(atomic_load(&seen.ran), 0);
}

static bool wanted;

static void note_whether_it_is_wanted(void)
{
  wanted = ps_pool_is_wanted(pool);
}

static void pool_is_not_wanted_for_a_job_whose_thread_is_being_made(void **state)
{
  (void)state;
  struct task task = {.job.run = count};
  pool = ps_pool_new(1);
  wanted = true;
  calls.instead = note_whether_it_is_wanted;
  assert_int_equal(ps_pool_submit(pool, &task.job), -EAGAIN);
  assert_false(wanted);
  assert_false(ps_pool_is_wanted(pool));
}

static struct task later;

static void submit_a_later_one(void)
{
  calls.instead = do_nothing;
  submit(&later, 1, count);
}

static void job_that_came_meanwhile_has_no_part_in_a_thread_that_could_not_be_made(void **state)
{
  (void)state;
  struct task held, task = {.job.run = count};
  pool = ps_pool_new(2);
  submit(&held, 1, hold);
  calls.instead = submit_a_later_one;
  assert_int_equal(ps_pool_submit(pool, &task.job), -EAGAIN);
  let_go(1);
  free_pool(state);
  assert_int_equal(atomic_load(&seen.ran), 2);
}

static void job_that_may_wait_is_queued_when_no_thread_can_be_made(void **state)
{
  (void)state;
  struct task held, task = {.job.run = count};
  struct ps_pool_counts counts;
  pool = ps_pool_new(2);
  calls.instead = do_nothing;
  assert_int_equal(ps_pool_queue(pool, &task.job), -EAGAIN);
  calls.instead = NULL;
  submit(&held, 1, hold);
  wait_for(&seen.began);
  calls.instead = do_nothing;
  assert_int_equal(ps_pool_queue(pool, &task.job), 0);
  ps_pool_count(pool, &counts);
  assert_int_equal(counts.threads, 1);
  assert_int_equal(counts.waiting, 1);
  assert_true(counts.denied > 0);
  let_go(1);
  free_pool(state);
  assert_int_equal(atomic_load(&seen.ran), 2);
}

static void threads_are_started_beforehand_as_far_as_there_are_any(void **state)
{
  (void)state;
  pool = ps_pool_new(3);
  assert_int_equal(ps_pool_start(pool, 2), 0);
  assert_int_equal(atomic_load(&calls.created), 2);
  assert_int_equal(ps_pool_start(pool, 2), 0);
  assert_int_equal(atomic_load(&calls.created), 2);
  calls.instead = do_nothing;
  assert_int_equal(ps_pool_start(pool, 3), -EAGAIN);
  calls.instead = NULL;
  assert_int_equal(ps_pool_start(pool, 10), 0);
  assert_int_equal(atomic_load(&calls.created), 3);
}

/* Idle or on their way to their first job. */
static void thread_that_is_kept_is_for_a_job_that_may_have_it(void **state)
{
  (void)state;
  for (int asleep = 0; asleep < 2; asleep++) {
    struct task held[2], task = {.job.run = count};
    fresh(state);
    pool = ps_pool_new(4);
    ps_pool_keep(pool, 2);
    assert_int_equal(ps_pool_start(pool, 2), 0);
    for (int i = 0; asleep && i < 2; i++)
      wait_for(&calls.idle);
    calls.instead = do_nothing;
    assert_int_equal(ps_pool_submit(pool, &task.job), -EAGAIN);
    for (int i = 0; i < 2; i++) {
      held[i] = (struct task){.job.run = hold};
      ps_pool_keep(pool, -1);
      assert_int_equal(ps_pool_queue(pool, &held[i].job), 0);
      wait_for(&seen.began);
    }
    let_go(2);
    free_pool(state);
    assert_int_equal(atomic_load(&seen.ran), 2);
  }
}

static void another_thread_is_made_rather_than_one_taken_that_is_kept(void **state)
{
  (void)state;
  struct task tasks[2];
  pool = ps_pool_new(3);
  ps_pool_keep(pool, 1);
  assert_int_equal(ps_pool_start(pool, 1), 0);
  wait_for(&calls.idle);
  submit(&tasks[0], 1, hold);
  wait_for(&seen.began);
  submit(&tasks[1], 1, hold);
  wait_for(&seen.began);
  assert_int_equal(atomic_load(&calls.created), 3);
  let_go(2);
}

static void free_the_thread_there_is(void)
{
  calls.instead = do_nothing;
  let_go(1);
  do
    wait_for(&calls.idle);
  while (atomic_load(&seen.ran) < 1);
}

static void thread_that_becomes_idle_is_not_given_a_job_that_gets_its_own(void **state)
{
  (void)state;
  struct task held, task = {.job.run = count};
  pool = ps_pool_new(2);
  submit(&held, 1, hold);
  wait_for(&seen.began);
  ps_pool_keep(pool, 1);
  calls.instead = free_the_thread_there_is;
  assert_int_equal(ps_pool_submit(pool, &task.job), -EAGAIN);
  assert_false(ps_pool_withdraw(pool, &task.job));
  count_is(1, 0, 0);
}

static void job_for_which_a_thread_was_made_is_not_withdrawn(void **state)
{
  (void)state;
  struct task task;
  pool = ps_pool_new(2);
  submit(&task, 1, hold);
  count_is(1, 1, 0);
  assert_false(ps_pool_withdraw(pool, &task.job));
  wait_for(&seen.began);
  let_go(1);
}

#define SENTENCE(name) cmocka_unit_test_setup_teardown(name, fresh, free_pool)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(pool_without_a_job_starts_no_thread),
      SENTENCE(every_job_runs_before_free_returns),
      SENTENCE(free_waits_for_what_runs_and_runs_what_is_queued),
      SENTENCE(free_of_no_pool_is_fine),
      SENTENCE(as_many_jobs_run_at_once_as_there_may_be_threads_and_no_more),
      SENTENCE(one_thread_takes_the_jobs_in_the_order_they_came),
      SENTENCE(job_may_free_itself),
      SENTENCE(idle_thread_is_used_before_another_is_started),
      SENTENCE(thread_is_started_for_each_job_that_finds_none_idle),
      SENTENCE(idle_thread_that_has_been_woken_is_not_counted_on_twice),
      SENTENCE(several_threads_may_submit),
      SENTENCE(job_may_submit_another),
      SENTENCE(job_may_submit_another_while_the_pool_is_being_freed),
      SENTENCE(job_that_may_wait_waits_though_the_pool_is_being_freed),
      SENTENCE(small_stacks_are_not_for_what_a_sanitizer_has_instrumented),
      SENTENCE(stack_is_as_large_as_was_asked_for),
      SENTENCE(queued_job_that_is_withdrawn_never_runs),
      SENTENCE(job_that_was_withdrawn_may_be_submitted_again),
      SENTENCE(job_that_a_thread_has_or_had_is_not_withdrawn),
      SENTENCE(job_given_to_a_thread_that_still_sleeps_is_not_withdrawn),
      SENTENCE(pool_is_wanted_while_jobs_queue_for_want_of_a_thread),
      SENTENCE(counts_tell_of_threads_and_of_jobs),
      SENTENCE(job_given_to_a_thread_that_still_sleeps_counts_as_running),
      SENTENCE(job_is_given_back_when_there_is_no_thread_for_it),
      SENTENCE(job_that_would_wait_for_those_of_others_is_given_back_when_no_thread_can_be_made),
      SENTENCE(caller_who_counted_on_a_thread_that_could_not_be_made_is_told),
      SENTENCE(job_that_came_meanwhile_has_no_part_in_a_thread_that_could_not_be_made),
      SENTENCE(pool_is_not_wanted_for_a_job_whose_thread_is_being_made),
      SENTENCE(job_that_may_wait_is_queued_when_no_thread_can_be_made),
      SENTENCE(threads_are_started_beforehand_as_far_as_there_are_any),
      SENTENCE(thread_that_is_kept_is_for_a_job_that_may_have_it),
      SENTENCE(another_thread_is_made_rather_than_one_taken_that_is_kept),
      SENTENCE(thread_that_becomes_idle_is_not_given_a_job_that_gets_its_own),
      SENTENCE(job_for_which_a_thread_was_made_is_not_withdrawn),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
