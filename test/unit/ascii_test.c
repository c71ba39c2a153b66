/* Comparing without regard to the case of A to Z, and to the locale. */
#include "base/ascii.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define COUNT_OF(list) (sizeof(list) / sizeof *(list))

static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", lower[] = "abcdefghijklmnopqrstuvwxyz";

/* The other case of a letter, and any other byte itself. */
static char other_case(char c)
{
  const char *up = c ? strchr(upper, c) : NULL, *low = c ? strchr(lower, c) : NULL;
  if (up)
    return lower[up - upper];
  if (low)
    return upper[low - lower];
  return c;
}

static void each_byte_is_the_same_as_itself_and_its_other_case_and_no_more(void **state)
{
  (void)state;
  for (int a = 0; a < 256; a++) {
    for (int b = 0; b < 256; b++) {
      const char one[] = {(char)a, '\0'}, two[] = {(char)b, '\0'};
      bool same = a == b || other_case(*one) == *two;
      if (ps_ascii_equal(one, two, 1) != same || ps_ascii_same(one, two) != same)
        fail_msg("%#x and %#x", (unsigned)a, (unsigned)b);
    }
  }
}

static void digits_and_letters_are_those_of_ascii(void **state)
{
  (void)state;
  for (int c = 0; c < 256; c++) {
    bool letter = c && (strchr(upper, c) || strchr(lower, c));
    assert_int_equal(ps_ascii_is_letter((char)c), letter);
    assert_int_equal(ps_ascii_is_digit((char)c), c && strchr("0123456789", c) != NULL);
    assert_int_equal(ps_ascii_lower((char)c), letter && strchr(upper, c) ? other_case((char)c) : (char)c);
  }
}

static void strings_are_the_same_as_a_whole(void **state)
{
  (void)state;
  static const struct {
    const char *a, *b;
    bool same, begins; /* with b */
  } rows[] = {
      {"", "", true, true},
      {"Sig", "sIG", true, true},
      {"sig", "", false, true},
      {"", "sig", false, false},
      {"https:", "HTTPS:", true, true},
      {"HTTPS://h", "https:", false, true},
      {"http", "https:", false, false},
      {"a[", "a{", false, false}, /* which differ as the cases of a letter do */
      {"\xc4\xb1", "i", false, false},
      {"s\xc4\xb0g", "sig", false, false},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    if (ps_ascii_same(rows[i].a, rows[i].b) != rows[i].same || ps_ascii_same(rows[i].b, rows[i].a) != rows[i].same)
      fail_msg("'%s' and '%s'", rows[i].a, rows[i].b);
    if (ps_ascii_begins(rows[i].a, rows[i].b) != rows[i].begins)
      fail_msg("'%s' and its beginning '%s'", rows[i].a, rows[i].b);
  }
}

static void text_of_a_size_is_a_word_of_that_size(void **state)
{
  (void)state;
  assert_true(ps_ascii_is("KEY=value", 3, "key"));
  assert_false(ps_ascii_is("KEY=value", 2, "key"));
  assert_false(ps_ascii_is("KEY=value", 4, "key"));
  assert_true(ps_ascii_is("x", 0, ""));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_byte_is_the_same_as_itself_and_its_other_case_and_no_more),
      cmocka_unit_test(digits_and_letters_are_those_of_ascii),
      cmocka_unit_test(strings_are_the_same_as_a_whole),
      cmocka_unit_test(text_of_a_size_is_a_word_of_that_size),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
