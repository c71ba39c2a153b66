#include "options/options.h"

#include "base/field.h"
#include "base/text.h"
#include "net/template.h"
#include "options/checks.h"
#include "options/file.h"
#include "options/kinds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_BITS 64

/* ---- The table */

static void *value_of(struct ps_options *options, const struct ps_option *option)
{
  return (char *)options + option->field;
}

static const void *const_value_of(const struct ps_options *options, const struct ps_option *option)
{
  return (const char *)options + option->field;
}

static size_t index_of(const struct ps_option *option)
{
  return (size_t)(option - ps_option_table);
}

const char *ps_option_key(const struct ps_option *option, char room[PS_KEY_SIZE])
{
  if (option->key)
    return option->key;
  size_t size = 0;
  for (; size < PS_KEY_SIZE - 1 && option->name[size]; size++)
    room[size] = (char)(option->name[size] == '-' ? '_' : option->name[size]);
  room[size] = '\0';
  return room;
}

const struct ps_option *ps_option_named(const char *name, size_t size)
{
  for (size_t i = 0; i < ps_option_count; i++)
    if (strlen(ps_option_table[i].name) == size && memcmp(ps_option_table[i].name, name, size) == 0)
      return &ps_option_table[i];
  return NULL;
}

const struct ps_option *ps_option_of_key(const char *key)
{
  char room[PS_KEY_SIZE];
  for (size_t i = 0; i < ps_option_count; i++)
    if (strcmp(ps_option_key(&ps_option_table[i], room), key) == 0)
      return &ps_option_table[i];
  return NULL;
}

/* "a or b or c": those of which `word` is a part between dashes or underscores. */
static const char *list_parts(const char *word, const char *const *words, size_t count, const char *between,
                              char room[PS_NEAREST_SIZE])
{
  size_t size = strlen(word), used = 0;
  for (size_t i = 0; i < count; i++) {
    const char *at = strstr(words[i], word);
    bool begins = at && (at == words[i] || strchr("-_", at[-1]));
    if (size < 3 || !begins || (at[size] && !strchr("-_", at[size])))
      continue;
    if (used + strlen(between) + strlen(words[i]) >= PS_NEAREST_SIZE)
      return NULL;
    used += (size_t)snprintf(room + used, PS_NEAREST_SIZE - used, "%s%s", used ? between : "", words[i]);
  }
  return used ? room : NULL;
}

const char *ps_option_nearest(const char *word, unsigned commands, unsigned traits, char room[PS_NEAREST_SIZE])
{
  const char *words[PS_OPTIONS_MAX] = {0};
  char keys[PS_OPTIONS_MAX][PS_KEY_SIZE];
  size_t count = 0;
  for (size_t i = 0; i < ps_option_count; i++) {
    const struct ps_option *option = &ps_option_table[i];
    if (commands ? !(option->commands & commands) : !(option->traits & traits))
      continue;
    words[count] = commands ? option->name : ps_option_key(option, keys[count]);
    count++;
  }
  if (list_parts(word, words, count, commands ? " or --" : " or ", room))
    return room; /* "bearer" is oauth2_bearer, and no breaker */
  const char *nearest = ps_text_nearest(word, words, count);
  if (!nearest && strncmp(word, "no_", 3) == 0)
    nearest = ps_text_nearest(word + 3, words, count);
  if (!nearest)
    return NULL;
  snprintf(room, PS_NEAREST_SIZE, "%s", nearest);
  return room;
}

/* ---- Life */

void ps_options_init(struct ps_options *options)
{
  *options = (struct ps_options){.given = {0}};
  ps_endpoint_settings_init(&options->endpoint);
  ps_sender_settings_init(&options->sender);
  options->hedge_delay.delay = options->endpoint.hedge_delay;
}

void ps_options_fini(struct ps_options *options)
{
  for (size_t i = 0; i < ps_option_count; i++)
    ps_kind_free(&ps_option_table[i], value_of(options, &ps_option_table[i]));
}

/* ---- What was given */

bool ps_options_has(const struct ps_options *options, const struct ps_option *option)
{
  size_t index = index_of(option);
  return options->given[index / WORD_BITS] >> index % WORD_BITS & 1;
}

static void mark(struct ps_options *options, const struct ps_option *option, bool given)
{
  size_t index = index_of(option);
  unsigned long long bit = 1ULL << index % WORD_BITS;
  if (given)
    options->given[index / WORD_BITS] |= bit;
  else
    options->given[index / WORD_BITS] &= ~bit;
}

/* What is turned off says nothing of the others of its set. */
static bool is_off(const struct ps_options *options, const struct ps_option *option)
{
  return option->kind == PS_KIND_FLAG && !*(const bool *)const_value_of(options, option);
}

/* An option that was given takes away what was said before of those that mean something only together with it. */
static void clear_set(struct ps_options *options, const struct ps_option *option)
{
  for (size_t i = 0; option->replaces_set && i < ps_option_count; i++) {
    const struct ps_option *other = &ps_option_table[i];
    if (other == option || other->in_set != option->replaces_set)
      continue;
    ps_kind_free(other, value_of(options, other));
    mark(options, other, false);
  }
}

/* ---- Setting */

static int set_url(struct ps_options *options, const struct ps_option *option, const char *text, enum ps_option_way way,
                   struct ps_error *error)
{
  bool is_template = way == PS_FROM_NAME && strstr(text, PS_TEMPLATE_OPEN);
  if (!is_template) {
    options->endpoint.url_template = false;
    return ps_kind_read(option, text, value_of(options, option), error);
  }
  int result = ps_option_check_template(option, text, error);
  char *copy = result ? NULL : strdup(text);
  if (!copy)
    return result ? result : -ENOMEM;
  ps_kind_free(option, value_of(options, option));
  options->endpoint.url = copy;
  options->endpoint.url_template = true;
  return 0;
}

/* A secret may begin with a brace itself. */
static bool names_source(const char *text)
{
  if (*text++ != '{')
    return false;
  text += strspn(text, " \t\r\n");
  return strncmp(text, "\"env\"", 5) == 0 || strncmp(text, "\"file\"", 6) == 0;
}

/* What the file has as an object or an array begins like one, behind white space or not. */
static bool is_json(const struct ps_option *option, const char *text)
{
  unsigned types = ps_kind_json(option->kind);
  if (option->kind == PS_KIND_TEMPLATE)
    return true;
  text += strspn(text, " \t\r\n");
  return (types & PS_JSON_OWN && *text == '{') || (types & PS_JSON_ARRAY && *text == '[') ||
         (types & PS_JSON_SECRET && names_source(text));
}

int ps_options_set(struct ps_options *options, const struct ps_option *option, const char *text, enum ps_option_way way,
                   struct ps_error *error)
{
  int result;
  if (option->kind == PS_KIND_URL)
    result = set_url(options, option, text, way, error);
  else if (way == PS_FROM_NAME && is_json(option, text))
    return ps_file_read_value(options, option, text, error);
  else
    result = ps_kind_read(option, text, value_of(options, option), error);
  if (!result)
    ps_options_mark(options, option);
  return result;
}

void ps_options_mark(struct ps_options *options, const struct ps_option *option)
{
  if (option->traits & PS_LAST_WINS && !is_off(options, option))
    clear_set(options, option);
  mark(options, option, true);
}

/* ---- Merging */

void ps_options_drop_header(struct ps_options *options, const char *name)
{
  ps_texts_drop_field(&options->headers.lines, name);
  ps_texts_drop_field(&options->headers.templates, name);
}

static int add_missing(struct ps_texts *names, const struct ps_texts *from)
{
  int result = 0;
  for (size_t i = 0; i < from->count && !result; i++) {
    bool known = false;
    for (size_t k = 0; k < names->count; k++)
      known |= ps_field_is(names->items[k], from->items[i]);
    result = known ? 0 : ps_texts_add(names, from->items[i]);
  }
  return result;
}

/* Whatever is said of a header takes the place of all that was said of it before. A name that was secret stays so. */
static int merge_headers(struct ps_options *options, const struct ps_header_lines *over)
{
  for (size_t i = 0; i < over->lines.count; i++)
    ps_options_drop_header(options, over->lines.items[i]);
  for (size_t i = 0; i < over->templates.count; i++)
    ps_options_drop_header(options, over->templates.items[i]);
  int result = ps_texts_add_all(&options->headers.lines, &over->lines);
  if (!result)
    result = ps_texts_add_all(&options->headers.templates, &over->templates);
  return result ? result : add_missing(&options->headers.secrets, &over->secrets);
}

/* Credentials, and a name of the client's, are headers in the end. */
static void drop_header_of(struct ps_options *options, const struct ps_option *option)
{
  if (option->in_set == PS_SET_CREDENTIALS)
    ps_options_drop_header(options, "Authorization");
  if (option->field == offsetof(struct ps_options, endpoint.user_agent))
    ps_options_drop_header(options, "User-Agent");
}

static int merge_one(struct ps_options *options, const struct ps_options *over, const struct ps_option *option)
{
  if (option->kind == PS_KIND_HEADERS)
    return merge_headers(options, &over->headers);
  if (option->kind == PS_KIND_NAMES)
    return add_missing(value_of(options, option), const_value_of(over, option));
  return ps_kind_copy(option, value_of(options, option), const_value_of(over, option));
}

/* First goes all that is replaced, so that what was given together stays together. */
int ps_options_merge(struct ps_options *options, const struct ps_options *over)
{
  int result = 0;
  for (size_t i = 0; i < ps_option_count; i++) {
    const struct ps_option *option = &ps_option_table[i];
    if (!ps_options_has(over, option) || is_off(over, option))
      continue;
    clear_set(options, option);
    drop_header_of(options, option);
  }
  for (size_t i = 0; i < ps_option_count && !result; i++) {
    const struct ps_option *option = &ps_option_table[i];
    if (!ps_options_has(over, option))
      continue;
    result = merge_one(options, over, option);
    mark(options, option, true);
    if (option->kind == PS_KIND_URL)
      options->endpoint.url_template = over->endpoint.url_template;
  }
  return result;
}

struct ps_endpoint_settings ps_options_endpoint(const struct ps_options *options)
{
  struct ps_endpoint_settings settings = options->endpoint;
  settings.hedge_delay = options->hedge_delay.delay;
  settings.hedge_permille = options->hedge_delay.permille;
  settings.headers = options->headers.lines.items;
  settings.header_count = options->headers.lines.count;
  settings.header_templates = options->headers.templates.items;
  settings.header_template_count = options->headers.templates.count;
  settings.secret_headers = options->headers.secrets.items;
  settings.secret_header_count = options->headers.secrets.count;
  settings.resolve = options->resolve.items;
  settings.resolve_count = options->resolve.count;
  settings.connect_to = options->connect_to.items;
  settings.connect_to_count = options->connect_to.count;
  return settings;
}
