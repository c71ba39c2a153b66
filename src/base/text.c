/* A server's answer is evidence, a message is its sender's: neither is changed for being shown or sent on. */
#include "base/text.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

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

/* Plain ASCII, which most is, eight bytes at a time. */
static size_t ascii_size(const char *text, size_t size)
{
  size_t i = 0;
  for (uint64_t eight; i + sizeof eight <= size; i += sizeof eight) {
    memcpy(&eight, text + i, sizeof eight);
    if (eight & UINT64_C(0x8080808080808080))
      break;
  }
  while (i < size && (unsigned char)text[i] < 0x80)
    i++;
  return i;
}

size_t ps_text_utf8_size(const char *text, size_t size)
{
  const unsigned char *bytes = (const unsigned char *)text;
  size_t i = 0;
  for (size_t length; i < size; i += length) {
    if (bytes[i] < 0x80)
      i += ascii_size(text + i, size - i);
    if (i == size || !(length = sequence(bytes + i, size - i)))
      break;
  }
  return i;
}

bool ps_text_is_utf8(const char *text, size_t size)
{
  return ps_text_utf8_size(text, size) == size;
}

/* How long the sequence is that this byte begins; 0: it begins none. */
static size_t wanted_length(unsigned char lead)
{
  if (lead < 0xc2 || lead > 0xf4)
    return 0;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* Bytes that begin no sequence are no text that was cut: they stay. */
size_t ps_text_whole_utf8(const char *text, size_t size)
{
  for (size_t cut = 1; cut < 4 && cut <= size; cut++) {
    unsigned char c = (unsigned char)text[size - cut];
    if (c < 0x80)
      return size;
    if (c >= 0xc0)
      return wanted_length(c) > cut ? size - cut : size;
  }
  return size;
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

/* The six bits that a digit stands for; 64: it is none. */
static unsigned sextet(char c)
{
  if (c >= 'A' && c <= 'Z')
    return (unsigned)(c - 'A');
  if (c >= 'a' && c <= 'z')
    return (unsigned)(c - 'a') + 26;
  if (c >= '0' && c <= '9')
    return (unsigned)(c - '0') + 52;
  return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* Four digits, of which the last `padding` are "=". The bytes they stand for, or 0: they are not base64. */
static size_t decode_group(const char *four, size_t padding, char bytes[3])
{
  unsigned a = sextet(four[0]), b = sextet(four[1]);
  unsigned c = padding == 2 ? 0 : sextet(four[2]), d = padding ? 0 : sextet(four[3]);
  bool lossy = (padding == 2 && (b & 15)) || (padding == 1 && (c & 3));
  if ((a | b | c | d) > 63 || lossy)
    return 0;
  bytes[0] = (char)(a << 2 | b >> 4);
  bytes[1] = (char)(b << 4 | c >> 2);
  bytes[2] = (char)(c << 6 | d);
  return 3 - padding;
}

int ps_text_from_base64(struct ps_buf *out, const char *text, size_t size)
{
  if (size % 4)
    return -EINVAL;
  size_t padding = size && text[size - 1] == '=' ? 1 + (text[size - 2] == '=') : 0;
  char run[768];
  size_t used = 0;
  for (size_t i = 0; i < size; i += 4) {
    size_t length = decode_group(text + i, i + 4 == size ? padding : 0, run + used);
    if (!length)
      return -EINVAL;
    used += length;
    if (used + 3 > sizeof run || i + 4 == size) {
      if (ps_buf_append(out, run, used))
        return -ENOMEM;
      used = 0;
    }
  }
  return ps_buf_append(out, "", 0);
}

/* ---- Words */

/* Longer ones are not compared: no key or name that we know is. */
#define WORD_MAX 64

static size_t least(size_t a, size_t b)
{
  return a < b ? a : b;
}

/* How many letters to change, add, leave out or swap with the next until `a` is `b` (optimal string alignment). */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
  size_t rows[3][WORD_MAX + 1];
  for (size_t k = 0; k <= b_size; k++)
    rows[0][k] = k;
  for (size_t i = 1; i <= a_size; i++) {
    size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
    row[0] = i;
    for (size_t k = 1; k <= b_size; k++) {
      row[k] = least(least(above[k], row[k - 1]) + 1, above[k - 1] + (a[i - 1] != b[k - 1]));
      if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
        row[k] = least(row[k], before[k - 2] + 1);
    }
  }
  return rows[a_size % 3][b_size];
}

/* How far `word` is from `known`; 3 and more is too far. */
static size_t strangeness(const char *word, const char *known)
{
  size_t size = strlen(word), known_size = strlen(known), shorter = least(size, known_size);
  if (size > WORD_MAX || known_size > WORD_MAX)
    return 3;
  size_t steps = distance(word, size, known, known_size);
  if (steps <= 2 && 3 * steps <= (size > known_size ? size : known_size))
    return steps;
  return shorter >= 3 && strncmp(word, known, shorter) == 0 ? 2 : 3;
}

const char *ps_text_nearest(const char *word, const char *const *words, size_t count)
{
  const char *nearest = NULL;
  size_t best = 3;
  for (size_t i = 0; i < count; i++) {
    size_t strange = strangeness(word, words[i]);
    if (strange < best) {
      best = strange;
      nearest = words[i];
    }
  }
  return nearest;
}

/* Of C1, in the first of its two bytes. */
static bool is_c1(const char *text)
{
  return (unsigned char)text[0] == 0xc2 && (unsigned char)text[1] >= 0x80 && (unsigned char)text[1] < 0xa0;
}

void ps_text_hide_controls(char *text)
{
  for (; *text; text++) {
    if (is_c1(text))
      *text++ = '?', *text = '?';
    else if (ps_text_is_control(*text))
      *text = '?';
  }
}

void ps_text_clean(char *text)
{
  text[ps_text_whole_utf8(text, strlen(text))] = '\0';
  ps_text_hide_controls(text);
  for (text += ps_text_utf8_size(text, strlen(text)); *text; text += ps_text_utf8_size(text, strlen(text)))
    *text = '?';
}

void ps_text_vsay(char *words, size_t size, const char *format, va_list arguments)
{
  vsnprintf(words, size, format, arguments);
  ps_text_clean(words);
}

void ps_text_say(char *words, size_t size, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  ps_text_vsay(words, size, format, arguments);
  va_end(arguments);
}
