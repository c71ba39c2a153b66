/* What an attempt showed, and what that makes of it: the table of fates. */
#include "core/fate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define FATE(name) POOLSEND_FATE_##name
#define WHY(name)  POOLSEND_REASON_##name

struct row {
  const char *what;
  struct ps_evidence evidence; /* unanswered, status, ending, json, redirected, by_proxy */
  enum poolsend_fate fate;
  enum poolsend_reason reason;
  bool transient;
};

static struct ps_status_set success;

static int success_is_2xx(void **state)
{
  (void)state;
  success = (struct ps_status_set){0};
  ps_status_add(&success, 200, 299);
  return 0;
}

static void check(const struct row *row)
{
  struct ps_verdict verdict = ps_fate_judge(&row->evidence, &success);
  if (verdict.fate != row->fate || verdict.reason != row->reason)
    fail_msg("%s: %s (%s) instead of %s (%s)", row->what, poolsend_fate_name(verdict.fate),
             poolsend_reason_name(verdict.reason), poolsend_fate_name(row->fate), poolsend_reason_name(row->reason));
  if (ps_fate_is_transient(verdict, row->evidence.status) != row->transient)
    fail_msg("%s: it is %stransient", row->what, row->transient ? "" : "not ");
}

#define CHECK_ALL(rows)                                                                                                \
  for (size_t i = 0; i < sizeof(rows) / sizeof *(rows); i++)                                                           \
  check(&(rows)[i])

static void nothing_sent_is_unreached(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"no address", {false, 0, PS_END_RESOLVE, PS_JSON_NONE}, FATE(UNREACHED), WHY(RESOLVE), true},
      {"refused", {false, 0, PS_END_CONNECT, PS_JSON_NONE}, FATE(UNREACHED), WHY(CONNECT), true},
      {"proxy says no", {false, 0, PS_END_PROXY, PS_JSON_NONE}, FATE(UNREACHED), WHY(PROXY), false},
      {"bad certificate", {false, 0, PS_END_TLS, PS_JSON_NONE}, FATE(UNREACHED), WHY(TLS), false},
      {"no connection in time", {false, 0, PS_END_TIMEOUT, PS_JSON_NONE}, FATE(UNREACHED), WHY(TIMEOUT), true},
      {"cancelled early", {false, 0, PS_END_CANCELLED, PS_JSON_NONE}, FATE(UNREACHED), WHY(CANCELLED), true},
      {"reset early", {false, 0, PS_END_RESET, PS_JSON_NONE}, FATE(UNREACHED), WHY(RESET), true},
      {"not HTTP", {false, 0, PS_END_PROTOCOL, PS_JSON_NONE}, FATE(UNREACHED), WHY(PROTOCOL), false},
      {"no descriptor", {false, 0, PS_END_LOCAL, PS_JSON_NONE}, FATE(UNREACHED), WHY(LOCAL), false},
  };
  CHECK_ALL(rows);
}

/* The verdict of no transfer: none was begun. Another attempt would find the same message. */
static void message_that_does_not_fit_a_template_is_not_tried_again(void **state)
{
  (void)state;
  const struct ps_verdict misfit = {FATE(UNREACHED), WHY(TEMPLATE)};
  assert_false(ps_fate_is_transient(misfit, 0));
}

static void sent_and_unanswered_is_unknown(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"header cut by FIN", {true, 0, PS_END_COMPLETE, PS_JSON_NONE}, FATE(UNKNOWN), WHY(RESET), true},
      {"timeout", {true, 0, PS_END_TIMEOUT, PS_JSON_NONE}, FATE(UNKNOWN), WHY(TIMEOUT), true},
      {"cancelled", {true, 0, PS_END_CANCELLED, PS_JSON_NONE}, FATE(UNKNOWN), WHY(CANCELLED), true},
      {"reset", {true, 0, PS_END_RESET, PS_JSON_NONE}, FATE(UNKNOWN), WHY(RESET), true},
      {"garbage", {true, 0, PS_END_PROTOCOL, PS_JSON_NONE}, FATE(UNKNOWN), WHY(PROTOCOL), false},
      {"TLS alert after the request", {true, 0, PS_END_TLS, PS_JSON_NONE}, FATE(UNKNOWN), WHY(TLS), false},
      {"no memory meanwhile", {true, 0, PS_END_LOCAL, PS_JSON_NONE}, FATE(UNKNOWN), WHY(LOCAL), false},
  };
  CHECK_ALL(rows);
}

#define UNTAKEN PS_REDIRECTED_UNTAKEN
#define ACTED   PS_REDIRECTED_ACTED

static void redirect_that_took_nothing_leaves_the_fate_to_the_last_request(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"307, then 200", {false, 200, PS_END_COMPLETE, PS_JSON_NONE, UNTAKEN}, FATE(DELIVERED), WHY(OK), false},
      {"307, then 500", {false, 500, PS_END_COMPLETE, PS_JSON_NONE, UNTAKEN}, FATE(REJECTED), WHY(STATUS), true},
      {"307, then reset", {true, 0, PS_END_RESET, PS_JSON_NONE, UNTAKEN}, FATE(UNKNOWN), WHY(RESET), true},
      {"307, then 504", {false, 504, PS_END_COMPLETE, PS_JSON_NONE, UNTAKEN}, FATE(UNKNOWN), WHY(GATEWAY), true},
      {"307, then refused", {false, 0, PS_END_CONNECT, PS_JSON_NONE, UNTAKEN}, FATE(REJECTED), WHY(REDIRECT), false},
      {"307, then no address", {false, 0, PS_END_RESOLVE, PS_JSON_NONE, UNTAKEN}, FATE(REJECTED), WHY(REDIRECT), false},
      {"307, then cancelled",
       {false, 0, PS_END_CANCELLED, PS_JSON_NONE, UNTAKEN},
       FATE(REJECTED),
       WHY(REDIRECT),
       false},
      {"307, then to ftp", {false, 307, PS_END_REDIRECT, PS_JSON_NONE, UNTAKEN}, FATE(REJECTED), WHY(REDIRECT), false},
  };
  CHECK_ALL(rows);
}

static void api_that_may_have_acted_before_it_redirected_leaves_all_but_a_success_unknown(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"303, then 200", {false, 200, PS_END_COMPLETE, PS_JSON_NONE, ACTED}, FATE(DELIVERED), WHY(OK), false},
      {"303, then 404", {false, 404, PS_END_COMPLETE, PS_JSON_NONE, ACTED}, FATE(UNKNOWN), WHY(REDIRECT), false},
      {"303, then reset", {true, 0, PS_END_RESET, PS_JSON_NONE, ACTED}, FATE(UNKNOWN), WHY(REDIRECT), false},
      {"303, then refused", {false, 0, PS_END_CONNECT, PS_JSON_NONE, ACTED}, FATE(UNKNOWN), WHY(REDIRECT), false},
      {"303 to ftp", {false, 303, PS_END_REDIRECT, PS_JSON_NONE, ACTED}, FATE(UNKNOWN), WHY(REDIRECT), false},
      {"303, then no JSON", {false, 200, PS_END_COMPLETE, PS_JSON_FAILED, ACTED}, FATE(UNKNOWN), WHY(REDIRECT), false},
  };
  CHECK_ALL(rows);
}

static void answer_of_a_proxy_says_that_the_api_was_not_reached(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"407", {false, 407, PS_END_COMPLETE, PS_JSON_NONE, PS_REDIRECTED_NOT, true}, FATE(UNREACHED), WHY(PROXY), false},
      {"307, then 407",
       {false, 407, PS_END_COMPLETE, PS_JSON_NONE, UNTAKEN, true},
       FATE(REJECTED),
       WHY(REDIRECT),
       false},
  };
  CHECK_ALL(rows);
}

static void complete_success_header_is_delivered_whatever_became_of_the_body(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"200", {false, 200, PS_END_COMPLETE, PS_JSON_NONE}, FATE(DELIVERED), WHY(OK), false},
      {"299", {false, 299, PS_END_COMPLETE, PS_JSON_NONE}, FATE(DELIVERED), WHY(OK), false},
      {"body reset", {false, 200, PS_END_RESET, PS_JSON_NONE}, FATE(DELIVERED), WHY(TRUNCATED), false},
      {"body too slow", {false, 200, PS_END_TIMEOUT, PS_JSON_NONE}, FATE(DELIVERED), WHY(TRUNCATED), false},
      {"body cancelled", {false, 204, PS_END_CANCELLED, PS_JSON_NONE}, FATE(DELIVERED), WHY(TRUNCATED), false},
      {"body garbled", {false, 200, PS_END_PROTOCOL, PS_JSON_NONE}, FATE(DELIVERED), WHY(TRUNCATED), false},
  };
  CHECK_ALL(rows);
}

static void json_test_decides_about_a_success_status(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"passed", {false, 200, PS_END_COMPLETE, PS_JSON_PASSED}, FATE(DELIVERED), WHY(OK), false},
      {"failed", {false, 200, PS_END_COMPLETE, PS_JSON_FAILED}, FATE(REJECTED), WHY(JSON), false},
      {"cut off", {false, 200, PS_END_RESET, PS_JSON_IMPOSSIBLE}, FATE(UNKNOWN), WHY(TRUNCATED), true},
      {"too long", {false, 200, PS_END_COMPLETE, PS_JSON_IMPOSSIBLE}, FATE(UNKNOWN), WHY(TRUNCATED), true},
      {"no JSON", {false, 200, PS_END_COMPLETE, PS_JSON_UNREADABLE}, FATE(UNKNOWN), WHY(JSON), false},
      {"passed with a bad status", {false, 400, PS_END_COMPLETE, PS_JSON_PASSED}, FATE(REJECTED), WHY(STATUS), false},
  };
  CHECK_ALL(rows);
}

static void any_other_complete_header_is_rejected(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"199", {false, 199, PS_END_COMPLETE, PS_JSON_NONE}, FATE(REJECTED), WHY(STATUS), false},
      {"400", {false, 400, PS_END_COMPLETE, PS_JSON_NONE}, FATE(REJECTED), WHY(STATUS), false},
      {"401", {false, 401, PS_END_COMPLETE, PS_JSON_NONE}, FATE(REJECTED), WHY(STATUS), false},
      {"408", {false, 408, PS_END_COMPLETE, PS_JSON_NONE}, FATE(REJECTED), WHY(STATUS), true},
      {"429", {false, 429, PS_END_COMPLETE, PS_JSON_NONE}, FATE(REJECTED), WHY(STATUS), true},
      {"500", {false, 500, PS_END_COMPLETE, PS_JSON_NONE}, FATE(REJECTED), WHY(STATUS), true},
      {"501", {false, 501, PS_END_COMPLETE, PS_JSON_NONE}, FATE(REJECTED), WHY(STATUS), false},
      {"503", {false, 503, PS_END_COMPLETE, PS_JSON_NONE}, FATE(REJECTED), WHY(STATUS), true},
      {"505", {false, 505, PS_END_COMPLETE, PS_JSON_NONE}, FATE(REJECTED), WHY(STATUS), false},
      {"400, body reset", {false, 400, PS_END_RESET, PS_JSON_NONE}, FATE(REJECTED), WHY(STATUS), false},
      {"500, body timeout", {false, 500, PS_END_TIMEOUT, PS_JSON_NONE}, FATE(REJECTED), WHY(STATUS), true},
      {"404, cancelled", {false, 404, PS_END_CANCELLED, PS_JSON_NONE}, FATE(REJECTED), WHY(STATUS), false},
  };
  CHECK_ALL(rows);
}

static void gateway_that_saw_no_answer_leaves_it_unknown(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"502", {false, 502, PS_END_COMPLETE, PS_JSON_NONE}, FATE(UNKNOWN), WHY(GATEWAY), true},
      {"504", {false, 504, PS_END_COMPLETE, PS_JSON_NONE}, FATE(UNKNOWN), WHY(GATEWAY), true},
      {"520", {false, 520, PS_END_COMPLETE, PS_JSON_NONE}, FATE(UNKNOWN), WHY(GATEWAY), true},
      {"522", {false, 522, PS_END_COMPLETE, PS_JSON_NONE}, FATE(UNKNOWN), WHY(GATEWAY), true},
      {"524", {false, 524, PS_END_COMPLETE, PS_JSON_NONE}, FATE(UNKNOWN), WHY(GATEWAY), true},
      {"502, body reset", {false, 502, PS_END_RESET, PS_JSON_NONE}, FATE(UNKNOWN), WHY(GATEWAY), true},
  };
  CHECK_ALL(rows);
}

static void redirect_is_a_status_unless_following_it_went_wrong(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"not followed", {false, 302, PS_END_COMPLETE, PS_JSON_NONE}, FATE(REJECTED), WHY(STATUS), false},
      {"cut in its body", {false, 302, PS_END_RESET, PS_JSON_NONE}, FATE(REJECTED), WHY(STATUS), false},
      {"too many", {false, 302, PS_END_REDIRECT, PS_JSON_NONE}, FATE(REJECTED), WHY(REDIRECT), false},
      {"to ftp", {false, 307, PS_END_REDIRECT, PS_JSON_NONE}, FATE(REJECTED), WHY(REDIRECT), false},
  };
  CHECK_ALL(rows);
}

static void configured_statuses_count_as_success(void **state)
{
  (void)state;
  success = (struct ps_status_set){0};
  ps_status_add(&success, 409, 409);
  ps_status_add(&success, 502, 502);
  ps_status_add(&success, 302, 302);
  static const struct row rows[] = {
      {"409", {false, 409, PS_END_COMPLETE, PS_JSON_NONE}, FATE(DELIVERED), WHY(OK), false},
      {"502", {false, 502, PS_END_COMPLETE, PS_JSON_NONE}, FATE(DELIVERED), WHY(OK), false},
      {"302", {false, 302, PS_END_COMPLETE, PS_JSON_NONE}, FATE(DELIVERED), WHY(OK), false},
      {"200", {false, 200, PS_END_COMPLETE, PS_JSON_NONE}, FATE(REJECTED), WHY(STATUS), false},
  };
  CHECK_ALL(rows);
}

static void every_fate_and_reason_has_a_name_of_its_own(void **state)
{
  (void)state;
  for (int i = FATE(NONE); i <= FATE(UNKNOWN); i++)
    for (int k = FATE(NONE); k < i; k++)
      assert_string_not_equal(poolsend_fate_name((enum poolsend_fate)i), poolsend_fate_name((enum poolsend_fate)k));
  for (int i = WHY(NONE); i <= WHY(LOCAL); i++)
    for (int k = WHY(NONE); k < i; k++)
      assert_string_not_equal(poolsend_reason_name((enum poolsend_reason)i),
                              poolsend_reason_name((enum poolsend_reason)k));
  assert_string_equal(poolsend_fate_name(FATE(UNREACHED)), "unreached");
  assert_string_equal(poolsend_reason_name(WHY(GATEWAY)), "gateway");
  assert_string_equal(poolsend_reason_name(WHY(TEMPLATE)), "template");
}

static void a_zero_is_no_verdict(void **state)
{
  (void)state;
  struct ps_verdict zeroed = {0};
  assert_int_equal(zeroed.fate, FATE(NONE));
  assert_int_equal(zeroed.reason, WHY(NONE));
  assert_string_equal(poolsend_fate_name(zeroed.fate), "none");
  assert_string_equal(poolsend_reason_name(zeroed.reason), "none");
  assert_false(ps_fate_is_transient(zeroed, 0));
}

#define SENTENCE(name) cmocka_unit_test_setup(name, success_is_2xx)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(nothing_sent_is_unreached),
      SENTENCE(message_that_does_not_fit_a_template_is_not_tried_again),
      SENTENCE(sent_and_unanswered_is_unknown),
      SENTENCE(redirect_that_took_nothing_leaves_the_fate_to_the_last_request),
      SENTENCE(api_that_may_have_acted_before_it_redirected_leaves_all_but_a_success_unknown),
      SENTENCE(answer_of_a_proxy_says_that_the_api_was_not_reached),
      SENTENCE(complete_success_header_is_delivered_whatever_became_of_the_body),
      SENTENCE(json_test_decides_about_a_success_status),
      SENTENCE(any_other_complete_header_is_rejected),
      SENTENCE(gateway_that_saw_no_answer_leaves_it_unknown),
      SENTENCE(redirect_is_a_status_unless_following_it_went_wrong),
      SENTENCE(configured_statuses_count_as_success),
      SENTENCE(every_fate_and_reason_has_a_name_of_its_own),
      SENTENCE(a_zero_is_no_verdict),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
