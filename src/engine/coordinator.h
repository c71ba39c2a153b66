/* The coordinator: one thread that runs the engine in real time, and the meeting point of everything else with it.
 *
 * Callers put messages into its inbox as far as there is room; workers post notices of their attempts; both wake it
 * through one condition variable, on which it otherwise sleeps until the engine's next deadline. A worker that has
 * ended an attempt takes the next that waits for the same endpoint, without the coordinator's help. Events go to the
 * report of their message if somebody holds it; else to a callback, or to a queue from which any thread takes them. */
#ifndef PS_ENGINE_COORDINATOR_H
#define PS_ENGINE_COORDINATOR_H

#include "engine/engine.h"

#include <pthread.h>

/* How attempts are run. Called without a lock held. */
struct ps_runner {
  /* On a worker: get ready to run it, so that it can be cancelled from now on. */
  void (*prepare)(void *context, struct ps_attempt *attempt);
  /* On the same worker: run it, and fill `attempt->outcome`. May call ps_coordinator_answered once meanwhile. */
  void (*perform)(void *context, struct ps_attempt *attempt);
  /* On the coordinator's thread: make `perform` return soon, with this end. It may have returned already. */
  void (*cancel)(void *context, struct ps_attempt *attempt, enum ps_ending why);
  /* Likewise: whether something of its answer has come that it has not read yet. */
  bool (*is_unread)(void *context, struct ps_attempt *attempt);
  void *context;
};

struct ps_coordinator_settings {
  struct ps_engine_settings engine; /* its events are those of messages without a report */
  poolsend_event_fn *on_event;      /* or NULL */
  void *event_context;
  unsigned max_pending; /* messages taken up that have not settled, or of which somebody asked to hear and nobody has
                         * fetched the settled event; probes come on top */
  bool in_order;        /* one at a time, and no probes on top */
  bool owns_pool;       /* it is nobody else's: a thread of it is kept for each endpoint */
};

/* Who is to be woken when the mutex is free again. */
struct ps_wakes {
  bool coordinator, submitters, fetchers;
  bool descriptor; /* it is to become readable */
};

/* A message that is to be cancelled. */
struct ps_cancel {
  struct ps_list link;
  uint64_t last; /* not those submitted later */
  char id[PS_ID_SIZE];
};

/* The coordinator waits for any news, or rests while workers have enough to do: then it is not woken for a success, nor
 * for a new message. */
enum ps_sleep { PS_AWAKE, PS_RESTING, PS_ASLEEP };

/* As poolsend.h has them. */
struct ps_counts {
  uint64_t submitted, delivered, undelivered, pending, started, finished, threads, threads_denied, unheard;
};

struct ps_endpoint_counts {
  uint64_t slots, running, waiting, breaker_open, started, fates[POOLSEND_FATE_UNKNOWN + 1];
};

/* How an endpoint fares. */
struct ps_tally {
  uint64_t started, fates[POOLSEND_FATE_UNKNOWN + 1];
  bool avoided;
  ps_time delay;   /* the hedge delay of attempts that start now */
  unsigned jobs;   /* given to the pool, whose threads go on with the next attempt of the lane */
  unsigned narrow; /* how many it had when there was no thread for one more, at least 1; 0: there was */
};

struct ps_coordinator {
  /* Immutable after start. */
  struct ps_runner runner;
  struct ps_pool *pool;
  unsigned endpoints, max_pending, events;
  bool in_order, owns_pool;
  poolsend_event_fn *on_event;
  void *event_context;
  unsigned generation; /* of processes: see base/fork.h */
  pthread_t thread;

  struct ps_engine engine; /* coordinator thread only, like the rest of this band */
  struct ps_list backlog;  /* messages for which there was no memory yet */
  struct ps_list cancels;  /* those that the backlog is to hear of too */
  struct ps_list launches; /* attempts asked for in this step */
  struct ps_list outgoing; /* events told in this step */
  bool stopped, drained;   /* stopping, draining was seen */
  uint64_t interrupted;    /* messages up to this one are, or are to be when there is memory for them */
  bool narrowed;           /* a lane for which there were too few threads is to count for less */
  ps_time widen_at;        /* for all again, or PS_NEVER */

  struct { /* any thread, holding mutex */
    pthread_mutex_t mutex;
    pthread_cond_t wake; /* one of the next, or limit, changed; only the coordinator waits */
    struct ps_list inbox, notices;
    struct ps_list cancels;  /* ids */
    struct ps_list returned; /* events that a report was given up with */
    unsigned arrived;        /* messages in the inbox */
    uint64_t interrupt;      /* messages up to this one */
    bool draining, stopping;
    bool turned_away;    /* a submitter, who may be waiting for the descriptor */
    ps_time limit;       /* when a drain becomes an interrupt, or PS_NEVER */
    enum ps_sleep sleep; /* of the coordinator; nobody has woken it since */
    bool urgent;         /* there is news that it must not rest before */
    struct ps_wakes wakes;

    struct ps_lane *lanes;    /* [endpoints] */
    struct ps_tally *tallies; /* [endpoints] */
    pthread_cond_t left;      /* jobs became 0 */
    unsigned jobs;            /* given to the pool, and not returned */

    pthread_cond_t room; /* pending, capacity, allowed or draining changed: submitters wait */
    unsigned submitters; /* that wait */
    unsigned capacity;   /* messages that may be submitted before the coordinator looks again */
    unsigned first;      /* the endpoint that they will go to */
    size_t pending,
        allowed; /* messages submitted of which the settled event was not fetched; and how many there may be */

    pthread_cond_t told; /* events changed */
    struct ps_list events;
    struct ps_list spare;    /* messages that nobody asked to hear of, whose settled event is there; the oldest first */
    size_t spares;           /* of them; they are pending, and hold up nothing */
    unsigned fetchers;       /* that wait */
    size_t calling;          /* settled events that the callback is being given */
    struct ps_counts counts; /* but for the threads, which are the pool's */
  } shared;

  atomic_int descriptor; /* for those who fetch, or -1 */
};

/* Starts its thread and, in a pool of its own, one for each endpoint. `pool` is borrowed until stop. 0, -ENOMEM or
 * -EAGAIN, with nothing left behind but threads of the pool. */
int ps_coordinator_start(struct ps_coordinator *coordinator, const struct ps_coordinator_settings *settings,
                         const struct ps_runner *runner, struct ps_pool *pool);

/* Interrupts every message, waits until all have settled and the pool has returned every job, ends the thread. */
void ps_coordinator_stop(struct ps_coordinator *coordinator);

/* After stop: frees the events nobody took, and all else. */
void ps_coordinator_fini(struct ps_coordinator *coordinator);

/* Take up `message`; its hold becomes the coordinator's. Waits for room until `deadline`. 0; POOLSEND_TIMEOUT;
 * POOLSEND_CLOSED: no more are taken up; -EDEADLK. Any thread. */
int ps_coordinator_submit(struct ps_coordinator *coordinator, struct ps_message *message, ps_time deadline);

void ps_coordinator_interrupt(struct ps_coordinator *coordinator);

/* Interrupt the messages of this id. 0 or -ENOMEM. */
int ps_coordinator_cancel(struct ps_coordinator *coordinator, const char *id);

/* Take up no more messages, and interrupt those taken up at `limit`, if it is earlier than was said before. */
void ps_coordinator_drain(struct ps_coordinator *coordinator, ps_time limit);

/* A complete header has come, of `status`, and it tells the answer. On the worker that performs the attempt. */
void ps_coordinator_answered(struct ps_coordinator *coordinator, struct ps_attempt *attempt, bool success, int status);

/* Whether another attempt has won. On the worker that performs the attempt. */
bool ps_coordinator_is_late(const struct ps_attempt *attempt);

/* The next events, at least one, in a list that was empty; they are the caller's, who releases their messages. At most
 * `most`. 0; POOLSEND_TIMEOUT: `deadline` has passed; POOLSEND_CLOSED: drained, and there is none left. Any thread. */
int ps_coordinator_next(struct ps_coordinator *coordinator, ps_time deadline, struct ps_list *events, size_t most);

/* A descriptor that is readable while there is something to fetch. Or a negative errno value. */
int ps_coordinator_descriptor(struct ps_coordinator *coordinator);

/* Whether this is the coordinator's thread, which must not wait for itself. */
bool ps_coordinator_is_self(const struct ps_coordinator *coordinator);

/* All of them at one moment, but for the threads. `endpoints` has room for each. */
void ps_coordinator_count(struct ps_coordinator *coordinator, struct ps_counts *counts,
                          struct ps_endpoint_counts *endpoints);

#endif
