#include "net/attempt.h"

#include "net/idn.h"
#include "net/judge.h"
#include "net/option.h"
#include "net/redirect.h"
#include "net/transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Setting up a request */

/* What the slot's own handle keeps from a message's request for the next like it: setting it again would be a part of
 * what a request costs. */
enum { PREPARED_NOT, PREPARED_BODY, PREPARED_NO_BODY };

static bool set_method(CURL *easy, const struct ps_hop *hop)
{
  bool head = !hop->has_body && strcmp(hop->method, "HEAD") == 0;
  bool usual = head || strcmp(hop->method, hop->has_body ? "POST" : "GET") == 0;
  if (hop->has_body) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
  } else {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(easy, CURLOPT_NOBODY, head ? 1L : 0L);
  }
  return ps_option_keep(easy, CURLOPT_CUSTOMREQUEST, usual ? NULL : hop->method);
}

/* False: no memory. */
static bool set_up(struct ps_transfer *t)
{
  struct ps_slot *slot = t->slot;
  const struct ps_hop *hop = &t->hop;
  unsigned wanted = hop->has_body ? PREPARED_BODY : PREPARED_NO_BODY;
  bool prepared = hop->number == 0 && slot->prepared == wanted, kept = true;
  slot->prepared = PREPARED_NOT;
  if (!prepared) {
    ps_transfer_watch(t->easy, slot, t->endpoint);
    kept = set_method(t->easy, hop);
  }
  if (!prepared || t->request.url)
    kept &= ps_option_keep(t->easy, CURLOPT_URL, hop->url);
  if (kept && hop->number == 0)
    slot->prepared = wanted;
  slot->transfer = t;
  slot->words[0] = '\0';
  if (hop->has_body) {
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->request.body);
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->request.size);
  }
  curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, hop->headers ? hop->headers : t->request.headers);
  return kept;
}

/* ---- One request */

/* libcurl's own, where the user has set none. */
#define CONNECT_TIMEOUT (300 * PS_SECOND)

/* Until when the request's connection must stand, the look-up of its name included. */
static ps_time connect_deadline(const struct ps_transfer *t)
{
  ps_time limit = t->endpoint->route.connect_timeout;
  return ps_after(t->connecting, limit ? limit : CONNECT_TIMEOUT);
}

/* The attempt's own limit is the engine's to keep, which cancels an attempt whose time is up. libcurl has none: it cannot
 * tell an answer that it has not read yet from none, and would end a transfer whose answer came while the process was
 * stopped. */
static CURLcode perform_once(struct ps_transfer *t, bool fresh)
{
  ps_time now = ps_now(), left = connect_deadline(t) - now;
  ps_time of_attempt = ps_after(t->began, t->endpoint->attempt_timeout) - now; /* to share among addresses, too */
  ps_time limit = t->hop.elsewhere || t->slow
                      ? PS_NEVER
                      : ps_route_limit(&t->endpoint->route, t->slot, ps_earlier(left, of_attempt));
  t->seen = (struct ps_seen){0};
  t->offset = now - t->began;
  t->connect_left = left;
  t->limited = limit < left;
  curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, ps_timeout_ms(ps_earlier(left, limit)));
  curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L);
  ps_slot_begin(t->slot);
  ps_transfer_listen(t, t->limited && !ps_slot_is_connected(t->slot));
  CURLcode code = curl_easy_perform(t->easy);
  ps_transfer_listen(t, false);
  t->seen.again |= t->slot->reopened;
  return code;
}

/* A kept connection that was dead before any of the request left may be replaced. */
static bool wants_fresh(const struct ps_transfer *t)
{
  const struct ps_seen *seen = &t->seen;
  bool unsent = seen->kept && seen->again && !seen->status && !ps_transfer_is_unanswered(t);
  return (unsent || seen->connection == PS_CONNECTION_STALE) && !ps_slot_is_cancelled(t->slot);
}

/* No connection was made to what was tried, so that nothing was sent: whether there is another address to try. A cancel
 * breaks off the connecting too. A connection that was made, but could not be noticed in time to lift its limit, is tried
 * again without one. */
static bool has_next_address(struct ps_transfer *t, CURLcode code)
{
  bool silent = code == CURLE_OPERATION_TIMEDOUT;
  if (t->hop.elsewhere || t->seen.connected || (!silent && ps_transfer_was_connected(t)))
    return false;
  if (!silent && code != CURLE_COULDNT_CONNECT && !ps_slot_is_cancelled(t->slot))
    return false;
  t->slow = silent && t->limited && ps_slot_has_connected(t->slot);
  if (t->slow)
    return !ps_slot_is_cancelled(t->slot);
  return ps_route_next(&t->endpoint->route, t->slot, silent, connect_deadline(t));
}

static CURLcode make_request(struct ps_transfer *t)
{
  CURLcode code;
  bool fresh = false;
  t->slow = false;
  do {
    code = perform_once(t, fresh);
    fresh |= wants_fresh(t);
  } while (wants_fresh(t) || has_next_address(t, code));
  if (t->seen.connected && !t->hop.elsewhere)
    ps_route_connected(&t->endpoint->route, t->slot);
  return code;
}

/* ---- Redirects */

/* NULL, or why the redirect is not followed. */
static const char *why_not(const struct ps_transfer *t)
{
  const char *refusal = ps_redirect_refusal(t->seen.status, t->hop.method, t->hop.number);
  if (refusal)
    return refusal;
  if (!t->seen.leads_on)
    return "redirected to a URL that is not of http or https";
  if (t->seen.overdue || ps_slot_cancelled(t->slot) == PS_END_TIMEOUT)
    return "its time was up before the redirect was followed";
  return ps_slot_is_cancelled(t->slot) ? "cancelled before the redirect was followed" : NULL;
}

/* 0; -ENOMEM; -EINVAL: the host has a name that is none. */
static int make_hop(struct ps_transfer *t, const char *url)
{
  struct ps_hop *hop = &t->hop;
  struct ps_error unspelt;
  char *located = NULL;
  int error = ps_idn_url(url, &located, &unspelt);
  if (error)
    return error;
  free(hop->located);
  hop->url = hop->located = located;
  hop->number++;
  hop->elsewhere |= !ps_redirect_stays(hop->own, located); /* whoever it is that leads back */
  if (ps_redirect_kind(hop->status, hop->method) == PS_REDIRECT_TO_GET) {
    hop->method = "GET";
    hop->has_body = false;
    hop->bare = true;
  }
  curl_slist_free_all(hop->headers);
  hop->headers = NULL;
  if (!hop->elsewhere && !hop->bare)
    return 0;
  return ps_redirect_headers(&hop->headers, t->request.headers, t->endpoint, hop->elsewhere, hop->bare);
}

/* The next hop, on the handle that is for it. NULL, or why there is none. */
static const char *turn_to(struct ps_transfer *t, const char *url)
{
  CURL *before = t->easy;
  uint64_t sent = ps_transfer_bytes_sent(t);
  int error = make_hop(t, url);
  if (error == -EINVAL)
    return "redirected to a host whose name cannot be spelt in ASCII";
  t->easy = t->hop.elsewhere ? t->slot->stranger : t->slot->easy;
  if (error || !set_up(t)) {
    t->easy = before;
    return "no memory to follow the redirect";
  }
  t->bytes_sent += sent;
  t->outcome->timings.sent = -1;
  t->connecting = ps_now();
  return NULL;
}

/* Whether another request is to follow the one that was just answered; it has been set up then. */
static bool follow(struct ps_transfer *t)
{
  struct ps_hop *hop = &t->hop;
  if (!ps_transfer_is_redirect(t))
    return false;
  bool acted = ps_redirect_acted(t->seen.status, hop->method) || hop->redirected == PS_REDIRECTED_ACTED;
  hop->redirected = acted ? PS_REDIRECTED_ACTED : PS_REDIRECTED_UNTAKEN;
  hop->status = t->seen.status;
  hop->refused = why_not(t);
  if (!hop->refused)
    hop->refused = turn_to(t, t->location);
  return !hop->refused;
}

/* ---- The attempt */

static void perform(struct ps_transfer *t)
{
  CURLcode code;
  if (!set_up(t)) {
    ps_outcome_local(t->outcome, ENOMEM);
    return;
  }
  /* The addresses are part of connecting. */
  enum ps_ending ending = ps_route_find(&t->endpoint->route, t->slot, connect_deadline(t));
  t->finding = ps_now() - t->began;
  if (ending != PS_END_COMPLETE) {
    ps_judge_unsent(t, ending);
    return;
  }
  do
    code = make_request(t);
  while (follow(t));
  ps_judge(t, code);
  t->slot->used = t->began + t->outcome->timings.total;
}

/* Nothing was sent: there is no request, for want of memory or of what the templates ask for. */
static void give_up(struct ps_outcome *outcome, int error, const char *words)
{
  ps_outcome_local(outcome, -error);
  if (error != -EINVAL)
    return;
  outcome->verdict.reason = POOLSEND_REASON_TEMPLATE;
  snprintf(outcome->error, sizeof outcome->error, "%s", words);
}

void ps_attempt_perform(const struct ps_endpoint *endpoint, struct ps_slot *slot, const struct ps_payload *payload,
                        const struct ps_attempt_watcher *watcher, struct ps_outcome *outcome)
{
  ps_time now = ps_now();
  struct ps_transfer t = {
      .endpoint = endpoint,
      .slot = slot,
      .easy = slot->easy,
      .watcher = watcher,
      .outcome = outcome,
      .began = now,
      .connecting = now,
  };
  char words[PS_ERROR_SIZE];
  outcome->timings.sent = -1;
  outcome->response.spool = -1;
  int error = ps_request_init(&t.request, endpoint, payload, words, sizeof words);
  t.hop.url = t.hop.own = t.request.url ? t.request.url : endpoint->url;
  t.hop.has_body = t.request.body != NULL;
  t.hop.method = ps_endpoint_method(endpoint, t.hop.has_body);
  if (error)
    give_up(outcome, error, words);
  else
    perform(&t);
  free(t.location);
  free(t.hop.located);
  curl_slist_free_all(t.hop.headers);
  ps_request_fini(&t.request);
}
