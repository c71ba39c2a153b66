/* The results: events and other lines on standard output. Lines of different threads never mix: who writes has the
 * turn, and others wait for it without a lock being held meanwhile. The lines of many events are written with one call.
 *
 * What cannot be written where it belongs goes to standard error from then on: an account is not lost with its
 * reader. */
#ifndef PS_CLI_RESULTS_H
#define PS_CLI_RESULTS_H

#include "cli/output.h"
#include "cli/settings.h"

#include <pthread.h>
#include <stdatomic.h>

/* Called once, when the results cannot be written, before they go to standard error. Says so; with whose turn it is. */
typedef void ps_cli_results_failed_fn(void *context, const char *why);

struct ps_cli_results {
  const struct ps_cli_settings *settings; /* immutable, as the next four */
  int fd;
  ps_cli_results_failed_fn *failed;
  void *context;
  atomic_ullong *accounted; /* attempts whose fate has been told */

  struct ps_buf batch; /* the thread that adds events, as the next */
  uint64_t batch_accounts;

  struct ps_cli_output output; /* whoever has the turn */

  struct {
    pthread_mutex_t mutex;
    pthread_cond_t given; /* taken has become false */
    bool taken;
  } turn;
  atomic_bool failed_locally; /* any thread */
};

void ps_cli_results_init(struct ps_cli_results *results, const struct ps_cli_settings *settings, int fd);
void ps_cli_results_fini(struct ps_cli_results *results);

/* Write now. Any thread; blocks as long as the reader takes nothing. */
void ps_cli_results_write(struct ps_cli_results *results, const char *text, size_t size);

/* Add an event's lines to those that the next flush writes; when they are many, that is at once. What the settings do
 * not show is only counted. One thread. */
void ps_cli_results_add(struct ps_cli_results *results, const struct poolsend_event *event);
void ps_cli_results_flush(struct ps_cli_results *results);

/* A local failure, which outranks every other exit status, with its words as a warning. Any thread. */
void ps_cli_results_fail(struct ps_cli_results *results, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
