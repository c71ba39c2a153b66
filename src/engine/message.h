/* A message taken up, and its attempts: the records that the engine decides on and that events show.
 *
 * A message lives as long as somebody holds it: the engine until it has settled, and every event that was told until
 * it is freed. Everything an event shows is either its own copy or does not change after the event was made.
 * Memory is taken when a message is admitted and when an attempt is asked for; recording what became of one needs
 * none. */
#ifndef PS_ENGINE_MESSAGE_H
#define PS_ENGINE_MESSAGE_H

#include "base/heap.h"
#include "base/list.h"
#include "base/pool.h"
#include "core/delivery.h"
#include "core/outcome.h"
#include "poolsend.h"

#include <stdatomic.h>

struct ps_message;
struct ps_attempt;

/* An event in a queue. */
struct ps_event {
  struct poolsend_event public; /* first: the public pointer is the address of this */
  struct ps_message *message;
  struct ps_list link;
};

/* News of an attempt, on its way to the engine. Each attempt embeds one of each kind, so that posting needs no
 * memory. */
enum ps_notice_kind {
  PS_NOTICE_STARTED,
  PS_NOTICE_ACCEPTED, /* a complete success header has come */
  PS_NOTICE_REFUSED,  /* a complete header has come that is no success */
  PS_NOTICE_FINISHED,
  PS_NOTICE_WITHDRAWN
};

struct ps_notice {
  struct ps_list link;
  struct ps_attempt *attempt;
  enum ps_notice_kind kind;
  int status; /* accepted, refused: of the header that came */
  ps_time when;
};

/* One request of one message to one endpoint. */
struct ps_attempt {
  struct ps_message *message;
  unsigned endpoint;
  struct ps_list link; /* among its message's attempts */

  /* Engine only. */
  struct poolsend_attempt view; /* number 0: it has not started */
  int permit;                   /* of its endpoint's slots, or -1 */
  struct ps_list waiting;       /* in its endpoint's queue for a permit, or in none */
  ps_time asked;                /* the timing `queue` counts from here */
  const char *cancel_words;     /* why it was cancelled, or NULL */
  struct ps_event start, finish;

  /* Whoever runs the attempt, from the launch until the notice that it finished or was withdrawn. */
  struct ps_job job;
  void *host;
  struct ps_outcome outcome;
  struct ps_notice started, answered, ended;
};

struct ps_message {
  atomic_int holders;
  char *id;   /* immutable */
  char *body; /* immutable; NULL: none */
  size_t size;
  bool may_repeat; /* immutable: it may be sent again though it may have arrived */

  /* Engine only; until it is admitted `link` is whoever's has it. */
  struct ps_list link, dirty; /* among all messages; among those with news */
  struct ps_heap_node timer;
  struct ps_delivery delivery;
  struct ps_track *tracks;
  struct ps_attempt **current; /* [endpoints]: this round's attempt to each endpoint, or NULL */
  struct ps_list attempts;
  size_t asked, started, room;           /* attempts asked for; those of them that started; room in `views` */
  const struct poolsend_attempt **views; /* [room]: of those that started, in order */
  struct poolsend_pending *pending;      /* [endpoints] */
  struct ps_event delivered, settled;

  bool closed; /* the host's: nothing more may be launched */
  int winner;  /* the host's: the endpoint that won, or -1 */
};

/* A message with room for one attempt to each of `endpoints`; id and body are copied. NULL: no memory. */
struct ps_message *ps_message_new(const char *id, const void *body, size_t size, bool may_repeat, unsigned endpoints);

void ps_message_hold(struct ps_message *message);
/* Gives up one hold; the last one frees it. Any thread. */
void ps_message_release(struct ps_message *message);

/* A new attempt, recorded as asked for. NULL: no memory. */
struct ps_attempt *ps_message_add_attempt(struct ps_message *message, unsigned endpoint, ps_time now);

/* Forget an attempt that never started. */
void ps_message_drop_attempt(struct ps_attempt *attempt);

/* Give `attempt`, which has started, its number. */
void ps_message_number_attempt(struct ps_attempt *attempt);

#endif
