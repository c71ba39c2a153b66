/* Writing to descriptors whose reader may be slow or gone. A slow reader is waited for; after an interrupt, one that
 * takes nothing for a while is waited for no longer. Nothing is buffered here: what was written is with the reader. Any
 * thread. */
#ifndef PS_CLI_OUTPUT_H
#define PS_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/* How long a reader that takes nothing is waited for after an interrupt. */
#define PS_CLI_PATIENCE_MS 1000

struct ps_cli_output {
  int fd;
  int patience_ms;
  size_t piece; /* how much one call may write: more would wait for the reader, whatever happens; 0: PIPE_BUF */
  bool owned;   /* fd is closed by ps_cli_output_close */
  int error;    /* errno of the first failure, or 0; nothing is written after it */
};

/* For much output: as few calls as the kind of descriptor allows. */
void ps_cli_output_open(struct ps_cli_output *output, int fd);
void ps_cli_output_close(struct ps_cli_output *output);

/* All of `data`. False: it could not be written, see `error` (EAGAIN: blocked at an interrupt). */
bool ps_cli_write(struct ps_cli_output *output, const void *data, size_t size);

/* `text` to standard error; what cannot be written there is lost. */
void ps_cli_say(const char *text);

/* Which descriptor becomes readable at an interrupt; -1: none. Before other threads write, or after. */
void ps_cli_output_heed(int interrupted);

/* Open a file for writing, emptied; a FIFO without a reader is waited for as a slow reader is. -1: see errno. */
int ps_cli_open(const char *path);

/* See to it that standard input, output and error are open, so that no socket gets their numbers; writing to one that
 * was closed fails. */
void ps_cli_hold_standard_descriptors(void);

#endif
