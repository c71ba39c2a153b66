/* The engine: all messages of a sender, their deadlines, and the endpoints' permits. Deterministic: no thread, no
 * clock, no I/O. It is fed facts, and ps_engine_step(now) then does what the delivery rule decides, through the host:
 * the coordinator in the program, a virtual world in the simulation.
 *
 * One thread calls everything here. A fact is only recorded when it is fed; every decision is made in step, after all
 * the facts that are known by then. */
#ifndef PS_ENGINE_ENGINE_H
#define PS_ENGINE_ENGINE_H

#include "core/slots.h"
#include "engine/message.h"

/* What the engine asks its host to do. Called from ps_engine_step; none may call the engine. */
struct ps_engine_host {
  /* Run the attempt, which holds permit `attempt->permit` of its endpoint: feed started and finished, or withdrawn. */
  void (*launch)(void *context, struct ps_attempt *attempt);
  /* End it soon. It may have finished already. */
  void (*cancel)(void *context, struct ps_attempt *attempt);
  /* From now on no attempt of this message may start: those launched and not started are fed as withdrawn. */
  void (*close)(void *context, struct ps_message *message);
  /* The attempt to `endpoint` won: nobody wants the bodies of the others. */
  void (*won)(void *context, struct ps_message *message, unsigned endpoint);
  /* The event is the host's, which holds its message until it is released. */
  void (*tell)(void *context, struct ps_event *event);
  void *context;
};

struct ps_engine_endpoint {
  const char *name, *url; /* borrowed, as events show them */
  unsigned permits;       /* >= 1 */
};

struct ps_engine_settings {
  struct ps_delivery_rule rule;
  const struct ps_engine_endpoint *endpoints; /* [rule.endpoints], borrowed */
  struct ps_status_set fatal;
  unsigned events; /* poolsend_event_kind values */
  uint64_t seed;   /* of the jitter */
};

struct ps_engine_lane {
  struct ps_slots slots;
  struct ps_list waiting; /* attempts, first come first served */
};

struct ps_engine {
  struct ps_engine_settings settings;
  struct ps_engine_host host;
  struct ps_engine_lane *lanes; /* [rule.endpoints] */
  struct ps_list messages, dirty;
  struct ps_heap timers;
  size_t message_count;
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

/* A fact about a launched attempt. After FINISHED or WITHDRAWN the host has no business with it any more. */
void ps_engine_notice(struct ps_engine *engine, const struct ps_notice *notice);

/* Interrupt every message taken up. */
void ps_engine_interrupt(struct ps_engine *engine);

/* Do all that is due, and return when to step again at the latest, if no fact comes. */
ps_time ps_engine_step(struct ps_engine *engine, ps_time now);

#endif
