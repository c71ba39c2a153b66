/* What the tests of the library have in common: senders to a test's own server, messages with nothing remarkable,
 * events that must come. */
#ifndef TEST_LIBRARY_HELPERS_H
#define TEST_LIBRARY_HELPERS_H

#include "patience.h"
#include "poolsend.h"
#include "server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define PATIENCE POOLSEND_S(PATIENCE_S)

#define MOST_APIS 4

/* The test's own, from its setup to its teardown. */
extern struct server *server;
int serve(void **state);
int stop_serving(void **state);

/* A configuration, for a test to change until a sender is made of it. */
struct setup {
  struct poolsend_config *config;
  struct poolsend_endpoint *apis[MOST_APIS];
};

/* With an endpoint for each URL, named a, b, c, d; the last URL is NULL. */
void set_up(struct setup *setup, const char *url, ...) __attribute__((sentinel));

/* Sets an option, of all or of one endpoint alone. What is wrong with it is told when a sender is to be made. */
void set(struct setup *setup, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
void set_api(struct setup *setup, size_t api, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The setup is spent: its configuration has been freed. */
struct poolsend_sender *sender_of(struct setup *setup);

/* None can be made, and the words say so. They are the configuration's, which is still the test's to free. */
const char *refusal_of(struct setup *setup);

void take_down(struct setup *setup);

/* To one URL, and all else as it is by default. */
struct poolsend_sender *sender_to(const char *url);

/* To a path of the test's server, likewise. */
struct poolsend_sender *sender_to_path(const char *path);

/* The first endpoint answers when /gate/a is opened; the second at once, and the hedge that goes to it follows after a
 * millisecond. */
void set_up_late(struct setup *setup);
struct poolsend_sender *sender_with_late(void);

/* Writes the URL of a port that is taken, and where nobody listens, until what this returns is closed. */
int refuse_at(char *url, size_t size);

/* A message with a small body. `id` may be NULL; where it is none, that is an error of the message. */
struct poolsend_message *message_of(const char *id);

/* One that is declared with it is freed at the end of its block. */
#define AUTOFREE __attribute__((cleanup(free_message)))
void free_message(struct poolsend_message **message);

void submit(struct poolsend_sender *sender, const char *id);
struct poolsend_report *submit_report(struct poolsend_sender *sender, const char *id);

/* The next event, which must come. */
struct poolsend_event *next_event(struct poolsend_sender *sender);

/* It must be of this kind, and of this message. */
void expect_event(struct poolsend_sender *sender, enum poolsend_event_kind kind, const char *id);

/* Its response must be there, and be this. */
void expect_response(const struct poolsend_attempt *attempt, const char *text, bool truncated);

/* How a sender fares, and how one of its endpoints does: a view of poolsend_counts, all of one moment. */
struct counts {
  uint64_t submitted, delivered, undelivered, pending, started, finished, threads, threads_denied, unheard;
};
struct endpoint_counts {
  uint64_t slots, running, waiting, breaker_open, started, delivered, rejected, unreached, unknown;
};
struct counts counts_of(struct poolsend_sender *sender);
struct endpoint_counts endpoint_counts_of(struct poolsend_sender *sender, unsigned endpoint);
uint64_t count_of(struct poolsend_sender *sender, enum poolsend_count count);
uint64_t count_of_endpoint(struct poolsend_sender *sender, unsigned endpoint, enum poolsend_endpoint_count count);

/* There must be none now. */
void expect_none(struct poolsend_sender *sender);

/* There must be none any more. */
void expect_closed(struct poolsend_sender *sender);

/* Close the sender, and fetch the rest: how many of these were settled events. */
unsigned drain(struct poolsend_sender *sender, poolsend_time limit);

#endif
