/* Times, sizes, counts, shares, rates and statuses, as people write them: what is refused changes nothing; what is taken
 * is within its limits, near what another reader of numbers makes of it, and the same when printed and read again. The
 * input is one text, which every reader is given. */
#include "target.h"

#include "base/values.h"
#include "core/status.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST (INT64_C(36000000) * 1000000000)

/* Up to here a double tells nanoseconds apart. */
#define EXACT (INT64_C(1) << 51)

#define UNTOUCHED 77

/* The number that `text` begins with, and what follows: by the C library, which takes more than is written here. */
static long double number_of(const char *text, const char **unit)
{
  size_t digits = strspn(text, "0123456789.");
  char plain[512];
  snprintf(plain, sizeof plain, "%.*s", (int)(digits < sizeof plain ? digits : sizeof plain - 1), text);
  *unit = text + digits;
  return strtold(plain, NULL);
}

static bool is_near(long double value, long double wanted)
{
  return fabsl(value - wanted) <= 1 + fabsl(wanted) / (1LL << 48);
}

static void try_time(const char *text)
{
  static const struct {
    const char *name;
    long double factor;
  } units[] = {{"", 1e9L}, {"ms", 1e6L}, {"s", 1e9L}, {"m", 60e9L}, {"h", 3600e9L}};
  poolsend_time span = UNTOUCHED, again;
  const char *unit;
  char printed[64];
  if (!ps_parse_time(text, &span)) {
    REQUIRE(span == UNTOUCHED, "a time that is refused changes nothing");
    return;
  }
  REQUIRE(span >= 0 && span <= LONGEST, "a time is within its limits");
  long double number = number_of(text, &unit);
  bool known = false;
  for (size_t i = 0; i < sizeof units / sizeof *units; i++)
    known |= strcmp(unit, units[i].name) == 0 && is_near((long double)span, number * units[i].factor);
  REQUIRE(known, "a time is as long as it says");
  snprintf(printed, sizeof printed, "%lld.%09lld", (long long)(span / 1000000000), (long long)(span % 1000000000));
  REQUIRE(ps_parse_time(printed, &again), "a time that was taken is taken again");
  REQUIRE(again == span || span > EXACT, "a time printed and read again is the same");
  REQUIRE(is_near((long double)again, (long double)span), "a long time printed and read again is nearly the same");
}

static void try_size(const char *text)
{
  size_t size = UNTOUCHED, again;
  char printed[64];
  if (!ps_parse_size(text, &size)) {
    REQUIRE(size == UNTOUCHED, "a size that is refused changes nothing");
    return;
  }
  REQUIRE(size <= SIZE_MAX / 2, "a size is within its limits");
  REQUIRE(isdigit((unsigned char)*text), "a size begins with a digit");
  snprintf(printed, sizeof printed, "%zu", size);
  REQUIRE(ps_parse_size(printed, &again) && again == size, "a size printed and read again is the same");
  if (size % 1024 == 0) {
    snprintf(printed, sizeof printed, "%zuk", size / 1024);
    REQUIRE(ps_parse_size(printed, &again) && again == size, "a size in another unit is the same");
  }
}

static void try_count(const char *text)
{
  unsigned count = UNTOUCHED, other;
  if (!ps_parse_count(text, 1000, &count))
    REQUIRE(count == UNTOUCHED, "a count that is refused changes nothing");
  else
    REQUIRE(count <= 1000 && ps_parse_count(text, count, &other) && other == count, "a count is within its limits");
}

static void try_hedge_delay(const char *text)
{
  poolsend_time span = UNTOUCHED, time;
  unsigned permille = UNTOUCHED;
  if (!ps_parse_hedge_delay(text, &span, &permille)) {
    REQUIRE(span == UNTOUCHED && permille == UNTOUCHED, "a hedge delay that is refused changes nothing");
    REQUIRE(!ps_parse_time(text, &time), "every time is a hedge delay");
    return;
  }
  REQUIRE(permille == 0 || (permille >= 500 && permille <= 999 && span == 0), "a percentile is p50 to p99.9");
  REQUIRE(permille || span == POOLSEND_NEVER || (span >= 0 && span <= LONGEST), "a hedge delay is within its limits");
}

static void try_share(const char *text)
{
  double share = UNTOUCHED;
  const char *unit;
  if (!ps_parse_share(text, &share)) {
    REQUIRE(share == UNTOUCHED, "a share that is refused changes nothing");
    return;
  }
  REQUIRE(share == -1 || (share >= 0 && share <= 1), "a share is none, or between 0 and 1");
  if (share >= 0)
    REQUIRE(fabsl(number_of(text, &unit) / 100 - share) < 1e-9L, "a share is as much as it says");
}

static void try_rate(const char *text)
{
  double rate = UNTOUCHED;
  if (!ps_parse_rate(text, &rate))
    REQUIRE(rate == UNTOUCHED, "a rate that is refused changes nothing");
  else
    REQUIRE(rate >= 0 && rate <= PS_RATE_MAX, "a rate is none, or up to a million");
  REQUIRE(rate != 0 || strcmp(text, "none") == 0, "only none is no rate");
}

/* What was added is one run of statuses; printed as such it is the same set. */
static void try_statuses(const char *text, size_t size)
{
  struct ps_status_set set = {0}, again = {0};
  char printed[24];
  int first = 0, last = 0, count = 0;
  int result = ps_status_parse_range(&set, text, size);
  for (int status = -10; status <= 1100; status++) {
    if (!ps_status_has(&set, status))
      continue;
    first = count++ ? first : status;
    last = status;
  }
  REQUIRE((result == 0) == (count > 0), "a range has a status, and what is refused adds none");
  if (result)
    return;
  REQUIRE(first >= PS_STATUS_MIN && last <= PS_STATUS_MAX && last - first + 1 == count, "a range is one run");
  snprintf(printed, sizeof printed, "%d-%d", first, last);
  REQUIRE(!ps_status_parse_range(&again, printed, 7) && memcmp(&set, &again, sizeof set) == 0,
          "a range printed and read again is the same");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct fuzz_input input = fuzz_input_of(data, size);
  char *text = fuzz_take_rest(&input);
  try_time(text);
  try_size(text);
  try_count(text);
  try_hedge_delay(text);
  try_share(text);
  try_rate(text);
  try_statuses(size ? (const char *)data : "", size);
  free(text);
  return 0;
}
