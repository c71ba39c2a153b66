/* The rules, each decided in one place:
 *   trigger_time   when the newest attempt starts the next one (rule 2)
 *   may_start      whether anything may start at all (rules 4, 8, 9, 11, 13)
 *   exhaust        when the list has come to its end (rule 7)
 *   declare        who won, and when that is said (rules 4, 5, 8)
 *   body_end       how long the rest of a body is waited for (rule 8)
 *   cancel_time    when running attempts are cut (rules 7, 9, 13)
 *   end_round      retry or the end (rule 10)
 * ps_delivery_decide puts them in order: the win is told before anything else is done about it. */
#include "core/delivery.h"

#include "core/backoff.h"

#include <assert.h>

static bool is_running(const struct ps_track *track)
{
  return track->phase == PS_PHASE_RUNNING || track->phase == PS_PHASE_ACCEPTED || track->phase == PS_PHASE_REFUSED;
}

static int first_in_phase(const struct ps_delivery *d, enum ps_phase phase)
{
  for (unsigned i = 0; i < d->rule->endpoints; i++)
    if (d->tracks[i].phase == phase)
      return (int)i;
  return -1;
}

static bool is_idle(const struct ps_delivery *d)
{
  for (unsigned i = 0; i < d->rule->endpoints; i++)
    if (d->tracks[i].phase == PS_PHASE_QUEUED || is_running(&d->tracks[i]))
      return false;
  return true;
}

void ps_delivery_init(struct ps_delivery *d, const struct ps_delivery_rule *rule, struct ps_track *tracks,
                      bool may_repeat, uint64_t seed, ps_time now)
{
  *d = (struct ps_delivery){
      .rule = rule,
      .tracks = tracks,
      .taken_up = now,
      .may_repeat = may_repeat,
      .random = seed,
      .round_start = now,
      .newest = -1,
      .exhausted = PS_NEVER,
      .winner = -1,
      .won = PS_NEVER,
  };
  for (unsigned i = 0; i < rule->endpoints; i++)
    tracks[i] = (struct ps_track){.phase = PS_PHASE_PLANNED};
}

/* ---- Facts */

void ps_delivery_started(struct ps_delivery *d, unsigned endpoint, ps_time when)
{
  struct ps_track *track = &d->tracks[endpoint];
  assert(track->phase == PS_PHASE_QUEUED);
  track->phase = PS_PHASE_RUNNING;
  track->since = when;
}

void ps_delivery_accepted(struct ps_delivery *d, unsigned endpoint, ps_time when)
{
  struct ps_track *track = &d->tracks[endpoint];
  assert(track->phase == PS_PHASE_RUNNING);
  track->phase = PS_PHASE_ACCEPTED;
  track->since = when;
}

void ps_delivery_refused(struct ps_delivery *d, unsigned endpoint, bool fatal, ps_time when)
{
  struct ps_track *track = &d->tracks[endpoint];
  assert(track->phase == PS_PHASE_RUNNING);
  track->phase = PS_PHASE_REFUSED;
  track->since = when;
  if (fatal)
    ps_delivery_stop(d, when);
}

void ps_delivery_finished(struct ps_delivery *d, unsigned endpoint, enum poolsend_fate fate, bool transient, bool fatal,
                          ps_time retry_after, ps_time when)
{
  struct ps_track *track = &d->tracks[endpoint];
  assert(is_running(track));
  track->since = when;
  track->transient = transient;
  d->last_end = when;
  if (fate == POOLSEND_DELIVERED) {
    track->phase = PS_PHASE_DELIVERED;
    if (d->winner < 0) {
      d->winner = (int)endpoint;
      d->won = when;
    }
    return;
  }
  track->phase = PS_PHASE_FAILED;
  if (fate == POOLSEND_UNKNOWN)
    d->maybe_arrived = true;
  if (retry_after > d->retry_after)
    d->retry_after = retry_after;
  if (fatal)
    ps_delivery_stop(d, when);
}

void ps_delivery_withdrawn(struct ps_delivery *d, unsigned endpoint)
{
  assert(d->tracks[endpoint].phase == PS_PHASE_QUEUED);
  d->tracks[endpoint].phase = PS_PHASE_WITHDRAWN;
}

void ps_delivery_stop(struct ps_delivery *d, ps_time when)
{
  d->stopped = true;
  d->exhausted = ps_earlier(d->exhausted, when);
}

void ps_delivery_interrupt(struct ps_delivery *d)
{
  d->interrupted = true;
}

/* ---- Rules */

static ps_time time_limit(const struct ps_delivery *d)
{
  return ps_after(d->taken_up, d->rule->max_time);
}

/* When the newest attempt starts its successor: at its failure or one hedge delay after its start, whichever is
 * first. What is queued has not started, and what was accepted needs no successor. */
static ps_time trigger_time(const struct ps_delivery *d)
{
  if (d->newest < 0)
    return d->round_start;
  const struct ps_track *track = &d->tracks[d->newest];
  switch (track->phase) {
  case PS_PHASE_REFUSED:
  case PS_PHASE_FAILED:
    return track->since;
  case PS_PHASE_RUNNING:
    return ps_after(track->since, d->rule->hedge_delay[d->newest]);
  default:
    return PS_NEVER;
  }
}

/* A success header is as good as a win here: the data has been accepted. */
static bool may_start(const struct ps_delivery *d, ps_time now)
{
  return d->winner < 0 && !d->interrupted && !d->stopped && now < time_limit(d) &&
         first_in_phase(d, PS_PHASE_ACCEPTED) < 0;
}

static void exhaust(struct ps_delivery *d, ps_time now)
{
  ps_time trigger = trigger_time(d);
  if (d->exhausted == PS_NEVER && trigger <= now && d->newest >= 0 && first_in_phase(d, PS_PHASE_PLANNED) < 0)
    d->exhausted = trigger;
}

/* Until when the rest of a body is waited for once the header has told the answer: of a success one hedge delay (plain
 * failover has none, so the default bounds it), of a rejection always the default, since it holds nobody up. */
static ps_time body_end(const struct ps_delivery *d, unsigned endpoint)
{
  const struct ps_track *track = &d->tracks[endpoint];
  ps_time grace = track->phase == PS_PHASE_ACCEPTED ? d->rule->hedge_delay[endpoint] : PS_HEDGE_DELAY_DEFAULT;
  return ps_after(track->since, grace == PS_NEVER ? PS_HEDGE_DELAY_DEFAULT : grace);
}

/* When a running attempt is cut: the settle time after a win (which the winner itself may still need for its body),
 * else the answer wait after the end of the list, or max-time. */
static ps_time cancel_time(const struct ps_delivery *d, unsigned endpoint)
{
  if (d->interrupted)
    return 0;
  ps_time limit;
  if (d->winner >= 0)
    limit = ps_after(d->won, (int)endpoint == d->winner ? d->rule->body_wait : d->rule->settle);
  else
    limit = ps_earlier(ps_after(d->exhausted, d->rule->answer_wait), time_limit(d));
  return d->tracks[endpoint].phase == PS_PHASE_REFUSED ? ps_earlier(limit, body_end(d, endpoint)) : limit;
}

/* Of the attempts that run and have not been cancelled, the one to be cut first; or -1. */
static int next_to_cancel(const struct ps_delivery *d)
{
  int next = -1;
  for (unsigned i = 0; i < d->rule->endpoints; i++) {
    if (!is_running(&d->tracks[i]) || d->tracks[i].cancelled)
      continue;
    if (next < 0 || cancel_time(d, i) < cancel_time(d, (unsigned)next))
      next = (int)i;
  }
  return next;
}

/* When an accepted attempt wins though its body has not ended. */
static ps_time declare_time(const struct ps_delivery *d, unsigned endpoint)
{
  return ps_earlier(body_end(d, endpoint), cancel_time(d, endpoint));
}

static ps_time next_declare_time(const struct ps_delivery *d)
{
  ps_time next = PS_NEVER;
  for (unsigned i = 0; i < d->rule->endpoints; i++)
    if (d->tracks[i].phase == PS_PHASE_ACCEPTED)
      next = ps_earlier(next, declare_time(d, i));
  return next;
}

/* Of several that are due, the one whose header came first. */
static void declare(struct ps_delivery *d, ps_time now)
{
  int first = -1;
  for (unsigned i = 0; i < d->rule->endpoints; i++) {
    if (d->tracks[i].phase != PS_PHASE_ACCEPTED || declare_time(d, i) > now)
      continue;
    if (first < 0 || d->tracks[i].since < d->tracks[first].since)
      first = (int)i;
  }
  if (first < 0)
    return;
  d->winner = first;
  d->won = now;
}

/* Every attempt of this round has its fate and none was a success. Whether another round follows; if so it is set up
 * to begin after the backoff. */
static bool end_round(struct ps_delivery *d)
{
  if (d->round == d->rule->retries || d->interrupted || d->stopped || (d->maybe_arrived && !d->may_repeat))
    return false;
  ps_time resume = ps_after(d->last_end, ps_backoff(d->rule->retry_delay, d->round, d->retry_after, &d->random));
  if (resume >= time_limit(d) || resume > ps_after(d->taken_up, d->rule->retry_max_time))
    return false;

  bool any = false;
  for (unsigned i = 0; i < d->rule->endpoints; i++) {
    struct ps_track *track = &d->tracks[i];
    bool again = track->phase == PS_PHASE_FAILED && track->transient;
    *track = (struct ps_track){.phase = again ? PS_PHASE_PLANNED : PS_PHASE_SKIPPED};
    any |= again;
  }
  if (!any)
    return false;
  d->round++;
  d->round_start = resume;
  d->newest = -1;
  d->exhausted = PS_NEVER;
  d->retry_after = 0;
  return true;
}

static ps_time next_deadline(const struct ps_delivery *d, ps_time now)
{
  ps_time next = PS_NEVER;
  int late = next_to_cancel(d);
  if (late >= 0)
    next = cancel_time(d, (unsigned)late);
  if (d->winner < 0)
    next = ps_earlier(next, next_declare_time(d));
  if (may_start(d, now) && d->exhausted == PS_NEVER)
    next = ps_earlier(next, ps_earlier(trigger_time(d), time_limit(d)));
  return next;
}

static struct ps_effect effect(enum ps_effect_kind kind, int endpoint)
{
  return (struct ps_effect){.kind = kind, .endpoint = (unsigned)endpoint, .until = PS_NEVER};
}

struct ps_effect ps_delivery_decide(struct ps_delivery *d, ps_time now)
{
  assert(!d->settled);
  exhaust(d, now);
  if (d->winner < 0)
    declare(d, now);
  if (d->winner >= 0 && !d->told) {
    d->told = true;
    return effect(PS_EFFECT_DELIVERED, d->winner);
  }

  bool open = may_start(d, now);
  if (!open && !d->closed) {
    d->closed = true;
    return effect(PS_EFFECT_CLOSE, 0);
  }

  int late = next_to_cancel(d);
  if (late >= 0 && cancel_time(d, (unsigned)late) <= now) {
    d->tracks[late].cancelled = true;
    return effect(PS_EFFECT_CANCEL, late);
  }

  int next = first_in_phase(d, PS_PHASE_PLANNED);
  if (open && next >= 0 && trigger_time(d) <= now) {
    d->tracks[next].phase = PS_PHASE_QUEUED;
    d->newest = next;
    return effect(PS_EFFECT_START, next);
  }

  if (is_idle(d) && (next < 0 || !open)) {
    if (d->winner < 0 && end_round(d))
      return ps_delivery_decide(d, now);
    d->settled = true;
    return effect(PS_EFFECT_SETTLED, 0);
  }
  return (struct ps_effect){.kind = PS_EFFECT_WAIT, .until = next_deadline(d, now)};
}

enum ps_cancel_why ps_delivery_cancel_why(const struct ps_delivery *d, unsigned endpoint, ps_time now)
{
  if (d->interrupted)
    return PS_CANCEL_INTERRUPT;
  if ((int)endpoint == d->winner || (d->tracks[endpoint].phase == PS_PHASE_REFUSED && body_end(d, endpoint) <= now))
    return PS_CANCEL_BODY;
  if (d->winner >= 0)
    return PS_CANCEL_SETTLE;
  return time_limit(d) <= now ? PS_CANCEL_MAX_TIME : PS_CANCEL_ANSWER_WAIT;
}

ps_time ps_delivery_rule_reach(const struct ps_delivery_rule *rule)
{
  ps_time sum = 0;
  for (unsigned i = 0; i + 1 < rule->endpoints; i++) {
    if (rule->hedge_delay[i] == PS_NEVER)
      return -1;
    sum = ps_after(sum, rule->hedge_delay[i]);
  }
  return sum;
}

bool ps_delivery_rule_is_hopeless(const struct ps_delivery_rule *rule)
{
  ps_time reach = ps_delivery_rule_reach(rule);
  return rule->endpoints > 1 && reach >= 0 && reach >= rule->max_time;
}
