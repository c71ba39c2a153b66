#include "cli/send.h"

#include "cli/endpoints.h"
#include "cli/results.h"
#include "cli/signals.h"
#include "cli/status.h"
#include "cli/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct run {
  const struct ps_cli_settings *settings;
  struct poolsend_sender *sender;
  unsigned endpoints;
  struct poolsend_message *message;
  struct ps_cli_signals signals;
  struct ps_cli_results results; /* on standard output, or standard error beside -o - */
  bool response_written;
  bool warned; /* that there are too few threads */
  struct ps_cli_tally tally;
};

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
static bool copy_response(const struct poolsend_attempt *winner, struct ps_cli_output *to)
{
  size_t size;
  const char *response = poolsend_attempt_response(winner, &size);
  int spool = poolsend_attempt_response_file(winner, NULL);
  return spool >= 0 ? copy_spool(spool, to) : ps_cli_write(to, response, size);
}

static void write_response(struct run *run, const struct poolsend_attempt *winner)
{
  const char *path = run->settings->options.program.output;
  bool standard = strcmp(path, "-") == 0;
  int error;
  run->response_written = true;
  if (poolsend_attempt_response_file(winner, &error) < 0 && error) {
    ps_cli_results_fail(&run->results, "-o %s: the response could not be kept: %s", path, strerror(error));
    return;
  }
  struct ps_cli_output to = {.fd = standard ? STDOUT_FILENO : ps_cli_open(path), .patience_ms = PS_CLI_PATIENCE_MS};
  if (to.fd < 0 || !copy_response(winner, &to))
    ps_cli_results_fail(&run->results, "-o %s: %s", path, strerror(to.error ? to.error : errno));
  if (!standard && to.fd >= 0 && close(to.fd) != 0)
    ps_cli_results_fail(&run->results, "-o %s: %s", path, strerror(errno));
  /* It was delivered all the same: an exit status that says otherwise might have it sent again. */
  if (poolsend_attempt_reason(winner) == POOLSEND_REASON_TRUNCATED)
    ps_cli_warn(run->settings, "-o %s: the response broke off; what came of it is there", path);
}

/* At the win, or with the end if the body was not there yet. */
static void take_response(struct run *run, const struct poolsend_event *event)
{
  const struct poolsend_attempt *winner = poolsend_event_winner(event);
  if (run->settings->options.program.output && poolsend_attempt_response(winner, NULL) && !run->response_written)
    write_response(run, winner);
}

/* ---- The run */

static void handle(struct run *run, const struct poolsend_event *event)
{
  ps_cli_results_add(&run->results, event);
  ps_cli_results_flush(&run->results);
  take_response(run, event);
  if (poolsend_event_kind(event) == POOLSEND_EVENT_SETTLED)
    ps_cli_tally_add(&run->tally, event);
}

static bool submit(struct run *run)
{
  int result = poolsend_submit(run->sender, run->message, POOLSEND_NEVER);
  if (result)
    ps_cli_results_fail(&run->results, "%s",
                        result < 0 ? poolsend_message_error(run->message) : poolsend_strerror(result));
  return result == 0;
}

/* A signal may have come before there was a message for it to end. */
static void deliver(struct run *run)
{
  if (atomic_load(&run->signals.first)) {
    ps_cli_warn(run->settings, "interrupted before anything was sent");
    return;
  }
  if (!submit(run))
    return;
  if (atomic_load(&run->signals.first))
    poolsend_cancel_all(run->sender);
  bool settled = false;
  while (!settled) {
    struct poolsend_event *event;
    if (poolsend_next(run->sender, POOLSEND_NEVER, &event))
      continue;
    settled = poolsend_event_kind(event) == POOLSEND_EVENT_SETTLED;
    ps_cli_warn_of_threads(run->settings, run->sender, &run->warned);
    handle(run, event);
    poolsend_event_free(event);
  }
}

static void preview_one(struct run *run, unsigned endpoint)
{
  struct poolsend_preview *preview;
  char *text = NULL;
  int result = poolsend_preview_new(run->sender, endpoint, run->message, &preview);
  if (preview && ps_cli_wants_json(run->settings))
    text = poolsend_preview_json(preview);
  else if (preview)
    text = ps_cli_preview_text(preview, endpoint, endpoint + 1 == run->endpoints);
  if (text)
    ps_cli_results_write(&run->results, text, strlen(text));
  else
    ps_cli_results_fail(&run->results, "%s", result ? poolsend_message_error(run->message) : strerror(ENOMEM));
  if (ps_cli_wants_json(run->settings))
    ps_cli_results_write(&run->results, "\n", 1);
  free(text);
  poolsend_preview_free(preview);
}

/* The APIs would be sent one message, under one id. */
static void preview(struct run *run)
{
  static const char nothing[] = "dry run: nothing was sent\n";
  char id[POOLSEND_ID_SIZE];
  if (!poolsend_message_id(run->message)) {
    poolsend_make_id(id);
    poolsend_message_set(run->message, "id", id);
  }
  for (unsigned i = 0; i < run->endpoints; i++)
    preview_one(run, i);
  if (!ps_cli_wants_json(run->settings))
    ps_cli_results_write(&run->results, nothing, sizeof nothing - 1);
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
  return ps_cli_complain("-o '%s': %s", path, ps_cli_why(errno));
}

static bool make_message(struct run *run)
{
  const struct ps_cli_settings *settings = run->settings;
  const char *id = settings->options.program.id;
  run->message = poolsend_message_new(settings->body.data, settings->body.size);
  if (!run->message)
    return ps_cli_lack_memory();
  if (id)
    poolsend_message_set(run->message, "id", id);
  return true;
}

static int run_with_signals(struct run *run)
{
  const struct ps_cli_settings *settings = run->settings;
  bool aside = settings->options.program.output && strcmp(settings->options.program.output, "-") == 0;
  if (!ps_cli_signals_start(&run->signals, run->sender, PS_CLI_NO_GRACE))
    return PS_EXIT_LOCAL;
  ps_cli_results_init(&run->results, settings, aside ? STDERR_FILENO : STDOUT_FILENO);
  run->results.accounted = &run->signals.accounted;
  if (settings->options.program.dry_run)
    preview(run);
  else
    deliver(run);
  run->tally.signal = atomic_load(&run->signals.first);
  run->tally.failed_locally = atomic_load(&run->results.failed_locally);
  ps_cli_signals_stop(&run->signals);
  ps_cli_results_fini(&run->results);
  return ps_cli_tally_status(&run->tally, settings->options.program.fail_on_duplicate);
}

int ps_cli_send(const struct ps_cli_settings *settings)
{
  struct run run = {.settings = settings};
  if (!check_output(settings->options.program.output) || !make_message(&run)) {
    poolsend_message_free(run.message);
    return ps_cli_refusal();
  }
  ps_cli_signals_block();
  int status = ps_cli_make_sender(&run.sender, &run.endpoints, settings);
  if (!status)
    status = run_with_signals(&run);
  poolsend_free(run.sender);
  poolsend_message_free(run.message);
  return status;
}
