#include "engine/engine.h"

#include "base/random.h"
#include "core/status.h"
#include "engine/events.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int init_lanes(struct ps_engine *engine)
{
  unsigned count = engine->settings.rule.endpoints;
  engine->lanes = calloc(count, sizeof *engine->lanes);
  engine->hedge_delays = calloc(count, sizeof *engine->hedge_delays);
  engine->attempt_timeouts = calloc(count, sizeof *engine->attempt_timeouts);
  engine->ways = calloc(count, sizeof *engine->ways);
  if (!engine->lanes || !engine->hedge_delays || !engine->attempt_timeouts || !engine->ways)
    return -ENOMEM;
  for (unsigned i = 0; i < count; i++) {
    const struct ps_engine_endpoint *endpoint = &engine->settings.endpoints[i];
    ps_list_init(&engine->lanes[i].queued);
    ps_health_init(&engine->lanes[i].health, endpoint->slots, engine->settings.probes, endpoint->hedge_delay,
                   endpoint->hedge_permille);
    engine->hedge_delays[i] = ps_health_hedge_delay(&engine->lanes[i].health);
    engine->attempt_timeouts[i] = endpoint->attempt_timeout;
    engine->host.set_delay(engine->host.context, i, engine->hedge_delays[i]);
  }
  return 0;
}

int ps_engine_init(struct ps_engine *engine, const struct ps_engine_settings *settings,
                   const struct ps_engine_host *host)
{
  *engine = (struct ps_engine){.settings = *settings, .host = *host, .random = settings->seed};
  ps_list_init(&engine->messages);
  ps_list_init(&engine->dirty);
  ps_list_init(&engine->held);
  ps_heap_init(&engine->timers);
  ps_index_init(&engine->ids, ~settings->seed);
  ps_budget_init(&engine->budget, settings->hedge_budget);
  ps_pace_init(&engine->pace, settings->rate);
  if (init_lanes(engine) || ps_engine_reserve(engine)) { /* so that the first message needs no memory */
    ps_engine_fini(engine);
    return -ENOMEM;
  }
  engine->settings.rule.hedge_delay = engine->hedge_delays;
  engine->settings.rule.attempt_timeout = engine->attempt_timeouts;
  engine->settings.rule.ways = engine->ways;
  engine->settings.rule.budget = &engine->budget;
  return 0;
}

void ps_engine_fini(struct ps_engine *engine)
{
  assert(engine->message_count == 0);
  free(engine->lanes);
  free(engine->hedge_delays);
  free(engine->attempt_timeouts);
  free(engine->ways);
  ps_heap_fini(&engine->timers);
  ps_index_fini(&engine->ids);
  *engine = (struct ps_engine){0};
}

static void mark_dirty(struct ps_engine *engine, struct ps_message *message)
{
  if (ps_list_empty(&message->dirty))
    ps_list_append(&engine->dirty, &message->dirty);
}

int ps_engine_reserve(struct ps_engine *engine)
{
  size_t count = engine->message_count + 1;
  return ps_heap_reserve(&engine->timers, count) || ps_index_reserve(&engine->ids, count) ? -ENOMEM : 0;
}

void ps_engine_admit(struct ps_engine *engine, struct ps_message *message, ps_time taken_up)
{
  engine->message_count++;
  ps_list_append(&engine->messages, &message->link);
  ps_index_add(&engine->ids, &message->by_id, message->id);
  message->deadline = PS_NEVER;
  ps_delivery_init(&message->delivery, &engine->settings.rule, message->tracks, message->may_repeat,
                   ps_random_next(&engine->random), taken_up);
  ps_budget_earn(&engine->budget);
  ps_pace_take(&engine->pace, taken_up);
  mark_dirty(engine, message);
}

static void interrupt(struct ps_engine *engine, struct ps_message *message)
{
  atomic_store(&message->closed, true); /* all of them before any is cancelled, which frees slots */
  ps_delivery_interrupt(&message->delivery);
  mark_dirty(engine, message);
}

void ps_engine_interrupt(struct ps_engine *engine, uint64_t last)
{
  ps_list_each(link, &engine->messages) {
    struct ps_message *message = PS_CONTAINER(link, struct ps_message, link);
    if (message->serial <= last)
      interrupt(engine, message);
  }
}

/* Serial numbers ascend along a chain. One that is cancelled leaves it: many may have this id, and be cancelled by it as
 * often. */
void ps_engine_cancel(struct ps_engine *engine, const char *id, uint64_t last)
{
  ps_list_each(link, ps_index_chain(&engine->ids, id)) {
    struct ps_message *message = PS_CONTAINER(link, struct ps_message, by_id.link);
    if (message->serial > last)
      break;
    if (strcmp(message->id, id) != 0)
      continue;
    message->cancelled = true;
    ps_index_remove(&message->by_id);
    interrupt(engine, message);
  }
}

void ps_engine_resize(struct ps_engine *engine, unsigned endpoint, unsigned slots, ps_time now)
{
  ps_health_resize(&engine->lanes[endpoint].health, slots, now);
}

bool ps_engine_is_avoided(const struct ps_engine *engine, unsigned endpoint)
{
  return engine->lanes[endpoint].health.open;
}

/* ---- How the endpoints fare */

/* What the rule is to know of an endpoint's health. Messages that wait for one that is to be avoided from now on may
 * want to go elsewhere. */
static void refresh_way(struct ps_engine *engine, unsigned endpoint, ps_time now)
{
  struct ps_engine_lane *lane = &engine->lanes[endpoint];
  enum ps_way way = ps_health_way(&lane->health, now);
  if (way == PS_WAY_PROBE && engine->draining)
    way = PS_WAY_SHUT;
  bool shuts = way == PS_WAY_SHUT && engine->ways[endpoint] != PS_WAY_SHUT;
  engine->ways[endpoint] = way;
  if (shuts)
    ps_list_each(link, &lane->queued)
      mark_dirty(engine, PS_CONTAINER(link, struct ps_attempt, queued)->message);
}

/* The hedge delay of attempts that start from now on. Timers of messages that wait for a slot, or have started without
 * anybody having told, were set by the longer one that was before. */
static void refresh_delay(struct ps_engine *engine, unsigned endpoint, ps_time now)
{
  struct ps_engine_lane *lane = &engine->lanes[endpoint];
  ps_time delay = ps_health_hedge_delay(&lane->health), before = engine->hedge_delays[endpoint];
  if (delay == before)
    return;
  engine->hedge_delays[endpoint] = delay;
  engine->host.set_delay(engine->host.context, endpoint, delay);
  if (delay > before)
    return;
  ps_list_each(link, &lane->queued) {
    struct ps_attempt *attempt = PS_CONTAINER(link, struct ps_attempt, queued);
    struct ps_message *message = attempt->message;
    ps_time from = message->tracks[endpoint].first ? now : attempt->asked; /* a hedge waits for a slot since then */
    if (message->deadline > ps_after(from, delay))
      mark_dirty(engine, message);
  }
}

static void refresh_all(struct ps_engine *engine, ps_time now)
{
  for (unsigned i = 0; i < engine->settings.rule.endpoints; i++) {
    refresh_delay(engine, i, now);
    refresh_way(engine, i, now);
  }
}

void ps_engine_drain(struct ps_engine *engine)
{
  engine->draining = true;
}

/* Where a message that is admitted now would start: a probe has a permit of its own. */
unsigned ps_engine_first(const struct ps_engine *engine)
{
  for (unsigned i = 0; i < engine->settings.rule.endpoints; i++)
    if (engine->ways[i] == PS_WAY_FREE)
      return i;
  return 0;
}

static unsigned run_ahead(const struct ps_engine *engine, const struct ps_engine_lane *lane, ps_time now)
{
  unsigned least = engine->settings.run_ahead, most = engine->settings.run_ahead_most;
  unsigned lately = ps_flow_lately(&lane->flow, now);
  if (lately > most)
    lately = most;
  return lately > least ? lately : least;
}

unsigned ps_engine_room(const struct ps_engine *engine, ps_time now)
{
  const struct ps_engine_lane *lane = &engine->lanes[ps_engine_first(engine)];
  return ps_pace_room(&engine->pace, now, ps_health_room(&lane->health, run_ahead(engine, lane, now)));
}

unsigned ps_engine_probes(const struct ps_engine *engine)
{
  unsigned probes = 0;
  for (unsigned i = 0; i < engine->settings.rule.endpoints; i++)
    probes += engine->lanes[i].health.in_probes;
  return probes;
}

/* ---- Facts */

static struct ps_track *track_of(const struct ps_attempt *attempt)
{
  return &attempt->message->tracks[attempt->endpoint];
}

static struct ps_health *health_of(struct ps_engine *engine, const struct ps_attempt *attempt)
{
  return &engine->lanes[attempt->endpoint].health;
}

static void record_start(struct ps_engine *engine, struct ps_attempt *attempt, ps_time when)
{
  ps_list_remove(&attempt->queued);
  ps_flow_note(&engine->lanes[attempt->endpoint].flow, when);
  ps_events_show_start(engine, attempt, when);
  ps_delivery_started(&attempt->message->delivery, attempt->endpoint, attempt->delay, when);
  ps_events_start(engine, attempt);
}

static void record_acceptance(struct ps_engine *engine, struct ps_attempt *attempt, ps_time when)
{
  attempt->view.status = atomic_load(&attempt->accepted_status);
  ps_delivery_accepted(&attempt->message->delivery, attempt->endpoint, when);
  ps_health_accepted(health_of(engine, attempt), &attempt->health, attempt->started_at, when - attempt->started_at);
}

/* What whoever runs the attempt has left in it. */
static void absorb_attempt(struct ps_engine *engine, struct ps_attempt *attempt)
{
  ps_time started = atomic_load(&attempt->started_at);
  if (!attempt->view.number && started)
    record_start(engine, attempt, started);
  ps_time accepted = atomic_load(&attempt->accepted_at);
  if (accepted && track_of(attempt)->phase == PS_PHASE_RUNNING)
    record_acceptance(engine, attempt, accepted);
}

static void absorb(struct ps_engine *engine, struct ps_message *message)
{
  for (unsigned i = 0; i < message->endpoints; i++)
    if (message->current[i])
      absorb_attempt(engine, message->current[i]);
}

static void tell_health(struct ps_engine *engine, struct ps_attempt *attempt, ps_time when)
{
  const struct ps_outcome *outcome = &attempt->outcome;
  struct ps_health *health = health_of(engine, attempt);
  if (!attempt->health.answered && outcome->verdict.fate == POOLSEND_FATE_DELIVERED)
    ps_health_accepted(health, &attempt->health, attempt->started_at, when - attempt->started_at);
  else if (!attempt->health.answered)
    ps_health_failed(health, &attempt->health, outcome->verdict, outcome->status, outcome->retry_after, when);
  ps_health_leave(health, &attempt->health);
}

static void record_end(struct ps_engine *engine, struct ps_attempt *attempt, ps_time when)
{
  const struct ps_outcome *outcome = &attempt->outcome;
  tell_health(engine, attempt, when);
  ps_events_show_end(attempt, when);
  ps_delivery_finished(&attempt->message->delivery, attempt->endpoint, outcome->verdict.fate,
                       ps_fate_is_transient(outcome->verdict, outcome->status),
                       ps_status_has(&engine->settings.fatal, outcome->status), outcome->retry_after, when);
  ps_events_finish(engine, attempt);
}

static void record_withdrawal(struct ps_engine *engine, struct ps_attempt *attempt, ps_time when)
{
  struct ps_message *message = attempt->message;
  ps_health_leave(health_of(engine, attempt), &attempt->health);
  ps_list_remove(&attempt->queued);
  ps_delivery_withdrawn(&message->delivery, attempt->endpoint, when);
  message->current[attempt->endpoint] = NULL;
  ps_message_drop_attempt(attempt);
}

void ps_engine_notice(struct ps_engine *engine, const struct ps_notice *notice)
{
  struct ps_attempt *attempt = notice->attempt;
  mark_dirty(engine, attempt->message);
  absorb_attempt(engine, attempt);
  switch (notice->kind) {
  case PS_NOTICE_STARTED:
    break;
  case PS_NOTICE_REFUSED:
    ps_delivery_refused(&attempt->message->delivery, attempt->endpoint,
                        ps_status_has(&engine->settings.fatal, notice->status), notice->when);
    break;
  case PS_NOTICE_FINISHED:
    record_end(engine, attempt, notice->when);
    break;
  case PS_NOTICE_WITHDRAWN:
    record_withdrawal(engine, attempt, notice->when);
    break;
  }
}

/* ---- Late deadlines (rule 14) */

/* Where the deadline that the message waited for was long past, or something is put off, it is looked which of its
 * attempts have an answer unread. What their threads have told meanwhile comes after that. */
static void look(struct ps_engine *engine, struct ps_message *message, ps_time now)
{
  struct ps_delivery *delivery = &message->delivery;
  if (!delivery->grace.on && !ps_grace_is_long_past(message->deadline, now))
    return;
  ps_delivery_look(delivery, now);
  for (unsigned i = 0; i < message->endpoints; i++) {
    struct ps_attempt *attempt = message->current[i];
    if (attempt && ps_track_is_running(track_of(attempt)) && engine->host.is_unread(engine->host.context, attempt))
      ps_delivery_unread(delivery, i);
  }
  absorb(engine, message);
}

/* ---- Attempts past their hedge delay */

static bool may_be_overdue(const struct ps_attempt *attempt)
{
  if (!attempt || attempt->health.overdue || !attempt->view.number || track_of(attempt)->delay == 0)
    return false;
  enum ps_phase phase = track_of(attempt)->phase;
  return phase == PS_PHASE_RUNNING || phase == PS_PHASE_ACCEPTED;
}

/* Tells the endpoints' health of attempts of the message that are overdue, and gives when the next will be. */
static ps_time note_overdue(struct ps_engine *engine, struct ps_message *message, ps_time now)
{
  ps_time next = PS_NEVER;
  for (unsigned i = 0; i < message->endpoints; i++) {
    struct ps_attempt *attempt = message->current[i];
    if (!may_be_overdue(attempt))
      continue;
    if (track_of(attempt)->silent > now) {
      next = ps_earlier(next, track_of(attempt)->silent);
    } else if (!ps_delivery_puts_off(&message->delivery, track_of(attempt)->silent, now)) {
      ps_health_overdue(health_of(engine, attempt), &attempt->health, now);
      refresh_way(engine, i, now);
    }
  }
  return next;
}

/* ---- Effects */

/* No memory for another attempt: the message has to do with those it has. */
static void start_attempt(struct ps_engine *engine, struct ps_message *message, unsigned endpoint, ps_time now)
{
  bool events = engine->settings.events & (POOLSEND_EVENT_START | POOLSEND_EVENT_FINISH);
  struct ps_attempt *attempt = ps_message_add_attempt(message, endpoint, events, now);
  if (!attempt) {
    ps_delivery_withdrawn(&message->delivery, endpoint, now);
    ps_delivery_stop(&message->delivery, now);
    return;
  }
  const struct ps_track *track = &message->tracks[endpoint];
  message->current[endpoint] = attempt;
  attempt->after = track->after;
  ps_health_enter(&engine->lanes[endpoint].health, &attempt->health, now);
  attempt->ticket.hedge = !track->first;
  attempt->ticket.probe = attempt->health.probe;
  ps_list_append(&engine->lanes[endpoint].queued, &attempt->queued);
  refresh_way(engine, endpoint, now);
  engine->host.launch(engine->host.context, attempt);
}

static void close_message(struct ps_engine *engine, struct ps_message *message)
{
  atomic_store(&message->closed, true);
  for (unsigned i = 0; i < message->endpoints; i++)
    if (message->current[i] && !message->current[i]->view.number)
      engine->host.recall(engine->host.context, message->current[i]);
}

static const char *cancel_words(enum ps_cancel_why why)
{
  static const char *const words[] = {
      [PS_CANCEL_INTERRUPT] = "cancelled by an interrupt",
      [PS_CANCEL_SETTLE] = "cancelled at the end of the settle time",
      [PS_CANCEL_ANSWER_WAIT] = "cancelled at the end of the answer wait",
      [PS_CANCEL_MAX_TIME] = "cancelled at the end of max-time",
      [PS_CANCEL_ATTEMPT_TIMEOUT] = NULL, /* it was not cancelled, and has words of its own */
      [PS_CANCEL_BODY] = "the rest of the answer was not waited for",
  };
  return words[why];
}

static void cancel_attempt(struct ps_engine *engine, struct ps_message *message, unsigned endpoint)
{
  struct ps_attempt *attempt = message->current[endpoint];
  enum ps_cancel_why why = message->tracks[endpoint].why;
  attempt->cancel_words = why == PS_CANCEL_INTERRUPT && message->cancelled ? "cancelled on request" : cancel_words(why);
  engine->host.cancel(engine->host.context, attempt,
                      why == PS_CANCEL_ATTEMPT_TIMEOUT ? PS_END_TIMEOUT : PS_END_CANCELLED);
}

static void settle(struct ps_engine *engine, struct ps_message *message, ps_time now)
{
  ps_heap_remove(&engine->timers, &message->timer);
  ps_list_remove(&message->link);
  ps_index_remove(&message->by_id);
  ps_list_remove(&message->held);
  ps_list_remove(&message->dirty);
  engine->message_count--;
  ps_events_settled(engine, message, now);
  ps_message_release(message);
}

/* Wait until `deadline`; for the budget too, if that is what holds the message back. */
static void wait(struct ps_engine *engine, struct ps_message *message, ps_time deadline)
{
  message->deadline = deadline;
  ps_heap_set(&engine->timers, &message->timer, deadline);
  if (!message->delivery.held)
    ps_list_remove(&message->held);
  else if (ps_list_empty(&message->held))
    ps_list_append(&engine->held, &message->held);
}

/* Do all that the rule wants for `message` now. It may be gone afterwards. */
static void advance(struct ps_engine *engine, struct ps_message *message, ps_time now)
{
  ps_list_remove(&message->dirty);
  absorb(engine, message);
  look(engine, message, now);
  ps_time overdue = note_overdue(engine, message, now);
  for (;;) {
    struct ps_effect effect = ps_delivery_decide(&message->delivery, now);
    switch (effect.kind) {
    case PS_EFFECT_START:
      start_attempt(engine, message, effect.endpoint, now);
      break;
    case PS_EFFECT_RECALL:
      engine->host.recall(engine->host.context, message->current[effect.endpoint]);
      break;
    case PS_EFFECT_DELIVERED:
      atomic_store(&message->winner, (int)effect.endpoint);
      ps_events_delivered(engine, message);
      break;
    case PS_EFFECT_CLOSE:
      close_message(engine, message);
      break;
    case PS_EFFECT_CANCEL:
      cancel_attempt(engine, message, effect.endpoint);
      break;
    case PS_EFFECT_SETTLED:
      settle(engine, message, now);
      return;
    case PS_EFFECT_WAIT:
      wait(engine, message, ps_earlier(effect.until, overdue));
      return;
    }
  }
}

/* The first that waits for a slot of the endpoint gets a probe's permit. Whether there was one. */
static bool promote_one(struct ps_engine *engine, unsigned endpoint, ps_time now)
{
  struct ps_engine_lane *lane = &engine->lanes[endpoint];
  ps_list_each(link, &lane->queued) {
    struct ps_attempt *attempt = PS_CONTAINER(link, struct ps_attempt, queued);
    if (attempt->health.probe || track_of(attempt)->phase != PS_PHASE_QUEUED ||
        !engine->host.promote(engine->host.context, attempt))
      continue;
    ps_delivery_promoted(&attempt->message->delivery, endpoint);
    ps_health_promoted(&lane->health, &attempt->health, now);
    refresh_way(engine, endpoint, now);
    return true;
  }
  return false;
}

/* Who waits has nobody better to go to, and does not wait longer for being a probe. */
static void promote(struct ps_engine *engine, ps_time now)
{
  for (unsigned i = 0; i < engine->settings.rule.endpoints; i++)
    while (ps_health_promotes(&engine->lanes[i].health, now) && promote_one(engine, i, now))
      ;
}

/* First come first served, as far as the budget goes. */
static void release_held(struct ps_engine *engine, ps_time now)
{
  while (ps_budget_allows(&engine->budget) && !ps_list_empty(&engine->held)) {
    struct ps_message *message = PS_CONTAINER(ps_list_pop(&engine->held), struct ps_message, held);
    ps_delivery_release(&message->delivery, now);
    advance(engine, message, now);
  }
}

static ps_time next_time(const struct ps_engine *engine, ps_time now)
{
  const struct ps_heap_node *first = ps_heap_first(&engine->timers);
  ps_time next = first ? first->key : PS_NEVER;
  for (unsigned i = 0; i < engine->settings.rule.endpoints; i++)
    if (!ps_list_empty(&engine->lanes[i].queued))
      next = ps_earlier(next, ps_health_next(&engine->lanes[i].health, now));
  ps_time pace = ps_pace_next(&engine->pace);
  return pace > now ? ps_earlier(next, pace) : next;
}

ps_time ps_engine_step(struct ps_engine *engine, ps_time now)
{
  refresh_all(engine, now);
  for (struct ps_heap_node *node; (node = ps_heap_first(&engine->timers)) && node->key <= now;) {
    ps_heap_remove(&engine->timers, node);
    mark_dirty(engine, PS_CONTAINER(node, struct ps_message, timer));
  }
  do {
    for (struct ps_list *link; (link = ps_list_pop(&engine->dirty));)
      advance(engine, PS_CONTAINER(link, struct ps_message, dirty), now);
    release_held(engine, now);
    promote(engine, now);
  } while (!ps_list_empty(&engine->dirty));
  return next_time(engine, now);
}
