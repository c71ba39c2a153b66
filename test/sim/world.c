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

enum happening { LAUNCHES, HEADER, ENDS };

/* The judge's book on one attempt. */
struct entry {
  struct ps_attempt *attempt;
  unsigned endpoint, number;
  ps_time asked, start, header, end; /* PS_NEVER: did not happen */
  ps_time trigger;                   /* when it started its successor, as the rule has it */
  bool withdrawn, cancelled, fatal;
  enum poolsend_fate fate;

  /* What the world has in mind for it. */
  ps_time launch_at, header_at, end_at;
  struct ps_outcome plan;
};

struct book {
  struct ps_message *message; /* NULL: not taken up, or settled */
  ps_time taken_up, won, closed_at;
  struct entry entries[ATTEMPTS]; /* in the order they were launched */
  unsigned count, started, round_begin, rounds;
  int winner_number;
  bool taken, told, settled, closed, interrupted;
};

struct world {
  uint64_t seed, random;
  ps_time now;
  ps_time lateness; /* the engine may be stepped this much after its deadline */
  struct ps_engine engine;
  struct ps_engine_endpoint endpoints[ENDPOINTS];
  ps_time hedge_delay[ENDPOINTS];
  int manners[ENDPOINTS]; /* how inclined each endpoint is to misbehave, 0 to 100 */
  struct book books[MESSAGES];
  unsigned messages;
  ps_time arrival[MESSAGES], interrupt;
  bool keyed; /* messages may be sent again though they may have arrived */
  unsigned lent[ENDPOINTS];
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
  return ps_random_below(&w->random, bound);
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
    plan_verdict(e, POOLSEND_UNREACHED, POOLSEND_CONNECT, 0);
    break;
  case 1:
    plan_verdict(e, POOLSEND_REJECTED, POOLSEND_STATUS, 500);
    break;
  case 2:
    plan_verdict(e, POOLSEND_REJECTED, POOLSEND_STATUS, 400);
    break;
  case 3:
    plan_verdict(e, POOLSEND_UNKNOWN, POOLSEND_RESET, 0);
    break;
  default:
    plan_verdict(e, POOLSEND_REJECTED, POOLSEND_STATUS, 401); /* fatal in some worlds */
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
  e->header_at = e->end_at = PS_NEVER;
  if (chance(w, (unsigned)w->manners[e->endpoint])) {
    if (chance(w, 50))
      return; /* hangs */
    plan_failure(w, e);
    e->end_at = e->launch_at + some_delay(w);
    if (e->plan.status && chance(w, 30))
      plan_body(w, e);
    return;
  }
  plan_verdict(e, POOLSEND_DELIVERED, POOLSEND_OK, 200);
  e->end_at = e->launch_at + some_delay(w);
  if (chance(w, 30))
    plan_body(w, e);
}

/* ---- The host: what the engine asks for */

/* Its header has told that it is no success, or it has ended as none. */
static bool is_failing(const struct entry *e)
{
  return (e->header != PS_NEVER || e->end != PS_NEVER) && e->plan.verdict.fate != POOLSEND_DELIVERED;
}

/* When the attempt before this one in its round starts a successor, or the round's beginning. */
static void check_trigger(struct world *w, const struct book *book, const struct entry *e)
{
  if (book->count - 1 == book->round_begin)
    return;
  const struct entry *before = e - 1;
  ps_time hedge = ps_after(before->start, w->hedge_delay[before->endpoint]);
  ps_time trigger = hedge;
  if (is_failing(before))
    trigger = ps_earlier(hedge, ps_earlier(before->header, before->end));
  REQUIRE(w, !before->withdrawn, "an attempt follows one that was withdrawn");
  REQUIRE(w, before->endpoint < e->endpoint, "endpoints are tried in order");
  REQUIRE(w, e->asked >= trigger, "the newest attempt starts the next too early");
  if (!w->lateness && e->asked != trigger)
    fail(w, "asked == trigger", "the newest attempt starts the next too late, or an older one started it");
}

static bool is_new_round(const struct book *book, unsigned endpoint)
{
  return book->count > book->round_begin && endpoint <= book->entries[book->count - 1].endpoint;
}

static bool may_try_again(const struct book *book, unsigned endpoint)
{
  for (unsigned i = book->round_begin; i < book->count; i++)
    if (book->entries[i].endpoint == endpoint)
      return ps_fate_is_transient(book->entries[i].plan.verdict, book->entries[i].plan.status);
  return false;
}

static void check_new_round(struct world *w, struct book *book, unsigned endpoint)
{
  for (unsigned i = 0; i < book->count; i++) {
    const struct entry *e = &book->entries[i];
    REQUIRE(w, e->end != PS_NEVER, "a round begins while an attempt of the last one runs");
    REQUIRE(w, w->keyed || e->fate != POOLSEND_UNKNOWN, "without a key it may arrive twice");
  }
  REQUIRE(w, may_try_again(book, endpoint), "an endpoint is tried again that did not fail transiently");
  REQUIRE(w, ++book->rounds <= rule(w)->retries, "a round more than were asked for");
  book->round_begin = book->count;
  w->totals->rounds++;
}

static void launch(void *context, struct ps_attempt *attempt)
{
  struct world *w = context;
  struct book *book = book_of(w, attempt->message);
  REQUIRE(w, !book->closed, "an attempt is launched after its message was closed");
  REQUIRE(w, !book->told, "an attempt is launched after the win");
  REQUIRE(w, book->count < ATTEMPTS, "more attempts than endpoints times rounds");
  REQUIRE(w, !book->interrupted, "an attempt is launched after an interrupt");
  for (unsigned i = 0; i < book->count; i++) {
    REQUIRE(w, book->entries[i].header == PS_NEVER || is_failing(&book->entries[i]),
            "an attempt is launched after a success header");
    REQUIRE(w, !book->entries[i].fatal, "an attempt is launched after a fatal status");
  }
  if (is_new_round(book, attempt->endpoint))
    check_new_round(w, book, attempt->endpoint);

  struct entry *e = &book->entries[book->count++];
  *e = (struct entry){.plan.response.spool = -1,
                      .attempt = attempt,
                      .endpoint = attempt->endpoint,
                      .asked = attempt->asked,
                      .start = PS_NEVER,
                      .header = PS_NEVER,
                      .end = PS_NEVER};
  check_trigger(w, book, e);
  plan_attempt(w, e);
  w->lent[attempt->endpoint]++;
  REQUIRE(w, w->lent[attempt->endpoint] <= w->endpoints[attempt->endpoint].permits, "more attempts than permits");
}

/* When the list of the current round came to its end, by the judge's own books. */
static ps_time exhausted(const struct world *w, const struct book *book)
{
  const struct entry *last = &book->entries[book->count - 1];
  ps_time when = ps_earlier(last->end, ps_after(last->start, w->hedge_delay[last->endpoint]));
  if (is_failing(last))
    when = ps_earlier(when, last->header);
  for (unsigned i = book->round_begin; i < book->count; i++)
    if (book->entries[i].fatal)
      when = ps_earlier(when, ps_earlier(book->entries[i].header, book->entries[i].end));
  return when;
}

static void cancel(void *context, struct ps_attempt *attempt)
{
  struct world *w = context;
  struct book *book = book_of(w, attempt->message);
  struct entry *e = entry_of(w, attempt);
  REQUIRE(w, e->start != PS_NEVER && e->end == PS_NEVER, "only a running attempt is cancelled");
  REQUIRE(w, !e->cancelled, "an attempt is cancelled twice");
  bool allowed = book->interrupted || w->now >= ps_after(book->taken_up, rule(w)->max_time);
  ps_time after_win = (int)e->number == book->winner_number ? rule(w)->body_wait : rule(w)->settle;
  if (book->told)
    allowed = book->interrupted || w->now >= ps_after(book->won, after_win);
  else if (!allowed)
    allowed = w->now >= ps_after(exhausted(w, book), rule(w)->answer_wait);
  allowed |= is_failing(e) && w->now >= ps_after(e->header, PS_HEDGE_DELAY_DEFAULT);
  REQUIRE(w, allowed, "an attempt is cancelled though no limit has passed");
  e->cancelled = true;

  /* A complete answer beats the cancel; otherwise it ends within moments, and what came before it stands. */
  ps_time soon = w->now + upto(w, 5 * PS_MILLISECOND);
  if (e->end_at <= soon)
    return;
  if (e->header == PS_NEVER) {
    plan_verdict(e, POOLSEND_UNKNOWN, POOLSEND_CANCELLED, 0);
    e->header_at = PS_NEVER;
  } else if (e->plan.verdict.fate == POOLSEND_DELIVERED) {
    plan_verdict(e, POOLSEND_DELIVERED, POOLSEND_TRUNCATED, 200);
  }
  e->end_at = soon;
}

static void close_message(void *context, struct ps_message *message)
{
  struct world *w = context;
  struct book *book = book_of(w, message);
  REQUIRE(w, !book->closed, "a message is closed twice");
  message->closed = true;
  book->closed = true;
}

static void won(void *context, struct ps_message *message, unsigned endpoint)
{
  struct world *w = context;
  const struct book *book = book_of(w, message);
  REQUIRE(w, !book->settled && message->winner < 0 && endpoint < rule(w)->endpoints, "one endpoint wins, once");
  message->winner = (int)endpoint;
}

static void check_delivered(struct world *w, struct book *book, const struct poolsend_event *event)
{
  REQUIRE(w, !book->told, "two winners are told");
  REQUIRE(w, !book->settled, "a winner is told after the end");
  book->told = true;
  book->won = book->taken_up + event->t;
  book->winner_number = (int)event->attempt.number;
  size_t pending = 0;
  for (unsigned i = 0; i < book->count; i++) {
    const struct entry *e = &book->entries[i];
    if ((int)e->number == book->winner_number) {
      REQUIRE(w, e->header != PS_NEVER || e->fate == POOLSEND_DELIVERED, "the winner has not answered");
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
    if (event->attempts[i]->fate == POOLSEND_DELIVERED) {
      any_success = true;
      w->totals->duplicates += (int)i != event->winner;
    }
    w->totals->unknown += event->attempts[i]->fate == POOLSEND_UNKNOWN;
  }
  REQUIRE(w, any_success == book->told, "a success is the verdict if and only if there was one");
  REQUIRE(w, event->winner == (book->told ? book->winner_number - 1 : -1), "the winner changed");
  for (unsigned i = 0; i < book->count; i++)
    REQUIRE(w, book->entries[i].withdrawn || book->entries[i].end != PS_NEVER, "an attempt is unaccounted for");
}

static void tell(void *context, struct ps_event *event)
{
  struct world *w = context;
  struct book *book = book_of(w, event->message);
  switch (event->public.kind) {
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

/* The last check before a launch, made as a worker makes it: against the message's own gate. */
static void happen_launch(struct world *w, struct book *book, struct entry *e)
{
  if (book->message->closed) {
    e->withdrawn = true;
    e->end = w->now;
    w->lent[e->endpoint]--;
    w->totals->withdrawn++;
    feed(w, &e->attempt->ended, PS_NOTICE_WITHDRAWN, w->now, 0);
    e->attempt = NULL;
    return;
  }
  e->start = w->now;
  e->number = ++book->started;
  w->totals->attempts++;
  feed(w, &e->attempt->started, PS_NOTICE_STARTED, w->now, 0);
}

static void happen_header(struct world *w, struct book *book, struct entry *e)
{
  bool success = e->plan.verdict.fate == POOLSEND_DELIVERED;
  e->header = w->now;
  e->fatal = ps_status_has(&w->engine.settings.fatal, e->plan.status);
  book->message->closed |= success;
  feed(w, &e->attempt->answered, success ? PS_NOTICE_ACCEPTED : PS_NOTICE_REFUSED, w->now, e->plan.status);
}

static void happen_end(struct world *w, struct book *book, struct entry *e)
{
  e->end = w->now;
  e->fate = e->plan.verdict.fate;
  e->fatal = ps_status_has(&w->engine.settings.fatal, e->plan.status);
  e->attempt->outcome = e->plan;
  if (e->fate == POOLSEND_DELIVERED)
    book->message->closed = true;
  w->lent[e->endpoint]--;
  feed(w, &e->attempt->ended, PS_NOTICE_FINISHED, w->now, 0);
}

/* Its next happening, and when; PS_NEVER when there is none. */
static ps_time next_of(const struct entry *e, enum happening *what)
{
  if (e->withdrawn || e->end != PS_NEVER)
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
  struct ps_message *message = ps_message_new("m", NULL, 0, w->keyed, rule(w)->endpoints);
  REQUIRE(w, message && ps_engine_reserve(&w->engine) == 0, "there is memory");
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
    ps_engine_interrupt(&w->engine);
  }
}

static void check_permits(const struct world *w)
{
  for (unsigned i = 0; i < rule(w)->endpoints; i++) {
    const struct ps_slots *slots = &w->engine.lanes[i].slots;
    REQUIRE(w, slots->free + w->lent[i] == slots->total, "permits do not balance");
    REQUIRE(w, !slots->free || ps_list_empty(&w->engine.lanes[i].waiting), "an attempt waits beside a free permit");
  }
}

/* ---- One schedule */

static ps_time some_limit(struct world *w, unsigned never_percent)
{
  if (chance(w, never_percent))
    return PS_NEVER;
  return upto(w, 20) * 500 * PS_MILLISECOND;
}

static void set_up(struct world *w, struct ps_engine_settings *settings)
{
  unsigned endpoints = 1 + (unsigned)below(w, ENDPOINTS);
  bool failover = chance(w, 10);
  int temper = (int)below(w, 101);
  for (unsigned i = 0; i < endpoints; i++) {
    w->hedge_delay[i] = failover ? PS_NEVER : (1 + (ps_time)below(w, 4)) * 500 * PS_MILLISECOND;
    w->manners[i] = chance(w, 50) ? temper : (int)below(w, 101);
    w->endpoints[i] = (struct ps_engine_endpoint){.name = "e", .url = "u", .permits = 1 + (unsigned)below(w, 3)};
  }
  *settings = (struct ps_engine_settings){
      .endpoints = w->endpoints,
      .events = POOLSEND_EVENT_START | POOLSEND_EVENT_FINISH | POOLSEND_EVENT_DELIVERED | POOLSEND_EVENT_SETTLED,
      .seed = ps_random_next(&w->random),
      .rule = {.endpoints = endpoints,
               .hedge_delay = w->hedge_delay,
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
  w->keyed = chance(w, 50);
  w->messages = 1 + (unsigned)below(w, MESSAGES);
  for (unsigned i = 0; i < w->messages; i++)
    w->arrival[i] = upto(w, 10) * 250 * PS_MILLISECOND;
  w->interrupt = chance(w, 25) ? upto(w, 15 * PS_SECOND) : PS_NEVER;
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

void world_run(uint64_t seed, struct world_totals *totals)
{
  struct world *w = calloc(1, sizeof *w);
  if (!w)
    abort();
  w->seed = w->random = seed;
  w->totals = totals;
  struct ps_engine_settings settings;
  set_up(w, &settings);
  struct ps_engine_host host = {launch, cancel, close_message, won, tell, w};
  if (ps_engine_init(&w->engine, &settings, &host))
    abort();

  ps_time deadline = PS_NEVER;
  for (unsigned steps = 0; !over(w); steps++) {
    ps_time next = ps_earlier(deadline, next_happening(w));
    REQUIRE(w, next != PS_NEVER, "a message is forgotten: nothing will ever happen");
    REQUIRE(w, steps < STEPS, "the engine goes round in circles");
    w->now = next > w->now ? next : w->now;
    if (deadline <= w->now && w->lateness)
      w->now += upto(w, w->lateness);
    happen(w);
    deadline = ps_engine_step(&w->engine, w->now);
    check_permits(w);
    totals->steps++;
  }
  for (unsigned i = 0; i < settings.rule.endpoints; i++)
    REQUIRE(w, w->lent[i] == 0, "a permit is still lent at the end");
  ps_engine_fini(&w->engine);
  free(w);
}
