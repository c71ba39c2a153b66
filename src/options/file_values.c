/* What single options have in the file. A value becomes the text of its kind, which has the one parser; what the file has
 * as an object of its own (headers, what counts as success, a body's template) is read here. */
#include "options/file_values.h"

#include "base/ascii.h"
#include "net/check.h"
#include "net/template.h"
#include "options/checks.h"
#include "options/kinds.h"
#include "options/secret.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TEMPLATE_MAX ((size_t)16 << 20)

/* Up to here every integer is a double. */
#define EXACT_MAX 9007199254740992.0

/* ---- One value */

/* A number as the text of a kind. One that is whole is written as such, however it stands there (64.0, 1e2). */
static void write_number(struct json_object *value, char *text, size_t size)
{
  const char *written = json_object_get_string(value);
  double number = json_object_get_double(value);
  if (json_object_is_type(value, json_type_double) && number >= 0 && number <= EXACT_MAX) {
    unsigned long long whole = (unsigned long long)number;
    unsigned long long nanos = (unsigned long long)((number - (double)whole) * 1e9 + 0.5);
    if (number == (double)whole)
      snprintf(text, size, "%llu", whole);
    else if (strpbrk(written, "eE") && nanos < 1000000000)
      snprintf(text, size, "%llu.%09llu", whole, nanos);
    else
      snprintf(text, size, "%s", written);
    return;
  }
  snprintf(text, size, "%s", written);
}

static int read_text(struct ps_file_reader *reader, const struct ps_option *option, const char *text, void *value)
{
  struct ps_error error;
  int result = ps_kind_read(option, text, value, &error);
  if (result != -EINVAL)
    return result;
  return ps_file_refuse(reader, "%s", ps_kind_names_itself(option->kind) ? ps_kind_bare_words(error.text) : error.text);
}

static int mismatch(struct ps_file_reader *reader, const struct ps_option *option, struct json_object *value)
{
  char words[256];
  unsigned types = ps_kind_json(option->kind);
  bool is_string = json_object_is_type(value, json_type_string);
  bool is_number = json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double);
  if (is_string && types & (PS_JSON_NUMBER | PS_JSON_BOOLEAN) && !(types & PS_JSON_STRING))
    return ps_file_mismatch(reader, value,
                            types & PS_JSON_NUMBER ? "is a string; write a number, without quotes"
                                                   : "is a string; write true or false, without quotes");
  if (is_number && (option->kind == PS_KIND_STATUSES || option->kind == PS_KIND_SUCCESS)) {
    snprintf(words, sizeof words, "is not a string; write \"%.60s\"", json_object_get_string(value));
    return ps_file_mismatch(reader, value, words);
  }
  if (types & PS_JSON_SECRET)
    return ps_file_refuse(reader, "it is neither a string nor an object; " PS_SECRET_SPELLINGS);
  if (types & PS_JSON_ARRAY)
    return ps_file_mismatch(reader, value, "is not an array; write [\"...\"]");
  if (types == PS_JSON_STRING && !ps_kind_wants(option, words, sizeof words))
    return ps_file_mismatch(reader, value, "is not a string; write \"...\"");
  if (!ps_kind_wants(option, words, sizeof words))
    return ps_file_mismatch(reader, value, "is neither a string nor an object");
  return ps_file_mismatch(reader, value, words);
}

/* One that is wrong is shown as it stands there. */
static int read_number(struct ps_file_reader *reader, const struct ps_option *option, struct json_object *value,
                       void *into)
{
  struct ps_error error;
  char number[64];
  write_number(value, number, sizeof number);
  int result = ps_kind_read(option, number, into, &error);
  return result == -EINVAL ? mismatch(reader, option, value) : result;
}

/* A string, a number, true or false, of a type that the kind has. */
static int read_scalar(struct ps_file_reader *reader, const struct ps_option *option, struct json_object *value,
                       void *into)
{
  unsigned types = ps_kind_json(option->kind);
  if (json_object_is_type(value, json_type_string) && types & PS_JSON_STRING) {
    int result = ps_file_check_clean(reader, value);
    return result ? result : read_text(reader, option, json_object_get_string(value), into);
  }
  if (json_object_is_type(value, json_type_boolean) && types & PS_JSON_BOOLEAN)
    return read_text(reader, option, json_object_get_boolean(value) ? "true" : "false", into);
  if (!(types & PS_JSON_NUMBER) ||
      !(json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double)))
    return mismatch(reader, option, value);
  return read_number(reader, option, value, into);
}

static int read_secret(struct ps_file_reader *reader, const struct ps_option *option, struct json_object *value,
                       void *into)
{
  char *secret = NULL;
  int result = ps_file_secret(reader, value, &secret);
  if (!result)
    result = read_text(reader, option, secret, into);
  ps_secret_free(secret);
  return result;
}

/* ---- Lists of texts */

struct list {
  const struct ps_option *option;
  void *texts;
};

static int take_item(struct ps_file_reader *reader, const char *name, struct json_object *value, void *into)
{
  (void)name;
  struct list *list = into;
  if (!json_object_is_type(value, json_type_string))
    return ps_file_mismatch(reader, value, "is not a string; write \"...\"");
  int result = ps_file_check_clean(reader, value);
  return result ? result : read_text(reader, list->option, json_object_get_string(value), list->texts);
}

static int read_list(struct ps_file_reader *reader, const struct ps_option *option, struct json_object *value,
                     void *into)
{
  struct list list = {.option = option, .texts = into};
  return ps_file_items(reader, take_item, value, &list);
}

/* Each member of an object is compared with the others, or looked for from the beginning. */
static int check_count(struct ps_file_reader *reader, struct json_object *object)
{
  return json_object_object_length(object) > PS_ENTRIES_MAX
             ? ps_file_refuse(reader, "there are more than %d", PS_ENTRIES_MAX)
             : 0;
}

/* ---- Headers */

struct headers {
  const struct ps_option *option;
  struct json_object *object;
  struct ps_header_lines *lines;
};

/* Under a name that differs in nothing but case, before it in the same object. */
static bool stands_before(struct json_object *object, const char *wanted)
{
  json_object_object_foreach(object, name, value)
  {
    (void)value;
    if (strcmp(name, wanted) == 0)
      return false;
    if (ps_ascii_same(name, wanted))
      return true;
  }
  return false;
}

/* What would be wrong with the name is told without the value. */
static int check_header_name(struct ps_file_reader *reader, struct json_object *object, const char *name)
{
  struct ps_error error;
  struct ps_buf line = {0};
  if (strpbrk(name, ":;"))
    return ps_file_refuse(reader, "a header's name is made of letters, digits and -");
  if (stands_before(object, name))
    return ps_file_refuse(reader, "the header is there twice");
  int result = ps_buf_printf(&line, "%s:", name);
  if (!result && ps_check_header(line.data, &error))
    result = ps_file_refuse(reader, "%s", ps_kind_bare_words(error.text));
  ps_buf_fini(&line);
  return result;
}

/* "Name: value", "Name;" for an empty one, which would be a removal otherwise, or without a value "Name:". */
static int add_line(struct ps_texts *lines, const char *name, const char *value)
{
  struct ps_buf line = {0};
  int result;
  if (!value)
    result = ps_buf_printf(&line, "%s:", name);
  else if (!value[strspn(value, " \t")])
    result = ps_buf_printf(&line, "%s;", name);
  else
    result = ps_buf_printf(&line, "%s: %s", name, value);
  if (!result)
    result = ps_texts_add(lines, line.data);
  if (line.data)
    explicit_bzero(line.data, line.size);
  ps_buf_fini(&line);
  return result;
}

static int add_template(struct ps_file_reader *reader, const struct headers *headers, const char *name,
                        const char *value)
{
  struct ps_error error;
  struct ps_buf line = {0};
  int result = ps_buf_printf(&line, "%s: %s", name, value);
  if (!result)
    result = ps_option_check_template(headers->option, line.data, &error);
  if (result == -EINVAL)
    ps_file_refuse(reader, "%s", ps_kind_bare_words(error.text));
  if (!result)
    result = ps_texts_add(&headers->lines->templates, line.data);
  ps_buf_fini(&line);
  return result;
}

static int add_secret_header(struct ps_file_reader *reader, struct ps_header_lines *lines, const char *name,
                             struct json_object *value)
{
  char *secret = NULL;
  int result = ps_file_secret(reader, value, &secret);
  if (!result && !secret[strspn(secret, " \t")])
    result = ps_file_refuse(reader, "there are only spaces in it");
  if (!result)
    result = add_line(&lines->lines, name, secret);
  if (!result)
    result = ps_texts_add(&lines->secrets, name);
  ps_secret_free(secret);
  return result;
}

static int take_header(struct ps_file_reader *reader, const char *name, struct json_object *value, void *into)
{
  struct headers *headers = into;
  struct ps_header_lines *lines = headers->lines;
  int result = check_header_name(reader, headers->object, name);
  if (result)
    return result;
  ps_texts_drop_field(&lines->lines, name);
  ps_texts_drop_field(&lines->templates, name);
  if (!value)
    return add_line(&lines->lines, name, NULL);
  if (!json_object_is_type(value, json_type_string))
    return add_secret_header(reader, lines, name, value);
  const char *text = json_object_get_string(value);
  result = ps_file_check_clean(reader, value);
  if (result)
    return result;
  return strstr(text, PS_TEMPLATE_OPEN) ? add_template(reader, headers, name, text)
                                        : add_line(&lines->lines, name, text);
}

static int read_headers(struct ps_file_reader *reader, const struct ps_option *option, struct json_object *value,
                        void *into)
{
  struct headers headers = {.option = option, .object = value, .lines = into};
  if (!json_object_is_type(value, json_type_object))
    return ps_file_refuse(reader, "it is not an object; write {\"Name\": \"value\"}");
  int result = check_count(reader, value);
  return result ? result : ps_file_members(reader, take_header, value, &headers);
}

/* ---- What counts as accepted: an object becomes the command line's spelling */

#define SUCCESS_SPELLING "write {\"status\": \"200-299,409\", \"json\": {\"/accepted\": true}}"

struct success {
  struct ps_buf spelling;
  const char *status;  /* json-c's */
  struct ps_buf tests; /* ",/pointer=value" each */
};

/* In the spelling "," and "=" would end the pointer. */
static int take_test(struct ps_file_reader *reader, const char *pointer, struct json_object *value, void *into)
{
  (void)value;
  struct success *success = into;
  if (*pointer != '/' || !ps_jsontext_is_pointer(pointer, strlen(pointer)))
    return ps_file_refuse(reader, "it is not a JSON pointer; write \"/accepted\", with ~0 for ~ and ~1 for / in names");
  if (strpbrk(pointer, ",="))
    return ps_file_refuse(reader, "a name with , or = in it cannot be tested");
  struct ps_jsontext_value here = ps_file_here(reader);
  int error = ps_buf_printf(&success->tests, ",%s=", pointer);
  return error ? error : ps_jsontext_compact(&success->tests, here.text, here.size);
}

static int take_statuses(struct ps_file_reader *reader, struct json_object *value, struct success *success)
{
  static const struct ps_option statuses = {.name = "status", .kind = PS_KIND_STATUSES};
  const char *unused = NULL;
  int result = read_scalar(reader, &statuses, value, &unused);
  ps_kind_free(&statuses, &unused);
  if (!result)
    success->status = json_object_get_string(value);
  return result;
}

static int take_success_member(struct ps_file_reader *reader, const char *name, struct json_object *value, void *into)
{
  if (strcmp(name, "status") == 0)
    return take_statuses(reader, value, into);
  if (strcmp(name, "json") == 0) {
    if (!json_object_is_type(value, json_type_object))
      return ps_file_mismatch(reader, value, "is not an object; write {\"/accepted\": true}");
    int result = check_count(reader, value);
    return result ? result : ps_file_members(reader, take_test, value, into);
  }
  return ps_file_refuse_member(reader, name, "status", "json");
}

static int spell_success(struct ps_file_reader *reader, struct success *success)
{
  const char *tests = success->tests.size ? success->tests.data : "";
  if (!success->status && !*tests)
    return ps_file_refuse(reader, "it is empty; " SUCCESS_SPELLING);
  int result = ps_buf_puts(&success->spelling, success->status ? success->status : "");
  return result ? result : ps_buf_puts(&success->spelling, success->status || !*tests ? tests : tests + 1);
}

static int read_success(struct ps_file_reader *reader, const struct ps_option *option, struct json_object *value,
                        void *into)
{
  struct success success = {0};
  int result = ps_file_members(reader, take_success_member, value, &success);
  if (!result)
    result = spell_success(reader, &success);
  if (!result)
    result = read_text(reader, option, success.spelling.data, into);
  ps_buf_fini(&success.tests);
  ps_buf_fini(&success.spelling);
  return result;
}

/* ---- The body's template */

/* {"file": PATH} and nothing else. NULL: it is a template itself. */
static struct json_object *template_file(struct json_object *value)
{
  struct json_object *path;
  bool one = json_object_is_type(value, json_type_object) && json_object_object_length(value) == 1 &&
             json_object_object_get_ex(value, "file", &path) && json_object_is_type(path, json_type_string);
  return one ? path : NULL;
}

static int keep_template(struct ps_file_reader *reader, struct ps_jsontext_value json, const struct ps_option *option,
                         void *into)
{
  struct ps_buf copy = {0}; /* the text of a file has no NUL at its end, which strndup might look for */
  int result = ps_buf_append(&copy, json.text, json.size);
  if (!result)
    result = read_text(reader, option, copy.data, into);
  ps_buf_fini(&copy);
  return result;
}

struct body {
  const struct ps_option *option;
  void *into;
};

static int take_template_file(struct ps_file_reader *reader, const char *name, struct json_object *value, void *into)
{
  (void)name;
  struct body *body = into;
  struct ps_buf content = {0};
  struct ps_file_fault fault;
  const char *path = json_object_get_string(value);
  int result = ps_file_check_clean(reader, value);
  if (!result)
    result = ps_file_load(reader, path, TEMPLATE_MAX, &content);
  const char *text = content.data ? content.data : "";
  if (!result) {
    result = ps_file_check(text, content.size, &fault);
    if (result == -EINVAL)
      ps_file_refuse(reader, "'%.200s', line %zu: %s", path, fault.line, fault.words);
  }
  if (!result)
    result = keep_template(reader, ps_jsontext_root(text, content.size), body->option, body->into);
  ps_buf_fini(&content);
  return result;
}

static int read_template(struct ps_file_reader *reader, const struct ps_option *option, struct json_object *value,
                         void *into)
{
  struct body body = {.option = option, .into = into};
  struct json_object *path = template_file(value);
  if (path)
    return ps_file_below(reader, "file", take_template_file, path, &body);
  return keep_template(reader, ps_file_here(reader), option, into);
}

/* ---- Any of them */

static int read_kind(struct ps_file_reader *reader, const struct ps_option *option, struct json_object *value,
                     struct ps_options *options)
{
  unsigned types = ps_kind_json(option->kind);
  void *into = (char *)options + option->field;
  bool is_object = json_object_is_type(value, json_type_object);
  int result;
  if (option->kind == PS_KIND_HEADERS)
    result = read_headers(reader, option, value, into);
  else if (option->kind == PS_KIND_TEMPLATE)
    result = read_template(reader, option, value, into);
  else if (option->kind == PS_KIND_SUCCESS && is_object)
    result = read_success(reader, option, value, into);
  else if (types & PS_JSON_SECRET && is_object)
    result = read_secret(reader, option, value, into);
  else if (types & PS_JSON_ARRAY && json_object_is_type(value, json_type_array))
    result = read_list(reader, option, value, into);
  else
    result = read_scalar(reader, option, value, into);
  if (!result)
    ps_options_mark(options, option);
  return result;
}

/* A URL's value may be a template. */
static int read_url(struct ps_file_reader *reader, const struct ps_option *option, struct json_object *value,
                    struct ps_options *options)
{
  struct ps_error error;
  if (!json_object_is_type(value, json_type_string))
    return mismatch(reader, option, value);
  int result = ps_file_check_clean(reader, value);
  if (result)
    return result;
  result = ps_options_set(options, option, json_object_get_string(value), PS_FROM_NAME, &error);
  return result == -EINVAL ? ps_file_refuse(reader, "%s", ps_kind_bare_words(error.text)) : result;
}

int ps_file_value(struct ps_file_reader *reader, const struct ps_option *option, struct json_object *value,
                  struct ps_options *options)
{
  return option->kind == PS_KIND_URL ? read_url(reader, option, value, options)
                                     : read_kind(reader, option, value, options);
}
