/* curl's options that poolsend has not, and why: whoever comes from curl is told what to use instead. */
#ifndef PS_OPTIONS_CURL_H
#define PS_OPTIONS_CURL_H

#include <stddef.h>

/* Why there is no option of this name (of `size` bytes, without the dashes), in a clause; NULL: curl has none either, or
 * no reason is known. */
const char *ps_curl_option(const char *name, size_t size);

/* The same by the letter. */
const char *ps_curl_option_of_letter(char letter);

#endif
