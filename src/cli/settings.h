/* What the command line asked for. */
#ifndef PS_CLI_SETTINGS_H
#define PS_CLI_SETTINGS_H

#include "base/buf.h"
#include "options/config.h"

#include <stdarg.h>

struct ps_cli_settings {
  enum ps_command command;
  struct poolsend_config *config; /* every level, the command line's among them */
  struct ps_options options;      /* those that hold for the program and the sender, laid over one another */
  struct ps_texts urls;           /* of the command line, in order */
  bool stdin_used;                /* an option has read standard input */
  struct ps_buf body;             /* without data: none */
};

/* Defaults. False: no memory, and it was said. */
bool ps_cli_settings_init(struct ps_cli_settings *settings, enum ps_command command);
void ps_cli_settings_fini(struct ps_cli_settings *settings);

static inline bool ps_cli_wants_json(const struct ps_cli_settings *settings)
{
  return settings->options.program.format == PS_FORMAT_JSON;
}

static inline bool ps_cli_takes_envelopes(const struct ps_cli_settings *settings)
{
  return settings->options.program.input_format == PS_INPUT_ENVELOPES;
}

/* Where the messages of a stream come from; "-" is standard input. */
static inline const char *ps_cli_input_path(const struct ps_cli_settings *settings)
{
  return settings->options.program.input ? settings->options.program.input : "-";
}

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
