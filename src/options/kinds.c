#include "options/kinds.h"

#include "base/values.h"
#include "core/delivery.h"
#include "core/status.h"
#include "net/check.h"
#include "options/checks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How much of a value is shown when it is wrong. */
#define SHOWN_VALUE 60

/* ---- What each kind is */

/* How a value is kept. */
enum store {
  STORE_BOOL,
  STORE_UNSIGNED,
  STORE_SIZE,
  STORE_TIME,
  STORE_HEDGE_DELAY,
  STORE_DOUBLE,
  STORE_TEXT,
  STORE_TEXTS,
  STORE_HEADERS,
  STORE_PIECES
};

static const struct kind {
  enum store store;
  unsigned json; /* ps_json_type values */
  bool names_itself;
  const char *wants; /* NULL: a check of its own has the words, or anything goes */
} kinds[] = {
    [PS_KIND_FLAG] = {STORE_BOOL, PS_JSON_BOOLEAN, .wants = "is not true or false"},
    [PS_KIND_TEXT] = {STORE_TEXT, PS_JSON_STRING},
    [PS_KIND_LINE] = {STORE_TEXT, PS_JSON_STRING},
    [PS_KIND_SECRET] = {STORE_TEXT, PS_JSON_STRING | PS_JSON_SECRET},
    [PS_KIND_USER] = {STORE_TEXT, PS_JSON_STRING | PS_JSON_SECRET},
    [PS_KIND_METHOD] = {STORE_TEXT, PS_JSON_STRING},
    [PS_KIND_NAME] = {STORE_TEXT, PS_JSON_STRING},
    [PS_KIND_URL] = {STORE_TEXT, PS_JSON_STRING, .names_itself = true},
    [PS_KIND_PROXY] = {STORE_TEXT, PS_JSON_STRING | PS_JSON_SECRET},
    [PS_KIND_FILE] = {STORE_TEXT, PS_JSON_STRING},
    [PS_KIND_DIRECTORY] = {STORE_TEXT, PS_JSON_STRING},
    [PS_KIND_ID] = {STORE_TEXT, PS_JSON_STRING,
                    .wants = "is not an id: 1 to 255 letters, digits and . _ : - are allowed"},
    [PS_KIND_COUNT] = {STORE_UNSIGNED, PS_JSON_NUMBER, .wants = "is not a whole number"},
    [PS_KIND_SIZE] = {STORE_SIZE, PS_JSON_NUMBER | PS_JSON_STRING, .wants = "is not a size; write 4096, 64K or 1M"},
    [PS_KIND_TIME] = {STORE_TIME, PS_JSON_NUMBER | PS_JSON_STRING,
                      .wants = "is not a time; write 1, 0.25, 250ms, 1s, 2m or 1h"},
    [PS_KIND_LIMIT] = {STORE_TIME, PS_JSON_NUMBER | PS_JSON_STRING,
                       .wants = "is not a time; write 1, 0.25, 250ms, 1s, 2m or 1h, or 0 for no limit"},
    [PS_KIND_HEDGE_DELAY] = {STORE_HEDGE_DELAY, PS_JSON_NUMBER | PS_JSON_STRING,
                             .wants = "is neither a time nor a percentile; write 1, 0.25, 250ms, 1s, 2m, 1h, none, or "
                                      "p95 for a percentile from p50 to p99.9"},
    [PS_KIND_SHARE] = {STORE_DOUBLE, PS_JSON_STRING, .wants = "is not a share; write 10%, 2.5%, up to 100%, or none"},
    [PS_KIND_RATE] = {STORE_DOUBLE, PS_JSON_NUMBER | PS_JSON_STRING,
                      .wants = "is not a rate; write 100/s, 30/m, 2/h, 5/d or none, at most 1000000/s"},
    [PS_KIND_STATUSES] = {STORE_TEXT, PS_JSON_STRING,
                          .wants = "is not a list of statuses (100 to 599); write 401,403 or 400-499"},
    [PS_KIND_SUCCESS] = {STORE_TEXT, PS_JSON_STRING | PS_JSON_OWN},
    [PS_KIND_CHOICE] = {STORE_UNSIGNED, PS_JSON_STRING, .wants = "is not one of the words"},
    [PS_KIND_EVENTS] = {STORE_UNSIGNED, PS_JSON_STRING, .wants = "is none of start, finish, delivered, settled"},
    [PS_KIND_HEADERS] = {STORE_HEADERS, PS_JSON_OWN, .names_itself = true},
    [PS_KIND_NAMES] = {STORE_TEXTS, PS_JSON_ARRAY},
    [PS_KIND_RESOLVE] = {STORE_TEXTS, PS_JSON_ARRAY, .names_itself = true},
    [PS_KIND_CONNECT_TO] = {STORE_TEXTS, PS_JSON_ARRAY, .names_itself = true},
    [PS_KIND_TEMPLATE] = {STORE_TEXT, PS_JSON_OWN},
    [PS_KIND_DATA] = {STORE_PIECES, 0},
};

unsigned ps_kind_json(enum ps_kind kind)
{
  return kinds[kind].json;
}

bool ps_kind_names_itself(enum ps_kind kind)
{
  return kinds[kind].names_itself;
}

/* "text|json" is told as "text, json". */
static void list_choices(const char *choices, char *list, size_t size)
{
  size_t used = 0;
  for (const char *at = choices; *at && used < size; at += *at == '|') {
    size_t word = strcspn(at, "|");
    used += (size_t)snprintf(list + used, size - used, "%s%.*s", at > choices ? ", " : "", (int)word, at);
    at += word;
  }
}

bool ps_kind_wants(const struct ps_option *option, char *words, size_t size)
{
  char list[64];
  const char *wants = kinds[option->kind].wants;
  if (option->kind == PS_KIND_COUNT) {
    snprintf(words, size, "is not a whole number from %u to %u", option->least, option->most);
  } else if (option->kind == PS_KIND_CHOICE) {
    list_choices(option->argument, list, sizeof list);
    snprintf(words, size, "is none of %s", list);
  } else {
    snprintf(words, size, "%s", wants ? wants : "");
  }
  return wants;
}

/* ---- Pieces of the body */

static int add_piece(struct ps_pieces *pieces, const struct ps_option *option, const char *text)
{
  struct ps_piece *items = realloc(pieces->items, (pieces->count + 1) * sizeof *items);
  char *copy = items ? strdup(text) : NULL;
  if (items)
    pieces->items = items;
  if (!copy)
    return -ENOMEM;
  items[pieces->count++] = (struct ps_piece){.option = option, .text = copy};
  return 0;
}

static void free_pieces(struct ps_pieces *pieces)
{
  for (size_t i = 0; i < pieces->count; i++)
    ps_text_free(pieces->items[i].text);
  free(pieces->items);
  *pieces = (struct ps_pieces){0};
}

/* ---- Reading */

static bool parse_flag(const char *text, bool *flag)
{
  *flag = strcmp(text, "true") == 0;
  return *flag || strcmp(text, "false") == 0;
}

/* The number of the word among "one|two". */
static bool parse_choice(const char *choices, const char *text, unsigned *number)
{
  for (unsigned i = 0; *choices; i++) {
    size_t size = strcspn(choices, "|");
    if (strlen(text) == size && memcmp(choices, text, size) == 0) {
      *number = i;
      return true;
    }
    choices += size + (choices[size] == '|');
  }
  return false;
}

static unsigned event_named(const char *name, size_t size)
{
  static const struct {
    const char *name;
    enum poolsend_event_kind kind;
  } events[] = {{"start", POOLSEND_EVENT_START},
                {"finish", POOLSEND_EVENT_FINISH},
                {"delivered", POOLSEND_EVENT_DELIVERED},
                {"settled", POOLSEND_EVENT_SETTLED}};
  for (size_t i = 0; i < sizeof events / sizeof *events; i++)
    if (strlen(events[i].name) == size && memcmp(events[i].name, name, size) == 0)
      return events[i].kind;
  return 0;
}

static bool parse_events(const char *text, unsigned *mask)
{
  unsigned events = 0;
  for (const char *item = text; item;) {
    size_t size = strcspn(item, ",");
    unsigned event = event_named(item, size);
    if (!event)
      return false;
    events |= event;
    item = item[size] ? item + size + 1 : NULL;
  }
  *mask = events;
  return true;
}

static bool parse_statuses(const char *text)
{
  struct ps_status_set set = {0};
  for (const char *item = text; item;) {
    size_t size = strcspn(item, ",");
    if (ps_status_parse_range(&set, item, size))
      return false;
    item = item[size] ? item + size + 1 : NULL;
  }
  return true;
}

/* 0 is the spelling of never. */
static bool parse_limit(const char *text, poolsend_time *limit)
{
  if (!ps_parse_time(text, limit))
    return false;
  if (*limit == 0)
    *limit = POOLSEND_NEVER;
  return true;
}

/* Until a percentile is known the delay is the default one. */
static bool parse_hedge_delay(const char *text, struct ps_hedge_delay *hedge)
{
  if (!ps_parse_hedge_delay(text, &hedge->delay, &hedge->permille))
    return false;
  if (hedge->permille)
    hedge->delay = PS_HEDGE_DELAY_DEFAULT;
  return true;
}

/* Into a value that is no text and no list. */
static bool parse(const struct ps_option *option, const char *text, void *value)
{
  switch (option->kind) {
  case PS_KIND_FLAG:
    return parse_flag(text, value);
  case PS_KIND_COUNT:
    return ps_parse_count(text, option->most, value) && *(unsigned *)value >= option->least;
  case PS_KIND_SIZE:
    return ps_parse_size(text, value);
  case PS_KIND_TIME:
    return ps_parse_time(text, value);
  case PS_KIND_LIMIT:
    return parse_limit(text, value);
  case PS_KIND_HEDGE_DELAY:
    return parse_hedge_delay(text, value);
  case PS_KIND_SHARE:
    return ps_parse_share(text, value);
  case PS_KIND_RATE:
    return ps_parse_rate(text, value);
  case PS_KIND_CHOICE:
    return parse_choice(option->argument, text, value);
  case PS_KIND_EVENTS:
    return parse_events(text, value);
  default:
    return false;
  }
}

/* ---- Words for a value that is none of its kind */

/* The words show the first item of the list that is not known. */
static int refuse_event(const char *text, const char *words, struct ps_error *error)
{
  size_t size = strcspn(text, ",");
  for (; event_named(text, size); size = strcspn(text, ","))
    text += size + 1;
  return ps_refuse(error, "'%.*s' %s", size > SHOWN_VALUE ? SHOWN_VALUE : (int)size, text, words);
}

/* The words for a value that its kind cannot parse. A value that may be a secret, put in the wrong place, is not shown. */
static int refuse(const struct ps_option *option, const char *text, struct ps_error *error)
{
  char words[256];
  ps_kind_wants(option, words, sizeof words);
  if (option->kind == PS_KIND_EVENTS)
    return refuse_event(text, words, error);
  if (strpbrk(text, "@?=") || strstr(text, ": "))
    return ps_refuse(error, "the value %s", words);
  return ps_refuse(error, "'%.*s%s' %s", SHOWN_VALUE, text, strlen(text) > SHOWN_VALUE ? "..." : "", words);
}

/* ---- Values */

const char *ps_kind_bare_words(const char *words)
{
  const char *quote = strstr(words, "': "), *colon = strstr(words, ": ");
  if (quote)
    return quote + 3;
  return colon ? colon + 2 : words;
}

/* As the caller has the option's name to begin with, the words of a check need not. */
static int check_text(const struct ps_option *option, const char *text, struct ps_error *error)
{
  struct ps_error whole;
  if (!*text && option->traits & PS_NOT_EMPTY && !kinds[option->kind].names_itself)
    return ps_refuse(error, "it is empty");
  int result = ps_option_check(option, text, &whole);
  if (result != -EINVAL)
    return result;
  if (kinds[option->kind].names_itself)
    return ps_refuse(error, "%s", whole.text);
  const char *words = strstr(whole.text, option->traits & PS_READ ? "'" : ": ");
  return ps_refuse(error, "%s", words ? words + (*words == ':' ? 2 : 0) : whole.text);
}

static int keep_text(const char **value, const char *text)
{
  char *copy = text ? strdup(text) : NULL;
  if (text && !copy)
    return -ENOMEM;
  ps_text_free(*value);
  *value = copy;
  return 0;
}

/* Checks a value whose kind is kept as it was written. */
static int look_at(const struct ps_option *option, const char *text, struct ps_error *error)
{
  switch (option->kind) {
  case PS_KIND_STATUSES:
    return parse_statuses(text) ? 0 : refuse(option, text, error);
  case PS_KIND_ID:
    return poolsend_id_is_valid(text) ? 0 : refuse(option, text, error);
  default:
    return check_text(option, text, error);
  }
}

static int refuse_more(const struct ps_option *option, struct ps_error *error)
{
  const char *name = kinds[option->kind].names_itself ? option->name : "";
  return ps_refuse(error, "%s%sthere are more than %d", name, *name ? ": " : "", PS_ENTRIES_MAX);
}

static int add_text(const struct ps_option *option, struct ps_texts *texts, const char *text, struct ps_error *error)
{
  return texts->count < PS_ENTRIES_MAX ? ps_texts_add(texts, text) : refuse_more(option, error);
}

int ps_kind_read(const struct ps_option *option, const char *text, void *value, struct ps_error *error)
{
  enum store store = kinds[option->kind].store;
  if (store < STORE_TEXT)
    return parse(option, text, value) ? 0 : refuse(option, text, error);
  int result = look_at(option, text, error);
  if (result)
    return result;
  switch (store) {
  case STORE_TEXTS:
    return add_text(option, value, text, error);
  case STORE_HEADERS:
    return add_text(option, &((struct ps_header_lines *)value)->lines, text, error);
  case STORE_PIECES:
    return add_piece(value, option, text);
  default:
    return keep_text(value, text);
  }
}

static int copy_headers(struct ps_header_lines *headers, const struct ps_header_lines *from)
{
  int result = ps_texts_add_all(&headers->lines, &from->lines);
  if (!result)
    result = ps_texts_add_all(&headers->templates, &from->templates);
  return result ? result : ps_texts_add_all(&headers->secrets, &from->secrets);
}

static int copy_pieces(struct ps_pieces *pieces, const struct ps_pieces *from)
{
  int result = 0;
  for (size_t i = 0; i < from->count && !result; i++)
    result = add_piece(pieces, from->items[i].option, from->items[i].text);
  return result;
}

int ps_kind_copy(const struct ps_option *option, void *value, const void *from)
{
  static const size_t sizes[] = {[STORE_BOOL] = sizeof(bool),
                                 [STORE_UNSIGNED] = sizeof(unsigned),
                                 [STORE_SIZE] = sizeof(size_t),
                                 [STORE_TIME] = sizeof(poolsend_time),
                                 [STORE_HEDGE_DELAY] = sizeof(struct ps_hedge_delay),
                                 [STORE_DOUBLE] = sizeof(double)};
  enum store store = kinds[option->kind].store;
  if (store < STORE_TEXT) {
    memcpy(value, from, sizes[store]);
    return 0;
  }
  if (store == STORE_TEXT)
    return keep_text(value, *(const char *const *)from);
  ps_kind_free(option, value);
  if (store == STORE_TEXTS)
    return ps_texts_add_all(value, from);
  return store == STORE_HEADERS ? copy_headers(value, from) : copy_pieces(value, from);
}

void ps_kind_free(const struct ps_option *option, void *value)
{
  struct ps_header_lines *headers = value;
  switch (kinds[option->kind].store) {
  case STORE_TEXT:
    keep_text(value, NULL);
    return;
  case STORE_TEXTS:
    ps_texts_fini(value);
    return;
  case STORE_HEADERS:
    ps_texts_fini(&headers->lines);
    ps_texts_fini(&headers->templates);
    ps_texts_fini(&headers->secrets);
    return;
  case STORE_PIECES:
    free_pieces(value);
    return;
  case STORE_BOOL:
    *(bool *)value = false;
    return;
  default:
    return;
  }
}
