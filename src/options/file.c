/* The configuration file as levels of options: each member of an object is looked up in the table. */
#include "options/file.h"

#include "base/text.h"
#include "base/values.h"
#include "options/file_values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What members of an object are taken into. */
struct level {
  struct ps_options *options;
  bool is_shared; /* it holds for several endpoints */
  bool has_sender_options;
};

/* ---- Members */

static int refuse_unknown(struct ps_file_reader *reader, const char *name)
{
  char room[PS_NEAREST_SIZE];
  static const char *const others[] = {"defaults", "endpoints"};
  const char *nearest = ps_option_nearest(name, 0, PS_IN_FILE, room);
  if (!nearest)
    nearest = ps_text_nearest(name, others, 2);
  if (nearest)
    return ps_file_refuse(reader, "unknown; did you mean %s?", nearest);
  return ps_file_refuse(reader, "unknown; poolsend-config(5) lists what there is");
}

static int take_option(struct ps_file_reader *reader, const char *name, struct json_object *value, void *into)
{
  const struct level *level = into;
  const struct ps_option *option = ps_option_of_key(name);
  if (!option || !(option->traits & PS_IN_FILE))
    return refuse_unknown(reader, name);
  if (option->scope == PS_SCOPE_SENDER && !level->has_sender_options)
    return ps_file_refuse(reader, "it holds for all endpoints together; write it at the top of the file");
  if (option->traits & PS_OWN && level->is_shared)
    return ps_file_refuse(reader, "each endpoint has its own; write it there");
  return ps_file_value(reader, option, value, level->options);
}

/* ---- The whole */

static int take_endpoint(struct ps_file_reader *reader, const char *name, struct json_object *value, void *into)
{
  (void)name;
  struct level level = {.options = into};
  reader->known = reader->path.size;
  int result = ps_file_members(reader, take_option, value, &level);
  if (!result && !level.options->endpoint.url)
    result = ps_file_refuse(reader, "it has no url");
  reader->known = 0;
  return result;
}

/* Where each endpoint stands is looked for once: from the beginning of the text for each of them would take long. */
static int read_endpoints(struct ps_file_reader *reader, struct json_object *value, struct poolsend_config *config)
{
  if (!json_object_is_type(value, json_type_array))
    return ps_file_mismatch(reader, value, "is not an array; write [{\"url\": \"https://...\"}]");
  size_t count = json_object_array_length(value);
  size_t *lines = calloc(count + 1, sizeof *lines);
  const char **begins = calloc(count + 1, sizeof *begins);
  int result = lines && begins ? 0 : -ENOMEM;
  if (!result)
    ps_file_item_lines(reader, lines, begins);
  for (size_t i = 0; i < count && !result; i++) {
    char index[24];
    snprintf(index, sizeof index, "%zu", i);
    struct poolsend_endpoint *endpoint = ps_config_add(config);
    if (!endpoint) {
      result = -ENOMEM;
      break;
    }
    endpoint->line = lines[i];
    endpoint->index = i;
    reader->known_value = ps_jsontext_root(begins[i], (size_t)(reader->text + reader->size - begins[i]));
    result = ps_file_below(reader, index, take_endpoint, json_object_array_get_idx(value, i), &endpoint->own);
  }
  free(lines);
  free(begins);
  return result;
}

static int take_top(struct ps_file_reader *reader, const char *name, struct json_object *value, void *into)
{
  struct poolsend_config *config = into;
  struct level level = {.options = &config->base, .is_shared = true, .has_sender_options = true};
  if (strcmp(name, "$schema") == 0) /* for editors */
    return json_object_is_type(value, json_type_string) ? 0 : ps_file_mismatch(reader, value, "is not a string");
  if (strcmp(name, "endpoints") == 0)
    return read_endpoints(reader, value, config);
  if (strcmp(name, "defaults") != 0)
    return take_option(reader, name, value, &level);
  level = (struct level){.options = &config->defaults, .is_shared = true};
  return ps_file_members(reader, take_option, value, &level);
}

int ps_file_read(struct poolsend_config *config, const char *text, size_t size, struct ps_error *error)
{
  struct ps_file_reader reader = {.text = text, .size = size, .error = error};
  struct json_object *root = NULL;
  error->text[0] = '\0';
  int result = size > PS_CONFIG_SIZE_MAX ? ps_file_refuse_line(&reader, 1, "it is longer than 1 MiB")
                                         : ps_file_parse(&reader, &root);
  if (!result && !json_object_is_type(root, json_type_object))
    result = ps_file_refuse(&reader, "it is not an object; write { \"endpoints\": [ ... ] }");
  if (!result)
    result = ps_file_members(&reader, take_top, root, config);
  json_object_put(root);
  ps_file_reader_fini(&reader);
  return result;
}

int ps_file_read_value(struct ps_options *options, const struct ps_option *option, const char *text,
                       struct ps_error *error)
{
  struct ps_file_reader reader = {.text = text, .size = strlen(text), .is_value = true, .error = error};
  struct json_object *root = NULL;
  error->text[0] = '\0';
  int result = ps_file_parse(&reader, &root);
  if (!result)
    result = ps_file_value(&reader, option, root, options);
  json_object_put(root);
  ps_file_reader_fini(&reader);
  return result;
}
