#include "cli/text.h"

#include "base/jsontext.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXCERPT_MAX 100

/* A span as a person says it: "0.4 ms", "120 ms", "2.01 s". */
struct span {
  char text[32];
};

static struct span span_of(poolsend_time time)
{
  struct span span;
  if (time < POOLSEND_S(1))
    snprintf(span.text, sizeof span.text, "%.*f ms", time < POOLSEND_MS(10), (double)time / (double)POOLSEND_MS(1));
  else
    snprintf(span.text, sizeof span.text, "%.2f s", (double)time / (double)POOLSEND_S(1));
  return span;
}

/* The first line of bytes that others chose, fit for a terminal; at most what a line of words can bear. */
static void print_excerpt(FILE *out, const char *data, size_t size)
{
  size_t shown = 0;
  for (; shown < size && shown < EXCERPT_MAX && data[shown] != '\r' && data[shown] != '\n'; shown++)
    fputc(data[shown] >= ' ' && data[shown] < 127 ? data[shown] : '?', out);
  if (shown < size && data[shown] != '\r' && data[shown] != '\n')
    fputs("...", out);
}

/* ---- One attempt */

static const char *words_of(const struct poolsend_attempt *attempt)
{
  switch (attempt->reason) {
  case POOLSEND_REASON_GATEWAY:
    return "a gateway answered for it";
  case POOLSEND_REASON_TRUNCATED:
    return attempt->error ? attempt->error : "the answer broke off";
  default:
    return attempt->error;
  }
}

static void print_details(FILE *out, const struct poolsend_attempt *attempt)
{
  const char *words = words_of(attempt);
  if (!attempt->status) {
    if (words)
      fprintf(out, " (%s)", words);
    return;
  }
  fprintf(out, " (status %d", attempt->status);
  if (words)
    fprintf(out, "; %s", words);
  /* What a server says of a rejection is what somebody has to act on. */
  if (attempt->fate == POOLSEND_FATE_REJECTED && attempt->response && attempt->response->size) {
    fputs(": ", out);
    print_excerpt(out, attempt->response->data, attempt->response->size);
  }
  fputc(')', out);
}

static void print_fate(FILE *out, const struct poolsend_attempt *attempt, bool also)
{
  static const char *const fates[] = {
      [POOLSEND_FATE_NONE] = "without a fate", [POOLSEND_FATE_DELIVERED] = "delivered",
      [POOLSEND_FATE_REJECTED] = "rejected",   [POOLSEND_FATE_UNREACHED] = "not reached",
      [POOLSEND_FATE_UNKNOWN] = "unknown",
  };
  fprintf(out, "%s%s after %s", also ? "ALSO " : "", fates[attempt->fate],
          span_of(attempt->finished - attempt->started).text);
  if (attempt->fate == POOLSEND_FATE_UNKNOWN)
    fputs(", it MAY HAVE ARRIVED", out);
  print_details(out, attempt);
}

/* ---- The events */

static void print_start(FILE *out, const struct poolsend_event *event)
{
  fprintf(out, "%s: attempt %u to %s\n", span_of(event->t).text, event->attempt->number, event->attempt->name);
}

static void print_finish(FILE *out, const struct poolsend_event *event)
{
  fprintf(out, "%s: attempt %u to %s: ", span_of(event->t).text, event->attempt->number, event->attempt->name);
  print_fate(out, event->attempt, false);
  fputc('\n', out);
}

static void print_delivered(FILE *out, const struct poolsend_event *event)
{
  fprintf(out, "delivered by %s after %s (status %d, attempt %u)", event->attempt->name, span_of(event->t).text,
          event->attempt->status, event->attempt->number);
  for (size_t i = 0; i < event->pending_count; i++)
    fprintf(out, "%s%s (attempt %u)", i ? ", " : "; still waiting for ", event->pending[i].name,
            event->pending[i].number);
  fputc('\n', out);
}

/* Whether the attempt at `index` met `fate`, is not the winner, and its endpoint has not been named for that before. */
static bool is_to_be_named(const struct poolsend_event *event, size_t index, enum poolsend_fate fate)
{
  const struct poolsend_attempt *attempt = event->attempts[index];
  if (attempt->fate != fate || attempt == event->winner)
    return false;
  for (size_t i = 0; i < index; i++)
    if (event->attempts[i]->fate == fate && event->attempts[i]->endpoint == attempt->endpoint &&
        event->attempts[i] != event->winner)
      return false;
  return true;
}

/* " PREFIX a, b and c" of the attempts that met `fate`, the winner apart. Whether there were any. */
static bool print_names(FILE *out, const struct poolsend_event *event, enum poolsend_fate fate, const char *prefix)
{
  size_t left = 0;
  for (size_t i = 0; i < event->attempt_count; i++)
    left += is_to_be_named(event, i, fate);
  bool any = left > 0;
  const char *before = prefix;
  for (size_t i = 0; i < event->attempt_count && left; i++) {
    if (!is_to_be_named(event, i, fate))
      continue;
    fprintf(out, "%s%s", before, event->attempts[i]->name);
    left--;
    before = left == 1 ? " and " : ", ";
  }
  return any;
}

/* Those to which no attempt was made. */
static void print_not_tried(FILE *out, const struct poolsend_event *event)
{
  for (size_t i = 0; i < event->not_tried_count; i++)
    fprintf(out, "%s%s", i ? ", " : "; not tried: ", event->not_tried[i]);
}

static void print_verdict(FILE *out, const struct poolsend_event *event)
{
  const struct span after = span_of(event->t);
  if (event->winner)
    fprintf(out, "settled after %s: delivered by %s", after.text, event->winner->name);
  else
    fprintf(out, "UNDELIVERED after %s", after.text);
  bool also = print_names(out, event, POOLSEND_FATE_DELIVERED, ", ALSO delivered by ");
  bool unknown = print_names(out, event, POOLSEND_FATE_UNKNOWN, ", MAY HAVE ARRIVED at ");
  if (!also && !unknown)
    fputs(event->winner ? ", and nobody else accepted it" : ", and nobody accepted it", out);
  print_not_tried(out, event);
}

static bool is_late_success(const struct poolsend_event *event, size_t index)
{
  return event->attempts[index]->fate == POOLSEND_FATE_DELIVERED && event->attempts[index] != event->winner;
}

static void print_attempt_lines(FILE *out, const struct poolsend_event *event)
{
  int width = 0;
  for (size_t i = 0; i < event->attempt_count; i++)
    if ((int)strlen(event->attempts[i]->name) > width)
      width = (int)strlen(event->attempts[i]->name);
  for (size_t i = 0; i < event->attempt_count; i++) {
    const struct poolsend_attempt *attempt = event->attempts[i];
    fprintf(out, "\n  %u  %-*s  ", attempt->number, width, attempt->name);
    print_fate(out, attempt, is_late_success(event, i));
  }
}

/* In a stream, on the same line. */
static void print_attempts(FILE *out, const struct poolsend_event *event)
{
  for (size_t i = 0; i < event->attempt_count; i++) {
    fprintf(out, "%s%u %s ", i ? "; " : ": ", event->attempts[i]->number, event->attempts[i]->name);
    print_fate(out, event->attempts[i], is_late_success(event, i));
  }
}

static void print_settled(FILE *out, const struct poolsend_event *event)
{
  print_verdict(out, event);
  if (event->line)
    print_attempts(out, event);
  else
    print_attempt_lines(out, event);
  fputc('\n', out);
}

static void print_line(FILE *out, const struct poolsend_event *event, bool ids)
{
  if (event->line && ids)
    fprintf(out, "line %llu (%s): ", (unsigned long long)event->line, event->message);
  else if (event->line)
    fprintf(out, "line %llu: ", (unsigned long long)event->line);
}

char *ps_cli_event_text(const struct poolsend_event *event, bool ids)
{
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  if (!out)
    return NULL;
  print_line(out, event, ids);
  switch (event->kind) {
  case POOLSEND_EVENT_START:
    print_start(out, event);
    break;
  case POOLSEND_EVENT_FINISH:
    print_finish(out, event);
    break;
  case POOLSEND_EVENT_DELIVERED:
    print_delivered(out, event);
    break;
  case POOLSEND_EVENT_SETTLED:
    print_settled(out, event);
    break;
  }
  if (fclose(out) == 0)
    return text;
  free(text);
  return NULL;
}

/* ---- Refused lines */

/* Words that may quote what others wrote. NULL: no memory. */
static char *clean(const char *words)
{
  char *copy = strdup(words);
  if (copy)
    ps_text_clean(copy);
  return copy;
}

char *ps_cli_refused_text(uint64_t number, const char *id, const char *words)
{
  char *cleaned = clean(words), *text = NULL;
  if (cleaned && asprintf(&text, "line %llu%s%s%s refused: %s\n", (unsigned long long)number, id ? " (" : "",
                          id ? id : "", id ? ")" : "", cleaned) < 0)
    text = NULL;
  free(cleaned);
  return text;
}

char *ps_cli_refused_json(uint64_t number, const char *id, const char *words)
{
  struct ps_buf out = {0};
  char *cleaned = clean(words);
  int error =
      cleaned ? ps_buf_printf(&out, "{\"event\":\"refused\",\"line\":%llu", (unsigned long long)number) : -ENOMEM;
  if (!error && id) /* valid, so that it needs no escapes */
    error = ps_buf_printf(&out, ",\"message\":\"%s\"", id);
  if (!error)
    error = ps_buf_puts(&out, ",\"reason\":");
  if (!error)
    error = ps_jsontext_quote(&out, cleaned, strlen(cleaned), true);
  if (!error)
    error = ps_buf_puts(&out, "}\n");
  free(cleaned);
  if (error)
    ps_buf_fini(&out);
  return out.data;
}

/* ---- The dry run */

static void print_preview(FILE *out, const struct poolsend_preview *preview, unsigned order, bool last)
{
  fprintf(out, "%u  %s  %s %s\n", order + 1, preview->name, preview->method, preview->url);
  for (size_t i = 0; i < preview->header_count; i++)
    fprintf(out, "     %s\n", preview->headers[i]);
  if (preview->body) {
    fprintf(out, "     body of %zu byte%s: ", preview->size, preview->size == 1 ? "" : "s");
    print_excerpt(out, preview->body, preview->size);
    fputc('\n', out);
  }
  if (last)
    return;
  if (preview->hedge_delay == POOLSEND_NEVER)
    fputs("   then, if it fails:\n", out);
  else
    fprintf(out, "   then, if it fails or has not answered after %s:\n", span_of(preview->hedge_delay).text);
}

char *ps_cli_preview_text(const struct poolsend_preview *preview, unsigned order, bool last)
{
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  if (!out)
    return NULL;
  print_preview(out, preview, order, last);
  if (fclose(out) == 0)
    return text;
  free(text);
  return NULL;
}
