/* What would be sent, for a person who wants to look first: the same request that an attempt would make. */
#include "base/fork.h"
#include "engine/intake.h"
#include "net/check.h"
#include "net/redact.h"
#include "net/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct poolsend_preview {
  const char *name, *method; /* the sender's, which outlives it */
  ps_time hedge_delay;
  struct ps_message *message; /* it holds it */
  struct ps_request request;
  char *url;
  char **lines;
  size_t line_count;
};

static bool add_line(struct poolsend_preview *preview, const struct ps_endpoint *endpoint, const char *line)
{
  struct ps_buf shown = {0};
  if (ps_endpoint_show_header(endpoint, &shown, line, strlen(line))) {
    ps_buf_fini(&shown);
    return false;
  }
  preview->lines[preview->line_count++] = shown.data;
  return true;
}

static bool make_room(struct poolsend_preview *preview)
{
  size_t room = 2;
  for (const struct curl_slist *line = preview->request.headers; line; line = line->next)
    room++;
  preview->lines = calloc(room, sizeof(char *));
  return preview->lines != NULL;
}

/* Those that are asked for, and those that the transport is told to add. */
static bool show_headers(struct poolsend_preview *preview, const struct ps_endpoint *endpoint)
{
  const struct ps_request *request = &preview->request;
  if (!make_room(preview))
    return false;
  if (request->body && endpoint->form_type && !ps_request_settles(request, "Content-Type") &&
      !add_line(preview, endpoint, "Content-Type: application/x-www-form-urlencoded"))
    return false;
  if (endpoint->authenticates && !ps_request_settles(request, "Authorization") &&
      !add_line(preview, endpoint, "Authorization: ***"))
    return false;
  for (const struct curl_slist *line = request->headers; line; line = line->next)
    if (ps_header_has_value(line->data) && !add_line(preview, endpoint, line->data))
      return false;
  return true;
}

static bool show(struct poolsend_preview *preview, const struct ps_endpoint *endpoint)
{
  const struct ps_request *request = &preview->request;
  if (request->url) {
    free(preview->url);
    preview->url = ps_redact_url(request->written_url);
  }
  return preview->url && show_headers(preview, endpoint);
}

/* There is no request: the message has not what the endpoint's templates ask for. */
static bool show_reason(struct poolsend_preview *preview, const struct ps_endpoint *endpoint, const char *words)
{
  struct ps_buf line = {0};
  ps_request_fini(&preview->request);
  preview->request = (struct ps_request){0};
  bool done = make_room(preview) && !ps_buf_printf(&line, "(nothing would be sent: %s)", words) &&
              add_line(preview, endpoint, line.data);
  ps_buf_fini(&line);
  return done;
}

static int fill(struct poolsend_preview *preview, const struct poolsend_sender *sender, unsigned index)
{
  char words[PS_ERROR_SIZE];
  const struct ps_endpoint *endpoint = &sender->endpoints[index];
  struct ps_payload payload = ps_intake_payload(preview->message, index);
  preview->name = endpoint->name;
  preview->method = ps_endpoint_method(endpoint, payload.body != NULL);
  preview->hedge_delay = endpoint->hedge_delay;
  preview->url = strdup(endpoint->shown_url);
  if (!preview->url)
    return -ENOMEM;
  int error = ps_request_init(&preview->request, endpoint, &payload, words, sizeof words);
  if (error == -EINVAL)
    return show_reason(preview, endpoint, words) ? 0 : -ENOMEM;
  return !error && show(preview, endpoint) ? 0 : -ENOMEM;
}

static int new_preview(struct poolsend_sender *sender, unsigned endpoint, struct poolsend_message *message,
                       struct poolsend_preview **out)
{
  if (ps_fork_is_child(sender->coordinator.generation))
    return -ECHILD;
  if (endpoint >= sender->rule.endpoints)
    return ps_refuse(&message->error, "there is no endpoint %u: they are numbered from 0 to %u", endpoint,
                     sender->rule.endpoints - 1);
  struct poolsend_preview *preview = calloc(1, sizeof *preview);
  if (!preview)
    return -ENOMEM;
  int result = ps_intake(sender, message, &preview->message);
  if (!result)
    result = fill(preview, sender, endpoint);
  if (result)
    poolsend_preview_free(preview);
  else
    *out = preview;
  return result;
}

int poolsend_preview_new(struct poolsend_sender *sender, unsigned endpoint, struct poolsend_message *message,
                         struct poolsend_preview **preview)
{
  *preview = NULL;
  int result = ps_draft_begin(message);
  if (result)
    return result;
  if (!sender)
    return ps_refuse(&message->error, "there is no sender");
  return ps_draft_end(message, new_preview(sender, endpoint, message, preview));
}

void poolsend_preview_free(struct poolsend_preview *preview)
{
  if (!preview)
    return;
  for (size_t i = 0; i < preview->line_count; i++)
    free(preview->lines[i]);
  free(preview->lines);
  free(preview->url);
  ps_request_fini(&preview->request);
  if (preview->message)
    ps_message_release(preview->message);
  free(preview);
}

/* ---- What it shows */

const char *poolsend_preview_name(const struct poolsend_preview *preview)
{
  return preview ? preview->name : NULL;
}

const char *poolsend_preview_url(const struct poolsend_preview *preview)
{
  return preview ? preview->url : NULL;
}

const char *poolsend_preview_method(const struct poolsend_preview *preview)
{
  return preview ? preview->method : NULL;
}

poolsend_time poolsend_preview_hedge_delay(const struct poolsend_preview *preview)
{
  return preview ? preview->hedge_delay : -1;
}

size_t poolsend_preview_header_count(const struct poolsend_preview *preview)
{
  return preview ? preview->line_count : 0;
}

const char *poolsend_preview_header(const struct poolsend_preview *preview, size_t index)
{
  return preview && index < preview->line_count ? preview->lines[index] : NULL;
}

const char *poolsend_preview_body(const struct poolsend_preview *preview, size_t *size)
{
  if (size)
    *size = preview ? preview->request.size : 0;
  return preview ? preview->request.body : NULL;
}
