/* Configuration files: the whole of one, and what stands at its top level. */
#include "json/config.h"

#include "base/values.h"
#include "net/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT_OF(list) (sizeof(list) / sizeof *(list))

/* ---- Endpoints */

static int take_defaults(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                         void *into)
{
  (void)key;
  struct ps_config_file *file = into;
  reader->in_defaults = true;
  int result = ps_config_endpoint(reader, value, &file->defaults);
  reader->in_defaults = false;
  return result;
}

static int take_endpoint(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                         void *into)
{
  (void)key;
  reader->known = reader->path.size;
  return ps_config_endpoint(reader, value, into);
}

static int take_endpoints(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                          void *into)
{
  (void)key;
  static const struct ps_config_key row = {.take = take_endpoint};
  struct ps_config_file *file = into;
  if (!json_object_is_type(value, json_type_array))
    return ps_config_mismatch(reader, value, "is not an array; write [{\"url\": \"https://...\"}]");
  size_t count = json_object_array_length(value);
  struct ps_endpoint_settings *endpoints = ps_config_array(reader, count, sizeof *endpoints);
  size_t *lines = ps_config_array(reader, count, sizeof *lines);
  const char **begins = ps_config_array(reader, count, sizeof *begins);
  int result = endpoints && lines && begins ? 0 : -ENOMEM;
  if (!result)
    ps_config_item_lines(reader, lines, begins);
  for (size_t i = 0; i < count && !result; i++) {
    char index[24];
    snprintf(index, sizeof index, "%zu", i);
    endpoints[i] = file->defaults;
    reader->known_value = ps_jsontext_root(begins[i], (size_t)(reader->text + reader->size - begins[i]));
    result = ps_config_below(reader, index, &row, json_object_array_get_idx(value, i), &endpoints[i]);
    reader->known = 0;
  }
  file->config.endpoints = endpoints;
  file->config.endpoint_count = count;
  file->file.lines = lines;
  return result;
}

/* Read before all others. */
static int take_nothing(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                        void *into)
{
  (void)reader, (void)key, (void)value, (void)into;
  return 0;
}

/* ---- The table */

#define FIELD(name) offsetof(struct ps_config_file, config.name)

static const struct ps_config_key file_keys[] = {
    {"hedge_delay", ps_config_take_hedge_delay, offsetof(struct ps_config_file, config), 0, 0},
    {"hedge_budget", ps_config_take_share, FIELD(hedge_budget), 0, 0},
    {"settle", ps_config_take_time, FIELD(settle), 0, 0},
    {"answer_wait", ps_config_take_time, FIELD(answer_wait), 0, 0},
    {"max_time", ps_config_take_limit, FIELD(max_time), 0, 0},
    {"attempt_timeout", ps_config_take_limit, FIELD(attempt_timeout), 0, 0},
    {"retry", ps_config_take_count, FIELD(retries), 0, PS_RETRIES_MAX},
    {"retry_delay", ps_config_take_time, FIELD(retry_delay), 0, 0},
    {"retry_max_time", ps_config_take_limit, FIELD(retry_max_time), 0, 0},
    {"workers", ps_config_take_count, FIELD(workers), 1, PS_WORKERS_MAX},
    {"max_pending", ps_config_take_count, FIELD(max_pending), 1, PS_PENDING_MAX},
    {"in_order", ps_config_take_bool, FIELD(in_order), 0, 0},
    {"breaker", ps_config_take_bool, FIELD(breaker), 0, 0},
    {"rate", ps_config_take_rate, FIELD(rate), 0, 0},
    {"fatal_status", ps_config_take_statuses, FIELD(fatal_status), 0, 0},
    {"idempotency_key", ps_config_take_bool, FIELD(idempotency_key), 0, 0},
    {"max_body", ps_config_take_size, FIELD(max_body), 0, 0},
    {"max_response", ps_config_take_size, FIELD(max_response), 0, 0},
    {"defaults", take_nothing, 0, 0, 0},
    {"endpoints", take_endpoints, 0, 0, 0},
};

/* ---- The whole */

static int read_defaults(struct ps_config_reader *reader, struct json_object *root, struct ps_config_file *file)
{
  static const struct ps_config_key row = {.take = take_defaults};
  struct json_object *defaults;
  if (!json_object_object_get_ex(root, "defaults", &defaults))
    return 0;
  return ps_config_below(reader, "defaults", &row, defaults, file);
}

/* The text has been checked more strictly than json-c can. Its STRICT would refuse long numbers, which may well stand
 * in a body. NULL: no memory, for the text is an object. */
static struct json_object *parse_tree(const char *text, size_t size)
{
  struct json_tokener *tokener = json_tokener_new_ex(PS_JSONTEXT_DEPTH + 2);
  struct json_object *root = tokener ? json_tokener_parse_ex(tokener, text, (int)size) : NULL;
  if (tokener)
    json_tokener_free(tokener);
  return root;
}

static int read_text(struct ps_config_reader *reader)
{
  struct ps_config_fault fault;
  if (reader->size > PS_CONFIG_SIZE_MAX)
    return ps_config_refuse_line(reader, 1, "it is longer than 1 MiB");
  int checked = ps_config_check(reader->text, reader->size, &fault);
  if (checked)
    return checked == -EINVAL ? ps_config_refuse_line(reader, fault.line, fault.words) : checked;
  struct ps_jsontext_value whole = ps_jsontext_root(reader->text, reader->size);
  if (*whole.text != '{')
    return ps_config_refuse(reader, "it is not an object; write { \"endpoints\": [ ... ] }");
  struct json_object *root = parse_tree(whole.text, whole.size);
  int result = root ? read_defaults(reader, root, reader->file) : -ENOMEM;
  if (!result)
    result = ps_config_members(reader, root, file_keys, COUNT_OF(file_keys), reader->file);
  json_object_put(root);
  return result;
}

int poolsend_file_parse(struct poolsend_file **file, const char *text, size_t size, struct poolsend_error *error)
{
  struct poolsend_error unread;
  struct ps_config_file *made = calloc(1, sizeof *made);
  error = ps_error_clear(error, &unread);
  *file = NULL;
  if (!made)
    return -ENOMEM;
  poolsend_config_init(&made->config);
  made->file.config = &made->config;
  made->file.defaults = &made->defaults;
  struct ps_config_reader reader = {.text = text, .size = size, .file = made, .error = error};
  int result = read_text(&reader);
  ps_buf_fini(&reader.path);
  if (result)
    poolsend_file_free(&made->file);
  else
    *file = &made->file;
  return result;
}

int poolsend_new_from_json(struct poolsend_sender **sender, const char *text, size_t size, struct poolsend_error *error)
{
  struct poolsend_file *file;
  *sender = NULL;
  int result = poolsend_file_parse(&file, text, size, error);
  if (!result)
    result = poolsend_new(sender, file->config, error);
  poolsend_file_free(file);
  return result;
}

void poolsend_file_free(struct poolsend_file *file)
{
  struct ps_config_file *made = (struct ps_config_file *)file;
  if (!made)
    return;
  for (size_t i = 0; i < made->owned_count; i++)
    free(made->owned[i]);
  free(made->owned);
  free(made);
}
