/* Whether a text is JSON: one walk over the grammar of RFC 8259, which keeps the kinds of the collections that are open
 * in a list of its own, since the threads that run requests have small stacks. What is wrong is said in words for the
 * person who wrote it. */
#include "base/jsontext.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The names of all objects that are open, those of one behind those of the object around it. */
struct names {
  struct ps_jsontext_value *list;
  size_t count, room;
  size_t first[PS_JSONTEXT_DEPTH]; /* where those of the collection at each depth begin */
  const char *twice;               /* the first in the text that its object has had before; NULL: none was found yet */
};

struct scan {
  const char *at, *end;
  struct ps_buf *out; /* NULL: the text is only looked at */
  const char *kept;   /* up to here it has been appended to `out` */
  bool no_memory;
  bool nul;            /* the string that was scanned holds one */
  struct names *names; /* NULL: they need not be unique */
  unsigned depth;
  char close[PS_JSONTEXT_DEPTH]; /* the brackets that are to come, the innermost last */
  const char *wrong;             /* words for what stands at `at` */
};

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

/* By their characters, and those that have the same as they come in the text. */
static int order_of_names(const void *a, const void *b)
{
  const struct ps_jsontext_value *x = a, *y = b;
  int order = ps_jsontext_order(*x, *y);
  return order ? order : (x->text > y->text) - (x->text < y->text);
}

static int add_name(struct names *names, struct ps_jsontext_value name)
{
  if (names->count == names->room) {
    size_t room = names->room ? 2 * names->room : 64;
    struct ps_jsontext_value *list = realloc(names->list, room * sizeof *list);
    if (!list)
      return -ENOMEM;
    names->list = list;
    names->room = room;
  }
  names->list[names->count++] = name;
  return 0;
}

/* The object at this depth has ended, with all of its names. */
static void drop_names(struct names *names, unsigned depth)
{
  size_t first = names->first[depth], count = names->count - first;
  names->count = first;
  if (count < 2)
    return;
  struct ps_jsontext_value *list = names->list + first;
  qsort(list, count, sizeof *list, order_of_names);
  for (size_t i = 1; i < count; i++)
    if ((!names->twice || list[i].text < names->twice) && ps_jsontext_same(list[i - 1], list[i]))
      names->twice = list[i].text;
}

static int scan_name(struct scan *s)
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
  if (s->nul) {
    s->at = from;
    fail(s, "a name holds \\u0000");
    return -ENOTSUP;
  }
  return s->names ? add_name(s->names, (struct ps_jsontext_value){from, (size_t)(s->at - from)}) : 0;
}

static int wrong_close(struct scan *s, char close)
{
  if (s->at == s->end)
    return fail(s, close == '}' ? "it ends before the closing }" : "it ends before the closing ]");
  if (next_is(s, '}') || next_is(s, ']'))
    return fail(s, close == '}' ? "a closing } should stand here" : "a closing ] should stand here");
  return fail(s, "a comma is missing");
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

static int scan_scalar(struct scan *s)
{
  switch (s->at < s->end ? *s->at : '\0') {
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

static int open_collection(struct scan *s)
{
  if (s->depth == PS_JSONTEXT_DEPTH) {
    fail(s, PS_JSONTEXT_TOO_DEEP);
    return -E2BIG;
  }
  if (s->names)
    s->names->first[s->depth] = s->names->count;
  s->close[s->depth++] = *s->at++ == '{' ? '}' : ']';
  scan_space(s);
  return 0;
}

static bool at_close(const struct scan *s)
{
  return next_is(s, s->close[s->depth - 1]);
}

static void close_collection(struct scan *s)
{
  s->at++;
  s->depth--;
  if (s->names)
    drop_names(s->names, s->depth);
}

/* In a collection that is open and has an item more: up to where its value begins. */
static int begin_item(struct scan *s)
{
  if (s->close[s->depth - 1] == ']')
    return 0;
  scan_space(s);
  int error = scan_name(s);
  if (error)
    return error;
  scan_space(s);
  if (!next_is(s, ':'))
    return fail(s, "a colon is missing after a name");
  s->at++;
  return 0;
}

/* A value has ended: past whatever ends with it, to where the next begins or, at depth 0, to the end. */
static int end_value(struct scan *s)
{
  while (s->depth) {
    scan_space(s);
    if (next_is(s, ',')) {
      s->at++;
      return begin_item(s);
    }
    if (!at_close(s))
      return wrong_close(s, s->close[s->depth - 1]);
    close_collection(s);
  }
  return 0;
}

static int scan_value(struct scan *s)
{
  int error;
  do {
    scan_space(s);
    bool collection = next_is(s, '{') || next_is(s, '[');
    error = collection ? open_collection(s) : scan_scalar(s);
    if (!error)
      error = collection && !at_close(s) ? begin_item(s) : end_value(s);
  } while (!error && s->depth);
  return error;
}

static int scan_text(struct scan *s)
{
  size_t valid = ps_text_utf8_size(s->at, (size_t)(s->end - s->at));
  if (s->at + valid < s->end) {
    s->at += valid;
    return fail(s, "a byte that is not UTF-8");
  }
  int error = scan_value(s);
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

/* The whole is looked at first: what is no JSON is more than a name too many. */
static int scan_unique(struct scan *s)
{
  s->names = calloc(1, sizeof *s->names);
  int error = s->names ? scan_text(s) : -ENOMEM;
  if (!error && s->names->twice) {
    s->at = s->names->twice;
    fail(s, "this name stands twice in one object");
    error = -ENOTSUP;
  }
  if (s->names)
    free(s->names->list);
  free(s->names);
  return error;
}

int ps_jsontext_check(const char *text, size_t size, bool unique, struct ps_jsontext_fault *fault)
{
  struct scan s = {.at = text, .end = text + size};
  int error = unique ? scan_unique(&s) : scan_text(&s);
  if (error && error != -ENOMEM && fault)
    *fault = (struct ps_jsontext_fault){.offset = (size_t)(s.at - text), .words = s.wrong};
  return error;
}

size_t ps_jsontext_begin(const char *text, size_t size)
{
  struct scan s = {.at = text, .end = text + size};
  bool valid = size && !is_space(*text) && !scan_value(&s) && ps_text_is_utf8(text, (size_t)(s.at - text));
  return valid ? (size_t)(s.at - text) : 0;
}

const char *ps_jsontext_blame(int error)
{
  return error == -EINVAL ? "it is not JSON: " : "";
}
