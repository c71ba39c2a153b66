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
  const char *error = poolsend_attempt_error(attempt);
  switch (poolsend_attempt_reason(attempt)) {
  case POOLSEND_REASON_GATEWAY:
    return "a gateway answered for it";
  case POOLSEND_REASON_TRUNCATED:
    return error ? error : "the answer broke off";
  default:
    return error;
  }
}

static void print_details(FILE *out, const struct poolsend_attempt *attempt)
{
  size_t size;
  const char *words = words_of(attempt), *response = poolsend_attempt_response(attempt, &size);
  if (!poolsend_attempt_status(attempt)) {
    if (words)
      fprintf(out, " (%s)", words);
    return;
  }
  fprintf(out, " (status %d", poolsend_attempt_status(attempt));
  if (words)
    fprintf(out, "; %s", words);
  /* What a server says of a rejection is what somebody has to act on. */
  if (poolsend_attempt_fate(attempt) == POOLSEND_FATE_REJECTED && size) {
    fputs(": ", out);
    print_excerpt(out, response, size);
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
  enum poolsend_fate fate = poolsend_attempt_fate(attempt);
  poolsend_time span = poolsend_attempt_finished(attempt) - poolsend_attempt_started(attempt);
  fprintf(out, "%s%s after %s", also ? "ALSO " : "", fates[fate], span_of(span).text);
  if (fate == POOLSEND_FATE_UNKNOWN)
    fputs(", it MAY HAVE ARRIVED", out);
  print_details(out, attempt);
}

/* ---- The events */

/* A start, or how a finish begins. */
static void print_attempt(FILE *out, const struct poolsend_event *event)
{
  const struct poolsend_attempt *attempt = poolsend_event_attempt(event);
  fprintf(out, "%s: attempt %u to %s", span_of(poolsend_event_time(event)).text, poolsend_attempt_number(attempt),
          poolsend_attempt_name(attempt));
}

static void print_finish(FILE *out, const struct poolsend_event *event)
{
  print_attempt(out, event);
  fputs(": ", out);
  print_fate(out, poolsend_event_attempt(event), false);
}

static void print_delivered(FILE *out, const struct poolsend_event *event)
{
  const struct poolsend_attempt *winner = poolsend_event_winner(event);
  fprintf(out, "delivered by %s after %s (status %d, attempt %u)", poolsend_attempt_name(winner),
          span_of(poolsend_event_time(event)).text, poolsend_attempt_status(winner), poolsend_attempt_number(winner));
  for (size_t i = 0; i < poolsend_event_pending_count(event); i++)
    fprintf(out, "%s%s (attempt %u)", i ? ", " : "; still waiting for ", poolsend_event_pending_name(event, i),
            poolsend_event_pending_number(event, i));
}

/* The attempt at `index` met `fate`, and is not the winner. */
static bool also_met(const struct poolsend_event *event, size_t index, enum poolsend_fate fate)
{
  const struct poolsend_attempt *attempt = poolsend_event_attempt_at(event, index);
  return poolsend_attempt_fate(attempt) == fate && attempt != poolsend_event_winner(event);
}

/* Likewise, and its endpoint has not been named for that before. */
static bool is_to_be_named(const struct poolsend_event *event, size_t index, enum poolsend_fate fate)
{
  unsigned endpoint = poolsend_attempt_endpoint(poolsend_event_attempt_at(event, index));
  if (!also_met(event, index, fate))
    return false;
  for (size_t i = 0; i < index; i++)
    if (also_met(event, i, fate) && poolsend_attempt_endpoint(poolsend_event_attempt_at(event, i)) == endpoint)
      return false;
  return true;
}

/* " PREFIX a, b and c" of the attempts that met `fate`, the winner apart. True: there were some. */
static bool print_names(FILE *out, const struct poolsend_event *event, enum poolsend_fate fate, const char *prefix)
{
  size_t left = 0;
  for (size_t i = 0; i < poolsend_event_attempt_count(event); i++)
    left += is_to_be_named(event, i, fate);
  bool any = left > 0;
  const char *before = prefix;
  for (size_t i = 0; i < poolsend_event_attempt_count(event) && left; i++) {
    if (!is_to_be_named(event, i, fate))
      continue;
    fprintf(out, "%s%s", before, poolsend_attempt_name(poolsend_event_attempt_at(event, i)));
    left--;
    before = left == 1 ? " and " : ", ";
  }
  return any;
}

/* Those to which no attempt was made. */
static void print_not_tried(FILE *out, const struct poolsend_event *event)
{
  for (size_t i = 0; i < poolsend_event_not_tried_count(event); i++)
    fprintf(out, "%s%s", i ? ", " : "; not tried: ", poolsend_event_not_tried(event, i));
}

static void print_verdict(FILE *out, const struct poolsend_event *event)
{
  const struct span after = span_of(poolsend_event_time(event));
  const struct poolsend_attempt *winner = poolsend_event_winner(event);
  if (winner)
    fprintf(out, "settled after %s: delivered by %s", after.text, poolsend_attempt_name(winner));
  else
    fprintf(out, "UNDELIVERED after %s", after.text);
  bool also = print_names(out, event, POOLSEND_FATE_DELIVERED, ", ALSO delivered by ");
  bool unknown = print_names(out, event, POOLSEND_FATE_UNKNOWN, ", MAY HAVE ARRIVED at ");
  if (!also && !unknown)
    fputs(winner ? ", and nobody else accepted it" : ", and nobody accepted it", out);
  print_not_tried(out, event);
}

static void print_attempt_lines(FILE *out, const struct poolsend_event *event)
{
  int width = 0;
  for (size_t i = 0; i < poolsend_event_attempt_count(event); i++) {
    int size = (int)strlen(poolsend_attempt_name(poolsend_event_attempt_at(event, i)));
    width = size > width ? size : width;
  }
  for (size_t i = 0; i < poolsend_event_attempt_count(event); i++) {
    const struct poolsend_attempt *attempt = poolsend_event_attempt_at(event, i);
    fprintf(out, "\n  %u  %-*s  ", poolsend_attempt_number(attempt), width, poolsend_attempt_name(attempt));
    print_fate(out, attempt, also_met(event, i, POOLSEND_FATE_DELIVERED));
  }
}

/* In a stream, on the same line. */
static void print_attempts(FILE *out, const struct poolsend_event *event)
{
  for (size_t i = 0; i < poolsend_event_attempt_count(event); i++) {
    const struct poolsend_attempt *attempt = poolsend_event_attempt_at(event, i);
    fprintf(out, "%s%u %s ", i ? "; " : ": ", poolsend_attempt_number(attempt), poolsend_attempt_name(attempt));
    print_fate(out, attempt, also_met(event, i, POOLSEND_FATE_DELIVERED));
  }
}

static void print_settled(FILE *out, const struct poolsend_event *event)
{
  print_verdict(out, event);
  if (poolsend_event_line(event))
    print_attempts(out, event);
  else
    print_attempt_lines(out, event);
}

static void print_line(FILE *out, const struct poolsend_event *event, bool ids)
{
  unsigned long long line = poolsend_event_line(event);
  if (line && ids)
    fprintf(out, "line %llu (%s): ", line, poolsend_event_id(event));
  else if (line)
    fprintf(out, "line %llu: ", line);
}

char *ps_cli_event_text(const struct poolsend_event *event, bool ids)
{
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  if (!out)
    return NULL;
  print_line(out, event, ids);
  switch (poolsend_event_kind(event)) {
  case POOLSEND_EVENT_NONE:
    break;
  case POOLSEND_EVENT_START:
    print_attempt(out, event);
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
  fputc('\n', out);
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
  size_t size;
  const char *body = poolsend_preview_body(preview, &size);
  poolsend_time delay = poolsend_preview_hedge_delay(preview);
  fprintf(out, "%u  %s  %s %s\n", order + 1, poolsend_preview_name(preview), poolsend_preview_method(preview),
          poolsend_preview_url(preview));
  for (size_t i = 0; i < poolsend_preview_header_count(preview); i++)
    fprintf(out, "     %s\n", poolsend_preview_header(preview, i));
  if (body) {
    fprintf(out, "     body of %zu byte%s: ", size, size == 1 ? "" : "s");
    print_excerpt(out, body, size);
    fputc('\n', out);
  }
  if (last)
    return;
  if (delay == POOLSEND_NEVER)
    fputs("   then, if it fails:\n", out);
  else
    fprintf(out, "   then, if it fails or has not answered after %s:\n", span_of(delay).text);
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
