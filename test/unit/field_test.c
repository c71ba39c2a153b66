/* Whether a field line has a name. */
#include "base/field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

struct row {
  const char *line, *name;
  bool is;
};

static void name_ends_before_the_first_colon_or_semicolon(void **state)
{
  (void)state;
  static const struct row rows[] = {
      {"Host: a", "Host", true},
      {"Host:", "Host", true},
      {"Host;", "Host", true},
      {"Host", "Host", true},
      {"HOST:a", "hOST", true},
      {"Host: a", "hOST: b", true},
      {"Host;", "host: b", true},
      {"X-Host: a", "Host", false},
      {"Host-X: a", "Host", false},
      {"Host : a", "Host", false},
      {"Hos: t", "Host", false},
      {"Hos", "Host", false},
      {"Host: a", "Hos", false},
      {": Host", "Host", false},
      {"", "Host", false},
      {" Host: a", "Host", false},
      {"Key: Host: a", "Host", false},
      {"T\xc4\xb1me: 1", "Time", false},
      {"TIME: 1", "Time", true},
      {"A:b", "A;b", true},
      {"Te@: 1", "Te`", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (ps_field_is(rows[i].line, rows[i].name) != rows[i].is || ps_field_is(rows[i].name, rows[i].line) != rows[i].is)
      fail_msg("'%s' and '%s'", rows[i].line, rows[i].name);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(name_ends_before_the_first_colon_or_semicolon),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
