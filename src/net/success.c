#include "net/success.h"

#include "base/jsontext.h"
#include "base/text.h"
#include "net/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- The list */

static struct ps_jsontext_value whole(const char *json)
{
  return ps_jsontext_root(json, strlen(json));
}

/* What `text` says as JSON: as it stands if it is, else as a string. */
static int read_expected(struct ps_json_rule *test, const char *text, size_t size, struct ps_error *error)
{
  struct ps_buf json = {0};
  struct ps_jsontext_fault fault;
  int result = ps_jsontext_check(text, size, false, &fault);
  if (result && result != -EINVAL)
    return ps_refuse(error, "success: the value of '%.200s': %s", test->pointer, fault.words);
  result = result ? ps_jsontext_quote(&json, text, size, true) : ps_jsontext_compact(&json, text, size);
  test->expected = json.data;
  return result;
}

static int refuse_test(struct ps_error *error, const char *item, size_t size, const char *why)
{
  return ps_refuse(error, "success: '%.*s'%s", (int)size, item, why);
}

static int add_test(struct ps_success *success, const char *item, size_t size, struct ps_error *error)
{
  const char *equals = memchr(item, '=', size);
  if (!equals)
    return ps_refuse(error, "success: '%.*s' wants a value: %.*s=true", (int)size, item, (int)size, item);
  if (equals + 1 == item + size)
    return refuse_test(error, item, size, " wants a value after =; an empty string is written \"\"");
  if (!ps_jsontext_is_pointer(item, (size_t)(equals - item)))
    return refuse_test(error, item, size, ": in a JSON pointer, ~ is written ~0 and / in a name ~1");
  struct ps_json_rule *test = calloc(1, sizeof *test);
  if (!test)
    return -ENOMEM;
  test->next = success->tests;
  success->tests = test;
  test->pointer = strndup(item, (size_t)(equals - item));
  return test->pointer ? read_expected(test, equals + 1, size - (size_t)(equals + 1 - item), error) : -ENOMEM;
}

static int add_item(struct ps_success *success, const char *item, size_t size, bool *any_status, struct ps_error *error)
{
  if (size && *item == '/')
    return add_test(success, item, size, error);
  if (ps_status_parse_range(&success->statuses, item, size))
    return refuse_test(error, item, size,
                       " is not a status (100 to 599), a range such as 200-299, or a JSON test such "
                       "as /accepted=true");
  *any_status = true;
  return 0;
}

/* Up to a comma; in the value of a JSON test, one that is not inside of a string, an array or an object. */
static size_t item_size(const char *item, const char *end)
{
  size_t size = strcspn(item, ",");
  const char *equals = *item == '/' ? memchr(item, '=', size) : NULL;
  if (!equals || !equals[1] || !strchr("\"[{", equals[1]))
    return size;
  size_t value = ps_jsontext_begin(equals + 1, (size_t)(end - equals - 1));
  const char *behind = equals + 1 + value;
  return value && (behind == end || *behind == ',') ? (size_t)(behind - item) : size;
}

int ps_success_init(struct ps_success *success, const char *text, struct ps_error *error)
{
  *success = (struct ps_success){0};
  bool any_status = false;
  const char *end = text ? text + strlen(text) : NULL;
  for (const char *item = text; item;) {
    size_t size = item_size(item, end);
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

/* ---- Running the tests */

/* What cannot be read is no proof that it was not accepted. */
static enum ps_json_test unreadable(int error, const struct ps_jsontext_fault *fault, char *words, size_t size)
{
  if (error == -EINVAL)
    ps_text_say(words, size, "the answer is not JSON");
  else if (error == -E2BIG)
    ps_text_say(words, size, "the answer is nested more than %d deep", PS_JSONTEXT_DEPTH);
  else
    ps_text_say(words, size, "the JSON test cannot be made: %s", fault->words);
  return PS_JSON_UNREADABLE;
}

static enum ps_json_test make_test(const struct ps_json_rule *test, struct ps_jsontext_value body, char *words,
                                   size_t size)
{
  struct ps_jsontext_value found;
  bool equal;
  if (!ps_jsontext_find(body, test->pointer, &found)) {
    ps_text_say(words, size, "the answer has no %s", test->pointer);
    return PS_JSON_FAILED;
  }
  if (ps_jsontext_equal(whole(test->expected), found, &equal)) {
    ps_text_say(words, size, "the JSON test cannot be made: no memory");
    return PS_JSON_IMPOSSIBLE;
  }
  if (!equal)
    ps_text_say(words, size, "%s in the answer is not %s", test->pointer, test->expected);
  return equal ? PS_JSON_PASSED : PS_JSON_FAILED;
}

enum ps_json_test ps_success_test(const struct ps_success *success, const char *body, size_t body_size, char *words,
                                  size_t size)
{
  struct ps_jsontext_fault fault;
  if (!success->tests)
    return PS_JSON_NONE;
  body = body ? body : "";
  size_t mark = ps_jsontext_mark_size(body, body_size);
  int error = ps_jsontext_check(body + mark, body_size - mark, false, &fault);
  if (error)
    return unreadable(error, &fault, words, size);
  struct ps_jsontext_value root = ps_jsontext_root(body + mark, body_size - mark);
  enum ps_json_test result = PS_JSON_PASSED;
  for (const struct ps_json_rule *test = success->tests; test && result == PS_JSON_PASSED; test = test->next)
    result = make_test(test, root, words, size);
  return result;
}
