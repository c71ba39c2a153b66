/* Bad request settings, refused before anything is sent: the transport would pass most of them through. Every function
 * gives 0, or -EINVAL and in `error` what is wrong and what would be right. */
#ifndef PS_NET_CHECK_H
#define PS_NET_CHECK_H

#include "base/error.h"

/* A URL: http or https, with a host, nothing that would end a request line. */
int ps_check_url(const char *url, struct ps_error *error);

/* A method: a token (RFC 9110, 9.1). */
int ps_check_method(const char *method, struct ps_error *error);

/* A header: "Name: value", "Name:" or "Name;", the name a token (RFC 9110, 5.1), and not one that frames the
 * message. */
int ps_check_header(const char *line, struct ps_error *error);

/* A header that a message brings along, maybe from strangers: likewise, but a value is given, if only an empty one
 * ("Name:" and "Name;" are the same here), there is no control character in it but a tab, and it is not Host, nor an
 * empty Idempotency-Key, on whose being sent we rely. */
int ps_check_message_header(const char *line, struct ps_error *error);

/* Any other text that goes into a request: no control character but a tab. `what` names it. */
int ps_check_text(const char *what, const char *text, struct ps_error *error);

/* A file or a directory that will be read; NULL and PKCS #11 URIs (RFC 7512) pass. `what` names it. */
int ps_check_file(const char *what, const char *path, struct ps_error *error);
int ps_check_directory(const char *what, const char *path, struct ps_error *error);

/* A proxy: a URL whose scheme, if it has one, is one that can be spoken. NULL and "" (none) pass. */
int ps_check_proxy(const char *proxy, struct ps_error *error);

/* "HOST:PORT:ADDRESS[,ADDRESS]...", with "+" before it or, without the address, "-". */
int ps_check_resolve(const char *entry, struct ps_error *error);

/* "HOST1:PORT1:HOST2:PORT2", each of which may be empty. */
int ps_check_connect_to(const char *entry, struct ps_error *error);

/* Write the words of `error`, and give -EINVAL. */
int ps_refuse(struct ps_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Likewise of a URL. Where one cannot be understood, neither can what of it is a secret: one that may hold a password is
 * not shown, of others not what stands behind the path. */
int ps_refuse_url(const char *url, const char *why, struct ps_error *error);

#endif
