/* The way to an endpoint: its proxy, its socket, and whose addresses are to be found before a request is made.
 *
 * A name's addresses are given to the slot's handle one of each family at a time. An attempt that makes no connection to
 * them, and so has sent nothing, is given the next; see tries.h. Those that failed are avoided for a minute by
 * everybody; see resolver.h. */
#ifndef PS_NET_ROUTE_H
#define PS_NET_ROUTE_H

#include "base/error.h"
#include "core/fate.h"
#include "net/settings.h"
#include "net/slot.h"

struct ps_route {
  /* Immutable. Whom connections go to, the endpoint or its proxy. NULL: it has no name, or one cannot tell who it is
   * (there are hosts that the proxy is not for): libcurl finds the way by itself then. */
  struct ps_host *host;
  char *target;             /* "HOST:PORT:", which libcurl wants before addresses */
  struct curl_slist *given; /* the user's addresses */
  struct curl_slist *connect_to;
  char *unix_socket;       /* NULL: none */
  enum ps_family family;   /* of the addresses that connections go to */
  long proxy_ports[2];     /* of the HTTP proxies for http and for https; 0: there is none */
  bool has_exceptions;     /* some hosts are not asked for through it */
  ps_time connect_timeout; /* 0: libcurl's */
};

/* 0; -ENOMEM; -EINVAL, and `error` says why: the proxy that the environment has for this URL has a host that is not in
 * ASCII. It is libcurl that reads the environment, and goes by the locale. */
int ps_route_check(const struct ps_endpoint_settings *settings, const char *url, struct ps_error *error);

/* From settings that are good, for a URL that is. 0 or -ENOMEM; fini it even so. */
int ps_route_init(struct ps_route *route, const struct ps_endpoint_settings *settings, const char *url,
                  struct ps_resolver *resolver);
void ps_route_fini(struct ps_route *route);

/* Have the handle that slots are copied from go this way. 0 or -ENOMEM. */
int ps_route_set(const struct ps_route *route, const struct ps_endpoint_settings *settings, CURL *model);

/* Whether the environment is asked for a proxy, and has one. */
bool ps_route_heeds_environment(const struct ps_endpoint_settings *settings);

/* An attempt begins: see to it that the slot's handle has the addresses to try first, looked up before `deadline`.
 * PS_END_COMPLETE; or how an attempt ends that gets none, and the slot's words say why. The thread that runs it, and so
 * on. */
enum ps_ending ps_route_find(const struct ps_route *route, struct ps_slot *slot, ps_time deadline);

/* Words for there being no address of the family that is wanted, which name the option; "" where any is. */
const char *ps_route_lack(const struct ps_route *route);

/* How long the handle may take to make a connection to the addresses that it has been given (not for what comes after,
 * such as a TLS handshake), where `left` is left for connecting. PS_NEVER: all of that. */
ps_time ps_route_limit(const struct ps_route *route, const struct ps_slot *slot, ps_time left);

/* No connection was made to the addresses that the handle has been given, and nothing was sent: they are avoided by
 * everybody. `silent`: time ran out; else they refused, or cannot be reached. True: the handle has been given others, or
 * the same once more, to be tried now. False: there are none, or `deadline` has passed, or the slot was cancelled. May
 * wait, two seconds at most, for a look-up of the name. */
bool ps_route_next(const struct ps_route *route, struct ps_slot *slot, bool silent, ps_time deadline);

/* The handle, whose transfer has ended, has made a connection to one of the addresses that it has been given. */
void ps_route_connected(const struct ps_route *route, const struct ps_slot *slot);

/* Whether the handle's transfer, which has ended, asked an HTTP proxy for `url`. */
bool ps_route_used_proxy(const struct ps_route *route, const char *url, CURL *easy);

#endif
