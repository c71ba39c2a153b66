#include "net/template.h"

#include "base/ascii.h"
#include "base/text.h"
#include "net/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where a value stands. */
enum place { AS_VALUE, IN_STRING, IN_HEADER, IN_PATH, IN_QUERY };

/* Text as it stands, and the value after it. */
struct ps_template_piece {
  char *literal;
  size_t size;
  char *pointer; /* NULL: the text ends here */
  enum place place;
};

/* ---- Taking a template apart */

struct parser {
  struct ps_template *template;
  struct ps_error *error;
  const char *from; /* what follows is in no piece yet */
};

static int add_piece(struct parser *p, const char *end, char *pointer, enum place place)
{
  struct ps_template *template = p->template;
  if (template->count == template->room) {
    size_t room = template->room ? 2 * template->room : 4;
    struct ps_template_piece *pieces = realloc(template->pieces, room * sizeof *pieces);
    if (!pieces)
      return -ENOMEM;
    template->pieces = pieces;
    template->room = room;
  }
  size_t size = (size_t)(end - p->from);
  char *literal = malloc(size + 1);
  if (!literal)
    return -ENOMEM;
  memcpy(literal, p->from, size);
  literal[size] = '\0';
  template->pieces[template->count++] =
      (struct ps_template_piece){.literal = literal, .size = size, .pointer = pointer, .place = place};
  return 0;
}

static const char *kind_name(enum ps_template_kind kind)
{
  static const char *const names[] = {[PS_TEMPLATE_BODY] = "body template",
                                      [PS_TEMPLATE_HEADER] = "header template",
                                      [PS_TEMPLATE_URL] = "URL template"};
  return names[kind];
}

static int refuse_pointer(const struct parser *p, const char *pointer, size_t size)
{
  const char *kind = kind_name(p->template->kind), *meant = pointer;
  int shown = size > 100 ? 100 : (int)size;
  if (!size)
    return ps_refuse(p->error, "%s: {{}}, the whole message, can only stand in a body; write {{/name}}", kind);
  if (*pointer == '/')
    return ps_refuse(p->error, "%s: {{%.*s}}: in a JSON pointer, ~ is written ~0 and / in a name ~1", kind, shown,
                     pointer);
  while (meant < pointer + shown && strchr(" .$#{/", *meant))
    meant++;
  int length = (int)(pointer + shown - meant);
  while (length > 0 && meant[length - 1] == ' ')
    length--;
  return ps_refuse(p->error, "%s: {{%.*s}} is no JSON pointer, which begins with /: write {{/%.*s}}", kind, shown,
                   pointer, length, meant);
}

/* The pointer between the braces; in a body, where it stands in a JSON string, with its escapes undone. */
static int read_pointer(const struct parser *p, const char *text, size_t size, char **pointer)
{
  bool body = p->template->kind == PS_TEMPLATE_BODY;
  struct ps_buf plain = {0};
  int result = body ? ps_jsontext_unquote(&plain, (struct ps_jsontext_value){text - 1, size + 2})
                    : ps_buf_append(&plain, text, size);
  if (!result && (!ps_jsontext_is_pointer(plain.data, plain.size) || (!body && !size)))
    result = refuse_pointer(p, plain.data, plain.size);
  else if (!result && strlen(plain.data) != plain.size)
    result = ps_refuse(p->error, "body template: a placeholder holds \\u0000, which no name may");
  else if (result == -EINVAL)
    ps_refuse(p->error, "body template: a placeholder holds half a surrogate pair");
  if (result)
    ps_buf_fini(&plain);
  *pointer = plain.data;
  return result;
}

/* The placeholder that begins at `open`. It stands for the whole of a string: then the quotes go with it. */
static int add_placeholder(struct parser *p, const char *open, const char *close, enum place place)
{
  char *pointer = NULL;
  int result = read_pointer(p, open + 2, (size_t)(close - open - 2), &pointer);
  if (result)
    return result;
  bool quotes = place == AS_VALUE;
  result = add_piece(p, open - quotes, pointer, place);
  if (result)
    free(pointer);
  p->from = close + 2 + quotes;
  return result;
}

/* The next "{{" in a stretch of text, and its "}}". 1: found; 0: there is none. */
static int next_placeholder(const struct parser *p, const char *at, const char *end, const char **open,
                            const char **close)
{
  *open = memmem(at, (size_t)(end - at), PS_TEMPLATE_OPEN, 2);
  if (!*open)
    return 0;
  *close = memmem(*open + 2, (size_t)(end - *open - 2), "}}", 2);
  if (*close)
    return 1;
  return ps_refuse(p->error, "%s: a placeholder is not closed: {{ without }} after it; write {{/name}}",
                   kind_name(p->template->kind));
}

static int parse_string(struct parser *p, struct ps_jsontext_value string, bool is_name)
{
  const char *at = string.text + 1, *end = string.text + string.size - 1, *open, *close;
  int found;
  while ((found = next_placeholder(p, at, end, &open, &close)) > 0) {
    if (is_name)
      return ps_refuse(p->error, "body template: a placeholder cannot stand in a member's name, only in its value");
    bool whole = open == string.text + 1 && close + 2 == end;
    int result = add_placeholder(p, open, close, whole ? AS_VALUE : IN_STRING);
    if (result)
      return result;
    at = close + 2;
  }
  return found;
}

/* Every quote outside of a string begins one. */
static int parse_body(struct parser *p, const char *text, size_t size)
{
  struct ps_jsontext_fault fault;
  int error = ps_jsontext_check(text, size, false, &fault);
  if (error)
    return ps_refuse(p->error, "body template: %s%s (at byte %zu)", ps_jsontext_blame(error), fault.words,
                     fault.offset + 1);
  const char *end = text + size, *quote = text;
  while ((quote = memchr(quote, '"', (size_t)(end - quote)))) {
    struct ps_jsontext_value string = ps_jsontext_root(quote, (size_t)(end - quote));
    quote += string.size;
    int result = parse_string(p, string, quote[strspn(quote, " \t\r\n")] == ':');
    if (result)
      return result;
  }
  return add_piece(p, end, NULL, AS_VALUE);
}

static int parse_header(struct parser *p, const char *text, size_t size)
{
  const char *end = text + size, *at = text, *open, *close;
  int found;
  while ((found = next_placeholder(p, at, end, &open, &close)) > 0) {
    if (!memchr(text, ':', (size_t)(open - text)))
      return ps_refuse(p->error, "header template: a placeholder stands only after 'Name:', in the value");
    int result = add_placeholder(p, open, close, IN_HEADER);
    if (result)
      return result;
    at = close + 2;
  }
  return found ? found : add_piece(p, end, NULL, IN_HEADER);
}

/* Where the path, the query or the fragment begins. */
static const char *after_authority(const char *url)
{
  const char *scheme = strstr(url, "://");
  url = scheme ? scheme + 3 : url;
  return url + strcspn(url, "/?#");
}

static int parse_url(struct parser *p, const char *text, size_t size)
{
  const char *end = text + size, *at = text, *start = after_authority(text), *open, *close;
  enum place place = IN_PATH;
  int found;
  while ((found = next_placeholder(p, at, end, &open, &close)) > 0) {
    if (open < start)
      return ps_refuse(p->error, "URL template: a placeholder stands only in the path and the query, not in the scheme "
                                 "or the host");
    if (memchr(at, '#', (size_t)(open - at)))
      return ps_refuse(p->error, "URL template: a placeholder cannot stand after #, which is not sent");
    if (memchr(at, '?', (size_t)(open - at)))
      place = IN_QUERY;
    int result = add_placeholder(p, open, close, place);
    if (result)
      return result;
    at = close + 2;
  }
  return found ? found : add_piece(p, end, NULL, place);
}

int ps_template_init(struct ps_template *template, enum ps_template_kind kind, const char *text, struct ps_error *error)
{
  static int (*const parse[])(struct parser * p, const char *text, size_t size) = {
      [PS_TEMPLATE_BODY] = parse_body, [PS_TEMPLATE_HEADER] = parse_header, [PS_TEMPLATE_URL] = parse_url};
  *template = (struct ps_template){.kind = kind};
  struct parser p = {.template = template, .error = error, .from = text};
  return parse[kind](&p, text, strlen(text));
}

void ps_template_fini(struct ps_template *template)
{
  for (size_t i = 0; i < template->count; i++) {
    free(template->pieces[i].literal);
    free(template->pieces[i].pointer);
  }
  free(template->pieces);
  *template = (struct ps_template){0};
}

bool ps_template_asks(const struct ps_template *template)
{
  return template->count && template->pieces[0].pointer;
}

int ps_template_sketch(const struct ps_template *template, struct ps_buf *out)
{
  int error = 0;
  for (size_t i = 0; i < template->count && !error; i++) {
    error = ps_buf_append(out, template->pieces[i].literal, template->pieces[i].size);
    if (!error && template->pieces[i].pointer)
      error = ps_buf_puts(out, "x");
  }
  return error;
}

/* ---- Rendering */

struct rendering {
  struct ps_buf *out;
  char *words;
  size_t size;
  const char *pointer; /* in the path: the last in a segment that has not ended yet, or NULL */
  size_t segment;      /* where that begins in `out` */
};

/* What is wrong with the value at `pointer`, which is not shown. */
static int unusable(const struct rendering *r, const char *pointer, const char *why)
{
  ps_text_say(r->words, r->size, "%.150s%s %s", pointer, *pointer ? " in the message" : "the message", why);
  return -EINVAL;
}

/* Inside of a string; what the message says in a string is escaped there already. */
static int render_in_string(struct rendering *r, struct ps_jsontext_value value)
{
  if (*value.text == '"')
    return ps_buf_append(r->out, value.text + 1, value.size - 2);
  struct ps_buf compact = {0};
  int error = ps_jsontext_compact(&compact, value.text, value.size);
  if (!error)
    error = ps_jsontext_quote(r->out, compact.data, compact.size, false);
  ps_buf_fini(&compact);
  return error;
}

/* The characters of a scalar. */
static int take_scalar(struct rendering *r, const char *pointer, struct ps_jsontext_value value, struct ps_buf *text)
{
  switch (*value.text) {
  case '{':
    return unusable(r, pointer, "is an object, which can only stand in a body");
  case '[':
    return unusable(r, pointer, "is an array, which can only stand in a body");
  case 'n':
    return unusable(r, pointer, "is null, which can only stand in a body");
  case '"':
    break;
  default:
    return ps_buf_append(text, value.text, value.size);
  }
  int error = ps_jsontext_unquote(text, value);
  return error == -EINVAL ? unusable(r, pointer, "holds half a surrogate pair, which is no character") : error;
}

static int render_in_header(struct rendering *r, const char *pointer, const struct ps_buf *text)
{
  for (size_t i = 0; i < text->size; i++)
    if (ps_text_is_control(text->data[i]))
      return unusable(r, pointer, "holds a line break or another control character, which cannot stand in a header");
  return ps_buf_append(r->out, text->data, text->size);
}

static bool is_unreserved(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}

static int append_encoded(struct ps_buf *out, const char *text, size_t size)
{
  static const char hex[] = "0123456789ABCDEF";
  int error = 0;
  for (size_t i = 0; i < size && !error; i++) {
    unsigned char byte = (unsigned char)text[i];
    char encoded[3] = {'%', hex[byte >> 4], hex[byte & 15]};
    error = is_unreserved(text[i]) ? ps_buf_append(out, text + i, 1) : ps_buf_append(out, encoded, sizeof encoded);
  }
  return error;
}

static int render_in_url(struct rendering *r, const struct ps_template_piece *piece, const struct ps_buf *text)
{
  if (piece->place == IN_PATH && !text->size)
    return unusable(r, piece->pointer, "is empty, which would change the path of the URL");
  if (piece->place == IN_PATH) {
    const char *slash = memrchr(r->out->data, '/', r->out->size);
    r->segment = (size_t)(slash + 1 - r->out->data);
    r->pointer = piece->pointer;
  }
  return append_encoded(r->out, text->data, text->size);
}

/* "." or ".." (RFC 3986, 5.2.4), "%2e" being a dot too for those who decode first. */
static bool is_dots(const char *segment, size_t size)
{
  size_t dots = 0;
  for (size_t i = 0; i < size; dots++) {
    bool encoded = size - i >= 3 && ps_ascii_equal(segment + i, "%2e", 3);
    if (!encoded && segment[i] != '.')
      return false;
    i += encoded ? 3 : 1;
  }
  return dots == 1 || dots == 2;
}

/* The path goes on with `size` bytes of the template's own at the end of `out`: whether they end a segment that a value
 * stands in. `last`: nothing follows. */
static int end_segment(struct rendering *r, size_t size, bool last)
{
  if (!r->pointer)
    return 0;
  const char *data = r->out->data, *pointer = r->pointer;
  size_t end = r->out->size - size;
  while (end < r->out->size && !strchr("/?#", data[end]))
    end++;
  if (end == r->out->size && !last)
    return 0;
  r->pointer = NULL;
  if (is_dots(data + r->segment, end - r->segment))
    return unusable(r, pointer, "makes '.' or '..' of a segment, which would change the path of the URL");
  return 0;
}

static int render_scalar(struct rendering *r, const struct ps_template_piece *piece, struct ps_jsontext_value value)
{
  struct ps_buf text = {0};
  int error = take_scalar(r, piece->pointer, value, &text);
  if (!error && piece->place == IN_HEADER)
    error = render_in_header(r, piece->pointer, &text);
  else if (!error)
    error = render_in_url(r, piece, &text);
  ps_buf_fini(&text);
  return error;
}

static int render_value(struct rendering *r, const struct ps_template_piece *piece, struct ps_jsontext_value message)
{
  struct ps_jsontext_value value;
  if (!ps_jsontext_find(message, piece->pointer, &value)) {
    ps_text_say(r->words, r->size, "the message has no %.200s", piece->pointer);
    return -EINVAL;
  }
  if (piece->place == AS_VALUE)
    return ps_buf_append(r->out, value.text, value.size);
  return piece->place == IN_STRING ? render_in_string(r, value) : render_scalar(r, piece, value);
}

int ps_template_render(const struct ps_template *template, struct ps_jsontext_value message, struct ps_buf *out,
                       char *words, size_t size)
{
  struct rendering r = {.out = out, .words = words, .size = size};
  int error = 0;
  for (size_t i = 0; i < template->count && !error; i++) {
    const struct ps_template_piece *piece = &template->pieces[i];
    error = ps_buf_append(out, piece->literal, piece->size);
    if (!error)
      error = end_segment(&r, piece->size, !piece->pointer);
    if (!error && piece->pointer)
      error = render_value(&r, piece, message);
  }
  return error;
}
