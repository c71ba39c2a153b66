/* The books of the judge are kept from what happens in the world: who asked for what and when, who has which permit,
 * what came of it. The engine is asked for three things only: how much room there is, how many probes come on top, and
 * which of the success headers that nobody has told it of it has found, since its percentiles are made of those.
 *
 * Everything random in an attempt is a function of the seed, its message and its endpoint, so that the same message
 * takes the same time at the same endpoint in a world in which others are missing. */
#include "stream.h"

#include "base/random.h"
#include "engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENDPOINTS   5
#define SLOTS       16
#define WINDOWS     8
#define BEGINNING   PS_SECOND /* of time */
#define ROUNDS      100
#define BODY_WAIT   PS_SECOND
#define BODY_TIME   (3 * PS_SECOND) /* of an attempt's slot, after its header, at most */
#define END         (1000000 * PS_SECOND)
#define CANCEL_TIME (5 * PS_MILLISECOND) /* until a cancelled attempt has ended */
#define LAUNCH_TIME (2 * PS_MILLISECOND) /* until one that has a permit starts */

/* The contract's numbers, once more: a judge does not ask whom he judges. */
#define MISSES       5
#define PROBES       8
#define COOLDOWN     PS_SECOND
#define COOLDOWN_MAX (60 * PS_SECOND)
#define HOLD         10 /* hedge delays */
#define RECENT       100
#define ENOUGH       100
#define WINDOW       2048
#define LEAST_DELAY  (10 * PS_MILLISECOND)
#define MOST_DELAY   PS_SECOND
#define SLACK        0.005 /* seconds */

enum theme { HOLES, RECOVERY, OUTAGE, CHAOS };
enum manner { HEALTHY, HUNG, REFUSING, BUSY, SLOW };
enum what { LAUNCHES, HEADER, ENDS, GETS_LATE, ARRIVES, RECOVERS, HAS_RECOVERED, DRAINS, INTERRUPTS };

struct entry;

struct happening {
  struct ps_heap_node node;
  enum what what;
  struct entry *entry; /* where it is about one */
  unsigned endpoint;   /* likewise */
};

/* The judge's book on one attempt. */
struct entry {
  struct ps_list link; /* among its message's, in the order they were asked for */
  struct happening next, late;
  struct book *book;
  struct ps_attempt *attempt; /* NULL: withdrawn */
  unsigned endpoint, number;
  ps_time asked, start, header, end; /* PS_NEVER: did not happen; header: a success, before its end */
  ps_time body;                      /* how long it lasts after the header; PS_NEVER: until it is cancelled */
  struct ps_list silent;             /* among those of whose header nobody has told the engine, nor has it found it */
  ps_time least_delay, most_delay;   /* its hedge delay is in between, by the judge's count */
  bool first;                        /* nothing of its message was asked for before */
  bool hedge;                        /* the one before it was silent */
  bool held;                         /* and had been for ten hedge delays */
  bool waiting;                      /* in the lane */
  bool probe;                        /* it has a probe's permit, or is to have one, */
  ps_time permitted;                 /* since then */
  bool past;                         /* its hedge delay */
  bool noted;                        /* its success, in the books on its endpoint */
  bool cancelled;

  struct ps_verdict verdict; /* what the world has in mind for it */
  int status;
  ps_time retry_after;
};

struct book {
  struct ps_list link, due;   /* among those pending; among those that must ask for another at this instant, or soon */
  struct ps_message *message; /* NULL: not taken up, or settled */
  struct ps_list entries;
  struct entry *newest; /* that started */
  const struct entry *winner;
  unsigned paid; /* how many had started when the budget was asked last */
  ps_time taken_up, won;
  ps_time last_asked, last_fresh, last_withdrawn; /* fresh: to an endpoint that was not asked before */
  unsigned starts, asked, tried;                  /* the last two: bits of endpoints */
  bool told, settled, interrupted;
};

struct window {
  enum manner manner;
  ps_time from, until;
};

/* An endpoint, and the judge's book on it. */
struct site {
  unsigned id; /* its place in the list, if none were missing */
  ps_time delay, least, most;
  struct window windows[WINDOWS];
  unsigned window_count;

  struct ps_lane lane;
  ps_time told_delay;                    /* by the engine: the hedge delay of attempts that start now */
  struct entry *holders[SLOTS + PROBES]; /* who has which permit */
  unsigned in_slots, in_probes, hedges_waiting, fresh_waiting, late_in_slots;
  unsigned misses;          /* in a row */
  ps_time opened;           /* the breaker, by the judge's count, or PS_NEVER */
  ps_time cooldown, retest; /* before the next probe; when it may go */
  ps_time recovered;        /* PS_NEVER: not yet */
  struct happening recovers;
  unsigned uses; /* successes that started after that */

  ps_time *answers, *sorted, *percentiles; /* in order; the last 2048, sorted; after so many answers */
  unsigned answer_count, answers_known;    /* known: to the engine when it was stepped last */
};

struct world {
  uint64_t seed, random;
  enum theme theme;
  ps_time now, deadline;
  struct ps_stock stock;
  struct ps_engine engine;
  struct ps_engine_endpoint endpoints[ENDPOINTS];
  struct site sites[ENDPOINTS];
  unsigned count; /* endpoints */
  bool breakers, starts_are_told;
  bool headers; /* come before the end */
  bool steady;  /* an endpoint is well all the time, and messages have the time to wait for it */
  unsigned permille;
  double budget, rate;

  struct ps_heap heap;
  struct happening arrives, drains, interrupts;
  struct ps_list launches, due, pending, spare; /* spare: entries */
  struct ps_list silent;                        /* entries */
  struct ps_notice *news[1024];                 /* to be fed after the step in which they came up */
  unsigned news_count;
  bool fed;

  struct book *books;
  unsigned messages, arrived, admitted, settled; /* messages: all there will be */
  unsigned max_pending, room;
  unsigned ahead, ahead_most; /* messages that may wait for a slot; more of them after many starts, or 0 */
  ps_time gap;                /* between arrivals; 0: they are all there */
  bool drained, stops, drain_at_end, goes_on;
  ps_time interrupt_after; /* a drain */
  ps_time interrupted;
  double purse,
      spent; /* the budget's, in hedges; the most that was spent on time since any moment, less what was earned */
  struct ps_list held; /* books whose next hedge waits for it */
  double pace;         /* the least of: admitted before, less what the rate would have let in by then */
  ps_time last_delivered;
  struct stream_totals *totals;
};

#define REQUIRE(world, condition, ...)                                                                                 \
  do {                                                                                                                 \
    if (!(condition))                                                                                                  \
      fail(world, #condition, __VA_ARGS__);                                                                            \
  } while (0)

__attribute__((noreturn)) static void fail(const struct world *w, const char *condition, const char *words)
{
  fprintf(stderr, "stream, seed %llu at %.6f s: %s\n  does not hold: %s\n", (unsigned long long)w->seed,
          (double)w->now / 1e9, words, condition);
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

static ps_time between(struct world *w, ps_time least, ps_time most)
{
  return least + (ps_time)below(w, (uint64_t)(most - least) + 1);
}

static ps_time later(ps_time a, ps_time b)
{
  return a > b ? a : b;
}

static const struct ps_delivery_rule *rule(const struct world *w)
{
  return &w->engine.settings.rule;
}

static unsigned pending(const struct world *w)
{
  return w->admitted - w->settled;
}

static void arrange(struct world *w, struct happening *happening, ps_time when)
{
  if (ps_heap_reserve(&w->heap, w->heap.count + 1))
    abort();
  ps_heap_set(&w->heap, &happening->node, when);
}

static struct site *site_of(struct world *w, const struct entry *e)
{
  return &w->sites[e->endpoint];
}

/* ---- What the world has in mind for an attempt */

static enum manner manner_at(const struct site *site, ps_time when)
{
  for (unsigned i = 0; i < site->window_count; i++)
    if (site->windows[i].from <= when && when < site->windows[i].until)
      return site->windows[i].manner;
  return HEALTHY;
}

static bool is_hung_for_ever(const struct site *site)
{
  const struct window *first = &site->windows[0];
  return site->window_count && first->manner == HUNG && first->from == 0 && first->until == PS_NEVER;
}

static uint64_t dice_of(const struct world *w, const struct entry *e)
{
  uint64_t dice = w->seed + ((uint64_t)(e->book - w->books) * ENDPOINTS + w->sites[e->endpoint].id) * 0x10001;
  return ps_random_next(&dice);
}

static void plan(struct entry *e, enum poolsend_fate fate, enum poolsend_reason reason, int status)
{
  e->verdict = (struct ps_verdict){fate, reason};
  e->status = status;
}

/* How long its body lasts, which may be longer than anybody waits for it. */
static ps_time plan_body(const struct world *w, const struct entry *e)
{
  uint64_t dice = dice_of(w, e) ^ 0x5bd1e995;
  if (!w->headers || ps_random_below(&dice, 3))
    return 0;
  if (ps_random_below(&dice, 10) == 0)
    return PS_NEVER;
  return 1 + (ps_time)ps_random_below(&dice, ps_random_below(&dice, 2) ? 50 * PS_MILLISECOND : 2 * PS_SECOND);
}

/* How it will end, told as it starts; and after how long. */
static ps_time plan_answer(const struct world *w, struct entry *e)
{
  const struct site *site = &w->sites[e->endpoint];
  uint64_t dice = dice_of(w, e);
  switch (manner_at(site, w->now)) {
  case HUNG:
    return PS_NEVER;
  case REFUSING:
    plan(e, POOLSEND_FATE_UNREACHED, POOLSEND_REASON_CONNECT, 0);
    return (ps_time)ps_random_below(&dice, 2 * PS_MILLISECOND);
  case BUSY:
    plan(e, POOLSEND_FATE_REJECTED, POOLSEND_REASON_STATUS, 503);
    e->retry_after = (ps_time)ps_random_below(&dice, 4) * PS_SECOND;
    return (ps_time)ps_random_below(&dice, 20 * PS_MILLISECOND);
  case SLOW:
    plan(e, POOLSEND_FATE_DELIVERED, POOLSEND_REASON_OK, 200);
    return site->delay + 1 + (ps_time)ps_random_below(&dice, (uint64_t)(3 * site->delay));
  default:
    plan(e, POOLSEND_FATE_DELIVERED, POOLSEND_REASON_OK, 200);
    return site->least + (ps_time)ps_random_below(&dice, (uint64_t)(site->most - site->least) + 1);
  }
}

static ps_time plan_launch(const struct world *w, const struct entry *e)
{
  uint64_t dice = ~dice_of(w, e);
  return ps_random_below(&dice, 4) ? 0 : (ps_time)ps_random_below(&dice, LAUNCH_TIME);
}

/* ---- The judge on breakers */

static void open_breaker(struct world *w, struct site *site)
{
  site->opened = w->now;
  site->cooldown = COOLDOWN;
  site->retest = w->now + site->cooldown;
}

static void note_miss(struct world *w, const struct entry *e)
{
  struct site *site = site_of(w, e);
  site->misses++;
  if (site->opened != PS_NEVER && e->probe) {
    site->cooldown = ps_earlier(2 * site->cooldown, COOLDOWN_MAX);
    site->retest = later(site->retest, w->now + site->cooldown);
  } else if (site->opened == PS_NEVER && site->misses >= MISSES) {
    open_breaker(w, site);
  }
}

static void note_failure(struct world *w, const struct entry *e)
{
  struct site *site = site_of(w, e);
  if (!e->past && e->verdict.reason != POOLSEND_REASON_CANCELLED)
    note_miss(w, e);
  if (e->retry_after && site->opened == PS_NEVER)
    open_breaker(w, site);
  if (e->retry_after)
    site->retest = later(site->retest, w->now + e->retry_after);
}

/* Those that see whether the endpoint is well again: started since it was found not to be, not past their delay. */
static unsigned fresh_probes(const struct world *w, unsigned endpoint)
{
  const struct site *site = &w->sites[endpoint];
  unsigned slots = w->endpoints[endpoint].slots, count = 0;
  for (unsigned i = slots; i < slots + PROBES; i++) {
    const struct entry *e = site->holders[i];
    count += e && e->start != PS_NEVER && !e->past && e->start >= site->opened;
  }
  return count;
}

/* Whether somebody was sent to see, since the breaker is open. Those who were given a probe's permit before, because all
 * slots hung, have not been. */
static bool is_seen_to(const struct world *w, unsigned endpoint)
{
  const struct site *site = &w->sites[endpoint];
  unsigned slots = w->endpoints[endpoint].slots, count = 0;
  for (unsigned i = slots; i < slots + PROBES; i++) {
    const struct entry *e = site->holders[i];
    count += e && e->start != PS_NEVER && !e->past && !e->noted && e->permitted >= site->opened;
  }
  return site->opened != PS_NEVER && count > 0;
}

static bool is_probing(const struct world *w, unsigned endpoint)
{
  return w->sites[endpoint].opened != PS_NEVER && fresh_probes(w, endpoint) > 0;
}

/* What began before the breaker opened tells nothing of what came since; and who asked for time is given it. */
static void count_success(struct world *w, const struct entry *e, ps_time when)
{
  struct site *site = site_of(w, e);
  site->uses += e->start >= site->recovered;
  if (e->past)
    return;
  site->misses = 0;
  if (site->opened <= e->start && (site->retest <= when || e->probe || is_probing(w, e->endpoint)))
    site->opened = PS_NEVER;
}

/* ---- The judge on percentiles */

/* Where `span` stands, or would be put, among the first `count` sorted. */
static unsigned place_of(const ps_time *sorted, unsigned count, ps_time span)
{
  unsigned low = 0, high = count;
  while (low < high) {
    unsigned middle = (low + high) / 2;
    if (sorted[middle] < span)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static ps_time percentile_of(const struct world *w, const ps_time *sorted, unsigned count)
{
  if (count < ENOUGH)
    return MOST_DELAY;
  ps_time found = sorted[(count * w->permille + 999) / 1000 - 1];
  return ps_earlier(later(found, LEAST_DELAY), MOST_DELAY);
}

static void record_answer(struct world *w, struct site *site, ps_time took)
{
  unsigned kept = site->answer_count < WINDOW ? site->answer_count : WINDOW;
  if (kept == WINDOW) {
    unsigned place = place_of(site->sorted, kept, site->answers[site->answer_count - kept]);
    memmove(&site->sorted[place], &site->sorted[place + 1], (--kept - place) * sizeof *site->sorted);
  }
  unsigned place = place_of(site->sorted, kept, took);
  memmove(&site->sorted[place + 1], &site->sorted[place], (kept - place) * sizeof *site->sorted);
  site->sorted[place] = took;
  site->answers[site->answer_count++] = took;
  site->percentiles[site->answer_count] = percentile_of(w, site->sorted, kept + 1);
}

/* The engine knows of a success from now on. */
static void note_success(struct world *w, struct entry *e)
{
  ps_time when = ps_earlier(e->header, e->end);
  if (e->noted)
    return;
  e->noted = true;
  count_success(w, e, when);
  if (w->permille)
    record_answer(w, site_of(w, e), when - e->start);
}

/* By rule it is that of the endpoint at the start: the percentile of all that the engine knew of. */
static void find_delay(struct world *w, struct entry *e)
{
  const struct site *site = site_of(w, e);
  e->least_delay = e->most_delay = site->delay;
  if (!w->permille)
    return;
  ps_time percentile = site->percentiles[site->answers_known];
  e->least_delay = later(percentile - percentile / 20, LEAST_DELAY);
  e->most_delay = ps_earlier(percentile + percentile / 20, MOST_DELAY);
  REQUIRE(w, site->told_delay >= e->least_delay && site->told_delay <= e->most_delay,
          "a hedge delay is not the percentile asked for");
  w->totals->percentiles++;
}

/* A success within the hedge delay need not be told; but it is found when that has passed. */
static void check_silent(struct world *w)
{
  ps_list_each(link, &w->silent) {
    struct entry *e = PS_CONTAINER(link, struct entry, silent);
    REQUIRE(w, w->now <= e->start + e->most_delay, "a success header is not found when the hedge delay has passed");
    if (!e->attempt->health.answered)
      continue;
    note_success(w, e);
    ps_list_remove(link);
  }
}

/* ---- The judge on what the engine asks for */

static ps_time hold_of(const struct entry *e)
{
  return e->start + HOLD * e->most_delay;
}

static void check_turn(struct world *w, const struct book *book, const struct entry *e)
{
  const struct entry *newest = book->newest;
  if (w->now == book->last_withdrawn)
    return;
  if (!newest) {
    REQUIRE(w, e->first && w->now == book->taken_up, "a message is not tried at once");
    return;
  }
  REQUIRE(w, w->now >= ps_earlier(newest->end, newest->start + newest->least_delay),
          "the newest attempt starts the next too early");
  if (w->now <= ps_earlier(newest->end, newest->start + newest->most_delay))
    return;
  REQUIRE(w, w->budget >= 0, "the newest attempt starts the next too late");
  REQUIRE(w, w->now == newest->end || w->now <= hold_of(newest), "a hedge is held for more than ten hedge delays");
}

/* What so many messages earn is there from the beginning: a whole hedge at least, where any are wanted. */
static double most_saved(const struct world *w)
{
  double earned = w->budget * RECENT;
  return earned > 0 && earned < 1 ? 1 : earned;
}

static void earn(struct world *w)
{
  w->purse = w->purse + w->budget < most_saved(w) ? w->purse + w->budget : most_saved(w);
  w->spent = w->spent > w->budget ? w->spent - w->budget : 0;
}

/* In no stretch of time are more hedges made on time than it earns, and what was saved. Silence leads to one. */
static void check_budget(struct world *w, struct book *book, const struct entry *e)
{
  if (w->budget < 0 || !e->hedge || book->paid == book->starts)
    return;
  book->paid = book->starts;
  w->purse = w->purse - 1 > -most_saved(w) ? w->purse - 1 : -most_saved(w);
  if (e->held)
    return;
  w->spent++;
  REQUIRE(w, w->spent <= most_saved(w) + 1e-3, "more hedges are made on time than the budget allows");
}

/* All that are left to be asked are to be avoided, or may be: where all slots hang only probes have permits. */
static bool is_last_resort(const struct world *w, const struct book *book)
{
  for (unsigned i = 0; i < w->count; i++) {
    const struct site *site = &w->sites[i];
    bool hangs = site->late_in_slots == w->endpoints[i].slots;
    if (!(book->asked & 1U << i) && site->opened == PS_NEVER && !hangs)
      return false;
  }
  return true;
}

/* What a probe tells helps nobody who comes later. */
static bool is_idle_probe(const struct world *w, const struct book *book, const struct entry *e)
{
  return e->probe && w->drained && !w->permille && w->sites[e->endpoint].opened != PS_NEVER && !is_last_resort(w, book);
}

static void check_ask(struct world *w, const struct book *book, const struct entry *e)
{
  unsigned bit = 1U << e->endpoint;
  REQUIRE(w, !book->told && !book->interrupted, "an attempt is asked for after the end");
  REQUIRE(w, !(book->tried & bit), "an endpoint is tried twice");
  REQUIRE(w, e->attempt->after == book->starts, "it is to be the next start, whatever comes in between");
  REQUIRE(w, !e->probe || w->breakers, "without breakers there are no probes");
  REQUIRE(w, !is_idle_probe(w, book, e), "an endpoint is probed after the drain");
  REQUIRE(w, w->now < ps_after(book->taken_up, rule(w)->max_time), "an attempt is asked for after max-time");
  check_turn(w, book, e);
}

static struct entry *new_entry(struct world *w)
{
  struct ps_list *link = ps_list_pop(&w->spare);
  struct entry *e = link ? PS_CONTAINER(link, struct entry, link) : malloc(sizeof *e);
  if (!e)
    abort();
  *e = (struct entry){.asked = w->now, .start = PS_NEVER, .header = PS_NEVER, .end = PS_NEVER};
  e->next = (struct happening){.entry = e};
  e->late = (struct happening){.entry = e, .what = GETS_LATE};
  ps_list_init(&e->link);
  ps_list_init(&e->silent);
  return e;
}

static void set_delay(void *context, unsigned endpoint, ps_time delay)
{
  struct world *w = context;
  w->sites[endpoint].told_delay = delay;
}

static void launch(void *context, struct ps_attempt *attempt)
{
  struct world *w = context;
  struct book *book = &w->books[attempt->message->line];
  struct entry *e = new_entry(w), *newest = book->newest;
  e->book = book;
  e->attempt = attempt;
  e->endpoint = attempt->endpoint;
  e->probe = attempt->ticket.probe;
  e->permitted = w->now;
  e->first = book->asked == 0;
  e->hedge = newest && newest->end == PS_NEVER;
  e->held = e->hedge && w->now >= newest->start + HOLD * newest->least_delay;
  attempt->slot = e;
  check_ask(w, book, e);
  check_budget(w, book, e);
  ps_list_append(&book->entries, &e->link);
  if (!(book->asked & 1U << e->endpoint))
    book->last_fresh = w->now;
  book->last_asked = w->now;
  book->asked |= 1U << e->endpoint;
  ps_list_append(&w->launches, &attempt->job.link);
}

static void check_permit(struct world *w, const struct entry *e, int permit)
{
  const struct site *site = site_of(w, e);
  unsigned slots = w->endpoints[e->endpoint].slots;
  REQUIRE(w, permit >= 0 && permit < (int)(slots + PROBES), "there is such a permit");
  REQUIRE(w, e->probe == (permit >= (int)slots), "probes have permits of their own");
  REQUIRE(w, !site->holders[permit], "a permit is lent twice");
  REQUIRE(w, e->probe || !e->first || site->hedges_waiting == 0, "a new message goes before a hedge");
}

static void stop_waiting(struct world *w, struct entry *e)
{
  struct site *site = site_of(w, e);
  if (e->waiting && !e->probe)
    (*(e->first ? &site->fresh_waiting : &site->hedges_waiting))--;
  e->waiting = false;
}

/* Those that have a permit now are on their way. */
static void serve(struct world *w, unsigned endpoint)
{
  struct site *site = &w->sites[endpoint];
  for (struct ps_ticket *ticket; (ticket = ps_lane_next(&site->lane));) {
    struct entry *e = PS_CONTAINER(ticket, struct ps_attempt, ticket)->slot;
    stop_waiting(w, e);
    check_permit(w, e, ticket->permit);
    site->holders[ticket->permit] = e;
    (*(e->probe ? &site->in_probes : &site->in_slots))++;
    REQUIRE(w, site->in_slots <= w->endpoints[endpoint].slots, "an endpoint has more attempts than slots");
    REQUIRE(w, site->in_probes <= PROBES, "an endpoint has more probes than permits for them");
    e->next.what = LAUNCHES;
    arrange(w, &e->next, w->now + plan_launch(w, e));
  }
}

static void give(struct world *w, struct entry *e)
{
  struct site *site = site_of(w, e);
  struct ps_ticket *ticket = &e->attempt->ticket;
  site->holders[ticket->permit] = NULL;
  (*(e->probe ? &site->in_probes : &site->in_slots))--;
  ps_lane_give(&site->lane, ticket);
}

/* Those asked for in a step go to their lanes together. */
static void flush(struct world *w)
{
  if (ps_list_empty(&w->launches))
    return;
  for (struct ps_list *link; (link = ps_list_pop(&w->launches));) {
    struct ps_attempt *attempt = PS_CONTAINER(link, struct ps_attempt, job.link);
    struct entry *e = attempt->slot;
    e->waiting = true;
    if (!e->probe)
      (*(e->first ? &site_of(w, e)->fresh_waiting : &site_of(w, e)->hedges_waiting))++;
    ps_lane_enter(&site_of(w, e)->lane, &attempt->ticket);
  }
  for (unsigned i = 0; i < w->count; i++)
    serve(w, i);
}

static void post(struct world *w, struct ps_notice *notice, enum ps_notice_kind kind)
{
  notice->kind = kind;
  notice->when = w->now;
  REQUIRE(w, w->news_count < sizeof w->news / sizeof *w->news, "more news than anybody could have");
  w->news[w->news_count++] = notice;
}

static void recall(void *context, struct ps_attempt *attempt)
{
  struct world *w = context;
  struct entry *e = attempt->slot;
  flush(w);
  attempt->recalled = true;
  if (ps_lane_leave(&site_of(w, e)->lane, &attempt->ticket)) {
    stop_waiting(w, e);
    e->attempt = NULL;
    e->book->last_withdrawn = w->now;
    post(w, &attempt->ended, PS_NOTICE_WITHDRAWN);
  } else if (e->start != PS_NEVER) {
    post(w, &attempt->started, PS_NOTICE_STARTED);
  }
}

/* Who waits for a slot is given a probe's permit. */
static bool promote(void *context, struct ps_attempt *attempt)
{
  struct world *w = context;
  struct entry *e = attempt->slot;
  REQUIRE(w, w->breakers, "without breakers there are no probes");
  flush(w);
  if (!ps_lane_leave(&site_of(w, e)->lane, &attempt->ticket))
    return false;
  stop_waiting(w, e);
  e->probe = attempt->ticket.probe = true;
  e->permitted = w->now;
  ps_list_append(&w->launches, &attempt->job.link);
  return true;
}

static bool is_out_of_time(const struct world *w, const struct book *book)
{
  return w->now >= ps_after(book->taken_up, rule(w)->max_time);
}

/* Every endpoint has been asked for, and the answer wait has passed since. */
static bool is_exhausted(const struct world *w, const struct book *book)
{
  return book->asked == (1U << w->count) - 1 && w->now >= ps_after(book->last_fresh, rule(w)->answer_wait);
}

static bool is_unread(void *context, struct ps_attempt *attempt)
{
  (void)context;
  (void)attempt;
  return false;
}

static void cancel(void *context, struct ps_attempt *attempt, enum ps_ending why)
{
  struct world *w = context;
  struct entry *e = attempt->slot;
  const struct book *book = e->book;
  REQUIRE(w, e->start != PS_NEVER && e->end == PS_NEVER && !e->cancelled, "only what runs is cancelled, and once");
  ps_time after_win = book->winner == e ? rule(w)->body_wait : rule(w)->settle;
  bool allowed =
      book->told ? w->now >= ps_after(book->won, after_win) : is_out_of_time(w, book) || is_exhausted(w, book);
  REQUIRE(w, allowed || book->interrupted, "an attempt is cancelled though no limit has passed");
  REQUIRE(w, why == PS_END_CANCELLED, "an attempt is ended at a limit that it does not have");
  e->cancelled = true;
  ps_time soon = w->now + (ps_time)(dice_of(w, e) % CANCEL_TIME);
  if (e->next.node.place && e->next.node.key <= soon)
    return;
  if (e->header == PS_NEVER)
    plan(e, POOLSEND_FATE_UNKNOWN, POOLSEND_REASON_CANCELLED, 0);
  else
    plan(e, POOLSEND_FATE_DELIVERED, POOLSEND_REASON_TRUNCATED, 200);
  e->retry_after = 0;
  e->next.what = ENDS;
  arrange(w, &e->next, soon);
}

/* ---- The judge on what the engine tells */

static void check_account(struct world *w, const struct book *book, const struct poolsend_event *event)
{
  REQUIRE(w, event->attempt_count == book->starts, "an attempt is missing from the account");
  ps_list_each(link, &book->entries) {
    const struct entry *e = PS_CONTAINER(link, struct entry, link);
    if (!e->number)
      continue;
    const struct poolsend_attempt *view = event->attempts[e->number - 1];
    REQUIRE(w, e->end != PS_NEVER, "the end is told before every attempt has its fate");
    REQUIRE(w, view->number == e->number && view->endpoint == e->endpoint, "attempts are mixed up");
    REQUIRE(w, view->fate == e->verdict.fate && view->reason == e->verdict.reason, "a fate is not what happened");
    REQUIRE(w, view->started == e->start - book->taken_up, "a start is told that is not what happened");
    REQUIRE(w, view->finished == e->end - book->taken_up, "an end is told that is not what happened");
    w->totals->unknown += view->fate == POOLSEND_FATE_UNKNOWN;
  }
}

static void check_undelivered(struct world *w, const struct book *book, const struct poolsend_event *event)
{
  bool stopped = book->interrupted || is_out_of_time(w, book);
  REQUIRE(w, stopped || !w->steady, "a message is undelivered, and an endpoint was well all the time");
  size_t count = 0;
  for (unsigned i = 0; i < w->count; i++) {
    if (book->tried & 1U << i)
      continue;
    REQUIRE(w, count < event->not_tried_count && event->not_tried[count] == w->endpoints[i].name,
            "those not tried are not named");
    REQUIRE(w, stopped || is_exhausted(w, book), "a message ends undelivered, and somebody was never tried");
    count++;
  }
  REQUIRE(w, count == event->not_tried_count, "one is named as not tried that was");
  w->totals->undelivered++;
  w->totals->never_tried += count;
}

static void forget(struct world *w, struct book *book)
{
  for (struct ps_list *link; (link = ps_list_pop(&book->entries));) {
    struct entry *e = PS_CONTAINER(link, struct entry, link);
    REQUIRE(w, !e->next.node.place && !e->late.node.place && !e->waiting, "an attempt is unaccounted for");
    ps_list_append(&w->spare, &e->link);
  }
  ps_list_remove(&book->link);
  ps_list_remove(&book->due);
  book->message = NULL;
  book->newest = NULL;
  w->settled++;
}

static void check_settled(struct world *w, struct book *book, const struct poolsend_event *event)
{
  REQUIRE(w, !book->settled, "the end is told twice");
  book->settled = true;
  REQUIRE(w, !book->interrupted || w->now <= w->interrupted + CANCEL_TIME + LAUNCH_TIME,
          "an interrupted message does not come to its end");
  check_account(w, book, event);
  REQUIRE(w, (event->winner != NULL) == book->told, "the verdict is not what was told");
  if (!book->told)
    check_undelivered(w, book, event);
  forget(w, book);
}

static void check_delivered(struct world *w, struct book *book, const struct poolsend_event *event)
{
  REQUIRE(w, !book->told && !book->settled, "two ends are told");
  book->told = true;
  book->won = book->taken_up + event->t;
  ps_list_each(link, &book->entries) {
    const struct entry *e = PS_CONTAINER(link, struct entry, link);
    if (e->number == event->attempt->number)
      book->winner = e;
  }
  const struct entry *winner = book->winner;
  REQUIRE(w, winner && ps_earlier(winner->header, winner->end) <= w->now, "the winner has not answered");
  REQUIRE(w, w->now <= ps_earlier(winner->end, ps_after(winner->header, winner->most_delay)), "a win is told late");
  w->last_delivered = later(w->last_delivered, book->won);
  w->totals->delivered++;
}

static void tell(void *context, struct ps_event *event)
{
  struct world *w = context;
  struct book *book = &w->books[event->message->line];
  if (event->public.kind == POOLSEND_EVENT_DELIVERED)
    check_delivered(w, book, &event->public);
  else
    check_settled(w, book, &event->public);
  ps_message_release(event->message);
}

/* ---- What happens to attempts */

static void feed(struct world *w, struct ps_notice *notice, enum ps_notice_kind kind)
{
  notice->kind = kind;
  notice->when = w->now;
  ps_engine_notice(&w->engine, notice);
  w->fed = true;
}

static void withdraw(struct world *w, struct entry *e)
{
  struct ps_attempt *attempt = e->attempt;
  give(w, e);
  e->attempt = NULL;
  e->book->last_withdrawn = w->now;
  feed(w, &attempt->ended, PS_NOTICE_WITHDRAWN);
  serve(w, e->endpoint);
}

static void start(struct world *w, struct entry *e)
{
  struct book *book = e->book;
  struct site *site = site_of(w, e);
  REQUIRE(w, !book->interrupted, "an attempt starts after an interrupt");
  REQUIRE(w, !e->probe || w->permille || e->permitted < site->opened || !is_seen_to(w, e->endpoint),
          "two probe an endpoint that does not answer");
  e->start = w->now;
  e->number = ++book->starts;
  find_delay(w, e);
  book->newest = e;
  book->tried |= 1U << e->endpoint;
  w->totals->hedges += e->hedge;
  w->totals->attempts++;
  w->totals->probes += e->probe;
  ps_time took = plan_answer(w, e);
  e->body = e->verdict.fate == POOLSEND_FATE_DELIVERED && took != PS_NEVER ? plan_body(w, e) : 0;
  e->next.what = e->body ? HEADER : ENDS;
  arrange(w, &e->next, ps_after(w->now, took));
  if (!w->permille)
    arrange(w, &e->late, w->now + site->delay);
}

/* The last check before a launch, made as a worker makes it. */
static void happen_launch(struct world *w, struct entry *e)
{
  struct ps_attempt *attempt = e->attempt;
  if (!ps_message_start_attempt(attempt, site_of(w, e)->told_delay, w->now)) {
    withdraw(w, e);
    return;
  }
  start(w, e);
  if (w->starts_are_told)
    feed(w, &attempt->started, PS_NOTICE_STARTED);
}

static void happen_header(struct world *w, struct entry *e)
{
  e->header = w->now;
  e->next.what = ENDS;
  arrange(w, &e->next, e->cancelled ? w->now : ps_after(w->now, e->body));
  atomic_store(&e->book->message->closed, true);
  w->totals->headers++;
  if (ps_message_accept_attempt(e->attempt, e->status, w->now)) {
    feed(w, &e->attempt->accepted, PS_NOTICE_STARTED);
    note_success(w, e);
  } else {
    ps_list_append(&w->silent, &e->silent);
  }
}

static void happen_end(struct world *w, struct entry *e)
{
  struct ps_attempt *attempt = e->attempt;
  e->end = w->now;
  ps_heap_remove(&w->heap, &e->late.node);
  attempt->outcome.verdict = e->verdict;
  attempt->outcome.status = e->status;
  attempt->outcome.retry_after = e->retry_after;
  if (e->verdict.fate == POOLSEND_FATE_DELIVERED)
    atomic_store(&e->book->message->closed, true);
  site_of(w, e)->late_in_slots -= e->past && !e->probe;
  give(w, e);
  feed(w, &attempt->ended, PS_NOTICE_FINISHED);
  ps_list_remove(&e->silent);
  if (e->verdict.fate == POOLSEND_FATE_DELIVERED)
    note_success(w, e);
  else
    note_failure(w, e);
  serve(w, e->endpoint);
}

static bool is_open(const struct book *book)
{
  return book->message && !book->told && !book->interrupted && !atomic_load(&book->message->closed);
}

/* Its hedge delay has passed. If its header came before, that is found now, and only its body does not end. */
static void happen_late(struct world *w, struct entry *e)
{
  struct site *site = site_of(w, e);
  if (e->header != PS_NEVER)
    note_success(w, e);
  e->past = true;
  site->late_in_slots += !e->probe;
  if (e->header == PS_NEVER)
    note_miss(w, e);
  if (site->opened == PS_NEVER && !e->probe && site->late_in_slots == w->endpoints[e->endpoint].slots)
    open_breaker(w, site);
  if (e == e->book->newest && is_open(e->book))
    ps_list_append(&w->due, &e->book->due);
}

/* The newest attempt has led to another, or will not. */
static bool is_done(const struct world *w, const struct book *book)
{
  const struct entry *newest = book->newest;
  return !is_open(book) || is_out_of_time(w, book) || book->asked == (1U << w->count) - 1 || newest->end != PS_NEVER ||
         book->last_asked >= newest->start + w->sites[newest->endpoint].delay;
}

/* Without a budget every hedge is on time; with one those are held for which it has no room, and not for ever. */
static void check_due(struct world *w)
{
  for (struct ps_list *link; (link = ps_list_pop(&w->due));)
    if (!is_done(w, PS_CONTAINER(link, struct book, due)))
      ps_list_append(&w->held, link);
  ps_list_each(link, &w->held) {
    const struct book *book = PS_CONTAINER(link, struct book, due);
    if (is_done(w, book))
      ps_list_remove(link);
    else
      REQUIRE(w, w->budget >= 0 && w->purse < 1 + 1e-3 && w->now < hold_of(book->newest),
              "an attempt was silent for its hedge delay, and no other was asked for");
  }
}

/* ---- Endpoints that recover */

/* How long it may take until a message comes that can find out: that others hang must be found out, once; what is
 * pending goes before it to the endpoint that is well; each endpoint before this one may get a message to probe it. */
static ps_time flow_of(const struct world *w, unsigned endpoint)
{
  ps_time longest = 0, backlog = 0, hedges = 0;
  for (unsigned i = 0; i < w->count; i++) {
    const struct site *site = &w->sites[i];
    longest = later(longest, site->most + LAUNCH_TIME);
    if (!site->window_count)
      backlog = later(backlog, pending(w) * (site->most + LAUNCH_TIME) / w->endpoints[i].slots);
    else if (i != endpoint && site->opened == PS_NEVER)
      hedges += site->delay;
  }
  return hedges + backlog + (endpoint + 1) * (longest + w->gap);
}

/* When a probe can find it well at the latest. One that probes it at this moment cannot: the cooldown is what that
 * leads to. If nobody has noticed yet that it hangs, that comes first. */
static ps_time next_probe(const struct world *w, unsigned endpoint)
{
  const struct site *site = &w->sites[endpoint];
  if (site->opened == PS_NEVER)
    return w->now + site->delay + COOLDOWN;
  if (is_probing(w, endpoint))
    return w->now + site->delay + ps_earlier(2 * site->cooldown, COOLDOWN_MAX);
  return later(w->now, site->retest);
}

/* It is to be used again within the cooldown and a hedge delay; after an outage, any endpoint is. */
static void happen_recovery(struct world *w, unsigned endpoint, struct happening *happening)
{
  unsigned last = w->theme == OUTAGE ? w->count - 1 : endpoint;
  ps_time used = 0;
  for (unsigned i = endpoint; i <= last; i++) {
    w->sites[i].recovered = w->now;
    used = later(used, next_probe(w, i) + w->sites[i].delay);
  }
  happening->what = HAS_RECOVERED;
  arrange(w, happening, used + flow_of(w, endpoint) + LAUNCH_TIME);
}

static unsigned uses_of(const struct world *w, unsigned endpoint)
{
  unsigned uses = w->sites[endpoint].uses;
  for (unsigned i = 1; i < w->count && w->theme == OUTAGE; i++)
    uses += w->sites[i].uses;
  return uses;
}

/* If messages flow. How often it is used from then on hangs on how many have queued elsewhere meanwhile. */
static void happen_recovered(struct world *w, unsigned endpoint)
{
  if (w->admitted == w->messages || w->drained || w->stops)
    return;
  REQUIRE(w, uses_of(w, endpoint) > 0, "an endpoint has recovered, and is not used again");
  w->totals->recoveries++;
}

/* ---- The reader, and those who stop it */

static void arrive(struct world *w)
{
  w->arrived = w->gap ? w->arrived + 1 : w->messages;
  if (w->arrived < w->messages)
    arrange(w, &w->arrives, w->now + w->gap);
}

static bool can_read(const struct world *w)
{
  return !w->drained && !w->stops && w->admitted < w->arrived && w->room > 0 &&
         pending(w) < w->max_pending + ps_engine_probes(&w->engine);
}

/* In every window that ends now. */
static void check_rate(struct world *w)
{
  if (w->rate <= 0)
    return;
  double let_in = w->rate * (double)(w->now - BEGINNING) / 1e9, before = w->admitted;
  if (before - let_in < w->pace || w->admitted == 0)
    w->pace = before - let_in;
  REQUIRE(w, before + 1 - let_in - w->pace <= w->rate * SLACK + 1 + 1e-5 * before + 1e-6,
          "more messages are admitted than the rate lets in");
}

static void admit(struct world *w)
{
  struct ps_message *message = ps_message_new(&w->stock, "m");
  REQUIRE(w, message && ps_engine_reserve(&w->engine) == 0, "there is memory");
  check_rate(w);
  struct book *book = &w->books[w->admitted];
  *book = (struct book){.message = message, .taken_up = w->now, .won = PS_NEVER, .last_withdrawn = PS_NEVER};
  ps_list_init(&book->entries);
  ps_list_init(&book->due);
  ps_list_append(&w->pending, &book->link);
  message->line = w->admitted++;
  w->room--;
  earn(w);
  ps_engine_admit(&w->engine, message, w->now);
  w->totals->messages++;
  REQUIRE(w, pending(w) <= w->max_pending + PROBES * w->count, "too many messages are pending");
}

static void drain(struct world *w)
{
  if (w->drained)
    return;
  ps_engine_drain(&w->engine);
  w->drained = w->fed = true;
  w->totals->drains++;
  if (w->interrupt_after != PS_NEVER)
    arrange(w, &w->interrupts, w->now + w->interrupt_after);
}

static void interrupt(struct world *w)
{
  ps_list_each(link, &w->pending)
    PS_CONTAINER(link, struct book, link)->interrupted = true;
  ps_engine_interrupt(&w->engine, UINT64_MAX);
  w->stops = !w->goes_on;
  w->interrupted = w->now;
  w->fed = true;
  w->totals->interrupts++;
}

/* ---- One schedule: what happens */

static void happen(struct world *w, struct happening *happening)
{
  switch (happening->what) {
  case LAUNCHES:
    happen_launch(w, happening->entry);
    break;
  case HEADER:
    happen_header(w, happening->entry);
    break;
  case ENDS:
    happen_end(w, happening->entry);
    break;
  case GETS_LATE:
    happen_late(w, happening->entry);
    break;
  case ARRIVES:
    arrive(w);
    break;
  case RECOVERS:
    happen_recovery(w, happening->endpoint, happening);
    break;
  case HAS_RECOVERED:
    happen_recovered(w, happening->endpoint);
    break;
  case DRAINS:
    drain(w);
    break;
  case INTERRUPTS:
    interrupt(w);
    break;
  }
}

static void check_lanes(struct world *w)
{
  for (unsigned i = 0; i < w->count; i++) {
    const struct site *site = &w->sites[i];
    REQUIRE(w, site->in_slots == w->endpoints[i].slots || site->hedges_waiting + site->fresh_waiting == 0,
            "an attempt waits beside a free permit");
    REQUIRE(w,
            w->count > 1 || site->in_slots + site->hedges_waiting + site->fresh_waiting <=
                                w->endpoints[i].slots + (w->ahead_most ? w->ahead_most : w->ahead),
            "messages are taken up that cannot be sent soon");
    REQUIRE(w, site->lane.slots.free + site->in_slots == w->endpoints[i].slots, "permits do not balance");
  }
}

static void step(struct world *w)
{
  for (unsigned i = 0; i < w->count; i++)
    w->sites[i].answers_known = w->sites[i].answer_count;
  w->deadline = ps_engine_step(&w->engine, w->now);
  w->fed = false;
  check_silent(w);
  flush(w);
  w->totals->steps++;
}

static void read(struct world *w)
{
  while (can_read(w))
    admit(w);
  if (w->admitted == w->messages && w->drain_at_end)
    drain(w);
}

/* What the coordinator does when it is woken, until there is nothing to be done at this instant. */
static void take_turn(struct world *w)
{
  do {
    read(w);
    step(w);
    while (w->news_count) {
      unsigned count = w->news_count;
      w->news_count = 0;
      for (unsigned i = 0; i < count; i++)
        ps_engine_notice(&w->engine, w->news[i]);
      step(w);
    }
    w->room = ps_engine_room(&w->engine, w->now);
  } while (can_read(w));
  check_lanes(w);
}

static bool is_over(const struct world *w)
{
  return pending(w) == 0 && (w->admitted == w->messages || w->drained || w->stops);
}

/* So many a message; and what waits for a slot is looked at once a hedge delay, if nobody tells that it has started. */
static double most_rounds(const struct world *w)
{
  ps_time delays = w->now / LEAST_DELAY;
  return (double)ROUNDS * w->messages + (double)delays * (w->max_pending + PROBES * w->count);
}

static void pass_time(struct world *w)
{
  for (unsigned rounds = 0; !is_over(w); rounds++) {
    const struct ps_heap_node *first = ps_heap_first(&w->heap);
    ps_time next = ps_earlier(w->deadline, first ? first->key : PS_NEVER);
    REQUIRE(w, next < END, "a message is forgotten: nothing will ever happen");
    REQUIRE(w, rounds < most_rounds(w), "the engine goes round in circles");
    w->now = later(w->now, next);
    for (struct ps_heap_node *node; (node = ps_heap_first(&w->heap)) && node->key <= w->now;) {
      ps_heap_remove(&w->heap, node);
      happen(w, PS_CONTAINER(node, struct happening, node));
    }
    if (w->fed || w->deadline <= w->now || can_read(w))
      take_turn(w);
    check_due(w);
    check_silent(w);
  }
}

/* ---- One schedule: how it is made */

static ps_time some_delay(struct world *w)
{
  static const ps_time delays[] = {250 * PS_MILLISECOND, 500 * PS_MILLISECOND, PS_SECOND, PS_SECOND, 2 * PS_SECOND};
  return delays[below(w, sizeof delays / sizeof *delays)];
}

/* A healthy endpoint answers within the hedge delay, unless that is a percentile of its answers. */
static void set_manner(struct world *w, struct site *site)
{
  site->least = between(w, PS_MILLISECOND, 60 * PS_MILLISECOND);
  site->most = site->least + between(w, 0, 3 * site->least);
  if (chance(w, 10))
    site->most = site->delay * 9 / 10;
}

static void add_window(struct site *site, enum manner manner, ps_time from, ps_time until)
{
  site->windows[site->window_count++] = (struct window){manner, from, until};
}

/* Now well, now not, in turn. */
static void set_flapping(struct world *w, struct site *site)
{
  enum manner manner = HUNG + (enum manner)below(w, 4);
  ps_time from = BEGINNING;
  for (unsigned i = 0; i < WINDOWS; i++) {
    from += between(w, PS_SECOND / 2, 3 * PS_SECOND);
    ps_time until = from + between(w, PS_SECOND / 2, 3 * PS_SECOND);
    add_window(site, manner, from, until);
    from = until;
  }
}

static void set_random_windows(struct world *w, struct site *site)
{
  unsigned windows = chance(w, 30) ? 0 : 1 + (unsigned)below(w, 3);
  if (chance(w, 15)) {
    set_flapping(w, site);
    return;
  }
  for (unsigned i = 0; i < windows; i++) {
    ps_time from = BEGINNING + between(w, 0, 15 * PS_SECOND);
    ps_time until = chance(w, 10) ? PS_NEVER : from + between(w, PS_SECOND / 5, 8 * PS_SECOND);
    add_window(site, HUNG + (enum manner)below(w, 4), from, until);
  }
}

/* One that recovers, after any that never will, and before all that are well. */
static void set_recovery(struct world *w)
{
  unsigned which = (unsigned)below(w, w->count - 1);
  for (unsigned i = 0; i < w->count; i++) {
    struct site *site = &w->sites[i];
    ps_time from = BEGINNING + between(w, 0, 4 * PS_SECOND), until = from + between(w, PS_SECOND / 2, 6 * PS_SECOND);
    enum manner manner = chance(w, 50) ? HUNG : REFUSING;
    if (i == which) {
      add_window(site, manner, from, until);
      site->recovers = (struct happening){.what = RECOVERS, .endpoint = i};
      arrange(w, &site->recovers, until);
    } else if (i < which || (i + 1 < w->count && chance(w, 40))) {
      add_window(site, manner, 0, PS_NEVER);
    }
  }
}

/* All fail at once, and recover at once, as when the network is down. */
static void set_outage(struct world *w)
{
  ps_time from = BEGINNING + between(w, 0, 4 * PS_SECOND), until = from + between(w, PS_SECOND / 2, 6 * PS_SECOND);
  enum manner manner = chance(w, 70) ? HUNG : REFUSING;
  for (unsigned i = 0; i < w->count; i++)
    add_window(&w->sites[i], manner, from, until);
  w->sites[0].recovers = (struct happening){.what = RECOVERS};
  arrange(w, &w->sites[0].recovers, until);
}

static void set_windows(struct world *w)
{
  unsigned well = (unsigned)below(w, w->count);
  if (w->theme == RECOVERY)
    set_recovery(w);
  if (w->theme == OUTAGE)
    set_outage(w);
  for (unsigned i = 0; i < w->count; i++) {
    if (w->theme == CHAOS)
      set_random_windows(w, &w->sites[i]);
    else if (w->theme == HOLES && i != well && chance(w, 60))
      add_window(&w->sites[i], HUNG, 0, PS_NEVER);
  }
}

static void set_sites(struct world *w)
{
  w->count = (w->theme == RECOVERY) + 1 + (unsigned)below(w, ENDPOINTS - (w->theme == RECOVERY));
  ps_time delay = some_delay(w);
  unsigned most = chance(w, 50) ? 4 : SLOTS;
  bool alike = chance(w, 60);
  for (unsigned i = 0; i < w->count; i++) {
    struct site *site = &w->sites[i];
    site->id = i;
    site->delay = alike ? delay : some_delay(w);
    site->opened = site->recovered = PS_NEVER;
    w->endpoints[i].slots = 1 + (unsigned)below(w, most);
    set_manner(w, site);
  }
}

static unsigned slots_of(const struct world *w)
{
  unsigned sum = 0;
  for (unsigned i = 0; i < w->count; i++)
    sum += w->endpoints[i].slots;
  return sum;
}

/* How long all that may be pending takes at an endpoint that is well all the time; PS_NEVER: there is none. */
static ps_time longest_wait(const struct world *w)
{
  ps_time longest = PS_NEVER;
  for (unsigned i = 0; i < w->count; i++)
    if (!w->sites[i].window_count)
      longest = ps_earlier(longest, (w->sites[i].most + (w->headers ? BODY_TIME : 0)) / w->endpoints[i].slots);
  return longest == PS_NEVER ? PS_NEVER : longest * (w->max_pending + PROBES * w->count);
}

static void set_limits(struct world *w, struct ps_engine_settings *settings)
{
  settings->rule.settle = chance(w, 10) ? 0 : between(w, PS_SECOND, 20 * PS_SECOND);
  settings->rule.answer_wait = between(w, PS_SECOND, 20 * PS_SECOND);
  settings->rule.body_wait = BODY_WAIT;
  settings->rule.max_time = PS_NEVER;
  settings->rule.retry_max_time = PS_NEVER;
  bool hurry = chance(w, 15);
  ps_time max_time = between(w, 2 * PS_SECOND, 20 * PS_SECOND), wait = longest_wait(w);
  if (w->theme == CHAOS && hurry) {
    settings->rule.max_time = max_time;
  } else if (wait != PS_NEVER) {
    settings->rule.answer_wait += 2 * wait + ENDPOINTS * 2 * PS_SECOND;
    w->steady = true;
  }
}

static void set_chaos(struct world *w)
{
  static const double shares[] = {0, 0.001, 0.01, 0.05, 0.1, 0.5, 1};
  w->breakers = chance(w, 75);
  w->headers = chance(w, 50);
  w->permille = chance(w, 25) ? 500 + (unsigned)below(w, 500) : 0;
  w->budget = chance(w, 40) ? shares[below(w, sizeof shares / sizeof *shares)] : -1;
  w->rate = chance(w, 25) ? 10 + (double)below(w, 2000) : 0;
  if (w->permille && chance(w, 20))
    w->messages = 3000 + (unsigned)below(w, 1000);
  ps_time stop = BEGINNING + between(w, 0, 10 * PS_SECOND);
  switch (below(w, 5)) {
  case 0:
    arrange(w, &w->drains, stop);
    w->interrupt_after = chance(w, 50) ? between(w, 0, 10 * PS_SECOND) : PS_NEVER;
    break;
  case 1:
    arrange(w, &w->interrupts, stop);
    w->goes_on = chance(w, 50);
    break;
  default:
    break;
  }
}

static void set_up(struct world *w, struct ps_engine_settings *settings)
{
  static const enum theme themes[] = {HOLES, RECOVERY, OUTAGE, CHAOS, CHAOS};
  w->theme = themes[below(w, 5)];
  w->messages = 200 + (unsigned)below(w, chance(w, 70) || w->theme == RECOVERY || w->theme == OUTAGE ? 400 : 1800);
  w->breakers = true;
  w->budget = -1;
  w->interrupt_after = PS_NEVER;
  w->drains.what = DRAINS;
  w->interrupts.what = INTERRUPTS;
  w->arrives.what = ARRIVES;
  w->starts_are_told = chance(w, 50);
  w->drain_at_end = chance(w, 70);
  w->gap = chance(w, 60) ? 0 : between(w, PS_MILLISECOND, 40 * PS_MILLISECOND);
  set_sites(w);
  set_windows(w);
  if (w->theme == CHAOS)
    set_chaos(w);
  w->ahead = 1 + (unsigned)below(w, slots_of(w));
  w->ahead_most = chance(w, 50) ? 0 : w->ahead + (unsigned)below(w, 2 * slots_of(w));
  *settings = (struct ps_engine_settings){
      .endpoints = w->endpoints,
      .events = POOLSEND_EVENT_DELIVERED | POOLSEND_EVENT_SETTLED,
      .seed = ps_random_next(&w->random),
      .probes = w->breakers ? PROBES : 0,
      .run_ahead = w->ahead,
      .run_ahead_most = w->ahead_most,
      .hedge_budget = w->budget,
      .rate = w->rate,
  };
  w->max_pending = 2 * slots_of(w);
  set_limits(w, settings);
}

/* The same without those that hang from the beginning for ever. */
static void drop_holes(struct world *w)
{
  unsigned kept = 0;
  for (unsigned i = 0; i < w->count; i++) {
    if (is_hung_for_ever(&w->sites[i]))
      continue;
    w->sites[kept] = w->sites[i];
    w->endpoints[kept++] = w->endpoints[i];
  }
  w->count = kept;
  w->max_pending = 2 * slots_of(w);
}

static void make_site(struct world *w, unsigned index)
{
  struct site *site = &w->sites[index];
  static const char *const names[] = {"a", "b", "c", "d", "e"};
  w->endpoints[index].name = w->endpoints[index].url = names[index];
  w->endpoints[index].hedge_delay = site->delay;
  w->endpoints[index].hedge_permille = w->permille;
  w->endpoints[index].attempt_timeout = PS_NEVER;
  if (ps_lane_init(&site->lane, w->endpoints[index].slots, w->breakers ? PROBES : 0))
    abort();
  if (!w->permille)
    return;
  site->answers = calloc(w->messages, sizeof *site->answers);
  site->sorted = calloc(WINDOW, sizeof *site->sorted);
  site->percentiles = calloc(w->messages + 1, sizeof *site->percentiles);
  if (!site->answers || !site->sorted || !site->percentiles)
    abort();
  site->percentiles[0] = MOST_DELAY;
}

static void start_world(struct world *w, struct ps_engine_settings *settings)
{
  struct ps_engine_host host = {set_delay, launch, recall, promote, cancel, is_unread, tell, w};
  settings->rule.endpoints = w->count;
  for (unsigned i = 0; i < w->count; i++)
    make_site(w, i);
  w->books = calloc(w->messages, sizeof *w->books);
  if (!w->books || ps_engine_init(&w->engine, settings, &host))
    abort();
  ps_stock_init(&w->stock, w->count, w->max_pending);
  ps_list_init(&w->launches);
  ps_list_init(&w->silent);
  ps_list_init(&w->due);
  ps_list_init(&w->held);
  ps_list_init(&w->pending);
  ps_list_init(&w->spare);
  w->purse = most_saved(w);
  w->deadline = PS_NEVER;
  w->room = ps_engine_room(&w->engine, w->now);
  arrange(w, &w->arrives, w->now);
}

static void end_world(struct world *w)
{
  for (unsigned i = 0; i < w->count; i++) {
    struct site *site = &w->sites[i];
    REQUIRE(w, site->in_slots + site->in_probes == 0, "a permit is still lent at the end");
    ps_lane_fini(&site->lane);
    free(site->answers);
    free(site->sorted);
    free(site->percentiles);
  }
  for (struct ps_list *link; (link = ps_list_pop(&w->spare));)
    free(PS_CONTAINER(link, struct entry, link));
  ps_engine_fini(&w->engine);
  ps_stock_fini(&w->stock);
  ps_heap_fini(&w->heap);
  free(w->books);
}

/* After how many hedge delays one that hangs is avoided: one, for then all its slots are held. Without a settle time
 * the win of a message frees its slot, and there must be so many misses. */
static unsigned delays_of(const struct world *w, unsigned endpoint, ps_time settle)
{
  unsigned slots = w->endpoints[endpoint].slots;
  return settle || slots == 1 ? 1 : (MISSES + slots - 1) / slots;
}

/* What endpoints that hang for ever may add to the time until the last message is delivered: a hedge delay each, one
 * more for a message that is a probe at the end, and, since the last may come in another order, an answer's time at
 * either end. */
static ps_time cost_of_holes(const struct world *w, ps_time settle)
{
  ps_time sum = 0, most_delay = 0, most_time = 0;
  for (unsigned i = 0; i < w->count; i++) {
    const struct site *site = &w->sites[i];
    if (is_hung_for_ever(site)) {
      sum += delays_of(w, i, settle) * site->delay;
      most_delay = later(most_delay, site->delay);
    } else {
      most_time = later(most_time, site->most);
    }
  }
  return w->theme == HOLES && sum ? sum + most_delay + 2 * (most_time + LAUNCH_TIME) : 0;
}

/* Runs it, and tells when the last message was delivered. `holes`: with those that hang for ever. Such are what
 * `cost`, if given, is about: what they may add. */
static ps_time run(uint64_t seed, bool holes, struct stream_totals *totals, ps_time *cost)
{
  struct world *w = calloc(1, sizeof *w);
  if (!w)
    abort();
  *w = (struct world){.seed = seed, .random = seed, .now = BEGINNING, .totals = totals};
  struct ps_engine_settings settings;
  set_up(w, &settings);
  *cost = holes ? cost_of_holes(w, settings.rule.settle) : 0;
  if (!holes)
    drop_holes(w);
  start_world(w, &settings);
  pass_time(w);
  ps_time last = w->last_delivered;
  end_world(w);
  free(w);
  return last;
}

void stream_run(uint64_t seed, struct stream_totals *totals)
{
  ps_time cost, none;
  struct stream_totals apart = {0};
  ps_time with = run(seed, true, totals, &cost);
  if (!cost)
    return;
  ps_time without = run(seed, false, &apart, &none);
  totals->comparisons++;
  if (with > without + cost) {
    fprintf(stderr, "stream, seed %llu: hung endpoints make the end %.3f s later, %.3f s are allowed\n",
            (unsigned long long)seed, (double)(with - without) / 1e9, (double)cost / 1e9);
    exit(1);
  }
}
