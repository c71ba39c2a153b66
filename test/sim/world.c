#include "world.h"

#include "base/random.h"
#include "engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENDPOINTS 5
#define MESSAGES  6
#define ATTEMPTS  64
#define STEPS     100000
#define NEWS      256
#define STOPS     4
#define BEGINNING PS_SECOND /* of time */

/* The contract's numbers, once more: a judge does not ask whom he judges. */
#define LONG_PAST   (100 * PS_MILLISECOND)
#define PUT_OFF     (250 * PS_MILLISECOND)
#define STOP_COSTS  (10 * PS_MILLISECOND) /* of that, at most */
#define TELL_TIME   (5 * PS_MILLISECOND)  /* from the moment that an answer is read */
#define CANCEL_TIME (5 * PS_MILLISECOND)

enum happening { LAUNCHES, HEADER, ENDS };

/* The judge's book on one attempt. */
struct entry {
  struct ps_attempt *attempt;
  unsigned endpoint, number;
  ps_time asked, start, header, end; /* PS_NEVER: did not happen; end: withdrawn, too */
  unsigned starts_before;            /* of its message, when it was asked for */
  bool first;                        /* nothing of its message was asked for before */
  bool again;                        /* it had been asked for in this round before, and recalled */
  bool waiting, recalled;            /* waiting: for a permit */
  bool withdrawn, cancelled, fatal;
  ps_time arrived, read; /* what came while the process was stopped, or PS_NEVER; until when it lies unread */
  enum poolsend_fate fate;

  /* What the world has in mind for it. */
  ps_time launch_at, header_at, end_at;
  struct ps_outcome plan;
};

struct book {
  struct ps_message *message; /* NULL: not taken up, or settled */
  ps_time taken_up, won;
  struct entry entries[ATTEMPTS]; /* in the order they were asked for */
  unsigned count, started, round_begin, rounds;
  int winner_number;
  bool taken, told, settled, interrupted;
};

struct world {
  uint64_t seed, random;
  const uint8_t *choices; /* instead of the generator, while there are any */
  size_t choices_left;
  ps_time now;
  ps_time lateness; /* the engine may be stepped this much after its deadline */
  struct ps_engine engine;
  struct ps_engine_endpoint endpoints[ENDPOINTS];
  struct ps_lane lanes[ENDPOINTS];
  struct ps_stock stock;
  ps_time hedge_delay[ENDPOINTS], attempt_timeout[ENDPOINTS];
  ps_time told_delay[ENDPOINTS]; /* by the engine, for attempts that start now */
  bool breakers, budget;
  bool starts_are_told;         /* at once; otherwise the engine finds them */
  struct ps_notice *news[NEWS]; /* to be fed after the step in which they came up */
  unsigned news_count;
  int manners[ENDPOINTS]; /* how inclined each endpoint is to misbehave, 0 to 100 */
  struct book books[MESSAGES];
  unsigned messages;
  ps_time arrival[MESSAGES], interrupt;
  struct {
    ps_time from, until;
  } stops[STOPS];            /* of the process, one after another */
  unsigned stop_count, past; /* past: that it knows of */
  bool keyed;                /* messages may be sent again though they may have arrived */
  unsigned in_slots[ENDPOINTS], in_probes[ENDPOINTS];
  struct world_totals *totals;
};

#define REQUIRE(world, condition, ...)                                                                                 \
  do {                                                                                                                 \
    if (!(condition))                                                                                                  \
      fail(world, #condition, __VA_ARGS__);                                                                            \
  } while (0)

__attribute__((noreturn)) static void fail(const struct world *w, const char *condition, const char *words)
{
  fprintf(stderr, "seed %llu at %.3f s: %s\n  does not hold: %s\n", (unsigned long long)w->seed, (double)w->now / 1e9,
          words, condition);
  exit(1);
}

static uint64_t below(struct world *w, uint64_t bound)
{
  uint64_t chosen = 0;
  if (!w->choices_left)
    return ps_random_below(&w->random, bound);
  for (uint64_t reach = 1; reach < bound && w->choices_left; reach <<= 8, w->choices_left--)
    chosen = chosen << 8 | *w->choices++;
  return chosen % bound;
}

static bool chance(struct world *w, unsigned percent)
{
  return below(w, 100) < percent;
}

static ps_time upto(struct world *w, ps_time most)
{
  return (ps_time)below(w, (uint64_t)most + 1);
}

static const struct ps_delivery_rule *rule(const struct world *w)
{
  return &w->engine.settings.rule;
}

static struct book *book_of(struct world *w, const struct ps_message *message)
{
  for (unsigned i = 0; i < w->messages; i++)
    if (w->books[i].message == message)
      return &w->books[i];
  fail(w, "message is known", "the engine speaks of a message that is not under way");
}

static struct entry *entry_of(struct world *w, const struct ps_attempt *attempt)
{
  struct book *book = book_of(w, attempt->message);
  for (unsigned i = 0; i < book->count; i++)
    if (book->entries[i].attempt == attempt)
      return &book->entries[i];
  fail(w, "attempt is known", "the engine speaks of an attempt that was never launched");
}

/* Its next happening, and when; PS_NEVER when there is none. */
static ps_time next_of(const struct entry *e, enum happening *what)
{
  if (e->withdrawn || e->waiting || e->end != PS_NEVER)
    return PS_NEVER;
  if (e->start == PS_NEVER) {
    *what = LAUNCHES;
    return e->launch_at;
  }
  if (e->header == PS_NEVER && e->header_at <= e->end_at && e->header_at != PS_NEVER) {
    *what = HEADER;
    return e->header_at;
  }
  *what = ENDS;
  return e->end_at;
}

/* ---- A process that is stopped */

/* The stop in which `when` fell, or -1. */
static int stop_of(const struct world *w, ps_time when)
{
  for (unsigned i = 0; i < w->past; i++)
    if (w->stops[i].from <= when && when <= w->stops[i].until)
      return (int)i;
  return -1;
}

static bool is_long_past(const struct world *w, ps_time deadline)
{
  int stop = stop_of(w, deadline);
  return stop >= 0 && deadline < w->stops[stop].until - LONG_PAST;
}

/* `when`, and `span` in which the process runs. */
static ps_time running_after(const struct world *w, ps_time when, ps_time span)
{
  for (unsigned i = 0; i < w->past; i++) {
    if (w->stops[i].from < when || when + span < w->stops[i].from)
      continue;
    span -= w->stops[i].from - when;
    when = w->stops[i].until;
  }
  return when + span;
}

/* When what is due at `deadline` is done at the latest. */
static ps_time done_by(const struct world *w, ps_time deadline)
{
  int stop = stop_of(w, deadline);
  if (stop < 0 || deadline == PS_NEVER)
    return deadline;
  return is_long_past(w, deadline) ? running_after(w, w->stops[stop].until, PUT_OFF) : w->stops[stop].until;
}

/* Until when what is due at `deadline`, which is long past, is put off in any case. One stop close upon another shares
 * the time of the first, and may cost a little of it. */
static ps_time put_off_until(const struct world *w, ps_time deadline)
{
  int stop = stop_of(w, deadline);
  while (stop > 0 && w->stops[stop].from - w->stops[stop - 1].until < PUT_OFF + LONG_PAST)
    stop--;
  return running_after(w, w->stops[stop].until, PUT_OFF - ((ps_time)w->past - stop) * STOP_COSTS);
}

/* Whether something may be done because `deadline` has come: not for one that is long past while an answer of the
 * message lies unread. */
static bool is_allowed(const struct world *w, const struct book *book, ps_time deadline)
{
  bool put_off = is_long_past(w, deadline) && w->now < put_off_until(w, deadline), unread = false;
  for (unsigned i = 0; i < book->count; i++) {
    const struct entry *e = &book->entries[i];
    unread |= e->arrived != PS_NEVER && e->end == PS_NEVER && !e->cancelled;
  }
  return w->now >= deadline && !(put_off && unread);
}

static bool is_unread(void *context, struct ps_attempt *attempt)
{
  struct world *w = context;
  const struct entry *e = entry_of(w, attempt);
  return e->arrived != PS_NEVER && w->now < e->read;
}

/* When a thread tells of something that came meanwhile: most are quick, some wait for a processor. */
static ps_time some_latency(struct world *w)
{
  if (chance(w, 30))
    return 0;
  return upto(w, chance(w, 80) ? 230 * PS_MILLISECOND : 400 * PS_MILLISECOND);
}

/* Its thread goes on: what came in the stop from `from` to `until` is read, and told of soon after. */
static void wake_attempt(struct world *w, struct entry *e, ps_time from, ps_time until)
{
  enum happening what = ENDS;
  if (next_of(e, &what) > until)
    return;
  bool was_read = e->arrived != PS_NEVER && e->read <= from;
  ps_time told = until + (was_read ? upto(w, TELL_TIME) : some_latency(w));
  if (what == LAUNCHES) {
    ps_time delay = told - e->launch_at;
    e->header_at = ps_after(e->header_at, delay);
    e->end_at = ps_after(e->end_at, delay);
    e->launch_at = told;
    return;
  }
  if (!was_read) {
    e->read = told - upto(w, ps_earlier(told - until, TELL_TIME));
    e->arrived = from;
    w->totals->unread++;
  }
  if (what == HEADER)
    e->header_at = told;
  if (e->end_at < told || what == ENDS)
    e->end_at = told;
}

static void wake(struct world *w)
{
  ps_time from = w->stops[w->past].from, until = w->stops[w->past].until;
  w->past++;
  w->now = until;
  w->totals->stops++;
  for (unsigned i = 0; i < w->messages; i++)
    for (unsigned k = 0; w->books[i].message && k < w->books[i].count; k++)
      wake_attempt(w, &w->books[i].entries[k], from, until);
}

/* ---- What the world has in mind for an attempt */

static void plan_verdict(struct entry *e, enum poolsend_fate fate, enum poolsend_reason reason, int status)
{
  e->plan.verdict = (struct ps_verdict){fate, reason};
  e->plan.status = status;
}

static void plan_failure(struct world *w, struct entry *e)
{
  switch (below(w, 5)) {
  case 0:
    plan_verdict(e, POOLSEND_FATE_UNREACHED, POOLSEND_REASON_CONNECT, 0);
    break;
  case 1:
    plan_verdict(e, POOLSEND_FATE_REJECTED, POOLSEND_REASON_STATUS, 500);
    break;
  case 2:
    plan_verdict(e, POOLSEND_FATE_REJECTED, POOLSEND_REASON_STATUS, 400);
    break;
  case 3:
    plan_verdict(e, POOLSEND_FATE_UNKNOWN, POOLSEND_REASON_RESET, 0);
    break;
  default:
    plan_verdict(e, POOLSEND_FATE_REJECTED, POOLSEND_REASON_STATUS, 401); /* fatal in some worlds */
    break;
  }
}

/* Times fall on a coarse grid often, so that things happen at the same instant. */
static ps_time some_delay(struct world *w)
{
  if (chance(w, 20))
    return 0;
  if (chance(w, 50))
    return (ps_time)below(w, 8) * 500 * PS_MILLISECOND;
  return upto(w, 4 * PS_SECOND);
}

/* The header first, the body later or never. */
static void plan_body(struct world *w, struct entry *e)
{
  e->header_at = e->end_at;
  e->end_at = chance(w, 30) ? PS_NEVER : e->header_at + some_delay(w);
}

static void plan_attempt(struct world *w, struct entry *e)
{
  e->launch_at = w->now + (chance(w, 50) ? 0 : upto(w, 700 * PS_MILLISECOND));
  e->waiting = false;
  e->header_at = e->end_at = e->arrived = PS_NEVER;
  if (chance(w, (unsigned)w->manners[e->endpoint])) {
    if (chance(w, 50))
      return; /* hangs */
    plan_failure(w, e);
    e->end_at = e->launch_at + some_delay(w);
    if (e->plan.status && chance(w, 30))
      plan_body(w, e);
    return;
  }
  plan_verdict(e, POOLSEND_FATE_DELIVERED, POOLSEND_REASON_OK, 200);
  e->end_at = e->launch_at + some_delay(w);
  if (chance(w, 30))
    plan_body(w, e);
}

/* ---- The host: what the engine asks for */

/* Its header has told that it is no success, or it has ended as none. */
static bool is_failing(const struct entry *e)
{
  return (e->header != PS_NEVER || e->end != PS_NEVER) && e->plan.verdict.fate != POOLSEND_FATE_DELIVERED;
}

/* The attempt of this round that started last, or NULL. */
static const struct entry *newest_started(const struct book *book)
{
  const struct entry *newest = NULL;
  for (unsigned i = book->round_begin; i < book->count; i++)
    if (book->entries[i].start != PS_NEVER && (!newest || book->entries[i].number > newest->number))
      newest = &book->entries[i];
  return newest;
}

/* When it starts its successor. */
static ps_time trigger_of(const struct world *w, const struct entry *e)
{
  ps_time hedge = ps_after(e->start, w->hedge_delay[e->endpoint]);
  return is_failing(e) ? ps_earlier(hedge, ps_earlier(e->header, e->end)) : hedge;
}

/* Whether the endpoint was free to be asked for again just now: it had been recalled, and was on its way still. */
static bool was_withdrawn_now(const struct world *w, const struct book *book, unsigned endpoint)
{
  for (unsigned i = book->round_begin; i < book->count; i++)
    if (book->entries[i].endpoint == endpoint && book->entries[i].withdrawn && book->entries[i].end == w->now)
      return true;
  return false;
}

/* One that follows a silent attempt may have to wait for the budget, and for what lies unread. */
static void check_start_of_turn(struct world *w, const struct book *book, const struct entry *newest,
                                const struct entry *e)
{
  ps_time trigger = trigger_of(w, newest);
  REQUIRE(w, e->asked >= trigger, "the newest attempt starts the next too early");
  REQUIRE(w, w->budget || is_allowed(w, book, trigger), "an attempt is started while an answer lies unread");
  if (w->lateness || e->asked <= done_by(w, trigger) || (e->again && was_withdrawn_now(w, book, e->endpoint)))
    return;
  ps_time longest = newest->start;
  for (int i = 0; i < PS_HEDGE_HOLD; i++)
    longest = ps_after(longest, w->hedge_delay[newest->endpoint]);
  bool failed = is_failing(newest) && e->asked == ps_earlier(newest->header, newest->end);
  REQUIRE(w, w->budget && (failed || e->asked <= done_by(w, longest)), "the newest attempt starts the next too late");
}

/* In its turn, what was asked for before it: recalled, or passed over before like it. */
static void check_trigger(struct world *w, const struct book *book, const struct entry *e)
{
  const struct entry *newest = newest_started(book);
  ps_time recalled = PS_NEVER;
  for (unsigned i = book->round_begin; i + 1 < book->count; i++) {
    const struct entry *other = &book->entries[i];
    if (other->starts_before != e->starts_before || (other->again && e->again))
      continue;
    REQUIRE(w, other->withdrawn, "an attempt is asked for while another waits");
    recalled = other->end;
  }
  if (recalled != PS_NEVER)
    REQUIRE(w, e->asked >= recalled && (w->lateness || e->asked == recalled),
            "after one recalled the next goes at once");
  else if (newest)
    check_start_of_turn(w, book, newest, e);
}

static bool is_planned(const struct book *book, unsigned endpoint)
{
  for (unsigned i = book->round_begin; i < book->count; i++)
    if (book->entries[i].endpoint == endpoint)
      return false;
  return true;
}

/* Endpoints are tried in order, but for those whose breaker is open, which come last; then those passed over. */
static void check_order(struct world *w, struct book *book, const struct entry *e)
{
  struct ps_track *tracks = book->message->tracks;
  for (unsigned i = 0; i < rule(w)->endpoints; i++) {
    enum ps_way way = w->engine.ways[i];
    bool avoided = way == PS_WAY_SHUT || (way == PS_WAY_PROBE && book->message->delivery.probed);
    if (i == e->endpoint || tracks[i].phase != PS_PHASE_PLANNED)
      continue;
    REQUIRE(w, !e->again, "one passed over is asked for again before all were tried");
    REQUIRE(w, avoided || i > e->endpoint, "endpoints are tried in order");
    REQUIRE(w, avoided || e->attempt->health.tests || w->engine.ways[e->endpoint] != PS_WAY_SHUT,
            "one is tried whose breaker is open, and another's is not");
  }
}

static bool is_new_round(const struct book *book, const struct entry *e)
{
  if (is_planned(book, e->endpoint) || book->count == book->round_begin)
    return false;
  for (unsigned i = book->round_begin; i < book->count; i++)
    if (book->entries[i].endpoint == e->endpoint && !book->entries[i].withdrawn)
      return true;
  return book->message->delivery.round > book->rounds;
}

static bool may_try_again(const struct book *book, unsigned endpoint)
{
  for (unsigned i = book->round_begin; i < book->count; i++)
    if (book->entries[i].endpoint == endpoint && !book->entries[i].withdrawn)
      return ps_fate_is_transient(book->entries[i].plan.verdict, book->entries[i].plan.status);
  return true;
}

static void check_new_round(struct world *w, struct book *book, unsigned endpoint)
{
  for (unsigned i = 0; i < book->count; i++) {
    const struct entry *e = &book->entries[i];
    REQUIRE(w, e->end != PS_NEVER, "a round begins while an attempt of the last one runs");
    REQUIRE(w, w->keyed || e->withdrawn || e->fate != POOLSEND_FATE_UNKNOWN, "without a key it may arrive twice");
  }
  REQUIRE(w, may_try_again(book, endpoint), "an endpoint is tried again that did not fail transiently");
  REQUIRE(w, ++book->rounds <= rule(w)->retries, "a round more than were asked for");
  book->round_begin = book->count;
  w->totals->rounds++;
}

static void check_launch(struct world *w, const struct book *book)
{
  REQUIRE(w, !atomic_load(&book->message->closed), "an attempt is launched after its message was closed");
  REQUIRE(w, !book->told, "an attempt is launched after the win");
  REQUIRE(w, book->count < ATTEMPTS, "more attempts than endpoints times rounds");
  REQUIRE(w, !book->interrupted, "an attempt is launched after an interrupt");
  for (unsigned i = 0; i < book->count; i++) {
    REQUIRE(w, book->entries[i].header == PS_NEVER || is_failing(&book->entries[i]),
            "an attempt is launched after a success header");
    REQUIRE(w, !book->entries[i].fatal, "an attempt is launched after a fatal status");
  }
}

/* Those that have a permit now are on their way. */
static void serve(struct world *w, unsigned endpoint)
{
  for (struct ps_ticket *ticket; (ticket = ps_lane_next(&w->lanes[endpoint]));) {
    struct entry *e = entry_of(w, PS_CONTAINER(ticket, struct ps_attempt, ticket));
    (*(ticket->probe ? &w->in_probes[endpoint] : &w->in_slots[endpoint]))++;
    REQUIRE(w, w->in_slots[endpoint] <= w->endpoints[endpoint].slots, "an endpoint has more attempts than slots");
    REQUIRE(w, w->in_probes[endpoint] <= w->engine.settings.probes,
            "an endpoint has more probes than permits for them");
    plan_attempt(w, e);
  }
}

static void give(struct world *w, struct ps_attempt *attempt)
{
  if (attempt->ticket.permit >= 0)
    (*(attempt->ticket.probe ? &w->in_probes[attempt->endpoint] : &w->in_slots[attempt->endpoint]))--;
  ps_lane_give(&w->lanes[attempt->endpoint], &attempt->ticket);
}

static void launch(void *context, struct ps_attempt *attempt)
{
  struct world *w = context;
  struct book *book = book_of(w, attempt->message);
  check_launch(w, book);
  struct entry *e = &book->entries[book->count];
  *e = (struct entry){.arrived = PS_NEVER,
                      .plan.response.spool = -1,
                      .attempt = attempt,
                      .endpoint = attempt->endpoint,
                      .asked = attempt->asked,
                      .starts_before = book->started,
                      .first = book->count == 0,
                      .waiting = true,
                      .start = PS_NEVER,
                      .header = PS_NEVER,
                      .end = PS_NEVER};
  if (is_new_round(book, e))
    check_new_round(w, book, e->endpoint);
  e->again = !is_planned(book, e->endpoint);
  book->count++;
  REQUIRE(w, attempt->after == book->started, "it is to be the next start, whatever comes in between");
  REQUIRE(w, !attempt->health.tests || w->breakers, "without breakers there are no probes");
  check_order(w, book, e);
  check_trigger(w, book, e);
  ps_lane_enter(&w->lanes[attempt->endpoint], &attempt->ticket);
  serve(w, attempt->endpoint);
}

static void post(struct world *w, struct ps_notice *notice, enum ps_notice_kind kind)
{
  notice->kind = kind;
  notice->when = w->now;
  REQUIRE(w, w->news_count < NEWS, "more news than anybody could have");
  w->news[w->news_count++] = notice;
}

static ps_time exhausted(const struct world *w, const struct book *book);

static void set_delay(void *context, unsigned endpoint, ps_time delay)
{
  struct world *w = context;
  w->told_delay[endpoint] = delay;
}

/* Nobody is called back without a reason. */
static void check_recall(struct world *w, const struct book *book, const struct entry *e)
{
  enum ps_way way = w->engine.ways[e->endpoint];
  bool shut = way == PS_WAY_SHUT || (way == PS_WAY_PROBE && book->message->delivery.probed);
  bool waited = w->now >= ps_after(e->asked, w->hedge_delay[e->endpoint]);
  bool allowed = atomic_load(&book->message->closed) || shut || (waited && !e->first);
  if (e->again)
    allowed |= book->started > e->starts_before || w->now >= ps_after(exhausted(w, book), rule(w)->answer_wait);
  REQUIRE(w, allowed, "an attempt is recalled for no reason");
  if (!shut && !e->again && !atomic_load(&book->message->closed))
    REQUIRE(w, is_allowed(w, book, ps_after(e->asked, w->hedge_delay[e->endpoint])),
            "an attempt is recalled while an answer lies unread");
}

static void recall(void *context, struct ps_attempt *attempt)
{
  struct world *w = context;
  struct book *book = book_of(w, attempt->message);
  struct entry *e = entry_of(w, attempt);
  check_recall(w, book, e);
  e->recalled = attempt->recalled = true;
  if (e->start != PS_NEVER) {
    post(w, &attempt->started, PS_NOTICE_STARTED);
  } else if (ps_lane_leave(&w->lanes[attempt->endpoint], &attempt->ticket)) {
    e->withdrawn = true;
    e->waiting = false;
    e->end = w->now;
    w->totals->withdrawn++;
    w->totals->passed += !atomic_load(&book->message->closed);
    post(w, &attempt->ended, PS_NOTICE_WITHDRAWN);
    e->attempt = NULL;
  }
}

static bool promote(void *context, struct ps_attempt *attempt)
{
  struct world *w = context;
  bool waits = ps_lane_leave(&w->lanes[attempt->endpoint], &attempt->ticket);
  REQUIRE(w, w->breakers, "without breakers there are no probes");
  if (!waits)
    return false;
  attempt->ticket.probe = true;
  ps_lane_enter(&w->lanes[attempt->endpoint], &attempt->ticket);
  serve(w, attempt->endpoint);
  return true;
}

/* When a status forbade more starts in the current round, or PS_NEVER. */
static ps_time forbidden(const struct book *book)
{
  ps_time when = PS_NEVER;
  for (unsigned i = book->round_begin; i < book->count; i++)
    if (book->entries[i].fatal)
      when = ps_earlier(when, ps_earlier(book->entries[i].header, book->entries[i].end));
  return when;
}

/* When the list of the current round came to its end, by the judge's own books: when the last that was asked for, for
 * the first time in this round, failed, was recalled, or its hedge delay passed. */
static ps_time exhausted(const struct world *w, const struct book *book)
{
  ps_time when = PS_NEVER;
  for (unsigned i = book->round_begin; i < book->count; i++)
    if (!book->entries[i].again)
      when = book->entries[i].start == PS_NEVER ? book->entries[i].end : trigger_of(w, &book->entries[i]);
  return ps_earlier(when, forbidden(book));
}

static ps_time own_limit(const struct world *w, const struct entry *e)
{
  return ps_after(e->start, w->attempt_timeout[e->endpoint]);
}

/* Whether a limit has passed that is not the attempt's own; the books know when the answer wait began only where the
 * list has come to its end, and else a time before. */
static bool may_be_cancelled(const struct world *w, const struct book *book, const struct entry *e)
{
  if (book->interrupted || (is_failing(e) && is_allowed(w, book, ps_after(e->header, PS_HEDGE_DELAY_DEFAULT))))
    return true;
  if (book->told)
    return is_allowed(
        w, book, ps_after(book->won, (int)e->number == book->winner_number ? rule(w)->body_wait : rule(w)->settle));
  return is_allowed(w, book, ps_after(book->taken_up, rule(w)->max_time)) ||
         is_allowed(w, book, ps_after(exhausted(w, book), rule(w)->answer_wait)) ||
         is_allowed(w, book, ps_after(forbidden(book), rule(w)->answer_wait));
}

static void cancel(void *context, struct ps_attempt *attempt, enum ps_ending why)
{
  struct world *w = context;
  struct book *book = book_of(w, attempt->message);
  struct entry *e = entry_of(w, attempt);
  REQUIRE(w, e->start != PS_NEVER && e->end == PS_NEVER, "only a running attempt is cancelled");
  REQUIRE(w, !e->cancelled, "an attempt is cancelled twice");
  bool timed_out = why == PS_END_TIMEOUT;
  ps_time own = own_limit(w, e);
  REQUIRE(w, timed_out ? is_allowed(w, book, own) : may_be_cancelled(w, book, e),
          "an attempt is cancelled though no limit has passed, or an answer lies unread");
  REQUIRE(w, timed_out || w->lateness || w->now <= done_by(w, own), "an attempt outlives its own time");
  e->cancelled = true;

  /* A complete answer beats the cancel; otherwise it ends within moments, and what came before it stands. */
  ps_time soon = w->now + upto(w, CANCEL_TIME);
  if (e->end_at <= soon)
    return;
  if (e->header == PS_NEVER) {
    plan_verdict(e, POOLSEND_FATE_UNKNOWN, timed_out ? POOLSEND_REASON_TIMEOUT : POOLSEND_REASON_CANCELLED, 0);
    e->header_at = PS_NEVER;
  } else if (e->plan.verdict.fate == POOLSEND_FATE_DELIVERED) {
    plan_verdict(e, POOLSEND_FATE_DELIVERED, POOLSEND_REASON_TRUNCATED, 200);
  }
  e->end_at = soon;
}

/* When the body has ended, or one hedge delay after the header. */
static void check_declared(struct world *w, const struct entry *e)
{
  ps_time grace = w->hedge_delay[e->endpoint] == PS_NEVER ? PS_HEDGE_DELAY_DEFAULT : w->hedge_delay[e->endpoint];
  ps_time limit = ps_after(e->header, grace);
  if (!e->cancelled)
    limit = ps_earlier(limit, own_limit(w, e));
  if (!w->lateness && e->header != PS_NEVER)
    REQUIRE(w, w->now <= ps_earlier(e->end, done_by(w, limit)), "a win is told late");
}

static void check_delivered(struct world *w, struct book *book, const struct poolsend_event *event)
{
  REQUIRE(w, !book->told, "two winners are told");
  REQUIRE(w, !book->settled, "a winner is told after the end");
  book->told = true;
  book->won = book->taken_up + event->t;
  book->winner_number = (int)event->attempt->number;
  size_t pending = 0;
  for (unsigned i = 0; i < book->count; i++) {
    const struct entry *e = &book->entries[i];
    if ((int)e->number == book->winner_number) {
      REQUIRE(w, e->header != PS_NEVER || e->fate == POOLSEND_FATE_DELIVERED, "the winner has not answered");
      check_declared(w, e);
    } else if (e->start != PS_NEVER && e->end == PS_NEVER) {
      REQUIRE(w, pending < event->pending_count && event->pending[pending].number == e->number, "pending is wrong");
      pending++;
    }
  }
  REQUIRE(w, pending == event->pending_count, "pending names too many");
  w->totals->delivered++;
}

static void check_attempt(struct world *w, const struct book *book, const struct poolsend_attempt *view)
{
  const struct entry *found = NULL;
  for (unsigned i = 0; i < book->count; i++)
    if (book->entries[i].number == view->number)
      found = &book->entries[i];
  REQUIRE(w, found, "an attempt is told that never started");
  REQUIRE(w, found->end != PS_NEVER, "the end is told before every attempt has its fate");
  REQUIRE(w, view->fate == found->fate, "a fate is told that is not what happened");
  REQUIRE(w, view->started == found->start - book->taken_up, "a start is told that is not what happened");
  REQUIRE(w, view->finished == found->end - book->taken_up, "an end is told that is not what happened");
}

static bool was_tried(const struct book *book, unsigned endpoint)
{
  for (unsigned i = 0; i < book->count; i++)
    if (book->entries[i].endpoint == endpoint && book->entries[i].start != PS_NEVER)
      return true;
  return false;
}

/* A message ends undelivered with somebody never tried only if it was stopped, or had no slot there in all its time. */
static void check_not_tried(struct world *w, const struct book *book, const struct poolsend_event *event)
{
  size_t count = 0;
  bool stopped = book->interrupted || w->now >= ps_after(book->taken_up, rule(w)->max_time);
  for (unsigned i = 0; i < book->count; i++)
    stopped |= book->entries[i].fatal;
  for (unsigned i = 0; i < rule(w)->endpoints; i++) {
    if (was_tried(book, i))
      continue;
    count++;
    bool passed = false;
    for (unsigned k = 0; k < book->count; k++)
      passed |= book->entries[k].endpoint == i && book->entries[k].recalled;
    REQUIRE(w, stopped || passed, "a message ends undelivered, and somebody was never tried");
  }
  REQUIRE(w, count == event->not_tried_count, "those not tried are not all named");
}

static void check_settled(struct world *w, struct book *book, const struct poolsend_event *event)
{
  REQUIRE(w, !book->settled, "the end is told twice");
  book->settled = true;
  REQUIRE(w, event->attempt_count == book->started, "an attempt is missing from the account");
  bool any_success = false;
  for (size_t i = 0; i < event->attempt_count; i++) {
    REQUIRE(w, event->attempts[i]->number == i + 1, "attempts are not numbered in starting order");
    REQUIRE(w, i == 0 || event->attempts[i - 1]->started <= event->attempts[i]->started, "starts out of order");
    check_attempt(w, book, event->attempts[i]);
    if (event->attempts[i]->fate == POOLSEND_FATE_DELIVERED) {
      any_success = true;
      w->totals->duplicates += event->attempts[i] != event->winner;
    }
    w->totals->unknown += event->attempts[i]->fate == POOLSEND_FATE_UNKNOWN;
  }
  REQUIRE(w, any_success == book->told, "a success is the verdict if and only if there was one");
  REQUIRE(w, (event->winner ? (int)event->winner->number : 0) == (book->told ? book->winner_number : 0),
          "the winner changed");
  for (unsigned i = 0; i < book->count; i++)
    REQUIRE(w, book->entries[i].withdrawn || book->entries[i].end != PS_NEVER, "an attempt is unaccounted for");
  if (!event->winner)
    check_not_tried(w, book, event);
}

static void tell(void *context, struct ps_event *event)
{
  struct world *w = context;
  struct book *book = book_of(w, event->message);
  switch (event->public.kind) {
  case POOLSEND_EVENT_NONE:
    REQUIRE(w, false, "an event is of a kind");
    break;
  case POOLSEND_EVENT_START:
  case POOLSEND_EVENT_FINISH:
    break;
  case POOLSEND_EVENT_DELIVERED:
    check_delivered(w, book, &event->public);
    break;
  case POOLSEND_EVENT_SETTLED:
    check_settled(w, book, &event->public);
    book->message = NULL;
    break;
  }
  ps_message_release(event->message);
}

/* ---- What happens to attempts */

static void feed(struct world *w, struct ps_notice *notice, enum ps_notice_kind kind, ps_time when, int status)
{
  notice->kind = kind;
  notice->when = when;
  notice->status = status;
  ps_engine_notice(&w->engine, notice);
}

/* The last check before a launch, made as a worker makes it. */
static void happen_launch(struct world *w, struct book *book, struct entry *e)
{
  struct ps_attempt *attempt = e->attempt;
  if (!ps_message_start_attempt(attempt, w->told_delay[e->endpoint], w->now)) {
    e->withdrawn = true;
    e->end = w->now;
    w->totals->withdrawn++;
    e->attempt = NULL;
    unsigned endpoint = e->endpoint;
    give(w, attempt);
    feed(w, &attempt->ended, PS_NOTICE_WITHDRAWN, w->now, 0);
    serve(w, endpoint);
    return;
  }
  REQUIRE(w, !book->interrupted, "an attempt starts after an interrupt");
  e->start = w->now;
  e->number = ++book->started;
  w->totals->attempts++;
  w->totals->probes += attempt->ticket.probe;
  if (w->starts_are_told)
    feed(w, &attempt->started, PS_NOTICE_STARTED, w->now, 0);
}

static void happen_header(struct world *w, struct book *book, struct entry *e)
{
  e->header = w->now;
  e->arrived = PS_NEVER;
  e->fatal = ps_status_has(&w->engine.settings.fatal, e->plan.status);
  if (e->plan.verdict.fate != POOLSEND_FATE_DELIVERED) {
    feed(w, &e->attempt->refused, PS_NOTICE_REFUSED, w->now, e->plan.status);
    return;
  }
  atomic_store(&book->message->closed, true);
  if (ps_message_accept_attempt(e->attempt, e->plan.status, w->now))
    feed(w, &e->attempt->accepted, PS_NOTICE_STARTED, w->now, 0);
}

static void happen_end(struct world *w, struct book *book, struct entry *e)
{
  e->end = w->now;
  e->arrived = PS_NEVER;
  REQUIRE(w, e->cancelled || w->lateness || w->now <= done_by(w, own_limit(w, e)), "an attempt outlives its own time");
  e->fate = e->plan.verdict.fate;
  e->fatal = ps_status_has(&w->engine.settings.fatal, e->plan.status);
  e->attempt->outcome = e->plan;
  if (e->fate == POOLSEND_FATE_DELIVERED)
    atomic_store(&book->message->closed, true);
  give(w, e->attempt);
  feed(w, &e->attempt->ended, PS_NOTICE_FINISHED, w->now, 0);
  serve(w, e->endpoint);
}

static ps_time next_happening(const struct world *w)
{
  ps_time next = w->interrupt;
  enum happening what;
  for (unsigned i = 0; i < w->messages; i++) {
    const struct book *book = &w->books[i];
    if (!book->taken)
      next = ps_earlier(next, w->arrival[i]);
    for (unsigned k = 0; book->message && k < book->count; k++)
      next = ps_earlier(next, next_of(&book->entries[k], &what));
  }
  return next;
}

static void take_up(struct world *w, unsigned index)
{
  struct book *book = &w->books[index];
  struct ps_message *message = ps_message_new(&w->stock, "m");
  REQUIRE(w, message && ps_engine_reserve(&w->engine) == 0, "there is memory");
  message->may_repeat = w->keyed;
  ps_engine_admit(&w->engine, message, w->now);
  *book = (struct book){.message = message, .taken_up = w->now, .won = PS_NEVER, .taken = true};
  w->totals->messages++;
}

/* All that happens at this instant, in an order that the seed chooses. */
static void happen(struct world *w)
{
  unsigned first = (unsigned)below(w, w->messages);
  for (unsigned i = 0; i < w->messages; i++) {
    unsigned index = (first + i) % w->messages;
    struct book *book = &w->books[index];
    if (!book->taken && w->arrival[index] <= w->now)
      take_up(w, index);
    unsigned turn = book->count ? (unsigned)below(w, book->count) : 0;
    for (unsigned k = 0; book->message && k < book->count; k++) {
      struct entry *e = &book->entries[(k + turn) % book->count];
      enum happening what = ENDS;
      while (next_of(e, &what) <= w->now) {
        if (what == LAUNCHES)
          happen_launch(w, book, e);
        else if (what == HEADER)
          happen_header(w, book, e);
        else
          happen_end(w, book, e);
      }
    }
  }
  if (w->interrupt <= w->now) {
    w->interrupt = PS_NEVER;
    w->totals->interrupts++;
    for (unsigned i = 0; i < w->messages; i++)
      w->books[i].interrupted |= w->books[i].message != NULL;
    ps_engine_interrupt(&w->engine, UINT64_MAX);
  }
}

static void check_permits(const struct world *w)
{
  for (unsigned i = 0; i < rule(w)->endpoints; i++) {
    const struct ps_lane *lane = &w->lanes[i];
    REQUIRE(w, lane->slots.free + w->in_slots[i] == lane->slots.total, "permits do not balance");
    REQUIRE(w, lane->probes.free + w->in_probes[i] == lane->probes.total, "probes' permits do not balance");
    REQUIRE(w, !lane->slots.free || (ps_list_empty(&lane->hedges) && ps_list_empty(&lane->fresh)),
            "an attempt waits beside a free permit");
  }
}

/* ---- One schedule */

static ps_time some_limit(struct world *w, unsigned never_percent)
{
  if (chance(w, never_percent))
    return PS_NEVER;
  return upto(w, 20) * 500 * PS_MILLISECOND;
}

/* For a moment, for as long as a hedge delay, or for minutes; the next may come while what came is being dealt with. */
static void set_stops(struct world *w)
{
  ps_time when = BEGINNING;
  w->stop_count = 1 + (unsigned)below(w, STOPS);
  for (unsigned i = 0; i < w->stop_count; i++) {
    when += upto(w, chance(w, 40) ? 300 * PS_MILLISECOND : 5 * PS_SECOND);
    w->stops[i].from = when;
    when += 1 + upto(w, chance(w, 30) ? 300 * PS_MILLISECOND : chance(w, 80) ? 5 * PS_SECOND : 300 * PS_SECOND);
    w->stops[i].until = when;
  }
}

static void set_up(struct world *w, struct ps_engine_settings *settings)
{
  unsigned endpoints = 1 + (unsigned)below(w, ENDPOINTS);
  bool failover = chance(w, 10), timeouts = chance(w, 30);
  int temper = (int)below(w, 101);
  for (unsigned i = 0; i < endpoints; i++) {
    w->hedge_delay[i] = failover ? PS_NEVER : (1 + (ps_time)below(w, 4)) * 500 * PS_MILLISECOND;
    w->manners[i] = chance(w, 50) ? temper : (int)below(w, 101);
    w->attempt_timeout[i] = timeouts ? ps_after(some_limit(w, 30), PS_MILLISECOND) : PS_NEVER;
    w->endpoints[i] = (struct ps_engine_endpoint){.name = "e",
                                                  .url = "u",
                                                  .slots = 1 + (unsigned)below(w, 3),
                                                  .hedge_delay = w->hedge_delay[i],
                                                  .attempt_timeout = w->attempt_timeout[i]};
  }
  w->breakers = chance(w, 50);
  w->budget = chance(w, 20);
  w->starts_are_told = chance(w, 50);
  *settings = (struct ps_engine_settings){
      .endpoints = w->endpoints,
      .events = POOLSEND_EVENT_START | POOLSEND_EVENT_FINISH | POOLSEND_EVENT_DELIVERED | POOLSEND_EVENT_SETTLED,
      .seed = ps_random_next(&w->random),
      .probes = w->breakers ? PS_HEALTH_PROBES : 0,
      .hedge_budget = w->budget ? (double)below(w, 11) / 10 : -1,
      .rule = {.endpoints = endpoints,
               .settle = some_limit(w, 0),
               .body_wait = some_limit(w, 0),
               .answer_wait = some_limit(w, 0),
               .max_time = some_limit(w, 60),
               .retries = chance(w, 50) ? 0 : (unsigned)below(w, 4),
               .retry_delay = chance(w, 50) ? 0 : some_limit(w, 0),
               .retry_max_time = some_limit(w, 60)},
  };
  if (chance(w, 30))
    ps_status_add(&settings->fatal, 401, 401);
  w->lateness = chance(w, 30) ? upto(w, 700 * PS_MILLISECOND) : 0;
  if (!w->lateness && chance(w, 40))
    set_stops(w);
  w->keyed = chance(w, 50);
  w->messages = 1 + (unsigned)below(w, MESSAGES);
  for (unsigned i = 0; i < w->messages; i++)
    w->arrival[i] = BEGINNING + upto(w, 10) * 250 * PS_MILLISECOND;
  w->interrupt = chance(w, 25) ? BEGINNING + upto(w, 15 * PS_SECOND) : PS_NEVER;
  /* Attempts that hang under plain failover end by max-time or an interrupt alone. */
  if (failover && settings->rule.max_time == PS_NEVER)
    settings->rule.max_time = 30 * PS_SECOND;
}

static bool over(const struct world *w)
{
  for (unsigned i = 0; i < w->messages; i++)
    if (!w->books[i].settled)
      return false;
  return true;
}

static struct world *new_world(uint64_t seed, struct world_totals *totals)
{
  struct world *w = calloc(1, sizeof *w);
  if (!w)
    abort();
  w->seed = w->random = seed;
  w->now = BEGINNING;
  w->totals = totals;
  return w;
}

static void run(struct world *w)
{
  struct ps_engine_settings settings;
  set_up(w, &settings);
  struct ps_engine_host host = {set_delay, launch, recall, promote, cancel, is_unread, tell, w};
  if (ps_engine_init(&w->engine, &settings, &host))
    abort();
  ps_stock_init(&w->stock, settings.rule.endpoints, MESSAGES);
  for (unsigned i = 0; i < settings.rule.endpoints; i++)
    if (ps_lane_init(&w->lanes[i], w->endpoints[i].slots, settings.probes))
      abort();

  ps_time deadline = PS_NEVER;
  for (unsigned steps = 0; !over(w); steps++) {
    ps_time next = ps_earlier(deadline, next_happening(w));
    REQUIRE(w, next != PS_NEVER, "a message is forgotten: nothing will ever happen");
    REQUIRE(w, steps < STEPS, "the engine goes round in circles");
    w->now = next > w->now ? next : w->now;
    if (w->past < w->stop_count && w->now >= w->stops[w->past].from)
      wake(w);
    if (deadline <= w->now && w->lateness)
      w->now += upto(w, w->lateness);
    happen(w);
    deadline = ps_engine_step(&w->engine, w->now);
    while (w->news_count) {
      unsigned count = w->news_count;
      w->news_count = 0;
      for (unsigned i = 0; i < count; i++)
        ps_engine_notice(&w->engine, w->news[i]);
      deadline = ps_engine_step(&w->engine, w->now);
    }
    check_permits(w);
    w->totals->steps++;
  }
  for (unsigned i = 0; i < settings.rule.endpoints; i++) {
    REQUIRE(w, w->in_slots[i] + w->in_probes[i] == 0, "a permit is still lent at the end");
    ps_lane_fini(&w->lanes[i]);
  }
  ps_engine_fini(&w->engine);
  ps_stock_fini(&w->stock);
  free(w);
}

void world_run(uint64_t seed, struct world_totals *totals)
{
  run(new_world(seed, totals));
}

void world_run_chosen(const uint8_t *choices, size_t size, struct world_totals *totals)
{
  struct world *w = new_world(0, totals);
  w->choices = choices;
  w->choices_left = size;
  run(w);
}
