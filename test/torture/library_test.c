/* What a program does with the library, through poolsend.h, while each allocation fails in turn, of our own code and of
 * libcurl, and so do all from each of them on; and each making of a thread.
 *
 * Whatever fails, a call says so with one of its errors, all that was made is freed with nothing left, each message
 * taken up settles, and what the server saw is what the accounts say. The server, and these tests, allocate apart from
 * that. In the short form only some of libcurl's calls fail. */
#include "failing.h"

#include "../library/patience.h"
#include "../library/server.h"
#include "poolsend.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define PATIENCE POOLSEND_S(PATIENCE_S)

/* Nothing here makes so many calls. */
#define MOST_CALLS 20000

#define APIS 2

/* The id of the message that may not be delivered. */
#define CANCELLED "cancelled"

static struct server *server;
static unsigned runs, errors;
static bool full;

/* Of one run: what it was told. */
static struct {
  unsigned answered[APIS], perhaps[APIS], taken, settled;
  bool failed;
} told;

/* ---- What is done with the library */

static const char *const paths[APIS] = {"/status/500", "/json"};

/* Where there was no memory for it, or for a part of it, opening it says so. */
static struct poolsend_config *configure(void)
{
  struct poolsend_config *config = poolsend_config_new();
  struct poolsend_endpoint *apis[APIS];
  poolsend_config_set(config, "workers", "4");
  for (int i = 0; i < APIS; i++) {
    apis[i] = poolsend_config_add(config, server_url(server, paths[i]));
    poolsend_endpoint_set(apis[i], "name", i ? "b" : "a");
    poolsend_endpoint_set(apis[i], "headers", "X-Trace: ab");
  }
  poolsend_endpoint_set(apis[0], "user", "me:secret");
  poolsend_endpoint_set(apis[0], "headers", "{\"X-Number\": \"{{/n}}\"}");
  poolsend_endpoint_set(apis[1], "success", "200,/accepted=true");
  poolsend_endpoint_set(apis[1], "body", "{\"number\": \"{{/n}}\"}");
  return config;
}

/* Where there was no memory for it, or for a part of it, submitting it says so. */
static struct poolsend_message *message_of(const char *id)
{
  struct poolsend_message *message = poolsend_message_new("{\"n\": 1}", POOLSEND_TEXT);
  poolsend_message_set(message, "id", id);
  poolsend_message_set(message, "json", "true");
  poolsend_message_header(message, "X-More: of it");
  if (id[0] == 'p')
    poolsend_message_part(message, "a", "{}", 2, true);
  return message;
}

/* 0, or an error that there is for this. */
static int expected(int result)
{
  must(result == 0 || result == -ENOMEM || result == -EAGAIN);
  told.failed |= result != 0;
  return result;
}

static void account(const struct poolsend_event *event)
{
  if (poolsend_event_kind(event) != POOLSEND_EVENT_SETTLED)
    return;
  told.settled++;
  for (size_t i = 0; i < poolsend_event_attempt_count(event); i++) {
    const struct poolsend_attempt *attempt = poolsend_event_attempt_at(event, i);
    enum poolsend_fate fate = poolsend_attempt_fate(attempt);
    unsigned endpoint = poolsend_attempt_endpoint(attempt);
    told.answered[endpoint] += fate == POOLSEND_FATE_DELIVERED || fate == POOLSEND_FATE_REJECTED;
    told.perhaps[endpoint] += fate == POOLSEND_FATE_UNKNOWN;
  }
  told.failed |= !poolsend_event_winner(event) && strcmp(poolsend_event_id(event), CANCELLED) != 0;
}

/* The configuration is spent. */
static struct poolsend_sender *open_it(struct poolsend_config *config)
{
  struct poolsend_sender *sender = poolsend_open(config);
  must(!sender == (expected(poolsend_config_failed(config)) != 0));
  must(!sender == (poolsend_config_error(config)[0] != '\0'));
  poolsend_config_free(config);
  return sender;
}

static struct poolsend_sender *make(const char *events, struct poolsend_pool *pool)
{
  struct poolsend_config *config = configure();
  poolsend_config_pool(config, pool);
  poolsend_config_set(config, "events", events);
  return open_it(config);
}

static void deliver_on(struct poolsend_sender *sender)
{
  struct poolsend_message *message = message_of("parts");
  struct poolsend_report *report = NULL;
  const struct poolsend_event *event;
  int result = sender ? poolsend_deliver(sender, message, PATIENCE, &report) : -ENOMEM;
  if (result != POOLSEND_UNDELIVERED)
    expected(result);
  must(!report == (result < 0) && (result >= 0 || !sender || poolsend_message_error(message)[0]));
  poolsend_message_free(message);
  if (report) {
    told.taken++;
    must(poolsend_report_settled(report, PATIENCE, &event) == 0);
    account(event);
  }
  poolsend_report_free(report);
}

static void deliver(void)
{
  struct poolsend_sender *sender = make("delivered", NULL);
  deliver_on(sender);
  poolsend_free(sender);
}

static void drain(struct poolsend_sender *sender)
{
  struct poolsend_event *event;
  poolsend_close(sender, PATIENCE);
  for (int result; (result = poolsend_next(sender, PATIENCE, &event)) != POOLSEND_CLOSED;) {
    must(result == 0);
    char *json = poolsend_event_json(event);
    told.failed |= !json;
    free(json);
    account(event);
    poolsend_event_free(event);
  }
}

static void submit_and_cancel(void)
{
  static const char *const ids[] = {"one", "parts", "three", CANCELLED};
  struct poolsend_sender *sender = make("start,finish,delivered", NULL);
  if (!sender)
    return;
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
    struct poolsend_message *message = message_of(ids[i]);
    told.taken += expected(poolsend_submit(sender, message, PATIENCE)) == 0;
    poolsend_message_free(message);
  }
  expected(poolsend_cancel(sender, CANCELLED));
  poolsend_fd(sender);
  drain(sender);
  poolsend_free(sender);
}

static void *job(void *context)
{
  return context;
}

static void share_a_pool(void)
{
  struct poolsend_pool *pool;
  struct poolsend_job *handle;
  void *result;
  if (expected(poolsend_pool_new(&pool, 3, 8)))
    return;
  for (int i = 0; i < 3; i++)
    if (expected(poolsend_pool_submit(pool, job, pool, PATIENCE, &handle)) == 0) {
      must(poolsend_job_wait(handle, PATIENCE, &result) == 0 && result == pool);
      poolsend_job_free(handle);
    }
  struct poolsend_sender *sender = make("delivered", pool), *other = make("delivered", pool);
  deliver_on(sender);
  deliver_on(other);
  poolsend_free(other);
  poolsend_free(sender);
  poolsend_pool_free(pool);
}

static void send_envelope(struct poolsend_sender *sender)
{
  static const char text[] =
      "{\"id\": \"e\", \"body\": {\"n\": 2}, \"headers\": {\"X-More\": \"1\"}, \"bodies\": {\"b\": "
      "\"text\"}}";
  struct poolsend_message *message = poolsend_message_new(NULL, 0);
  struct poolsend_preview *preview;
  expected(poolsend_message_load(message, text, sizeof text - 1));
  if (expected(poolsend_preview_new(sender, 1, message, &preview)) == 0)
    free(poolsend_preview_json(preview));
  poolsend_preview_free(preview);
  told.taken += expected(poolsend_submit(sender, message, PATIENCE)) == 0;
  poolsend_message_free(message);
}

static void read_json(void)
{
  char text[1024];
  int size = snprintf(text, sizeof text,
                      "{\"workers\": 4, \"defaults\": {\"method\": \"POST\"}, \"endpoints\": ["
                      "{\"name\": \"a\", \"url\": \"%s\", \"headers\": {\"X-Trace\": \"{{/n}}\"}},"
                      "{\"name\": \"b\", \"url\": \"%s\", \"success\": {\"json\": {\"/accepted\": true}}}]}",
                      server_url(server, paths[0]), server_url(server, paths[1]));
  struct poolsend_config *config = poolsend_config_new();
  poolsend_config_load(config, text, (size_t)size);
  struct poolsend_sender *sender = open_it(config);
  if (!sender)
    return;
  send_envelope(sender);
  drain(sender);
  poolsend_free(sender);
}

/* ---- One run, and all of them */

static void check_accounts(const unsigned *before)
{
  must(told.settled == told.taken);
  for (int i = 0; i < APIS; i++) {
    unsigned seen = server_count(server, paths[i]) - before[i];
    must(seen >= told.answered[i]);
    must(seen <= told.answered[i] + told.perhaps[i]);
  }
}

static struct failing_tally run(void (*act)(void), enum failing_kind kind, unsigned callers, unsigned at, bool later)
{
  unsigned before[APIS];
  for (int i = 0; i < APIS; i++)
    before[i] = server_count(server, paths[i]);
  memset(&told, 0, sizeof told);
  failing_begin(kind, callers, at, later);
  act();
  struct failing_tally tally = failing_end();
  check_accounts(before);
  must(tally.failed || !told.failed || !at);
  runs++;
  errors += told.failed;
  return tally;
}

/* Every call that is made fails, or one in so many. The first run, in which none does, shows what is left for good. */
static void torture(void (*act)(void), enum failing_kind kind, unsigned callers, unsigned every, bool later)
{
  run(act, kind, callers, 0, false);
  struct failing_tally tally = run(act, kind, callers, 0, false);
  must(!told.failed && tally.own_left == 0);
  unsigned left = tally.curl_left;
  for (unsigned at = 1; at == 1 || tally.failed; at += full ? 1 : every) {
    must(at < MOST_CALLS);
    tally = run(act, kind, callers, at, later);
    if (tally.own_left || tally.curl_left > left)
      fprintf(stderr, "call %u: %u blocks of own and %u of curl are left\n", at, tally.own_left, tally.curl_left);
    must(tally.own_left == 0 && tally.curl_left <= left);
  }
}

static void torture_all(void (*act)(void))
{
  torture(act, FAILING_MEMORY, FAILING_OWN, 1, false);
  torture(act, FAILING_MEMORY, FAILING_CURL, 7, false);
  torture(act, FAILING_MEMORY, FAILING_OWN, 3, true);
  torture(act, FAILING_MEMORY, FAILING_OWN | FAILING_CURL, 11, true);
  torture(act, FAILING_THREADS, FAILING_OWN, 1, false);
  torture(act, FAILING_THREADS, FAILING_OWN, 1, true);
  torture(act, FAILING_DESCRIPTORS, FAILING_OWN, 1, false);
  torture(act, FAILING_DESCRIPTORS, FAILING_OWN, 1, true);
}

static void delivering_survives_every_want(void **state)
{
  (void)state;
  torture_all(deliver);
}

static void a_queue_of_messages_survives_every_want(void **state)
{
  (void)state;
  torture_all(submit_and_cancel);
}

static void a_shared_pool_survives_every_want(void **state)
{
  (void)state;
  torture_all(share_a_pool);
}

static void a_configuration_and_an_envelope_survive_every_want(void **state)
{
  (void)state;
  torture_all(read_json);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(delivering_survives_every_want),
      cmocka_unit_test(a_queue_of_messages_survives_every_want),
      cmocka_unit_test(a_shared_pool_survives_every_want),
      cmocka_unit_test(a_configuration_and_an_envelope_survive_every_want),
  };
  const char *length = getenv("LENGTH");
  full = length && strcmp(length, "full") == 0;
  server = server_new();
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  server_free(server);
  printf("library: %u runs, %u clean errors, %u whole accounts, 0 blocks left\n", runs, errors, runs - errors);
  return failed;
}
