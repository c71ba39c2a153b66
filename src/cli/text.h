/* Events in words. */
#ifndef PS_CLI_TEXT_H
#define PS_CLI_TEXT_H

#include "poolsend.h"

/* The event in one or more lines, each with its newline, to be freed with free(). An event of a stream is one line,
 * which begins with its number and, with `ids`, the message's id. NULL: no memory. */
char *ps_cli_event_text(const struct poolsend_event *event, bool ids);

/* Why line `number` of the input was refused, as a line; `id` may be NULL. `words` may be any bytes. To be freed with
 * free(). NULL: no memory. */
char *ps_cli_refused_text(uint64_t number, const char *id, const char *words);
char *ps_cli_refused_json(uint64_t number, const char *id, const char *words);

/* A request that would be made, the one numbered `order` from 0, likewise; `last`: no other would follow it. */
char *ps_cli_preview_text(const struct poolsend_preview *preview, unsigned order, bool last);

#endif
