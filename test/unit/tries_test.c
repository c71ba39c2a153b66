/* Which addresses are tried together, in which order and for how long. */
#include "net/tries.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW (1000 * PS_SECOND)

static struct ps_tries tries;

/* Addresses with spaces between; those with a "!" before them are avoided. */
static void take(const char *text)
{
  struct ps_addresses addresses = {0};
  char copy[256] = "", *rest = NULL;
  strncat(copy, text, sizeof copy - 1);
  for (char *each = strtok_r(copy, " ", &rest); each; each = strtok_r(NULL, " ", &rest)) {
    bool avoided = *each == '!';
    assert_int_equal(ps_addresses_append(&addresses, each + avoided), 0);
    addresses.list[addresses.count - 1].avoided_until = avoided ? NOW + 1 : NOW;
  }
  assert_int_equal(ps_tries_take(&tries, &addresses), 0);
  assert_null(addresses.list);
}

static void begin(const char *text)
{
  ps_tries_fini(&tries);
  take(text);
}

static void expect_try(const char *expected)
{
  struct ps_buf found = {0};
  assert_true(ps_tries_choose(&tries, NOW));
  assert_int_equal(ps_tries_write(&tries, &found), 0);
  assert_string_equal(found.data, expected);
  ps_buf_fini(&found);
}

static int fini(void **state)
{
  (void)state;
  ps_tries_fini(&tries);
  return 0;
}

static void one_address_of_each_family_is_tried_at_a_time(void **state)
{
  (void)state;
  static const struct {
    const char *addresses, *tries[4];
  } rows[] = {
      {"192.0.2.1", {"192.0.2.1"}},
      {"192.0.2.1 192.0.2.2 192.0.2.3", {"192.0.2.1", "192.0.2.2", "192.0.2.3"}},
      {"::1 ::2", {"[::1]", "[::2]"}},
      {"::1 192.0.2.1", {"[::1],192.0.2.1"}},
      {"192.0.2.1 ::1", {"192.0.2.1,[::1]"}},
      {"::1 ::2 192.0.2.1", {"[::1],192.0.2.1", "[::2]"}},
      {"::1 192.0.2.1 192.0.2.2", {"[::1],192.0.2.1", "192.0.2.2"}},
      {"192.0.2.1 192.0.2.2 ::1 ::2", {"192.0.2.1,[::1]", "192.0.2.2,[::2]"}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    begin(rows[i].addresses);
    for (const char *const *each = rows[i].tries; *each; each++) {
      expect_try(*each);
      ps_tries_end(&tries, i % 2);
    }
    assert_false(ps_tries_choose(&tries, NOW));
  }
}

static void address_that_is_avoided_is_tried_after_the_others(void **state)
{
  (void)state;
  static const struct {
    const char *addresses, *tries[4];
  } rows[] = {
      {"!192.0.2.1 192.0.2.2 192.0.2.3", {"192.0.2.2", "192.0.2.3", "192.0.2.1"}},
      {"!192.0.2.1 192.0.2.2 !192.0.2.3", {"192.0.2.2", "192.0.2.1", "192.0.2.3"}},
      {"!192.0.2.1 !192.0.2.2", {"192.0.2.1", "192.0.2.2"}},
      {"!::1 192.0.2.1", {"192.0.2.1", "[::1]"}},
      {"::1 !192.0.2.1", {"[::1]", "192.0.2.1"}},
      {"!::1 !192.0.2.1", {"[::1],192.0.2.1"}},
      {"!::1 ::2 !192.0.2.1 192.0.2.2", {"[::2],192.0.2.2", "[::1],192.0.2.1"}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    begin(rows[i].addresses);
    for (const char *const *each = rows[i].tries; *each; each++) {
      expect_try(*each);
      ps_tries_end(&tries, true);
    }
    assert_false(ps_tries_choose(&tries, NOW));
  }
}

static void attempt_begins_with_the_first_addresses(void **state)
{
  (void)state;
  begin("192.0.2.1 192.0.2.2");
  assert_true(ps_tries_is_first(&tries));
  expect_try("192.0.2.1");
  assert_true(ps_tries_is_first(&tries));
  ps_tries_end(&tries, false);
  expect_try("192.0.2.2");
  assert_false(ps_tries_is_first(&tries));
  ps_tries_restart(&tries);
  expect_try("192.0.2.1");
  assert_true(ps_tries_is_first(&tries));
}

static void addresses_that_were_all_silent_have_another_round(void **state)
{
  (void)state;
  begin("192.0.2.1 192.0.2.2");
  for (unsigned i = 0; i < 100; i++) {
    expect_try("192.0.2.1");
    ps_tries_end(&tries, true);
    expect_try("192.0.2.2");
    ps_tries_end(&tries, true);
    assert_false(ps_tries_choose(&tries, NOW));
    assert_true(ps_tries_repeat(&tries));
    assert_false(ps_tries_is_first(&tries));
  }
}

static void address_that_refused_ends_the_rounds(void **state)
{
  (void)state;
  begin("192.0.2.1 192.0.2.2");
  expect_try("192.0.2.1");
  ps_tries_end(&tries, true);
  expect_try("192.0.2.2");
  ps_tries_end(&tries, false);
  assert_false(ps_tries_repeat(&tries));
  begin("");
  assert_false(ps_tries_choose(&tries, NOW));
  assert_false(ps_tries_repeat(&tries));
}

static void addresses_that_are_found_meanwhile_are_tried_and_no_other_twice(void **state)
{
  (void)state;
  begin("192.0.2.1 192.0.2.2");
  expect_try("192.0.2.1");
  ps_tries_end(&tries, true);
  expect_try("192.0.2.2");
  ps_tries_end(&tries, false);
  take("!192.0.2.2 192.0.2.3");
  expect_try("192.0.2.3");
  ps_tries_end(&tries, true);
  assert_false(ps_tries_choose(&tries, NOW));
  assert_false(ps_tries_repeat(&tries));
}

/* What stands in the place of a time that is left. */
#define ALL PS_NEVER

static void try_that_others_follow_is_limited(void **state)
{
  (void)state;
  begin("192.0.2.1 192.0.2.2 192.0.2.3");
  expect_try("192.0.2.1");
  assert_int_equal(ps_tries_limit(&tries, false, 300 * PS_SECOND), 2 * PS_SECOND);
  assert_int_equal(ps_tries_limit(&tries, false, PS_NEVER), 2 * PS_SECOND);
  assert_int_equal(ps_tries_limit(&tries, false, 4 * PS_SECOND), 2 * PS_SECOND);
  assert_int_equal(ps_tries_limit(&tries, false, 3 * PS_SECOND), 3 * PS_SECOND / 2);
  assert_int_equal(ps_tries_limit(&tries, false, 10 * PS_MILLISECOND), 5 * PS_MILLISECOND);
  ps_tries_end(&tries, true);
  expect_try("192.0.2.2");
  assert_int_equal(ps_tries_limit(&tries, false, 3 * PS_SECOND), 3 * PS_SECOND / 2);
}

static void last_try_has_the_time_that_is_left_unless_another_round_fits_in(void **state)
{
  (void)state;
  begin("192.0.2.1 192.0.2.2");
  expect_try("192.0.2.1");
  ps_tries_end(&tries, true);
  expect_try("192.0.2.2");
  assert_int_equal(ps_tries_limit(&tries, false, 7 * PS_SECOND), ALL);
  assert_int_equal(ps_tries_limit(&tries, false, 8 * PS_SECOND), 2 * PS_SECOND);
  ps_tries_end(&tries, true);
  assert_true(ps_tries_repeat(&tries));
  expect_try("192.0.2.1");
  assert_int_equal(ps_tries_limit(&tries, false, 100 * PS_SECOND), 4 * PS_SECOND);
  ps_tries_end(&tries, true);
  expect_try("192.0.2.2");
  assert_int_equal(ps_tries_limit(&tries, false, 15 * PS_SECOND), ALL);
  assert_int_equal(ps_tries_limit(&tries, false, 16 * PS_SECOND), 4 * PS_SECOND);
}

static void last_try_has_the_time_that_is_left_where_another_refused(void **state)
{
  (void)state;
  begin("192.0.2.1 192.0.2.2");
  expect_try("192.0.2.1");
  ps_tries_end(&tries, false);
  expect_try("192.0.2.2");
  assert_int_equal(ps_tries_limit(&tries, true, 300 * PS_SECOND), ALL);
}

static void only_try_is_limited_once_if_the_name_may_have_other_addresses_by_then(void **state)
{
  (void)state;
  begin("::1 192.0.2.1");
  expect_try("[::1],192.0.2.1");
  assert_int_equal(ps_tries_limit(&tries, false, 300 * PS_SECOND), ALL);
  assert_int_equal(ps_tries_limit(&tries, true, 7 * PS_SECOND), ALL);
  assert_int_equal(ps_tries_limit(&tries, true, 300 * PS_SECOND), 2 * PS_SECOND);
  ps_tries_end(&tries, true);
  assert_true(ps_tries_repeat(&tries));
  expect_try("[::1],192.0.2.1");
  assert_int_equal(ps_tries_limit(&tries, true, 300 * PS_SECOND), ALL);
}

/* An attempt that lasts for ever does not try ever more often, nor do its doublings overflow. */
static void rounds_take_ever_longer(void **state)
{
  (void)state;
  ps_time left = 100000 * PS_SECOND, limit = 0;
  unsigned count = 0;
  begin("192.0.2.1 192.0.2.2");
  for (; limit != ALL; count++) {
    if (!ps_tries_choose(&tries, NOW)) {
      assert_true(ps_tries_repeat(&tries));
      assert_true(ps_tries_choose(&tries, NOW));
    }
    limit = ps_tries_limit(&tries, false, left);
    assert_true(limit > 0 && (limit == ALL || limit <= left));
    left -= limit == ALL ? 0 : limit;
    ps_tries_end(&tries, true);
  }
  assert_in_range(count, 20, 40);
  assert_true(left > 0);
}

static void words_tell_which_addresses_were_tried_if_there_were_several(void **state)
{
  (void)state;
  char words[40] = "refused", few[16] = "refused";
  begin("192.0.2.1 ::1 192.0.2.2");
  ps_tries_tell(&tries, words, sizeof words);
  assert_string_equal(words, "refused");
  expect_try("192.0.2.1,[::1]");
  ps_tries_end(&tries, true);
  ps_tries_tell(&tries, words, sizeof words);
  assert_string_equal(words, "refused; tried: 192.0.2.1, ::1");
  ps_tries_tell(&tries, few, sizeof few);
  assert_string_equal(few, "refused; tried:");
  begin("192.0.2.1");
  expect_try("192.0.2.1");
  ps_tries_tell(&tries, words, sizeof words);
  assert_string_equal(words, "refused; tried: 192.0.2.1, ::1");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, fini)
  const struct CMUnitTest tests[] = {
      TEST(one_address_of_each_family_is_tried_at_a_time),
      TEST(address_that_is_avoided_is_tried_after_the_others),
      TEST(attempt_begins_with_the_first_addresses),
      TEST(addresses_that_were_all_silent_have_another_round),
      TEST(address_that_refused_ends_the_rounds),
      TEST(addresses_that_are_found_meanwhile_are_tried_and_no_other_twice),
      TEST(try_that_others_follow_is_limited),
      TEST(last_try_has_the_time_that_is_left_unless_another_round_fits_in),
      TEST(last_try_has_the_time_that_is_left_where_another_refused),
      TEST(only_try_is_limited_once_if_the_name_may_have_other_addresses_by_then),
      TEST(rounds_take_ever_longer),
      TEST(words_tell_which_addresses_were_tried_if_there_were_several),
  };
  return cmocka_run_group_tests_name("tries", tests, NULL, NULL);
}
