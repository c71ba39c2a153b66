/* Events -> JSON lines. The words and shapes are those of events.schema.json. */
#include "base/text.h"
#include "engine/account.h"
#include "json/write.h"

static void put_status(struct ps_json *json, int status)
{
  if (status)
    ps_json_count(json, "status", (uint64_t)status);
  else
    ps_json_null(json, "status");
}

/* What was cut is no longer the JSON it may have been. */
static void put_response(struct ps_json *json, const struct ps_response *response)
{
  size_t size = response->truncated ? ps_text_whole_utf8(response->data, response->size) : response->size;
  ps_json_bytes(json, "response", response->data, size, !response->truncated);
  if (response->truncated)
    ps_json_true(json, "response_truncated");
}

static void put_timings(struct ps_json *json, const struct ps_timings *timings)
{
  ps_json_open(json, "timings", '{');
  ps_json_seconds(json, "queue", timings->queue);
  ps_json_seconds(json, "resolve", timings->resolve);
  ps_json_seconds(json, "connect", timings->connect);
  ps_json_seconds(json, "tls", timings->tls);
  ps_json_seconds(json, "sent", timings->sent);
  ps_json_seconds(json, "first_byte", timings->first_byte);
  ps_json_seconds(json, "total", timings->total);
  ps_json_close(json, '}');
}

/* Who and where, as in every event about one attempt. */
static void put_identity(struct ps_json *json, const struct poolsend_attempt *attempt)
{
  ps_json_count(json, "attempt", attempt->number);
  ps_json_text(json, "endpoint", attempt->name);
}

static void put_fate(struct ps_json *json, const struct poolsend_attempt *attempt)
{
  ps_json_text(json, "fate", poolsend_fate_name(attempt->fate));
  ps_json_text(json, "reason", poolsend_reason_name(attempt->reason));
  put_status(json, attempt->status);
}

static void put_start(struct ps_json *json, const struct poolsend_event *event)
{
  put_identity(json, event->attempt);
  ps_json_text(json, "url", event->attempt->url);
  ps_json_seconds(json, "t", event->t);
}

static void put_finish(struct ps_json *json, const struct poolsend_event *event)
{
  put_identity(json, event->attempt);
  put_fate(json, event->attempt);
  ps_json_seconds(json, "t", event->t);
}

static void put_delivered(struct ps_json *json, const struct poolsend_event *event)
{
  const struct poolsend_attempt *attempt = event->attempt;
  put_identity(json, attempt);
  ps_json_text(json, "url", attempt->url);
  put_status(json, attempt->status);
  ps_json_seconds(json, "t", event->t);
  ps_json_open(json, "pending", '[');
  for (size_t i = 0; i < event->pending_count; i++)
    ps_json_count(json, NULL, event->pending[i].number);
  ps_json_close(json, ']');
  if (attempt->response)
    put_response(json, attempt->response);
}

static void put_attempt(struct ps_json *json, const struct poolsend_attempt *attempt)
{
  ps_json_open(json, NULL, '{');
  put_identity(json, attempt);
  ps_json_text(json, "url", attempt->url);
  put_fate(json, attempt);
  ps_json_text(json, "error", attempt->error);
  ps_json_seconds(json, "started", attempt->started);
  ps_json_seconds(json, "finished", attempt->finished);
  ps_json_count(json, "bytes_sent", attempt->bytes_sent);
  put_timings(json, &attempt->timings);
  if (attempt->response)
    put_response(json, attempt->response);
  else
    ps_json_null(json, "response");
  ps_json_close(json, '}');
}

/* The numbers of those that met `fate`, the winner apart. */
static void put_numbers(struct ps_json *json, const char *key, const struct poolsend_event *event,
                        enum poolsend_fate fate)
{
  ps_json_open(json, key, '[');
  for (size_t i = 0; i < event->attempt_count; i++)
    if (event->attempts[i]->fate == fate && event->attempts[i] != event->winner)
      ps_json_count(json, NULL, event->attempts[i]->number);
  ps_json_close(json, ']');
}

static void put_settled(struct ps_json *json, const struct poolsend_event *event)
{
  bool won = event->winner != NULL;
  ps_json_text(json, "outcome", won ? "delivered" : "undelivered");
  if (won)
    ps_json_count(json, "winner", event->winner->number);
  else
    ps_json_null(json, "winner");
  put_numbers(json, "also_delivered", event, POOLSEND_FATE_DELIVERED);
  put_numbers(json, "unknown", event, POOLSEND_FATE_UNKNOWN);
  ps_json_seconds(json, "t", event->t);
  ps_json_open(json, "attempts", '[');
  for (size_t i = 0; i < event->attempt_count; i++)
    put_attempt(json, event->attempts[i]);
  ps_json_close(json, ']');
  if (won)
    return;
  ps_json_open(json, "not_tried", '[');
  for (size_t i = 0; i < event->not_tried_count; i++)
    ps_json_text(json, NULL, event->not_tried[i]);
  ps_json_close(json, ']');
}

char *poolsend_event_json(const struct poolsend_event *event)
{
  static const struct {
    enum poolsend_event_kind kind;
    const char *name;
    void (*put)(struct ps_json *json, const struct poolsend_event *event);
  } kinds[] = {
      {POOLSEND_EVENT_START, "start", put_start},
      {POOLSEND_EVENT_FINISH, "finish", put_finish},
      {POOLSEND_EVENT_DELIVERED, "delivered", put_delivered},
      {POOLSEND_EVENT_SETTLED, "settled", put_settled},
  };
  struct ps_json json = {0};
  if (!event)
    return NULL;
  ps_json_open(&json, NULL, '{');
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (kinds[i].kind != event->kind)
      continue;
    ps_json_text(&json, "event", kinds[i].name);
    ps_json_text(&json, "message", event->message);
    if (event->line)
      ps_json_count(&json, "line", event->line);
    kinds[i].put(&json, event);
  }
  ps_json_close(&json, '}');
  return ps_json_take(&json);
}
