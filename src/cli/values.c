#include "cli/values.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TIME_MAX_SECONDS 36000000.0

/* strtod takes more than we do: white space, signs, hexadecimal, "inf", "nan". */
static bool parse_decimal(const char *text, double *number, const char **rest)
{
  size_t digits = strspn(text, "0123456789");
  size_t fraction = text[digits] == '.' ? 1 + strspn(text + digits + 1, "0123456789") : 0;
  if (digits == 0 && fraction < 2)
    return false;
  *number = strtod(text, NULL);
  *rest = text + digits + fraction;
  return **rest != 'e' && **rest != 'E' && **rest != 'x';
}

bool ps_cli_parse_time(const char *text, poolsend_time *span)
{
  static const struct {
    const char *name;
    double seconds;
  } units[] = {{"", 1}, {"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}};
  double number;
  const char *unit;
  if (!parse_decimal(text, &number, &unit))
    return false;
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    if (strcmp(unit, units[i].name) != 0)
      continue;
    double seconds = number * units[i].seconds;
    if (seconds > TIME_MAX_SECONDS) /* first: past the range of a span the conversion is undefined */
      return false;
    *span = (poolsend_time)(seconds * 1e9 + 0.5);
    return true;
  }
  return false;
}

bool ps_cli_parse_size(const char *text, size_t *size)
{
  static const char units[] = "KMG";
  char *end;
  if (!isdigit((unsigned char)*text))
    return false;
  errno = 0;
  unsigned long long number = strtoull(text, &end, 10);
  const char *unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
  if (errno || (*end && (!unit || end[1])))
    return false;
  unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
  if (number > SIZE_MAX >> 1 >> shift)
    return false;
  *size = (size_t)number << shift;
  return true;
}

bool ps_cli_parse_count(const char *text, unsigned most, unsigned *count)
{
  char *end;
  if (!isdigit((unsigned char)*text))
    return false;
  errno = 0;
  unsigned long number = strtoul(text, &end, 10);
  if (errno || *end || number > most)
    return false;
  *count = (unsigned)number;
  return true;
}
