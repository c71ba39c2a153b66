/* Options at their edges, set by name as a C program would: what cannot be used is refused in words, and what is taken
 * works. */
#include "helpers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Refused, or taken and then it works */

enum { ALL = -1 };

/* Of all endpoints, or of one alone. */
struct edge {
  int api;
  const char *name, *value;
  int result; /* as of poolsend_config_failed */
};

/* A message to it is delivered, by the second endpoint at the latest. */
static void must_work(const char *what, struct poolsend_sender *sender)
{
  const struct poolsend_event *event;
  struct poolsend_message *message AUTOFREE = message_of("m");
  struct poolsend_report *report;
  int result = poolsend_deliver(sender, message, PATIENCE, &report);
  if (result)
    print_error("%s: not delivered: %d\n", what, result);
  must(result == 0);
  must(poolsend_report_settled(report, PATIENCE, &event) == 0 && poolsend_event_winner(event));
  poolsend_report_free(report);
  must(drain(sender, POOLSEND_NEVER) == 0);
}

static void options_are_refused_in_words_or_work(void **state)
{
  (void)state;
  static const struct edge edges[] = {
      {ALL, "settle", "0", 0},
      {ALL, "settle", "10000h", 0},
      {ALL, "settle", "10001h", -EINVAL},
      {ALL, "settle", "-1", -EINVAL},
      {ALL, "settle", "1e3", -EINVAL},
      {ALL, "answer_wait", "0", 0},
      {ALL, "answer_wait", "10000h", 0},
      {ALL, "hedge_delay", "0", 0},
      {ALL, "hedge_delay", "none", 0},
      {ALL, "hedge_delay", "p49.9", -EINVAL},
      {ALL, "hedge_delay", "p50", 0},
      {ALL, "hedge_delay", "p99.9", 0},
      {ALL, "hedge_delay", "p100", -EINVAL},
      {ALL, "attempt_timeout", "0", 0},
      {ALL, "attempt_timeout", "10000h", 0},
      {ALL, "retry", "1000", 0},
      {ALL, "retry", "1001", -EINVAL},
      {ALL, "retry_delay", "0", 0},
      {ALL, "retry_max_time", "0.000000001", 0},
      {ALL, "max_time", "10000h", 0},
      {ALL, "max_time", "0", 0},
      {ALL, "max_pending", "1", 0},
      {ALL, "max_pending", "1000000", 0},
      {ALL, "max_pending", "0", -EINVAL},
      {ALL, "max_pending", "1000001", -EINVAL},
      {ALL, "hedge_budget", "0%", 0},
      {ALL, "hedge_budget", "100%", 0},
      {ALL, "hedge_budget", "101%", -EINVAL},
      {ALL, "hedge_budget", "nan%", -EINVAL},
      {ALL, "rate", "0", -EINVAL},
      {ALL, "rate", "-1", -EINVAL},
      {ALL, "rate", "nan", -EINVAL},
      {ALL, "rate", "inf", -EINVAL},
      {ALL, "rate", "1000000", 0},
      {ALL, "rate", "1000001", -EINVAL},
      {ALL, "workers", "1", -EINVAL},
      {ALL, "workers", "100001", -EINVAL},
      {ALL, "workers", "4294967298", -EINVAL},
      {ALL, "events", "start,finish,delivered,settled", 0},
      {ALL, "events", "settled", 0},
      {ALL, "events", "", -EINVAL},
      {ALL, "max_response", "0", 0},
      {ALL, "max_response", "9223372036854775807", 0},
      {ALL, "max_response", "9223372036854775808", -EINVAL},
      {ALL, "max_body", "9223372036854775807", 0},
      {ALL, "fatal_status", "200", -EINVAL},
      {ALL, "fatal_status", "all", -EINVAL},
      {ALL, "url", "http://a.example/", -EINVAL},
      {0, "connect_timeout", "0", 0},
      {0, "connect_timeout", "10000h", 0},
      {0, "attempt_timeout", "0", 0},
      {0, "hedge_delay", "0", 0},
      {1, "hedge_delay", "p1", -EINVAL},
      {0, "max_in_flight", "63", 0},
      {0, "max_in_flight", "64", 0},
      {0, "max_in_flight", "100000", -EINVAL},
      {0, "max_in_flight", "0", -EINVAL},
      {1, "url", "ftp://a.example/", -EINVAL},
      {1, "url", "", -EINVAL},
      {1, "name", "a", -EINVAL},
      {1, "name", "", -EINVAL},
      {1, "name", "a\nb", -EINVAL},
      {0, "success", "maybe", -EINVAL},
      {0, "success", "", -EINVAL},
      {0, "headers", "no colon", -EINVAL},
      {0, "headers", "{}", 0},
      {0, "settle", "1", -EINVAL},
  };
  bool good = true;
  for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
    const struct edge *edge = &edges[i];
    struct setup setup;
    set_up(&setup, server_url(server, "/status/500"), server_url(server, "/ok"), NULL);
    if (edge->api == ALL)
      set(&setup, edge->name, "%s", edge->value);
    else
      set_api(&setup, (size_t)edge->api, edge->name, "%s", edge->value);
    struct poolsend_sender *sender = poolsend_open(setup.config);
    int result = poolsend_config_failed(setup.config);
    const char *words = poolsend_config_error(setup.config);
    if (result != edge->result || !sender != (result != 0) || !*words != (result == 0)) {
      print_error("%s %s: %d, '%s'\n", edge->name, edge->value, result, words);
      good = false;
    }
    if (sender && result == edge->result)
      must_work(edge->name, sender);
    poolsend_free(sender);
    take_down(&setup);
  }
  assert_true(good);
}

static void options_that_do_not_go_together_are_refused_in_words(void **state)
{
  (void)state;
  static const struct {
    const char *names[2], *values[2];
    bool of_endpoints; /* the second */
    const char *words;
  } rows[] = {
      {{"hedge_delay", "answer_wait"},
       {"none", "0"},
       false,
       "answer-wait: without a hedge delay a silent attempt is given the answer wait, and 0 leaves it no time"},
      {{"workers", "max_in_flight"},
       {"3", "2"},
       true,
       "max_in_flight: together they are 4, more than the 3 workers; raise workers"},
      {{"hedge_delay", "max_time"},
       {"2s", "1s"},
       false,
       "max-time: if those before it stay silent, the last endpoint is never tried within 1 s, since their hedge "
       "delays "
       "add up to 2 s; raise max-time or lower the hedge delay"},
      {{"fatal_status", "success"},
       {"409", "200,409"},
       true,
       "fatal-status: 409 counts as a success too; a status can be one or the other"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct setup setup;
    set_up(&setup, "http://a.example/", "http://b.example/", NULL);
    set(&setup, rows[i].names[0], "%s", rows[i].values[0]);
    for (size_t api = 0; api < 2 && rows[i].of_endpoints; api++)
      set_api(&setup, api, rows[i].names[1], "%s", rows[i].values[1]);
    if (!rows[i].of_endpoints)
      set(&setup, rows[i].names[1], "%s", rows[i].values[1]);
    assert_string_equal(refusal_of(&setup), rows[i].words);
    take_down(&setup);
  }
}

/* ---- What some of them do */

static void settle_time_of_zero_is_none(void **state)
{
  (void)state;
  struct setup setup;
  set_up(&setup, server_url(server, "/hang"), server_url(server, "/ok"), NULL);
  set(&setup, "hedge_delay", "1ms");
  set(&setup, "settle", "0");
  struct poolsend_sender *sender = sender_of(&setup);
  submit(sender, "m");
  expect_event(sender, POOLSEND_EVENT_DELIVERED, "m");
  struct poolsend_event *event = next_event(sender);
  assert_int_equal(poolsend_attempt_reason(poolsend_event_attempt_at(event, 0)), POOLSEND_REASON_CANCELLED);
  assert_string_equal(poolsend_attempt_error(poolsend_event_attempt_at(event, 0)),
                      "cancelled at the end of the settle time");
  poolsend_event_free(event);
  poolsend_free(sender);
}

static void body_that_is_kept_can_be_read_while_the_event_is_held(void **state)
{
  (void)state;
  char text[16];
  struct stat file;
  struct setup setup;
  const struct poolsend_event *event;
  set_up(&setup, server_url(server, "/ok"), NULL);
  set(&setup, "keep_bodies", "true");
  set(&setup, "max_response", "2");
  struct poolsend_sender *sender = sender_of(&setup);
  struct poolsend_report *report = submit_report(sender, "m");
  assert_int_equal(poolsend_report_settled(report, PATIENCE, &event), 0);
  expect_response(poolsend_event_winner(event), "th", true);
  int error = -1, spool = poolsend_attempt_response_file(poolsend_event_winner(event), &error);
  assert_int_equal(error, 0);
  assert_int_equal(fstat(spool, &file), 0);
  assert_int_equal(file.st_size, 6);
  assert_int_equal(pread(spool, text, sizeof text, 0), 6);
  assert_memory_equal(text, "thanks", 6);
  poolsend_report_free(report);
  poolsend_free(sender);
}

static void body_that_cannot_be_kept_is_told_and_the_message_delivered(void **state)
{
  (void)state;
  struct setup setup;
  const struct poolsend_event *event;
  set_up(&setup, server_url(server, "/ok"), NULL);
  set(&setup, "keep_bodies", "true");
  struct poolsend_sender *sender = sender_of(&setup);
  must(setenv("TMPDIR", "/dev/null/none", 1) == 0);
  struct poolsend_report *report = submit_report(sender, "m");
  int result = poolsend_report_settled(report, PATIENCE, &event);
  must(unsetenv("TMPDIR") == 0);
  assert_int_equal(result, 0);
  int error = 0;
  assert_non_null(poolsend_event_winner(event));
  assert_int_equal(poolsend_attempt_response_file(poolsend_event_winner(event), &error), -1);
  assert_int_equal(error, ENOTDIR);
  expect_response(poolsend_event_winner(event), "thanks", false);
  poolsend_report_free(report);
  poolsend_free(sender);
}

static void body_of_a_late_attempt_is_not_kept(void **state)
{
  (void)state;
  struct setup setup;
  const struct poolsend_event *event;
  set_up_late(&setup);
  set(&setup, "keep_bodies", "true");
  struct poolsend_sender *sender = sender_of(&setup);
  struct poolsend_report *report = submit_report(sender, "m");
  assert_int_equal(poolsend_report_delivered(report, PATIENCE, NULL), 0);
  server_open(server, "/gate/a");
  assert_int_equal(poolsend_report_settled(report, PATIENCE, &event), 0);
  assert_int_equal(poolsend_attempt_fate(poolsend_event_attempt_at(event, 0)), POOLSEND_FATE_DELIVERED);
  int error = -1;
  assert_int_equal(poolsend_attempt_response_file(poolsend_event_attempt_at(event, 0), &error), -1);
  assert_int_equal(error, 0);
  assert_true(poolsend_attempt_response_file(poolsend_event_winner(event), NULL) >= 0);
  poolsend_report_free(report);
  poolsend_free(sender);
}

static void answer_is_tested_whole_however_little_of_it_is_shown(void **state)
{
  (void)state;
  struct setup setup;
  const struct poolsend_event *event;
  set_up(&setup, server_url(server, "/json"), NULL);
  set_api(&setup, 0, "success", "/accepted=true");
  set(&setup, "max_response", "2");
  struct poolsend_sender *sender = sender_of(&setup);
  struct poolsend_report *report = submit_report(sender, "m");
  assert_int_equal(poolsend_report_settled(report, PATIENCE, &event), 0);
  assert_int_equal(poolsend_attempt_fate(poolsend_event_attempt_at(event, 0)), POOLSEND_FATE_DELIVERED);
  assert_int_equal(poolsend_attempt_reason(poolsend_event_attempt_at(event, 0)), POOLSEND_REASON_OK);
  expect_response(poolsend_event_winner(event), "{\"", true);
  poolsend_report_free(report);
  poolsend_free(sender);
}

static void note(void *context, const char *endpoint, const char *line)
{
  must(strcmp(endpoint, "a") == 0 && !strchr(line, '\n') && !strstr(line, "secret-token"));
  __atomic_fetch_add((unsigned *)context, 1, __ATOMIC_SEQ_CST);
}

static void conversation_is_told_without_secrets(void **state)
{
  (void)state;
  unsigned lines = 0;
  struct setup setup;
  set_up(&setup, server_url(server, "/ok"), NULL);
  set_api(&setup, 0, "oauth2_bearer", "secret-token");
  poolsend_config_trace(setup.config, note, &lines);
  struct poolsend_sender *sender = sender_of(&setup);
  must_work("trace", sender);
  poolsend_free(sender);
  assert_true(__atomic_load_n(&lines, __ATOMIC_SEQ_CST) > 4);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, serve, stop_serving)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(options_are_refused_in_words_or_work),
      CASE(options_that_do_not_go_together_are_refused_in_words),
      CASE(settle_time_of_zero_is_none),
      CASE(body_that_is_kept_can_be_read_while_the_event_is_held),
      CASE(body_that_cannot_be_kept_is_told_and_the_message_delivered),
      CASE(body_of_a_late_attempt_is_not_kept),
      CASE(answer_is_tested_whole_however_little_of_it_is_shown),
      CASE(conversation_is_told_without_secrets),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
