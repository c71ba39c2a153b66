/* The account of a message: its attempts and its events, as the engine fills them and poolsend.h shows them, by
 * functions. What is told does not change any more; it is read by any thread as long as its event is held. */
#ifndef PS_ENGINE_ACCOUNT_H
#define PS_ENGINE_ACCOUNT_H

#include "core/outcome.h"

/* One request of one message to one endpoint. */
struct poolsend_attempt {
  unsigned number;           /* from 1, in starting order */
  unsigned endpoint;         /* index into the sender's endpoints */
  const char *name;          /* the endpoint's */
  const char *url;           /* the endpoint's, without its secrets */
  ps_time started, finished; /* since the message was taken up; finished is negative while it runs */
  enum poolsend_fate fate;   /* NONE while it runs: this and what follows only once it has finished */
  enum poolsend_reason reason;
  int status;        /* of the last complete final header; 0: none came */
  const char *error; /* what went wrong, in words, or NULL */
  uint64_t bytes_sent;
  struct ps_timings timings;
  const struct ps_response *response; /* NULL: there is none (yet) */
};

/* An attempt that was still running at the win. */
struct ps_pending {
  unsigned number;  /* the attempt's */
  const char *name; /* the endpoint's */
};

/* All that it points to is valid as long as its message is held. */
struct poolsend_event {
  enum poolsend_event_kind kind;
  const char *message; /* the message's id */
  uint64_t line;       /* the message's, as it was submitted; 0: none */
  void *context;       /* likewise */
  ps_time t;           /* since the message was taken up */

  const struct poolsend_attempt *attempt; /* start, finish, delivered: as it was at that moment; else NULL */

  const struct ps_pending *pending; /* delivered: in starting order */
  size_t pending_count;

  const struct poolsend_attempt *const *attempts; /* settled: all, in starting order */
  size_t attempt_count;
  const struct poolsend_attempt *winner;   /* settled: one of them; NULL: none won */
  size_t fates[POOLSEND_FATE_UNKNOWN + 1]; /* settled: how many of them met each */

  const char *const *not_tried; /* settled without a winner: names of endpoints, in the list's order */
  size_t not_tried_count;
};

#endif
