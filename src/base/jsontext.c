/* Walking through JSON that was found valid: it is relied on, so that no more is done than to skip. Where a value ends
 * is told by its first byte and its quotes and brackets. */
#include "base/jsontext.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/* ---- The characters of a string */

static bool is_space(char c)
{
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static unsigned hex_digit(char c)
{
  return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

/* Of "\uXXXX", which is valid. */
static uint32_t escaped_unit(const char *escape)
{
  return hex_digit(escape[2]) << 12 | hex_digit(escape[3]) << 8 | hex_digit(escape[4]) << 4 | hex_digit(escape[5]);
}

static bool is_surrogate(uint32_t code)
{
  return code >= 0xd800 && code <= 0xdfff;
}

static size_t encode(uint32_t code, char bytes[4])
{
  size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (size_t i = size - 1; i > 0; i--, code >>= 6)
    bytes[i] = (char)(0x80 | (code & 0x3f));
  static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
  bytes[0] = (char)(marks[size] | code);
  return size;
}

/* What the escape at `*at` stands for, and past it. A lone surrogate is encoded like a character, so that two of them
 * can be compared. */
static uint32_t take_escape(const char **at, const char *end)
{
  static const char plain[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
  const char *escape = *at;
  if (escape[1] != 'u') {
    *at += 2;
    return (unsigned char)meant[strchr(plain, escape[1]) - plain];
  }
  *at += 6;
  uint32_t code = escaped_unit(escape);
  bool leads = code >= 0xd800 && code <= 0xdbff && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u';
  uint32_t trail = leads ? escaped_unit(*at) : 0;
  if (trail < 0xdc00 || trail > 0xdfff)
    return code;
  *at += 6;
  return 0x10000 + ((code - 0xd800) << 10) + (trail - 0xdc00);
}

/* The bytes that a string stands for, one by one. */
struct reader {
  const char *at, *end;
  char bytes[4];
  size_t next, size; /* in `bytes`: what is left of an escape */
};

static struct reader reader_of(struct ps_jsontext_value string)
{
  return (struct reader){.at = string.text + 1, .end = string.text + string.size - 1};
}

/* -1: that was all. */
static int read_byte(struct reader *r)
{
  if (r->next == r->size) {
    if (r->at == r->end)
      return -1;
    if (*r->at != '\\')
      return (unsigned char)*r->at++;
    r->size = encode(take_escape(&r->at, r->end), r->bytes);
    r->next = 0;
  }
  return (unsigned char)r->bytes[r->next++];
}

static bool is_plain(struct ps_jsontext_value string)
{
  return !memchr(string.text, '\\', string.size);
}

int ps_jsontext_order(struct ps_jsontext_value a, struct ps_jsontext_value b)
{
  if (is_plain(a) && is_plain(b)) {
    int order = memcmp(a.text, b.text, (a.size < b.size ? a.size : b.size) - 1);
    return order ? order : (a.size > b.size) - (a.size < b.size);
  }
  struct reader x = reader_of(a), y = reader_of(b);
  int c, d;
  while ((c = read_byte(&x)) == (d = read_byte(&y)))
    if (c < 0)
      return 0;
  return c - d;
}

bool ps_jsontext_same(struct ps_jsontext_value a, struct ps_jsontext_value b)
{
  return ps_jsontext_order(a, b) == 0;
}

bool ps_jsontext_is(struct ps_jsontext_value string, const char *text)
{
  if (is_plain(string))
    return string.size == strlen(text) + 2 && memcmp(string.text + 1, text, string.size - 2) == 0;
  struct reader r = reader_of(string);
  for (; *text; text++)
    if (read_byte(&r) != (unsigned char)*text)
      return false;
  return read_byte(&r) < 0;
}

int ps_jsontext_unquote(struct ps_buf *out, struct ps_jsontext_value string)
{
  const char *at = string.text + 1, *end = string.text + string.size - 1;
  while (at < end) {
    const char *escape = memchr(at, '\\', (size_t)(end - at));
    if (ps_buf_append(out, at, (size_t)((escape ? escape : end) - at)))
      return -ENOMEM;
    at = escape ? escape : end;
    if (!escape)
      break;
    char bytes[4];
    uint32_t code = take_escape(&at, end);
    if (is_surrogate(code))
      return -EINVAL;
    if (ps_buf_append(out, bytes, encode(code, bytes)))
      return -ENOMEM;
  }
  return ps_buf_append(out, "", 0);
}

/* How `c` is written in a string; 0: as it is. */
static size_t escape_of(char c, char escape[8])
{
  static const char hex[] = "0123456789abcdef", meant[] = "\"\\\b\f\n\r\t", plain[] = "\"\\bfnrt";
  unsigned char byte = (unsigned char)c;
  const char *found = c ? strchr(meant, c) : NULL;
  memcpy(escape, (const char[]){'\\', 'u', '0', '0'}, 4);
  escape[4] = hex[byte >> 4];
  escape[5] = hex[byte & 15];
  if (found)
    escape[1] = plain[found - meant];
  return found ? 2 : 6;
}

int ps_jsontext_quote(struct ps_buf *out, const char *text, size_t size, bool quotes)
{
  const char *end = text + size;
  int error = ps_buf_reserve(out, size + 2);
  if (!error)
    error = ps_buf_append(out, "\"", quotes ? 1 : 0);
  while (!error) {
    char escape[8];
    const char *special = ps_jsontext_plain(text, end);
    error = ps_buf_append(out, text, (size_t)(special - text));
    if (error || special == end)
      break;
    error = ps_buf_append(out, escape, escape_of(*special, escape));
    text = special + 1;
  }
  return error ? error : ps_buf_append(out, "\"", quotes ? 1 : 0);
}

/* ---- Values */

size_t ps_jsontext_mark_size(const char *text, size_t size)
{
  return size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* Of each byte of `eight`, the highest bit: it is below `limit`, at most 0x80. Exact up to the first that is. */
static uint64_t below(uint64_t eight, uint64_t limit)
{
  return (eight - UINT64_C(0x0101010101010101) * limit) & ~eight & UINT64_C(0x8080808080808080);
}

const char *ps_jsontext_plain(const char *at, const char *end)
{
  const uint64_t each = UINT64_C(0x0101010101010101);
  for (uint64_t eight; end - at >= (ptrdiff_t)sizeof eight; at += sizeof eight) {
    memcpy(&eight, at, sizeof eight);
    if (below(eight, ' ') | below(eight ^ each * '"', 1) | below(eight ^ each * '\\', 1))
      break;
  }
  while (at < end && (unsigned char)*at >= ' ' && *at != '"' && *at != '\\')
    at++;
  return at;
}

static const char *skip_space(const char *at, const char *end)
{
  while (at < end && is_space(*at))
    at++;
  return at;
}

/* Past the string that begins at `at` and ends somewhere before `end`. */
static const char *skip_string(const char *at, const char *end)
{
  for (at = ps_jsontext_plain(at + 1, end); *at != '"'; at = ps_jsontext_plain(at, end))
    at += *at == '\\' ? 2 : 1;
  return at + 1;
}

static const char *skip_collection(const char *at, const char *end)
{
  for (int depth = 0;;) {
    char c = *at;
    at = c == '"' ? skip_string(at, end) : at + 1;
    depth += c == '{' || c == '[';
    depth -= c == '}' || c == ']';
    if (depth == 0)
      return at;
  }
}

static const char *skip_value(const char *at, const char *end)
{
  if (*at == '"')
    return skip_string(at, end);
  if (*at == '{' || *at == '[')
    return skip_collection(at, end);
  while (at < end && !is_space(*at) && *at != ',' && *at != ']' && *at != '}')
    at++;
  return at;
}

static struct ps_jsontext_value value_at(const char *at, const char *end)
{
  return (struct ps_jsontext_value){.text = at, .size = (size_t)(skip_value(at, end) - at)};
}

struct ps_jsontext_value ps_jsontext_root(const char *text, size_t size)
{
  return value_at(skip_space(text, text + size), text + size);
}

/* To the next item of a collection, from behind its bracket or behind an item. False: there is none. */
static bool next_item(struct ps_jsontext_value collection, const char **at)
{
  const char *end = collection.text + collection.size;
  *at = skip_space(*at ? *at : collection.text + 1, end);
  if (*at < end && **at == ',')
    *at = skip_space(*at + 1, end);
  return *at < end && **at != '}' && **at != ']';
}

bool ps_jsontext_member(struct ps_jsontext_value object, const char **at, struct ps_jsontext_value *name,
                        struct ps_jsontext_value *value)
{
  const char *end = object.text + object.size;
  if (*object.text != '{' || !next_item(object, at))
    return false;
  *name = value_at(*at, end);
  const char *colon = skip_space(name->text + name->size, end);
  *value = value_at(skip_space(colon + 1, end), end);
  *at = value->text + value->size;
  return true;
}

bool ps_jsontext_element(struct ps_jsontext_value array, const char **at, struct ps_jsontext_value *value)
{
  if (*array.text != '[' || !next_item(array, at))
    return false;
  *value = value_at(*at, array.text + array.size);
  *at = value->text + value->size;
  return true;
}

/* ---- Pointers (RFC 6901) */

bool ps_jsontext_is_pointer(const char *text, size_t size)
{
  if (size && *text != '/')
    return false;
  for (size_t i = 0; i < size; i++)
    if (text[i] == '~' && (i + 1 == size || (text[i + 1] != '0' && text[i + 1] != '1')))
      return false;
  return true;
}

/* Whether a member's name is what a step of a pointer says, with ~1 for / and ~0 for ~ in it. */
static bool is_step(struct ps_jsontext_value name, const char *step, size_t size)
{
  struct reader r = reader_of(name);
  for (size_t i = 0; i < size; i++) {
    char c = step[i];
    if (c == '~')
      c = step[++i] == '1' ? '/' : '~';
    if (read_byte(&r) != (unsigned char)c)
      return false;
  }
  return read_byte(&r) < 0;
}

static bool find_member(struct ps_jsontext_value object, const char *step, size_t size, struct ps_jsontext_value *found)
{
  bool there = false;
  struct ps_jsontext_value name, value;
  for (const char *at = NULL; ps_jsontext_member(object, &at, &name, &value);)
    if (is_step(name, step, size)) {
      *found = value;
      there = true;
    }
  return there;
}

/* Digits, and no zero before others (section 4). */
static bool find_element(struct ps_jsontext_value array, const char *step, size_t size, struct ps_jsontext_value *found)
{
  size_t index = 0;
  if (!size || size > 9 || (*step == '0' && size > 1))
    return false;
  for (size_t i = 0; i < size; i++) {
    if (step[i] < '0' || step[i] > '9')
      return false;
    index = 10 * index + (size_t)(step[i] - '0');
  }
  const char *at = NULL;
  bool there = ps_jsontext_element(array, &at, found);
  while (there && index-- > 0)
    there = ps_jsontext_element(array, &at, found);
  return there;
}

bool ps_jsontext_find(struct ps_jsontext_value value, const char *pointer, struct ps_jsontext_value *found)
{
  bool there = true;
  while (there && *pointer == '/') {
    size_t size = strcspn(++pointer, "/");
    if (*value.text == '{')
      there = find_member(value, pointer, size, &value);
    else
      there = *value.text == '[' && find_element(value, pointer, size, &value);
    pointer += size;
  }
  *found = value;
  return there;
}
