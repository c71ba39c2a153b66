/* What must not be shown: user names and passwords in URLs, the values of secret query parameters and headers. */
#ifndef PS_NET_REDACT_H
#define PS_NET_REDACT_H

#include "base/buf.h"

#include <stdbool.h>

/* Whether a header or a parameter of this name (of `size` bytes) carries a secret. */
bool ps_redact_is_secret(const char *name, size_t size);

/* Appends `text`, of `size` bytes (a URL, a request line, or a line that may hold either), with the user information of
 * every URL left out and the value of every secret parameter replaced by "***", also where it stands percent-encoded in
 * another's. 0 or -ENOMEM. */
int ps_redact_append(struct ps_buf *out, const char *text, size_t size);

/* How long the name is that a header line, "Name: value", begins with; 0: it is no header line. */
size_t ps_redact_header_name(const char *line, size_t size);

/* Appends a header line the same way, and without the value if the name is secret. 0 or -ENOMEM. */
int ps_redact_append_header(struct ps_buf *out, const char *line, size_t size);

/* Appends a header without its value, from the `size` bytes of its name. 0 or -ENOMEM. */
int ps_redact_append_hidden(struct ps_buf *out, const char *name, size_t size);

/* A copy of `url`, or of words that may hold one, made fit to be shown: likewise, and without a control character. To
 * be freed with free(). NULL: no memory. */
char *ps_redact_url(const char *url);

#endif
