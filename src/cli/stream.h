/* poolsend stream: a message a line. */
#ifndef PS_CLI_STREAM_H
#define PS_CLI_STREAM_H

#include "cli/settings.h"

/* Send what the settings ask for; the exit status. */
int ps_cli_stream(const struct ps_cli_settings *settings);

#endif
