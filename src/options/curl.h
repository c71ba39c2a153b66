/* What curl has and poolsend has not, so that it can be said why, or what to use instead. */
#ifndef PS_OPTIONS_CURL_H
#define PS_OPTIONS_CURL_H

#include <stddef.h>

/* A clause for the words "--NAME is an option of curl's that poolsend has not: ...". `name` is without the dashes, and
 * may begin with no-. NULL: it is none of curl's, or one of ours. A static string. */
const char *ps_curl_option(const char *name, size_t size);

/* The same of -f and its kin. */
const char *ps_curl_letter(char letter);

#endif
