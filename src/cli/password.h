/* Asking for a password, as curl does where -u gives none. */
#ifndef PS_CLI_PASSWORD_H
#define PS_CLI_PASSWORD_H

#include "cli/settings.h"

/* Asks on the terminal, and sets the request's user and password. False: said why. */
bool ps_cli_ask_password(struct ps_cli_settings *settings, const char *user);

#endif
