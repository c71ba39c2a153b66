#include "engine/intake.h"

#include "base/field.h"
#include "base/text.h"
#include "net/attempt.h"
#include "net/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool poolsend_id_is_valid(const char *id)
{
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
  size_t size = id ? strlen(id) : 0;
  return size >= 1 && size <= 255 && strspn(id, allowed) == size;
}

/* ---- Checks */

static int find_endpoint(const struct poolsend_sender *sender, const char *name)
{
  for (unsigned i = 0; i < sender->rule.endpoints; i++)
    if (strcmp(sender->endpoints[i].name, name) == 0)
      return (int)i;
  return -1;
}

static int refuse_name(const struct poolsend_sender *sender, const char *name, struct ps_error *error)
{
  const char *nearest = NULL;
  for (unsigned i = 0; i < sender->rule.endpoints && !nearest; i++) {
    const char *const known = sender->endpoints[i].name;
    nearest = ps_text_nearest(name, &known, 1);
  }
  return ps_refuse(error, "no endpoint is named '%.100s'%s%s", name, nearest ? "; did you mean " : "",
                   nearest ? nearest : "");
}

static int refuse_size(const struct poolsend_sender *sender, size_t size, struct ps_error *error)
{
  ps_refuse(error, "the body has %zu bytes, and %zu are the most that is taken", size, sender->max_body);
  return -EMSGSIZE;
}

static int check(const struct poolsend_sender *sender, struct poolsend_message *message)
{
  if (message->body.size > sender->max_body)
    return refuse_size(sender, message->body.size, &message->error);
  for (size_t i = 0; i < message->part_count; i++) {
    if (find_endpoint(sender, message->parts[i].endpoint) < 0)
      return refuse_name(sender, message->parts[i].endpoint, &message->error);
    if (message->parts[i].body.size > sender->max_body)
      return refuse_size(sender, message->parts[i].body.size, &message->error);
  }
  return 0;
}

static bool has_key(const struct poolsend_message *message)
{
  for (const char *line = NULL; (line = ps_draft_next_header(message, line));)
    if (ps_field_is(line, "Idempotency-Key"))
      return true;
  return false;
}

static bool may_repeat(const struct poolsend_sender *sender, const struct poolsend_message *message)
{
  bool has_body = message->has_body || message->part_count > 0;
  for (unsigned i = 0; i < sender->rule.endpoints; i++)
    if (!ps_endpoint_may_repeat(&sender->endpoints[i], has_body))
      return has_key(message);
  return true;
}

/* ---- Copies */

/* Into `room`, which is for one byte more. */
static int copy_content(struct ps_content *content, char *room, const struct ps_buf *body, bool json)
{
  if (!room)
    return -ENOMEM;
  if (body->size)
    memcpy(room, body->data, body->size);
  room[body->size] = '\0';
  *content = (struct ps_content){.body = room, .size = body->size, .json = json};
  return 0;
}

static int copy_body(struct ps_message *taken, const struct poolsend_message *message)
{
  if (!message->has_body)
    return 0;
  char *room = ps_message_reserve_body(taken, message->body.size);
  return copy_content(&taken->content, room, &message->body, message->json);
}

static int copy_parts(const struct poolsend_sender *sender, struct ps_message *taken,
                      const struct poolsend_message *message)
{
  if (!message->part_count)
    return 0;
  taken->parts = calloc(taken->endpoints, sizeof *taken->parts);
  if (!taken->parts)
    return -ENOMEM;
  for (size_t i = 0; i < message->part_count; i++) {
    const struct ps_draft_part *part = &message->parts[i];
    struct ps_content *content = &taken->parts[find_endpoint(sender, part->endpoint)];
    if (copy_content(content, malloc(part->body.size + 1), &part->body, part->json))
      return -ENOMEM;
  }
  return 0;
}

static int copy_headers(struct ps_message *taken, const struct poolsend_message *message)
{
  if (!message->header_count)
    return 0;
  taken->headers = calloc(message->header_count, sizeof *taken->headers);
  if (!taken->headers)
    return -ENOMEM;
  for (const char *line = NULL; (line = ps_draft_next_header(message, line));) {
    taken->headers[taken->header_count] = strdup(line);
    if (!taken->headers[taken->header_count])
      return -ENOMEM;
    taken->header_count++;
  }
  return 0;
}

static struct ps_message *new_message(struct poolsend_sender *sender, const struct poolsend_message *message)
{
  char made[POOLSEND_ID_SIZE];
  if (!message->id[0])
    poolsend_make_id(made);
  return ps_message_new(&sender->stock, message->id[0] ? message->id : made);
}

int ps_intake(struct poolsend_sender *sender, struct poolsend_message *message, struct ps_message **taken)
{
  int result = check(sender, message);
  if (result)
    return result;
  struct ps_message *copy = new_message(sender, message);
  if (!copy)
    return -ENOMEM;
  copy->line = message->line;
  copy->context = message->context;
  copy->may_repeat = may_repeat(sender, message);
  result = copy_body(copy, message);
  if (!result)
    result = copy_parts(sender, copy, message);
  if (!result)
    result = copy_headers(copy, message);
  if (!result)
    *taken = copy;
  else
    ps_message_release(copy);
  return result;
}

struct ps_payload ps_intake_payload(const struct ps_message *message, unsigned endpoint)
{
  const struct ps_content *content = ps_message_content(message, endpoint);
  return (struct ps_payload){
      .id = message->id,
      .body = content->body,
      .size = content->size,
      .json = content->json,
      .headers = (const char *const *)message->headers,
      .header_count = message->header_count,
      .own = content != &message->content,
      .lacks = message->parts && !content->body,
      .source = message->content.body,
      .source_size = message->content.size,
  };
}
