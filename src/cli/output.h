/* Writing results. A reader may be slow: that is waited for. After an interrupt a reader that takes nothing for a
 * second is waited for no longer. Nothing is buffered here: what was written is with the reader. */
#ifndef PS_CLI_OUTPUT_H
#define PS_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct ps_cli_output {
  int fd;
  int interrupted; /* a descriptor that becomes readable at an interrupt */
  int error;       /* errno of the first failure, or 0; nothing is written after it */
};

/* All of `data`. False: it could not be written, see `error` (EAGAIN: blocked at an interrupt). */
bool ps_cli_write(struct ps_cli_output *output, const void *data, size_t size);

/* See to it that standard input, output and error are open, so that no socket gets their numbers; writing to one
 * that was closed fails. */
void ps_cli_hold_standard_descriptors(void);

#endif
