/* What functions return, in words. */
#include "poolsend.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void every_result_has_its_words(void **state)
{
  (void)state;
  static const struct {
    int result;
    const char *words;
  } results[] = {
      {0, "no error"},
      {POOLSEND_TIMEOUT, "not within the time given"},
      {POOLSEND_CLOSED, "closed"},
      {POOLSEND_UNDELIVERED, "undelivered"},
      {POOLSEND_PENDING, "not delivered yet"},
      {-ECHILD, "it belongs to the parent of this process"},
      {-EDEADLK, "it would wait for itself"},
      {-EMSGSIZE, "the body is too long"},
      {-ECANCELED, "withdrawn"},
      {-EINVAL, "Invalid argument"},
      {-ENOMEM, "Cannot allocate memory"},
  };
  for (size_t i = 0; i < sizeof results / sizeof *results; i++)
    assert_string_equal(poolsend_strerror(results[i].result), results[i].words);
}

static void what_is_no_result_has_words_too(void **state)
{
  (void)state;
  static const int others[] = {1000, -100000, INT_MAX, INT_MIN + 1};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    assert_string_equal(poolsend_strerror(others[i]), "an unknown error");
}

static void version_is_that_of_the_header(void **state)
{
  (void)state;
  assert_string_equal(poolsend_version(), POOLSEND_VERSION);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_result_has_its_words),
      cmocka_unit_test(what_is_no_result_has_words_too),
      cmocka_unit_test(version_is_that_of_the_header),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
