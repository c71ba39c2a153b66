/* The options: one table from which they are parsed and explained. */
#ifndef PS_CLI_OPTIONS_H
#define PS_CLI_OPTIONS_H

#include "cli/settings.h"

/* Fill `settings`, initialised, from the arguments after the command's name. Everything that is wrong with them is
 * said on standard error, and gives false. Files that they name are read. */
bool ps_cli_parse(struct ps_cli_settings *settings, int argc, char **argv);

/* The help text, on standard output. */
void ps_cli_print_help(void);

#endif
