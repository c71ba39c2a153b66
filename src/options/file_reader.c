/* The walk through a configuration file: where it is, what is unknown, and how a fault is told. Lines are looked for
 * only once there is a fault: the pointer of the value at hand is followed through the text. */
#include "options/file_reader.h"

#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How much of a path and of a value is shown. */
#define SHOWN_PATH  200
#define SHOWN_VALUE 60

/* ---- Faults */

/* The line, from 1, on which the byte at `offset` stands. */
static size_t line_of(const char *text, size_t offset)
{
  size_t line = 1;
  for (const char *at = text; (at = memchr(at, '\n', offset - (size_t)(at - text))); at++)
    line++;
  return line;
}

struct ps_jsontext_value ps_file_here(const struct ps_file_reader *reader)
{
  const char *path = reader->path.data ? reader->path.data : "";
  struct ps_jsontext_value found, from = reader->known_value;
  if (!reader->known)
    from = ps_jsontext_root(reader->text, reader->size);
  return ps_jsontext_find(from, path + reader->known, &found) ? found : from;
}

/* How much of `text` can be shown: a header's whole line, or a URL, may have been written where another thing belongs,
 * and none of what does holds any of `marks`. */
static size_t size_before_secret(const char *text, size_t size, const char *marks)
{
  for (size_t i = 0; i < size; i++)
    if (strchr(marks, text[i]))
      return i;
  return size;
}

#define NAME_MARKS  ":;@"
#define VALUE_MARKS "@?="

int ps_file_refuse(struct ps_file_reader *reader, const char *format, ...)
{
  char words[256]; /* fits behind a line and a path */
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(words, sizeof words, format, arguments);
  va_end(arguments);
  const char *path = reader->path.data ? reader->path.data : "";
  size_t size = size_before_secret(path, strlen(path), NAME_MARKS), shown = size < SHOWN_PATH ? size : SHOWN_PATH;
  const char *more = path[shown] ? "..." : "";
  char line[40] = "";
  if (!reader->is_value)
    snprintf(line, sizeof line,
             "line %zu: ", line_of(reader->text, (size_t)(ps_file_here(reader).text - reader->text)));
  ps_text_say(reader->error->text, sizeof reader->error->text, "%s%.*s%s%s%s", line, (int)shown, path, more,
              *path ? ": " : "", words);
  return -EINVAL;
}

int ps_file_refuse_member(struct ps_file_reader *reader, const char *name, const char *one, const char *other)
{
  const char *const known[] = {one, other};
  const char *nearest = ps_text_nearest(name, known, 2);
  return nearest ? ps_file_refuse(reader, "unknown; did you mean %s?", nearest)
                 : ps_file_refuse(reader, "unknown; known here: %s, %s", one, other);
}

int ps_file_refuse_line(struct ps_file_reader *reader, size_t line, const char *words)
{
  if (reader->is_value)
    return ps_file_refuse(reader, "%s", words);
  ps_text_say(reader->error->text, sizeof reader->error->text, "line %zu: %s", line, words);
  return -EINVAL;
}

int ps_file_mismatch(struct ps_file_reader *reader, struct json_object *value, const char *words)
{
  if (json_object_is_type(value, json_type_object))
    return ps_file_refuse(reader, "an object %s", words);
  if (json_object_is_type(value, json_type_array))
    return ps_file_refuse(reader, "an array %s", words);
  struct ps_jsontext_value here = ps_file_here(reader);
  bool string = *here.text == '"';
  if (string && size_before_secret(here.text, here.size, VALUE_MARKS) < here.size)
    return ps_file_refuse(reader, "a string %s", words);
  int size = (int)(here.size < SHOWN_VALUE ? here.size : SHOWN_VALUE);
  const char *more = here.size > SHOWN_VALUE ? "..." : "";
  if (!string)
    return ps_file_refuse(reader, "%.*s%s %s", size, here.text, more, words);
  return ps_file_refuse(reader, "'%.*s%s' %s", *more ? size : size - 2, here.text + 1, more, words);
}

/* The unit of "\uXXXX" at `at`, which is valid; 0 if there stands something else. */
static unsigned long unit_at(const char *at, const char *end)
{
  char digits[5] = "";
  if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
    return 0;
  memcpy(digits, at + 2, 4);
  return strtoul(digits, NULL, 16);
}

/* Half of a surrogate pair in a valid text: UTF-8 cannot say it, and json-c would put something else. */
static const char *lone_surrogate(const char *text, size_t size)
{
  const char *end = text + size;
  for (const char *at = text; (at = memchr(at, '\\', (size_t)(end - at))); at += 2) {
    unsigned long unit = unit_at(at, end);
    if (unit < 0xd800 || unit > 0xdfff)
      continue;
    unsigned long next = unit_at(at + 6, end);
    if (unit > 0xdbff || next < 0xdc00 || next > 0xdfff)
      return at;
    at += 6;
  }
  return NULL;
}

/* Where the string that begins here has its second quote, in a valid text. */
static const char *string_end(const char *at)
{
  for (at++; *at != '"'; at++)
    at += *at == '\\';
  return at;
}

/* A fault about a name points at it: the name itself says more than "this name". */
static void tell_fault(struct ps_file_fault *told, const char *text, const struct ps_jsontext_fault *fault)
{
  static const char about_name[] = "this name ";
  const size_t size = sizeof about_name - 1;
  const char *at = text + fault->offset;
  told->line = line_of(text, fault->offset);
  if (strncmp(fault->words, about_name, size) == 0) {
    size_t name = (size_t)(string_end(at) - at) - 1, known = size_before_secret(at + 1, name, NAME_MARKS);
    size_t shown = known < SHOWN_VALUE ? known : SHOWN_VALUE;
    ps_text_say(told->words, sizeof told->words, "\"%.*s%s\" %s", (int)shown, at + 1, name > shown ? "..." : "",
                fault->words + size);
  } else {
    ps_text_say(told->words, sizeof told->words, "%s", fault->words);
  }
}

int ps_file_check(const char *text, size_t size, struct ps_file_fault *told)
{
  struct ps_jsontext_fault fault;
  int result = ps_jsontext_check(text, size, true, &fault);
  const char *lone = result ? NULL : lone_surrogate(text, size);
  if (lone) {
    fault = (struct ps_jsontext_fault){.offset = (size_t)(lone - text), .words = "half of a surrogate pair"};
    result = -EINVAL;
  }
  if (!result || result == -ENOMEM)
    return result;
  tell_fault(told, text, &fault);
  return -EINVAL;
}

/* ---- The tree */

/* The text has been checked more strictly than json-c can. Its STRICT would refuse long numbers, which may well stand
 * in a body. A text that is JSON gives no tree only if it is null, or for want of memory. */
int ps_file_parse(struct ps_file_reader *reader, struct json_object **root)
{
  struct ps_file_fault fault;
  *root = NULL;
  int checked = ps_file_check(reader->text, reader->size, &fault);
  if (checked)
    return checked == -EINVAL ? ps_file_refuse_line(reader, fault.line, fault.words) : checked;
  struct ps_jsontext_value whole = ps_jsontext_root(reader->text, reader->size);
  struct json_tokener *tokener = json_tokener_new_ex(PS_JSONTEXT_DEPTH + 2);
  if (!tokener)
    return -ENOMEM;
  *root = json_tokener_parse_ex(tokener, whole.text, (int)whole.size);
  if (json_tokener_get_error(tokener) == json_tokener_continue) /* a number goes on until something else follows */
    *root = json_tokener_parse_ex(tokener, "", 1);
  json_tokener_free(tokener);
  return *root || *whole.text == 'n' ? 0 : -ENOMEM;
}

void ps_file_reader_fini(struct ps_file_reader *reader)
{
  ps_buf_fini(&reader->path);
}

/* ---- The walk */

/* A step of a pointer (RFC 6901, section 3). */
static int enter(struct ps_file_reader *reader, const char *name)
{
  int error = ps_buf_append(&reader->path, "/", 1);
  for (; *name && !error; name++) {
    if (*name == '~' || *name == '/')
      error = ps_buf_puts(&reader->path, *name == '~' ? "~0" : "~1");
    else
      error = ps_buf_append(&reader->path, name, 1);
  }
  return error;
}

static void leave(struct ps_file_reader *reader, size_t size)
{
  reader->path.size = size;
  reader->path.data[size] = '\0';
}

int ps_file_below(struct ps_file_reader *reader, const char *name, ps_file_take *take, struct json_object *value,
                  void *into)
{
  size_t size = reader->path.size;
  int result = enter(reader, name);
  if (!result)
    result = take(reader, name, value, into);
  if (!result)
    leave(reader, size);
  return result;
}

int ps_file_items(struct ps_file_reader *reader, ps_file_take *take, struct json_object *array, void *into)
{
  int result = 0;
  for (size_t i = 0; i < json_object_array_length(array) && !result; i++) {
    char index[24];
    snprintf(index, sizeof index, "%zu", i);
    result = ps_file_below(reader, index, take, json_object_array_get_idx(array, i), into);
  }
  return result;
}

int ps_file_members(struct ps_file_reader *reader, ps_file_take *take, struct json_object *object, void *into)
{
  if (!json_object_is_type(object, json_type_object))
    return ps_file_mismatch(reader, object, "is not an object; write { ... }");
  json_object_object_foreach(object, name, value)
  {
    int result = ps_file_below(reader, name, take, value, into);
    if (result)
      return result;
  }
  return 0;
}

/* An item begins with the first character behind the bracket or a comma that is not white space. All are looked for at
 * once: from the beginning of the text for each of them would take long. */
void ps_file_item_lines(const struct ps_file_reader *reader, size_t *lines, const char **begins)
{
  struct ps_jsontext_value array = ps_file_here(reader);
  size_t line = line_of(reader->text, (size_t)(array.text - reader->text));
  int depth = 1;
  bool awaited = true;
  for (const char *at = array.text + 1, *end = array.text + array.size - 1; at < end; at++) {
    line += *at == '\n';
    if (awaited && !strchr(" \t\r\n", *at)) {
      *lines++ = line;
      *begins++ = at;
      awaited = false;
    }
    if (*at == '"')
      at = string_end(at);
    depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
    awaited |= depth == 1 && *at == ',';
  }
}
