/* The pool of poolsend.h, with real threads. Jobs that are held run until the test lets them go. */
#include "base/jobs.h"
#include "base/sanitizers.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static struct poolsend_pool *pool;

/* ---- The wrapped calls */

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __real_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
bool __real_ps_pool_withdraw(struct ps_pool *threads, struct ps_job *job);
bool __wrap_ps_pool_withdraw(struct ps_pool *threads, struct ps_job *job);
int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);

static struct {
  atomic_int memory; /* so many allocations succeed; negative: all */
  atomic_bool no_threads;
  atomic_uint locks;
  void (*before_withdraw)(void); /* if set, called when a job's fate is decided and the pool has not been asked yet */
  sem_t asleep;                  /* posted by each thread that goes to sleep for as long as it takes, under the mutex */
} calls;

void *__wrap_calloc(size_t count, size_t size)
{
  if (atomic_load(&calls.memory) == 0)
    return NULL;
  if (atomic_load(&calls.memory) > 0)
    atomic_fetch_sub(&calls.memory, 1);
  return __real_calloc(count, size);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
  return atomic_load(&calls.no_threads) ? EAGAIN : __real_pthread_create(thread, attributes, run, argument);
}

int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
  sem_post(&calls.asleep);
  return __real_pthread_cond_wait(cond, mutex);
}

bool __wrap_ps_pool_withdraw(struct ps_pool *threads, struct ps_job *job)
{
  if (calls.before_withdraw)
    calls.before_withdraw();
  return __real_ps_pool_withdraw(threads, job);
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
  atomic_fetch_add(&calls.locks, 1);
  return __real_pthread_mutex_lock(mutex);
}

/* ---- Jobs */

static struct {
  atomic_uint ran;
  sem_t began, go_on; /* of held jobs */
} seen;

static int fresh(void **state)
{
  (void)state;
  atomic_store(&calls.memory, -1);
  atomic_store(&calls.no_threads, false);
  calls.before_withdraw = NULL;
  atomic_store(&seen.ran, 0);
  return sem_init(&calls.asleep, 0, 0) | sem_init(&seen.began, 0, 0) | sem_init(&seen.go_on, 0, 0);
}

static int free_pool(void **state)
{
  (void)state;
  poolsend_pool_free(pool);
  pool = NULL;
  return 0;
}

static void make_pool(unsigned threads, unsigned queue)
{
  assert_int_equal(poolsend_pool_new(&pool, threads, queue), 0);
}

static void wait_for(sem_t *semaphore)
{
  while (sem_wait(semaphore))
    ;
}

static void wait_for_sleepers(int threads)
{
  for (int i = 0; i < threads; i++)
    wait_for(&calls.asleep);
}

static void let_go(unsigned held)
{
  for (unsigned i = 0; i < held; i++)
    sem_post(&seen.go_on);
}

/* A job that gives back its context. */
static void *run(void *context)
{
  atomic_fetch_add(&seen.ran, 1);
  return context;
}

static void *hold(void *context)
{
  sem_post(&seen.began);
  wait_for(&seen.go_on);
  return run(context);
}

static struct poolsend_job *submit(poolsend_job_fn *function, void *context)
{
  struct poolsend_job *job = NULL;
  assert_int_equal(poolsend_pool_submit(pool, function, context, 0, &job), 0);
  assert_non_null(job);
  return job;
}

static struct poolsend_job *hold_one(void)
{
  struct poolsend_job *job = submit(hold, NULL);
  wait_for(&seen.began);
  return job;
}

static void finish(struct poolsend_job *job)
{
  assert_int_equal(poolsend_job_wait(job, POOLSEND_NEVER, NULL), 0);
  poolsend_job_free(job);
}

static void refuses(int result)
{
  struct poolsend_job *job = (void *)&seen;
  assert_int_equal(poolsend_pool_submit(pool, run, NULL, 0, &job), result);
  assert_null(job);
}

static void counts_are(uint64_t submitted, uint64_t finished, uint64_t withdrawn)
{
  assert_int_equal(poolsend_pool_count(pool, POOLSEND_POOL_SUBMITTED), submitted);
  assert_int_equal(poolsend_pool_count(pool, POOLSEND_POOL_FINISHED), finished);
  assert_int_equal(poolsend_pool_count(pool, POOLSEND_POOL_WITHDRAWN), withdrawn);
}

/* ---- Waiting for a job */

static void result_is_what_the_job_returned(void **state)
{
  (void)state;
  int number;
  void *result = NULL;
  make_pool(2, 0);
  struct poolsend_job *job = submit(run, &number);
  assert_int_equal(poolsend_job_wait(job, POOLSEND_NEVER, &result), 0);
  assert_ptr_equal(result, &number);
  poolsend_job_free(job);
}

static void wait_that_times_out_does_not_cancel_the_job(void **state)
{
  (void)state;
  int number;
  void *result = NULL;
  make_pool(1, 0);
  struct poolsend_job *job = submit(hold, &number);
  assert_int_equal(poolsend_job_wait(job, POOLSEND_MS(1), &result), POOLSEND_TIMEOUT);
  assert_int_equal(poolsend_job_wait(job, 0, &result), POOLSEND_TIMEOUT);
  assert_int_equal(poolsend_job_wait(job, -POOLSEND_S(1), &result), POOLSEND_TIMEOUT);
  assert_int_equal(poolsend_job_wait(job, INT64_MIN, &result), POOLSEND_TIMEOUT);
  assert_null(result);
  let_go(1);
  assert_int_equal(poolsend_job_wait(job, POOLSEND_NEVER, &result), 0);
  assert_ptr_equal(result, &number);
  poolsend_job_free(job);
}

static void job_that_has_ended_can_be_awaited_again(void **state)
{
  (void)state;
  int number;
  void *result = NULL;
  make_pool(1, 0);
  struct poolsend_job *job = submit(run, &number);
  assert_int_equal(poolsend_job_wait(job, POOLSEND_NEVER - 1, NULL), 0);
  assert_int_equal(poolsend_job_wait(job, 0, &result), 0);
  assert_ptr_equal(result, &number);
  poolsend_job_free(job);
}

static void *await(void *job)
{
  void *result = NULL;
  int ended = poolsend_job_wait(job, POOLSEND_NEVER, &result);
  return ended == 0 ? result : NULL;
}

static void several_threads_may_wait_for_one_job(void **state)
{
  (void)state;
  int number;
  pthread_t threads[4];
  make_pool(1, 0);
  struct poolsend_job *job = submit(hold, &number);
  wait_for(&seen.began);
  for (int i = 0; i < 4; i++)
    assert_int_equal(__real_pthread_create(&threads[i], NULL, await, job), 0);
  wait_for_sleepers(4);
  let_go(1);
  for (int i = 0; i < 4; i++) {
    void *result;
    assert_int_equal(pthread_join(threads[i], &result), 0);
    assert_ptr_equal(result, &number);
  }
  poolsend_job_free(job);
}

static void job_whose_handle_is_given_up_goes_on(void **state)
{
  (void)state;
  make_pool(1, 2);
  poolsend_job_free(hold_one());
  poolsend_job_free(submit(run, NULL));
  assert_int_equal(poolsend_pool_submit(pool, run, NULL, 0, NULL), 0);
  let_go(1);
  free_pool(state);
  assert_int_equal(atomic_load(&seen.ran), 3);
}

static void handle_outlives_the_pool(void **state)
{
  (void)state;
  int number;
  void *result = NULL;
  make_pool(2, 1);
  struct poolsend_job *held = hold_one(), *job = submit(run, &number), *withdrawn;
  assert_int_equal(poolsend_pool_submit(pool, run, NULL, POOLSEND_NEVER, &withdrawn), 0);
  bool taken_back = poolsend_job_withdraw(withdrawn);
  let_go(1);
  free_pool(state);
  assert_int_equal(poolsend_job_wait(job, 0, &result), 0);
  assert_ptr_equal(result, &number);
  assert_false(poolsend_job_withdraw(job));
  assert_int_equal(poolsend_job_wait(withdrawn, 0, NULL), taken_back ? -ECANCELED : 0);
  assert_false(poolsend_job_withdraw(withdrawn));
  poolsend_job_free(withdrawn);
  poolsend_job_free(job);
  poolsend_job_free(held);
}

static void nothing_can_be_freed(void **state)
{
  (void)state;
  poolsend_job_free(NULL);
  poolsend_pool_free(NULL);
}

/* ---- How many jobs there may be */

static void there_may_be_as_many_jobs_as_threads_and_places(void **state)
{
  (void)state;
  static const struct {
    unsigned threads, queue;
  } cases[] = {{1, 0}, {1, 1}, {2, 3}, {4, 0}, {3, 7}};
  struct poolsend_job *jobs[10];
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    unsigned bound = cases[i].threads + cases[i].queue;
    make_pool(cases[i].threads, cases[i].queue);
    for (unsigned j = 0; j < bound; j++)
      jobs[j] = submit(hold, NULL);
    refuses(POOLSEND_TIMEOUT);
    assert_int_equal(poolsend_pool_submit(pool, run, NULL, POOLSEND_MS(1), NULL), POOLSEND_TIMEOUT);
    counts_are(bound, 0, 0);
    let_go(bound);
    for (unsigned j = 0; j < bound; j++)
      finish(jobs[j]);
    free_pool(state);
  }
}

static void numbers_may_be_as_large_as_they_get(void **state)
{
  (void)state;
  make_pool(1, UINT32_MAX);
  finish(submit(run, NULL));
  free_pool(state);
  make_pool(100000, UINT32_MAX);
  finish(submit(run, NULL));
}

static void whoever_has_seen_a_job_end_finds_room_for_another(void **state)
{
  (void)state;
  make_pool(1, 0);
  for (int i = 0; i < 500; i++)
    finish(submit(run, NULL));
  counts_are(500, 500, 0);
}

static void whoever_has_seen_all_jobs_end_finds_the_pool_drained(void **state)
{
  (void)state;
  for (int i = 0; i < 100; i++) {
    make_pool(2, 0);
    struct poolsend_job *jobs[2] = {submit(run, NULL), submit(run, NULL)};
    finish(jobs[0]);
    finish(jobs[1]);
    assert_int_equal(poolsend_pool_drain(pool, 0), 0);
    free_pool(state);
  }
}

static void whoever_has_seen_the_pool_drained_has_all_results(void **state)
{
  (void)state;
  for (int i = 0; i < 100; i++) {
    make_pool(2, 0);
    struct poolsend_job *jobs[2] = {submit(run, NULL), submit(run, NULL)};
    assert_int_equal(poolsend_pool_drain(pool, POOLSEND_NEVER), 0);
    for (int j = 0; j < 2; j++) {
      assert_int_equal(poolsend_job_wait(jobs[j], 0, NULL), 0);
      poolsend_job_free(jobs[j]);
    }
    free_pool(state);
  }
}

static void burst_to_idle_threads_finds_room(void **state)
{
  (void)state;
  make_pool(4, 0);
  for (int i = 0; i < 200; i++) {
    struct poolsend_job *jobs[4];
    for (int j = 0; j < 4; j++)
      jobs[j] = submit(run, NULL);
    for (int j = 0; j < 4; j++)
      finish(jobs[j]);
  }
}

static void job_taken_back_leaves_its_place(void **state)
{
  (void)state;
  make_pool(1, 1);
  struct poolsend_job *held = hold_one();
  for (int i = 0; i < 3; i++) {
    struct poolsend_job *job = submit(run, NULL);
    refuses(POOLSEND_TIMEOUT);
    assert_true(poolsend_job_withdraw(job));
    poolsend_job_free(job);
  }
  let_go(1);
  finish(held);
}

struct submission {
  pthread_t thread;
  int result;
};

static void *submit_when_there_is_room(void *argument)
{
  struct submission *submission = argument;
  submission->result = poolsend_pool_submit(pool, run, NULL, POOLSEND_NEVER, NULL);
  return NULL;
}

static void start_and_let_wait(struct submission *submissions, int count)
{
  for (struct submission *s = submissions; s < submissions + count; s++)
    assert_int_equal(__real_pthread_create(&s->thread, NULL, submit_when_there_is_room, s), 0);
  wait_for_sleepers(count);
}

static void submitter_waits_for_room(void **state)
{
  (void)state;
  struct submission submissions[3];
  make_pool(1, 0);
  struct poolsend_job *held = hold_one();
  start_and_let_wait(submissions, 3);
  let_go(1);
  for (int i = 0; i < 3; i++) {
    pthread_join(submissions[i].thread, NULL);
    assert_int_equal(submissions[i].result, 0);
  }
  finish(held);
}

static void *submit_another(void *context)
{
  return poolsend_pool_submit(pool, run, NULL, 0, NULL) == 0 ? context : NULL;
}

static void job_may_submit_another(void **state)
{
  (void)state;
  int number;
  void *result = NULL;
  make_pool(1, 1);
  struct poolsend_job *job = submit(submit_another, &number);
  assert_int_equal(poolsend_job_wait(job, POOLSEND_NEVER, &result), 0);
  assert_ptr_equal(result, &number);
  poolsend_job_free(job);
  free_pool(state);
  assert_int_equal(atomic_load(&seen.ran), 1);
}

/* ---- Taking back */

static void job_taken_back_never_runs(void **state)
{
  (void)state;
  void *result = &seen;
  make_pool(1, 1);
  struct poolsend_job *held = hold_one(), *job = submit(run, NULL);
  assert_true(poolsend_job_withdraw(job));
  assert_false(poolsend_job_withdraw(job));
  assert_int_equal(poolsend_job_wait(job, 0, &result), -ECANCELED);
  assert_ptr_equal(result, &seen);
  poolsend_job_free(job);
  counts_are(2, 0, 1);
  assert_int_equal(poolsend_pool_count(pool, POOLSEND_POOL_WAITING), 0);
  let_go(1);
  finish(held);
  free_pool(state);
  assert_int_equal(atomic_load(&seen.ran), 1);
}

static void job_that_has_begun_or_ended_is_not_taken_back(void **state)
{
  (void)state;
  make_pool(1, 0);
  struct poolsend_job *job = hold_one();
  assert_false(poolsend_job_withdraw(job));
  let_go(1);
  assert_int_equal(poolsend_job_wait(job, POOLSEND_NEVER, NULL), 0);
  assert_false(poolsend_job_withdraw(job));
  assert_int_equal(poolsend_job_wait(job, 0, NULL), 0);
  poolsend_job_free(job);
  counts_are(1, 1, 0);
}

static void *await_end(void *argument)
{
  struct poolsend_job *job = argument;
  return poolsend_job_wait(job, POOLSEND_NEVER, NULL) == -ECANCELED ? argument : NULL;
}

static void whoever_waits_for_a_job_that_is_taken_back_is_told(void **state)
{
  (void)state;
  pthread_t thread;
  void *told;
  make_pool(1, 1);
  struct poolsend_job *held = hold_one(), *job = submit(run, NULL);
  assert_int_equal(__real_pthread_create(&thread, NULL, await_end, job), 0);
  wait_for_sleepers(1);
  assert_true(poolsend_job_withdraw(job));
  pthread_join(thread, &told);
  assert_non_null(told);
  poolsend_job_free(job);
  let_go(1);
  finish(held);
}

/* Each ran, or was taken back, and its handle says which. */
static void job_that_is_taken_back_while_a_thread_reaches_for_it_runs_or_does_not(void **state)
{
  (void)state;
  unsigned taken_back = 0;
  make_pool(2, 0);
  for (int i = 0; i < 2000; i++) {
    struct poolsend_job *job = submit(run, NULL);
    bool withdrawn = poolsend_job_withdraw(job);
    assert_int_equal(poolsend_job_wait(job, POOLSEND_NEVER, NULL), withdrawn ? -ECANCELED : 0);
    poolsend_job_free(job);
    taken_back += withdrawn;
  }
  counts_are(2000, 2000 - taken_back, taken_back);
  free_pool(state);
  assert_int_equal(atomic_load(&seen.ran), 2000 - taken_back);
}

static void *withdraw(void *job)
{
  return poolsend_job_withdraw(job) ? job : NULL;
}

static void pool_may_be_freed_while_a_job_is_taken_back(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 200; i++) {
    pthread_t thread;
    void *withdrawn;
    atomic_store(&seen.ran, 0);
    make_pool(1, 1);
    poolsend_job_free(submit(run, NULL));
    struct poolsend_job *job = submit(run, NULL);
    assert_int_equal(__real_pthread_create(&thread, NULL, withdraw, job), 0);
    free_pool(state);
    pthread_join(thread, &withdrawn);
    assert_int_equal(atomic_load(&seen.ran), withdrawn ? 1 : 2);
    poolsend_job_free(job);
  }
}

/* Until the pool's thread, which has dropped the job, and whoever frees the pool sleep. */
static void linger(void)
{
  sem_post(&seen.began);
  wait_for_sleepers(2);
}

static void pool_that_is_freed_stays_until_a_job_has_been_taken_back(void **state)
{
  (void)state;
  pthread_t thread;
  void *withdrawn;
  make_pool(1, 1);
  struct poolsend_job *held = hold_one(), *job = submit(run, NULL);
  calls.before_withdraw = linger;
  assert_int_equal(__real_pthread_create(&thread, NULL, withdraw, job), 0);
  wait_for(&seen.began);
  let_go(1);
  free_pool(state);
  pthread_join(thread, &withdrawn);
  assert_non_null(withdrawn);
  assert_int_equal(atomic_load(&seen.ran), 1);
  poolsend_job_free(held);
  poolsend_job_free(job);
}

/* ---- Draining */

static void draining_pool_takes_no_more_jobs(void **state)
{
  (void)state;
  make_pool(1, 1);
  struct poolsend_job *held = hold_one(), *queued = submit(run, NULL);
  assert_int_equal(poolsend_pool_drain(pool, 0), POOLSEND_TIMEOUT);
  assert_int_equal(poolsend_pool_drain(pool, POOLSEND_MS(1)), POOLSEND_TIMEOUT);
  refuses(POOLSEND_CLOSED);
  let_go(1);
  assert_int_equal(poolsend_pool_drain(pool, POOLSEND_NEVER), 0);
  refuses(POOLSEND_CLOSED);
  assert_int_equal(poolsend_job_wait(held, 0, NULL), 0);
  assert_int_equal(poolsend_job_wait(queued, 0, NULL), 0);
  counts_are(2, 2, 0);
  poolsend_job_free(held);
  poolsend_job_free(queued);
}

static void pool_without_jobs_is_drained_at_once(void **state)
{
  (void)state;
  make_pool(1, 0);
  assert_int_equal(poolsend_pool_drain(pool, 0), 0);
  assert_int_equal(poolsend_pool_drain(pool, 0), 0);
}

static void pool_whose_last_job_is_taken_back_is_drained(void **state)
{
  (void)state;
  make_pool(1, 1);
  struct poolsend_job *held = hold_one(), *job = submit(run, NULL);
  let_go(1);
  finish(held);
  bool withdrawn = poolsend_job_withdraw(job);
  assert_int_equal(poolsend_pool_drain(pool, POOLSEND_NEVER), 0);
  assert_int_equal(poolsend_job_wait(job, 0, NULL), withdrawn ? -ECANCELED : 0);
  poolsend_job_free(job);
}

static void submitters_that_wait_for_room_are_told_of_draining(void **state)
{
  (void)state;
  struct submission submissions[3];
  make_pool(1, 0);
  struct poolsend_job *held = hold_one();
  start_and_let_wait(submissions, 3);
  assert_int_equal(poolsend_pool_drain(pool, 0), POOLSEND_TIMEOUT);
  for (int i = 0; i < 3; i++) {
    pthread_join(submissions[i].thread, NULL);
    assert_int_equal(submissions[i].result, POOLSEND_CLOSED);
  }
  let_go(1);
  finish(held);
}

static void *drain(void *argument)
{
  return poolsend_pool_drain(pool, POOLSEND_NEVER) == 0 && atomic_load(&seen.ran) == 2 ? argument : NULL;
}

static void several_threads_may_drain(void **state)
{
  (void)state;
  pthread_t threads[3];
  make_pool(1, 1);
  poolsend_job_free(hold_one());
  poolsend_job_free(submit(run, NULL));
  for (int i = 0; i < 3; i++)
    assert_int_equal(__real_pthread_create(&threads[i], NULL, drain, threads), 0);
  wait_for_sleepers(3);
  let_go(1);
  for (int i = 0; i < 3; i++) {
    void *drained;
    pthread_join(threads[i], &drained);
    assert_non_null(drained);
  }
}

static void *drain_at_once(void *context)
{
  return poolsend_pool_drain(pool, 0) == POOLSEND_TIMEOUT ? context : NULL;
}

static void job_may_close_its_own_pool(void **state)
{
  (void)state;
  int number;
  void *result = NULL;
  make_pool(1, 0);
  struct poolsend_job *job = submit(drain_at_once, &number);
  assert_int_equal(poolsend_job_wait(job, POOLSEND_NEVER, &result), 0);
  assert_ptr_equal(result, &number);
  refuses(POOLSEND_CLOSED);
  poolsend_job_free(job);
}

/* ---- Many threads */

#define SUBMITTERS 8
#define EACH       500

static struct {
  atomic_uint accepted, withdrawn, wrong;
} many;

static int no_jobs_yet(void **state)
{
  atomic_store(&many.accepted, 0);
  atomic_store(&many.withdrawn, 0);
  atomic_store(&many.wrong, 0);
  return fresh(state);
}

/* One in four is waited for, one is taken back if that can be, one is given up, and of one no handle is asked for. */
static int submit_kind(unsigned kind)
{
  struct poolsend_job *job = NULL;
  void *result = NULL;
  int error = poolsend_pool_submit(pool, run, &many, POOLSEND_NEVER, kind == 3 ? NULL : &job);
  if (error)
    return error;
  atomic_fetch_add(&many.accepted, 1);
  bool withdrawn = kind == 1 && poolsend_job_withdraw(job);
  atomic_fetch_add(&many.withdrawn, withdrawn);
  if (kind < 2 && poolsend_job_wait(job, POOLSEND_NEVER, &result) != (withdrawn ? -ECANCELED : 0))
    atomic_fetch_add(&many.wrong, 1);
  if (kind < 2 && result != (withdrawn ? NULL : &many))
    atomic_fetch_add(&many.wrong, 1);
  poolsend_job_free(job);
  return 0;
}

static void *submit_many(void *argument)
{
  for (unsigned i = 0; i < EACH; i++)
    if (submit_kind(i % 4))
      return argument;
  return NULL;
}

static void *submit_until_closed(void *argument)
{
  int result = 0;
  for (unsigned i = 0; !result; i++)
    result = submit_kind(i % 4);
  return result == POOLSEND_CLOSED ? NULL : argument;
}

static void start_many(pthread_t *threads, void *(*function)(void *))
{
  for (int i = 0; i < SUBMITTERS; i++)
    assert_int_equal(__real_pthread_create(&threads[i], NULL, function, threads), 0);
}

static void join_many(const pthread_t *threads)
{
  for (int i = 0; i < SUBMITTERS; i++) {
    void *failed;
    pthread_join(threads[i], &failed);
    assert_null(failed);
  }
  assert_int_equal(atomic_load(&many.wrong), 0);
}

static void jobs_of_many_threads_are_all_accounted_for(void **state)
{
  (void)state;
  pthread_t threads[SUBMITTERS];
  make_pool(3, 5);
  start_many(threads, submit_many);
  join_many(threads);
  assert_int_equal(poolsend_pool_drain(pool, POOLSEND_NEVER), 0);
  unsigned withdrawn = atomic_load(&many.withdrawn);
  counts_are(SUBMITTERS * EACH, SUBMITTERS * EACH - withdrawn, withdrawn);
  assert_int_equal(atomic_load(&seen.ran), SUBMITTERS * EACH - withdrawn);
}

static void *run_and_post(void *context)
{
  sem_post(&seen.began);
  return run(context);
}

static void *submit_posting_until_closed(void *argument)
{
  int result;
  while ((result = poolsend_pool_submit(pool, run_and_post, NULL, POOLSEND_NEVER, NULL)) == 0)
    atomic_fetch_add(&many.accepted, 1);
  return result == POOLSEND_CLOSED ? NULL : argument;
}

static void jobs_accepted_before_draining_have_ended_after_it(void **state)
{
  (void)state;
  pthread_t threads[SUBMITTERS];
  make_pool(3, 5);
  start_many(threads, submit_posting_until_closed);
  for (int i = 0; i < 200; i++)
    wait_for(&seen.began);
  assert_int_equal(poolsend_pool_drain(pool, POOLSEND_NEVER), 0);
  unsigned ran = atomic_load(&seen.ran);
  join_many(threads);
  assert_int_equal(ran, atomic_load(&many.accepted));
  counts_are(ran, ran, 0);
}

static void pool_may_be_drained_while_jobs_are_taken_back(void **state)
{
  (void)state;
  pthread_t threads[SUBMITTERS];
  make_pool(3, 5);
  start_many(threads, submit_until_closed);
  struct poolsend_job *job;
  assert_int_equal(poolsend_pool_submit(pool, run_and_post, NULL, POOLSEND_NEVER, &job), 0);
  finish(job);
  assert_int_equal(poolsend_pool_drain(pool, POOLSEND_NEVER), 0);
  join_many(threads);
  unsigned submitted = atomic_load(&many.accepted) + 1, withdrawn = atomic_load(&many.withdrawn);
  counts_are(submitted, submitted - withdrawn, withdrawn);
  assert_int_equal(atomic_load(&seen.ran), submitted - withdrawn);
}

/* ---- What can be seen of it */

static void counts_tell_of_threads_and_of_jobs(void **state)
{
  (void)state;
  make_pool(2, 5);
  struct poolsend_job *held[2] = {hold_one(), hold_one()}, *queued = submit(run, NULL);
  assert_int_equal(poolsend_pool_count(pool, POOLSEND_POOL_LIMIT), 2);
  assert_int_equal(poolsend_pool_count(pool, POOLSEND_POOL_THREADS), 2);
  assert_int_equal(poolsend_pool_count(pool, POOLSEND_POOL_RUNNING), 2);
  assert_int_equal(poolsend_pool_count(pool, POOLSEND_POOL_WAITING), 1);
  assert_int_equal(poolsend_pool_count(pool, POOLSEND_POOL_DENIED), 0);
  assert_int_equal(poolsend_pool_count(pool, (enum poolsend_pool_figure)0), 0);
  assert_int_equal(poolsend_pool_count(pool, (enum poolsend_pool_figure)1000), 0);
  counts_are(3, 0, 0);
  let_go(2);
  finish(held[0]);
  finish(held[1]);
  finish(queued);
  counts_are(3, 3, 0);
}

static void count_one(struct ps_job *job)
{
  (void)job;
  run(NULL);
}

static void senders_share_the_threads_and_not_the_bound(void **state)
{
  (void)state;
  struct ps_job job = {.run = count_one};
  make_pool(1, 0);
  struct poolsend_job *held = hold_one();
  assert_int_equal(ps_pool_submit(ps_jobs_pool(pool), &job), 0);
  assert_int_equal(poolsend_pool_count(pool, POOLSEND_POOL_WAITING), 1);
  counts_are(1, 0, 0);
  let_go(1);
  finish(held);
  free_pool(state);
  assert_int_equal(atomic_load(&seen.ran), 2);
}

/* ---- What cannot be done */

static void number_of_threads_that_makes_no_sense_is_refused(void **state)
{
  (void)state;
  struct poolsend_pool *none = (void *)&seen;
  assert_int_equal(poolsend_pool_new(&none, 0, 5), -EINVAL);
  assert_null(none);
  assert_int_equal(poolsend_pool_new(&none, 100001, 5), -EINVAL);
}

static void lack_of_memory_is_told(void **state)
{
  (void)state;
  struct poolsend_pool *none = (void *)&seen;
  for (int allocations = 0; allocations < 2; allocations++) {
    atomic_store(&calls.memory, allocations);
    assert_int_equal(poolsend_pool_new(&none, 1, 0), -ENOMEM);
    assert_null(none);
  }
  atomic_store(&calls.memory, -1);
  make_pool(1, 0);
  atomic_store(&calls.memory, 0);
  refuses(-ENOMEM);
  atomic_store(&calls.memory, -1);
  counts_are(0, 0, 0);
  finish(submit(run, NULL));
}

static void lack_of_threads_is_told_and_leaves_the_place(void **state)
{
  (void)state;
  make_pool(2, 0);
  struct poolsend_job *held = hold_one();
  atomic_store(&calls.no_threads, true);
  refuses(-EAGAIN);
  refuses(-EAGAIN);
  atomic_store(&calls.no_threads, false);
  counts_are(1, 0, 0);
  finish(submit(run, NULL));
  let_go(1);
  finish(held);
  assert_int_equal(poolsend_pool_drain(pool, 0), 0);
}

/* ---- A child of fork */

#define CHILD_LIMIT 30 /* seconds */

struct handles {
  struct poolsend_job *held, *queued, *ended;
};

static bool is_dead(struct poolsend_job *job)
{
  bool dead = poolsend_job_wait(job, POOLSEND_NEVER, NULL) == -ECHILD && !poolsend_job_withdraw(job);
  poolsend_job_free(job);
  return dead;
}

static bool pool_is_dead(void)
{
  uint64_t counts = 0;
  for (int figure = POOLSEND_POOL_LIMIT; figure <= POOLSEND_POOL_DENIED; figure++)
    counts += poolsend_pool_count(pool, (enum poolsend_pool_figure)figure);
  struct poolsend_job *job = (void *)&seen;
  return poolsend_pool_submit(pool, run, NULL, POOLSEND_NEVER, &job) == -ECHILD && !job &&
         poolsend_pool_drain(pool, POOLSEND_NEVER) == -ECHILD && counts == 0 && !ps_jobs_pool(pool);
}

static bool everything_is_dead(const struct handles *handles)
{
  unsigned locks = atomic_load(&calls.locks);
  bool dead = pool_is_dead() && is_dead(handles->held) && is_dead(handles->queued) && is_dead(handles->ended);
  dead = dead && is_dead(handles->ended); /* it was not freed */
  poolsend_pool_free(pool);
  return dead && atomic_load(&calls.locks) == locks;
}

static bool new_pool_works(const struct handles *unused)
{
  (void)unused;
  struct poolsend_pool *own;
  struct poolsend_job *job;
  void *result = NULL;
  if (poolsend_pool_new(&own, 2, 0) || poolsend_pool_submit(own, run, &seen, 0, &job))
    return false;
  int waited = poolsend_job_wait(job, POOLSEND_NEVER, &result);
  poolsend_job_free(job);
  poolsend_pool_free(own);
  return waited == 0 && result == &seen;
}

/* In a child that has been forked while one job runs, one is queued, and one has ended. */
static void holds_in_child(bool (*look)(const struct handles *handles))
{
  make_pool(1, 1);
  struct handles handles = {.ended = submit(run, NULL)};
  assert_int_equal(poolsend_job_wait(handles.ended, POOLSEND_NEVER, NULL), 0);
  handles.held = hold_one();
  handles.queued = submit(run, NULL);
  pid_t child = fork();
  if (child == 0) {
    alarm(CHILD_LIMIT);
    _exit(look(&handles) ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  int status = -1;
  pid_t reaped = waitpid(child, &status, 0);
  let_go(1);
  finish(handles.held);
  finish(handles.queued);
  finish(handles.ended);
  counts_are(3, 3, 0);
  assert_int_equal(reaped, child);
  assert_int_equal(status, 0);
}

static void handles_are_dead_in_a_child_and_touch_no_lock(void **state)
{
  (void)state;
  holds_in_child(everything_is_dead);
}

/* ThreadSanitizer ends a child that starts a thread when its parent had several. */
static void child_may_have_a_pool_of_its_own(void **state)
{
  (void)state;
#ifdef PS_THREAD_SANITIZER
  skip();
#endif
  holds_in_child(new_pool_works);
}

#define SENTENCE(name) cmocka_unit_test_setup_teardown(name, fresh, free_pool)
#define OF_MANY(name)  cmocka_unit_test_setup_teardown(name, no_jobs_yet, free_pool)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(result_is_what_the_job_returned),
      SENTENCE(wait_that_times_out_does_not_cancel_the_job),
      SENTENCE(job_that_has_ended_can_be_awaited_again),
      SENTENCE(several_threads_may_wait_for_one_job),
      SENTENCE(job_whose_handle_is_given_up_goes_on),
      SENTENCE(handle_outlives_the_pool),
      SENTENCE(nothing_can_be_freed),
      SENTENCE(there_may_be_as_many_jobs_as_threads_and_places),
      SENTENCE(numbers_may_be_as_large_as_they_get),
      SENTENCE(whoever_has_seen_a_job_end_finds_room_for_another),
      SENTENCE(whoever_has_seen_all_jobs_end_finds_the_pool_drained),
      SENTENCE(whoever_has_seen_the_pool_drained_has_all_results),
      SENTENCE(burst_to_idle_threads_finds_room),
      SENTENCE(job_taken_back_leaves_its_place),
      SENTENCE(submitter_waits_for_room),
      SENTENCE(job_may_submit_another),
      SENTENCE(job_taken_back_never_runs),
      SENTENCE(job_that_has_begun_or_ended_is_not_taken_back),
      SENTENCE(whoever_waits_for_a_job_that_is_taken_back_is_told),
      SENTENCE(job_that_is_taken_back_while_a_thread_reaches_for_it_runs_or_does_not),
      SENTENCE(pool_may_be_freed_while_a_job_is_taken_back),
      SENTENCE(pool_that_is_freed_stays_until_a_job_has_been_taken_back),
      SENTENCE(draining_pool_takes_no_more_jobs),
      SENTENCE(pool_without_jobs_is_drained_at_once),
      SENTENCE(pool_whose_last_job_is_taken_back_is_drained),
      SENTENCE(submitters_that_wait_for_room_are_told_of_draining),
      SENTENCE(several_threads_may_drain),
      SENTENCE(job_may_close_its_own_pool),
      OF_MANY(jobs_of_many_threads_are_all_accounted_for),
      OF_MANY(jobs_accepted_before_draining_have_ended_after_it),
      OF_MANY(pool_may_be_drained_while_jobs_are_taken_back),
      SENTENCE(counts_tell_of_threads_and_of_jobs),
      SENTENCE(senders_share_the_threads_and_not_the_bound),
      SENTENCE(number_of_threads_that_makes_no_sense_is_refused),
      SENTENCE(lack_of_memory_is_told),
      SENTENCE(lack_of_threads_is_told_and_leaves_the_place),
      SENTENCE(handles_are_dead_in_a_child_and_touch_no_lock),
      SENTENCE(child_may_have_a_pool_of_its_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
