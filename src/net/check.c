#include "net/check.h"

#include "base/ascii.h"
#include "base/field.h"
#include "base/text.h"
#include "net/redact.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int ps_refuse(struct ps_error *error, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  ps_text_vsay(error->text, sizeof error->text, format, arguments);
  va_end(arguments);
  return -EINVAL;
}

/* tchar of RFC 9110, 5.6.2. */
static bool is_token(const char *text, size_t size)
{
  static const char others[] = "!#$%&'*+-.^_`|~";
  for (size_t i = 0; i < size; i++) {
    char c = text[i];
    if (!ps_ascii_is_letter(c) && !ps_ascii_is_digit(c) && (c == '\0' || !strchr(others, c)))
      return false;
  }
  return size > 0;
}

static bool has_line_break(const char *text)
{
  return text[strcspn(text, "\r\n")] != '\0';
}

/* A tab is white space in a header (RFC 9110, 5.5). */
static bool has_control(const char *text)
{
  for (; *text; text++)
    if (ps_text_is_control(*text) && *text != '\t')
      return true;
  return false;
}

int ps_check_text(const char *what, const char *text, struct ps_error *error)
{
  if (text && has_line_break(text))
    return ps_refuse(error, "%s: it holds a line break, which would end it early in the request", what);
  if (text && has_control(text))
    return ps_refuse(error, "%s: it holds a control character", what);
  return 0;
}

static bool has_control_or_space(const char *text)
{
  for (; *text; text++)
    if (ps_text_is_control(*text) || *text == ' ')
      return true;
  return false;
}

/* Of "http://" or "https://"; 0: neither begins it. */
static size_t scheme_size(const char *url)
{
  if (ps_ascii_begins(url, "http://"))
    return 7;
  return ps_ascii_begins(url, "https://") ? 8 : 0;
}

/* 0; -EINVAL: it is no URL, or has no host; -ENOMEM. */
static int parse_with_host(const char *url, unsigned flags)
{
  CURLU *parsed = curl_url();
  char *host = NULL;
  CURLUcode code = parsed ? curl_url_set(parsed, CURLUPART_URL, url, flags) : CURLUE_OUT_OF_MEMORY;
  if (!code)
    code = curl_url_get(parsed, CURLUPART_HOST, &host, 0);
  curl_free(host);
  curl_url_cleanup(parsed);
  return code == CURLUE_OUT_OF_MEMORY ? -ENOMEM : code ? -EINVAL : 0;
}

/* Whether a user and a password may stand before the path: there is an "@", maybe encoded, or a colon without a port
 * behind it. */
static bool may_hold_password(const char *url)
{
  const char *scheme = strstr(url, "://");
  const char *authority = scheme ? scheme + 3 : url;
  const char *colon = authority + strcspn(authority, *authority == '[' ? "]" : ":/?#");
  const char *rest = colon + (*colon == ':');
  rest += strspn(rest, "0123456789");
  return strchr(url, '@') || strstr(url, "%40") || (*colon == ':' && *rest && !strchr("/?#", *rest));
}

int ps_refuse_url(const char *url, const char *why, struct ps_error *error)
{
  size_t size = strcspn(url, "?#"), shown = ps_text_whole_utf8(url, size < 200 ? size : 200);
  if (may_hold_password(url))
    return ps_refuse(error, "URL: %s", why);
  return ps_refuse(error, "URL '%.*s%s': %s", (int)shown, url, url[shown] ? "..." : "", why);
}

int ps_check_url(const char *url, struct ps_error *error)
{
  if (has_control_or_space(url))
    return ps_refuse_url(url, "it holds a space or a control character: write it percent-encoded (%20)", error);
  size_t scheme = scheme_size(url);
  if (!scheme)
    return ps_refuse_url(url, "it must begin with http:// or https://", error);
  /* libcurl would forgive slashes too many and take what follows for the host. */
  int result = !url[scheme] || strchr("/?#", url[scheme]) ? -EINVAL : parse_with_host(url, 0);
  return result == -EINVAL ? ps_refuse_url(url, "it cannot be understood as a URL with a host", error) : result;
}

int ps_check_proxy(const char *proxy, struct ps_error *error)
{
  static const char *const schemes[] = {"http://", "https://", "socks4://", "socks4a://", "socks5://", "socks5h://"};
  if (!proxy || !*proxy)
    return 0;
  bool known = !strstr(proxy, "://");
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
    known |= ps_ascii_begins(proxy, schemes[i]);
  if (!known)
    return ps_refuse(error, "proxy: its URL must begin with http://, https://, socks4://, socks4a://, socks5:// or "
                            "socks5h://");
  int result =
      has_control_or_space(proxy) ? -EINVAL : parse_with_host(proxy, CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME);
  return result == -EINVAL ? ps_refuse(error, "proxy: it cannot be understood as a URL with a host") : result;
}

/* Past the field that begins at `text`: a colon inside brackets, as IPv6 addresses have, does not end it. */
static const char *skip_field(const char *text)
{
  if (*text == '[')
    text += strcspn(text, "]");
  return text + strcspn(text, ":");
}

static bool is_port(const char *text, size_t size)
{
  return size > 0 && size <= 5 && strspn(text, "0123456789") == size && strtol(text, NULL, 10) <= 65535;
}

int ps_check_resolve(const char *entry, struct ps_error *error)
{
  bool removes = *entry == '-';
  const char *host = entry + (removes || *entry == '+');
  const char *host_end = skip_field(host);
  const char *port = *host_end ? host_end + 1 : host_end;
  size_t port_size = strcspn(port, ":");
  bool good = host_end > host && is_port(port, port_size) && (removes || (port[port_size] && port[port_size + 1]));
  if (has_control_or_space(entry))
    return ps_refuse(error, "resolve '%.200s': it holds a space or a control character", entry);
  return good ? 0 : ps_refuse(error, "resolve '%.200s': write HOST:PORT:ADDRESS", entry);
}

/* A proxy is asked for a tunnel to HOST2 as it stands here. */
int ps_check_connect_to(const char *entry, struct ps_error *error)
{
  const char *at = entry;
  unsigned colons = 0;
  for (at = skip_field(at); *at; at = skip_field(at + 1))
    colons++;
  if (has_control_or_space(entry))
    return ps_refuse(error, "connect-to '%.200s': it holds a space or a control character", entry);
  return colons == 3 ? 0 : ps_refuse(error, "connect-to '%.200s': write HOST1:PORT1:HOST2:PORT2", entry);
}

int ps_check_method(const char *method, struct ps_error *error)
{
  if (!is_token(method, strlen(method)))
    return ps_refuse(error, "method: it must be a word such as POST or PUT, without spaces or line breaks");
  return 0;
}

/* Set by hand these would make the request another length than it has. */
static bool frames_the_message(const char *line)
{
  return ps_field_is(line, "Content-Length") || ps_field_is(line, "Transfer-Encoding");
}

/* How much of a header line can be shown: its name. Where the colon was forgotten, or stands elsewhere, the value may
 * be taken for the name or for a part of it. */
static int shown_size(const char *line)
{
  size_t name = strcspn(line, ":;=\r\n"), word = 0;
  while (word < name && is_token(line + word, 1))
    word++;
  if (line[name] == ':' || line[name] == ';')
    return (int)(word < name && ps_redact_is_secret(line, word) ? word : name);
  size_t letters = strspn(line, "-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
  return letters == word ? (int)word : 0;
}

int ps_check_header(const char *line, struct ps_error *error)
{
  size_t name = strcspn(line, ":;");
  int shown = shown_size(line);
  if (has_line_break(line))
    return ps_refuse(error, "header '%.*s': it holds a line break, which would begin another header", shown, line);
  if (!line[name] || (line[name] == ';' && line[name + 1]))
    return ps_refuse(error, "header '%.*s': write 'Name: value', 'Name:' to remove it, or 'Name;' to send it empty",
                     shown, line);
  if (!is_token(line, name))
    return ps_refuse(error, "header '%.*s': a header's name is made of letters, digits and -", shown, line);
  if (has_control(line))
    return ps_refuse(error, "header '%.*s': it holds a control character", shown, line);
  if (frames_the_message(line))
    return ps_refuse(error, "header '%.*s': it is set from the body and cannot be set by hand", shown, line);
  return 0;
}

/* Those of RFC 9110, 7.6.1 and 10.1.1, that are between two neighbours on the way, or would have the request wait. */
static bool is_about_connection(const char *line)
{
  static const char *const names[] = {"Connection",       "Expect", "Keep-Alive", "Proxy-Authorization",
                                      "Proxy-Connection", "TE",     "Trailer",    "Upgrade"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (ps_field_is(line, names[i]))
      return true;
  return false;
}

int ps_check_message_header(const char *line, struct ps_error *error)
{
  int result = ps_check_header(line, error);
  if (result)
    return result;
  size_t name = strcspn(line, ":;");
  bool empty = !line[name + 1 + strspn(line + name + 1, " \t")];
  if (ps_field_is(line, "Host"))
    return ps_refuse(error, "header '%.*s': a message does not choose the host it goes to", (int)name, line);
  if (is_about_connection(line))
    return ps_refuse(error, "header '%.*s': a message has no say in how it is carried", (int)name, line);
  if (empty && ps_field_is(line, "Idempotency-Key"))
    return ps_refuse(error, "header '%.*s': it is empty; leave it out, or give it a value", (int)name, line);
  return 0;
}

static int check_readable(const char *what, const char *path, bool directory, struct ps_error *error)
{
  struct stat status;
  if (!path || ps_ascii_begins(path, "pkcs11:"))
    return 0;
  int failure = stat(path, &status) || access(path, R_OK) ? errno : 0;
  if (!failure && directory != S_ISDIR(status.st_mode))
    failure = directory ? ENOTDIR : EISDIR;
  return failure ? ps_refuse(error, "%s '%s': %s", what, path, strerror(failure)) : 0;
}

int ps_check_file(const char *what, const char *path, struct ps_error *error)
{
  return check_readable(what, path, false, error);
}

int ps_check_directory(const char *what, const char *path, struct ps_error *error)
{
  if (path && strchr(path, ':')) /* a list of them: OpenSSL looks through those that there are */
    return 0;
  return check_readable(what, path, true, error);
}
