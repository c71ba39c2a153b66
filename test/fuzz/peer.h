/* A server whose every byte is an input's: it follows a script, counts the requests that reach it, and keeps books of what
 * it said, so that an account can be judged by them.
 *
 * It has no thread of its own: it works in peer_serve, on the thread that fuzzes, which so sees every byte in a known
 * order. A client's connections come through one of its doors, a port each.
 *
 * A script has parts, for one connection each in the order in which they come; the last is for all that come later. A
 * line of it is one step:
 *
 *     >text  text and CRLF       -text  text and LF       =text  text alone
 *     a frame of HTTP/2, see frames.h
 *     x3     the last of these again, 2^3 times
 *     h      wait for the head of the next request     b  for the end of its body
 *     |      what was said so far is sent by itself
 *     w      wait                z     stop reading
 *     s      say FIN, go on      f     the end: FIN    r  the end: a reset
 *     o      from the beginning of this part, if there was another request
 *     c      have the client cancel what it does
 *     n      the next part
 *
 * Lines that are none of these are passed over. Behind the last stands an f. What is waited for in vain, for as long as
 * nothing at all has happened, is given up. */
#ifndef PS_FUZZ_PEER_H
#define PS_FUZZ_PEER_H

#include "target.h"

#define PEER_DOORS 2

/* All that bodies consist of, so that a head can be told where a body breaks off before it. */
#define PEER_BODY 'x'

/* Since peer_begin, at one door. */
struct peer_books {
  unsigned requests;  /* heads of requests, and streams opened, that came */
  unsigned answers;   /* complete headers of final answers that it said; interim ones are none */
  unsigned locations; /* that it said, anywhere */
  size_t bytes;       /* that came */
  bool opaque;        /* there may be more of them: they can be written so that it does not understand itself */
};

struct peer_script {
  struct fuzz_input lines;
  bool http2;   /* the client begins with it, or may go over to it */
  bool patient; /* it never gives up waiting */
  /* The head of a request in HTTP/1.1, as text. */
  void (*look)(unsigned door, const char *head);
};

/* Once. */
void peer_open(void);
unsigned peer_port(unsigned door);

void peer_begin(const struct peer_script *script);

/* Serve what can be served, waiting for something to happen there, or at the descriptor `other`. Whether the client is
 * to cancel. */
bool peer_serve(int other);

/* The books, when all that has come is entered. */
struct peer_books peer_look(unsigned door);

/* Whether it may have said this status: its digits, at least. */
bool peer_said_status(unsigned door, int status);

/* Ends every connection. */
void peer_end(void);

#endif
