/* libcurl as a whole: what it does for the process rather than for a request. */
#ifndef PS_NET_TRANSPORT_H
#define PS_NET_TRANSPORT_H

#include <curl/curl.h>
#include <stdbool.h>

/* Ready for use, until as many calls of fini; it counts. It stays loaded for good: where the look-up of a name that is
 * left to it was given up (of hosts that a redirect names, or that a SOCKS proxy does not look up), it leaves a thread
 * behind, to end when the system's resolver returns. 0 or -ENOMEM. */
int ps_transport_init(void);
void ps_transport_fini(void);

/* Of the libcurl that runs, which need not be the one that the program was built with: 0x070100 is 7.1.0. What differs by
 * version goes by this. After init. */
unsigned ps_transport_version(void);

/* Whether a libcurl of these features (CURL_VERSION_*) leaves a transfer's thread to itself while a name is looked up.
 * The system's resolver loads modules (for LDAP and the like) that take as much stack as they please. libcurl calls it
 * for names that are left to it, on a thread of its own unless it was built without that. */
bool ps_transport_looks_up_aside(int features);

/* Have connections of this handle, and of its copies, write no keys where SSLKEYLOGFILE says, as libcurl would with
 * OpenSSL. */
void ps_transport_hide_keys(CURL *easy);

#endif
