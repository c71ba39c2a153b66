/* One mutex guards what threads share, and nobody who holds it takes another. It is held to move list links and to read
 * or set flags, never for a callback, for I/O or to free.
 *
 * The last check before a launch is made under it: a worker may launch an attempt only while its message is not closed,
 * and a worker that posts a success closes the message in the same moment. So nothing starts after the first success
 * has been posted, and starts are numbered in the order in which they passed the check. */
#include "engine/coordinator.h"

#include "base/sync.h"

#include <errno.h>
#include <string.h>

/* ---- What workers do */

static void wake_locked(struct ps_coordinator *c)
{
  if (!c->shared.asleep)
    return;
  c->shared.asleep = false;
  ps_cond_signal(&c->shared.wake);
}

static void post_locked(struct ps_coordinator *c, struct ps_notice *notice, enum ps_notice_kind kind)
{
  notice->kind = kind;
  notice->when = ps_now();
  ps_list_append(&c->shared.notices, &notice->link);
  wake_locked(c);
}

/* Whether the attempt may be launched; if so it has started. */
static bool pass_last_check(struct ps_coordinator *c, struct ps_attempt *attempt)
{
  ps_mutex_lock(&c->shared.mutex);
  bool open = !attempt->message->closed;
  if (open) {
    c->shared.started++;
    post_locked(c, &attempt->started, PS_NOTICE_STARTED);
  } else {
    post_locked(c, &attempt->ended, PS_NOTICE_WITHDRAWN);
  }
  ps_mutex_unlock(&c->shared.mutex);
  return open;
}

/* The attempt is the coordinator's again the moment the mutex is free. */
static void post_finished(struct ps_coordinator *c, struct ps_attempt *attempt)
{
  bool success = attempt->outcome.verdict.fate == POOLSEND_DELIVERED;
  ps_mutex_lock(&c->shared.mutex);
  attempt->message->closed |= success;
  post_locked(c, &attempt->ended, PS_NOTICE_FINISHED);
  ps_mutex_unlock(&c->shared.mutex);
}

void ps_coordinator_answered(struct ps_coordinator *c, struct ps_attempt *attempt, bool success, int status)
{
  ps_mutex_lock(&c->shared.mutex);
  attempt->message->closed |= success;
  attempt->answered.status = status;
  post_locked(c, &attempt->answered, success ? PS_NOTICE_ACCEPTED : PS_NOTICE_REFUSED);
  ps_mutex_unlock(&c->shared.mutex);
}

bool ps_coordinator_is_late(struct ps_coordinator *c, const struct ps_attempt *attempt)
{
  ps_mutex_lock(&c->shared.mutex);
  int winner = attempt->message->winner;
  ps_mutex_unlock(&c->shared.mutex);
  return winner >= 0 && winner != (int)attempt->endpoint;
}

static void run_attempt(struct ps_job *job)
{
  struct ps_attempt *attempt = PS_CONTAINER(job, struct ps_attempt, job);
  struct ps_coordinator *c = attempt->host;
  if (!pass_last_check(c, attempt))
    return;
  c->runner.perform(c->runner.context, attempt);
  post_finished(c, attempt);
}

/* ---- What the engine asks for, on the coordinator's thread */

/* No thread to run it on: an attempt that started and came to nothing, so that the account shows it. */
static void fail_to_launch(struct ps_coordinator *c, struct ps_attempt *attempt, int error)
{
  if (!pass_last_check(c, attempt))
    return;
  ps_outcome_local(&attempt->outcome, -error);
  post_finished(c, attempt);
}

static void launch(void *context, struct ps_attempt *attempt)
{
  struct ps_coordinator *c = context;
  attempt->host = c;
  attempt->job.run = run_attempt;
  c->runner.prepare(c->runner.context, attempt);
  int error = ps_pool_submit(c->pool, &attempt->job);
  if (error)
    fail_to_launch(c, attempt, error);
}

static void cancel(void *context, struct ps_attempt *attempt)
{
  struct ps_coordinator *c = context;
  c->runner.cancel(c->runner.context, attempt);
}

static void close_message(void *context, struct ps_message *message)
{
  struct ps_coordinator *c = context;
  ps_mutex_lock(&c->shared.mutex);
  message->closed = true;
  ps_mutex_unlock(&c->shared.mutex);
}

static void won(void *context, struct ps_message *message, unsigned endpoint)
{
  struct ps_coordinator *c = context;
  ps_mutex_lock(&c->shared.mutex);
  message->winner = (int)endpoint;
  ps_mutex_unlock(&c->shared.mutex);
}

static void tell(void *context, struct ps_event *event)
{
  struct ps_coordinator *c = context;
  ps_list_append(&c->outgoing, &event->link);
}

/* ---- The thread */

#define MEMORY_RETRY (10 * PS_MILLISECOND)

struct news {
  struct ps_list notices;
  bool interrupt;
};

static bool is_news_locked(const struct ps_coordinator *c)
{
  return !ps_list_empty(&c->shared.inbox) || !ps_list_empty(&c->shared.notices) || c->shared.interrupt ||
         c->shared.stopping != c->stopped;
}

/* Sleep until there is news or `deadline` has come, and take all of it. */
static void await_news(struct ps_coordinator *c, ps_time deadline, struct news *news)
{
  ps_list_init(&news->notices);
  ps_mutex_lock(&c->shared.mutex);
  while (!is_news_locked(c) && ps_now() < deadline) {
    c->shared.asleep = true;
    ps_cond_wait(&c->shared.wake, &c->shared.mutex, deadline);
    c->shared.asleep = false;
  }
  ps_list_splice(&c->backlog, &c->shared.inbox);
  ps_list_splice(&news->notices, &c->shared.notices);
  c->stopped = c->shared.stopping;
  news->interrupt = c->shared.interrupt;
  c->shared.interrupt = false;
  ps_mutex_unlock(&c->shared.mutex);
}

static void admit(struct ps_coordinator *c, ps_time now)
{
  while (!ps_list_empty(&c->backlog)) {
    struct ps_message *message = PS_CONTAINER(c->backlog.next, struct ps_message, link);
    if (ps_engine_reserve(&c->engine))
      return;
    ps_list_remove(&message->link);
    ps_engine_admit(&c->engine, message, now);
  }
}

static void feed(struct ps_coordinator *c, struct news *news, ps_time now)
{
  admit(c, now);
  for (struct ps_list *link; (link = ps_list_pop(&news->notices));)
    ps_engine_notice(&c->engine, PS_CONTAINER(link, struct ps_notice, link));
  if (news->interrupt || c->stopped)
    ps_engine_interrupt(&c->engine);
}

static void publish(struct ps_coordinator *c)
{
  if (ps_list_empty(&c->outgoing))
    return;
  ps_mutex_lock(&c->shared.mutex);
  ps_list_splice(&c->shared.events, &c->outgoing);
  ps_cond_broadcast(&c->shared.told);
  ps_mutex_unlock(&c->shared.mutex);
}

static void *coordinate(void *argument)
{
  struct ps_coordinator *c = argument;
  struct news news;
  ps_time deadline = PS_NEVER;
  while (!c->stopped || c->engine.message_count > 0 || !ps_list_empty(&c->backlog)) {
    await_news(c, deadline, &news);
    feed(c, &news, ps_now());
    deadline = ps_engine_step(&c->engine, ps_now());
    if (!ps_list_empty(&c->backlog))
      deadline = ps_earlier(deadline, ps_now() + MEMORY_RETRY);
    publish(c);
  }
  return NULL;
}

/* ---- What callers do */

int ps_coordinator_start(struct ps_coordinator *c, const struct ps_engine_settings *settings,
                         const struct ps_runner *runner, struct ps_pool *pool)
{
  *c = (struct ps_coordinator){.runner = *runner, .pool = pool};
  struct ps_engine_host host = {
      .launch = launch, .cancel = cancel, .close = close_message, .won = won, .tell = tell, .context = c};
  ps_list_init(&c->backlog);
  ps_list_init(&c->outgoing);
  ps_list_init(&c->shared.inbox);
  ps_list_init(&c->shared.notices);
  ps_list_init(&c->shared.events);
  int error = ps_engine_init(&c->engine, settings, &host);
  if (error)
    return error;
  ps_mutex_init(&c->shared.mutex);
  ps_cond_init(&c->shared.wake);
  ps_cond_init(&c->shared.told);
  error = pthread_create(&c->thread, NULL, coordinate, c);
  if (!error)
    return 0;
  ps_engine_fini(&c->engine);
  ps_cond_fini(&c->shared.told);
  ps_cond_fini(&c->shared.wake);
  ps_mutex_fini(&c->shared.mutex);
  return -error;
}

void ps_coordinator_stop(struct ps_coordinator *c)
{
  ps_mutex_lock(&c->shared.mutex);
  c->shared.stopping = true;
  wake_locked(c);
  ps_mutex_unlock(&c->shared.mutex);
  ps_thread_join(c->thread);

  for (struct ps_list *link; (link = ps_list_pop(&c->shared.events));)
    ps_message_release(PS_CONTAINER(link, struct ps_event, link)->message);
  ps_engine_fini(&c->engine);
  ps_cond_fini(&c->shared.told);
  ps_cond_fini(&c->shared.wake);
  ps_mutex_fini(&c->shared.mutex);
}

void ps_coordinator_submit(struct ps_coordinator *c, struct ps_message *message)
{
  ps_mutex_lock(&c->shared.mutex);
  ps_list_append(&c->shared.inbox, &message->link);
  wake_locked(c);
  ps_mutex_unlock(&c->shared.mutex);
}

void ps_coordinator_interrupt(struct ps_coordinator *c)
{
  ps_mutex_lock(&c->shared.mutex);
  c->shared.interrupt = true;
  wake_locked(c);
  ps_mutex_unlock(&c->shared.mutex);
}

struct ps_event *ps_coordinator_next(struct ps_coordinator *c, ps_time deadline)
{
  ps_mutex_lock(&c->shared.mutex);
  while (ps_list_empty(&c->shared.events) && ps_now() < deadline)
    ps_cond_wait(&c->shared.told, &c->shared.mutex, deadline);
  struct ps_list *link = ps_list_pop(&c->shared.events);
  ps_mutex_unlock(&c->shared.mutex);
  return link ? PS_CONTAINER(link, struct ps_event, link) : NULL;
}

struct poolsend_counts ps_coordinator_count(struct ps_coordinator *c)
{
  ps_mutex_lock(&c->shared.mutex);
  struct poolsend_counts counts = {.started = c->shared.started};
  ps_mutex_unlock(&c->shared.mutex);
  return counts;
}
