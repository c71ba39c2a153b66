#include "base/values.h"

#include "base/ascii.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIME_MAX_SECONDS 36000000.0

/* Behind the point no unit tells more than so many digits apart. */
#define DECIMALS_MAX 15

struct unit {
  const char *name;
  double factor;
};

struct ps_decimal ps_decimal(double number)
{
  static const char others[] = "0123456789+-e";
  struct ps_decimal decimal;
  snprintf(decimal.text, sizeof decimal.text, "%g", number);
  char *point = decimal.text + strspn(decimal.text, others);
  size_t size = strcspn(point, others);
  if (isfinite(number) && size) {
    *point = '.';
    memmove(point + 1, point + size, strlen(point + size) + 1);
  }
  return decimal;
}

/* strtod takes more than we do (white space, signs, hexadecimal, "inf", "nan"), and less where a locale has a comma for
 * the point. */
static bool parse_decimal(const char *text, double *number, const char **rest)
{
  double mantissa = 0, scale = 1;
  const char *at = text;
  for (; ps_ascii_is_digit(*at); at++)
    mantissa = mantissa * 10 + (*at - '0');
  size_t digits = (size_t)(at - text), decimals = 0;
  if (*at == '.') {
    for (at++; ps_ascii_is_digit(*at); at++)
      if (decimals++ < DECIMALS_MAX) {
        mantissa = mantissa * 10 + (*at - '0');
        scale *= 10;
      }
  }
  *number = mantissa / scale;
  *rest = at;
  return digits + decimals > 0;
}

/* A decimal with one of `units` behind it, in terms of the one whose factor is 1. */
static bool parse_measure(const char *text, const struct unit *units, size_t count, double *number)
{
  const char *name;
  double decimal;
  if (!parse_decimal(text, &decimal, &name))
    return false;
  for (size_t i = 0; i < count; i++) {
    if (strcmp(name, units[i].name) == 0) {
      *number = decimal * units[i].factor;
      return true;
    }
  }
  return false;
}

#define UNITS(list) (list), sizeof(list) / sizeof *(list)

bool ps_time_from_seconds(double seconds, poolsend_time *span)
{
  if (!(seconds >= 0 && seconds <= TIME_MAX_SECONDS)) /* first: past the range of a span the conversion is undefined */
    return false;
  *span = (poolsend_time)(seconds * 1e9 + 0.5);
  return true;
}

bool ps_parse_time(const char *text, poolsend_time *span)
{
  static const struct unit units[] = {{"", 1}, {"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}};
  double seconds;
  return parse_measure(text, UNITS(units), &seconds) && ps_time_from_seconds(seconds, span);
}

bool ps_parse_size(const char *text, size_t *size)
{
  static const char units[] = "kmg";
  char *end;
  if (!ps_ascii_is_digit(*text))
    return false;
  errno = 0;
  unsigned long long number = strtoull(text, &end, 10);
  const char *unit = *end ? strchr(units, ps_ascii_lower(*end)) : NULL;
  if (errno || (*end && (!unit || end[1])))
    return false;
  unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
  if (number > SIZE_MAX >> 1 >> shift)
    return false;
  *size = (size_t)number << shift;
  return true;
}

bool ps_parse_count(const char *text, unsigned most, unsigned *count)
{
  char *end;
  if (!ps_ascii_is_digit(*text))
    return false;
  errno = 0;
  unsigned long number = strtoul(text, &end, 10);
  if (errno || *end || number > most)
    return false;
  *count = (unsigned)number;
  return true;
}

/* "p95" or "p99.9", the median at least. */
static bool parse_percentile(const char *text, unsigned *permille)
{
  if (*text != 'p' || !ps_ascii_is_digit(text[1]) || !ps_ascii_is_digit(text[2]))
    return false;
  unsigned number = 100 * (unsigned)(text[1] - '0') + 10 * (unsigned)(text[2] - '0');
  const char *rest = text + 3;
  if (rest[0] == '.' && ps_ascii_is_digit(rest[1])) {
    number += (unsigned)(rest[1] - '0');
    rest += 2;
  }
  if (*rest || number < 500)
    return false;
  *permille = number;
  return true;
}

bool ps_parse_hedge_delay(const char *text, poolsend_time *span, unsigned *permille)
{
  if (parse_percentile(text, permille)) {
    *span = 0;
    return true;
  }
  bool none = strcmp(text, "none") == 0;
  if (!none && !ps_parse_time(text, span))
    return false;
  if (none)
    *span = POOLSEND_NEVER;
  *permille = 0;
  return true;
}

bool ps_parse_share(const char *text, double *share)
{
  static const struct unit units[] = {{"%", 1}};
  double percent;
  if (strcmp(text, "none") == 0) {
    *share = -1;
    return true;
  }
  if (!parse_measure(text, UNITS(units), &percent) || percent > 100)
    return false;
  *share = percent / 100;
  return true;
}

bool ps_parse_rate(const char *text, double *rate)
{
  static const struct unit units[] = {{"", 1}, {"/s", 1}, {"/m", 1.0 / 60}, {"/h", 1.0 / 3600}, {"/d", 1.0 / 86400}};
  double number;
  if (strcmp(text, "none") == 0) {
    *rate = 0;
    return true;
  }
  if (!parse_measure(text, UNITS(units), &number) || number <= 0 || number > PS_RATE_MAX)
    return false;
  *rate = number;
  return true;
}
