/* Envelopes: one line of JSON -> one message. The line comes from anywhere: it is looked through once by
 * ps_jsontext_check and then only walked. Bodies are unescaped where they are to stand. */
#include "base/field.h"
#include "base/jsontext.h"
#include "base/text.h"
#include "engine/draft.h"
#include "net/check.h"

#include <errno.h>
#include <string.h>

/* In `bodies`, and in `headers`: each name is compared with all before it. */
#define ITEMS_MAX       256
#define HEADER_NAME_MAX 256

enum key { ID, BODY, BODY_BASE64, BODIES, HEADERS, KEYS };

static const char *const key_names[KEYS] = {"id", "body", "body_base64", "bodies", "headers"};

struct parser {
  struct poolsend_message *message;
  struct ps_jsontext_value values[KEYS]; /* `text` is NULL: it is not there */
  struct ps_buf text;                    /* what is short: an id, a name, a header */
  struct ps_error *error;
};

/* ---- Texts */

/* The characters of a string, behind what is there. */
static int take_string(struct parser *p, const char *what, struct ps_jsontext_value string, struct ps_buf *into)
{
  int error = ps_jsontext_unquote(into, string);
  return error == -EINVAL ? ps_refuse(p->error, "%s: it holds half a surrogate pair, which is no character", what)
                          : error;
}

/* The same for a string that is to be a text of C: in `p->text`, until the next. */
static int take_text(struct parser *p, const char *what, struct ps_jsontext_value string)
{
  ps_buf_clear(&p->text);
  int result = take_string(p, what, string, &p->text);
  if (!result && memchr(p->text.data, '\0', p->text.size))
    return ps_refuse(p->error, "%s: it holds \\u0000", what);
  return result;
}

/* A string is a body as it stands; any other value is one as JSON. */
static int take_body(struct parser *p, const char *what, struct ps_jsontext_value value, struct ps_buf *body,
                     bool *json)
{
  *json = *value.text != '"';
  if (ps_buf_reserve(body, value.size))
    return -ENOMEM;
  return *json ? ps_jsontext_compact(body, value.text, value.size) : take_string(p, what, value, body);
}

/* ---- The keys */

static int expect_type(struct parser *p, const char *what, struct ps_jsontext_value value, char begin,
                       const char *wanted)
{
  return *value.text == begin ? 0 : ps_refuse(p->error, "%s: it must be %s", what, wanted);
}

/* It may have been set already: by note_id. */
static int parse_id(struct parser *p, struct ps_jsontext_value value)
{
  int result = expect_type(p, "id", value, '"', "a string");
  if (!result)
    result = take_text(p, "id", value);
  if (result)
    return result;
  if (!poolsend_id_is_valid(p->text.data))
    return ps_refuse(p->error, "id: it must be 1 to 255 of the characters A-Z a-z 0-9 . _ : -");
  memcpy(p->message->id, p->text.data, p->text.size + 1);
  return 0;
}

static int parse_body(struct parser *p, struct ps_jsontext_value value)
{
  if (p->values[BODY_BASE64].text)
    return ps_refuse(p->error, "body and body_base64: give one of them, not both");
  p->message->has_body = true;
  return take_body(p, "body", value, &p->message->body, &p->message->json);
}

/* Base64 has no character that JSON would have to escape, but it may. */
static int parse_base64(struct parser *p, struct ps_jsontext_value value)
{
  struct ps_buf *body = &p->message->body;
  int result = expect_type(p, "body_base64", value, '"', "a string");
  if (result)
    return result;
  bool escaped = memchr(value.text, '\\', value.size) != NULL;
  ps_buf_clear(&p->text);
  result = escaped ? ps_jsontext_unquote(&p->text, value) : 0;
  if (!result)
    result = escaped ? ps_text_from_base64(body, p->text.data, p->text.size)
                     : ps_text_from_base64(body, value.text + 1, value.size - 2);
  if (result == -EINVAL)
    return ps_refuse(p->error, "body_base64: it must be base64 with its padding (RFC 4648, section 4), nothing else");
  p->message->has_body = true;
  return result;
}

static int check_count(struct parser *p, const char *what, struct ps_jsontext_value object)
{
  struct ps_jsontext_value name, value;
  size_t count = 0;
  for (const char *at = NULL; count <= ITEMS_MAX && ps_jsontext_member(object, &at, &name, &value);)
    count++;
  return count <= ITEMS_MAX ? 0 : ps_refuse(p->error, "%s: there are more than %d", what, ITEMS_MAX);
}

static int parse_part(struct parser *p, struct ps_jsontext_value name, struct ps_jsontext_value value)
{
  int result = take_text(p, "bodies: a name", name);
  if (result)
    return result;
  if (ps_draft_find_part(p->message, p->text.data))
    return ps_refuse(p->error, "bodies: '%.100s' is there twice", p->text.data);
  struct ps_draft_part *part = ps_draft_add_part(p->message, p->text.data);
  return part ? take_body(p, "bodies: a body", value, &part->body, &part->json) : -ENOMEM;
}

static int parse_bodies(struct parser *p, struct ps_jsontext_value object)
{
  struct ps_jsontext_value name, value;
  int result = expect_type(p, "bodies", object, '{', "an object of endpoint names and their bodies");
  if (!result)
    result = check_count(p, "bodies", object);
  for (const char *at = NULL; !result && ps_jsontext_member(object, &at, &name, &value);)
    result = parse_part(p, name, value);
  return result;
}

/* "Name: value". A colon or semicolon in the name would end it early. */
static int check_line(struct parser *p, const char *line, size_t name_size)
{
  int shown = (int)strcspn(line, " :;=");
  if (strlen(line) < name_size || strcspn(line, ":;") != name_size)
    return ps_refuse(p->error, "header '%.*s': a header's name is made of letters, digits and -", shown, line);
  if (name_size > HEADER_NAME_MAX)
    return ps_refuse(p->error, "header '%.100s': its name is too long", line);
  int result = ps_check_message_header(line, p->error);
  for (const char *other = NULL; !result && (other = ps_draft_next_header(p->message, other));)
    if (ps_field_is(other, line))
      result = ps_refuse(p->error, "header '%.*s': it is there twice", (int)name_size, line);
  return result;
}

static int parse_header(struct parser *p, struct ps_jsontext_value name, struct ps_jsontext_value value)
{
  struct ps_buf *text = &p->text;
  if (*value.text != '"')
    return ps_refuse(p->error, "headers: each must be a name and a string");
  ps_buf_clear(text);
  int result = ps_jsontext_unquote(text, name);
  size_t name_size = text->size;
  if (!result)
    result = ps_buf_puts(text, ": ");
  if (!result)
    result = ps_jsontext_unquote(text, value);
  if (result == -EINVAL)
    return ps_refuse(p->error, "headers: half a surrogate pair, which is no character");
  if (result)
    return result;
  if (memchr(text->data, '\0', text->size))
    return ps_refuse(p->error, "headers: a value holds \\u0000");
  result = check_line(p, text->data, name_size);
  return result ? result : ps_draft_add_header(p->message, text->data);
}

static int parse_headers(struct parser *p, struct ps_jsontext_value object)
{
  struct ps_jsontext_value name, value;
  int result = expect_type(p, "headers", object, '{', "an object of names and values");
  if (!result)
    result = check_count(p, "headers", object);
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

/* Before anything else is looked at: that of an envelope that is refused is worth knowing. */
static void note_id(struct parser *p, struct ps_jsontext_value root)
{
  struct ps_jsontext_value id;
  if (ps_jsontext_find(root, "/id", &id) && parse_id(p, id) == 0)
    return;
  p->error->text[0] = '\0';
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
  note_id(p, root);
  int result = 0;
  for (const char *at = NULL; !result && ps_jsontext_member(root, &at, &name, &value);)
    result = sort_member(p, name, value);
  return result;
}

static int parse(struct parser *p, const char *text, size_t size)
{
  static int (*const parsers[KEYS])(struct parser * p, struct ps_jsontext_value value) = {
      [ID] = parse_id,         [BODY] = parse_body,       [BODY_BASE64] = parse_base64,
      [BODIES] = parse_bodies, [HEADERS] = parse_headers,
  };
  int result = sort_members(p, text, size);
  for (size_t key = 0; key < KEYS && !result; key++)
    if (p->values[key].text)
      result = parsers[key](p, p->values[key]);
  if (!result && !p->message->has_body && !p->message->part_count)
    return ps_refuse(p->error, "an envelope wants body, body_base64 or bodies");
  return result;
}

int poolsend_message_load(struct poolsend_message *message, const char *json, size_t size)
{
  if (!message)
    return -ENOMEM;
  struct parser p = {.message = message, .error = &message->error};
  ps_draft_clear(message);
  if (!json)
    return ps_draft_stick(message, ps_refuse(p.error, "the text of the envelope is NULL"));
  int result = parse(&p, json, size == POOLSEND_TEXT ? strlen(json) : size);
  ps_buf_fini(&p.text);
  return ps_draft_stick(message, result);
}
