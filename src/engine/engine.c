#include "engine/engine.h"

#include "base/random.h"
#include "core/status.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int ps_engine_init(struct ps_engine *engine, const struct ps_engine_settings *settings,
                   const struct ps_engine_host *host)
{
  *engine = (struct ps_engine){.settings = *settings, .host = *host, .random = settings->seed};
  ps_list_init(&engine->messages);
  ps_list_init(&engine->dirty);
  ps_heap_init(&engine->timers);
  engine->lanes = calloc(settings->rule.endpoints, sizeof *engine->lanes);
  if (!engine->lanes || ps_heap_reserve(&engine->timers, 1)) { /* so that the first message needs no memory */
    ps_engine_fini(engine);
    return -ENOMEM;
  }
  for (unsigned i = 0; i < settings->rule.endpoints; i++) {
    ps_list_init(&engine->lanes[i].waiting);
    if (ps_slots_init(&engine->lanes[i].slots, settings->endpoints[i].permits)) {
      ps_engine_fini(engine);
      return -ENOMEM;
    }
  }
  return 0;
}

void ps_engine_fini(struct ps_engine *engine)
{
  assert(engine->message_count == 0);
  for (unsigned i = 0; engine->lanes && i < engine->settings.rule.endpoints; i++)
    ps_slots_fini(&engine->lanes[i].slots);
  free(engine->lanes);
  ps_heap_fini(&engine->timers);
  *engine = (struct ps_engine){0};
}

static void mark_dirty(struct ps_engine *engine, struct ps_message *message)
{
  if (ps_list_empty(&message->dirty))
    ps_list_append(&engine->dirty, &message->dirty);
}

int ps_engine_reserve(struct ps_engine *engine)
{
  return ps_heap_reserve(&engine->timers, engine->message_count + 1);
}

void ps_engine_admit(struct ps_engine *engine, struct ps_message *message, ps_time taken_up)
{
  engine->message_count++;
  ps_list_append(&engine->messages, &message->link);
  ps_delivery_init(&message->delivery, &engine->settings.rule, message->tracks, message->may_repeat,
                   ps_random_next(&engine->random), taken_up);
  mark_dirty(engine, message);
}

void ps_engine_interrupt(struct ps_engine *engine)
{
  ps_list_each(link, &engine->messages) {
    struct ps_message *message = PS_CONTAINER(link, struct ps_message, link);
    ps_delivery_interrupt(&message->delivery);
    mark_dirty(engine, message);
  }
}

/* ---- Events */

static ps_time since_taken_up(const struct ps_message *message, ps_time when)
{
  return when - message->delivery.taken_up;
}

static void tell(struct ps_engine *engine, struct ps_message *message, struct ps_event *event,
                 enum poolsend_event_kind kind, ps_time t)
{
  if (!(engine->settings.events & kind))
    return;
  event->message = message;
  event->public.kind = kind;
  event->public.message = message->id;
  event->public.t = t;
  ps_message_hold(message);
  engine->host.tell(engine->host.context, event);
}

static bool is_under_way(const struct poolsend_attempt *view)
{
  return view->finished < 0;
}

static void tell_delivered(struct ps_engine *engine, struct ps_message *message)
{
  const struct ps_delivery *delivery = &message->delivery;
  const struct ps_attempt *winner = message->current[delivery->winner];
  struct poolsend_event *public = &message->delivered.public;
  public->attempt = winner->view;
  public->pending = message->pending;
  for (size_t i = 0; i < message->started; i++)
    if (message->views[i] != &winner->view && is_under_way(message->views[i]))
      message->pending[public->pending_count++] =
          (struct poolsend_pending){.number = message->views[i]->number, .name = message->views[i]->name};
  tell(engine, message, &message->delivered, POOLSEND_EVENT_DELIVERED, since_taken_up(message, delivery->won));
}

static void tell_settled(struct ps_engine *engine, struct ps_message *message, ps_time now)
{
  struct poolsend_event *public = &message->settled.public;
  int winner = message->delivery.winner;
  public->attempts = message->views;
  public->attempt_count = message->started;
  public->winner = winner < 0 ? -1 : (int)message->current[winner]->view.number - 1;
  tell(engine, message, &message->settled, POOLSEND_EVENT_SETTLED, since_taken_up(message, now));
}

/* ---- Facts */

static void record_start(struct ps_engine *engine, struct ps_attempt *attempt, ps_time when)
{
  const struct ps_engine_endpoint *endpoint = &engine->settings.endpoints[attempt->endpoint];
  ps_time started = since_taken_up(attempt->message, when);
  attempt->view = (struct poolsend_attempt){
      .endpoint = attempt->endpoint,
      .name = endpoint->name,
      .url = endpoint->url,
      .started = started,
      .finished = -1,
  };
  ps_message_number_attempt(attempt);
  ps_delivery_started(&attempt->message->delivery, attempt->endpoint, when);
  attempt->start.public.attempt = attempt->view;
  tell(engine, attempt->message, &attempt->start, POOLSEND_EVENT_START, started);
}

/* A cancelled attempt's own words are an accident of where the cancel met it; ours say why it was cancelled. */
static const char *error_words(const struct ps_attempt *attempt)
{
  if (attempt->outcome.verdict.reason == POOLSEND_OK)
    return NULL;
  if (attempt->cancel_words && (attempt->outcome.verdict.reason == POOLSEND_CANCELLED || !attempt->outcome.error[0]))
    return attempt->cancel_words;
  return attempt->outcome.error[0] ? attempt->outcome.error : NULL;
}

static void show_outcome(struct ps_attempt *attempt, ps_time when)
{
  struct ps_outcome *outcome = &attempt->outcome;
  struct poolsend_attempt *view = &attempt->view;
  view->finished = since_taken_up(attempt->message, when);
  view->fate = outcome->verdict.fate;
  view->reason = outcome->verdict.reason;
  view->status = outcome->status;
  view->error = error_words(attempt);
  view->bytes_sent = outcome->bytes_sent;
  view->timings = outcome->timings;
  view->timings.queue = attempt->started.when - attempt->asked;
  view->response = outcome->has_response ? &outcome->response : NULL;
}

static void give_permit(struct ps_engine *engine, struct ps_attempt *attempt)
{
  if (attempt->permit < 0)
    return;
  ps_slots_give(&engine->lanes[attempt->endpoint].slots, attempt->permit);
  attempt->permit = -1;
}

static void record_end(struct ps_engine *engine, struct ps_attempt *attempt, ps_time when)
{
  const struct ps_outcome *outcome = &attempt->outcome;
  give_permit(engine, attempt);
  show_outcome(attempt, when);
  ps_delivery_finished(&attempt->message->delivery, attempt->endpoint, outcome->verdict.fate,
                       ps_fate_is_transient(outcome->verdict, outcome->status),
                       ps_status_has(&engine->settings.fatal, outcome->status), outcome->retry_after, when);
  attempt->finish.public.attempt = attempt->view;
  tell(engine, attempt->message, &attempt->finish, POOLSEND_EVENT_FINISH, attempt->view.finished);
}

static void record_withdrawal(struct ps_engine *engine, struct ps_attempt *attempt)
{
  struct ps_message *message = attempt->message;
  give_permit(engine, attempt);
  ps_list_remove(&attempt->waiting);
  ps_delivery_withdrawn(&message->delivery, attempt->endpoint);
  message->current[attempt->endpoint] = NULL;
  ps_message_drop_attempt(attempt);
}

void ps_engine_notice(struct ps_engine *engine, const struct ps_notice *notice)
{
  struct ps_attempt *attempt = notice->attempt;
  mark_dirty(engine, attempt->message);
  switch (notice->kind) {
  case PS_NOTICE_STARTED:
    record_start(engine, attempt, notice->when);
    break;
  case PS_NOTICE_ACCEPTED:
    attempt->view.status = notice->status;
    ps_delivery_accepted(&attempt->message->delivery, attempt->endpoint, notice->when);
    break;
  case PS_NOTICE_REFUSED:
    ps_delivery_refused(&attempt->message->delivery, attempt->endpoint,
                        ps_status_has(&engine->settings.fatal, notice->status), notice->when);
    break;
  case PS_NOTICE_FINISHED:
    record_end(engine, attempt, notice->when);
    break;
  case PS_NOTICE_WITHDRAWN:
    record_withdrawal(engine, attempt);
    break;
  }
}

/* ---- Effects */

/* No memory for another attempt: the message has to do with those it has. */
static void start_attempt(struct ps_engine *engine, struct ps_message *message, unsigned endpoint, ps_time now)
{
  struct ps_attempt *attempt = ps_message_add_attempt(message, endpoint, now);
  if (!attempt) {
    ps_delivery_withdrawn(&message->delivery, endpoint);
    ps_delivery_stop(&message->delivery, now);
    return;
  }
  message->current[endpoint] = attempt;
  ps_list_append(&engine->lanes[endpoint].waiting, &attempt->waiting);
}

static void close_message(struct ps_engine *engine, struct ps_message *message)
{
  engine->host.close(engine->host.context, message);
  for (unsigned i = 0; i < engine->settings.rule.endpoints; i++) {
    struct ps_attempt *attempt = message->current[i];
    if (attempt && !ps_list_empty(&attempt->waiting))
      record_withdrawal(engine, attempt);
  }
}

static const char *cancel_words(enum ps_cancel_why why)
{
  static const char *const words[] = {
      [PS_CANCEL_INTERRUPT] = "cancelled by an interrupt",
      [PS_CANCEL_SETTLE] = "cancelled at the end of the settle time",
      [PS_CANCEL_ANSWER_WAIT] = "cancelled at the end of the answer wait",
      [PS_CANCEL_MAX_TIME] = "cancelled at the end of max-time",
      [PS_CANCEL_BODY] = "the rest of the answer was not waited for",
  };
  return words[why];
}

static void cancel_attempt(struct ps_engine *engine, struct ps_message *message, unsigned endpoint, ps_time now)
{
  struct ps_attempt *attempt = message->current[endpoint];
  attempt->cancel_words = cancel_words(ps_delivery_cancel_why(&message->delivery, endpoint, now));
  engine->host.cancel(engine->host.context, attempt);
}

static void settle(struct ps_engine *engine, struct ps_message *message, ps_time now)
{
  ps_heap_remove(&engine->timers, &message->timer);
  ps_list_remove(&message->link);
  engine->message_count--;
  tell_settled(engine, message, now);
  ps_message_release(message);
}

/* Do all that the rule wants for `message` now. It may be gone afterwards. */
static void advance(struct ps_engine *engine, struct ps_message *message, ps_time now)
{
  ps_list_remove(&message->dirty);
  for (;;) {
    struct ps_effect effect = ps_delivery_decide(&message->delivery, now);
    switch (effect.kind) {
    case PS_EFFECT_START:
      start_attempt(engine, message, effect.endpoint, now);
      break;
    case PS_EFFECT_DELIVERED:
      tell_delivered(engine, message);
      engine->host.won(engine->host.context, message, effect.endpoint);
      break;
    case PS_EFFECT_CLOSE:
      close_message(engine, message);
      break;
    case PS_EFFECT_CANCEL:
      cancel_attempt(engine, message, effect.endpoint, now);
      break;
    case PS_EFFECT_SETTLED:
      settle(engine, message, now);
      return;
    case PS_EFFECT_WAIT:
      ps_heap_set(&engine->timers, &message->timer, effect.until);
      return;
    }
  }
}

/* Lend what permits are free to the attempts that wait for them. */
static void lend(struct ps_engine *engine)
{
  for (unsigned i = 0; i < engine->settings.rule.endpoints; i++) {
    struct ps_engine_lane *lane = &engine->lanes[i];
    while (!ps_list_empty(&lane->waiting) && lane->slots.free) {
      struct ps_list *link = ps_list_pop(&lane->waiting);
      struct ps_attempt *attempt = PS_CONTAINER(link, struct ps_attempt, waiting);
      attempt->permit = ps_slots_take(&lane->slots);
      engine->host.launch(engine->host.context, attempt);
    }
  }
}

ps_time ps_engine_step(struct ps_engine *engine, ps_time now)
{
  for (struct ps_heap_node *node; (node = ps_heap_first(&engine->timers)) && node->key <= now;) {
    ps_heap_remove(&engine->timers, node);
    mark_dirty(engine, PS_CONTAINER(node, struct ps_message, timer));
  }
  for (struct ps_list *link; (link = ps_list_pop(&engine->dirty));)
    advance(engine, PS_CONTAINER(link, struct ps_message, dirty), now);
  lend(engine);

  struct ps_heap_node *next = ps_heap_first(&engine->timers);
  return next ? next->key : PS_NEVER;
}
