/* One attempt: a blocking request on a slot, and what it showed.
 *
 * The transport's result code does not tell what was sent, and on a connection that has died it sends a request again
 * by itself. So the callbacks keep their own evidence: a request has been handed to a connection (the pre-request
 * callback), some of it has left (the request size), a complete final header has come (the blank line). Before each
 * request the connection is looked at; a second request that no answer called for is forbidden. */
#ifndef PS_NET_ATTEMPT_H
#define PS_NET_ATTEMPT_H

#include "core/outcome.h"
#include "net/endpoint.h"

/* What a message brings to one endpoint. */
struct ps_payload {
  const char *id;   /* the Idempotency-Key */
  const char *body; /* NULL: none */
  size_t size;
  bool json; /* the body is, and is sent as application/json where no header settles the Content-Type */
  const char *const *headers; /* its own, each good by ps_check_message_header: they replace the endpoint's of the same
                               * name, and an Idempotency-Key among them ours */
  size_t header_count;
  bool own;           /* the body was given for this endpoint: the endpoint's body template is not for it */
  bool lacks;         /* bodies were given for other endpoints, and none for this one */
  const char *source; /* with `own`: the message's general body, which templates read from; NULL: none */
  size_t source_size;
};

struct ps_attempt_watcher {
  /* A complete final header has come that tells the answer: no success, or one whose body is not to be tested. Once at
   * most. On the calling thread, as the next. */
  void (*answered)(void *context, bool success, int status);
  /* Whether nobody wants the body any more: another attempt has won. Asked only when bodies are kept. */
  bool (*is_late)(void *context);
  void *context;
};

/* Make the request, on this thread, until it has ended; `outcome` (zeroed) is filled. A message that has not what the
 * endpoint's templates ask for is not sent: unreached, for the reason `template`. Blocks as long as the endpoint's
 * attempt timeout lets it, or until ps_slot_cancel. The endpoint and the slot must be no other attempt's meanwhile. */
void ps_attempt_perform(const struct ps_endpoint *endpoint, struct ps_slot *slot, const struct ps_payload *payload,
                        const struct ps_attempt_watcher *watcher, struct ps_outcome *outcome);

#endif
