/* Envelopes: one line of JSON -> one message. The line comes from anywhere: it is looked through once by
 * ps_jsontext_check and then only walked. Whatever a message is made of stands in the line, never shorter than it is in
 * the message, so one piece of memory of the line's size holds it all. */
#include "base/field.h"
#include "base/jsontext.h"
#include "base/list.h"
#include "base/text.h"
#include "net/check.h"
#include "poolsend.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* In `bodies`, and in `headers`: each name is compared with all before it. */
#define ITEMS_MAX       256
#define HEADER_NAME_MAX 256

struct message {
  struct poolsend_message public;
  struct ps_buf text; /* never grows: what points into it would be lost */
  struct poolsend_part *parts;
  const char **headers;
};

enum key { ID, BODY, BODY_BASE64, BODIES, HEADERS, KEYS };

static const char *const key_names[KEYS] = {"id", "body", "body_base64", "bodies", "headers"};

struct parser {
  struct message *message;
  struct ps_jsontext_value values[KEYS]; /* `text` is NULL: it is not there */
  struct poolsend_error *error;
};

/* ---- Text that stays */

/* What was appended from `from` on, as a text of its own with a NUL behind it. */
static const char *seal(struct ps_buf *text, size_t from)
{
  text->size++;
  assert(text->size < text->room);
  return text->data + from;
}

/* The characters of a string; `size` may be NULL. */
static int take_string(struct parser *p, const char *what, struct ps_jsontext_value string, const char **out,
                       size_t *size)
{
  struct ps_buf *text = &p->message->text;
  size_t from = text->size;
  int error = ps_jsontext_unquote(text, string);
  if (error == -EINVAL)
    return ps_refuse(p->error, "%s: it holds half a surrogate pair, which is no character", what);
  if (error)
    return error;
  if (size)
    *size = text->size - from;
  else if (memchr(text->data + from, '\0', text->size - from))
    return ps_refuse(p->error, "%s: it holds \\u0000", what);
  *out = seal(text, from);
  return 0;
}

/* A string is a body as it stands; any other value is one as JSON. */
static int take_body(struct parser *p, const char *what, struct ps_jsontext_value value, const char **body,
                     size_t *size, bool *json)
{
  *json = *value.text != '"';
  if (!*json)
    return take_string(p, what, value, body, size);
  struct ps_buf *text = &p->message->text;
  size_t from = text->size;
  int error = ps_jsontext_compact(text, value.text, value.size);
  if (error)
    return error;
  *size = text->size - from;
  *body = seal(text, from);
  return 0;
}

/* ---- The keys */

static int expect_type(struct parser *p, const char *what, struct ps_jsontext_value value, char begin,
                       const char *wanted)
{
  return *value.text == begin ? 0 : ps_refuse(p->error, "%s: it must be %s", what, wanted);
}

static int parse_id(struct parser *p, struct ps_jsontext_value value)
{
  int result = expect_type(p, "id", value, '"', "a string");
  if (!result)
    result = take_string(p, "id", value, &p->message->public.id, NULL);
  if (!result && !poolsend_id_is_valid(p->message->public.id))
    return ps_refuse(p->error, "id: it must be 1 to 255 of the characters A-Z a-z 0-9 . _ : -");
  return result;
}

static int parse_body(struct parser *p, struct ps_jsontext_value value)
{
  struct poolsend_message *message = &p->message->public;
  const char *body = NULL;
  if (p->values[BODY_BASE64].text)
    return ps_refuse(p->error, "body and body_base64: give one of them, not both");
  int result = take_body(p, "body", value, &body, &message->size, &message->json);
  message->body = body;
  return result;
}

/* Base64 has no character that JSON would have to escape, but it may. */
static int parse_base64(struct parser *p, struct ps_jsontext_value value)
{
  struct ps_buf *text = &p->message->text, plain = {0};
  size_t from = text->size;
  int result = expect_type(p, "body_base64", value, '"', "a string");
  if (result)
    return result;
  bool escaped = memchr(value.text, '\\', value.size) != NULL;
  result = escaped ? ps_jsontext_unquote(&plain, value) : 0;
  if (!result)
    result = escaped ? ps_text_from_base64(text, plain.data, plain.size)
                     : ps_text_from_base64(text, value.text + 1, value.size - 2);
  ps_buf_fini(&plain);
  if (result == -EINVAL)
    return ps_refuse(p->error, "body_base64: it must be base64 with its padding (RFC 4648, section 4), nothing else");
  if (result)
    return result;
  p->message->public.size = text->size - from;
  p->message->public.body = seal(text, from);
  return 0;
}

static int check_count(struct parser *p, const char *what, struct ps_jsontext_value object, size_t *count)
{
  struct ps_jsontext_value name, value;
  *count = 0;
  for (const char *at = NULL; *count <= ITEMS_MAX && ps_jsontext_member(object, &at, &name, &value);)
    (*count)++;
  return *count <= ITEMS_MAX ? 0 : ps_refuse(p->error, "%s: there are more than %d", what, ITEMS_MAX);
}

static int parse_part(struct parser *p, struct ps_jsontext_value name, struct ps_jsontext_value value)
{
  struct poolsend_message *message = &p->message->public;
  struct poolsend_part *part = &p->message->parts[message->part_count];
  int result = take_string(p, "bodies: a name", name, &part->endpoint, NULL);
  for (size_t i = 0; i < message->part_count && !result; i++)
    if (strcmp(message->parts[i].endpoint, part->endpoint) == 0)
      result = ps_refuse(p->error, "bodies: '%.100s' is there twice", part->endpoint);
  const char *body = NULL;
  if (!result)
    result = take_body(p, "bodies: a body", value, &body, &part->size, &part->json);
  part->body = body;
  message->part_count += !result;
  return result;
}

static int parse_bodies(struct parser *p, struct ps_jsontext_value object)
{
  struct ps_jsontext_value name, value;
  size_t count = 0;
  int result = expect_type(p, "bodies", object, '{', "an object of endpoint names and their bodies");
  if (!result)
    result = check_count(p, "bodies", object, &count);
  if (result || !count)
    return result;
  p->message->parts = calloc(count, sizeof *p->message->parts);
  p->message->public.parts = p->message->parts;
  if (!p->message->parts)
    return -ENOMEM;
  for (const char *at = NULL; !result && ps_jsontext_member(object, &at, &name, &value);)
    result = parse_part(p, name, value);
  return result;
}

/* "Name: value". A colon or semicolon in the name would end it early. */
static int check_line(struct parser *p, const char *line, size_t name_size)
{
  const struct poolsend_message *message = &p->message->public;
  int shown = (int)strcspn(line, " :;=");
  if (strlen(line) < name_size || strcspn(line, ":;") != name_size)
    return ps_refuse(p->error, "header '%.*s': a header's name is made of letters, digits and -", shown, line);
  if (name_size > HEADER_NAME_MAX)
    return ps_refuse(p->error, "header '%.100s': its name is too long", line);
  int result = ps_check_message_header(line, p->error);
  for (size_t i = 0; i < message->header_count && !result; i++)
    if (ps_field_is(message->headers[i], line))
      result = ps_refuse(p->error, "header '%.*s': it is there twice", (int)name_size, line);
  return result;
}

static int parse_header(struct parser *p, struct ps_jsontext_value name, struct ps_jsontext_value value)
{
  struct ps_buf *text = &p->message->text;
  size_t from = text->size;
  if (*value.text != '"')
    return ps_refuse(p->error, "headers: each must be a name and a string");
  int result = ps_jsontext_unquote(text, name);
  size_t name_size = text->size - from;
  if (!result)
    result = ps_buf_puts(text, ": ");
  if (!result)
    result = ps_jsontext_unquote(text, value);
  if (result == -EINVAL)
    return ps_refuse(p->error, "headers: half a surrogate pair, which is no character");
  if (result)
    return result;
  if (memchr(text->data + from, '\0', text->size - from))
    return ps_refuse(p->error, "headers: a value holds \\u0000");
  const char *line = seal(text, from);
  result = check_line(p, line, name_size);
  if (!result)
    p->message->headers[p->message->public.header_count++] = line;
  return result;
}

static int parse_headers(struct parser *p, struct ps_jsontext_value object)
{
  struct ps_jsontext_value name, value;
  size_t count = 0;
  int result = expect_type(p, "headers", object, '{', "an object of names and values");
  if (!result)
    result = check_count(p, "headers", object, &count);
  if (result || !count)
    return result;
  p->message->headers = calloc(count, sizeof(const char *));
  p->message->public.headers = p->message->headers;
  if (!p->message->headers)
    return -ENOMEM;
  for (const char *at = NULL; !result && ps_jsontext_member(object, &at, &name, &value);)
    result = parse_header(p, name, value);
  return result;
}

/* ---- The envelope */

static int refuse_key(struct parser *p, struct ps_jsontext_value name)
{
  char word[64] = "";
  size_t size = name.size - 2;
  size = ps_text_whole_utf8(name.text + 1, size < sizeof word ? size : sizeof word - 1);
  memcpy(word, name.text + 1, size);
  word[strcspn(word, ":;=@")] = '\0'; /* behind it there may be a header's value, or a URL's password before it */
  const char *meant = ps_text_nearest(word, key_names, KEYS);
  if (meant)
    return ps_refuse(p->error, "'%s' is not a key of an envelope; did you mean '%s'?", word, meant);
  return ps_refuse(p->error, "'%s' is not a key of an envelope, which has id, body or body_base64, bodies and headers",
                   word);
}

static int sort_member(struct parser *p, struct ps_jsontext_value name, struct ps_jsontext_value value)
{
  for (size_t key = 0; key < KEYS; key++) {
    if (!ps_jsontext_is(name, key_names[key]))
      continue;
    if (p->values[key].text)
      return ps_refuse(p->error, "'%s' is there twice", key_names[key]);
    p->values[key] = value;
    return 0;
  }
  return refuse_key(p, name);
}

static int sort_members(struct parser *p, const char *text, size_t size)
{
  struct ps_jsontext_fault fault;
  int error = ps_jsontext_check(text, size, false, &fault);
  if (error)
    return ps_refuse(p->error, "%s%s (at byte %zu)", ps_jsontext_blame(error), fault.words, fault.offset + 1);
  struct ps_jsontext_value root = ps_jsontext_root(text, size), name, value;
  if (*root.text != '{')
    return ps_refuse(p->error, "an envelope is a JSON object, such as {\"body\":\"...\"}");
  int result = 0;
  for (const char *at = NULL; !result && ps_jsontext_member(root, &at, &name, &value);)
    result = sort_member(p, name, value);
  return result;
}

static int parse(struct parser *p)
{
  static int (*const parsers[KEYS])(struct parser * p, struct ps_jsontext_value value) = {
      [ID] = parse_id,         [BODY] = parse_body,       [BODY_BASE64] = parse_base64,
      [BODIES] = parse_bodies, [HEADERS] = parse_headers,
  };
  int result = 0;
  for (size_t key = 0; key < KEYS && !result; key++)
    if (p->values[key].text)
      result = parsers[key](p, p->values[key]);
  if (!result && !p->message->public.body && !p->message->public.part_count)
    return ps_refuse(p->error, "an envelope wants body, body_base64 or bodies");
  return result;
}

/* Room for as much as the text can come to: nothing taken from it gets longer but by its NUL, and that by less than the
 * quotes, colons or braces that are left out. */
static struct message *new_message(size_t size)
{
  struct message *message = calloc(1, sizeof *message);
  if (!message)
    return NULL;
  poolsend_message_init(&message->public);
  message->text = (struct ps_buf){.data = malloc(size + 2), .room = size + 2};
  if (message->text.data)
    return message;
  free(message);
  return NULL;
}

int poolsend_message_parse(struct poolsend_message **out, const char *text, size_t size, struct poolsend_error *error)
{
  struct poolsend_error unread;
  struct parser p = {.error = ps_error_clear(error, &unread)};
  *out = NULL;
  int result = sort_members(&p, text, size);
  if (result)
    return result;
  p.message = new_message(size);
  if (!p.message)
    return -ENOMEM;
  const char *data = p.message->text.data;
  result = parse(&p);
  assert(p.message->text.data == data);
  (void)data;
  if (result)
    poolsend_message_free(&p.message->public);
  else
    *out = &p.message->public;
  return result;
}

void poolsend_message_free(struct poolsend_message *public)
{
  if (!public)
    return;
  struct message *message = PS_CONTAINER(public, struct message, public);
  ps_buf_fini(&message->text);
  free(message->parts);
  free(message->headers);
  free(message);
}
