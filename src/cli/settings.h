/* What the command line asked for. Texts are the command line's own, or kept in `owned`. */
#ifndef PS_CLI_SETTINGS_H
#define PS_CLI_SETTINGS_H

#include "poolsend.h"

#include <stdarg.h>

enum ps_cli_data { PS_CLI_DATA, PS_CLI_DATA_BINARY, PS_CLI_DATA_RAW, PS_CLI_JSON };

/* One -d, --data-binary, --data-raw or --json. */
struct ps_cli_piece {
  enum ps_cli_data kind;
  const char *text;
};

struct ps_cli_texts {
  const char **items;
  size_t count;
};

struct ps_cli_settings {
  struct poolsend_config config;
  struct poolsend_endpoint request; /* of every URL */
  struct ps_cli_texts urls, headers, resolve, connect_to;
  struct ps_cli_piece *pieces;
  size_t piece_count, max_body;
  const char *id;        /* NULL: a random one */
  const char *output;    /* -o */
  unsigned shown_events; /* poolsend_event_kind values */
  bool json_output, dry_run, fail_on_duplicate, verbose, silent, show_error, help, version;

  char *body; /* NULL: none */
  size_t body_size;
  char **owned;
  size_t owned_count;
};

/* Defaults. */
void ps_cli_settings_init(struct ps_cli_settings *settings);
void ps_cli_settings_fini(struct ps_cli_settings *settings);

/* Appends to a list. False: no memory. */
bool ps_cli_add_text(struct ps_cli_texts *texts, const char *text);

/* Keeps `text`, from malloc, until fini, and returns it. NULL: no memory, and it is freed; NULL gives NULL. */
char *ps_cli_own(struct ps_cli_settings *settings, char *text);

/* Says what is wrong with the command line, on standard error, and returns false. */
bool ps_cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

bool ps_cli_vcomplain(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

#endif
