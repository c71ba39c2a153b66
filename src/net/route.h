/* The way to an endpoint: its proxy, its socket, and whose addresses are to be found before a request is made. */
#ifndef PS_NET_ROUTE_H
#define PS_NET_ROUTE_H

#include "core/fate.h"
#include "net/slot.h"

struct ps_route {
  /* Immutable. Whom connections go to, the endpoint or its proxy. NULL: it has no name, or its address is given, or one
   * cannot tell who it is (there are hosts that the proxy is not for): libcurl finds the way by itself then. */
  struct ps_host *host;
  char *target;             /* "HOST:PORT:", which libcurl wants before addresses */
  struct curl_slist *given; /* the user's addresses */
  struct curl_slist *connect_to;
  char *unix_socket;       /* NULL: none */
  bool proxied;            /* all requests go through an HTTP proxy */
  ps_time connect_timeout; /* 0: libcurl's */
};

/* From settings that are good, for a URL that is. 0 or -ENOMEM; fini it even so. */
int ps_route_init(struct ps_route *route, const struct poolsend_endpoint *settings, const char *url,
                  struct ps_resolver *resolver);
void ps_route_fini(struct ps_route *route);

/* Have the handle that slots are copied from go this way. 0 or -ENOMEM. */
int ps_route_set(const struct ps_route *route, const struct poolsend_endpoint *settings, CURL *model);

/* Whether the environment is asked for a proxy, and has one. */
bool ps_route_heeds_environment(const struct poolsend_endpoint *settings);

/* See to it that the slot's handle has the addresses that it needs, before `deadline`. PS_END_COMPLETE; or how an
 * attempt ends that gets none, and the slot's words say why. The thread that runs it. */
enum ps_ending ps_route_find(const struct ps_route *route, struct ps_slot *slot, ps_time deadline);

#endif
