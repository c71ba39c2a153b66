#include "net/success.h"

#include "base/jsontext.h"

#include <errno.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Up to here every integer is a double. */
#define EXACT_MAX 9007199254740992.0

/* json-c is generous with what it takes for JSON, so the text is checked first. 0 and the value, which is NULL for
 * null; -EINVAL: it is not JSON; -E2BIG: it is nested too deep; -ENOMEM. */
static int parse(const char *text, size_t size, struct json_object **value)
{
  struct ps_buf compact = {0};
  *value = NULL;
  int error = size < INT32_MAX ? ps_jsontext_compact(&compact, text, size) : -E2BIG;
  struct json_tokener *tokener = error ? NULL : json_tokener_new_ex(PS_JSONTEXT_DEPTH + 2);
  if (tokener) {
    /* The NUL is counted in: json-c sees the end of a bare number by it. */
    *value = json_tokener_parse_ex(tokener, compact.data, (int)compact.size + 1);
    /* Without memory for a locale json-c gives nothing, and says that all is well. */
    bool failed =
        json_tokener_get_error(tokener) != json_tokener_success || (!*value && strcmp(compact.data, "null") != 0);
    error = failed ? -ENOMEM : 0;
    json_tokener_free(tokener);
  } else if (!error) {
    error = -ENOMEM;
  }
  ps_buf_fini(&compact);
  return error;
}

/* `text` as JSON: as it stands if it is, else as a string. NULL: no memory, in which nobody can tell. */
static char *as_json(const char *text)
{
  struct json_object *value;
  int error = parse(text, strlen(text), &value);
  json_object_put(value);
  if (error == 0 || error == -ENOMEM)
    return error ? NULL : strdup(text);
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
  if (equals + 1 == item + size) {
    snprintf(error->text, sizeof error->text, "success: '%.*s' wants a value after =; an empty string is written \"\"",
             (int)size, item);
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

/* Past the JSON value that begins with a quote or bracket at `text`, as far as its quotes and brackets tell. */
static const char *skip_json(const char *text)
{
  const char *at = text;
  bool quoted = false;
  int depth = 0;
  do {
    if (quoted && *at == '\\' && at[1])
      at++;
    else if (*at == '"')
      quoted = !quoted;
    else if (!quoted)
      depth += (*at == '[' || *at == '{') - (*at == ']' || *at == '}');
    at++;
  } while (*at && (quoted || depth > 0));
  return at;
}

/* Up to a comma; in the value of a JSON test, one that is not inside of a string, an array or an object. */
static size_t item_size(const char *item)
{
  size_t size = strcspn(item, ",");
  const char *equals = *item == '/' ? memchr(item, '=', size) : NULL;
  if (!equals || !equals[1] || !strchr("\"[{", equals[1]))
    return size;
  const char *end = skip_json(equals + 1);
  bool whole = (!*end || *end == ',') && !ps_jsontext_check(equals + 1, (size_t)(end - equals - 1), false, NULL);
  return whole ? (size_t)(end - item) : size;
}

int ps_success_init(struct ps_success *success, const char *text, struct poolsend_error *error)
{
  *success = (struct ps_success){0};
  bool any_status = false;
  for (const char *item = text; item;) {
    size_t size = item_size(item);
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

/* ---- Equality of JSON values */

static bool equal(struct json_object *a, struct json_object *b);

static bool is_number(struct json_object *value)
{
  return json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double);
}

/* What json-c makes of an integer beyond its range. */
static bool is_clamped(struct json_object *integer)
{
  return json_object_get_int64(integer) == INT64_MIN || json_object_get_uint64(integer) == UINT64_MAX;
}

/* By value, so that 1 is 1.0, as far as a double is exact. */
static bool equal_numbers(struct json_object *a, struct json_object *b)
{
  if (json_object_is_type(a, json_type_int) && json_object_is_type(b, json_type_int))
    return json_object_equal(a, b) && !is_clamped(a);
  double x = json_object_get_double(a), y = json_object_get_double(b);
  return x == y && (json_object_get_type(a) == json_object_get_type(b) || fabs(x) < EXACT_MAX);
}

static bool equal_arrays(struct json_object *a, struct json_object *b)
{
  size_t length = json_object_array_length(a);
  bool same = length == json_object_array_length(b);
  for (size_t i = 0; i < length && same; i++)
    same = equal(json_object_array_get_idx(a, i), json_object_array_get_idx(b, i));
  return same;
}

static bool equal_objects(struct json_object *a, struct json_object *b)
{
  if (json_object_object_length(a) != json_object_object_length(b))
    return false;
  struct json_object_iter member;
  json_object_object_foreachC(a, member)
  {
    struct json_object *other;
    if (!json_object_object_get_ex(b, member.key, &other) || !equal(member.val, other))
      return false;
  }
  return true;
}

static bool equal(struct json_object *a, struct json_object *b)
{
  if (is_number(a) && is_number(b))
    return equal_numbers(a, b);
  if (json_object_get_type(a) != json_object_get_type(b))
    return false;
  if (json_object_is_type(a, json_type_array))
    return equal_arrays(a, b);
  if (json_object_is_type(a, json_type_object))
    return equal_objects(a, b);
  return json_object_equal(a, b);
}

/* ---- Running the tests */

/* One step of a pointer: a member's name with ~1 and ~0 written out (RFC 6901, section 4), in place. */
static void unescape(char *token)
{
  char *to = token;
  for (const char *from = token; *from; from++, to++) {
    if (*from != '~')
      *to = *from;
    else if (*++from == '1')
      *to = '/';
    else
      *to = '~';
  }
  *to = '\0';
}

/* An index: digits, no zero before others. */
static bool parse_index(const char *token, size_t *index)
{
  size_t digits = strspn(token, "0123456789");
  if (!digits || digits > 9 || token[digits] || (*token == '0' && digits > 1))
    return false;
  *index = strtoul(token, NULL, 10);
  return true;
}

/* json-c's own walk takes a null in an array for nothing. */
static bool step(struct json_object **value, const char *token)
{
  size_t index;
  if (json_object_is_type(*value, json_type_object))
    return json_object_object_get_ex(*value, token, value);
  if (!json_object_is_type(*value, json_type_array) || !parse_index(token, &index) ||
      index >= json_object_array_length(*value))
    return false;
  *value = json_object_array_get_idx(*value, index);
  return true;
}

/* Where `pointer` leads to from `value`. 0; -ENOENT: nowhere; -ENOMEM. */
static int find(struct json_object *value, const char *pointer, struct json_object **found)
{
  bool there = true;
  while (there && *pointer == '/') {
    size_t size = strcspn(++pointer, "/");
    char *token = strndup(pointer, size);
    if (!token)
      return -ENOMEM;
    unescape(token);
    there = step(&value, token);
    free(token);
    pointer += size;
  }
  *found = value;
  return there ? 0 : -ENOENT;
}

static enum ps_json_test cannot_be_made(int error, char *words, size_t size)
{
  snprintf(words, size, "the JSON test cannot be made: %s", error == -E2BIG ? "nested too deep" : "no memory");
  return PS_JSON_IMPOSSIBLE;
}

static enum ps_json_test make_test(const struct ps_json_rule *test, struct json_object *body, char *words, size_t size)
{
  struct json_object *found, *expected = NULL;
  int error = find(body, test->pointer, &found);
  if (error == -ENOENT) {
    snprintf(words, size, "the answer has no %s", test->pointer);
    return PS_JSON_FAILED;
  }
  if (!error)
    error = parse(test->expected, strlen(test->expected), &expected);
  if (error)
    return cannot_be_made(error, words, size);
  bool same = equal(found, expected);
  if (!same)
    snprintf(words, size, "%s in the answer is not %s", test->pointer, test->expected);
  json_object_put(expected);
  return same ? PS_JSON_PASSED : PS_JSON_FAILED;
}

enum ps_json_test ps_success_test(const struct ps_success *success, const char *body, size_t body_size, char *words,
                                  size_t size)
{
  if (!success->tests)
    return PS_JSON_NONE;
  struct json_object *value;
  int error = parse(body, body_size, &value);
  if (error == -EINVAL) {
    snprintf(words, size, "the answer is not JSON");
    return PS_JSON_FAILED;
  }
  if (error)
    return cannot_be_made(error, words, size);
  enum ps_json_test result = PS_JSON_PASSED;
  for (const struct ps_json_rule *test = success->tests; test && result == PS_JSON_PASSED; test = test->next)
    result = make_test(test, value, words, size);
  json_object_put(value);
  return result;
}
