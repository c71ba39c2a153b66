/* The delivery rule: one message, an ordered list of endpoints, one winner, a fate for every attempt.
 *
 * Pure: no threads, no clock, no memory of its own. The caller reports facts (an attempt started, its success header
 * came, it finished, it was withdrawn) with the time each happened, and then asks ps_delivery_decide for one effect
 * after another until the answer is PS_EFFECT_WAIT. All rules are decided there, from the facts and `now` alone:
 * facts reported late change nothing as long as their times are right and they come before the decision.
 *
 * An endpoint is tried at most once in a round, so an attempt is named by its endpoint's index. */
#ifndef PS_CORE_DELIVERY_H
#define PS_CORE_DELIVERY_H

#include "base/clock.h"
#include "core/budget.h"
#include "core/grace.h"
#include "core/health.h"

#include <stdbool.h>

#define PS_HEDGE_DELAY_DEFAULT PS_SECOND

/* A hedge beyond the budget waits for at most so many hedge delays. */
#define PS_HEDGE_HOLD 10

/* Shared by all messages of a sender; immutable, but for what it points to, which its owner keeps up to date. */
struct ps_delivery_rule {
  unsigned endpoints;             /* >= 1 */
  const ps_time *hedge_delay;     /* [endpoints], of attempts that start now; PS_NEVER: plain failover */
  const ps_time *attempt_timeout; /* [endpoints], body included; PS_NEVER: none; NULL: nowhere */
  const enum ps_way *ways;        /* [endpoints], as they are now; NULL: all free */
  struct ps_budget *budget;       /* of hedges; NULL: none */
  ps_time settle;                 /* for late attempts, after the win */
  ps_time body_wait;              /* for the rest of the winner's own body, after the win */
  ps_time answer_wait;
  ps_time max_time;       /* PS_NEVER: none */
  unsigned retries;       /* rounds after the first */
  ps_time retry_delay;    /* 0: exponential */
  ps_time retry_max_time; /* PS_NEVER: none */
};

enum ps_phase {
  PS_PHASE_SKIPPED, /* not in this round */
  PS_PHASE_PLANNED,
  PS_PHASE_QUEUED,   /* asked to start: it waits for a slot, or nobody has told yet that it runs */
  PS_PHASE_RECALLED, /* asked not to start after all: it will be withdrawn, or turn out to run */
  PS_PHASE_PASSED,   /* passed over for want of a slot; its turn comes again after the others' */
  PS_PHASE_RUNNING,  /* its request is under way */
  PS_PHASE_ACCEPTED, /* running, and its complete success header has come */
  PS_PHASE_REFUSED,  /* running, and a complete header has come that is no success */
  PS_PHASE_FAILED,
  PS_PHASE_DELIVERED,
  PS_PHASE_WITHDRAWN /* never started */
};

/* Why running attempts are being cancelled. */
enum ps_cancel_why {
  PS_CANCEL_INTERRUPT,
  PS_CANCEL_SETTLE,
  PS_CANCEL_ANSWER_WAIT,
  PS_CANCEL_MAX_TIME,
  PS_CANCEL_ATTEMPT_TIMEOUT,
  PS_CANCEL_BODY /* its answer is known, only the rest of the body is not waited for */
};

/* One endpoint in the current round. */
struct ps_track {
  enum ps_phase phase;
  bool cancelled, transient;
  enum ps_cancel_why why; /* cancelled: which limit ended it */
  bool probe;             /* queued, running: to see how the endpoint fares */
  bool first;             /* queued: the message has tried nobody else */
  bool again;             /* queued: it has been passed over before, and waits for as long as there is */
  bool unread;    /* running: something of its answer has been seen to lie unread, and nobody has told of it since */
  unsigned after; /* queued: how many attempts had started; it may only be the next */
  ps_time since;  /* queued: asked for; running: its start; accepted, refused: its header; failed, passed: when */
  ps_time delay;  /* its hedge delay, from its start on */
  ps_time silent; /* when that passes */
  ps_time hedge;  /* running: when it starts its successor, if it has not answered */
  ps_time limit;  /* running: when its own time is up */
};

static inline bool ps_track_is_waiting(const struct ps_track *track)
{
  return track->phase == PS_PHASE_QUEUED || track->phase == PS_PHASE_RECALLED;
}

static inline bool ps_track_is_running(const struct ps_track *track)
{
  return track->phase == PS_PHASE_RUNNING || track->phase == PS_PHASE_ACCEPTED || track->phase == PS_PHASE_REFUSED;
}

enum ps_effect_kind {
  PS_EFFECT_WAIT,      /* nothing to do before `until`, unless a fact comes */
  PS_EFFECT_START,     /* start an attempt to `endpoint`: report started, or withdrawn */
  PS_EFFECT_RECALL,    /* report the attempt to `endpoint` withdrawn, unless it has started */
  PS_EFFECT_DELIVERED, /* tell that `endpoint` won */
  PS_EFFECT_CLOSE,     /* nothing may start any more: withdraw what is queued and report it */
  PS_EFFECT_CANCEL,    /* cancel the attempt to `endpoint`: it will be reported finished */
  PS_EFFECT_SETTLED    /* every attempt has its fate; the last effect there is */
};

struct ps_effect {
  enum ps_effect_kind kind;
  unsigned endpoint;
  ps_time until;
};

struct ps_delivery {
  const struct ps_delivery_rule *rule;
  struct ps_track *tracks; /* [rule->endpoints], the caller's */

  ps_time taken_up;
  bool may_repeat;
  uint64_t random; /* for jitter */

  unsigned round, starts; /* starts: in all rounds */
  ps_time round_start;    /* when this round begins (began) */
  int newest;             /* the endpoint tried last in this round, or -1 */
  ps_time exhausted;      /* when the list came to its end, or PS_NEVER */
  ps_time retry_after;    /* the longest asked for in this round */
  ps_time last_end;       /* when the attempt that finished last did */

  int winner; /* or -1 */
  ps_time won;
  bool interrupted, stopped, maybe_arrived; /* maybe_arrived: a fate so far was `unknown` */
  bool probed;                              /* it has been a probe: once is enough for one message */
  bool held;                                /* its next hedge waits for the budget */
  unsigned paid;                            /* how many had started when the budget paid for a hedge last */
  bool told, closed, settled;               /* effects that come once */
  bool puts_off;                            /* something, since the last PS_EFFECT_WAIT */
  struct ps_grace grace;                    /* for what is found long past */
};

/* `may_repeat`: a further round may be made though the message may have arrived, since every attempt says who it is.
 * `seed` feeds the jitter of retries. `tracks` must outlive the delivery. */
void ps_delivery_init(struct ps_delivery *delivery, const struct ps_delivery_rule *rule, struct ps_track *tracks,
                      bool may_repeat, uint64_t seed, ps_time now);

/* Facts, each with the time it happened. `delay` is the hedge delay that an attempt has from its start on. `accepted` and `refused` tell of a complete header, success or not, and come
 * before `finished`, at most one of them. `fatal` says that the status forbids further starts; `retry_after` is what
 * the server asked for, or 0. */
void ps_delivery_started(struct ps_delivery *delivery, unsigned endpoint, ps_time delay, ps_time when);
void ps_delivery_accepted(struct ps_delivery *delivery, unsigned endpoint, ps_time when);
void ps_delivery_refused(struct ps_delivery *delivery, unsigned endpoint, bool fatal, ps_time when);
void ps_delivery_finished(struct ps_delivery *delivery, unsigned endpoint, enum poolsend_fate fate, bool transient,
                          bool fatal, ps_time retry_after, ps_time when);
void ps_delivery_withdrawn(struct ps_delivery *delivery, unsigned endpoint, ps_time when);

/* The attempt queued for `endpoint` has been given a permit for a probe. */
void ps_delivery_promoted(struct ps_delivery *delivery, unsigned endpoint);

/* The budget has room for the hedge that is held. */
void ps_delivery_release(struct ps_delivery *delivery, ps_time when);

/* Nothing more can start, in this round or another: what runs is waited for as at the end of the list. */
void ps_delivery_stop(struct ps_delivery *delivery, ps_time when);

/* The caller wants an end: nothing more starts, what runs is cancelled. */
void ps_delivery_interrupt(struct ps_delivery *delivery);

/* A deadline was handled long after it had come, or something is put off still: it is being looked which running
 * attempts have an answer unread. Each of them is then told of, before anything is decided. */
void ps_delivery_look(struct ps_delivery *delivery, ps_time now);
void ps_delivery_unread(struct ps_delivery *delivery, unsigned endpoint);

/* Whether a deadline of this message, which has come, is put off since an answer to it may lie unread. Recorded: the
 * next PS_EFFECT_WAIT tells when to look again. */
bool ps_delivery_puts_off(struct ps_delivery *delivery, ps_time deadline, ps_time now);

/* The next thing to do. */
struct ps_effect ps_delivery_decide(struct ps_delivery *delivery, ps_time now);

/* How long after a message was taken up the last endpoint is tried if those before it stay silent; negative where only
 * their failure, which may come at any time, moves it on. */
ps_time ps_delivery_rule_reach(const struct ps_delivery_rule *rule);

/* Whether the settings leave an endpoint that could never be reached: the hedge delays of all but the last add up to
 * max_time or more. */
bool ps_delivery_rule_is_hopeless(const struct ps_delivery_rule *rule);

#endif
