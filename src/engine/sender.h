/* What a poolsend_sender is made of. Internal: poolsend.h is what callers see. */
#ifndef PS_ENGINE_SENDER_H
#define PS_ENGINE_SENDER_H

#include "base/error.h"
#include "engine/coordinator.h"
#include "engine/settings.h"
#include "net/endpoint.h"

struct poolsend_sender {
  /* Immutable once it runs. */
  struct ps_delivery_rule rule;
  struct ps_status_set fatal;
  size_t max_body;
  ps_time *hedge_delays;            /* [rule.endpoints], the longest that they can be */
  struct ps_engine_endpoint *shown; /* [rule.endpoints] */
  struct ps_resolver resolver;      /* its hosts guard themselves */
  struct ps_endpoint *endpoints;    /* [rule.endpoints]; each slot: the worker that has its permit */
  struct ps_pool *pool;             /* its own, or the caller's */
  bool owns_pool;

  struct ps_stock stock; /* guards itself */

  pthread_mutex_t making; /* held while a slot is copied from its endpoint's model */

  struct ps_coordinator coordinator; /* guards itself */
};

/* Whether there are endpoints, each with a URL; and the number of workers, where nobody has said it. */
int ps_sender_settings_check(struct ps_sender_settings *settings, struct ps_error *error);

/* Whether there are workers enough, and the machine lets there be so many; soft limits are raised if need be. 0;
 * -EINVAL; -EMFILE. */
int ps_sender_check_limits(const struct ps_sender_settings *config, struct ps_error *error);

/* A sender from settings of which nothing is needed afterwards but the pool. As poolsend_config_failed has it; `error` has words for -EINVAL, -EMFILE and
 * -EAGAIN, and tells whose settings it is about. */
int ps_sender_open(struct poolsend_sender **sender, const struct ps_sender_settings *settings, struct ps_error *error);

/* How many permits each endpoint has for probes. */
unsigned ps_sender_probes(const struct ps_sender_settings *config);

/* Makes the sender's rule and its endpoints. 0, -EINVAL or -ENOMEM. */
int ps_sender_configure(struct poolsend_sender *sender, const struct ps_sender_settings *config,
                        struct ps_error *error);

#endif
