#include "engine/events.h"

static ps_time since_taken_up(const struct ps_message *message, ps_time when)
{
  return when - message->delivery.taken_up;
}

/* A report wants to know of the win and of the end, whatever the others do. */
static bool is_wanted(const struct ps_engine *engine, const struct ps_message *message, enum poolsend_event_kind kind)
{
  bool reported = message->reported && kind & (POOLSEND_EVENT_DELIVERED | POOLSEND_EVENT_SETTLED);
  return engine->settings.events & kind || reported;
}

static void tell(struct ps_engine *engine, struct ps_message *message, struct ps_event *event,
                 enum poolsend_event_kind kind, ps_time t)
{
  if (!is_wanted(engine, message, kind))
    return;
  event->message = message;
  event->public.kind = kind;
  event->public.message = message->id;
  event->public.line = message->line;
  event->public.context = message->context;
  event->public.t = t;
  ps_message_hold(message);
  engine->host.tell(engine->host.context, event);
}

/* ---- Views */

void ps_events_show_start(struct ps_engine *engine, struct ps_attempt *attempt, ps_time when)
{
  const struct ps_engine_endpoint *endpoint = &engine->settings.endpoints[attempt->endpoint];
  attempt->view = (struct poolsend_attempt){
      .endpoint = attempt->endpoint,
      .name = endpoint->name,
      .url = endpoint->url,
      .started = since_taken_up(attempt->message, when),
      .finished = -1,
  };
  ps_message_number_attempt(attempt);
}

/* A cancelled attempt's own words are an accident of where the cancel met it; ours say why it was cancelled. */
static const char *error_words(const struct ps_attempt *attempt)
{
  if (attempt->outcome.verdict.reason == POOLSEND_REASON_OK)
    return NULL;
  if (attempt->cancel_words &&
      (attempt->outcome.verdict.reason == POOLSEND_REASON_CANCELLED || !attempt->outcome.error[0]))
    return attempt->cancel_words;
  return attempt->outcome.error[0] ? attempt->outcome.error : NULL;
}

void ps_events_show_end(struct ps_attempt *attempt, ps_time when)
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
  view->timings.queue = attempt->started_at - attempt->asked;
  view->response = outcome->has_response ? &outcome->response : NULL;
}

/* ---- Events */

static bool is_under_way(const struct poolsend_attempt *view)
{
  return view->finished < 0;
}

/* As the attempt is now: one that has finished does not change any more. */
static struct ps_event *show(struct ps_attempt_event *event, const struct ps_attempt *attempt)
{
  bool copied = is_under_way(&attempt->view);
  if (copied)
    event->shown = attempt->view;
  event->event.public = (struct poolsend_event){.attempt = copied ? &event->shown : &attempt->view};
  return &event->event;
}

void ps_events_start(struct ps_engine *engine, struct ps_attempt *attempt)
{
  if (!attempt->events)
    return;
  tell(engine, attempt->message, show(&attempt->events[0], attempt), POOLSEND_EVENT_START, attempt->view.started);
}

void ps_events_finish(struct ps_engine *engine, struct ps_attempt *attempt)
{
  if (!attempt->events)
    return;
  tell(engine, attempt->message, show(&attempt->events[1], attempt), POOLSEND_EVENT_FINISH, attempt->view.finished);
}

void ps_events_delivered(struct ps_engine *engine, struct ps_message *message)
{
  const struct ps_delivery *delivery = &message->delivery;
  const struct ps_attempt *winner = message->current[delivery->winner];
  if (!is_wanted(engine, message, POOLSEND_EVENT_DELIVERED))
    return;
  struct ps_event *event = show(&message->delivered, winner);
  struct poolsend_event *public = &event->public;
  public->pending = message->pending;
  for (size_t i = 0; i < message->started; i++)
    if (message->views[i] != &winner->view && is_under_way(message->views[i]))
      message->pending[public->pending_count++] =
          (struct ps_pending){.number = message->views[i]->number, .name = message->views[i]->name};
  tell(engine, message, event, POOLSEND_EVENT_DELIVERED, since_taken_up(message, delivery->won));
}

static bool was_tried(const struct ps_message *message, unsigned endpoint)
{
  for (size_t i = 0; i < message->started; i++)
    if (message->views[i]->endpoint == endpoint)
      return true;
  return false;
}

static void name_those_not_tried(const struct ps_engine *engine, struct ps_message *message)
{
  struct poolsend_event *public = &message->settled.public;
  public->not_tried = message->not_tried;
  for (unsigned i = 0; i < message->endpoints; i++)
    if (!was_tried(message, i))
      message->not_tried[public->not_tried_count++] = engine->settings.endpoints[i].name;
}

static void count_fates(struct poolsend_event *settled)
{
  for (size_t i = 0; i < settled->attempt_count; i++)
    settled->fates[settled->attempts[i]->fate]++;
}

void ps_events_settled(struct ps_engine *engine, struct ps_message *message, ps_time now)
{
  struct poolsend_event *public = &message->settled.public;
  int winner = message->delivery.winner;
  public->attempts = message->views;
  public->attempt_count = message->started;
  public->winner = winner < 0 ? NULL : &message->current[winner]->view;
  count_fates(public);
  if (winner < 0)
    name_those_not_tried(engine, message);
  tell(engine, message, &message->settled, POOLSEND_EVENT_SETTLED, since_taken_up(message, now));
}
