/* International host names: written in UTF-8 wherever settings name a host, in any locale, and sent in the spelling that
 * DNS, certificates and "Host" know, "xn--" and ASCII (IDNA2008, RFC 5890 and 5891, in the lenient reading of UTS #46
 * that libcurl and browsers have). libcurl would spell them so too, but takes them to be in the locale's encoding, so
 * that what works in a terminal does not in cron; it is only ever given the ASCII.
 *
 * It is libidn2 that knows how. A build without it refuses such a name. Names in ASCII need nothing, and stay as they
 * are. Any thread may call these functions. */
#ifndef PS_NET_IDN_H
#define PS_NET_IDN_H

#include "base/error.h"
#include "net/settings.h"

#include <curl/curl.h>

/* A copy of `url`, to be freed with free(), that has its host in ASCII and everything else as it is. The host may be in
 * percent-encoding, as libcurl reads it. A URL may lack its scheme, as proxies may. 0; -ENOMEM; -EINVAL: the host is not
 * UTF-8 or no name, or this build cannot spell it, as `error` says. What else may be wrong with a URL is not looked at.
 */
int ps_idn_url(const char *url, char **ascii, struct ps_error *error);

/* An endpoint's settings with every host on its way in ASCII: in proxy, noproxy, resolve and connect_to. */
struct ps_idn_settings {
  struct ps_endpoint_settings ascii; /* the given ones but for these; valid as long as those are, and until the fini */

  /* Internal. */
  struct curl_slist *texts;
  const char **resolve, **connect_to;
};

/* 0; -ENOMEM; -EINVAL, as above. Fini it even so. */
int ps_idn_settings_init(struct ps_idn_settings *settings, const struct ps_endpoint_settings *given,
                         struct ps_error *error);
void ps_idn_settings_fini(struct ps_idn_settings *settings);

#endif
