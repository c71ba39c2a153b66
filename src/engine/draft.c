#include "engine/draft.h"

#include "base/text.h"
#include "net/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A buffer keeps no more than this for a body that needs less: one large message must not be paid for ever after. */
#define KEPT 4096

/* ---- Errors */

static int set_words(struct poolsend_message *message, int result)
{
  if (result < 0 && !message->error.text[0])
    snprintf(message->error.text, sizeof message->error.text, "%s",
             result == -ENOMEM ? "out of memory" : poolsend_strerror(result));
  return result;
}

int ps_draft_stick(struct poolsend_message *message, int result)
{
  message->failed = result;
  return set_words(message, result);
}

int ps_draft_begin(struct poolsend_message *message)
{
  if (!message)
    return -ENOMEM;
  if (!message->failed)
    message->error.text[0] = '\0';
  return message->failed;
}

int ps_draft_end(struct poolsend_message *message, int result)
{
  return message ? set_words(message, result) : result;
}

const char *poolsend_message_error(const struct poolsend_message *message)
{
  return message ? message->error.text : "out of memory";
}

/* ---- Life */

static void give_back(struct ps_buf *buf)
{
  if (buf->room > KEPT)
    ps_buf_fini(buf);
  ps_buf_clear(buf);
}

static void drop_part(struct ps_draft_part *part)
{
  free(part->endpoint);
  ps_buf_fini(&part->body);
}

void ps_draft_clear(struct poolsend_message *message)
{
  for (size_t i = 0; i < message->part_count; i++)
    drop_part(&message->parts[i]);
  give_back(&message->body);
  give_back(&message->headers);
  message->id[0] = message->error.text[0] = '\0';
  message->has_body = message->json = false;
  message->header_count = message->part_count = 0;
  message->failed = 0;
}

struct poolsend_message *poolsend_message_new(const void *body, size_t size)
{
  struct poolsend_message *message = calloc(1, sizeof *message);
  if (!message)
    return NULL;
  if (poolsend_message_body(message, body, size) != -ENOMEM)
    return message;
  poolsend_message_free(message);
  return NULL;
}

void poolsend_message_free(struct poolsend_message *message)
{
  if (!message)
    return;
  ps_draft_clear(message);
  ps_buf_fini(&message->body);
  ps_buf_fini(&message->headers);
  free(message->parts);
  free(message);
}

void poolsend_message_clear(struct poolsend_message *message)
{
  if (!message)
    return;
  ps_draft_clear(message);
  poolsend_message_tag(message, 0, NULL);
}

/* ---- The body */

/* Into `to`, what was there before is replaced. 0, -EINVAL or -ENOMEM. */
static int set_body(struct poolsend_message *message, struct ps_buf *to, const void *body, size_t size)
{
  if (size == POOLSEND_TEXT)
    size = body ? strlen(body) : 0;
  if (!body && size)
    return ps_refuse(&message->error, "the body is NULL, though its size is %zu", size);
  ps_buf_clear(to);
  if (size <= KEPT)
    give_back(to);
  return size ? ps_buf_append(to, body, size) : 0;
}

int poolsend_message_body(struct poolsend_message *message, const void *body, size_t size)
{
  int result = ps_draft_begin(message);
  if (result)
    return result;
  result = set_body(message, &message->body, body, size);
  message->has_body = body && !result;
  return ps_draft_stick(message, result);
}

/* ---- Options by name */

static int set_id(struct poolsend_message *message, const char *id)
{
  if (!poolsend_id_is_valid(id))
    return ps_refuse(&message->error, "id '%.300s': 1 to 255 letters, digits and . _ : - are allowed", id);
  memmove(message->id, id, strlen(id) + 1); /* it may be this very one */
  return 0;
}

static int set_json(struct poolsend_message *message, const char *value)
{
  message->json = strcmp(value, "true") == 0;
  if (message->json || strcmp(value, "false") == 0)
    return 0;
  return ps_refuse(&message->error, "json: '%.100s' is not true or false", value);
}

static int set(struct poolsend_message *message, const char *name, const char *value)
{
  static const char *const names[] = {"id", "json"};
  static int (*const setters[])(struct poolsend_message * message, const char *value) = {set_id, set_json};
  if (!name || !value)
    return ps_refuse(&message->error, "%.100s: it is NULL", name ? name : "the name of an option");
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(name, names[i]) == 0)
      return setters[i](message, value);
  const char *nearest = ps_text_nearest(name, names, sizeof names / sizeof *names);
  return ps_refuse(&message->error, "'%.100s': a message has no such option%s%s%s", name,
                   nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

int poolsend_message_set(struct poolsend_message *message, const char *name, const char *value)
{
  int result = ps_draft_begin(message);
  return result ? result : ps_draft_stick(message, set(message, name, value));
}

const char *poolsend_message_id(const struct poolsend_message *message)
{
  return message && message->id[0] ? message->id : NULL;
}

void poolsend_message_tag(struct poolsend_message *message, uint64_t line, void *context)
{
  if (!message)
    return;
  message->line = line;
  message->context = context;
}

/* ---- Headers */

const char *ps_draft_next_header(const struct poolsend_message *message, const char *line)
{
  const char *next = line ? line + strlen(line) + 1 : message->headers.data;
  return next && next < message->headers.data + message->headers.size ? next : NULL;
}

int ps_draft_add_header(struct poolsend_message *message, const char *line)
{
  int result = ps_buf_append(&message->headers, line, strlen(line) + 1);
  message->header_count += !result;
  return result;
}

int poolsend_message_header(struct poolsend_message *message, const char *line)
{
  int result = ps_draft_begin(message);
  if (result)
    return result;
  if (!line)
    return ps_draft_stick(message, ps_refuse(&message->error, "a header is NULL"));
  result = ps_check_message_header(line, &message->error);
  if (!result)
    result = ps_draft_add_header(message, line);
  return ps_draft_stick(message, result);
}

/* ---- Parts */

struct ps_draft_part *ps_draft_find_part(const struct poolsend_message *message, const char *endpoint)
{
  for (size_t i = 0; i < message->part_count; i++)
    if (strcmp(message->parts[i].endpoint, endpoint) == 0)
      return &message->parts[i];
  return NULL;
}

static bool make_room(struct poolsend_message *message)
{
  if (message->part_count < message->part_room)
    return true;
  size_t room = message->part_room ? 2 * message->part_room : 4;
  struct ps_draft_part *parts = realloc(message->parts, room * sizeof *parts);
  if (!parts)
    return false;
  message->parts = parts;
  message->part_room = room;
  return true;
}

struct ps_draft_part *ps_draft_add_part(struct poolsend_message *message, const char *endpoint)
{
  char *name = strdup(endpoint);
  if (!name || !make_room(message)) {
    free(name);
    return NULL;
  }
  struct ps_draft_part *part = &message->parts[message->part_count++];
  *part = (struct ps_draft_part){.endpoint = name};
  return part;
}

/* The order of the others does not matter. */
static void take_back(struct poolsend_message *message, const char *endpoint)
{
  struct ps_draft_part *part = ps_draft_find_part(message, endpoint);
  if (!part)
    return;
  drop_part(part);
  *part = message->parts[--message->part_count];
}

static int set_part(struct poolsend_message *message, const char *endpoint, const void *body, size_t size, bool json)
{
  if (!endpoint)
    return ps_refuse(&message->error, "a part names no endpoint");
  if (!body && (size == 0 || size == POOLSEND_TEXT)) {
    take_back(message, endpoint);
    return 0;
  }
  struct ps_draft_part *part = ps_draft_find_part(message, endpoint);
  if (!part)
    part = ps_draft_add_part(message, endpoint);
  if (!part)
    return -ENOMEM;
  part->json = json;
  return set_body(message, &part->body, body, size);
}

int poolsend_message_part(struct poolsend_message *message, const char *endpoint, const void *body, size_t size,
                          bool json)
{
  int result = ps_draft_begin(message);
  return result ? result : ps_draft_stick(message, set_part(message, endpoint, body, size, json));
}
