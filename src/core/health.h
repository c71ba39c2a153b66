/* How an endpoint fares: its breaker, the attempts that hold its slots past their hedge delay, how fast it answers.
 * Pure.
 *
 * A miss is an attempt whose hedge delay passed without an answer, a connection error, or an answer 408, 429 or 5xx; an
 * attempt is one miss at most. A success within its hedge delay ends a run of misses; other answers count neither way.
 * After PS_HEALTH_MISSES in a row, or as soon as every slot is held by an attempt past its hedge delay, the breaker
 * opens: messages go to other endpoints first. After a cooldown, which doubles with each that fails, one message probes
 * it, with a permit that is kept for that; a success within the hedge delay closes the breaker. A server that asks for
 * time with Retry-After is given it.
 *
 * Slots may still be held by what hangs when a probe has closed the breaker; then the probes' permits serve
 * everybody. */
#ifndef PS_CORE_HEALTH_H
#define PS_CORE_HEALTH_H

#include "core/fate.h"
#include "core/percentile.h"

#define PS_HEALTH_MISSES       5
#define PS_HEALTH_PROBES       8
#define PS_HEALTH_COOLDOWN     PS_SECOND
#define PS_HEALTH_COOLDOWN_MAX (60 * PS_SECOND)

struct ps_health {
  unsigned slots, probes; /* permits that can be used; no probes: there is no breaker */
  ps_time fixed;          /* the hedge delay, where it does not follow a percentile */
  unsigned permille;      /* the percentile that it follows, or 0 */

  unsigned in_slots, in_probes; /* attempts that have or wait for a permit of each kind */
  unsigned stuck;               /* of those in slots: past their hedge delay */
  unsigned misses;              /* in a row */
  unsigned openings;            /* how often it has opened */
  bool open;
  bool probing;     /* a probe is under way, and not past its hedge delay */
  ps_time opened;   /* when; what began before tells nothing of now */
  ps_time cooldown; /* before the next probe but one */
  ps_time probe_at; /* no probe before */
  struct ps_percentile answers;
};

/* One attempt, as its endpoint's health sees it. */
struct ps_health_attempt {
  bool probe; /* it has a probe's permit */
  bool tests; /* it probes an endpoint whose breaker is open, having opened for the time that `opening` counts */
  unsigned opening;
  bool overdue;  /* past its hedge delay */
  bool answered; /* its answer has been counted */
};

/* May an endpoint be chosen: before others, for a probe, or only when there is no other. */
enum ps_way { PS_WAY_FREE, PS_WAY_PROBE, PS_WAY_SHUT };

void ps_health_init(struct ps_health *health, unsigned slots, unsigned probes, ps_time hedge_delay, unsigned permille);

/* It has so many slots (>= 1) from now on. */
void ps_health_resize(struct ps_health *health, unsigned slots, ps_time now);

enum ps_way ps_health_way(const struct ps_health *health, ps_time now);

/* How many more messages may come for it, where `run_ahead` may wait for a permit. */
unsigned ps_health_room(const struct ps_health *health, unsigned run_ahead);

/* When the way may change though nothing happens: the time of the next probe, or PS_NEVER. */
ps_time ps_health_next(const struct ps_health *health, ps_time now);

/* The hedge delay of an attempt that starts now. */
ps_time ps_health_hedge_delay(const struct ps_health *health);

/* An attempt is asked for, chosen by the present way. `probe` in it tells which kind of permit it is to have. */
void ps_health_enter(struct ps_health *health, struct ps_health_attempt *attempt, ps_time now);

/* Whether an attempt that waits for a slot should be given a probe's permit now: there is one, and the slots hang, or a
 * probe is due. */
bool ps_health_promotes(const struct ps_health *health, ps_time now);

/* It was given one. */
void ps_health_promoted(struct ps_health *health, struct ps_health_attempt *attempt, ps_time now);

/* Its hedge delay has passed, and it has not ended: a miss, unless its success header has come. */
void ps_health_overdue(struct ps_health *health, struct ps_health_attempt *attempt, ps_time when);

/* Its success has come, `took` after its start at `started`. Once, before it leaves. */
void ps_health_accepted(struct ps_health *health, struct ps_health_attempt *attempt, ps_time started, ps_time took);

/* It has ended without a success: `verdict`, `status` and `retry_after` (0: none) tell how. Before it leaves. */
void ps_health_failed(struct ps_health *health, struct ps_health_attempt *attempt, struct ps_verdict verdict,
                      int status, ps_time retry_after, ps_time when);

/* It has given up its permit, or its place in the queue for one. */
void ps_health_leave(struct ps_health *health, struct ps_health_attempt *attempt);

#endif
