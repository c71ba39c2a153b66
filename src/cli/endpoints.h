/* From the settings to a sender: URLs or the endpoints of a configuration file, with what the options say laid over
 * them. */
#ifndef PS_CLI_ENDPOINTS_H
#define PS_CLI_ENDPOINTS_H

#include "cli/settings.h"

/* A sender of so many endpoints. 0, or the exit status, and it was said why. */
int ps_cli_make_sender(struct poolsend_sender **sender, unsigned *count, const struct ps_cli_settings *settings);

/* Once: whether the system has had too few threads for the workers. */
void ps_cli_warn_of_threads(const struct ps_cli_settings *settings, struct poolsend_sender *sender, bool *warned);

#endif
