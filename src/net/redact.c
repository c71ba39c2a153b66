#include "net/redact.h"

#include "base/ascii.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

static bool contains(const char *name, size_t size, const char *word)
{
  size_t length = strlen(word);
  for (size_t i = 0; i + length <= size; i++)
    if (ps_ascii_equal(name + i, word, length))
      return true;
  return false;
}

static bool ends_with(const char *name, size_t size, const char *word)
{
  size_t length = strlen(word);
  return size >= length && ps_ascii_equal(name + size - length, word, length);
}

/* "key", and so "api_key", "key2", "key[0]", "api[key]" and "key.value". */
static bool has_part_ending_with(const char *name, size_t size, const char *word)
{
  static const char brackets[] = "[].";
  for (size_t end = 0; end <= size; end++) {
    size_t part = end;
    if (end < size && !strchr(brackets, name[end]))
      continue;
    while (part > 0 && name[part - 1] >= '0' && name[part - 1] <= '9')
      part--;
    if (ends_with(name, part, word))
      return true;
  }
  return false;
}

bool ps_redact_is_secret(const char *name, size_t size)
{
  static const char *const anywhere[] = {"auth",      "token",      "secret",    "passw",    "passcode",
                                         "pwd",       "credential", "cookie",    "session",  "bearer",
                                         "assertion", "hmac",       "signature", "pin-value"};
  static const char *const at_end[] = {"key", "sig", "pass", "phrase", "pw", "pin", "jwt", "otp"};
  if (memchr(name, '%', size)) /* what it stands for may be any of them */
    return true;
  if (ps_ascii_is(name, size, "Idempotency-Key"))
    return false;
  for (size_t i = 0; i < sizeof anywhere / sizeof *anywhere; i++)
    if (contains(name, size, anywhere[i]))
      return true;
  for (size_t i = 0; i < sizeof at_end / sizeof *at_end; i++)
    if (has_part_ending_with(name, size, at_end[i]))
      return true;
  return false;
}

/* Bytes from `text` on that are none of `stops`. */
static size_t run(const char *text, const char *end, const char *stops)
{
  size_t size = 0;
  while (text + size < end && !strchr(stops, text[size]))
    size++;
  return size;
}

/* After "://": how much of what follows is user information, its "@" included. */
static size_t userinfo_size(const char *text, const char *end)
{
  size_t authority = run(text, end, "/?# \t");
  for (size_t i = authority; i > 0; i--)
    if (text[i - 1] == '@')
      return i;
  return 0;
}

/* How long the character `c` is that begins here, as it stands or percent-encoded; 0: there is another. */
static size_t size_of(const char *text, const char *end, char c)
{
  static const char hex[] = "0123456789ABCDEF";
  const char encoded[] = {'%', hex[c >> 4], hex[c & 15], '\0'};
  if (text < end && *text == c)
    return 1;
  return end - text >= 3 && ps_ascii_equal(text, encoded, 3) ? 3 : 0;
}

/* What a parameter follows: encoded where the URL is itself in another's parameter. ";" is an older "&", and begins the
 * parameters of a path. */
static size_t separator_size(const char *text, const char *end)
{
  static const char separators[] = "?&#;";
  for (size_t i = 0; separators[i]; i++)
    if (size_of(text, end, separators[i]))
      return size_of(text, end, separators[i]);
  return 0;
}

/* How much of `text` is the name of a parameter: up to its "=", or to where none comes. */
static size_t name_size(const char *text, const char *end)
{
  size_t size = 0;
  while (text + size < end && !strchr("&# \t", text[size]) && !size_of(text + size, end, '='))
    size++;
  return size;
}

/* The same where an encoded "=" is a part of the name: then one follows that is not, before the next parameter. 0: none
 * does. */
static size_t whole_name_size(const char *text, const char *end)
{
  size_t size = 0;
  while (text + size < end && !strchr("= \t", text[size]) && !separator_size(text + size, end))
    size++;
  return text + size < end && text[size] == '=' ? size : 0;
}

/* Behind a separator: appends the parameter's name and "=", and "***" for a secret value. How much of `text` that was;
 * `named`: the end of a name that is not secret. */
static int append_parameter(struct ps_buf *out, const char *text, const char *end, const char **named, size_t *taken)
{
  size_t name = name_size(text, end), equals = size_of(text + name, end, '=');
  *named = text + name;
  if (equals > 1 && !ps_redact_is_secret(text, name)) {
    name = whole_name_size(text, end);
    equals = 1;
  }
  if (!equals || !name || !ps_redact_is_secret(text, name))
    return 0;
  *taken = name + equals + run(text + name + equals, end, "&# \t");
  int error = ps_buf_append(out, text, name + equals);
  return error ? error : ps_buf_puts(out, "***");
}

/* libcurl quotes a proxy that it cannot read, and then nobody knows what of it is the password: how much of `text` that
 * is, without the quotes. */
static size_t unread_proxy_size(const char *text, const char *end)
{
  const char *quote = memrchr(text, '\'', (size_t)(end - text));
  return (size_t)((quote ? quote : end) - text);
}

#define UNREAD_PROXY "proxy syntax in '"

/* What has been seen of a line. */
struct line {
  const char *end;
  const char *named; /* up to here it is part of a parameter's name that is not secret */
  bool in_query;
};

/* User information ends with an "@", which may be a parameter's: behind "?next=https://h&key=a@b/c" the rest of the key
 * follows. How much of what follows is to be hidden for that. */
static size_t begun_value_size(struct line *line, const char *text, size_t size)
{
  const char *end = text + size;
  while (text < end) {
    size_t separator = separator_size(text, end);
    bool begins = separator && text >= line->named;
    text += separator ? separator : 1;
    if (!begins)
      continue;
    size_t name = name_size(text, line->end), equals = size_of(text + name, line->end, '=');
    const char *value = text + name + equals > end ? text + name + equals : end;
    if (equals && ps_redact_is_secret(text, name))
      return (size_t)(value - end) + run(value, line->end, "&# \t");
    line->named = text + name;
  }
  return 0;
}

/* Behind the mark that `text` begins with, if it is one: what is hidden. A separator inside of a name that is not
 * secret is none: what follows it is the end of that name, and no more secret. To look at it again, and again from the
 * next one on, would take minutes for the longest line that a server can send. */
static int append_hidden_part(struct ps_buf *out, struct line *line, const char *mark, size_t mark_size, size_t *hidden)
{
  const char *text = mark + mark_size;
  *hidden = 0;
  if (separator_size(mark, line->end)) {
    line->in_query = true;
    return mark < line->named ? 0 : append_parameter(out, text, line->end, &line->named, hidden);
  }
  if (*mark == ':' && mark_size > 1) {
    *hidden = userinfo_size(text, line->end);
    *hidden += line->in_query ? begun_value_size(line, text, *hidden) : 0;
  }
  if (*mark != 'p' || mark_size == 1)
    return 0;
  *hidden = unread_proxy_size(text, line->end);
  return ps_buf_puts(out, "***");
}

/* The length of what may stand before a secret; 1 for any other character. */
static size_t mark_size(const char *text, const char *end)
{
  static const char *const marks[] = {"://", UNREAD_PROXY};
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
    if ((size_t)(end - text) >= strlen(marks[i]) && memcmp(text, marks[i], strlen(marks[i])) == 0)
      return strlen(marks[i]);
  size_t separator = separator_size(text, end);
  return separator ? separator : 1;
}

int ps_redact_append(struct ps_buf *out, const char *text, size_t size)
{
  struct line line = {.end = text + size, .named = text};
  while (text < line.end) {
    size_t mark = mark_size(text, line.end), hidden;
    if (ps_buf_append(out, text, mark) || append_hidden_part(out, &line, text, mark, &hidden))
      return -ENOMEM;
    text += mark + hidden;
  }
  return 0;
}

size_t ps_redact_header_name(const char *line, size_t size)
{
  size_t name = run(line, line + size, ": /?\t");
  return name < size && line[name] == ':' ? name : 0;
}

int ps_redact_append_header(struct ps_buf *out, const char *line, size_t size)
{
  size_t name = ps_redact_header_name(line, size);
  return ps_redact_is_secret(line, name) ? ps_redact_append_hidden(out, line, name) : ps_redact_append(out, line, size);
}

int ps_redact_append_hidden(struct ps_buf *out, const char *name, size_t size)
{
  int error = ps_buf_append(out, name, size);
  return error ? error : ps_buf_puts(out, ": ***");
}

char *ps_redact_url(const char *url)
{
  struct ps_buf out = {0};
  if (ps_redact_append(&out, url, strlen(url)) || ps_buf_append(&out, "", 0)) {
    ps_buf_fini(&out);
    return NULL;
  }
  ps_text_hide_controls(out.data);
  return out.data;
}
