/* A message is one block of memory: its own fields, its first attempt among them, then its arrays, one entry an
 * endpoint. Its body, and each further attempt, is a block of its own. */
#include "engine/message.h"

#include "base/fork.h"
#include "base/sync.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What a block keeps of its buffers is not more than this each: one large message must not be paid for ever after. */
#define KEPT 4096

static void drop(struct ps_attempt *attempt)
{
  struct ps_message *message = attempt->message;
  free(attempt->events);
  if (attempt == &message->first) {
    ps_outcome_clear(&attempt->outcome, KEPT);
    message->first_is_used = false;
    return;
  }
  ps_outcome_fini(&attempt->outcome);
  free(attempt);
}

/* ---- Blocks */

static size_t aligned(size_t size)
{
  size_t most = _Alignof(max_align_t);
  return (size + most - 1) / most * most;
}

static size_t block_size(unsigned endpoints)
{
  return aligned(sizeof(struct ps_message)) + aligned(endpoints * sizeof(struct ps_track)) +
         3 * aligned(endpoints * sizeof(void *)) + aligned(endpoints * sizeof(struct ps_pending));
}

/* Takes `size` bytes from the block at `*at`. */
static void *carve(char **at, size_t size)
{
  void *piece = *at;
  *at += aligned(size);
  return piece;
}

static struct ps_message *new_block(unsigned endpoints)
{
  struct ps_message *message = calloc(1, block_size(endpoints));
  if (message)
    message->first.outcome.response.spool = -1;
  return message;
}

static void free_block(struct ps_message *message)
{
  ps_outcome_fini(&message->first.outcome);
  free(message->store);
  free(message);
}

void ps_stock_init(struct ps_stock *stock, unsigned endpoints, unsigned most)
{
  *stock = (struct ps_stock){.endpoints = endpoints, .most = most, .generation = ps_fork_generation()};
  ps_mutex_init(&stock->shared.mutex);
  ps_list_init(&stock->shared.blocks);
}

void ps_stock_fini(struct ps_stock *stock)
{
  for (struct ps_list *link; (link = ps_list_pop(&stock->shared.blocks));)
    free_block(PS_CONTAINER(link, struct ps_message, link));
  ps_mutex_fini(&stock->shared.mutex);
}

static struct ps_message *take_block(struct ps_stock *stock)
{
  ps_mutex_lock(&stock->shared.mutex);
  struct ps_list *link = ps_list_pop(&stock->shared.blocks);
  stock->shared.count -= link != NULL;
  ps_mutex_unlock(&stock->shared.mutex);
  return link ? PS_CONTAINER(link, struct ps_message, link) : new_block(stock->endpoints);
}

static void give_block(struct ps_stock *stock, struct ps_message *message)
{
  if (ps_fork_is_child(stock->generation)) { /* where whoever had the mutex is no more */
    free_block(message);
    return;
  }
  if (message->store_size > KEPT) {
    free(message->store);
    message->store = NULL;
    message->store_size = 0;
  }
  ps_mutex_lock(&stock->shared.mutex);
  bool kept = stock->shared.count < stock->most;
  if (kept) {
    ps_list_prepend(&stock->shared.blocks, &message->link);
    stock->shared.count++;
  }
  ps_mutex_unlock(&stock->shared.mutex);
  if (!kept)
    free_block(message);
}

/* ---- Messages */

static void end(struct ps_message *message)
{
  ps_list_each(link, &message->attempts)
    drop(PS_CONTAINER(link, struct ps_attempt, link));
  for (unsigned i = 0; message->parts && i < message->endpoints; i++)
    free(message->parts[i].body);
  for (size_t i = 0; i < message->header_count; i++)
    free(message->headers[i]);
  free(message->parts);
  free(message->headers);
  free(message->own_views);
  give_block(message->stock, message);
}

/* Everything anew, but for the buffer. */
static void clear(struct ps_message *message, unsigned endpoints)
{
  char *store = message->store, *at = (char *)message;
  size_t store_size = message->store_size;
  memset(message, 0, offsetof(struct ps_message, first)); /* what follows is cleared when it is used */
  memset(message + 1, 0, block_size(endpoints) - sizeof *message);
  carve(&at, sizeof *message);
  message->tracks = carve(&at, endpoints * sizeof *message->tracks);
  message->current = carve(&at, endpoints * sizeof(void *));
  message->views = carve(&at, endpoints * sizeof(void *));
  message->not_tried = carve(&at, endpoints * sizeof(void *));
  message->pending = carve(&at, endpoints * sizeof *message->pending);
  message->store = store;
  message->store_size = store_size;
}

struct ps_message *ps_message_new(struct ps_stock *stock, const char *id)
{
  struct ps_message *message = take_block(stock);
  if (!message)
    return NULL;
  clear(message, stock->endpoints);
  memcpy(message->id, id, strlen(id) + 1);
  message->stock = stock;
  message->endpoints = message->room = stock->endpoints;
  atomic_init(&message->holders, 1);
  atomic_init(&message->closed, false);
  atomic_init(&message->winner, -1);
  ps_list_init(&message->link);
  ps_list_init(&message->dirty);
  ps_list_init(&message->by_id.link);
  ps_list_init(&message->held);
  ps_list_init(&message->spare);
  ps_list_init(&message->attempts);
  return message;
}

char *ps_message_reserve_body(struct ps_message *message, size_t size)
{
  if (size >= message->store_size) {
    free(message->store);
    message->store = malloc(size + 1);
    message->store_size = message->store ? size + 1 : 0;
  }
  return message->store;
}

void ps_message_hold(struct ps_message *message)
{
  atomic_fetch_add_explicit(&message->holders, 1, memory_order_relaxed);
}

void ps_message_release(struct ps_message *message)
{
  if (atomic_fetch_sub_explicit(&message->holders, 1, memory_order_acq_rel) == 1)
    end(message);
}

const struct ps_content *ps_message_content(const struct ps_message *message, unsigned endpoint)
{
  return message->parts && message->parts[endpoint].body ? &message->parts[endpoint] : &message->content;
}

/* Room in `views` for one more that starts. */
static int reserve_view(struct ps_message *message)
{
  if (message->asked < message->room)
    return 0;
  size_t room = 2 * message->room;
  const struct poolsend_attempt **views = realloc(message->own_views, room * sizeof *views);
  if (!views)
    return -1;
  if (!message->own_views)
    memcpy(views, message->views, message->started * sizeof *views);
  message->views = message->own_views = views;
  message->room = room;
  return 0;
}

static void init_notice(struct ps_notice *notice, struct ps_attempt *attempt, enum ps_notice_kind kind)
{
  ps_list_init(&notice->link);
  notice->attempt = attempt;
  notice->kind = kind;
}

struct ps_attempt *ps_message_add_attempt(struct ps_message *message, unsigned endpoint, bool events, ps_time now)
{
  bool first = !message->first_is_used;
  if (reserve_view(message))
    return NULL;
  struct ps_attempt *attempt = first ? &message->first : calloc(1, sizeof *attempt);
  if (!attempt)
    return NULL;
  if (first)
    memset(attempt, 0, offsetof(struct ps_attempt, outcome));
  attempt->events = events ? calloc(2, sizeof *attempt->events) : NULL;
  if (events && !attempt->events) {
    if (!first)
      free(attempt);
    return NULL;
  }
  message->first_is_used = true;
  attempt->message = message;
  attempt->endpoint = endpoint;
  attempt->asked = now;
  if (!first)
    attempt->outcome.response.spool = -1;
  ps_ticket_init(&attempt->ticket);
  ps_list_init(&attempt->queued);
  init_notice(&attempt->started, attempt, PS_NOTICE_STARTED);
  init_notice(&attempt->accepted, attempt, PS_NOTICE_STARTED);
  init_notice(&attempt->refused, attempt, PS_NOTICE_REFUSED);
  init_notice(&attempt->ended, attempt, PS_NOTICE_FINISHED);
  ps_list_append(&message->attempts, &attempt->link);
  message->asked++;
  return attempt;
}

void ps_message_drop_attempt(struct ps_attempt *attempt)
{
  assert(!attempt->view.number);
  attempt->message->asked--;
  ps_list_remove(&attempt->link);
  drop(attempt);
}

bool ps_message_start_attempt(struct ps_attempt *attempt, ps_time delay, ps_time when)
{
  struct ps_message *message = attempt->message;
  if (atomic_load(&message->closed) || attempt->recalled || message->launched != attempt->after)
    return false;
  message->launched++;
  attempt->delay = delay;
  atomic_store_explicit(&attempt->started_at, when, memory_order_release);
  return true;
}

/* Within the hedge delay there is nothing to decide before its end, when the engine looks at the message anyway. */
bool ps_message_accept_attempt(struct ps_attempt *attempt, int status, ps_time when)
{
  ps_time started = atomic_load_explicit(&attempt->started_at, memory_order_relaxed);
  atomic_store_explicit(&attempt->accepted_status, status, memory_order_relaxed);
  atomic_store_explicit(&attempt->accepted_at, when, memory_order_release);
  return attempt->delay == PS_NEVER || when >= ps_after(started, attempt->delay);
}

void ps_message_number_attempt(struct ps_attempt *attempt)
{
  struct ps_message *message = attempt->message;
  message->views[message->started++] = &attempt->view;
  attempt->view.number = (unsigned)message->started;
}
