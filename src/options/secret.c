#include "options/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET_MAX 65536

static int check_bytes(struct ps_file_reader *reader, const char *text, size_t size)
{
  if (memchr(text, '\0', size))
    return ps_file_refuse(reader, "it holds a NUL character");
  if (memchr(text, '\r', size) || memchr(text, '\n', size))
    return ps_file_refuse(reader, "it holds a line break");
  return 0;
}

int ps_file_check_clean(struct ps_file_reader *reader, struct json_object *string)
{
  return check_bytes(reader, json_object_get_string(string), (size_t)json_object_get_string_len(string));
}

void ps_secret_free(char *secret)
{
  if (secret)
    explicit_bzero(secret, strlen(secret));
  free(secret);
}

/* ---- From a file */

/* Reads to the end, or one byte more than `most`. */
static int read_all(int fd, size_t most, struct ps_buf *content)
{
  char block[4096];
  while (content->size <= most) {
    ssize_t got = read(fd, block, sizeof block);
    if (got == 0)
      return 0;
    if (got < 0 && errno != EINTR)
      return -errno;
    if (got > 0 && ps_buf_append(content, block, (size_t)got))
      return -ENOMEM;
  }
  return -EFBIG;
}

int ps_file_load(struct ps_file_reader *reader, const char *path, size_t most, struct ps_buf *content)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  int error = fd < 0 ? -errno : read_all(fd, most, content);
  if (fd >= 0)
    close(fd);
  if (error == -EFBIG)
    return ps_file_refuse(reader, "'%.200s' is longer than %zu KiB", path, most >> 10);
  if (error && error != -ENOMEM)
    return ps_file_refuse(reader, "cannot read '%.200s': %s", path, strerror(-error));
  return error;
}

/* The line break that an editor leaves at the end is not part of the secret. There is something in `content`. */
static void strip_line_end(struct ps_buf *content)
{
  if (content->data[content->size - 1] != '\n')
    return;
  content->size--;
  if (content->size && content->data[content->size - 1] == '\r')
    content->size--;
  content->data[content->size] = '\0';
}

static int secret_from_file(struct ps_file_reader *reader, const char *path, char **secret)
{
  struct ps_buf content = {0};
  int result = ps_file_load(reader, path, SECRET_MAX, &content);
  if (!result && content.data)
    strip_line_end(&content);
  if (!result && (!content.data || !content.size))
    result = ps_file_refuse(reader, "'%.200s' is empty", path);
  if (!result && content.data)
    result = check_bytes(reader, content.data, content.size);
  if (!result && content.data)
    result = (*secret = strdup(content.data)) ? 0 : -ENOMEM;
  if (content.data)
    explicit_bzero(content.data, content.size);
  ps_buf_fini(&content);
  return result;
}

/* ---- From the environment */

static int secret_from_environment(struct ps_file_reader *reader, const char *name, char **secret)
{
  const char *found = getenv(name);
  if (strpbrk(name, " :;=@"))
    return ps_file_refuse(reader, "it must be the name of an environment variable, such as API_TOKEN");
  if (!found || !*found)
    return ps_file_refuse(reader, "the environment variable %.200s is %s", name, found ? "empty" : "not set");
  int result = check_bytes(reader, found, strlen(found));
  if (result)
    return result;
  *secret = strdup(found);
  return *secret ? 0 : -ENOMEM;
}

/* ---- The object */

struct source {
  const char *env, *file; /* json-c's */
};

static int take_source(struct ps_file_reader *reader, const char *name, struct json_object *value, void *into)
{
  struct source *source = into;
  const char **where = strcmp(name, "env") == 0 ? &source->env : &source->file;
  if (where == &source->file && strcmp(name, "file") != 0)
    return ps_file_refuse_member(reader, name, "env", "file");
  if (!json_object_is_type(value, json_type_string))
    return ps_file_mismatch(reader, value, "is not a string; write \"...\"");
  int result = ps_file_check_clean(reader, value);
  if (!result && !json_object_get_string_len(value))
    result = ps_file_refuse(reader, "it is empty");
  *where = json_object_get_string(value);
  return result;
}

int ps_file_secret(struct ps_file_reader *reader, struct json_object *value, char **secret)
{
  struct source source = {0};
  *secret = NULL;
  if (!json_object_is_type(value, json_type_object))
    return ps_file_refuse(reader, "it is neither a string nor an object; " PS_SECRET_SPELLINGS);
  int result = ps_file_members(reader, take_source, value, &source);
  if (result)
    return result;
  if (!source.env == !source.file)
    return ps_file_refuse(reader, "it must have either env or file; " PS_SECRET_SPELLINGS);
  return source.env ? secret_from_environment(reader, source.env, secret)
                    : secret_from_file(reader, source.file, secret);
}
