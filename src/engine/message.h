/* A message taken up, and its attempts: the records that the engine decides on and that events show.
 *
 * The thread that runs an attempt leaves two times in it for the engine to find: when it started, and when its success
 * header came. Nobody is woken for them, since a message that fares well needs no decision before its end. The hedge
 * delay that the attempt has, which is that of its endpoint at its start, is left with the first: whether a header came
 * within it is then judged by the same number on both sides.
 *
 * A message lives as long as somebody holds it: the engine until it has settled, and every event that was told until
 * it is freed. Everything an event shows is either its own copy or does not change after the event was made.
 * Memory is taken when a message is admitted and when an attempt is asked for; recording what became of one needs
 * none. */
#ifndef PS_ENGINE_MESSAGE_H
#define PS_ENGINE_MESSAGE_H

#include "base/heap.h"
#include "base/index.h"
#include "base/list.h"
#include "base/pool.h"
#include "core/delivery.h"
#include "core/lane.h"
#include "engine/account.h"

#include <pthread.h>
#include <stdatomic.h>

struct ps_message;
struct ps_attempt;

/* An event in a queue. */
struct ps_event {
  struct poolsend_event public; /* first: the public pointer is the address of this */
  struct ps_message *message;
  struct ps_list link;
};

/* One about an attempt, as it was at that moment. */
struct ps_attempt_event {
  struct ps_event event;
  struct poolsend_attempt shown;
};

/* News of an attempt, on its way to the engine. Each attempt embeds one of each kind, so that posting needs no
 * memory. */
enum ps_notice_kind {
  PS_NOTICE_STARTED, /* it has started, or been accepted: only where somebody wants to know at once */
  PS_NOTICE_REFUSED, /* a complete header has come that is no success */
  PS_NOTICE_FINISHED,
  PS_NOTICE_WITHDRAWN
};

struct ps_notice {
  struct ps_list link;
  struct ps_attempt *attempt;
  enum ps_notice_kind kind;
  int status; /* refused: of the header that came */
  ps_time when;
};

/* One request of one message to one endpoint. */
struct ps_attempt {
  struct ps_message *message;
  unsigned endpoint;
  struct ps_list link; /* among its message's attempts */

  /* Engine only. */
  struct poolsend_attempt view; /* number 0: nobody knows that it has started */
  struct ps_list queued;        /* among its endpoint's that are not known to have started, or in none */
  struct ps_health_attempt health;
  ps_time asked;                   /* the timing `queue` counts from here */
  const char *cancel_words;        /* why it was cancelled, or NULL */
  struct ps_attempt_event *events; /* start and finish, where somebody wants them; or NULL */

  /* Immutable after the launch. */
  void *host;
  unsigned after; /* how many attempts of its message had started: it may only be the next */

  /* The host's, under its lock. */
  struct ps_ticket ticket;
  bool recalled; /* it is not to start */

  /* Whoever runs the attempt, from the launch until the notice that it finished or was withdrawn. */
  struct ps_job job;
  void *slot;                                         /* what it runs on, from before its start */
  struct ps_notice started, accepted, refused, ended; /* each is posted once; started, again, by a recall */

  /* Left for the engine; a time is 0 before, and comes after what goes with it. */
  _Atomic ps_time started_at, accepted_at;
  ps_time delay; /* its hedge delay, from its start on */
  atomic_int accepted_status;

  struct ps_outcome outcome; /* as `job`; the first attempt of a message has room in it from messages before */
};

/* A body, and what goes with it. */
struct ps_content {
  char *body; /* NULL: none */
  size_t size;
  bool json;
};

/* An id, as poolsend_id_is_valid has it, and its NUL. */
#define PS_ID_SIZE 256

/* The blocks of messages that are over, for those to come. A stream takes and gives up one for each message, on
 * different threads, which is what a general allocator does worst. Any thread. */
struct ps_stock {
  unsigned endpoints;  /* immutable: of each message */
  unsigned most;       /* immutable: how many are kept */
  unsigned generation; /* immutable: of processes, see base/fork.h */
  struct {             /* any thread, holding mutex */
    pthread_mutex_t mutex;
    struct ps_list blocks;
    unsigned count;
  } shared;
};

void ps_stock_init(struct ps_stock *stock, unsigned endpoints, unsigned most);
/* Every message must have been released. */
void ps_stock_fini(struct ps_stock *stock);

struct ps_message {
  atomic_int holders;
  unsigned endpoints;

  struct ps_stock *stock; /* where its block goes back to */

  /* Immutable. */
  uint64_t line;
  void *context;
  struct ps_content content;
  char *store; /* what `content` stands in; it may be kept for the next message */
  size_t store_size;
  struct ps_content *parts; /* [endpoints]: what is sent instead of `content`, where it has a body; NULL: nowhere */
  char **headers;           /* [header_count] */
  size_t header_count;
  bool may_repeat; /* it may be sent again though it may have arrived */
  bool reported;   /* it has, or had, a report: of other events nobody is told */
  uint64_t serial; /* in the order of their submission */

  /* Engine only; until it is admitted `link` is whoever's has it. */
  struct ps_list link, dirty; /* among all messages; among those with news */
  struct ps_index_node by_id;
  struct ps_heap_node timer;
  ps_time deadline; /* what the timer was set to last, or PS_NEVER */
  struct ps_delivery delivery;
  struct ps_track *tracks;
  struct ps_attempt **current; /* [endpoints]: this round's attempt to each endpoint, or NULL */
  struct ps_list attempts;
  size_t asked, started, room;               /* attempts asked for; those of them that started; room in `views` */
  const struct poolsend_attempt **views;     /* [room]: of those that started, in order */
  const struct poolsend_attempt **own_views; /* from malloc, where they are more than endpoints; else NULL */
  bool first_is_used;
  bool cancelled;             /* by its id */
  struct ps_pending *pending; /* [endpoints] */
  const char **not_tried;     /* [endpoints] */
  struct ps_list held;        /* among those whose hedge waits for the budget, or in none */
  struct ps_event settled;

  /* The host's, under its lock. */
  unsigned launched;              /* attempts that passed the last check */
  struct poolsend_report *report; /* who has its account instead of the sender's events; or NULL */
  struct ps_list spare;           /* among those whose account is kept for nobody in particular, or in none */
  bool delivered_waits;           /* to be fetched: the delivered event of one that may become such */

  /* Any thread. */
  atomic_bool closed; /* nothing more may start */
  atomic_int winner;  /* the endpoint that won, or -1 */

  /* Large, and not cleared with the rest. */
  struct ps_attempt first;           /* the only one, most often; engine only */
  struct ps_attempt_event delivered; /* engine only */
  char id[PS_ID_SIZE];               /* immutable */
};

/* A message of `id`, which is valid and copied, with room for one attempt to each of the stock's endpoints. What it is
 * to carry is put in afterwards, from malloc. NULL: no memory. */
struct ps_message *ps_message_new(struct ps_stock *stock, const char *id);

/* Room for a body of `size` bytes and a NUL, the message's own. NULL: no memory. */
char *ps_message_reserve_body(struct ps_message *message, size_t size);

void ps_message_hold(struct ps_message *message);
/* Gives up one hold; the last one frees it. Any thread. */
void ps_message_release(struct ps_message *message);

/* What is sent to `endpoint`. */
const struct ps_content *ps_message_content(const struct ps_message *message, unsigned endpoint);

/* A new attempt, recorded as asked for; with events of its own if they are wanted. NULL: no memory. */
struct ps_attempt *ps_message_add_attempt(struct ps_message *message, unsigned endpoint, bool events, ps_time now);

/* Forget an attempt that never started. */
void ps_message_drop_attempt(struct ps_attempt *attempt);

/* The last check before a launch, under the host's lock: whether the attempt may start. If so it has, at `when`, which
 * must not be later than this check, with the hedge delay that its endpoint has then. */
bool ps_message_start_attempt(struct ps_attempt *attempt, ps_time delay, ps_time when);

/* A complete success header has come, at `when`, after its message was closed. On the thread that runs the attempt, once.
 * Whether the engine must be told at once; else it finds out in time by itself. */
bool ps_message_accept_attempt(struct ps_attempt *attempt, int status, ps_time when);

/* Give `attempt`, which has started, its number. */
void ps_message_number_attempt(struct ps_attempt *attempt);

#endif
