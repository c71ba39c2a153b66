/* What events and attempts say by their functions: the same as their JSON, and of NULL nothing that could be taken for
 * a verdict. */
#include "helpers.h"

#include <json-c/json.h>
#include <limits.h>
#include <string.h>

/* ---- NULL, and what is not there */

static void attempt_of_null_says_nothing(void **state)
{
  (void)state;
  size_t size = 7;
  int error = 7;
  assert_int_equal(poolsend_attempt_number(NULL), 0);
  assert_int_equal(poolsend_attempt_endpoint(NULL), UINT_MAX);
  assert_null(poolsend_attempt_name(NULL));
  assert_null(poolsend_attempt_url(NULL));
  assert_true(poolsend_attempt_started(NULL) < 0);
  assert_true(poolsend_attempt_finished(NULL) < 0);
  assert_int_equal(poolsend_attempt_fate(NULL), POOLSEND_FATE_NONE);
  assert_int_equal(poolsend_attempt_reason(NULL), POOLSEND_REASON_NONE);
  assert_int_equal(poolsend_attempt_status(NULL), 0);
  assert_null(poolsend_attempt_error(NULL));
  assert_int_equal(poolsend_attempt_bytes_sent(NULL), 0);
  for (int step = 0; step <= POOLSEND_TIMING_TOTAL + 1; step++)
    assert_true(poolsend_attempt_timing(NULL, (enum poolsend_timing)step) < 0);
  assert_null(poolsend_attempt_response(NULL, &size));
  assert_int_equal(size, 0);
  assert_null(poolsend_attempt_response(NULL, NULL));
  assert_false(poolsend_attempt_response_is_truncated(NULL));
  assert_int_equal(poolsend_attempt_response_file(NULL, &error), -1);
  assert_int_equal(error, 0);
  assert_int_equal(poolsend_attempt_response_file(NULL, NULL), -1);
}

static void event_of_null_says_nothing(void **state)
{
  (void)state;
  assert_int_equal(poolsend_event_kind(NULL), POOLSEND_EVENT_NONE);
  assert_null(poolsend_event_id(NULL));
  assert_int_equal(poolsend_event_line(NULL), 0);
  assert_null(poolsend_event_context(NULL));
  assert_true(poolsend_event_time(NULL) < 0);
  assert_null(poolsend_event_attempt(NULL));
  assert_null(poolsend_event_winner(NULL));
  assert_int_equal(poolsend_event_attempt_count(NULL), 0);
  assert_null(poolsend_event_attempt_at(NULL, 0));
  for (int fate = -1; fate <= POOLSEND_FATE_UNKNOWN + 1; fate++)
    assert_int_equal(poolsend_event_fate_count(NULL, (enum poolsend_fate)fate), 0);
  assert_int_equal(poolsend_event_pending_count(NULL), 0);
  assert_int_equal(poolsend_event_pending_number(NULL, 0), 0);
  assert_null(poolsend_event_pending_name(NULL, 0));
  assert_int_equal(poolsend_event_not_tried_count(NULL), 0);
  assert_null(poolsend_event_not_tried(NULL, 0));
  assert_null(poolsend_event_json(NULL));
  poolsend_event_free(NULL);
}

static void zero_is_no_verdict_in_words_either(void **state)
{
  (void)state;
  assert_string_equal(poolsend_fate_name(poolsend_attempt_fate(NULL)), "none");
  assert_string_equal(poolsend_reason_name(poolsend_attempt_reason(NULL)), "none");
}

/* ---- The same as JSON */

static struct json_object *member(struct json_object *object, const char *key)
{
  struct json_object *value;
  if (!json_object_object_get_ex(object, key, &value))
    fail_msg("there is no %s in %s", key, json_object_to_json_string(object));
  return value;
}

static void expect_text(struct json_object *value, const char *text)
{
  assert_int_equal(json_object_is_type(value, json_type_null), text == NULL);
  if (text)
    assert_string_equal(json_object_get_string(value), text);
}

/* JSON has microseconds, and null for what never was. */
static void expect_time(struct json_object *value, poolsend_time time)
{
  assert_int_equal(json_object_is_type(value, json_type_null), time < 0);
  double difference = json_object_get_double(value) * 1e9 - (double)time;
  if (time >= 0)
    assert_true(difference > -1001 && difference < 1001);
}

static void expect_status(struct json_object *value, int status)
{
  assert_int_equal(json_object_is_type(value, json_type_null), status == 0);
  assert_int_equal(json_object_get_int(value), status);
}

static void expect_identity(struct json_object *json, const struct poolsend_attempt *attempt)
{
  assert_int_equal(json_object_get_int(member(json, "attempt")), poolsend_attempt_number(attempt));
  expect_text(member(json, "endpoint"), poolsend_attempt_name(attempt));
}

static void expect_fate(struct json_object *json, const struct poolsend_attempt *attempt)
{
  expect_text(member(json, "fate"), poolsend_fate_name(poolsend_attempt_fate(attempt)));
  expect_text(member(json, "reason"), poolsend_reason_name(poolsend_attempt_reason(attempt)));
  expect_status(member(json, "status"), poolsend_attempt_status(attempt));
}

/* The server's texts are no JSON. */
static void expect_body(struct json_object *value, const struct poolsend_attempt *attempt)
{
  size_t size;
  const char *response = poolsend_attempt_response(attempt, &size);
  assert_int_equal(json_object_is_type(value, json_type_null), response == NULL);
  assert_int_equal(json_object_get_string_len(value), size);
  if (response)
    assert_memory_equal(json_object_get_string(value), response, size);
}

static void expect_timings(struct json_object *timings, const struct poolsend_attempt *attempt)
{
  static const char *const steps[] = {
      [POOLSEND_TIMING_QUEUE] = "queue",     [POOLSEND_TIMING_RESOLVE] = "resolve",
      [POOLSEND_TIMING_CONNECT] = "connect", [POOLSEND_TIMING_TLS] = "tls",
      [POOLSEND_TIMING_SENT] = "sent",       [POOLSEND_TIMING_FIRST_BYTE] = "first_byte",
      [POOLSEND_TIMING_TOTAL] = "total"};
  assert_int_equal(json_object_object_length(timings), POOLSEND_TIMING_TOTAL);
  for (int step = POOLSEND_TIMING_QUEUE; step <= POOLSEND_TIMING_TOTAL; step++)
    expect_time(member(timings, steps[step]), poolsend_attempt_timing(attempt, (enum poolsend_timing)step));
  assert_true(poolsend_attempt_timing(attempt, (enum poolsend_timing)0) < 0);
  assert_true(poolsend_attempt_timing(attempt, (enum poolsend_timing)(POOLSEND_TIMING_TOTAL + 1)) < 0);
}

static void expect_attempt(struct json_object *json, const struct poolsend_attempt *attempt)
{
  expect_identity(json, attempt);
  expect_text(member(json, "url"), poolsend_attempt_url(attempt));
  expect_fate(json, attempt);
  expect_text(member(json, "error"), poolsend_attempt_error(attempt));
  expect_time(member(json, "started"), poolsend_attempt_started(attempt));
  expect_time(member(json, "finished"), poolsend_attempt_finished(attempt));
  assert_int_equal(json_object_get_int64(member(json, "bytes_sent")), poolsend_attempt_bytes_sent(attempt));
  expect_timings(member(json, "timings"), attempt);
  expect_body(member(json, "response"), attempt);
  assert_int_equal(json_object_object_get_ex(json, "response_truncated", NULL),
                   poolsend_attempt_response_is_truncated(attempt));
}

static void expect_pending(struct json_object *numbers, const struct poolsend_event *event)
{
  size_t count = poolsend_event_pending_count(event);
  assert_int_equal(json_object_array_length(numbers), count);
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(json_object_get_int(json_object_array_get_idx(numbers, i)),
                     poolsend_event_pending_number(event, i));
    assert_non_null(poolsend_event_pending_name(event, i));
  }
  assert_int_equal(poolsend_event_pending_number(event, count), 0);
  assert_null(poolsend_event_pending_name(event, count));
}

/* Those that met `fate` are listed, but for the winner. */
static void expect_others(struct json_object *numbers, const struct poolsend_event *event, enum poolsend_fate fate)
{
  size_t of_winner = poolsend_attempt_fate(poolsend_event_winner(event)) == fate;
  assert_int_equal(json_object_array_length(numbers) + of_winner, poolsend_event_fate_count(event, fate));
}

static void expect_not_tried(struct json_object *json, const struct poolsend_event *event)
{
  struct json_object *names;
  size_t count = poolsend_event_not_tried_count(event);
  assert_null(poolsend_event_not_tried(event, count));
  if (!json_object_object_get_ex(json, "not_tried", &names)) {
    assert_int_equal(count, 0);
    return;
  }
  assert_int_equal(json_object_array_length(names), count);
  for (size_t i = 0; i < count; i++)
    expect_text(json_object_array_get_idx(names, i), poolsend_event_not_tried(event, i));
}

static void expect_settled(struct json_object *json, const struct poolsend_event *event)
{
  const struct poolsend_attempt *winner = poolsend_event_winner(event);
  struct json_object *attempts = member(json, "attempts");
  size_t count = poolsend_event_attempt_count(event), fates = 0;
  assert_null(poolsend_event_attempt(event));
  expect_text(member(json, "outcome"), winner ? "delivered" : "undelivered");
  expect_status(member(json, "winner"), (int)poolsend_attempt_number(winner));
  expect_others(member(json, "also_delivered"), event, POOLSEND_FATE_DELIVERED);
  expect_others(member(json, "unknown"), event, POOLSEND_FATE_UNKNOWN);
  assert_int_equal(json_object_array_length(attempts), count);
  for (size_t i = 0; i < count; i++)
    expect_attempt(json_object_array_get_idx(attempts, i), poolsend_event_attempt_at(event, i));
  assert_null(poolsend_event_attempt_at(event, count));
  for (int fate = POOLSEND_FATE_DELIVERED; fate <= POOLSEND_FATE_UNKNOWN; fate++)
    fates += poolsend_event_fate_count(event, (enum poolsend_fate)fate);
  assert_int_equal(fates, count);
  assert_int_equal(poolsend_event_fate_count(event, POOLSEND_FATE_NONE), 0);
  if (winner)
    assert_ptr_equal(winner, poolsend_event_attempt_at(event, poolsend_attempt_number(winner) - 1));
  expect_not_tried(json, event);
}

static void expect_of_one(struct json_object *json, const struct poolsend_event *event)
{
  const struct poolsend_attempt *attempt = poolsend_event_attempt(event);
  enum poolsend_event_kind kind = poolsend_event_kind(event);
  expect_identity(json, attempt);
  if (kind != POOLSEND_EVENT_FINISH)
    expect_text(member(json, "url"), poolsend_attempt_url(attempt));
  if (kind == POOLSEND_EVENT_FINISH)
    expect_fate(json, attempt);
  if (kind == POOLSEND_EVENT_DELIVERED) {
    expect_status(member(json, "status"), poolsend_attempt_status(attempt));
    expect_pending(member(json, "pending"), event);
    expect_body(member(json, "response"), attempt);
  }
  assert_ptr_equal(poolsend_event_winner(event), kind == POOLSEND_EVENT_DELIVERED ? attempt : NULL);
  assert_int_equal(poolsend_event_attempt_count(event), 0);
  assert_null(poolsend_event_attempt_at(event, 0));
  assert_int_equal(poolsend_event_fate_count(event, POOLSEND_FATE_DELIVERED), 0);
}

static void expect_same(const struct poolsend_event *event)
{
  static const char *const names[] = {[POOLSEND_EVENT_START] = "start",
                                      [POOLSEND_EVENT_FINISH] = "finish",
                                      [POOLSEND_EVENT_DELIVERED] = "delivered",
                                      [POOLSEND_EVENT_SETTLED] = "settled"};
  char *text = poolsend_event_json(event);
  must(text);
  struct json_object *json = json_tokener_parse(text);
  must(json);
  expect_text(member(json, "event"), names[poolsend_event_kind(event)]);
  expect_text(member(json, "message"), poolsend_event_id(event));
  assert_int_equal(json_object_object_get_ex(json, "line", NULL), poolsend_event_line(event) != 0);
  expect_time(member(json, "t"), poolsend_event_time(event));
  if (poolsend_event_kind(event) == POOLSEND_EVENT_SETTLED)
    expect_settled(json, event);
  else
    expect_of_one(json, event);
  json_object_put(json);
  free(text);
}

/* How many events came. */
static unsigned compare(const char *first, const char *second)
{
  struct setup setup;
  struct poolsend_event *event;
  unsigned count = 0;
  set_up(&setup, server_url(server, first), server_url(server, second), NULL);
  set(&setup, "events", "start,finish,delivered,settled");
  struct poolsend_sender *sender = sender_of(&setup);
  submit(sender, "m");
  poolsend_close(sender, POOLSEND_NEVER);
  for (; poolsend_next(sender, PATIENCE, &event) == 0; count++) {
    expect_same(event);
    poolsend_event_free(event);
  }
  poolsend_free(sender);
  return count;
}

static void functions_of_an_event_agree_with_its_json(void **state)
{
  (void)state;
  assert_int_equal(compare("/ok", "/ok/b"), 4);
  assert_int_equal(compare("/status/500", "/ok/b"), 6);
  assert_int_equal(compare("/slam", "/ok/b"), 6);
  assert_int_equal(compare("/status/404", "/slam"), 5);
}

static void functions_agree_while_an_attempt_is_still_running(void **state)
{
  (void)state;
  const struct poolsend_event *event;
  struct poolsend_sender *sender = sender_with_late();
  struct poolsend_report *report = submit_report(sender, "m");
  must(poolsend_report_delivered(report, PATIENCE, &event) == 0);
  assert_int_equal(poolsend_event_pending_count(event), 1);
  assert_string_equal(poolsend_event_pending_name(event, 0), "a");
  assert_int_equal(poolsend_event_pending_number(event, 0), 1);
  expect_same(event);
  server_open(server, "/gate/a");
  must(poolsend_report_settled(report, PATIENCE, &event) == 0);
  assert_int_equal(poolsend_event_fate_count(event, POOLSEND_FATE_DELIVERED), 2);
  expect_same(event);
  poolsend_report_free(report);
  poolsend_free(sender);
}

static void names_of_those_not_tried_are_told(void **state)
{
  (void)state;
  struct setup setup;
  set_up(&setup, server_url(server, "/status/401"), server_url(server, "/ok"), NULL);
  set(&setup, "fatal_status", "401");
  set(&setup, "events", "settled");
  struct poolsend_sender *sender = sender_of(&setup);
  submit(sender, "m");
  struct poolsend_event *event = next_event(sender);
  assert_int_equal(poolsend_event_not_tried_count(event), 1);
  assert_string_equal(poolsend_event_not_tried(event, 0), "b");
  expect_same(event);
  poolsend_event_free(event);
  poolsend_free(sender);
}

static void attempt_that_has_just_started_has_no_fate_and_no_timing(void **state)
{
  (void)state;
  struct setup setup;
  set_up(&setup, server_url(server, "/ok"), NULL);
  set(&setup, "events", "start");
  struct poolsend_sender *sender = sender_of(&setup);
  submit(sender, "m");
  struct poolsend_event *event = next_event(sender);
  const struct poolsend_attempt *attempt = poolsend_event_attempt(event);
  assert_int_equal(poolsend_event_kind(event), POOLSEND_EVENT_START);
  assert_true(poolsend_attempt_started(attempt) >= 0);
  assert_true(poolsend_attempt_finished(attempt) < 0);
  assert_int_equal(poolsend_attempt_fate(attempt), POOLSEND_FATE_NONE);
  for (int step = POOLSEND_TIMING_QUEUE; step <= POOLSEND_TIMING_TOTAL; step++)
    assert_true(poolsend_attempt_timing(attempt, (enum poolsend_timing)step) < 0);
  assert_null(poolsend_attempt_response(attempt, NULL));
  poolsend_event_free(event);
  poolsend_free(sender);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, serve, stop_serving)

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(attempt_of_null_says_nothing),
      cmocka_unit_test(event_of_null_says_nothing),
      cmocka_unit_test(zero_is_no_verdict_in_words_either),
      CASE(functions_of_an_event_agree_with_its_json),
      CASE(functions_agree_while_an_attempt_is_still_running),
      CASE(names_of_those_not_tried_are_told),
      CASE(attempt_that_has_just_started_has_no_fate_and_no_timing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
