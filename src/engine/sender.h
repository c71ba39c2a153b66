/* What a poolsend_sender is made of. Internal: poolsend.h is what callers see. */
#ifndef PS_ENGINE_SENDER_H
#define PS_ENGINE_SENDER_H

#include "engine/coordinator.h"
#include "net/endpoint.h"

struct poolsend_sender {
  /* Immutable once it runs. */
  struct ps_delivery_rule rule;
  struct ps_status_set fatal;
  ps_time *hedge_delays;            /* [rule.endpoints] */
  struct ps_engine_endpoint *shown; /* [rule.endpoints] */
  struct ps_endpoint *endpoints;    /* [rule.endpoints]; slots: coordinator's thread, or the worker that has one */
  struct ps_pool *pool;

  struct ps_coordinator coordinator; /* guards itself */
};

#endif
