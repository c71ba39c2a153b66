/* Events -> JSON lines. The words and shapes are those of events.schema.json. */
#include "json/build.h"
#include "base/text.h"
#include "poolsend.h"

static bool add_status(struct json_object *object, int status)
{
  return status ? ps_json_add_count(object, "status", (uint64_t)status) : ps_json_add_null(object, "status");
}

/* What was cut is no longer the JSON it may have been. */
static bool add_response(struct json_object *object, const struct poolsend_response *response)
{
  size_t size = response->truncated ? ps_text_whole_utf8(response->data, response->size) : response->size;
  bool done = ps_json_add_bytes(object, "response", response->data, size, !response->truncated);
  if (done && response->truncated)
    done = ps_json_add(object, "response_truncated", json_object_new_boolean(true));
  return done;
}

static bool add_timings(struct json_object *object, const struct poolsend_timings *timings)
{
  struct json_object *inner = json_object_new_object();
  bool done = ps_json_add_seconds(inner, "queue", timings->queue) &&
              ps_json_add_seconds(inner, "resolve", timings->resolve) &&
              ps_json_add_seconds(inner, "connect", timings->connect) &&
              ps_json_add_seconds(inner, "tls", timings->tls) && ps_json_add_seconds(inner, "sent", timings->sent) &&
              ps_json_add_seconds(inner, "first_byte", timings->first_byte) &&
              ps_json_add_seconds(inner, "total", timings->total);
  return ps_json_add(object, "timings", inner) && done;
}

/* Who and where, as in every event about one attempt. */
static bool add_identity(struct json_object *object, const struct poolsend_attempt *attempt)
{
  return ps_json_add_count(object, "attempt", attempt->number) && ps_json_add_text(object, "endpoint", attempt->name);
}

static bool add_fate(struct json_object *object, const struct poolsend_attempt *attempt)
{
  return ps_json_add_text(object, "fate", poolsend_fate_name(attempt->fate)) &&
         ps_json_add_text(object, "reason", poolsend_reason_name(attempt->reason)) &&
         add_status(object, attempt->status);
}

static bool fill_start(struct json_object *object, const struct poolsend_event *event)
{
  return add_identity(object, &event->attempt) && ps_json_add_text(object, "url", event->attempt.url) &&
         ps_json_add_seconds(object, "t", event->t);
}

static bool fill_finish(struct json_object *object, const struct poolsend_event *event)
{
  return add_identity(object, &event->attempt) && add_fate(object, &event->attempt) &&
         ps_json_add_seconds(object, "t", event->t);
}

static bool fill_delivered(struct json_object *object, const struct poolsend_event *event)
{
  const struct poolsend_attempt *attempt = &event->attempt;
  struct json_object *pending = json_object_new_array();
  bool done = add_identity(object, attempt) && ps_json_add_text(object, "url", attempt->url) &&
              add_status(object, attempt->status) && ps_json_add_seconds(object, "t", event->t);
  for (size_t i = 0; done && pending && i < event->pending_count; i++)
    done = json_object_array_add(pending, json_object_new_int64(event->pending[i].number)) == 0;
  done = ps_json_add(object, "pending", pending) && done;
  return done && (!attempt->response || add_response(object, attempt->response));
}

static struct json_object *attempt_object(const struct poolsend_attempt *attempt)
{
  struct json_object *object = json_object_new_object();
  bool done = add_identity(object, attempt) && ps_json_add_text(object, "url", attempt->url) &&
              add_fate(object, attempt) && ps_json_add_text(object, "error", attempt->error) &&
              ps_json_add_seconds(object, "started", attempt->started) &&
              ps_json_add_seconds(object, "finished", attempt->finished) &&
              ps_json_add_count(object, "bytes_sent", attempt->bytes_sent) && add_timings(object, &attempt->timings) &&
              (attempt->response ? add_response(object, attempt->response) : ps_json_add_null(object, "response"));
  if (done)
    return object;
  json_object_put(object);
  return NULL;
}

/* The numbers of those that met `fate`, the winner apart. */
static bool add_numbers(struct json_object *object, const char *key, const struct poolsend_event *event,
                        enum poolsend_fate fate)
{
  struct json_object *numbers = json_object_new_array();
  bool done = numbers != NULL;
  for (size_t i = 0; done && i < event->attempt_count; i++)
    if (event->attempts[i]->fate == fate && (int)i != event->winner)
      done = json_object_array_add(numbers, json_object_new_int64(event->attempts[i]->number)) == 0;
  return ps_json_add(object, key, numbers) && done;
}

static bool fill_settled(struct json_object *object, const struct poolsend_event *event)
{
  bool won = event->winner >= 0;
  bool done = ps_json_add_text(object, "outcome", won ? "delivered" : "undelivered") &&
              (won ? ps_json_add_count(object, "winner", event->attempts[event->winner]->number)
                   : ps_json_add_null(object, "winner")) &&
              add_numbers(object, "also_delivered", event, POOLSEND_DELIVERED) &&
              add_numbers(object, "unknown", event, POOLSEND_UNKNOWN) && ps_json_add_seconds(object, "t", event->t);
  struct json_object *attempts = json_object_new_array();
  for (size_t i = 0; done && attempts && i < event->attempt_count; i++) {
    struct json_object *attempt = attempt_object(event->attempts[i]);
    done = attempt && json_object_array_add(attempts, attempt) == 0;
  }
  return ps_json_add(object, "attempts", attempts) && done;
}

char *poolsend_event_json(const struct poolsend_event *event)
{
  static const struct {
    enum poolsend_event_kind kind;
    const char *name;
    bool (*fill)(struct json_object *object, const struct poolsend_event *event);
  } kinds[] = {
      {POOLSEND_EVENT_START, "start", fill_start},
      {POOLSEND_EVENT_FINISH, "finish", fill_finish},
      {POOLSEND_EVENT_DELIVERED, "delivered", fill_delivered},
      {POOLSEND_EVENT_SETTLED, "settled", fill_settled},
  };
  struct json_object *object = json_object_new_object();
  bool done = false;
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (kinds[i].kind == event->kind)
      done = ps_json_add_text(object, "event", kinds[i].name) && ps_json_add_text(object, "message", event->message) &&
             kinds[i].fill(object, event);
  return ps_json_line(object, done);
}
