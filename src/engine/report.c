/* Awaiting one message, without cancelling it; and giving its report up, with nothing lost. */
#include "engine/report.h"

#include "base/fork.h"
#include "base/sync.h"
#include "engine/coordinator_lock.h"

#include <errno.h>
#include <stdlib.h>

struct poolsend_report *ps_report_new(struct ps_coordinator *c, struct ps_message *message)
{
  struct poolsend_report *report = calloc(1, sizeof *report);
  if (!report)
    return NULL;
  report->coordinator = c;
  report->message = message;
  ps_message_hold(message);
  ps_cond_init(&report->told);
  message->report = report;
  message->reported = true;
  return report;
}

/* 0: it can be used; -EINVAL: there is none; -ECHILD. */
static int check(const struct poolsend_report *report)
{
  if (!report)
    return -EINVAL;
  return ps_fork_is_child(report->coordinator->generation) ? -ECHILD : 0;
}

bool ps_report_keep_locked(struct poolsend_report *report, struct ps_event *event)
{
  if (event->public.kind == POOLSEND_EVENT_DELIVERED)
    report->delivered = event;
  else if (event->public.kind == POOLSEND_EVENT_SETTLED)
    report->settled = event;
  else
    return false;
  if (report->waiters)
    ps_cond_broadcast(&report->told);
  return true;
}

/* Those that it has not shown come among the sender's again. */
static void give_up_locked(struct ps_coordinator *c, struct ps_event *event, bool shown, struct ps_list *shown_ones)
{
  if (!event)
    return;
  ps_list_append(shown ? shown_ones : &c->shared.returned, &event->link);
  if (shown)
    return;
  c->shared.counts.pending += event->public.kind == POOLSEND_EVENT_SETTLED;
  ps_coordinator_wake_locked(c);
}

void poolsend_report_free(struct poolsend_report *report)
{
  if (check(report))
    return;
  struct ps_coordinator *c = report->coordinator;
  struct ps_list shown;
  ps_list_init(&shown);
  ps_coordinator_enter(c);
  report->message->report = NULL;
  give_up_locked(c, report->delivered, report->delivered_shown, &shown);
  give_up_locked(c, report->settled, report->settled_shown, &shown);
  ps_coordinator_leave(c);
  ps_coordinator_release_events(&shown);
  ps_message_release(report->message);
  ps_cond_fini(&report->told);
  free(report);
}

const char *poolsend_report_id(const struct poolsend_report *report)
{
  return report ? report->message->id : NULL;
}

static bool has_told_locked(const struct poolsend_report *report, bool settled)
{
  return report->settled || (!settled && report->delivered);
}

/* 0, POOLSEND_TIMEOUT or -EDEADLK. */
static int await_locked(struct poolsend_report *report, ps_time deadline, bool settled)
{
  while (!has_told_locked(report, settled)) {
    if (deadline <= ps_now())
      return POOLSEND_TIMEOUT;
    if (ps_coordinator_is_self(report->coordinator))
      return -EDEADLK;
    report->waiters++;
    ps_coordinator_wait_locked(report->coordinator, &report->told, deadline);
    report->waiters--;
  }
  return 0;
}

int ps_report_await_win(struct poolsend_report *report, poolsend_time timeout, const struct poolsend_event **event,
                        bool shown)
{
  int result = check(report);
  if (result)
    return result;
  ps_time deadline = ps_deadline(timeout);
  ps_coordinator_enter(report->coordinator);
  result = await_locked(report, deadline, false);
  if (!result && !report->delivered)
    result = POOLSEND_UNDELIVERED;
  report->delivered_shown |= shown && result == 0;
  /* That somebody may have it after all is more than this result says. */
  report->settled_shown |=
      shown && result == POOLSEND_UNDELIVERED && report->settled->public.fates[POOLSEND_FATE_UNKNOWN] == 0;
  if (!result && event)
    *event = &report->delivered->public;
  ps_coordinator_leave(report->coordinator);
  return result;
}

int poolsend_report_delivered(struct poolsend_report *report, poolsend_time timeout,
                              const struct poolsend_event **event)
{
  return ps_report_await_win(report, timeout, event, true);
}

int poolsend_report_settled(struct poolsend_report *report, poolsend_time timeout, const struct poolsend_event **event)
{
  int result = check(report);
  if (result)
    return result;
  ps_time deadline = ps_deadline(timeout);
  ps_coordinator_enter(report->coordinator);
  result = await_locked(report, deadline, true);
  report->settled_shown |= result == 0;
  report->delivered_shown |= result == 0;
  if (!result && event)
    *event = &report->settled->public;
  ps_coordinator_leave(report->coordinator);
  return result;
}
