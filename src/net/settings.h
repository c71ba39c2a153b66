/* What an endpoint is made of. Nothing in these structs is owned by them: texts and lists are those of whoever fills
 * them, and need not be there any more once the endpoint is made. */
#ifndef PS_NET_SETTINGS_H
#define PS_NET_SETTINGS_H

#include "poolsend.h"

/* How requests to one endpoint are made. Options have curl's meaning. */
struct ps_endpoint_settings {
  const char *url;  /* http:// or https://; an international host in UTF-8 (by libidn2) or as xn--... */
  const char *name; /* NULL: the URL's host, with its port or a number where others have the same */

  const char *method;         /* NULL: POST with a body, GET without */
  const char *const *headers; /* "Name: value"; "Name:" removes, "Name;" sends it empty */
  size_t header_count;
  const char *const
      *secret_headers; /* names of headers whose values are never shown, besides those that are known to be
                                      * secret */
  size_t secret_header_count;
  const char *user_agent; /* NULL: poolsend/VERSION; "": none */
  const char *userpwd;    /* user:password, for basic authentication */
  const char *bearer;     /* OAuth 2 bearer token */
  bool form_type;         /* a body without a Content-Type of its own is application/x-www-form-urlencoded */

  bool insecure; /* do not verify the peer's certificate */
  const char *cacert, *capath;
  const char *cert, *key, *key_password;

  const char *proxy, *noproxy;
  const char *unix_socket;
  const char *const *resolve; /* "HOST:PORT:ADDRESS" */
  size_t resolve_count;
  const char *const *connect_to; /* "HOST1:PORT1:HOST2:PORT2" */
  size_t connect_to_count;
  bool environment_proxy; /* heed http_proxy, https_proxy, all_proxy and no_proxy */

  bool follow, http2, compressed;
  bool ipv4, ipv6;               /* of a host's addresses, those of one family alone */
  poolsend_time connect_timeout; /* 0: none of its own */
  poolsend_time attempt_timeout; /* POOLSEND_NEVER: none */
  poolsend_time hedge_delay;     /* POOLSEND_NEVER: only its failure starts the next */
  unsigned hedge_permille; /* 500 to 999: instead, that percentile of its own recent answers, between 10 ms and 1 s,
                                  * from 1 s until there are 100 of them; 0: none */
  unsigned max_in_flight;  /* attempts at once; 0: a share of the workers */

  /* Values from a message that is JSON, where {{/pointer}} stands (RFC 6901), escaped for where they stand: here, in the
   * path and the query of `url`. A message that lacks one, or has one that cannot stand there, is not sent to this
   * endpoint (fate unreached, reason template). */
  bool url_template;
  const char *const *header_templates; /* "Name: value", sent besides `headers` */
  size_t header_template_count;
  const char *body_template; /* JSON; a string that is a placeholder and nothing else becomes the value itself */

  /* What counts as accepted: "200-299,409", with JSON tests such as "/accepted=true" between them. NULL: 200-299. */
  const char *success;
};

/* What holds for the requests to all endpoints of a sender. */
struct ps_request_settings {
  bool idempotency_key;     /* a request that is not idempotent by its method carries the message's id */
  size_t max_response;      /* bytes of a response that are shown; a JSON test has the whole of it, up to 16 MiB */
  bool keep_bodies;         /* keep all of the winner's response in a temporary file */
  bool log_tls_keys;        /* write the keys of TLS connections to the file that the variable SSLKEYLOGFILE names */
  poolsend_trace_fn *trace; /* NULL: none */
  void *trace_context;
};

/* Every default. */
void ps_endpoint_settings_init(struct ps_endpoint_settings *settings);
void ps_request_settings_init(struct ps_request_settings *settings);

#endif
