/* How callers read an account: a function for each thing that it says. A handle may be NULL, and says nothing then. */
#include "engine/account.h"

#include <limits.h>

/* ---- Attempts */

unsigned poolsend_attempt_number(const struct poolsend_attempt *attempt)
{
  return attempt ? attempt->number : 0;
}

unsigned poolsend_attempt_endpoint(const struct poolsend_attempt *attempt)
{
  return attempt ? attempt->endpoint : UINT_MAX;
}

const char *poolsend_attempt_name(const struct poolsend_attempt *attempt)
{
  return attempt ? attempt->name : NULL;
}

const char *poolsend_attempt_url(const struct poolsend_attempt *attempt)
{
  return attempt ? attempt->url : NULL;
}

poolsend_time poolsend_attempt_started(const struct poolsend_attempt *attempt)
{
  return attempt ? attempt->started : -1;
}

poolsend_time poolsend_attempt_finished(const struct poolsend_attempt *attempt)
{
  return attempt ? attempt->finished : -1;
}

enum poolsend_fate poolsend_attempt_fate(const struct poolsend_attempt *attempt)
{
  return attempt ? attempt->fate : POOLSEND_FATE_NONE;
}

enum poolsend_reason poolsend_attempt_reason(const struct poolsend_attempt *attempt)
{
  return attempt ? attempt->reason : POOLSEND_REASON_NONE;
}

int poolsend_attempt_status(const struct poolsend_attempt *attempt)
{
  return attempt ? attempt->status : 0;
}

const char *poolsend_attempt_error(const struct poolsend_attempt *attempt)
{
  return attempt ? attempt->error : NULL;
}

uint64_t poolsend_attempt_bytes_sent(const struct poolsend_attempt *attempt)
{
  return attempt ? attempt->bytes_sent : 0;
}

/* While it runs its timings are not there yet. */
poolsend_time poolsend_attempt_timing(const struct poolsend_attempt *attempt, enum poolsend_timing step)
{
  if (!attempt || attempt->finished < 0)
    return -1;
  switch (step) {
  case POOLSEND_TIMING_QUEUE:
    return attempt->timings.queue;
  case POOLSEND_TIMING_RESOLVE:
    return attempt->timings.resolve;
  case POOLSEND_TIMING_CONNECT:
    return attempt->timings.connect;
  case POOLSEND_TIMING_TLS:
    return attempt->timings.tls;
  case POOLSEND_TIMING_SENT:
    return attempt->timings.sent;
  case POOLSEND_TIMING_FIRST_BYTE:
    return attempt->timings.first_byte;
  case POOLSEND_TIMING_TOTAL:
    return attempt->timings.total;
  }
  return -1;
}

static const struct ps_response *response_of(const struct poolsend_attempt *attempt)
{
  return attempt ? attempt->response : NULL;
}

const char *poolsend_attempt_response(const struct poolsend_attempt *attempt, size_t *size)
{
  const struct ps_response *response = response_of(attempt);
  if (size)
    *size = response ? response->size : 0;
  return response ? response->data : NULL;
}

bool poolsend_attempt_response_is_truncated(const struct poolsend_attempt *attempt)
{
  const struct ps_response *response = response_of(attempt);
  return response && response->truncated;
}

int poolsend_attempt_response_file(const struct poolsend_attempt *attempt, int *error)
{
  const struct ps_response *response = response_of(attempt);
  if (error)
    *error = response ? response->spool_error : 0;
  return response ? response->spool : -1;
}

/* ---- Events */

enum poolsend_event_kind poolsend_event_kind(const struct poolsend_event *event)
{
  return event ? event->kind : POOLSEND_EVENT_NONE;
}

const char *poolsend_event_id(const struct poolsend_event *event)
{
  return event ? event->message : NULL;
}

uint64_t poolsend_event_line(const struct poolsend_event *event)
{
  return event ? event->line : 0;
}

void *poolsend_event_context(const struct poolsend_event *event)
{
  return event ? event->context : NULL;
}

poolsend_time poolsend_event_time(const struct poolsend_event *event)
{
  return event ? event->t : -1;
}

const struct poolsend_attempt *poolsend_event_attempt(const struct poolsend_event *event)
{
  return event ? event->attempt : NULL;
}

/* A delivered event is about the winner. */
const struct poolsend_attempt *poolsend_event_winner(const struct poolsend_event *event)
{
  if (!event)
    return NULL;
  return event->kind == POOLSEND_EVENT_DELIVERED ? event->attempt : event->winner;
}

size_t poolsend_event_attempt_count(const struct poolsend_event *event)
{
  return event ? event->attempt_count : 0;
}

const struct poolsend_attempt *poolsend_event_attempt_at(const struct poolsend_event *event, size_t index)
{
  return event && index < event->attempt_count ? event->attempts[index] : NULL;
}

size_t poolsend_event_fate_count(const struct poolsend_event *event, enum poolsend_fate fate)
{
  bool known = (int)fate > POOLSEND_FATE_NONE && (int)fate <= POOLSEND_FATE_UNKNOWN;
  return event && known ? event->fates[fate] : 0;
}

size_t poolsend_event_pending_count(const struct poolsend_event *event)
{
  return event ? event->pending_count : 0;
}

unsigned poolsend_event_pending_number(const struct poolsend_event *event, size_t index)
{
  return event && index < event->pending_count ? event->pending[index].number : 0;
}

const char *poolsend_event_pending_name(const struct poolsend_event *event, size_t index)
{
  return event && index < event->pending_count ? event->pending[index].name : NULL;
}

size_t poolsend_event_not_tried_count(const struct poolsend_event *event)
{
  return event ? event->not_tried_count : 0;
}

const char *poolsend_event_not_tried(const struct poolsend_event *event, size_t index)
{
  return event && index < event->not_tried_count ? event->not_tried[index] : NULL;
}
