/* json-c would take what is not JSON (single quotes, raw control characters, NaN), clamp long integers and drop
 * duplicate members. A server's answer is evidence: it is either embedded as it is, or shown as a string. */
#include "base/text.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define DEPTH_MAX 32

/* ---- UTF-8 */

/* The length of the sequence that begins at `text`; 0: none does, or it is cut off. */
static size_t sequence(const unsigned char *text, size_t size)
{
  static const struct {
    unsigned char first, last; /* of the lead byte */
    unsigned char low, high;   /* of the second byte */
    unsigned char length;
  } forms[] = {
      {0x00, 0x7f, 0x00, 0xff, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
      {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
      {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
  };
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    if (text[0] < forms[i].first || text[0] > forms[i].last)
      continue;
    size_t length = forms[i].length;
    if (length > size || (length > 1 && (text[1] < forms[i].low || text[1] > forms[i].high)))
      return 0;
    for (size_t k = 2; k < length; k++)
      if (text[k] < 0x80 || text[k] > 0xbf)
        return 0;
    return length;
  }
  return 0;
}

bool ps_text_is_utf8(const char *text, size_t size)
{
  const unsigned char *bytes = (const unsigned char *)text;
  for (size_t i = 0, length; i < size; i += length)
    if (!(length = sequence(bytes + i, size - i)))
      return false;
  return true;
}

size_t ps_text_whole_utf8(const char *text, size_t size)
{
  for (size_t cut = 0; cut < 4 && cut < size; cut++) {
    unsigned char c = (unsigned char)text[size - 1 - cut];
    if (c < 0x80)
      return size - cut;
    if (c >= 0xc0)
      return sequence((const unsigned char *)text + size - 1 - cut, cut + 1) == cut + 1 ? size : size - cut - 1;
  }
  return size;
}

/* ---- JSON: a recursive descent over the grammar of RFC 8259, bounded in depth */

struct scan {
  const char *at, *end;
  struct ps_buf *out;
  int depth;
};

static int value(struct scan *s);

static void skip_space(struct scan *s)
{
  while (s->at < s->end && strchr(" \t\r\n", *s->at) && *s->at)
    s->at++;
}

static bool next_is(const struct scan *s, char c)
{
  return s->at < s->end && *s->at == c;
}

/* Append everything from `from` to where the scan is. */
static int keep(struct scan *s, const char *from)
{
  return ps_buf_append(s->out, from, (size_t)(s->at - from));
}

static int punctuation(struct scan *s, char c)
{
  skip_space(s);
  if (!next_is(s, c))
    return -EINVAL;
  s->at++;
  int error = keep(s, s->at - 1);
  skip_space(s);
  return error;
}

static bool skip_digits(struct scan *s)
{
  const char *from = s->at;
  while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
    s->at++;
  return s->at > from;
}

static int number(struct scan *s)
{
  const char *from = s->at;
  if (next_is(s, '-'))
    s->at++;
  bool zero = next_is(s, '0');
  const char *digits = s->at;
  if (!skip_digits(s) || (zero && s->at - digits > 1))
    return -EINVAL;
  if (next_is(s, '.')) {
    s->at++;
    if (!skip_digits(s))
      return -EINVAL;
  }
  if (next_is(s, 'e') || next_is(s, 'E')) {
    s->at++;
    if (next_is(s, '+') || next_is(s, '-'))
      s->at++;
    if (!skip_digits(s))
      return -EINVAL;
  }
  return keep(s, from);
}

/* After a backslash. */
static bool skip_escape(struct scan *s)
{
  if (s->at == s->end || !*s->at || !strchr("\"\\/bfnrtu", *s->at))
    return false;
  if (*s->at++ != 'u')
    return true;
  for (int i = 0; i < 4; i++, s->at++)
    if (s->at == s->end || !*s->at || !strchr("0123456789abcdefABCDEF", *s->at))
      return false;
  return true;
}

static int string(struct scan *s)
{
  const char *from = s->at++;
  while (!next_is(s, '"')) {
    if (s->at == s->end || (unsigned char)*s->at < 0x20)
      return -EINVAL;
    if (*s->at++ == '\\' && !skip_escape(s))
      return -EINVAL;
  }
  s->at++;
  return keep(s, from);
}

static int literal(struct scan *s, const char *word)
{
  size_t size = strlen(word);
  if ((size_t)(s->end - s->at) < size || memcmp(s->at, word, size) != 0)
    return -EINVAL;
  s->at += size;
  return ps_buf_append(s->out, word, size);
}

static int member(struct scan *s)
{
  skip_space(s);
  if (!next_is(s, '"'))
    return -EINVAL;
  const char *name = s->at;
  int error = string(s);
  if (!error && memmem(name, (size_t)(s->at - name), "\\u0000", 6))
    return -EINVAL;
  if (!error)
    error = punctuation(s, ':');
  return error ? error : value(s);
}

/* An array or an object: `item` between commas, up to `close`. */
static int collection(struct scan *s, char close, int (*item)(struct scan *s))
{
  if (++s->depth > DEPTH_MAX)
    return -E2BIG;
  int error = punctuation(s, *s->at);
  if (!error && !next_is(s, close)) {
    error = item(s);
    while (!error && (skip_space(s), next_is(s, ','))) {
      error = punctuation(s, ',');
      if (!error)
        error = item(s);
    }
  }
  s->depth--;
  return error ? error : punctuation(s, close);
}

static int value(struct scan *s)
{
  skip_space(s);
  if (s->at == s->end)
    return -EINVAL;
  switch (*s->at) {
  case '{':
    return collection(s, '}', member);
  case '[':
    return collection(s, ']', value);
  case '"':
    return string(s);
  case 't':
    return literal(s, "true");
  case 'f':
    return literal(s, "false");
  case 'n':
    return literal(s, "null");
  default:
    return number(s);
  }
}

int ps_text_compact_json(struct ps_buf *out, const char *text, size_t size)
{
  if (!ps_text_is_utf8(text, size))
    return -EINVAL;
  struct scan s = {.at = text, .end = text + size, .out = out};
  int error = value(&s);
  skip_space(&s);
  return error ? error : s.at == s.end ? 0 : -EINVAL;
}

/* ---- Base64 */

int ps_text_base64(struct ps_buf *out, const void *data, size_t size)
{
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const unsigned char *bytes = data;
  for (size_t i = 0; i < size; i += 3) {
    size_t left = size - i;
    uint32_t group = (uint32_t)bytes[i] << 16;
    group |= left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
    group |= left > 2 ? (uint32_t)bytes[i + 2] : 0;
    char four[4] = {digits[group >> 18], digits[group >> 12 & 63], digits[group >> 6 & 63], digits[group & 63]};
    if (left < 3)
      four[3] = '=';
    if (left < 2)
      four[2] = '=';
    if (ps_buf_append(out, four, sizeof four))
      return -ENOMEM;
  }
  return 0;
}
