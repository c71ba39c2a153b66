/* What would be sent, for a person who wants to look first: the same request that an attempt would make. */
#include "base/fork.h"
#include "engine/intake.h"
#include "net/check.h"
#include "net/redact.h"
#include "net/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct preview {
  struct poolsend_preview public; /* first */
  struct ps_message *message;     /* it holds it */
  struct ps_request request;
  char *url; /* NULL: the endpoint's is shown */
  char **lines;
};

static bool add_line(struct preview *preview, const struct ps_endpoint *endpoint, const char *line)
{
  struct ps_buf shown = {0};
  if (ps_endpoint_show_header(endpoint, &shown, line, strlen(line))) {
    ps_buf_fini(&shown);
    return false;
  }
  preview->lines[preview->public.header_count++] = shown.data;
  return true;
}

static bool make_room(struct preview *preview)
{
  size_t room = 2;
  for (const struct curl_slist *line = preview->request.headers; line; line = line->next)
    room++;
  preview->lines = calloc(room, sizeof(char *));
  preview->public.headers = (const char *const *)preview->lines;
  return preview->lines != NULL;
}

/* Those that are asked for, and those that the transport is told to add. */
static bool show_headers(struct preview *preview, const struct ps_endpoint *endpoint)
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

static bool show(struct preview *preview, const struct ps_endpoint *endpoint)
{
  const struct ps_request *request = &preview->request;
  preview->public.body = request->body;
  preview->public.size = request->size;
  if (request->url) {
    preview->url = ps_redact_url(request->written_url);
    preview->public.url = preview->url;
  }
  return preview->public.url && show_headers(preview, endpoint);
}

/* There is no request: the message has not what the endpoint's templates ask for. */
static bool show_reason(struct preview *preview, const struct ps_endpoint *endpoint, const char *words)
{
  struct ps_buf line = {0};
  ps_request_fini(&preview->request);
  preview->request = (struct ps_request){0};
  bool done = make_room(preview) && !ps_buf_printf(&line, "(nothing would be sent: %s)", words) &&
              add_line(preview, endpoint, line.data);
  ps_buf_fini(&line);
  return done;
}

static int fill(struct preview *preview, const struct poolsend_sender *sender, unsigned index)
{
  char words[PS_ERROR_SIZE];
  const struct ps_endpoint *endpoint = &sender->endpoints[index];
  struct ps_payload payload = ps_intake_payload(preview->message, index);
  preview->public = (struct poolsend_preview){
      .name = endpoint->name,
      .url = endpoint->shown_url,
      .method = ps_endpoint_method(endpoint, payload.body != NULL),
      .hedge_delay = endpoint->hedge_delay,
  };
  int error = ps_request_init(&preview->request, endpoint, &payload, words, sizeof words);
  if (error == -EINVAL)
    return show_reason(preview, endpoint, words) ? 0 : -ENOMEM;
  return !error && show(preview, endpoint) ? 0 : -ENOMEM;
}

int poolsend_preview_new(struct poolsend_sender *sender, unsigned endpoint, const struct poolsend_message *message,
                         struct poolsend_preview **out, struct poolsend_error *error)
{
  struct poolsend_error unread;
  error = ps_error_clear(error, &unread);
  *out = NULL;
  if (ps_fork_is_child(sender->coordinator.generation))
    return -ECHILD;
  if (endpoint >= sender->rule.endpoints)
    return ps_refuse(error, "there is no endpoint %u: they are numbered from 0 to %u", endpoint,
                     sender->rule.endpoints - 1);
  struct preview *preview = calloc(1, sizeof *preview);
  if (!preview)
    return -ENOMEM;
  int result = ps_intake(sender, message, &preview->message, error);
  if (!result)
    result = fill(preview, sender, endpoint);
  if (result)
    poolsend_preview_free(&preview->public);
  else
    *out = &preview->public;
  return result;
}

void poolsend_preview_free(struct poolsend_preview *public)
{
  if (!public)
    return;
  struct preview *preview = PS_CONTAINER(public, struct preview, public);
  for (size_t i = 0; i < public->header_count; i++)
    free(preview->lines[i]);
  free(preview->lines);
  free(preview->url);
  ps_request_fini(&preview->request);
  if (preview->message)
    ps_message_release(preview->message);
  free(preview);
}
