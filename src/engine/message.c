#include "engine/message.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void free_attempt(struct ps_attempt *attempt)
{
  ps_outcome_fini(&attempt->outcome);
  free(attempt);
}

static void free_message(struct ps_message *message)
{
  if (!message)
    return;
  ps_list_each(link, &message->attempts)
    free_attempt(PS_CONTAINER(link, struct ps_attempt, link));
  free(message->id);
  free(message->body);
  free(message->tracks);
  free(message->current);
  free(message->views);
  free(message->pending);
  free(message);
}

/* A copy that `free` frees; never NULL for want of bytes, only of memory. */
static char *copy(const void *data, size_t size)
{
  char *bytes = malloc(size + 1);
  if (!bytes)
    return NULL;
  if (size)
    memcpy(bytes, data, size);
  bytes[size] = '\0';
  return bytes;
}

static int reserve_views(struct ps_message *message, size_t room)
{
  if (room <= message->room)
    return 0;
  const struct poolsend_attempt **views = realloc(message->views, room * sizeof *views);
  if (!views)
    return -1;
  message->views = views;
  message->room = room;
  return 0;
}

struct ps_message *ps_message_new(const char *id, const void *body, size_t size, bool may_repeat, unsigned endpoints)
{
  struct ps_message *message = calloc(1, sizeof *message);
  if (!message)
    return NULL;
  atomic_init(&message->holders, 1);
  ps_list_init(&message->link);
  ps_list_init(&message->dirty);
  ps_list_init(&message->attempts);
  message->id = strdup(id);
  message->body = body ? copy(body, size) : NULL;
  message->size = size;
  message->may_repeat = may_repeat;
  message->winner = -1;
  message->tracks = calloc(endpoints, sizeof *message->tracks);
  message->current = calloc(endpoints, sizeof(struct ps_attempt *));
  message->pending = calloc(endpoints, sizeof *message->pending);
  if (!message->id || (body && !message->body) || !message->tracks || !message->current || !message->pending ||
      reserve_views(message, endpoints)) {
    free_message(message);
    return NULL;
  }
  return message;
}

void ps_message_hold(struct ps_message *message)
{
  atomic_fetch_add_explicit(&message->holders, 1, memory_order_relaxed);
}

void ps_message_release(struct ps_message *message)
{
  if (atomic_fetch_sub_explicit(&message->holders, 1, memory_order_acq_rel) == 1)
    free_message(message);
}

static void init_notice(struct ps_notice *notice, struct ps_attempt *attempt, enum ps_notice_kind kind)
{
  ps_list_init(&notice->link);
  notice->attempt = attempt;
  notice->kind = kind;
}

struct ps_attempt *ps_message_add_attempt(struct ps_message *message, unsigned endpoint, ps_time now)
{
  if (message->asked == message->room && reserve_views(message, 2 * message->room))
    return NULL;
  struct ps_attempt *attempt = calloc(1, sizeof *attempt);
  if (!attempt)
    return NULL;
  attempt->message = message;
  attempt->endpoint = endpoint;
  attempt->permit = -1;
  attempt->asked = now;
  attempt->outcome.response.spool = -1;
  ps_list_init(&attempt->waiting);
  init_notice(&attempt->started, attempt, PS_NOTICE_STARTED);
  init_notice(&attempt->answered, attempt, PS_NOTICE_ACCEPTED);
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
  free_attempt(attempt);
}

void ps_message_number_attempt(struct ps_attempt *attempt)
{
  struct ps_message *message = attempt->message;
  message->views[message->started++] = &attempt->view;
  attempt->view.number = (unsigned)message->started;
}
