/* Settings at their edges, set by hand as a C program would: what cannot be used is refused in words, and what is
 * taken works. A span below 0 counts as 0. */
#include "helpers.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Refused, or taken and then it works */

struct edge {
  const char *what;
  void (*set)(struct setup *setup);
  int result; /* of poolsend_new */
};

static const char *const bad_headers[] = {"no colon"};
static const char *const no_headers[] = {NULL};

#define EDGE(name, assignment)                                                                                         \
  static void set_##name(struct setup *setup)                                                                          \
  {                                                                                                                    \
    setup->assignment;                                                                                                 \
  }

EDGE(settle, config.settle = INT64_MIN)
EDGE(answer_wait, config.answer_wait = INT64_MIN)
EDGE(longest_settle, config.settle = POOLSEND_NEVER)
EDGE(longest_answer_wait, config.answer_wait = POOLSEND_NEVER)
EDGE(hedge_delay, config.hedge_delay = INT64_MIN)
EDGE(no_hedge_delay, config.hedge_delay = POOLSEND_NEVER)
EDGE(attempt_timeout, config.attempt_timeout = POOLSEND_NEVER - 1)
EDGE(connect_timeout, apis[0].connect_timeout = INT64_MIN)
EDGE(longest_connect_timeout, apis[0].connect_timeout = POOLSEND_NEVER)
EDGE(own_attempt_timeout, apis[0].attempt_timeout = INT64_MIN)
EDGE(no_attempt_timeout, config.attempt_timeout = 0)
EDGE(no_end, config.hedge_delay = POOLSEND_NEVER; setup->config.answer_wait = 0)
EDGE(own_hedge_delay, apis[0].hedge_delay = INT64_MIN)
EDGE(retry_delay, config.retry_delay = INT64_MIN; setup->config.retries = 1)
EDGE(retry_max_time, config.retry_max_time = INT64_MIN; setup->config.retries = 1)
EDGE(retries, config.retries = UINT32_MAX)
EDGE(max_time, config.max_time = POOLSEND_NEVER - 1)
EDGE(pending, config.max_pending = UINT32_MAX)
EDGE(budget, config.hedge_budget = 0)
EDGE(large_budget, config.hedge_budget = 2)
EDGE(no_budget, config.hedge_budget = NAN)
EDGE(rate, config.rate = -1)
EDGE(no_rate, config.rate = NAN)
EDGE(endless_rate, config.rate = INFINITY)
EDGE(low_permille, config.hedge_permille = 499)
EDGE(high_permille, config.hedge_permille = 1000)
EDGE(permille, config.hedge_permille = 999)
EDGE(own_permille, apis[1].hedge_permille = 1)
EDGE(workers, config.workers = UINT32_MAX)
EDGE(few_workers, config.workers = 1)
EDGE(in_flight, apis[0].max_in_flight = UINT32_MAX)
EDGE(all_in_flight, apis[0].max_in_flight = UINT32_MAX; setup->apis[1].max_in_flight = UINT32_MAX)
EDGE(events, config.events = UINT32_MAX)
EDGE(no_events, config.events = 0)
EDGE(response, config.max_response = 0)
EDGE(largest_response, config.max_response = SIZE_MAX)
EDGE(body, config.max_body = SIZE_MAX)
EDGE(no_url, apis[1].url = NULL)
EDGE(url, apis[1].url = "ftp://a.example/")
EDGE(same_name, apis[1].name = "a")
EDGE(empty_name, apis[1].name = "")
EDGE(fatal, config.fatal_status = "200")
EDGE(fatal_words, config.fatal_status = "all")
EDGE(success, apis[0].success = "maybe")
EDGE(header, apis[0].headers = bad_headers; setup->apis[0].header_count = 1)
EDGE(null_header, apis[0].headers = no_headers; setup->apis[0].header_count = 1)
EDGE(null_headers, apis[0].header_count = 1)
EDGE(control_name, apis[1].name = "a\nb")
EDGE(null_endpoints, config.endpoints = NULL)
EDGE(no_endpoints, config.endpoint_count = 0)
EDGE(endpoints, config.endpoint_count = SIZE_MAX)

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

static void settings_are_refused_in_words_or_work(void **state)
{
  (void)state;
  static const struct edge edges[] = {
      {"settle below 0", set_settle, 0},
      {"answer wait below 0", set_answer_wait, 0},
      {"endless settle", set_longest_settle, 0},
      {"endless answer wait", set_longest_answer_wait, 0},
      {"hedge delay below 0", set_hedge_delay, 0},
      {"no hedge delay", set_no_hedge_delay, 0},
      {"long attempt timeout", set_attempt_timeout, 0},
      {"connect timeout below 0", set_connect_timeout, 0},
      {"endless connect timeout", set_longest_connect_timeout, 0},
      {"own attempt timeout below 0", set_own_attempt_timeout, 0},
      {"no attempt timeout", set_no_attempt_timeout, -EINVAL},
      {"no end of silence", set_no_end, -EINVAL},
      {"own hedge delay below 0", set_own_hedge_delay, 0},
      {"retry delay below 0", set_retry_delay, 0},
      {"retry max time below 0", set_retry_max_time, 0},
      {"many retries", set_retries, 0},
      {"long max time", set_max_time, 0},
      {"many pending", set_pending, 0},
      {"no budget", set_budget, 0},
      {"budget above 1", set_large_budget, -EINVAL},
      {"budget that is no number", set_no_budget, -EINVAL},
      {"rate below 0", set_rate, -EINVAL},
      {"rate that is no number", set_no_rate, -EINVAL},
      {"endless rate", set_endless_rate, -EINVAL},
      {"low percentile", set_low_permille, -EINVAL},
      {"high percentile", set_high_permille, -EINVAL},
      {"percentile", set_permille, 0},
      {"own low percentile", set_own_permille, -EINVAL},
      {"too many workers", set_workers, -EINVAL},
      {"too few workers", set_few_workers, -EINVAL},
      {"too many in flight", set_in_flight, -EINVAL},
      {"too many in flight, together", set_all_in_flight, -EINVAL},
      {"all events", set_events, 0},
      {"no events", set_no_events, 0},
      {"no response", set_response, 0},
      {"largest response", set_largest_response, 0},
      {"largest body", set_body, 0},
      {"url of another kind", set_url, -EINVAL},
      {"name twice", set_same_name, -EINVAL},
      {"empty name", set_empty_name, -EINVAL},
      {"fatal success", set_fatal, -EINVAL},
      {"fatal words", set_fatal_words, -EINVAL},
      {"success", set_success, -EINVAL},
      {"header", set_header, -EINVAL},
      {"null header", set_null_header, -EINVAL},
      {"null headers", set_null_headers, -EINVAL},
      {"line break in a name", set_control_name, -EINVAL},
      {"null endpoints", set_null_endpoints, -EINVAL},
      {"no endpoints", set_no_endpoints, -EINVAL},
      {"endless endpoints", set_endpoints, -EINVAL},
      {"no url", set_no_url, -EINVAL},
  };
  bool good = true;
  for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
    struct setup setup;
    struct poolsend_sender *sender = NULL;
    struct poolsend_error error = {.text = ""};
    set_up(&setup, server_url(server, "/status/500"), server_url(server, "/ok"), NULL);
    edges[i].set(&setup);
    int result = poolsend_new(&sender, &setup.config, &error);
    if (result != edges[i].result || (result != 0) != (error.text[0] != '\0')) {
      print_error("%s: %d, '%s'\n", edges[i].what, result, error.text);
      good = false;
    }
    if (sender && result == edges[i].result)
      must_work(edges[i].what, sender);
    poolsend_free(sender);
  }
  assert_true(good);
}

/* ---- What some of them do */

static void settle_time_below_zero_is_none(void **state)
{
  (void)state;
  struct setup setup;
  set_up(&setup, server_url(server, "/hang"), server_url(server, "/ok"), NULL);
  setup.config.hedge_delay = POOLSEND_MS(1);
  setup.config.settle = -1;
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
  setup.config.keep_bodies = true;
  setup.config.max_response = 2;
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
  setup.config.keep_bodies = true;
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
  setup.config.keep_bodies = true;
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
  setup.apis[0].success = "/accepted=true";
  setup.config.max_response = 2;
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
  setup.apis[0].bearer = "secret-token";
  setup.config.trace = note;
  setup.config.trace_context = &lines;
  struct poolsend_sender *sender = sender_of(&setup);
  must_work("trace", sender);
  poolsend_free(sender);
  assert_true(__atomic_load_n(&lines, __ATOMIC_SEQ_CST) > 4);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, serve, stop_serving)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(settings_are_refused_in_words_or_work),
      CASE(settle_time_below_zero_is_none),
      CASE(body_that_is_kept_can_be_read_while_the_event_is_held),
      CASE(body_that_cannot_be_kept_is_told_and_the_message_delivered),
      CASE(body_of_a_late_attempt_is_not_kept),
      CASE(answer_is_tested_whole_however_little_of_it_is_shown),
      CASE(conversation_is_told_without_secrets),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
