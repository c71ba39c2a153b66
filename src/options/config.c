/* The configuration of poolsend.h: set by name, read from JSON, opened to a sender. */
#include "options/config.h"

#include "base/text.h"
#include "engine/sender.h"
#include "net/check.h"
#include "options/file.h"
#include "options/kinds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char out_of_memory[] = "out of memory";

/* ---- Life */

struct poolsend_config *poolsend_config_new(void)
{
  struct poolsend_config *config = calloc(1, sizeof *config);
  if (!config)
    return NULL;
  ps_options_init(&config->base);
  ps_options_init(&config->defaults);
  ps_options_init(&config->command);
  return config;
}

void poolsend_config_free(struct poolsend_config *config)
{
  if (!config)
    return;
  for (size_t i = 0; i < config->endpoint_count; i++) {
    ps_options_fini(&config->endpoints[i]->own);
    free(config->endpoints[i]);
  }
  free(config->endpoints);
  ps_options_fini(&config->base);
  ps_options_fini(&config->defaults);
  ps_options_fini(&config->command);
  free(config);
}

/* ---- What went wrong */

const char *poolsend_config_error(const struct poolsend_config *config)
{
  if (!config)
    return out_of_memory;
  return config->failed && !config->error.text[0] ? poolsend_strerror(config->failed) : config->error.text;
}

int poolsend_config_failed(const struct poolsend_config *config)
{
  return config ? config->failed : -ENOMEM;
}

/* Of what begin() let begin: so it is the first. */
static int stick(struct poolsend_config *config, int result, const struct ps_error *error)
{
  if (!result)
    return 0;
  config->is_stuck = true;
  config->failed = result;
  if (result == -ENOMEM)
    snprintf(config->error.text, sizeof config->error.text, "%s", out_of_memory);
  else
    config->error = *error;
  return result;
}

/* Before anything is done: an error of poolsend_open stands until then. False: an error stuck, which stays. */
static bool begin(struct poolsend_config *config)
{
  if (config->is_stuck)
    return false;
  config->failed = 0;
  config->error = (struct ps_error){.endpoint = -1};
  return true;
}

/* ---- Setting */

static int refuse_name(const char *name, struct ps_error *error)
{
  char room[PS_NEAREST_SIZE];
  const char *nearest = ps_option_nearest(name, 0, PS_IN_FILE | PS_BY_NAME, room);
  return ps_refuse(error, "'%.100s': there is no such option%s%s%s", name, nearest ? "; did you mean " : "",
                   nearest ? nearest : "", nearest ? "?" : "");
}

static const struct ps_option *option_called(const char *name, bool is_shared, struct ps_error *error)
{
  const struct ps_option *option = ps_option_of_key(name);
  if (!option || !(option->traits & (PS_IN_FILE | PS_BY_NAME)))
    return refuse_name(name, error), NULL;
  if (is_shared && option->traits & PS_OWN)
    return ps_refuse(error, "%s: each endpoint has its own; poolsend_endpoint_set sets it", name), NULL;
  if (!is_shared && option->scope == PS_SCOPE_SENDER)
    return ps_refuse(error, "%s: it holds for all endpoints together; poolsend_config_set sets it", name), NULL;
  return option;
}

/* "settle: 'x' is not a time", or "headers: /X-Token: it holds a line break". */
static int set(struct ps_options *options, bool is_shared, const char *name, const char *value, struct ps_error *error)
{
  struct ps_error words = {.text = ""};
  const struct ps_option *option;
  if (!name || !value)
    return ps_refuse(error, "%s: it is NULL", name ? name : "the name of an option");
  if (!(option = option_called(name, is_shared, error)))
    return -EINVAL;
  int result = ps_options_set(options, option, value, PS_FROM_NAME, &words);
  if (result != -EINVAL)
    return result;
  bool is_told = ps_kind_names_itself(option->kind) && *words.text != '/'; /* not of a path below it */
  return is_told ? ps_refuse(error, "%s", words.text) : ps_refuse(error, "%s: %s", name, words.text);
}

int poolsend_config_set(struct poolsend_config *config, const char *name, const char *value)
{
  struct ps_error error = {.endpoint = -1};
  if (!config)
    return -ENOMEM;
  if (!begin(config))
    return config->failed;
  return stick(config, set(&config->base, true, name, value, &error), &error);
}

int poolsend_endpoint_set(struct poolsend_endpoint *endpoint, const char *name, const char *value)
{
  struct ps_error error = {.endpoint = -1};
  if (!endpoint)
    return -ENOMEM;
  if (!begin(endpoint->config))
    return endpoint->config->failed;
  return stick(endpoint->config, set(&endpoint->own, false, name, value, &error), &error);
}

int poolsend_config_load(struct poolsend_config *config, const char *json, size_t size)
{
  struct ps_error error = {.endpoint = -1};
  if (!config)
    return -ENOMEM;
  if (!begin(config))
    return config->failed;
  if (json && size == POOLSEND_TEXT)
    size = strlen(json);
  int result = json ? ps_file_read(config, json, size, &error) : ps_refuse(&error, "the text of the file is NULL");
  return stick(config, result, &error);
}

struct poolsend_endpoint *ps_config_add(struct poolsend_config *config)
{
  struct poolsend_endpoint **endpoints =
      realloc(config->endpoints, (config->endpoint_count + 1) * sizeof(struct poolsend_endpoint *));
  struct poolsend_endpoint *endpoint = endpoints ? calloc(1, sizeof *endpoint) : NULL;
  if (endpoints)
    config->endpoints = endpoints;
  if (!endpoint)
    return NULL;
  endpoint->config = config;
  ps_options_init(&endpoint->own);
  return endpoints[config->endpoint_count++] = endpoint;
}

struct poolsend_endpoint *poolsend_config_add(struct poolsend_config *config, const char *url)
{
  if (!config || !begin(config))
    return NULL;
  struct poolsend_endpoint *endpoint = ps_config_add(config);
  if (!endpoint)
    return stick(config, -ENOMEM, NULL), NULL;
  return url && poolsend_endpoint_set(endpoint, "url", url) ? NULL : endpoint;
}

void poolsend_config_pool(struct poolsend_config *config, struct poolsend_pool *pool)
{
  if (config)
    config->pool = pool;
}

void poolsend_config_on_event(struct poolsend_config *config, poolsend_event_fn *on_event, void *context)
{
  if (!config)
    return;
  config->on_event = on_event;
  config->event_context = context;
}

void poolsend_config_trace(struct poolsend_config *config, poolsend_trace_fn *trace, void *context)
{
  if (!config)
    return;
  config->trace = trace;
  config->trace_context = context;
}

/* ---- Opening */

/* `own`: an endpoint's options; NULL: of none. */
static int lay_over(const struct poolsend_config *config, const struct ps_options *own, struct ps_options *options)
{
  const struct ps_options *const levels[] = {&config->base, &config->defaults, own, &config->command};
  int result = 0;
  ps_options_init(options);
  for (size_t i = 0; i < sizeof levels / sizeof *levels && !result; i++)
    result = levels[i] ? ps_options_merge(options, levels[i]) : 0;
  return result;
}

int ps_config_options(const struct poolsend_config *config, struct ps_options *options)
{
  return lay_over(config, NULL, options);
}

static struct ps_sender_settings settings_of(const struct poolsend_config *config,
                                             const struct ps_config_merged *merged)
{
  struct ps_sender_settings settings = merged->sender.sender;
  settings.endpoints = merged->settings;
  settings.endpoint_count = config->endpoint_count;
  settings.pool = config->pool;
  settings.on_event = config->on_event;
  settings.event_context = config->event_context;
  settings.requests.trace = config->trace;
  settings.requests.trace_context = config->trace_context;
  return settings;
}

int ps_config_merge(const struct poolsend_config *config, struct ps_config_merged *merged,
                    struct ps_sender_settings *settings)
{
  size_t count = config->endpoint_count;
  *merged = (struct ps_config_merged){.count = count};
  int result = ps_config_options(config, &merged->sender);
  merged->endpoints = calloc(count + 1, sizeof *merged->endpoints);
  merged->settings = calloc(count + 1, sizeof *merged->settings);
  if (!merged->endpoints || !merged->settings)
    return -ENOMEM;
  for (size_t i = 0; i < count && !result; i++) {
    result = lay_over(config, &config->endpoints[i]->own, &merged->endpoints[i]);
    merged->settings[i] = ps_options_endpoint(&merged->endpoints[i]);
  }
  *settings = settings_of(config, merged);
  return result;
}

void ps_config_merged_fini(struct ps_config_merged *merged)
{
  ps_options_fini(&merged->sender);
  for (size_t i = 0; merged->endpoints && i < merged->count; i++)
    ps_options_fini(&merged->endpoints[i]);
  free(merged->endpoints);
  free(merged->settings);
}

static int open_sender(const struct poolsend_config *config, struct poolsend_sender **sender, struct ps_error *error)
{
  struct ps_config_merged merged;
  struct ps_sender_settings settings;
  int result = ps_config_merge(config, &merged, &settings);
  if (!result)
    result = ps_sender_open(sender, &settings, error);
  ps_config_merged_fini(&merged);
  return result;
}

/* Where in the file the endpoint stands that an error is about. */
static void say_where(struct poolsend_config *config, const struct ps_error *error)
{
  const struct poolsend_endpoint *endpoint = error->endpoint < 0 ? NULL : config->endpoints[error->endpoint];
  config->error = *error;
  if (endpoint && endpoint->line)
    ps_text_say(config->error.text, sizeof config->error.text, "line %zu: /endpoints/%zu: %.400s", endpoint->line,
                endpoint->index, error->text);
}

struct poolsend_sender *poolsend_open(struct poolsend_config *config)
{
  struct ps_error error = {.endpoint = -1};
  struct poolsend_sender *sender = NULL;
  if (!config || !begin(config))
    return NULL;
  config->failed = open_sender(config, &sender, &error);
  if (config->failed)
    say_where(config, &error);
  return sender;
}
