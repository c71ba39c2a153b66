/* The options: one table, from which they are parsed and explained. It never changes. */
#ifndef PS_CLI_TABLE_H
#define PS_CLI_TABLE_H

#include "cli/settings.h"

/* What an option is about, for the help. */
enum ps_cli_group { PS_CLI_REQUEST, PS_CLI_DELIVERY, PS_CLI_OUTPUT, PS_CLI_GROUPS };

struct ps_cli_option;

/* Applies the option with its value (NULL if it takes none). False: said why. */
typedef bool ps_cli_apply_fn(struct ps_cli_settings *settings, const struct ps_cli_option *option, const char *value);

struct ps_cli_option {
  const char *name;
  char letter;       /* 0: none */
  unsigned commands; /* ps_cli_command values, or-ed: whose option it is */
  enum ps_cli_group group;
  const char *argument; /* NULL: takes none */
  ps_cli_apply_fn *apply;
  size_t field; /* what it sets: an offset in struct ps_cli_settings, or as `apply` has it */
  const char *help;
};

#define PS_CLI_OPTIONS_MAX 96

extern const struct ps_cli_option ps_cli_options[];
extern const size_t ps_cli_option_count; /* at most PS_CLI_OPTIONS_MAX */

#endif
