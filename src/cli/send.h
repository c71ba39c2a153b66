/* poolsend send: one message. */
#ifndef PS_CLI_SEND_H
#define PS_CLI_SEND_H

#include "cli/settings.h"

enum ps_cli_status {
  PS_EXIT_DELIVERED = 0,
  PS_EXIT_UNDELIVERED = 1,
  PS_EXIT_USAGE = 2,
  PS_EXIT_DUPLICATE = 3,
  PS_EXIT_MAYBE_ARRIVED = 4,
  PS_EXIT_LOCAL = 5,
  PS_EXIT_SIGNAL = 128 /* plus its number */
};

/* Send what the settings ask for; the exit status. */
int ps_cli_send(const struct ps_cli_settings *settings);

#endif
