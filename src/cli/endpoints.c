/* From what the command line asked for to a sender. */
#include "cli/endpoints.h"

#include "base/ascii.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/status.h"
#include "options/kinds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- What the program has otherwise than the library */

static int set(struct ps_options *options, const char *key, const char *value)
{
  struct ps_error unread;
  return ps_options_set(options, ps_option_of_key(key), value, PS_FROM_NAME, &unread);
}

static bool has(const struct ps_options *options, const char *key)
{
  return ps_options_has(options, ps_option_of_key(key));
}

/* Its server is to be verified, and no level says which certificates are trusted for that. */
static bool wants_certificates(const struct poolsend_config *config, const struct ps_options *own)
{
  const struct ps_options *const levels[] = {&config->command, own, &config->defaults, &config->base};
  const char *url = own->endpoint.url;
  bool insecure = false, said = false;
  for (size_t i = sizeof levels / sizeof *levels; i-- > 0;) {
    insecure = has(levels[i], "insecure") ? levels[i]->endpoint.insecure : insecure;
    said |= has(levels[i], "cacert") || has(levels[i], "capath");
  }
  return url && ps_ascii_begins(url, "https:") && !insecure && !said;
}

static bool any_wants_certificates(const struct poolsend_config *config)
{
  for (size_t i = 0; i < config->endpoint_count; i++)
    if (wants_certificates(config, &config->endpoints[i]->own))
      return true;
  return false;
}

static int trust(struct poolsend_config *config, const char *key, const char *path, const char *variable)
{
  struct ps_error error;
  int result = ps_options_set(&config->base, ps_option_of_key(key), path, PS_FROM_COMMAND, &error);
  if (result == -EINVAL)
    ps_cli_complain("%s: %s", variable, error.text);
  return result;
}

/* As the curl tool has it: heeded only where nothing else says what to trust. */
static int heed_trust_environment(struct poolsend_config *config)
{
  static const struct {
    const char *variable, *key;
  } sources[] = {{"CURL_CA_BUNDLE", "cacert"}, {"SSL_CERT_DIR", "capath"}, {"SSL_CERT_FILE", "cacert"}};
  if (!any_wants_certificates(config))
    return 0;
  for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
    const char *value = getenv(sources[i].variable);
    if (value && *value)
      return trust(config, sources[i].key, value, sources[i].variable);
  }
  return 0;
}

/* One message: the list is what it says, is tried once each, and is never at an endpoint twice at a time. */
static int set_for_one_message(struct poolsend_config *config)
{
  struct ps_options *command = &config->command;
  char count[24];
  int result = set(command, "breaker", "false");
  command->endpoint.max_in_flight = 0;
  ps_options_mark(command, ps_option_of_key("max_in_flight"));
  if (result || has(command, "workers") || has(&config->base, "workers") || !config->endpoint_count)
    return result;
  snprintf(count, sizeof count, "%zu", config->endpoint_count);
  return set(command, "workers", count);
}

/* The program needs the end of every message, whatever is shown, and the win where the response is to be written. */
static int set_events(struct poolsend_config *config, const struct ps_cli_settings *settings)
{
  bool keeps = settings->options.program.output;
  config->command.sender.events =
      settings->options.sender.events | POOLSEND_EVENT_SETTLED | (keeps ? POOLSEND_EVENT_DELIVERED : 0);
  ps_options_mark(&config->command, ps_option_of_key("events"));
  return set(&config->command, "keep_bodies", keeps ? "true" : "false");
}

static int complete(const struct ps_cli_settings *settings)
{
  struct poolsend_config *config = settings->config;
  int result = has(&config->base, "environment_proxy") ? 0 : set(&config->base, "environment_proxy", "true");
  if (!result)
    result = heed_trust_environment(config);
  if (!result)
    result = set_events(config, settings);
  return result || settings->command == PS_COMMAND_STREAM ? result : set_for_one_message(config);
}

/* ---- The sender */

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

static void complain(const struct ps_cli_settings *settings)
{
  const char *words = poolsend_config_error(settings->config);
  if (strncmp(words, "line ", 5) == 0)
    ps_cli_complain("%s: %s", ps_cli_config_name(settings), words);
  else
    ps_cli_complain("%s", words);
}

int ps_cli_make_sender(struct poolsend_sender **sender, unsigned *count, const struct ps_cli_settings *settings)
{
  *count = (unsigned)settings->config->endpoint_count;
  int result = complete(settings);
  if (result == -ENOMEM)
    ps_cli_lack_memory();
  if (result)
    return ps_cli_refusal();
  if (settings->options.program.verbose)
    poolsend_config_trace(settings->config, trace, NULL);
  *sender = poolsend_open(settings->config);
  if (*sender)
    return PS_EXIT_DELIVERED;
  complain(settings);
  /* A limit that is too low for what was asked is the former. */
  int failed = poolsend_config_failed(settings->config);
  return failed == -EINVAL || failed == -EMFILE ? PS_EXIT_USAGE : PS_EXIT_LOCAL;
}

void ps_cli_warn_of_threads(const struct ps_cli_settings *settings, struct poolsend_sender *sender, bool *warned)
{
  if (*warned)
    return;
  struct poolsend_counts *counts = poolsend_counts_new(sender);
  *warned = poolsend_counts_get(counts, POOLSEND_COUNT_THREADS_DENIED) > 0;
  if (*warned)
    ps_cli_warn(settings,
                "workers: the system has no more threads to give (ulimit -u, or a limit of the container); %llu "
                "make do",
                (unsigned long long)poolsend_counts_get(counts, POOLSEND_COUNT_THREADS));
  poolsend_counts_free(counts);
}
