/* What one attempt came to: the verdict and the account that goes with it. Filled by whoever ran the attempt, read by
 * the engine. */
#ifndef PS_CORE_OUTCOME_H
#define PS_CORE_OUTCOME_H

#include "base/buf.h"
#include "base/clock.h"
#include "core/fate.h"

#define PS_ERROR_SIZE 256

/* When each step of a request was done, counted from the attempt's start; negative if it never was. `queue` is the
 * exception: how long the attempt waited for its start. */
struct ps_timings {
  ps_time queue, resolve, connect, tls, sent, first_byte, total;
};

/* A response body, decoded. */
struct ps_response {
  const char *data; /* the first bytes, at most max_response of them; not ended by NUL */
  size_t size;
  bool truncated;  /* there was more, or the connection broke before its end */
  int spool;       /* with keep_bodies, of the winner: a file with all of it; else -1 */
  int spool_error; /* why it could not be kept: an errno value, or 0 */
};

struct ps_outcome {
  struct ps_verdict verdict;
  int status; /* of the last complete final header; 0: none */
  ps_time retry_after;
  uint64_t bytes_sent;
  struct ps_timings timings;

  bool has_response;
  struct ps_buf body;          /* the outcome owns it */
  struct ps_response response; /* `data` is the body's */
  char error[PS_ERROR_SIZE];   /* "": none */
};

/* The outcome of an attempt that could not be made for want of something here; `error` is an errno value. */
void ps_outcome_local(struct ps_outcome *outcome, int error);

/* Closes the spool, which is -1 where there is none, and frees the body. */
void ps_outcome_fini(struct ps_outcome *outcome);

/* Likewise, and makes it as new; but up to `most` bytes of room for a body are kept. */
void ps_outcome_clear(struct ps_outcome *outcome, size_t most);

#endif
