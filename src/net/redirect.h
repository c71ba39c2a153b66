/* Redirects as an attempt follows them, one request a hop (RFC 9110, 15.4): what each makes of the request, and what of
 * it is for the endpoint's own origin alone. Pure. */
#ifndef PS_NET_REDIRECT_H
#define PS_NET_REDIRECT_H

#include "net/endpoint.h"

enum ps_redirect {
  PS_REDIRECT_AS_IT_IS, /* method and body stay */
  PS_REDIRECT_TO_GET,   /* 303: the request was done, and its result is elsewhere */
  PS_REDIRECT_LOSES     /* a POST, of which user agents make a GET without the body: nobody would get the message */
};

/* What an answer of `status`, 300 to 399 with a Location, makes of a request by `method`. */
enum ps_redirect ps_redirect_kind(int status, const char *method);

/* Why a request that `number` redirects have led to is not redirected once more: in words, or NULL. */
const char *ps_redirect_refusal(int status, const char *method, unsigned number);

/* Whether the API may have acted on the request before it redirected it. */
bool ps_redirect_acted(int status, const char *method);

/* Whether both URLs have the same scheme, host and port (RFC 6454, 4). False where one cannot be understood. */
bool ps_redirect_stays(const char *from, const char *to);

/* Where a Location leads to from the URL of its request (RFC 9110, 10.2.2; RFC 3986, 5), as libcurl reads it. Within the
 * origin of `own`, the message's URL (or NULL), it has the user and password of that where it names none. NULL: nowhere,
 * or there is no memory; else to be freed. */
char *ps_redirect_resolve(const char *url, const char *location, const char *own);

/* Whether this is a URL that we follow: http or https; and whether it is the latter. */
bool ps_redirect_is_http(const char *url);
bool ps_redirect_is_https(const char *url);

/* A copy of `headers` for a hop. `elsewhere`: to another origin, which gets no credentials of the endpoint's, no Host
 * of the user's, and no header that the configuration calls secret. `bare`: without what describes a body. 0 or -ENOMEM;
 * free it even so. */
int ps_redirect_headers(struct curl_slist **kept, const struct curl_slist *headers, const struct ps_endpoint *endpoint,
                        bool elsewhere, bool bare);

#endif
