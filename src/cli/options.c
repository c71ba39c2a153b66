#include "cli/options.h"

#include "cli/body.h"
#include "cli/password.h"
#include "cli/values.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RETRIES_MAX 1000
#define WORKERS_MAX 100000

enum group { REQUEST, DELIVERY, OUTPUT, GROUPS };

struct option_spec;

/* Applies the option with its value (NULL if it takes none). False: said why. */
typedef bool apply_fn(struct ps_cli_settings *settings, const struct option_spec *option, const char *value);

struct option_spec {
  const char *name;
  char letter; /* 0: none */
  enum group group;
  const char *argument; /* NULL: takes none */
  apply_fn *apply;
  size_t field; /* what it sets: an offset in struct ps_cli_settings, or as `apply` has it */
  const char *help;
};

static void *field(struct ps_cli_settings *settings, const struct option_spec *option)
{
  return (char *)settings + option->field;
}

/* ---- Appliers */

static bool set_flag(struct ps_cli_settings *settings, const struct option_spec *option, const char *value)
{
  (void)value;
  *(bool *)field(settings, option) = true;
  return true;
}

static bool set_text(struct ps_cli_settings *settings, const struct option_spec *option, const char *value)
{
  *(const char **)field(settings, option) = value;
  return true;
}

static bool add_text(struct ps_cli_settings *settings, const struct option_spec *option, const char *value)
{
  return ps_cli_add_text(field(settings, option), value);
}

static bool set_time(struct ps_cli_settings *settings, const struct option_spec *option, const char *value)
{
  if (ps_cli_parse_time(value, field(settings, option)))
    return true;
  return ps_cli_complain("--%s: '%s' is not a time; write 1, 0.25, 250ms, 1s, 2m or 1h", option->name, value);
}

/* For limits of which curl says that 0 is none. */
static bool set_limit(struct ps_cli_settings *settings, const struct option_spec *option, const char *value)
{
  poolsend_time *span = field(settings, option);
  if (!set_time(settings, option, value))
    return false;
  if (*span == 0)
    *span = POOLSEND_NEVER;
  return true;
}

static bool set_hedge_delay(struct ps_cli_settings *settings, const struct option_spec *option, const char *value)
{
  (void)option;
  if (strcmp(value, "none") == 0) {
    settings->config.hedge_delay = POOLSEND_NEVER;
    return true;
  }
  if (ps_cli_parse_time(value, &settings->config.hedge_delay))
    return true;
  return ps_cli_complain("--hedge-delay: '%s' is not a time; write 1, 0.25, 250ms, 1s, 2m, 1h, or none", value);
}

static bool set_size(struct ps_cli_settings *settings, const struct option_spec *option, const char *value)
{
  if (ps_cli_parse_size(value, field(settings, option)))
    return true;
  return ps_cli_complain("--%s: '%s' is not a size; write 4096, 64K or 1M", option->name, value);
}

static bool set_count(struct ps_cli_settings *settings, const struct option_spec *option, const char *value,
                      unsigned least, unsigned most)
{
  unsigned *count = field(settings, option);
  if (ps_cli_parse_count(value, most, count) && *count >= least)
    return true;
  return ps_cli_complain("--%s: '%s' is not a whole number from %u to %u", option->name, value, least, most);
}

static bool set_retries(struct ps_cli_settings *settings, const struct option_spec *option, const char *value)
{
  return set_count(settings, option, value, 0, RETRIES_MAX);
}

static bool set_workers(struct ps_cli_settings *settings, const struct option_spec *option, const char *value)
{
  return set_count(settings, option, value, 1, WORKERS_MAX);
}

static bool add_header(struct ps_cli_settings *settings, const struct option_spec *option, const char *value)
{
  (void)option;
  if (value[0] == '@')
    return ps_cli_load_headers(settings, value + 1);
  return ps_cli_add_text(&settings->headers, value);
}

/* The option's field is its kind of data. */
static bool add_piece(struct ps_cli_settings *settings, const struct option_spec *option, const char *value)
{
  struct ps_cli_piece *pieces = realloc(settings->pieces, (settings->piece_count + 1) * sizeof *pieces);
  if (!pieces)
    return ps_cli_complain("out of memory");
  settings->pieces = pieces;
  pieces[settings->piece_count++] = (struct ps_cli_piece){.kind = (enum ps_cli_data)option->field, .text = value};
  return true;
}

static bool set_user(struct ps_cli_settings *settings, const struct option_spec *option, const char *value)
{
  (void)option;
  settings->request.userpwd = value;
  return strchr(value, ':') ? true : ps_cli_ask_password(settings, value);
}

/* CERTIFICATE[:PASSWORD]; "\:" and "\\" in the name stand for ":" and "\". */
static bool set_certificate(struct ps_cli_settings *settings, const struct option_spec *option, const char *value)
{
  (void)option;
  settings->request.cert = value;
  if (strncasecmp(value, "pkcs11:", 7) == 0 || !strpbrk(value, ":\\"))
    return true;
  char *name = ps_cli_own(settings, strdup(value));
  if (!name)
    return ps_cli_complain("out of memory");
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

static bool set_format(struct ps_cli_settings *settings, const struct option_spec *option, const char *value)
{
  (void)option;
  settings->json_output = strcmp(value, "json") == 0;
  if (settings->json_output || strcmp(value, "text") == 0)
    return true;
  return ps_cli_complain("--format: '%s' is neither text nor json", value);
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

static bool set_events(struct ps_cli_settings *settings, const struct option_spec *option, const char *value)
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

static const struct option_spec options[] = {
    {"request", 'X', REQUEST, "METHOD", set_text, IN_SETTINGS(request.method),
     "Use this method instead of POST with a body and GET without."},
    {"header", 'H', REQUEST, "HEADER|@FILE", add_header, 0,
     "Send this header; 'X:' removes one, 'X;' sends it empty; @FILE has one a line."},
    {"data", 'd', REQUEST, "DATA|@FILE", add_piece, PS_CLI_DATA,
     "Send this body, as a form; a file loses its line breaks; repeats are joined by &."},
    {"data-binary", 0, REQUEST, "DATA|@FILE", add_piece, PS_CLI_DATA_BINARY, "Like -d, but a file is sent as it is."},
    {"data-raw", 0, REQUEST, "DATA", add_piece, PS_CLI_DATA_RAW, "Like -d, but @ means nothing."},
    {"json", 0, REQUEST, "DATA|@FILE", add_piece, PS_CLI_JSON,
     "Like --data-binary, with JSON's Content-Type and Accept; repeats are joined as they are."},
    {"user", 'u', REQUEST, "USER[:PASSWORD]", set_user, 0,
     "Authenticate with basic authentication; the password is asked for if need be."},
    {"oauth2-bearer", 0, REQUEST, "TOKEN", set_text, IN_SETTINGS(request.bearer), "Authenticate with a bearer token."},
    {"user-agent", 'A', REQUEST, "NAME", set_text, IN_SETTINGS(request.user_agent),
     "Send this User-Agent; '' sends none."},
    {"insecure", 'k', REQUEST, NULL, set_flag, IN_SETTINGS(request.insecure),
     "Do not verify the server's certificate."},
    {"cacert", 0, REQUEST, "FILE", set_text, IN_SETTINGS(request.cacert), "Trust the CA certificates in this file."},
    {"capath", 0, REQUEST, "DIR", set_text, IN_SETTINGS(request.capath),
     "Trust the CA certificates in this directory."},
    {"cert", 'E', REQUEST, "FILE[:PASSWORD]", set_certificate, 0, "Present this client certificate."},
    {"key", 0, REQUEST, "FILE", set_text, IN_SETTINGS(request.key), "The client certificate's private key."},
    {"proxy", 'x', REQUEST, "URL", set_text, IN_SETTINGS(request.proxy), "Go through this proxy."},
    {"noproxy", 0, REQUEST, "LIST", set_text, IN_SETTINGS(request.noproxy), "Hosts that need no proxy."},
    {"location", 'L', REQUEST, NULL, set_flag, IN_SETTINGS(request.follow), "Follow redirects (to http and https)."},
    {"unix-socket", 0, REQUEST, "PATH", set_text, IN_SETTINGS(request.unix_socket),
     "Connect through this Unix socket."},
    {"resolve", 0, REQUEST, "HOST:PORT:ADDR", add_text, IN_SETTINGS(resolve),
     "Use this address for the host and port."},
    {"connect-to", 0, REQUEST, "H1:P1:H2:P2", add_text, IN_SETTINGS(connect_to), "Connect to H2:P2 instead of H1:P1."},
    {"connect-timeout", 0, REQUEST, "TIME", set_time, IN_SETTINGS(request.connect_timeout),
     "Give up an attempt that is not connected by then."},
    {"http2", 0, REQUEST, NULL, set_flag, IN_SETTINGS(request.http2), "Offer HTTP/2."},
    {"compressed", 0, REQUEST, NULL, set_flag, IN_SETTINGS(request.compressed),
     "Ask for a compressed answer, and unpack it."},

    {"hedge-delay", 0, DELIVERY, "TIME|none", set_hedge_delay, 0,
     "Start the next API when the newest attempt has no answer by then (1s). none: only when it fails."},
    {"settle", 0, DELIVERY, "TIME", set_time, IN_SETTINGS(config.settle),
     "Wait this long after the win for the attempts left behind (60s). 0: cancel them at the win."},
    {"answer-wait", 0, DELIVERY, "TIME", set_time, IN_SETTINGS(config.answer_wait),
     "Wait this long for an answer when every API has been tried (60s)."},
    {"max-time", 'm', DELIVERY, "TIME", set_limit, IN_SETTINGS(config.max_time),
     "Give up if nobody has accepted by then, all rounds together. 0: never."},
    {"attempt-timeout", 0, DELIVERY, "TIME", set_limit, IN_SETTINGS(config.attempt_timeout),
     "Give up one attempt after this."},
    {"retry", 0, DELIVERY, "N", set_retries, IN_SETTINGS(config.retries),
     "When all have failed, try those again that failed transiently, up to N times."},
    {"retry-delay", 0, DELIVERY, "TIME", set_time, IN_SETTINGS(config.retry_delay),
     "Wait this long before that, instead of 1s doubling up to 10m."},
    {"retry-max-time", 0, DELIVERY, "TIME", set_limit, IN_SETTINGS(config.retry_max_time),
     "Begin no retry after this."},
    {"success", 0, DELIVERY, "LIST", set_text, IN_SETTINGS(request.success),
     "What counts as accepted: statuses and JSON tests (200-299,409,/accepted=true)."},
    {"fatal-status", 0, DELIVERY, "LIST", set_text, IN_SETTINGS(config.fatal_status),
     "Answers that end the matter: try nobody else (401,403)."},
    {"id", 0, DELIVERY, "ID", set_text, IN_SETTINGS(id), "The message's id and Idempotency-Key (a random UUID)."},
    {"no-idempotency-key", 0, DELIVERY, NULL, set_flag, IN_SETTINGS(config.no_idempotency_key),
     "Send no Idempotency-Key."},
    {"workers", 0, DELIVERY, "N", set_workers, IN_SETTINGS(config.workers),
     "Requests in flight at most (one for each URL)."},
    {"max-body", 0, DELIVERY, "SIZE", set_size, IN_SETTINGS(max_body), "Refuse a longer body (16M)."},

    {"format", 0, OUTPUT, "text|json", set_format, 0, "Words for people (text), or events, one JSON object a line."},
    {"events", 0, OUTPUT, "LIST", set_events, 0,
     "Which of start,finish,delivered,settled to show (delivered,settled)."},
    {"output", 'o', OUTPUT, "FILE", set_text, IN_SETTINGS(output),
     "Write the winner's response there, whole. -: to standard output, all else to standard error."},
    {"max-response", 0, OUTPUT, "SIZE", set_size, IN_SETTINGS(config.max_response),
     "Show this much of each response in the events (1M)."},
    {"fail-on-duplicate", 0, OUTPUT, NULL, set_flag, IN_SETTINGS(fail_on_duplicate),
     "Exit with 3 if it was delivered more than once, or may have been."},
    {"dry-run", 0, OUTPUT, NULL, set_flag, IN_SETTINGS(dry_run), "Show what would be sent where, and send nothing."},
    {"silent", 's', OUTPUT, NULL, set_flag, IN_SETTINGS(silent),
     "No warnings on standard error; results are told as ever."},
    {"show-error", 'S', OUTPUT, NULL, set_flag, IN_SETTINGS(show_error), "With -s, warn all the same."},
    {"verbose", 'v', OUTPUT, NULL, set_flag, IN_SETTINGS(verbose),
     "Show the conversations, without secrets, on standard error."},
    {"help", 'h', OUTPUT, NULL, set_flag, IN_SETTINGS(help), "Show this."},
    {"version", 'V', OUTPUT, NULL, set_flag, IN_SETTINGS(version), "Show the version."},
};

#define OPTIONS (sizeof options / sizeof *options)

/* ---- Help */

static void print_option(const struct option_spec *option)
{
  char left[48];
  snprintf(left, sizeof left, "%c%c%s --%s %s", option->letter ? '-' : ' ', option->letter ? option->letter : ' ',
           option->letter ? "," : " ", option->name, option->argument ? option->argument : "");
  printf("  %-34s %s\n", left, option->help);
}

void ps_cli_print_help(void)
{
  static const char *const titles[GROUPS] = {
      [REQUEST] = "The request (curl's options, with curl's meaning)",
      [DELIVERY] = "The delivery",
      [OUTPUT] = "The output",
  };
  printf("Usage: poolsend [send] [OPTIONS] URL...\n\n"
         "Send one message through an ordered list of HTTP APIs. The first is tried first; one that has not answered\n"
         "within a second, or has failed, is followed by the next, and not given up. The first that accepts wins, and\n"
         "what became of every other attempt is told as well.\n");
  for (int group = 0; group < GROUPS; group++) {
    printf("\n%s\n", titles[group]);
    for (size_t i = 0; i < OPTIONS; i++)
      if ((int)options[i].group == group)
        print_option(&options[i]);
  }
  printf("\nTimes: 1, 0.25, 250ms, 1s, 2m, 1h. Sizes: 4096, 64K, 1M.\n\n"
         "Exit status: 0 delivered; 1 undelivered, and accepted by nobody; 2 bad usage, nothing was sent;\n"
         "3 --fail-on-duplicate, and there is or may be one; 4 undelivered, but it may have arrived; 5 local failure;\n"
         "130, 143 or 129 interrupted (SIGINT, SIGTERM, SIGHUP).\n");
}

/* ---- Parsing */

/* Long options are numbered behind the letters. */
#define FIRST_LONG 256

static const struct option_spec *option_of(int code)
{
  if (code >= FIRST_LONG)
    return &options[code - FIRST_LONG];
  for (size_t i = 0; i < OPTIONS; i++)
    if (options[i].letter == code)
      return &options[i];
  return NULL;
}

static void make_tables(char *letters, struct option *longs)
{
  *letters++ = ':'; /* getopt stays quiet and tells a missing argument apart */
  for (size_t i = 0; i < OPTIONS; i++) {
    bool argument = options[i].argument != NULL;
    longs[i] = (struct option){
        .name = options[i].name, .has_arg = argument ? required_argument : no_argument, .val = (int)(FIRST_LONG + i)};
    if (!options[i].letter)
      continue;
    *letters++ = options[i].letter;
    if (argument)
      *letters++ = ':';
  }
  *letters = '\0';
  longs[OPTIONS] = (struct option){0};
}

/* The value, which may be a secret, is not repeated. */
static bool complain_of_long(const char *word)
{
  size_t size = strcspn(word, "="), matches = 0;
  for (size_t i = 0; i < OPTIONS; i++)
    matches += size > 2 && strncmp(options[i].name, word + 2, size - 2) == 0;
  return ps_cli_complain("%s option '%.*s'; --help lists them all", matches > 1 ? "ambiguous" : "unknown", (int)size,
                         word);
}

static bool parse_options(struct ps_cli_settings *settings, int argc, char **argv)
{
  char letters[2 * OPTIONS + 2];
  struct option longs[OPTIONS + 1];
  make_tables(letters, longs);
  optind = 1;
  for (int code; (code = getopt_long(argc, argv, letters, longs, NULL)) != -1;) {
    const char *word = argv[optind - 1];
    if (code == ':')
      return ps_cli_complain("option '%s' wants a value", word);
    const struct option_spec *option = code == '?' ? NULL : option_of(code);
    if (!option && optopt >= FIRST_LONG)
      return ps_cli_complain("option '--%s' takes no value", options[optopt - FIRST_LONG].name);
    if (!option && optopt)
      return ps_cli_complain("unknown option -%c; --help lists them all", optopt);
    if (!option)
      return complain_of_long(word);
    if (!option->apply(settings, option, optarg))
      return false;
  }
  for (int i = optind; i < argc; i++)
    if (!ps_cli_add_text(&settings->urls, argv[i]))
      return false;
  return true;
}

/* ---- What follows from several options together */

static bool has_header(const struct ps_cli_settings *settings, const char *name)
{
  size_t size = strlen(name);
  for (size_t i = 0; i < settings->headers.count; i++) {
    const char *line = settings->headers.items[i];
    if (strncasecmp(line, name, size) == 0 && (line[size] == ':' || line[size] == ';'))
      return true;
  }
  return false;
}

/* --json anywhere makes the whole body JSON, any other body is a form. */
static bool set_body_type(struct ps_cli_settings *settings)
{
  bool json = false;
  for (size_t i = 0; i < settings->piece_count; i++)
    json |= settings->pieces[i].kind == PS_CLI_JSON;
  settings->request.form_type = !json;
  if (!json)
    return true;
  return (has_header(settings, "Content-Type") ||
          ps_cli_add_text(&settings->headers, "Content-Type: application/json")) &&
         (has_header(settings, "Accept") || ps_cli_add_text(&settings->headers, "Accept: application/json"));
}

static const char *environment_value(const char *name)
{
  const char *value = getenv(name);
  return value && *value ? value : NULL;
}

static bool any_https(const struct ps_cli_texts *urls)
{
  for (size_t i = 0; i < urls->count; i++)
    if (strncasecmp(urls->items[i], "https:", 6) == 0)
      return true;
  return false;
}

/* As the curl tool has it: heeded only where no option says what to trust. */
static void heed_trust_environment(struct ps_cli_settings *settings)
{
  struct poolsend_endpoint *request = &settings->request;
  if (request->cacert || request->capath || request->insecure || !any_https(&settings->urls))
    return;
  request->cacert = environment_value("CURL_CA_BUNDLE");
  if (!request->cacert)
    request->capath = environment_value("SSL_CERT_DIR");
  if (!request->cacert && !request->capath)
    request->cacert = environment_value("SSL_CERT_FILE");
}

static void hand_over_lists(struct ps_cli_settings *settings)
{
  struct poolsend_endpoint *request = &settings->request;
  request->headers = settings->headers.items;
  request->header_count = settings->headers.count;
  request->resolve = settings->resolve.items;
  request->resolve_count = settings->resolve.count;
  request->connect_to = settings->connect_to.items;
  request->connect_to_count = settings->connect_to.count;
}

bool ps_cli_parse(struct ps_cli_settings *settings, int argc, char **argv)
{
  if (!parse_options(settings, argc, argv))
    return false;
  if (settings->help || settings->version)
    return true;
  if (!set_body_type(settings) || !ps_cli_load_body(settings))
    return false;
  heed_trust_environment(settings);
  hand_over_lists(settings);
  return true;
}
