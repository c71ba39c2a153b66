#include "cli/reader.h"

#include "base/sync.h"
#include "base/thread.h"
#include "cli/text.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* What a message may need as an envelope, above its body: a character of the body as an escape of two, and the rest. */
#define ENVELOPE_ROOM  65536
#define ENVELOPE_TIMES 2

/* ---- Refusing */

static void refuse(struct ps_cli_reader *reader, const char *id, const char *words)
{
  uint64_t line = reader->input.number;
  char *text =
      ps_cli_wants_json(reader->settings) ? ps_cli_refused_json(line, id, words) : ps_cli_refused_text(line, id, words);
  reader->refused++;
  if (text)
    ps_cli_results_write(reader->results, text, strlen(text));
  else
    ps_cli_results_fail(reader->results, "out of memory: line %llu was refused", (unsigned long long)line);
  free(text);
}

/* ---- Submitting. 0: the line is dealt with; else it is the last one, and nothing became of it. */

/* What the message was refused for when it was made, it is refused for here. */
static int submit(struct ps_cli_reader *reader)
{
  struct poolsend_message *message = reader->message;
  char words[80];
  poolsend_message_tag(message, reader->input.number, NULL);
  int result = poolsend_submit(reader->sender, message, POOLSEND_NEVER);
  if (result == -EMSGSIZE) {
    snprintf(words, sizeof words, "the body is longer than %zu bytes (--max-body)",
             reader->settings->options.sender.max_body);
    refuse(reader, poolsend_message_id(message), words);
  } else if (result == -EINVAL) {
    refuse(reader, poolsend_message_id(message), poolsend_message_error(message));
  } else {
    return result;
  }
  return 0;
}

static int take(struct ps_cli_reader *reader, const char *line, size_t size)
{
  if (size == 0) {
    refuse(reader, NULL, "an empty line: there is nothing to send");
    return 0;
  }
  if (ps_cli_takes_envelopes(reader->settings))
    poolsend_message_load(reader->message, line, size);
  else
    poolsend_message_body(reader->message, line, size);
  return submit(reader);
}

static void refuse_long(struct ps_cli_reader *reader)
{
  char words[80];
  snprintf(words, sizeof words, "the line is longer than %zu bytes (--max-body)", reader->input.limit);
  refuse(reader, NULL, words);
}

/* ---- The thread */

/* Until the end of the input, or as far as it is wanted: 0, PS_CLI_INPUT_END or what went wrong. */
static int read_all(struct ps_cli_reader *reader)
{
  for (;;) {
    const char *line;
    size_t size;
    int result = ps_cli_input_next(&reader->input, &line, &size);
    if (result == PS_CLI_INPUT_LONG)
      refuse_long(reader);
    else if (result)
      return result == PS_CLI_INPUT_STOPPED ? 0 : result;
    else if ((result = take(reader, line, size)))
      return result == POOLSEND_CLOSED ? 0 : result;
    reader->line = reader->input.number;
  }
}

static void wait_for_stop(const struct ps_cli_reader *reader)
{
  struct pollfd fds[] = {{.fd = reader->signals->raised, .events = POLLIN}, {.fd = reader->stop, .events = POLLIN}};
  while (poll(fds, 2, -1) < 0 && errno == EINTR)
    ;
}

/* How far the input was read, in words. */
struct place {
  char text[40];
};

static struct place place_of(const struct ps_cli_reader *reader)
{
  struct place place = {.text = "before the first line"};
  if (reader->line)
    snprintf(place.text, sizeof place.text, "after line %llu", (unsigned long long)reader->line);
  return place;
}

static void say_interrupted(const struct ps_cli_reader *reader, bool at_end)
{
  struct poolsend_counts *counts = poolsend_counts_new(reader->sender);
  unsigned long long pending = poolsend_counts_get(counts, POOLSEND_COUNT_PENDING);
  double grace = (double)reader->settings->options.sender.settle / (double)POOLSEND_S(1);
  const char *stopped = at_end ? "interrupted" : "interrupted: input stopped";
  const char *where = at_end ? "after the last line" : place_of(reader).text;
  if (pending)
    ps_cli_warn(reader->settings, "%s %s; %llu message%s under way %s %g s to settle", stopped, where, pending,
                pending == 1 ? "" : "s", pending == 1 ? "has" : "have", grace);
  else
    ps_cli_warn(reader->settings, "%s %s%s", stopped, where, counts ? "; nothing was under way" : "");
  poolsend_counts_free(counts);
}

/* An error of the input, which ends it, is told at once; what was taken up settles all the same. */
static void say_failed(struct ps_cli_reader *reader, int error)
{
  const char *path = ps_cli_input_path(reader->settings);
  ps_cli_results_fail(reader->results, "%s: %s; input stopped %s", strcmp(path, "-") == 0 ? "standard input" : path,
                      strerror(-error), place_of(reader).text);
}

static void *run(void *argument)
{
  struct ps_cli_reader *reader = argument;
  int result = read_all(reader);
  if (result < 0)
    say_failed(reader, result);
  if (result)
    poolsend_close(reader->sender, POOLSEND_NEVER);
  wait_for_stop(reader);
  if (atomic_load(&reader->signals->first))
    say_interrupted(reader, result);
  else if (!result)
    ps_cli_warn(reader->settings, "input stopped %s", place_of(reader).text);
  return NULL;
}

static bool start(struct ps_cli_reader *reader, size_t limit)
{
  const int stops[] = {reader->signals->raised, reader->stop};
  int error = ps_cli_input_init(&reader->input, reader->fd, stops, limit);
  if (!error)
    error = -pthread_create(&reader->thread, NULL, run, reader);
  if (error)
    ps_cli_input_fini(&reader->input);
  return error ? ps_cli_complain("cannot begin to read: %s", strerror(-error)) : true;
}

bool ps_cli_reader_start(struct ps_cli_reader *reader)
{
  size_t limit = reader->settings->options.sender.max_body;
  if (ps_cli_takes_envelopes(reader->settings) && limit < SIZE_MAX / 2 / ENVELOPE_TIMES)
    limit = ENVELOPE_TIMES * limit + ENVELOPE_ROOM;
  reader->stop = eventfd(0, EFD_CLOEXEC);
  if (reader->stop < 0)
    return ps_cli_complain("cannot begin to read: %s", strerror(errno));
  reader->message = poolsend_message_new(NULL, 0);
  if (reader->message ? start(reader, limit) : ps_cli_lack_memory())
    return true;
  poolsend_message_free(reader->message);
  close(reader->stop);
  return false;
}

void ps_cli_reader_stop(struct ps_cli_reader *reader)
{
  uint64_t one = 1;
  ssize_t written = write(reader->stop, &one, sizeof one);
  (void)written; /* it can fail only when it is readable already */
}

void ps_cli_reader_join(struct ps_cli_reader *reader)
{
  ps_cli_reader_stop(reader);
  ps_thread_join(reader->thread);
  ps_cli_input_fini(&reader->input);
  poolsend_message_free(reader->message);
  close(reader->stop);
}
