#include "core/health.h"

#include "core/backoff.h"

#include <assert.h>

void ps_health_init(struct ps_health *h, unsigned slots, unsigned probes, ps_time hedge_delay, unsigned permille)
{
  *h = (struct ps_health){
      .slots = slots, .probes = probes, .fixed = hedge_delay, .permille = permille, .cooldown = PS_HEALTH_COOLDOWN};
}

/* ---- What is to be done */

static bool slots_hang(const struct ps_health *h)
{
  return h->stuck >= h->slots;
}

/* Closed by a probe while its slots hang still. */
static bool uses_probes(const struct ps_health *h)
{
  return h->probes && !h->open && slots_hang(h);
}

enum ps_way ps_health_way(const struct ps_health *h, ps_time now)
{
  bool permit = h->in_probes < h->probes;
  if (uses_probes(h))
    return permit ? PS_WAY_FREE : PS_WAY_SHUT;
  if (!h->open)
    return PS_WAY_FREE;
  return permit && !h->probing && now >= h->probe_at ? PS_WAY_PROBE : PS_WAY_SHUT;
}

/* Beside hung slots it is the permits of probes alone: who comes beyond them would go to the next endpoint, and wait
 * there. */
unsigned ps_health_room(const struct ps_health *h, unsigned run_ahead)
{
  unsigned most = h->slots + run_ahead;
  if (uses_probes(h) && h->in_probes < h->probes)
    return h->probes - h->in_probes;
  return h->in_slots < most ? most - h->in_slots : 0;
}

ps_time ps_health_next(const struct ps_health *h, ps_time now)
{
  return h->open && !h->probing && h->probe_at > now ? h->probe_at : PS_NEVER;
}

ps_time ps_health_hedge_delay(const struct ps_health *h)
{
  return h->permille ? ps_percentile_find(&h->answers, h->permille) : h->fixed;
}

void ps_health_enter(struct ps_health *h, struct ps_health_attempt *attempt, ps_time now)
{
  bool tests = ps_health_way(h, now) == PS_WAY_PROBE;
  bool probe = tests || (uses_probes(h) && h->in_probes < h->probes);
  *attempt = (struct ps_health_attempt){.probe = probe, .tests = tests, .opening = h->openings};
  h->probing |= tests;
  (*(probe ? &h->in_probes : &h->in_slots))++;
}

bool ps_health_promotes(const struct ps_health *h, ps_time now)
{
  enum ps_way way = ps_health_way(h, now);
  return way == PS_WAY_PROBE || (way == PS_WAY_FREE && uses_probes(h));
}

void ps_health_promoted(struct ps_health *h, struct ps_health_attempt *attempt, ps_time now)
{
  h->in_slots--;
  ps_health_enter(h, attempt, now);
}

/* ---- What has happened */

static void open_breaker(struct ps_health *h, ps_time when)
{
  h->open = true;
  h->openings++;
  h->opened = when;
  h->cooldown = PS_HEALTH_COOLDOWN;
  h->probe_at = ps_after(when, h->cooldown);
}

static void probe_failed(struct ps_health *h, ps_time when)
{
  h->probing = false;
  h->cooldown = ps_earlier(2 * h->cooldown, PS_HEALTH_COOLDOWN_MAX);
  ps_time next = ps_after(when, h->cooldown);
  if (next > h->probe_at)
    h->probe_at = next;
}

/* Whether it probes the endpoint as it is now: the breaker may have closed meanwhile, and opened again. */
static bool is_the_probe(const struct ps_health *h, const struct ps_health_attempt *attempt)
{
  return attempt->tests && h->open && attempt->opening == h->openings;
}

static void miss(struct ps_health *h, const struct ps_health_attempt *attempt, ps_time when)
{
  h->misses++;
  if (!h->probes)
    return;
  if (is_the_probe(h, attempt))
    probe_failed(h, when);
  else if (!h->open && h->misses >= PS_HEALTH_MISSES)
    open_breaker(h, when);
}

void ps_health_overdue(struct ps_health *h, struct ps_health_attempt *attempt, ps_time when)
{
  if (attempt->overdue)
    return;
  attempt->overdue = true;
  h->stuck += !attempt->probe;
  if (!attempt->answered) /* else it is only its body that does not end */
    miss(h, attempt, when);
  if (h->probes && !h->open && !attempt->probe && slots_hang(h))
    open_breaker(h, when);
}

void ps_health_resize(struct ps_health *h, unsigned slots, ps_time now)
{
  h->slots = slots;
  if (h->probes && !h->open && slots_hang(h))
    open_breaker(h, now);
}

/* Of attempts that began before the breaker opened, an answer tells nothing of what came since; before a Retry-After
 * has passed, the server does not want more. */
static void close_breaker(struct ps_health *h, ps_time started, ps_time when)
{
  if (!h->open || started < h->opened || (when < h->probe_at && !h->probing))
    return;
  h->open = h->probing = false;
  h->cooldown = PS_HEALTH_COOLDOWN;
}

void ps_health_accepted(struct ps_health *h, struct ps_health_attempt *attempt, ps_time started, ps_time took)
{
  assert(!attempt->answered);
  attempt->answered = true;
  if (h->permille) /* nobody else asks */
    ps_percentile_add(&h->answers, took);
  if (attempt->overdue)
    return;
  h->misses = 0;
  close_breaker(h, started, started + took);
}

static bool is_miss(struct ps_verdict verdict, int status)
{
  if (status == 408 || status == 429 || status >= 500)
    return true;
  switch (verdict.reason) {
  case POOLSEND_REASON_RESOLVE:
  case POOLSEND_REASON_CONNECT:
  case POOLSEND_REASON_PROXY:
  case POOLSEND_REASON_TLS:
  case POOLSEND_REASON_TIMEOUT:
  case POOLSEND_REASON_RESET:
  case POOLSEND_REASON_PROTOCOL:
    return true;
  default:
    return false;
  }
}

static void obey_retry_after(struct ps_health *h, ps_time retry_after, ps_time when)
{
  ps_time until = ps_after(when, ps_earlier(retry_after, PS_RETRY_AFTER_MAX));
  if (!h->open)
    open_breaker(h, when);
  if (until > h->probe_at)
    h->probe_at = until;
}

void ps_health_failed(struct ps_health *h, struct ps_health_attempt *attempt, struct ps_verdict verdict, int status,
                      ps_time retry_after, ps_time when)
{
  assert(!attempt->answered);
  attempt->answered = true;
  if (is_miss(verdict, status) && !attempt->overdue)
    miss(h, attempt, when);
  if (h->probes && retry_after > 0 && (status == 429 || status == 503))
    obey_retry_after(h, retry_after, when);
}

void ps_health_leave(struct ps_health *h, struct ps_health_attempt *attempt)
{
  if (is_the_probe(h, attempt) && !attempt->overdue)
    h->probing = false;
  h->stuck -= attempt->overdue && !attempt->probe;
  (*(attempt->probe ? &h->in_probes : &h->in_slots))--;
}
