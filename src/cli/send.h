/* poolsend send: one message. */
#ifndef PS_CLI_SEND_H
#define PS_CLI_SEND_H

#include "cli/settings.h"

/* Send what the settings ask for; the exit status. */
int ps_cli_send(const struct ps_cli_settings *settings);

#endif
