#include "core/outcome.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void ps_outcome_local(struct ps_outcome *outcome, int error)
{
  outcome->verdict = (struct ps_verdict){POOLSEND_FATE_UNREACHED, POOLSEND_REASON_LOCAL};
  outcome->timings = (struct ps_timings){0, -1, -1, -1, -1, -1, -1};
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

void ps_outcome_clear(struct ps_outcome *outcome, size_t most)
{
  struct ps_buf body = outcome->body;
  outcome->body = (struct ps_buf){0};
  if (body.room > most)
    ps_buf_fini(&body);
  ps_outcome_fini(outcome);
  ps_buf_clear(&body);
  memset(outcome, 0, offsetof(struct ps_outcome, error));
  outcome->error[0] = '\0';
  outcome->body = body;
  outcome->response.spool = -1;
}
