#include "net/attempt.h"

#include "net/option.h"
#include "net/redact.h"
#include "net/transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Setting up */

/* What a handle that has made a request keeps for the next like it: setting it again would be a part of what a request
 * costs. */
enum { PREPARED_NOT, PREPARED_BODY, PREPARED_NO_BODY };

static bool set_method(const struct ps_transfer *t, bool has_body)
{
  CURL *easy = t->slot->easy;
  const char *method = t->endpoint->method;
  bool head = method && !has_body && strcmp(method, "HEAD") == 0;
  if (has_body) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    /* A method given by name keeps its body where it keeps its name (RFC 9110, 15.4.2 and 15.4.3). */
    curl_easy_setopt(easy, CURLOPT_POSTREDIR, method ? CURL_REDIR_POST_301 | CURL_REDIR_POST_302 : 0L);
  } else {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(easy, CURLOPT_NOBODY, head ? 1L : 0L);
  }
  return ps_option_keep(easy, CURLOPT_CUSTOMREQUEST, head ? NULL : method);
}

/* A redirect may have changed the method. False: no memory. */
static bool set_up(struct ps_transfer *t)
{
  struct ps_slot *slot = t->slot;
  bool has_body = t->request.body != NULL;
  unsigned wanted = has_body ? PREPARED_BODY : PREPARED_NO_BODY;
  if (slot->prepared == PREPARED_NOT)
    ps_transfer_watch(slot, t->endpoint);
  bool kept = (slot->prepared == wanted && !t->endpoint->follow) || set_method(t, has_body);
  slot->prepared = kept ? wanted : PREPARED_NOT;
  slot->transfer = t;
  slot->words[0] = '\0';
  if (has_body) {
    curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDS, t->request.body);
    curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->request.size);
  }
  curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, t->request.headers);
  return kept && (!t->request.url || ps_option_keep(slot->easy, CURLOPT_URL, t->request.url));
}

/* What is left of the attempt's own time, for this transfer of it; false when nothing is. */
static bool set_timeouts(struct ps_transfer *t)
{
  ps_time connect = t->endpoint->route.connect_timeout;
  if (connect)
    curl_easy_setopt(t->slot->easy, CURLOPT_CONNECTTIMEOUT_MS, ps_timeout_ms(connect - t->finding));
  if (t->endpoint->attempt_timeout == PS_NEVER)
    return true;
  ps_time left = t->endpoint->attempt_timeout - (ps_now() - t->began);
  if (left <= 0)
    return false;
  curl_easy_setopt(t->slot->easy, CURLOPT_TIMEOUT_MS, ps_timeout_ms(left));
  return true;
}

/* ---- What it showed */

#define A_DAY 86400

/* RFC 9110, 10.2.3, in seconds or as a date. */
static ps_time retry_after(CURL *easy)
{
  curl_off_t seconds = 0;
  curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
  if (seconds > A_DAY)
    seconds = A_DAY;
  return seconds > 0 ? seconds * PS_SECOND : 0;
}

static enum ps_ending ending_of_code(CURLcode code)
{
  switch (code) {
  case CURLE_OK:
    return PS_END_COMPLETE;
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_RESOLVE_PROXY:
    return PS_END_RESOLVE;
  case CURLE_COULDNT_CONNECT:
    return PS_END_CONNECT;
  case CURLE_PROXY:
    return PS_END_PROXY;
  case CURLE_OPERATION_TIMEDOUT:
    return PS_END_TIMEOUT;
  case CURLE_GOT_NOTHING:
  case CURLE_SEND_ERROR:
  case CURLE_RECV_ERROR:
  case CURLE_PARTIAL_FILE:
    return PS_END_RESET;
  case CURLE_TOO_MANY_REDIRECTS:
    return PS_END_REDIRECT;
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_SSL_ENGINE_NOTFOUND:
  case CURLE_SSL_ENGINE_SETFAILED:
  case CURLE_SSL_CERTPROBLEM:
  case CURLE_SSL_CIPHER:
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_USE_SSL_FAILED:
  case CURLE_SSL_ENGINE_INITFAILED:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_CRL_BADFILE:
  case CURLE_SSL_ISSUER_ERROR:
  case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
  case CURLE_SSL_INVALIDCERTSTATUS:
  case CURLE_SSL_CLIENTCERT:
    return PS_END_TLS;
  case CURLE_OUT_OF_MEMORY:
  case CURLE_FAILED_INIT:
  case CURLE_BAD_FUNCTION_ARGUMENT:
  case CURLE_WRITE_ERROR:
    return PS_END_LOCAL;
  default:
    return PS_END_PROTOCOL;
  }
}

/* The proxy answered the request for a tunnel, and not with one. */
static bool proxy_refused(const struct ps_transfer *t)
{
  long status = 0;
  curl_easy_getinfo(t->slot->easy, CURLINFO_HTTP_CONNECTCODE, &status);
  return !t->requested && status != 0 && status / 100 != 2;
}

/* libcurl calls a header line that is too long for it a want of memory. */
static bool line_too_long(const struct ps_transfer *t, CURLcode code)
{
  return code == CURLE_OUT_OF_MEMORY && ps_transfer_is_unanswered(t);
}

static bool no_socket(const struct ps_transfer *t, CURLcode code)
{
  return code == CURLE_COULDNT_CONNECT && !t->requested && t->slot->open_error;
}

/* Our own reasons to stop come before the transport's code, which is an accident of where it was stopped; a complete
 * answer comes before both. */
static enum ps_ending ending_of(const struct ps_transfer *t, CURLcode code)
{
  if (code == CURLE_OK && t->status && !t->unanswered)
    return PS_END_COMPLETE;
  if (t->body_is_enough)
    return PS_END_COMPLETE;
  if (t->headers_too_big)
    return PS_END_PROTOCOL;
  if (t->resent || t->dead || code == CURLE_OK)
    return ps_slot_is_cancelled(t->slot) ? ps_slot_cancelled(t->slot) : PS_END_RESET;
  if (ps_slot_is_cancelled(t->slot))
    return ps_slot_cancelled(t->slot);
  if (no_socket(t, code))
    return PS_END_LOCAL;
  if (line_too_long(t, code))
    return PS_END_PROTOCOL;
  return proxy_refused(t) ? PS_END_PROXY : ending_of_code(code);
}

/* What libcurl says of a failure to connect, with the system's reason in place of its own. */
static void say_connect(const struct ps_transfer *t, char *words, size_t size)
{
  static const char own[] = "Couldn't connect to server";
  long error = 0;
  curl_easy_getinfo(t->slot->easy, CURLINFO_OS_ERRNO, &error);
  const char *found = strstr(t->slot->words, own);
  if (t->endpoint->route.unix_socket)
    snprintf(words, size, "%s: %s", t->endpoint->route.unix_socket, strerror((int)error));
  else if (found && error)
    snprintf(words, size, "%.*s%s", (int)(found - t->slot->words), t->slot->words, strerror((int)error));
}

static bool is_out_of_time(const struct ps_transfer *t)
{
  return t->endpoint->attempt_timeout != PS_NEVER &&
         ps_now() - t->began >= t->endpoint->attempt_timeout - 2 * PS_MILLISECOND;
}

static const char *own_words(const struct ps_transfer *t, CURLcode code, enum ps_ending ending)
{
  if (ending == PS_END_COMPLETE || ending == PS_END_CANCELLED)
    return "";
  if (t->headers_too_big)
    return "the header of the answer is too big";
  if (line_too_long(t, code))
    return "no memory, or a line of the header is too long";
  if (t->resent)
    return "the connection broke before an answer came";
  if (t->dead)
    return "the connection was closed before the request was sent";
  if (code == CURLE_OK)
    return "the connection was closed in the middle of the header";
  return no_socket(t, code) ? strerror(t->slot->open_error) : NULL;
}

static void put_into_words(struct ps_transfer *t, CURLcode code, enum ps_ending ending)
{
  char words[CURL_ERROR_SIZE + 64];
  if (ending == PS_END_COMPLETE)
    return;
  const char *own = own_words(t, code, ending);
  snprintf(words, sizeof words, "%s", own ? own : t->slot->words[0] ? t->slot->words : curl_easy_strerror(code));
  if (!own && ending == PS_END_CONNECT)
    say_connect(t, words, sizeof words);
  size_t size = strlen(words);
  if (ending == PS_END_TIMEOUT && is_out_of_time(t))
    snprintf(words + size, sizeof words - size, "; its time limit is %g s",
             (double)t->endpoint->attempt_timeout / (double)PS_SECOND);
  char *shown = ps_redact_url(words);
  snprintf(t->outcome->error, sizeof t->outcome->error, "%s", shown ? shown : "");
  free(shown);
}

static ps_time timing(CURL *easy, CURLINFO info, ps_time offset)
{
  curl_off_t microseconds = 0;
  curl_easy_getinfo(easy, info, &microseconds);
  return microseconds > 0 ? offset + microseconds * PS_MICROSECOND : -1;
}

static void read_timings(struct ps_transfer *t)
{
  CURL *easy = t->slot->easy;
  struct poolsend_timings *timings = &t->outcome->timings;
  timings->resolve = timing(easy, CURLINFO_NAMELOOKUP_TIME_T, t->offset);
  timings->connect = timing(easy, CURLINFO_CONNECT_TIME_T, t->offset);
  timings->tls = timing(easy, CURLINFO_APPCONNECT_TIME_T, t->offset);
  /* libcurl stamps it too when the connection ends without one. */
  timings->first_byte = t->header_bytes ? timing(easy, CURLINFO_STARTTRANSFER_TIME_T, t->offset) : -1;
  timings->total = ps_now() - t->began;
  if (timings->first_byte >= 0 && (timings->sent < 0 || timings->sent > timings->first_byte))
    timings->sent = timings->first_byte; /* it was sent by then; the callback did not come in between */
}

/* libcurl counts a body that goes out in the same write as the header (below 64 KiB, before 8.7) as part of the
 * request, a larger one apart. */
static uint64_t bytes_sent(const struct ps_transfer *t)
{
  curl_off_t body = 0;
  long request = ps_transfer_request_size(t);
  curl_easy_getinfo(t->slot->easy, CURLINFO_SIZE_UPLOAD_T, &body);
  bool counted = LIBCURL_VERSION_NUM < 0x080700 && t->request.size < (size_t)64 * 1024;
  return (uint64_t)request + (counted ? 0 : (uint64_t)body);
}

static enum ps_json_test test_body(struct ps_transfer *t, enum ps_ending ending)
{
  struct ps_outcome *outcome = t->outcome;
  const struct ps_success *success = &t->endpoint->success;
  if (!success->tests || !ps_status_has(&success->statuses, t->status))
    return PS_JSON_NONE;
  if (ending != PS_END_COMPLETE)
    return PS_JSON_IMPOSSIBLE;
  if (outcome->response.truncated) {
    snprintf(outcome->error, sizeof outcome->error, "the answer is too long for the JSON test");
    return PS_JSON_IMPOSSIBLE;
  }
  return ps_success_test(success, outcome->body.data, outcome->body.size, outcome->error, sizeof outcome->error);
}

static void judge(struct ps_transfer *t, CURLcode code)
{
  struct ps_outcome *outcome = t->outcome;
  enum ps_ending ending = ending_of(t, code);
  put_into_words(t, code, ending);
  struct ps_evidence evidence = {
      .unanswered = ps_transfer_is_unanswered(t),
      .status = t->status,
      .ending = ending,
      .json = test_body(t, ending),
  };
  outcome->verdict = ps_fate_judge(&evidence, &t->endpoint->success.statuses);
  outcome->status = t->status;
  outcome->retry_after = retry_after(t->slot->easy);
  outcome->bytes_sent = bytes_sent(t);
  outcome->has_response = t->status != 0;
  outcome->response.data = outcome->body.data ? outcome->body.data : "";
  outcome->response.size = outcome->body.size;
  outcome->response.truncated |= ending != PS_END_COMPLETE;
  if (outcome->verdict.fate != POOLSEND_FATE_DELIVERED)
    ps_transfer_drop_spool(t);
  read_timings(t);
}

/* ---- Performing */

/* A kept connection that has died is found before anything is sent on it: a fresh one may be tried at once. */
static CURLcode transfer(struct ps_transfer *t)
{
  bool again = t->stale;
  curl_easy_setopt(t->slot->easy, CURLOPT_FRESH_CONNECT, again ? 1L : 0L);
  t->stale = false;
  if (again && !set_timeouts(t))
    return CURLE_OPERATION_TIMEDOUT;
  t->offset = ps_now() - t->began;
  ps_slot_begin(t->slot);
  return curl_easy_perform(t->slot->easy);
}

/* libcurl's own, where the user has set none. */
#define CONNECT_TIMEOUT (300 * PS_SECOND)

/* The addresses are part of connecting. */
static enum ps_ending find_addresses(struct ps_transfer *t)
{
  ps_time connect = t->endpoint->route.connect_timeout;
  ps_time limit = ps_earlier(t->endpoint->attempt_timeout, connect ? connect : CONNECT_TIMEOUT);
  enum ps_ending ending = ps_route_find(&t->endpoint->route, t->slot, ps_after(t->began, limit));
  t->finding = ps_now() - t->began;
  return ending;
}

/* It came to no transfer: the handle has nothing to tell but of those before. */
static void judge_unsent(struct ps_transfer *t, enum ps_ending ending)
{
  struct ps_evidence evidence = {.ending = ending};
  t->outcome->verdict = ps_fate_judge(&evidence, &t->endpoint->success.statuses);
  t->outcome->timings = (struct poolsend_timings){0, -1, -1, -1, -1, -1, t->finding};
  put_into_words(t, ending == PS_END_TIMEOUT ? CURLE_OPERATION_TIMEDOUT : CURLE_COULDNT_RESOLVE_HOST, ending);
}

static void perform(struct ps_transfer *t)
{
  CURLcode code;
  if (!set_up(t)) {
    ps_outcome_local(t->outcome, ENOMEM);
    return;
  }
  enum ps_ending ending = find_addresses(t);
  if (ending == PS_END_COMPLETE && !set_timeouts(t))
    ending = PS_END_TIMEOUT;
  if (ending != PS_END_COMPLETE) {
    judge_unsent(t, ending);
    return;
  }
  do
    code = transfer(t);
  while (t->stale);
  judge(t, code);
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
  struct ps_transfer t = {
      .endpoint = endpoint,
      .slot = slot,
      .watcher = watcher,
      .outcome = outcome,
      .began = ps_now(),
  };
  char words[PS_ERROR_SIZE];
  outcome->timings.sent = -1;
  outcome->response.spool = -1;
  int error = ps_request_init(&t.request, endpoint, payload, words, sizeof words);
  if (error)
    give_up(outcome, error, words);
  else
    perform(&t);
  ps_request_fini(&t.request);
}
