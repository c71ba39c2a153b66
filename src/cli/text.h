/* Events in words. */
#ifndef PS_CLI_TEXT_H
#define PS_CLI_TEXT_H

#include "poolsend.h"

/* The event in one or more lines, each with its newline, to be freed with free(). NULL: no memory. */
char *ps_cli_event_text(const struct poolsend_event *event);

/* A request that would be made, the one numbered `order` from 0, likewise; `last`: no other would follow it. */
char *ps_cli_preview_text(const struct poolsend_preview *preview, unsigned order, bool last);

#endif
