#include "json/build.h"

#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool ps_json_add(struct json_object *object, const char *key, struct json_object *value)
{
  if (object && value && json_object_object_add(object, key, value) == 0)
    return true;
  json_object_put(value);
  return false;
}

bool ps_json_add_null(struct json_object *object, const char *key)
{
  return object && json_object_object_add(object, key, NULL) == 0;
}

/* Words of the transport may quote bytes of a server's: what is not UTF-8 must not spoil the line. */
struct json_object *ps_json_text(const char *text)
{
  if (ps_text_is_utf8(text, strlen(text)))
    return json_object_new_string(text);
  char *ascii = strdup(text);
  for (char *c = ascii; c && *c; c++)
    if ((unsigned char)*c >= 0x80)
      *c = '?';
  struct json_object *object = ascii ? json_object_new_string(ascii) : NULL;
  free(ascii);
  return object;
}

bool ps_json_add_text(struct json_object *object, const char *key, const char *text)
{
  return text ? ps_json_add(object, key, ps_json_text(text)) : ps_json_add_null(object, key);
}

bool ps_json_add_count(struct json_object *object, const char *key, uint64_t count)
{
  return ps_json_add(object, key, json_object_new_int64((int64_t)count));
}

bool ps_json_add_seconds(struct json_object *object, const char *key, ps_time span)
{
  if (span < 0)
    return ps_json_add_null(object, key);
  char text[32];
  snprintf(text, sizeof text, "%" PRId64 ".%06" PRId64, span / PS_SECOND, span % PS_SECOND / PS_MICROSECOND);
  return ps_json_add(object, key, json_object_new_double_s((double)span / (double)PS_SECOND, text));
}

/* A serializer that writes its text as it stands. */
static int write_raw(struct json_object *object, struct printbuf *out, int level, int flags)
{
  (void)level, (void)flags;
  const char *text = json_object_get_userdata(object);
  return printbuf_memappend(out, text, (int)strlen(text));
}

static void free_raw(struct json_object *object, void *text)
{
  (void)object;
  free(text);
}

/* Takes over `text`, a valid JSON text. */
static struct json_object *raw(char *text)
{
  struct json_object *object = json_object_new_int(0);
  if (!object) {
    free(text);
    return NULL;
  }
  json_object_set_serializer(object, write_raw, text, free_raw);
  return object;
}

static bool add_base64(struct json_object *object, const char *key, const char *data, size_t size)
{
  struct ps_buf text = {0}, label = {0};
  bool done = !ps_text_base64(&text, data, size) && !ps_buf_printf(&label, "%s_encoding", key) &&
              ps_json_add(object, key, json_object_new_string_len(text.data, (int)text.size)) &&
              ps_json_add_text(object, label.data, "base64");
  ps_buf_fini(&text);
  ps_buf_fini(&label);
  return done;
}

bool ps_json_add_bytes(struct json_object *object, const char *key, const char *data, size_t size, bool as_json)
{
  struct ps_buf compact = {0};
  int error = as_json ? ps_text_compact_json(&compact, data, size) : -EINVAL;
  if (!error)
    return ps_json_add(object, key, raw(compact.data));
  ps_buf_fini(&compact);
  if (error == -ENOMEM)
    return false;
  if (ps_text_is_utf8(data, size))
    return ps_json_add(object, key, json_object_new_string_len(data, (int)size));
  return add_base64(object, key, data, size);
}

char *ps_json_line(struct json_object *object, bool complete)
{
  const char *text =
      complete ? json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE) : NULL;
  char *line = text ? strdup(text) : NULL;
  json_object_put(object);
  return line;
}
