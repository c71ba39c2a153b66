/* What a sender is to be made of: levels of options, and the endpoints in their order. Behind the poolsend_config_
 * functions of poolsend.h; the program reaches further in, for the command line is a level that no library has. */
#ifndef PS_OPTIONS_CONFIG_H
#define PS_OPTIONS_CONFIG_H

#include "options/options.h"

struct poolsend_endpoint {
  struct poolsend_config *config;
  struct ps_options own;
  size_t line;  /* of its file, where it begins; 0: it comes from elsewhere */
  size_t index; /* among the endpoints of that file */
};

struct poolsend_config {
  struct ps_options base;     /* set on the configuration, or at the top of the file */
  struct ps_options defaults; /* the file's, for endpoints that are named elsewhere too */
  struct ps_options command;  /* the command line's: over everything else */
  struct poolsend_endpoint **endpoints;
  size_t endpoint_count;
  struct poolsend_pool *pool;
  poolsend_event_fn *on_event;
  void *event_context;
  poolsend_trace_fn *trace;
  void *trace_context;

  int failed;            /* 0, or the negative errno value of what went wrong first, or of the last poolsend_open */
  bool is_stuck;         /* it went wrong while it was set: nothing can be made of it any more */
  struct ps_error error; /* the words */
};

/* One more endpoint at the end, for its options to be set. NULL: no memory. */
struct poolsend_endpoint *ps_config_add(struct poolsend_config *config);

/* Every option as it holds for the sender: the levels but for endpoints' own, laid over one another. To be given to
 * ps_options_fini in any case. 0 or -ENOMEM. */
int ps_config_options(const struct poolsend_config *config, struct ps_options *options);

/* The levels laid over one another, for each endpoint and for the sender. */
struct ps_config_merged {
  struct ps_options sender, *endpoints;  /* [count] */
  struct ps_endpoint_settings *settings; /* [count], which point into `endpoints` */
  size_t count;
};

/* What a sender is made of, which points into `merged`. That is to be given to fini in any case. 0 or -ENOMEM. */
int ps_config_merge(const struct poolsend_config *config, struct ps_config_merged *merged,
                    struct ps_sender_settings *settings);
void ps_config_merged_fini(struct ps_config_merged *merged);

#endif
