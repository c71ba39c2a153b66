/* The engine: all messages of a sender, their deadlines, and how the endpoints fare. Deterministic: no thread, no
 * clock, no I/O. It is fed facts, and ps_engine_step(now) then does what the delivery rule decides, through the host:
 * the coordinator in the program, a virtual world in the simulation.
 *
 * One thread calls everything here. A fact is only recorded when it is fed; every decision is made in step, after all
 * the facts that are known by then. */
#ifndef PS_ENGINE_ENGINE_H
#define PS_ENGINE_ENGINE_H

#include "base/index.h"
#include "core/flow.h"
#include "core/pace.h"
#include "engine/message.h"

/* What the engine asks its host to do. Called from ps_engine_step, and set_delay from ps_engine_init too; none may call
 * the engine. */
struct ps_engine_host {
  /* Attempts to `endpoint` that start from now on have this hedge delay. */
  void (*set_delay)(void *context, unsigned endpoint, ps_time delay);
  /* Run the attempt as soon as there is a permit for it, if it passes ps_message_start_attempt at that moment, and feed
   * that it finished; otherwise feed that it was withdrawn. */
  void (*launch)(void *context, struct ps_attempt *attempt);
  /* It is not to start. Feed that it was withdrawn; or, if it has started, that. */
  void (*recall)(void *context, struct ps_attempt *attempt);
  /* It is to have a probe's permit instead of waiting for a slot. False: it waits no longer. */
  bool (*promote)(void *context, struct ps_attempt *attempt);
  /* End it soon, as one that was cancelled or one whose time is up. It has started, and may have finished already. */
  void (*cancel)(void *context, struct ps_attempt *attempt, enum ps_ending why);
  /* Whether something of its answer has come that nobody has read yet. It has started, and may have finished already. */
  bool (*is_unread)(void *context, struct ps_attempt *attempt);
  /* The event is the host's, which holds its message until it is released. */
  void (*tell)(void *context, struct ps_event *event);
  void *context;
};

struct ps_engine_endpoint {
  const char *name, *url; /* borrowed, as events show them */
  unsigned slots;         /* >= 1 */
  ps_time hedge_delay;
  unsigned hedge_permille; /* or 0 */
  ps_time attempt_timeout; /* or PS_NEVER */
};

struct ps_engine_settings {
  struct ps_delivery_rule
      rule; /* without its hedge delays, attempt timeouts, ways and budget, which are the engine's */
  const struct ps_engine_endpoint *endpoints; /* [rule.endpoints], borrowed */
  struct ps_status_set fatal;
  unsigned events;         /* poolsend_event_kind values */
  uint64_t seed;           /* of the jitter */
  unsigned probes;         /* permits of each endpoint for probes; 0: there are no breakers */
  unsigned run_ahead;      /* messages that may wait for a slot of their first endpoint, in any case */
  unsigned run_ahead_most; /* and at most: where so many have started there lately; 0: no more than that */
  double hedge_budget;     /* negative: none */
  double rate;             /* of new messages, a second; 0: no limit */
};

struct ps_engine_lane {
  struct ps_health health;
  struct ps_flow flow;   /* of the attempts that start */
  struct ps_list queued; /* attempts that are not known to have started */
};

struct ps_engine {
  struct ps_engine_settings settings;
  struct ps_engine_host host;
  struct ps_engine_lane *lanes; /* [rule.endpoints] */
  ps_time *hedge_delays;        /* [rule.endpoints], as the rule sees them, and as the host was told last */
  ps_time *attempt_timeouts;    /* likewise */
  enum ps_way *ways;            /* likewise */
  struct ps_budget budget;
  struct ps_pace pace;
  struct ps_list messages, dirty, held;
  struct ps_index ids; /* of the messages that have not been cancelled by their id */
  struct ps_heap timers;
  size_t message_count;
  bool draining; /* no message will come that a probe could help */
  uint64_t random;
};

/* 0 or -ENOMEM. */
int ps_engine_init(struct ps_engine *engine, const struct ps_engine_settings *settings,
                   const struct ps_engine_host *host);
/* Every message must have settled. A zeroed engine is fine. */
void ps_engine_fini(struct ps_engine *engine);

/* See to it that one more message can be admitted. 0 or -ENOMEM. */
int ps_engine_reserve(struct ps_engine *engine);

/* Take up `message`, made for as many endpoints, after a successful reserve: the engine takes over the caller's hold.
 * `taken_up` is when its clock began. */
void ps_engine_admit(struct ps_engine *engine, struct ps_message *message, ps_time taken_up);

/* The endpoint that a message admitted now goes to. */
unsigned ps_engine_first(const struct ps_engine *engine);

/* How many messages more could start soon if they were admitted now. */
unsigned ps_engine_room(const struct ps_engine *engine, ps_time now);

/* How many attempts have a probe's permit, or are to have one. */
unsigned ps_engine_probes(const struct ps_engine *engine);

/* A fact about a launched attempt. After FINISHED or WITHDRAWN the host has no business with it any more. */
void ps_engine_notice(struct ps_engine *engine, const struct ps_notice *notice);

/* No more messages will be admitted. */
void ps_engine_drain(struct ps_engine *engine);

/* Interrupt every message taken up whose serial number is at most `last`. */
void ps_engine_interrupt(struct ps_engine *engine, uint64_t last);

/* Those of this id among them. */
void ps_engine_cancel(struct ps_engine *engine, const char *id, uint64_t last);

/* Whether messages go to other endpoints first. */
bool ps_engine_is_avoided(const struct ps_engine *engine, unsigned endpoint);

/* The endpoint has so many slots (>= 1) that can be used, from now on. */
void ps_engine_resize(struct ps_engine *engine, unsigned endpoint, unsigned slots, ps_time now);

/* Do all that is due, and return when to step again at the latest, if no fact comes. Room may come without a fact then,
 * too. */
ps_time ps_engine_step(struct ps_engine *engine, ps_time now);

#endif
