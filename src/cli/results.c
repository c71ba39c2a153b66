#include "cli/results.h"

#include "base/sync.h"
#include "cli/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a pipe holds: one call can write so much. */
#define BATCH_SIZE 65536

/* One event with long responses may need more; that is not kept. */
#define BATCH_KEPT ((size_t)4 * BATCH_SIZE)

void ps_cli_results_init(struct ps_cli_results *results, const struct ps_cli_settings *settings, int fd)
{
  *results = (struct ps_cli_results){.settings = settings, .fd = fd};
  ps_cli_output_open(&results->output, fd);
  ps_mutex_init(&results->turn.mutex);
  ps_cond_init(&results->turn.given);
}

void ps_cli_results_fini(struct ps_cli_results *results)
{
  ps_cli_output_close(&results->output);
  ps_cond_fini(&results->turn.given);
  ps_mutex_fini(&results->turn.mutex);
  ps_buf_fini(&results->batch);
}

void ps_cli_results_fail(struct ps_cli_results *results, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  atomic_store(&results->failed_locally, true);
  ps_cli_vwarn(results->settings, format, arguments);
  va_end(arguments);
}

/* ---- Writing */

static void take_turn(struct ps_cli_results *results)
{
  ps_mutex_lock(&results->turn.mutex);
  while (results->turn.taken)
    ps_cond_wait(&results->turn.given, &results->turn.mutex, PS_NEVER);
  results->turn.taken = true;
  ps_mutex_unlock(&results->turn.mutex);
}

static void give_turn(struct ps_cli_results *results)
{
  ps_mutex_lock(&results->turn.mutex);
  results->turn.taken = false;
  ps_cond_signal(&results->turn.given);
  ps_mutex_unlock(&results->turn.mutex);
}

static void say_failed(struct ps_cli_results *results)
{
  const char *why = results->output.error == EAGAIN ? "the reader takes nothing" : strerror(results->output.error);
  atomic_store(&results->failed_locally, true);
  if (results->failed)
    results->failed(results->context, why);
  else
    ps_cli_warn(results->settings, "cannot write the results: %s; they follow here", why);
}

void ps_cli_results_write(struct ps_cli_results *results, const char *text, size_t size)
{
  take_turn(results);
  bool failed_before = results->output.error;
  if (failed_before || !ps_cli_write(&results->output, text, size)) {
    if (!failed_before)
      say_failed(results);
    if (results->fd != STDERR_FILENO)
      ps_cli_say(text);
  }
  give_turn(results);
}

void ps_cli_results_flush(struct ps_cli_results *results)
{
  if (results->batch.size)
    ps_cli_results_write(results, results->batch.data, results->batch.size);
  if (results->accounted)
    atomic_fetch_add(results->accounted, results->batch_accounts);
  results->batch_accounts = 0;
  if (results->batch.room > BATCH_KEPT)
    ps_buf_fini(&results->batch);
  ps_buf_clear(&results->batch);
}

/* ---- Events */

/* A lone attempt that won: the line that told the win has said it all. For programs every event is there. */
static bool says_nothing_new(const struct ps_cli_settings *settings, const struct poolsend_event *event)
{
  return !ps_cli_wants_json(settings) && settings->options.sender.events & POOLSEND_EVENT_DELIVERED &&
         poolsend_event_kind(event) == POOLSEND_EVENT_SETTLED && poolsend_event_attempt_count(event) == 1 &&
         poolsend_attempt_reason(poolsend_event_winner(event)) == POOLSEND_REASON_OK;
}

/* What of an event can be said without any memory, with -s too: it is an account. */
static void say_plainly(const struct poolsend_event *event, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say_plainly(const struct poolsend_event *event, const char *format, ...)
{
  char words[160], line[32] = "";
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(words, sizeof words, format, arguments);
  va_end(arguments);
  if (poolsend_event_line(event))
    snprintf(line, sizeof line, " (line %llu)", (unsigned long long)poolsend_event_line(event));
  ps_cli_complain("out of memory: message %s%s: %s", poolsend_event_id(event), line, words);
}

static void say_fate_plainly(const struct poolsend_event *event, const struct poolsend_attempt *attempt)
{
  say_plainly(event, "attempt %u to %.100s: %s", poolsend_attempt_number(attempt), poolsend_attempt_name(attempt),
              poolsend_fate_name(poolsend_attempt_fate(attempt)));
}

static void show_plainly(struct ps_cli_results *results, const struct poolsend_event *event)
{
  atomic_store(&results->failed_locally, true);
  const struct poolsend_attempt *attempt = poolsend_event_attempt(event);
  switch (poolsend_event_kind(event)) {
  case POOLSEND_EVENT_NONE:
    break;
  case POOLSEND_EVENT_START:
    say_plainly(event, "attempt %u to %.100s", poolsend_attempt_number(attempt), poolsend_attempt_name(attempt));
    break;
  case POOLSEND_EVENT_FINISH:
    say_fate_plainly(event, attempt);
    break;
  case POOLSEND_EVENT_DELIVERED:
    say_plainly(event, "delivered by %.100s (attempt %u)", poolsend_attempt_name(attempt),
                poolsend_attempt_number(attempt));
    break;
  case POOLSEND_EVENT_SETTLED:
    for (size_t i = 0; i < poolsend_event_attempt_count(event); i++)
      say_fate_plainly(event, poolsend_event_attempt_at(event, i));
    say_plainly(event, "settled, %s", poolsend_event_winner(event) ? "delivered" : "undelivered");
    break;
  }
}

static bool append_json(struct ps_buf *batch, const struct poolsend_event *event)
{
  char *text = poolsend_event_json(event);
  size_t before = batch->size;
  bool done = text && ps_buf_puts(batch, text) == 0 && ps_buf_append(batch, "\n", 1) == 0;
  if (!done && batch->size > before)
    batch->data[batch->size = before] = '\0';
  free(text);
  return done;
}

static bool append_text(struct ps_buf *batch, const struct poolsend_event *event, bool ids)
{
  char *text = ps_cli_event_text(event, ids);
  bool done = text && ps_buf_puts(batch, text) == 0;
  free(text);
  return done;
}

static void show(struct ps_cli_results *results, const struct poolsend_event *event)
{
  const struct ps_cli_settings *settings = results->settings;
  if (says_nothing_new(settings, event))
    return;
  if (!(ps_cli_wants_json(settings) ? append_json(&results->batch, event)
                                    : append_text(&results->batch, event, ps_cli_takes_envelopes(settings))))
    show_plainly(results, event);
}

/* Where finish events are shown, they are the accounts; else it is the end of the message. */
static uint64_t accounts_in(const struct poolsend_event *event, unsigned shown)
{
  if (shown & POOLSEND_EVENT_FINISH)
    return poolsend_event_kind(event) == POOLSEND_EVENT_FINISH;
  return poolsend_event_kind(event) == POOLSEND_EVENT_SETTLED ? poolsend_event_attempt_count(event) : 0;
}

void ps_cli_results_add(struct ps_cli_results *results, const struct poolsend_event *event)
{
  unsigned shown = results->settings->options.sender.events;
  if (poolsend_event_kind(event) & shown)
    show(results, event);
  results->batch_accounts += accounts_in(event, shown);
  if (results->batch.size >= BATCH_SIZE)
    ps_cli_results_flush(results);
}
