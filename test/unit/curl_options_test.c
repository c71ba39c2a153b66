/* curl's options that are none of ours: how they are found, and that no option is in both tables. */
#include "options/curl.h"
#include "options/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *reason_of(const char *name)
{
  return ps_curl_option(name, strlen(name));
}

static void no_option_of_ours_is_called_one_of_curls_alone(void **state)
{
  (void)state;
  for (size_t i = 0; i < ps_option_count; i++) {
    const struct ps_option *option = &ps_option_table[i];
    char negated[64];
    snprintf(negated, sizeof negated, "no-%s", option->name);
    if (option->commands)
      assert_null(reason_of(option->name));
    if (option->commands && option->kind == PS_KIND_FLAG)
      assert_null(reason_of(negated));
    if (option->letter)
      assert_null(ps_curl_letter(option->letter));
  }
}

static void an_option_is_found_by_name_by_letter_and_negated(void **state)
{
  (void)state;
  assert_non_null(reason_of("fail"));
  assert_string_equal(reason_of("fail"), ps_curl_letter('f'));
  assert_string_equal(reason_of("no-fail"), reason_of("fail"));
  assert_string_equal(reason_of("no-keepalive"), reason_of("keepalive"));
  assert_string_equal(ps_curl_option("fail=x", 4), reason_of("fail"));
  assert_string_equal(reason_of("expand-anything"), reason_of("variable"));
  assert_non_null(ps_curl_letter('K'));
}

static void nothing_else_is_found(void **state)
{
  static const char *const words[] = {"",      "no-",  "expand-", "no-no-fail", "fai",
                                      "failx", "FAIL", "-fail",   "hedge-delay"};
  (void)state;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    assert_null(reason_of(words[i]));
  assert_null(ps_curl_letter('\0'));
  assert_null(ps_curl_letter('W'));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_option_of_ours_is_called_one_of_curls_alone),
      cmocka_unit_test(an_option_is_found_by_name_by_letter_and_negated),
      cmocka_unit_test(nothing_else_is_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
