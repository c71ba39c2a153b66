#include "cli/send.h"

#include "cli/output.h"
#include "cli/signals.h"
#include "cli/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct run {
  const struct ps_cli_settings *settings;
  struct poolsend_sender *sender;
  struct poolsend_message message;
  char random_id[POOLSEND_ID_SIZE];
  struct ps_cli_signals signals;
  struct ps_cli_output results; /* events: standard output, or standard error beside -o - */
  bool response_written;
  int status; /* of the exit */
};

/* ---- Saying things */

static void vwarn(const struct run *run, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));
static void warn(const struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fail_locally(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void vwarn(const struct run *run, const char *format, va_list arguments)
{
  if (!run->settings->silent || run->settings->show_error)
    ps_cli_vcomplain(format, arguments);
}

static void warn(const struct run *run, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  vwarn(run, format, arguments);
  va_end(arguments);
}

/* It outranks every other exit status. */
static void fail_locally(struct run *run, const char *format, ...)
{
  va_list arguments;
  run->status = PS_EXIT_LOCAL;
  va_start(arguments, format);
  vwarn(run, format, arguments);
  va_end(arguments);
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

/* What cannot be written where it belongs is said on standard error instead: an account is not lost with its reader. */
static void write_results(struct run *run, const char *text)
{
  if (!run->results.error && ps_cli_write(&run->results, text, strlen(text)))
    return;
  if (run->status != PS_EXIT_LOCAL)
    fail_locally(run, "cannot write the results: %s; they follow here",
                 run->results.error == EAGAIN ? "the reader takes nothing" : strerror(run->results.error));
  if (run->results.fd != STDERR_FILENO)
    ps_cli_say(text);
}

/* A lone attempt that won: the line that told the win has said it all. For programs every event is there. */
static bool says_nothing_new(const struct ps_cli_settings *settings, const struct poolsend_event *event)
{
  return !settings->json_output && settings->shown_events & POOLSEND_EVENT_DELIVERED &&
         event->kind == POOLSEND_EVENT_SETTLED && event->attempt_count == 1 && event->winner == 0 &&
         event->attempts[0]->reason == POOLSEND_OK;
}

/* What can be said of an event without any memory. */
static void show_plainly(struct run *run, const struct poolsend_event *event)
{
  char line[256];
  fail_locally(run, "out of memory: of message %s only this can be told", event->message);
  for (size_t i = 0; event->kind == POOLSEND_EVENT_SETTLED && i < event->attempt_count; i++) {
    const struct poolsend_attempt *attempt = event->attempts[i];
    snprintf(line, sizeof line, "attempt %u to %.100s: %s\n", attempt->number, attempt->name,
             poolsend_fate_name(attempt->fate));
    ps_cli_say(line);
  }
}

static void show(struct run *run, const struct poolsend_event *event)
{
  if (says_nothing_new(run->settings, event))
    return;
  bool json = run->settings->json_output;
  char *text = json ? poolsend_event_json(event) : ps_cli_event_text(event);
  char *line = NULL;
  if (text && json && asprintf(&line, "%s\n", text) < 0)
    line = NULL;
  const char *shown = json ? line : text;
  if (shown)
    write_results(run, shown);
  else
    show_plainly(run, event);
  free(line);
  free(text);
}

/* ---- The response, for -o */

static bool copy_spool(int spool, struct ps_cli_output *to)
{
  char block[65536];
  off_t at = 0;
  for (ssize_t size; (size = pread(spool, block, sizeof block, at)) != 0; at += size)
    if (size < 0 || !ps_cli_write(to, block, (size_t)size))
      return false;
  return true;
}

/* A response without a body has no spool. */
static bool copy_response(const struct poolsend_response *response, struct ps_cli_output *to)
{
  return response->spool >= 0 ? copy_spool(response->spool, to) : ps_cli_write(to, response->data, response->size);
}

static void write_response(struct run *run, const struct poolsend_attempt *winner)
{
  const char *path = run->settings->output;
  bool standard = strcmp(path, "-") == 0;
  const struct poolsend_response *response = winner->response;
  run->response_written = true;
  if (response->spool_error) {
    fail_locally(run, "-o %s: the response could not be kept: %s", path, strerror(response->spool_error));
    return;
  }
  struct ps_cli_output to = {.fd = standard ? STDOUT_FILENO : ps_cli_open(path), .patience_ms = PS_CLI_PATIENCE_MS};
  if (to.fd < 0 || !copy_response(response, &to))
    fail_locally(run, "-o %s: %s", path, strerror(to.error ? to.error : errno));
  if (!standard && to.fd >= 0 && close(to.fd) != 0)
    fail_locally(run, "-o %s: %s", path, strerror(errno));
  /* It was delivered all the same: an exit status that says otherwise might have it sent again. */
  if (winner->reason == POOLSEND_TRUNCATED)
    warn(run, "-o %s: the response broke off; what came of it is there", path);
}

/* At the win, or with the end if the body was not there yet. */
static void take_response(struct run *run, const struct poolsend_event *event)
{
  const struct poolsend_attempt *winner = NULL;
  if (event->kind == POOLSEND_EVENT_DELIVERED)
    winner = &event->attempt;
  else if (event->kind == POOLSEND_EVENT_SETTLED && event->winner >= 0)
    winner = event->attempts[event->winner];
  if (run->settings->output && winner && winner->response && !run->response_written)
    write_response(run, winner);
}

/* ---- The exit status */

static int status_of(const struct poolsend_event *settled, bool fail_on_duplicate)
{
  bool unknown = false, also = false;
  for (size_t i = 0; i < settled->attempt_count; i++) {
    unknown |= settled->attempts[i]->fate == POOLSEND_UNKNOWN;
    also |= settled->attempts[i]->fate == POOLSEND_DELIVERED && (int)i != settled->winner;
  }
  if (settled->winner < 0)
    return unknown ? PS_EXIT_MAYBE_ARRIVED : PS_EXIT_UNDELIVERED;
  return fail_on_duplicate && (also || unknown) ? PS_EXIT_DUPLICATE : PS_EXIT_DELIVERED;
}

static int final_status(struct run *run)
{
  int number = atomic_load(&run->signals.first);
  if (run->status == PS_EXIT_LOCAL || !number)
    return run->status;
  return PS_EXIT_SIGNAL + number;
}

/* ---- The run */

static void handle(struct run *run, const struct poolsend_event *event)
{
  bool shown = event->kind & run->settings->shown_events;
  if (shown)
    show(run, event);
  if (shown && event->kind == POOLSEND_EVENT_FINISH)
    atomic_fetch_add(&run->signals.accounted, 1);
  take_response(run, event);
  if (event->kind != POOLSEND_EVENT_SETTLED)
    return;
  atomic_store(&run->signals.accounted, event->attempt_count);
  if (run->status != PS_EXIT_LOCAL)
    run->status = status_of(event, run->settings->fail_on_duplicate);
}

/* A signal may have come before there was a message for it to end. */
static void deliver(struct run *run)
{
  if (atomic_load(&run->signals.first)) {
    warn(run, "interrupted before anything was sent");
    return;
  }
  int error = poolsend_submit(run->sender, &run->message);
  if (error) {
    fail_locally(run, "%s", strerror(-error));
    return;
  }
  if (atomic_load(&run->signals.first))
    poolsend_cancel_all(run->sender);
  bool settled = false;
  while (!settled) {
    struct poolsend_event *event;
    if (poolsend_next(run->sender, POOLSEND_NEVER, &event))
      continue;
    settled = event->kind == POOLSEND_EVENT_SETTLED;
    handle(run, event);
    poolsend_event_free(event);
  }
}

static void preview_one(struct run *run, unsigned endpoint)
{
  struct poolsend_preview *preview = poolsend_preview(run->sender, endpoint, &run->message);
  char *text = NULL;
  if (preview && run->settings->json_output)
    text = poolsend_preview_json(preview);
  else if (preview)
    text = ps_cli_preview_text(preview, endpoint, endpoint + 1 == run->settings->urls.count);
  if (text)
    write_results(run, text);
  else
    fail_locally(run, "out of memory");
  if (run->settings->json_output)
    write_results(run, "\n");
  free(text);
  poolsend_preview_free(preview);
}

static void preview(struct run *run)
{
  for (unsigned i = 0; i < run->settings->urls.count; i++)
    preview_one(run, i);
  if (!run->settings->json_output)
    write_results(run, "dry run: nothing was sent\n");
}

/* ---- Setting up */

static bool is_writable_directory(const char *path, size_t size)
{
  char *directory = size ? strndup(path, size) : strdup(".");
  bool writable = directory && access(directory, W_OK | X_OK) == 0;
  free(directory);
  return writable;
}

/* Before anything is sent: whether the response can be written there, or errno says why not. */
static bool is_writable(const char *path)
{
  struct stat status;
  if (stat(path, &status) == 0) {
    if (!S_ISDIR(status.st_mode))
      return access(path, W_OK) == 0;
    errno = EISDIR;
    return false;
  }
  const char *slash = strrchr(path, '/');
  return errno == ENOENT && *path && is_writable_directory(path, slash ? (size_t)(slash - path) + 1 : 0);
}

static bool check_output(const char *path)
{
  if (!path || strcmp(path, "-") == 0 || is_writable(path))
    return true;
  return ps_cli_complain("-o '%s': %s", path, strerror(errno));
}

static bool make_sender(struct run *run)
{
  const struct ps_cli_settings *settings = run->settings;
  size_t count = settings->urls.count;
  struct poolsend_config config = settings->config;
  struct poolsend_endpoint *endpoints = calloc(count ? count : 1, sizeof *endpoints);
  if (!endpoints)
    return ps_cli_complain("out of memory");
  for (size_t i = 0; i < count; i++) {
    endpoints[i] = settings->request;
    endpoints[i].url = settings->urls.items[i];
  }
  config.endpoints = endpoints;
  config.endpoint_count = count;
  config.events = settings->shown_events | POOLSEND_EVENT_DELIVERED | POOLSEND_EVENT_SETTLED;
  config.keep_bodies = settings->output != NULL;
  config.trace = settings->verbose ? trace : NULL;
  struct poolsend_error error;
  int result = poolsend_new(&run->sender, &config, &error);
  free(endpoints);
  if (result == 0)
    return true;
  run->status = result == -ENOMEM ? PS_EXIT_LOCAL : PS_EXIT_USAGE;
  return ps_cli_complain("%s", error.text);
}

static bool make_message(struct run *run)
{
  const struct ps_cli_settings *settings = run->settings;
  if (!settings->id)
    poolsend_make_id(run->random_id);
  run->message = (struct poolsend_message){
      .id = settings->id ? settings->id : run->random_id, .body = settings->body, .size = settings->body_size};
  if (poolsend_id_is_valid(run->message.id))
    return true;
  return ps_cli_complain("--id '%.300s': 1 to 255 letters, digits and . _ : - are allowed", run->message.id);
}

int ps_cli_send(const struct ps_cli_settings *settings)
{
  struct run run = {.settings = settings, .status = PS_EXIT_USAGE};
  bool text_aside = settings->output && strcmp(settings->output, "-") == 0;
  if (!check_output(settings->output) || !make_message(&run))
    return run.status;
  ps_cli_signals_block();
  if (!make_sender(&run))
    return run.status;
  run.status = PS_EXIT_DELIVERED;
  if (!ps_cli_signals_start(&run.signals, run.sender)) {
    poolsend_free(run.sender);
    return PS_EXIT_LOCAL;
  }
  run.results =
      (struct ps_cli_output){.fd = text_aside ? STDERR_FILENO : STDOUT_FILENO, .patience_ms = PS_CLI_PATIENCE_MS};
  if (settings->dry_run)
    preview(&run);
  else
    deliver(&run);
  int status = final_status(&run);
  ps_cli_signals_stop(&run.signals);
  poolsend_free(run.sender);
  return status;
}
