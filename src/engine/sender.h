/* What a poolsend_sender is made of. Internal: poolsend.h is what callers see. */
#ifndef PS_ENGINE_SENDER_H
#define PS_ENGINE_SENDER_H

#include "engine/coordinator.h"
#include "net/endpoint.h"

struct poolsend_sender {
  /* Immutable once it runs. */
  struct ps_delivery_rule rule;
  struct ps_status_set fatal;
  size_t max_body;
  ps_time *hedge_delays;            /* [rule.endpoints], the longest that they can be */
  struct ps_engine_endpoint *shown; /* [rule.endpoints] */
  struct ps_endpoint *endpoints;    /* [rule.endpoints]; each slot: the worker that has its permit */
  struct ps_pool *pool;

  struct ps_stock stock; /* guards itself */

  pthread_mutex_t making; /* held while a slot is copied from its endpoint's model */

  struct ps_coordinator coordinator; /* guards itself */
};

#endif
