/* A message as a caller makes it, piece by piece, until a sender takes it up; that takes a copy, so that the same one
 * can be sent again, changed, or freed. Each piece is checked when it is set; what depends on the sender (sizes, names
 * of endpoints) when it is submitted. The first error sticks, with its words.
 *
 * The memory that a small message needs is kept for the next: to set another body and submit it allocates nothing.
 *
 * One thread at a time. */
#ifndef PS_ENGINE_DRAFT_H
#define PS_ENGINE_DRAFT_H

#include "base/buf.h"
#include "base/error.h"
#include "engine/message.h"

/* A body in the place of the message's own, for one endpoint. */
struct ps_draft_part {
  char *endpoint; /* its name */
  struct ps_buf body;
  bool json;
};

struct poolsend_message {
  char id[PS_ID_SIZE]; /* "": it is to have a random one */
  struct ps_buf body;
  bool has_body, json;
  struct ps_buf headers; /* "Name: value", each ended by NUL */
  size_t header_count;
  struct ps_draft_part *parts; /* [part_count] */
  size_t part_count, part_room;

  uint64_t line;
  void *context;

  int failed;            /* the error that stuck, or 0 */
  struct ps_error error; /* of that, or of the last submit */
};

/* Make it as new, but for its tag. */
void ps_draft_clear(struct poolsend_message *message);

/* Keep `result` with its words, if it is an error; and return it. */
int ps_draft_stick(struct poolsend_message *message, int result);

/* The header after `line`, or the first after NULL; NULL: there is none. */
const char *ps_draft_next_header(const struct poolsend_message *message, const char *line);

/* Append a header, which has been checked. 0 or -ENOMEM. */
int ps_draft_add_header(struct poolsend_message *message, const char *line);

/* The part for the endpoint of this name. NULL: there is none. */
struct ps_draft_part *ps_draft_find_part(const struct poolsend_message *message, const char *endpoint);

/* Append one without a body. NULL: no memory. */
struct ps_draft_part *ps_draft_add_part(struct poolsend_message *message, const char *endpoint);

/* Before `message`, which may be NULL, is looked at for a sender: 0, or the error that stuck. Words of the last time
 * are forgotten. */
int ps_draft_begin(struct poolsend_message *message);

/* Afterwards: what came of it, which has words if it is an error. */
int ps_draft_end(struct poolsend_message *message, int result);

#endif
