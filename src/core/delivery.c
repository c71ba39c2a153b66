/* The rules, each decided in one place:
 *   trigger_time   when the newest attempt starts the next one (rule 2)
 *   may_start      whether anything may start at all (rules 4, 8, 9, 11, 13)
 *   choose         whom to try next: in order, those whose breaker is open last
 *   pass_time      how long a slot is waited for
 *   exhaust        when the list has come to its end (rule 7)
 *   declare        who won, and when that is said (rules 4, 5, 8)
 *   body_end       how long the rest of a body is waited for (rule 8)
 *   cancel_time    when running attempts are cut (rules 7, 9, 13)
 *   end_round      retry or the end (rule 10)
 * ps_delivery_decide puts them in order: the win is told before anything else is done about it. */
#include "core/delivery.h"

#include "core/backoff.h"

#include <assert.h>

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
    if (ps_track_is_waiting(&d->tracks[i]) || ps_track_is_running(&d->tracks[i]))
      return false;
  return true;
}

/* ---- Rules */

static ps_time time_limit(const struct ps_delivery *d)
{
  return ps_after(d->taken_up, d->rule->max_time);
}

/* When the newest attempt starts its successor: at its failure or one hedge delay after its start, whichever is
 * first. What is queued for the first time has not started, and what was accepted needs no successor. */
static ps_time trigger_time(const struct ps_delivery *d)
{
  if (d->newest < 0)
    return d->round_start;
  const struct ps_track *track = &d->tracks[d->newest];
  switch (track->phase) {
  case PS_PHASE_REFUSED:
  case PS_PHASE_FAILED:
  case PS_PHASE_PASSED:
    return track->since;
  case PS_PHASE_RUNNING:
    return track->hedge;
  case PS_PHASE_QUEUED:
  case PS_PHASE_RECALLED:
    return track->again ? track->since : PS_NEVER; /* it was passed over: what it starts are the others like it */
  default:
    return PS_NEVER;
  }
}

static ps_time answer_end(const struct ps_delivery *d)
{
  return ps_after(d->exhausted, d->rule->answer_wait);
}

/* A success header is as good as a win here: the data has been accepted. */
static bool may_start(const struct ps_delivery *d, ps_time now)
{
  return d->winner < 0 && !d->interrupted && !d->stopped && now < time_limit(d) &&
         first_in_phase(d, PS_PHASE_ACCEPTED) < 0;
}

/* Nobody is left to be tried for the first time. */
static void exhaust(struct ps_delivery *d, ps_time now)
{
  if (d->exhausted != PS_NEVER || d->newest < 0 || first_in_phase(d, PS_PHASE_PLANNED) >= 0)
    return;
  const struct ps_track *track = &d->tracks[d->newest];
  ps_time end = track->phase == PS_PHASE_RUNNING ? ps_after(track->since, track->delay) : trigger_time(d);
  if (end <= now)
    d->exhausted = end;
}

/* ---- Slots and breakers */

static enum ps_way way(const struct ps_delivery *d, unsigned endpoint)
{
  enum ps_way found = d->rule->ways ? d->rule->ways[endpoint] : PS_WAY_FREE;
  return found == PS_WAY_PROBE && d->probed ? PS_WAY_SHUT : found;
}

/* The next to be tried for the first time in this round, or -1: the first that is not to be avoided, else the first. */
static int choose(const struct ps_delivery *d)
{
  for (unsigned i = 0; i < d->rule->endpoints; i++)
    if (d->tracks[i].phase == PS_PHASE_PLANNED && way(d, i) != PS_WAY_SHUT)
      return (int)i;
  return first_in_phase(d, PS_PHASE_PLANNED);
}

/* Whether somebody better is left for a message that waits for an endpoint whose breaker has opened. */
static bool has_free_way(const struct ps_delivery *d)
{
  for (unsigned i = 0; i < d->rule->endpoints; i++)
    if (d->tracks[i].phase == PS_PHASE_PLANNED && way(d, i) == PS_WAY_FREE)
      return true;
  return false;
}

/* Until when a slot is waited for. At the endpoint tried first that is what holds the stream back, so it has no end but
 * that the breaker opens; at a later one it is a hedge delay; one that was passed over is waited for until another
 * starts, or time is up. */
static ps_time pass_time(const struct ps_delivery *d, unsigned endpoint)
{
  const struct ps_track *track = &d->tracks[endpoint];
  if (track->probe)
    return PS_NEVER;
  if (track->again)
    return track->after < d->starts ? 0 : answer_end(d);
  if (way(d, endpoint) == PS_WAY_SHUT && has_free_way(d))
    return 0;
  return track->first ? PS_NEVER : ps_after(track->since, d->rule->hedge_delay[endpoint]);
}

/* Until when a hedge is held that the budget has no room for. */
static ps_time hold_end(const struct ps_track *track)
{
  ps_time end = track->since;
  for (int i = 0; i < PS_HEDGE_HOLD; i++)
    end = ps_after(end, track->delay);
  return end;
}

/* The one queued that is to be passed over first, or -1. */
static int next_to_pass(const struct ps_delivery *d)
{
  int next = -1;
  for (unsigned i = 0; i < d->rule->endpoints; i++)
    if (d->tracks[i].phase == PS_PHASE_QUEUED && (next < 0 || pass_time(d, i) < pass_time(d, (unsigned)next)))
      next = (int)i;
  return next;
}

/* ---- The ends of attempts */

/* Until when the rest of a body is waited for once the header has told the answer: of a success one hedge delay (plain
 * failover has none, so the default bounds it), of a rejection always the default, since it holds nobody up. */
static ps_time body_end(const struct ps_delivery *d, unsigned endpoint)
{
  const struct ps_track *track = &d->tracks[endpoint];
  ps_time grace = track->phase == PS_PHASE_ACCEPTED ? track->delay : PS_HEDGE_DELAY_DEFAULT;
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
    limit = ps_earlier(answer_end(d), time_limit(d));
  return d->tracks[endpoint].phase == PS_PHASE_REFUSED ? ps_earlier(limit, body_end(d, endpoint)) : limit;
}

/* Of the attempts that run and have not been cancelled, the one to be cut first; or -1. */
static int next_to_cancel(const struct ps_delivery *d)
{
  int next = -1;
  for (unsigned i = 0; i < d->rule->endpoints; i++) {
    if (!ps_track_is_running(&d->tracks[i]) || d->tracks[i].cancelled)
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
    bool again = (track->phase == PS_PHASE_FAILED && track->transient) || track->phase == PS_PHASE_PASSED;
    *track = (struct ps_track){.phase = again ? PS_PHASE_PLANNED : PS_PHASE_SKIPPED};
    any |= again;
  }
  if (!any)
    return false;
  d->held = false;
  d->round++;
  d->round_start = resume;
  d->newest = -1;
  d->exhausted = PS_NEVER;
  d->retry_after = 0;
  return true;
}

/* When what is queued has to be looked at again: when it is passed over, or when its hedge delay would pass if it had
 * started just now without anybody having told. */
static ps_time next_look(const struct ps_delivery *d, ps_time now)
{
  ps_time next = PS_NEVER;
  for (unsigned i = 0; i < d->rule->endpoints; i++)
    if (d->tracks[i].phase == PS_PHASE_QUEUED)
      next = ps_earlier(next, ps_earlier(pass_time(d, i), ps_after(now, d->rule->hedge_delay[i])));
  return next;
}

static ps_time next_deadline(const struct ps_delivery *d, ps_time now)
{
  ps_time next = PS_NEVER;
  int late = next_to_cancel(d);
  if (late >= 0)
    next = cancel_time(d, (unsigned)late);
  if (d->winner < 0)
    next = ps_earlier(next, next_declare_time(d));
  if (!may_start(d, now))
    return next;
  next = ps_earlier(next, ps_earlier(next_look(d, now), time_limit(d)));
  return d->exhausted == PS_NEVER || trigger_time(d) > now ? ps_earlier(next, trigger_time(d)) : next;
}

static struct ps_effect effect(enum ps_effect_kind kind, int endpoint)
{
  return (struct ps_effect){.kind = kind, .endpoint = (unsigned)endpoint, .until = PS_NEVER};
}

/* ---- Starting */

/* Those passed over are asked for all at once, when nobody else is left: whichever has a slot first starts. */
static int next_to_start(const struct ps_delivery *d, ps_time now)
{
  int next = choose(d);
  if (next < 0 && now < answer_end(d))
    next = first_in_phase(d, PS_PHASE_PASSED);
  return next;
}

/* Whether the budget lets the next start be made now: only one that follows a silent attempt is a hedge, and it is
 * asked for once. One that may not go is held, but not for ever. */
static bool can_afford(struct ps_delivery *d)
{
  struct ps_track *newest = d->newest < 0 ? NULL : &d->tracks[d->newest];
  if (!d->rule->budget || !newest || newest->phase != PS_PHASE_RUNNING || d->paid == d->starts)
    return true;
  if (!d->held && newest->hedge < hold_end(newest) && !ps_budget_allows(d->rule->budget)) {
    d->held = true;
    newest->hedge = hold_end(newest);
    return false;
  }
  ps_budget_spend(d->rule->budget);
  d->paid = d->starts;
  return true;
}

static struct ps_effect start(struct ps_delivery *d, unsigned endpoint, ps_time now)
{
  struct ps_track *track = &d->tracks[endpoint];
  bool again = track->phase == PS_PHASE_PASSED;
  bool probe = !again && way(d, endpoint) == PS_WAY_PROBE;
  *track = (struct ps_track){
      .phase = PS_PHASE_QUEUED,
      .probe = probe,
      .first = d->newest < 0 && d->round == 0,
      .again = again,
      .after = d->starts,
      .since = now,
  };
  d->probed |= probe;
  d->held = false;
  if (!again)
    d->newest = (int)endpoint;
  return effect(PS_EFFECT_START, (int)endpoint);
}

/* The next start, if one is due and may be made. */
static bool start_next(struct ps_delivery *d, ps_time now, struct ps_effect *started)
{
  int next = next_to_start(d, now);
  if (next < 0 || trigger_time(d) > now || !can_afford(d))
    return false;
  *started = start(d, (unsigned)next, now);
  return true;
}

static bool is_over(const struct ps_delivery *d, ps_time now)
{
  return is_idle(d) && (!may_start(d, now) || next_to_start(d, now) < 0);
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
    d->held = false;
    return effect(PS_EFFECT_CLOSE, 0);
  }

  /* Before a cancel, which frees what they may be waiting for. */
  int passed = next_to_pass(d);
  if (open && passed >= 0 && pass_time(d, (unsigned)passed) <= now) {
    d->tracks[passed].phase = PS_PHASE_RECALLED;
    return effect(PS_EFFECT_RECALL, passed);
  }

  int late = next_to_cancel(d);
  if (late >= 0 && cancel_time(d, (unsigned)late) <= now) {
    d->tracks[late].cancelled = true;
    return effect(PS_EFFECT_CANCEL, late);
  }

  struct ps_effect started;
  if (open && start_next(d, now, &started))
    return started;

  if (is_over(d, now)) {
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
