/* What workers do between two attempts, under the coordinator's lock.
 *
 * The last check before a launch is made under it, so that starts are numbered in the order in which they passed the
 * check. A worker that has a success closes the message first, and then says when: a start's time is taken before it is
 * checked that the message is open, a success's after it was closed. So nothing has started after the first success. It is
 * the end of an attempt that is posted under the lock; a header closes the message without it, and a start that was being
 * checked at that moment was before. */
#include "engine/coordinator_work.h"

#include "base/sync.h"
#include "engine/coordinator_lock.h"

static void post_locked(struct ps_coordinator *c, struct ps_notice *notice, enum ps_notice_kind kind, ps_time when,
                        bool urgent)
{
  notice->kind = kind;
  notice->when = when;
  ps_list_append(&c->shared.notices, &notice->link);
  if (urgent)
    ps_coordinator_wake_locked(c);
  else
    ps_coordinator_nudge_locked(c);
}

void ps_work_withdraw_locked(struct ps_coordinator *c, struct ps_attempt *attempt)
{
  ps_lane_give(&c->shared.lanes[attempt->endpoint], &attempt->ticket);
  post_locked(c, &attempt->ended, PS_NOTICE_WITHDRAWN, ps_now(), true);
}

void ps_work_tell_start_locked(struct ps_coordinator *c, struct ps_attempt *attempt)
{
  post_locked(c, &attempt->started, PS_NOTICE_STARTED, ps_now(), true);
}

/* Whether the attempt may be launched; if so it has started. */
static bool pass_last_check_locked(struct ps_coordinator *c, struct ps_attempt *attempt)
{
  struct ps_tally *tally = &c->shared.tallies[attempt->endpoint];
  ps_time now = ps_now();
  if (!ps_message_start_attempt(attempt, tally->delay, now)) {
    ps_work_withdraw_locked(c, attempt);
    return false;
  }
  c->shared.counts.started++;
  tally->started++;
  if (c->events & POOLSEND_EVENT_START)
    post_locked(c, &attempt->started, PS_NOTICE_STARTED, now, true);
  return true;
}

/* The attempt is the coordinator's again the moment the mutex is free. */
static void finish_locked(struct ps_coordinator *c, struct ps_attempt *attempt)
{
  bool success = attempt->outcome.verdict.fate == POOLSEND_FATE_DELIVERED;
  if (success)
    atomic_store(&attempt->message->closed, true);
  c->shared.counts.finished++;
  c->shared.tallies[attempt->endpoint].fates[attempt->outcome.verdict.fate]++;
  ps_lane_give(&c->shared.lanes[attempt->endpoint], &attempt->ticket);
  post_locked(c, &attempt->ended, PS_NOTICE_FINISHED, ps_now(), !success);
}

static void accept(struct ps_coordinator *c, struct ps_attempt *attempt, int status)
{
  atomic_store(&attempt->message->closed, true);
  ps_time now = ps_now();
  if (!ps_message_accept_attempt(attempt, status, now))
    return;
  ps_coordinator_enter(c);
  post_locked(c, &attempt->accepted, PS_NOTICE_STARTED, now, true);
  ps_coordinator_leave(c);
}

void ps_coordinator_answered(struct ps_coordinator *c, struct ps_attempt *attempt, bool success, int status)
{
  if (success) {
    accept(c, attempt, status);
    return;
  }
  ps_coordinator_enter(c);
  attempt->refused.status = status;
  post_locked(c, &attempt->refused, PS_NOTICE_REFUSED, ps_now(), true);
  ps_coordinator_leave(c);
}

bool ps_coordinator_is_late(const struct ps_attempt *attempt)
{
  int winner = atomic_load(&attempt->message->winner);
  return winner >= 0 && winner != (int)attempt->endpoint;
}

struct ps_attempt *ps_work_next_locked(struct ps_coordinator *c, unsigned endpoint)
{
  struct ps_ticket *ticket = ps_lane_next(&c->shared.lanes[endpoint]);
  return ticket ? PS_CONTAINER(ticket, struct ps_attempt, ticket) : NULL;
}

/* Run the attempt, and leave with the lock held. */
static void run_attempt(struct ps_coordinator *c, struct ps_attempt *attempt)
{
  c->runner.prepare(c->runner.context, attempt);
  ps_coordinator_enter(c);
  if (!pass_last_check_locked(c, attempt))
    return;
  ps_coordinator_leave(c);
  c->runner.perform(c->runner.context, attempt);
  ps_coordinator_enter(c);
  finish_locked(c, attempt);
}

bool ps_work_give_locked(struct ps_coordinator *c, unsigned endpoint)
{
  bool only = c->shared.tallies[endpoint].jobs++ == 0;
  c->shared.jobs++;
  if (only && c->owns_pool)
    ps_pool_keep(c->pool, -1);
  return only;
}

void ps_work_return_locked(struct ps_coordinator *c, unsigned endpoint)
{
  bool last = --c->shared.tallies[endpoint].jobs == 0;
  if (last && c->owns_pool)
    ps_pool_keep(c->pool, 1);
}

void ps_work_end_locked(struct ps_coordinator *c)
{
  if (--c->shared.jobs == 0)
    ps_cond_broadcast(&c->shared.left);
}

/* Run the attempt, and then, as long as there are any, those that wait for its endpoint: unless others wait for a
 * thread, behind whom the coordinator then puts the next. It does so itself, for it has to find every attempt in a lane
 * or in the pool's queue when it recalls one; and it will, for it is told of this attempt's end. Nothing of the
 * coordinator is touched after the job's return. */
void ps_work_run(struct ps_job *job)
{
  struct ps_attempt *attempt = PS_CONTAINER(job, struct ps_attempt, job);
  struct ps_coordinator *c = attempt->host;
  struct ps_pool *pool = c->pool;
  unsigned endpoint = attempt->endpoint;
  for (;;) {
    run_attempt(c, attempt);
    attempt = ps_pool_is_wanted(pool) ? NULL : ps_work_next_locked(c, endpoint);
    if (!attempt)
      break;
    ps_coordinator_leave(c);
  }
  ps_work_return_locked(c, endpoint); /* now, for the coordinator is being told that it may give others to the pool */
  ps_coordinator_leave(c);
  ps_coordinator_enter(c); /* again, for nobody may be woken after it */
  ps_work_end_locked(c);
  ps_coordinator_leave_for_good(c);
}

void ps_work_fail(struct ps_coordinator *c, struct ps_attempt *attempt, int error)
{
  unsigned endpoint = attempt->endpoint;
  ps_coordinator_enter(c);
  if (pass_last_check_locked(c, attempt)) {
    ps_outcome_local(&attempt->outcome, -error);
    finish_locked(c, attempt);
  }
  ps_work_return_locked(c, endpoint);
  ps_work_end_locked(c);
  ps_coordinator_leave(c);
}
