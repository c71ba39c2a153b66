/* A fixed pool of threads for blocking jobs. It knows nothing of what the jobs do. A thread is started when a job finds
 * none idle, until there are as many as the pool may have; then jobs queue, first in first out.
 *
 * The system may have fewer threads to give than that. Who has jobs of several kinds, and wants none of them to wait
 * for another, starts a thread for each kind beforehand and has it kept: then ps_pool_submit does without that thread,
 * and the first job of a kind has it by ps_pool_queue. */
#ifndef PS_BASE_POOL_H
#define PS_BASE_POOL_H

#include "base/list.h"

#include <stdint.h>

struct ps_pool;

/* Embedded in what the caller wants done. The pool does not touch a job once `run` was called: `run` may free it. */
struct ps_job {
  void (*run)(struct ps_job *job);
  struct ps_list link;
  bool queued; /* the pool's */
};

/* At most `threads` (>= 1) threads; none is started yet. For jobs of this library, which need little stack. NULL: no
 * memory. */
struct ps_pool *ps_pool_new(unsigned threads);

/* The same for jobs of any kind: with stacks of that size, 0 for the system's. */
struct ps_pool *ps_pool_new_with_stacks(unsigned threads, size_t stack_size);

/* Start so many threads now, if there are not as many and may be. 0; -EAGAIN: one could not be started. While no job is
 * submitted. */
int ps_pool_start(struct ps_pool *pool, unsigned threads);

/* Queue `job`. On 0 the pool owns it until `job->run` is called, on a worker, with no lock held. On -EAGAIN no thread
 * is idle beside those that are kept, none could be started for it, and it would have to wait for others' jobs: the
 * caller still owns it. Any thread; never blocks on a job. */
int ps_pool_submit(struct ps_pool *pool, struct ps_job *job);

/* The same for a job that may have a thread that is kept, and waits for others' jobs if there is none; -EAGAIN only
 * while the pool has no thread at all. */
int ps_pool_queue(struct ps_pool *pool, struct ps_job *job);

/* Keep so many threads more, or fewer. Any thread; takes no lock. */
void ps_pool_keep(struct ps_pool *pool, int more);

/* Take back a job for which ps_pool_submit has returned 0, and whose memory is still valid. True: it was queued, and
 * will not run; the caller owns it. False: a thread has it, or had it. Any thread; never blocks on a job. */
bool ps_pool_withdraw(struct ps_pool *pool, struct ps_job *job);

/* Whether jobs queue and no thread is on its way to them: a job that could go on with more of its own work steps back
 * then, and submits the rest. A hint, for the price of a load. Any thread. */
bool ps_pool_is_wanted(struct ps_pool *pool);

struct ps_pool_counts {
  unsigned limit;   /* threads there may be */
  unsigned threads; /* there are, or are being made */
  unsigned running; /* have a job */
  size_t waiting;   /* jobs that no thread has yet */
  uint64_t denied;  /* times that the system had no thread to give */
};

/* As it is at one moment. Any thread. */
void ps_pool_count(struct ps_pool *pool, struct ps_pool_counts *counts);

/* Run what is queued, wait for what runs, end the threads. Meanwhile nothing may be submitted but by a job that runs,
 * whose jobs run too. NULL is fine. */
void ps_pool_free(struct ps_pool *pool);

#endif
