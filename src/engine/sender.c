/* The sender of poolsend.h: endpoints and a pool below a coordinator, and the functions that callers see. */
#include "base/fork.h"
#include "base/jobs.h"
#include "base/sync.h"
#include "base/thread.h"
#include "engine/identity.h"
#include "engine/intake.h"
#include "engine/report.h"
#include "net/attempt.h"
#include "net/check.h"
#include "net/transport.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Messages that wait for a slot, so that a worker that ends an attempt finds the next: up to as many as there are
 * workers, or as start in the time that it takes to supply more. */
#define RUN_AHEAD      64
#define RUN_AHEAD_MOST 512

/* ---- How the coordinator runs attempts */

static struct ps_endpoint *endpoint_of(struct poolsend_sender *sender, const struct ps_attempt *attempt)
{
  return &sender->endpoints[attempt->endpoint];
}

/* Copies of a handle may be made by one thread at a time only. */
static void prepare(void *context, struct ps_attempt *attempt)
{
  struct poolsend_sender *sender = context;
  struct ps_endpoint *endpoint = endpoint_of(sender, attempt);
  struct ps_slot *slot = endpoint->slots[attempt->ticket.permit];
  if (!slot) {
    ps_mutex_lock(&sender->making);
    slot = ps_endpoint_slot(endpoint, (unsigned)attempt->ticket.permit);
    ps_mutex_unlock(&sender->making);
  }
  attempt->slot = slot;
  if (slot)
    ps_slot_rearm(slot, attempt);
}

static void on_answer(void *context, bool success, int status)
{
  struct ps_attempt *attempt = context;
  ps_coordinator_answered(attempt->host, attempt, success, status);
}

static bool is_late(void *context)
{
  return ps_coordinator_is_late(context);
}

static void perform(void *context, struct ps_attempt *attempt)
{
  struct ps_payload payload = ps_intake_payload(attempt->message, attempt->endpoint);
  struct ps_attempt_watcher watcher = {.answered = on_answer, .is_late = is_late, .context = attempt};
  if (attempt->slot)
    ps_attempt_perform(endpoint_of(context, attempt), attempt->slot, &payload, &watcher, &attempt->outcome);
  else
    ps_outcome_local(&attempt->outcome, ENOMEM);
}

static void cancel(void *context, struct ps_attempt *attempt, enum ps_ending why)
{
  (void)context;
  if (attempt->slot)
    ps_slot_cancel(attempt->slot, attempt, why);
}

static bool is_unread(void *context, struct ps_attempt *attempt)
{
  (void)context;
  return attempt->slot && ps_slot_is_readable(attempt->slot, attempt);
}

/* ---- Life */

/* Connections are closed on this thread, which may say good-bye to a peer that is gone. */
static void free_sender(struct poolsend_sender *sender)
{
  struct ps_sigpipe held;
  if (sender->owns_pool)
    ps_pool_free(sender->pool);
  ps_sigpipe_hold(&held);
  for (unsigned i = 0; sender->endpoints && i < sender->rule.endpoints; i++)
    ps_endpoint_fini(&sender->endpoints[i]);
  ps_sigpipe_release(&held);
  ps_resolver_fini(&sender->resolver);
  free(sender->endpoints);
  free(sender->hedge_delays);
  free(sender->shown);
  ps_stock_fini(&sender->stock);
  ps_mutex_fini(&sender->making);
  free(sender);
  ps_transport_fini();
}

/* Stacks are small where nothing but a transfer runs on them. */
static struct ps_pool *new_pool(unsigned threads)
{
  int features = curl_version_info(CURLVERSION_NOW)->features;
  return ps_transport_looks_up_aside(features) ? ps_pool_new(threads) : ps_pool_new_with_stacks(threads, 0);
}

/* A thread for every permit, if it is the sender's own; a caller's may be that of a parent process. */
static int find_pool(struct poolsend_sender *sender, const struct ps_sender_settings *config)
{
  unsigned permits = config->workers + ps_sender_probes(config) * (unsigned)config->endpoint_count;
  sender->owns_pool = !config->pool;
  sender->pool = config->pool ? ps_jobs_pool(config->pool) : new_pool(permits);
  if (sender->pool)
    return 0;
  return sender->owns_pool ? -ENOMEM : -ECHILD;
}

static int start(struct poolsend_sender *sender, const struct ps_sender_settings *config)
{
  struct ps_coordinator_settings settings = {
      .max_pending = config->max_pending ? config->max_pending : 2 * config->workers + RUN_AHEAD_MOST,
      .in_order = config->in_order,
      .owns_pool = !config->pool,
      .on_event = config->on_event,
      .event_context = config->event_context,
      .engine = {.rule = sender->rule,
                 .endpoints = sender->shown,
                 .fatal = sender->fatal,
                 .events = config->events | POOLSEND_EVENT_SETTLED,
                 .seed = ps_random_seed(),
                 .probes = ps_sender_probes(config),
                 .run_ahead = config->workers < RUN_AHEAD ? config->workers : RUN_AHEAD,
                 .run_ahead_most = RUN_AHEAD_MOST,
                 .hedge_budget = config->hedge_budget,
                 .rate = config->rate},
  };
  struct ps_runner runner = {
      .perform = perform, .prepare = prepare, .cancel = cancel, .is_unread = is_unread, .context = sender};
  int result = find_pool(sender, config);
  return result ? result : ps_coordinator_start(&sender->coordinator, &settings, &runner, sender->pool);
}

static int make(struct poolsend_sender **out, const struct ps_sender_settings *config, struct ps_error *error)
{
  struct poolsend_sender *sender = calloc(1, sizeof *sender);
  if (!sender || !ps_fork_generation() || ps_transport_init()) {
    free(sender);
    return -ENOMEM;
  }
  ps_stock_init(&sender->stock, (unsigned)config->endpoint_count, config->workers + RUN_AHEAD_MOST);
  ps_mutex_init(&sender->making);
  ps_resolver_init(&sender->resolver);
  int result = ps_sender_configure(sender, config, error);
  if (!result)
    result = start(sender, config);
  if (result == -EAGAIN)
    snprintf(error->text, sizeof error->text,
             "workers: the system has no thread to give for each of the %u endpoints and one besides (ulimit -u, or a "
             "limit of the container)",
             (unsigned)config->endpoint_count);
  if (result)
    free_sender(sender);
  else
    *out = sender;
  return result;
}

int ps_sender_open(struct poolsend_sender **sender, const struct ps_sender_settings *settings, struct ps_error *error)
{
  struct ps_sender_settings taken = *settings;
  *sender = NULL;
  int result = ps_sender_settings_check(&taken, error);
  if (!result)
    result = ps_sender_check_limits(&taken, error);
  return result ? result : make(sender, &taken, error);
}

/* 0: it can be used; -EINVAL: there is none; -ECHILD: in a child of fork there is no thread that could do anything. */
static int check(const struct poolsend_sender *sender)
{
  if (!sender)
    return -EINVAL;
  return ps_fork_is_child(sender->coordinator.generation) ? -ECHILD : 0;
}

void poolsend_free(struct poolsend_sender *sender)
{
  if (check(sender))
    return;
  ps_coordinator_stop(&sender->coordinator);
  ps_coordinator_fini(&sender->coordinator);
  free_sender(sender);
}

void poolsend_close(struct poolsend_sender *sender, poolsend_time limit)
{
  if (!check(sender))
    ps_coordinator_drain(&sender->coordinator, ps_after(ps_now(), limit > 0 ? limit : 0));
}

/* ---- Messages */

/* Its hold becomes the coordinator's, or is given up. */
static int submit(struct poolsend_sender *sender, struct ps_message *taken, ps_time deadline)
{
  int result = ps_coordinator_submit(&sender->coordinator, taken, deadline);
  if (result)
    ps_message_release(taken);
  return result;
}

/* 0: `message` can be looked at for this sender. */
static int begin(const struct poolsend_sender *sender, struct poolsend_message *message)
{
  int result = ps_draft_begin(message);
  if (result)
    return result;
  if (!sender)
    return ps_refuse(&message->error, "there is no sender");
  return check(sender);
}

int poolsend_submit(struct poolsend_sender *sender, struct poolsend_message *message, poolsend_time timeout)
{
  struct ps_message *taken;
  int result = begin(sender, message);
  if (!result)
    result = ps_intake(sender, message, &taken);
  if (!result)
    result = submit(sender, taken, ps_deadline(timeout));
  return ps_draft_end(message, result);
}

static int submit_report(struct poolsend_sender *sender, struct poolsend_message *message, ps_time deadline,
                         struct poolsend_report **out)
{
  struct ps_message *taken;
  int result = ps_intake(sender, message, &taken);
  if (result)
    return result;
  struct poolsend_report *report = ps_report_new(&sender->coordinator, taken);
  if (!report) {
    ps_message_release(taken);
    return -ENOMEM;
  }
  result = submit(sender, taken, deadline);
  if (result)
    poolsend_report_free(report);
  else
    *out = report;
  return result;
}

int poolsend_submit_report(struct poolsend_sender *sender, struct poolsend_message *message, poolsend_time timeout,
                           struct poolsend_report **report)
{
  *report = NULL;
  int result = begin(sender, message);
  if (!result)
    result = submit_report(sender, message, ps_deadline(timeout), report);
  return ps_draft_end(message, result);
}

static poolsend_time left_until(ps_time deadline)
{
  ps_time now = ps_now();
  return deadline == PS_NEVER ? PS_NEVER : deadline > now ? deadline - now : 0;
}

static int deliver(struct poolsend_sender *sender, struct poolsend_message *message, poolsend_time timeout,
                   struct poolsend_report **out)
{
  struct poolsend_report *report = NULL;
  ps_time deadline = ps_deadline(timeout);
  if (timeout > 0 && ps_coordinator_is_self(&sender->coordinator))
    return -EDEADLK;
  int result = submit_report(sender, message, deadline, &report);
  if (result)
    return result;
  result = ps_report_await_win(report, left_until(deadline), NULL, out != NULL);
  if (out)
    *out = report;
  else
    poolsend_report_free(report);
  return result == POOLSEND_TIMEOUT ? POOLSEND_PENDING : result;
}

int poolsend_deliver(struct poolsend_sender *sender, struct poolsend_message *message, poolsend_time timeout,
                     struct poolsend_report **report)
{
  if (report)
    *report = NULL;
  int result = begin(sender, message);
  if (!result)
    result = deliver(sender, message, timeout, report);
  return ps_draft_end(message, result);
}

int poolsend_cancel(struct poolsend_sender *sender, const char *id)
{
  int result = check(sender);
  if (result)
    return result;
  return poolsend_id_is_valid(id) ? ps_coordinator_cancel(&sender->coordinator, id) : -EINVAL;
}

void poolsend_cancel_all(struct poolsend_sender *sender)
{
  if (!check(sender))
    ps_coordinator_interrupt(&sender->coordinator);
}

/* ---- Events */

int poolsend_take(struct poolsend_sender *sender, poolsend_time timeout, struct poolsend_event **events, size_t room,
                  size_t *count)
{
  struct ps_list fetched;
  ps_list_init(&fetched);
  *count = 0;
  int result = check(sender);
  if (result)
    return result;
  if (timeout > 0 && ps_coordinator_is_self(&sender->coordinator))
    return -EDEADLK;
  result = ps_coordinator_next(&sender->coordinator, ps_deadline(timeout), &fetched, room);
  for (struct ps_list *link; (link = ps_list_pop(&fetched));)
    events[(*count)++] = &PS_CONTAINER(link, struct ps_event, link)->public;
  return result;
}

int poolsend_next(struct poolsend_sender *sender, poolsend_time timeout, struct poolsend_event **event)
{
  size_t count;
  *event = NULL;
  return poolsend_take(sender, timeout, event, 1, &count);
}

int poolsend_fd(struct poolsend_sender *sender)
{
  int result = check(sender);
  return result ? result : ps_coordinator_descriptor(&sender->coordinator);
}

void poolsend_event_free(struct poolsend_event *event)
{
  if (event)
    ps_message_release(PS_CONTAINER(event, struct ps_event, public)->message);
}
