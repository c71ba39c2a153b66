#include "core/outcome.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void ps_outcome_local(struct ps_outcome *outcome, int error)
{
  outcome->verdict = (struct ps_verdict){POOLSEND_UNREACHED, POOLSEND_LOCAL};
  outcome->timings = (struct poolsend_timings){0, -1, -1, -1, -1, -1, -1};
  snprintf(outcome->error, sizeof outcome->error, "%s", strerror(error));
}

void ps_outcome_fini(struct ps_outcome *outcome)
{
  ps_buf_fini(&outcome->body);
  if (outcome->response.spool >= 0)
    close(outcome->response.spool);
  outcome->response.spool = -1;
  outcome->has_response = false;
}
