/* Whether two JSON values are equal. Pairs that are still to be compared stand in a list, since the threads that run
 * requests have small stacks; it never holds more of them than the value that is wanted has collections.
 *
 * Numbers are compared as they are written, digit by digit, so that no integer is too long and no locale has a say.
 * Where that tells them apart they may still be one number to a server that calculates in doubles: they are then equal
 * if they are the same double and neither is an integer, or if that double is one by which integers can be told apart. */
#include "base/jsontext.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Numbers */

/* Up to here every integer is a double. */
#define EXACT_MAX 9007199254740992.0

/* No more digits than these have a say in which double is the nearest, but that others follow. */
#define DOUBLE_DIGITS 770

/* Beyond any that is meant. More than ten times as much is not read, so that what was cut stays beyond when digits are
 * counted in. */
#define EXPONENT_MAX INT64_C(1000000000000000)

/* d.ddd times ten to the power of `exponent`, the first digit and the last not zero. */
struct decimal {
  bool negative, integer; /* written without a point and an exponent */
  const char *digits;     /* the first; a point may stand between them */
  size_t count;           /* 0: it is zero */
  int64_t exponent;       /* EXPONENT_MAX and more, either way: it may not have been read to its end */
};

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static int64_t read_exponent(const char *at, const char *end)
{
  int64_t exponent = 0;
  bool negative = at < end && *at == '-';
  for (at += at < end && !is_digit(*at); at < end; at++)
    if (exponent < 10 * EXPONENT_MAX)
      exponent = 10 * exponent + (*at - '0');
  return negative ? -exponent : exponent;
}

static struct decimal decimal_of(struct ps_jsontext_value number)
{
  const char *at = number.text, *end = at + number.size;
  struct decimal d = {.negative = *at == '-', .integer = true};
  int64_t seen = 0, before_point = -1, first = 0;
  for (at += d.negative; at < end && (is_digit(*at) || *at == '.'); at++) {
    if (*at == '.') {
      before_point = seen;
      continue;
    }
    if (*at != '0') {
      if (!d.count) {
        d.digits = at;
        first = seen;
      }
      d.count = (size_t)(seen - first) + 1;
    }
    seen++;
  }
  d.integer = before_point < 0 && at == end;
  d.exponent = (before_point < 0 ? seen : before_point) - 1 - first;
  if (at < end)
    d.exponent += read_exponent(at + 1, end);
  return d;
}

static char next_digit(const char **at)
{
  *at += **at == '.';
  return *(*at)++;
}

static bool is_readable(const struct decimal *d)
{
  return d->exponent > -EXPONENT_MAX && d->exponent < EXPONENT_MAX;
}

static bool same_decimal(const struct decimal *a, const struct decimal *b)
{
  if (!a->count || !b->count)
    return a->count == b->count;
  bool same = a->negative == b->negative && a->count == b->count && a->exponent == b->exponent;
  const char *x = a->digits, *y = b->digits;
  for (size_t i = 0; i < a->count && same; i++)
    same = next_digit(&x) == next_digit(&y);
  return same;
}

/* The nearest double. Without a point there is nothing in it that a locale would write otherwise. */
static double nearest(const struct decimal *d)
{
  char text[DOUBLE_DIGITS + 40], *to = text;
  const char *from = d->digits;
  size_t count = d->count < DOUBLE_DIGITS ? d->count : DOUBLE_DIGITS;
  if (d->negative)
    *to++ = '-';
  for (size_t i = 0; i < count; i++)
    *to++ = next_digit(&from);
  if (count < d->count) {
    *to++ = '1';
    count++;
  }
  snprintf(to, sizeof text - (size_t)(to - text), "e%" PRId64, d->exponent - (int64_t)count + 1);
  return strtod(text, NULL);
}

static bool same_double(const struct decimal *a, const struct decimal *b)
{
  if (!a->count || !b->count || (a->integer && b->integer))
    return false;
  double x = nearest(a), y = nearest(b);
  if (x != y || x == 0 || !isfinite(x))
    return false;
  return (!a->integer && !b->integer) || fabs(x) < EXACT_MAX;
}

/* An exponent that was not read to its end could be any. */
static bool equal_numbers(struct ps_jsontext_value a, struct ps_jsontext_value b)
{
  struct decimal x = decimal_of(a), y = decimal_of(b);
  if (x.count && y.count && !(is_readable(&x) && is_readable(&y)))
    return a.size == b.size && memcmp(a.text, b.text, a.size) == 0;
  return same_decimal(&x, &y) || same_double(&x, &y);
}

/* ---- Pairs */

struct pair {
  struct ps_jsontext_value wanted, found;
};

struct comparison {
  struct pair *pairs; /* of collections of the same kind */
  size_t count, room;
  bool differs;
};

static char kind_of(struct ps_jsontext_value value)
{
  if (is_digit(*value.text))
    return '-';
  return *value.text;
}

static bool equal_scalars(struct ps_jsontext_value a, struct ps_jsontext_value b)
{
  switch (kind_of(a)) {
  case '"':
    return ps_jsontext_same(a, b);
  case '-':
    return equal_numbers(a, b);
  default:
    return true; /* true, false, null: their first letters are the same */
  }
}

static int push(struct comparison *c, struct pair pair)
{
  if (c->count == c->room) {
    size_t room = c->room ? 2 * c->room : 16;
    struct pair *pairs = realloc(c->pairs, room * sizeof *pairs);
    if (!pairs)
      return -ENOMEM;
    c->pairs = pairs;
    c->room = room;
  }
  c->pairs[c->count++] = pair;
  return 0;
}

static int compare(struct comparison *c, struct ps_jsontext_value wanted, struct ps_jsontext_value found)
{
  char kind = kind_of(wanted);
  if (kind_of(found) != kind)
    c->differs = true;
  else if (kind == '{' || kind == '[')
    return push(c, (struct pair){wanted, found});
  else
    c->differs = !equal_scalars(wanted, found);
  return 0;
}

static int compare_items(struct comparison *c, struct pair arrays)
{
  struct ps_jsontext_value wanted, found;
  const char *at = NULL, *there = NULL;
  bool more;
  int error = 0;
  do {
    more = ps_jsontext_element(arrays.wanted, &at, &wanted);
    if (ps_jsontext_element(arrays.found, &there, &found) != more)
      c->differs = true;
    else if (more)
      error = compare(c, wanted, found);
  } while (more && !error && !c->differs);
  return error;
}

/* ---- Objects */

struct member {
  struct ps_jsontext_value name, wanted;
  struct ps_jsontext_value found; /* `text` is NULL: there is none */
};

static int order_of_members(const void *a, const void *b)
{
  return ps_jsontext_order(((const struct member *)a)->name, ((const struct member *)b)->name);
}

/* Those of the same name as they come in the text. */
static int order_of_all(const void *a, const void *b)
{
  const char *x = ((const struct member *)a)->name.text, *y = ((const struct member *)b)->name.text;
  int order = order_of_members(a, b);
  return order ? order : (x > y) - (x < y);
}

/* By name, each once: of those with the same the last counts. How many there are. */
static size_t sort_members(struct member *members, size_t count)
{
  size_t kept = 0;
  qsort(members, count, sizeof *members, order_of_all);
  for (size_t i = 0; i < count; i++) {
    kept += kept == 0 || order_of_members(&members[kept - 1], &members[i]) != 0;
    members[kept - 1] = members[i];
  }
  return kept;
}

/* False: there is one that is not among `members`. */
static bool find_members(struct member *members, size_t count, struct ps_jsontext_value object)
{
  struct member key = {0};
  for (const char *at = NULL; ps_jsontext_member(object, &at, &key.name, &key.found);) {
    struct member *member = bsearch(&key, members, count, sizeof *members, order_of_members);
    if (!member)
      return false;
    member->found = key.found;
  }
  return true;
}

static int compare_members(struct comparison *c, struct pair objects)
{
  struct ps_jsontext_value name, value;
  size_t count = 0, i = 0;
  int error = 0;
  for (const char *at = NULL; ps_jsontext_member(objects.wanted, &at, &name, &value);)
    count++;
  struct member *members = calloc(count + 1, sizeof *members);
  if (!members)
    return -ENOMEM;
  for (const char *at = NULL; i < count && ps_jsontext_member(objects.wanted, &at, &name, &value); i++)
    members[i] = (struct member){.name = name, .wanted = value};
  count = sort_members(members, count);
  c->differs = !find_members(members, count, objects.found);
  for (i = 0; i < count && !error && !c->differs; i++) {
    if (members[i].found.text)
      error = compare(c, members[i].wanted, members[i].found);
    else
      c->differs = true;
  }
  free(members);
  return error;
}

int ps_jsontext_equal(struct ps_jsontext_value wanted, struct ps_jsontext_value found, bool *equal)
{
  struct comparison c = {0};
  int error = compare(&c, wanted, found);
  while (!error && !c.differs && c.count) {
    struct pair pair = c.pairs[--c.count];
    error = *pair.wanted.text == '{' ? compare_members(&c, pair) : compare_items(&c, pair);
  }
  free(c.pairs);
  *equal = !error && !c.differs;
  return error;
}
