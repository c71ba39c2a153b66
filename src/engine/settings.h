/* What a sender is made of. As with its endpoints' settings, nothing in it is owned by it. */
#ifndef PS_ENGINE_SETTINGS_H
#define PS_ENGINE_SETTINGS_H

#include "net/settings.h"

struct ps_sender_settings {
  const struct ps_endpoint_settings *endpoints; /* in the order in which they are tried */
  size_t endpoint_count;
  struct ps_request_settings requests;
  unsigned
      workers; /* requests in flight, shared out equally among the endpoints without a max_in_flight of their own; 0:
                     * 64, or as many as the endpoints ask for if that is more */

  double hedge_budget;       /* the share of recent messages that may be hedged on time, 0 to 1; negative: all */
  poolsend_time settle;      /* how long late attempts may run on after the win */
  poolsend_time answer_wait; /* how long running attempts get when the list is exhausted */
  poolsend_time max_time;    /* of a delivery up to the win; POOLSEND_NEVER: none */

  unsigned retries;
  poolsend_time retry_delay;    /* 0: exponential from one second, with jitter */
  poolsend_time retry_max_time; /* POOLSEND_NEVER: none */

  unsigned max_pending; /* messages that have not settled, with those whose settled event nobody has fetched; 0: twice
                         * the workers, and 512 */
  bool in_order;        /* one message at a time */
  bool breaker;         /* false: the list is kept strictly, however an endpoint fares */
  double rate;          /* new messages a second, at most; 0: as fast as they go */

  const char *fatal_status; /* "401,403": an answer that ends the matter for the whole message. NULL: none */
  size_t max_body;          /* bytes of a message's body, at most */
  unsigned events;          /* poolsend_event_kind values, or-ed; settled is always told */

  struct poolsend_pool *pool; /* where requests run; NULL: a pool of the sender's own */

  poolsend_event_fn *on_event; /* NULL: events are pulled */
  void *event_context;
};

/* Every default: those of the program for a stream. */
void ps_sender_settings_init(struct ps_sender_settings *settings);

#endif
