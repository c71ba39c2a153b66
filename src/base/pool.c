/* Each worker sleeps on a condition variable of its own, and a job goes to the one that became idle last: its stack and
 * what it used are warm, and the others may sleep on. One mutex guards all; it is held to move a job in or out, never
 * while one runs or a thread is being made. `coming` counts the threads that were asked for and have not looked for a
 * job yet: a job needs a new thread when more are queued than threads are coming or idle, less those that are kept. One
 * that may not have those, or for which there is no other, is not queued while its thread is being made: it is the new
 * thread's own, so that it can be given back if there is none. */
#include "base/pool.h"

#include "base/sanitizers.h"
#include "base/sync.h"
#include "base/thread.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

/* The deepest stack seen in a transfer is 17 KB. */
#ifdef PS_SANITIZED
#define STACK_SIZE 0
#else
#define STACK_SIZE ((size_t)128 * 1024)
#endif

struct worker {
  pthread_t thread;
  struct ps_pool *pool;
  struct ps_list link; /* among all */

  /* Holding the pool's mutex. */
  pthread_cond_t wake; /* job or draining changed */
  struct ps_list idle; /* among those idle, or in none */
  struct ps_job *job;  /* to be run next; from the start that which the thread was made for, if any */
  bool looked;         /* for a job, once, or was given one: it is not among those coming */
};

struct ps_pool {
  unsigned limit;    /* immutable: the most threads there may be */
  size_t stack_size; /* immutable */

  atomic_bool wanted; /* any thread; changes with the mutex held */
  atomic_uint kept;   /* any thread */

  struct { /* any thread, holding mutex */
    pthread_mutex_t mutex;
    pthread_cond_t made; /* there or started changed: submitters wait */
    struct ps_list queue, workers, idle;
    size_t queued;
    uint64_t denied; /* threads that could not be made */
    unsigned there;  /* threads that were made; each stays until the pool is freed */
    unsigned started, coming, running, idling;
    bool draining;
  } shared;
};

struct ps_pool *ps_pool_new(unsigned threads)
{
  return ps_pool_new_with_stacks(threads, STACK_SIZE);
}

struct ps_pool *ps_pool_new_with_stacks(unsigned threads, size_t stack_size)
{
  struct ps_pool *pool = calloc(1, sizeof *pool);
  if (!pool)
    return NULL;
  pool->limit = threads;
  pool->stack_size = stack_size ? stack_size + ps_thread_local_size() : 0;
  ps_mutex_init(&pool->shared.mutex);
  ps_cond_init(&pool->shared.made);
  ps_list_init(&pool->shared.queue);
  ps_list_init(&pool->shared.workers);
  ps_list_init(&pool->shared.idle);
  return pool;
}

static void enter(struct ps_pool *pool)
{
  ps_mutex_lock(&pool->shared.mutex);
}

static void leave(struct ps_pool *pool)
{
  bool wanted = pool->shared.queued > pool->shared.coming;
  if (wanted != atomic_load_explicit(&pool->wanted, memory_order_relaxed))
    atomic_store_explicit(&pool->wanted, wanted, memory_order_relaxed);
  ps_mutex_unlock(&pool->shared.mutex);
}

/* ---- The workers */

static void unqueue_locked(struct ps_pool *pool, struct ps_job *job)
{
  ps_list_remove(&job->link);
  job->queued = false;
  pool->shared.queued--;
}

static struct ps_job *pop_locked(struct ps_pool *pool)
{
  if (ps_list_empty(&pool->shared.queue))
    return NULL;
  struct ps_job *job = PS_CONTAINER(pool->shared.queue.next, struct ps_job, link);
  unqueue_locked(pool, job);
  pool->shared.running++;
  return job;
}

/* Nothing is queued, or the pool is draining. */
static void wait_for_job_locked(struct ps_pool *pool, struct worker *worker)
{
  ps_list_prepend(&pool->shared.idle, &worker->idle);
  pool->shared.idling++;
  while (!worker->job && !pool->shared.draining)
    ps_cond_wait(&worker->wake, &pool->shared.mutex, PS_NEVER);
  if (!worker->job) {
    ps_list_remove(&worker->idle);
    pool->shared.idling--;
  }
}

/* The next job, or NULL when the pool is draining and nothing is left. */
static struct ps_job *take_job(struct worker *worker)
{
  struct ps_pool *pool = worker->pool;
  enter(pool);
  if (worker->looked)
    pool->shared.running--;
  else
    pool->shared.coming--;
  worker->looked = true;
  worker->job = pop_locked(pool);
  if (!worker->job && !pool->shared.draining)
    wait_for_job_locked(pool, worker);
  struct ps_job *job = worker->job;
  leave(pool);
  return job;
}

static void *work(void *argument)
{
  struct worker *worker = argument;
  struct ps_job *job = worker->job ? worker->job : take_job(worker);
  for (; job; job = take_job(worker))
    job->run(job);
  return NULL;
}

static struct worker *new_worker(struct ps_pool *pool, struct ps_job *first)
{
  struct worker *worker = calloc(1, sizeof *worker);
  if (!worker)
    return NULL;
  worker->pool = pool;
  worker->job = first;
  worker->looked = first;
  ps_list_init(&worker->idle);
  ps_cond_init(&worker->wake);
  return worker;
}

static void free_worker(struct worker *worker)
{
  if (worker)
    ps_cond_fini(&worker->wake);
  free(worker);
}

/* ---- The callers */

/* The place of a thread that is to be made for `first` or, if that is NULL, for any job: taken by 1, given up by -1. */
static void reserve_locked(struct ps_pool *pool, const struct ps_job *first, int more)
{
  pool->shared.started += (unsigned)more;
  if (first)
    pool->shared.running += (unsigned)more;
  else
    pool->shared.coming += (unsigned)more;
}

/* Make the thread for which there is a place. Whether it could be made. */
static bool add_worker(struct ps_pool *pool, struct ps_job *first)
{
  struct worker *worker = new_worker(pool, first);
  bool made = worker && ps_thread_start(&worker->thread, pool->stack_size, work, worker) == 0;
  enter(pool);
  if (made) {
    ps_list_append(&pool->shared.workers, &worker->link);
    pool->shared.there++;
  } else {
    reserve_locked(pool, first, -1);
    pool->shared.denied++;
  }
  ps_cond_broadcast(&pool->shared.made);
  leave(pool);
  if (!made)
    free_worker(worker);
  return made;
}

/* Hands the job to the worker that became idle last. NULL: none is beside those that are kept. */
static struct worker *give_locked(struct ps_pool *pool, struct ps_job *job, unsigned kept)
{
  if (pool->shared.idling <= kept)
    return NULL;
  struct worker *worker = PS_CONTAINER(ps_list_pop(&pool->shared.idle), struct worker, idle);
  pool->shared.idling--;
  worker->job = job;
  pool->shared.running++;
  return worker;
}

static void queue_locked(struct ps_pool *pool, struct ps_job *job)
{
  ps_list_append(&pool->shared.queue, &job->link);
  job->queued = true;
  pool->shared.queued++;
}

/* Whether one more queued job needs another thread than those that are idle or coming. */
static bool lacks_thread_locked(const struct ps_pool *pool, unsigned kept)
{
  size_t there = (size_t)pool->shared.coming + pool->shared.idling;
  return pool->shared.queued + 1 + kept > there && pool->shared.started < pool->limit;
}

/* `own`: not a thread that is kept. Who gives up one that is kept for him has said so before that thread is idle. */
static int submit(struct ps_pool *pool, struct ps_job *job, bool own)
{
  enter(pool);
  /* While every place is taken by a thread that others are still making, nobody knows whether there will be one. */
  while (pool->shared.started == pool->limit && !pool->shared.there)
    ps_cond_wait(&pool->shared.made, &pool->shared.mutex, PS_NEVER);
  unsigned kept = own ? atomic_load(&pool->kept) : 0;
  struct ps_job *first = own || !pool->shared.there ? job : NULL;
  job->queued = false;
  struct worker *idle = give_locked(pool, job, kept);
  bool grow = !idle && lacks_thread_locked(pool, kept);
  if (!idle && !(grow && first))
    queue_locked(pool, job);
  if (grow)
    reserve_locked(pool, first, 1);
  leave(pool);

  if (idle) /* with the mutex free, which it wants at once; it lives until the pool is freed */
    ps_cond_signal(&idle->wake);
  return grow && !add_worker(pool, first) && first ? -EAGAIN : 0;
}

int ps_pool_submit(struct ps_pool *pool, struct ps_job *job)
{
  return submit(pool, job, true);
}

int ps_pool_queue(struct ps_pool *pool, struct ps_job *job)
{
  return submit(pool, job, false);
}

void ps_pool_keep(struct ps_pool *pool, int more)
{
  atomic_fetch_add(&pool->kept, (unsigned)more);
}

static bool lacks_start(struct ps_pool *pool, unsigned threads)
{
  enter(pool);
  bool lacks = pool->shared.started < threads && pool->shared.started < pool->limit;
  if (lacks)
    reserve_locked(pool, NULL, 1);
  leave(pool);
  return lacks;
}

int ps_pool_start(struct ps_pool *pool, unsigned threads)
{
  while (lacks_start(pool, threads))
    if (!add_worker(pool, NULL))
      return -EAGAIN;
  return 0;
}

bool ps_pool_withdraw(struct ps_pool *pool, struct ps_job *job)
{
  enter(pool);
  bool queued = job->queued;
  if (queued)
    unqueue_locked(pool, job);
  leave(pool);
  return queued;
}

bool ps_pool_is_wanted(struct ps_pool *pool)
{
  return atomic_load_explicit(&pool->wanted, memory_order_relaxed);
}

void ps_pool_count(struct ps_pool *pool, struct ps_pool_counts *counts)
{
  enter(pool);
  *counts = (struct ps_pool_counts){
      .limit = pool->limit,
      .threads = pool->shared.started,
      .running = pool->shared.running,
      .waiting = pool->shared.queued,
      .denied = pool->shared.denied,
  };
  leave(pool);
}

static struct worker *next_to_join(struct ps_pool *pool)
{
  enter(pool);
  struct ps_list *link = ps_list_pop(&pool->shared.workers);
  leave(pool);
  return link ? PS_CONTAINER(link, struct worker, link) : NULL;
}

void ps_pool_free(struct ps_pool *pool)
{
  if (!pool)
    return;
  enter(pool);
  pool->shared.draining = true;
  ps_list_each(link, &pool->shared.workers)
    ps_cond_signal(&PS_CONTAINER(link, struct worker, link)->wake);
  leave(pool);

  /* A job may submit another as long as one runs, which wakes a worker, makes one more, or leaves it to those there
   * are: they have left the list of workers by then, but none is freed before all have ended. */
  struct ps_list ended;
  ps_list_init(&ended);
  for (struct worker *worker; (worker = next_to_join(pool));) {
    ps_thread_join(worker->thread);
    ps_list_append(&ended, &worker->link);
  }
  for (struct ps_list *link; (link = ps_list_pop(&ended));)
    free_worker(PS_CONTAINER(link, struct worker, link));
  ps_cond_fini(&pool->shared.made);
  ps_mutex_fini(&pool->shared.mutex);
  free(pool);
}
