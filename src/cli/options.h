/* The options: parsing them, and explaining them. */
#ifndef PS_CLI_OPTIONS_H
#define PS_CLI_OPTIONS_H

#include "cli/settings.h"

/* Fill `settings`, initialised, from the arguments after the command's name. Everything that is wrong with them is
 * said on standard error, and gives false. Files that they name are read. With --help or --version nothing else is
 * looked at. */
bool ps_cli_parse(struct ps_cli_settings *settings, int argc, char **argv);

/* What the configuration file is called in messages. There is one. */
const char *ps_cli_config_name(const struct ps_cli_settings *settings);

/* Help, on standard output. `topic`: NULL, for what is common of these commands (ps_command values); "all", for every
 * option of theirs; a command; or an option, by its name or its letter, with or without dashes, or by its key in the
 * configuration file. False: there is no such topic, which is said on standard error. */
bool ps_cli_print_help(unsigned commands, const char *topic);

#endif
