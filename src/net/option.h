/* Options of which libcurl keeps a copy. Where there is no memory for one it keeps none, and makes the request as if
 * nothing had been asked for: without credentials, past the proxy, by another method. */
#ifndef PS_NET_OPTION_H
#define PS_NET_OPTION_H

#include <curl/curl.h>
#include <stdbool.h>

/* False: there is no memory, and the handle must not be used before the option has been set. */
static inline bool ps_option_keep(CURL *easy, CURLoption option, const char *text)
{
  return curl_easy_setopt(easy, option, text) != CURLE_OUT_OF_MEMORY;
}

#endif
