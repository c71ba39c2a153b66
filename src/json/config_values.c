/* What single keys of a configuration file take. */
#include "json/config.h"

#include "base/values.h"
#include "core/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET_MAX 65536

/* Up to here every integer is a double. */
#define EXACT_MAX 9007199254740992.0

#define COUNT_OF(list) (sizeof(list) / sizeof *(list))

static void *field(void *into, const struct ps_config_key *key)
{
  return (char *)into + key->field;
}

static bool is_string(struct json_object *value)
{
  return json_object_is_type(value, json_type_string);
}

static bool is_number(struct json_object *value)
{
  return json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double);
}

/* ---- Texts */

static int check_clean(struct ps_config_reader *reader, const char *text, size_t size)
{
  if (memchr(text, '\0', size))
    return ps_config_refuse(reader, "it holds a NUL character");
  if (memchr(text, '\r', size) || memchr(text, '\n', size))
    return ps_config_refuse(reader, "it holds a line break");
  return 0;
}

/* Of a string. */
static int own_text(struct ps_config_reader *reader, struct json_object *string, const char **text)
{
  const char *found = json_object_get_string(string);
  int result = check_clean(reader, found, (size_t)json_object_get_string_len(string));
  if (result)
    return result;
  *text = ps_config_own(reader, strdup(found));
  return *text ? 0 : -ENOMEM;
}

int ps_config_text(struct ps_config_reader *reader, struct json_object *value, const char **text)
{
  if (!is_string(value))
    return ps_config_mismatch(reader, value, "is not a string; write \"...\"");
  return own_text(reader, value, text);
}

int ps_config_take_text(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                        void *into)
{
  const char *text = "";
  int result = ps_config_text(reader, value, &text);
  if (!result && strlen(text) < key->least)
    return ps_config_refuse(reader, "it is empty");
  if (!result)
    *(const char **)field(into, key) = text;
  return result;
}

/* ---- Secrets */

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

int ps_config_load(struct ps_config_reader *reader, const char *path, size_t most, struct ps_buf *content)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  int error = fd < 0 ? -errno : read_all(fd, most, content);
  if (fd >= 0)
    close(fd);
  if (error == -EFBIG)
    return ps_config_refuse(reader, "'%.200s' is longer than %zu KiB", path, most >> 10);
  if (error && error != -ENOMEM)
    return ps_config_refuse(reader, "cannot read '%.200s': %s", path, strerror(-error));
  return error;
}

/* The line break that an editor leaves at the end is none of the secret. There is something in `content`. */
static void strip_line_end(struct ps_buf *content)
{
  if (content->data[content->size - 1] != '\n')
    return;
  content->size--;
  if (content->size && content->data[content->size - 1] == '\r')
    content->size--;
  content->data[content->size] = '\0';
}

static int secret_from_file(struct ps_config_reader *reader, const char *path, const char **text)
{
  struct ps_buf content = {0};
  int result = ps_config_load(reader, path, SECRET_MAX, &content);
  if (!result && content.data)
    strip_line_end(&content);
  const char *data = content.data ? content.data : "";
  if (!result && !content.size)
    result = ps_config_refuse(reader, "'%.200s' is empty", path);
  if (!result)
    result = check_clean(reader, data, content.size);
  if (!result)
    result = (*text = ps_config_own(reader, strdup(data))) ? 0 : -ENOMEM;
  ps_buf_fini(&content);
  return result;
}

static int secret_from_environment(struct ps_config_reader *reader, const char *name, const char **text)
{
  const char *found = getenv(name);
  if (strpbrk(name, " :;=@"))
    return ps_config_refuse(reader, "it must be the name of an environment variable, such as API_TOKEN");
  if (!found || !*found)
    return ps_config_refuse(reader, "the environment variable %.200s is %s", name, found ? "empty" : "not set");
  int result = check_clean(reader, found, strlen(found));
  if (result)
    return result;
  *text = ps_config_own(reader, strdup(found));
  return *text ? 0 : -ENOMEM;
}

#define SECRET_SPELLINGS "write a string, {\"env\": NAME} or {\"file\": PATH}"

struct source {
  const char *env, *file;
};

static int secret_from_source(struct ps_config_reader *reader, struct json_object *value, const char **text)
{
  static const struct ps_config_key secret_keys[] = {
      {"env", ps_config_take_text, offsetof(struct source, env), 1, 0},
      {"file", ps_config_take_text, offsetof(struct source, file), 1, 0},
  };
  struct source source = {0};
  int result = ps_config_members(reader, value, secret_keys, COUNT_OF(secret_keys), &source);
  if (result)
    return result;
  if (!source.env == !source.file)
    return ps_config_refuse(reader, "it must have either env or file; " SECRET_SPELLINGS);
  return source.env ? secret_from_environment(reader, source.env, text) : secret_from_file(reader, source.file, text);
}

int ps_config_secret(struct ps_config_reader *reader, struct json_object *value, const char **text, bool *literal)
{
  *literal = is_string(value);
  if (*literal)
    return own_text(reader, value, text);
  if (json_object_is_type(value, json_type_object))
    return secret_from_source(reader, value, text);
  return ps_config_refuse(reader, "it is neither a string nor an object; " SECRET_SPELLINGS);
}

int ps_config_take_secret(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                          void *into)
{
  bool literal;
  return ps_config_secret(reader, value, field(into, key), &literal);
}

/* ---- Numbers and words */

int ps_config_take_bool(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                        void *into)
{
  if (!json_object_is_type(value, json_type_boolean))
    return ps_config_mismatch(reader, value, "is not true or false");
  *(bool *)field(into, key) = json_object_get_boolean(value);
  return 0;
}

/* A whole number that is not negative; 64.0 is one. What json-c clamps is beyond our range too. */
static bool whole_of(struct json_object *value, uint64_t *number)
{
  if (json_object_is_type(value, json_type_int)) {
    *number = json_object_get_uint64(value);
    return json_object_get_int64(value) >= 0;
  }
  double real = json_object_is_type(value, json_type_double) ? json_object_get_double(value) : -1;
  if (!(real >= 0 && real <= EXACT_MAX && real == (double)(uint64_t)real))
    return false;
  *number = (uint64_t)real;
  return true;
}

int ps_config_take_count(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                         void *into)
{
  uint64_t number;
  char words[80];
  if (whole_of(value, &number) && number >= key->least && number <= key->most) {
    *(unsigned *)field(into, key) = (unsigned)number;
    return 0;
  }
  snprintf(words, sizeof words, "is not a whole number from %u to %u", key->least, key->most);
  return ps_config_mismatch(reader, value, words);
}

/* Of a string; "" for all else, and for one with a NUL in it, behind which nothing would be seen. */
static const char *plain_text(struct json_object *value)
{
  const char *text = is_string(value) ? json_object_get_string(value) : "";
  return is_string(value) && strlen(text) == (size_t)json_object_get_string_len(value) ? text : "";
}

int ps_config_take_size(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                        void *into)
{
  uint64_t number;
  size_t *size = field(into, key);
  if (ps_parse_size(plain_text(value), size))
    return 0;
  if (!whole_of(value, &number) || number > SIZE_MAX >> 1)
    return ps_config_mismatch(reader, value, "is not a size; write 4096, \"64K\" or \"1M\"");
  *size = (size_t)number;
  return 0;
}

static bool time_of(struct json_object *value, poolsend_time *span)
{
  return is_number(value) ? ps_time_from_seconds(json_object_get_double(value), span)
                          : ps_parse_time(plain_text(value), span);
}

#define TIME_SPELLINGS "is not a time; write 250ms, 1s, 2m or 1h"

int ps_config_take_time(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                        void *into)
{
  return time_of(value, field(into, key)) ? 0 : ps_config_mismatch(reader, value, TIME_SPELLINGS);
}

int ps_config_take_limit(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                         void *into)
{
  poolsend_time *span = field(into, key);
  int result = ps_config_take_time(reader, key, value, into);
  if (!result && *span == 0)
    *span = POOLSEND_NEVER;
  return result;
}

static int take_hedge_delay(struct ps_config_reader *reader, struct json_object *value, poolsend_time *span,
                            unsigned *permille)
{
  if (ps_parse_hedge_delay(plain_text(value), span, permille))
    return 0;
  if (!is_number(value) || !time_of(value, span))
    return ps_config_mismatch(reader, value, TIME_SPELLINGS ", none, or p95 for a percentile from p50 to p99.9");
  *permille = 0;
  return 0;
}

/* Where a percentile is followed, the time that stands there by default is left: it is what there is to begin with. */
int ps_config_take_hedge_delay(struct ps_config_reader *reader, const struct ps_config_key *key,
                               struct json_object *value, void *into)
{
  struct ps_sender_settings *config = field(into, key);
  poolsend_time span;
  int result = take_hedge_delay(reader, value, &span, &config->hedge_permille);
  if (!result && !config->hedge_permille)
    config->hedge_delay = span;
  return result;
}

/* 0 would be the sender's: the shortest of spans stands for none at all. */
int ps_config_take_own_hedge_delay(struct ps_config_reader *reader, const struct ps_config_key *key,
                                   struct json_object *value, void *into)
{
  struct ps_endpoint_settings *endpoint = field(into, key);
  int result = take_hedge_delay(reader, value, &endpoint->hedge_delay, &endpoint->hedge_permille);
  if (!result && !endpoint->hedge_permille && endpoint->hedge_delay == 0)
    endpoint->hedge_delay = 1;
  return result;
}

int ps_config_take_share(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                         void *into)
{
  if (ps_parse_share(plain_text(value), field(into, key)))
    return 0;
  return ps_config_mismatch(reader, value, "is not a share; write \"10%\", up to \"100%\", or \"none\"");
}

int ps_config_take_rate(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                        void *into)
{
  double *rate = field(into, key);
  double number = is_number(value) ? json_object_get_double(value) : 0;
  if (ps_parse_rate(plain_text(value), rate))
    return 0;
  if (!(number > 0 && number <= PS_RATE_MAX))
    return ps_config_mismatch(reader, value, "is not a rate; write \"100/s\", \"30/m\", \"2/h\" or \"none\"");
  *rate = number;
  return 0;
}

/* "401,403", as the sender will read it. */
int ps_config_take_statuses(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                            void *into)
{
  struct ps_status_set set = {0};
  const char **text = field(into, key);
  int result = ps_config_text(reader, value, text);
  for (const char *item = *text; item && !result;) {
    size_t size = strcspn(item, ",");
    if (ps_status_parse_range(&set, item, size))
      result =
          ps_config_mismatch(reader, value, "is not a list of statuses (100 to 599); write \"401,403\" or \"400-499\"");
    item = item[size] ? item + size + 1 : NULL;
  }
  return result;
}
