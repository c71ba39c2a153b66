#include "net/transfer.h"

#include "base/ascii.h"
#include "net/redirect.h"
#include "net/spool.h"
#include "net/trace.h"
#include "net/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* All headers of an attempt together, interim answers and redirects included. */
#define HEADERS_MAX ((size_t)256 * 1024)

/* Of the body of a redirect, which nobody wants: to read it costs less than another connection, up to here. */
#define REDIRECT_BODY_MAX  ((size_t)16 * 1024)
#define REDIRECT_BODY_WAIT PS_SECOND

static struct ps_transfer *transfer_of(void *slot)
{
  return ((struct ps_slot *)slot)->transfer;
}

/* ---- What has been sent */

/* As libcurl counts since the perform began, the request for a tunnel included. */
static long request_size(const struct ps_transfer *t)
{
  long size = 0;
  curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &size);
  return size;
}

/* That nothing has left is certain only where libcurl writes the request to the socket itself. What TLS has taken is
 * counted when it has taken all, and frames of HTTP/2 when they have been flushed; a part of it may be on its way. */
static bool may_be_uncounted(const struct ps_transfer *t)
{
  return t->endpoint->http2 || ps_redirect_is_https(t->hop.url);
}

bool ps_transfer_is_unanswered(const struct ps_transfer *t)
{
  return t->seen.requested && !t->seen.status && (request_size(t) > t->seen.size_before || may_be_uncounted(t));
}

/* libcurl counts the body as part of the request: since 8.8 always, before 8.7 where it went out in the same write as
 * the header. */
uint64_t ps_transfer_bytes_sent(const struct ps_transfer *t)
{
  unsigned version = ps_transport_version();
  curl_off_t body = 0;
  if (!t->seen.requested)
    return 0;
  curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &body);
  long counted = request_size(t) - t->seen.size_before;
  bool has_body = version >= 0x080800 || (version < 0x080700 && counted >= body);
  return (uint64_t)(has_body ? counted : counted + body);
}

/* ---- The connection */

/* What limited the connecting to an address is not for what comes after, such as a TLS handshake. */
static void note_connected(struct ps_transfer *t)
{
  if (!t->seen.connected)
    curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, ps_timeout_ms(t->connect_left));
  t->seen.connected = true;
}

bool ps_transfer_was_connected(const struct ps_transfer *t)
{
  curl_off_t connected = 0;
  curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connected);
  return t->seen.connected || connected > 0;
}

/* About to send a request on a connection, for the first time in this perform or not. */
static int before_request(void *context, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
  struct ps_transfer *t = transfer_of(context);
  struct ps_seen *seen = &t->seen;
  (void)remote_ip, (void)local_ip, (void)remote_port;
  note_connected(t);
  if (ps_slot_is_cancelled(t->slot))
    return CURL_PREREQFUNC_ABORT;
  if (seen->requested) {
    seen->again = true;
    return CURL_PREREQFUNC_ABORT;
  }
  seen->connection = ps_slot_look(t->slot, local_port, ps_redirect_is_https(t->hop.url), &seen->kept);
  if (seen->connection != PS_CONNECTION_ALIVE)
    return CURL_PREREQFUNC_ABORT;
  seen->requested = true;
  seen->size_before = request_size(t);
  ps_slot_seal(t->slot);
  return CURL_PREREQFUNC_OK;
}

/* ---- The header */

/* The value of a header line of this name ("Name:"), without the white space before it; NULL: it has another name, or
 * no value. */
static const char *value_of(const char *line, size_t size, const char *name, size_t *value_size)
{
  size_t at = strlen(name);
  if (size < at || !ps_ascii_equal(line, name, at))
    return NULL;
  while (size > at && strchr(" \t\r\n", line[size - 1]))
    size--;
  while (at < size && strchr(" \t", line[at]))
    at++;
  *value_size = size - at;
  return at < size ? line + at : NULL;
}

/* RFC 9110, 10.2.3: digits are a delay, however many there are. libcurl takes what does not fit for none. */
static bool is_beyond_counting(const char *value, size_t size)
{
  size_t digits = 0;
  while (digits < size && value[digits] >= '0' && value[digits] <= '9')
    digits++;
  return digits == size && size > 18;
}

/* libcurl tells where a redirect leads only once its body has ended well, which nothing here depends on. */
static void keep_location(struct ps_transfer *t, const char *value, size_t size)
{
  free(t->location);
  t->location = strndup(value, size); /* NULL: then it is an answer like one without */
}

static void note_header(struct ps_transfer *t, const char *line, size_t size)
{
  size_t value_size;
  const char *location = t->endpoint->follow ? value_of(line, size, "Location:", &value_size) : NULL;
  if (location)
    keep_location(t, location, value_size);
  const char *wait = value_of(line, size, "Retry-After:", &value_size);
  if (wait)
    t->seen.long_wait = is_beyond_counting(wait, value_size);
}

bool ps_transfer_is_of_proxy(const struct ps_transfer *t)
{
  return t->seen.status == 407 && !ps_redirect_is_https(t->hop.url) &&
         ps_route_used_proxy(&t->endpoint->route, t->hop.url, t->easy);
}

bool ps_transfer_is_success(const struct ps_transfer *t)
{
  return ps_status_has(&t->endpoint->success.statuses, t->seen.status) && !ps_transfer_is_of_proxy(t);
}

/* A status that counts as a success is an answer, wherever it leads. */
bool ps_transfer_is_redirect(const struct ps_transfer *t)
{
  return t->endpoint->follow && t->location && t->seen.status / 100 == 3 && !ps_transfer_is_success(t);
}

/* The header alone tells it, but for a success whose body is to be tested. */
static void tell_answer(struct ps_transfer *t)
{
  bool success = ps_transfer_is_success(t);
  if (t->told || (success && t->endpoint->success.tests))
    return;
  t->told = true;
  t->watcher->answered(t->watcher->context, success, t->seen.status);
}

/* libcurl takes some lines that are no status lines (RFC 9112, 4) for the status 200: "http/1.1 500", "HTTP/x 500". */
static bool is_status_line(const char *line, size_t size)
{
  return size > 5 && memcmp(line, "HTTP/", 5) == 0 && line[5] >= '0' && line[5] <= '9';
}

static void begin_header(struct ps_transfer *t)
{
  t->seen.in_header = true;
  t->seen.long_wait = false;
  free(t->location);
  t->location = NULL;
}

/* Whether the redirect can be followed. A Location that leads nowhere stays as it is. */
static bool find_target(struct ps_transfer *t)
{
  char *target = ps_redirect_resolve(t->hop.url, t->location, t->hop.elsewhere ? NULL : t->hop.own);
  if (target) {
    free(t->location);
    t->location = target;
  }
  return target && ps_redirect_is_http(target) && !ps_redirect_refusal(t->seen.status, t->hop.method, t->hop.number);
}

static void end_header(struct ps_transfer *t)
{
  long status = 0;
  t->seen.in_header = false;
  curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
  if (status < 200) /* interim (RFC 9110, 15.2): the answer is still to come */
    return;
  t->seen.status = (int)status;
  t->seen.answered = ps_now();
  if (ps_transfer_is_redirect(t))
    t->seen.leads_on = find_target(t);
  if (!t->seen.leads_on)
    tell_answer(t);
}

/* Trailers come here too, and may look like anything; but the request has its answer by then. */
static size_t read_header(char *line, size_t unit, size_t size, void *context)
{
  struct ps_transfer *t = transfer_of(context);
  size *= unit;
  t->header_bytes += size;
  t->headers_too_big |= t->header_bytes > HEADERS_MAX;
  if (t->headers_too_big || ps_slot_is_cancelled(t->slot))
    return 0;
  if (t->seen.status)
    return size;
  t->seen.no_http = !t->seen.in_header && !is_status_line(line, size);
  if (t->seen.no_http)
    return 0;
  if (!t->seen.in_header)
    begin_header(t);
  else if (*line == '\r' || *line == '\n')
    end_header(t);
  else
    note_header(t, line, size);
  return size;
}

/* ---- The body */

void ps_transfer_drop_spool(struct ps_transfer *t)
{
  struct ps_response *response = &t->outcome->response;
  if (response->spool >= 0)
    close(response->spool);
  response->spool = -1;
}

/* Keep what may be the winner's response: of a success, while no other has won. Whether it is being kept. */
static bool spool(struct ps_transfer *t, const char *data, size_t size)
{
  struct ps_response *response = &t->outcome->response;
  if (!t->endpoint->keep_bodies || response->spool_error || !ps_transfer_is_success(t))
    return false;
  if (t->watcher->is_late(t->watcher->context)) {
    ps_transfer_drop_spool(t);
    return false;
  }
  if (response->spool < 0 && (response->spool = ps_spool_open()) < 0)
    response->spool_error = errno;
  else
    response->spool_error = ps_spool_write(response->spool, data, size);
  if (response->spool_error)
    ps_transfer_drop_spool(t);
  return !response->spool_error;
}

/* A body that is to be tested is wanted whole, whatever of it is to be shown. */
static size_t body_limit(const struct ps_transfer *t)
{
  bool tested = t->endpoint->success.tests && ps_transfer_is_success(t);
  size_t shown = t->endpoint->max_response;
  return tested && shown < PS_SUCCESS_BODY_MAX ? PS_SUCCESS_BODY_MAX : shown;
}

bool ps_transfer_body_is_cut(const struct ps_transfer *t)
{
  return t->seen.body_size > t->outcome->body.size;
}

/* Decoded bytes. What is past the limit is not read, unless all of it is being kept in a file. */
static size_t read_body(char *data, size_t unit, size_t size, void *context)
{
  struct ps_transfer *t = transfer_of(context);
  struct ps_outcome *outcome = t->outcome;
  size *= unit;
  t->seen.body_size += size;
  if (t->seen.leads_on)
    return t->seen.body_size > REDIRECT_BODY_MAX ? 0 : size;
  size_t room = body_limit(t) - outcome->body.size;
  if (ps_buf_append(&outcome->body, data, size < room ? size : room))
    return 0;
  t->seen.body_is_enough = !spool(t, data, size) && size > room;
  return t->seen.body_is_enough ? 0 : size;
}

/* ---- Progress */

/* The engine ends an attempt whose time is up. Where it does not, held up by a callback of the user's, this does, a
 * second later; unless there is something to be read, which may be the answer. */
static bool is_overdue(const struct ps_transfer *t, ps_time now)
{
  return now >= ps_after(ps_after(t->began, t->endpoint->attempt_timeout), PS_SECOND) &&
         !ps_slot_is_readable(t->slot, t->slot->shared.user);
}

/* libcurl calls it about once a second, and whenever something happens. */
static int on_progress(void *context, curl_off_t expected, curl_off_t received, curl_off_t to_send, curl_off_t sent)
{
  struct ps_transfer *t = transfer_of(context);
  (void)expected, (void)received, (void)to_send;
  struct ps_timings *timings = &t->outcome->timings;
  if (timings->sent < 0 && (size_t)sent >= t->request.size && ps_transfer_is_unanswered(t))
    timings->sent = ps_now() - t->began;
  if (!t->seen.connected && ps_slot_has_connected(t->slot))
    note_connected(t);
  ps_time now = ps_now();
  t->seen.overdue = is_overdue(t, now);
  bool enough = t->seen.leads_on && now - t->seen.answered >= REDIRECT_BODY_WAIT;
  return ps_slot_is_cancelled(t->slot) || t->seen.overdue || enough;
}

static int on_talk(CURL *easy, curl_infotype type, char *data, size_t size, void *context)
{
  struct ps_transfer *t = transfer_of(context);
  (void)easy, (void)type, (void)data, (void)size;
  if (!t->seen.connected && ps_slot_has_connected(t->slot))
    note_connected(t);
  return 0;
}

/* From 8.20 on libcurl tells of no progress until TLS stands, but it talks of TLS before. */
#define SILENT_SINCE 0x081400

void ps_transfer_listen(struct ps_transfer *t, bool connecting)
{
  if (!t->endpoint->trace && ps_transport_version() >= SILENT_SINCE)
    curl_easy_setopt(t->easy, CURLOPT_VERBOSE, connecting ? 1L : 0L);
}

void ps_transfer_watch(CURL *easy, struct ps_slot *slot, const struct ps_endpoint *endpoint)
{
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, slot);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, read_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, read_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, slot);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->words);
  curl_easy_setopt(easy, CURLOPT_VERBOSE, endpoint->trace ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, endpoint->trace ? ps_trace_debug : on_talk);
  curl_easy_setopt(easy, CURLOPT_DEBUGDATA, endpoint->trace ? (const void *)endpoint : slot);
}
