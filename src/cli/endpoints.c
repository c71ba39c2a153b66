/* An option that was given wins over the same setting of every endpoint in the file. Settings that mean something only
 * together are replaced together: who is trusted, the certificate with its password, the credentials. */
#include "cli/endpoints.h"

#include "base/ascii.h"
#include "base/field.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/status.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct merged {
  struct ps_endpoint_settings *items;
  size_t count;
  const char **texts; /* the lists of headers, one after the other */
  size_t used;
};

/* ---- Headers */

/* Whether an option says something else about this header of the file. */
static bool is_overridden(const char *line, const struct ps_cli_settings *settings)
{
  const struct ps_endpoint_settings *request = &settings->request;
  if ((request->userpwd || request->bearer) && ps_field_is(line, "Authorization"))
    return true;
  if (request->user_agent && ps_field_is(line, "User-Agent"))
    return true;
  for (size_t i = 0; i < settings->headers.count; i++)
    if (ps_field_is(line, settings->headers.items[i]))
      return true;
  return false;
}

/* Adds to the list what stays of the file's; how many those are. */
static size_t keep_headers(struct merged *merged, const char *const *lines, size_t count,
                           const struct ps_cli_settings *settings)
{
  size_t kept = 0;
  for (size_t i = 0; i < count; i++)
    if (!is_overridden(lines[i], settings))
      merged->texts[merged->used + kept++] = lines[i];
  merged->used += kept;
  return kept;
}

static void merge_headers(struct merged *merged, struct ps_endpoint_settings *endpoint,
                          const struct ps_cli_settings *settings)
{
  const char *const *headers = merged->texts + merged->used;
  size_t count = keep_headers(merged, endpoint->headers, endpoint->header_count, settings);
  for (size_t i = 0; i < settings->headers.count; i++)
    merged->texts[merged->used++] = settings->headers.items[i];
  endpoint->headers = headers;
  endpoint->header_count = count + settings->headers.count;

  const char *const *templates = merged->texts + merged->used;
  endpoint->header_template_count =
      keep_headers(merged, endpoint->header_templates, endpoint->header_template_count, settings);
  endpoint->header_templates = templates;
}

/* ---- Everything else */

static void merge_texts(struct ps_endpoint_settings *endpoint, const struct ps_endpoint_settings *request)
{
  static const size_t fields[] = {
      offsetof(struct ps_endpoint_settings, method),      offsetof(struct ps_endpoint_settings, user_agent),
      offsetof(struct ps_endpoint_settings, proxy),       offsetof(struct ps_endpoint_settings, noproxy),
      offsetof(struct ps_endpoint_settings, unix_socket), offsetof(struct ps_endpoint_settings, success),
  };
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    const char *const *given = (const char *const *)((const char *)request + fields[i]);
    if (*given)
      *(const char **)((char *)endpoint + fields[i]) = *given;
  }
}

static void merge_credentials(struct ps_endpoint_settings *endpoint, const struct ps_endpoint_settings *request)
{
  if (request->userpwd || request->bearer) {
    endpoint->userpwd = request->userpwd;
    endpoint->bearer = request->bearer;
  }
  if (request->cacert || request->capath) {
    endpoint->cacert = request->cacert;
    endpoint->capath = request->capath;
  }
  if (request->cert) {
    endpoint->cert = request->cert;
    endpoint->key_password = request->key_password;
  }
  if (request->cert || request->key)
    endpoint->key = request->key;
}

static void merge_lists(struct ps_endpoint_settings *endpoint, const struct ps_endpoint_settings *request)
{
  if (request->resolve_count) {
    endpoint->resolve = request->resolve;
    endpoint->resolve_count = request->resolve_count;
  }
  if (request->connect_to_count) {
    endpoint->connect_to = request->connect_to;
    endpoint->connect_to_count = request->connect_to_count;
  }
}

static void merge_times(struct ps_endpoint_settings *endpoint, const struct ps_cli_settings *settings)
{
  if (settings->request.connect_timeout != PS_CLI_NOT_GIVEN)
    endpoint->connect_timeout = settings->request.connect_timeout;
  if (settings->attempt_timeout_given)
    endpoint->attempt_timeout = 0;
  if (settings->hedge_delay_given) {
    endpoint->hedge_delay = 0;
    endpoint->hedge_permille = 0;
  }
  if (settings->command == PS_CLI_SEND)
    endpoint->max_in_flight = 0; /* one message is never at an endpoint twice at a time */
}

static void merge(struct merged *merged, struct ps_endpoint_settings *endpoint, const struct ps_cli_settings *settings)
{
  const struct ps_endpoint_settings *request = &settings->request;
  endpoint->form_type |= request->form_type;
  endpoint->insecure |= request->insecure;
  endpoint->environment_proxy |= request->environment_proxy;
  endpoint->follow |= request->follow;
  endpoint->http2 |= request->http2;
  endpoint->compressed |= request->compressed;
  merge_texts(endpoint, request);
  merge_credentials(endpoint, request);
  merge_lists(endpoint, request);
  merge_times(endpoint, settings);
  merge_headers(merged, endpoint, settings);
}

static const char *environment_value(const char *name)
{
  const char *value = getenv(name);
  return value && *value ? value : NULL;
}

static bool any_https(const struct merged *merged)
{
  for (size_t i = 0; i < merged->count; i++)
    if (merged->items[i].url && ps_ascii_begins(merged->items[i].url, "https:"))
      return true;
  return false;
}

/* As the curl tool has it: heeded only where nothing else says what to trust. */
static void heed_trust_environment(struct ps_endpoint_settings *endpoint)
{
  if (endpoint->cacert || endpoint->capath || endpoint->insecure)
    return;
  endpoint->cacert = environment_value("CURL_CA_BUNDLE");
  if (!endpoint->cacert)
    endpoint->capath = environment_value("SSL_CERT_DIR");
  if (!endpoint->cacert && !endpoint->capath)
    endpoint->cacert = environment_value("SSL_CERT_FILE");
}

/* ---- All of them */

static void merged_fini(struct merged *merged)
{
  free(merged->items);
  free(merged->texts);
}

/* What an endpoint is before the options: the file's, or its defaults with a URL of the command line. */
static struct ps_endpoint_settings base_of(const struct ps_cli_settings *settings, size_t index)
{
  const struct poolsend_file *file = settings->file;
  if (file && file->config->endpoint_count)
    return file->config->endpoints[index];
  struct ps_endpoint_settings endpoint = file ? *file->defaults : (struct ps_endpoint_settings){0};
  endpoint.url = settings->urls.items[index];
  return endpoint;
}

static bool merged_init(struct merged *merged, const struct ps_cli_settings *settings)
{
  const struct poolsend_file *file = settings->file;
  size_t texts = 0;
  merged->count = file && file->config->endpoint_count ? file->config->endpoint_count : settings->urls.count;
  merged->items = calloc(merged->count + 1, sizeof *merged->items);
  if (!merged->items)
    return false;
  for (size_t i = 0; i < merged->count; i++) {
    merged->items[i] = base_of(settings, i);
    texts += merged->items[i].header_count + merged->items[i].header_template_count + settings->headers.count;
  }
  merged->texts = calloc(texts + 1, sizeof *merged->texts);
  if (!merged->texts)
    return false;
  for (size_t i = 0; i < merged->count; i++)
    merge(merged, &merged->items[i], settings);
  for (size_t i = 0; any_https(merged) && i < merged->count; i++)
    heed_trust_environment(&merged->items[i]);
  return true;
}

/* On workers, which are not to be held up: after an interrupt a line that nobody takes is dropped. */
static void trace(void *context, const char *endpoint, const char *line)
{
  struct ps_cli_output output = {.fd = STDERR_FILENO};
  char *text = NULL;
  (void)context;
  if (asprintf(&text, "[%s] %s\n", endpoint, line) < 0)
    return;
  ps_cli_write(&output, text, strlen(text));
  free(text);
}

static struct ps_sender_settings config_of(const struct ps_cli_settings *settings, const struct merged *merged)
{
  struct ps_sender_settings config = settings->config;
  config.endpoints = merged->items;
  config.endpoint_count = merged->count;
  config.events = settings->shown_events | POOLSEND_EVENT_SETTLED | (settings->output ? POOLSEND_EVENT_DELIVERED : 0);
  config.keep_bodies = settings->output != NULL;
  config.trace = settings->verbose ? trace : NULL;
  if (settings->command == PS_CLI_SEND) { /* one message: the list is what it says, and is tried once each */
    config.breaker = false;
    config.workers = config.workers ? config.workers : (unsigned)merged->count;
  }
  return config;
}

/* Whether the file's endpoint has this fault on its own, so that it is none of the options'. */
static bool is_of_the_file(const struct ps_cli_settings *settings, const struct poolsend_error *error)
{
  const struct poolsend_file *file = settings->file;
  if (!file || !file->config->endpoint_count || error->endpoint < 0)
    return false;
  struct ps_endpoint_settings endpoint = file->config->endpoints[error->endpoint];
  struct ps_sender_settings config = settings->config;
  struct poolsend_error alone;
  struct poolsend_sender *sender;
  endpoint.max_in_flight = 0;
  config.endpoints = &endpoint;
  config.endpoint_count = config.workers = 1;
  int result = poolsend_new(&sender, &config, &alone);
  poolsend_free(sender);
  return result == -EINVAL && strcmp(alone.text, error->text) == 0;
}

static void complain(const struct ps_cli_settings *settings, const struct poolsend_error *error)
{
  if (is_of_the_file(settings, error))
    ps_cli_complain("%s: line %zu: /endpoints/%d: %s", ps_cli_config_name(settings),
                    settings->file->lines[error->endpoint], error->endpoint, error->text);
  else
    ps_cli_complain("%s", error->text);
}

int ps_cli_make_sender(struct poolsend_sender **sender, unsigned *count, const struct ps_cli_settings *settings)
{
  struct merged merged = {0};
  struct poolsend_error error = {.text = "out of memory", .endpoint = -1};
  int result = -ENOMEM;
  if (merged_init(&merged, settings)) {
    const struct ps_sender_settings config = config_of(settings, &merged);
    *count = (unsigned)merged.count;
    result = poolsend_new(sender, &config, &error);
  }
  merged_fini(&merged);
  if (result == 0)
    return PS_EXIT_DELIVERED;
  complain(settings, &error);
  /* A limit that is too low for what was asked is the former. */
  return result == -EINVAL || result == -EMFILE ? PS_EXIT_USAGE : PS_EXIT_LOCAL;
}

void ps_cli_warn_of_threads(const struct ps_cli_settings *settings, struct poolsend_sender *sender, bool *warned)
{
  if (*warned)
    return;
  const struct poolsend_counts counts = poolsend_count(sender);
  if (counts.threads_denied)
    ps_cli_warn(settings,
                "workers: the system has no more threads to give (ulimit -u, or a limit of the container); %llu "
                "make do",
                (unsigned long long)counts.threads);
  *warned = counts.threads_denied > 0;
}
