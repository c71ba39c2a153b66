/* What the parts of the reader of configuration files share (poolsend_file_parse). The text is walked as a tree of
 * json-c; tables of keys say what each one takes; the JSON pointer of the value at hand is kept, so that whatever is
 * wrong is told with its line and its path. Functions give 0; -EINVAL, and the error is written; or -ENOMEM. A secret
 * never gets into an error: nor does any value of a key that takes one. */
#ifndef PS_JSON_CONFIG_H
#define PS_JSON_CONFIG_H

#include "base/buf.h"
#include "base/jsontext.h"
#include "poolsend.h"

#include <json-c/json.h>

/* The file and everything in it. */
struct ps_config_file {
  struct poolsend_file file; /* first: this is what the caller has; it points to the next two */
  struct ps_sender_settings config;
  struct ps_endpoint_settings defaults;
  void **owned; /* from malloc */
  size_t owned_count;
};

struct ps_config_reader {
  const char *text;
  size_t size;
  struct ps_buf path; /* the JSON pointer of the value at hand */
  size_t known; /* how much of `path` leads to `known_value`, from where what is below is looked for; 0: nowhere */
  struct ps_jsontext_value known_value;
  bool in_defaults;
  struct ps_config_file *file;
  struct poolsend_error *error;
};

struct ps_config_key;

/* Reads `value` (NULL is null) into `into`, as the key's row has it. */
typedef int ps_config_take(struct ps_config_reader *reader, const struct ps_config_key *key, struct json_object *value,
                           void *into);

struct ps_config_key {
  const char *name;
  ps_config_take *take;
  size_t field; /* what it sets: an offset in `into` */
  unsigned least, most;
};

/* ---- The walk */

/* Takes the member or item `name` of the value at hand. */
int ps_config_below(struct ps_config_reader *reader, const char *name, const struct ps_config_key *key,
                    struct json_object *value, void *into);

/* Takes every member of an object, each by its row. */
int ps_config_members(struct ps_config_reader *reader, struct json_object *object, const struct ps_config_key *keys,
                      size_t count, void *into);

/* Where the value at hand stands in the text. */
struct ps_jsontext_value ps_config_here(const struct ps_config_reader *reader);

/* A fault of the value at hand, in words: -EINVAL. */
int ps_config_refuse(struct ps_config_reader *reader, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with the value before the words ("'5 parsecs' is not a time"): not for one that may be a secret. */
int ps_config_mismatch(struct ps_config_reader *reader, struct json_object *value, const char *words);

/* A fault in the text as a whole. */
int ps_config_refuse_line(struct ps_config_reader *reader, size_t line, const char *words);

/* What is wrong with a text as JSON, in words that can be shown, and on which line, from 1. */
struct ps_config_fault {
  size_t line;
  char words[160];
};

/* Whether it is JSON that can be taken: as ps_jsontext_check has it, each name once, and without half a surrogate pair.
 * 0; -EINVAL and the fault; -ENOMEM. */
int ps_config_check(const char *text, size_t size, struct ps_config_fault *fault);

/* The lines, from 1, on which the items of the array at hand begin, and where; there is room for all of them. */
void ps_config_item_lines(const struct ps_config_reader *reader, size_t *lines, const char **begins);

/* ---- Ownership: the file frees it */

/* Memory from malloc, which may be NULL and then gives NULL. NULL: no memory, and `memory` is freed. */
void *ps_config_own(struct ps_config_reader *reader, void *memory);

/* Zeroed; never NULL for a count of 0. */
void *ps_config_array(struct ps_config_reader *reader, size_t count, size_t size);

/* ---- What keys take */

ps_config_take ps_config_take_text; /* least: how short it may be */
ps_config_take ps_config_take_secret;
ps_config_take ps_config_take_bool;
ps_config_take ps_config_take_count;
ps_config_take ps_config_take_size;
ps_config_take ps_config_take_time;
ps_config_take ps_config_take_limit;           /* a time, of which 0 means never */
ps_config_take ps_config_take_hedge_delay;     /* into a struct ps_sender_settings */
ps_config_take ps_config_take_own_hedge_delay; /* into a struct ps_endpoint_settings */
ps_config_take ps_config_take_share;
ps_config_take ps_config_take_rate;
ps_config_take ps_config_take_statuses;

/* A string that a request can carry: without NUL and line breaks. The result is the file's. */
int ps_config_text(struct ps_config_reader *reader, struct json_object *value, const char **text);

/* A secret: such a string itself (`literal`), or from the environment or a file. */
int ps_config_secret(struct ps_config_reader *reader, struct json_object *value, const char **text, bool *literal);

/* The content of a file of at most `most` bytes. */
int ps_config_load(struct ps_config_reader *reader, const char *path, size_t most, struct ps_buf *content);

/* Into a struct ps_endpoint_settings. With in_defaults, what belongs to one endpoint is refused. */
int ps_config_endpoint(struct ps_config_reader *reader, struct json_object *value,
                       struct ps_endpoint_settings *endpoint);

#endif
