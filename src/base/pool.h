/* A fixed pool of threads for blocking jobs. It knows nothing of what the jobs do. A thread is started when a job
 * finds none idle, until there are as many as the pool may have; then jobs queue, first in first out. */
#ifndef PS_BASE_POOL_H
#define PS_BASE_POOL_H

#include "base/list.h"

struct ps_pool;

/* Embedded in what the caller wants done. The pool does not touch a job once `run` was called: `run` may free it. */
struct ps_job {
  void (*run)(struct ps_job *job);
  struct ps_list link;
};

/* At most `threads` (>= 1) threads; none is started yet. NULL: no memory. */
struct ps_pool *ps_pool_new(unsigned threads);

/* Queue `job`. On 0 the pool owns it until `job->run` is called, on a worker, with no lock held. On -EAGAIN no thread
 * is idle and none could be started for it, and it would have to wait for others' jobs: the caller still owns it. Any thread; never blocks on a job. */
int ps_pool_submit(struct ps_pool *pool, struct ps_job *job);

/* Run what is queued, wait for what runs, end the threads. Nothing may be submitted during or after it. NULL is
 * fine. */
void ps_pool_free(struct ps_pool *pool);

#endif
