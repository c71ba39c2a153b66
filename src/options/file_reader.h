/* The walk through a text of JSON that configures: a whole file, or one value set by name. It is walked as a tree of
 * json-c; the JSON pointer of the value at hand is kept, so that whatever is wrong is told with its line and its path.
 * Functions give 0; -EINVAL, and the error is written; or -ENOMEM. A secret never gets into an error: nor does any
 * value of an option that takes one. */
#ifndef PS_OPTIONS_FILE_READER_H
#define PS_OPTIONS_FILE_READER_H

#include "base/buf.h"
#include "base/error.h"
#include "base/jsontext.h"

#include <json-c/json.h>

struct ps_file_reader {
  const char *text;
  size_t size;
  bool is_value;      /* of one option: lines say nothing */
  struct ps_buf path; /* the JSON pointer of the value at hand */
  size_t known; /* how much of `path` leads to `known_value`, from where what is below is looked for; 0: nowhere */
  struct ps_jsontext_value known_value;
  struct ps_error *error;
};

/* Takes the value at hand (NULL is null), a member or an item of this name, for `into`. */
typedef int ps_file_take(struct ps_file_reader *reader, const char *name, struct json_object *value, void *into);

/* The tree of the reader's text, to be given back to json-c. -EINVAL: the text is not JSON that can be taken. */
int ps_file_parse(struct ps_file_reader *reader, struct json_object **root);
void ps_file_reader_fini(struct ps_file_reader *reader);

/* Have one member or item taken; each item of an array; each member of an object, or refuse what is none. */
int ps_file_below(struct ps_file_reader *reader, const char *name, ps_file_take *take, struct json_object *value,
                  void *into);
int ps_file_items(struct ps_file_reader *reader, ps_file_take *take, struct json_object *array, void *into);
int ps_file_members(struct ps_file_reader *reader, ps_file_take *take, struct json_object *object, void *into);

/* Where the value at hand stands in the text. */
struct ps_jsontext_value ps_file_here(const struct ps_file_reader *reader);

/* A fault of the value at hand, in words: -EINVAL. */
int ps_file_refuse(struct ps_file_reader *reader, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with the value before the words ("'5 parsecs' is not a time"): not for one that may be a secret. */
int ps_file_mismatch(struct ps_file_reader *reader, struct json_object *value, const char *words);

/* The member at hand is none of the two that its object may have. */
int ps_file_refuse_member(struct ps_file_reader *reader, const char *name, const char *one, const char *other);

/* A fault in the text as a whole. */
int ps_file_refuse_line(struct ps_file_reader *reader, size_t line, const char *words);

/* What is wrong with a text as JSON, in words that can be shown, and on which line, from 1. */
struct ps_file_fault {
  size_t line;
  char words[160];
};

/* Checks that a text is JSON that can be taken: as ps_jsontext_check has it, each name once, and without half a surrogate
 * pair. 0; -EINVAL and the fault; -ENOMEM. */
int ps_file_check(const char *text, size_t size, struct ps_file_fault *fault);

/* The lines, from 1, on which the items of the array at hand begin, and where; there is room for all of them. */
void ps_file_item_lines(const struct ps_file_reader *reader, size_t *lines, const char **begins);

#endif
