/* Sets of statuses: what is in them, how they are written, which of them are transient. */
#include "core/status.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static int parse(struct ps_status_set *set, const char *text)
{
  return ps_status_parse_range(set, text, strlen(text));
}

/* The set holds `first` to `last` and nothing else of what may be asked for. */
static void expect_only(const struct ps_status_set *set, int first, int last)
{
  for (int status = -1000; status <= 2000; status++)
    if (ps_status_has(set, status) != (status >= first && status <= last))
      fail_msg("%d is %sin a set of %d to %d", status, ps_status_has(set, status) ? "" : "not ", first, last);
}

static void range_holds_its_ends_and_what_is_between(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    int first, last;
  } ranges[] = {
      {"200", 200, 200},     {"200-299", 200, 299}, {"100", 100, 100},     {"599", 599, 599},
      {"100-599", 100, 599}, {"163-164", 163, 164}, {"227-228", 227, 228}, {"409-409", 409, 409},
  };
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
    struct ps_status_set set = {0};
    assert_int_equal(parse(&set, ranges[i].text), 0);
    expect_only(&set, ranges[i].first, ranges[i].last);
  }
}

static void empty_set_holds_nothing(void **state)
{
  (void)state;
  struct ps_status_set set = {0};
  expect_only(&set, 0, -1);
}

static void what_is_no_range_is_refused_and_adds_nothing(void **state)
{
  (void)state;
  static const char *const bad[] = {
      "",     "2",    "20",     "2000",     "099",     "600",     "000",     "999",      "abc",     "2xx",
      "200-", "-200", "200-29", "200-2999", "299-200", "200-600", "099-200", "200 299",  "200:299", " 200",
      "200 ", "+20",  "-20",    "20.",      "200-29x", "x00-299", "200--99", "200-299 ", "200,201", "0x1F4AB"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct ps_status_set set = {0};
    if (parse(&set, bad[i]) != -EINVAL)
      fail_msg("'%s' is taken", bad[i]);
    expect_only(&set, 0, -1);
  }
}

static void only_as_much_of_the_text_as_is_said_is_read(void **state)
{
  (void)state;
  struct ps_status_set set = {0};
  assert_int_equal(ps_status_parse_range(&set, "200-299", 3), 0);
  expect_only(&set, 200, 200);
  assert_int_equal(ps_status_parse_range(&set, "201,500", 3), 0);
  expect_only(&set, 200, 201);
}

static void ranges_add_up(void **state)
{
  (void)state;
  struct ps_status_set set = {0};
  assert_int_equal(parse(&set, "200-249"), 0);
  assert_int_equal(parse(&set, "250-299"), 0);
  assert_int_equal(parse(&set, "220"), 0);
  expect_only(&set, 200, 299);
  assert_int_equal(parse(&set, "2000"), -EINVAL);
  expect_only(&set, 200, 299);
}

static void transient_statuses_are_those_of_curls_retry(void **state)
{
  (void)state;
  for (int status = 0; status <= 1000; status++) {
    bool expected = status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
    if (ps_status_is_transient(status) != expected)
      fail_msg("%d is %stransient", status, expected ? "not " : "");
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(range_holds_its_ends_and_what_is_between),
      cmocka_unit_test(empty_set_holds_nothing),
      cmocka_unit_test(what_is_no_range_is_refused_and_adds_nothing),
      cmocka_unit_test(only_as_much_of_the_text_as_is_said_is_read),
      cmocka_unit_test(ranges_add_up),
      cmocka_unit_test(transient_statuses_are_those_of_curls_retry),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
