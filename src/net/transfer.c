#include "net/transfer.h"

#include "net/spool.h"
#include "net/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* All headers of an attempt together, interim answers and redirects included. */
#define HEADERS_MAX ((size_t)256 * 1024)

static struct ps_transfer *transfer_of(void *slot)
{
  return ((struct ps_slot *)slot)->transfer;
}

long ps_transfer_request_size(const struct ps_transfer *t)
{
  long size = 0;
  curl_easy_getinfo(t->slot->easy, CURLINFO_REQUEST_SIZE, &size);
  return size;
}

bool ps_transfer_is_unanswered(const struct ps_transfer *t)
{
  return t->unanswered && ps_transfer_request_size(t) > t->size_before;
}

/* About to send a request on a connection. Legitimately once, and once more for every redirect that was answered. */
static int before_request(void *context, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
  struct ps_transfer *t = transfer_of(context);
  (void)remote_ip, (void)local_ip, (void)remote_port;
  if (ps_slot_is_cancelled(t->slot))
    return CURL_PREREQFUNC_ABORT;
  if (t->unanswered) {
    t->resent = true;
    return CURL_PREREQFUNC_ABORT;
  }
  enum ps_connection connection = ps_slot_look(t->slot, local_port);
  if (connection != PS_CONNECTION_ALIVE) {
    t->stale = connection == PS_CONNECTION_STALE && !t->requested;
    t->dead = !t->stale;
    return CURL_PREREQFUNC_ABORT;
  }
  t->requested = t->unanswered = true;
  t->size_before = ps_transfer_request_size(t);
  return CURL_PREREQFUNC_OK;
}

/* "HTTP/1.1 200 OK" -> 200. */
static int status_of_line(const char *line, size_t size)
{
  const char *space = memchr(line, ' ', size);
  char digits[4] = "";
  if (space && (size_t)(space - line) + 4 <= size)
    memcpy(digits, space + 1, 3);
  return (int)strtol(digits, NULL, 10);
}

static bool will_be_followed(const struct ps_transfer *t)
{
  return t->endpoint->follow && t->status / 100 == 3;
}

/* The method was given by name, which the transport would keep on where a 303 asks for a GET (RFC 9110, 15.4.4). */
static void prepare_redirect(struct ps_transfer *t)
{
  const char *method = t->endpoint->method;
  if (t->status == 303 && method && strcmp(method, "HEAD") != 0)
    curl_easy_setopt(t->slot->easy, CURLOPT_CUSTOMREQUEST, NULL);
}

/* The header alone tells it, but for a success whose body is to be tested. */
static void tell_answer(struct ps_transfer *t)
{
  bool success = ps_status_has(&t->endpoint->success.statuses, t->status);
  if (!success || !t->endpoint->success.tests)
    t->watcher->answered(t->watcher->context, success, t->status);
}

static void end_of_header(struct ps_transfer *t)
{
  t->in_header = false;
  if (t->header_status < 200) /* interim (RFC 9110, 15.2): the answer is still to come */
    return;
  t->status = t->header_status;
  t->unanswered = false;
  if (will_be_followed(t))
    prepare_redirect(t);
  else
    tell_answer(t);
}

/* Trailers come here too, and may look like anything: an answer is only what answers a request. */
static size_t read_header(char *line, size_t unit, size_t size, void *context)
{
  struct ps_transfer *t = transfer_of(context);
  size *= unit;
  t->header_bytes += size;
  if (t->header_bytes > HEADERS_MAX) {
    t->headers_too_big = true;
    return 0;
  }
  bool begins = t->unanswered && !t->in_header && size >= 5 && memcmp(line, "HTTP/", 5) == 0;
  if (begins) {
    t->in_header = true;
    t->header_status = status_of_line(line, size);
  } else if (t->in_header && (*line == '\r' || *line == '\n')) {
    end_of_header(t);
  }
  return size;
}

void ps_transfer_drop_spool(struct ps_transfer *t)
{
  struct poolsend_response *response = &t->outcome->response;
  if (response->spool >= 0)
    close(response->spool);
  response->spool = -1;
}

/* Keep what may be the winner's response: of a success, while no other has won. Whether it is being kept. */
static bool spool(struct ps_transfer *t, const char *data, size_t size)
{
  struct poolsend_response *response = &t->outcome->response;
  if (!t->endpoint->keep_bodies || response->spool_error || !ps_status_has(&t->endpoint->success.statuses, t->status))
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

/* Decoded bytes. What is past the limit is not read, unless all of it is being kept in a file. */
static size_t read_body(char *data, size_t unit, size_t size, void *context)
{
  struct ps_transfer *t = transfer_of(context);
  struct ps_outcome *outcome = t->outcome;
  size *= unit;
  size_t room = t->endpoint->max_response - outcome->body.size;
  if (ps_buf_append(&outcome->body, data, size < room ? size : room))
    return 0;
  outcome->response.truncated |= size > room;
  t->body_is_enough = !spool(t, data, size) && size > room;
  return t->body_is_enough ? 0 : size;
}

static int on_progress(void *context, curl_off_t expected, curl_off_t received, curl_off_t to_send, curl_off_t sent)
{
  struct ps_transfer *t = transfer_of(context);
  (void)expected, (void)received, (void)to_send;
  struct poolsend_timings *timings = &t->outcome->timings;
  if (timings->sent < 0 && (size_t)sent >= t->request.size && ps_transfer_is_unanswered(t))
    timings->sent = ps_now() - t->began;
  return ps_slot_is_cancelled(t->slot) ? 1 : 0;
}

void ps_transfer_watch(struct ps_slot *slot, const struct ps_endpoint *endpoint)
{
  CURL *easy = slot->easy;
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
  if (endpoint->trace) {
    curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, ps_trace_debug);
    curl_easy_setopt(easy, CURLOPT_DEBUGDATA, endpoint);
  }
}
