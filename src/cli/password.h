/* Asking for a password, as curl does where -u gives none. */
#ifndef PS_CLI_PASSWORD_H
#define PS_CLI_PASSWORD_H

#include "cli/settings.h"

/* Asks on the terminal: "user:password", to be freed with free(). NULL: said why. */
char *ps_cli_ask_password(const char *user);

#endif
