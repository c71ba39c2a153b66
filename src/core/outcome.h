/* What one attempt came to: the verdict and the account that goes with it. Filled by whoever ran the attempt, read by
 * the engine. Instants in `timings` count from the attempt's start, as in poolsend.h. */
#ifndef PS_CORE_OUTCOME_H
#define PS_CORE_OUTCOME_H

#include "base/buf.h"
#include "base/clock.h"
#include "core/fate.h"

#define PS_ERROR_SIZE 256

struct ps_outcome {
  struct ps_verdict verdict;
  int status; /* of the last complete final header; 0: none */
  ps_time retry_after;
  uint64_t bytes_sent;
  struct poolsend_timings timings;

  bool has_response;
  struct ps_buf body;                /* the outcome owns it */
  struct poolsend_response response; /* `data` is the body's */
  char error[PS_ERROR_SIZE];         /* "": none */
};

/* The outcome of an attempt that could not be made for want of something here; `error` is an errno value. */
void ps_outcome_local(struct ps_outcome *outcome, int error);

/* Closes the spool, which is -1 where there is none, and frees the body. */
void ps_outcome_fini(struct ps_outcome *outcome);

/* Likewise, and makes it as new; but up to `most` bytes of room for a body are kept. */
void ps_outcome_clear(struct ps_outcome *outcome, size_t most);

#endif
