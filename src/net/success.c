#include "net/success.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A whole JSON text, or NULL. json-c sees the end of a bare number or literal only by the NUL. `text[size]` is one. */
static struct json_object *parse(const char *text, size_t size)
{
  struct json_tokener *tokener = json_tokener_new();
  if (!tokener || size >= INT32_MAX) {
    json_tokener_free(tokener);
    return NULL;
  }
  json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
  struct json_object *value = json_tokener_parse_ex(tokener, text, (int)size + 1);
  bool whole = json_tokener_get_error(tokener) == json_tokener_success && json_tokener_get_parse_end(tokener) >= size;
  json_tokener_free(tokener);
  if (whole)
    return value;
  json_object_put(value);
  return NULL;
}

static bool is_json(const char *text)
{
  if (strcmp(text, "null") == 0)
    return true;
  struct json_object *value = parse(text, strlen(text));
  json_object_put(value);
  return value != NULL;
}

/* `text` as JSON: as it stands if it is, else as a string. */
static char *as_json(const char *text)
{
  if (is_json(text))
    return strdup(text);
  struct json_object *string = json_object_new_string(text);
  const char *json = string ? json_object_to_json_string_ext(string, JSON_C_TO_STRING_PLAIN) : NULL;
  char *copy = json ? strdup(json) : NULL;
  json_object_put(string);
  return copy;
}

/* RFC 6901, section 3: "~" stands only before 0 and 1. */
static bool is_pointer(const char *text, size_t size)
{
  for (size_t i = 0; i < size; i++)
    if (text[i] == '~' && (i + 1 == size || (text[i + 1] != '0' && text[i + 1] != '1')))
      return false;
  return true;
}

static int add_test(struct ps_success *success, const char *item, size_t size, struct poolsend_error *error)
{
  const char *equals = memchr(item, '=', size);
  if (!equals) {
    snprintf(error->text, sizeof error->text, "success: '%.*s' wants a value: %.*s=true", (int)size, item, (int)size,
             item);
    return -EINVAL;
  }
  if (!is_pointer(item, (size_t)(equals - item))) {
    snprintf(error->text, sizeof error->text, "success: '%.*s': in a JSON pointer, ~ is written ~0 and / in a name ~1",
             (int)size, item);
    return -EINVAL;
  }
  struct ps_json_rule *test = calloc(1, sizeof *test);
  if (!test)
    return -ENOMEM;
  test->next = success->tests;
  success->tests = test;
  char *value = strndup(equals + 1, size - (size_t)(equals + 1 - item));
  test->pointer = strndup(item, (size_t)(equals - item));
  test->expected = value ? as_json(value) : NULL;
  free(value);
  return test->pointer && test->expected ? 0 : -ENOMEM;
}

static int add_item(struct ps_success *success, const char *item, size_t size, bool *any_status,
                    struct poolsend_error *error)
{
  if (size && *item == '/')
    return add_test(success, item, size, error);
  if (ps_status_parse_range(&success->statuses, item, size)) {
    snprintf(error->text, sizeof error->text,
             "success: '%.*s' is not a status (100 to 599), a range such as 200-299, or a JSON test such as "
             "/accepted=true",
             (int)size, item);
    return -EINVAL;
  }
  *any_status = true;
  return 0;
}

int ps_success_init(struct ps_success *success, const char *text, struct poolsend_error *error)
{
  *success = (struct ps_success){0};
  bool any_status = false;
  for (const char *item = text; item;) {
    size_t size = strcspn(item, ",");
    int result = add_item(success, item, size, &any_status, error);
    if (result)
      return result;
    item = item[size] ? item + size + 1 : NULL;
  }
  if (!any_status)
    ps_status_add(&success->statuses, 200, 299);
  return 0;
}

void ps_success_fini(struct ps_success *success)
{
  while (success->tests) {
    struct ps_json_rule *test = success->tests;
    success->tests = test->next;
    free(test->pointer);
    free(test->expected);
    free(test);
  }
}

/* Equal as JSON values; numbers by value, so that 1 is 1.0. */
static bool equal(struct json_object *a, struct json_object *b)
{
  bool numbers = (json_object_is_type(a, json_type_int) || json_object_is_type(a, json_type_double)) &&
                 (json_object_is_type(b, json_type_int) || json_object_is_type(b, json_type_double));
  return numbers && json_object_get_type(a) != json_object_get_type(b)
             ? json_object_get_double(a) == json_object_get_double(b)
             : json_object_equal(a, b);
}

static bool holds(const struct ps_json_rule *test, struct json_object *body, char *words, size_t size)
{
  struct json_object *found = NULL;
  if (json_pointer_get(body, test->pointer, &found)) {
    snprintf(words, size, "the answer has no %s", test->pointer);
    return false;
  }
  struct json_object *expected = parse(test->expected, strlen(test->expected));
  bool same = equal(found, expected);
  if (!same)
    snprintf(words, size, "%s in the answer is not %s", test->pointer, test->expected);
  json_object_put(expected);
  return same;
}

enum ps_json_test ps_success_test(const struct ps_success *success, const char *body, size_t body_size, char *words,
                                  size_t size)
{
  if (!success->tests)
    return PS_JSON_NONE;
  struct json_object *value = body_size ? parse(body, body_size) : NULL;
  if (!value) {
    snprintf(words, size, "the answer is not JSON");
    return PS_JSON_FAILED;
  }
  enum ps_json_test result = PS_JSON_PASSED;
  for (const struct ps_json_rule *test = success->tests; test && result == PS_JSON_PASSED; test = test->next)
    if (!holds(test, value, words, size))
      result = PS_JSON_FAILED;
  json_object_put(value);
  return result;
}
