/* One mutex, one condition variable: workers sleep on `work` while the queue is empty. The mutex is held to move a
 * job in or out of the queue, never while one runs or a thread is being made. `spare` counts the threads that have no
 * job (idle, or still starting): a job needs a new thread when more jobs are queued than threads are spare. */
#include "base/pool.h"

#include "base/sync.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* The deepest stack seen in a transfer is 17 KB. Sanitizers multiply frames: they keep the system's default. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK_SIZE 0
#else
#define STACK_SIZE ((size_t)128 * 1024)
#endif

struct worker {
  pthread_t thread;
  struct ps_pool *pool;
  struct ps_list link;
};

struct ps_pool {
  unsigned limit; /* immutable: the most threads there may be */

  struct { /* any thread, holding mutex */
    pthread_mutex_t mutex;
    pthread_cond_t work; /* queue or draining changed: workers wait */
    pthread_cond_t made; /* workers or started changed: submitters wait */
    struct ps_list queue;
    size_t queued;
    struct ps_list workers;
    unsigned started, spare;
    bool draining;
  } shared;
};

struct ps_pool *ps_pool_new(unsigned threads)
{
  struct ps_pool *pool = calloc(1, sizeof *pool);
  if (!pool)
    return NULL;
  pool->limit = threads;
  ps_mutex_init(&pool->shared.mutex);
  ps_cond_init(&pool->shared.work);
  ps_cond_init(&pool->shared.made);
  ps_list_init(&pool->shared.queue);
  ps_list_init(&pool->shared.workers);
  return pool;
}

/* The next job, or NULL when the pool is draining and nothing is left. */
static struct ps_job *take_job(struct ps_pool *pool)
{
  ps_mutex_lock(&pool->shared.mutex);
  while (ps_list_empty(&pool->shared.queue) && !pool->shared.draining)
    ps_cond_wait(&pool->shared.work, &pool->shared.mutex, PS_NEVER);
  struct ps_list *link = ps_list_pop(&pool->shared.queue);
  if (link) {
    pool->shared.queued--;
    pool->shared.spare--;
  }
  ps_mutex_unlock(&pool->shared.mutex);
  return link ? PS_CONTAINER(link, struct ps_job, link) : NULL;
}

static void *work(void *argument)
{
  struct ps_pool *pool = argument;
  for (struct ps_job *job; (job = take_job(pool));) {
    job->run(job);
    ps_mutex_lock(&pool->shared.mutex);
    pool->shared.spare++;
    ps_mutex_unlock(&pool->shared.mutex);
  }
  return NULL;
}

static int create_thread(struct worker *worker)
{
  pthread_attr_t attributes;
  int error = pthread_attr_init(&attributes);
  if (error)
    return -error;
  if (STACK_SIZE)
    error = pthread_attr_setstacksize(&attributes, STACK_SIZE);
  if (!error)
    error = pthread_create(&worker->thread, &attributes, work, worker->pool);
  pthread_attr_destroy(&attributes);
  return -error;
}

/* Make the thread whose place was reserved in `started` and `spare`. Whether there is then any thread at all. */
static bool add_worker(struct ps_pool *pool)
{
  struct worker *worker = calloc(1, sizeof *worker);
  if (worker)
    worker->pool = pool;
  bool made = worker && create_thread(worker) == 0;
  ps_mutex_lock(&pool->shared.mutex);
  if (made) {
    ps_list_append(&pool->shared.workers, &worker->link);
  } else {
    pool->shared.started--;
    pool->shared.spare--;
  }
  bool any = !ps_list_empty(&pool->shared.workers);
  ps_cond_broadcast(&pool->shared.made);
  ps_mutex_unlock(&pool->shared.mutex);
  if (!made)
    free(worker);
  return any;
}

/* Take back a job that no thread will run. False if one that another caller made has it after all: the job may be gone
 * by then, so it is looked for without being looked at. */
static bool take_back(struct ps_pool *pool, const struct ps_job *job)
{
  bool found = false;
  ps_mutex_lock(&pool->shared.mutex);
  ps_list_each(link, &pool->shared.queue) {
    if (link != &job->link)
      continue;
    ps_list_remove(link);
    pool->shared.queued--;
    found = true;
  }
  ps_mutex_unlock(&pool->shared.mutex);
  return found;
}

int ps_pool_submit(struct ps_pool *pool, struct ps_job *job)
{
  ps_mutex_lock(&pool->shared.mutex);
  /* While every place is taken by a thread that others are still making, nobody knows whether there will be one. */
  while (pool->shared.started == pool->limit && ps_list_empty(&pool->shared.workers))
    ps_cond_wait(&pool->shared.made, &pool->shared.mutex, PS_NEVER);
  ps_list_append(&pool->shared.queue, &job->link);
  pool->shared.queued++;
  bool grow = pool->shared.queued > pool->shared.spare && pool->shared.started < pool->limit;
  if (grow) {
    pool->shared.started++;
    pool->shared.spare++;
  } else {
    ps_cond_signal(&pool->shared.work);
  }
  ps_mutex_unlock(&pool->shared.mutex);

  if (grow && !add_worker(pool) && take_back(pool, job))
    return -EAGAIN;
  return 0;
}

void ps_pool_free(struct ps_pool *pool)
{
  if (!pool)
    return;
  ps_mutex_lock(&pool->shared.mutex);
  pool->shared.draining = true;
  ps_cond_broadcast(&pool->shared.work);
  ps_mutex_unlock(&pool->shared.mutex);

  ps_list_each(link, &pool->shared.workers) {
    struct worker *worker = PS_CONTAINER(link, struct worker, link);
    ps_thread_join(worker->thread);
    free(worker);
  }
  ps_cond_fini(&pool->shared.made);
  ps_cond_fini(&pool->shared.work);
  ps_mutex_fini(&pool->shared.mutex);
  free(pool);
}
