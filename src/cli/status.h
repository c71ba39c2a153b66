/* What became of all messages, counted, and the exit status that follows from it. */
#ifndef PS_CLI_STATUS_H
#define PS_CLI_STATUS_H

#include "poolsend.h"

enum ps_cli_status {
  PS_EXIT_DELIVERED = 0,
  PS_EXIT_UNDELIVERED = 1, /* or a line was refused */
  PS_EXIT_USAGE = 2,
  PS_EXIT_DUPLICATE = 3,
  PS_EXIT_MAYBE_ARRIVED = 4,
  PS_EXIT_LOCAL = 5,
  PS_EXIT_SIGNAL = 128 /* plus its number */
};

struct ps_cli_tally {
  uint64_t delivered;
  uint64_t duplicated, maybe_duplicated; /* of these: by several; by one and perhaps by others */
  uint64_t undelivered;
  uint64_t maybe_arrived; /* of these */
  uint64_t refused;       /* lines */
  int signal;             /* the first, or 0 */
  bool failed_locally;
};

/* Count a message that has settled. */
void ps_cli_tally_add(struct ps_cli_tally *tally, const struct poolsend_event *settled);

/* `fail_on_duplicate`: a duplicate is a failure too. */
int ps_cli_tally_status(const struct ps_cli_tally *tally, bool fail_on_duplicate);

/* "10 messages: 9 delivered (1 more than once), 1 undelivered; 1 line refused", to be freed with free(). NULL: no
 * memory. */
char *ps_cli_tally_text(const struct ps_cli_tally *tally);

#endif
