/* Two threads: the reader submits, this one takes the events and writes what they say. Neither waits for the other:
 * when whoever reads the results is slow, events stay with the sender, which then takes up no more.
 *
 * The lines of all events that are ready are written together; when none is ready they are written before the next is
 * waited for, so that an idle stream has told all it knows. */
#include "cli/stream.h"

#include "base/clock.h"
#include "cli/endpoints.h"
#include "cli/reader.h"
#include "cli/status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVENTS_AT_ONCE 64
#define LOOK_EVERY     (PS_SECOND / 10)

struct stream {
  const struct ps_cli_settings *settings;
  struct poolsend_sender *sender;
  struct ps_cli_signals signals;
  struct ps_cli_results results;
  struct ps_cli_reader reader;

  struct ps_cli_tally tally; /* this thread only, as the next */
  ps_time began;
  bool warned;       /* that there are too few threads */
  ps_time next_look; /* whether there are */
};

/* On whichever thread found that the results cannot be written. Their reader is gone: as at an interrupt. */
static void stop_for_want_of_results(void *context, const char *why)
{
  struct stream *stream = context;
  struct poolsend_counts *counts = poolsend_counts_new(stream->sender);
  unsigned long long messages = poolsend_counts_get(counts, POOLSEND_COUNT_PENDING);
  unsigned long long attempts =
      poolsend_counts_get(counts, POOLSEND_COUNT_STARTED) - poolsend_counts_get(counts, POOLSEND_COUNT_FINISHED);
  poolsend_time settle = stream->settings->options.sender.settle;
  poolsend_close(stream->sender, settle);
  ps_cli_warn(stream->settings,
              "cannot write the results: %s; they follow here; %llu message%s with %llu attempt%s under way %s %g s to "
              "settle",
              why, messages, messages == 1 ? "" : "s", attempts, attempts == 1 ? "" : "s",
              messages == 1 ? "has" : "have", (double)settle / (double)POOLSEND_S(1));
  ps_cli_reader_stop(&stream->reader);
  poolsend_counts_free(counts);
}

static void handle(struct stream *stream, struct poolsend_event *event)
{
  if (poolsend_event_kind(event) == POOLSEND_EVENT_SETTLED)
    ps_cli_tally_add(&stream->tally, event);
  ps_cli_results_add(&stream->results, event);
  poolsend_event_free(event);
}

/* Now and then: at the rate of events it would cost something. */
static void look_at_threads(struct stream *stream)
{
  ps_time now = ps_now();
  if (now < stream->next_look)
    return;
  stream->next_look = now + LOOK_EVERY;
  ps_cli_warn_of_threads(stream->settings, stream->sender, &stream->warned);
}

/* Until every message has settled, and there will be no more. */
static void take_events(struct stream *stream)
{
  struct poolsend_event *events[EVENTS_AT_ONCE];
  int result = 0;
  while (result != POOLSEND_CLOSED) {
    size_t count;
    result = poolsend_take(stream->sender, 0, events, EVENTS_AT_ONCE, &count);
    if (result == POOLSEND_TIMEOUT) {
      ps_cli_results_flush(&stream->results);
      result = poolsend_take(stream->sender, POOLSEND_NEVER, events, EVENTS_AT_ONCE, &count);
    }
    for (size_t i = 0; i < count; i++)
      handle(stream, events[i]);
    look_at_threads(stream);
  }
  ps_cli_warn_of_threads(stream->settings, stream->sender, &stream->warned);
  ps_cli_results_flush(&stream->results);
}

static void summarise(const struct stream *stream)
{
  double seconds = (double)(ps_now() - stream->began) / (double)PS_SECOND;
  char *text = stream->settings->options.program.silent ? NULL : ps_cli_tally_text(&stream->tally), *line = NULL;
  if (text && asprintf(&line, "%s, in %.*f s\n", text, seconds < 10 ? 2 : 1, seconds) >= 0)
    ps_cli_say(line);
  free(line);
  free(text);
}

static int run(struct stream *stream)
{
  stream->began = ps_now();
  if (!ps_cli_reader_start(&stream->reader))
    return PS_EXIT_LOCAL;
  take_events(stream);
  ps_cli_reader_join(&stream->reader);
  stream->tally.refused = stream->reader.refused;
  stream->tally.signal = atomic_load(&stream->signals.first);
  stream->tally.failed_locally = atomic_load(&stream->results.failed_locally);
  summarise(stream);
  return ps_cli_tally_status(&stream->tally, stream->settings->options.program.fail_on_duplicate);
}

static int run_with_signals(struct stream *stream, int input)
{
  if (!ps_cli_signals_start(&stream->signals, stream->sender, stream->settings->options.sender.settle))
    return PS_EXIT_LOCAL;
  ps_cli_results_init(&stream->results, stream->settings, STDOUT_FILENO);
  stream->results.failed = stop_for_want_of_results;
  stream->results.context = stream;
  stream->results.accounted = &stream->signals.accounted;
  stream->reader = (struct ps_cli_reader){.settings = stream->settings,
                                          .sender = stream->sender,
                                          .results = &stream->results,
                                          .signals = &stream->signals,
                                          .fd = input};
  int status = run(stream);
  ps_cli_signals_stop(&stream->signals);
  ps_cli_results_fini(&stream->results);
  return status;
}

int ps_cli_stream(const struct ps_cli_settings *settings)
{
  struct stream stream = {.settings = settings};
  unsigned endpoints;
  int input = ps_cli_input_open(ps_cli_input_path(settings));
  if (input < 0) {
    ps_cli_complain("--input '%s': %s", ps_cli_input_path(settings), ps_cli_why(errno));
    return ps_cli_refusal();
  }
  ps_cli_signals_block();
  int status = ps_cli_make_sender(&stream.sender, &endpoints, settings);
  if (!status)
    status = run_with_signals(&stream, input);
  poolsend_free(stream.sender);
  if (input != STDIN_FILENO)
    close(input);
  return status;
}
