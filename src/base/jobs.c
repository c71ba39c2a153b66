/* Jobs of whoever links the library. They run on a ps_pool, which senders may use too; what is added here is a handle
 * for each, a bound, and an end to it all.
 *
 * A job's state decides by one exchange whether a thread begins it or its owner takes it back. The memory belongs to
 * the handle and to the pool, until a thread has dropped it; the lock is the job's own, so that handles stay valid when
 * the pool is gone and nobody is woken for another's job.
 *
 * An end goes in three steps: the state says so; the pool has room for another job, and one less to wait for; whoever
 * waits for the job is told. Between the first and the last the job is as good as told, and is waited for whatever the
 * timeout. So who has seen jobs end can submit as many at once, or finds the pool drained; and who has seen the pool
 * drained can ask each job for its result. After the second step the pool may be freed.
 *
 * Nobody holds two locks. In a child of fork no lock is touched at all: who held it may not be there. */
#include "base/jobs.h"

#include "base/fork.h"
#include "base/sync.h"
#include "base/values.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

struct poolsend_pool {
  struct ps_pool *threads; /* these are immutable */
  uint64_t bound;
  unsigned generation;

  struct { /* any thread, holding mutex */
    pthread_mutex_t mutex;
    pthread_cond_t room; /* there is, or draining is set */
    pthread_cond_t idle; /* no jobs */
    uint64_t jobs;       /* that have not ended */
    uint64_t submitted, finished, withdrawn;
    bool draining;
  } shared;
};

enum { QUEUED, BEGUN, ENDED, WITHDRAWN };

struct poolsend_job {
  struct ps_job work;
  struct poolsend_pool *pool; /* there until the job has ended; this and what follows is immutable */
  poolsend_job_fn *run;
  void *context;
  unsigned generation;

  atomic_int state;       /* any thread */
  atomic_uint references; /* the handle's, and the pool's */

  void *result; /* its thread's, until it is told */

  struct { /* any thread, holding mutex */
    pthread_mutex_t mutex;
    pthread_cond_t wake; /* told is set */
    bool told;
  } shared;
};

/* ---- The pool */

static void free_pool(struct poolsend_pool *pool)
{
  ps_pool_free(pool->threads);
  ps_cond_fini(&pool->shared.idle);
  ps_cond_fini(&pool->shared.room);
  ps_mutex_fini(&pool->shared.mutex);
  free(pool);
}

static struct poolsend_pool *new_pool(unsigned threads)
{
  struct poolsend_pool *pool = calloc(1, sizeof *pool);
  if (!pool)
    return NULL;
  ps_mutex_init(&pool->shared.mutex);
  ps_cond_init(&pool->shared.room);
  ps_cond_init(&pool->shared.idle);
  pool->generation = ps_fork_generation();
  pool->threads = pool->generation ? ps_pool_new_with_stacks(threads, 0) : NULL;
  if (pool->threads)
    return pool;
  free_pool(pool);
  return NULL;
}

/* 0: it can be used; -EINVAL: there is none; -ECHILD: it is a parent's. */
static int check_pool(const struct poolsend_pool *pool)
{
  if (!pool)
    return -EINVAL;
  return ps_fork_is_child(pool->generation) ? -ECHILD : 0;
}

int poolsend_pool_new(struct poolsend_pool **pool, unsigned threads, unsigned queue)
{
  *pool = NULL;
  if (threads < 1 || threads > PS_WORKERS_MAX)
    return -EINVAL;
  *pool = new_pool(threads);
  if (!*pool)
    return -ENOMEM;
  (*pool)->bound = (uint64_t)threads + queue;
  return 0;
}

void poolsend_pool_free(struct poolsend_pool *pool)
{
  if (check_pool(pool))
    return;
  poolsend_pool_drain(pool, POOLSEND_NEVER);
  free_pool(pool);
}

int poolsend_pool_drain(struct poolsend_pool *pool, poolsend_time timeout)
{
  int result = check_pool(pool);
  if (result)
    return result;
  ps_time deadline = ps_deadline(timeout);
  ps_mutex_lock(&pool->shared.mutex);
  pool->shared.draining = true;
  ps_cond_broadcast(&pool->shared.room);
  while (pool->shared.jobs > 0 && ps_now() < deadline)
    ps_cond_wait(&pool->shared.idle, &pool->shared.mutex, deadline);
  bool ended = pool->shared.jobs == 0;
  ps_mutex_unlock(&pool->shared.mutex);
  return ended ? 0 : POOLSEND_TIMEOUT;
}

/* A figure of jobs. Those that wait do so for threads, which count them. */
static uint64_t count_jobs(struct poolsend_pool *pool, enum poolsend_pool_figure figure)
{
  ps_mutex_lock(&pool->shared.mutex);
  uint64_t count = figure == POOLSEND_POOL_SUBMITTED  ? pool->shared.submitted
                   : figure == POOLSEND_POOL_FINISHED ? pool->shared.finished
                                                      : pool->shared.withdrawn;
  ps_mutex_unlock(&pool->shared.mutex);
  return count;
}

uint64_t poolsend_pool_count(struct poolsend_pool *pool, enum poolsend_pool_figure figure)
{
  struct ps_pool_counts threads;
  if (check_pool(pool))
    return 0;
  ps_pool_count(pool->threads, &threads);
  switch (figure) {
  case POOLSEND_POOL_LIMIT:
    return threads.limit;
  case POOLSEND_POOL_THREADS:
    return threads.threads;
  case POOLSEND_POOL_RUNNING:
    return threads.running;
  case POOLSEND_POOL_WAITING:
    return threads.waiting;
  case POOLSEND_POOL_DENIED:
    return threads.denied;
  case POOLSEND_POOL_SUBMITTED:
  case POOLSEND_POOL_FINISHED:
  case POOLSEND_POOL_WITHDRAWN:
    return count_jobs(pool, figure);
  }
  return 0;
}

struct ps_pool *ps_jobs_pool(struct poolsend_pool *pool)
{
  return ps_fork_is_child(pool->generation) ? NULL : pool->threads;
}

/* ---- Room for jobs */

static int take_room_locked(struct poolsend_pool *pool, ps_time deadline)
{
  while (!pool->shared.draining && pool->shared.jobs >= pool->bound) {
    if (ps_now() >= deadline)
      return POOLSEND_TIMEOUT;
    ps_cond_wait(&pool->shared.room, &pool->shared.mutex, deadline);
  }
  if (pool->shared.draining)
    return POOLSEND_CLOSED;
  pool->shared.jobs++;
  pool->shared.submitted++;
  return 0;
}

static int take_room(struct poolsend_pool *pool, poolsend_time timeout)
{
  ps_time deadline = ps_deadline(timeout);
  ps_mutex_lock(&pool->shared.mutex);
  int result = take_room_locked(pool, deadline);
  ps_mutex_unlock(&pool->shared.mutex);
  return result;
}

/* Who waits for the last job may free the pool as soon as the mutex is free. */
static void give_room_locked(struct poolsend_pool *pool)
{
  pool->shared.jobs--;
  ps_cond_signal(&pool->shared.room);
  if (pool->shared.jobs == 0)
    ps_cond_broadcast(&pool->shared.idle);
}

/* There is no job after all. */
static void give_back(struct poolsend_pool *pool)
{
  ps_mutex_lock(&pool->shared.mutex);
  pool->shared.submitted--;
  give_room_locked(pool);
  ps_mutex_unlock(&pool->shared.mutex);
}

/* ---- The end of a job */

static void leave_pool(struct poolsend_pool *pool, bool withdrawn)
{
  ps_mutex_lock(&pool->shared.mutex);
  pool->shared.withdrawn += withdrawn;
  pool->shared.finished += !withdrawn;
  give_room_locked(pool);
  ps_mutex_unlock(&pool->shared.mutex);
}

static void tell(struct poolsend_job *job)
{
  ps_mutex_lock(&job->shared.mutex);
  job->shared.told = true;
  ps_cond_broadcast(&job->shared.wake);
  ps_mutex_unlock(&job->shared.mutex);
}

static void free_job(struct poolsend_job *job)
{
  if (!job)
    return;
  ps_cond_fini(&job->shared.wake);
  ps_mutex_fini(&job->shared.mutex);
  free(job);
}

static void release(struct poolsend_job *job)
{
  if (atomic_fetch_sub(&job->references, 1) == 1)
    free_job(job);
}

/* Whether the job was still queued, and is now what `state` says. */
static bool decide(struct poolsend_job *job, int state)
{
  int queued = QUEUED;
  return atomic_compare_exchange_strong(&job->state, &queued, state);
}

static void run_job(struct ps_job *work)
{
  struct poolsend_job *job = PS_CONTAINER(work, struct poolsend_job, work);
  if (decide(job, BEGUN)) {
    job->result = job->run(job->context);
    atomic_store(&job->state, ENDED);
    leave_pool(job->pool, false);
    tell(job);
  }
  release(job);
}

/* ---- The calls of its owner */

static struct poolsend_job *new_job(struct poolsend_pool *pool, poolsend_job_fn *run, void *context)
{
  struct poolsend_job *job = calloc(1, sizeof *job);
  if (!job)
    return NULL;
  job->work.run = run_job;
  job->pool = pool;
  job->run = run;
  job->context = context;
  job->generation = pool->generation;
  ps_mutex_init(&job->shared.mutex);
  ps_cond_init(&job->shared.wake);
  return job;
}

static int submit(struct poolsend_pool *pool, struct poolsend_job *job, unsigned references)
{
  if (!job)
    return -ENOMEM;
  atomic_init(&job->references, references);
  return ps_pool_submit(pool->threads, &job->work);
}

int poolsend_pool_submit(struct poolsend_pool *pool, poolsend_job_fn *run, void *context, poolsend_time timeout,
                         struct poolsend_job **handle)
{
  if (handle)
    *handle = NULL;
  int result = check_pool(pool);
  if (!result)
    result = take_room(pool, timeout);
  if (result)
    return result;
  struct poolsend_job *job = new_job(pool, run, context);
  result = submit(pool, job, handle ? 2 : 1);
  if (result) {
    free_job(job);
    give_back(pool);
  } else if (handle) {
    *handle = job;
  }
  return result;
}

static bool has_ended(struct poolsend_job *job)
{
  int state = atomic_load(&job->state);
  return state == ENDED || state == WITHDRAWN;
}

/* Whether the job was told of in time. */
static bool await(struct poolsend_job *job, ps_time deadline)
{
  ps_mutex_lock(&job->shared.mutex);
  while (!job->shared.told) {
    bool ended = has_ended(job);
    if (!ended && ps_now() >= deadline)
      break;
    ps_cond_wait(&job->shared.wake, &job->shared.mutex, ended ? PS_NEVER : deadline);
  }
  bool told = job->shared.told;
  ps_mutex_unlock(&job->shared.mutex);
  return told;
}

int poolsend_job_wait(struct poolsend_job *job, poolsend_time timeout, void **result)
{
  if (!job)
    return -EINVAL;
  if (ps_fork_is_child(job->generation))
    return -ECHILD;
  if (!await(job, ps_deadline(timeout)))
    return POOLSEND_TIMEOUT;
  if (atomic_load(&job->state) == WITHDRAWN)
    return -ECANCELED;
  if (result)
    *result = job->result;
  return 0;
}

/* A thread that takes the job from the pool at this very moment finds nothing to do, and drops it itself. */
bool poolsend_job_withdraw(struct poolsend_job *job)
{
  if (!job || ps_fork_is_child(job->generation) || !decide(job, WITHDRAWN))
    return false;
  bool was_queued = ps_pool_withdraw(job->pool->threads, &job->work);
  leave_pool(job->pool, true);
  tell(job);
  if (was_queued)
    release(job);
  return true;
}

void poolsend_job_free(struct poolsend_job *job)
{
  if (job && !ps_fork_is_child(job->generation))
    release(job);
}
