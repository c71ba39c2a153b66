/* What the command line asked for. Texts are the command line's own, or kept in `owned`. */
#ifndef PS_CLI_SETTINGS_H
#define PS_CLI_SETTINGS_H

#include "base/buf.h"
#include "poolsend.h"

#include <stdarg.h>

/* The commands: bits, as an option may belong to several. */
enum ps_cli_command { PS_CLI_SEND = 1, PS_CLI_STREAM = 2 };

/* In `request`, a time that no option has set. */
#define PS_CLI_NOT_GIVEN ((poolsend_time)-1)

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
  enum ps_cli_command command;
  struct ps_sender_settings config; /* the file's, and over it what the options say */
  struct poolsend_file *file;       /* --config, or NULL */
  const char *config_path;
  struct ps_endpoint_settings request; /* what the options say of every request; zero where they say nothing */
  bool hedge_delay_given, attempt_timeout_given; /* in `config`: the endpoints' own do not count */
  struct ps_cli_texts urls, headers, resolve, connect_to;
  struct ps_cli_piece *pieces;
  size_t piece_count;
  const char *id;        /* NULL: a random one */
  const char *output;    /* -o */
  const char *input;     /* --input; "-" is standard input */
  bool envelopes;        /* --input-format */
  bool stdin_used;       /* an option has read standard input */
  unsigned shown_events; /* poolsend_event_kind values */
  bool json_output, dry_run, fail_on_duplicate, verbose, silent, show_error, help, version;

  struct ps_buf body; /* without data: none */
  char **owned;
  size_t owned_count;
};

/* Defaults. */
void ps_cli_settings_init(struct ps_cli_settings *settings, enum ps_cli_command command);
void ps_cli_settings_fini(struct ps_cli_settings *settings);

/* Appends to a list. False: no memory. */
bool ps_cli_add_text(struct ps_cli_texts *texts, const char *text);

/* Keeps `text`, from malloc, until fini, and returns it. NULL: no memory, and it is freed; NULL gives NULL. */
char *ps_cli_own(struct ps_cli_settings *settings, char *text);

/* Says what is wrong with the command line, on standard error, and returns false. Needs no memory. */
bool ps_cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
void ps_cli_vcomplain(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

/* The words for an errno value, to complain of. A want of memory or of descriptors is no fault of the command line,
 * which is kept in mind for the exit status. */
const char *ps_cli_why(int error);
bool ps_cli_lack_memory(void);

/* The exit status of a command that was complained of. */
int ps_cli_refusal(void);

/* A warning, on standard error, unless -s is given without -S. Needs no memory. Any thread. */
void ps_cli_warn(const struct ps_cli_settings *settings, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ps_cli_vwarn(const struct ps_cli_settings *settings, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

#endif
