#include "net/check.h"

#include "net/redact.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

int ps_refuse(struct poolsend_error *error, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error->text, sizeof error->text, format, arguments);
  va_end(arguments);
  return -EINVAL;
}

/* tchar of RFC 9110, 5.6.2. */
static bool is_token(const char *text, size_t size)
{
  static const char others[] = "!#$%&'*+-.^_`|~";
  for (size_t i = 0; i < size; i++) {
    char c = text[i];
    bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!alnum && (c == '\0' || !strchr(others, c)))
      return false;
  }
  return size > 0;
}

static bool has_line_break(const char *text)
{
  return text[strcspn(text, "\r\n")] != '\0';
}

int ps_check_text(const char *what, const char *text, struct poolsend_error *error)
{
  if (text && has_line_break(text))
    return ps_refuse(error, "%s: it holds a line break, which would end it early in the request", what);
  return 0;
}

static bool has_control_or_space(const char *text)
{
  for (; *text; text++)
    if ((unsigned char)*text <= ' ' || *text == 127)
      return true;
  return false;
}

static bool is_http(const char *url)
{
  return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

int ps_check_url(const char *url, struct poolsend_error *error)
{
  char *shown = ps_redact_url(url);
  int result = 0;
  CURLU *parsed = NULL;
  char *host = NULL;
  if (!shown) {
    result = -ENOMEM;
  } else if (has_control_or_space(url)) {
    result = ps_refuse(error, "URL: it holds a space or a control character: write it percent-encoded (%%20)");
  } else if (!is_http(url)) {
    result = ps_refuse(error, "URL '%.200s': it must begin with http:// or https://", shown);
  } else if (!(parsed = curl_url()) || curl_url_set(parsed, CURLUPART_URL, url, 0) ||
             curl_url_get(parsed, CURLUPART_HOST, &host, 0)) {
    result = ps_refuse(error, "URL '%.200s': it cannot be understood as a URL with a host", shown);
  }
  curl_free(host);
  curl_url_cleanup(parsed);
  free(shown);
  return result;
}

int ps_check_method(const char *method, struct poolsend_error *error)
{
  if (!is_token(method, strlen(method)))
    return ps_refuse(error, "method: it must be a word such as POST or PUT, without spaces or line breaks");
  return 0;
}

/* Set by hand these would make the request another length than it has. */
static bool frames_the_message(const char *name, size_t size)
{
  static const char *const names[] = {"Content-Length", "Transfer-Encoding"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strlen(names[i]) == size && strncasecmp(names[i], name, size) == 0)
      return true;
  return false;
}

int ps_check_header(const char *line, struct poolsend_error *error)
{
  size_t name = strcspn(line, ":;");
  if (has_line_break(line))
    return ps_refuse(error, "header '%.*s': it holds a line break, which would begin another header",
                     (int)strcspn(line, ":;\r\n"), line);
  if (!line[name] || (line[name] == ';' && line[name + 1]))
    return ps_refuse(error, "header '%.*s': write 'Name: value', 'Name:' to remove it, or 'Name;' to send it empty",
                     (int)strcspn(line, " :;"), line);
  if (!is_token(line, name))
    return ps_refuse(error, "header '%.*s': a header's name is made of letters, digits and -", (int)name, line);
  if (frames_the_message(line, name))
    return ps_refuse(error, "header '%.*s': it is set from the body and cannot be set by hand", (int)name, line);
  return 0;
}

int ps_check_file(const char *what, const char *path, struct poolsend_error *error)
{
  if (!path || strncmp(path, "pkcs11:", 7) == 0 || access(path, R_OK) == 0)
    return 0;
  return ps_refuse(error, "%s '%s': %s", what, path, strerror(errno));
}
