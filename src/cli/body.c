/* curl's meaning, to the letter: -d @file drops CR, LF and NUL; --data-binary and --json take a file as it is;
 * --data-raw knows no "@"; --data-urlencode escapes what it has or reads, but not a name before it; repeats are joined by
 * "&", but a --json is joined by nothing. */
#include "cli/body.h"

#include "base/ascii.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define HEADER_FILE_MAX ((size_t)1 << 20)

/* A file that is nothing but what is stripped could go on for ever. */
#define STRIPPED_MAX ((size_t)16 << 20)

static bool append(struct ps_buf *into, const char *data, size_t size)
{
  return ps_buf_append(into, data, size) == 0 || ps_cli_lack_memory();
}

static bool append_stripped(struct ps_buf *into, const char *data, size_t size)
{
  for (size_t i = 0; i < size; i++)
    if (data[i] != '\r' && data[i] != '\n' && data[i] != '\0' && !append(into, data + i, 1))
      return false;
  return true;
}

/* `option` is the one that sets the limit, to be named; NULL: none does. */
struct source {
  const char *path;
  bool strip;
  size_t limit;
  const char *option;
};

static bool read_all(FILE *file, const struct source *from, const char *name, struct ps_buf *into)
{
  char block[65536];
  size_t total = 0;
  for (size_t size; (size = fread(block, 1, sizeof block, file));) {
    if (!(from->strip ? append_stripped(into, block, size) : append(into, block, size)))
      return false;
    total += size;
    if (into->size > from->limit || total > from->limit + STRIPPED_MAX)
      return ps_cli_complain("%s: more than %zu bytes%s", name, from->limit, from->option ? from->option : "");
  }
  return ferror(file) ? ps_cli_complain("%s: %s", name, ps_cli_why(errno)) : true;
}

/* A whole file, or standard input for "-". */
static bool read_source(struct ps_cli_settings *settings, const struct source *from, struct ps_buf *into)
{
  if (!*from->path)
    return ps_cli_complain("@ names no file; write @FILE, or @- for standard input");
  if (strcmp(from->path, "-") == 0) {
    settings->stdin_used = true;
    return read_all(stdin, from, "standard input", into);
  }
  FILE *file = fopen(from->path, "re");
  if (!file)
    return ps_cli_complain("%s: %s", from->path, ps_cli_why(errno));
  bool done = read_all(file, from, from->path, into);
  fclose(file);
  return done;
}

bool ps_cli_load_file(struct ps_cli_settings *settings, const char *path, size_t limit, struct ps_buf *into)
{
  return read_source(settings, &(struct source){.path = path, .limit = limit}, into);
}

/* As a form has it: what RFC 3986, 2.3, calls unreserved is kept, and a space is a "+" (RFC 1866, 8.2.1). */
static bool append_escaped(struct ps_buf *into, const char *data, size_t size)
{
  static const char digits[] = "0123456789ABCDEF";
  bool done = true;
  for (size_t i = 0; done && i < size; i++) {
    unsigned char c = (unsigned char)data[i];
    const char escaped[] = {'%', digits[c >> 4], digits[c & 15]};
    if (ps_ascii_is_letter(data[i]) || ps_ascii_is_digit(data[i]) || (c && strchr("-._~", c)))
      done = append(into, data + i, 1);
    else
      done = c == ' ' ? append(into, "+", 1) : append(into, escaped, sizeof escaped);
  }
  return done;
}

/* CONTENT, =CONTENT, NAME=CONTENT, @FILE or NAME@FILE: "=" comes before "@". As with curl, a file that is empty takes its
 * name with it. */
static bool append_urlencoded(struct ps_cli_settings *settings, const char *text)
{
  struct ps_buf *body = &settings->body, read = {0};
  const char *mark = strchr(text, '='), *content;
  mark = mark ? mark : strchr(text, '@');
  content = mark ? mark + 1 : text;
  bool is_file = mark && *mark == '@', done = true;
  const struct source from = {.path = content, .limit = settings->options.sender.max_body, .option = " (--max-body)"};
  if (is_file)
    done = read_source(settings, &from, &read);
  if (done && mark && mark > text && (!is_file || read.size))
    done = append(body, text, (size_t)(mark - text)) && append(body, "=", 1);
  if (done)
    done = is_file ? append_escaped(body, read.data, read.size) : append_escaped(body, content, strlen(content));
  ps_buf_fini(&read);
  return done;
}

static bool append_piece(struct ps_cli_settings *settings, const struct ps_piece *piece)
{
  enum ps_data data = piece->option->data;
  if (data == PS_DATA_URLENCODE)
    return append_urlencoded(settings, piece->text);
  if (data == PS_DATA_RAW || piece->text[0] != '@')
    return append(&settings->body, piece->text, strlen(piece->text));
  const struct source from = {.path = piece->text + 1,
                              .strip = data == PS_DATA_FORM,
                              .limit = settings->options.sender.max_body,
                              .option = " (--max-body)"};
  return read_source(settings, &from, &settings->body);
}

bool ps_cli_load_body(struct ps_cli_settings *settings)
{
  struct ps_buf *body = &settings->body;
  const struct ps_pieces *pieces = &settings->options.program.data;
  size_t limit = settings->options.sender.max_body;
  bool done = true;
  for (size_t i = 0; done && i < pieces->count; i++) {
    const struct ps_piece *piece = &pieces->items[i];
    if (i > 0 && piece->option->data != PS_DATA_JSON)
      done = append(body, "&", 1);
    done = done && append(body, "", 0) && append_piece(settings, piece);
  }
  if (done && body->size > limit)
    return ps_cli_complain("the body is longer than %zu bytes (--max-body)", limit);
  return done;
}

static bool take_line(struct ps_cli_settings *settings, const char *path, const char *line, size_t size,
                      ps_cli_take_header *take)
{
  while (size && (line[size - 1] == '\n' || line[size - 1] == '\r'))
    size--;
  if (size == 0)
    return true;
  if (memchr(line, '\0', size))
    return ps_cli_complain("%s: a header holds a NUL byte", path);
  char *copy = strndup(line, size);
  bool done = copy ? take(settings, copy) : ps_cli_lack_memory();
  free(copy);
  return done;
}

bool ps_cli_load_headers(struct ps_cli_settings *settings, const char *path, ps_cli_take_header *take)
{
  struct ps_buf text = {0};
  bool done = ps_cli_load_file(settings, path, HEADER_FILE_MAX, &text);
  for (size_t at = 0; done && at < text.size;) {
    const char *newline = memchr(text.data + at, '\n', text.size - at);
    size_t size = newline ? (size_t)(newline - text.data) - at + 1 : text.size - at;
    done = take_line(settings, path, text.data + at, size, take);
    at += size;
  }
  ps_buf_fini(&text);
  return done;
}
