/* One endpoint of a configuration file, or the defaults of all of them. An endpoint begins as a copy of the defaults,
 * so that each key it has wins; headers are merged by name. */
#include "json/config.h"

#include "base/ascii.h"
#include "base/field.h"
#include "base/values.h"
#include "net/check.h"
#include "net/success.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX (16u << 20)

#define COUNT_OF(list) (sizeof(list) / sizeof *(list))

/* Begins a placeholder. */
#define PLACEHOLDER "{{"

/* ---- Names and lists */

static int take_name(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                     void *into)
{
  if (reader->in_defaults)
    return ps_config_refuse(reader, "each endpoint has its own; write it there");
  return ps_config_take_text(reader, key, value, into);
}

static int take_url(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                    void *into)
{
  struct ps_endpoint_settings *endpoint = into;
  int result = take_name(reader, key, value, into);
  if (!result)
    endpoint->url_template = strstr(endpoint->url, PLACEHOLDER) != NULL;
  return result;
}

/* The password is not asked for here. */
static int take_user(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                     void *into)
{
  struct ps_endpoint_settings *endpoint = into;
  int result = ps_config_take_secret(reader, key, value, into);
  if (!result && !strchr(endpoint->userpwd, ':'))
    return ps_config_refuse(reader, "there is no password; write \"name:password\"");
  return result;
}

struct texts {
  const char **items;
  size_t count;
};

static int take_item(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                     void *into)
{
  (void)key;
  struct texts *texts = into;
  return ps_config_text(reader, value, &texts->items[texts->count++]);
}

static int read_texts(struct ps_config_reader *reader, struct json_object *array, struct texts *texts)
{
  static const struct ps_config_key item = {.take = take_item};
  if (!json_object_is_type(array, json_type_array))
    return ps_config_mismatch(reader, array, "is not an array; write [\"...\"]");
  size_t length = json_object_array_length(array);
  texts->items = ps_config_array(reader, length, sizeof *texts->items);
  int result = texts->items ? 0 : -ENOMEM;
  for (size_t i = 0; i < length && !result; i++) {
    char index[24];
    snprintf(index, sizeof index, "%zu", i);
    result = ps_config_below(reader, index, &item, json_object_array_get_idx(array, i), texts);
  }
  return result;
}

static int take_resolve(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                        void *into)
{
  (void)key;
  struct ps_endpoint_settings *endpoint = into;
  struct texts texts = {0};
  int result = read_texts(reader, value, &texts);
  endpoint->resolve = texts.items;
  endpoint->resolve_count = texts.count;
  return result;
}

static int take_connect_to(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                           void *into)
{
  (void)key;
  struct ps_endpoint_settings *endpoint = into;
  struct texts texts = {0};
  int result = read_texts(reader, value, &texts);
  endpoint->connect_to = texts.items;
  endpoint->connect_to_count = texts.count;
  return result;
}

/* ---- Headers */

struct headers {
  struct json_object *own; /* of this endpoint, by name */
  struct texts lines, templates;
  struct texts secrets; /* names of those whose values come from elsewhere */
};

static void keep(struct texts *to, const char *const *lines, size_t count, struct json_object *except)
{
  for (size_t i = 0; i < count; i++) {
    bool replaced = false;
    json_object_object_foreach(except, name, value)
    {
      (void)value;
      replaced |= ps_field_is(lines[i], name);
    }
    if (!replaced)
      to->items[to->count++] = lines[i];
  }
}

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

/* The words of a check that names what it is about before a colon: the path does that here. */
static const char *bare_words(const struct poolsend_error *error)
{
  const char *colon = strstr(error->text, ": ");
  return colon ? colon + 2 : error->text;
}

/* What would be wrong with the name is told without the value. */
static int check_header_name(struct ps_config_reader *reader, struct json_object *object, const char *name)
{
  struct poolsend_error error;
  struct ps_buf line = {0};
  if (strpbrk(name, ":;"))
    return ps_config_refuse(reader, "a header's name is made of letters, digits and -");
  if (stands_before(object, name))
    return ps_config_refuse(reader, "the header is there twice");
  int result = ps_buf_printf(&line, "%s:", name);
  if (!result && ps_check_header(line.data, &error))
    result = ps_config_refuse(reader, "%s", bare_words(&error));
  ps_buf_fini(&line);
  return result;
}

/* "Name: value", "Name;" for an empty one, which curl takes for a removal otherwise, or without a value "Name:". */
static const char *make_line(struct ps_config_reader *reader, const char *name, const char *value)
{
  struct ps_buf line = {0};
  if (!value)
    ps_buf_printf(&line, "%s:", name);
  else if (!value[strspn(value, " \t")])
    ps_buf_printf(&line, "%s;", name);
  else
    ps_buf_printf(&line, "%s: %s", name, value);
  return ps_config_own(reader, line.data);
}

static int note_secret(struct ps_config_reader *reader, struct texts *secrets, const char *name)
{
  const char *copy = ps_config_own(reader, strdup(name));
  secrets->items[secrets->count++] = copy;
  return copy ? 0 : -ENOMEM;
}

/* The row's name is the header's. */
static int take_header(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                       void *into)
{
  struct headers *headers = into;
  const char *text = NULL;
  bool literal = false;
  int result = check_header_name(reader, headers->own, key->name);
  if (!result && value)
    result = ps_config_secret(reader, value, &text, &literal);
  if (!result && text && !literal && !text[strspn(text, " \t")])
    result = ps_config_refuse(reader, "there are only spaces in it");
  if (!result && text && !literal)
    result = note_secret(reader, &headers->secrets, key->name);
  if (result)
    return result;
  struct texts *lines = literal && text && strstr(text, PLACEHOLDER) ? &headers->templates : &headers->lines;
  const char *line = make_line(reader, key->name, text);
  lines->items[lines->count++] = line;
  return line ? 0 : -ENOMEM;
}

static int take_own_headers(struct ps_config_reader *reader, struct headers *headers)
{
  json_object_object_foreach(headers->own, name, value)
  {
    const struct ps_config_key row = {.name = name, .take = take_header};
    int result = ps_config_below(reader, name, &row, value, headers);
    if (result)
      return result;
  }
  return 0;
}

static int take_headers(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                        void *into)
{
  (void)key;
  struct ps_endpoint_settings *endpoint = into;
  if (!json_object_is_type(value, json_type_object))
    return ps_config_refuse(reader, "it is not an object; write {\"Name\": \"value\"}");
  size_t most = endpoint->header_count + endpoint->header_template_count + (size_t)json_object_object_length(value);
  struct headers headers = {.own = value,
                            .lines.items = ps_config_array(reader, most, sizeof(char *)),
                            .templates.items = ps_config_array(reader, most, sizeof(char *)),
                            .secrets.items = ps_config_array(reader, most, sizeof(char *))};
  if (!headers.lines.items || !headers.templates.items || !headers.secrets.items)
    return -ENOMEM;
  keep(&headers.lines, endpoint->headers, endpoint->header_count, value);
  keep(&headers.templates, endpoint->header_templates, endpoint->header_template_count, value);
  keep(&headers.secrets, endpoint->secret_headers, endpoint->secret_header_count, value);
  int result = take_own_headers(reader, &headers);
  endpoint->headers = headers.lines.items;
  endpoint->header_count = headers.lines.count;
  endpoint->header_templates = headers.templates.items;
  endpoint->header_template_count = headers.templates.count;
  endpoint->secret_headers = headers.secrets.items;
  endpoint->secret_header_count = headers.secrets.count;
  return result;
}

/* ---- What counts as accepted: built in the command line's spelling */

struct success {
  const char *status;
  struct ps_buf tests; /* ",/pointer=value" each */
};

/* The row's name is the pointer. In the spelling "," and "=" would end it. */
static int take_test(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                     void *into)
{
  (void)value;
  struct success *success = into;
  if (*key->name != '/' || !ps_jsontext_is_pointer(key->name, strlen(key->name)))
    return ps_config_refuse(reader,
                            "it is not a JSON pointer; write \"/accepted\", with ~0 for ~ and ~1 for / in names");
  if (strpbrk(key->name, ",="))
    return ps_config_refuse(reader, "a name with , or = in it cannot be tested");
  struct ps_jsontext_value here = ps_config_here(reader);
  int error = ps_buf_printf(&success->tests, ",%s=", key->name);
  return error ? error : ps_jsontext_compact(&success->tests, here.text, here.size);
}

static int take_tests(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                      void *into)
{
  (void)key;
  if (!json_object_is_type(value, json_type_object))
    return ps_config_mismatch(reader, value, "is not an object; write {\"/accepted\": true}");
  json_object_object_foreach(value, pointer, expected)
  {
    const struct ps_config_key row = {.name = pointer, .take = take_test};
    int result = ps_config_below(reader, pointer, &row, expected, into);
    if (result)
      return result;
  }
  return 0;
}

/* Here the path is known, which the sender's own check could not tell. */
static int check_success(struct ps_config_reader *reader, const char *spelling)
{
  struct ps_success success;
  struct poolsend_error error;
  int result = ps_success_init(&success, spelling, &error);
  ps_success_fini(&success);
  return result == -EINVAL ? ps_config_refuse(reader, "%s", bare_words(&error)) : result;
}

static int read_success(struct ps_config_reader *reader, struct json_object *value, struct success *success,
                        const char **spelling)
{
  static const struct ps_config_key success_keys[] = {
      {"status", ps_config_take_statuses, offsetof(struct success, status), 0, 0},
      {"json", take_tests, 0, 0, 0},
  };
  int result = ps_config_members(reader, value, success_keys, COUNT_OF(success_keys), success);
  if (result)
    return result;
  if (!success->status && !success->tests.size)
    return ps_config_refuse(reader,
                            "it is empty; write {\"status\": \"200-299,409\", \"json\": {\"/accepted\": true}}");
  struct ps_buf whole = {0};
  const char *tests = success->tests.size ? success->tests.data : "";
  if (ps_buf_puts(&whole, success->status ? success->status : "") ||
      ps_buf_puts(&whole, success->status || !*tests ? tests : tests + 1)) {
    ps_buf_fini(&whole);
    return -ENOMEM;
  }
  *spelling = ps_config_own(reader, whole.data);
  return *spelling ? 0 : -ENOMEM;
}

static int take_success(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                        void *into)
{
  (void)key;
  struct ps_endpoint_settings *endpoint = into;
  struct success success = {0};
  int result = json_object_is_type(value, json_type_string) ? ps_config_text(reader, value, &endpoint->success)
                                                            : read_success(reader, value, &success, &endpoint->success);
  ps_buf_fini(&success.tests);
  return result ? result : check_success(reader, endpoint->success);
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

static int own_template(struct ps_config_reader *reader, struct ps_jsontext_value json, const char **body)
{
  struct ps_buf copy = {0};
  if (ps_buf_append(&copy, json.text, json.size))
    return -ENOMEM;
  *body = ps_config_own(reader, copy.data);
  return *body ? 0 : -ENOMEM;
}

static int take_template_file(struct ps_config_reader *reader, const struct ps_config_key *key,
                              struct json_object *value, void *into)
{
  (void)key;
  const char *path;
  struct ps_buf content = {0};
  struct ps_config_fault fault;
  int result = ps_config_text(reader, value, &path);
  if (!result)
    result = ps_config_load(reader, path, BODY_MAX, &content);
  const char *text = content.data ? content.data : "";
  if (!result) {
    result = ps_config_check(text, content.size, &fault);
    if (result == -EINVAL)
      ps_config_refuse(reader, "'%.200s', line %zu: %s", path, fault.line, fault.words);
  }
  if (!result)
    result = own_template(reader, ps_jsontext_root(text, content.size), into);
  ps_buf_fini(&content);
  return result;
}

static int take_body(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                     void *into)
{
  (void)key;
  static const struct ps_config_key file = {.take = take_template_file};
  struct ps_endpoint_settings *endpoint = into;
  struct json_object *path = template_file(value);
  if (path)
    return ps_config_below(reader, "file", &file, path, &endpoint->body_template);
  return own_template(reader, ps_config_here(reader), &endpoint->body_template);
}

/* ---- The table */

#define FIELD(name) offsetof(struct ps_endpoint_settings, name)

static const struct ps_config_key endpoint_keys[] = {
    {"name", take_name, FIELD(name), 1, 0},
    {"url", take_url, FIELD(url), 1, 0},
    {"method", ps_config_take_text, FIELD(method), 1, 0},
    {"headers", take_headers, 0, 0, 0},
    {"user", take_user, FIELD(userpwd), 0, 0},
    {"oauth2_bearer", ps_config_take_secret, FIELD(bearer), 0, 0},
    {"user_agent", ps_config_take_text, FIELD(user_agent), 0, 0},
    {"insecure", ps_config_take_bool, FIELD(insecure), 0, 0},
    {"cacert", ps_config_take_text, FIELD(cacert), 1, 0},
    {"capath", ps_config_take_text, FIELD(capath), 1, 0},
    {"cert", ps_config_take_text, FIELD(cert), 1, 0},
    {"key", ps_config_take_text, FIELD(key), 1, 0},
    {"key_password", ps_config_take_secret, FIELD(key_password), 0, 0},
    {"proxy", ps_config_take_secret, FIELD(proxy), 0, 0},
    {"noproxy", ps_config_take_text, FIELD(noproxy), 0, 0},
    {"unix_socket", ps_config_take_text, FIELD(unix_socket), 1, 0},
    {"resolve", take_resolve, 0, 0, 0},
    {"connect_to", take_connect_to, 0, 0, 0},
    {"location", ps_config_take_bool, FIELD(follow), 0, 0},
    {"http2", ps_config_take_bool, FIELD(http2), 0, 0},
    {"compressed", ps_config_take_bool, FIELD(compressed), 0, 0},
    {"connect_timeout", ps_config_take_time, FIELD(connect_timeout), 0, 0},
    {"attempt_timeout", ps_config_take_limit, FIELD(attempt_timeout), 0, 0},
    {"hedge_delay", ps_config_take_own_hedge_delay, 0, 0, 0},
    {"max_in_flight", ps_config_take_count, FIELD(max_in_flight), 1, PS_WORKERS_MAX},
    {"success", take_success, 0, 0, 0},
    {"body", take_body, 0, 0, 0},
};

int ps_config_endpoint(struct ps_config_reader *reader, struct json_object *value,
                       struct ps_endpoint_settings *endpoint)
{
  int result = ps_config_members(reader, value, endpoint_keys, COUNT_OF(endpoint_keys), endpoint);
  if (!result && !endpoint->url && !reader->in_defaults)
    return ps_config_refuse(reader, "it has no url");
  return result;
}
