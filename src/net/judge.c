/* libcurl's result code is the last thing that is asked. It depends on libcurl's version and on where a transfer was
 * stopped; what was seen does not: whether the request was handed to a connection, whether some of it left, whether the
 * final header was complete, who stopped it. */
#include "net/judge.h"

#include "base/text.h"
#include "base/values.h"
#include "net/redact.h"
#include "net/redirect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_https(const struct ps_transfer *t)
{
  return ps_redirect_is_https(t->hop.url);
}

static ps_time retry_after(const struct ps_transfer *t)
{
  static const curl_off_t a_day = 86400;
  curl_off_t seconds = 0;
  curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &seconds);
  if (t->seen.long_wait || seconds > a_day)
    seconds = a_day;
  return seconds > 0 ? seconds * PS_SECOND : 0;
}

/* ---- How it ended */

/* Of a connection that was made. Over HTTP/2 each version of libcurl has another code for a stream or a connection that
 * breaks. */
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
  case CURLE_HTTP2:
  case CURLE_HTTP2_STREAM:
    return PS_END_RESET;
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

/* With which a proxy answered the request for a tunnel; 0: with none. */
static long tunnel_status(const struct ps_transfer *t)
{
  long status = 0;
  curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &status);
  return status;
}

static bool proxy_refused_tunnel(const struct ps_transfer *t)
{
  long status = tunnel_status(t);
  return !t->seen.requested && status != 0 && status / 100 != 2;
}

/* libcurl before 8.7 calls a header line that is too long for it a want of memory. */
static bool line_too_long(const struct ps_transfer *t, CURLcode code)
{
  return code == CURLE_OUT_OF_MEMORY && ps_transfer_is_unanswered(t);
}

static bool no_socket(const struct ps_transfer *t, CURLcode code)
{
  return code == CURLE_COULDNT_CONNECT && !t->seen.requested && t->slot->open_error;
}

/* libcurl has found addresses, but asks for no socket: none of them is of the family that is wanted. */
static bool lacks_family(const struct ps_transfer *t, CURLcode code)
{
  return t->endpoint->route.family != PS_FAMILY_ANY && code == CURLE_COULDNT_CONNECT && !t->slot->asked;
}

/* The peer says in TLS what it does not like, a client without a certificate most often. With TLS 1.3 that comes after
 * the handshake, before the request or behind it. */
static bool ended_by_alert(const struct ps_transfer *t, CURLcode code)
{
  if (t->seen.connection == PS_CONNECTION_ALERT)
    return true;
  bool broke = code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR;
  return broke && ps_transfer_is_unanswered(t) && is_https(t) && strstr(t->slot->words, "alert");
}

static bool used_proxy(const struct ps_transfer *t)
{
  return ps_route_used_proxy(&t->endpoint->route, t->hop.url, t->easy);
}

/* To the API itself, if need be by the tunnel of a proxy. */
static bool has_way(const struct ps_transfer *t)
{
  return tunnel_status(t) / 100 == 2 || !used_proxy(t);
}

static bool is_cut_in_handshake(const struct ps_transfer *t, CURLcode code)
{
  curl_off_t over = 0;
  curl_easy_getinfo(t->easy, CURLINFO_APPCONNECT_TIME_T, &over);
  return !t->seen.requested && is_https(t) && ending_of_code(code) == PS_END_RESET && has_way(t) &&
         ps_transfer_was_connected(t) && over == 0;
}

/* An answer that was complete comes first, then our own reasons to stop. */
static enum ps_ending ending_of(const struct ps_transfer *t, CURLcode code)
{
  if (t->hop.refused)
    return PS_END_REDIRECT;
  if ((code == CURLE_OK && t->seen.status) || t->seen.body_is_enough)
    return PS_END_COMPLETE;
  if (t->headers_too_big || t->seen.no_http)
    return PS_END_PROTOCOL;
  if (ps_slot_is_cancelled(t->slot))
    return ps_slot_cancelled(t->slot);
  if (t->seen.overdue)
    return PS_END_TIMEOUT;
  if (proxy_refused_tunnel(t))
    return PS_END_PROXY;
  if (ended_by_alert(t, code) || is_cut_in_handshake(t, code))
    return PS_END_TLS;
  if (t->seen.again || t->seen.connection != PS_CONNECTION_ALIVE || code == CURLE_OK)
    return PS_END_RESET;
  if (no_socket(t, code))
    return PS_END_LOCAL;
  if (line_too_long(t, code))
    return PS_END_PROTOCOL;
  return lacks_family(t, code) ? PS_END_RESOLVE : ending_of_code(code);
}

/* ---- In words */

/* The system's reason in the place of libcurl's own, which is the same for all of them. */
static void say_connect(const struct ps_transfer *t, char *words, size_t size)
{
  static const char behind[] = " ms: ";
  long error = 0;
  curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error);
  const char *found = strstr(t->slot->words, behind);
  if (t->endpoint->route.unix_socket)
    snprintf(words, size, "%s: %s", t->endpoint->route.unix_socket, strerror((int)error));
  else if (found && error)
    snprintf(words, size, "%.*s%s%s", (int)(found - t->slot->words), t->slot->words, behind, strerror((int)error));
}

/* libcurl's first words stand, if it had any before it would have begun again. */
static void say_broken(const struct ps_transfer *t, char *words, size_t size)
{
  static const char before[] = "failure: ";
  const char *found = strstr(t->slot->words, before);
  snprintf(words, size, "the connection broke before an answer came%s%s", found ? ": " : "",
           found ? found + sizeof before - 1 : "");
}

/* In seconds. */
static struct ps_decimal time_limit(const struct ps_transfer *t)
{
  return ps_decimal((double)t->endpoint->attempt_timeout / (double)PS_SECOND);
}

/* How far it had come when the attempt's own limit ended it. */
static void say_time(const struct ps_transfer *t, char *words, size_t size)
{
  const char *what = "no connection";
  if (t->seen.status)
    what = "only a part of the answer";
  else if (ps_transfer_is_unanswered(t))
    what = "no answer";
  else if (t->seen.connected)
    what = "the request was not sent";
  snprintf(words, size, "%s in time; its time limit is %s s", what, time_limit(t).text);
}

static const char *own_words(const struct ps_transfer *t, CURLcode code, enum ps_ending ending)
{
  if (ending == PS_END_COMPLETE || ending == PS_END_CANCELLED)
    return "";
  if (ending == PS_END_REDIRECT)
    return t->hop.refused;
  if (t->headers_too_big)
    return "the header of the answer is too big";
  if (t->seen.no_http)
    return "what came is no answer in HTTP";
  if (line_too_long(t, code))
    return "no memory, or a line of the header is too long";
  if (t->seen.connection == PS_CONNECTION_ALERT)
    return "the server ended the connection by a TLS alert before the request was sent: it may want a client "
           "certificate";
  if (t->seen.connection == PS_CONNECTION_DEAD)
    return "the connection was closed before the request was sent";
  if (t->seen.again && t->seen.status)
    return "the request was wanted a second time, and not sent again";
  if (code == CURLE_OK)
    return "the connection was closed in the middle of the header";
  return no_socket(t, code) ? strerror(t->slot->open_error) : NULL;
}

/* What could not be found or connected to is the proxy, where there is one. */
static const char *whose(const struct ps_transfer *t, enum ps_ending ending)
{
  bool of_proxy = (ending == PS_END_CONNECT || ending == PS_END_RESOLVE) && used_proxy(t);
  return of_proxy ? "proxy: " : "";
}

static void put_into_words(struct ps_transfer *t, CURLcode code, enum ps_ending ending)
{
  char words[CURL_ERROR_SIZE + 64];
  if (ending == PS_END_COMPLETE)
    return;
  const char *own = own_words(t, code, ending);
  const char *lack = ps_route_lack(&t->endpoint->route);
  const char *of_libcurl = t->slot->words[0] ? t->slot->words : curl_easy_strerror(code);
  snprintf(words, sizeof words, "%s", own ? own : of_libcurl);
  if (!own && ending == PS_END_CONNECT)
    say_connect(t, words, sizeof words);
  if (ending == PS_END_RESOLVE && *lack)
    snprintf(words, sizeof words, lacks_family(t, code) ? "%s" : "%s: %s", lack, of_libcurl);
  if (ending == PS_END_RESET && t->seen.again && !t->seen.status)
    say_broken(t, words, sizeof words);
  if (ending == PS_END_TIMEOUT && (ps_slot_is_cancelled(t->slot) || t->seen.overdue))
    say_time(t, words, sizeof words);
  if (!t->seen.connected && !t->hop.elsewhere)
    ps_tries_tell(&t->slot->tries, words, sizeof words);
  char *shown = ps_redact_url(words);
  ps_text_say(t->outcome->error, sizeof t->outcome->error, "%s%s", whose(t, ending), shown ? shown : "");
  free(shown);
}

/* ---- The account */

static ps_time timing(CURL *easy, CURLINFO info, ps_time offset)
{
  curl_off_t microseconds = 0;
  curl_easy_getinfo(easy, info, &microseconds);
  return microseconds > 0 ? offset + microseconds * PS_MICROSECOND : -1;
}

static void read_timings(struct ps_transfer *t)
{
  struct ps_timings *timings = &t->outcome->timings;
  timings->resolve = timing(t->easy, CURLINFO_NAMELOOKUP_TIME_T, t->offset);
  timings->connect = timing(t->easy, CURLINFO_CONNECT_TIME_T, t->offset);
  timings->tls = timing(t->easy, CURLINFO_APPCONNECT_TIME_T, t->offset);
  /* libcurl stamps it too when the connection ends without one. */
  timings->first_byte = t->header_bytes ? timing(t->easy, CURLINFO_STARTTRANSFER_TIME_T, t->offset) : -1;
  timings->total = ps_now() - t->began;
  if (timings->first_byte >= 0 && (timings->sent < 0 || timings->sent > timings->first_byte))
    timings->sent = timings->first_byte; /* it was sent by then; the callback did not come in between */
}

static enum ps_json_test test_body(struct ps_transfer *t, enum ps_ending ending)
{
  struct ps_outcome *outcome = t->outcome;
  const struct ps_success *success = &t->endpoint->success;
  if (!success->tests || !ps_transfer_is_success(t))
    return PS_JSON_NONE;
  if (ending != PS_END_COMPLETE)
    return PS_JSON_IMPOSSIBLE;
  if (ps_transfer_body_is_cut(t)) {
    snprintf(outcome->error, sizeof outcome->error, "the answer is too long for the JSON test");
    return PS_JSON_IMPOSSIBLE;
  }
  const char *body = outcome->body.size ? outcome->body.data : "";
  return ps_success_test(success, body, outcome->body.size, outcome->error, sizeof outcome->error);
}

/* What is kept of the body is what may be shown of it: a test has wanted more. */
static void show_response(struct ps_transfer *t, enum ps_ending ending)
{
  struct ps_outcome *outcome = t->outcome;
  bool cut = ps_transfer_body_is_cut(t) || outcome->body.size > t->endpoint->max_response;
  if (outcome->body.size > t->endpoint->max_response)
    ps_buf_cut(&outcome->body, t->endpoint->max_response);
  outcome->has_response = t->seen.status != 0;
  outcome->response.data = outcome->body.data ? outcome->body.data : "";
  outcome->response.size = outcome->body.size;
  outcome->response.truncated = cut || ending != PS_END_COMPLETE;
}

void ps_judge(struct ps_transfer *t, CURLcode code)
{
  struct ps_outcome *outcome = t->outcome;
  enum ps_ending ending = ending_of(t, code);
  put_into_words(t, code, ending);
  struct ps_evidence evidence = {
      .unanswered = ps_transfer_is_unanswered(t),
      .status = t->seen.status,
      .ending = ending,
      .json = test_body(t, ending),
      .redirected = t->hop.redirected,
      .by_proxy = ps_transfer_is_of_proxy(t),
  };
  if (evidence.by_proxy)
    ps_text_say(outcome->error, sizeof outcome->error, "the proxy wants credentials, and passed nothing on");
  outcome->verdict = ps_fate_judge(&evidence, &t->endpoint->success.statuses);
  outcome->status = t->seen.status ? t->seen.status : t->hop.status;
  outcome->retry_after = retry_after(t);
  outcome->bytes_sent = t->bytes_sent + ps_transfer_bytes_sent(t);
  show_response(t, ending);
  if (outcome->verdict.fate != POOLSEND_FATE_DELIVERED)
    ps_transfer_drop_spool(t);
  read_timings(t);
}

void ps_judge_unsent(struct ps_transfer *t, enum ps_ending ending)
{
  struct ps_outcome *outcome = t->outcome;
  struct ps_evidence evidence = {.ending = ending};
  outcome->verdict = ps_fate_judge(&evidence, &t->endpoint->success.statuses);
  outcome->timings = (struct ps_timings){0, -1, -1, -1, -1, -1, t->finding};
  if (ending == PS_END_TIMEOUT && ps_slot_is_cancelled(t->slot))
    snprintf(outcome->error, sizeof outcome->error, "no address in time; its time limit is %s s", time_limit(t).text);
  else
    ps_text_say(outcome->error, sizeof outcome->error, "%s%s", whose(t, ending), t->slot->words);
}
