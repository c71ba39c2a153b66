/* The ways that events take. Each takes one: to the report of its message, if somebody holds it; else to the callback,
 * if there is one; else to the queue, for those who fetch.
 *
 * A message is pending until its end has been told: one who does not fetch holds up new messages, not the memory. With
 * a report it is pending until it has settled; the report's holder has the memory then. If the report was given up, or
 * never wanted, nobody in particular asked to hear of the rest: as many such accounts as there may be messages pending
 * are kept for those who fetch, the newest, and hold up nothing.
 *
 * The descriptor is an eventfd. It is written after there is something to fetch, and cleared before anything is
 * fetched, so that it may be readable for nothing but is never silent when there is something. */
#include "engine/coordinator_lock.h"
#include "engine/report.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ---- Telling */

static struct ps_event *event_of(struct ps_list *link)
{
  return PS_CONTAINER(link, struct ps_event, link);
}

static bool is_over_locked(const struct ps_coordinator *c)
{
  return c->shared.draining && !c->shared.counts.pending && !c->shared.calling;
}

/* The account of one more message has been told in full. */
static void end_locked(struct ps_coordinator *c)
{
  c->shared.counts.pending--;
  if (is_over_locked(c))
    ps_coordinator_tell_locked(c);
}

static void count_locked(struct ps_coordinator *c, const struct ps_event *event)
{
  if (event->public.kind != POOLSEND_EVENT_SETTLED)
    return;
  c->shared.counts.delivered += event->public.winner != NULL;
  c->shared.counts.undelivered += event->public.winner == NULL;
}

/* Before the call, in which the callee may submit the next. */
static void begin_call_locked(struct ps_coordinator *c, const struct ps_event *event)
{
  if (event->public.kind != POOLSEND_EVENT_SETTLED)
    return;
  c->shared.calling++;
  c->shared.counts.pending--;
}

/* What nobody asked to hear of waits to be fetched, until too much of it does. */
static void keep_locked(struct ps_coordinator *c, struct ps_event *event, struct ps_list *unwanted)
{
  struct ps_message *message = event->message;
  ps_list_append(&c->shared.events, &event->link);
  message->delivered_waits |= event->public.kind == POOLSEND_EVENT_DELIVERED;
  if (event->public.kind != POOLSEND_EVENT_SETTLED)
    return;
  ps_list_append(&c->shared.spare, &message->spare);
  if (++c->shared.spares <= c->max_pending)
    return;
  message = PS_CONTAINER(ps_list_pop(&c->shared.spare), struct ps_message, spare);
  c->shared.spares--;
  c->shared.counts.unheard++;
  ps_list_remove(&message->settled.link);
  ps_list_append(unwanted, &message->settled.link);
  if (message->delivered_waits) {
    ps_list_remove(&message->delivered.event.link);
    ps_list_append(unwanted, &message->delivered.event.link);
  }
  end_locked(c);
}

static void route_one_locked(struct ps_coordinator *c, struct ps_event *event, struct ps_list *calls,
                             struct ps_list *unwanted)
{
  struct poolsend_report *report = event->message->report;
  if (report && ps_report_keep_locked(report, event)) {
    if (event->public.kind == POOLSEND_EVENT_SETTLED)
      end_locked(c);
    return;
  }
  bool of_attempts = event->public.kind & (POOLSEND_EVENT_START | POOLSEND_EVENT_FINISH);
  bool wanted = !report && c->events & event->public.kind && !(of_attempts && event->message->reported);
  if (wanted && !c->on_event && event->message->reported) {
    keep_locked(c, event, unwanted);
    return;
  }
  ps_list_append(!wanted ? unwanted : c->on_event ? calls : &c->shared.events, &event->link);
  if (wanted && c->on_event)
    begin_call_locked(c, event);
}

void ps_coordinator_route_locked(struct ps_coordinator *c, struct ps_list *events, struct ps_list *calls,
                                 struct ps_list *unwanted)
{
  bool none = ps_list_empty(&c->shared.events);
  for (struct ps_list *link; (link = ps_list_pop(&c->shared.returned));) /* which were told before */
    route_one_locked(c, event_of(link), calls, unwanted);
  for (struct ps_list *link; (link = ps_list_pop(events));) {
    count_locked(c, event_of(link));
    route_one_locked(c, event_of(link), calls, unwanted);
  }
  if (!ps_list_empty(&c->shared.events) && (none || c->shared.fetchers))
    ps_coordinator_tell_locked(c);
}

void ps_coordinator_call_back(struct ps_coordinator *c, struct ps_list *calls)
{
  if (ps_list_empty(calls))
    return;
  for (struct ps_list *link; (link = ps_list_pop(calls));)
    c->on_event(c->event_context, &event_of(link)->public);
  ps_coordinator_enter(c);
  c->shared.calling = 0;
  if (is_over_locked(c))
    ps_coordinator_tell_locked(c);
  ps_coordinator_leave(c);
}

void ps_coordinator_release_events(struct ps_list *events)
{
  for (struct ps_list *link; (link = ps_list_pop(events));)
    ps_message_release(event_of(link)->message);
}

/* ---- Fetching */

static void fetch_one_locked(struct ps_coordinator *c, const struct ps_event *event)
{
  struct ps_message *message = event->message;
  if (event->public.kind == POOLSEND_EVENT_DELIVERED)
    message->delivered_waits = false;
  if (event->public.kind != POOLSEND_EVENT_SETTLED)
    return;
  c->shared.spares -= !ps_list_empty(&message->spare);
  ps_list_remove(&message->spare);
  end_locked(c);
}

static void fetch_locked(struct ps_coordinator *c, struct ps_list *events, size_t most)
{
  for (struct ps_list *link; most && (link = ps_list_pop(&c->shared.events)); most--) {
    fetch_one_locked(c, event_of(link));
    ps_list_append(events, link);
  }
  if (!ps_list_empty(&c->shared.events))
    c->shared.wakes.descriptor |= atomic_load(&c->descriptor) >= 0;
  /* Awake, the coordinator does so before it sleeps. */
  ps_coordinator_invite_locked(c,
                               c->shared.sleep == PS_ASLEEP && !ps_coordinator_is_busy_locked(c) ? 1 : PS_ROOM_BATCH);
}

static void clear_descriptor(struct ps_coordinator *c)
{
  eventfd_t count;
  int descriptor = atomic_load(&c->descriptor);
  if (descriptor >= 0)
    eventfd_read(descriptor, &count);
}

int ps_coordinator_next(struct ps_coordinator *c, ps_time deadline, struct ps_list *events, size_t most)
{
  clear_descriptor(c);
  ps_coordinator_enter(c);
  while (ps_list_empty(&c->shared.events) && !is_over_locked(c) && ps_now() < deadline) {
    c->shared.fetchers++;
    ps_coordinator_wait_locked(c, &c->shared.told, deadline);
    c->shared.fetchers--;
  }
  fetch_locked(c, events, most);
  bool over = is_over_locked(c);
  if (over)
    ps_coordinator_tell_locked(c); /* to the others, and to whoever asks again */
  ps_coordinator_leave(c);
  return !ps_list_empty(events) ? 0 : over ? POOLSEND_CLOSED : POOLSEND_TIMEOUT;
}

int ps_coordinator_descriptor(struct ps_coordinator *c)
{
  int made = atomic_load(&c->descriptor), none = -1;
  if (made >= 0)
    return made;
  made = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK); /* readable, for what is there already */
  if (made < 0)
    return -errno;
  if (atomic_compare_exchange_strong(&c->descriptor, &none, made))
    return made;
  close(made); /* another thread was faster */
  return none;
}
