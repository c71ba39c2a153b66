/* SIGINT, SIGTERM and SIGHUP. The first asks for an orderly end. With one message nothing more starts, what runs
 * is cancelled, every fate is told. A stream takes up no more messages, and those taken up have a while. The second
 * ends the process at once, and says how many accounts are lost by that. A thread of its own waits for them. */
#ifndef PS_CLI_SIGNALS_H
#define PS_CLI_SIGNALS_H

#include "poolsend.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

/* As `grace`: what is under way is cancelled, and the caller sees to it that there will be no more. */
#define PS_CLI_NO_GRACE ((poolsend_time)-1)

struct ps_cli_signals {
  struct poolsend_sender *sender; /* borrowed */
  poolsend_time grace;            /* how long what is under way goes on after the first */
  int source, quit;               /* descriptors: of the signals, and to end the thread */
  int raised;                     /* readable once the first has come */
  pthread_t thread;
  atomic_int first;        /* the first signal, or 0 */
  atomic_ullong accounted; /* attempts whose fate has been told: the caller counts */
};

/* Block the signals in this thread and those that it makes from now on. */
void ps_cli_signals_block(void);

/* Begin to wait for them. False: said why. */
bool ps_cli_signals_start(struct ps_cli_signals *signals, struct poolsend_sender *sender, poolsend_time grace);
void ps_cli_signals_stop(struct ps_cli_signals *signals);

#endif
