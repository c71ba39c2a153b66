/* A transfer in progress: the evidence that its callbacks gather. Internal to net: attempt sets one up, runs it and
 * judges by it. Only the thread that runs the attempt touches it. */
#ifndef PS_NET_TRANSFER_H
#define PS_NET_TRANSFER_H

#include "net/request.h"

struct ps_transfer {
  const struct ps_endpoint *endpoint;
  struct ps_slot *slot;
  struct ps_request request;
  const struct ps_attempt_watcher *watcher;
  struct ps_outcome *outcome;
  ps_time began;   /* the attempt */
  ps_time finding; /* how long the addresses took */
  ps_time offset;  /* of this transfer in the attempt */

  /* Evidence. */
  bool requested;    /* a request was handed to a connection */
  bool unanswered;   /* the newest one has no complete final header yet */
  long size_before;  /* bytes sent before the newest request */
  int status;        /* of the last complete final header */
  bool stale;        /* the kept connection was dead, and nothing was sent on it */
  bool resent, dead; /* a silent resend was forbidden; a new connection was closed before the request */
  bool in_header;    /* between a status line and its blank line */
  int header_status; /* of that status line */
  size_t header_bytes;
  bool headers_too_big, body_is_enough;
};

/* Have the slot's transfers, from now on, report to whichever one it runs. Once, when the slot is new. */
void ps_transfer_watch(struct ps_slot *slot, const struct ps_endpoint *endpoint);

/* Stop keeping the response, and give up what was kept. */
void ps_transfer_drop_spool(struct ps_transfer *transfer);

/* Some of the newest request has left, and no complete final header has answered it. */
bool ps_transfer_is_unanswered(const struct ps_transfer *transfer);

/* Bytes of requests that have left so far, as the transport counts them. */
long ps_transfer_request_size(const struct ps_transfer *transfer);

#endif
