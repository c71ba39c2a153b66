/* The request that a message becomes at an endpoint: the endpoint's settings, with its templates filled from the
 * message and with what the message brings of its own. Most messages bring nothing and need no memory here. */
#ifndef PS_NET_REQUEST_H
#define PS_NET_REQUEST_H

#include "net/attempt.h"

struct ps_request {
  const char *body; /* NULL: none */
  size_t size;
  const char *url;            /* NULL: the endpoint's; its host in ASCII */
  const char *written_url;    /* the same with its host as it was given */
  struct curl_slist *headers; /* all that is to be given to libcurl */

  /* Internal: what of that is not the endpoint's or the payload's, which must outlive it. */
  struct ps_buf body_text, url_text;
  char *ascii_url;        /* NULL: its host is so already */
  struct curl_slist *own; /* made for this request, or NULL */
  struct curl_slist key;  /* other headers behind it */
  char key_line[sizeof "Idempotency-Key: " + 255];
};

/* 0; -ENOMEM; -EINVAL: the message has not what the templates ask for, `words` (of `size` bytes) say so, without
 * showing a value. Fini it even so; it must not be moved. */
int ps_request_init(struct ps_request *request, const struct ps_endpoint *endpoint, const struct ps_payload *payload,
                    char *words, size_t size);
void ps_request_fini(struct ps_request *request);

/* Whether a header of this name is among the request's, or taken away there. */
bool ps_request_settles(const struct ps_request *request, const char *name);

#endif
