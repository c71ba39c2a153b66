/* The coordinator: one thread that runs the engine in real time, and the meeting point of everything else with it.
 *
 * Callers put messages into its inbox; workers post notices of their attempts; both wake it through one condition
 * variable, on which it otherwise sleeps until the engine's next deadline. Events go to a queue of their own, from
 * which any thread takes them. */
#ifndef PS_ENGINE_COORDINATOR_H
#define PS_ENGINE_COORDINATOR_H

#include "engine/engine.h"

#include <pthread.h>

/* How attempts are run. Both are called without a lock held. */
struct ps_runner {
  /* On a worker: run it, and fill `attempt->outcome`. May call ps_coordinator_answered once meanwhile. */
  void (*perform)(void *context, struct ps_attempt *attempt);
  /* On the coordinator's thread, before the attempt is given to the pool. */
  void (*prepare)(void *context, struct ps_attempt *attempt);
  /* On the coordinator's thread: make `perform` return soon. It may have returned already. */
  void (*cancel)(void *context, struct ps_attempt *attempt);
  void *context;
};

struct ps_coordinator {
  /* Immutable after start. */
  struct ps_runner runner;
  struct ps_pool *pool;
  pthread_t thread;

  struct ps_engine engine; /* coordinator thread only */
  struct ps_list backlog;  /* likewise: messages for which there was no memory yet */
  struct ps_list outgoing; /* likewise: events told in this step */
  bool stopped;            /* likewise: stopping was seen */

  struct { /* any thread, holding mutex */
    pthread_mutex_t mutex;
    pthread_cond_t wake; /* inbox, notices, interrupt or stopping changed; only the coordinator waits */
    struct ps_list inbox, notices;
    bool interrupt, stopping;
    bool asleep;         /* the coordinator waits, and nobody has signalled since */
    pthread_cond_t told; /* events changed */
    struct ps_list events;
    uint64_t started; /* attempts */
  } shared;
};

/* Starts the thread. `pool` is borrowed until stop. 0, -ENOMEM or -EAGAIN, with nothing left behind. */
int ps_coordinator_start(struct ps_coordinator *coordinator, const struct ps_engine_settings *settings,
                         const struct ps_runner *runner, struct ps_pool *pool);

/* Interrupts every message, waits until all have settled, ends the thread, frees the events nobody took. */
void ps_coordinator_stop(struct ps_coordinator *coordinator);

/* Take up `message`; its hold becomes the coordinator's. Any thread; never blocks for long. */
void ps_coordinator_submit(struct ps_coordinator *coordinator, struct ps_message *message);

void ps_coordinator_interrupt(struct ps_coordinator *coordinator);

/* A complete header has come, of `status`, and it tells the answer. On the worker that performs the attempt. */
void ps_coordinator_answered(struct ps_coordinator *coordinator, struct ps_attempt *attempt, bool success, int status);

/* Whether another attempt has won. On the worker that performs the attempt. */
bool ps_coordinator_is_late(struct ps_coordinator *coordinator, const struct ps_attempt *attempt);

/* The next event, or NULL when `deadline` has passed. Any thread. The caller releases its message. */
struct ps_event *ps_coordinator_next(struct ps_coordinator *coordinator, ps_time deadline);

struct poolsend_counts ps_coordinator_count(struct ps_coordinator *coordinator);

#endif
