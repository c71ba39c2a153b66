/* curl's meaning, to the letter: -d @file drops CR, LF and NUL; --data-binary and --json take a file as it is;
 * --data-raw knows no "@"; repeats are joined by "&", but a --json is joined by nothing. */
#include "cli/body.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define HEADER_FILE_MAX ((size_t)1 << 20)

/* A file that is nothing but what is stripped could go on for ever. */
#define STRIPPED_MAX ((size_t)16 << 20)

struct bytes {
  char *data;
  size_t size, room;
};

static bool append(struct bytes *bytes, const char *data, size_t size)
{
  if (bytes->size + size + 1 > bytes->room) {
    size_t room = 2 * (bytes->size + size) + 64;
    char *longer = realloc(bytes->data, room);
    if (!longer)
      return ps_cli_complain("out of memory");
    bytes->data = longer;
    bytes->room = room;
  }
  if (size)
    memcpy(bytes->data + bytes->size, data, size);
  bytes->size += size;
  bytes->data[bytes->size] = '\0';
  return true;
}

static bool append_stripped(struct bytes *bytes, const char *data, size_t size)
{
  for (size_t i = 0; i < size; i++)
    if (data[i] != '\r' && data[i] != '\n' && data[i] != '\0' && !append(bytes, data + i, 1))
      return false;
  return true;
}

static bool read_all(FILE *file, const char *path, bool strip, size_t limit, struct bytes *into)
{
  char block[65536];
  size_t total = 0;
  for (size_t size; (size = fread(block, 1, sizeof block, file));) {
    if (!(strip ? append_stripped(into, block, size) : append(into, block, size)))
      return false;
    total += size;
    if (into->size > limit || total > limit + STRIPPED_MAX)
      return ps_cli_complain("%s: more than %zu bytes (--max-body)", path, limit);
  }
  return ferror(file) ? ps_cli_complain("%s: %s", path, strerror(errno)) : true;
}

/* A whole file, or standard input for "-". */
static bool read_file(const char *path, bool strip, size_t limit, struct bytes *into)
{
  if (strcmp(path, "-") == 0)
    return read_all(stdin, "standard input", strip, limit, into);
  FILE *file = fopen(path, "re");
  if (!file)
    return ps_cli_complain("%s: %s", path, strerror(errno));
  bool done = read_all(file, path, strip, limit, into);
  fclose(file);
  return done;
}

static bool append_piece(struct bytes *body, const struct ps_cli_piece *piece, size_t limit)
{
  if (piece->kind == PS_CLI_DATA_RAW || piece->text[0] != '@')
    return append(body, piece->text, strlen(piece->text));
  return read_file(piece->text + 1, piece->kind == PS_CLI_DATA, limit, body);
}

bool ps_cli_load_body(struct ps_cli_settings *settings)
{
  struct bytes body = {0};
  bool done = true;
  for (size_t i = 0; done && i < settings->piece_count; i++) {
    const struct ps_cli_piece *piece = &settings->pieces[i];
    if (i > 0 && piece->kind != PS_CLI_JSON)
      done = append(&body, "&", 1);
    done = done && append(&body, "", 0) && append_piece(&body, piece, settings->max_body);
  }
  settings->body = body.data;
  settings->body_size = body.size;
  if (done && body.size > settings->max_body)
    return ps_cli_complain("the body is longer than %zu bytes (--max-body)", settings->max_body);
  return done;
}

static bool add_header_line(struct ps_cli_settings *settings, const char *path, const char *line, size_t size)
{
  while (size && (line[size - 1] == '\n' || line[size - 1] == '\r'))
    size--;
  if (size == 0)
    return true;
  if (memchr(line, '\0', size))
    return ps_cli_complain("%s: a header holds a NUL byte", path);
  char *copy = ps_cli_own(settings, strndup(line, size));
  return copy ? ps_cli_add_text(&settings->headers, copy) : ps_cli_complain("out of memory");
}

bool ps_cli_load_headers(struct ps_cli_settings *settings, const char *path)
{
  struct bytes text = {0};
  bool done = read_file(path, false, HEADER_FILE_MAX, &text);
  for (size_t at = 0; done && at < text.size;) {
    const char *newline = memchr(text.data + at, '\n', text.size - at);
    size_t size = newline ? (size_t)(newline - text.data) - at + 1 : text.size - at;
    done = add_header_line(settings, path, text.data + at, size);
    at += size;
  }
  free(text.data);
  return done;
}
