/* One mutex guards what threads share, and nobody who holds it takes another. It is held to move list links and to read
 * or set flags, never for a callback, to free, or for I/O but a write to the descriptor, which cannot block.
 *
 * Threads that wait are not woken for every trifle: the coordinator only when it sleeps; submitters when there is room
 * for several messages at once, or when the coordinator has nothing else to do. */
#include "engine/coordinator_lock.h"
#include "engine/coordinator_work.h"

#include "base/fork.h"
#include "base/sync.h"
#include "base/thread.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- What the engine asks for, on the coordinator's thread */

static void set_delay(void *context, unsigned endpoint, ps_time delay)
{
  struct ps_coordinator *c = context;
  ps_coordinator_enter(c);
  c->shared.tallies[endpoint].delay = delay;
  ps_coordinator_leave(c);
}

static void launch(void *context, struct ps_attempt *attempt)
{
  struct ps_coordinator *c = context;
  attempt->host = c;
  attempt->job.run = ps_work_run;
  ps_list_append(&c->launches, &attempt->job.link);
}

/* Attempts asked for in this step enter their lanes. Whether somebody there finds a permit. */
static bool enter_lanes_locked(struct ps_coordinator *c)
{
  bool ready = false;
  for (struct ps_list *link; (link = ps_list_pop(&c->launches));) {
    struct ps_attempt *attempt = PS_CONTAINER(link, struct ps_attempt, job.link);
    ps_lane_enter(&c->shared.lanes[attempt->endpoint], &attempt->ticket);
  }
  for (unsigned i = 0; i < c->endpoints && !ready; i++)
    ready = ps_lane_is_ready(&c->shared.lanes[i]);
  return ready;
}

/* Where there was no thread for one more a short while ago nobody asks for one. */
static struct ps_attempt *take_next(struct ps_coordinator *c, unsigned endpoint, bool *only)
{
  ps_coordinator_enter(c);
  const struct ps_tally *tally = &c->shared.tallies[endpoint];
  bool full = tally->narrow && tally->jobs >= tally->narrow;
  struct ps_attempt *attempt = full ? NULL : ps_work_next_locked(c, endpoint);
  if (attempt)
    *only = ps_work_give_locked(c, endpoint);
  ps_coordinator_leave(c);
  return attempt;
}

/* No thread is to be had but those that are kept for other endpoints: the attempt waits for one of its own's, and the
 * engine is to know that there are no more slots than these for now. */
static void put_back(struct ps_coordinator *c, struct ps_attempt *attempt)
{
  ps_coordinator_enter(c);
  struct ps_tally *tally = &c->shared.tallies[attempt->endpoint];
  ps_lane_return(&c->shared.lanes[attempt->endpoint], &attempt->ticket);
  ps_work_return_locked(c, attempt->endpoint);
  c->narrowed |= !tally->narrow;
  if (!tally->narrow)
    tally->narrow = tally->jobs ? tally->jobs : 1;
  ps_work_end_locked(c);
  ps_coordinator_leave(c);
}

/* `only`: the endpoint has no other job in the pool, and a thread that is kept for this one. In a pool that others use
 * too an attempt may have to wait for theirs anyway. */
static bool hand_over(struct ps_coordinator *c, struct ps_attempt *attempt, bool only)
{
  bool waits = only || !c->owns_pool;
  int error = waits ? ps_pool_queue(c->pool, &attempt->job) : ps_pool_submit(c->pool, &attempt->job);
  if (error && waits)
    ps_work_fail(c, attempt, error);
  else if (error)
    put_back(c, attempt);
  return !error || waits;
}

/* Those that find a permit go to the pool, as far as there are threads; the others wait for a worker that ends
 * another. */
static void flush_launches(struct ps_coordinator *c)
{
  struct ps_attempt *attempt;
  ps_coordinator_enter(c);
  bool ready = enter_lanes_locked(c);
  ps_coordinator_leave(c);
  for (unsigned i = 0; ready && i < c->endpoints; i++)
    for (bool only; (attempt = take_next(c, i, &only)) && hand_over(c, attempt, only);)
      ;
}

/* Of one that has started nobody may have told: then this does. One that has not may be just before its last check, or
 * wait for a thread of a pool that others use too. */
static void recall(void *context, struct ps_attempt *attempt)
{
  struct ps_coordinator *c = context;
  flush_launches(c);
  bool waits = ps_pool_withdraw(c->pool, &attempt->job);
  ps_coordinator_enter(c);
  attempt->recalled = true;
  if (waits) {
    ps_work_return_locked(c, attempt->endpoint);
    ps_work_end_locked(c);
  }
  if (waits || ps_lane_leave(&c->shared.lanes[attempt->endpoint], &attempt->ticket))
    ps_work_withdraw_locked(c, attempt);
  else if (atomic_load(&attempt->started_at) && ps_list_empty(&attempt->started.link) &&
           ps_list_empty(&attempt->ended.link))
    ps_work_tell_start_locked(c, attempt);
  ps_coordinator_leave(c);
}

static bool promote(void *context, struct ps_attempt *attempt)
{
  struct ps_coordinator *c = context;
  flush_launches(c);
  ps_coordinator_enter(c);
  bool waits = ps_lane_leave(&c->shared.lanes[attempt->endpoint], &attempt->ticket);
  attempt->ticket.probe |= waits;
  if (waits)
    ps_list_append(&c->launches, &attempt->job.link);
  ps_coordinator_leave(c);
  return waits;
}

static void cancel(void *context, struct ps_attempt *attempt, enum ps_ending why)
{
  struct ps_coordinator *c = context;
  c->runner.cancel(c->runner.context, attempt, why);
}

static bool is_unread(void *context, struct ps_attempt *attempt)
{
  struct ps_coordinator *c = context;
  return c->runner.is_unread(c->runner.context, attempt);
}

static void tell(void *context, struct ps_event *event)
{
  struct ps_coordinator *c = context;
  ps_list_append(&c->outgoing, &event->link);
}

/* ---- Room for more messages */

/* How much the engine could take up now, apart from what is in the inbox already; and who is avoided. */
static void publish_room_locked(struct ps_coordinator *c, unsigned room)
{
  for (unsigned i = 0; i < c->endpoints; i++)
    c->shared.tallies[i].avoided = ps_engine_is_avoided(&c->engine, i);
  c->shared.capacity = room > c->shared.arrived ? room - c->shared.arrived : 0;
  c->shared.first = ps_engine_first(&c->engine);
  c->shared.allowed = c->in_order ? 1 : (size_t)c->max_pending + ps_engine_probes(&c->engine);
  ps_coordinator_invite_locked(c, PS_ROOM_BATCH);
}

static void publish(struct ps_coordinator *c)
{
  struct ps_list calls, unwanted;
  ps_list_init(&calls);
  ps_list_init(&unwanted);
  unsigned room = ps_engine_room(&c->engine, ps_now());
  ps_coordinator_enter(c);
  ps_coordinator_route_locked(c, &c->outgoing, &calls, &unwanted);
  publish_room_locked(c, room);
  ps_coordinator_leave(c);
  ps_coordinator_call_back(c, &calls);
  ps_coordinator_release_events(&unwanted);
}

/* ---- The thread */

#define MEMORY_RETRY (10 * PS_MILLISECOND)
#define REST         (200 * PS_MICROSECOND)

struct news {
  struct ps_list notices;
  uint64_t interrupt;
};

static bool is_news_locked(const struct ps_coordinator *c)
{
  return !ps_list_empty(&c->shared.inbox) || !ps_list_empty(&c->shared.notices) ||
         c->shared.interrupt != c->interrupted || !ps_list_empty(&c->shared.cancels) ||
         !ps_list_empty(&c->shared.returned) || c->shared.stopping != c->stopped || c->shared.draining != c->drained;
}

static void take_news_locked(struct ps_coordinator *c, struct news *news)
{
  c->shared.urgent = false;
  ps_list_splice(&c->backlog, &c->shared.inbox);
  c->shared.arrived = 0;
  ps_list_splice(&news->notices, &c->shared.notices);
  ps_list_splice(&c->cancels, &c->shared.cancels);
  c->stopped = c->shared.stopping;
  c->drained = c->shared.draining;
  if (c->shared.limit <= ps_now() || c->stopped) {
    c->shared.limit = PS_NEVER;
    c->shared.interrupt = UINT64_MAX;
  }
  news->interrupt = c->shared.interrupt;
}

/* While workers have enough to do, successes and new messages are looked at many together: a processor that changes
 * from them to this thread and back for each would be busy with little else. What is urgent ends it. */
static void rest_locked(struct ps_coordinator *c, ps_time deadline)
{
  ps_time until = ps_earlier(ps_earlier(deadline, c->shared.limit), ps_now() + REST);
  while (!c->shared.urgent && ps_coordinator_is_busy_locked(c) && ps_now() < until) {
    c->shared.sleep = PS_RESTING;
    ps_coordinator_wait_locked(c, &c->shared.wake, until);
    c->shared.sleep = PS_AWAKE;
  }
}

/* Sleep until there is news or `deadline` has come, and take all of it. */
static void await_news(struct ps_coordinator *c, ps_time deadline, struct news *news)
{
  ps_list_init(&news->notices);
  ps_coordinator_enter(c);
  rest_locked(c, deadline);
  while (!is_news_locked(c)) {
    ps_time until = ps_earlier(deadline, c->shared.limit);
    if (until <= ps_now())
      break;
    ps_coordinator_invite_locked(c, ps_coordinator_is_busy_locked(c) ? PS_ROOM_BATCH : 1);
    c->shared.sleep = PS_ASLEEP;
    ps_coordinator_wait_locked(c, &c->shared.wake, until);
    c->shared.sleep = PS_AWAKE;
  }
  take_news_locked(c, news);
  ps_coordinator_leave(c);
}

/* Whether one of those that come late has been interrupted already. */
static bool admit(struct ps_coordinator *c, ps_time now)
{
  bool late = false;
  while (!ps_list_empty(&c->backlog) && !ps_engine_reserve(&c->engine)) {
    struct ps_message *message = PS_CONTAINER(c->backlog.next, struct ps_message, link);
    late |= message->serial <= c->interrupted;
    ps_list_remove(&message->link);
    ps_engine_admit(&c->engine, message, now);
  }
  return late;
}

/* Those that the backlog is to hear of are kept for it. */
static void cancel_messages(struct ps_coordinator *c)
{
  ps_list_each(link, &c->cancels) {
    struct ps_cancel *order = PS_CONTAINER(link, struct ps_cancel, link);
    ps_engine_cancel(&c->engine, order->id, order->last);
    if (!ps_list_empty(&c->backlog))
      continue;
    ps_list_remove(link);
    free(order);
  }
}

static void feed(struct ps_coordinator *c, struct news *news, ps_time now)
{
  bool late = admit(c, now);
  for (struct ps_list *link; (link = ps_list_pop(&news->notices));)
    ps_engine_notice(&c->engine, PS_CONTAINER(link, struct ps_notice, link));
  if (c->drained)
    ps_engine_drain(&c->engine);
  if (news->interrupt != c->interrupted || late)
    ps_engine_interrupt(&c->engine, news->interrupt);
  c->interrupted = news->interrupt;
  cancel_messages(c);
}

/* ---- Threads that run out */

#define WIDEN_AFTER (1 * PS_SECOND)

static unsigned size_locked(const struct ps_coordinator *c, unsigned endpoint)
{
  unsigned narrow = c->shared.tallies[endpoint].narrow;
  return narrow ? narrow : c->shared.lanes[endpoint].slots.total;
}

/* A lane counts for as many slots as it had threads when there were no more to be had; after a while for all of them
 * again, until an attempt finds none. */
static void resize_lanes(struct ps_coordinator *c, ps_time now)
{
  if (!c->narrowed && now < c->widen_at)
    return;
  for (unsigned i = 0; i < c->endpoints; i++) {
    ps_coordinator_enter(c);
    if (!c->narrowed)
      c->shared.tallies[i].narrow = 0;
    unsigned slots = size_locked(c, i);
    ps_coordinator_leave(c);
    ps_engine_resize(&c->engine, i, slots, now);
  }
  c->widen_at = c->narrowed ? now + WIDEN_AFTER : PS_NEVER;
  c->narrowed = false;
}

static void *coordinate(void *argument)
{
  struct ps_coordinator *c = argument;
  struct news news;
  ps_time deadline = PS_NEVER;
  while (!c->stopped || c->engine.message_count > 0 || !ps_list_empty(&c->backlog)) {
    await_news(c, deadline, &news);
    ps_time now = ps_now();
    feed(c, &news, now);
    resize_lanes(c, now);
    deadline = ps_engine_step(&c->engine, ps_now());
    if (!ps_list_empty(&c->backlog))
      deadline = ps_earlier(deadline, now + MEMORY_RETRY);
    flush_launches(c);
    deadline = c->narrowed ? 0 : ps_earlier(deadline, c->widen_at);
    publish(c);
  }
  return NULL;
}

/* ---- Life */

static void fini_parts(struct ps_coordinator *c)
{
  ps_engine_fini(&c->engine);
  for (unsigned i = 0; c->shared.lanes && i < c->endpoints; i++)
    ps_lane_fini(&c->shared.lanes[i]);
  free(c->shared.lanes);
  free(c->shared.tallies);
}

static int init(struct ps_coordinator *c, const struct ps_engine_settings *settings)
{
  struct ps_engine_host host = {.set_delay = set_delay,
                                .launch = launch,
                                .recall = recall,
                                .promote = promote,
                                .cancel = cancel,
                                .is_unread = is_unread,
                                .tell = tell,
                                .context = c};
  ps_list_init(&c->backlog);
  ps_list_init(&c->launches);
  ps_list_init(&c->outgoing);
  ps_list_init(&c->shared.inbox);
  ps_list_init(&c->shared.notices);
  ps_list_init(&c->shared.events);
  ps_list_init(&c->shared.spare);
  ps_list_init(&c->shared.returned);
  ps_list_init(&c->shared.cancels);
  ps_list_init(&c->cancels);
  c->shared.limit = PS_NEVER;
  c->shared.lanes = calloc(c->endpoints, sizeof *c->shared.lanes);
  c->shared.tallies = calloc(c->endpoints, sizeof *c->shared.tallies);
  int error = c->shared.lanes && c->shared.tallies ? ps_engine_init(&c->engine, settings, &host) : -ENOMEM;
  for (unsigned i = 0; i < c->endpoints && !error; i++)
    error = ps_lane_init(&c->shared.lanes[i], settings->endpoints[i].slots, settings->probes);
  if (error)
    return error;
  c->shared.capacity = ps_engine_room(&c->engine, ps_now());
  c->shared.allowed = c->in_order ? 1 : c->max_pending;
  return 0;
}

static void init_lock(struct ps_coordinator *c)
{
  ps_mutex_init(&c->shared.mutex);
  ps_cond_init(&c->shared.wake);
  ps_cond_init(&c->shared.left);
  ps_cond_init(&c->shared.room);
  ps_cond_init(&c->shared.told);
}

static void fini_lock(struct ps_coordinator *c)
{
  ps_cond_fini(&c->shared.told);
  ps_cond_fini(&c->shared.room);
  ps_cond_fini(&c->shared.left);
  ps_cond_fini(&c->shared.wake);
  ps_mutex_fini(&c->shared.mutex);
}

int ps_coordinator_start(struct ps_coordinator *c, const struct ps_coordinator_settings *settings,
                         const struct ps_runner *runner, struct ps_pool *pool)
{
  *c = (struct ps_coordinator){
      .runner = *runner,
      .pool = pool,
      .endpoints = settings->engine.rule.endpoints,
      .max_pending = settings->max_pending,
      .events = settings->engine.events,
      .in_order = settings->in_order,
      .owns_pool = settings->owns_pool,
      .widen_at = PS_NEVER,
      .on_event = settings->on_event,
      .event_context = settings->event_context,
      .generation = ps_fork_generation(),
  };
  atomic_init(&c->descriptor, -1);
  init_lock(c);
  int error = c->generation ? init(c, &settings->engine) : -ENOMEM;
  if (!error && c->owns_pool)
    error = ps_pool_start(pool, c->endpoints);
  if (!error && c->owns_pool)
    ps_pool_keep(pool, (int)c->endpoints);
  if (!error)
    error = ps_thread_start(&c->thread, 0, coordinate, c);
  if (error) {
    fini_parts(c);
    fini_lock(c);
  }
  return error;
}

void ps_coordinator_stop(struct ps_coordinator *c)
{
  ps_coordinator_enter(c);
  c->shared.stopping = true;
  ps_coordinator_wake_locked(c);
  ps_coordinator_leave(c);
  ps_thread_join(c->thread);
  ps_coordinator_enter(c);
  while (c->shared.jobs)
    ps_coordinator_wait_locked(c, &c->shared.left, PS_NEVER);
  ps_coordinator_leave(c);
}

void ps_coordinator_fini(struct ps_coordinator *c)
{
  ps_coordinator_release_events(&c->shared.events);
  ps_coordinator_release_events(&c->shared.returned);
  for (struct ps_list *link; (link = ps_list_pop(&c->shared.cancels));)
    free(PS_CONTAINER(link, struct ps_cancel, link));
  if (atomic_load(&c->descriptor) >= 0)
    close(atomic_load(&c->descriptor));
  fini_lock(c);
  fini_parts(c);
}
