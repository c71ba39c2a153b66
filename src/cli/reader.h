/* The thread that reads a stream's lines and submits them, waiting as long as the sender can take no more. What cannot
 * be sent it tells as refused. At the end of the input it lets the sender drain; then, and when it is stopped, it says
 * on standard error how far the input was read. */
#ifndef PS_CLI_READER_H
#define PS_CLI_READER_H

#include "cli/input.h"
#include "cli/results.h"
#include "cli/signals.h"

struct ps_cli_reader {
  const struct ps_cli_settings *settings; /* borrowed, as the next three */
  struct poolsend_sender *sender;
  struct ps_cli_results *results;
  struct ps_cli_signals *signals;

  int fd;   /* borrowed */
  int stop; /* readable once no more input is wanted */
  pthread_t thread;

  struct ps_cli_input input;        /* its thread, until it has been joined; as what follows */
  struct poolsend_message *message; /* of every line */
  uint64_t line;                    /* the last that was submitted or refused */
  uint64_t refused;
};

/* Begin. The four that are borrowed and `fd` are set. False: said why. */
bool ps_cli_reader_start(struct ps_cli_reader *reader);

/* No more input is wanted. Any thread; once or several times. */
void ps_cli_reader_stop(struct ps_cli_reader *reader);

/* Stop, and wait for the thread. */
void ps_cli_reader_join(struct ps_cli_reader *reader);

#endif
