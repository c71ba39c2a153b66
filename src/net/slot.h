/* A slot: the easy handle of one permit, with its connections, and the way to cut a request short from another thread.
 *
 * The easy handle belongs to the one thread that is running an attempt with it. Cancelling is for any other thread: it
 * sets a flag that the transfer's callbacks read, and shuts down the slot's sockets, which wakes a transfer that is
 * blocked on one at once. The sockets are known because the transfer opens and closes them through here. */
#ifndef PS_NET_SLOT_H
#define PS_NET_SLOT_H

#include "core/fate.h"
#include "net/resolver.h"
#include "net/tries.h"

#include <curl/curl.h>

/* Connections kept, and those being tried at once (RFC 8305), with room to spare. */
#define PS_SLOT_SOCKETS 16

struct ps_transfer;

struct ps_slot_socket {
  int fd;
  unsigned use; /* the use of the slot that opened it: an older one is a reused connection */
};

struct ps_slot {
  CURL *easy;                   /* the thread that runs an attempt, and so on to `words` */
  CURL *stranger;               /* for redirects to other origins, without credentials; or NULL */
  struct ps_transfer *transfer; /* which it runs */
  unsigned prepared;            /* how the handle is set up, by attempt.c */
  unsigned use;                 /* counts transfers */
  bool sealed;                  /* the transfer's request has been handed on: no other connection is for it */
  bool reopened;                /* one was wanted all the same */
  bool connected;               /* a connection that this use began has come about */
  bool asked;                   /* for a socket, in this use */
  int open_error;               /* errno of a socket that could not be had in this use, or 0 */
  ps_time used;                 /* when the last transfer ended */
  struct curl_slist *resolve;   /* the addresses that the handle was given */
  unsigned addresses;           /* the host's number for those it is given a few at a time, or 0 */
  ps_time order_until;          /* when the host's order of them changes by itself */
  struct ps_tries tries;
  char words[CURL_ERROR_SIZE];

  struct ps_host *host; /* whose addresses it is given, or NULL; immutable */
  struct ps_host_waiter waiter;

  atomic_int cancelled; /* an enum ps_ending; PS_END_COMPLETE: it is not */

  struct { /* any thread, holding mutex */
    pthread_mutex_t mutex;
    const void *user; /* whose attempt it runs, or ran last */
    struct ps_slot_socket sockets[PS_SLOT_SOCKETS];
    unsigned count;
  } shared;
};

/* A slot whose handles are copies of `model` and, unless it is NULL, of `stranger`; for connections to `host`, or NULL:
 * libcurl finds addresses itself. NULL: no memory. */
struct ps_slot *ps_slot_new(CURL *model, CURL *stranger, struct ps_host *host);
void ps_slot_free(struct ps_slot *slot);

/* Before an attempt: it is `user`'s from now on, and an earlier cancel is forgotten. */
void ps_slot_rearm(struct ps_slot *slot, const void *user);

/* Before each transfer. */
void ps_slot_begin(struct ps_slot *slot);

/* From now on until the next begin no socket is opened: what libcurl would want one for is to send the request again. */
void ps_slot_seal(struct ps_slot *slot);

/* End what runs, a wait for the host's addresses included, promptly, if it is `user`'s still. `why` is PS_END_CANCELLED
 * or PS_END_TIMEOUT; the first of several cancels counts. Any thread; does nothing to a slot that is idle but cost it
 * its warm connection. */
void ps_slot_cancel(struct ps_slot *slot, const void *user, enum ps_ending why);

bool ps_slot_is_cancelled(const struct ps_slot *slot);

/* Why it was cancelled; PS_END_COMPLETE: it was not. */
enum ps_ending ps_slot_cancelled(const struct ps_slot *slot);

/* Whether bytes, or an end, wait to be read on a socket of the slot while it is `user`'s. Any thread. */
bool ps_slot_is_readable(struct ps_slot *slot, const void *user);

/* Whether it has a connection open, kept or not. The thread that runs an attempt. */
bool ps_slot_is_connected(const struct ps_slot *slot);

/* Whether a connection that this use has begun has come about, even if it is closed by now. The thread that runs an
 * attempt. */
bool ps_slot_has_connected(struct ps_slot *slot);

enum ps_connection {
  PS_CONNECTION_ALIVE,
  PS_CONNECTION_STALE, /* kept from an earlier transfer; the peer has closed it, or sent what nobody asked for */
  PS_CONNECTION_ALERT, /* new, and the last that the peer has sent is a TLS alert */
  PS_CONNECTION_DEAD   /* new, and closed already */
};

/* The state of the connection that the transfer is about to use, told by its local port; `kept`: an earlier transfer
 * opened it. `tls`: TLS stands on it. */
enum ps_connection ps_slot_look(struct ps_slot *slot, int local_port, bool tls, bool *kept);

#endif
