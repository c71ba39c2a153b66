/* What commands and kinds of values are called: in helps, in the manual pages, in the schema of the configuration file
 * and in completions. Data, like the table, so that the generator of these can be built with both alone. */
#ifndef PS_OPTIONS_WORDS_H
#define PS_OPTIONS_WORDS_H

#include "options/table.h"

/* The commands by their names. */
#define PS_COMMANDS 2
struct ps_command_words {
  const char *name;
  enum ps_command command;
};

extern const struct ps_command_words ps_command_words[PS_COMMANDS];

/* The command of this name; 0: there is none. */
enum ps_command ps_command_named(const char *name);

/* What a shell offers for a value. */
enum ps_offer {
  PS_OFFER_NOTHING,
  PS_OFFER_FILES,
  PS_OFFER_DIRECTORIES,
  PS_OFFER_FILES_BEHIND_AT, /* @FILE */
  PS_OFFER_WORDS            /* those of the row's argument, or of `offered` */
};

struct ps_kind_words {
  const char *value;      /* as the command line has it, with examples; NULL: it takes none there */
  const char *in_file;    /* as the configuration file has it; NULL: a string, written as on the command line */
  const char *definition; /* in the schema; NULL: made from the row */
  enum ps_offer offer;
  const char *offered; /* for PS_OFFER_WORDS, between |; NULL: the row's argument */
};

/* A whole number and a choice are told with what the row says of them: see there. */
extern const struct ps_kind_words ps_kind_words[PS_KIND_DATA + 1];

#endif
