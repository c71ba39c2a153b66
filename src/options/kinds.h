/* The kinds of values: how one is read from a text, what words say that it is wrong, how it is kept. Each kind has one
 * parser and one wording, wherever a value comes from. */
#ifndef PS_OPTIONS_KINDS_H
#define PS_OPTIONS_KINDS_H

#include "options/options.h"

/* The types of JSON in which the configuration file has a kind: bits. */
enum ps_json_type {
  PS_JSON_BOOLEAN = 1,
  PS_JSON_NUMBER = 2,
  PS_JSON_STRING = 4,
  PS_JSON_SECRET = 8, /* {"env": NAME} or {"file": PATH} in the place of a string, whose value is never shown */
  PS_JSON_ARRAY = 16, /* of strings */
  PS_JSON_OWN = 32    /* what the kind alone has: file.c reads it */
};

unsigned ps_kind_json(enum ps_kind kind);

/* The words of what is wrong with a value begin with what it is ("header 'X Y': ..."), so that a caller need not name
 * the option. Without that beginning they are bare. */
bool ps_kind_names_itself(enum ps_kind kind);
const char *ps_kind_bare_words(const char *words);

/* "is not a time; write 250ms, 1s, 2m or 1h". False: a check of the kind's own has the words, or any text will do. */
bool ps_kind_wants(const struct ps_option *option, char *words, size_t size);

/* Entries of a list, headers of one object and JSON tests, at most: what is made of them looks at each for each. */
#define PS_ENTRIES_MAX 1000

/* Reads `text` into the value of an option: a list gets one more entry, all else is replaced. 0; -ENOMEM; -EINVAL, and
 * `error` has the words. */
int ps_kind_read(const struct ps_option *option, const char *text, void *value, struct ps_error *error);

/* Replaces a value by a copy of another; a list gets all of the other's entries, without its own before. 0 or -ENOMEM. */
int ps_kind_copy(const struct ps_option *option, void *value, const void *from);

/* Back to nothing: NULL, 0, false. */
void ps_kind_free(const struct ps_option *option, void *value);

#endif
