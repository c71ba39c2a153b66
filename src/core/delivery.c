/* The rules, each decided in one place:
 *   trigger_time   when the newest attempt starts the next one (rule 2)
 *   may_start      whether anything may start at all (rules 4, 8, 9, 11, 13)
 *   choose         whom to try next: in order, those whose breaker is open last
 *   pass_time      how long a slot is waited for
 *   exhaust        when the list has come to its end (rule 7)
 *   declare        who won, and when that is said (rules 4, 5, 8)
 *   body_end       how long the rest of a body is waited for (rule 8)
 *   find_limits    when running attempts are cut, and why (rules 7, 9, 13)
 *   is_due         a deadline that is found long past may be put off (rule 14)
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

bool ps_delivery_puts_off(struct ps_delivery *d, ps_time deadline, ps_time now)
{
  bool runs = false, unread = false;
  for (unsigned i = 0; d->grace.on && i < d->rule->endpoints; i++) {
    const struct ps_track *track = &d->tracks[i];
    bool counts = ps_track_is_running(track) && !track->cancelled;
    runs |= counts;
    unread |= counts && track->unread;
  }
  bool puts_off = runs && ps_grace_puts_off(&d->grace, deadline, unread, now);
  d->puts_off |= puts_off;
  return puts_off;
}

/* Whether a deadline has come, and what it leads to may be done. 0 is no deadline: then it may be done at once. */
static bool is_due(struct ps_delivery *d, ps_time deadline, ps_time now)
{
  return deadline <= now && !(deadline && ps_delivery_puts_off(d, deadline, now));
}

/* A deadline that has come already, and has led to nothing, is put off. */
static ps_time if_to_come(ps_time deadline, ps_time now)
{
  return deadline > now ? deadline : PS_NEVER;
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
  ps_time end = track->phase == PS_PHASE_RUNNING ? track->silent : trigger_time(d);
  if (track->phase == PS_PHASE_REFUSED || track->phase == PS_PHASE_FAILED)
    end = ps_earlier(end, track->silent);
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

/* The one queued that is to be passed over now, or -1. */
static int next_to_pass(struct ps_delivery *d, ps_time now)
{
  int next = -1;
  for (unsigned i = 0; i < d->rule->endpoints; i++)
    if (d->tracks[i].phase == PS_PHASE_QUEUED && is_due(d, pass_time(d, i), now) &&
        (next < 0 || pass_time(d, i) < pass_time(d, (unsigned)next)))
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

struct limit {
  ps_time when;
  enum ps_cancel_why why;
};

#define LIMITS 4

/* When a running attempt is cut: at the end of its own time, or of the settle time after a win (which the winner itself
 * may still need for its body), or without one of the answer wait after the end of the list, or of max-time. */
static void find_limits(const struct ps_delivery *d, unsigned endpoint, struct limit limits[LIMITS])
{
  const struct ps_track *track = &d->tracks[endpoint];
  bool won = d->winner >= 0, winner = (int)endpoint == d->winner;
  limits[0] = (struct limit){d->interrupted ? 0 : track->limit,
                             d->interrupted ? PS_CANCEL_INTERRUPT : PS_CANCEL_ATTEMPT_TIMEOUT};
  limits[1] = (struct limit){track->phase == PS_PHASE_REFUSED ? body_end(d, endpoint) : PS_NEVER, PS_CANCEL_BODY};
  limits[2] = (struct limit){won ? PS_NEVER : time_limit(d), PS_CANCEL_MAX_TIME};
  limits[3] = (struct limit){answer_end(d), PS_CANCEL_ANSWER_WAIT};
  if (winner)
    limits[3] = (struct limit){ps_after(d->won, d->rule->body_wait), PS_CANCEL_BODY};
  else if (won)
    limits[3] = (struct limit){ps_after(d->won, d->rule->settle), PS_CANCEL_SETTLE};
}

/* The one that came first of those that have come and are not put off; at PS_NEVER where there is none. */
static struct limit find_due(struct ps_delivery *d, unsigned endpoint, ps_time now)
{
  struct limit limits[LIMITS], due = {.when = PS_NEVER};
  find_limits(d, endpoint, limits);
  for (unsigned i = 0; i < LIMITS; i++)
    if (limits[i].when < due.when && is_due(d, limits[i].when, now))
      due = limits[i];
  return due;
}

/* When the next of them comes. */
static ps_time next_limit(const struct ps_delivery *d, unsigned endpoint, ps_time now)
{
  struct limit limits[LIMITS];
  ps_time next = PS_NEVER;
  find_limits(d, endpoint, limits);
  for (unsigned i = 0; i < LIMITS; i++)
    next = ps_earlier(next, if_to_come(limits[i].when, now));
  return next;
}

static bool may_be_cancelled(const struct ps_delivery *d, unsigned endpoint)
{
  return ps_track_is_running(&d->tracks[endpoint]) && !d->tracks[endpoint].cancelled;
}

/* Of the attempts that are to be cut now, the one whose time was up first, and which limit it was; or -1. */
static int next_to_cancel(struct ps_delivery *d, ps_time now, struct limit *limit)
{
  int next = -1;
  for (unsigned i = 0; i < d->rule->endpoints; i++) {
    struct limit due = may_be_cancelled(d, i) ? find_due(d, i, now) : (struct limit){.when = PS_NEVER};
    if (due.when == PS_NEVER || (next >= 0 && due.when >= limit->when))
      continue;
    next = (int)i;
    *limit = due;
  }
  return next;
}

/* When an accepted attempt wins though its body has not ended: when that has been waited for, or it is to be cut. Of
 * several that are due, the one whose header came first. */
static void declare(struct ps_delivery *d, ps_time now)
{
  int first = -1;
  for (unsigned i = 0; i < d->rule->endpoints; i++) {
    if (d->tracks[i].phase != PS_PHASE_ACCEPTED ||
        (!is_due(d, body_end(d, i), now) && find_due(d, i, now).when == PS_NEVER))
      continue;
    if (first < 0 || d->tracks[i].since < d->tracks[first].since)
      first = (int)i;
  }
  if (first < 0)
    return;
  d->winner = first;
  d->won = now > d->tracks[first].since ? now : d->tracks[first].since; /* its header may have come since then */
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

/* When what is queued has to be looked at again: when it is passed over, or when its hedge delay or its own time would
 * pass if it had started just now without anybody having told. */
static ps_time next_look(const struct ps_delivery *d, ps_time now)
{
  ps_time next = PS_NEVER;
  for (unsigned i = 0; i < d->rule->endpoints; i++) {
    if (d->tracks[i].phase != PS_PHASE_QUEUED)
      continue;
    ps_time span = d->rule->hedge_delay[i];
    if (d->rule->attempt_timeout)
      span = ps_earlier(span, d->rule->attempt_timeout[i]);
    next = ps_earlier(next, ps_earlier(if_to_come(pass_time(d, i), now), ps_after(now, span)));
  }
  return next;
}

static ps_time next_deadline(const struct ps_delivery *d, ps_time now)
{
  ps_time next = d->puts_off ? ps_grace_next(&d->grace) : PS_NEVER;
  for (unsigned i = 0; i < d->rule->endpoints; i++) {
    if (may_be_cancelled(d, i))
      next = ps_earlier(next, next_limit(d, i, now));
    if (d->winner < 0 && d->tracks[i].phase == PS_PHASE_ACCEPTED)
      next = ps_earlier(next, if_to_come(body_end(d, i), now));
  }
  if (!may_start(d, now))
    return next;
  next = ps_earlier(next, ps_earlier(next_look(d, now), time_limit(d)));
  return ps_earlier(next, if_to_come(trigger_time(d), now));
}

/* There is nothing to be done now. */
static struct ps_effect wait(struct ps_delivery *d, ps_time now)
{
  struct ps_effect effect = {.kind = PS_EFFECT_WAIT, .until = next_deadline(d, now)};
  d->grace.on = d->puts_off;
  d->puts_off = false;
  return effect;
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
static bool can_afford(struct ps_delivery *d, ps_time now)
{
  struct ps_track *newest = d->newest < 0 ? NULL : &d->tracks[d->newest];
  if (!d->rule->budget || !newest || newest->phase != PS_PHASE_RUNNING || d->paid == d->starts)
    return true;
  if (!d->held && now < hold_end(newest) && !ps_budget_allows(d->rule->budget)) {
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

/* Whether the newest attempt starts its successor now. Where it was its silence, that it has failed since does not
 * prove that the others are silent. */
static bool is_triggered(struct ps_delivery *d, ps_time now)
{
  const struct ps_track *newest = d->newest < 0 ? NULL : &d->tracks[d->newest];
  bool silent = newest && (newest->phase == PS_PHASE_RUNNING || newest->phase == PS_PHASE_REFUSED ||
                           newest->phase == PS_PHASE_FAILED);
  if (silent && newest->phase != PS_PHASE_RUNNING)
    silent = newest->hedge <= newest->since;
  return trigger_time(d) <= now && !(silent && ps_delivery_puts_off(d, newest->hedge, now));
}

/* The next start, if one is due and may be made. */
static bool start_next(struct ps_delivery *d, ps_time now, struct ps_effect *started)
{
  bool triggered = is_triggered(d, now); /* asked though there may be nobody: one that was recalled may come back */
  int next = next_to_start(d, now);
  if (next < 0 || !triggered || !can_afford(d, now))
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
  int passed = open ? next_to_pass(d, now) : -1;
  if (passed >= 0) {
    d->tracks[passed].phase = PS_PHASE_RECALLED;
    return effect(PS_EFFECT_RECALL, passed);
  }

  struct limit limit;
  int late = next_to_cancel(d, now, &limit);
  if (late >= 0) {
    d->tracks[late].cancelled = true;
    d->tracks[late].why = limit.why;
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
  return wait(d, now);
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
