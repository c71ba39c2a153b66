/* An attempt in progress, and the evidence that libcurl's callbacks gather of the request that is under way. Internal to
 * net: attempt runs it, judge says what it came to. Only the thread that runs the attempt touches it.
 *
 * An attempt makes one request, and one more for every redirect that it follows, each with a curl_easy_perform of its
 * own. libcurl is let send one request in each: what it would send again (on a connection that died, after a 417, at
 * HTTP/2's REFUSED_STREAM) is stopped before the first byte, and no connection is opened for it. */
#ifndef PS_NET_TRANSFER_H
#define PS_NET_TRANSFER_H

#include "net/request.h"

/* The request under way: the message's own, or what redirects have made of it. */
struct ps_hop {
  unsigned number;            /* of redirects followed so far */
  const char *method, *url;   /* `url` is `located`, or the message's own */
  const char *own;            /* the message's */
  char *located;              /* where the last redirect led to; or NULL */
  struct curl_slist *headers; /* to go with it, where they are not the message's; or NULL */
  bool has_body;
  bool bare;      /* a 303 has taken the body away */
  bool elsewhere; /* at another origin than the endpoint's */
  enum ps_redirected redirected;
  int status;          /* of the answer that led here */
  const char *refused; /* why no further redirect was followed; or NULL */
};

/* What was seen of it. Begun anew for every curl_easy_perform. */
struct ps_seen {
  bool connected;                /* a connection stands for it, to the endpoint or its proxy; TLS may not */
  bool requested;                /* it was handed to a connection */
  bool kept;                     /* which had been opened before */
  bool again;                    /* libcurl was about to send it a second time */
  enum ps_connection connection; /* what the look at the connection showed that it was to be handed to */
  long size_before;              /* bytes sent before it, to a proxy */
  int status;                    /* of its complete final header; 0: none came */
  bool no_http;                  /* what came in the place of its status line is none */
  bool in_header;                /* between a status line and its blank line */
  bool leads_on;                 /* the answer is a redirect that is to be followed */
  ps_time answered;              /* when its header was complete */
  bool overdue;                  /* the attempt's limit is long past, and nobody has ended it */
  bool long_wait;                /* the header has a Retry-After that is beyond counting */
  size_t body_size;              /* decoded */
  bool body_is_enough;           /* no more of it was wanted */
};

struct ps_transfer {
  const struct ps_endpoint *endpoint;
  struct ps_slot *slot;
  CURL *easy; /* the slot's handle that is in use */
  struct ps_request request;
  const struct ps_attempt_watcher *watcher;
  struct ps_outcome *outcome;
  ps_time began;        /* the attempt */
  ps_time finding;      /* how long the addresses took */
  ps_time offset;       /* of this request in the attempt */
  ps_time connecting;   /* when its connection was asked for */
  ps_time connect_left; /* for it */
  bool limited;         /* less of that for the connection alone, to go on to other addresses in time */
  bool slow;            /* what was tried last does connect, but had not got further within its limit */

  struct ps_hop hop;
  struct ps_seen seen;
  char *location; /* of the newest header, and then where that leads to; or NULL */

  /* Of all requests together. */
  uint64_t bytes_sent; /* by those before this one */
  size_t header_bytes;
  bool headers_too_big;
  bool told; /* the answer */
};

/* Have the handle's transfers, from now on, report to whichever one the slot runs. */
void ps_transfer_watch(CURL *easy, struct ps_slot *slot, const struct ps_endpoint *endpoint);

/* Before a transfer that is to make a connection (or not): have it known when that stands, before TLS does. */
void ps_transfer_listen(struct ps_transfer *transfer, bool connecting);

/* Stop keeping the response, and give up what was kept. */
void ps_transfer_drop_spool(struct ps_transfer *transfer);

/* The answer is a forward proxy's own: one that a plain request goes through says with 407 that it passed nothing on
 * (RFC 9110, 15.5.8). */
bool ps_transfer_is_of_proxy(const struct ps_transfer *transfer);

/* The answer has the status of a success. */
bool ps_transfer_is_success(const struct ps_transfer *transfer);

/* The answer has a Location that is to be followed, if it can be. */
bool ps_transfer_is_redirect(const struct ps_transfer *transfer);

/* A connection was made for the request, even one that broke before it was seen to stand. After a perform that did not
 * run out of time: libcurl then counts the time that it waited in vain. */
bool ps_transfer_was_connected(const struct ps_transfer *transfer);

/* Some of the body was not kept. */
bool ps_transfer_body_is_cut(const struct ps_transfer *transfer);

/* Some of the request may have left, and no complete final header has answered it. */
bool ps_transfer_is_unanswered(const struct ps_transfer *transfer);

/* Bytes of the request that have left, as far as libcurl has counted them. */
uint64_t ps_transfer_bytes_sent(const struct ps_transfer *transfer);

#endif
