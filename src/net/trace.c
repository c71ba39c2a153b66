#include "net/trace.h"

#include "base/text.h"
#include "net/endpoint.h"
#include "net/redact.h"

#include <string.h>

static const char *mark_of(curl_infotype type)
{
  switch (type) {
  case CURLINFO_TEXT:
    return "* ";
  case CURLINFO_HEADER_IN:
    return "< ";
  case CURLINFO_HEADER_OUT:
    return "> ";
  default:
    return NULL;
  }
}

/* libcurl names the user who is authenticated, which may be all the secret there is, and the proxy that the environment
 * names, with its password. */
static size_t size_before_secret(const char *text, size_t size)
{
  static const char *const marks[] = {" with user '", " == '"};
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
    const char *found = memmem(text, size, marks[i], strlen(marks[i]));
    if (found)
      return (size_t)(found - text);
  }
  return size;
}

/* In words libcurl tells each header of HTTP/2, "h2h3 [name: value]" or "[HTTP/2] [1] [name: value]": how much stands
 * before the name. */
static size_t size_before_header(const char *text, size_t size)
{
  size_t before = 0;
  for (size_t i = 0; i < size && text[i] != ':'; i++)
    if (text[i] == '[' && (i == 0 || text[i - 1] == ' '))
      before = i + 1;
  return before;
}

static void trace_line(const struct ps_endpoint *endpoint, curl_infotype type, const char *text, size_t size)
{
  struct ps_buf line = {0};
  const char *mark = mark_of(type);
  size_t before = 0;
  if (type == CURLINFO_TEXT) {
    size = size_before_secret(text, size);
    before = size_before_header(text, size);
  }
  if (!ps_buf_puts(&line, mark) && !ps_redact_append(&line, text, before) &&
      !ps_endpoint_show_header(endpoint, &line, text + before, size - before)) {
    ps_text_hide_controls(line.data);
    endpoint->trace(endpoint->trace_context, endpoint->name, line.data);
  }
  ps_buf_fini(&line);
}

/* libcurl tells one thing at a time, and may quote others with a line break in the middle. */
static size_t line_size(curl_infotype type, const char *text, const char *end)
{
  const char *newline = type == CURLINFO_TEXT ? end - 1 : memchr(text, '\n', (size_t)(end - text));
  return newline && *newline == '\n' ? (size_t)(newline - text) : (size_t)(end - text);
}

int ps_trace_debug(CURL *easy, curl_infotype type, char *data, size_t size, void *context)
{
  const struct ps_endpoint *endpoint = context;
  (void)easy;
  for (const char *text = data, *end = data + size; mark_of(type) && text < end;) {
    size_t length = line_size(type, text, end);
    size_t shown = length && text[length - 1] == '\r' ? length - 1 : length;
    trace_line(endpoint, type, text, shown);
    text += length + 1;
  }
  return 0;
}
