/* Lines from a descriptor: whoever writes them may be slow, and a line may be of any length. What is kept is at most
 * one block and one line of at most `limit` bytes; what is longer is read to its end and dropped. Only "\n" ends a
 * line: a "\r" before it belongs to the line. The last line needs no end.
 *
 * One thread at a time; it waits for the descriptor, and for those that say to stop. */
#ifndef PS_CLI_INPUT_H
#define PS_CLI_INPUT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum ps_cli_input_result {
  PS_CLI_INPUT_END = 1,
  PS_CLI_INPUT_STOPPED,
  PS_CLI_INPUT_LONG /* a line that is longer than the limit: it is skipped, the next call goes on behind it */
};

struct ps_cli_input {
  int fd;
  int stops[2]; /* reading ends once one of these is readable */
  size_t limit;
  uint64_t number; /* of the line read last, from 1 */

  char *block; /* read, of which `at` to `size` has not been looked at */
  size_t at, size;
  struct ps_buf line; /* the beginning of a line that began in an earlier block */
  bool skipping;      /* that line is longer than the limit */
  bool ended;
};

/* Open a file to read from; "-" is standard input. A FIFO without a writer is not waited for: that is left to reading,
 * which can be stopped. -1: see errno, which is EISDIR for a directory. */
int ps_cli_input_open(const char *path);

/* 0 or -ENOMEM. The descriptors are borrowed. */
int ps_cli_input_init(struct ps_cli_input *input, int fd, const int stops[2], size_t limit);
void ps_cli_input_fini(struct ps_cli_input *input);

/* The next line without its end. 0: `line` is valid until the next call; a ps_cli_input_result; or a negative errno
 * value: it cannot be read. */
int ps_cli_input_next(struct ps_cli_input *input, const char **line, size_t *size);

#endif
