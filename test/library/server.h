/* An HTTP server inside the test, on 127.0.0.1 and a port of the kernel's. The first part of a path says how it
 * behaves; what follows tells its requests from those to others:
 *
 *   /ok /json      200 at once, with a text or an object as its body
 *   /status/500    that status
 *   /delay/20      200, so many milliseconds later
 *   /gate/NAME     200, once the test has opened this path
 *   /body/NAME     200 at once, and the end of its body once the test has opened this path
 *   /hang          no answer, until the peer goes away
 *   /slam          the connection is reset before the body was read
 *
 * A request counts as soon as its header is there. Each connection has a thread, which ends with it. Everything may
 * be called from any thread but server_new and server_free. */
#ifndef TEST_LIBRARY_SERVER_H
#define TEST_LIBRARY_SERVER_H

#include <stdbool.h>

struct server;

struct server *server_new(void);

/* Ends all connections and joins all threads. */
void server_free(struct server *server);

/* http://127.0.0.1:PORT/PATH, valid until server_free. */
const char *server_url(struct server *server, const char *path);

/* Requests that have come for exactly this path; and of these, those with this Idempotency-Key. */
unsigned server_count(struct server *server, const char *path);
unsigned server_count_id(struct server *server, const char *path, const char *id);

/* Calls `told` with the Idempotency-Key of each request that has come for a path ending like this; "" where there was
 * none. No request comes meanwhile. */
void server_tell_ids(struct server *server, const char *end, void (*told)(void *context, const char *id),
                     void *context);

/* Wait until so many have come. The process ends if they do not come for a long time. */
void server_await(struct server *server, const char *path, unsigned requests);

/* Requests for this path are answered from now on, those that wait first. */
void server_open(struct server *server, const char *path);

#endif
