#include "cli/table.h"

#include "base/ascii.h"
#include "base/values.h"
#include "cli/body.h"
#include "cli/password.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static void *field(struct ps_cli_settings *settings, const struct ps_cli_option *option)
{
  return (char *)settings + option->field;
}

/* ---- Appliers */

static bool set_flag(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value)
{
  (void)value;
  *(bool *)field(settings, option) = true;
  return true;
}

static bool clear_flag(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value)
{
  (void)value;
  *(bool *)field(settings, option) = false;
  return true;
}

static bool set_text(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value)
{
  *(const char **)field(settings, option) = value;
  return true;
}

static bool add_text(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value)
{
  return ps_cli_add_text(field(settings, option), value);
}

static bool set_time(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value)
{
  if (ps_parse_time(value, field(settings, option)))
    return true;
  return ps_cli_complain("--%s: '%s' is not a time; write 1, 0.25, 250ms, 1s, 2m or 1h", option->name, value);
}

/* For limits of which curl says that 0 is none. */
static bool set_limit(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value)
{
  poolsend_time *span = field(settings, option);
  if (!set_time(settings, option, value))
    return false;
  if (*span == 0)
    *span = POOLSEND_NEVER;
  return true;
}

/* This one is also a limit that an endpoint of a file may have of its own. */
static bool set_attempt_timeout(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value)
{
  settings->attempt_timeout_given = true;
  return set_limit(settings, option, value);
}

static bool set_hedge_delay(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value)
{
  struct ps_sender_settings *config = &settings->config;
  (void)option;
  settings->hedge_delay_given = true;
  if (ps_parse_hedge_delay(value, &config->hedge_delay, &config->hedge_permille))
    return true;
  return ps_cli_complain("--hedge-delay: '%s' is neither a time nor a percentile; "
                         "write 1, 0.25, 250ms, 1s, 2m, 1h, none, p95 or p99.9",
                         value);
}

static bool set_share(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value)
{
  if (ps_parse_share(value, field(settings, option)))
    return true;
  return ps_cli_complain("--%s: '%s' is not a share; write 10%%, 2.5%% or none", option->name, value);
}

static bool set_rate(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value)
{
  if (ps_parse_rate(value, field(settings, option)))
    return true;
  return ps_cli_complain("--%s: '%s' is not a rate; write 100/s, 30/m or none, at most 1000000/s", option->name, value);
}

static bool set_size(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value)
{
  if (ps_parse_size(value, field(settings, option)))
    return true;
  return ps_cli_complain("--%s: '%s' is not a size; write 4096, 64K or 1M", option->name, value);
}

static bool set_count(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value,
                      unsigned least, unsigned most)
{
  unsigned *count = field(settings, option);
  if (ps_parse_count(value, most, count) && *count >= least)
    return true;
  return ps_cli_complain("--%s: '%s' is not a whole number from %u to %u", option->name, value, least, most);
}

static bool set_retries(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value)
{
  return set_count(settings, option, value, 0, PS_RETRIES_MAX);
}

static bool set_workers(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value)
{
  return set_count(settings, option, value, 1, PS_WORKERS_MAX);
}

static bool set_max_pending(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value)
{
  return set_count(settings, option, value, 1, PS_PENDING_MAX);
}

static bool add_header(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value)
{
  (void)option;
  if (value[0] == '@')
    return ps_cli_load_headers(settings, value + 1);
  return ps_cli_add_text(&settings->headers, value);
}

/* The option's field is its kind of data. */
static bool add_piece(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value)
{
  struct ps_cli_piece *pieces = realloc(settings->pieces, (settings->piece_count + 1) * sizeof *pieces);
  if (!pieces)
    return ps_cli_lack_memory();
  settings->pieces = pieces;
  pieces[settings->piece_count++] = (struct ps_cli_piece){.kind = (enum ps_cli_data)option->field, .text = value};
  return true;
}

static bool set_user(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value)
{
  (void)option;
  settings->request.userpwd = value;
  return strchr(value, ':') ? true : ps_cli_ask_password(settings, value);
}

/* CERTIFICATE[:PASSWORD]; "\:" and "\\" in the name stand for ":" and "\". */
static bool set_certificate(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value)
{
  (void)option;
  settings->request.cert = value;
  if (ps_ascii_begins(value, "pkcs11:") || !strpbrk(value, ":\\"))
    return true;
  char *name = ps_cli_own(settings, strdup(value));
  if (!name)
    return ps_cli_lack_memory();
  char *to = name;
  const char *from = value;
  for (; *from && *from != ':'; from++) {
    if (*from == '\\' && (from[1] == ':' || from[1] == '\\'))
      from++;
    *to++ = *from;
  }
  *to = '\0';
  settings->request.cert = name;
  if (*from == ':' && from[1])
    settings->request.key_password = from + 1;
  return true;
}

static bool set_format(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value)
{
  (void)option;
  settings->json_output = strcmp(value, "json") == 0;
  if (settings->json_output || strcmp(value, "text") == 0)
    return true;
  return ps_cli_complain("--format: '%s' is neither text nor json", value);
}

static bool set_input_format(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value)
{
  (void)option;
  settings->envelopes = strcmp(value, "envelopes") == 0;
  if (settings->envelopes || strcmp(value, "lines") == 0)
    return true;
  return ps_cli_complain("--input-format: '%s' is neither lines nor envelopes", value);
}

static unsigned event_named(const char *name, size_t size)
{
  static const struct {
    const char *name;
    enum poolsend_event_kind kind;
  } events[] = {{"start", POOLSEND_EVENT_START},
                {"finish", POOLSEND_EVENT_FINISH},
                {"delivered", POOLSEND_EVENT_DELIVERED},
                {"settled", POOLSEND_EVENT_SETTLED}};
  for (size_t i = 0; i < sizeof events / sizeof *events; i++)
    if (strlen(events[i].name) == size && memcmp(events[i].name, name, size) == 0)
      return events[i].kind;
  return 0;
}

static bool set_events(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value)
{
  (void)option;
  unsigned events = 0;
  for (const char *item = value; item;) {
    size_t size = strcspn(item, ",");
    unsigned event = event_named(item, size);
    if (!event)
      return ps_cli_complain("--events: '%.*s' is none of start, finish, delivered, settled", (int)size, item);
    events |= event;
    item = item[size] ? item + size + 1 : NULL;
  }
  settings->shown_events = events;
  return true;
}

/* ---- The table */

#define IN_SETTINGS(name) offsetof(struct ps_cli_settings, name)

#define SEND   PS_CLI_SEND
#define STREAM PS_CLI_STREAM
#define BOTH   (SEND | STREAM)

const struct ps_cli_option ps_cli_options[] = {
    {"request", 'X', BOTH, PS_CLI_REQUEST, "METHOD", set_text, IN_SETTINGS(request.method),
     "Use this method instead of POST with a body and GET without."},
    {"header", 'H', BOTH, PS_CLI_REQUEST, "HEADER|@FILE", add_header, 0,
     "Send this header; 'X:' removes one, 'X;' sends it empty; @FILE has one a line."},
    {"data", 'd', SEND, PS_CLI_REQUEST, "DATA|@FILE", add_piece, PS_CLI_DATA,
     "Send this body, as a form; a file loses its line breaks; repeats are joined by &."},
    {"data-binary", 0, SEND, PS_CLI_REQUEST, "DATA|@FILE", add_piece, PS_CLI_DATA_BINARY,
     "Like -d, but a file is sent as it is."},
    {"data-raw", 0, SEND, PS_CLI_REQUEST, "DATA", add_piece, PS_CLI_DATA_RAW, "Like -d, but @ means nothing."},
    {"json", 0, SEND, PS_CLI_REQUEST, "DATA|@FILE", add_piece, PS_CLI_JSON,
     "Like --data-binary, with JSON's Content-Type and Accept; repeats are joined as they are."},
    {"user", 'u', BOTH, PS_CLI_REQUEST, "USER[:PASSWORD]", set_user, 0,
     "Authenticate with basic authentication; the password is asked for if need be."},
    {"oauth2-bearer", 0, BOTH, PS_CLI_REQUEST, "TOKEN", set_text, IN_SETTINGS(request.bearer),
     "Authenticate with a bearer token."},
    {"user-agent", 'A', BOTH, PS_CLI_REQUEST, "NAME", set_text, IN_SETTINGS(request.user_agent),
     "Send this User-Agent; '' sends none."},
    {"insecure", 'k', BOTH, PS_CLI_REQUEST, NULL, set_flag, IN_SETTINGS(request.insecure),
     "Do not verify the server's certificate."},
    {"cacert", 0, BOTH, PS_CLI_REQUEST, "FILE", set_text, IN_SETTINGS(request.cacert),
     "Trust the CA certificates in this file."},
    {"capath", 0, BOTH, PS_CLI_REQUEST, "DIR", set_text, IN_SETTINGS(request.capath),
     "Trust the CA certificates in this directory."},
    {"cert", 'E', BOTH, PS_CLI_REQUEST, "FILE[:PASSWORD]", set_certificate, 0, "Present this client certificate."},
    {"key", 0, BOTH, PS_CLI_REQUEST, "FILE", set_text, IN_SETTINGS(request.key),
     "The client certificate's private key."},
    {"proxy", 'x', BOTH, PS_CLI_REQUEST, "URL", set_text, IN_SETTINGS(request.proxy), "Go through this proxy."},
    {"noproxy", 0, BOTH, PS_CLI_REQUEST, "LIST", set_text, IN_SETTINGS(request.noproxy), "Hosts that need no proxy."},
    {"location", 'L', BOTH, PS_CLI_REQUEST, NULL, set_flag, IN_SETTINGS(request.follow),
     "Follow redirects (to http and https)."},
    {"unix-socket", 0, BOTH, PS_CLI_REQUEST, "PATH", set_text, IN_SETTINGS(request.unix_socket),
     "Connect through this Unix socket."},
    {"resolve", 0, BOTH, PS_CLI_REQUEST, "HOST:PORT:ADDR", add_text, IN_SETTINGS(resolve),
     "Use this address for the host and port."},
    {"connect-to", 0, BOTH, PS_CLI_REQUEST, "H1:P1:H2:P2", add_text, IN_SETTINGS(connect_to),
     "Connect to H2:P2 instead of H1:P1."},
    {"connect-timeout", 0, BOTH, PS_CLI_REQUEST, "TIME", set_time, IN_SETTINGS(request.connect_timeout),
     "Give up an attempt that is not connected by then."},
    {"http2", 0, BOTH, PS_CLI_REQUEST, NULL, set_flag, IN_SETTINGS(request.http2), "Offer HTTP/2."},
    {"compressed", 0, BOTH, PS_CLI_REQUEST, NULL, set_flag, IN_SETTINGS(request.compressed),
     "Ask for a compressed answer, and unpack it."},

    {"hedge-delay", 0, BOTH, PS_CLI_DELIVERY, "TIME|pNN|none", set_hedge_delay, 0,
     "Start the next API when the newest attempt has no answer by then (1s). p95: when it is slower than 95% of the "
     "API's recent answers. none: only when it fails."},
    {"hedge-budget", 0, BOTH, PS_CLI_DELIVERY, "N%", set_share, IN_SETTINGS(config.hedge_budget),
     "Of recent messages, let this share go to a next API on time for lack of an answer; others wait, for ten hedge "
     "delays "
     "at most (no limit)."},
    {"settle", 0, BOTH, PS_CLI_DELIVERY, "TIME", set_time, IN_SETTINGS(config.settle),
     "Wait this long after the win for the attempts left behind (60s). 0: cancel them at the win."},
    {"answer-wait", 0, BOTH, PS_CLI_DELIVERY, "TIME", set_time, IN_SETTINGS(config.answer_wait),
     "Wait this long for an answer when every API has been tried (60s)."},
    {"max-time", 'm', BOTH, PS_CLI_DELIVERY, "TIME", set_limit, IN_SETTINGS(config.max_time),
     "Give up if nobody has accepted by then, all rounds together. 0: never."},
    {"attempt-timeout", 0, BOTH, PS_CLI_DELIVERY, "TIME", set_attempt_timeout, IN_SETTINGS(config.attempt_timeout),
     "Give up one attempt after this."},
    {"retry", 0, BOTH, PS_CLI_DELIVERY, "N", set_retries, IN_SETTINGS(config.retries),
     "When all have failed, try those again that failed transiently, up to N times."},
    {"retry-delay", 0, BOTH, PS_CLI_DELIVERY, "TIME", set_time, IN_SETTINGS(config.retry_delay),
     "Wait this long before that, instead of 1s doubling up to 10m."},
    {"retry-max-time", 0, BOTH, PS_CLI_DELIVERY, "TIME", set_limit, IN_SETTINGS(config.retry_max_time),
     "Begin no retry after this."},
    {"success", 0, BOTH, PS_CLI_DELIVERY, "LIST", set_text, IN_SETTINGS(request.success),
     "What counts as accepted: statuses and JSON tests (200-299,409,/accepted=true)."},
    {"fatal-status", 0, BOTH, PS_CLI_DELIVERY, "LIST", set_text, IN_SETTINGS(config.fatal_status),
     "Answers that end the matter: try nobody else (401,403)."},
    {"id", 0, SEND, PS_CLI_DELIVERY, "ID", set_text, IN_SETTINGS(id),
     "The message's id and Idempotency-Key (a random UUID)."},
    {"no-idempotency-key", 0, BOTH, PS_CLI_DELIVERY, NULL, clear_flag, IN_SETTINGS(config.idempotency_key),
     "Send no Idempotency-Key."},
    {"workers", 0, BOTH, PS_CLI_DELIVERY, "N", set_workers, IN_SETTINGS(config.workers),
     "Requests in flight at most, shared out among the APIs (one for each; a stream: 64)."},
    {"max-body", 0, BOTH, PS_CLI_DELIVERY, "SIZE", set_size, IN_SETTINGS(config.max_body),
     "Refuse a longer body (16M)."},
    {"config", 0, BOTH, PS_CLI_DELIVERY, "FILE", NULL, 0,
     "Take APIs and settings from this JSON file; options given here override it. -: standard input."},

    {"input", 0, STREAM, PS_CLI_DELIVERY, "FILE", set_text, IN_SETTINGS(input),
     "Read the messages from this file (-, standard input)."},
    {"input-format", 0, STREAM, PS_CLI_DELIVERY, "lines|envelopes", set_input_format, 0,
     "lines: each line, up to its \\n, is a body (lines). envelopes: each is a JSON object around one."},
    {"max-pending", 0, STREAM, PS_CLI_DELIVERY, "N", set_max_pending, IN_SETTINGS(config.max_pending),
     "Messages taken up and not settled at most (twice the workers, and 512)."},
    {"in-order", 0, STREAM, PS_CLI_DELIVERY, NULL, set_flag, IN_SETTINGS(config.in_order),
     "Take up a message when the one before has settled."},
    {"rate", 0, STREAM, PS_CLI_DELIVERY, "N/s", set_rate, IN_SETTINGS(config.rate),
     "Take up at most so many messages a second."},
    {"no-breaker", 0, STREAM, PS_CLI_DELIVERY, NULL, clear_flag, IN_SETTINGS(config.breaker),
     "Keep the order of the list, even while an API does not answer."},

    {"format", 0, BOTH, PS_CLI_OUTPUT, "text|json", set_format, 0,
     "Words for people (text), or events, one JSON object a line."},
    {"events", 0, BOTH, PS_CLI_OUTPUT, "LIST", set_events, 0,
     "Which of start,finish,delivered,settled to show (delivered,settled)."},
    {"output", 'o', SEND, PS_CLI_OUTPUT, "FILE", set_text, IN_SETTINGS(output),
     "Write the winner's response there, whole. -: to standard output, all else to standard error."},
    {"max-response", 0, BOTH, PS_CLI_OUTPUT, "SIZE", set_size, IN_SETTINGS(config.max_response),
     "Show this much of each response in the events (1M)."},
    {"fail-on-duplicate", 0, BOTH, PS_CLI_OUTPUT, NULL, set_flag, IN_SETTINGS(fail_on_duplicate),
     "Exit with 3 if it was delivered more than once, or may have been."},
    {"dry-run", 0, SEND, PS_CLI_OUTPUT, NULL, set_flag, IN_SETTINGS(dry_run),
     "Show what would be sent where, and send nothing."},
    {"silent", 's', BOTH, PS_CLI_OUTPUT, NULL, set_flag, IN_SETTINGS(silent),
     "No warnings on standard error; results are told as ever."},
    {"show-error", 'S', BOTH, PS_CLI_OUTPUT, NULL, set_flag, IN_SETTINGS(show_error), "With -s, warn all the same."},
    {"verbose", 'v', BOTH, PS_CLI_OUTPUT, NULL, set_flag, IN_SETTINGS(verbose),
     "Show the conversations, without secrets, on standard error."},
    {"help", 'h', BOTH, PS_CLI_OUTPUT, NULL, set_flag, IN_SETTINGS(help), "Show this."},
    {"version", 'V', BOTH, PS_CLI_OUTPUT, NULL, set_flag, IN_SETTINGS(version), "Show the version."},
};

const size_t ps_cli_option_count = sizeof ps_cli_options / sizeof *ps_cli_options;

_Static_assert(sizeof ps_cli_options / sizeof *ps_cli_options <= PS_CLI_OPTIONS_MAX, "raise PS_CLI_OPTIONS_MAX");
