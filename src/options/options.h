/* Values of options. A struct ps_options is one level of them: what was given there, and nothing else. The levels of a
 * sender are, lowest first: what is built in; what was set on the configuration, or stands at the top of the file; the
 * file's `defaults`; the endpoint's own; the command line. They are laid over one another by ps_options_merge, which
 * is a loop over the table: whatever was given wins, and headers are merged by name.
 *
 * A level owns every text in it. No function here is called by two threads with the same level. */
#ifndef PS_OPTIONS_OPTIONS_H
#define PS_OPTIONS_OPTIONS_H

#include "options/table.h"
#include "options/texts.h"
#include "base/error.h"
#include "engine/settings.h"

/* Header lines, "Name: value"; those of them that hold placeholders; and names whose values are secret. */
struct ps_header_lines {
  struct ps_texts lines, templates, secrets;
};

/* `permille` 500 to 999: that percentile of recent answers; 0: `delay`, of which POOLSEND_NEVER is none. */
struct ps_hedge_delay {
  poolsend_time delay;
  unsigned permille;
};

/* Pieces of the body, each as its option has it. */
struct ps_pieces {
  struct ps_piece {
    const struct ps_option *option;
    const char *text;
  } * items;
  size_t count;
};

/* What the program alone needs. */
struct ps_program_options {
  const char *config, *input, *output, *id;
  struct ps_pieces data;
  unsigned format, input_format; /* numbers of the words of PS_KIND_CHOICE */
  bool dry_run, fail_on_duplicate, verbose, silent, show_error, help, version;
};

enum { PS_FORMAT_TEXT, PS_FORMAT_JSON };
enum { PS_INPUT_LINES, PS_INPUT_ENVELOPES };

struct ps_options {
  unsigned long long given[(PS_OPTIONS_MAX + 63) / 64]; /* a bit for each row of the table */
  struct ps_endpoint_settings endpoint;                 /* its lists and its hedge delay are these: */
  struct ps_hedge_delay hedge_delay;
  struct ps_header_lines headers;
  struct ps_texts resolve, connect_to;
  struct ps_sender_settings sender;
  struct ps_program_options program;
};

/* What is built in: every value has its default, and none counts as given. */
void ps_options_init(struct ps_options *options);
void ps_options_fini(struct ps_options *options);

/* The row of this name, as the command line writes it, or of this key; NULL: there is none. */
const struct ps_option *ps_option_named(const char *name, size_t size);
const struct ps_option *ps_option_of_key(const char *key);

/* The key of a row, in the file and by name. */
#define PS_KEY_SIZE 32
const char *ps_option_key(const struct ps_option *option, char room[PS_KEY_SIZE]);

bool ps_options_has(const struct ps_options *options, const struct ps_option *option);

/* How a value is written. */
enum ps_option_way {
  PS_FROM_COMMAND, /* as on the command line: a header is a line */
  PS_FROM_NAME     /* by name: what the file has as an object or an array is JSON text */
};

/* Sets an option from a text; lists are added to. 0; -ENOMEM; -EINVAL, and `error` says what is wrong with the value,
 * without the option's name: that is the caller's to say. A secret never gets into the words. */
int ps_options_set(struct ps_options *options, const struct ps_option *option, const char *text, enum ps_option_way way,
                   struct ps_error *error);

/* Counts the option as given, whatever its value is now: one that was put there without its kind's parser. */
void ps_options_mark(struct ps_options *options, const struct ps_option *option);

/* Takes away what is said of the header of this name. */
void ps_options_drop_header(struct ps_options *options, const char *name);

/* Lays what was given at `over` over `options`. 0 or -ENOMEM, after which `options` is good for fini alone. */
int ps_options_merge(struct ps_options *options, const struct ps_options *over);

/* The settings of an endpoint, which point into `options`. */
struct ps_endpoint_settings ps_options_endpoint(const struct ps_options *options);

/* The name or key that was probably meant by one that nobody knows, or several ("a or b"), or NULL. `commands`: among
 * the names of these commands' options; 0: among the keys that have one of `traits`. `room`, or NULL. */
#define PS_NEAREST_SIZE 128
const char *ps_option_nearest(const char *word, unsigned commands, unsigned traits, char room[PS_NEAREST_SIZE]);

#endif
