#include "core/outcome.h"

#include <unistd.h>

void ps_outcome_fini(struct ps_outcome *outcome)
{
  ps_buf_fini(&outcome->body);
  if (outcome->has_response && outcome->response.spool >= 0)
    close(outcome->response.spool);
  outcome->has_response = false;
}
