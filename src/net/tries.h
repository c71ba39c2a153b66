/* The tries of one attempt to connect: which addresses of a name it tries together, and for how long.
 *
 * libcurl tries the addresses of a family one after another, each for half of the time that is left, which by default
 * is minutes. So it is given one of each family at a time, which it still tries side by side (RFC 8305), and the next
 * after two seconds. When all were silent (nobody took the connection, nobody refused it), which may be for want of a
 * lost packet or of room at a busy server, they have another round, each for twice as long as before. One that refused
 * ends the rounds.
 *
 * Only the thread that runs the attempt uses them. No clock of its own: time is an argument. */
#ifndef PS_NET_TRIES_H
#define PS_NET_TRIES_H

#include "base/buf.h"
#include "net/addresses.h"

/* What became of an address in this round. */
enum ps_tried { PS_TRIED_NOT, PS_TRIED_NOW, PS_TRIED_SILENT, PS_TRIED_REFUSED };

/* Zeroed it has no addresses. */
struct ps_tries {
  struct ps_addresses addresses; /* as they were found */
  enum ps_tried *tried;          /* for each of them */
  unsigned round;
  ps_time began; /* the newest try, by whoever runs it */
};

void ps_tries_fini(struct ps_tries *tries);

/* The addresses, which are the tries' from now on, emptied here. Of those that it has had already it keeps what became
 * of them. 0 or -ENOMEM, and nothing has changed. */
int ps_tries_take(struct ps_tries *tries, struct ps_addresses *addresses);

/* Another attempt: none has been tried. */
void ps_tries_restart(struct ps_tries *tries);

/* Choose the next try; the one before has ended. False: all of this round have been tried. */
bool ps_tries_choose(struct ps_tries *tries, ps_time now);

/* The newest try ended without a connection. */
void ps_tries_end(struct ps_tries *tries, bool silent);

/* Begin another round. False: there is no use in it. */
bool ps_tries_repeat(struct ps_tries *tries);

/* How long the newest try may last before its connection is there, where `left` is left for connecting; PS_NEVER: as
 * long as that. `may_ask`: if it fails the name is looked up again, which may tell of other addresses. */
ps_time ps_tries_limit(const struct ps_tries *tries, bool may_ask, ps_time left);

/* The addresses that are tried now, the first from NULL on; NULL: no more. */
const struct ps_address *ps_tries_next(const struct ps_tries *tries, const struct ps_address *after);

/* Whether the newest try is the first of its attempt. */
bool ps_tries_is_first(const struct ps_tries *tries);

/* Append the newest try as libcurl wants it: commas between, IPv6 in brackets. 0 or -ENOMEM. */
int ps_tries_write(const struct ps_tries *tries, struct ps_buf *out);

/* Append to the text in `words` which addresses were tried, if there were several; as much as there is room for. */
void ps_tries_tell(const struct ps_tries *tries, char *words, size_t size);

#endif
