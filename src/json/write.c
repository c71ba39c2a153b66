#include "json/write.h"

#include "base/jsontext.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An event of one attempt mostly fits, in what the allocator keeps at hand for a thread; growing towards it in steps
 * would take longer than writing it. */
#define ROOM 1000

/* Room for `size` bytes, and where they go. NULL: there is none. */
static char *room(struct ps_json *json, size_t size)
{
  struct ps_buf *out = &json->out;
  if (!json->error && out->room - out->size <= size)
    json->error = ps_buf_reserve(out, out->room ? size : size + ROOM);
  if (json->error)
    return NULL;
  out->size += size;
  out->data[out->size] = '\0';
  return out->data + out->size - size;
}

static void put(struct ps_json *json, const char *text, size_t size)
{
  char *to = room(json, size);
  if (to)
    memcpy(to, text, size);
}

/* What stands before a value: a comma, a key. */
static void begin(struct ps_json *json, const char *key)
{
  size_t comma = json->comma, size = key ? strlen(key) : 0;
  char *to = room(json, comma + (key ? size + 3 : 0));
  json->comma = true;
  if (!to)
    return;
  if (comma)
    *to++ = ',';
  if (!key)
    return;
  *to++ = '"';
  memcpy(to, key, size);
  memcpy(to + size, "\":", 2);
}

void ps_json_open(struct ps_json *json, const char *key, char bracket)
{
  begin(json, key);
  put(json, &bracket, 1);
  json->comma = false;
}

void ps_json_close(struct ps_json *json, char bracket)
{
  put(json, &bracket, 1);
  json->comma = true;
}

void ps_json_null(struct ps_json *json, const char *key)
{
  begin(json, key);
  put(json, "null", 4);
}

void ps_json_true(struct ps_json *json, const char *key)
{
  begin(json, key);
  put(json, "true", 4);
}

/* The decimal digits of `number`, at least `least` of them, ending at `end`. Where they begin. */
static char *digits(char *end, uint64_t number, int least)
{
  for (; number || least > 0; number /= 10, least--)
    *--end = (char)('0' + number % 10);
  return end;
}

void ps_json_count(struct ps_json *json, const char *key, uint64_t count)
{
  char text[20], *end = text + sizeof text, *from = digits(end, count, 1);
  begin(json, key);
  put(json, from, (size_t)(end - from));
}

void ps_json_seconds(struct ps_json *json, const char *key, ps_time span)
{
  char text[32], *end = text + sizeof text;
  if (span < 0) {
    ps_json_null(json, key);
    return;
  }
  char *from = digits(end, (uint64_t)(span % PS_SECOND / PS_MICROSECOND), 6);
  *--from = '.';
  from = digits(from, (uint64_t)(span / PS_SECOND), 1);
  begin(json, key);
  put(json, from, (size_t)(end - from));
}

static void string(struct ps_json *json, const char *key, const char *text, size_t size)
{
  begin(json, key);
  if (!json->error)
    json->error = ps_jsontext_quote(&json->out, text, size, true);
}

/* Words of the transport may quote bytes of a server's: what is not UTF-8 must not spoil the line. */
static void unclean_string(struct ps_json *json, const char *key, const char *text)
{
  char *ascii = strdup(text);
  for (char *c = ascii; c && *c; c++)
    if ((unsigned char)*c >= 0x80)
      *c = '?';
  if (ascii)
    string(json, key, ascii, strlen(ascii));
  else
    json->error = -ENOMEM;
  free(ascii);
}

void ps_json_text(struct ps_json *json, const char *key, const char *text)
{
  if (!text)
    ps_json_null(json, key);
  else if (ps_text_is_utf8(text, strlen(text)))
    string(json, key, text, strlen(text));
  else
    unclean_string(json, key, text);
}

static void base64(struct ps_json *json, const char *key, const char *data, size_t size)
{
  char label[64];
  begin(json, key);
  put(json, "\"", 1);
  if (!json->error)
    json->error = ps_text_base64(&json->out, data, size);
  put(json, "\"", 1);
  size_t length = strlen(key);
  static const char suffix[] = "_encoding";
  memcpy(label, key, length);
  memcpy(label + length, suffix, sizeof suffix);
  ps_json_text(json, label, "base64");
}

void ps_json_bytes(struct ps_json *json, const char *key, const char *data, size_t size, bool as_json)
{
  struct ps_json before = *json;
  begin(json, key);
  if (as_json && !json->error) {
    size_t mark = ps_jsontext_mark_size(data, size);
    int error = ps_jsontext_compact(&json->out, data + mark, size - mark);
    if (error == 0 || error == -ENOMEM) {
      json->error = error;
      return;
    }
  }
  json->out.size = before.out.size; /* a part of it may stand there */
  json->comma = before.comma;
  if (ps_text_is_utf8(data, size))
    string(json, key, data, size);
  else
    base64(json, key, data, size);
}

char *ps_json_take(struct ps_json *json)
{
  char *text = json->out.data;
  if (json->error) {
    ps_buf_fini(&json->out);
    text = NULL;
  }
  *json = (struct ps_json){0};
  return text;
}
