/* Frames of HTTP/2 (RFC 9113) from lines that can be read and mutated: what is made of a line is framed well whatever
 * stands in it, so that a change to a seed gets as far as the seed did.
 *
 * A line is a letter for the type, letters that change it, a space, and the payload:
 *
 *     S settings      "4=65535|3=100"
 *     H headers, C continuation, Q push promise (of stream 2)
 *                     ":status=200|name=value"; a part that begins with @ stands as it is, in place of a field
 *     D data          the bytes
 *     R reset, W window update
 *                     a number
 *     G goaway        a number and a text; the last stream is the newest, with u none
 *     P ping          up to eight bytes
 *
 * e END_STREAM (of S and P: ACK); o not END_HEADERS; p padded; the stream is the newest of the client's, with 0 none,
 * with l the one before, with n one that is not open yet, with q stream 2. */
#ifndef PS_FUZZ_FRAMES_H
#define PS_FUZZ_FRAMES_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* What a frame may mean for a client. */
struct frame_meaning {
  bool answers; /* it may end the header of a final answer */
  bool opaque;  /* it holds bytes that are not understood here */
};

/* Whether a frame can be made of the line: it has one of the letters. `newest` is the client's stream. */
bool frame_append(struct ps_buf *out, const char *line, size_t size, uint32_t newest, struct frame_meaning *meaning);

#endif
