#include "net/redact.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static bool contains(const char *name, size_t size, const char *word)
{
  size_t length = strlen(word);
  for (size_t i = 0; i + length <= size; i++)
    if (strncasecmp(name + i, word, length) == 0)
      return true;
  return false;
}

static bool ends_with(const char *name, size_t size, const char *word)
{
  size_t length = strlen(word);
  return size >= length && strncasecmp(name + size - length, word, length) == 0;
}

bool ps_redact_is_secret(const char *name, size_t size)
{
  static const char *const anywhere[] = {"auth",       "token",     "secret", "passw",  "pwd",
                                         "credential", "signature", "cookie", "session"};
  static const char *const at_end[] = {"key", "sig", "pass", "phrase", "pw", "pin", "jwt", "otp"};
  static const char public_key[] = "Idempotency-Key";
  if (memchr(name, '%', size)) /* what it stands for may be any of them */
    return true;
  if (size == sizeof public_key - 1 && strncasecmp(name, public_key, size) == 0)
    return false;
  for (size_t i = 0; i < sizeof anywhere / sizeof *anywhere; i++)
    if (contains(name, size, anywhere[i]))
      return true;
  for (size_t i = 0; i < sizeof at_end / sizeof *at_end; i++)
    if (ends_with(name, size, at_end[i]))
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

/* After "?" or "&": appends the parameter's name and "=", and "***" for a secret value. How much of `text` that was. */
static int append_parameter(struct ps_buf *out, const char *text, const char *end, size_t *taken)
{
  size_t name = run(text, end, "=&# \t");
  *taken = 0;
  if (text + name >= end || text[name] != '=' || !ps_redact_is_secret(text, name))
    return 0;
  size_t value = run(text + name + 1, end, "&# \t");
  *taken = name + 1 + value;
  int error = ps_buf_append(out, text, name + 1);
  return error ? error : ps_buf_puts(out, "***");
}

int ps_redact_append(struct ps_buf *out, const char *text, size_t size)
{
  for (const char *end = text + size; text < end;) {
    bool authority = end - text > 3 && memcmp(text, "://", 3) == 0;
    size_t step = authority ? 3 : 1;
    bool parameter = *text == '?' || *text == '&' || *text == '#';
    if (ps_buf_append(out, text, step))
      return -ENOMEM;
    text += step;
    size_t hidden = 0;
    if (authority)
      hidden = userinfo_size(text, end);
    else if (parameter && append_parameter(out, text, end, &hidden))
      return -ENOMEM;
    text += hidden;
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
  return out.data;
}
