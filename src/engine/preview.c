/* What would be sent, for a person who wants to look first. */
#include "engine/sender.h"
#include "net/redact.h"

#include <stdlib.h>
#include <string.h>

struct preview {
  struct poolsend_preview public; /* first */
  char **lines;
};

static bool add_line(struct preview *preview, const char *line)
{
  struct ps_buf shown = {0};
  if (ps_redact_append_header(&shown, line, strlen(line))) {
    ps_buf_fini(&shown);
    return false;
  }
  preview->lines[preview->public.header_count++] = shown.data;
  return true;
}

static bool add_key(struct preview *preview, const char *id)
{
  struct ps_buf line = {0};
  bool done = !ps_buf_printf(&line, "Idempotency-Key: %s", id) && add_line(preview, line.data);
  ps_buf_fini(&line);
  return done;
}

static bool fill(struct preview *preview, const struct ps_endpoint *endpoint, const struct poolsend_message *message)
{
  bool has_body = message->body != NULL;
  size_t room = 3;
  for (const struct curl_slist *line = endpoint->headers; line; line = line->next)
    room++;
  preview->lines = calloc(room, sizeof(char *));
  if (!preview->lines)
    return false;
  preview->public.headers = (const char *const *)preview->lines;
  if (ps_endpoint_adds_key(endpoint, has_body) && !add_key(preview, message->id))
    return false;
  if (has_body && endpoint->form_type && !endpoint->own_type &&
      !add_line(preview, "Content-Type: application/x-www-form-urlencoded"))
    return false;
  if (endpoint->authenticates && !add_line(preview, "Authorization: (made from the credentials)"))
    return false;
  for (const struct curl_slist *line = endpoint->headers; line; line = line->next)
    if (ps_header_has_value(line->data) && !add_line(preview, line->data))
      return false;
  return true;
}

struct poolsend_preview *poolsend_preview(struct poolsend_sender *sender, unsigned index,
                                          const struct poolsend_message *message)
{
  const struct ps_endpoint *endpoint = &sender->endpoints[index];
  struct preview *preview = calloc(1, sizeof *preview);
  if (!preview)
    return NULL;
  preview->public = (struct poolsend_preview){
      .name = endpoint->name,
      .url = endpoint->shown_url,
      .method = ps_endpoint_method(endpoint, message->body != NULL),
      .hedge_delay = endpoint->hedge_delay,
      .body = message->body,
      .size = message->size,
  };
  if (fill(preview, endpoint, message))
    return &preview->public;
  poolsend_preview_free(&preview->public);
  return NULL;
}

void poolsend_preview_free(struct poolsend_preview *public)
{
  if (!public)
    return;
  struct preview *preview = PS_CONTAINER(public, struct preview, public);
  for (size_t i = 0; i < public->header_count; i++)
    free(preview->lines[i]);
  free(preview->lines);
  free(preview);
}
