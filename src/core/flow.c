#include "core/flow.h"

void ps_flow_note(struct ps_flow *flow, ps_time when)
{
  ps_time age = when - flow->window;
  if (age >= PS_FLOW_WINDOW) {
    flow->before = age < 2 * PS_FLOW_WINDOW ? flow->count : 0;
    flow->count = 0;
    flow->window = when;
  }
  flow->count++;
}

unsigned ps_flow_lately(const struct ps_flow *flow, ps_time now)
{
  ps_time age = now - flow->window;
  if (age >= 2 * PS_FLOW_WINDOW)
    return 0;
  return age < PS_FLOW_WINDOW && flow->before > flow->count ? flow->before : flow->count;
}
