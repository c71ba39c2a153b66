/* Whether a text is JSON: one recursive descent over the grammar of RFC 8259, bounded in depth. What is wrong is said
 * in words for the person who wrote it. */
#include "base/jsontext.h"

#include "base/text.h"

#include <errno.h>
#include <string.h>

struct scan {
  const char *at, *end;
  struct ps_buf *out; /* NULL: the text is only looked at */
  const char *kept;   /* up to here it has been appended to `out` */
  bool no_memory, unique;
  bool nul; /* the string that was scanned holds one */
  int depth;
  const char *wrong; /* words for what stands at `at` */
};

static int scan_value(struct scan *s, const char *open);

static bool is_space(char c)
{
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int fail(struct scan *s, const char *words)
{
  s->wrong = words;
  return -EINVAL;
}

static bool next_is(const struct scan *s, char c)
{
  return s->at < s->end && *s->at == c;
}

static bool next_is_digit(const struct scan *s)
{
  return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

static void keep(struct scan *s)
{
  if (s->out && ps_buf_append(s->out, s->kept, (size_t)(s->at - s->kept)))
    s->no_memory = true;
}

static void scan_space(struct scan *s)
{
  if (s->at == s->end || !is_space(*s->at))
    return;
  keep(s);
  while (s->at < s->end && is_space(*s->at))
    s->at++;
  s->kept = s->at;
}

static int scan_digits(struct scan *s)
{
  if (!next_is_digit(s))
    return fail(s, "a number wants a digit here");
  while (next_is_digit(s))
    s->at++;
  return 0;
}

static int scan_integer(struct scan *s)
{
  if (!next_is(s, '0'))
    return scan_digits(s);
  s->at++;
  if (next_is_digit(s))
    return fail(s, "a number does not begin with a zero: write 7, not 07");
  return next_is(s, 'x') || next_is(s, 'X') ? fail(s, "hexadecimal numbers are not JSON") : 0;
}

static int scan_number(struct scan *s)
{
  if (next_is(s, '-'))
    s->at++;
  int error = scan_integer(s);
  if (!error && next_is(s, '.')) {
    s->at++;
    error = scan_digits(s);
  }
  if (!error && (next_is(s, 'e') || next_is(s, 'E'))) {
    s->at++;
    if (next_is(s, '+') || next_is(s, '-'))
      s->at++;
    error = scan_digits(s);
  }
  return error;
}

/* After a backslash. */
static int scan_escape(struct scan *s)
{
  if (s->at == s->end || !*s->at || !strchr("\"\\/bfnrtu", *s->at))
    return fail(s, "after a backslash in a string comes one of \" \\ / b f n r t u");
  if (*s->at++ != 'u')
    return 0;
  for (int i = 0; i < 4; i++, s->at++)
    if (s->at == s->end || !*s->at || !strchr("0123456789abcdefABCDEF", *s->at))
      return fail(s, "\\u wants four hexadecimal digits");
  s->nul |= memcmp(s->at - 4, "0000", 4) == 0;
  return 0;
}

static int wrong_in_string(struct scan *s)
{
  if (s->at == s->end)
    return fail(s, "a string is not closed: its second double quote is missing");
  if (*s->at == '\n' || *s->at == '\r')
    return fail(s, "a string is not closed on its line, or has a line break in it: write \\n");
  return fail(s, "a control character in a string: write \\t for a tab, \\u and four digits for others");
}

static int scan_string(struct scan *s)
{
  s->at = ps_jsontext_plain(s->at + 1, s->end);
  while (next_is(s, '\\')) {
    s->at++;
    if (scan_escape(s))
      return -EINVAL;
    s->at = ps_jsontext_plain(s->at, s->end);
  }
  if (!next_is(s, '"'))
    return wrong_in_string(s);
  s->at++;
  return 0;
}

/* Why a name must not stand in its object, or NULL. Names are compared with all before them, by walking there again. */
static const char *wrong_name(const char *open, struct ps_jsontext_value name)
{
  struct ps_jsontext_value before = {.text = open, .size = (size_t)(name.text - open)}, other, value;
  const char *at = NULL;
  for (unsigned count = 1; ps_jsontext_member(before, &at, &other, &value); count++) {
    if (ps_jsontext_same(other, name))
      return "this name stands twice in one object";
    if (count == PS_JSONTEXT_UNIQUE_MAX)
      return "too many members in one object";
  }
  return NULL;
}

static int scan_name(struct scan *s, const char *open)
{
  if (!next_is(s, '"'))
    return fail(s, next_is(s, '\'')  ? "a name wants double quotes, not single ones"
                   : next_is(s, '}') ? "a comma too many, or a member is missing"
                   : next_is(s, ',') ? "a comma too many, or a member is missing"
                   : s->at == s->end ? "it ends before the closing }"
                                     : "a name in double quotes should stand here");
  const char *from = s->at;
  s->nul = false;
  if (scan_string(s))
    return -EINVAL;
  struct ps_jsontext_value name = {.text = from, .size = (size_t)(s->at - from)};
  const char *words = s->nul ? "a name holds \\u0000" : NULL;
  if (!words && s->unique)
    words = wrong_name(open, name);
  if (!words)
    return 0;
  s->at = from;
  return fail(s, words);
}

static int scan_member(struct scan *s, const char *open)
{
  scan_space(s);
  if (scan_name(s, open))
    return -EINVAL;
  scan_space(s);
  if (!next_is(s, ':'))
    return fail(s, "a colon is missing after a name");
  s->at++;
  return scan_value(s, open);
}

static int wrong_close(struct scan *s, char close)
{
  if (s->at == s->end)
    return fail(s, close == '}' ? "it ends before the closing }" : "it ends before the closing ]");
  if (next_is(s, '}') || next_is(s, ']'))
    return fail(s, close == '}' ? "a closing } should stand here" : "a closing ] should stand here");
  return fail(s, "a comma is missing");
}

/* An array or an object: `item` between commas, up to `close`. */
static int scan_collection(struct scan *s, char close, int (*item)(struct scan *s, const char *open))
{
  const char *open = s->at;
  if (++s->depth > PS_JSONTEXT_DEPTH) {
    fail(s, "it is nested too deep");
    return -E2BIG;
  }
  s->at++;
  scan_space(s);
  if (!next_is(s, close)) {
    int error = item(s, open);
    while (!error && (scan_space(s), next_is(s, ','))) {
      s->at++;
      error = item(s, open);
    }
    if (error)
      return error;
  }
  if (!next_is(s, close))
    return wrong_close(s, close);
  s->at++;
  s->depth--;
  return 0;
}

static bool begins(const struct scan *s, const char *word)
{
  size_t size = strlen(word);
  return (size_t)(s->end - s->at) >= size && memcmp(s->at, word, size) == 0;
}

static int scan_literal(struct scan *s, const char *word)
{
  if (!begins(s, word))
    return fail(s, "a word that is not JSON: texts want double quotes");
  s->at += strlen(word);
  return 0;
}

/* What people write where a value should stand. */
static int wrong_value(struct scan *s)
{
  static const struct {
    const char *begin, *words;
  } known[] = {
      {"'", "a string wants double quotes, not single ones"},
      {",", "a comma too many, or a value is missing"},
      {"]", "a comma too many, or a value is missing"},
      {"}", "a comma too many, or a value is missing"},
      {"NaN", "NaN is not JSON"},
      {"Infinity", "Infinity is not JSON"},
      {"True", "true, false and null are written in small letters"},
      {"TRUE", "true, false and null are written in small letters"},
      {"False", "true, false and null are written in small letters"},
      {"FALSE", "true, false and null are written in small letters"},
      {"None", "None is not JSON: write null"},
      {"Null", "true, false and null are written in small letters"},
      {"NULL", "true, false and null are written in small letters"},
      {"+", "a number has no + before it"},
      {".", "a number wants a digit before its point"},
      {"/", "JSON has no comments"},
      {"#", "JSON has no comments"},
      {"\xef\xbb\xbf", "a byte order mark, which JSON does not have"},
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (begins(s, known[i].begin))
      return fail(s, known[i].words);
  return fail(s, s->at == s->end ? "it ends where a value should stand"
                                 : "no JSON value begins like this: texts want double quotes");
}

/* `open` is the collection it is an item of, which only names need. */
static int scan_value(struct scan *s, const char *open)
{
  (void)open;
  scan_space(s);
  switch (s->at < s->end ? *s->at : '\0') {
  case '{':
    return scan_collection(s, '}', scan_member);
  case '[':
    return scan_collection(s, ']', scan_value);
  case '"':
    return scan_string(s);
  case 't':
    return scan_literal(s, "true");
  case 'f':
    return scan_literal(s, "false");
  case 'n':
    return scan_literal(s, "null");
  default:
    return next_is_digit(s) || next_is(s, '-') ? scan_number(s) : wrong_value(s);
  }
}

static int scan_text(struct scan *s)
{
  size_t valid = ps_text_utf8_size(s->at, (size_t)(s->end - s->at));
  if (s->at + valid < s->end) {
    s->at += valid;
    return fail(s, "a byte that is not UTF-8");
  }
  int error = scan_value(s, NULL);
  if (error)
    return error;
  scan_space(s);
  keep(s);
  return s->at == s->end ? 0 : fail(s, "something follows after the end");
}

int ps_jsontext_compact(struct ps_buf *out, const char *text, size_t size)
{
  struct scan s = {.at = text, .end = text + size, .out = out, .kept = text};
  int error = scan_text(&s);
  return error ? error : s.no_memory ? -ENOMEM : 0;
}

int ps_jsontext_check(const char *text, size_t size, bool unique, struct ps_jsontext_fault *fault)
{
  struct scan s = {.at = text, .end = text + size, .unique = unique};
  int error = scan_text(&s);
  if (error && fault)
    *fault = (struct ps_jsontext_fault){.offset = (size_t)(s.at - text), .words = s.wrong};
  return error;
}
