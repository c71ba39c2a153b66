/* An endpoint: how requests to one API are made, checked and prepared once, and the slots to make them with. */
#ifndef PS_NET_ENDPOINT_H
#define PS_NET_ENDPOINT_H

#include "base/clock.h"
#include "net/route.h"
#include "net/settings.h"
#include "net/success.h"
#include "net/template.h"

struct ps_endpoint {
  /* Immutable after init. */
  char *name;
  bool named, name_is_shared;        /* the name was given; its host is another's too */
  unsigned twins;                    /* how many before it have the same host and port */
  char *url;                         /* as requested, its host in ASCII, with "x" for what a template puts there */
  char *written_url;                 /* the same with its host as it was given */
  char *shown_url;                   /* as shown */
  char *method;                      /* NULL: POST with a body, GET without */
  struct curl_slist *headers;        /* the first is PS_ENDPOINT_NO_EXPECT */
  struct curl_slist *json_headers;   /* `headers` for a body that is JSON */
  struct curl_slist *secret_headers; /* names; besides those that are known */
  struct ps_template url_template, body_template, *header_templates;
  size_t header_template_count;
  bool has_url_template, has_body_template;
  bool own_key;                         /* the headers settle whether and which Idempotency-Key is sent */
  bool key_sent;                        /* with own_key: they send one */
  bool own_type, own_expect, own_agent; /* the headers settle the Content-Type, Expect, the User-Agent */
  bool own_encoding;                    /* and the Accept-Encoding */
  bool form_type, no_key, follow, keep_bodies, http2;
  bool authenticates; /* an Authorization is made from credentials, none is given as a header */
  size_t max_response;
  ps_time hedge_delay, attempt_timeout;
  struct ps_success success;
  struct ps_route route;
  poolsend_trace_fn *trace;
  void *trace_context;
  CURL *model;    /* every option of the endpoint set; slots copy it */
  CURL *stranger; /* likewise without credentials, where redirects are followed; or NULL */

  /* The thread that lends permits. */
  unsigned permits;
  struct ps_slot **slots; /* [permits], made when first needed */
};

/* libcurl waits a second for "100 Continue" before a body of 1 MiB or more, while the hedge clock is running: below
 * half of that this header need not be looked at in each request. */
#define PS_ENDPOINT_NO_EXPECT   "Expect:"
#define PS_ENDPOINT_EXPECT_SIZE ((size_t)512 * 1024)

/* From its settings, those that hold for all endpoints' requests, and names of `resolver`, which must outlive it. 0; -ENOMEM; -EINVAL, and `error` says what is wrong and what would be right. Fini it even so. */
int ps_endpoint_init(struct ps_endpoint *endpoint, const struct ps_endpoint_settings *settings,
                     const struct ps_request_settings *requests, unsigned permits, struct ps_resolver *resolver,
                     struct ps_error *error);
void ps_endpoint_fini(struct ps_endpoint *endpoint);

/* The slot of a permit. NULL: no memory. */
struct ps_slot *ps_endpoint_slot(struct ps_endpoint *endpoint, unsigned permit);

/* Whether a header line of the user's gives the header a value, an empty one included: "Name:" takes it away. */
bool ps_header_has_value(const char *line);

/* Whether the configuration calls the header of this name, of `size` bytes, secret. */
bool ps_endpoint_is_secret(const struct ps_endpoint *endpoint, const char *name, size_t size);

/* Appends a header line, of `size` bytes, as it may be shown: without the value if that is a secret here, and a line
 * that is no header without the secrets that may be in it. 0 or -ENOMEM. */
int ps_endpoint_show_header(const struct ps_endpoint *endpoint, struct ps_buf *out, const char *line, size_t size);

/* The method of a request for a message with or without a body. */
const char *ps_endpoint_method(const struct ps_endpoint *endpoint, bool has_body);

/* Whether a request carries the message's id as its Idempotency-Key: the header is ours to add. */
bool ps_endpoint_adds_key(const struct ps_endpoint *endpoint, bool has_body);

/* Whether a request may be made again though an earlier one may have arrived: it carries a key, or its method is
 * idempotent by definition (RFC 9110, 9.2.2). */
bool ps_endpoint_may_repeat(const struct ps_endpoint *endpoint, bool has_body);

/* Give every endpoint that has no name its URL's host; then the port, then a number, to tell like ones apart. -EINVAL:
 * two were given the same name. */
int ps_endpoints_name(struct ps_endpoint *endpoints, unsigned count, struct ps_error *error);

#endif
